"""Single signs by which a fault is read, on small models that have hardly been trained; each is silent for the healthy model beside it."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Independent, Normal

from vae_course import VAE, ConditionalVAE, clinic, fit
from vae_course.clinic import of_gradients, of_labels, of_learning, of_loss, of_noise, of_posterior, of_splits, of_widths
from vae_course.clinic.subject import Subject, seeded
from vae_course.data import Split
from vae_course.models.base import Loss

SIDE, LATENTS = 8, 4


def pictures(n: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Bars of soft edges, at a place that the label says."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(4, (n,), generator=generator)
    x = 0.1 * torch.rand(n, 1, SIDE, SIDE, generator=generator)
    for row, label in enumerate(y.tolist()):
        x[row, 0, 2 * label : 2 * label + 2] += 0.7
    return x, y


X, Y = pictures(160)


class Plain(nn.Module):
    """A learner's model: each way to be wrong overrides one line of it."""

    def __init__(self) -> None:
        super().__init__()
        self.enc = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 24), nn.Tanh())
        self.mu, self.log_var = nn.Linear(24, LATENTS), nn.Linear(24, LATENTS)
        self.dec = nn.Sequential(nn.Linear(LATENTS, 24), nn.Tanh(), nn.Linear(24, SIDE * SIDE))

    @property
    def prior(self):
        return Independent(Normal(torch.zeros(LATENTS), torch.ones(LATENTS)), 1)

    def statistics(self, x):
        hidden = self.enc(x)
        return self.mu(hidden), self.log_var(hidden)

    def sigma(self, log_var):
        return (0.5 * log_var).exp()

    def encode(self, x, y=None):
        mu, log_var = self.statistics(x)
        return Independent(Normal(mu, self.sigma(log_var)), 1)

    def logits(self, z):
        return self.dec(z).unflatten(-1, (1, SIDE, SIDE))

    def decode(self, z, y=None):
        return Independent(Bernoulli(logits=self.logits(z), validate_args=False), 3, validate_args=False)

    def draw(self, mu, log_var):
        return mu + self.sigma(log_var) * torch.randn_like(mu)

    def reconstruction(self, x, z):
        return nn.functional.binary_cross_entropy_with_logits(self.logits(z), x, reduction="sum") / len(x)

    def kl(self, mu, log_var, z):
        return 0.5 * (mu.square() + log_var.exp() - 1 - log_var).sum(1).mean()

    def loss(self, x, y=None):
        mu, log_var = self.statistics(x)
        z = self.draw(mu, log_var)
        reconstruction, kl = self.reconstruction(x, z), self.kl(mu, log_var, z)
        return Loss(total=reconstruction + kl, reconstruction=reconstruction, kl=kl)


class VarianceForWidth(Plain):
    def draw(self, mu, log_var):
        return mu + log_var.exp() * torch.randn_like(mu)


class LogForWidth(Plain):
    def draw(self, mu, log_var):
        return mu + log_var * torch.randn_like(mu)


class OneDraw(Plain):
    def draw(self, mu, log_var):
        return mu + self.sigma(log_var) * torch.randn(LATENTS)


class SameDraw(Plain):
    def draw(self, mu, log_var):
        return mu + self.sigma(log_var) * torch.randn(mu.shape, generator=torch.Generator().manual_seed(0))


class Uniform(Plain):
    def draw(self, mu, log_var):
        return mu + self.sigma(log_var) * torch.rand_like(mu)


class Mean(Plain):
    def draw(self, mu, log_var):
        return mu


class Corrupting(Plain):
    """A denoising model: nothing is wrong with it, and its draws are not those of q(z|x)."""

    def loss(self, x, y=None):
        mu, log_var = self.statistics(x + torch.randn_like(x))
        z = self.draw(mu, log_var)
        reconstruction, kl = self.reconstruction(x, z), self.kl(mu, log_var, z)
        return Loss(total=reconstruction + kl, reconstruction=reconstruction, kl=kl)


