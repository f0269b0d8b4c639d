"""The grading corpus: submissions that are made by a script, each with the points and flags that must come of it.

`honest` has right answers in many styles and the usual slips, `damaged` what editors, browsers and disks do to a notebook, `hostile` what
somebody might try who wants points that were not earned, `odd_names` people whose names are code to something. `archives` packs work as
learning platforms do.
"""

from __future__ import annotations

import os
from pathlib import Path

from . import damaged, honest, hostile, odd_names
from .entry import Entry, World
from .honest import EXERCISES

KINDS = {"honest": honest.entries, "damaged": damaged.entries, "hostile": hostile.entries, "odd names": odd_names.entries}
NOWHERE = World(Path("/nowhere/handed-in"), Path("/nowhere/graded"), Path("/nowhere/outside"), 1, "secret")

# Each submission that has code takes seconds to be graded behind the wall. So the tests send these there; the rest of the honest and the
# damaged ones is judged in the tests' own process, and of the hostile ones the rest is tried when the whole corpus is asked for.
WHOLE = bool(os.environ.get("VAE_COURSE_WHOLE_CORPUS"))
CHOSEN = """
reference library numpy no-def new-cell helpers-afterwards plots-and-prints courses-own trains-for-ever cells-that-raise nothing-written
only-words one-slip-each two-slips-at-once throws-dice colab right-03-the-reparameterisation-trick slips-in-draws
right-10-adversarial-autoencoder trained-and-typed trained-and-borrowed

no-metadata twice-the-second-right deleted-answer deleted-checks split order syntax-error magics copy-of two-files kernel-of-r utf-16
cut-inside-the-third large nbformat-3
empty-file noise pdf login-page other-json json-list deep-json deep-metadata a-folder a-link-to-the-solution a-link-to-nothing no-cells fifo

reads-the-solution asks-the-package is-the-packages-answer reads-the-tests searches-memory reads-the-environment reads-a-neighbour
looks-through-other-processes writes-the-gradebook forges-results writes-to-every-descriptor writes-outside links-outside mounts-anew
fills-the-disk preloads patches-the-judge patches-torch-and-numpy lies-about-equality runs-when-it-is-read hides-its-names
huge-results huge-repr-and-message floods floods-for-ever takes-all-memory opens-everything fork-bomb exits-at-once
exits-at-the-second-call kills-everybody swallows-every-exception loops-in-c ignores-signals threads-that-never-end
stays-in-the-background network rewrites-the-checks rewrites-the-points words-that-are-code modules-beside
"""
BEHIND_THE_WALL = frozenset(CHOSEN.split())


def names(*kinds: str) -> list[str]:
    """The students of some kinds, in order."""
    return [entry.student for kind in kinds for entry in KINDS[kind](NOWHERE)]


def behind_the_wall() -> list[str]:
    """The students whose work is graded by the command."""
    return [name for name in names(*KINDS) if WHOLE or name in BEHIND_THE_WALL or name in odd_names.NAMES]


def entry(student: str, world: World) -> Entry:
    """What is expected of one student's work."""
    return next(one for entries in KINDS.values() for one in entries(world) if one.student == student)


def write(world: World) -> dict[str, Entry]:
    """Make the folders of those who are graded by the command in `world.handed_in`. Returns their entries by student."""
    chosen, made = set(behind_the_wall()), {}
    for entries in KINDS.values():
        for one in entries(world):
            if one.student not in chosen:
                continue
            assert one.student not in made, f"{one.student} is there twice"
            made[one.student] = one
            folder = world.handed_in / one.student
            folder.mkdir(parents=True)
            one.write(folder)
    return made


__all__ = ["BEHIND_THE_WALL", "EXERCISES", "KINDS", "NOWHERE", "Entry", "World", "behind_the_wall", "entry", "names", "write"]
