"""Whom the clinic holds: one small convolutional VAE, healthy once, and once for each of the usual mistakes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from torch.utils.data import DataLoader, TensorDataset

from ..data import Dataset, Split
from ..models import VAE
from ..models.base import Loss
from ..models.networks import convolutional_decoder, convolutional_encoder

CHANNELS, LATENTS = (8, 16, 16), 8


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


class OpenVariance(VAE):
    """Its log σ² may be any number, so that σ² may be infinite."""

    def encode(self, x: Tensor, y: Tensor | None = None) -> Independent:
        mu, log_var = self.encoder(self.check_input(x)).chunk(2, dim=-1)
        return Independent(Normal(mu, (0.5 * log_var).exp(), validate_args=False), 1, validate_args=False)


class AnyPixels(VAE):
    """It takes pixels of any size."""

    def check_values(self, x: Tensor) -> Tensor:
        return x


class AlwaysTraining(VAE):
    """It stays in training mode when it is told to leave it."""

    def train(self, mode: bool = True):
        return super().train(True)


def plain_layer() -> nn.Module:
    return nn.SiLU()


def slow_batch_norm() -> nn.Module:
    """BatchNorm whose running averages move by a ten-thousandth a step: 0.9999 is what another library calls this momentum."""
    return nn.Sequential(nn.LazyBatchNorm2d(momentum=1e-4), nn.SiLU())


def dropout() -> nn.Module:
    return nn.Sequential(nn.SiLU(), nn.Dropout(0.3))


def as_it_is(data: Dataset) -> Dataset:
    return data


def on_their_side(data: Dataset) -> Dataset:
    """Rows and columns of the training images swapped, as in some files one meets; test images stand upright."""
    return replace(data, train=Split(data.train.x.transpose(-1, -2).contiguous(), data.train.y))


def a_hundred(data: Dataset) -> Dataset:
    return data.subset(train=100)


def five_hundred(data: Dataset) -> Dataset:
    return data.subset(train=500)


def with_labels(data: Dataset) -> Dataset:
    """The label in ten pixels of the top row, one of them white: left there by somebody's classifier."""

    def marked(split: Split) -> Split:
        assert split.y is not None
        x = split.x.clone()
        x[:, 0, 0, 4:24] = nn.functional.one_hot(split.y, 10).repeat_interleave(2, dim=1).to(x.dtype)
        return Split(x, split.y)

    return replace(data, train=marked(data.train), test=marked(data.test))


def undivided(data: Dataset) -> DataLoader:
    """Pixels from 0 to 255. A `Split` would refuse them."""
    assert data.train.y is not None
    return DataLoader(TensorDataset(255 * data.train.x, data.train.y), 64, shuffle=True)


Figures = dict[str, float]


@dataclass(frozen=True)
class Patient:
    """One run: what it is trained with, what is wrong, and the sign by which it is known.

    shows: from a run's figures to whether the sign is there. It is there in this run and not in the healthy one.
    found: what `examine` calls the fault.
    data: what it is trained on, from the clinic's digits. layer: what stands between the convolutions.
    """

    name: str
    wrong: str
    sign: str
    shows: Callable[[Figures], bool]
    found: str
    kind: type[VAE] = VAE
    data: Callable[[Dataset], Any] = as_it_is
    layer: Callable[[], nn.Module] = plain_layer
    epochs: int = 10
    learning_rate: float = 3e-3
    seed: int = 0

    def model(self) -> VAE:
        """The patient before training, from the numbers that PyTorch draws next: `torch.manual_seed(patient.seed)` for its own."""
        encoder = convolutional_encoder((1, 28, 28), CHANNELS, 2 * LATENTS, self.layer)
        return self.kind(latent_size=LATENTS, encoder=encoder, decoder=convolutional_decoder(LATENTS, CHANNELS, (1, 28, 28), self.layer))


