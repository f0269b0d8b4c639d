"""Factor sliders: the dimension is found by measuring, and moving it edits that factor of the picture and leaves the rest."""

import pytest
import torch

from vae_course.data import Split, draw_sprites, sprites
from vae_course.models import VAE
from vae_course.objectives import gaussian
from vae_course.widgets import FactorSliders, Family, LatentSliders


class Drawer:
    """A perfect model of sprites: its code is the level of four factors in another order, brought to about ±1.7; it ignores shape."""

    latent_size, input_shape, device, training = 5, (1, 32, 32), torch.device("cpu"), False
    columns, counts = (4, 1, 2, 3), torch.tensor([16.0, 6, 12, 16])

    def __init__(self, data):
        self.code_of = {
            x.numpy().tobytes(): torch.cat([(y[list(self.columns)] / (self.counts - 1) - 0.5) * 3.4, torch.zeros(1)])
            for x, y in zip(data.test.x, data.test.y, strict=True)
        }

    def encode(self, x, y=None):
        mu = torch.stack([self.code_of[one.numpy().tobytes()] for one in x])
        return gaussian(mu, torch.full_like(mu, -4.0))

    def decode(self, z, y=None):
        y = ((z[:, :4] / 3.4 + 0.5) * (self.counts - 1)).round().long().clamp_min(0).minimum((self.counts - 1).long())
        full = torch.zeros(len(z), 5, dtype=torch.int64)
        full[:, list(self.columns)] = y
        return torch.distributions.Bernoulli(probs=draw_sprites(full), validate_args=False)

    def eval(self):
        return self

    def train(self, mode=True):
        return self


@pytest.fixture(scope="module")
def data():
    return sprites(train=10, test=3000)


@pytest.fixture
def explorer(data):
    return FactorSliders(Drawer(data), data)


def edited(explorer) -> torch.Tensor:
    return explorer.decode(explorer.z.unsqueeze(0))[0, 0]


def test_each_factor_gets_the_dimension_that_carries_it(explorer):
    assert explorer.moves == {"y": 0, "size": 1, "rotation": 2, "x": 3}
    assert explorer.without == ["shape"]
    assert min(explorer.shares[name] for name in explorer.moves) > 0.95
    assert "no dimension carries shape" in explorer.says()[1]
    assert "No dimension carries shape" in explorer.sheet_alt()


def test_a_slider_edits_its_own_factor(explorer):
    middle = torch.arange(32) + 0.5
    rows, columns = [], []
    for stop in explorer.controls["x"].stops()[:2]:
        image = edited(explorer.set(x=stop))
        columns.append((image.sum(0) @ middle / image.sum()).item())
        rows.append((image.sum(1) @ middle / image.sum()).item())
    assert columns[1] - columns[0] > 10
    assert abs(rows[1] - rows[0]) < 0.1


def test_a_new_picture_brings_its_own_code(explorer):
    explorer.set(image="picture 3")
    torch.testing.assert_close(explorer.z, explorer.codes[2])
    moved = explorer.set(image="picture 2", size=1.5).z
    assert moved[1] == 1.5
    torch.testing.assert_close(moved[[0, 2, 3, 4]], explorer.codes[1][[0, 2, 3, 4]])


def test_controls_change_picture_and_words_and_come_back(explorer):
    first, words = explorer.png, explorer.alt_text
    for name in explorer.controls:
        assert explorer.reset().set(**{name: explorer.controls[name].stops()[1]}).png != first
        assert explorer.alt_text != words
    assert explorer.sweep().png == first
    assert explorer.alt_text == words
    assert "4 rows by 7 columns" in explorer.still().alt


def test_factors_on_one_dimension_share_a_slider(data):
    model = Drawer(data)
    double = data.test.y.clone()
    double[:, 0] = double[:, 1] // 2
    explorer = FactorSliders(model, Split(data.test.x, double), factors=("group", "size", "turn", "across", "down"))
    assert {"size and group (z₂)", "group and size (z₂)"} & set(explorer.labels.values())
    assert len(explorer.moves) == 4


def test_refuses_what_it_cannot_use(data, blobs):
    with pytest.raises(ValueError, match=r"expected a Dataset or Split whose y has shape \(n, factors\)"):
        FactorSliders(Drawer(data), blobs)
    with pytest.raises(ValueError, match="got 0 names for 5 factors"):
        FactorSliders(Drawer(data), data.test)
    with pytest.raises(ValueError, match="no dimension tells 200% of any factor, the most is"):
        FactorSliders(Drawer(data), data, least=2.0)


def test_other_explorers_take_pictures_that_have_several_labels(data):
    """No class has a name there, so the pictures are called by number."""
    torch.manual_seed(0)
    model = VAE(input_shape=(1, 32, 32), latent_size=3, hidden_sizes=(8,))
    assert "image 0" in LatentSliders(model, data=data).controls["image"].options
    assert Family({"one": model, "two": model}, data).sweep().trouble == ""
