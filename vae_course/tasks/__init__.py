"""Exercise tasks: what each asks for, how an answer is judged, and which slip it is when it is a usual one.

A topic is a folder and a task a file in it: the right answer with its probes, laws, claims, slips and hints. `engine` judges all of them.
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
