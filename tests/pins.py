"""The set of versions in constraints.txt: resolved anew, and found as wheels for every Python and machine that README promises.

python -m tests.pins               keep each version that still fits (`make pins`)
python -m tests.pins --upgrade     take the newest

uv resolves for a Python and a machine that are not this one: it reads what the packages say of themselves, and downloads none.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path

from packaging.requirements import Requirement

from vae_course import environment

from .notebooks.project import ROOT

CONSTRAINTS = ROOT / "constraints.txt"
PYTHONS = [f"{environment.FIRST[0]}.{minor}" for minor in range(environment.FIRST[1], environment.LAST[1] + 1)]
# What README calls a machine: as uv calls it, and what a marker of a requirement reads there.
MACHINES = {
    "Linux x86-64": ("x86_64-unknown-linux-gnu", {"platform_system": "Linux", "platform_machine": "x86_64", "sys_platform": "linux"}),
    "Linux arm64": ("aarch64-unknown-linux-gnu", {"platform_system": "Linux", "platform_machine": "aarch64", "sys_platform": "linux"}),
    "macOS arm64": ("aarch64-apple-darwin", {"platform_system": "Darwin", "platform_machine": "arm64", "sys_platform": "darwin"}),
    "Windows x86-64": ("x86_64-pc-windows-msvc", {"platform_system": "Windows", "platform_machine": "AMD64", "sys_platform": "win32"}),
}
# Versions that a newer Python needs a wheel of, where the tested set is older.
NEEDED = {"3.14": ("numpy>=2.3.3", "matplotlib>=3.10.7", "scikit-learn>=1.7.2")}
HEADER = """# The versions that the course is tested with. Made by `make pins`, which found a wheel of each for
# Python: {pythons}
# on: {machines}
"""


def markers(python: str, machine: str) -> dict[str, str]:
    """What the markers of requirements read under a Python ("3.11.2") on one of MACHINES."""
    return {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "nt" if machine.startswith("Windows") else "posix",
        "extra": "",
        **MACHINES[machine][1],
    }


def normal(name: str) -> str:
    """A package's name as all its spellings have it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(text: str, python: str, machine: str) -> dict[str, list[str]]:
    """The versions that a constraints file allows each package, under a Python on a machine."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate(markers(python, machine)):
                found.setdefault(normal(requirement.name), []).append(str(requirement.specifier).removeprefix("=="))
    return found


def compiled(*options: str) -> subprocess.CompletedProcess:
    """Ask uv for a set of wheels that fits pyproject.toml with all its extras."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--only-binary", ":all:", "--all-extras", "--no-annotate"]
    return subprocess.run([*command, "--no-header", *options, "pyproject.toml"], cwd=ROOT, capture_output=True, text=True, check=False)


def resolve(upgrade: bool) -> str:
    """One set for all: a package has several versions where Pythons or machines need different ones."""
    apart = []
    for python, needed in NEEDED.items():
        for requirement in map(Requirement, needed):
            below = str(requirement.specifier).replace(">=", "<")
            apart += [f"{requirement}; python_version >= '{python}'", f"{requirement.name}{below}; python_version < '{python}'"]
    with tempfile.TemporaryDirectory() as folder:
        needs, target = Path(folder, "needs.txt"), Path(folder, "constraints.txt")
        needs.write_text("\n".join(apart), "utf-8")
        target.write_bytes(CONSTRAINTS.read_bytes())
        options = ["--universal", "--python-version", PYTHONS[0], "-c", str(needs), "-o", str(target)]
        done = compiled(*options, *(["--upgrade"] if upgrade else []))
        if done.returncode:
            raise SystemExit(done.stderr)
        return HEADER.format(pythons=" ".join(PYTHONS), machines=", ".join(MACHINES)) + target.read_text("utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions instead of keeping those that still fit")
    before = CONSTRAINTS.read_bytes()
    CONSTRAINTS.write_text(resolve(parser.parse_args().upgrade), "utf-8")
    for python, (machine, (target, _)) in product(PYTHONS, MACHINES.items()):
        done = compiled("--python-version", python, "--python-platform", target, "-c", "constraints.txt")
        if done.returncode:
            CONSTRAINTS.write_bytes(before)
            raise SystemExit(f"Python {python}, {machine}: no wheels. constraints.txt is as it was.\n{done.stderr}")
        print(f"Python {python}, {machine}: {len(done.stdout.splitlines())} wheels", flush=True)


if __name__ == "__main__":
    main()
