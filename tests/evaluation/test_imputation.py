"""Fillings keep what was seen, and reach the exact answer where there is one: a linear-Gaussian model's p(z | x_seen)."""

import math

import pytest
import torch

from vae_course.evaluation import imputation as fill

BELOW = fill.seen_beside("lower half", (1, 8, 8))


def posterior_given_seen(model, x, seen):
    """Mean (n, 2) and covariance of z given the seen coordinates of a linear-Gaussian model, by the textbook's formula."""
    a = model.a[seen]
    covariance = torch.linalg.inv(torch.eye(2, dtype=torch.float64) + a.T @ a / model.noise**2)
    return (x[:, seen] - model.b[seen]) @ a @ covariance / model.noise**2, covariance


@pytest.fixture
def linear(linear_gaussian):
    model = linear_gaussian()
    seen = torch.tensor([True, True, False, True, False])
    return model, model.draw(40), seen


def test_optimisation_ends_at_the_exact_posterior_mode(linear):
    model, x, seen = linear
    mean, _ = posterior_given_seen(model, x, seen)
    wanted = (mean @ model.a.T + model.b)[:, ~seen]
    found = fill.fill_by_optimisation(model, x, seen, starts=3, steps=800, learning_rate=0.05)
    assert found.shape == (3, 40, 5)
    torch.testing.assert_close(found[..., ~seen], wanted.expand(3, -1, -1), rtol=0, atol=1e-3)


def test_gibbs_with_drawn_pixels_and_an_exact_encoder_draws_from_the_exact_posterior(linear):
    model, x, seen = linear
    mean, covariance = posterior_given_seen(model, x[:2], seen)
    chains = 6000
    found = fill.fill_by_gibbs(model, x[:2], seen, chains=chains, rounds=40, draw_pixels=True)[..., ~seen]
    wanted_mean = (mean @ model.a.T + model.b)[:, ~seen]
    wanted_covariance = model.a[~seen] @ covariance @ model.a[~seen].T
    standard_error = (wanted_covariance.diagonal() / chains).sqrt()
    assert ((found.mean(0) - wanted_mean).abs() < 5 * standard_error).all()
    for number in range(2):
        torch.testing.assert_close(torch.cov(found[:, number].T), wanted_covariance, rtol=0.15, atol=0.02)


def test_an_exact_chain_forgets_its_start(linear):
    model, x, seen = linear
    starts = (torch.full_like(x[:1], 30.0), torch.full_like(x[:1], -30.0))
    ends = [
        fill.fill_by_gibbs(model, x[:1], seen, chains=4000, rounds=40, start=start, draw_pixels=True)[..., ~seen].mean(0)
        for start in starts
    ]
    torch.testing.assert_close(*ends, rtol=0, atol=0.1)


def test_one_round_encodes_what_the_chain_starts_from(small_vae, blobs):
    x, start = blobs.test.x[:3], blobs.train.x[:6].unflatten(0, (2, 3))
    found = fill.fill_by_gibbs(small_vae, x, BELOW, chains=2, rounds=1, start=start, seed=4)
    torch.manual_seed(4)
    with torch.no_grad():
        z = small_vae.encode(torch.where(BELOW, x, start).flatten(0, 1)).sample()
        by_hand = torch.where(BELOW, x, small_vae.decode(z).mean.unflatten(0, (2, 3)))
    torch.testing.assert_close(found, by_hand)


def test_gibbs_that_never_draws_pixels_is_too_sure(linear):
    """Why the docstring does not promise the exact posterior for means: their chain keeps less spread."""
    model, x, seen = linear
    drawn, kept = (
        fill.fill_by_gibbs(model, x[:1], seen, chains=4000, rounds=40, draw_pixels=draw)[..., ~seen].var(0).sum() for draw in (True, False)
    )
    assert kept < 0.9 * drawn


