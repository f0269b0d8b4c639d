"""Give pages other names, numbers included: the files move, and whatever names them says the new name.

python -m tests.notebooks.rename 04-owls=05-owls 05-bats=04-bats

All pages move at once, so that names may be swapped or shifted. A page is named by the stem of its file, which stands for its notebook,
its solution and its exercise. Only whole names are replaced, in every text file that git tracks, and no other byte changes.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from .project import ROOT

FOLDERS = ("notebooks", "solutions", "exercises")
PAGE = re.compile(r"\d\d(-[a-z0-9]+)+")
# They tell of courses that they make up, whose pages keep their names.
MADE_UP = ("tests/test_my_copy.py", "vae_course/my_copy.py", "tests/notebooks/rename.py", "tests/notebooks/test_rename.py")


def pairs_from(arguments: list[str], root: Path) -> dict[str, str]:
    """`old=new` a page, as a dictionary.

    Raises ValueError for what is not such a pair, for a page that is not there, and for a name that two pages would have.
    """
    pairs: dict[str, str] = {}
    for argument in arguments:
        old, _, new = argument.partition("=")
        if not (PAGE.fullmatch(old) and PAGE.fullmatch(new)):
            raise ValueError(
                f"{argument!r} is no pair of pages. Write old=new, each like 04-owls: two digits, then words in small letters."
            )
        if old in pairs:
            raise ValueError(f"{old} was given two new names: {pairs[old]} and {new}. Give one.")
        pairs[old] = new
    there = {path.stem for folder in FOLDERS for path in (root / folder).glob("*.ipynb")}
    for old in pairs:
        if old not in there:
            raise ValueError(f"there is no page {old}. There are: {', '.join(sorted(there))}.")
    after = [pairs.get(name, name) for name in sorted(there)]
    for name in after:
        if after.count(name) > 1:
            raise ValueError(f"two pages would be called {name}. Name the page that has it now as well, as in: {name}=99-elsewhere.")
    return pairs


def move(pairs: dict[str, str], root: Path) -> None:
    """Move the files by `git mv`: all aside first, so that none lands on another."""
    moves = [(folder, old, new) for folder in FOLDERS for old, new in pairs.items() if (root / folder / f"{old}.ipynb").exists()]
    for folder, old, new in moves:
        git(root, "mv", f"{folder}/{old}.ipynb", f"{folder}/{new}.on-its-way")
    for folder, _, new in moves:
        git(root, "mv", f"{folder}/{new}.on-its-way", f"{folder}/{new}.ipynb")


def rewrite(pairs: dict[str, str], root: Path) -> list[str]:
    """Replace the names in every tracked text file; returns the files that changed."""
    names = "|".join(re.escape(old) for old in pairs)
    # A name is whole between what can't belong to one; in an address, / may be written as %2F.
    whole = re.compile(rf"(?:(?<=%2F)|(?<![\w-]))({names})(?![\w-])".encode())
    changed = []
    for name in git(root, "ls-files", "-z").split("\0"):
        path = root / name
        if name in MADE_UP or not path.is_file() or b"\0" in (before := path.read_bytes()):
            continue
        after = whole.sub(lambda match: pairs[match[1].decode()].encode(), before)
        if after != before:
            path.write_bytes(after)
            changed.append(name)
    return changed


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, encoding="utf-8", check=True).stdout


def main(arguments: list[str], root: Path = ROOT) -> None:
    try:
        pairs = pairs_from(arguments, root)
    except ValueError as error:
        sys.exit(f"Nothing was renamed: {error}")
    if not pairs:
        sys.exit("Nothing was renamed: name the pages, as in: 04-owls=05-owls 05-bats=04-bats.")
    move(pairs, root)
    changed = rewrite(pairs, root)
    print(f"{len(pairs)} renamed; {len(changed)} files name them.")


if __name__ == "__main__":
    main(sys.argv[1:])
