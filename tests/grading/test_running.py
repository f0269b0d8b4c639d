"""Submissions run behind the wall: what each thing that goes wrong, or is done on purpose, costs, and what it does not cost."""

import socket
import time
from contextlib import contextmanager

import pytest
import torch

from vae_course.grading.process import Ended, Late, Started
from vae_course.grading.records import Cell, GradingError
from vae_course.grading.running import PROGRAM, run_answers, seed_for, trainers_in, trains

from .misbehaviour import BREAKERS, BYSTANDER, DEADLY, FINE, HELPERS, PEACEFUL, RAISING, RIGHT, STUB, VICTIM
from .walled import SEED, flags_of, graded, handed_in, left_behind, reference, right, wall


@contextmanager
def nothing_left():
    yield
    until = time.monotonic() + 5
    while left_behind() and time.monotonic() < until:
        time.sleep(0.05)
    assert left_behind() == []


def both(victim: str, *helpers: str, **settings):
    """What comes of a submission with this answer, and a right one to another task after it."""
    with nothing_left():
        return graded({VICTIM: victim, BYSTANDER: right(BYSTANDER)}, *helpers, **settings)


def test_an_answer_costs_no_other_answer():
    with nothing_left():
        ran, marks = graded({name: source for name, (source, _) in PEACEFUL.items()})
    assert {name: mark.kind for name, mark in marks.items()} == {name: kind for name, (_, kind) in PEACEFUL.items()}
    assert sum(mark.points for mark in marks.values()) == 2
    assert not ran.flags


@pytest.mark.parametrize(("answer", "kind", "flags"), DEADLY.values(), ids=DEADLY.keys())
def test_an_answer_that_takes_the_process_with_it_costs_no_other_answer(answer, kind, flags):
    ran, marks = both(answer)
    assert marks[BYSTANDER].kind == "passed", (marks[BYSTANDER], ran.flags)
    assert marks[VICTIM].kind == kind or kind is None, marks[VICTIM]
    assert marks[VICTIM].points == (1.0 if kind == "passed" else 0.0)
    assert flags is None or flags_of(ran) == flags


def test_cells_that_are_fine_or_raise_cost_no_answer():
    ran, marks = both(RIGHT, *FINE, *RAISING, cell=60.0)
    assert {mark.kind for mark in marks.values()} == {"passed"}, (marks, ran.flags)
    assert flags_of(ran) == {"raised"}, ran.flags
    first = len(FINE) + 2
    assert [flag.detail.split(":")[0] for flag in ran.flags] == [f"cell {first + number}" for number in range(len(RAISING))]
    for flag, kind in zip(ran.flags, RAISING.values(), strict=True):
        assert kind in flag.detail


@pytest.mark.parametrize(("cell", "flags"), HELPERS.values(), ids=HELPERS.keys())
def test_a_cell_that_takes_the_process_with_it_costs_no_answer(cell, flags):
    ran, marks = both(RIGHT, cell)
    assert {mark.kind for mark in marks.values()} == {"passed"}, (marks, ran.flags)
    assert flags is None or flags_of(ran) == flags, ran.flags


@pytest.mark.parametrize("cell", BREAKERS.values(), ids=BREAKERS.keys())
def test_what_is_broken_inside_wins_nothing(cell):
    wrong = RIGHT.replace("-0.5", "0.7")
    assert wrong != RIGHT
    ran, marks = both(wrong, cell)
    assert marks[VICTIM].points == 0, (marks[VICTIM], ran.flags)


def test_a_forged_reply_is_only_a_claim():
    """The answer finds the program around it, and has it say that all is well with numbers of its own; these are judged."""
    cell = """
import vae_course.grading.notebook as n
def reply(self, request):
    if 'task' in request:
        return [{'values': {'result': torch.zeros(7)}, 'trouble': None} for _ in range(9)]
    return {'state': 'ran', 'words': ''}
n.Notebook.reply = reply
"""
    ran, marks = both(RIGHT, cell)
    assert {mark.points for mark in marks.values()} == {0.0}


