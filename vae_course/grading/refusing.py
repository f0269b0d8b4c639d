"""What nbgrader's own autograding meets here. It would run students' code beside the gradebook, as the instructor."""

from __future__ import annotations

from nbconvert.exporters import Exporter
from nbgrader.converters.base import NbGraderException
from traitlets.config import LoggingConfigurable

WORDS = "Marks here come from `python -m vae_course.grading`, which walls students' code off. Run that again; nothing was changed."


class Refusing(Exporter):
    """Named in nbgrader_config.py as what `nbgrader autograde` exports with: it is asked for before anything is deleted or run."""

    def __init__(self, *_, parent: LoggingConfigurable | None = None, **__) -> None:
        if parent is not None:  # the command line ends without a word of what is raised
            parent.log.error(WORDS)
        raise NbGraderException(WORDS)
