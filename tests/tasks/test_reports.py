"""Open tasks: a report is read in any layout, each of its numbers counts, and nothing but numbers that agree with one another passes."""

import math
from collections import OrderedDict, namedtuple
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from vae_course.tasks import check, verdict_on
from vae_course.tasks.engine import Output, reports
from vae_course.tasks.engine.judging import IN_A_REPORT, all_probes, judge
from vae_course.tasks.engine.reading import MOST_ENTRIES, as_table, borrowed_by, read_report
from vae_course.tasks.engine.registry import find

from .answers import TASKS

OPEN = [task for task in TASKS if task.open]
each = pytest.mark.parametrize("task", OPEN, ids=lambda task: task.name)
MISTAKES = [pytest.param(task, mistake, id=f"{task.name}-{i}") for task in OPEN for i, mistake in enumerate(task.mistakes)]
BOTTLENECK = find("bottleneck_report")
BASE = [7]
ERRORS, BOUNDS = ("train_error", "test_error", "pca_error"), ("elbo", "bound_10", "bound_100")
MEASURED = (
    *ERRORS,
    *BOUNDS,
    "reconstruction",
    "kl",
    "loss",
    "sigma",
    "mean",
    "variance",
    "distance",
    "mig",
    "own",
    "other",
    "kl_bottom",
    "kl_top",
    "kl_paragraph",
    "kl_sentences",
    "mismatch",
    "vae",
    "gaussian",
    "line",
    "rest",
    "whole",
    "before",
    "after",
    "saved",
    "stranger_loss",
    "auroc",
    "mean_auroc",
    "bits",
    "marginal",
    "bz2",
    "information",
    "exact",
    "rebuilt",
    "apart",
    "real",
)


def handed_in(task, result):
    """The verdict on a report that gives `result`, as the judge finds it in what was read."""
    return judge(task, all_probes(task, 0), [_output(as_table(result))])


def _output(result):
    return Output({"result": result, "borrowed": "nothing"})


def rows_of(task):
    return [dict(run) for run in reports.as_runs(task.answer()["runs"]) or ()]


def with_runs(task, runs):
    return task.answer() | {"runs": runs}


def test_a_topic_has_one_open_task():
    assert [task.name for task in OPEN] == [
        "bottleneck_report",
        "weight_report",
        "gradient_report",
        "bound_report",
        "recipe_report",
        "gap_report",
        "label_report",
        "edit_report",
        "game_report",
        "dropout_report",
        "stack_report",
        "level_text_report",
        "series_report",
        "alarm_report",
        "collapse_report",
        "rivals_report",
        "bits_report",
    ]
    assert all(task.points == 2 for task in OPEN)


@pytest.mark.parametrize(("task", "mistake"), MISTAKES)
def test_a_mistake_is_told_by_the_claim_that_it_breaks(task, mistake):
    """Not by outputs that are those of the reference with a slip: nobody else has its numbers."""
    verdict = handed_in(task, mistake.function())
    assert not verdict.passed
    assert verdict.question == mistake.hint, verdict.words
    assert verdict.kind in ("identity", "contract")


