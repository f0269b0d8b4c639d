"""What holds for every data set: its shapes, its range, no example in both splits, the same bytes everywhere, and a sheet to look at."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from tests.conftest import needs_mnist
from tests.data.sheets import write_sheet
from vae_course.data import Dataset, load, names

FETCHED = ("mnist", "fashion-mnist", "cifar-10", "mnist-binary", "celeba", "olivetti")  # what others publish has tests of its own
SHIPPED = {"speech": "sktime", "motion": "sktime", "electricity": "sktime", "ecg": "sktime", "strokes": "skimage"}
# SHA-256 of examples and labels of both splits, as they are kept. After a change on purpose: python -m tests.data.test_every_set
HASHES = Path(__file__).with_name("hashes.json")
# How large a part of the test examples may stand in the training set, too: tunes share bars, and some ones are one straight line.
SHARED = {"melodies": 0.05, "strokes": 0.001}
# What is drawn from floating-point numbers that a processor may round in its own way; the others are whole numbers all the way.
ROUNDED = ("digits", "waves", "heartbeats", "payments")


def digest(data: Dataset) -> str:
    """One hash of all that a set keeps."""
    total = hashlib.sha256()
    for split in (data.train, data.test):
        for tensor in (split.kept, split.y):
            total.update(str((tensor.dtype, tuple(tensor.shape))).encode() + tensor.contiguous().numpy().tobytes())
    return total.hexdigest()


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=needs_mnist if one == "strokes" else ()) for one in names() if one not in FETCHED]
)
def test_a_set_is_what_it_says(name):
    if name in SHIPPED:
        pytest.importorskip(SHIPPED[name], reason=f"{SHIPPED[name]}, which {name} needs, is not installed")
    data = load(name)
    assert data.source
    assert data.licence
    for split in (data.train, data.test):
        x, y = split.rows(torch.arange(min(len(split), 500)))
        assert x.dtype == torch.float32
        assert 0 <= x.min() <= x.max() <= 1
        assert x.flatten(1).std(0).max() > 0.02, "examples differ"
        assert tuple(x.shape[1:]) == data.input_shape
        assert y.dtype == torch.int64
        assert len(split.y) == len(split)
        if y.dim() == 1:
            assert 0 <= split.y.min() <= split.y.max() < len(data.classes)
        else:
            assert y.shape[1] == len(data.classes)
    train, test = ({row.tobytes() for row in split.kept.numpy()} for split in (data.train, data.test))
    shared = len(train & test) / len(data.test)
    assert shared <= SHARED.get(name, 0)
    if name not in ROUNDED:
        known = json.loads(HASHES.read_text("utf-8")).get(name)
        assert known, f"the bytes of {name!r} are not known yet: python -m tests.data.test_every_set"
        assert digest(data) == known, "not the bytes that the course was written with"
    assert write_sheet(name, data).stat().st_size > 10_000


def test_the_table_of_all_sets_says_how_each_is_split():
    pytest.importorskip("resource", reason="needs a system that tells how much memory was held")
    from benchmarks.data_sets import UNITS

    assert set(UNITS) == set(names()), "benchmarks/data_sets.py wants a word on each"


if __name__ == "__main__":
    HASHES.write_text(json.dumps({one: digest(load(one)) for one in names() if one not in (*FETCHED, *ROUNDED)}, indent=1) + "\n", "utf-8")
