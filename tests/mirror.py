"""A mirror of MNIST on loopback, with tiny files, that can also answer in every wrong way; and processes that load from it."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.server
import io
import multiprocessing
import os
import socket
import struct
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import torch

from vae_course.data import load
from vae_course.data.idx import IDX_FILES

TRAIN, TEST = 30, 12
Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


def idx_bytes(values: torch.Tensor) -> bytes:
    header = struct.pack(f">2xBB{values.dim()}I", 8, values.dim(), *values.shape)
    return header + values.to(torch.uint8).numpy().tobytes()


def tiny_files() -> dict[str, bytes]:
    """The four files of an MNIST with 30 + 12 images made of noise, unpacked."""
    generator = torch.Generator().manual_seed(0)
    files = {}
    for images, labels, n in ((*IDX_FILES[:2], TRAIN), (*IDX_FILES[2:], TEST)):
        files[images] = idx_bytes(torch.randint(256, (n, 28, 28), generator=generator))
        files[labels] = idx_bytes(torch.arange(n) % 10)
    return files


def with_body(body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler):
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def with_bytes(content: bytes) -> Answer:
    """`content` in place of a whole HTTP answer."""
    return lambda handler: handler.wfile.write(content)


def hangs_up(handler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def says_nothing(handler) -> None:
    handler.server.closing.wait()


def trickles(handler) -> None:
    """A byte now and then, for ever: no read ever times out."""
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    trickles_on(handler)


def trickles_on(handler) -> None:
    with contextlib.suppress(OSError):
        while not handler.server.closing.wait(0.02):
            handler.wfile.write(b"x")
            handler.wfile.flush()


class Mirror:
    """What it answers to each path, and what it was asked for. `files` may be changed before `publish`."""

    def __init__(self) -> None:
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                mirror.asked.append(self.path)
                answer = mirror.answers.get(self.path, with_body(b"no such file", 404))
                with contextlib.suppress(OSError):
                    answer(self)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

        self.asked: list[str] = []
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.closing = threading.Event()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        self.publish({f"{name}.gz": gzip.compress(content) for name, content in tiny_files().items()})
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def publish(self, packed: dict[str, bytes]) -> None:
        """Serve these files, and let torchvision know their checksums."""
        self.answers = {f"/{name}": with_body(content) for name, content in packed.items()}
        self.resources = [(name, hashlib.md5(content).hexdigest()) for name, content in packed.items()]

    def answer(self, answer: Answer, *, to: str = "") -> None:
        """Answer so to whoever asks for a file whose name holds `to`."""
        self.answers |= {path: answer for path in self.answers if to in path}

    def stop_answering(self) -> None:
        self.answer(with_body(b"", 503))

    def close(self) -> None:
        self.server.closing.set()
        self.server.shutdown()
        self.server.server_close()


def point_torchvision_at(url: str, resources: list[tuple[str, str]], cache: Path, setattr_=setattr) -> None:
    """Let torchvision's MNIST come from `url`, and the course keep it in `cache`."""
    import platformdirs
    import torchvision

    setattr_(torchvision.datasets.MNIST, "mirrors", [url])
    setattr_(torchvision.datasets.MNIST, "resources", resources)
    setattr_(platformdirs, "user_cache_path", lambda _: cache)
    setattr_(urllib.request, "_opener", None)  # proxies are read from the environment once


def _load(ready, results, url, resources, cache, before) -> None:
    os.environ.pop("VAE_COURSE_DATA", None)
    point_torchvision_at(url, resources, cache)
    if before is not None:
        before()
    printed = io.StringIO()
    ready.wait()
    try:
        with contextlib.redirect_stdout(printed):
            data = load("mnist")
        results.put((data.name, len(data.train), len(data.test), printed.getvalue()))
    except BaseException as error:
        results.put((repr(error), 0, 0, printed.getvalue()))
        raise


def become_nobody(number: int = 65534) -> None:
    """Who may do everything is made somebody who may not: else no folder is closed to the test."""
    if os.getuid() == 0:
        load("digits")  # with all it imports: nobody may not even be able to read Python's own folder
        os.setgid(number)
        os.setuid(number)


class Processes:
    """`n` processes that load MNIST from `mirror` into `cache`, all let go at the same moment. before: run in each of them first."""

    def __init__(self, n: int, mirror: Mirror, cache: Path, before: Callable[[], None] | None = None) -> None:
        # Python and torch are imported once, by a server from which each process is forked in a moment.
        context = multiprocessing.get_context("forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn")
        if context.get_start_method() == "forkserver":
            context.set_forkserver_preload(["torchvision", "sklearn.datasets", "tests.mirror"])
        self.ready, self.results = context.Barrier(n + 1), context.Queue()
        arguments = (self.ready, self.results, mirror.url, mirror.resources, cache, before)
        self.all = [context.Process(target=_load, args=arguments, daemon=True) for _ in range(n)]
        for process in self.all:
            process.start()
        self.ready.wait(120)

    def outcomes(self, expected: int | None = None) -> list[tuple[str, int, int, str]]:
        """What each of them got: name, training examples, test examples, what it printed."""
        found = [self.results.get(timeout=120) for _ in range(len(self.all) if expected is None else expected)]
        for process in self.all:
            process.join(120)
        return found


def wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(6000):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("waited in vain")
