"""Whose file this is and for which exercise, read from its name and those of the folders that it lies in.

Patterns, for the exercise 04-the-elbo (its number and words in any case, with spaces or underscores for dashes, or without the number):

    ada/04-the-elbo.ipynb                                           a folder a student, other folders between
    ada/04-the-elbo/04-the-elbo.ipynb                               nbgrader's folders
    04-the-elbo/ada.ipynb                                           a folder an exercise
    ada_04-the-elbo.ipynb   ada-04-the-elbo.ipynb   Ada Lovelace - 04-the-elbo.ipynb
    04-the-elbo_ada.ipynb   04-the-elbo - Ada Lovelace.ipynb
    Ada Lovelace_1234_assignsubmission_file_/04-the-elbo.ipynb      Moodle, in folders or flat
    lovelaceada_LATE_1234_5678_04-the-elbo-1.ipynb                  Canvas
    Exercise 4_ada_attempt_2024-11-29-10-45-00_04-the-elbo.ipynb    Blackboard

"Copy of …", "… (1)", "…-Copy1" and the like say nothing of either.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json|\.ipynb)?$", re.IGNORECASE)
COPY_BEFORE = re.compile(r"^(copy|kopie|kopia|copie|copia|cópia) (of|von|de|di|da|van|av) ", re.IGNORECASE)
COPY_BEHIND = re.compile(
    r"([\s_-]*(\((?P<one>\d{1,3})\)|\(copy\)|[\s_-](copy|kopie|copie|copia)\s?(?P<two>\d{0,3})|[-_](?P<three>\d{1,2}))"
    r"|[\s_-]+(?P<remark>final|version|v\d{1,2}|draft|done|neu|new|solved?|solution|lösung))$",
    re.IGNORECASE,
)
MOODLE = re.compile(r"^(?P<name>.+?)_(?P<number>\d+)_assignsubmission_[a-z]+_?(?P<rest>.*)$", re.DOTALL)
CANVAS = re.compile(r"^(?P<name>[^_]+)(?P<late>_LATE)?_(?P<number>\d+)_(?P<file>\d+)_(?P<rest>.+)$", re.DOTALL)
BLACKBOARD = re.compile(r"^.*_(?P<name>[^_]+)_attempt_(?P<when>\d{4}(-\d\d){5})(_(?P<rest>.*))?$", re.DOTALL)
SEPARATORS = " \t\n_-.+,–—"
# Folders that the course or its tools make, which are no students.
OF_THE_COURSE = re.compile(
    r"^(exercises?|notebooks?|solutions?|my|submitted|submissions?|handed[-_ ]?in|assignments?|downloads?|vae[-_ ]?course.*)$",
    re.IGNORECASE,
)
RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{number}" for name in ("com", "lpt") for number in range(10))}
UNNAMED = "unnamed"
LONGEST_NAME = 300  # of a file on any disk; an archive may have longer ones, made to be searched for ever
LONGEST_ID = 100  # bytes: it becomes part of names of files


@dataclass(frozen=True)
class Named:
    """What the name of a file says. before, behind: what stands around the exercise's name. copy: the number of a copy, 0 for none."""

    exercise: str = ""
    before: str = ""
    behind: str = ""
    copy: int = 0


@dataclass(frozen=True)
class Owner:
    """A student as a platform names them. number: the platform's. rest: the file's own name, "" where a folder was named so.

    order: what tells the newer of two files. submitted: seconds since 1970 where the name tells.
    """

    name: str
    number: str
    rest: str
    order: int = 0
    submitted: float | None = None

    @property
    def identity(self) -> str:
        return f"{self.name}-{self.number}" if self.number else self.name


def is_notebook(name: str) -> bool:
    """Whether a file is called as a notebook is."""
    return NOTEBOOK.search(name) is not None


def stem_of(name: str) -> str:
    """A file's name without what says that it is a notebook."""
    return NOTEBOOK.sub("", name)


def named(stem: str, exercises: Iterable[str]) -> Named:
    """Which exercise a name speaks of, and what else it says."""
    if len(stem) > LONGEST_NAME:
        return Named()
    text = unicodedata.normalize("NFC", stem).replace("%20", " ")
    places = [(place, exercise) for exercise in exercises if (place := _place_of(exercise, text))]
    if not places:
        return Named()
    # "10-adversarial-autoencoder" speaks of no "autoencoder": the longest name is meant.
    place, exercise = max(places, key=lambda one: (one[0].end() - one[0].start(), one[1]))
    before, behind, copy = text[: place.start()], text[place.end() :], 0
    while mark := COPY_BEFORE.search(before.lstrip(SEPARATORS)):
        before = before.lstrip(SEPARATORS)[mark.end() :]
    while mark := COPY_BEHIND.search(behind):
        copy = max(copy, int(mark["one"] or mark["two"] or mark["three"] or not mark["remark"]))
        behind = behind[: mark.start()]
    return Named(exercise, before.strip(SEPARATORS), behind.strip(SEPARATORS + "()[]"), copy)


def owner_in(parts: Sequence[str]) -> Owner | None:
    """The student whom a platform names in the path of a file, None where it names none."""
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if len(part) > LONGEST_NAME:
            continue
        if found := MOODLE.match(part):
            return Owner(found["name"].strip(), found["number"], found["rest"] if last else "")
        if found := CANVAS.match(part):
            return Owner(found["name"].strip(), found["number"], found["rest"] if last else "", int(found["file"][:18]))
        if found := BLACKBOARD.match(part):
            when = _moment(found["when"])
            return Owner(found["name"].strip(), "", (found["rest"] or "") if last else "", int(when or 0), when)
    return None


def is_of_the_course(part: str, exercises: Iterable[str]) -> bool:
    """Whether a folder is called as one of the course's, or as an exercise, and so is no student."""
    found = named(part, exercises)
    return OF_THE_COURSE.match(part) is not None or bool(found.exercise and not found.before and not found.behind)


def safe_id(name: str) -> str:
    """A student's name as a name of a file on any system: letters and digits of any script, and "-", "_", "." between them."""
    text = unicodedata.normalize("NFC", name)
    kept = "".join(sign if unicodedata.category(sign)[0] in "LNM" or sign in "-_." else " " for sign in text)
    kept = "-".join(kept.split()).strip("-_.")
    while kept and unicodedata.category(kept[0])[0] == "M":  # an accent over nothing
        kept = kept[1:]
    kept = kept.encode()[:LONGEST_ID].decode("utf-8", "ignore").strip("-_.")
    if kept.split(".")[0].lower() in RESERVED:
        return f"student-{kept}"
    return kept or UNNAMED


def folded(text: str) -> str:
    """Text by which two names are told to be one on a disk that does not tell upper from lower case."""
    return unicodedata.normalize("NFKC", text).casefold()


def _place_of(exercise: str, text: str) -> re.Match[str] | None:
    number, _, words = exercise.partition("-")
    if not number.isdigit():
        number, words = "", exercise
    spaced = r"[-_ .+]+".join(map(re.escape, re.split(r"[-_ .]+", words)))
    ways = [rf"(?<!\d)0*{int(number)}[-_ .+]*{spaced}(?![a-z])"] if number else []
    for way in (*ways, rf"(?<![a-z]){spaced}(?![a-z])"):
        if found := re.search(way, text, re.IGNORECASE):
            return found
    return None


def _moment(when: str) -> float | None:
    try:
        return time.mktime(time.strptime(when, "%Y-%m-%d-%H-%M-%S"))
    except (ValueError, OverflowError):
        return None
