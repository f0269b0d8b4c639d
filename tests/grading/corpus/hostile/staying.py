"""Attacks that do not end, stay behind, or talk to somebody."""

from __future__ import annotations

from .attack import LOOKS, Attack

STAYING = (
    Attack(
        "loops-in-an-answer",
        answers={"leaning_kl": "def leaning_kl(mu, scale_tril):\n    while True:\n        pass"},
    ),
    Attack(
        "swallows-every-exception",
        answers={
            "leaning_kl": """def leaning_kl(mu, scale_tril):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass"""
        },
    ),
    Attack(
        "loops-in-c",
        "import itertools\n\nsum(itertools.repeat(0))\nthrough = True",
        flags=frozenset({"slow"}),
    ),
    Attack(
        "ignores-signals",
        """import signal
import time

for number in signal.valid_signals():
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
time.monotonic = time.time = time.perf_counter = time.process_time = lambda: 0.0
while True:
    try:
        while True:
            pass
    except BaseException:
        pass""",
        flags=LOOKS | {"slow"},
    ),
    Attack(
        "threads-that-never-end",
        """import threading
import time


def for_ever():
    while True:
        try:
            time.sleep(1)
        except BaseException:
            pass


for _ in range(5):
    threading.Thread(target=for_ever, daemon=False).start()
through = False""",
    ),
    Attack(
        "stays-in-the-background",
        """import os
import subprocess
import sys
import time

try:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(3):
                os.close(number)
            time.sleep(3)
            try:
                open(OUTSIDE + "/corpus-was-here", "w").close()
            except OSError:
                pass
            time.sleep(1000)
        os._exit(0)
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
    os.system("nohup sleep 1000 >/dev/null 2>&1 &")
except OSError:
    pass
through = False""",
        flags=LOOKS,
    ),
    Attack(
        "asks-for-names",
        """import socket

through = False
try:
    socket.getaddrinfo("example.com", 80)
    through = True
except OSError:
    pass
try:
    with socket.socket() as line:
        line.settimeout(1)
        line.connect(("1.1.1.1", 53))
        through = True
except OSError:
    pass""",
        flags=LOOKS,
    ),
    Attack(
        "network",
        """import socket
import urllib.request

through = False
for family, address in (
    (socket.AF_INET, ("127.0.0.1", PORT)),
    (socket.AF_INET6, ("::1", PORT)),
    (socket.AF_UNIX, OUTSIDE + "/socket"),
    (socket.AF_UNIX, "\\0corpus-" + str(PORT)),
):
    try:
        with socket.socket(family, socket.SOCK_STREAM) as line:
            line.settimeout(1)
            line.connect(address)
            line.sendall(b"corpus-was-here")
            through = True
    except OSError:
        pass
try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"corpus-was-here", ("127.0.0.1", PORT))
except OSError:
    pass
try:
    urllib.request.urlopen(f"http://127.0.0.1:{PORT}/", timeout=1)
except OSError:
    pass""",
        flags=LOOKS,
        tame=True,
    ),
)
