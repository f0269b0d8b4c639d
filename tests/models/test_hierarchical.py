"""The hierarchical VAE: sums of parts against independent estimates, one level against the plain VAE, gradients, messages."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from vae_course import VAE
from vae_course.evaluation import evaluate, negative_log_likelihood
from vae_course.models import HierarchicalVAE
from vae_course.models.hierarchical import INFERENCES, kl_of_levels, merged, moved
from vae_course.objectives import gaussian, importance_weighted_bound
from vae_course.training import fit

SHAPE = (1, 6, 6)


def stack(sizes=(4, 3), inference="ladder", seed=0, **config):
    torch.manual_seed(seed)
    model = HierarchicalVAE(input_shape=SHAPE, latent_sizes=sizes, hidden_sizes=[12] * len(sizes), inference=inference, **config)
    with torch.no_grad():  # far from its start, where all levels would lie near N(0, I)
        for parameter in model.parameters():
            parameter.mul_(1.4)
    return model


@pytest.fixture
def x():
    return torch.rand(5, *SHAPE, generator=torch.Generator().manual_seed(1))


each_kind = pytest.mark.parametrize("inference", INFERENCES)
each_depth = pytest.mark.parametrize("sizes", [(4,), (4, 3), (5, 4, 2)])


@each_kind
@each_depth
def test_shapes_of_all_that_the_contract_names(x, sizes, inference):
    model = stack(sizes, inference)
    q, p = model.encode(x), model.prior
    assert q.rsample().shape == (5, sum(sizes))
    assert q.rsample((7,)).shape == (7, 5, sum(sizes))
    assert q.log_prob(q.sample((7,))).shape == (7, 5)
    assert q.mean.shape == (5, sum(sizes))
    assert p.sample((9,)).shape == (9, sum(sizes))
    assert model.decode(q.sample((7,))).mean.shape == (7, 5, *SHAPE)
    assert model.sample(4).shape == (4, *SHAPE)
    assert model.reconstruct(x).shape == x.shape
    assert model.interpolate(x[0], x[1], steps=6).shape == (6, *SHAPE)
    terms = model.loss(x).terms
    assert set(terms) == {"total", "reconstruction", "kl", *(f"kl_{number + 1}" for number in range(len(sizes)))}
    assert torch.isclose(terms["kl"], sum(terms[f"kl_{number + 1}"] for number in range(len(sizes))))


@each_kind
def test_with_one_level_it_is_the_plain_vae_to_the_last_digit(x, inference):
    model = stack((4,), inference)
    plain = VAE(input_shape=SHAPE, latent_size=4, hidden_sizes=(12,))
    pairs = {"encoder.0": "features.0.0", "encoder.2": "heads.0", "decoder.0": "decoder.0", "decoder.2": "decoder.2"}
    weights = model.state_dict()
    plain.load_state_dict({f"{ours}.{kind}": weights[f"{theirs}.{kind}"] for ours, theirs in pairs.items() for kind in ("weight", "bias")})
    for seed in range(3):
        torch.manual_seed(seed)
        ours = model.loss(x)
        torch.manual_seed(seed)
        theirs = plain.loss(x)
        for name in ("total", "reconstruction", "kl"):
            assert torch.equal(getattr(ours, name), getattr(theirs, name)), name


@each_kind
@pytest.mark.parametrize("sizes", [(4, 3), (5, 4, 2)])
def test_the_objective_is_the_sum_of_its_parts_by_monte_carlo(x, sizes, inference):
    """The mean of the loss over many draws against log q − log p − log p(x|z), written out by level, from other draws."""
    model = stack(sizes, inference)
    draws = 20_000
    with torch.no_grad():
        torch.manual_seed(2)
        q, p = model.encode(x), model.prior
        z = q.sample((draws,))
        kl = sum(share.sum(-1) for share in kl_of_levels(q, p, z))
        ours = kl - model.decode(z).log_prob(x)
        torch.manual_seed(3)
        z = q.sample((draws,))
        theirs = written_out(model, x, z) - model.decode(z).log_prob(x)
    difference = (ours.mean(0) - theirs.mean(0)).abs()
    error = (ours.var(0) / draws + theirs.var(0) / draws).sqrt()
    assert (difference < 5 * error).all(), (difference / error).max()
    assert (error < 0.03 * theirs.mean(0).abs()).all()


def written_out(model, x, z):
    """log q(z|x) − log p(z), Gaussian by Gaussian, with what ladder and residual stack do to the level above's words done by hand."""
    parts, total = z.split(model.latent_sizes, -1), 0.0
    features, seen = [], x.flatten(1)
    for level in range(model.depth):
        below = seen if level == 0 else (parts[level - 1] if model.inference == "naive" else features[-1])
        features.append(model.features[level](below))
        heard = features[level]
        if model.inference == "residual" and level + 1 < model.depth:
            first = model.top_down[level][0]
            hidden = (parts[level + 1] @ first.weight.T + first.bias).relu()
            heard = torch.cat([heard.expand(*hidden.shape[:-1], -1), hidden], -1)
        mu, log_var = model.heads[level](heard).chunk(2, -1)
        var = log_var.exp()
        prior_mu, prior_var = torch.zeros(()), torch.ones(())
        if level + 1 < model.depth:
            prior_mu, prior_log_var = model.top_down[level](parts[level + 1]).chunk(2, -1)
            prior_var = prior_log_var.exp()
            if model.inference == "ladder":
                mu = (mu * prior_var + prior_mu * var) / (var + prior_var)
                var = var * prior_var / (var + prior_var)
            elif model.inference == "residual":
                mu, var = prior_mu + mu, prior_var * var
        total = total + (Normal(mu, var.sqrt()).log_prob(parts[level]) - Normal(prior_mu, prior_var.sqrt()).log_prob(parts[level])).sum(-1)
    return total


