"""The whole course on a device that knows no double precision: every model, every figure, every explorer."""

from __future__ import annotations

import pytest
import torch

from tests.explorers import EXPLORERS
from tests.kinds import KINDS
from tests.single_precision import DEVICE, DeviceWithoutDoubles, Far
from vae_course import checkpoints, evaluation, models, runtime, widgets
from vae_course.data import Split, melodies
from vae_course.data.texts import texts
from vae_course.evaluation.detection import alarms_at, auroc
from vae_course.evaluation.sample_quality import coverage
from vae_course.training import fit, mean_losses

NUMBERS = ("autoencoder", "denoising autoencoder", "classifier")  # without samples
LABELLED = ("conditional VAE", "M2", "adversarial, semi-supervised")


@pytest.fixture(autouse=True)
def device(monkeypatch):
    """Each test runs where the device is there, and is what `fit` and `load` choose."""
    monkeypatch.setattr(runtime, "device", lambda name=None: DEVICE)
    with DeviceWithoutDoubles():
        yield DEVICE


@pytest.fixture
def trained(blobs):
    """A function that makes a model of some kind and trains it there for an epoch."""

    def make(kind: str):
        torch.manual_seed(0)
        model = KINDS[kind]()
        fit(model, blobs.train.head(60), epochs=1, batch_size=20, seed=0, quiet=True)
        assert isinstance(next(model.parameters()), Far)
        return model

    return make


def test_the_device_is_one():
    """What the tests below rest on: it refuses doubles however they come about, and tensors that lie elsewhere."""
    there = torch.rand(3, device=DEVICE)
    for make in (
        lambda: there.double(),
        lambda: there.to(torch.float64),
        lambda: torch.zeros(3, dtype=torch.float64, device=DEVICE),
        lambda: torch.rand(3, dtype=torch.float64).to(DEVICE),
        lambda: torch.linspace(0, 1, 3, dtype=torch.float64, device=DEVICE),
        lambda: there.sum(dtype=torch.float64),
        lambda: there.long().sum() * torch.ones((), dtype=torch.float64, device=DEVICE),
    ):
        with pytest.raises(TypeError, match="knows no double precision"):
            make()
    with pytest.raises(RuntimeError, match="tensors of two devices"):
        there + torch.rand(3)
    assert there.cpu().double().dtype == torch.float64
    assert torch.rand(3).to(DEVICE).device == DEVICE


@pytest.mark.parametrize("kind", KINDS)
def test_every_model_trains_there_as_on_the_cpu_and_comes_back(kind, blobs, tmp_path):
    here, there = KINDS[kind](), KINDS[kind]()
    there.load_state_dict(here.state_dict())
    histories = []
    for model, where in ((here, torch.device("cpu")), (there, DEVICE)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(runtime, "device", lambda name=None, where=where: where)
            data = (blobs.train.x[:60].double(), blobs.train.y[:60])  # a person's data is often double
            histories.append(fit(model, data, epochs=2, batch_size=20, test=data, seed=0, quiet=True).terms)
    assert there.device == DEVICE
    for term, values in histories[0].items():
        assert histories[1][term] == pytest.approx(values, rel=1e-3, abs=1e-3), term
    checkpoints.save(there, tmp_path / "some", recipe={}, metrics={})
    assert checkpoints.load(tmp_path / "some").device == DEVICE
    assert mean_losses(there, (blobs.test.x.double().numpy(), blobs.test.y.numpy()))["loss"] == pytest.approx(
        mean_losses(there, blobs)["loss"], rel=0.1
    )


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in NUMBERS])
def test_every_model_draws_there(kind, trained):
    assert trained(kind).sample(4).cpu().shape == (4, 1, 8, 8)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("GAN", "diffusion", "classifier")])
def test_every_model_reconstructs_and_interpolates_there(kind, trained, blobs):
    model, x, y = trained(kind), blobs.test.x[:4].double().numpy(), blobs.test.y[:4]
    labels = (y,) if kind in LABELLED[:2] else ()
    assert model.reconstruct(x, *labels).cpu().shape == (4, 1, 8, 8)
    of = {"y0": 1} if labels else {}
    for spherical in (False, True):
        assert model.interpolate(x[0], x[1], steps=3, spherical=spherical, **of).cpu().shape == (3, 1, 8, 8)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in (*LABELLED, "classifier")])