@pytest.mark.parametrize("hidden", [0.0, 1.0])
def test_what_is_hidden_has_no_influence(small_vae, blobs, hidden):
    x = blobs.test.x[:6]
    other = torch.where(BELOW, x, torch.tensor(hidden))
    neighbours = {"train": blobs.train.x}
    for method, settings in (
        (fill.fill_by_optimisation, {"model": small_vae, "starts": 2, "steps": 5}),
        (fill.fill_by_gibbs, {"model": small_vae, "chains": 2, "rounds": 3}),
        (fill.fill_with_mean, neighbours),
        (fill.fill_from_neighbours, {**neighbours, "neighbours": 2}),
        (fill.fill_by_gaussian, neighbours),
    ):
        found = method(x=x, seen=BELOW, **settings)
        assert found.shape[1:] == x.shape
        assert torch.equal(found, method(x=other, seen=BELOW, **settings)), method.__name__
        assert torch.equal(torch.where(BELOW, found, 0), torch.where(BELOW, x, 0).expand_as(found)), method.__name__
        assert 0 <= found.min() <= found.max() <= 1


def test_optimisation_leaves_the_model_alone(small_vae, blobs):
    before = [parameter.clone() for parameter in small_vae.parameters()]
    with torch.no_grad():  # climbing needs gradients of its own, wherever it is called from
        found = fill.fill_by_optimisation(small_vae, blobs.test.x[:8], BELOW, starts=2, steps=3)
    assert not found.requires_grad
    assert all(torch.equal(old, new) and new.grad is None for old, new in zip(before, small_vae.parameters(), strict=True))
    assert small_vae.training


def test_more_steps_and_more_starts_fit_what_is_seen_better(linear):
    model, x, seen = linear

    def height(z):
        p = model.decode(z).base_dist.log_prob(x)
        return torch.where(seen, p, 0).sum(-1) + model.prior.log_prob(z)

    mean, _ = posterior_given_seen(model, x, seen)
    # From a filling of the two hidden coordinates, z comes back: A has as many rows there as z has numbers.
    back = torch.linalg.inv(model.a[~seen])
    heights = []
    for settings in ({"starts": 1, "steps": 3}, {"starts": 8, "steps": 3}, {"starts": 8, "steps": 200}):
        best = fill.fill_by_optimisation(model, x, seen, **settings)
        z = (best[..., ~seen] - model.b[~seen]) @ back.T
        told = height(z)
        assert (told[:-1] >= told[1:] - 1e-9).all(), "the best first"
        heights.append(told[0].mean())
    assert heights[0] < heights[1] < heights[2] <= height(mean).mean() + 1e-9


def test_a_seed_decides_and_the_callers_stream_goes_on(small_vae, blobs):
    x = blobs.test.x[:3]
    for method in (fill.fill_by_optimisation, fill.fill_by_gibbs):
        torch.manual_seed(5)
        first = method(small_vae, x, BELOW, seed=1)
        after = torch.rand(1)
        torch.manual_seed(5)
        assert torch.equal(after, torch.rand(1))
        assert torch.equal(first, method(small_vae, x, BELOW, seed=1))
        assert not torch.equal(first, method(small_vae, x, BELOW, seed=2))


def test_neighbours_are_the_nearest_in_seen_pixels_alone():
    generator = torch.Generator().manual_seed(0)
    train, x = torch.rand(60, 1, 4, 4, generator=generator), torch.rand(9, 1, 4, 4, generator=generator)
    seen = fill.seen_at_random(9, (1, 4, 4), missing=0.4, seed=3)
    found = fill.fill_from_neighbours(train, x, seen, neighbours=3)
    for number in range(9):
        distance = [((x[number] - candidate)[seen[number]] ** 2).sum().item() for candidate in train]
        order = sorted(range(60), key=distance.__getitem__)[:3]
        torch.testing.assert_close(found[:, number], torch.where(seen[number], x[number], train[order]))


