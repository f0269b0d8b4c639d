"""The claims on a report: that it has the form which was asked for, and that its numbers agree with one another.

What is judged is never how large a number is, nor whether a prediction came true: only whether the table could have been measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .claims import described
from .declaration import Claim, Plain

PARTS = ("predicted", "runs", "came_true")
MOST_RUNS = 60
# By how much a number may be off that was rounded to one decimal.
ROUNDED = 0.051
# Of so many different numbers with one decimal it is no chance that all of them are whole; of numbers so large nobody asks for the decimal.
ALL_BY_CHANCE, LARGE = 4, 10_000
Run = dict[str, Any]

BORROWED = "A report is checked as it was handed in, and nothing is trained again: type the numbers that you measured into the function, and take none from outside it. Where does this name come from?"
NO_PARTS = "A report is a dictionary of three entries: what was predicted, the runs, and whether it came true. Which of them is missing, or called otherwise?"
NO_RUNS = "Runs are a list with a dictionary for each, or a dictionary with a list for each column, all of one length. What are yours?"
TOO_FEW = "So few runs can't answer the question. Which comparison does the prediction speak of, and how many runs does that take?"
TOO_MANY = "Nobody reads a table of so many runs. Which of them does the prediction speak of?"
NO_COLUMN = "Every run has every column. Is one left out, or called otherwise than the contract calls it?"
WITH_UNIT = "A bare number is wanted, with no quotation marks and no unit: 27.1, and not '27.1 nats'. The contract says what it is measured in."
NO_NUMBER = "A number is wanted, one for each run. Was it measured? Is there a list, or nothing, where it should stand?"
NOT_FINITE = "NaN or infinity is no measurement: that run broke. Look at its learning rate, mend it and run it again, or report other runs."
NOT_WHOLE = "This is counted or chosen, so it is a whole number. Did two columns change places?"
OTHER_WORD = "This column has one of a few words. Is yours spelt as the contract spells it?"
NO_PREDICTION = "The prediction is one of the answers that the contract names, written down before training. Is yours spelt so?"
NO_VERDICT = "Whether it came true is True or False, with no quotation marks. What did your runs say?"
OF_ITSELF = "A prediction that failed costs nothing; a verdict that its own numbers contradict does. Go by the rule of the contract, run by run: what do yours say?"
COPIED = "Two runs with other settings agree in every digit that was measured. Was one copied, or was the setting never changed?"
TOLD_TWICE = "Two runs have the same settings and the same seed, so they are one run told twice. Which setting was to change?"
ALL_WHOLE = "A measured number comes with digits after the point. One decimal or finer is asked for: which ones did your runs print?"
SWAPPED = "The KL is greater than the reconstruction, and the latter better than a decoder of these pixels gets. Did the two columns change places?"
NO_SIZE = "This can't be. Did two columns change places?"
PER_PIXEL = "So little costs no image of 784 pixels. Is it summed over pixels, in nats, or a mean over them? Has it the sign of a loss, and its own column?"
PER_BATCH = "So much costs not even a decoder that knows nothing. Is it averaged over images, or a sum over a batch? Do pixels lie in [0, 1]?"
NEGATIVE = "A KL is never below 0. Which sign has yours?"
CHANGED_PLACES = "With the greater weight your KL is greater and your reconstruction smaller: each of the two models is better at what the other was trained for. Did the weights change places?"
SAME_IMAGES = "More images would be another change. On how many was each of yours trained?"
SAME_EPOCHS = "A longer training would be another change. How long was each of yours?"
ONE_CHANGE = "The runs differ in more than one setting, so that no one can tell which of them made the difference. Which one was to change?"


@dataclass(frozen=True)
class Column:
    """One column of a report. kind: "count" for whole numbers, "number", or "word" for one of `words`.

    low, high: between what a sound run can lie, loosely; too_low, too_high: what to ask where it does not.
    measured: whether it comes out of a run; the others are settings.
    """

    name: str
    kind: str = "number"
    low: float = -math.inf
    high: float = math.inf
    too_low: str = ""
    too_high: str = ""
    words: tuple[str, ...] = ()
    measured: bool = False


def setting(name: str, low: float, high: float, asked: str, *, kind: str = "count") -> Column:
    """A setting of a run, a whole number unless `kind` says otherwise. asked: the question where it lies outside of low to high."""
    return Column(name, kind, low, high, asked, asked)


def measured(name: str, low: float, high: float, too_low: str, too_high: str) -> Column:
    """What came out of a run."""
    return Column(name, "number", low, high, too_low, too_high, measured=True)


def hangs_together(
    columns: Sequence[Column],
    *,
    least: int,
    predictions: tuple[str, ...],
    outcome: Callable[[list[Run]], str],
    rules: Callable[[list[Run]], Iterable[Claim]],
) -> Callable[..., Iterator[Claim]]:
    """The claims of an open task: form, ranges, what `rules` say of the runs, and the verdict on the prediction.

    least: how many runs there are at the least. outcome: runs -> which of the `predictions` they bear out; asked when all else holds.
    """

    def claims(values: dict[str, Plain], /, **_: Plain) -> Iterator[Claim]:
        yield Claim("Your report takes from outside itself", "nothing", values["borrowed"], kind="contract", question=BORROWED)
        result = values["result"]
        parts = [name for name in PARTS if isinstance(result, dict) and name in result]
        yield Claim("Your report has the entries", PARTS, tuple(parts) if parts else described(result), kind="contract", question=NO_PARTS)
        runs = as_runs(result["runs"])
        form = "a list of dictionaries, one a run"
        yield Claim("The runs are", form, form if runs is not None else _table(result["runs"]), kind="contract", question=NO_RUNS)
        assert runs is not None
        for bound, asked in ((max(len(runs), least), TOO_FEW), (min(len(runs), MOST_RUNS), TOO_MANY)):
            yield Claim("The number of runs is at least" if asked is TOO_FEW else "The number of runs is at most", bound, len(runs), kind="contract", question=asked)
        for number, run in enumerate(runs, 1):
            yield from _of_form(number, run, columns)
        told = f"one of {', '.join(map(repr, predictions))}"
        predicted, came_true = result["predicted"], result["came_true"]
        yield Claim("The prediction is", told, told if type(predicted) is str and predicted in predictions else _seen(predicted), kind="contract", question=NO_PREDICTION)
        yield Claim("Whether it came true is", "True or False", "True or False" if type(came_true) is bool else _seen(came_true), kind="contract", question=NO_VERDICT)
        runs = [{column.name: run[column.name] for column in columns} for run in runs]
        for number, run in enumerate(runs, 1):
            yield from _in_range(number, run, columns)
        numbers = [run[column.name] for run in runs for column in columns if column.measured]
        yield _to_one_decimal("What was measured", numbers)
        for column in columns:
            numbers = [run[column.name] for run in runs if column.measured]
            if len(set(numbers)) >= ALL_BY_CHANCE and max(map(abs, numbers)) < LARGE:
                yield _to_one_decimal(repr(column.name), numbers)
        yield from _no_two_alike(runs, columns)
        yield from rules(runs)
        found = outcome(runs)
        identity = f"You had predicted {predicted!r}, and your runs say {found!r}. Whether it came true is"
        yield Claim(identity, found == predicted, came_true, question=OF_ITSELF)

    return claims


def as_runs(table: Plain) -> list[Run] | None:
    """The runs of a table, given as rows or as columns; None where it is neither. A column of one value has it in every run."""
    if isinstance(table, dict):
        lengths = {len(column) for column in _columns(table)}
        if len(lengths) != 1 or _holds_rows(table):
            return None
        columns = [column if isinstance(column, list) else [column] * max(lengths) for column in table.values()]
        return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]
    if isinstance(table, list) and all(isinstance(run, dict) for run in table):
        return table
    return None


def _columns(table: Plain) -> list[list]:
    """The lists among a dictionary's entries; of anything else none."""
    return [column for column in table.values() if isinstance(column, list)] if isinstance(table, dict) else []


