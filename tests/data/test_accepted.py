"""What counts as data: the same for `fit`, its `test=`, every figure and every explorer; all else is named before anything is computed."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, Subset, TensorDataset
from torch.utils.data import Dataset as TorchDataset

from tests.kinds import KINDS
from vae_course.data import Split, few_labels, only_labelled
from vae_course.data.accepted import accepted, in_memory
from vae_course.evaluation import (
    active_units,
    anomaly_scores,
    code_information,
    evaluate,
    fill_by_gaussian,
    fill_by_optimisation,
    fill_from_neighbours,
    fill_with_mean,
    kl_per_dimension,
    missing_rmse,
    negative_log_likelihood,
    posterior_means,
    posterior_on_grid,
    seen_beside,
)
from vae_course.training import fit, mean_losses
from vae_course.widgets import Family, LabelAndStyle, LatentPad, LatentSliders, LiveTraining, Morph, PosteriorGap, Trick

Batch = namedtuple("Batch", ["image", "label"])


class Pictures(TorchDataset):
    """As torchvision's data sets are: an image and a number for each index, made when asked for."""

    classes = ("north west", "north east", "south west", "south east")

    def __init__(self, x, y, transform=lambda image: image) -> None:
        self.x, self.y, self.transform = x, y, transform

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int):
        return self.transform(self.x[index]), int(self.y[index])


class Records(Pictures):
    """As other libraries' data sets are: a dictionary for each index."""

    def __getitem__(self, index: int):
        return {"pixel_values": self.x[index], "labels": int(self.y[index]), "file": f"{index}.png"}


class OnlyAList:
    """A length and items, and none of PyTorch's classes."""

    def __init__(self, x, y) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int):
        if index >= len(self.x):
            raise IndexError
        return self.x[index], self.y[index]


class Stream(IterableDataset):
    def __init__(self, x, y) -> None:
        self.x, self.y = x, y

    def __iter__(self):
        return zip(self.x, self.y, strict=True)


def read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


# What a person may hold in their hands, made from examples x and labels y.
TAKEN = {
    "a split": lambda x, y: Split(x, y),
    "a split without labels": lambda x, y: Split(x),
    "a split of arrays": lambda x, y: Split(x.numpy(), y.numpy()),
    "a tensor": lambda x, y: x,
    "a pair": lambda x, y: (x, y),
    "a pair without labels": lambda x, y: (x, None),
    "a pair as a list": lambda x, y: [x, y],
    "a named pair": lambda x, y: Batch(x, y),
    "double precision": lambda x, y: (x.double(), y),
    "half precision": lambda x, y: (x.half(), y),
    "the other half precision": lambda x, y: (x.bfloat16(), y),
    "with a gradient": lambda x, y: (x.clone().requires_grad_(), y),
    "an array": lambda x, y: x.numpy(),
    "an array in double precision": lambda x, y: x.double().numpy(),
    "an array in half precision": lambda x, y: x.half().numpy(),
    "an array that cannot be written to": lambda x, y: read_only(x.numpy().copy()),
    "an array read backwards": lambda x, y: x.flip(0).numpy()[::-1],
    "a pair of arrays": lambda x, y: (x.double().numpy(), y.numpy()),
    "labels as a list": lambda x, y: (x, y.tolist()),
    "labels of 32 bits": lambda x, y: (x, y.int()),
    "labels of 8 bits": lambda x, y: (x, y.to(torch.uint8)),
    "labels of an array's 16 bits": lambda x, y: (x, y.numpy().astype(np.int16)),
    "a dictionary": lambda x, y: {"x": x, "y": y},
    "a dictionary of examples alone": lambda x, y: {"digits": x},
    "a list of examples": lambda x, y: list(x),
    "a list of arrays": lambda x, y: list(x.numpy()),
    "a list of pairs": lambda x, y: list(zip(x, y.tolist(), strict=True)),
    "a list of dictionaries": lambda x, y: [{"image": image, "label": label} for image, label in zip(x, y, strict=True)],
    "a tensor data set": lambda x, y: TensorDataset(x, y),
    "a tensor data set without labels": lambda x, y: TensorDataset(x.double()),
    "a data set as torchvision's": Pictures,
    "a data set of arrays": lambda x, y: Pictures(x.double().numpy(), y),
    "a data set of dictionaries": Records,
    "a part of a data set": lambda x, y: Subset(Pictures(x, y), range(len(x))),
    "whatever has length and items": OnlyAList,
    "a stream": Stream,
    "a loader of pairs": lambda x, y: DataLoader(TensorDataset(x, y), batch_size=20),
    "a loader of examples": lambda x, y: DataLoader(x, batch_size=20),
    "a loader of dictionaries": lambda x, y: DataLoader(Records(x, y), batch_size=20),
    "a loader in double precision": lambda x, y: DataLoader(TensorDataset(x.double(), y.int()), batch_size=20),
    "a loader without a length": lambda x, y: DataLoader(Stream(x, y), batch_size=20),
}
WITHOUT_LABELS = [name for name in TAKEN if "without labels" in name or "examples" in name] + ["a tensor"]
WITHOUT_LABELS += [name for name in TAKEN if name.startswith("an array")] + ["a list of arrays"]


