"""A release: the new version where a version stands, and the changes so far under it. Run by `make release VERSION=0.2.0`.

What it writes: the package's `__version__`, the tag that set-up cells install, CITATION.cff, and CHANGELOG.md, whose unreleased changes
get the version for a heading. Nothing is written unless all of it can be. Committing, tagging and publishing are left to a person.
"""

from __future__ import annotations

import datetime
import re
import sys
from pathlib import Path

from .notebooks.project import REPOSITORY, ROOT

PACKAGE = "vae_course/__init__.py"
CITATION, CHANGES = "CITATION.cff", "CHANGELOG.md"
# The release that a set-up cell installs: the repository's address, and a tag behind it.
TAG = re.compile(rf"({re.escape(REPOSITORY)}(?:\.git)?@v)\d+\.\d+\.\d+")
# And the version that its page was written for; in a notebook's JSON the quotes are escaped.
START = re.compile(r'(vae_course\.start\(\\?")\d+\.\d+\.\d+')
TAGGED = ("README.md", "notebooks/*.ipynb", "solutions/*.ipynb", "exercises/*.ipynb", "tests/**/*.py")


class Refused(ValueError):
    """Why there is no such release."""


def version_of(root: Path) -> str:
    """The version that the package in `root` says it has."""
    return re.search(r'^__version__ = "(.*)"$', (root / PACKAGE).read_text("utf-8"), re.MULTILINE).group(1)


def changed_files(root: Path, version: str, day: datetime.date) -> dict[Path, str]:
    """The new text of every file that a release of `version` changes.

    Raises Refused for a version that is not X.Y.Z or not higher than the current one, when there is nothing to release, and when a place
    that should name the version does not.
    """
    current = version_of(root)
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", version):
        raise Refused(f"the version is {version!r}, expected three numbers, X.Y.Z, as in: make release VERSION=0.2.0")
    if numbers(version) <= numbers(current):
        raise Refused(f"the version is {version}, expected one that is higher than the current {current}.")
    texts = {root / name: (root / name).read_text("utf-8") for name in (PACKAGE, CITATION, CHANGES)}
    found = dict(texts)
    found[root / PACKAGE] = put(texts[root / PACKAGE], r'^__version__ = ".*"$', f'__version__ = "{version}"', PACKAGE)
    citation = put(texts[root / CITATION], r"^version: .*$", f"version: {version}", CITATION)
    found[root / CITATION] = put(citation, r"^date-released: .*$", f"date-released: {day}", CITATION)
    found[root / CHANGES] = with_heading(texts[root / CHANGES], version, current, day)
    for pattern in TAGGED:
        for path in sorted(root.glob(pattern)):
            text = found.get(path) or path.read_bytes().decode("utf-8")
            found[path] = START.sub(rf"\g<1>{version}", TAG.sub(rf"\g<1>{version}", text))
    return {path: text for path, text in found.items() if text.encode() != path.read_bytes()}


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def put(text: str, pattern: str, new: str, name: str) -> str:
    """The text with the one line that matches replaced. Raises Refused when there is none, or several."""
    changed, count = re.subn(pattern, lambda _: new, text, flags=re.MULTILINE)
    if count != 1:
        raise Refused(f"{name} has {count} lines like {pattern}, expected one.")
    return changed


def with_heading(text: str, version: str, current: str, day: datetime.date) -> str:
    """The list of changes with the unreleased ones under `version`, and the links at its end that compare it with what was before."""
    unreleased = re.search(r"^## \[Unreleased\]\n(.*?)(?=^## \[|^\[Unreleased\]: )", text, re.MULTILINE | re.DOTALL)
    if not unreleased or not re.search(r"^- ", unreleased.group(1), re.MULTILINE):
        raise Refused(f"{CHANGES} tells of nothing under '## [Unreleased]': say there what has changed since {current}.")
    text = put(text, r"^## \[Unreleased\]$", f"## [Unreleased]\n\n## [{version}] - {day}", CHANGES)
    links = f"[Unreleased]: {REPOSITORY}/compare/v{version}...HEAD\n[{version}]: {REPOSITORY}/compare/v{current}...v{version}"
    return put(text, r"^\[Unreleased\]: .*$", links, CHANGES)


def main() -> None:
    version = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        changes = changed_files(ROOT, version, datetime.date.today())
    except Refused as why:
        sys.exit(f"No release: {why}")
    for path, text in changes.items():
        path.write_bytes(text.encode())
        print(f"changed {path.relative_to(ROOT).as_posix()}")
    print(f"\nRead the difference, run `make test`, and then:\n\n    git commit --all --message 'Release {version}'")
    print(f"    git tag v{version}\n    git push origin main v{version}")


if __name__ == "__main__":
    main()