def test_labels_and_classes_are_known_there(kind, trained, blobs):
    model = trained(kind)
    if hasattr(model, "classify"):
        assert model.classify(blobs.test.x.double()).cpu().shape == (64, 4)
    if hasattr(model, "restyle"):
        assert model.restyle(blobs.test.x[:4].double(), blobs.test.y[:4], 2).cpu().shape == (4, 1, 8, 8)
    if kind != "classifier":
        assert model.sample(4, blobs.test.y[:4]).cpu().shape == (4, 1, 8, 8)


def scores_there():
    scores = torch.rand(40, generator=torch.Generator().manual_seed(0))
    return scores.to(DEVICE), (scores > 0.6).to(DEVICE)


def halves_there(x):
    return (torch.arange(len(x)) % 2 == 0).to(DEVICE)


def crossed_there():
    """Two marks of 80 examples, in all four mixtures alike."""
    numbers = torch.arange(80)
    return (numbers % 2).to(DEVICE), (numbers // 2 % 2).to(DEVICE)


# Every figure, by its name in `vae_course.evaluation`: from trained models, images x there and data.
FIGURES = {
    "with_noise": lambda vae, x, data: evaluation.with_noise(x, 0.5, seed=0),
    "best_blur": lambda vae, x, data: evaluation.best_blur(evaluation.with_noise(x, 0.5, seed=0), x)(x),
    "best_linear_map": lambda vae, x, data: evaluation.best_linear_map(evaluation.with_noise(x, 0.5, seed=0), x)(x),
    "evaluate": lambda vae, x, data: evaluation.evaluate(vae, data),
    "negative_log_likelihood": lambda vae, x, data: evaluation.negative_log_likelihood(vae, data, k=4, quiet=True),
    "bits_when_packed": lambda vae, x, data: evaluation.bits_when_packed(x.expand(-1, 3, -1, -1), x[:4].expand(-1, 3, -1, -1)),
    "hand_traits": lambda vae, x, data: evaluation.hand_traits(x, data.y[: len(x)]),
    "neighbours_gap": lambda vae, x, data: evaluation.neighbours_gap(x.flatten(1), x.flatten(1) + 0.1),
    "bits_per_dimension": lambda vae, x, data: evaluation.bits_per_dimension(x.sum(), 64),
    "anomaly_scores": lambda vae, x, data: evaluation.anomaly_scores(vae, data, k=3),
    "without_measure": lambda vae, x, data: evaluation.without_measure(*[x.flatten(1).mean(1)] * 4),
    "kl_per_dimension": lambda vae, x, data: evaluation.kl_per_dimension(vae, data),
    "posterior_means": lambda vae, x, data: evaluation.posterior_means(vae, data),
    "active_units": lambda vae, x, data: evaluation.active_units(vae, data),
    "code_information": lambda vae, x, data: evaluation.code_information(vae, data, draws=2),
    "posterior_on_grid": lambda vae, x, data: gap(vae, x),
    "mutual_information_gap": lambda vae, x, data: evaluation.mutual_information_gap(x[:, 0, 0, :2], (x[:, 0, 0, :1] > 0.5).long()),
    "factor_vae_score": lambda vae, x, data: evaluation.factor_vae_score(x[:, 0, 0, :2], (x[:, 0, 0, :1] > 0.5).long(), votes=5),
    "two_sample_auc": lambda vae, x, data: evaluation.two_sample_auc(x[:10], x[10:]),
    "maximum_mean_discrepancy": lambda vae, x, data: evaluation.maximum_mean_discrepancy(x[:10], x[10:]),
    "frechet_distance": lambda vae, x, data: evaluation.frechet_distance(x[:10].flatten(1), x[10:].flatten(1)),
    "coverage": lambda vae, x, data: coverage(x[:10].flatten(1), x[10:].flatten(1)),
    "linear_probe": lambda vae, x, data: evaluation.linear_probe(x, data.y[:20].to(DEVICE), x, data.y[:20].to(DEVICE)),
    "reliability": lambda vae, x, data: evaluation.reliability(*scores_there()).error,
    "risk_coverage": lambda vae, x, data: evaluation.risk_coverage(*scores_there()),
    "area_under_risk": lambda vae, x, data: evaluation.area_under_risk(*scores_there()),
    "auroc": lambda vae, x, data: auroc(*scores_there()),
    "alarms_at": lambda vae, x, data: alarms_at(0.2, *scores_there()),
    "fill_by_optimisation": lambda vae, x, data: evaluation.fill_by_optimisation(vae, data.x[:4], lower(), starts=2, steps=3),
    "fill_by_gibbs": lambda vae, x, data: evaluation.fill_by_gibbs(vae, data.x[:4].double(), lower(), chains=2, rounds=2, start=x[:4]),
    "fill_with_mean": lambda vae, x, data: evaluation.fill_with_mean(x, x[:4], lower().to(DEVICE)),
    "fill_from_neighbours": lambda vae, x, data: evaluation.fill_from_neighbours(x, x[:4], lower().to(DEVICE), neighbours=2),
    "fill_by_gaussian": lambda vae, x, data: evaluation.fill_by_gaussian(x, x[:4], lower().to(DEVICE)),
    "missing_rmse": lambda vae, x, data: evaluation.missing_rmse(1 - x[:4], x[:4], lower().to(DEVICE)),
    "missing_nats": lambda vae, x, data: evaluation.missing_nats(1 - x[:4].unsqueeze(0), x[:4], lower().to(DEVICE)),
    "attribute_arrow": lambda vae, x, data: evaluation.attribute_arrow(x.flatten(1), halves_there(x)),
    "without_direction": lambda vae, x, data: evaluation.without_direction(x.flatten(1), x[0].flatten()),
    "share_explained": lambda vae, x, data: evaluation.share_explained(x.flatten(1), halves_there(x).long()),
    "parity_gap": lambda vae, x, data: evaluation.parity_gap(halves_there(x).long(), halves_there(x).long()),
    "biased_sample": lambda vae, x, data: evaluation.biased_sample(*crossed_there(), n=20),
    "linear_prediction": lambda vae, x, data: evaluation.linear_prediction(x.flatten(1), halves_there(x).long(), x.flatten(1)),
    "network_probe": lambda vae, x, data: evaluation.network_probe(
        x.flatten(1), halves_there(x).long(), x.flatten(1), halves_there(x).long()
    ),
    "factors_read": lambda vae, x, data: evaluation.factors_read(
        x.flatten(1), halves_there(x).long().unsqueeze(1), x.flatten(1), halves_there(x).long().unsqueeze(1), epochs=1
    ),
    "slant": lambda vae, x, data: evaluation.slant(x),
    "thickness": lambda vae, x, data: evaluation.thickness(x),
    "neighbours_logit": lambda vae, x, data: evaluation.neighbours_logit(x[:10].flatten(1), x[10:].flatten(1), reach=100.0)(x.flatten(1)),
    "draws_given_seen": lambda vae, x, data: evaluation.draws_given_seen(vae, x, draws=2, candidates=3),
}
ELSEWHERE = {"sample_quality", "seen_at_random", "seen_beside"}  # the first needs a classifier, the others no device


def lower() -> torch.Tensor:
    return evaluation.seen_beside("lower half", (1, 8, 8))


def gap(vae, x):
    grid = evaluation.posterior_on_grid(vae, x[:2], points=41)
    with torch.no_grad():
        q = vae.encode(x[:2])
    return grid.kl_from(q) + grid.kl_from(grid.closest_gaussian(q, steps=3))


def test_no_figure_is_forgotten():
    figures = {name for name in evaluation.__all__ if not isinstance(getattr(evaluation, name), type)}
    assert figures <= set(FIGURES) | ELSEWHERE


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_had_there(name, trained, blobs):
    vae, data = trained("VAE"), blobs.test
    here = KINDS["VAE"]()
    here.load_state_dict({key: value.cpu() for key, value in vae.state_dict().items()})
    found = FIGURES[name](vae, data.x[:20].to(DEVICE), data)
    assert torch.isfinite(torch.cat([torch.as_tensor(number).float().cpu().flatten() for number in numbers(found)])).all()
    if name in ("evaluate", "kl_per_dimension", "code_information"):
        assert list(numbers(found)) == pytest.approx(list(numbers(FIGURES[name](here, None, data))), rel=1e-4)


def numbers(found):
    """The tensors and numbers in what a figure gave."""
    if isinstance(found, (torch.Tensor, float, int)):
        yield from found.flatten().tolist() if isinstance(found, torch.Tensor) else [found]
        return
    for one in found.values() if isinstance(found, dict) else found if isinstance(found, tuple) else vars(found).values():
        yield from numbers(one)


@pytest.mark.parametrize("kind", ["conditional VAE", "ladder", "naive stack", "convolutional VAE", "Gaussian VAE"])
def test_other_models_are_measured_there(kind, trained, blobs):
    model = trained(kind)
    assert evaluation.evaluate(model, blobs)["kl"] >= 0
    assert evaluation.negative_log_likelihood(model, blobs.test.head(5), k=3, quiet=True).shape == (5,)


def test_samples_are_judged_there(trained, blobs):
    model = trained("VAE")
    assert evaluation.sample_quality(trained("classifier"), model.sample(40), blobs.test.x.double()).frechet >= 0


def recurrent(kind: str) -> models.RecurrentVAE:
    shape, settings = ((17, 40), {"end_token": 2}) if kind == "categorical" else ((12, 2), {})
    return models.RecurrentVAE(
        input_shape=shape, latent_size=3, hidden_size=8, likelihood=kind, word_dropout=0.5, anneal_steps=5, **settings
    )


@pytest.mark.parametrize("kind", ["categorical", "gaussian"])
def test_sequences_are_read_and_written_there(kind):
    x = melodies().test.x[:24] if kind == "categorical" else torch.rand(24, 12, 2).ceil()
    model = recurrent(kind)
    fit(model, x.double(), epochs=1, batch_size=12, quiet=True)
    assert model.sample(2).cpu().shape == (2, *x.shape[1:])
    assert evaluation.evaluate(model, x.double())["kl"] >= 0
    assert evaluation.negative_log_likelihood(model, x[:3], k=2, quiet=True).shape == (3,)


def test_strokes_are_read_and_written_there():
    x = torch.cat([torch.rand(24, 12, 2), torch.ones(24, 12, 1)], dim=-1)
    model = models.HandwritingVAE(input_shape=(12, 3), latent_size=3, hidden_size=8, components=2)
    fit(model, x.double(), epochs=1, batch_size=12, quiet=True)
    assert model.sample(2).cpu().shape == (2, 12, 3)
    assert evaluation.evaluate(model, x.double())["kl"] >= 0
    assert evaluation.negative_log_likelihood(model, x[:3], k=2, quiet=True).shape == (3,)


def test_stories_are_read_and_written_there():
    data = texts(train=24, test=4)
    model = models.ParagraphVAE(paragraph_size=3, sentence_size=2, hidden_size=8, word_dropout=0.5, free_bits=0.1)
    fit(model, data.train.x.double(), epochs=1, batch_size=12, quiet=True)
    assert model.sample(2).cpu().shape == (2, 3, 14, 251)
    assert model.decode(model.redraw(data.test.x[0], 3)).sample().cpu().shape == (3, 3, 14, 251)
    assert evaluation.evaluate(model, data.test.x.double())["kl"] >= 0
    assert evaluation.negative_log_likelihood(model, data.test.x[:3], k=2, quiet=True).shape == (3,)


@pytest.mark.parametrize("name", EXPLORERS)
def test_every_explorer_moves_there(name, trained, blobs):
    EXPLORERS[name](trained, blobs).sweep().still()


def test_training_is_watched_there(blobs):
    watch = widgets.LiveTraining(Split(blobs.test.x.double(), blobs.test.y), count=4)
    model = KINDS["VAE"]()
    fit(model, blobs, epochs=1, on_epoch=watch.draw, quiet=True)
    assert watch.still().png
