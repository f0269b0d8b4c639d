"""Attacks that use up memory, disk, words or processes."""

from __future__ import annotations

from .attack import BY_A_LIMIT, LOOKS, Attack

USING_UP = (
    Attack(
        "huge-results",
        answers={
            "effective_beta": "def effective_beta(*arguments):\n    return 10 ** 500_000",
            "leaning_kl": "def leaning_kl(mu, scale_tril):\n    return torch.zeros(1, dtype=mu.dtype).expand(10**11)",
            "gaussian_log_likelihood": "def gaussian_log_likelihood(x, mean, log_sigma):\n    return 'x' * 300_000_000",
            "renyi_bound": """def renyi_bound(log_weights, alpha):
    inner = []
    inner.append(inner)
    for _ in range(10**5):
        inner = [inner]
    return inner""",
        },
        perhaps=frozenset({"stopped", "slow", "forged"}),  # whichever limit is met first
    ),
    Attack(
        "huge-repr-and-message",
        """class Long:
    def __repr__(self):
        return "x" * 300_000_000


print(Long())
through = False
Long()""",
        answers={
            "effective_beta": "def effective_beta(*arguments):\n    raise RuntimeError('<script>alert(1)</script>' + 'x' * 100_000_000)"
        },
        flags=frozenset({"flood"}),
    ),
    Attack(
        "floods",
        "import sys\n\nfor _ in range(200):\n    print('x' * 2**20)\n    print('y' * 2**20, file=sys.stderr)\nthrough = False",
        flags=frozenset({"flood"}),
    ),
    Attack(
        "floods-for-ever",
        """import os

line = b'x' * 65536
while True:
    try:
        os.write(1, line)
        os.write(2, line)
    except BaseException:
        pass""",
        flags=LOOKS | {"flood", "slow"},
    ),
    Attack(
        "takes-all-memory",
        "held = []\nwhile True:\n    held.append(bytearray(b'x') * 2**28)",
        perhaps=BY_A_LIMIT,
        otherwise=({},),
    ),
    Attack(
        "swallows-memory-errors",
        """held = []
size = 2**30
while size > 1024:
    try:
        held.append(bytearray(b"x") * size)
    except MemoryError:
        size //= 2
held.clear()
through = False""",
        perhaps=BY_A_LIMIT,
        otherwise=({},),
    ),
    Attack(
        "opens-everything",
        """import os
import threading

import torch

torch.set_num_threads(4096)
files, threads = [], []
try:
    for _ in range(10**6):
        files.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
stop = threading.Event()
try:
    for _ in range(20_000):
        threads.append(threading.Thread(target=stop.wait, daemon=True))
        threads[-1].start()
except Exception:
    pass
stop.set()
for number in files:
    os.close(number)
through = False""",
        flags=LOOKS,
        perhaps=BY_A_LIMIT,
        otherwise=({},),
    ),
    Attack(
        "fork-bomb",
        """import os

while True:
    try:
        os.fork()
    except OSError:
        pass""",
        flags=LOOKS | {"slow"},
    ),
)
