"""Plain values as bytes that cannot carry code: a structure in JSON, and the raw numbers of its tensors behind it.

What a student's code hands out comes from a process in which that code may change anything, the writer below among it. So nothing that
is read here is believed to be more than a claim: "my function gave these numbers". A claim is judged by its numbers, and must be right to
pass. What remains is that right numbers may have been made in another way than by calling the function: whoever can make them has the
points. The reader builds tensors, numbers, strings and containers, and nothing else, within limits that it is told, and says `Malformed` of
everything else. Each request carries a token that its reply has to repeat: what was written before the request was made is told apart.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator

import torch
from torch import Tensor

from ..tasks.engine.claims import FOREIGN
from ..tasks.engine.declaration import Output, Plain, Trouble

TOKEN = 16
START = b"\x93VAE\r\n\x1a\n"
HEAD = struct.Struct(f">{len(START)}s{TOKEN}sQ")
DEEPEST, MOST_NODES, MOST_JSON, MOST_AXES, LONGEST_AXIS = 24, 200_000, 4 * 2**20, 16, 2**31
DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64, torch.complex128),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
    )
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
KINDS_OF_TROUBLE = ("unwritten", "raised", "slow", "unusable")
# Bound before there is a student's code that could put others in their place.
_dumps = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode
_no_subclass = torch._C.DisableTorchFunctionSubclass
_as_plain, _byte, _complex = Tensor.as_subclass, torch.uint8, (torch.complex64, torch.complex128)


class TooLarge(Exception):
    """A value has more bytes than the reader would take."""


class Malformed(Exception):
    """The bytes are not what the writer writes."""


def to_bytes(value: Plain, most: int = 2**62) -> bytes:
    """A plain value as bytes. What is none becomes the string that says so. Raises TooLarge beyond `most` bytes, before they are made."""
    blobs = _Blobs(most)
    structure = _dumps(_structure(value, blobs)).encode("ascii")
    blobs.make_room(len(structure))
    return b"".join([struct.pack(">I", len(structure)), structure, *blobs.parts])


def framed(value: Plain, token: bytes, most: int = 2**62) -> bytes:
    """A value as one message. token: 16 bytes that say which request it belongs to. Raises TooLarge as `to_bytes` does."""
    payload = to_bytes(value, most)
    return HEAD.pack(START, token, len(payload)) + payload


def from_bytes(payload: bytes | bytearray | memoryview) -> Plain:
    """What `to_bytes` wrote. Raises Malformed for anything else, whatever it is."""
    try:
        view = memoryview(payload)
        (size,) = struct.unpack_from(">I", view)
        if size > MOST_JSON:
            raise Malformed(f"a structure of {size} bytes, at most {MOST_JSON} are read")
        structure = json.loads(bytes(view[4 : 4 + size]), parse_constant=_no_constant)
        reading = _Reading(view[4 + size :])
        value = reading.value(structure, 0)
        if reading.rest:
            raise Malformed(f"{len(reading.rest)} bytes behind the last tensor")
        return value
    except Malformed:
        raise
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        RecursionError,
        RuntimeError,
        TypeError,
        ValueError,
        struct.error,
    ) as error:
        raise Malformed(f"{type(error).__name__}: {str(error)[:200]}") from None


def from_output(output: Output) -> Plain:
    """What one call gave, as a plain value."""
    trouble = output.trouble and [output.trouble.kind, output.trouble.words, output.trouble.error]
    return {"values": output.values, "trouble": trouble}


def to_output(value: Plain) -> Output:
    """What one call gave, from `from_output`. Raises Malformed where it is something else."""
    if not isinstance(value, dict) or value.keys() != {"values", "trouble"} or not isinstance(value["values"], dict):
        raise Malformed("no output")
    trouble = value["trouble"]
    if trouble is None:
        _check_gradients(value["values"])
        return Output(value["values"])
    if (
        not isinstance(trouble, list)
        or len(trouble) != 3
        or not all(isinstance(one, str) for one in trouble)
        or trouble[0] not in KINDS_OF_TROUBLE
    ):
        raise Malformed("a trouble of no known kind")
    return Output(trouble=Trouble(trouble[0], trouble[1][:1000], trouble[2][:400]))


def _check_gradients(values: dict[str, Plain]) -> None:
    """These are the calling step's own words, and the judge relies on their form."""
    gradients = values.get("gradients", {})
    if not isinstance(gradients, dict) or not all(one is None or isinstance(one, Tensor) for one in gradients.values()):
        raise Malformed("gradients that are no tensors")
    if not all(isinstance(values.get(name, ""), str) for name in ("gradient trouble", "changed in place")):
        raise Malformed("words that are no words")


