"""The wire: plain values come through as they are, and nothing else comes through at all."""

import json
import math
import pickle
import struct

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_course.grading import wire
from vae_course.tasks.engine import Output, Trouble

from .test_kit import same

VALUES = [
    *(None, True, False, 0, -3, 2**70, 1.5, 0.1, -0.0, 5e-324, math.inf, -math.inf, math.nan, "", "σ² ∞ \U0001f600", "\x00"),
    *((), [], {}, (1,), [1, 2.0], {"a": (None, [True])}, {"1": {"2": [(((3,),),)]}}),
    *(torch.arange(6).reshape(2, 3), torch.tensor(2.5), torch.empty(0, 4), torch.tensor([True, False]), torch.tensor([math.nan, math.inf])),
    {"result": torch.linspace(-1, 1, 6, dtype=torch.float64).reshape(3, 2), "gradients": {"mu": torch.ones(2), "b": None}},
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_a_plain_value_comes_through(value):
    assert same(value, wire.from_bytes(wire.to_bytes(value)))


@pytest.mark.parametrize("dtype", wire.NAMES, ids=str)
def test_every_dtype_comes_through(dtype):
    value = torch.tensor([[0, 1, 1], [1, 0, 0]]).to(dtype)
    assert same(value, wire.from_bytes(wire.to_bytes(value)))


@pytest.mark.parametrize("turned", [(2, 0, 1), (1, 0, 2), (2, 1, 0)])
def test_a_tensor_that_was_turned_round_lies_in_memory_as_it_did(turned):
    value = torch.randn(2, 3, 4).permute(turned)
    found = wire.from_bytes(wire.to_bytes(value))
    assert torch.equal(found, value)
    assert found.stride() == value.clone().stride()


@pytest.mark.parametrize(
    "value",
    [
        torch.randn(4, 6)[:, ::2],
        torch.randn(3, 1).expand(3, 5),
        torch.randn(3).flip(0),
        torch.randn(2, 2, dtype=torch.complex64).mH,
        torch.randn(7, 3)[:1, :1],
        torch.randn(9)[4:5].unsqueeze(0).mT,
        torch.randn(3, 0, 2).mT,
    ],
)
def test_views_come_through_by_their_numbers(value):
    assert torch.equal(wire.from_bytes(wire.to_bytes(value)), value)


def test_a_tensor_of_the_students_own_class_is_a_tensor_and_its_methods_are_not_asked():
    class Liar(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, arguments=(), keywords=None):
            raise RuntimeError("asked")

    found = wire.from_bytes(wire.to_bytes(torch.ones(2).as_subclass(Liar)))
    assert type(found) is torch.Tensor
    assert found.tolist() == [1, 1]


@pytest.mark.parametrize("value", [object(), b"bytes", {1, 2}, torch.nn.Linear(1, 1), 10**3000, torch.ones(2).to_sparse(), torch.float32])
def test_what_is_not_plain_becomes_a_string_that_says_so(value):
    found = wire.from_bytes(wire.to_bytes([value]))
    assert found[0].startswith("an object of type ")


def test_what_holds_itself_comes_to_an_end():
    endless: list = []
    endless.append(endless)
    found = wire.from_bytes(wire.to_bytes(endless))
    assert "nested too deeply" in str(found)


def payload(structure, blob: bytes = b"") -> bytes:
    text = structure if isinstance(structure, bytes) else json.dumps(structure).encode()
    return struct.pack(">I", len(text)) + text + blob


FORGED = {
    "nothing": b"",
    "half a head": b"\x00\x00",
    "a length that lies": struct.pack(">I", 2**31) + b"{}",
    "cut off": wire.to_bytes({"result": torch.ones(8)})[:-3],
    "too long": wire.to_bytes([1.0]) + b"x",
    "a pickle": pickle.dumps({"result": 1}),
    "a pickle as text": payload(pickle.dumps([1])),
    "no JSON": payload(b"{'a': 1}"),
    "not UTF-8": payload(b'"\xff\xfe"'),
    "a constant that is no JSON": payload(b"NaN"),
    "nested deeply": payload(b"[" * 100_000 + b"]" * 100_000),
    "nested in kinds": payload(b'{"tuple":[' * 2000 + b"]}" * 2000),
    "many parts": payload(b"[" + b"0," * 300_000 + b"0]"),
    "a long number": payload(b"9" * 100_000),
    "an unknown kind": payload({"module": "os"}),
    "two kinds": payload({"tuple": [], "dict": []}),
    "no kind": payload({}),
    "a tuple of nothing": payload({"tuple": None}),
    "a tuple of a string": payload({"tuple": "ab"}),
    "a dict of pairs that are none": payload({"dict": [[1]]}),
    "a dict with a key that is a list": payload({"dict": [[[], 1]]}),
    "a dict that is a dict": payload({"dict": {"a": 1}}),
    "a float that is none": payload({"float": "1e5"}),
    "a float that is a list": payload({"float": []}),
    "a tensor of nothing": payload({"tensor": []}),
    "a tensor of objects": payload({"tensor": ["object", [1], [0]]}, bytes(8)),
    "a tensor with a dtype that is a list": payload({"tensor": [["float32"], [1], [0]]}, bytes(4)),
    "a tensor that is too large": payload({"tensor": ["float32", [2**20, 2**20], [0, 1]]}, bytes(16)),
    "a tensor of negative size": payload({"tensor": ["float32", [-1, -4], [0, 1]]}, bytes(16)),
    "a tensor of half a size": payload({"tensor": ["float32", [1.0], [0]]}, bytes(4)),
    "a tensor of true size": payload({"tensor": ["float32", [True], [0]]}, bytes(4)),
    "a tensor of nothing but far": payload({"tensor": ["float32", [0, 2**30, 2**30], [0, 1, 2]]}),
    "a tensor with many axes": payload({"tensor": ["float32", [1] * 65, list(range(65))]}, bytes(4)),
    "a tensor whose size is a string": payload({"tensor": ["float32", "4", [0]]}, bytes(16)),
    "a tensor with axes twice": payload({"tensor": ["float32", [2, 2], [0, 0]]}, bytes(16)),
    "a tensor with axes of another kind": payload({"tensor": ["float32", [2, 2], ["0", None]]}, bytes(16)),
    "a tensor with parts left": payload({"tensor": ["float32", [1], [0]]}, bytes(8)),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_what_the_writer_does_not_write_is_malformed(forged):
    with pytest.raises(wire.Malformed):
        wire.from_bytes(forged)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 200))
