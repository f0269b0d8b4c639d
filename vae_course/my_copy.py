"""A learner's own copy of the notebooks and exercises, in `my/`: filled once, then brought up to date without losing anything.

python -m vae_course.my_copy            fill my/ (what `make lab` does first)
python -m vae_course.my_copy update     fetch the new edition with git, then bring my/ up to date (`make update`)
python -m vae_course.my_copy refresh    only bring my/ up to date, where the new edition came without git

Git knows nothing of my/, so running and answering change no file of the course. A record in my/ says what each file was when it was
copied. From that follows what a new edition may do with it:

    as it was copied       replaced
    only run               replaced; what was run is kept beside it as "… (my run).ipynb"
    worked on              left alone; the new edition is put beside it as "… (new edition).ipynb"
    deleted                brought back by `update`, left out by `make lab`

A chapter that got another number is the same chapter: 06-beta-vae and 07-beta-vae differ in their numbers alone.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What is copied, as patterns below the course's folder. Notebooks link to the tables of the benchmarks.
SHIPPED = ("notebooks/*.ipynb", "exercises/*.ipynb", "benchmarks/README.md")
RECORD = ".as-copied.json"
UP_TO_DATE = "Everything is up to date."


def digest(path: Path) -> str:
    """What the file at `path` is, to the byte."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def words(path: Path) -> str | None:
    """What a person can have written in the notebook at `path`: its cells without their outputs. None for what is no notebook."""
    try:
        written = [[cell["cell_type"], "".join(cell["source"])] for cell in json.loads(path.read_text("utf-8"))["cells"]]
    except (ValueError, KeyError, TypeError):
        return None
    return hashlib.sha256(json.dumps(written).encode()).hexdigest()


def chapter(name: str) -> str:
    """What stays of a path when chapters get other numbers: notebooks/06-beta-vae.ipynb -> notebooks/beta-vae.ipynb."""
    return re.sub(r"/\d+-", "/", name)


def half_of(path: Path) -> Path:
    """Where this process writes what will be at `path` when it is whole."""
    return path.with_name(f".{path.name}.{os.getpid()}")


def free(path: Path, addition: str) -> Path:
    """A path beside `path` that nothing has yet: "name (addition).ipynb", then "name (addition 2).ipynb" and so on."""
    beside, number = path.with_name(f"{path.stem} ({addition}){path.suffix}"), 1
    while beside.exists():
        number += 1
        beside = path.with_name(f"{path.stem} ({addition} {number}){path.suffix}")
    return beside


