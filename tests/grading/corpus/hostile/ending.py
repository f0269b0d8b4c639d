"""Attacks that end, crash or stop their own process or others'."""

from __future__ import annotations

from ..notebooks import right
from .attack import BY_A_LIMIT, ENDED, LOOKS, SPARED, Attack

ENDING = (
    Attack("exits-at-once", "import os\n\nos._exit(0)", flags=LOOKS | ENDED),
    Attack("exits-politely", "import sys\n\nsys.exit(0)", flags=frozenset({"raised"})),
    Attack(
        "exits-when-called",
        "through = True",
        answers={"leaning_kl": "import os\n\n\ndef leaning_kl(mu, scale_tril):\n    os._exit(0)"},
        points=SPARED | {"effective_beta": 1},
        flags=LOOKS | ENDED,
    ),
    Attack(
        "exits-at-the-second-call",
        "import os\n\ncalls = []\nthrough = True",
        answers={
            "gaussian_log_likelihood": """def gaussian_log_likelihood(x, mean, log_sigma):
    calls.append(1)
    if len(calls) == 2:
        os._exit(0)
"""
            + right("gaussian_log_likelihood").partition("\n")[2]
        },
        points=SPARED | {"effective_beta": 1},
        flags=LOOKS | ENDED,
    ),
    Attack("crashes", "import ctypes\n\nctypes.string_at(0)", flags=LOOKS | ENDED),
    Attack(
        "overflows-the-stack",
        """import sys

sys.setrecursionlimit(10**9)


def down(thing):
    return [down, thing].sort(key=lambda one: down(thing)) or down(thing)


down(1)""",
        perhaps=LOOKS | BY_A_LIMIT,
    ),
    Attack("kills-itself", "import os\nimport signal\n\nos.kill(os.getpid(), signal.SIGKILL)", flags=LOOKS | ENDED),
    Attack(
        "kills-everybody",
        """import os
import signal

for number in (signal.SIGTERM, signal.SIGINT, signal.SIGSTOP, signal.SIGKILL):
    for target in (os.getppid(), 1, 0 - os.getpgid(os.getppid()), -1):
        try:
            os.kill(target, number)
        except OSError:
            pass
through = False""",
        flags=LOOKS,
    ),
    Attack(
        "stops-itself",
        "import os\nimport signal\n\nos.kill(os.getpid(), signal.SIGSTOP)",
        flags=LOOKS | {"slow"},
    ),
)
