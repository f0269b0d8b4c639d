"""Where the course lives, read from pyproject.toml: the one place that knows."""

from __future__ import annotations

import re
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
REPOSITORY = PYPROJECT["project"]["urls"]["Repository"]

VERSION = re.search(r'^__version__ = "([^"]+)"', (ROOT / "vae_course/__init__.py").read_text("utf-8"), re.MULTILINE)[1]

# A version stands at the end of an address of the repository and in `start`, and nowhere else. The condition holds more than a magic, so
# that what becomes of the cell without magics is Python still.
SET_UP = f"""import sys

course = "vae-course[notebooks] @ git+{REPOSITORY}@v{VERSION}"
if "google.colab" in sys.modules:
    print("The course is being installed, which takes about a minute.")
    %pip install --quiet "{{course}}"
try:
    import vae_course
except ModuleNotFoundError:
    raise ModuleNotFoundError(f'The course is not installed. Run this, then this cell again: %pip install "{{course}}"') from None
vae_course.start("{VERSION}")"""


def badge(path: str) -> str:
    """The Colab badge of the notebook at `path` (relative to the repository), as Markdown."""
    target = REPOSITORY.replace("https://github.com", "https://colab.research.google.com/github")
    return f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({target}/blob/main/{path})"
