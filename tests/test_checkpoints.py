"""Checkpoints come back as they went, or say why they cannot."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.kinds import KINDS
from vae_course import checkpoints
from vae_course.models import VAE, AttributeVAE, HandwritingVAE, ParagraphVAE, RecurrentVAE
from vae_course.training import fit


@pytest.fixture
def stored(tmp_path, small_vae):
    path = tmp_path / "small.safetensors"
    checkpoints.save(checkpoints.rounded(small_vae), path, recipe={"data": "blobs", "seed": 0}, metrics={"elbo": -1.0})
    return path


def test_a_checkpoint_builds_the_same_model(stored, small_vae, blobs):
    model = checkpoints.load(stored)
    assert not model.training
    assert model.config == small_vae.config
    torch.testing.assert_close(model.reconstruct(blobs.test.x), small_vae.reconstruct(blobs.test.x), rtol=0, atol=0)


def test_nothing_unfinished_is_left_behind(stored):
    assert sorted(path.name for path in stored.parent.iterdir()) == ["small.json", "small.safetensors"]
    about = json.loads(stored.with_suffix(".json").read_text())
    assert about["recipe"]["seed"] == 0
    assert about["metrics"] == {"elbo": -1.0}


def test_damaged_weights_are_refused(stored):
    content = bytearray(stored.read_bytes())
    content[-1] ^= 1
    stored.write_bytes(bytes(content))
    with pytest.raises(ValueError, match=r"small.safetensors has hash \w+…, expected \w+…: the file is damaged or was replaced"):
        checkpoints.load(stored)


def test_another_models_checkpoint_is_refused(stored):
    with pytest.raises(ValueError, match="holds another VAE: latent_size is 3 in the file and 2 in the model"):
        checkpoints.load(stored, into=VAE(input_shape=(1, 8, 8), latent_size=2, hidden_sizes=(16,)))

    class Other(VAE):
        pass

    with pytest.raises(ValueError, match="holds a VAE, and was to fill a Other"):
        checkpoints.load(stored, into=Other(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,)))


def test_missing_files_and_unknown_names_are_named(stored):
    stored.with_suffix(".json").unlink()
    with pytest.raises(ValueError, match="small.json is missing"):
        checkpoints.load(stored)
    with pytest.raises(ValueError, match="no checkpoint is called 'gpt', expected one of"):
        checkpoints.pretrained("gpt")


@pytest.mark.parametrize("name", checkpoints.names())
def test_every_checkpoint_of_the_course_loads_and_says_how_it_was_made(name):
    model = checkpoints.pretrained(name)
    about = checkpoints.card(name)
    assert {"data", "epochs", "seed"} <= set(about["recipe"])
    assert about["metrics"]
    assert not model.training
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())
    of_images = len(model.input_shape) == 3 and not isinstance(model, ParagraphVAE)
    if hasattr(model, "reconstruct") and of_images:  # a sequence is more than a shape: its own tests make one
        images = torch.rand(2, *model.input_shape)
        given = torch.rand(2, *model.condition_shape) if hasattr(model, "condition_shape") else torch.tensor([0, 1])
        given = torch.zeros(2, len(model.levels), dtype=torch.long) if isinstance(model, AttributeVAE) else given
        assert model.reconstruct(images, given).shape == images.shape


def test_weights_are_small(stored, small_vae):
    count = sum(p.numel() for p in small_vae.parameters())
    assert stored.stat().st_size < 2 * count + 2000


def same(one: nn.Module, other: nn.Module) -> bool:
    """Whether two models have the same weights, bit for bit, and the same state beside them."""
    one, other = one.state_dict(), other.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


NAMES = [
    "vae-beta-0.5",
    "vae-beta-0.25",
    "vae-beta-0",
    "vae",
    "vae.safetensors.old",
    "vae.json",
    "v1.2.3-final.pt",
    "named.safetensors",
    "mein erstes Modell",
    "β = ½ · 数字",
    ".hidden",
    "ends in a dot.",
    "UPPER.Safetensors",
]


@pytest.mark.parametrize("kind", [str, Path])
def test_whatever_a_checkpoint_is_called_it_comes_back_and_no_other_is_touched(kind, tmp_path):
    models = {name: checkpoints.rounded(KINDS["VAE"]()) for name in NAMES}
    for name, model in models.items():
        checkpoints.save(model, kind(tmp_path / name), recipe={"name": name}, metrics={})
    assert len(list(tmp_path.iterdir())) == 2 * len(NAMES), "two files each, none shared"
    for name, model in models.items():
        assert same(checkpoints.load(kind(tmp_path / name)), model), name
        written = tmp_path / (name.removesuffix(".safetensors") + ".json")
        assert json.loads(written.read_text("utf-8"))["recipe"]["name"] == name


def test_a_name_with_and_without_its_ending_is_one_checkpoint(stored, small_vae):
    assert same(checkpoints.load(stored.with_suffix("")), small_vae)
    assert same(checkpoints.load(str(stored)), small_vae)


def test_a_missing_folder_is_made(tmp_path, small_vae):
    path = tmp_path / "runs" / "2026.11" / "vae-beta-0.5"
    checkpoints.save(checkpoints.rounded(small_vae), path, recipe={}, metrics={})
    assert same(checkpoints.load(path), small_vae)


def test_the_home_folder_may_be_written_as_a_tilde(tmp_path, small_vae, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    checkpoints.save(small_vae, "~/mine", recipe={}, metrics={})
    assert (tmp_path / "mine.safetensors").is_file()


@pytest.mark.parametrize("end", ["", "/", "/new/", "/.."])
def test_a_folder_is_no_name(end, tmp_path, small_vae):
    for call in (lambda path: checkpoints.save(small_vae, path, recipe={}, metrics={}), checkpoints.load):
        with pytest.raises(ValueError, match="is a folder. Give the checkpoint a name in it"):
            call(f"{tmp_path}{end}")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_is_told_in_one_sentence_and_leaves_the_old_checkpoint(stored, small_vae, monkeypatch):
    (stored.parent / "file").write_text("no folder", "utf-8")
    places = {"in a file": stored.parent / "file" / "vae", "too long": stored.parent / ("x" * 300)}
    (stored.parent / "card.json").mkdir()
    places["its card is a folder"] = stored.parent / "card"
    before = sorted(stored.parent.iterdir())
    for path in places.values():
        with pytest.raises(ValueError, match=r"cannot write .*\. Give a folder and a name that can be written"):
            checkpoints.save(small_vae, path, recipe={}, metrics={})

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ValueError, match=r"cannot write .*small.safetensors: No space left on device"):
        checkpoints.save(VAE(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,)), stored, recipe={}, metrics={})
    assert sorted(stored.parent.iterdir()) == before, "nothing half-written"
    assert same(checkpoints.load(stored), small_vae)


def put(model: VAE, value: float, where: slice = slice(0, 1)) -> VAE:
    with torch.no_grad():
        model.decoder[0].bias[where] = value
    return model


@pytest.mark.parametrize("value", [65_504.0, 65_519.0, 65_520.0, 7e4, -1e6, 3e38, 1e-3])
def test_weights_of_any_size_come_back(value, small_vae, tmp_path):
    checkpoints.save(put(small_vae, value), tmp_path / "some", recipe={}, metrics={})
    loaded = checkpoints.load(tmp_path / "some")
    assert loaded.decoder[0].bias[0].item() == pytest.approx(value, rel=1e-3)
    assert same(loaded, checkpoints.rounded(small_vae))


def test_a_tensor_of_tiny_weights_does_not_become_zero(small_vae, tmp_path):
    checkpoints.save(put(small_vae, 1e-9, slice(None)), tmp_path / "some", recipe={}, metrics={})
    loaded = checkpoints.load(tmp_path / "some")
    assert loaded.decoder[0].bias.tolist() == pytest.approx([1e-9] * 16)
    assert same(loaded, checkpoints.rounded(small_vae))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused_by_name(value, small_vae, tmp_path):
    with pytest.raises(ValueError, match=r"the weights decoder.0.bias are not all finite"):
        checkpoints.save(put(small_vae, value), tmp_path / "some", recipe={}, metrics={})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_another_precision_comes_back_as_it_was(dtype, small_vae, tmp_path):
    checkpoints.save(small_vae.to(dtype), tmp_path / "some", recipe={}, metrics={})
    assert same(checkpoints.load(tmp_path / "some"), checkpoints.rounded(small_vae))


def test_integers_are_not_rounded(tmp_path):
    model = KINDS["classifier"]()
    model.convolutions[1].num_batches_tracked += 70_001  # half precision would make it infinite
    checkpoints.save(model, tmp_path / "some", recipe={}, metrics={})
    assert checkpoints.load(tmp_path / "some").convolutions[1].num_batches_tracked == 70_001


def tokens() -> torch.Tensor:
    return F.one_hot(torch.randint(4, (60, 9), generator=torch.Generator().manual_seed(2))).float()


def pen_strokes() -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.cat([torch.rand(60, 9, 2, generator=generator), torch.rand(60, 9, 1, generator=generator).round()], dim=-1)


def paragraphs() -> torch.Tensor:
    return tokens().unflatten(1, (3, 3))


TRAINED = KINDS | {
    "recurrent": lambda: RecurrentVAE(input_shape=(9, 4), latent_size=3, hidden_size=8, word_dropout=0.5, anneal_steps=12),
    "handwriting": lambda: HandwritingVAE(input_shape=(9, 3), latent_size=3, hidden_size=8, components=2, anneal_steps=12),
    "paragraph": lambda: ParagraphVAE(input_shape=(3, 3, 4), hidden_size=8, word_dropout=0.5, anneal_steps=12, free_bits=0.1),
}


@pytest.mark.parametrize("kind", TRAINED)
def test_training_goes_on_from_a_checkpoint_as_from_a_second_fit(kind, blobs, tmp_path):
    """Whatever schedule a model follows, it neither restarts nor jumps: the two runs are the same to the last bit."""
    data = {"recurrent": tokens, "paragraph": paragraphs, "handwriting": pen_strokes}.get(kind, lambda: blobs.train.head(60))()
    torch.manual_seed(0)
    model = TRAINED[kind]()
    fit(model, data, epochs=2, batch_size=20, seed=0, quiet=True)
    checkpoints.save(model, tmp_path / "half-way-0.5", recipe={}, metrics={})
    loaded = checkpoints.load(tmp_path / "half-way-0.5")
    assert same(loaded, checkpoints.rounded(model))
    histories = [fit(one, data, epochs=1, batch_size=20, seed=1, quiet=True).terms for one in (model, loaded)]
    assert histories[0] == histories[1]
    assert same(loaded, model)


def test_annealing_goes_on_where_it_stopped(blobs, tmp_path):
    """What the fault looked like: the KL's weight began again at 0."""
    model = KINDS["ladder"]()
    fit(model, blobs.train.head(60), epochs=2, batch_size=20, quiet=True)
    checkpoints.save(model, tmp_path / "some", recipe={}, metrics={})
    loaded = checkpoints.load(tmp_path / "some").train()
    assert loaded.kl_weight == model.train().kl_weight == pytest.approx(6 / 20)
    fit(loaded, blobs.train.head(60), epochs=1, batch_size=20, quiet=True)
    assert loaded.kl_weight == pytest.approx(9 / 20)


