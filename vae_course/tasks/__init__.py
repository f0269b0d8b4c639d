"""Exercise tasks: what each asks for, how an answer is judged, and which mistake it is when it is a usual one."""

from .declaration import Claim, Mistake, Output, Probe, Task, Trouble, Verdict
from .registry import chapter_names, find, tasks_of
from .talk import Points, check, hint, progress

__all__ = [
    "Claim",
    "Mistake",
    "Output",
    "Points",
    "Probe",
    "Task",
    "Trouble",
    "Verdict",
    "chapter_names",
    "check",
    "find",
    "hint",
    "progress",
    "tasks_of",
]
