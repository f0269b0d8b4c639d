"""A kernel that was forked is like any other: a process of its own, an empty room, the folder and the variables that it was given."""

import os
import sys
import threading
import time

import pytest
from jupyter_client.manager import start_new_kernel

from tests.notebooks import warm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux alone")


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Two kernels, with what speaks to each."""
    warm.fork_kernels(monkeypatch.setattr)
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"} | {"ONLY_HERE": "yes"}
    kernels = [start_new_kernel(kernel_name="python3", cwd=str(tmp_path), env=environment) for _ in range(2)]
    yield kernels
    for manager, client in kernels:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def said(client, code: str) -> str:
    told = []
    reply = client.execute_interactive(code, output_hook=lambda message: told.append(message["content"].get("text", "")), timeout=60)
    return "".join(told) if reply["content"]["status"] == "ok" else reply["content"]["ename"]


def test_a_forked_kernel_is_like_any_other(started, tmp_path):
    (manager, client), (_, neighbour) = started
    assert isinstance(manager.provisioner.process, warm.Forked)
    pid, group = map(int, said(client, "import os; print(os.getpid(), os.getpgid(0))").split())
    assert pid == group == manager.provisioner.pid
    assert said(client, "print(os.getcwd(), os.environ['ONLY_HERE'])") == f"{tmp_path} yes\n"
    assert said(client, "import sys; print(__name__, 'vae_course' in sys.modules, 'pytest' in sys.modules)") == "__main__ False False\n"
    assert said(client, "print([name for name in globals() if not name.startswith('_')][:4])") == "['In', 'Out', 'get_ipython', 'exit']\n"
    assert "inline" in said(client, "import matplotlib.pyplot as plt; print(plt.get_backend())")
    assert said(client, "import subprocess; print(subprocess.run(['sh', '-c', 'exit 3']).returncode)") == "3\n"
    assert said(client, "x = 1") == ""
    assert said(neighbour, "x") == "NameError"
    manager.shutdown_kernel()
    assert not manager.is_alive()
    assert said(neighbour, "print(2)") == "2\n"


def test_it_is_interrupted_and_a_dead_one_is_seen(started):
    manager, client = started[0]
    threading.Timer(1, manager.interrupt_kernel).start()
    assert said(client, "import time\nwhile True: time.sleep(0.1)") == "KeyboardInterrupt"
    client.execute("import os; os._exit(1)")
    for _ in range(600):
        if not manager.is_alive():
            return
        time.sleep(0.1)
    pytest.fail("it is still there")