@pytest.mark.parametrize(
    "forged",
    [
        "None",
        "3",
        "[]",
        "[3]",
        "{'too large': 'x'}",
        "[{'values': {}, 'trouble': None}] * 500",
        "[{'values': {}, 'trouble': ['passed', 'all', '']}]",
        "[{'values': {'gradients': 3}, 'trouble': None}]",
    ],
)
def test_a_reply_of_any_form_is_survived(forged):
    cell = f"import vae_course.grading.notebook as n\nn.Notebook.reply = lambda self, request: {forged}"
    _, marks = both(RIGHT, cell)
    assert {mark.points for mark in marks.values()} == {0.0}


def test_no_right_answer_is_to_be_found_in_memory():
    """A walk over all objects from within a diagnosis finds no case with its truth, and no name of the judge's."""
    answer = """
def diagnose(reconstruction, kl):
    import gc
    truths = [one['truth'] for one in gc.get_objects() if type(one) is dict and 'truth' in one]
    return next((truth for truth in truths if type(truth) is str), 'healthy')
"""
    ran, marks = graded({"diagnose": answer})
    assert marks["diagnose"].kind == "identity"
    results = {output.values["result"] for output in ran.outputs["diagnose"][:-1]}
    assert results == {"healthy"}


def test_no_listener_of_this_machine_is_reached():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        port = listener.getsockname()[1]
        ran, _ = both(RIGHT, f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=2)")
        assert flags_of(ran) == {"raised"}
        with pytest.raises(TimeoutError):
            listener.accept()


