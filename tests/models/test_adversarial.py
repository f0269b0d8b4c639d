"""Adversarial autoencoders: the contract, each phase against its written-out loss, and gradients that touch only what they should."""

import math

import pytest
import torch
import torch.nn.functional as F

from vae_course import checkpoints
from vae_course.data import Split, few_labels
from vae_course.evaluation import evaluate, posterior_means
from vae_course.evaluation.matching import maximum_mean_discrepancy
from vae_course.models import AdversarialAutoencoder, ConvolutionalVAE, SemiSupervisedAdversarialAutoencoder
from vae_course.models.games import telling_apart
from vae_course.models.priors import PRIORS, draw_parts
from vae_course.training import fit, mean_losses

SHAPE = (1, 8, 8)
TERMS = {"total", "reconstruction", "discriminator", "generator"}


def make(**config):
    torch.manual_seed(0)
    return AdversarialAutoencoder(**{"input_shape": SHAPE, "hidden_sizes": (16,), "discriminator_sizes": (12,), **config})


def make_semi(**config):
    torch.manual_seed(0)
    sizes = {"input_shape": SHAPE, "classes": 4, "latent_size": 3, "hidden_sizes": (24,), "discriminator_sizes": (12,)}
    return SemiSupervisedAdversarialAutoencoder(**{**sizes, **config})


def heard(model) -> set[str]:
    """The parts of the model in which a gradient arrived."""
    return {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None}


def snapshot(model):
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def moved(model, before) -> set[str]:
    return {name.split(".")[0] for name, p in model.named_parameters() if not torch.equal(p, before[name])}


@pytest.mark.parametrize("prior", PRIORS)
def test_keeps_the_contract_of_shapes(prior, blobs):
    model, x = make(prior=prior), blobs.train.x[:5]
    q = model.encode(x)
    assert q.mean.shape == (5, 2)
    assert q.batch_shape == (5,)
    p = model.decode(q.rsample((7,)))
    assert p.mean.shape == (7, 5, *SHAPE)
    assert p.log_prob(x).shape == (7, 5)
    assert model.discriminate(q.mean).shape == (5,)
    assert model.prior.sample((6,)).shape == (6, 2)
    assert model.sample(4).shape == (4, *SHAPE)
    assert model.reconstruct(x).shape == x.shape
    assert model.interpolate(x[0], x[1], steps=6).shape == (6, *SHAPE)
    assert set(model.loss(x).terms) == TERMS


def test_the_phases_are_the_written_out_losses(blobs):
    model, x = make(latent_size=3), blobs.train.x[:9]
    z = model.encoder(x.flatten(1))
    pixels = torch.sigmoid(model.decoder(z))
    reconstruction = F.binary_cross_entropy(pixels, x.flatten(1), reduction="none").sum(1).mean()
    judged = torch.sigmoid(model.discriminator(z)).squeeze(1)
    torch.manual_seed(3)
    drawn = torch.sigmoid(model.discriminator(torch.normal(torch.zeros(9, 3), torch.ones(9, 3)))).squeeze(1)
    discriminator = -(torch.log(drawn) + torch.log(1 - judged)).mean()
    generator = -torch.log(judged).mean()

    torch.manual_seed(3)
    found = model.loss(x)
    torch.testing.assert_close(found.reconstruction, reconstruction)
    torch.testing.assert_close(found.discriminator, discriminator)
    torch.testing.assert_close(found.generator, generator)
    torch.testing.assert_close(found.total, reconstruction + generator)


def test_a_discriminator_that_cannot_tell_pays_log_4():
    assert telling_apart(torch.zeros(5), torch.zeros(7)).item() == pytest.approx(math.log(4))
    assert telling_apart(torch.full((5,), 9.0), torch.full((5,), -9.0)).item() < 1e-3


def test_losses_are_averaged_over_the_batch(blobs):
    model, x = make(), blobs.train.x[:20]
    for loss in (model.reconstruction_loss, model.generator_loss):
        torch.testing.assert_close(loss(torch.cat([x, x])), loss(x))


