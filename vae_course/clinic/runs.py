"""A patient's run: trained from its seed, measured, and kept as two small files; and what else can be asked of one."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.distributions import Bernoulli

from ..checkpoints import FOLDER
from ..data import Dataset
from ..evaluation import posterior_means
from ..models import VAE
from ..models.base import evaluating
from ..training import History, LossNotFinite, fit
from .patients import WARD, Figures, Patient, clinics_data, patient

STORED = FOLDER / "clinic"
PICTURES = 8
TERMS = ("loss", "reconstruction", "kl", "test_loss")
POINTS = 60  # of a curve that are kept; longer ones are thinned


@dataclass(frozen=True)
class Run:
    """What is left of a run: the model, its curves by term (nats as the run reported them), and figures at its end.

    epochs: the epoch of each point of the curves, counted from 1. A run that broke ends with a point that is NaN.
    figures: "loss", "reconstruction", "kl", "test loss": the curves' last points. "rise": how far the test loss ends above its lowest
        point. "spread": a pixel's standard deviation over the reconstructions of test images, averaged over pixels. "darkest": their
        lowest pixel. "noise costs": how many nats a reconstruction costs more at a draw of the posterior than at its mean. "samples off":
        how far samples lie from their nearest training image, over the same for test images. "samples on their side": the share of
        samples that lie nearer to a class's mean image when their rows and columns are swapped. "unsteady": how much a pixel changes
        when the same image is reconstructed again. "label in a pixel": the greatest share of a pixel's variance that the label explains.
    """

    name: str
    model: VAE = field(repr=False)
    curves: dict[str, list[float]] = field(repr=False)
    epochs: list[int] = field(repr=False)
    figures: Figures = field(repr=False)

    @property
    def data(self) -> Any:
        """What the model was trained on, as `fit` and `examine` take it."""
        return patient(self.name).data(clinics_data())

    @property
    def history(self) -> History:
        """The curves as `fit` would have left them."""
        return History(terms={term: list(curve) for term, curve in self.curves.items()})

    @property
    def pictures(self) -> Tensor:
        """Test images, their reconstructions, samples: (3, 8, 1, 28, 28), pixels in [0, 1]. A broken model paints NaN."""
        x, y = _test_examples(self.data)
        chosen = [int((y == digit).nonzero()[0]) for digit in range(PICTURES)]
        with torch.random.fork_rng(devices=[]), torch.no_grad(), evaluating(self.model):
            torch.manual_seed(0)
            rebuilt = self.model.decode(self.model.encode(x[chosen]).mean).mean
            samples = self.model.sample(PICTURES)
        return torch.stack([x[chosen] / max(1.0, x.max().item()), rebuilt, samples])

    @property
    def picture(self) -> Image.Image:
        """The same as one 8-bit grey image of three rows."""
        rows, count, _, side, _ = (pictures := self.pictures).shape
        grid = pictures.nan_to_num(0.5).permute(0, 3, 1, 2, 4).reshape(rows * side, count * side)
        return Image.fromarray((255 * grid).round().byte().numpy())


def regenerate(name: str, *, epochs: int | None = None) -> Run:
    """Train the patient anew from its seed, on the CPU, and measure it. epochs: its own number when left out.

    Raises ValueError for an unknown name.
    """
    sick = patient(name)
    data = clinics_data()
    given = sick.data(data)
    test = given.test if isinstance(given, Dataset) else _loader_of_test(sick, data)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(sick.seed)
        model = sick.model()
        settings: dict[str, Any] = {
            "epochs": epochs or sick.epochs,
            "batch_size": 64,
            "learning_rate": sick.learning_rate,
            "seed": sick.seed,
        }
        try:
            history = fit(model, given, test=test, device="cpu", quiet=True, **settings)
        except LossNotFinite as broken:
            history = broken.history
            history.add(dict.fromkeys(TERMS, math.nan))
        kept = _thinned(len(history))
        curves = {term: [round(history.terms[term][epoch - 1], 4) for epoch in kept] for term in TERMS}
        return Run(name, model.eval(), curves, kept, _measured(sick, model, given, data, curves))


@torch.no_grad()
def _measured(sick: Patient, model: VAE, given: Any, data: Dataset, curves: dict[str, list[float]]) -> Figures:
    (x, y), train = _test_examples(given), given.train.x if isinstance(given, Dataset) else data.train.x
    ends = {name: curves[name][-1] for name in ("loss", "reconstruction", "kl")} | {"test loss": curves["test_loss"][-1]}
    with evaluating(model):
        means = posterior_means(model, x)
        rebuilt, again, samples = model.decode(means).mean, model.reconstruct(x), model.sample(500)
        at_mean = -model.decode(means).log_prob(x)
        at_draw = -model.decode(model.encode(x).rsample()).log_prob(x)
    upright = data.train
    assert upright.y is not None
    centres = torch.stack([upright.x[upright.y == digit].mean(0).flatten() for digit in range(10)])
    lying, standing = (torch.cdist(images.flatten(1), centres).amin(1) for images in (samples.transpose(-1, -2), samples))
    far, usual = (torch.cdist(images.flatten(1), train.flatten(1)).amin(1).mean() for images in (samples, x))
    figures = ends | {
        "rise": curves["test_loss"][-1] - min(curves["test_loss"]),
        "spread": rebuilt.std(0).mean().item(),
        "darkest": rebuilt.min().item(),
        "noise costs": (at_draw - at_mean).mean().item(),
        "samples off": (far / usual).item(),
        "samples on their side": (lying < standing).float().mean().item(),
        "unsteady": (again - rebuilt).abs().mean().item(),
        "label in a pixel": _told_by_label(x.flatten(1), y),
    }
    return {name: round(value, 4) for name, value in figures.items()}


def _told_by_label(pixels: Tensor, y: Tensor) -> float:
    overall = pixels.var(0, correction=0)
    within = sum((pixels[y == label].var(0, correction=0) * (y == label).float().mean() for label in y.unique()), torch.zeros(()))
    return (1 - within / overall)[overall > 0].amax().item()


def _test_examples(given: Any) -> tuple[Tensor, Tensor]:
    split = given.test if isinstance(given, Dataset) else clinics_data().test
    assert split.y is not None
    return split.x, split.y


def _loader_of_test(sick: Patient, data: Dataset):
    return sick.data(replace(data, train=data.test))


def _thinned(count: int) -> list[int]:
    """The epochs that are kept of `count`, the last one among them."""
    step = -(-count // POINTS)
    return list(range(count, 0, -step))[::-1]


def store(run: Run, folder: Path = STORED) -> None:
    """Keep a run as two small files: NAME.json, and its weights in half precision as NAME.safetensors, unless all are NaN."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"curves": run.curves, "epochs": run.epochs, "figures": run.figures}
    (folder / f"{_slug(run.name)}.json").write_text(json.dumps(content) + "\n", encoding="utf-8")
    weights = {name: value.half().contiguous() if value.is_floating_point() else value for name, value in run.model.state_dict().items()}
    if not all(bool(value.isnan().all()) for value in run.model.parameters()):
        save_file(weights, folder / f"{_slug(run.name)}.safetensors")