@pytest.fixture
def xy(blobs) -> tuple[torch.Tensor, torch.Tensor]:
    return blobs.train.x[:60], blobs.train.y[:60]


@pytest.mark.parametrize("kind", TAKEN)
def test_what_has_a_meaning_is_taken_everywhere_and_means_the_same(kind, xy):
    """One epoch with a test, then figures: all as with the plain split, but for the last digits that half precision lacks."""
    model = KINDS["VAE"]()
    given, plain = TAKEN[kind](*xy), Split(*xy)
    history = fit(model, given, epochs=1, batch_size=20, test=given, seed=0, quiet=True)
    near = {"abs": 0.2} if "half" in kind else {"rel": 1e-5}
    torch.manual_seed(1)
    wanted = mean_losses(model, plain)["loss"]
    torch.manual_seed(1)
    assert mean_losses(model, given)["loss"] == pytest.approx(wanted, abs=1.0)  # its draws fall otherwise batch by batch
    assert history.test_loss[-1] == pytest.approx(wanted, abs=1.0)
    assert evaluate(model, given)["elbo"] == pytest.approx(evaluate(model, plain)["elbo"], **near)
    torch.testing.assert_close(posterior_means(model, given), posterior_means(model, xy[0]), atol=1e-2 if "half" in kind else 1e-6, rtol=0)


@pytest.mark.parametrize("kind", TAKEN)
def test_labels_arrive_with_it_as_64_bit_integers(kind, xy):
    x, y = in_memory(TAKEN[kind](*xy))
    assert x.shape == xy[0].shape
    assert x.is_floating_point()
    if kind in WITHOUT_LABELS:
        assert y is None
    else:
        assert y.dtype == torch.int64
        assert torch.equal(y, xy[1])


@pytest.mark.parametrize("kind", [kind for kind in TAKEN if kind not in WITHOUT_LABELS])
def test_a_model_that_needs_labels_finds_them(kind, xy):
    given = TAKEN[kind](*xy)
    model = KINDS["conditional VAE"]()
    fit(model, given, epochs=1, batch_size=20, test=given, quiet=True)
    assert evaluate(model, given)["kl"] >= 0
    fit(KINDS["classifier"](), given, epochs=1, batch_size=20, quiet=True)


@pytest.mark.parametrize("kind", TAKEN)
def test_explorers_take_it(kind, xy):
    model, given = KINDS["VAE"]().eval(), TAKEN[kind](*xy)
    assert "image" in LatentSliders(model, data=given).controls
    assert LatentPad(model, data=given).places.shape == (60, 2)
    Family({"one": model}, given)
    LiveTraining(given)
    if kind not in WITHOUT_LABELS:
        conditional = KINDS["conditional VAE"]()
        LabelAndStyle(conditional, given)
        assert "image" in LatentSliders(conditional, data=given, y=0).controls
        Family({"one": conditional}, given)


def test_explorers_call_classes_as_the_data_does(xy):
    model = KINDS["VAE"]()
    assert LatentSliders(model, data=Pictures(*xy)).picks.options == Pictures.classes
    assert LatentSliders(model, data=TensorDataset(*xy)).picks.options == ("0", "1", "2", "3")


def as_double(x: torch.Tensor) -> np.ndarray:
    return x.double().numpy()


def test_figures_and_explorers_of_single_images_take_arrays(xy):
    model, x = KINDS["VAE"]().eval(), xy[0][:4]
    array, seen = as_double(x), seen_beside("lower half", (1, 8, 8))
    for measure in (kl_per_dimension, active_units, code_information, lambda m, d: negative_log_likelihood(m, d, k=3, quiet=True)):
        assert str(measure(model, array)) == str(measure(model, x))
    assert anomaly_scores(model, array, k=2).keys() == anomaly_scores(model, x, k=2).keys()
    assert torch.equal(posterior_on_grid(model, array, points=41).log_evidence, posterior_on_grid(model, x, points=41).log_evidence)
    assert torch.equal(fill_by_optimisation(model, array, seen, steps=2), fill_by_optimisation(model, x, seen, steps=2))
    for fill in (fill_with_mean, fill_from_neighbours, fill_by_gaussian):
        torch.testing.assert_close(fill(array, array, seen.numpy()).float(), fill(x, x, seen))
    assert missing_rmse(torch.zeros_like(x), x, seen) == pytest.approx(missing_rmse(torch.zeros_like(x), array, seen))
    assert torch.equal(model.reconstruct(array), model.reconstruct(x))
    assert torch.equal(model.interpolate(array[0], array[1]), model.interpolate(x[0], x[1]))
    for explorer in (Morph(model, *array), Trick(model, array[0]), PosteriorGap(model, array, points=81)):
        explorer.sweep()