def _holds_rows(table: Plain) -> bool:
    """Rows, in one list for each setting, where columns would stand?"""
    return any(isinstance(cell, dict) for column in _columns(table) for cell in column)


def _table(table: Plain) -> str:
    """What a table is that is none, for a person."""
    if _holds_rows(table):
        return "lists of dictionaries within a dictionary"
    lengths = sorted({len(column) for column in _columns(table)})
    return f"columns of {lengths[0]} and of {lengths[-1]} entries" if len(lengths) > 1 else described(table)


def clearly(changed: Sequence[float], before: Sequence[float], words: tuple[str, str, str]) -> str:
    """Which of the words (smaller, greater, neither) two groups of runs bear out: all of one must lie on one side of all of the other."""
    if max(changed) < min(before):
        return words[0]
    return words[1] if min(changed) > max(before) else words[2]


def at_least(identity: str, bound: float, got: float, *, room: float, question: str) -> Claim:
    """The claim that a number is not below a bound, but for `room`."""
    return Claim(identity, float(max(bound, got)), float(got), room, question=question)


def not_swapped(number: int, run: Run) -> Claim:
    """The claim that reconstruction and KL, in nats an image, stand in their own columns.

    Where the KL has its full weight, no decoder of these images comes below 50 nats with a KL above that.
    """
    return at_least(f"Run {number}: 'reconstruction' is at least", min(run["kl"], 50.0), run["reconstruction"], room=0.0, question=SWAPPED)


