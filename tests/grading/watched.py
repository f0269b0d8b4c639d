"""Runs a command and tells which processes it left behind.

python -m tests.grading.watched python -m vae_course.grading …
python -m tests.grading.watched --signal KILL --after 2.5 python -m vae_course.grading …     and sends it a signal after so many seconds

Orphans of the command, however they were born, come to this process instead of the system's first one, so that none gets lost.
The last line that is printed is a JSON object with the command's exit status and the names of those who outlived it.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
PATIENCE = 30.0  # for what ends by itself, on a busy machine


def descendants() -> dict[int, str]:
    """All living processes below this one, with what they were called with."""
    parents, lines = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):  # gone in the meantime
                after_name = (folder / "stat").read_text().rpartition(")")[2].split()
                if after_name[0] != "Z":
                    parents[int(folder.name)] = int(after_name[1])
                    lines[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")[:200]
    mine, before = {os.getpid()}, 0
    while len(mine) != before:
        before = len(mine)
        mine |= {child for child, parent in parents.items() if parent in mine}
    return {number: lines[number] for number in mine - {os.getpid()}}


def interrupted(command: subprocess.Popen, how: str, after: float) -> None:
    """Send a signal after some seconds, if the command is not done by then: as a terminal does to all of it, or to the grader alone."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        command.wait(after)
        return
    if how == "INT":
        os.killpg(command.pid, signal.SIGINT)
    else:
        command.send_signal(signal.Signals[f"SIG{how}"])


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--signal", default="")
    parser.add_argument("--after", type=float, default=0.0)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args(words)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    command = subprocess.Popen(given.command, start_new_session=True)
    if given.signal:
        interrupted(command, given.signal, given.after)
    status = command.wait()
    end = time.monotonic() + PATIENCE
    while (left := descendants()) and time.monotonic() < end:
        time.sleep(0.1)
    for number in left:
        with contextlib.suppress(OSError):
            os.kill(number, signal.SIGKILL)
    print("\n" + json.dumps({"status": status, "left": list(left.values())}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
