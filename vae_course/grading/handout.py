"""The folder that an instructor hands out: the exercises, the data that they speak of, the versions to install, and how to begin.

python -m vae_course.grading.handout --to FOLDER                                  all exercises
python -m vae_course.grading.handout --to FOLDER --exercise 04-the-elbo           these only

The same course and the same data give the same bytes each time. No solution is in it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..data import Dataset, load
from ..data.idx import IDX_FILES
from ..data.images import MNIST_HASHES
from .records import GradingError

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = "constraints.txt"
INSTALLED = re.compile(r'^course = "vae-course\[notebooks\] @ (?P<where>\S+)"$', re.MULTILINE)
BEGUN = b"BEGIN SOLUTION"

READ_ME = """# Exercises on variational autoencoders

**To begin** on your own machine, with Python 3.10 or newer, in this folder:

    python -m venv .venv
    source .venv/bin/activate            (on Windows: .venv\\Scripts\\activate)
    pip install -r requirements.txt
{data}    jupyter lab exercises

On Colab nothing is to be installed: open an exercise by the badge at its top, and run the first cell.

**To work**: write each answer in the cell that asks for it, run that cell, and then the one with `check` below it. Cells of your own are
welcome anywhere. Lines that begin with `%` or `!` are not run when your work is graded.

**To hand in**: restart the kernel, run all cells from the top, save, and hand in the notebook under the name that it has. Leave the
cells with `check` as they are. Your functions are called again, on other inputs, when your work is graded; what the notebook
printed counts for nothing.

{about_data}

{exercises}

Versions: `constraints.txt` lists those that the course is tested with.
"""
WITH_DATA = """    export VAE_COURSE_DATA="$PWD/data"    (on Windows, in PowerShell: $env:VAE_COURSE_DATA = "$PWD\\data")
"""
ABOUT_MNIST = "**Data**: `data/` holds {title} ({source}; {licence}), so that nobody has to download it."
ABOUT_DIGITS = """**Data**: `vae_course.load("mnist")` downloads MNIST once. Where there is no network it gives scikit-learn's
handwritten digits instead, of the same shape; every exercise runs with either."""


def hand_out(folder: Path, *, course: Path = ROOT, exercises: Sequence[str] = ()) -> list[str]:
    """Write the folder, or bring it up to date. Returns the names of the files in it, in order.

    course: where the course lies; its exercises and versions are taken. exercises: only these, as in "04-the-elbo"; without any, all.
    Raises GradingError where it lacks them, an exercise has a solution in it, the folder holds something else, or can't be written.
    """
    files = dict(_files(course, exercises))
    _refuse_others(folder, files)
    for name, content in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            half = path.with_name(f".{path.name}.half")
            half.write_bytes(content)
            half.replace(path)
        except OSError as error:
            raise GradingError(
                f"{path} can't be written: {error.strerror}. Say with --to where there is room, or delete what is in the way."
            ) from error
    return sorted(files)


def _files(course: Path, asked: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    exercises = {path.name: path.read_bytes() for path in sorted((course / "exercises").glob("*.ipynb")) if not path.name.startswith(".")}
    versions = course / VERSIONS
    if not exercises or not versions.is_file():
        lacking = VERSIONS if exercises else "exercises/"
        raise GradingError(f"There is no {lacking} in {course}: only the package is there. Clone the course, and run this in the clone.")
    wanted = {f"{name.removesuffix('.ipynb')}.ipynb" for name in asked} or set(exercises)
    if unknown := wanted - set(exercises):
        known = ", ".join(Path(name).stem for name in exercises)
        raise GradingError(f"There is no exercise {', '.join(Path(name).stem for name in sorted(unknown))}. There are {known}.")
    exercises = {name: content for name, content in exercises.items() if name in wanted}
    for name, content in exercises.items():
        if BEGUN in content:
            raise GradingError(f"{name} has a solution in it, and was not handed out. Run: make exercises")
        yield f"exercises/{name}", content
    yield VERSIONS, versions.read_bytes()
    yield "requirements.txt", f"-c {VERSIONS}\nvae-course[lab] @ {_where(exercises)}\n".encode()
    data = load("mnist")
    kept = data.name != "digits"
    if kept:
        yield from ((f"data/MNIST/raw/{name}", content) for name, content in as_files(data).items())
    yield "READ ME.md", _read_me(exercises, data if kept else None).encode()


def as_files(data: Dataset) -> dict[str, bytes]:
    """Grey images as MNIST's four files, in whatever form they were found. Raises GradingError where they are not as published."""
    found = {}
    for names, split in ((IDX_FILES[:2], data.train), (IDX_FILES[2:], data.test)):
        x, y = split.x, split.y
        if y is None:
            raise GradingError(f"{data.name} came without labels, so it was not handed out. Download it anew.")
        pixels = (x.squeeze(1) * 255).round().byte().numpy()
        found[names[0]] = struct.pack(">HBB3I", 0, 8, 3, *pixels.shape) + pixels.tobytes()
        found[names[1]] = struct.pack(">HBBI", 0, 8, 1, len(y)) + y.byte().numpy().tobytes()
    whole = len(data.train) == 60_000 and len(data.test) == 10_000
    for name, content in found.items():
        if whole and hashlib.sha256(content).hexdigest() != MNIST_HASHES[name]:
            raise GradingError(f"{name} came out other than it was published, so it was not handed out. Download MNIST anew.")
    return found