class Copy:
    """The copy of `course` in the folder `mine`. Its record says of each file there from which of the course's it was made, and as what.

    Raises SystemExit, with a sentence, where the course's notebooks are not beside the package.
    """

    def __init__(self, mine: Path, course: Path = ROOT) -> None:
        self.mine, self.course = mine, course
        self.names = [path.relative_to(course).as_posix() for pattern in SHIPPED for path in sorted(course.glob(pattern))]
        if not self.names:
            raise SystemExit(f"There are no notebooks in {course}: only the package is there. Clone the course, and run this in the clone.")
        try:
            self.record = json.loads((mine / RECORD).read_text("utf-8"))
        except (OSError, ValueError):
            self.record = {}  # a first copy, or a record that was lost: then only what equals the course's own counts as untouched
        for name in self.names:
            if (mine / name).exists() and self.has_news(name) and digest(mine / name) == digest(course / name):
                self.note(name, name)

    def note(self, name: str, target: str) -> None:
        """Record that `target` in the copy is the course's file `name` as it is now."""
        path = self.course / name
        self.record[target] = {"from": name, "copied": digest(path), "words": words(path), "offered": digest(path)}

    def save(self) -> None:
        """Write the record, whole or not at all."""
        self.mine.mkdir(parents=True, exist_ok=True)
        half = half_of(self.mine / RECORD)
        half.write_text(json.dumps(self.record, indent=1), "utf-8")
        half.replace(self.mine / RECORD)

    def put(self, name: str, target: str) -> None:
        """Copy the course's file `name` to `target`, whole or not at all."""
        path = self.mine / target
        path.parent.mkdir(parents=True, exist_ok=True)
        half = half_of(path)
        shutil.copyfile(self.course / name, half)
        half.replace(path)
        self.note(name, target)
        self.save()

    def has_news(self, name: str) -> bool:
        """Whether the course's file `name` is another edition than the one that the copy was last offered."""
        return self.record.get(name, {}).get("offered") != digest(self.course / name)

    def state(self, target: str) -> str:
        """What became of the file `target` of the copy: `missing`, `untouched`, `run` or `worked on`."""
        path, known = self.mine / target, self.record.get(target, {})
        if not path.exists():
            return "missing"
        if digest(path) == known.get("copied"):
            return "untouched"
        return "run" if known.get("words") and words(path) == known["words"] else "worked on"

    def left_behind(self) -> list[str]:
        """The files of the copy whose names the course no longer has."""
        return [target for target, known in self.record.items() if known["from"] == target and target not in self.names]

    def former(self, name: str) -> str | None:
        """What the chapter that the course calls `name` is called in the copy, where that is something else."""
        return next((old for old in self.left_behind() if chapter(old) == chapter(name) and self.state(old) != "missing"), None)

    def fill(self) -> list[str]:
        """Copy what was never copied, and touch nothing else. Returns sentences for the learner."""
        new = [name for name in self.names if name not in self.record and self.state(name) == "missing" and not self.former(name)]
        for name in new:
            self.put(name, name)
        said = [f"Copied to {self.mine}: {len(new)} files. That folder is yours to work in."] if new else []
        waiting = sum(self.has_news(name) for name in self.names)
        if waiting:
            said.append(f"There are new editions of {waiting} files. `make update` brings them, and keeps what you worked on.")
        return said

    def refresh(self) -> list[str]:
        """Bring every file up to date, and lose nothing that was worked on. Returns sentences for the learner."""
        said = []
        for name in self.names:
            old = self.former(name)
            if old:
                said.append(self.renumber(old, name))
            elif self.state(name) == "missing":
                self.put(name, name)
                said.append(f"{name}: added.")
            elif self.has_news(name):
                said.append(self.renew(name))
        said += [self.part_with(old) for old in self.left_behind()]
        self.save()
        return said or [UP_TO_DATE]

    def renew(self, name: str) -> str:
        """Bring the new edition of one file."""
        if self.state(name) == "worked on":
            known = self.record.get(name, {"from": name})
            beside = known.get("beside")
            if not beside or self.state(beside) != "untouched":
                beside = free(self.mine / name, "new edition").relative_to(self.mine).as_posix()
            self.record[name] = {**known, "offered": digest(self.course / name), "beside": beside}
            self.put(name, beside)
            return f"{name}: yours is kept; the new edition is beside it, in {beside}."
        kept = self.keep_run(name, name)
        self.put(name, name)
        return f"{name}: new edition.{kept}"

    def renumber(self, old: str, name: str) -> str:
        """Bring the chapter that the course calls `name` now, and the copy still calls `old`."""
        if self.state(name) == "missing":
            self.put(name, name)
        if self.state(old) == "worked on":
            said = f"{name}: new edition of {old}, where yours is kept."
        else:
            kept = self.keep_run(old, name)
            (self.mine / old).unlink(missing_ok=True)
            said = f"{name}: was called {old}.{kept}"
        del self.record[old]
        return said

    def keep_run(self, old: str, name: str) -> str:
        """Where `old` was run and no more, move it beside `name`. Returns the sentence that says so, or nothing."""
        if self.state(old) != "run":
            return ""
        kept = free(self.mine / name, "my run")
        (self.mine / old).rename(kept)
        return f" What you had run is kept in {kept.relative_to(self.mine).as_posix()}."

    def part_with(self, old: str) -> str:
        """Take away a file that the course no longer has, unless it was touched."""
        untouched = self.state(old) == "untouched"
        if untouched:
            (self.mine / old).unlink()
        del self.record[old]
        return f"{old}: no longer part of the course; {'taken away' if untouched else 'yours is kept'}."

    def untouched(self) -> list[Path]:
        """The copied notebooks that are still what the course ships, to the byte."""
        return [self.mine / target for target in self.record if target.endswith(".ipynb") and self.state(target) == "untouched"]


