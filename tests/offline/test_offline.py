"""The course without a network: nothing but loopback is reached, and only a data set's own mirrors are even asked for."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

GUARD = Path(__file__).parent / "guard"
DATA_MIRRORS = {"ossci-datasets.s3.amazonaws.com", "yann.lecun.com"}


def run_guarded(code: str, tmp_path: Path) -> tuple[str, list[str]]:
    """Run `code` without data and without a network; what it printed, and the hosts that it asked for in vain."""
    log = tmp_path / "network.log"
    environment = {name: value for name, value in os.environ.items() if name != "VAE_COURSE_DATA"}
    environment |= {"PYTHONPATH": str(GUARD), "VAE_COURSE_NETWORK_LOG": str(log), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    asked = log.read_text("utf-8").splitlines() if log.exists() else []
    return done.stdout, [line.split()[-1] for line in asked]


def test_the_guard_refuses_and_writes_down(tmp_path):
    code = """
import socket
for attempt in (lambda: socket.create_connection(("192.0.2.1", 80), 1), lambda: socket.getaddrinfo("example.org", 80)):
    try:
        attempt()
    except OSError as error:
        print("refused:", error)
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname()).close()
print("loopback answers")
"""
    printed, asked = run_guarded(code, tmp_path)
    assert printed.count("refused") == 2
    assert "loopback answers" in printed
    assert asked == ["192.0.2.1", "example.org"]


def test_mnist_falls_back_to_digits_in_one_sentence(tmp_path):
    printed, asked = run_guarded("import vae_course; print(repr(vae_course.load('mnist')))", tmp_path)
    sentence, shown = printed.strip().splitlines()
    assert re.fullmatch(r"MNIST is not on this machine and could not be downloaded .*digits instead\.", sentence)
    assert "1×28×28" in shown
    assert set(asked) <= DATA_MIRRORS
    assert asked, "no download was tried"


def test_colour_images_have_no_stand_in_and_say_so(tmp_path):
    code = """
import vae_course
try:
    vae_course.load("cifar-10")
except ConnectionError as error:
    print(error)
"""
    printed, _ = run_guarded(code, tmp_path)
    assert "CIFAR-10 is not on this machine" in printed
    assert "VAE_COURSE_DATA" in printed


def test_photographs_of_faces_have_no_stand_in_and_name_the_drawn_ones(tmp_path):
    code = """
import vae_course
for name in ("olivetti", "celeba"):
    try:
        vae_course.load(name)
    except ConnectionError as error:
        print(error)
"""
    printed, _ = run_guarded(code, tmp_path)
    assert len(printed.splitlines()) == 2
    assert printed.count('load("faces")') == 2


def test_all_that_is_made_or_shipped_asks_for_nothing(tmp_path):
    code = """
import vae_course.data
for name in vae_course.data.MADE:
    print(name, vae_course.load(name))
"""
    printed, asked = run_guarded(code, tmp_path)
    assert len(printed.splitlines()) > 10
    assert not asked


def test_strokes_are_traced_from_the_digits_that_stand_in_for_mnist(tmp_path):
    printed, asked = run_guarded("import vae_course; print(repr(vae_course.load('strokes')))", tmp_path)
    assert "digits instead." in printed
    assert "digits, strokes: 15,807 training and 360 test examples" in printed
    assert set(asked) <= DATA_MIRRORS


@pytest.mark.skipif("VAE_COURSE_NETWORK_LOG" not in os.environ, reason="reads the log of `make test-offline`")
def test_the_notebooks_asked_for_nothing_but_data():
    log = Path(os.environ["VAE_COURSE_NETWORK_LOG"])
    asked = {line.split()[-1] for line in log.read_text("utf-8").splitlines()}
    assert asked, "no notebook tried to download its data: did they run without it?"
    assert asked <= DATA_MIRRORS
