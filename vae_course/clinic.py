"""The clinic: eight sick training runs and a healthy one, each made again from its seed, told by curves, pictures and figures.

`stored(name)` gives a run as it was once made; `regenerate(name)` makes it anew, in a few seconds. All are the same small VAE on the
same 4,000 enlarged handwritten digits (`load("digits")`, so that no download is needed), and each patient has one thing wrong.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.distributions import Bernoulli, Independent, kl_divergence

from .checkpoints import FOLDER
from .data import Split, load
from .evaluation import posterior_means
from .models import VAE
from .models.base import Loss, evaluating
from .training import fit

STORED = FOLDER / "clinic"
PICTURES = 8
EXAMPLES = 4000


class AveragedPixels(VAE):
    """Its reconstruction term is the mean over pixels, its KL the sum over latents."""

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        terms = super().loss(x)
        reconstruction = terms.reconstruction / x[0].numel()
        return Loss(total=reconstruction + terms.kl, reconstruction=reconstruction, kl=terms.kl)


class WrongSign(VAE):
    """Its loss has the KL with a minus."""

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        terms = super().loss(x)
        return Loss(total=terms.reconstruction - terms.kl, reconstruction=terms.reconstruction, kl=terms.kl)


class SigmoidTwice(VAE):
    """Its decoder's probabilities pass a second sigmoid."""

    def decode(self, z: Tensor, y: Tensor | None = None) -> Independent:
        once = super().decode(z).mean
        return Independent(Bernoulli(logits=once, validate_args=False), once.dim() - z.dim() + 1, validate_args=False)


class NoNoise(VAE):
    """It decodes the posterior's mean in training, and has its KL all the same."""

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        q = self.encode(x)
        reconstruction = -self.decode(q.mean).log_prob(x).mean()
        kl = kl_divergence(q, self.prior).mean()
        return Loss(total=reconstruction + kl, reconstruction=reconstruction, kl=kl)


class CutGradient(VAE):
    """It draws z in a way that no gradient passes."""

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        q = self.encode(x)
        reconstruction = -self.decode(q.sample()).log_prob(x).mean()
        kl = kl_divergence(q, self.prior).mean()
        return Loss(total=reconstruction + kl, reconstruction=reconstruction, kl=kl)


class ForgottenKL(VAE):
    """It reports its KL and does not minimise it."""

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        terms = super().loss(x)
        return Loss(total=terms.reconstruction, reconstruction=terms.reconstruction, kl=terms.kl)


def as_it_is(train: Split) -> Split:
    return train


def on_their_side(train: Split) -> Split:
    """Rows and columns of the training images swapped, as in some files one meets; test images stand upright."""
    return Split(train.x.transpose(-1, -2).contiguous(), train.y)


def a_hundred(train: Split) -> Split:
    return train.head(100)


Figures = dict[str, float]


@dataclass(frozen=True)
class Patient:
    """One run: what it is trained with, what is wrong, and the sign by which it is known.

    shows: from a run's figures to whether the sign is there. It is there in this run and not in the healthy one.
    """

    name: str
    wrong: str
    sign: str
    shows: Callable[[Figures], bool]
    kind: type[VAE] = VAE
    data: Callable[[Split], Split] = as_it_is
    epochs: int = 12
    seed: int = 0


PATIENTS = (
    Patient("healthy", "nothing", "nothing", lambda f: False),
    Patient(
        "averaged pixels",
        "The reconstruction term is averaged over pixels and the KL summed over latents: in effect β = 784.",
        "The KL is gone, every reconstruction is the same mean image, and the loss is below 1.",
        lambda f: f["kl"] < 0.5 and f["spread"] < 0.02 and f["loss"] < 1,
        AveragedPixels,
    ),
    Patient(
        "wrong sign",
        "The KL is subtracted: the loss pays for posteriors far from the prior.",
        "The loss is negative and goes on falling, while the KL grows beyond a thousand nats.",
        lambda f: f["loss"] < 0 and f["kl"] > 1000,
        WrongSign,
    ),
    Patient(
        "sigmoid twice",
        "The decoder's output passes two sigmoids, so that no pixel can be darker than one half.",
        "The reconstruction term stays above 450 nats, and the darkest pixel of any picture is 0.5 or more.",
        lambda f: f["darkest"] >= 0.5 and f["reconstruction"] > 450,
        SigmoidTwice,
    ),
    Patient(
        "no noise",
        "The decoder is trained on the mean of q(z|x), not a draw: codes crowd at 0, where the KL is least, and it tells them apart.",
        "Reconstructions at the mean are good while the KL is small; with the noise of a true posterior they are lost.",
        lambda f: f["kl"] < 8 and f["spread"] > 0.1 and f["noise costs"] > 100,
        NoNoise,
    ),
    Patient(
        "cut gradient",
        "z is drawn without the reparameterisation trick (`sample`, not `rsample`): the encoder hears the KL alone.",
        "The KL is gone and every reconstruction is the same mean image, as with averaged pixels, but the loss is that of the mean image.",
        lambda f: f["kl"] < 0.5 and f["spread"] < 0.02 and f["loss"] > 100,
        CutGradient,
    ),
    Patient(
        "forgotten KL",
        "The KL is computed and reported, and left out of the sum that is minimised.",
        "A better reconstruction than the healthy run's, a KL of more than a hundred nats, and samples that are no digits.",
        lambda f: f["kl"] > 100 and f["loss"] > 0 and f["samples off"] > 1.3,
        ForgottenKL,
    ),
    Patient(
        "a hundred images",
        "The training set is 100 images, seen again and again.",
        "The training loss keeps falling; the test loss turns round, rises again and ends far above it.",
        lambda f: f["test loss"] - f["loss"] > 50 and f["rise"] > 5,
        data=a_hundred,
        epochs=600,
    ),
    Patient(
        "on their side",
        "Rows and columns are swapped in the training images and not in the test images.",
        "The test loss stands far above the training loss from early on, though images are not scarce; samples lie on their side.",
        lambda f: f["test loss"] - f["loss"] > 50 and f["rise"] < 20 and f["samples on their side"] > 0.7,
        data=on_their_side,
    ),
)


