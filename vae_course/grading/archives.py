"""What is in a zip, and in the zips in it: listed and read within bounds, and never unpacked to where its names say.

A learning platform packs what students hand in, and students pack what they like: archives of terabytes, names that lead elsewhere, links.
"""

from __future__ import annotations

import lzma
import os
import stat
import struct
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MOST_BYTES = 100_000_000  # of one notebook; what is behind is not read
MOST_PACKED = 300_000_000  # bytes of an archive in an archive
MOST_MEMBERS = 100_000
DEEPEST = 3  # an archive in an archive in an archive
DIRECTORY = 20_000_000  # bytes of the list of members of an archive in an archive
READ_AT_ONCE = 1 << 20
# Others ask for as much memory as their first bytes say.
UNPACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
INSIDE = "!/"  # between an archive in an archive and what is in it
# What zipfile raises for archives that are broken, protected, or made to break it.
FAULTS = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    struct.error,
    OverflowError,
)


class Refused(Exception):
    """An archive that is not opened, and why."""


@dataclass(frozen=True)
class Member:
    """A file in an archive. chain: its name there, after those of the archives in the archive that lead to it.

    time: seconds since 1970, None where there is none. problem: why it can't be read, "" where it can.
    """

    chain: tuple[str, ...]
    time: float | None = None
    problem: str = ""


def open_plainly(path: Path) -> IO[bytes]:
    """Open a file for reading, if it is one: no link, and nothing that one would wait for. Raises OSError."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(f"{path} is no file")
    return os.fdopen(file, "rb")


def is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def members_of(file: IO[bytes], chain: tuple[str, ...] = ()) -> Iterator[Member]:
    """The files in an archive and in the archives in it. Raises Refused when the outermost one cannot be opened."""
    with _opened(file, trusted=not chain) as archive:
        infos = {info.filename: info for info in archive.infolist() if not info.is_dir()}
        if len(infos) > MOST_MEMBERS:
            raise Refused(f"it holds {len(infos):,} files, more than {MOST_MEMBERS:,}")
        for name, info in infos.items():
            here = (*chain, name)
            problem = _problem_of(info)
            if problem or not is_zip(name):
                yield Member(here, _time_of(info), problem)
            elif len(here) > DEEPEST:
                yield Member(here, _time_of(info), "archives in archives are opened three deep")
            else:
                yield from _inside(archive, info, here)


def content_of(file: IO[bytes], chain: Sequence[str], most: int = MOST_BYTES) -> bytes:
    """The first `most` bytes of what `chain` leads to, or as many as can be read of it."""
    with ExitStack() as stack:
        try:
            for depth, name in enumerate(chain[:-1]):
                archive = stack.enter_context(_opened(file, trusted=not depth))
                file = stack.enter_context(_held(archive, archive.getinfo(name)))
            archive = stack.enter_context(_opened(file, trusted=len(chain) == 1))
            info = archive.getinfo(chain[-1])
            return b"" if _problem_of(info) else _read(archive, info, most)
        except (Refused, KeyError, *FAULTS):
            return b""


def first_bytes(file: IO[bytes], most: int = MOST_BYTES) -> bytes:
    """The first `most` bytes of a file that is open, or as many as can be read."""
    found = bytearray()
    try:
        while len(found) < most and (more := file.read(min(READ_AT_ONCE, most - len(found)))):
            found += more
    except FAULTS:  # a checksum that is wrong, at the very end: what came before is there
        pass
    return bytes(found)


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    with archive.open(info) as member:
        return first_bytes(member, most)


def _inside(archive: zipfile.ZipFile, info: zipfile.ZipInfo, chain: tuple[str, ...]) -> Iterator[Member]:
    try:
        with _held(archive, info) as file:
            yield from members_of(file, chain)
    except Refused as reason:
        yield Member(chain, _time_of(info), str(reason))
    except FAULTS as fault:
        yield Member(chain, _time_of(info), f"it can't be read ({fault})")


@contextmanager
def _opened(file: IO[bytes], *, trusted: bool) -> Iterator[zipfile.ZipFile]:
    """An archive. trusted: whether an instructor's platform made it; its list of members may then be of any size."""
    try:
        if not trusted:
            _bound_the_list(file)
        archive = zipfile.ZipFile(file)
    except FAULTS as fault:
        raise Refused(f"it is no zip that can be read ({fault})") from None
    with archive:
        yield archive


def _bound_the_list(file: IO[bytes]) -> None:
    """zipfile builds the whole list of members before anybody can count them. Raises Refused where that is very long."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 65_557))
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at >= 0 and len(tail) >= at + 22:
        count, length = struct.unpack_from("<HI", tail, at + 10)
        if count == 0xFFFF or length > DIRECTORY:
            raise Refused("it holds too many files")
    file.seek(0)


@contextmanager
def _held(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    """A member as a file in which one can go back and forth, gone with the block."""
    with tempfile.TemporaryFile() as held, archive.open(info) as member:
        size = 0
        while more := member.read(READ_AT_ONCE):
            size += len(more)
            if size > MOST_PACKED:
                raise Refused(f"it is larger than {MOST_PACKED // 1_000_000} MB")
            held.write(more)
        held.seek(0)
        yield held


def _problem_of(info: zipfile.ZipInfo) -> str:
    if stat.S_ISLNK(info.external_attr >> 16):
        return "it is a link, which is not followed"
    if info.flag_bits & 1:
        return "it has a password"
    if info.compress_type not in UNPACKED:
        return "it is packed in a way that is not unpacked here"
    return ""


def _time_of(info: zipfile.ZipInfo) -> float | None:
    try:
        return time.mktime((*info.date_time, 0, 0, -1)) if info.date_time[0] > 1980 else None
    except (ValueError, OverflowError):
        return None