@pytest.mark.parametrize(
    ("phase", "parts"),
    [
        ("reconstruction_loss", {"encoder", "decoder"}),
        ("discriminator_loss", {"discriminator"}),
        ("generator_loss", {"encoder"}),
    ],
)
def test_the_gradient_of_each_phase_touches_only_what_it_should(phase, parts, blobs):
    model = make()
    getattr(model, phase)(blobs.train.x[:16]).backward()
    assert heard(model) == parts
    assert all(p.requires_grad for p in model.parameters())
    for name in parts:
        assert all(p.grad.abs().sum() > 0 for p in getattr(model, name).parameters())


@pytest.mark.parametrize(
    ("phase", "parts"),
    [
        ("reconstruction_loss", {"style", "decoder"}),
        ("discriminator_loss", {"class_discriminator", "style_discriminator"}),
        ("generator_loss", {"classifier", "style"}),
        ("classification_loss", {"classifier"}),
    ],
)
def test_the_gradient_of_each_semi_supervised_phase_touches_only_what_it_should(phase, parts, blobs):
    model, split = make_semi(), blobs.train.head(16)
    arguments = (split.x, split.y) if phase == "classification_loss" else (split.x,)
    getattr(model, phase)(*arguments).backward()
    assert heard(model) == parts


def test_each_optimiser_holds_what_its_phase_may_move(blobs):
    model, x = make(), blobs.train.x[:16]
    optimizer = model.optimizer(1e-2)
    for phase, parts in (
        ("reconstruction", {"encoder", "decoder"}),
        ("discriminator", {"discriminator"}),
        ("generator", {"encoder"}),
    ):
        before = snapshot(model)
        one = getattr(optimizer, phase)
        one.zero_grad()
        getattr(model, f"{phase}_loss")(x).backward()
        one.step()
        assert moved(model, before) == parts