def trust(notebooks: list[Path]) -> str:
    """Let Jupyter show the stored sounds and HTML of these notebooks before they are run. Returns a sentence where it can't, else nothing.

    Jupyter knows a notebook that it trusts by its content: one that anybody changes is no longer trusted.
    """
    try:
        import nbformat
        from nbformat.sign import NotebookNotary

        notary = NotebookNotary()
        for path in notebooks:
            notebook = nbformat.read(path, as_version=4)
            if not notary.check_signature(notebook):
                notary.sign(notebook)
    except ModuleNotFoundError:
        return ""  # a Python without Jupyter, as `make update` may have: `make lab` comes with one
    except Exception as error:  # whatever a broken or unwritable Jupyter raises: the course opens all the same
        return f"Stored sounds stay silent until you run their cells: Jupyter could not be told to trust the notebooks ({error})."
    return ""


def git(course: Path, *command: str) -> subprocess.CompletedProcess:
    """Run git in the course's folder. What it complains of is shown as it is."""
    return subprocess.run(["git", "-C", str(course), *command], stdout=subprocess.PIPE, encoding="utf-8", check=False)


def set_aside(copy: Copy) -> list[str]:
    """Move into the copy the notebooks that were changed in the course's own folders and would keep git from bringing a new edition."""

    def changed(*against: str) -> set[str]:
        return set(
            filter(None, git(copy.course, "diff", "--name-only", "--no-renames", "-z", *against, "--", "*.ipynb").stdout.split("\0"))
        )

    said = []
    for name in sorted(changed("HEAD") & changed("HEAD", "@{upstream}")):
        if (copy.course / name).exists():
            kept = free(copy.mine / name, "from the course's folder")
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(copy.course / name, kept)
            said.append(f"{name} was changed in the course's own folder: what you did there is kept in {kept}.")
        git(copy.course, "checkout", "--quiet", "HEAD", "--", name)
    return said


def update(copy: Copy) -> list[str]:
    """Fetch the new edition of the course. Returns sentences for the learner.

    Raises SystemExit, with a sentence, where there is no git or git can't.
    """
    if not shutil.which("git") or not (copy.course / ".git").exists():
        raise SystemExit(
            "This course did not come by git, so it can't fetch a new edition. Download it and unpack it over this folder; "
            f"{copy.mine.name}/, where your work is, stays as it is. Then run: python -m vae_course.my_copy refresh"
        )
    if git(copy.course, "fetch", "--quiet").returncode:
        raise SystemExit("The new edition could not be fetched, for the reason that git gives above. Nothing was changed.")
    said = set_aside(copy)
    if git(copy.course, "merge", "--quiet", "--ff-only", "@{upstream}").returncode:
        raise SystemExit("\n".join([*said, f"Git could not bring the new edition, for the reason above. {copy.mine} is as it was."]))
    return said


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("fill", "update", "refresh"), default="fill")
    parser.add_argument("--to", type=Path, default=ROOT / "my", help="the folder of the copy (default: my/ in the course's folder)")
    chosen = parser.parse_args(arguments)
    try:
        copy = Copy(chosen.to)
        if chosen.what == "update":
            said = update(copy)
            print(*said, sep="\n", end="\n" if said else "", flush=True)
            # By the rules of the edition that just came, not of the one that runs here.
            sys.exit(subprocess.call([sys.executable, "-m", "vae_course.my_copy", "refresh", "--to", str(chosen.to.resolve())], cwd=ROOT))
        said = copy.fill() if chosen.what == "fill" else copy.refresh()
    except OSError as error:
        raise SystemExit(f"{chosen.to} can't be filled: {error}. Nothing of yours is lost.") from None
    if chosen.what == "refresh" and said != [UP_TO_DATE]:
        said.insert(0, f"In {chosen.to.name}/:")  # the course's own folders have the same names
    for sentence in filter(None, [*said, trust(copy.untouched())]):
        print(sentence)


if __name__ == "__main__":
    main()
