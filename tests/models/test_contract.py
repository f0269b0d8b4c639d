"""What all models share: labels everywhere, settings recorded once, β, annealing and free bits in one loss, networks of one's own."""

import copy
import inspect
import pickle

import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal, kl_divergence

from tests.kinds import KINDS
from vae_course import checkpoints, fit, models, widgets
from vae_course.evaluation import evaluate, kl_per_dimension
from vae_course.models import VAE, ConditionalVAE, ConvolutionalVAE, HandwritingVAE, HierarchicalVAE, RecurrentVAE, SemiSupervisedVAE
from vae_course.models.base import PARTS, EncoderDecoder, LatentVariableModel, Loss

CODED = [name for name, make in KINDS.items() if isinstance(make(), EncoderDecoder)]
SMALL = {"input_shape": (1, 8, 8), "latent_size": 3, "hidden_sizes": (16,)}
SERIES = {"input_shape": (6, 5), "latent_size": 3, "hidden_size": 8}
VARIATIONAL = {
    "VAE": lambda **settings: VAE(**SMALL, **settings),
    "convolutional": lambda **settings: ConvolutionalVAE(input_shape=(1, 8, 8), latent_size=3, channels=(4,), **settings),
    "conditional": lambda **settings: ConditionalVAE(**SMALL, classes=4, **settings),
    "hierarchical": lambda **settings: HierarchicalVAE(
        input_shape=(1, 8, 8), latent_sizes=(3, 2), hidden_sizes=(16, 8), inference="naive", **settings
    ),
    "recurrent": lambda **settings: RecurrentVAE(**SERIES, **settings),
    "handwriting": lambda **settings: HandwritingVAE(input_shape=(6, 3), latent_size=3, hidden_size=8, components=2, **settings),
}


# What is built on, and models whose data are no small images: their own tests do for them what the list of kinds does for the others.
ELSEWHERE = {
    *("EncoderDecoder", "GenerativeModel", "LatentVariableModel", "Model"),
    *("AttributeVAE", "HandwritingVAE", "ImageConditionalVAE", "ImageRegression", "ParagraphVAE", "RecurrentVAE", "SeriesVAE"),
}


def test_no_model_is_forgotten():
    """A model in no list would be trained in one precision, saved, and tried on a GPU by nothing."""
    classes = {name for name in models.__all__ if isinstance(found := getattr(models, name), type) and issubclass(found, nn.Module)}
    forgotten = classes - {type(make()).__name__ for make in KINDS.values()} - ELSEWHERE
    assert not forgotten, f"{', '.join(sorted(forgotten))}: a small one is missing in tests/kinds.py, or the name in ELSEWHERE here"


@pytest.mark.parametrize("name", [*KINDS, "regression"])
def test_what_a_model_has_not_is_met_with_what_it_has(name):
    """Some models have no code or no prior, and whoever hands one to an explorer or asks it to encode must be told."""
    model = models.ImageRegression() if name == "regression" else KINDS[name]()
    for asked in PARTS:
        if asked in type(model).has_no:
            with pytest.raises(AttributeError, match="VAE"):
                getattr(model, asked)
            assert not hasattr(type(model), asked), f"it has {asked}, and says that it has not"
        else:
            assert hasattr(model, asked), f"{name} has no {asked}, and has_no does not say why"


def test_an_explorer_says_that_a_gan_has_no_code():
    with pytest.raises((AttributeError, ValueError), match="a GAN has no encoder"):
        widgets.LatentSliders(KINDS["GAN"]())