def test_a_training_step_is_the_three_phases_in_turn(blobs):
    """Against the same step written out with plain optimisers."""
    model, twin, x = make(), make(), blobs.train.x[:16]
    torch.manual_seed(5)
    optimizer = model.optimizer(1e-2)
    found = [model.training_step(x, None, optimizer) for _ in range(3)][-1]

    both = torch.optim.Adam([*twin.encoder.parameters(), *twin.decoder.parameters()], lr=1e-2)
    judge = torch.optim.Adam(twin.discriminator.parameters(), lr=1e-2, betas=(0.5, 0.999))
    encoder = torch.optim.Adam(twin.encoder.parameters(), lr=1e-2, betas=(0.5, 0.999))
    torch.manual_seed(5)
    flat = x.flatten(1)
    for _ in range(3):
        reconstruction = F.binary_cross_entropy_with_logits(twin.decoder(twin.encoder(flat)), flat, reduction="sum") / len(x)
        both.zero_grad()
        reconstruction.backward()
        both.step()
        z, drawn = twin.encoder(flat).detach(), torch.normal(torch.zeros(16, 2), torch.ones(16, 2))
        ones, zeros = torch.ones(16, 1), torch.zeros(16, 1)
        told = F.binary_cross_entropy_with_logits
        discriminator = told(twin.discriminator(drawn), ones) + told(twin.discriminator(z), zeros)
        judge.zero_grad()
        discriminator.backward()
        judge.step()
        generator = told(twin.discriminator(twin.encoder(flat)), ones)
        encoder.zero_grad()
        generator.backward()
        encoder.step()
    torch.testing.assert_close(found.reconstruction, reconstruction.detach(), rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(found.discriminator, discriminator.detach(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found.generator, generator.detach(), rtol=1e-4, atol=1e-4)
    for ours, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def test_steepness_is_the_slope_of_finite_differences(blobs):
    for model, y in (
        (make(gradient_penalty=1.0).double(), None),
        (make(gradient_penalty=1.0, prior="mixture", classes=10).double(), torch.arange(7)),
    ):
        z = torch.randn(7, 2, dtype=torch.float64)
        with torch.no_grad():
            ways = 1e-6 * torch.eye(2, dtype=torch.float64)
            slope = torch.stack([(model.discriminate(z + way, y) - model.discriminate(z - way, y)) / 2e-6 for way in ways], -1)
        torch.testing.assert_close(model.steepness(z, y), 0.5 * slope.square().sum(-1).mean(), rtol=1e-6, atol=1e-9)
        model.steepness(z, y).backward()
        assert heard(model) == {"discriminator"}


def test_a_penalty_keeps_the_discriminator_flat(blobs):
    """The penalty in a step against the same step written out; the loss told is without it; a flat discriminator is the end of it."""
    x = blobs.train.x[:32]
    model, twin = make(gradient_penalty=0.5), make(gradient_penalty=0.5)
    torch.manual_seed(1)
    told = model._discriminator_step(x, None, model.optimizer(1e-2).discriminator)
    torch.manual_seed(1)
    z, drawn = twin.encode(x).mean.detach(), twin.prior.sample((32,))
    loss = telling_apart(twin.discriminate(drawn), twin.discriminate(z))
    optimizer = torch.optim.Adam(twin.discriminator.parameters(), lr=1e-2, betas=(0.5, 0.999))
    (loss + 0.25 * (twin.steepness(drawn) + twin.steepness(z))).backward()  # half of the points are draws, and half are codes
    optimizer.step()
    torch.testing.assert_close(told, loss)
    for ours, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)
    steep = {}
    for penalty in (1e-6, 10.0):
        one = make(gradient_penalty=penalty)
        optimizer = one.optimizer(1e-2).discriminator
        for _ in range(200):
            one._discriminator_step(x, None, optimizer)
        steep[penalty] = one.steepness(one.encode(x).mean).item()
    assert steep[10.0] < steep[1e-6] / 10


def test_convolutions_are_those_of_the_convolutional_vae(blobs):
    model, x = make(channels=(4, 8)), blobs.train.x[:5]
    vae = ConvolutionalVAE(input_shape=SHAPE, latent_size=2, channels=(4, 8))
    shapes = {name: tuple(value.shape) for name, value in vae.decoder.named_parameters()}
    assert {name: tuple(value.shape) for name, value in model.decoder.named_parameters()} == shapes
    assert model.decode(model.encode(x).rsample((7,))).log_prob(x).shape == (7, 5)
    model.reconstruction_loss(x).backward()
    assert heard(model) == {"encoder", "decoder"}


def test_strength_of_the_discriminator(blobs):
    x = blobs.train.x[:16]
    asleep = make(discriminator_steps=0)
    before = snapshot(asleep)
    loss = asleep.training_step(x, None, asleep.optimizer(1e-2))
    assert moved(asleep, before) == {"encoder", "decoder"}
    assert math.isfinite(loss.discriminator)

    told = {}
    for steps in (1, 20):
        model = make(discriminator_steps=steps)
        told[steps] = model.training_step(x, None, model.optimizer(1e-2)).discriminator.item()
    assert told[20] < told[1]
    rates = make(discriminator_rate=3.0, generator_rate=0.5).optimizer(1e-3)
    assert rates.discriminator.param_groups[0]["lr"] == pytest.approx(3e-3)
    assert rates.generator.param_groups[0]["lr"] == pytest.approx(5e-4)


@pytest.mark.parametrize(("half_life", "share"), [(0, 1.0), (2, 0.25), (4, 0.5)])
def test_learning_rates_halve_in_their_half_life(half_life, share, blobs):
    model = make(half_life=half_life, discriminator_rate=3.0)
    optimizer = model.optimizer(1e-3)
    for _ in range(4):
        model.training_step(blobs.train.x[:16], None, optimizer)
    rates = [phase.param_groups[0]["lr"] for phase in (optimizer.reconstruction, optimizer.discriminator, optimizer.generator)]
    assert rates == pytest.approx([1e-3 * share, 3e-3 * share, 1e-3 * share])


@pytest.mark.parametrize("prior", ["mixture", "swiss roll"])
def test_a_discriminator_that_sees_labels_gives_each_class_its_part(prior, blobs):
    model, split = make(prior=prior, classes=10, hidden_sizes=(32,), discriminator_rate=3.0), blobs.train
    with pytest.raises(ValueError, match="labels are missing"):
        model.loss(split.x)
    logits = model.discriminate(torch.zeros(10, 2), torch.arange(10))
    assert logits.unique().numel() == 10
    fit(model, split, epochs=60, batch_size=64, learning_rate=5e-3, seed=0, quiet=True)
    codes = posterior_means(model, split)
    drawn = torch.stack([draw_parts(model.prior, torch.full((500,), k), 10).mean(0) for k in range(4)])
    for k in range(4):
        nearest = (codes[split.y == k].mean(0) - drawn).norm(dim=1).argmin()
        assert nearest == k


def test_training_moves_the_codes_to_the_prior(blobs):
    model = make(hidden_sizes=(32,), discriminator_sizes=(32,), discriminator_rate=3.0)
    drawn = model.prior.sample((256,))
    before = maximum_mean_discrepancy(posterior_means(model, blobs.train), drawn)
    history = fit(model, blobs, epochs=60, batch_size=64, learning_rate=5e-3, seed=0, quiet=True)
    after = maximum_mean_discrepancy(posterior_means(model, blobs.train), drawn)
    assert set(history.terms) == (TERMS - {"total"}) | {"loss"}
    assert history.reconstruction[-1] < 0.9 * history.reconstruction[0]
    assert after < before / 3


def test_with_a_weight_there_are_two_phases(blobs):
    """Against the same step written out: the discriminator first, then one sum in nats, on one draw of each Gaussian code."""
    config = {"spread": True, "match_weight": 20.0, "prior": "handwriting"}
    model, twin, x = make(**config), make(**config), blobs.train.x[:16]
    torch.manual_seed(5)
    optimizer = model.optimizer(1e-2)
    found = [model.training_step(x, None, optimizer) for _ in range(3)][-1]
    both = torch.optim.Adam([*twin.encoder.parameters(), *twin.decoder.parameters()], lr=1e-2)
    judge = torch.optim.Adam(twin.discriminator.parameters(), lr=1e-2, betas=(0.5, 0.999))

    def code():
        mu, log_var = twin.encoder(x.flatten(1)).chunk(2, dim=1)
        return mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)

    torch.manual_seed(5)
    for _ in range(3):
        z = code().detach()
        discriminator = telling_apart(twin.discriminator(twin.prior.sample((16,))), twin.discriminator(z))
        judge.zero_grad()
        discriminator.backward()
        judge.step()
        z = code()
        reconstruction = F.binary_cross_entropy_with_logits(twin.decoder(z), x.flatten(1), reduction="sum") / len(x)
        mismatch = -twin.discriminator(z).mean()
        both.zero_grad()
        (reconstruction + 20 * mismatch).backward()
        both.step()
    torch.testing.assert_close(found.generator, mismatch.detach(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found.total, (reconstruction + 20 * mismatch).detach(), rtol=1e-4, atol=1e-3)
    for ours, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)
    again = model.optimizer(1e-2)
    again.load_state_dict(optimizer.state_dict())
    assert set(again.state_dict()) == {"reconstruction", "discriminator"}