def pil(image: torch.Tensor):
    from PIL import Image

    return Image.fromarray((255 * image[0]).byte().numpy())


# What has no clear meaning, and what is said of it.
REFUSED = {
    "bytes": (lambda x, y: (255 * x).byte(), "the examples are torch.uint8, .* Divide bytes by 255"),
    "bytes in an array": (lambda x, y: (255 * x).byte().numpy(), "the examples are torch.uint8, .* Divide bytes by 255"),
    "bytes and labels": (lambda x, y: ((255 * x).byte(), y), "the examples are torch.uint8"),
    "bytes in a tensor data set": (lambda x, y: TensorDataset((255 * x).byte(), y), "the examples are torch.uint8"),
    "bytes in a data set": (lambda x, y: Pictures((255 * x).byte(), y), "the examples are torch.uint8"),
    "bytes in a loader": (lambda x, y: DataLoader((255 * x).byte()), "the examples are torch.uint8"),
    "bytes in dictionaries": (lambda x, y: {"image": (255 * x).byte(), "label": y}, "the examples are torch.uint8"),
    "bytes as floating-point numbers": (lambda x, y: 255 * x, r"pixels must lie in \[0, 1\], got values from .* Divide by 255"),
    "values below 0": (lambda x, y: (2 * x - 1).numpy(), r"pixels must lie in \[0, 1\]"),
    "values that are no numbers": (lambda x, y: x.where(x > 0.5, torch.nan), r"pixels must lie in \[0, 1\]"),
    "booleans": (lambda x, y: x > 0.5, "the examples are torch.bool"),
    "complex numbers": (lambda x, y: x.to(torch.complex64), "the examples are torch.complex64"),
    "text": (lambda x, y: "mnist", r"cannot take a str for data, expected a Dataset, .* Use load\('mnist'\)"),
    "nothing": (lambda x, y: None, "cannot take a NoneType for data"),
    "a number": (lambda x, y: 3.0, "cannot take a float for data"),
    "a generator": (lambda x, y: (image for image in x), "cannot take a generator for data"),
    "a class": (lambda x, y: Pictures, "cannot take a type for data"),
    "one image without a batch": (lambda x, y: x[0, 0], r"expected a batch of shape \(n, 1, 8, 8\)"),
    "another shape": (lambda x, y: x[:, :, :4], r"expected a batch of shape \(n, 1, 8, 8\), got \(\d+, 1, 4, 8\)"),
    "no channel": (lambda x, y: x[:, 0].numpy(), r"expected a batch of shape \(n, 1, 8, 8\)"),
    "no examples": (lambda x, y: x[:0], "the data set is empty"),
    "no examples in a list": (lambda x, y: [], "the data set is empty"),
    "no examples in a data set": (lambda x, y: Pictures(x[:0], y[:0]), "the data set is empty"),
    "no batches": (lambda x, y: DataLoader(x, batch_size=100, drop_last=True), "the DataLoader gave no batches"),
    "labels for other examples": (lambda x, y: (x, y[:-1]), "60 examples came with 59 labels"),
    "labels as text": (lambda x, y: (x, ["zero"] * len(x)), "the labels are a list that holds no numbers"),
    "one label for all": (lambda x, y: (x, 3), "the labels are a single number"),
    "three things": (lambda x, y: (x, y, y), "got 3 things for each example, expected x alone or a pair"),
    "three things in a loader": (lambda x, y: DataLoader(TensorDataset(x, y, y)), "got 3 things for each example"),
    "three things in a data set": (lambda x, y: TensorDataset(x, y, y), "got 3 things for each example"),
    "a dictionary with other names": (lambda x, y: {"left": x, "right": y}, "a dictionary with the names left, right was given"),
    "two names for the examples": (lambda x, y: {"x": x, "image": x, "y": y}, "a dictionary with the names x, image, y"),
    "a list of numbers": (lambda x, y: [1, 2, 3], "the examples are of the kind int"),
    "a list of lists of numbers": (lambda x, y: [[0.1, 0.2], [0.3, 0.4]], "the examples are of the kind float"),
    "examples of two shapes": (lambda x, y: [x[0], x[1], x[2][:, :4]], "the examples do not make a batch"),
    "pictures that are no tensors": (
        lambda x, y: Pictures(x, y, pil),
        r"of the kind Image, .* transform=torchvision.transforms.ToTensor\(\)",
    ),
    "a table by names": (
        lambda x, y: type("Table", (), {"__len__": lambda s: 2, "__getitem__": lambda s, i: {}["x"]})(),
        "cannot take a Table",
    ),
    "an array of objects": (lambda x, y: np.array([None, "a"], dtype=object), "the examples are a ndarray that holds no numbers"),
}