PATIENTS = (
    Patient("healthy", "nothing", "nothing", lambda f: False, ""),
    Patient(
        "averaged pixels",
        "The reconstruction term is averaged over pixels and the KL summed over latents: in effect β = 784.",
        "The KL is gone, every reconstruction is the same mean image, and the loss is below 1.",
        lambda f: f["kl"] < 0.5 and f["spread"] < 0.02 and 0 < f["loss"] < 1,
        "reconstruction averaged over pixels",
        AveragedPixels,
    ),
    Patient(
        "wrong sign",
        "The KL is subtracted: the loss pays for posteriors far from the prior.",
        "The loss is negative and goes on falling, while the KL grows beyond a thousand nats.",
        lambda f: f["loss"] < 0 and f["kl"] > 1000 and f["loss"] > -1.01 * f["kl"],
        "wrong sign",
        WrongSign,
    ),
    Patient(
        "sigmoid twice",
        "The decoder's output passes two sigmoids, so that no pixel can be darker than one half.",
        "The reconstruction term stays above 450 nats, and the darkest pixel of any picture is 0.5 or more.",
        lambda f: f["darkest"] >= 0.5 and f["reconstruction"] > 450 and f["spread"] > 0.02,
        "sigmoid twice",
        SigmoidTwice,
    ),
    Patient(
        "no noise",
        "The decoder is trained on the mean of q(z|x), not a draw: clouds may be as wide as the prior and overlap, and no one pays for it.",
        "Reconstructions at the mean are good while the KL is small; with the noise of a true posterior they are lost.",
        lambda f: f["kl"] < 10 and f["spread"] > 0.1 and f["noise costs"] > 100,
        "noise not used",
        NoNoise,
    ),
    Patient(
        "cut gradient",
        "z is drawn without the reparameterisation trick (`sample`, not `rsample`): the encoder hears the KL alone.",
        "The KL is gone and every reconstruction is the same mean image, as with averaged pixels, but the loss is that of the mean image.",
        lambda f: f["kl"] < 0.5 and f["spread"] < 0.02 and 100 < f["loss"] < 400,
        "gradient cut before the encoder",
        CutGradient,
    ),
    Patient(
        "forgotten KL",
        "The KL is computed and reported, and left out of the sum that is minimised.",
        "A better reconstruction than the healthy run's, a KL of more than sixty nats, and samples that are no digits.",
        lambda f: f["kl"] > 60 and f["loss"] > 0 and f["samples off"] > 1.3,
        "KL forgotten",
        ForgottenKL,
    ),
    Patient(
        "a hundred images",
        "The training set is 100 images, seen again and again.",
        "The training loss keeps falling; the test loss turns round, rises again and ends far above it.",
        lambda f: f["test loss"] - f["loss"] > 50 and f["rise"] > 5 and f["spread"] > 0.15,
        "overfitting",
        data=a_hundred,
        epochs=600,
    ),
    Patient(
        "on their side",
        "Rows and columns are swapped in the training images and not in the test images.",
        "The test loss never falls to what the mean image costs, though images are not scarce; samples lie on their side.",
        lambda f: f["test loss"] - f["loss"] > 50 and f["test loss"] - f["rise"] > 300 and f["samples on their side"] > 0.5,
        "training and test images differ",
        data=on_their_side,
    ),
    Patient(
        "open variance",
        "log σ² has no bound, and the learning rate is large: one step makes σ² infinite, and infinity minus infinity is not a number.",
        "The curves end in the middle of training. Every weight is NaN, and every picture with them.",
        lambda f: math.isnan(f["loss"]),
        "not a number",
        OpenVariance,
        data=five_hundred,
        learning_rate=0.06,
    ),
    Patient(
        "dead learning rate",
        "The learning rate is 0.000001.",
        "The loss stands where it started, at the price of coins, and every picture is grey.",
        lambda f: f["loss"] > 400 and f["spread"] < 0.02 and f["darkest"] > 0.3,
        "learning rate too small",
        learning_rate=1e-6,
    ),
    Patient(
        "BatchNorm in evaluation",
        "BatchNorm's running averages move by a ten-thousandth a step. Training does not use them; evaluation does.",
        "The training loss is a healthy one; the test loss, and every picture, is of another model.",
        lambda f: f["test loss"] - f["loss"] > 50 and f["loss"] < 200 and f["spread"] < 0.1,
        "BatchNorm in evaluation",
        layer=slow_batch_norm,
    ),
    Patient(
        "undivided pixels",
        "Pixels go from 0 to 255, and the loss takes them for probabilities.",
        "The reconstruction term is far below 0, and every picture is white.",
        lambda f: f["reconstruction"] < -1000,
        "pixels not divided by 255",
        AnyPixels,
        data=undivided,
        learning_rate=3e-4,
    ),
    Patient(
        "evaluation in training mode",
        "`model.eval()` does nothing: dropout goes on in evaluation, in test figures and in pictures.",
        "The same image is reconstructed differently each time.",
        lambda f: f["unsteady"] > 0.02,
        "evaluation in training mode",
        AlwaysTraining,
        layer=dropout,
    ),
    Patient(
        "labels leaked",
        "The label stands in ten pixels of the top row, in training and test images.",
        "A line over each picture, at another place for each class, and codes that tell the class better than they could.",
        lambda f: f["label in a pixel"] > 0.95,
        "labels leaked into the images",
        data=with_labels,
    ),
)


# In what order they are visited: from those that a curve gives away to those that it does not.
WARD = (
    "dead learning rate",
    "open variance",
    "wrong sign",
    "undivided pixels",
    "averaged pixels",
    "cut gradient",
    "sigmoid twice",
    "a hundred images",
    "on their side",
    "BatchNorm in evaluation",
    "evaluation in training mode",
    "forgotten KL",
    "no noise",
    "labels leaked",
)


def names() -> list[str]:
    """The patients' names, "healthy" first."""
    return [patient.name for patient in PATIENTS]


def patient(name: str) -> Patient:
    """The patient of that name. Raises ValueError for an unknown one."""
    for one in PATIENTS:
        if one.name == name:
            return one
    raise ValueError(f"no patient is called {name!r}, expected one of: {', '.join(names())}.")


def clinics_data() -> Dataset:
    """The digits that every patient is trained on: 4,000 training images and 800 test images at most."""
    from ..data import load

    return load("digits").subset(train=4000)