@dataclass(frozen=True)
class Run:
    """What is left of a run: curves by term (one figure an epoch, nats as the run reported them), figures at its end, and a picture.

    picture: three rows of eight, 8-bit grey: test images, their reconstructions, samples from the prior.
    """

    name: str
    curves: dict[str, list[float]]
    figures: Figures
    picture: Image.Image = field(repr=False)


def names() -> list[str]:
    """The patients' names, "healthy" first."""
    return [patient.name for patient in PATIENTS]


def patient(name: str) -> Patient:
    """The patient of that name. Raises ValueError for an unknown one."""
    for one in PATIENTS:
        if one.name == name:
            return one
    raise ValueError(f"no patient is called {name!r}, expected one of: {', '.join(names())}.")


def regenerate(name: str) -> Run:
    """Train the patient anew from its seed, on the CPU, and examine it. Raises ValueError for an unknown name."""
    sick = patient(name)
    data = load("digits").subset(train=EXAMPLES)
    with torch.random.fork_rng():
        torch.manual_seed(sick.seed)
        model = sick.kind(latent_size=10, hidden_sizes=(200,))
        history = fit(
            model, sick.data(data.train), epochs=sick.epochs, batch_size=64, test=data.test, seed=sick.seed, device="cpu", quiet=True
        )
        curves = {term: [round(value, 4) for value in history.terms[term]] for term in ("loss", "reconstruction", "kl", "test_loss")}
        return Run(name, curves, *examine(model, data.train, data.test, curves))


@torch.no_grad()
def examine(model: VAE, train: Split, test: Split, curves: dict[str, list[float]]) -> tuple[Figures, Image.Image]:
    """What a doctor measures, and the picture.

    "loss", "reconstruction", "kl", "test loss": the curves' last points. "rise": how far the test loss ends above its lowest point.
    "spread": a pixel's standard deviation over the reconstructions of test images, averaged over pixels. "darkest": their lowest pixel.
    "noise costs": how many nats a reconstruction costs more at a draw of the posterior than at its mean. "samples off": how far samples lie
    from their nearest training image, over the same for test images. "samples on their side": the share of samples that lie nearer
    to a class's mean image when their rows and columns are swapped.
    """
    with evaluating(model):
        means = posterior_means(model, test)
        rebuilt, samples = model.decode(means).mean, model.sample(500)
        at_mean = -model.decode(means).log_prob(test.x)
        at_draw = -model.decode(model.encode(test.x).sample()).log_prob(test.x)
    centres = torch.stack([train.x[train.y == digit].mean(0).flatten() for digit in range(10)])
    lying, upright = (torch.cdist(images.flatten(1), centres).amin(1) for images in (samples.transpose(-1, -2), samples))
    far, usual = (torch.cdist(images.flatten(1), train.x.flatten(1)).amin(1).mean() for images in (samples, test.x))
    figures = {
        **{name: curves[name][-1] for name in ("loss", "reconstruction", "kl")},
        "test loss": curves["test_loss"][-1],
        "rise": curves["test_loss"][-1] - min(curves["test_loss"]),
        "spread": rebuilt.std(0).mean().item(),
        "darkest": rebuilt.min().item(),
        "noise costs": (at_draw - at_mean).mean().item(),
        "samples off": (far / usual).item(),
        "samples on their side": (lying < upright).float().mean().item(),
    }
    chosen = [int((test.y == digit).nonzero()[0]) for digit in range(PICTURES)]
    return {name: round(value, 4) for name, value in figures.items()}, _picture([test.x[chosen], rebuilt[chosen], samples[:PICTURES]])


def _picture(rows: list[Tensor]) -> Image.Image:
    side = rows[0].shape[-1]
    grid = torch.stack(rows).reshape(len(rows), PICTURES, side, side).permute(0, 2, 1, 3).reshape(len(rows) * side, PICTURES * side)
    return Image.fromarray((255 * grid).round().byte().numpy())


def store(run: Run, folder: Path = STORED) -> None:
    """Keep a run as two small files, NAME.json and NAME.png."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"curves": run.curves, "figures": run.figures}
    (folder / f"{_slug(run.name)}.json").write_text(json.dumps(content) + "\n", encoding="utf-8")
    run.picture.save(folder / f"{_slug(run.name)}.png", optimize=True)


def stored(name: str, folder: Path = STORED) -> Run:
    """The run of that name as it was stored. Raises ValueError for an unknown name."""
    slug = _slug(patient(name).name)
    content = json.loads((folder / f"{slug}.json").read_text("utf-8"))
    with Image.open(folder / f"{slug}.png") as picture:
        return Run(name, content["curves"], content["figures"], picture.convert("L"))


def _slug(name: str) -> str:
    return name.replace(" ", "-").lower()
