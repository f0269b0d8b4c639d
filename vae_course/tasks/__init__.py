"""Exercise tasks: what each asks for, how an answer is judged, and which slip it is when it is a usual one.

A topic is a folder and a task a file in it: the right answer with its probes, laws, claims, slips and hints. `engine` judges all of them.

To add a task, write `<topic>/<function>.py` after a neighbour: the answer as a student would write it, its docstring as the contract, and what
`@task` asks for. Then three right answers in `tests/tasks/right_answers/<topic>.py`, a cell with the grade id `<function>` and one with
`check(<function>)` in the solution, and `make exercises`, which fills in the answer. `pytest tests/tasks -k <function>` tries just that task.
"""

from .engine import Claim, Mistake, Output, Probe, Slip, Task, Trouble, Verdict
from .engine.judging import verdict_on
from .engine.registry import TOPICS, every_name, find, tasks_of
from .engine.talk import Points, check, hint, progress

__all__ = [
    "TOPICS",
    "Claim",
    "Mistake",
    "Output",
    "Points",
    "Probe",
    "Slip",
    "Task",
    "Trouble",
    "Verdict",
    "check",
    "every_name",
    "find",
    "hint",
    "progress",
    "tasks_of",
    "verdict_on",
]