def _where(exercises: Mapping[str, bytes]) -> str:
    """Where the course is installed from, as the exercises' first cells say."""
    for content in exercises.values():
        for cell in json.loads(content)["cells"]:
            if found := INSTALLED.search("".join(cell["source"])):
                return found["where"]
    raise GradingError("No exercise says where the course is installed from. Run: make exercises")


def _read_me(exercises: Mapping[str, bytes], data: Dataset | None) -> str:
    listed = "\n".join(f"- `exercises/{name}`: {_title(content)}" for name, content in exercises.items())
    about = ABOUT_DIGITS if data is None else ABOUT_MNIST.format(title=data.name, source=data.source, licence=data.licence)
    return READ_ME.format(data="" if data is None else WITH_DATA, about_data=about, exercises=listed)


def _title(content: bytes) -> str:
    first = "".join(json.loads(content)["cells"][0]["source"]).splitlines()[0]
    return first.lstrip("# ").removeprefix("Exercise · ")


def _refuse_others(folder: Path, files: Mapping[str, bytes]) -> None:
    """A folder with other things in it is somebody's work, or an older edition whose exercises had other names."""
    if folder.exists() and not folder.is_dir():
        raise GradingError(f"{folder} is a file. Say with --to which folder to make.")
    there = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()) if folder.exists() else []
    others = [name for name in there if name not in files and not name.endswith(".half")]
    if others:
        raise GradingError(f"{folder} has other things in it ({', '.join(others[:3])}). Give --to a new folder, or delete this one.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Hand out as the command line says. The exit status: 0 done, 1 something to mend, which was said."""
    parser = argparse.ArgumentParser(prog="python -m vae_course.grading.handout", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="the folder to make")
    parser.add_argument("--exercise", nargs="+", default=(), metavar="NAME", help="hand out only these, as in 04-the-elbo")
    chosen = parser.parse_args(arguments)
    try:
        names = hand_out(chosen.to, exercises=chosen.exercise)
    except (GradingError, ValueError) as error:  # ValueError: VAE_COURSE_DATA is named and broken
        print(error, file=sys.stderr)
        return 1
    exercises = sum(name.startswith("exercises/") for name in names)
    data = "with MNIST" if any(name.startswith("data/") for name in names) else "without data, which the course makes by itself"
    print(f"{chosen.to}: {exercises} exercise{'s' * (exercises != 1)}, {data}, versions and a READ ME. Pack it, and hand it out.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