class _Blobs:
    """The raw numbers of tensors, one after the other."""

    def __init__(self, most: int) -> None:
        self.parts: list[bytes] = []
        self.left = most

    def make_room(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise TooLarge


def _structure(value: Plain, blobs: _Blobs, depth: int = 0) -> Plain:
    if depth > DEEPEST:
        return f"{FOREIGN}{type(value).__name__}, nested too deeply"
    if isinstance(value, Tensor):
        return _tensor(value, blobs)
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int:
        return value if value.bit_length() < 8000 else f"{FOREIGN}int, of more than two thousand digits"
    if type(value) is float:
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, (list, tuple)):
        inside = [_structure(one, blobs, depth + 1) for one in value]
        return inside if isinstance(value, list) else {"tuple": inside}
    if isinstance(value, dict):
        return {"dict": [[str(key), _structure(one, blobs, depth + 1)] for key, one in value.items()]}
    return f"{FOREIGN}{type(value).__name__}"


def _tensor(value: Tensor, blobs: _Blobs) -> Plain:
    with _no_subclass():
        if value.dtype not in NAMES or value.layout != torch.strided or value.device.type != "cpu":
            return f"{FOREIGN}torch.Tensor of {value.dtype}"
        value = _as_plain(value, Tensor).detach()
        # a tensor that was turned round lies in memory in another order than its axes have, and some functions can tell
        order = sorted(range(value.dim()), key=lambda axis: -value.stride(axis))
        turned = value.resolve_conj().resolve_neg().permute(order)
        if value.is_contiguous() or not turned.is_contiguous():
            order, turned = list(range(value.dim())), turned.permute([order.index(axis) for axis in range(value.dim())])
        blobs.make_room(turned.numel() * value.dtype.itemsize)
        # one number alone may call itself any number of steps long
        flat = turned.contiguous().as_strided((turned.numel(),), (1,))
        blobs.parts.append(flat.view(_byte).numpy().tobytes() if flat.numel() else b"")
        return {"tensor": [NAMES[value.dtype], list(turned.shape), order]}


def _no_constant(name: str) -> Plain:
    raise Malformed(f"the number {name}")


class _Reading:
    """The value that a structure describes, its tensors taken one after the other from `rest`."""

    def __init__(self, rest: memoryview) -> None:
        self.rest, self.nodes = rest, 0

    def value(self, structure: Plain, depth: int) -> Plain:
        self.nodes += 1
        if depth > DEEPEST + 1 or self.nodes > MOST_NODES:
            raise Malformed("too deep, or too many parts")
        if isinstance(structure, str):
            return structure.encode("utf-8", "replace").decode("utf-8")  # half a surrogate could not be written anywhere
        if isinstance(structure, list):
            return list(self._all(structure, depth))
        if not isinstance(structure, dict):
            return structure
        ((kind, inside),) = structure.items()
        if kind == "float":
            return NOT_FINITE[inside]
        if kind == "tuple":
            return tuple(self._all(_a_list(inside), depth))
        if kind == "dict":
            return {self.value(_a_string(key), depth + 1): self.value(one, depth + 1) for key, one in _a_list(inside)}
        if kind == "tensor":
            return self._tensor(*inside)
        raise Malformed(f"a part of kind {kind[:40]!r}")

    def _all(self, parts: list, depth: int) -> Iterator[Plain]:
        return (self.value(part, depth + 1) for part in parts)

    def _tensor(self, name: str, shape: list[int], order: list[int]) -> Tensor:
        """shape: as its numbers lie in memory. order: which axis each of these is."""
        dtype = DTYPES[name]
        if sorted(order) != list(range(len(shape))):
            raise Malformed("axes in no order")
        if len(shape) > MOST_AXES or not all(type(size) is int and 0 <= size < LONGEST_AXIS for size in shape):
            raise Malformed(f"a tensor of shape {str(shape)[:100]}")
        if math.prod(size or 1 for size in shape) > 2**48:
            raise Malformed("a tensor whose shape is too large even for nothing")
        size = math.prod(shape) * dtype.itemsize
        if size > len(self.rest):
            raise Malformed(f"a tensor of {size} bytes, {len(self.rest)} are left")
        taken, self.rest = bytearray(self.rest[:size]), self.rest[size:]
        if not size:
            found = torch.empty(0, dtype=dtype)
        elif dtype == torch.bool:  # a byte may hold more than 0 and 1, a truth value may not
            found = torch.frombuffer(taken, dtype=torch.uint8) != 0
        else:
            found = torch.frombuffer(taken, dtype=dtype)
        return found.reshape(shape).permute([order.index(axis) for axis in range(len(shape))])


def _a_list(value: Plain) -> list:
    if not isinstance(value, list):
        raise Malformed("a container that is no list")
    return value


def _a_string(value: Plain) -> str:
    if not isinstance(value, str):
        raise Malformed("a name that is no string")
    return value
