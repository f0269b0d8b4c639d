"""Damages are what their likelihoods say, and z is fitted to what they leave."""

import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal

from vae_course.evaluation.imputation import seen_beside
from vae_course.evaluation.restoring import coarse, hidden, noise, restore, specks

X = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))
LEFT = seen_beside("left half", (1, 8, 8))
DAMAGES = {"noise": noise(0.4), "specks": specks(0.3), "hidden": hidden(~LEFT), "coarse": coarse(4)}


class Linear:
    """Two latents, pixels that grow with them; no encoder, since none is asked."""

    device, training = torch.device("cpu"), False

    def __init__(self) -> None:
        self.latent_size, self.weight = 2, 2 * torch.randn(2, 64, generator=torch.Generator().manual_seed(1))
        self.prior = Independent(Normal(torch.zeros(2), torch.ones(2)), 1)

    def decode(self, z, y=None):
        return Independent(Bernoulli(logits=(z @ self.weight).unflatten(-1, (1, 8, 8))), 3)

    def eval(self):
        return self

    def train(self, mode=True):
        return self


def test_noise_and_specks_are_densities_of_what_they_leave():
    """Over all that may be left of one pixel, the probabilities add up to 1."""
    image = torch.full((1, 1, 1, 1), 0.7)
    between = torch.linspace(0, 1, 20_002)[1:-1].view(-1, 1, 1, 1, 1)
    inside = noise(0.4).log_likelihood(between, image).exp().mean()
    ends = sum(noise(0.4).log_likelihood(torch.full_like(image, end), image).exp() for end in (0.0, 1.0))
    torch.testing.assert_close(inside + ends.squeeze(), torch.tensor(1.0), atol=1e-3, rtol=0)
    black_or_white = [specks(0.3).log_likelihood(torch.full_like(image, end), image).exp() for end in (0.0, 1.0)]
    torch.testing.assert_close(sum(black_or_white).squeeze(), torch.tensor(1.0))


def test_what_is_spoiled_keeps_its_shape_and_one_seed_is_one_damage():
    for damage in DAMAGES.values():
        assert damage.spoil(X, 3).shape == X.shape
        assert torch.equal(damage.spoil(X, 3), damage.spoil(X, 3))
        assert damage.log_likelihood(X, X.expand(2, *X.shape)).shape == (2, 6)
    assert not torch.equal(noise(0.4).spoil(X, 3), noise(0.4).spoil(X, 4))
    torch.testing.assert_close(coarse(4).spoil(X, 0)[:, :, :4, :4].mean((2, 3)), X[:, :, :4, :4].mean((2, 3)))


def test_what_is_hidden_is_not_looked_at():
    other = torch.where(LEFT, torch.rand_like(X), X)
    damage = hidden(~LEFT)
    assert torch.equal(damage.spoil(X, 0), damage.spoil(other, 0))
    torch.testing.assert_close(damage.log_likelihood(X, X), damage.log_likelihood(other, X))


@pytest.mark.parametrize("name", DAMAGES)
def test_the_true_image_is_found_from_what_is_left_of_it(name):
    model = Linear()
    z = torch.tensor([[0.6, -0.5], [-0.8, 0.3]])
    x = model.decode(z).mean
    found = restore(model, DAMAGES[name].spoil(x, 5), DAMAGES[name], starts=2, steps=120)
    assert (found - x).abs().mean() < 0.5 * (DAMAGES[name].spoil(x, 5) - x).abs().mean()


def test_more_starts_never_end_lower_and_none_is_refused():
    model, damage = Linear(), noise(0.4)
    left = damage.spoil(model.decode(torch.randn(8, 2, generator=torch.Generator().manual_seed(2))).mean, 1)

    def likelihood(starts):
        return damage.log_likelihood(left, restore(model, left, damage, starts=starts, steps=60)).sum()

    assert likelihood(4) > likelihood(1) - 2
    for wrong in ({"starts": 0}, {"steps": 0}):
        with pytest.raises(ValueError, match="expected at least 1"):
            restore(model, left, damage, **wrong)
