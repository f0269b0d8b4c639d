"""What the page on distributions says of widths and clouds, held to the stored models that it shows."""

import pytest
import torch
from scipy.stats import spearmanr
from torch.distributions import MultivariateNormal
from torch.func import jvp

from vae_course import load, pretrained
from vae_course.evaluation import sample_quality

from .conftest import needs_mnist

pytestmark = needs_mnist


@pytest.fixture(scope="module")
def test_images():
    return load("mnist").test.x


@pytest.fixture(scope="module")
def judge():
    return pretrained("classifier-mnist", device="cpu")


def widths(name, x):
    """The encoder's σ, and 1 / √(1 + s²) from the decoder alone: both (n, latent_size)."""
    model = pretrained(name, device="cpu")
    q = model.encode(x)
    mu, certain = q.mean.detach(), model.decode(q.mean).variance.detach().flatten(1)
    answers = [jvp(model.decoder, (mu,), (way.expand_as(mu).contiguous(),))[1].detach().flatten(1) for way in torch.eye(mu.shape[1])]
    strength = torch.stack([(answer**2 * certain).sum(1) for answer in answers], 1)
    return q.stddev.detach(), (1 + strength).rsqrt()


@pytest.mark.parametrize("name", ["dense-vae-mnist-20", "dense-vae-mnist-binary-20"])
def test_the_decoder_alone_foretells_the_width_of_each_latent_of_each_image(test_images, name):
    x = test_images[:500] if "binary" not in name else load("mnist-binary").test.x[:500]
    found, foretold = widths(name, x)
    assert torch.corrcoef(torch.stack([found.log().flatten(), foretold.log().flatten()]))[0, 1] > 0.97
    assert (found / foretold).median().item() == pytest.approx(1, abs=0.03)
    # not only which latents are narrow, also for which images
    within = [spearmanr(found[:, j], foretold[:, j]).statistic for j in range(found.shape[1])]
    assert sum(within) / len(within) > 0.85


def test_a_width_is_no_doubt(test_images, judge):
    x = test_images[:500]
    found, foretold = (each.log().mean(1) for each in widths("dense-vae-mnist-20", x))
    doubt = 1 - judge.classify(x).detach().amax(1)
    assert spearmanr(found, foretold).statistic > 0.9
    assert spearmanr(found, -x.flatten(1).mean(1)).statistic > 0.7
    assert spearmanr(found, doubt).statistic < 0.3
    test, model = load("mnist").test, pretrained("dense-vae-mnist-20", device="cpu")
    with torch.no_grad():
        widths_of_all = model.encode(test.x).stddev.mean(1)
        misread = torch.cat([judge.classify(batch) for batch in test.x.split(1_000)]).argmax(1) != test.y
    assert widths_of_all[misread].mean().item() == pytest.approx(widths_of_all[~misread].mean().item(), abs=0.02)


def test_the_formula_knows_the_image_and_not_only_the_latent(test_images):
    found, foretold = widths("dense-vae-mnist-20", test_images[:500])
    ends = torch.tensor([0.05, 0.95])
    by_formula, by_latent = ((found / guess).flatten().quantile(ends).tolist() for guess in (foretold, found.median(0).values))
    assert 0.83 < by_formula[0] < by_formula[1] < 1.2
    assert by_latent[0] < 0.8
    assert by_latent[1] > 1.6


def test_images_that_are_hard_to_read_have_no_wider_clouds_at_equal_ink_and_in_one_class(test_images, judge):
    model, y = pretrained("dense-vae-mnist-20", device="cpu"), load("mnist").test.y
    with torch.no_grad():
        width = model.encode(test_images).stddev.log().mean(1)
        doubt = 1 - judge.classify(test_images).amax(1)
    ink = test_images.flatten(1).mean(1)
    known = {"ink": torch.stack([ink, ink.square()], 1), "class": torch.nn.functional.one_hot(y, 10).float()}
    for parts in ([torch.ones(len(ink), 1), known["ink"]], [known["ink"], known["class"]]):
        by_these = torch.cat(parts, 1)
        level = width - by_these @ torch.linalg.lstsq(by_these, width).solution
        hard = doubt > doubt.quantile(0.98)
        assert 0.9 < (level[hard].mean() - level[~hard].mean()).exp() < 0.98
        assert spearmanr(level, doubt).statistic < 0


def test_where_there_is_more_ink_the_decoder_answers_more_strongly(test_images):
    _, foretold = widths("dense-vae-mnist-20", test_images[:2_000])
    strength = (foretold**-2 - 1).log().mean(1) / 2
    assert spearmanr(strength, test_images[:2_000].flatten(1).mean(1)).statistic == pytest.approx(0.75, abs=0.05)


def test_only_the_prior_parts_the_models_widely_and_a_fitted_gaussian_brings_them_near(test_images, judge):
    distances = {}
    train = load("mnist").train.x[:5_000]
    for name in ("dense-autoencoder-mnist-20", "dense-vae-mnist-20"):
        model = pretrained(name, device="cpu")
        torch.manual_seed(0)
        with torch.no_grad():
            codes = model.encode(train).sample()
            fitted = MultivariateNormal(codes.mean(0), torch.cov(codes.T))
            draws = {"prior": torch.randn(2_000, 20), "fitted": fitted.sample((2_000,))}
            found = {source: sample_quality(judge, model.decode(z).mean, test_images[::5]).frechet for source, z in draws.items()}
        distances["VAE" if "vae" in name else "autoencoder"] = found
    assert distances["autoencoder"]["prior"] > 3 * distances["VAE"]["prior"]
    assert distances["autoencoder"]["fitted"] < 1.5 * distances["VAE"]["fitted"]
    assert distances["VAE"]["prior"] == pytest.approx(distances["VAE"]["fitted"], rel=0.15)


def test_the_sum_of_both_prices_is_lowest_where_the_encoder_put_the_width(test_images):
    model, x = pretrained("dense-vae-mnist-20", device="cpu"), test_images[:1]
    q = model.encode(x)
    widths, noise = torch.logspace(-2, 0, 60), torch.randn(300, 1, generator=torch.Generator().manual_seed(0))
    for latent in (7, 14):  # a narrow one and a middling one
        moves = torch.cat([noise, -noise]) * torch.eye(20)[latent]
        with torch.no_grad():
            costs = torch.stack([-model.decode(q.mean[0] + sigma * moves).log_prob(x).mean() for sigma in widths])
        price = 0.5 * (widths**2 - 1 - 2 * widths.log())
        assert widths[(costs + price).argmin()].item() == pytest.approx(q.stddev[0, latent].item(), rel=0.12)
        assert costs.argmin() < (costs + price).argmin() < price.argmin()


def test_all_clouds_together_are_as_wide_as_the_prior_and_each_is_narrower(test_images):
    model = pretrained("dense-vae-mnist-20", device="cpu")
    torch.manual_seed(0)
    q = model.encode(test_images)
    together = q.sample()
    assert (together.std(0) - 1).abs().max() < 0.1
    assert together.mean(0).abs().max() < 0.1
    assert (q.stddev.mean(0) < 0.7).all()
