"""The user's cache, filled by one process at a time, whole or not at all. Whatever the network or the disk does is told as `NoData`."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import tarfile
import tempfile
import textwrap
import threading
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import filelock
import platformdirs

Data = TypeVar("Data")

SOCKET_SECONDS = 10.0  # how long a mirror may be silent before the next one is asked
PATIENCE_SECONDS, LEAST_BYTES = 30.0, 30_000  # a download that brings less than so many bytes in so many seconds is given up
LOCK_SECONDS = 300.0  # how long to wait for another process that downloads the same

# What a network, a proxy, a disk and a broken answer can raise: torchvision turns some of it into RuntimeError, urllib tells a
# malformed proxy or host name by ValueError, an archive has errors of its own, and torchvision's reader asserts what a file must be.
# A slip in a program (TypeError, NameError, …) is not among them.
FAULTS = (OSError, http.client.HTTPException, RuntimeError, ValueError, EOFError, zlib.error, tarfile.TarError, AssertionError)


class NoData(Exception):
    """The data is not on this machine and could not be downloaded."""


def load_cached(
    title: str, name: str, fetch: Callable[[str], object], read: Callable[[Path], Data], *, by_hand: str = "", wait: float | None = None
) -> Data:
    """What `read` makes of the folder `name` in the cache; where that is missing or damaged, `fetch` downloads it first.

    title: what a sentence calls it.
    name: of its folder in the cache.
    fetch: a function that downloads the folder `name` into the folder that it is given.
    read: a function of the folder that gives the data, or raises ValueError when a file is missing or damaged.
    by_hand: for a sentence, what must lie in the folder and where it is to be had, when it is got by hand.
    wait: how many seconds another process may take to download it; None for `LOCK_SECONDS`.
    Raises NoData, in one sentence without its full stop, when there is no whole folder and none can be had.
    """
    state = "not on this machine"
    try:
        cache = cache_folder()
        try:
            return read(cache / name)
        except ValueError as fault:
            if os.path.lexists(cache / name):
                state = f"damaged in the cache ({fault})"
        cache.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(cache / f"{name}.lock", wait) as alone:
            with suppress(ValueError):
                return read(cache / name)  # another process was here first
            if alone:
                _clear(cache, name)
            return _fetch_whole(cache, name, fetch, read)
    except FAULTS as error:
        mend = f"it takes a network and a cache that can be written, or VAE_COURSE_DATA naming a folder that holds {name}"
        mend += f" with {by_hand}" if by_hand else ""
        raise NoData(f"{title} is {state} and could not be downloaded ({_reason(error)}; {mend})") from error


def made_once(path: Path, make: Callable[[Path], None], read: Callable[[Path], Data], *, wait: float | None = None) -> Data:
    """What `read` makes of the file at `path` in the cache; where that is missing or damaged, it is made first, whole or not at all.

    make: a function that writes the file at the path that it is given, which lies beside the final one.
    read: a function of the path that gives the data, or raises ValueError when the file is missing or damaged.
    wait: how many seconds another process may take to make it; None for `LOCK_SECONDS`.
    Raises OSError when the cache cannot be written, and whatever `make` raises.
    """
    with suppress(ValueError):
        return read(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(path.with_name(f"{path.name}.lock"), wait) as alone:
        with suppress(ValueError):
            return read(path)  # another process was here first
        if alone:
            _clear(path.parent, path.name)
        with _unfinished(path.parent, path.name) as unfinished:
            make(unfinished / path.name)
            with suppress(FileNotFoundError):
                os.replace(path, unfinished / "damaged")
            os.replace(unfinished / path.name, path)
        return read(path)


def cache_folder() -> Path:
    """Where downloads go. Raises OSError where the system knows no home: a folder called ~ would be made in the working folder."""
    cache = platformdirs.user_cache_path("vae-course")
    if not cache.is_absolute():
        raise OSError(f"the cache would be {str(cache)!r}, expected a full path: set HOME or XDG_CACHE_HOME")
    return cache


@contextmanager
def _one_at_a_time(path: Path, wait: float | None) -> Iterator[bool]:
    """Hold the lock file `path`, which a killed process lets go by itself; True, or False where the file system has no locks.

    Raises OSError when another process keeps it.
    """
    lock = filelock.FileLock(path)
    wait = LOCK_SECONDS if wait is None else wait
    try:
        lock.acquire(timeout=wait)
    except filelock.Timeout as error:
        raise OSError(f"another process has been at work on it for {wait / 60:.0f} minutes") from error
    except (OSError, NotImplementedError):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


@contextmanager
def _unfinished(cache: Path, name: str) -> Iterator[Path]:
    """A folder in the cache for what is on its way to become `name`; gone with all that is in it when this is left."""
    with tempfile.TemporaryDirectory(dir=cache, prefix=f"unfinished-{name}-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _clear(cache: Path, name: str) -> None:
    """Remove what a killed process left unfinished. To be called under the lock of `name`, when nobody else is at work on it."""
    for left in cache.glob(f"unfinished-{name}-*"):
        shutil.rmtree(left, ignore_errors=True)


def _fetch_whole(cache: Path, name: str, fetch: Callable[[str], object], read: Callable[[Path], Data]) -> Data:
    """Fetch into a folder beside the final one, read it there, and move it in place when it is whole."""
    import torchvision.datasets  # noqa: F401  # before the clock of `_while_it_gets_on` runs

    with _unfinished(cache, name) as unfinished:
        before = socket.getdefaulttimeout()
        socket.setdefaulttimeout(SOCKET_SECONDS)
        try:
            _while_it_gets_on(lambda: fetch(str(unfinished)), unfinished)
        finally:
            socket.setdefaulttimeout(before)
        data = read(unfinished / name)
        # The data is read and checked: should another process have been faster, or the disk refuse, it serves all the same.
        with suppress(OSError):
            with suppress(FileNotFoundError):
                os.replace(cache / name, unfinished / "damaged")
            os.replace(unfinished / name, cache / name)
        return data


def _while_it_gets_on(fetch: Callable[[], object], folder: Path) -> None:
    """Run `fetch` as long as `folder` grows: no timeout of a socket ends an answer that trickles, or a name that never resolves.

    Raises what `fetch` raised, or TimeoutError.
    """
    faults: list[BaseException] = []

    def run() -> None:
        try:
            fetch()
        except BaseException as error:
            faults.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    size = 0
    while True:
        thread.join(PATIENCE_SECONDS)
        if not thread.is_alive():
            break
        before, size = size, sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        if size - before < LEAST_BYTES:
            raise TimeoutError(f"only {size - before:,} bytes came in the last {PATIENCE_SECONDS:.0f} seconds")
    if faults:
        raise faults[0]


def _reason(error: Exception) -> str:
    """The fault in a few words: its first line; of what torchvision tells about several mirrors, that of the last."""
    _, _, last = str(error).rpartition(", got:\n")
    lines = last.strip().splitlines() or [type(error).__name__]
    reason = lines[0].removeprefix("<urlopen error ").removesuffix(">")
    if "corrupted" in reason:
        reason = "what came is not the published file: it was cut, or is a page of your network that asks for a log-in"
    elif isinstance(error, http.client.HTTPException):
        reason = f"the answer is broken: {reason}"
    of_the_disk = isinstance(error, OSError) and not isinstance(error, (urllib.error.URLError, ConnectionError, TimeoutError))
    if urllib.request.getproxies().keys() - {"no"} and not of_the_disk:
        reason += ", by way of the proxy that your settings name"
    return textwrap.shorten(reason.replace(".,", ",").rstrip(".:"), 240, placeholder=" …")
