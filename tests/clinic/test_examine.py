"""`examine` names the fault of each stored patient and of sick models that it has not seen, and calls healthy runs healthy.

What is trained here differs from the patients in architecture, size, data or fault, and no threshold was set by it.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from vae_course import VAE, Autoencoder, ConditionalVAE, ConvolutionalVAE, clinic, fit, load
from vae_course.data import Dataset, Split
from vae_course.models.base import Loss


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits").subset(train=800, test=200)


@pytest.fixture(scope="module")
def sprites() -> Dataset:
    return load("sprites").subset(train=600, test=150)


def trained(model, data, *, epochs=5, learning_rate=2e-3, seed=0):
    return fit(model, data, epochs=epochs, batch_size=32, learning_rate=learning_rate, test=data, seed=seed, device="cpu", quiet=True)


def small(kind=VAE, latents=4, seed=0, **settings):
    torch.manual_seed(seed)
    return kind(latent_size=latents, hidden_sizes=(64,), **settings)


@pytest.mark.parametrize("name", clinic.names())
def test_it_names_the_fault_of_each_stored_patient(name):
    run, sick = clinic.stored(name), clinic.patient(name)
    record = clinic.examine(run.model, run.data, run.history, quiet=True)
    if name == "healthy":
        assert record.healthy, record
    else:
        assert sick.found in record.findings[0].name, record


# --- sick models that it has not seen


class Learners(nn.Module):
    """A model as a learner would write it, without the course's classes: log σ² has no bound, and evaluation takes the mean."""

    def __init__(self, pixels: int, latents: int = 3) -> None:
        super().__init__()
        self.to_code = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 50), nn.Tanh(), nn.Linear(50, 2 * latents))
        self.to_image = nn.Sequential(nn.Linear(latents, 50), nn.Tanh(), nn.Linear(50, pixels))
        self.latents, self.side = latents, int(pixels**0.5)

    @property
    def prior(self):
        return Independent(Normal(torch.zeros(self.latents), torch.ones(self.latents)), 1)

    def encode(self, x, y=None):
        mu, log_var = self.to_code(x).chunk(2, dim=-1)
        return Independent(Normal(mu, (0.5 * log_var).exp(), validate_args=False), 1, validate_args=False)

    def decode(self, z, y=None):
        logits = self.to_image(z).unflatten(-1, (1, self.side, self.side))
        return Independent(Bernoulli(logits=logits, validate_args=False), 3, validate_args=False)

    def code(self, q):
        return q.rsample() if self.training else q.mean

    def loss(self, x, y=None):
        q = self.encode(x)
        reconstruction = -self.decode(self.code(q)).log_prob(x).mean()
        kl = kl_divergence(q, self.prior).mean()
        return Loss(total=reconstruction + kl, reconstruction=reconstruction, kl=kl)

    def sample(self, n):
        return self.decode(self.prior.sample((n,))).mean


class Detached(Learners):
    def code(self, q):
        return q.rsample().detach()


def by_hand(model, data, epochs=5, learning_rate=2e-3, held=None):
    """A learner's own loop; it keeps the curve of the loss alone. held: the weights that its optimizer holds, all of them by default."""
    torch.manual_seed(0)
    optimizer, curve = torch.optim.Adam(model.parameters() if held is None else held, lr=learning_rate), []
    for _ in range(epochs):
        model.train()
        totals = []
        for chosen in torch.randperm(len(data.train)).split(32):
            total = model.loss(data.train.x[chosen]).total
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            totals.append(total.item())
        curve.append(sum(totals) / len(totals))
    return {"loss": curve}


class Squared(Learners):
    """Its draws have the width σ² where q says σ."""

    def code(self, q):
        return q.mean + q.stddev.square() * torch.randn_like(q.mean)


class Inside(VAE):
    """Its decoder is right; its loss takes probabilities for logits."""

    def loss(self, x, y=None):
        q = self.encode(x)
        means = self.decode(q.rsample()).mean
        reconstruction = nn.functional.binary_cross_entropy_with_logits(means, x, reduction="sum") / len(x)
        kl = kl_divergence(q, self.prior).mean()
        return Loss(total=reconstruction + kl, reconstruction=reconstruction, kl=kl)


class Unasked(ConditionalVAE):
    """It has labels in its decoder and says that it takes none."""

    def labels(self, y, n):
        return None

    def drawn_labels(self, n):
        return None

    def condition(self, y, n):
        return super().condition(torch.zeros(n, dtype=torch.long) if y is None else y, n)


def crawling(digits, sprites):
    torch.manual_seed(0)
    model = ConvolutionalVAE(input_shape=(1, 32, 32), channels=(4, 8), latent_size=2, likelihood="bernoulli")
    return model, sprites, trained(model, sprites, learning_rate=1e-6)


def detached(digits, sprites):
    torch.manual_seed(0)
    model = Detached(32 * 32)
    return model, sprites, by_hand(model, sprites)


