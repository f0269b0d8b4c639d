"""The names of all flags, and what each tells the instructor. A flag costs no points."""

from __future__ import annotations

from .records import Flag

MEANINGS = {
    # of the file
    "renamed": "The file has another name than the exercise.",
    "several files": "More than one file for this exercise; the newest is graded, the others are listed.",
    "not a notebook": "Nothing in the file can be read as a notebook. It has no points, and needs a person.",
    "mended": "The file was damaged (cut off, or not JSON); the cells that could be saved are graded.",
    "encoding": "The file is not UTF-8; it was read as what it seems to be.",
    "large": "The file is large; outputs were left out.",
    "kernel": "The notebook names a kernel that is not Python's usual one.",
    "not run": "No cell of the file was run before it was handed in.",
    # of its cells
    "no metadata": "The cells had lost their marks (grade ids); answers were found by the names of their functions.",
    "missing": "There is no cell for this answer.",
    "twice": "An answer is there more than once; the last one that is written counts.",
    "order": "The answers stand in another order than in the exercise.",
    "split": "An answer is spread over several cells; they are run together.",
    "locked": "A cell that belongs to the exercise was changed or deleted; the reference's is used.",
    "magics": "Lines that begin with % or ! were dropped.",
    "course's own": "The answer calls the course's own function for this, or one beside it. Is that what was asked?",
    "looks around": "The code reaches for what no answer needs: other processes, the network, files outside, the judge.",
    # of the run
    "raised": "A cell that is no answer raised an error.",
    "slow": "A cell was stopped after its time.",
    "stopped": "The whole run was stopped or ended itself; what had been handed out until then counts.",
    "flood": "What was printed passed the limit; the rest was dropped.",
    "forged": "What came out was not in the form that the grader reads; it was not used.",
    "as handed in": "A cell that trains was stopped; the report on it was judged with the numbers that were handed in.",
    "not graded": "The grader itself failed on this one. It has no points, and needs a person; it is tried again the next time.",
    "unwalled": "This was run without a wall, as the instructor asked.",
    "same answers": "These answers are the same as another student's, but for names and comments. This is no verdict.",
}


def flag(name: str, detail: str = "") -> Flag:
    """A flag with a name that is in the list. Raises KeyError for another."""
    if name not in MEANINGS:
        raise KeyError(f"there is no flag {name!r}, expected one of: {', '.join(MEANINGS)}.")
    return Flag(name, detail)