@each_kind
def test_shares_in_closed_form_have_the_right_expectation(x, inference):
    model = stack((4, 3), inference)
    with torch.no_grad():
        torch.manual_seed(0)
        q, p = model.encode(x), model.prior
        z = q.sample((5_000,))
        by_level = [share.sum(-1) for share in kl_of_levels(q, p, z)]
        log_ratios = [
            ours.log_prob(part) - theirs.log_prob(part) for part, ours, theirs in zip(q.levels(z), q.given(z), p.given(z), strict=True)
        ]
    for share, ratio in zip(by_level, log_ratios, strict=True):
        share = share.expand(ratio.shape)  # the top level of a ladder rests on no draw
        error = ((share - ratio).var(0) / len(z)).sqrt().clamp_min(1e-6)
        assert ((share.mean(0) - ratio.mean(0)).abs() < 5 * error).all()


def test_merging_two_gaussians_multiplies_their_densities():
    one, other = (
        gaussian(torch.tensor([1.0, -2.0]), torch.tensor([0.3, -1.0])),
        gaussian(torch.tensor([-0.5, 0.0]), torch.tensor([-0.7, 1.5])),
    )
    both = merged(one, other)
    points = torch.randn(6, 2)
    difference = one.log_prob(points) + other.log_prob(points) - both.log_prob(points)
    assert torch.allclose(difference, difference[0].expand(6), atol=1e-4)


def test_a_moved_gaussian_costs_what_the_formula_says():
    prior = gaussian(torch.randn(6, 3), torch.randn(6, 3))
    shift, log_stretch = torch.randn(6, 3), torch.randn(6, 3)
    wanted = 0.5 * (shift.square() / prior.variance + log_stretch.exp() - log_stretch - 1).sum(-1)
    torch.testing.assert_close(kl_divergence(moved(prior, shift, log_stretch), prior), wanted, rtol=1e-4, atol=1e-4)


def test_a_residual_stack_whose_heads_are_silent_says_what_the_prior_says(x):
    """All below the top costs nothing then, and z₁ given z₂ is drawn as the prior draws it; the ladder's silence is another thing."""
    model = stack((5, 4, 2), "residual")
    with torch.no_grad():
        for head in model.heads[:-1]:
            head.weight.zero_()
            head.bias.zero_()
    q, p = model.encode(x), model.prior
    z = q.sample((50,))
    *below, top = kl_of_levels(q, p, z)
    assert max(share.abs().max() for share in below) < 1e-5
    assert top.min() > 0
    for ours, theirs in zip(q.given(z)[:-1], p.given(z)[:-1], strict=True):
        torch.testing.assert_close(ours.mean, theirs.mean)


@each_kind
def test_the_bounds_are_ordered(x, inference):
    model = stack((4, 3), inference)
    torch.manual_seed(0)
    with torch.no_grad():
        low = torch.stack([importance_weighted_bound(model, x, k=1) for _ in range(500)]).mean()
        high = torch.stack([importance_weighted_bound(model, x, k=50) for _ in range(100)]).mean()
    assert low < high
    figures = evaluate(model, x)
    assert figures["elbo"] == pytest.approx(-(figures["reconstruction"] + figures["kl"]))
    assert negative_log_likelihood(model, x, k=20, quiet=True).shape == (5,)


