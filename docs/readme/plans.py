"""The plans in TEACHING.md, in hours: what the pages and the exercises say of themselves, added up.

A page's box counts reading at 150 words a minute, computation and explorers. Readers said that they need about twice as long, so a plan
counts a page's minutes twice, and an exercise's once.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from docs.site.pages import Page, all_pages

READING = 2  # times what a page's box says
TO_FIVE = 5  # a plan's minutes are rounded up to so many
HOURS = {"an hour": 60, "an hour and a quarter": 75, "an hour and a half": 90, "two hours": 120}


@dataclass(frozen=True)
class Sitting:
    """What is done together. Pages and exercises by their names without numbers; `home`: exercises that are done afterwards."""

    name: str
    pages: tuple[str, ...]
    exercises: tuple[str, ...] = ()
    home: tuple[str, ...] = ()


A_DAY = (
    Sitting("morning, first half", ("start-here", "autoencoders", "from-points-to-distributions")),
    Sitting("morning, second half", ("the-reparameterisation-trick", "the-elbo")),
    Sitting("afternoon, first half", (), ("the-elbo",)),
    Sitting("afternoon, second half", ("train-sample-interpolate", "the-clinic"), (), ("train-sample-interpolate",)),
)
FOUR_WEEKS = (
    Sitting("1", ("start-here", "autoencoders", "from-points-to-distributions"), (), ("autoencoders", "from-points-to-distributions")),
    Sitting("2", ("the-reparameterisation-trick", "the-elbo"), (), ("the-reparameterisation-trick", "the-elbo")),
    Sitting("3", ("train-sample-interpolate", "the-clinic", "beta-vae"), (), ("train-sample-interpolate", "beta-vae")),
    Sitting("4", ("conditional-vae", "when-it-fails"), (), ("conditional-vae", "when-it-fails")),
)


def chapter(page: Page) -> str:
    return re.sub(r"^\d+-", "", page.name)


def minutes_of(page: Page) -> int:
    """What a page's box says. Raises ValueError where it says nothing."""
    if page.minutes is None:
        raise ValueError(f"{page.path.name} says no time: its box should have a line **Time** about … minutes.")
    return page.minutes


def minutes_of_exercise(page: Page) -> int:
    """What an exercise's box says. Raises ValueError where it says no time that is known here."""
    said = re.search(rf"\*\*Time\*\* about ({'|'.join(sorted(HOURS, key=len, reverse=True))})\b", page.first)
    if not said:
        raise ValueError(f"{page.path.name} says no time that is known, expected one of: {', '.join(HOURS)}.")
    return HOURS[said[1]]


def hours(minutes: float) -> str:
    """Minutes as hours and minutes, rounded up: `1 h 35`."""
    whole = math.ceil(minutes / TO_FIVE) * TO_FIVE
    return f"{whole // 60} h {whole % 60:02d}" if whole >= 60 else f"{whole} min"


class Course:
    """The pages and exercises by their names without numbers."""

    def __init__(self) -> None:
        everything = all_pages()
        self.pages = {chapter(page): page for page in everything if page.folder == "notebooks"}
        self.exercises = {chapter(page): page for page in everything if page.folder == "exercises"}

    def reading(self, names) -> int:
        return READING * sum(minutes_of(self.pages[name]) for name in names)

    def practice(self, names) -> int:
        return sum(minutes_of_exercise(self.exercises[name]) for name in names)

    def linked(self, folder: str, names) -> str:
        there = self.pages if folder == "notebooks" else self.exercises
        return "; ".join(f"[{self.pages[name].title}]({folder}/{there[name].path.name})" for name in names)

    def plan(self, first: str, sittings: tuple[Sitting, ...]) -> str:
        rows = [f"| {first} | pages | in class | exercise in class | afterwards |\n|---|---|---|---|---|\n"]
        for one in sittings:
            in_class = self.reading(one.pages) + self.practice(one.exercises)
            home = f"{self.linked('exercises', one.home)} ({hours(self.practice(one.home))})" if one.home else ""
            practised = self.linked("exercises", one.exercises)
            rows.append(f"| {one.name} | {self.linked('notebooks', one.pages)} | {hours(in_class)} | {practised} | {home} |\n")
        together = hours(sum(self.reading(one.pages) + self.practice(one.exercises) for one in sittings))
        return "".join(rows) + f"\nIn class {together}; afterwards {hours(sum(self.practice(one.home) for one in sittings))}.\n"

    def all_hours(self) -> str:
        """Each page with its own minutes, twice them, and its exercise's: for a plan of one's own."""
        rows = ["| page | its box | count on | exercise |\n|---|---|---|---|\n"]
        for name, page in self.pages.items():
            exercise = f"{self.practice([name])} min" if name in self.exercises else ""
            rows.append(
                f"| [{page.title}](notebooks/{page.path.name}) | {minutes_of(page)} min | {self.reading([name])} min | {exercise} |\n"
            )
        pages, exercises = self.reading(self.pages), self.practice(self.exercises)
        return "".join(rows) + f"\nAll pages: {hours(pages)}. All {len(self.exercises)} exercises: {hours(exercises)}.\n"


def parts_of_teaching() -> dict[str, str]:
    """Name of a part of TEACHING.md → what stands in it."""
    course = Course()
    return {"a day": course.plan("when", A_DAY), "four weeks": course.plan("week", FOUR_WEEKS), "all hours": course.all_hours()}