def batch_for(name: str, blobs):
    if name == "recurrent":
        tokens = torch.randint(5, (16, 6), generator=torch.Generator().manual_seed(0))
        return nn.functional.one_hot(tokens, 5).float(), None
    if name == "handwriting":
        return torch.rand(16, 6, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([1, 1, 0]) + torch.tensor([0.0, 0, 1]), None
    return blobs.train.x[:16], blobs.train.y[:16]


def loss_of(model: LatentVariableModel, x, y) -> Loss:
    torch.manual_seed(3)
    return model.loss(x, y)


@pytest.mark.parametrize("name", CODED)
def test_labels_are_taken_everywhere(name, blobs):
    """A model without labels gives the same with labels as without; one with labels is told which image is what."""
    model = KINDS[name]().eval()
    x, y = blobs.test.x[:4], blobs.test.y[:4]
    with torch.no_grad():
        z = model.encode(x, y).mean
        assert model.decode(z, y).mean.shape == x.shape
        assert model.reconstruct(x, y).shape == x.shape
        assert model.interpolate(x[0], x[1], steps=3, y0=1, y1=2).shape == (3, *x.shape[1:])
        if model.labels(y, 4) is None:
            assert torch.equal(model.encode(x).mean, z)
            assert torch.equal(model.decode(z).mean, model.decode(z, y).mean)


@pytest.mark.parametrize("name", KINDS)
def test_every_setting_is_recorded_and_makes_the_same_model(name):
    torch.manual_seed(0)
    model = KINDS[name]()
    parameters = inspect.signature(type(model).__init__).parameters.values()
    assert {one.name for one in parameters if one.kind is one.KEYWORD_ONLY} <= set(model.config)
    torch.manual_seed(0)
    again = type(model)(**model.config)
    assert again.config == model.config
    assert again.state_dict().keys() == model.state_dict().keys()
    assert all(torch.equal(one, other) for one, other in zip(model.parameters(), again.parameters(), strict=True))
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert copied.config == model.config


def test_a_model_of_ones_own_that_hands_settings_on_records_those_too():
    class Own(VAE):
        def __init__(self, *, extra: float = 2.0, **settings) -> None:
            super().__init__(**settings)
            self.extra = extra

    model = Own(extra=3.0, latent_size=4)
    assert (model.config["extra"], model.config["latent_size"], model.config["beta"]) == (3.0, 4, 1.0)


@pytest.mark.parametrize("name", VARIATIONAL)
def test_beta_annealing_and_free_bits_weigh_the_kl_of_every_variational_model(name, blobs):
    x, y = batch_for(name, blobs)
    torch.manual_seed(0)
    model = VARIATIONAL[name](beta=4.0, anneal_steps=10)
    loss = loss_of(model.eval(), x, y)
    torch.testing.assert_close(loss.total, loss.reconstruction + 4 * loss.kl)
    model.train()
    model.steps_trained = 5
    loss = loss_of(model, x, y)
    torch.testing.assert_close(loss.total, loss.reconstruction + 2 * loss.kl)

    torch.manual_seed(0)
    free = VARIATIONAL[name](free_bits=0.05).eval()
    torch.manual_seed(3)
    q = free.encode(x, y)
    shares = free.kl_terms(q, q.rsample()).mean(0)
    loss = loss_of(free, x, y)
    torch.testing.assert_close(loss.total, loss.reconstruction + shares.clamp_min(0.05).sum())
    torch.testing.assert_close(loss.kl, shares.sum())
    with pytest.raises(ValueError, match="free_bits is -0.1"):
        VARIATIONAL[name](free_bits=-0.1)
    with pytest.raises(ValueError, match="anneal_steps is -1"):
        VARIATIONAL[name](anneal_steps=-1)


def test_m2_weighs_the_kl_and_knows_no_free_bits(blobs):
    x, y = blobs.train.x[:16], blobs.train.y[:16]
    losses = []
    for beta in (0.0, 1.0, 2.0):
        torch.manual_seed(0)
        losses.append(loss_of(SemiSupervisedVAE(**SMALL, classes=4, beta=beta).eval(), x, y).labelled)
    torch.testing.assert_close(losses[2] - losses[1], losses[1] - losses[0])
    assert losses[1] > losses[0]
    with pytest.raises(ValueError, match="knows no free_bits. Use beta or anneal_steps"):
        SemiSupervisedVAE(**SMALL, free_bits=0.1)


def test_each_latents_kl_adds_up_to_the_bounds(blobs):
    for name, make in VARIATIONAL.items():
        x, y = batch_for(name, blobs)
        model = make().eval()
        data = (x, y) if y is not None else x
        assert kl_per_dimension(model, data).shape == (model.latent_size,)
        if name != "hierarchical":  # there it is estimated from a draw
            assert kl_per_dimension(model, data).sum().item() == pytest.approx(evaluate(model, data)["kl"], rel=1e-5)


def test_latents_that_hang_together_are_one_column(blobs):
    class Full(VAE):
        def encode(self, x, y=None):
            q = super().encode(x)
            return MultivariateNormal(q.mean, torch.diag_embed(q.variance))

        @property
        def prior(self):
            return MultivariateNormal(torch.zeros(3), torch.eye(3))

    model, x = Full(**SMALL, free_bits=0.0), blobs.train.x[:8]
    q = model.encode(x)
    assert model.kl_terms(q, q.rsample()).shape == (8, 1)
    torch.testing.assert_close(model.loss(x).kl, kl_divergence(q, model.prior).mean())


def test_a_loss_keeps_each_term_once():
    loss = Loss(total=torch.tensor(3.0), kl=torch.tensor(1.0))
    loss.terms["kl"] = torch.tensor(2.0)
    assert loss.kl.item() == 2
    assert "kl=2.00" in repr(loss)
    with pytest.raises(AttributeError, match="no term 'kls', it has: total, kl"):
        loss.kls  # noqa: B018


def networks(outputs: int = 6):
    down = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.SiLU(), nn.Flatten(), nn.Linear(4 * 4 * 4, outputs))
    up = nn.Sequential(nn.Linear(3, 4 * 4 * 4), nn.Unflatten(1, (4, 4, 4)), nn.SiLU(), nn.ConvTranspose2d(4, 1, 4, stride=2, padding=1))
    return down, up


def test_networks_of_ones_own_train_and_are_stored(blobs, tmp_path):
    encoder, decoder = networks()
    model = VAE(input_shape=(1, 8, 8), latent_size=3, encoder=encoder, decoder=decoder, beta=2.0)
    before = evaluate(model, blobs)["elbo"]
    fit(model, blobs, epochs=3, seed=0, quiet=True)
    assert evaluate(model, blobs)["elbo"] > before
    assert model.decode(torch.zeros(2, 5, 3)).mean.shape == (2, 5, 1, 8, 8)
    checkpoints.save(checkpoints.rounded(model), tmp_path / "own", recipe={}, metrics={})
    with pytest.raises(ValueError, match="not built from the course's own parts"):
        checkpoints.load(tmp_path / "own")
    encoder, decoder = networks()
    again = VAE(input_shape=(1, 8, 8), latent_size=3, encoder=encoder, decoder=decoder, beta=2.0)
    checkpoints.load(tmp_path / "own", into=again)
    torch.testing.assert_close(again.reconstruct(blobs.test.x[:4]), model.eval().reconstruct(blobs.test.x[:4]))


def test_networks_that_give_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"the encoder gives \(n, 5\) for n images, expected \(n, 6\): μ and log σ² of 3 latents"):
        VAE(input_shape=(1, 8, 8), latent_size=3, encoder=networks(5)[0])
    with pytest.raises(ValueError, match=r"the decoder gives \(n, 7\) for n latents, expected \(n, 1, 8, 8\)"):
        VAE(input_shape=(1, 8, 8), latent_size=3, decoder=nn.Linear(3, 7))