def test_by_formula_it_steps_as_a_vae_does(blobs):
    """Against the written-out loss of a VAE on the same network; the discriminator is neither heard nor taught."""
    config = {"spread": True, "match_weight": 1.0, "by_formula": True, "discriminator_steps": 0}
    model, twin, x = make(**config), make(**config), blobs.train.x[:16]
    torch.manual_seed(5)
    optimizer, before = model.optimizer(1e-2), snapshot(model)
    found = [model.training_step(x, None, optimizer) for _ in range(3)][-1]
    assert moved(model, before) == {"encoder", "decoder"}

    both = torch.optim.Adam([*twin.encoder.parameters(), *twin.decoder.parameters()], lr=1e-2)
    torch.manual_seed(5)
    for _ in range(3):
        with torch.no_grad():
            twin.discriminator_loss(x)  # which the record keeps: it draws as many random numbers as the step does
        mu, log_var = twin.encoder(x.flatten(1)).chunk(2, dim=1)
        z = mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)
        reconstruction = F.binary_cross_entropy_with_logits(twin.decoder(z), x.flatten(1), reduction="sum") / len(x)
        kl = -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(1).mean()
        both.zero_grad()
        (reconstruction + kl).backward()
        both.step()
    torch.testing.assert_close(found.reconstruction, reconstruction.detach(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found.generator, kl.detach(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found.total, (reconstruction + kl).detach(), rtol=1e-4, atol=1e-4)
    for ours, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def test_the_match_comes_in_slowly(blobs):
    model, x = make(match_weight=8.0, anneal_steps=4), blobs.train.x[:16]
    optimizer, weights = model.optimizer(1e-3), []
    for _ in range(5):
        terms = model.training_step(x, None, optimizer)
        weights.append(((terms.total - terms.reconstruction) / terms.generator).item())
    assert weights == pytest.approx([2, 4, 6, 8, 8], rel=1e-2)


def test_it_starts_at_what_principal_components_know(blobs):
    """The encoder's first layer gives an image's shares in them; from the shares the decoder's last comes as near as a linear map can."""
    x, flat = blobs.train.x, blobs.train.x.flatten(1)
    model = make(principal=5)
    model.start_at(x)
    shares = model.encoder[0](flat)
    centred = flat - flat.mean(0)
    values = torch.linalg.eigvalsh(centred.T @ centred / len(flat)).flip(0)[:5]
    torch.testing.assert_close(shares.square().mean(0), values, rtol=1e-3, atol=1e-4)
    back = shares @ model.decoder[-1].weight.T / 4 + flat.mean(0)
    left = (back - flat).square().sum(1).mean()
    torch.testing.assert_close(left, centred.square().sum(1).mean() - values.sum(), rtol=1e-3, atol=1e-3)
    before = snapshot(plain := make())
    plain.start_at(x)
    assert not moved(plain, before)


def test_the_mean_logit_estimates_the_kl_of_all_codes(blobs):
    """Of two Gaussians, whose KL is known: ½ for N(1, 1) and N(0, 1)."""
    model = make(latent_size=1, match_weight=1.0, discriminator_sizes=(32, 32))
    optimizer = model.optimizer(5e-3).discriminator
    torch.manual_seed(0)
    for _ in range(400):
        loss = telling_apart(model.discriminate(torch.randn(512, 1)), model.discriminate(1 + torch.randn(512, 1)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert model._mismatch(1 + torch.randn(4000, 1), None).item() == pytest.approx(0.5, abs=0.1)


def test_a_checkpoint_brings_the_model_back(blobs, tmp_path):
    for model in (make(prior="swiss roll"), make_semi()):
        checkpoints.save(checkpoints.rounded(model), tmp_path / "some.safetensors", recipe={}, metrics={})
        again = checkpoints.load(tmp_path / "some.safetensors", device="cpu")
        assert type(again) is type(model)
        assert again.config == model.config
        assert torch.equal(again.reconstruct(blobs.test.x), model.reconstruct(blobs.test.x))


@pytest.mark.parametrize(
    ("build", "config", "message"),
    [
        (make, {"prior": "cauchy"}, "unknown prior 'cauchy'"),
        (make, {"prior": "mixture", "latent_size": 3}, "lives in 2 dimensions"),
        (make, {"classes": 10}, "Gaussian has no parts"),
        (make, {"classes": 4, "prior": "mixture"}, "10 components, expected one for each of 4 classes"),
        (make, {"discriminator_steps": -1}, "discriminator_steps is -1"),
        (make, {"discriminator_rate": -0.5}, "discriminator_rate is -0.5"),
        (make, {"half_life": -1}, "half_life is -1"),
        (make, {"gradient_penalty": -0.1}, "gradient_penalty is -0.1"),
        (make, {"match_weight": -1.0}, "match_weight is -1.0"),
        (make, {"by_formula": True, "match_weight": 1.0}, "spread=False"),
        (make, {"by_formula": True, "match_weight": 1.0, "spread": True, "prior": "handwriting"}, "expected spread=True, a match_weight"),
        (make, {"channels": (4, 0)}, r"channels is \[4, 0\]"),
        (make_semi, {"classes": 1}, "classes is 1"),
        (make_semi, {"noise": -1.0}, "noise is -1.0"),
    ],
)
def test_refuses_settings_that_mean_nothing(build, config, message):
    with pytest.raises(ValueError, match=message):
        build(**config)


def test_refuses_bad_input(blobs):
    for model in (make(), make_semi()):
        with pytest.raises(ValueError, match="Divide by 255"):
            model.check_batch(blobs.train.x[:2] * 255, blobs.train.y[:2])
        for phase in ("reconstruction_loss", "discriminator_loss", "generator_loss"):
            with pytest.raises(ValueError, match="expected a batch of shape"):
                getattr(model, phase)(blobs.train.x[:2, :, :7])
    with pytest.raises(ValueError, match="Divide by 255"):
        make_semi().classify(blobs.train.x[:2] * 255)
    with pytest.raises(ValueError, match=r"expected latents of shape \(..., 2\)"):
        make().discriminate(torch.zeros(3, 4))
    with pytest.raises(ValueError, match="labels run from"):
        make_semi().check_batch(blobs.train.x[:2], torch.tensor([0, 4]))
    with pytest.raises(ValueError, match="labels are missing"):
        make_semi().decode(torch.zeros(2, 3))


# The semi-supervised model.


def test_figures_of_codes_need_no_labels(blobs):
    model, x, y = make_semi(), blobs.test.x[:5], blobs.test.y[:5]
    assert torch.equal(posterior_means(model, x), posterior_means(model, (x, y)))
    with pytest.raises(ValueError, match="labels are missing"):
        evaluate(model, x)


def test_semi_supervised_shapes(blobs):
    model, x = make_semi(), blobs.train.x[:5]
    y = blobs.train.y[:5]
    assert model.encode(x).mean.shape == (5, 3)
    assert model.encode(x, y).mean.shape == (5, 3)
    assert model.decode(torch.zeros(7, 5, 3), y).mean.shape == (7, 5, *SHAPE)
    assert model.sample(6).shape == (6, *SHAPE)
    assert model.sample(6, 2).shape == (6, *SHAPE)
    assert model.sample(5, y).shape == (5, *SHAPE)
    assert model.reconstruct(x).shape == x.shape
    walk = model.interpolate(x[0], x[1], steps=4)
    torch.testing.assert_close(walk[[0, -1]], model.reconstruct(x[:2]), rtol=1e-5, atol=1e-6)
    probabilities = model.classify(x)
    assert probabilities.shape == (5, 4)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(5))


def test_the_semi_supervised_phases_are_the_written_out_losses(blobs):
    model, split = make_semi().eval(), blobs.train.head(12)
    x, y = split.x, split.y.clone()
    y[::3] = -1
    logits, style = model.classifier(x), model.style(x.flatten(1))
    softmax = logits.exp() / logits.exp().sum(1, keepdim=True)
    pixels = torch.sigmoid(model.decoder(style, softmax))
    reconstruction = F.binary_cross_entropy(pixels, x.flatten(1), reduction="none").sum(1).mean()
    generator = -(
        torch.log(torch.sigmoid(model.class_discriminator(softmax))) + torch.log(torch.sigmoid(model.style_discriminator(style)))
    ).mean()
    classification = -torch.stack([torch.log(softmax[i, y[i]]) for i in range(12) if y[i] >= 0]).mean()
    torch.manual_seed(4)
    drawn_class = torch.eye(4)[torch.randint(4, (12,))]
    drawn_style = torch.normal(torch.zeros(12, 3), torch.ones(12, 3))
    discriminator = 0
    for judge, real, made in (
        (model.class_discriminator, drawn_class, softmax),
        (model.style_discriminator, drawn_style, style),
    ):
        discriminator = discriminator - (torch.log(torch.sigmoid(judge(real))) + torch.log(1 - torch.sigmoid(judge(made)))).mean()

    torch.manual_seed(4)
    torch.testing.assert_close(model.discriminator_loss(x), discriminator)
    found = model.loss(x, y)
    torch.testing.assert_close(found.reconstruction, reconstruction)
    torch.testing.assert_close(found.generator, generator)
    torch.testing.assert_close(found.classification, classification)
    torch.testing.assert_close(found.total, reconstruction + generator + classification)


def test_noise_is_for_training_only(blobs):
    model, x = make_semi(noise=0.5), blobs.train.x[:4]
    assert not torch.equal(model.loss(x, torch.arange(4)).classification, model.loss(x, torch.arange(4)).classification)
    assert torch.equal(model.reconstruct(x), model.reconstruct(x))
    assert mean_losses(model, blobs.test)["reconstruction"] == mean_losses(model, blobs.test)["reconstruction"]


def test_without_labels_there_is_nothing_to_classify(blobs):
    model, x = make_semi(), blobs.train.x[:8]
    unknown = torch.full((8,), -1)
    assert model.loss(x, unknown).classification == 0
    assert model.loss(x).classification == 0
    assert model.training_step(x, unknown, model.optimizer(1e-3)).classification == 0


def test_it_learns_classes_from_a_few_labels(blobs):
    model = make_semi(noise=0.1)
    few: Split = few_labels(blobs.train, count=8, share=0.2, seed=0)
    history = fit(model, few, epochs=10, batch_size=32, learning_rate=2e-3, seed=0, quiet=True)
    found = model.classify(blobs.test.x).argmax(1)
    assert (found == blobs.test.y).float().mean() > 0.9
    assert {"reconstruction", "discriminator", "generator", "classification"} < set(history.terms)
