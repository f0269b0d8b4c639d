"""A plugin for nbval: each notebook's kernel is forked from a process that has read the libraries already, and is there in a moment.

python -m pytest --nbval-lax -p tests.notebooks.warm notebooks/05-train-sample-interpolate.ipynb

A kernel is still a process of its own, with an empty room, and imports the course itself. Only on Linux: elsewhere forking is not safe.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache

from jupyter_client.provisioning import local_provisioner

from .project import ROOT

# None of them may look at import for the IPython that runs it, as pyplot and ipywidgets do.
LIBRARIES = (
    *("torch", "numpy", "scipy.special", "matplotlib.figure", "matplotlib.backends.backend_agg"),
    *("ipykernel.kernelapp", "ipykernel.ipkernel"),
)
# As a kernel sets it before Matplotlib is imported.
BACKEND = "module://matplotlib_inline.backend_inline"
STARTS_A_KERNEL = local_provisioner.launch_kernel


class Forked:
    """As much of `subprocess.Popen` as the manager of a kernel asks for. Its exit status is not known."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def wait(self) -> int:
        return 0  # asked for once `poll` has seen the end

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@cache
def server() -> subprocess.Popen:
    """The process that the kernels of this one are forked from. It ends with this one."""
    return subprocess.Popen([sys.executable, "-m", __name__], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def launch_kernel(command: list[str], **how):
    """In the place of jupyter_client's function of that name."""
    if "ipykernel_launcher" not in command:
        return STARTS_A_KERNEL(command, **how)
    flags = command[command.index("ipykernel_launcher") + 1 :]
    wanted = {"flags": flags, "folder": str(how.get("cwd") or os.getcwd()), "environment": dict(how.get("env") or os.environ)}
    asked, answered = server().stdin, server().stdout
    print(json.dumps(wanted), file=asked, flush=True)
    return Forked(int(answered.readline()))


def serve() -> None:
    """Fork a kernel for each line that comes in, and say its number."""
    os.environ["MPLBACKEND"] = BACKEND
    for name in LIBRARIES:
        __import__(name)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who has ended is gone at once
    for line in sys.stdin:
        if os.fork() == 0:
            be_a_kernel(**json.loads(line))
            return


def be_a_kernel(flags: list[str], folder: str, environment: dict[str, str]) -> None:
    from ipykernel import kernelapp

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()  # before it is known to anyone: it is interrupted, or ended, with all that it starts
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment | {"JPY_PARENT_PID": str(os.getppid())})
    sys.argv[:] = ["ipykernel_launcher", *flags]
    with suppress(ValueError):
        sys.path.remove(str(ROOT))
    print(os.getpid(), flush=True)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    kernelapp.launch_new_instance()


def fork_kernels(setattr_: Callable = setattr) -> None:
    """From now on, where that is safe."""
    if sys.platform == "linux":
        setattr_(local_provisioner, "launch_kernel", launch_kernel)


def pytest_configure() -> None:
    fork_kernels()


if __name__ == "__main__":
    serve()