@each_kind
def test_every_parameter_hears_the_loss_and_doubling_the_batch_leaves_it(x, inference):
    model = stack((5, 4, 2), inference)
    model.loss(x).total.backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in model.parameters())
    model.double()
    with torch.no_grad():
        torch.manual_seed(0)
        once = torch.stack([model.loss(x.double()).total for _ in range(400)])
        twice = torch.stack([model.loss(torch.cat([x, x]).double()).total for _ in range(200)])
    error = (once.var() / 400 + twice.var() / 200).sqrt()
    assert abs(once.mean() - twice.mean()) < 5 * error


def test_the_top_level_is_standard_normal_and_lower_ones_follow():
    model = stack((4, 3))
    z = model.prior.sample((50_000,))
    bottom, top = model.levels(z)
    assert top.mean(0).abs().max() < 0.03
    assert (top.std(0) - 1).abs().max() < 0.03
    with torch.no_grad():
        wanted = model.prior.given(z)[0]
    residual = (bottom - wanted.mean) / wanted.stddev
    assert residual.mean(0).abs().max() < 0.03
    assert (residual.std(0) - 1).abs().max() < 0.03


def test_the_kl_of_a_stack_with_itself_is_zero(x):
    q = stack((4, 3)).encode(x)
    assert kl_divergence(q, q).abs().max() < 1e-5


@each_depth
def test_resampling_a_level_holds_those_above_it(x, sizes):
    model = stack(sizes)
    torch.manual_seed(0)
    for level in range(1, len(sizes) + 1):
        images = model.resample(x[0], level, 8)
        assert images.shape == (8, *SHAPE)
        assert (images[0] - images[1]).abs().max() > 1e-4, "each draw is its own"
    if len(sizes) > 1:  # above the bottom, everything as encoded: the spread is that of p(z₁|z₂) alone
        with torch.no_grad():
            q = model.encode(x[:1])
            drawn = model.prior.given(q.mean)[0].sample((4000,)).squeeze(1)
            rest = q.mean[:, model.latent_sizes[0] :].expand(4000, -1)
            wanted = model.decode(torch.cat([drawn, rest], -1)).mean.mean(0)
        assert (model.resample(x[0], 1, 4000).mean(0) - wanted).abs().max() < 0.05


def test_it_trains_with_the_ordinary_loop():
    generator = torch.Generator().manual_seed(0)
    images = (torch.rand(400, *SHAPE, generator=generator) < 0.2).float()
    history = fit(stack((4, 3)), images, epochs=4, batch_size=50, seed=0, quiet=True, device="cpu")
    assert history.loss[-1] < history.loss[0]
    assert len(history.kl_1) == len(history.kl_2) == 4


def test_bad_settings_are_refused_with_a_remedy(x):
    with pytest.raises(ValueError, match="unknown inference 'upwards', expected one of: ladder, naive, residual"):
        HierarchicalVAE(inference="upwards")
    with pytest.raises(ValueError, match=r"latent_sizes are \[4\] and hidden_sizes \[12, 12\], expected one of each for every level"):
        HierarchicalVAE(latent_sizes=(4,), hidden_sizes=(12, 12))
    with pytest.raises(ValueError, match=r"level is 3, expected 1 \(the bottom\) to 2 \(the top\)"):
        stack().resample(x[0], 3, 2)
    with pytest.raises(ValueError, match=r"expected latents of shape \(..., 7\), got \(2, 6\)"):
        stack().decode(torch.zeros(2, 6))
    with pytest.raises(ValueError, match="expected a batch of shape"):
        stack().encode(torch.rand(2, 28, 28))


def test_annealing_weighs_the_kl_of_all_levels_in_training_alone(x):
    model = stack((4, 3), anneal_steps=2, beta=0.5)
    optimizer, weights = model.optimizer(1e-3), []
    for _ in range(4):
        terms = model.training_step(x, None, optimizer)
        weights.append(((terms.total - terms.reconstruction) / terms.kl).item())
    assert weights == pytest.approx([0, 0.25, 0.5, 0.5], abs=1e-5)
    untouched = stack((4, 3), anneal_steps=2).eval().loss(x)
    torch.testing.assert_close(untouched.total, untouched.reconstruction + untouched.kl)


def test_a_negative_number_of_annealing_steps_is_refused():
    with pytest.raises(ValueError, match="anneal_steps is -1, expected at least 0"):
        stack(anneal_steps=-1)
