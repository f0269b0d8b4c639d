"""Attacks that want to write: marks, results, files outside, whatever the grader or its owner runs next."""

from __future__ import annotations

from .attack import BY_A_LIMIT, LOOKS, Attack

WRITING = (
    Attack(
        "writes-the-gradebook",
        """import sqlite3

through = False
try:
    book = sqlite3.connect(GRADED + "/gradebook.db")
    tables = [name for (name,) in book.execute("select name from sqlite_master where type = 'table'")]
    through = "grade" in tables
    book.execute("update grade set auto_score = 100, manual_score = 100")
    book.commit()
except sqlite3.Error:
    pass""",
        flags=LOOKS,
        tame=True,
    ),
    Attack(
        "searches-and-writes-the-gradebook",
        """import os
import sqlite3
import subprocess
import time

through, end = False, time.monotonic() + 2
folder = os.getcwd()
roots = []
while folder != "/":
    roots.append(folder)
    folder = os.path.dirname(folder)
for root in [*roots, os.path.dirname(GRADED), "/tmp", "/var/tmp"]:
    for place, folders, files in os.walk(root):
        for name in files:
            if name == "gradebook.db":
                try:
                    book = sqlite3.connect(os.path.join(place, name))
                    book.execute("update grade set manual_score = 100")
                    book.commit()
                    through = True
                except sqlite3.Error:
                    pass
        if time.monotonic() > end:
            break
subprocess.run(["sh", "-c", f"echo spoiled > {GRADED}/gradebook.db"], capture_output=True, check=False)""",
        flags=LOOKS,
    ),
    Attack(
        "forges-results",
        """import json
import os

mark = {"task": "effective_beta", "points": 1, "out_of": 1, "kind": "passed", "words": ""}
forged = {"student": "forges-results", "exercise": "04-the-elbo", "marks": [mark]}
for folder in (GRADED + "/results/04-the-elbo", "results/04-the-elbo", "results", ".", ".."):
    for name in ("forges-results.json", "results.json", "result.json", "marks.json", "outputs", "ran.json", "out"):
        try:
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, name), "w") as file:
                json.dump(forged, file)
        except OSError:
            pass
through = False""",
        flags=LOOKS,
    ),
    Attack(
        "writes-to-every-descriptor",
        """import json
import os

forged = json.dumps({"effective_beta": {"passed": True, "points": 1}}).encode() + b"\\n"
for number in range(3, 256):
    for content in (forged, bytes(8) + forged, b"\\xff" * 4096):
        try:
            os.write(number, content)
        except OSError:
            pass
through = False""",
        flags=LOOKS | {"forged"},
    ),
    Attack(
        "closes-every-descriptor",
        """import os

os.closerange(0, 4096)
through = False""",
        flags=LOOKS | {"stopped"},
    ),
    Attack(
        "writes-outside",
        """import os
import shutil
import site
import sys
import tempfile

import torch

places = [OUTSIDE, OUTSIDE + "/inner", HANDED_IN, GRADED, SOLUTIONS, os.path.dirname(torch.__file__), os.path.expanduser("~")]
places += ["/", "/etc", "/usr", "/var/tmp", "/run"]
through = False
for place in [*places, *site.getsitepackages(), os.path.dirname(sys.executable)]:
    try:
        with open(os.path.join(place, "corpus-was-here"), "w") as file:
            file.write("x")
        through = through or place == OUTSIDE
    except OSError:
        pass
kept = OUTSIDE + "/kept"
for act in (
    lambda: os.remove(kept),
    lambda: os.chmod(kept, 0),
    lambda: os.rename(kept, OUTSIDE + "/moved"),
    lambda: shutil.rmtree(HANDED_IN),
    lambda: os.utime(kept, (0, 0)),
):
    try:
        act()
    except OSError:
        pass
through = False""",
        flags=LOOKS,
    ),
    Attack(
        "links-outside",
        """import os

through = False
for number, target in enumerate([OUTSIDE, OUTSIDE + "/kept", GRADED, GRADED + "/gradebook.db", SOLUTIONS, "/etc/passwd"]):
    for make in (os.symlink, os.link):
        try:
            make(target, f"link-{number}-{make.__name__}")
        except OSError:
            pass
for name in os.listdir("."):
    if name.startswith("link"):
        try:
            with open(os.path.join(name, "corpus-was-here") if os.path.isdir(name) else name, "a") as file:
                file.write("corpus-was-here")
                through = True
        except OSError:
            pass
for name in ("results.json", "outputs", "answers", "notebook.ipynb"):
    try:
        os.symlink("/etc/passwd", name)
    except OSError:
        pass""",
        flags=LOOKS,
    ),
    Attack(
        "mounts-anew",
        """import ctypes
import os
import subprocess

libc = ctypes.CDLL(None, use_errno=True)
for flags in (0x10000000, 0x10000000 | 0x20000, 0x20000):
    libc.unshare(flags)
libc.setuid(0)
libc.mount(b"none", OUTSIDE.encode(), b"", 32 | 4096, b"")
libc.mount(b"none", b"/", b"", 32 | 4096, b"")
touch = ["touch", OUTSIDE + "/corpus-was-here"]
for words in (["mount", "-o", "remount,rw", "/"], ["unshare", "-Urm", *touch], ["sudo", "-n", *touch]):
    try:
        subprocess.run(words, capture_output=True, timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):
        pass
try:
    open(OUTSIDE + "/corpus-was-here", "w").close()
except OSError:
    pass
through = False""",
        flags=LOOKS,
    ),
    Attack(
        "fills-the-disk",
        """import os

for folder in (".", "/tmp", "/dev/shm", "/var/tmp", os.path.expanduser("~")):
    try:
        with open(os.path.join(folder, "sparse"), "wb") as file:
            file.truncate(2**44)
        os.remove(os.path.join(folder, "sparse"))
    except OSError:
        pass
    try:
        with open(os.path.join(folder, "full"), "wb") as file:
            for _ in range(4096):
                file.write(bytes(2**20))
    except OSError:
        pass
through = False""",
        flags=LOOKS,
        perhaps=BY_A_LIMIT,
    ),
    Attack(
        "preloads",
        """import os
import sys

for folder in (".", os.path.expanduser("~"), *sys.path):
    for name in ("sitecustomize.py", "usercustomize.py", "evil.pth", "torch.py", "json.py", "vae_course.py"):
        try:
            with open(os.path.join(folder, name), "w") as file:
                file.write(f"import os; open({OUTSIDE!r} + '/corpus-was-here', 'w')")
        except OSError:
            pass
os.environ |= {"LD_PRELOAD": os.path.abspath("evil.so"), "PYTHONPATH": os.getcwd(), "PYTHONINSPECT": "1"}
os.environ["PYTHONSTARTUP"] = os.path.abspath("torch.py")
through = False""",
        flags=LOOKS,
    ),
)
