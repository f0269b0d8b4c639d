"""Label and style: the label is asked for, the style is moved or taken from an image, and both reach the decoder."""

import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from vae_course.models import ConditionalVAE
from vae_course.training import fit
from vae_course.widgets import LabelAndStyle


@pytest.fixture
def model(blobs) -> ConditionalVAE:
    torch.manual_seed(1)
    model = ConditionalVAE(input_shape=(1, 8, 8), classes=4, latent_size=3, hidden_sizes=(16,))
    fit(model, blobs, epochs=5, seed=0, quiet=True)
    return model


@pytest.fixture
def explorer(model, blobs) -> LabelAndStyle:
    return LabelAndStyle(model, blobs)


def shown(explorer) -> torch.Tensor:
    return torch.from_numpy(np.array(Image.open(io.BytesIO(explorer.png)))).float() / 255


def decoded(model, z, label: int) -> torch.Tensor:
    with torch.no_grad():
        return model.eval().decode(z.unsqueeze(0), torch.tensor([label])).mean[0, 0]


def test_shows_the_label_and_the_style_that_were_asked_for(explorer, model):
    explorer.set(label="d", z2=-2.0, z1=1.0, z3=0.0)
    z = torch.tensor([1.0, -2.0, 0.0])
    assert torch.equal(explorer.z, z)
    torch.testing.assert_close(shown(explorer), decoded(model, z, 3), atol=1 / 255, rtol=0)


def test_takes_the_style_of_an_image_and_keeps_the_label(explorer, model, blobs):
    explorer.set(label="a")
    explorer.set(image="c")
    first = int((blobs.test.y == 2).nonzero()[0])
    style = model.encode(blobs.test.x[first : first + 1], torch.tensor([2])).mean[0]
    torch.testing.assert_close(explorer.z, style)
    assert explorer.values["label"] == "a"
    assert all(explorer.values[f"z{i + 1}"] == pytest.approx(style[i].item()) for i in range(3))
    torch.testing.assert_close(shown(explorer), decoded(model, style, 0), atol=1 / 255, rtol=0)
    kept = explorer.z
    explorer.set(label="b")
    assert torch.equal(explorer.z, kept), "another label leaves the style alone"
    torch.testing.assert_close(shown(explorer), decoded(model, style, 1), atol=1 / 255, rtol=0)


def test_every_control_changes_the_picture_and_a_sweep_comes_back(explorer):
    first = explorer.png
    for name, control in explorer.controls.items():
        explorer.reset()
        assert len({explorer.set(**{name: stop}).png for stop in control.stops()}) > 1, name
    assert explorer.sweep().png == first
    assert explorer.values == {name: control.default for name, control in explorer.controls.items()}


def test_buttons_draw_a_style_and_put_it_back(explorer):
    explorer.set(label="b", image="a")
    explorer.press("random")
    assert explorer.z.abs().sum() > 0
    assert explorer.values["image"] is None
    assert explorer.values["label"] == "b"
    explorer.press("centre")
    assert explorer.z.abs().sum() == 0


def test_sliders_stand_in_the_order_of_their_nats(model, blobs):
    explorer = LabelAndStyle(model, blobs, sliders=2)
    assert explorer.order == explorer.nats.argsort(descending=True).tolist()[:2]
    total = model.loss(blobs.test.x, blobs.test.y).kl.item()
    assert explorer.nats.sum().item() == pytest.approx(total, rel=1e-4)
    hidden = next(i for i in range(3) if i not in explorer.order)
    explorer.set(image="a")
    assert explorer.z[hidden] != 0
    explorer.reset()
    assert torch.equal(explorer.z, explorer.origin), "a style taken from an image leaves nothing behind in the latents without a slider"


def test_words_follow_the_controls_and_the_still_has_a_picture(explorer):
    assert "class c in the style of an image of class c" in explorer.alt_text
    assert "class c in the middle style" in explorer.press("centre").alt_text
    assert "the style of an image of class d" in explorer.set(image="d").alt_text
    assert "class a in" in explorer.set(label="a").alt_text
    still = explorer.still()
    assert np.asarray(Image.open(io.BytesIO(still.png)).convert("RGB")).std() > 1
    assert "4 rows by 5 columns" in still.alt


def test_the_still_says_in_words_whether_the_label_does_anything(model, blobs):
    def by_label():
        return float(re.search(r"by up to ([\d.]+) in a pixel", LabelAndStyle(model, blobs).sheet_alt()).group(1))

    assert by_label() > 0
    with torch.no_grad():
        model.decoder.from_label.weight.zero_()
    assert by_label() == 0


def test_page_and_python_move_alike(explorer):
    by_python = explorer.set(z1=-1.0, label="d").png
    explorer.reset()
    explorer.panel._handle_custom_msg({"values": {"z1": -1.0, "label": "d"}, "answer": {"view": "page", "number": 1}}, [])
    assert explorer.png == by_python
    assert explorer.trouble == ""


def test_refuses_what_it_cannot_do(explorer, model, blobs):
    with pytest.raises(ValueError, match="label is 'z', expected one of: a, b, c, d"):
        explorer.set(label="z")
    with pytest.raises(ValueError, match="the data has no labels"):
        LabelAndStyle(model, blobs.test.x)