def test_the_mean_and_the_gaussian_against_formulas():
    generator = torch.Generator().manual_seed(1)
    factors = torch.randn(3000, 2, generator=generator)
    train = (0.5 + 0.1 * factors @ torch.tensor([[1.0, 0.5, -0.4, 0.2], [0.0, 0.6, 0.8, 0.3]])).clamp(0, 1).view(-1, 1, 2, 2)
    x, seen = train[:50], fill.seen_at_random(50, (1, 2, 2), missing=0.4, seed=0)
    assert torch.equal(fill.fill_with_mean(train, x, seen)[0][~seen], train.mean(0).expand_as(x)[~seen])
    # Two factors behind four pixels: two seen pixels tell the others exactly, and one or none does not.
    enough = seen.flatten(1).sum(1) >= 2
    found = fill.fill_by_gaussian(train, x, seen, ridge=1e-7)[0]
    torch.testing.assert_close(found[enough], x[enough], rtol=0, atol=5e-3)
    assert fill.missing_rmse(found, x, seen) < fill.missing_rmse(fill.fill_with_mean(train, x, seen)[0], x, seen)


def test_scores_look_at_missing_pixels_alone():
    x, seen = torch.zeros(2, 1, 2, 2), torch.tensor([[[[True, False], [True, True]]], [[[False, False], [True, True]]]])
    guess = torch.tensor([0.5, 0.1, 0.9, 0.9]).view(1, 2, 2).repeat(2, 1, 1, 1)
    assert fill.missing_rmse(guess, x, seen) == pytest.approx(math.sqrt((0.01 + 0.25 + 0.01) / 3))
    nats = fill.missing_nats(guess.unsqueeze(0), x, seen)
    assert nats.tolist() == pytest.approx([-math.log(0.9), -math.log(0.5) - math.log(0.9)])


def test_several_fillings_are_averaged_as_probabilities_of_whole_images():
    x, seen = torch.ones(1, 1, 1, 2), torch.zeros(1, 1, 1, 2, dtype=torch.bool)
    fillings = torch.tensor([[0.9, 0.8], [0.1, 0.2]]).view(2, 1, 1, 1, 2)
    assert fill.missing_nats(fillings, x, seen).item() == pytest.approx(-math.log((0.72 + 0.02) / 2), rel=1e-5)
    sure_and_wrong = fill.missing_nats(torch.zeros(1, 1, 1, 1, 2), x, seen).item()
    assert sure_and_wrong == pytest.approx(-2 * math.log(fill.SURE), rel=1e-3)


def test_masks():
    seen = fill.seen_at_random(400, (1, 10, 10), missing=0.7, seed=0)
    assert (~seen).float().mean().item() == pytest.approx(0.7, abs=4 * math.sqrt(0.21 / 40_000))
    assert torch.equal(seen, fill.seen_at_random(400, (1, 10, 10), missing=0.7, seed=0))
    for block in fill.BLOCKS:
        share = (~fill.seen_beside(block, (1, 28, 28))).float().mean().item()
        assert share == pytest.approx(0.25 if "quarter" in block else 0.5)
    halves = [fill.seen_beside(f"{side} half", (1, 6, 6)) for side in ("upper", "lower")]
    assert torch.equal(halves[0], ~halves[1])
    assert halves[0][0, 0, 5, 0], "the upper half is hidden, the bottom seen"
    assert not halves[0][0, 0, 0, 0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda vae, x: fill.fill_by_gibbs(vae, x, BELOW.float()), "seen holds torch.float32, expected booleans"),
        (lambda vae, x: fill.fill_by_gibbs(vae, x, BELOW[..., :5]), r"seen has shape \(1, 1, 8, 5\), expected \(2, 1, 8, 8\)"),
        (lambda vae, x: fill.fill_by_gibbs(vae, x, BELOW, rounds=0), "rounds is 0, expected at least 1"),
        (lambda vae, x: fill.fill_by_optimisation(vae, x, BELOW, starts=0), "starts is 0, expected at least 1"),
        (lambda vae, x: fill.fill_from_neighbours(x, x, BELOW, neighbours=0), "neighbours is 0"),
        (lambda vae, x: fill.seen_beside("half", (1, 8, 8)), "unknown block 'half', expected one of: upper half"),
        (lambda vae, x: fill.seen_at_random(2, (1, 8, 8), missing=1.0, seed=0), "missing is 1.0"),
    ],
)
def test_bad_input_is_named(small_vae, blobs, call, message):
    with pytest.raises(ValueError, match=message):
        call(small_vae, blobs.test.x[:2])
