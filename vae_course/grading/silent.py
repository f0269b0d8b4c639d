"""What stands in the place of the tasks while work is graded: checks that say nothing. The marks are made elsewhere."""

from __future__ import annotations

from collections.abc import Callable


def check(function: Callable, name: str | None = None, *, seed: int = 0) -> float:
    """Say nothing, and give no points."""
    return 0.0


def hint(task: str | Callable) -> None:
    """Say nothing."""


def progress(*, reset: bool = False) -> None:
    """Say nothing."""


__all__ = ["check", "hint", "progress"]