def test_nothing_of_the_graders_environment_is_there(monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_GRADER", "xyzzy")
    look = """
import os, glob
all_of_it = str(dict(os.environ))
for path in glob.glob('/proc/*/environ'):
    try:
        all_of_it += open(path).read()
    except OSError:
        pass
assert 'SECRET' not in all_of_it
"""
    ran, _ = graded({VICTIM: RIGHT}, look)
    assert not ran.flags


def test_processes_that_end_themselves_are_started_again_a_few_times_only():
    tasks = ["gaussian_kl", "leaning_kl", "kl_between", "gaussian_log_likelihood", "renyi_bound", "importance_weighted_bound"]
    deadly = {name: f"def {name}(*arguments):\n    import os; os._exit(0)" for name in tasks[:-1]}
    with nothing_left():
        ran, marks = graded(deadly | {tasks[-1]: right(tasks[-1])})
    assert {mark.points for mark in marks.values()} == {0.0}
    assert set(ran.outputs) == set(tasks)
    assert [flag.detail for flag in ran.flags if "not run" in flag.detail] == ["not run any more: importance_weighted_bound"]


def test_the_whole_run_has_an_end():
    from dataclasses import replace

    short = replace(wall(), limits=replace(wall().limits, run=8.0, cell=100.0))
    rebuilt = handed_in({BYSTANDER: right(BYSTANDER)}, "import time; time.sleep(600)")
    with nothing_left():
        ran = run_answers(rebuilt, reference(BYSTANDER), short, seed=SEED)
    assert ran.seconds < 30
    assert ran.outputs[BYSTANDER][0].trouble.kind == "slow"
    assert {"slow", "stopped"} == flags_of(ran)


def test_cells_share_one_namespace_in_their_order():
    ran, marks = graded({VICTIM: STUB + "return factor * (1 + log_var - mu**2 - log_var.exp()).sum(-1)"}, "factor = 3", "factor = -0.5")
    assert marks[VICTIM].kind == "passed"
    assert not ran.flags


def test_an_answer_whose_cell_raised_after_it_was_defined_counts():
    _, marks = graded({VICTIM: f"{RIGHT}\nprint({VICTIM}(1, 2))"})
    assert marks[VICTIM].kind == "passed"


def test_an_answer_that_is_not_there_says_what_its_cell_raised():
    _, marks = graded({VICTIM: "import a_package_that_is_nowhere\n" + RIGHT})
    assert marks[VICTIM].kind == "raised"
    assert "ModuleNotFoundError: No module named 'a_package_that_is_nowhere'" in marks[VICTIM].words


def test_the_seed_of_an_exercise_is_its_own():
    seeds = {seed_for(seed, name) for seed in (1, 2, "1") for name in ("01-autoencoders", "04-the-elbo")}
    assert len(seeds) == 4
    assert seed_for(1, "04-the-elbo") == seed_for(1, "04-the-elbo")
    assert all(0 <= seed < 2**31 for seed in seeds)


@pytest.mark.parametrize(
    ("source", "so"),
    [
        *(
            ("history = fit(model, data, epochs=3)", True),
            ("for x in data:\n    loss(x).backward()", True),
            ("vae_course.fit (m, d)", True),
        ),
        *(
            ("def train(model):\n    fit(model, data)", False),
            ("outfit(model)", False),
            ("fit = 3", False),
            ("fit(", False),
            ("'fit(x)'\n'a'", True),
        ),
    ],
)
def test_a_cell_that_trains_is_told_by_its_text(source, so):
    assert trains(source) == so


def test_a_cell_that_calls_what_trains_trains():
    sources = (
        "rows = [outer(k) for k in (2, 20)]",
        "def outer(k):\n    return run(k)",
        "def run(k):\n    fit(k)",
        "def look(k):\n    return k",
        "fit(",
    )
    trainers = trainers_in([Cell(source) for source in sources])
    assert trainers == {"run", "outer"}
    assert [trains(source, trainers) for source in (*sources, "look(run)", "x = run(3)")] == [True, False, False, False, False, False, True]


def test_a_report_is_judged_as_it_was_handed_in_when_its_training_is_stopped():
    name = "bound_report"
    training = "def run(seconds):\n    import time\n    time.sleep(seconds)  # .backward()\n    loss.backward()\n\n\nrows = [run(60)]"
    ran, marks = graded({name: right(name)}, training)
    assert flags_of(ran) == {"as handed in"}
    assert ran.seconds < 30
    assert marks[name].kind == "passed"
    ran, marks = graded({VICTIM: RIGHT}, training)
    assert flags_of(ran) == {"slow"}


def test_a_wall_that_no_longer_stands_is_the_graders_matter(tmp_path):
    from dataclasses import replace

    broken = replace(wall(), kit=tmp_path)
    with pytest.raises(GradingError, match="before anything of a student's was run"):
        run_answers(handed_in({VICTIM: RIGHT}), reference(VICTIM), broken, seed=SEED)


def test_a_wire_of_nothing_but_noise_ends(monkeypatch):
    with wall().started("import os\nwhile True:\n    os.write(1, b'noise' * 10000)") as started:
        with pytest.raises(Ended):
            started.ask({"ready": True}, 60)
        assert started.forged


def test_a_program_that_does_not_read_is_not_waited_for():
    with wall().started("import time; time.sleep(600)") as started:
        began = time.monotonic()
        with pytest.raises(Late):
            started.ask({"much": torch.zeros(2**20)}, 1.0)
        assert time.monotonic() - began < 20


def test_the_program_inside_answers_request_by_request():
    with wall().started(PROGRAM) as started:
        assert isinstance(started, Started)
        assert started.ask({"ready": True}, 100) == {"ready": True}
        assert started.ask({"cell": "x = 3", "number": 1, "seconds": 9.0}, 60) == {"state": "ran", "words": ""}
        assert started.ask({"cell": "x / 0", "number": 2, "seconds": 9.0}, 60) == {
            "state": "raised",
            "words": "ZeroDivisionError: division by zero",
        }
        assert started.forged == 0


def test_every_cell_of_a_task_is_run_where_an_answer_is_split():
    cells = (
        Cell("import torch"),
        Cell("def one(x):\n    return x.exp()", VICTIM),
        Cell(RIGHT.replace("log_var.exp()", "one(log_var)"), VICTIM),
    )
    from vae_course.grading.records import Rebuilt

    ran = run_answers(Rebuilt({}, cells, {}, {}), reference(VICTIM), wall(), seed=SEED)
    assert not ran.flags
    assert all(output.trouble is None for output in ran.outputs[VICTIM])
