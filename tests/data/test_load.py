"""Data: found, checked, refused when damaged; real MNIST and its stand-in."""

import struct

import pytest
import torch

from tests.conftest import needs_mnist
from vae_course import VAE, fit
from vae_course.data import Split, binarise, load, names
from vae_course.data.images import MNIST_HASHES, load_image_set


def write_idx(path, values: torch.Tensor) -> None:
    header = struct.pack(f">2xBB{values.dim()}I", 8, values.dim(), *values.shape)
    path.write_bytes(header + values.to(torch.uint8).numpy().tobytes())


@pytest.fixture
def tiny_mnist(tmp_path, monkeypatch):
    """A well-formed MNIST folder with 30 + 12 images made of noise."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for stem, n in (("train", 30), ("t10k", 12)):
        write_idx(raw / f"{stem}-images-idx3-ubyte", torch.randint(256, (n, 28, 28)))
        write_idx(raw / f"{stem}-labels-idx1-ubyte", torch.arange(n) % 10)
    monkeypatch.setenv("VAE_COURSE_DATA", str(tmp_path))
    return raw


def test_reads_idx_files_as_pixels_between_0_and_1(tiny_mnist):
    data = load("mnist")
    assert data.train.x.shape == (30, 1, 28, 28)
    assert data.test.y.tolist() == [*range(10), 0, 1]
    raw = torch.frombuffer(bytearray((tiny_mnist / "train-images-idx3-ubyte").read_bytes()[16:]), dtype=torch.uint8)
    torch.testing.assert_close(data.train.x.flatten() * 255, raw.float())


@needs_mnist
def test_real_mnist_is_mnist():
    data = load("mnist")
    assert (len(data.train), len(data.test)) == (60_000, 10_000)
    assert data.train.y[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert data.train.x.mean().item() == pytest.approx(0.13066, abs=1e-4)


@pytest.mark.parametrize("file_name", sorted(MNIST_HASHES))
def test_a_truncated_file_is_named(tiny_mnist, file_name):
    path = tiny_mnist / file_name
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(ValueError, match=f"{file_name} is truncated: .* bytes, expected .* Delete the folder MNIST"):
        load("mnist")


def test_a_file_of_another_kind_is_named(tiny_mnist):
    (tiny_mnist / "train-labels-idx1-ubyte").write_bytes(b"<html>moved</html>")
    with pytest.raises(ValueError, match="train-labels-idx1-ubyte is no IDX file"):
        load("mnist")


def test_a_missing_file_is_named(tiny_mnist):
    (tiny_mnist / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(ValueError, match="t10k-labels-idx1-ubyte is missing"):
        load("mnist")


def test_a_flipped_bit_in_a_full_sized_file_is_found(tiny_mnist):
    write_idx(tiny_mnist / "t10k-labels-idx1-ubyte", torch.arange(10_000) % 10)
    with pytest.raises(ValueError, match="t10k-labels-idx1-ubyte is damaged: its contents are not those of the published file"):
        load("mnist")


def test_a_half_written_download_is_never_read(tmp_path, monkeypatch):
    monkeypatch.delenv("VAE_COURSE_DATA", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: tmp_path)

    class Breaks:
        def __init__(self, root, train, download=False):
            (tmp_path.__class__(root) / "MNIST" / "raw").mkdir(parents=True)
            raise OSError("connection lost")

    monkeypatch.setattr("torchvision.datasets.MNIST", Breaks)
    with pytest.raises(Exception, match="could not be downloaded"):
        load_image_set("mnist")
    assert [path.name for path in tmp_path.iterdir()] == ["MNIST.lock"]


def test_a_data_folder_that_is_none_is_named(monkeypatch):
    monkeypatch.setenv("VAE_COURSE_DATA", "/nowhere/at/all")
    with pytest.raises(ValueError, match="VAE_COURSE_DATA is '/nowhere/at/all', which is no folder"):
        load("mnist")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="unknown data set 'minst', expected one of: mnist, .*, faces, "):
        load("minst")
    assert "digits" in names()


def test_digits_have_mnists_shape_and_no_test_image_in_training():
    data = load("digits")
    assert data.input_shape == (1, 28, 28)
    assert len(data.train) == 11 * 1437
    assert len(data.test) == 360
    assert 0 <= data.train.x.min() <= data.train.x.max() <= 1
    assert data.train.x.max() > 0.95, "strokes are bright"
    assert (data.train.x[:, :, 0] < 0.05).float().mean() > 0.95, "borders are black"
    distance = torch.cdist(data.test.x.flatten(1), data.train.x.flatten(1))
    assert distance.min() > 0.1
    assert torch.equal(load("digits").train.y, data.train.y)


def test_the_subset_is_the_first_examples(blobs):
    part = blobs.subset(train=10, test=1000)
    assert torch.equal(part.train.x, blobs.train.x[:10])
    assert len(part.test) == len(blobs.test)


def test_the_fingerprint_follows_the_data(blobs):
    assert blobs.fingerprint() == blobs.fingerprint()
    assert blobs.fingerprint() != blobs.subset(train=100).fingerprint()


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.full((2, 1, 4, 4), 255.0), r"pixels must lie in \[0, 1\], got values from 255 to 255. Divide by 255"),
        (torch.full((2, 1, 4, 4), -0.5), r"got values from -0.5 to -0.5"),
        (torch.full((2, 1, 4, 4), float("nan")), r"got values from nan to nan"),
        (torch.zeros(0, 1, 4, 4), "the data set is empty"),
        (torch.zeros(3, 1, 4, 4), "3 examples came with 2 labels"),
    ],
)
def test_bad_splits_are_refused(x, message):
    with pytest.raises(ValueError, match=message):
        Split(x, torch.zeros(min(len(x), 2), dtype=torch.int64))


def test_binarising_keeps_the_mean_and_the_seed():
    grey = torch.full((200, 500), 0.3)
    black_and_white = binarise(grey, seed=1)
    assert set(black_and_white.unique().tolist()) == {0.0, 1.0}
    assert black_and_white.mean().item() == pytest.approx(0.3, abs=4 * (0.21 / 1e5) ** 0.5)
    assert torch.equal(black_and_white, binarise(grey, seed=1))
    assert not torch.equal(black_and_white, binarise(grey, seed=2))


def test_binary_mnist_is_one_fixed_draw_of_mnists_pixels(tiny_mnist):
    grey, binary = load("mnist"), load("mnist-binary")
    for split, drawn in ((grey.train, binary.train), (grey.test, binary.test)):
        assert set(drawn.x.unique().tolist()) == {0.0, 1.0}
        assert (drawn.x[split.x == 0] == 0).all()
        assert (drawn.x[split.x == 1] == 1).all()
        assert torch.equal(drawn.y, split.y)
    assert torch.equal(load("mnist-binary").train.x, binary.train.x)


def test_the_splits_of_binary_mnist_share_no_random_numbers(tiny_mnist):
    for stem, n in (("train", 30), ("t10k", 12)):
        write_idx(tiny_mnist / f"{stem}-images-idx3-ubyte", torch.full((n, 28, 28), 128))
    binary = load("mnist-binary")
    agreement = (binary.train.x[:12] == binary.test.x).float().mean().item()
    assert agreement == pytest.approx(0.5, abs=4 * 0.5 / (12 * 784) ** 0.5)


def test_fresh_pixels_are_drawn_anew_each_epoch(tiny_mnist):
    grey, fresh, fixed = load("mnist"), load("mnist-binary", fresh=True), load("mnist-binary")
    assert torch.equal(fresh.test.x, fixed.test.x), "what is measured on is the same each time"
    seen = []

    class Watching(VAE):
        def loss(self, x, y=None):
            seen.append(x)
            return super().loss(x, y)

    fit(Watching(hidden_sizes=(8,)), fresh, epochs=2, batch_size=30, seed=0, quiet=True)
    assert all(set(x.unique().tolist()) == {0.0, 1.0} for x in seen)
    first, second = (x.sum((0, 1)) for x in seen)
    assert not torch.equal(first, second), "more than another order"
    mean = torch.stack([fresh.train.x for _ in range(400)]).mean(0)
    assert (mean - grey.train.x).abs().max() < 6 * 0.5 / 400**0.5


def test_fresh_pixels_of_what_is_not_drawn_are_refused():
    with pytest.raises(ValueError, match="fresh pixels were asked of 'mnist', expected 'mnist-binary'"):
        load("mnist", fresh=True)
