"""Arrow sliders: the picture is decoded from its code and so many times each arrow, and the still twin shows the same."""

import pytest
import torch

from vae_course.models import VAE, AttributeVAE
from vae_course.widgets import ArrowSliders


@pytest.fixture
def model(blobs):
    torch.manual_seed(0)
    return VAE(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,)).eval()


@pytest.fixture
def arrows():
    return {"bright": torch.tensor([1.0, -2.0, 0.5]), "wide": torch.tensor([0.0, 1.0, 1.0])}


@torch.no_grad()
def test_what_is_shown_is_the_code_and_the_arrows_decoded(model, blobs, arrows):
    x = blobs.test.x[:3]
    explorer = ArrowSliders(model, x, arrows)
    explorer.set(image="picture 2", bright=1.5, wide=-0.5)
    _, (z, label) = explorer.shown()
    wanted = model.decode(model.encode(x[1:2]).mean + 1.5 * arrows["bright"] - 0.5 * arrows["wide"]).mean
    torch.testing.assert_close(explorer.model.decode(z[None]).mean, wanted)
    assert label is None
    assert "1.5 × bright" in explorer.alt()
    explorer.set(image="picture 3")
    assert explorer.values["bright"] == 1.5


@torch.no_grad()
def test_a_decoder_that_is_told_and_normalised_paints_the_same(blobs):
    """Untold, and with what batch normalisation does folded into the layers before it, so that a browser can run it."""
    torch.manual_seed(0)
    model = AttributeVAE(levels=[2, 3], hidden=0.5, input_shape=(1, 8, 8), latent_size=3, channels=(4, 8))
    for _ in range(3):
        model.loss(torch.rand(16, 1, 8, 8), model.drawn_labels(16))  # it normalises by what it has seen
    explorer = ArrowSliders(model.eval(), blobs.test.x[:2], {"on": torch.ones(3)}).set(on=1.0)
    wanted = model.decode(model.encode(blobs.test.x[:1]).mean + 1.0).mean
    _, (z, label) = explorer.shown()
    torch.testing.assert_close(explorer.model.decode(z[None]).mean, wanted, atol=1e-5, rtol=1e-4)
    assert explorer.scene().painted(list(explorer.shown())) is not None


def test_the_still_twin_has_a_row_an_arrow(model, blobs, arrows):
    explorer = ArrowSliders(model, blobs.test.x[:2], arrows)
    assert explorer.sheet().height > 2 * 72
    assert "2 rows by 7 columns" in explorer.sheet_alt()


def test_what_is_no_arrow_is_refused(model, blobs):
    with pytest.raises(ValueError, match="no arrow"):
        ArrowSliders(model, blobs.test.x[:2], {})
    with pytest.raises(ValueError, match=r"expected \(n, 3\)"):
        ArrowSliders(model, blobs.test.x[:2], {"short": torch.ones(2)})