class Untouched:
    """A VAE that fails when anything is computed with it."""

    def __new__(cls):
        model = KINDS["VAE"]()
        for name in ("loss", "training_step", "encode", "decode"):
            setattr(model, name, lambda *_, **__: pytest.fail("something was computed before the data was looked at"))
        return model


@pytest.mark.parametrize("kind", REFUSED)
def test_what_has_no_meaning_is_named_before_anything_is_computed(kind, xy):
    make, told = REFUSED[kind]
    with pytest.raises(ValueError, match=told):
        fit(Untouched(), make(*xy), epochs=1, quiet=True)
    if kind != "nothing":  # no test data is no fault
        with pytest.raises(ValueError, match=told):
            fit(Untouched(), Split(*xy), epochs=1, test=make(*xy), quiet=True)


@pytest.mark.parametrize("kind", REFUSED)
def test_figures_and_explorers_name_it_as_well(kind, xy):
    make, told = REFUSED[kind]
    for call in (mean_losses, evaluate, posterior_means, lambda m, d: LatentSliders(m, data=d), LatentPad):
        if kind == "nothing" and call not in (mean_losses, evaluate, posterior_means):
            continue  # an explorer without data is one
        with pytest.raises(ValueError, match=told):
            call(KINDS["VAE"](), make(*xy))


NEEDS_LABELS = ["conditional VAE", "adversarial, four classes", "classifier"]


@pytest.mark.parametrize("kind", NEEDS_LABELS)
@pytest.mark.parametrize("where", ["data", "test"])
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda x, y: x, "labels are missing"),
        (lambda x, y: (x, y.float()), "labels are torch.float32"),
        (lambda x, y: (x, torch.cat([y[:-1], torch.tensor([4])])), "labels run from 0 to 4"),
        (lambda x, y: (x, y.unsqueeze(1)), r"labels have shape \(60, 1\)"),
    ],
)
def test_labels_that_a_model_cannot_use_are_named_before_anything_is_computed(kind, where, spoil, told, xy):
    model = KINDS[kind]()
    model.training_step = lambda *_: pytest.fail("a step was taken before the labels were looked at")
    data = {"data": Split(*xy), "test": None} | {where: spoil(*xy)}
    with pytest.raises(ValueError, match=told):
        fit(model, data["data"], test=data["test"], epochs=1, quiet=True)


def test_a_data_set_is_read_anew_in_each_epoch_in_a_new_order(xy):
    """So that what its transform draws is new each time."""
    read = []

    class Watched(Pictures):
        def __getitem__(self, index: int):
            read.append(index)
            return super().__getitem__(index)

    fit(KINDS["VAE"](), Watched(*xy), epochs=2, batch_size=20, seed=0, quiet=True)
    first, second = read[1:61], read[61:]  # one is looked at before
    assert sorted(first) == sorted(second) == list(range(60))
    assert first != second


def test_a_shuffled_loader_gives_the_same_figures_each_time_and_leaves_the_random_numbers_alone(xy):
    model, loader = KINDS["VAE"](), DataLoader(TensorDataset(*xy), batch_size=20, shuffle=True)
    state = torch.get_rng_state()
    assert torch.equal(posterior_means(model, loader), posterior_means(model, loader))
    assert torch.equal(torch.get_rng_state(), state)


def test_of_a_large_data_set_explorers_read_what_they_show(xy):
    x = xy[0].repeat(50, 1, 1, 1)

    class Costly(Pictures):
        def __getitem__(self, index: int):
            assert index < 3000, "all of it was read"
            return super().__getitem__(index)

    found, _ = in_memory(Costly(x.repeat(2, 1, 1, 1), torch.zeros(6000)), most=2000)
    assert len(found) == 2000


def test_data_of_the_courses_own_gives_the_part_that_is_meant(blobs):
    assert accepted(blobs, part="train") is blobs.train
    assert accepted(blobs, part="test") is blobs.test
    history = fit(KINDS["VAE"](), blobs, epochs=1, test=blobs, seed=0, quiet=True)
    assert len(history.test_loss) == 1
    assert torch.equal(in_memory(blobs)[0], blobs.test.x)


def test_a_split_without_labels_is_a_split(xy):
    split = Split(xy[0])
    assert split.head(3).y is None
    assert split.to("cpu").y is None
    for call in (few_labels, only_labelled):
        with pytest.raises(ValueError, match="has no labels|are -1"):
            call(split)