def stored(name: str, folder: Path = STORED) -> Run:
    """The run of that name as it was stored. Raises ValueError for an unknown name."""
    sick = patient(name)
    content = json.loads((folder / f"{_slug(name)}.json").read_text("utf-8"))
    with torch.random.fork_rng(devices=[]):
        model = sick.model()
    if (weights := folder / f"{_slug(name)}.safetensors").exists():
        model.load_state_dict(load_file(weights))  # which brings half precision back to single
    else:
        with torch.no_grad():
            for value in model.parameters():
                value.fill_(math.nan)
    return Run(name, model.eval(), content["curves"], content["epochs"], content["figures"])


def ward() -> dict[str, Run]:
    """The sick runs as they are visited, under the letters A, B, C, …"""
    return {letter: stored(name) for letter, name in zip(ascii_uppercase, WARD, strict=False)}


def levels() -> dict[str, float]:
    """What takes no skill, nats an image: each pixel 50 % white; the training images' mean, for training and for test images."""
    data = clinics_data()
    mean, sides = data.train.x.mean(0).clamp(1e-4, 1 - 1e-4), data.train.x[0].numel()
    costs = (-Bernoulli(mean, validate_args=False).log_prob(x).flatten(1).sum(1).mean().item() for x in (data.train.x, data.test.x))
    return {"coins": sides * math.log(2), "mean image": next(costs), "mean image, test": next(costs)}


@torch.no_grad()
def mended_evaluation(run: Run) -> tuple[float, float]:
    """A run's test loss as its own evaluation gives it, and with dropout off and BatchNorm's averages taken anew, nats an image.

    The weights stay as they are. The averages are plain means over the training images, in batches of 64.
    """
    model, data = copy.deepcopy(run.model), run.data
    costs = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        costs.append(model.eval().loss(data.test.x).total.item())
        for layer in model.modules():
            if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                layer.reset_running_stats()
                layer.momentum = None
        nn.Module.train(model, True)
        for batch in data.train.x.split(64):
            model.loss(batch)
        nn.Module.train(model, False)  # and not the model's own, which may do nothing
        costs.append(model.loss(data.test.x).total.item())
    return costs[0], costs[1]


def by_heart(name: str, x: Tensor, *, steps: int = 400) -> Tensor:
    """The patient anew, trained on x alone with its own loss and learning rate: x as it paints them then, from the means of q(z|x).

    x: (n, 1, 28, 28). Raises ValueError for an unknown name.
    """
    sick = patient(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = sick.model()
        optimizer = model.optimizer(sick.learning_rate)
        for _ in range(steps):
            model.train().training_step(x, None, optimizer)
        with torch.no_grad(), evaluating(model):
            return model.decode(model.encode(x).mean).mean


def _slug(name: str) -> str:
    return name.replace(" ", "-").lower()
