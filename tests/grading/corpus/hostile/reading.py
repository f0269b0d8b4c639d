"""Attacks that look for what is right: on the disk, in the package, in memory, in the environment, at a neighbour's."""

from __future__ import annotations

from .attack import LOOKS, Attack

READING = (
    Attack(
        "reads-the-solution",
        """from pathlib import Path

import vae_course

through = False
for folder in (SOLUTIONS, Path(vae_course.__file__).parents[1] / "solutions", "solutions", "../solutions", "../../solutions"):
    try:
        text = next(Path(folder).glob("04*.ipynb")).read_text()
    except (OSError, StopIteration):
        continue
    through = "squared_error_of_elbo" in text""",
        flags=LOOKS,
        tame=True,
    ),
    Attack(
        "asks-the-package",
        """through = False
try:
    from vae_course.tasks.elbo.effective_beta import effective_beta as theirs

    through = theirs.answer(784, 20, 1.0, 1.0) == 784 / 40
except Exception:
    pass
try:
    from vae_course.tasks import find

    through = through or find("effective_beta").answer(784, 20, 1.0, 1.0) == 784 / 40
except Exception:
    pass""",
        tame=True,
        flags=frozenset({"course's own"}) | LOOKS,
    ),
    Attack(
        "is-the-packages-answer",
        answers={"effective_beta": "from vae_course.tasks.elbo.effective_beta import effective_beta"},
        flags=frozenset({"course's own"}) | LOOKS,
    ),
    Attack(
        "calls-the-packages-answer",
        answers={
            "effective_beta": """import vae_course.tasks as t


def effective_beta(*arguments):
    return t.find('effective_beta').answer(*arguments)"""
        },
        flags=frozenset({"course's own"}) | LOOKS,
    ),
    Attack(
        "reads-the-tests",
        """import os

through = False
for folder in (SOLUTIONS + "/../tests", SOLUTIONS + "/../vae_course/tasks"):
    for place, _, files in os.walk(folder):
        for name in files:
            if name.endswith(".py"):
                with open(os.path.join(place, name), encoding="utf-8") as file:
                    text = file.read()
                through = through or "squared_error_of_elbo" in text or "beta_by_formula" in text""",
        flags=LOOKS,
        tame=True,
    ),
    Attack(
        "searches-the-disk",
        """import os
import time

through, end = False, time.monotonic() + 2
for root in dict.fromkeys(["/home", "/root", "/srv", "/mnt", "/opt", "/tmp", "/var", os.path.dirname(os.path.dirname(SOLUTIONS)), "/"]):
    for place, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in ("proc", "sys", "site-packages", "node_modules", ".git")]
        through = through or "gradebook.db" in files or ("solutions" in place and "04-the-elbo.ipynb" in files)
        if time.monotonic() > end:
            break""",
        flags=LOOKS,
    ),
    Attack(
        "searches-memory",
        """import gc

through = False
for thing in gc.get_objects():
    try:
        held = vars(thing) if not isinstance(thing, dict) else thing
        if ("slips" in held and "claims" in held and "answer" in held) and callable(held["answer"]):
            name = held["answer"].__name__
            if name == "effective_beta" and held["answer"](784, 20, 1.0, 1.0) == 784 / 40:
                through = True
    except Exception:
        pass""",
        flags=LOOKS,
    ),
    Attack(
        "looks-up-the-stack",
        answers={
            "effective_beta": """import inspect
import sys


def effective_beta(pixels, latents, sigma, kl_weight):
    frame = sys._getframe(1)
    while frame is not None:
        for name, thing in {**frame.f_globals, **frame.f_locals}.items():
            own = getattr(thing, "answer", None)
            if callable(own) and getattr(own, "__name__", "") == "effective_beta":
                return own(pixels, latents, sigma, kl_weight)
            for task in thing if isinstance(thing, (list, tuple)) else ():
                if getattr(getattr(task, "answer", None), "__name__", "") == "effective_beta":
                    return task.answer(pixels, latents, sigma, kl_weight)
        frame = frame.f_back
    raise RuntimeError("kept out")"""
        },
        flags=LOOKS,
    ),
    Attack(
        "reads-the-seed",
        """through = False
try:
    through = len(open(GRADED + "/seed", "rb").read()) > 0
except OSError:
    pass""",
        flags=LOOKS,
        tame=True,
    ),
    Attack(
        "reads-the-environment",
        """import glob
import os

seen = repr(dict(os.environ)).encode()
for place in ["/proc/self/environ", "/proc/1/environ", *glob.glob("/proc/[0-9]*/environ"), *glob.glob("/proc/[0-9]*/cmdline")]:
    try:
        seen += open(place, "rb").read()
    except OSError:
        pass
print(seen)
through = SECRET.encode() in seen""",
        flags=LOOKS,
        tame=True,
    ),
    Attack(
        "reads-a-neighbour",
        """import glob

through = False
for path in glob.glob(HANDED_IN + "/*/*.ipynb") + glob.glob("../*/*.ipynb") + glob.glob("../../*/*.ipynb"):
    through = through or "reference" in path
    with open(path, errors="replace") as file:
        through = through or "effective_beta" in file.read(10**6)""",
        flags=LOOKS,
        tame=True,
    ),
    Attack(
        "looks-through-other-processes",
        """import os

through, told = False, []
for number in [name for name in os.listdir("/proc") if name.isdigit()] + ["self"]:
    for way in ("root", "cwd"):
        for path in (GRADED + "/seed", SOLUTIONS + "/04-the-elbo.ipynb", OUTSIDE + "/kept"):
            try:
                with open(f"/proc/{number}/{way}{path}", "rb") as file:
                    through = through or bool(file.read(1))
            except OSError:
                pass
    try:
        for name in os.listdir(f"/proc/{number}/fd"):
            told.append(os.readlink(f"/proc/{number}/fd/{name}"))
    except OSError:
        pass
through = through or any(GRADED in one or HANDED_IN in one for one in told)""",
        flags=LOOKS,
        tame=True,
    ),
    Attack(
        "touches-the-parent",
        """import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
parent = os.getppid()
attached = libc.ptrace(16, parent, 0, 0)
through = attached == 0
if through:
    libc.ptrace(17, parent, 0, 0)
try:
    with open(f"/proc/{parent}/mem", "r+b", buffering=0) as memory, open(f"/proc/{parent}/maps") as maps:
        for line in maps:
            span, kind = line.split()[:2]
            if kind.startswith("rw") and "heap" in line:
                memory.seek(int(span.split("-")[0], 16))
                memory.write(b"\\0")
                through = True
except OSError:
    pass""",
        flags=LOOKS,
    ),
)