def without_its_encoder(digits, sprites):
    torch.manual_seed(0)
    model = Learners(28 * 28)
    return model, digits, by_hand(model, digits, held=model.to_image.parameters(), epochs=10)


def squared(digits, sprites):
    torch.manual_seed(0)
    model = Squared(28 * 28)
    return model, digits, by_hand(model, digits, epochs=8)


def inside(digits, sprites):
    model = small(Inside)
    return model, digits, trained(model, digits)


def dear(digits, sprites):
    model = small(latents=6, input_shape=(1, 32, 32), likelihood="gaussian", sigma=0.3, beta=150.0)
    return model, sprites, trained(model, sprites)


def unasked(digits, sprites):
    model = small(Unasked)
    return model, digits, trained(model, digits)


def centred(digits, sprites):
    torch.manual_seed(0)
    data = Shifted(digits)
    model = Learners(28 * 28)
    return model, (data.train.x, data.train.y), by_hand(model, data)


class Shifted:
    """Pixels from −1 to 1, which a `Split` would refuse."""

    def __init__(self, data: Dataset) -> None:
        self.train = _Rows(2 * data.train.x - 1, data.train.y)


class _Rows:
    def __init__(self, x, y) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x)


def upside_down(digits, sprites):
    data = replace(digits, test=Split(digits.test.x.flip(-2), digits.test.y))
    model = small(ConditionalVAE, latents=5)
    return model, data, trained(model, data, epochs=8)


@pytest.mark.parametrize(
    ("sick", "named"),
    [
        (crawling, "learning rate too small"),
        (detached, "gradient cut before the encoder"),
        (without_its_encoder, "weights missing from the optimizer"),
        (squared, "noise is not that of q"),
        (inside, "sigmoid twice"),
        (dear, "KL weight too large"),
        (unasked, "labels leaked into the model"),
        (centred, "pixels centred"),
        (upside_down, "training and test images differ"),
    ],
)
def test_it_names_the_fault_of_models_that_it_has_not_seen(sick, named, digits, sprites):
    model, data, history = sick(digits, sprites)
    record = clinic.examine(model, data, history, quiet=True)
    assert record.findings, record
    assert record.findings[0].name.startswith(named), record


# --- healthy runs


def batch_normed():
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 8))
    decoder = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 784))
    return VAE(latent_size=4, encoder=encoder, decoder=decoder)


HEALTHY = {
    "two latents": lambda: small(latents=2),
    "another seed, β = ½": lambda: small(latents=8, seed=3, beta=0.5),
    "β = 4": lambda: small(latents=8, beta=4.0),
    "annealing": lambda: small(latents=8, anneal_steps=100),
    "free bits": lambda: small(latents=8, free_bits=0.2),
    "conditional": lambda: small(ConditionalVAE),
    "autoencoder": lambda: small(Autoencoder),
    "autoencoder of coins": lambda: small(Autoencoder, error="cross-entropy"),
    "Gaussian pixels": lambda: small(latents=6, likelihood="gaussian", sigma=0.2),
    "BatchNorm and dropout": batch_normed,
}


@pytest.mark.parametrize("name", HEALTHY)
def test_it_calls_healthy_runs_healthy(name, digits):
    torch.manual_seed(0)
    model = HEALTHY[name]()
    record = clinic.examine(model, digits, trained(model, digits, epochs=6), quiet=True)
    assert record.healthy, record


def test_it_calls_a_learners_own_model_healthy(sprites):
    torch.manual_seed(0)
    model = Learners(32 * 32)
    record = clinic.examine(model, sprites, by_hand(model, sprites, epochs=8), quiet=True)
    assert record.healthy, record


# --- what it takes and what it leaves alone


def test_it_changes_neither_model_nor_random_numbers(digits):
    model = small()
    history = trained(model, digits, epochs=1)
    before, mode = {name: value.clone() for name, value in model.state_dict().items()}, model.training
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    clinic.examine(model, digits, history, quiet=True)
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training == mode
    assert model.history is history


def test_it_prints_unless_it_is_told_not_to(digits, capsys):
    run = clinic.stored("open variance")
    record = clinic.examine(run.model, digits.train.x, {"loss": [300.0, float("nan")]})
    assert capsys.readouterr().out == f"{record}\n"
    clinic.examine(run.model, digits.train.x, None, quiet=True)
    assert capsys.readouterr().out == ""


def test_bytes_are_named_and_not_refused(digits):
    record = clinic.examine(small(), (255 * digits.train.x).byte(), None, quiet=True)
    assert record.findings[0].name == "pixels not divided by 255"
    assert record.findings[0].evidence == 255


def test_a_model_without_a_decoder_is_refused(digits):
    with pytest.raises(ValueError, match="a Linear has no encode"):
        clinic.examine(nn.Linear(1, 1), digits)
