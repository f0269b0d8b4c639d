"""What one submission may use: time, memory, processes, files, words."""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """Times are in seconds by the clock, sizes in bytes.

    start: until the program inside is ready, before anything of the student's is run. cell: one cell. training: a cell that trains and is
    no answer. grace: how long after a limit the inside may take to stop by itself before it is killed. run: all processes of one
    submission together. restarts: how many fresh processes follow one that ended itself.
    memory, processes: of all that a student starts, threads among them. file: one file. folder: all files. printed: what is printed, in
    all; the rest is dropped. answer: what one task may hand out.
    """

    start: float = 120.0
    cell: float = 10.0
    training: float = 3.0
    grace: float = 3.0
    run: float = 150.0
    restarts: int = 4
    memory: int = 2048 * MEGABYTE
    processes: int = 64
    file: int = 64 * MEGABYTE
    folder: int = 256 * MEGABYTE
    printed: int = MEGABYTE
    answer: int = 32 * MEGABYTE

    def on_each(self) -> dict[str, int]:
        """What each process is held to by itself, wherever it runs."""
        return {
            "memory": self.memory,
            "processes": self.processes,
            "file": self.file,
            "answer": self.answer,
            "processor": int(self.run) + 5,
        }
