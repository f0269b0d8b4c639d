"""Checkpoints come back as they went, or say why they cannot."""

import json

import pytest
import torch

from vae_course import checkpoints
from vae_course.models import VAE


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
    if hasattr(model, "reconstruct") and len(model.input_shape) == 3:  # a sequence is more than a shape: its own tests make one
        images = torch.rand(2, *model.input_shape)
        labels = (torch.tensor([0, 1]),) if getattr(model, "conditional", False) else ()
        assert model.reconstruct(images, *labels).shape == images.shape


def test_weights_are_small(stored, small_vae):
    count = sum(p.numel() for p in small_vae.parameters())
    assert stored.stat().st_size < 2 * count + 2000