def adds_up(number: int, run: Run, question: str, *, kls: Sequence[str] = ("kl",)) -> Claim:
    """The claim that reconstruction and KL, or the KLs of both levels, together are the loss, each of them rounded to one decimal."""
    total = run["reconstruction"] + sum(run[name] for name in kls)
    told = "KL" if len(kls) == 1 else "both KLs"
    return Claim(f"Run {number}: reconstruction + {told} is", float(total), float(run["loss"]), (2 + len(kls)) * ROUNDED, question=question)


def same_in_all(runs: Sequence[Run], name: str, question: str) -> Claim:
    """The claim that a column has one value."""
    found = sorted({run[name] for run in runs})
    return Claim(f"The number under {name!r} is one for all runs", str(found[0]), ", ".join(map(str, found)), question=question)


def two_groups(runs: Sequence[Run], name: str, *, by: str = "seed", least: int, question: str) -> Claim:
    """The claim that a column has two values, each with the same seeds, `least` of them or more."""
    groups = [sorted(run[by] for run in runs if run[name] == value) for value in sorted({run[name] for run in runs})]
    sound = len(groups) == 2 and groups[0] == groups[1] and len(set(groups[0])) == len(groups[0]) >= least
    expected = f"two values of {name!r}, each with the same {least} seeds or more"
    told = "; ".join(f"{len(group)} with seeds {', '.join(map(str, group))}" for group in groups[:6])
    return Claim("Your runs have", expected, expected if sound else f"{len(groups)} value{'s' * (len(groups) != 1)} of {name!r}: {told}", question=question)


def split_by(runs: Sequence[Run], name: str, value: str) -> tuple[list[float], list[float]]:
    """The numbers under `value` of the runs where a column is at its lower value, and where it is at its higher one."""
    low, high = min(run[name] for run in runs), max(run[name] for run in runs)
    return [run[value] for run in runs if run[name] == low], [run[value] for run in runs if run[name] == high]