def test_no_bytes_raise_anything_else(noise, place):
    true = wire.to_bytes({"result": (torch.ones(3), [1, "a", None]), "gradients": {"mu": torch.zeros(1)}})
    for forged in (noise, true[:place] + noise + true[place:], true[:place] + noise):
        try:
            wire.from_bytes(forged)
        except wire.Malformed:
            continue


def test_truth_values_that_are_neither_come_out_as_truth_values():
    found = wire.from_bytes(payload({"tensor": ["bool", [3], [0]]}, bytes([0, 1, 255])))
    assert found.view(torch.uint8).tolist() == [0, 1, 1]


def test_half_a_surrogate_can_be_written_afterwards():
    wire.from_bytes(payload(b'"\\ud800"')).encode("utf-8")


@pytest.mark.parametrize("output", [Output({"result": torch.ones(2)}), Output(trouble=Trouble("raised", "words", "ValueError: x"))])
def test_an_output_comes_through(output):
    found = wire.to_output(wire.from_bytes(wire.to_bytes(wire.from_output(output))))
    assert same(found.values, output.values)
    assert found.trouble == output.trouble


@pytest.mark.parametrize(
    "value",
    [
        *(None, [], {}, {"values": {}}, {"values": [], "trouble": None}, {"values": {}, "trouble": None, "passed": True}),
        *({"values": {}, "trouble": ["passed", "", ""]}, {"values": {}, "trouble": ["raised", 1, ""]}, {"values": {}, "trouble": "raised"}),
        *({"values": {"gradients": 3}, "trouble": None}, {"values": {"gradients": {"mu": "x"}}, "trouble": None}),
        *({"values": {"changed in place": 1}, "trouble": None}, {"values": {"gradient trouble": []}, "trouble": None}),
    ],
    ids=str,
)
def test_what_is_no_output_is_malformed(value):
    with pytest.raises(wire.Malformed):
        wire.to_output(value)
