"""python -m docs.site --to build/site --npm FOLDER: stage the pages, let Sphinx set them, and put the first page in front."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

from . import explorers, front, glossary, reference, stage
from .pages import ROOT, all_pages

HERE = Path(__file__).parent
MATHJAX = ("es5/tex-chtml.js", "es5/output/chtml/fonts/woff-v2")


def build(to: Path, npm: Path) -> None:
    """The whole site, in the folder `to`, which is emptied. npm: a folder whose node_modules hold what package.json asks for."""
    begun = time.monotonic()
    source = to.parent / f"{to.name}-source"
    for folder in (to, source):
        shutil.rmtree(folder, ignore_errors=True)
    pages = all_pages()
    made = explorers.write(pages, to / explorers.FOLDER)
    print(f"{len(made)} explorers move without a kernel ({time.monotonic() - begun:.0f} s)", flush=True)
    if others := [f"{name}, cell {cell}" for (name, cell), one in made.items() if not one.as_stored]:
        print(f"Not as their pages store them (other data, or a page to be stored anew): {'; '.join(others)}", flush=True)
    stage.write(pages, made, source, to)
    glossary.write(source)
    reference.write(source)
    shutil.copytree(HERE / "static", source / "_static")
    for name in MATHJAX:
        copy(npm / "node_modules" / "mathjax" / name, source / "_static" / "mathjax" / name.removeprefix("es5/"))
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going", "-c", str(HERE)]
    command += ["-D", f"html_static_path={source / '_static'}", "-d", str(to.parent / f"{to.name}-trees"), str(source), str(to)]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise SystemExit(
            "Sphinx has complaints: they stand above. A page that names a file or a word which is not there is mended in its notebook."
        )
    front.write(pages, to)
    tidy(to)
    print(f"The site stands in {to}, open {to / 'index.html'} ({time.monotonic() - begun:.0f} s)")


def copy(path: Path, to: Path) -> None:
    if not path.exists():
        raise SystemExit(f"{path} is missing: `make site` fetches it, once, with npm.")
    if path.is_dir():
        shutil.copytree(path, to)
    else:
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)


def tidy(to: Path) -> None:
    """Away with what no page reads: maps for debuggers, a theme's templates, and what Sphinx keeps for its next run."""
    for path in (*to.rglob("*.map"), *to.glob("_static/*webpack-macros.html"), to / ".buildinfo", to / "objects.inv"):
        path.unlink(missing_ok=True)
    (to / ".nojekyll").touch()  # GitHub Pages would leave out folders whose names begin with a line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "site", help="the folder for the site; it is emptied")
    parser.add_argument("--npm", type=Path, required=True, help="the folder where npm has put what package.json asks for")
    asked = parser.parse_args()
    build(asked.to.resolve(), asked.npm.resolve())


if __name__ == "__main__":
    main()