def test_learning_rates_go_on_falling_where_they_stopped(blobs, tmp_path):
    model = KINDS["adversarial autoencoder"]()
    fit(model, blobs.train.head(60), epochs=2, batch_size=20, quiet=True)
    checkpoints.save(model, tmp_path / "some", recipe={}, metrics={})
    for one in (model, checkpoints.load(tmp_path / "some")):
        optimizer = one.optimizer(1e-3)
        assert optimizer.reconstruction.param_groups[0]["lr"] == pytest.approx(1e-3 / 4), "six steps are two half-lives"


def test_the_count_goes_wherever_weights_go():
    """By `state_dict` as PyTorch's own saving uses it, and by a copy; weights from before there was a count still load."""
    model, other = KINDS["ladder"](), KINDS["ladder"]()
    model.steps_trained = 7
    state = model.state_dict()
    other.load_state_dict(state)
    assert other.steps_trained == copy.deepcopy(model).steps_trained == 7
    del state["_extra_state"]
    other.load_state_dict(state)
    assert other.steps_trained == 7


def test_settings_changed_while_training_are_stored_as_they_stand(blobs, tmp_path):
    model = VAE(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,), beta=0.0)

    def warm_up(model, history):
        model.beta = torch.tensor(0.25 * len(history))

    fit(model, blobs, epochs=2, on_epoch=warm_up, quiet=True)
    checkpoints.save(model, tmp_path / "some", recipe={}, metrics={})
    assert checkpoints.load(tmp_path / "some").beta == 0.5
    assert checkpoints.load(tmp_path / "some", into=model) is model
    noisy = KINDS["denoising autoencoder"]()
    noisy.noise = (0.1, 0.2)
    checkpoints.save(noisy, tmp_path / "noisy", recipe={}, metrics={})
    assert checkpoints.load(tmp_path / "noisy").noise == (0.1, 0.2)


