"""Which Python an environment was made with and for which folder, and whether that Python can carry the course. Needs no package.

python vae_course/environment.py fits       say what keeps this Python from carrying the course, and fail, or say nothing
python vae_course/environment.py pins       print "-c constraints.txt" where these versions were tried, else nothing
python vae_course/environment.py identity   print which Python this is and for which folder it works: what a stamp holds
python vae_course/environment.py install …  pip install …, with each kind of warning once

`make` runs this before anything is installed, with whatever Python there is: it is read as a file, and by old Pythons too.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import subprocess
import sys

FOLDER = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
# For these `make pins` found a wheel of every package in constraints.txt.
FIRST, LAST = (3, 10), (3, 14)
MACHINES = (("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64"), ("Windows", "AMD64"))


def identity() -> str:
    """Which Python runs this, and for which folder. A patch release that takes the place of another is the same Python to its packages."""
    if sys.prefix != sys.base_prefix and importlib.util.find_spec("pip") is None:
        return "an environment without pip"
    version = "{}.{}".format(*sys.version_info[:2])
    return f"{platform.python_implementation()} {version} {platform.machine()} {os.path.realpath(sys.executable)} for {FOLDER}"


def complaint() -> str:
    """What keeps this Python from carrying the course, in a sentence, or nothing."""
    if sys.version_info[:2] < FIRST:
        asked, got = (".".join(map(str, version)) for version in (FIRST, sys.version_info[:2]))
        return f"The course needs Python {asked} or newer, and {sys.executable} is {got}. Say which to take: make lab PYTHON=python3.12"
    if (platform.system(), platform.machine()) == ("Darwin", "x86_64"):
        return (
            "PyTorch has no wheels for Intel Macs. Use the course on Colab or Binder (see README.md). "
            "On Apple silicon this Python was made for Intel: take one made for arm64."
        )
    if sys.maxsize < 2**32:
        return f"{sys.executable} is a 32-bit Python, and PyTorch needs a 64-bit one. Say which to take: make lab PYTHON=python3.12"
    return ""


def pins() -> str:
    """pip's option for the tested versions, where they were tried: on these Pythons and machines."""
    tried = FIRST <= sys.version_info[:2] <= LAST and (platform.system(), platform.machine()) in MACHINES
    return "-c constraints.txt" if tried else ""


def once_each(lines):
    """Of warnings that differ only in what they name, the first; of other lines, all."""
    seen = set()
    for line in lines:
        kind = re.sub(r"'[^']*'|\S*[/\d]\S*", "…", line)
        if not line.startswith("WARNING") or kind not in seen:
            yield line
        seen.add(kind)


def install(arguments) -> int:
    """Run pip, whose bars stay on the terminal. Returns its exit status."""
    pip = subprocess.Popen([sys.executable, "-m", "pip", "install", *arguments], stderr=subprocess.PIPE, text=True)
    for line in once_each(pip.stderr):
        sys.stderr.write(line)
        sys.stderr.flush()
    return pip.wait()


if __name__ == "__main__":
    if sys.argv[1] == "install":
        sys.exit(install(sys.argv[2:]))
    if sys.argv[1] == "fits":
        sys.exit(complaint() or 0)
    print({"pins": pins, "identity": identity}[sys.argv[1]]())