class FromTheDraw(Plain):
    """Its KL is an estimate from the one draw, as a flow's would have to be."""

    def kl(self, mu, log_var, z):
        return (Normal(mu, self.sigma(log_var)).log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(1).mean()


class WithoutHalf(Plain):
    """All draw from σ = exp(log σ²), but for the KL."""

    def sigma(self, log_var):
        return log_var.exp()


class Unsquared(Plain):
    def kl(self, mu, log_var, z):
        return 0.5 * (mu.abs() + log_var.exp() - 1 - log_var).sum(1).mean()


class Skipping(Plain):
    """Its decoder sees the encoder's hidden layer as well, in training."""

    def __init__(self) -> None:
        super().__init__()
        self.across = nn.Linear(24, SIDE * SIDE)

    def loss(self, x, y=None):
        mu, log_var = self.statistics(x)
        logits = self.logits(self.draw(mu, log_var)) + 3 * self.across(self.enc(x)).view_as(x)
        reconstruction = nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
        return Loss(total=reconstruction, reconstruction=reconstruction)


class Positive(Plain):
    def statistics(self, x):
        mu, log_var = super().statistics(x)
        return mu.relu(), log_var


class Wide(Plain):
    def statistics(self, x):
        mu, log_var = super().statistics(x)
        return mu, log_var.relu()


class HalfDeaf(Plain):
    def logits(self, z):
        return super().logits(torch.cat([z[..., :2], 0 * z[..., 2:]], -1))


class MeanCut(Plain):
    def draw(self, mu, log_var):
        return super().draw(mu.detach(), log_var)


class TrunkCut(Plain):
    def statistics(self, x):
        with torch.no_grad():
            hidden = self.enc(x)
        return self.mu(hidden), self.log_var(hidden)


class Frozen(Plain):
    def __init__(self) -> None:
        super().__init__()
        for layer in (self.enc, self.mu, self.log_var):
            layer.requires_grad_(False)


def made(kind):
    torch.manual_seed(0)
    return kind()


def signs(kind, look, data=(X, Y)):
    with seeded():
        return [(found.name, found.shown) for found in look(Subject(made(kind), data))[1]]


@pytest.mark.parametrize(
    ("kind", "look", "name", "said"),
    [
        (VarianceForWidth, of_noise.draws, "noise is not that of q", "width σ²"),
        (LogForWidth, of_noise.draws, "noise is not that of q", "width log σ²"),
        (OneDraw, of_noise.draws, "noise is not that of q", "same for all examples"),
        (SameDraw, of_noise.draws, "noise is not that of q", "same for all passes"),
        (Uniform, of_noise.draws, "noise is not that of q", "rand, not randn"),
        (Mean, of_noise.draws, "noise not used", "decodes μ itself"),
        (WithoutHalf, of_loss.formulas, "KL is not that of q", "variance σ,"),
        (Unsquared, of_loss.formulas, "KL is not that of q", "changes from weights to weights"),
        (Skipping, of_loss.formulas, "reconstruction is not that of decode", "nats apart"),
        (Positive, of_posterior.reach, "encoder's means can't be negative", "no μ is below 0"),
        (Wide, of_posterior.reach, "encoder's widths can't be small", "no σ is below 1.00"),
        (HalfDeaf, of_posterior.unread, "decoder doesn't read all latents", "2 of 4 latents"),
        (MeanCut, of_gradients.gradients, "gradient cut before the encoder", "does not reach mu"),
        (TrunkCut, of_gradients.gradients, "gradient cut before enc.1", "depends on it"),
        (Frozen, of_gradients.gradients, "frozen weights: the encoder's", "requires_grad is False"),
    ],
)
def test_a_sign_is_read(kind, look, name, said):
    [(found, shown)] = signs(kind, look)
    assert found == name
    assert said in shown


@pytest.mark.parametrize("kind", [Plain, FromTheDraw, Corrupting])
def test_where_nothing_is_wrong_no_sign_is_read(kind):
    looks = (of_noise.draws, of_loss.arithmetic, of_loss.formulas, of_posterior.reach, of_posterior.unread, of_gradients.gradients)
    assert [signs(kind, look) for look in looks] == [[]] * len(looks)


def test_a_loss_summed_over_the_batch_is_read_by_the_example():
    class Summed(Plain):
        def loss(self, x, y=None):
            mean = super().loss(x)
            return Loss(total=len(x) * mean.total, reconstruction=len(x) * mean.reconstruction, kl=len(x) * mean.kl)

    subject = Subject(made(Summed), X, {"loss": [9000.0, 1600.0]})
    assert subject.summed > 10
    assert subject.curve[-1] == pytest.approx(subject.costs.bound, rel=0.1)


@pytest.mark.parametrize("change", [lambda x: x / 2, lambda x: x / 255, lambda x: (x > 0.5).float()])
def test_test_images_of_other_values_are_told(change):
    healthy, sick = (Subject(made(Plain), X, test=test) for test in (pictures(80, 1)[0], change(pictures(80, 1)[0])))
    assert of_splits.values(healthy)[1] == []
    assert [found.name for found in of_splits.values(sick)[1]] == ["training and test images differ"]


def test_labels_at_random_are_told_where_the_model_takes_labels():
    model = ConditionalVAE(input_shape=(1, SIDE, SIDE), classes=4, latent_size=2, hidden_sizes=(8,))
    mixed = Y[torch.randperm(len(Y), generator=torch.Generator().manual_seed(0))]
    assert of_labels.belong(Subject(model, (X, Y)))[1] == []
    assert [found.name for found in of_labels.belong(Subject(model, (X, mixed)))[1]] == ["labels don't belong to their images"]
    assert of_labels.belong(Subject(made(Plain), (X, mixed)))[1] == []


@pytest.mark.parametrize("still", ["encoder", "decoder"])
def test_the_part_that_no_optimizer_held_is_told(still):
    model = made(Plain)
    assert of_learning.never_moved(Subject(model, X)) is None
    held = model.dec.parameters() if still == "encoder" else [*model.enc.parameters(), *model.mu.parameters(), *model.log_var.parameters()]
    optimizer = torch.optim.Adam(held, lr=1e-3)
    for _ in range(20):
        optimizer.zero_grad()
        model.loss(X).total.backward()
        optimizer.step()
    assert of_learning.never_moved(Subject(model, X)) == still


def test_a_decoders_sigma_is_compared_with_its_residuals():
    def trained(sigma):
        torch.manual_seed(0)
        model = VAE(input_shape=(1, SIDE, SIDE), latent_size=3, hidden_sizes=(32,), likelihood="gaussian", sigma=sigma)
        fit(model, Split(X, Y), epochs=12, batch_size=32, learning_rate=5e-3, seed=0, device="cpu", quiet=True)
        return Subject(model, X)

    assert of_widths.pixels(trained(0.1))[1] == []
    assert [found.name for found in of_widths.pixels(trained(0.002))[1]] == ["decoder's σ too small"]


def test_a_young_model_is_not_said_to_have_collapsed():
    torch.manual_seed(0)
    model = VAE(input_shape=(1, SIDE, SIDE), latent_size=3, hidden_sizes=(32,))
    history = fit(model, Split(X, Y), epochs=2, batch_size=32, seed=0, device="cpu", quiet=True)
    record = clinic.examine(model, X, history, quiet=True)
    assert record.healthy, record
    assert any("train longer" in remark for remark in record.remarks)