def test_a_checkpoint_from_before_steps_were_counted_loads_and_says_so(tmp_path, capsys):
    model = checkpoints.rounded(KINDS["ladder"]())
    checkpoints.save(model, tmp_path / "old", recipe={}, metrics={})
    written = tmp_path / "old.json"
    about = json.loads(written.read_text("utf-8"))
    del about["state"], about["dtype"]
    written.write_text(json.dumps(about), "utf-8")
    assert same(checkpoints.load(tmp_path / "old"), model)
    assert "old.safetensors does not say for how many steps it was trained" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name", [name for name in checkpoints.names() if {"anneal_steps", "half_life"} & checkpoints.card(name)["config"].keys()]
)
def test_the_courses_own_checkpoints_say_how_long_they_were_trained(name, capsys):
    model = checkpoints.pretrained(name)
    assert capsys.readouterr().out == ""
    assert model.steps_trained > max(getattr(model, "anneal_steps", 0), 100)


class Own(VAE):
    """A model of a learner's own."""


def test_a_model_of_ones_own_comes_back_into_one(tmp_path):
    model, other = (Own(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,)) for _ in range(2))
    checkpoints.save(checkpoints.rounded(model), tmp_path / "own", recipe={}, metrics={})
    assert same(checkpoints.load(tmp_path / "own", into=other), model)
    wanted = "own.safetensors holds a Own that was not built from the course's own parts. Build one and call load"
    with pytest.raises(ValueError, match=wanted):
        checkpoints.load(tmp_path / "own")
    with pytest.raises(ValueError, match="a Linear does not say what it was built from"):
        checkpoints.save(nn.Linear(2, 2), tmp_path / "linear", recipe={}, metrics={})


def test_a_card_takes_the_numbers_of_numpy_and_pytorch_and_refuses_what_is_no_number(small_vae, tmp_path):
    metrics = {"elbo": np.float32(-1.5), "per level": np.arange(2), "kl": torch.tensor(2.0)}
    checkpoints.save(small_vae, tmp_path / "some", recipe={}, metrics=metrics)
    assert json.loads((tmp_path / "some.json").read_text())["metrics"] == {"elbo": -1.5, "per level": [0, 1], "kl": 2.0}
    with pytest.raises(ValueError, match="the card cannot hold all that it was given: there is <object"):
        checkpoints.save(small_vae, tmp_path / "other", recipe={"data": object()}, metrics={})
    assert not (tmp_path / "other.safetensors").exists()


@pytest.mark.parametrize(("content", "told"), [("{", "small.json is damaged"), ("{}", "small.json is no card .* is missing")])
def test_a_damaged_card_is_named(content, told, stored):
    stored.with_suffix(".json").write_text(content, "utf-8")
    with pytest.raises(ValueError, match=told):
        checkpoints.load(stored)