LAYOUTS = {
    "rows": lambda runs: runs,
    "a tuple of rows": tuple,
    "columns": lambda runs: {name: [run[name] for run in runs] for name in runs[0]},
    "columns as tuples": lambda runs: {name: tuple(run[name] for run in runs) for name in runs[0]},
    "a frame": pd.DataFrame,
    "an ordered dictionary": lambda runs: [OrderedDict(sorted(run.items())) for run in runs],
    "named tuples": lambda runs: [namedtuple("Run", run)(**run) for run in runs],
    "series": lambda runs: [pd.Series(run) for run in runs],
    "NumPy's numbers": lambda runs: [{name: one if isinstance(one, str) else np.float64(one) for name, one in run.items()} for run in runs],
    "PyTorch's numbers": lambda runs: [
        {name: one if isinstance(one, str) else torch.tensor(one, dtype=torch.float64) for name, one in run.items()} for run in runs
    ],
    "arrays": lambda runs: {
        name: [run[name] for run in runs] if isinstance(runs[0][name], str) else np.array([run[name] for run in runs]) for name in runs[0]
    },
    "with a column of one's own": lambda runs: [run | {"remark": "slow"} for run in runs],
    "in another order": lambda runs: runs[::-1],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@each
def test_a_right_report_passes_in_any_layout(task, layout):
    verdict = handed_in(task, with_runs(task, LAYOUTS[layout](rows_of(task))))
    assert verdict.passed, verdict.words


@each
def test_a_prediction_that_failed_passes_and_a_false_verdict_does_not(task):
    right = task.answer()
    (column,) = [claim for claim in vars(reports).values() if claim is reports.OF_ITSELF]
    words = {
        "bottleneck_report": ("at every k", "at some k", "at no k"),
        "gradient_report": ("nearer", "farther"),
        "alarm_report": ("both", "one of them", "neither"),
        "bits_report": ("both", "the marginal alone", "bz2 alone", "neither"),
    }.get(task.name)
    words = words or next(
        words for words in (("narrower", "wider"), ("smaller", "larger"), ("lower", "higher")) if words[0] in task.contract
    ) + ("no clear difference",)
    passed = [handed_in(task, right | {"predicted": word, "came_true": came_true}).passed for word in words for came_true in (True, False)]
    assert passed.count(True) == len(words), "one verdict for each prediction"
    assert [any(passed[i : i + 2]) for i in range(0, len(passed), 2)] == [True] * len(words)
    wrong = handed_in(task, right | {"came_true": not right["came_true"]})
    assert wrong.question == column


@each
def test_every_number_counts(task):
    """Each one made NaN, infinite, negative far out, a word, a list, nothing, a truth value: refused, with a question."""
    rows = rows_of(task)
    for number in (0, len(rows) - 1):
        for name in rows[number]:
            for odd in (math.nan, math.inf, -1e9, 1e12, 10**400, "12.5 nats", "", [1.0], None, True, torch.zeros(2), object()):
                runs = rows_of(task)
                runs[number][name] = odd
                verdict = handed_in(task, with_runs(task, runs))
                assert not verdict.passed, (number, name, odd)
                assert verdict.question, (number, name, odd, verdict.words)


@each
def test_a_column_or_a_run_that_is_left_out_is_missed(task):
    names = list(rows_of(task)[0])
    for name in names:
        runs = [{key: one for key, one in run.items() if key != name} for run in rows_of(task)]
        assert handed_in(task, with_runs(task, runs)).question == reports.NO_COLUMN
    for part in reports.PARTS:
        result = {key: one for key, one in task.answer().items() if key != part}
        assert handed_in(task, result).question == reports.NO_PARTS
    assert handed_in(task, with_runs(task, [])).question == reports.TOO_FEW
    assert handed_in(task, with_runs(task, rows_of(task)[:1])).question == reports.TOO_FEW


@each
def test_a_table_of_another_shape_is_told_which_it_has(task):
    rows, columns = rows_of(task), LAYOUTS["columns"](rows_of(task))
    cut = columns | {"seed": columns["seed"][:-1]} if "seed" in columns else None
    for table, told in (({"before": rows[:3], "after": rows[3:6]}, "lists of dictionaries within a dictionary"), (cut, "columns of")):
        if table is not None:
            verdict = handed_in(task, with_runs(task, table))
            assert verdict.question == reports.NO_RUNS
            assert told in verdict.words


@each
def test_a_table_of_whole_numbers_was_not_typed_from_what_was_printed(task):
    rows = rows_of(task)
    found = [name for name in rows[0] if name in MEASURED]
    assert found
    whole = [run | {name: round(run[name]) + 1.0 for name in found} for run in rows]
    assert handed_in(task, with_runs(task, whole)).question == reports.ALL_WHOLE
    whole[0] |= {name: whole[0][name] + 0.4 for name in found}
    assert handed_in(task, with_runs(task, whole)).question != reports.ALL_WHOLE


def test_one_column_of_whole_numbers_is_told_among_others():
    """Where they are many and differ: a control is one number, and may be whole by chance."""
    task = find("rivals_report")
    for name in ("rebuilt", "apart", "distance"):
        verdict = handed_in(task, with_runs(task, [run | {name: float(round(run[name]))} for run in rows_of(task)]))
        assert verdict.question == reports.ALL_WHOLE
        assert repr(name) in verdict.words
    assert handed_in(task, with_runs(task, [run | {"real": 2.0} for run in rows_of(task)])).passed
    rows = [run | {"rebuilt": float(round(run["rebuilt"]))} for run in rows_of(task)]
    assert handed_in(task, with_runs(task, [rows[0] | {"rebuilt": 118.32}, *rows[1:]])).passed


def test_a_sum_is_held_to_the_digits_that_were_typed():
    task = find("collapse_report")
    for digits, off, passes in ((2, 0.0, True), (2, 0.01, True), (2, 0.03, False), (1, 0.1, True), (1, 0.2, False)):
        for name in ("kl", "loss"):
            rows = [{key: round(one, digits) if key in MEASURED else one for key, one in run.items()} for run in rows_of(task)]
            for run in rows:  # to begin with, sums of what was typed
                run["kl"] = round(run["information"] + run["mismatch"], digits)
                run["loss"] = round(run["reconstruction"] + run["kl"] + (off if name == "kl" else 0), digits)
                run["kl"] = round(run["kl"] + (off if name == "kl" else 0), digits)
            rows[0]["loss"] = round(rows[0]["loss"] + (off if name == "loss" else 0), digits)
            assert handed_in(task, with_runs(task, rows)).passed == passes, (digits, off, name)


def test_a_mismatch_may_be_greater_than_the_surplus_where_the_images_are_too_few_to_tell():
    """As in a table that was measured, on 50 images: log 50 is 3.9, and what more is told is taken for mismatch."""
    task = find("collapse_report")
    few = {"test_images": 50, "information": 3.87, "mismatch": 6.96, "kl": 10.83, "reconstruction": 5.20, "exact": 10.75, "loss": 16.03}
    rows = [run | few | {"reconstruction": 5.2 + i / 100, "loss": 16.03 + i / 100} for i, run in enumerate(rows_of(task))]
    verdict = handed_in(task, {"predicted": "no clear difference", "runs": rows, "came_true": True})
    assert verdict.passed, verdict.words


def with_bounds(change):
    """The right report on bounds, with each run changed and the verdict that such runs give."""
    task = find("bound_report")
    return handed_in(task, {"predicted": "no clear difference", "runs": [run | change(run) for run in rows_of(task)], "came_true": True})


def test_bounds_that_no_draws_give_are_refused():
    below = with_bounds(lambda run: {"bound_10": run["elbo"] - 1.0, "bound_100": run["elbo"] - 2.0})
    assert "Did two columns change places" in below.question, "1000 images leave chance less than a nat"
    for change in (lambda run: {"bound_10": run["elbo"], "bound_100": run["elbo"]}, lambda run: {"bound_100": run["bound_10"]}):
        copied = with_bounds(change)
        assert not copied.passed
    assert "Was a column copied" in with_bounds(lambda run: {"bound_10": run["elbo"], "bound_100": run["elbo"]}).question
    few = with_bounds(lambda run: {"test_images": 100, "bound_10": run["elbo"] - 0.9, "bound_100": run["elbo"] - 0.8})
    assert few.passed, "a hundred images leave room to chance"
    task = find("bound_report")
    runs = zip(rows_of(task), (206.3, 206.5, 206.2, 206.4), strict=True)
    collapsed = [run | {"reconstruction": cost, "kl": 0.0} | dict.fromkeys(BOUNDS, -cost) for run, cost in runs]
    verdict = handed_in(task, {"predicted": "no clear difference", "runs": collapsed, "came_true": True})
    assert verdict.passed, verdict.words


def test_gaps_that_are_equal_as_typed_are_equal():
    """A float's last digits are no difference: 167.2 − 164.9 and 122.5 − 120.2 are both 2.3."""
    few, many = [(-167.2, -164.9), (-163.8, -161.6)], [(-122.5, -120.2), (-122.8, -120.4)]
    bounds = [{"elbo": elbo, "bound_10": bound - 0.3, "bound_100": bound} for elbo, bound in few + many]
    task = find("bound_report")
    runs = [run | one | {"reconstruction": -one["elbo"] - run["kl"]} for run, one in zip(rows_of(task), bounds, strict=True)]
    verdict = handed_in(task, {"predicted": "no clear difference", "runs": runs, "came_true": True})
    assert verdict.passed, verdict.words


@pytest.mark.parametrize(("name", "total"), [("bound_report", "elbo"), ("recipe_report", "loss")])
def test_reconstruction_and_kl_in_each_others_columns_are_told_apart(name, total):
    """Also where no KL is so small that it could be no reconstruction."""
    task = find(name)
    sign = 1 if total == "loss" else -1
    terms = [{"reconstruction": 21.5 + number, "kl": 101.25 + number, total: sign * (122.75 + 2 * number)} for number in range(6)]
    runs = [run | one for run, one in zip(rows_of(task), terms, strict=False)]
    assert handed_in(task, with_runs(task, runs)).question == reports.SWAPPED
    right = [run | {"reconstruction": 101.25 + number, "kl": 21.5 + number} for number, run in enumerate(runs)]
    assert handed_in(task, with_runs(task, right)).question != reports.SWAPPED


class Agrees:
    """Equal to everything."""

    def __eq__(self, other):
        return True

    __hash__ = object.__hash__

    def __float__(self):
        return 39.51


class Lies(float):
    """A number that compares as it likes."""

    def __eq__(self, other):
        return True

    __lt__ = __gt__ = __le__ = __ge__ = __eq__
    __hash__ = float.__hash__

    def __float__(self):
        return 39.51

    def __add__(self, other):
        return 0.0


class Word(str):
    __slots__ = ()

    def __eq__(self, other):
        return True

    __hash__ = str.__hash__


class Endless(list):
    def __iter__(self):
        while True:
            yield {}

    def __len__(self):
        return 3


@each
def test_objects_that_agree_with_everything_fool_nobody(task):
    right = task.answer()
    for odd in (Agrees(), Lies(math.nan), Lies(-1e9), Word("yes")):
        runs = rows_of(task)
        for name in runs[0]:
            if name != "seed":
                spoiled = [run | {name: odd} for run in runs]
                assert not handed_in(task, with_runs(task, spoiled)).passed, (name, odd)
        assert not handed_in(task, right | {"predicted": odd}).passed
        assert not handed_in(task, right | {"came_true": odd}).passed
        assert not handed_in(task, right | {"runs": odd}).passed
        assert not handed_in(task, odd).passed
    lying = [{name: Lies(one) if type(one) is float else one for name, one in run.items()} for run in rows_of(task)]
    assert handed_in(task, with_runs(task, lying)).passed, "read as the numbers that they are"


@each
def test_nothing_in_a_table_is_no_missing_return(task):
    runs = rows_of(task)
    for name in runs[0]:
        words = handed_in(task, with_runs(task, [run | {name: None} for run in runs])).words
        assert "None" in words
        assert "return" not in words
    assert "return" not in handed_in(task, task.answer() | {"came_true": None}).words


@each
def test_rows_in_a_list_for_each_setting_are_asked_for_their_form(task):
    """Not told that they are too few: that was never counted."""
    runs = rows_of(task)
    half = len(runs) // 2
    for grouped in ({"few": runs[:half], "many": runs[half:]}, {4: runs[:half], 16: runs[half:]}, [runs[:half], runs[half:]]):
        verdict = handed_in(task, with_runs(task, grouped))
        assert not verdict.passed
        assert verdict.question == reports.NO_RUNS, verdict.words


@each
def test_endless_and_huge_tables_are_cut_and_refused(task):
    run = rows_of(task)[0]
    for huge in (
        Endless([run]),
        [run] * 10_000_000,
        {name: [one] * 1_000_000 for name, one in run.items()},
        {str(i): 1 for i in range(10**6)},
        torch.zeros(10**7),
    ):
        table = as_table(huge)
        assert len(table) <= MOST_ENTRIES
        verdict = handed_in(task, with_runs(task, huge))
        assert not verdict.passed
        assert verdict.question in (reports.TOO_MANY, reports.TOO_FEW, reports.NO_RUNS, reports.NO_COLUMN), verdict.words
    nested = []
    nested.append(nested)
    assert not handed_in(task, with_runs(task, nested)).passed


def test_a_report_stands_by_itself():
    """What it would take from the notebook is named, and it is not called: in grading nothing of that is there."""
    called = []

    def by_closure():
        called.append(1)
        return {}

    def by_global():
        return {"runs": BASE}

    def by_default(runs=BASE):
        return {"runs": runs}

    def by_comprehension():
        return [2 * one for one in BASE]

    def by_helper():
        return rows_of(BOTTLENECK)

    def from_a_file():
        return open("runs.json")  # noqa: SIM115

    def not_there():
        return {"runs": measured_above}  # noqa: F821  # pyright: ignore[reportUndefinedVariable]

    def by_library():
        return {"runs": pd.DataFrame({"x": np.arange(3) * math.pi}), "y": [2 * i for i in range(len([float("nan")]))]}

    def with_a_class():
        class Run(dict):
            name = "k"
            other = name

        return {"runs": [Run(k=2)]}

    assert borrowed_by(with_a_class) == []
    assert read_report(by_closure) == {"result": None, "borrowed": "called"}
    assert not called
    told = {function: borrowed_by(function) for function in (by_global, by_default, by_comprehension, from_a_file, not_there)}
    assert list(told.values()) == [["BASE"], ["runs"], ["BASE"], ["open"], ["measured_above"]]
    assert "BOTTLENECK" in borrowed_by(by_helper)
    assert borrowed_by(by_library) == []
    assert borrowed_by(len) == ["an object of type builtin_function_or_method"]


@pytest.mark.parametrize("source", ["def bottleneck_report():\n    return rows", "def bottleneck_report():\n    fit()\n    return {}"])
def test_names_of_the_notebook_are_refused_in_the_notebook_too(source, capsys):
    room = {"rows": [], "__name__": "__main__"}
    exec("from vae_course import fit", room)
    exec(source, room)
    assert check(room["bottleneck_report"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "type the numbers that you measured into the function" in told
    assert ("rows" in told) != ("fit" in told)


def test_a_report_that_trains_is_told_what_a_report_is():
    def bottleneck_report():
        while True:
            pass

    task = SimpleNamespace(**{name: getattr(BOTTLENECK, name) for name in dir(BOTTLENECK) if not name.startswith("__")} | {"seconds": 0.3})
    verdict = verdict_on(task, bottleneck_report)  # pyright: ignore[reportArgumentType]
    assert verdict.kind == "slow"
    assert verdict.hints == (IN_A_REPORT,)


def test_what_a_learner_reads(capsys):
    report = BOTTLENECK.answer

    def bottleneck_report():
        return {
            "predicted": "at every k",
            "runs": {
                "k": [2, 16, 128],
                "hidden": 400,
                "images": 2_000,
                "epochs": 60,
                "parameters": [630_386, 641_600, 731_312],
                "train_error": [35.1, 8.3, 4.5],
                "test_error": [39.4, 14.5, 9.4],
                "pca_error": [44.1, 21.6, 3.7],
            },
            "came_true": True,
        }

    assert check(report) == 2
    assert capsys.readouterr().out == "✓ bottleneck_report: right, on every probe.\n"
    assert check(bottleneck_report) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "You had predicted 'at every k', and your runs say 'at some k'. Whether it came true is expected: False got: True" in told
    assert "A prediction that failed costs nothing" in told
