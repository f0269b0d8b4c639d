"""How a process behind the wall gives up what it may do, before it runs a line of a student's: limits, its user, calls of the kernel.

None of it can be undone by the process itself. Nothing but Python's own library is needed here.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterator, Mapping

ROOM_OF_LIBRARIES = 4 * 2**30  # addresses that PyTorch takes without using memory for them
MOST_OPEN_FILES = 256
# linux/prctl.h, linux/seccomp.h, linux/filter.h
NO_NEW_PRIVILEGES, SECCOMP, FILTER, DROP_FROM_BOUND = 38, 22, 2, 24
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOWED, REFUSED, NOT_THERE = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
NEW_NAMESPACES = 0x7E020000
LOCAL, INTERNET, INTERNET_6 = 1, 2, 10
# Of each kind of processor: how the kernel calls it, then the numbers of its calls.
CALLS_OF = {
    "x86_64": {
        "architecture": 0xC000003E,
        "clone": 56,
        "clone3": 435,
        "socket": 41,
        # unshare, setns, mounting in its ways, chroot, pivot_root
        "namespaces": (272, 308, 165, 166, 155, 161, 428, 429, 430, 431, 432, 433, 442),
        # tracing, reading other processes, the kernel's programs, counters, page faults, rings and keys, files by handle
        "others": (101, 310, 311, 321, 298, 323, 425, 426, 427, 248, 249, 250, 303, 304),
    },
    "aarch64": {
        "architecture": 0xC00000B7,
        "clone": 220,
        "clone3": 435,
        "socket": 198,
        "namespaces": (97, 268, 40, 39, 41, 51, 428, 429, 430, 431, 432, 433, 442),
        "others": (117, 270, 271, 280, 241, 282, 425, 426, 427, 217, 218, 219, 264, 265),
    },
}


def confine(limits: Mapping[str, int], *, user: int | None, filtered: bool) -> None:
    """Set the limits, become another user (if `user` is one), and give up all rights for good.

    limits: memory, processes, file, processor (seconds). filtered: whether to close calls of the kernel that no answer needs.
    Raises OSError where the system refuses one of these.
    """
    _limit(limits)
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None, use_errno=True)
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    if filtered:
        _drop_capabilities(library)
        _ask(library, NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _filter_calls(library)


def _limit(limits: Mapping[str, int]) -> None:
    try:
        import resource
    except ModuleNotFoundError:  # not a Unix
        return
    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": MOST_OPEN_FILES,
        "RLIMIT_FSIZE": limits["file"],
        "RLIMIT_CPU": limits["processor"],
        "RLIMIT_NPROC": limits["processes"],
        "RLIMIT_DATA": limits["memory"],
        "RLIMIT_AS": limits["memory"] + ROOM_OF_LIBRARIES,
    }
    for name, value in wanted.items():
        if (which := getattr(resource, name, None)) is None:
            continue
        _, hard = resource.getrlimit(which)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))


def _drop_capabilities(library: ctypes.CDLL) -> None:
    """All of them, also those that a program started later could have: what is left of root's rights in a namespace of its own."""
    for capability in range(64):
        library.prctl(DROP_FROM_BOUND, capability, 0, 0, 0)  # refused where there is no such capability, or none to give up
    version_3 = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0))
    if library.capset(version_3, ctypes.create_string_buffer(24)):
        raise OSError(ctypes.get_errno(), "the process could not give up its capabilities")


def _filter_calls(library: ctypes.CDLL) -> None:
    calls = CALLS_OF.get(platform.machine())
    if calls is None:
        return  # another processor: the namespaces have to do
    program = b"".join(_instructions(calls))
    held = ctypes.create_string_buffer(program)
    length_and_address = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(held))
    _ask(library, SECCOMP, FILTER, ctypes.create_string_buffer(length_and_address), 0, 0)


def _instructions(calls: dict) -> Iterator[bytes]:
    """A filter for the kernel, one instruction after the other: refuse or allow a call by its number and its first argument."""

    def one(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
        return struct.pack("HBBI", code, if_so, if_not, value)

    yield one(LOAD, ARCHITECTURE)
    yield from (one(EQUAL, calls["architecture"], 1, 0), one(RETURN, REFUSED))
    yield one(LOAD, NUMBER)
    yield from (one(AT_LEAST, 0x40000000, 0, 1), one(RETURN, REFUSED))  # the same calls under other numbers
    for number in (*calls["namespaces"], *calls["others"]):
        yield from (one(EQUAL, number, 0, 1), one(RETURN, REFUSED))
    yield from (one(EQUAL, calls["clone3"], 0, 1), one(RETURN, NOT_THERE))  # its argument cannot be looked at; libraries then use clone
    yield from (one(EQUAL, calls["clone"], 0, 4), one(LOAD, FIRST_ARGUMENT), one(ANY_BIT, NEW_NAMESPACES, 0, 1), one(RETURN, REFUSED))
    yield one(RETURN, ALLOWED)
    yield from (one(EQUAL, calls["socket"], 1, 0), one(RETURN, ALLOWED), one(LOAD, FIRST_ARGUMENT))
    yield from (one(EQUAL, kind, 0, 1) + one(RETURN, ALLOWED) for kind in (LOCAL, INTERNET, INTERNET_6))
    yield one(RETURN, REFUSED)


def _ask(library: ctypes.CDLL, option: int, *arguments) -> None:
    if library.prctl(option, *arguments):
        raise OSError(ctypes.get_errno(), f"the kernel refused the process's own confinement (prctl {option})")