def to_two_decimals(runs: Sequence[Run], name: str, question: str) -> Claim:
    """The claim that a column was not rounded to one decimal throughout; of four runs or more, chance does not make it so."""
    coarse = len(runs) >= 4 and all(run[name] == round(run[name], 1) for run in runs)
    return Claim(f"{name!r} is given to", "two decimals or finer", "one decimal" if coarse else "two decimals or finer", question=question)


def weights_in_place(runs: Sequence[Run], name: str) -> Claim:
    """The claim that the runs with the greater weight of the KL are not the better ones at both what it costs and what it buys.

    name: of the column with the weight. Means over seeds that differ by less than a nat are left alone.
    """
    kl, reconstruction = ([sum(numbers) / len(numbers) for numbers in split_by(runs, name, one)] for one in ("kl", "reconstruction"))
    swapped = kl[1] > kl[0] + 1.0 and reconstruction[1] < reconstruction[0] - 1.0
    told = "no greater KL, or no smaller reconstruction"
    return Claim("With the greater weight there is, on average", told, "a greater KL and a smaller reconstruction" if swapped else told, question=CHANGED_PLACES)


def _of_form(number: int, run: Run, columns: Sequence[Column]) -> Iterator[Claim]:
    names = tuple(column.name for column in columns)
    missing = [name for name in names if name not in run]
    yield Claim(f"Run {number} has the columns", ", ".join(names), ", ".join(names) if not missing else ", ".join(map(str, list(run)[:20])), kind="contract", question=NO_COLUMN)
    for column in columns:
        identity = f"Run {number}, {column.name!r} is"
        got: Plain = run[column.name]
        if column.kind == "word":
            told = f"one of {', '.join(map(repr, column.words))}"
            yield Claim(identity, told, told if type(got) is str and got in column.words else _seen(got), kind="contract", question=OTHER_WORD)
            continue
        is_number = type(got) in (int, float)
        yield Claim(identity, "a number", "a number" if is_number else _seen(got), kind="contract", question=WITH_UNIT if type(got) is str else NO_NUMBER)
        finite = isinstance(got, (int, float)) and abs(got) < 1e15  # not of a NaN
        yield Claim(identity, "finite", "finite" if finite else f"{float(got) if type(got) is float else 'an integer of very many digits'}", kind="contract", question=NOT_FINITE)
        if column.kind == "count":
            yield Claim(identity, "a whole number", "a whole number" if got == int(got) else _seen(got), kind="contract", question=NOT_WHOLE)


def _to_one_decimal(what: str, numbers: Sequence[float]) -> Claim:
    told = "one decimal or finer"
    return Claim(f"{what} is given to", told, "whole numbers" if all(one == int(one) for one in numbers) else told, question=ALL_WHOLE)


def _in_range(number: int, run: Run, columns: Sequence[Column]) -> Iterator[Claim]:
    for column in columns:
        if column.kind != "word":
            got = float(run[column.name])
            for bound, asked, told in ((max(got, column.low), column.too_low, "small"), (min(got, column.high), column.too_high, "large")):
                yield Claim(f"Run {number}, {column.name!r} is too {told} for what it should be; the nearest that could be", float(bound), got, question=asked)


def _no_two_alike(runs: list[Run], columns: Sequence[Column]) -> Iterator[Claim]:
    settings = [column.name for column in columns if not column.measured]
    found = [column.name for column in columns if column.measured]
    for names, asked, told in ((settings, TOLD_TWICE, "same settings"), (found, COPIED, "same measured numbers")):
        first: dict[tuple, int] = {}
        again = next((f"{first[key]} and {number}" for number, run in enumerate(runs, 1) if first.setdefault(key := tuple(run[name] for name in names), number) != number), "none")
        yield Claim(f"The runs with the {told} are", "none", again, question=asked)


def _seen(value: Plain) -> str:
    """What stands there, for a person."""
    if value is None:
        return "None"  # in a table, which was returned
    if isinstance(value, (bool, int, float)):
        return f"{value!r:.40}"
    return described(value)
