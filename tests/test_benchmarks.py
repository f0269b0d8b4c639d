"""The benchmarks run, all of them are known to the one command, and a run that was stopped goes on. No time is judged."""

import io
import json
from itertools import islice

import pytest
import torch
from PIL import Image

from benchmarks import __main__ as command
from benchmarks import gallery, hierarchy, measures, recipes, retrain_checkpoints, tables, train_models, training_speed
from benchmarks.recipes import Recipe
from tests.notebooks.project import ROOT
from vae_course import checkpoints
from vae_course.data.melodies import HIGHEST, LOWEST, STEPS, Melody, to_tokens
from vae_course.models import VAE
from vae_course.models.base import LatentVariableModel

NO_PARTS = {"__init__", "__main__", "measures", "recipes", "retrain_checkpoints", "tables", "timing", "train_models"}


def test_every_benchmark_is_a_part():
    files = {path.stem for path in (ROOT / "benchmarks").glob("*.py")} - NO_PARTS
    assert files == {part.words.split()[0].removeprefix("benchmarks.") for part in command.PARTS.values()}


def test_an_unknown_part_is_refused():
    with pytest.raises(SystemExit, match="there is no part 'speeed', expected some of: speed, results, batches"):
        command.chosen(["speeed"])
    assert command.chosen(["import", "batches"]) == ["batches", "import"]
    assert set(command.chosen(["speed"])) | set(command.chosen(["results"])) == set(command.chosen([])) == set(command.PARTS)


def test_a_run_that_was_stopped_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "KEPT", tmp_path)
    monkeypatch.setattr(command, "ROOT", tmp_path)
    (tmp_path / "parts.py").write_text("import sys\nprint('| row |')\nsys.exit(int(sys.argv[1]))\n")
    monkeypatch.setattr(command, "PARTS", {name: command.Part(f"parts {code}", name) for name, code in (("good", 0), ("bad", 1))})
    assert command.main([]) == 1
    assert "| row |" in (tmp_path / "good.md").read_text("utf-8")
    assert "PyTorch" in (tmp_path / "good.md").read_text("utf-8")
    assert not (tmp_path / "bad.md").exists(), "what failed has no result"
    capsys.readouterr()
    command.main([])
    told = capsys.readouterr().out
    assert "good: done" in told
    assert told.count("| row |") == 1, "only what failed runs again"


def test_fit_and_the_plain_lines_train_alike():
    data = tables.images(quick=True).train
    ours = training_speed.with_fit(training_speed.reference(training_speed.REFERENCE), data, 32)
    plain = training_speed.plain_lines(**training_speed.REFERENCE, batches=training_speed.indexed(data.x, 32))
    for one, other in islice(zip(ours, plain, strict=True), 3):
        assert one == pytest.approx(other, abs=0.5)


def test_the_floor_has_every_product_of_a_step(monkeypatch):
    sizes = []
    monkeypatch.setattr(training_speed.torch, "mm", lambda a, b, out: sizes.append(a.shape[0] * a.shape[1] * b.shape[1]))
    training_speed.products((400,), 20, n=128, batch_size=128)()
    forward = 128 * (784 * 400 + 400 * 40 + 20 * 400 + 400 * 784)
    assert sum(sizes) == 3 * forward - 128 * 784 * 400, "forward once, backward twice, but for the gradient to the pixels"


@pytest.fixture
def recipe(monkeypatch, blobs):
    monkeypatch.setattr(train_models.vae_course, "load", lambda name: blobs)
    config = {"input_shape": [1, 8, 8], "latent_size": 2, "hidden_sizes": [16]}
    return Recipe("vae:VAE", config, epochs=6, batch_size=32, held_out=56, learning_rate=5e-3)


def test_a_training_that_was_stopped_ends_with_the_same_weights(recipe, tmp_path, monkeypatch):
    whole = train_models.Run("model", recipe, tmp_path / "whole")
    whole.finish()
    stopped = train_models.Run("model", recipe, tmp_path / "stopped")
    after = stopped._after_an_epoch

    def stop(model, history):
        after(model, history)
        if len(stopped.curve) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(stopped, "_after_an_epoch", stop)
    with pytest.raises(KeyboardInterrupt):
        stopped.finish()
    torch.manual_seed(99)
    again = train_models.Run("model", recipe, tmp_path / "stopped")
    again.finish()
    assert again.curve == whole.curve
    assert len(whole.curve) == 6
    for one, other in zip(again.model.state_dict().values(), whole.model.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    metrics = again.checkpoint(tmp_path / "done")
    card = json.loads((tmp_path / "done.json").read_text("utf-8"))
    assert card["metrics"] == metrics
    assert card["recipe"]["end"]["held_out_loss"] == [round(value, 3) for value in whole.curve]
    assert card["recipe"]["end"]["still_falling"]


def test_training_ends_when_the_held_out_bound_has_stopped_rising(recipe, tmp_path, monkeypatch):
    bounds = iter([5.0, 4.0, 6.0, 6.0, 6.0, 6.0, 1.0])
    monkeypatch.setattr(train_models, "mean_losses", lambda model, data: {"loss": next(bounds)})
    run = train_models.Run("model", Recipe(**{**vars(recipe), "patience": 4, "lowered_after": 2, "lowered_to": 0.5}), tmp_path)
    weights = []
    after = run._after_an_epoch

    def remember(model, history):
        weights.append(model.encoder[0].weight.clone())
        after(model, history)

    monkeypatch.setattr(run, "_after_an_epoch", remember)
    run.finish()
    assert run.curve == [5.0, 4.0, 6.0, 6.0, 6.0, 6.0]
    assert run.optimizer.param_groups[0]["lr"] == pytest.approx(5e-3 * 0.5**2), "lowered after two epochs without a rise, and after four"
    assert torch.equal(run.model.encoder[0].weight, weights[1]), "the weights of the best epoch"


def test_a_run_with_another_recipe_begins_anew(recipe, tmp_path, capsys):
    train_models.Run("model", recipe, tmp_path).finish()
    capsys.readouterr()
    other = train_models.Run("model", Recipe(**{**vars(recipe), "seed": 1}), tmp_path)
    assert other.curve == []
    assert "it begins anew" in capsys.readouterr().out


def test_a_state_of_days_when_a_setting_was_not_there_yet_goes_on(recipe, tmp_path, capsys):
    run = train_models.Run("model", recipe, tmp_path)
    run.finish()
    state = torch.load(run.state, weights_only=True)
    del state["recipe"]["game"], state["recipe"]["held_out_labels"]
    torch.save(state, run.state)
    assert train_models.Run("model", recipe, tmp_path).curve == run.curve
    assert capsys.readouterr().out.count("begins anew") == 0


def test_a_beta_that_falls_ends_at_the_models_own_and_goes_on_where_it_stopped(recipe, tmp_path):
    """The first and the last eighth of the epochs have one β each, and between them it falls by one factor; the last weights are kept."""
    falling = Recipe(**{**vars(recipe), "config": {**recipe.config, "beta": 2.0}, "epochs": 16, "beta_from": 32.0, "patience": 1})
    seen = []
    run = train_models.Run("model", falling, tmp_path)
    after = run._after_an_epoch
    run._after_an_epoch = lambda model, history: (seen.append(model.beta), after(model, history))
    run.finish()
    assert seen[:3] == [32.0] * 3
    assert seen[14:] == [2.0] * 2
    assert seen[3:15] == pytest.approx([32 * (2 / 32) ** (epoch / 12) for epoch in range(1, 13)])
    assert len(run.curve) == 16
    assert run.optimizer.param_groups[0]["lr"] == pytest.approx(recipe.learning_rate * recipe.lowered_to**2)

    first = train_models.Run("stopped", falling, tmp_path)
    first._is_enough = lambda: len(first.curve) == 5
    first.finish()
    second = train_models.Run("stopped", falling, tmp_path)
    second.finish()
    for one, other in zip(run.model.state_dict().values(), second.model.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_a_run_that_is_cooled_ends_with_smaller_and_smaller_steps(recipe, tmp_path, monkeypatch):
    """Also where the bound rises to the last, in which case nothing else would lower the rate."""
    bounds = iter(range(100, 0, -1))
    monkeypatch.setattr(train_models, "mean_losses", lambda model, data: {"loss": float(next(bounds))})
    run = train_models.Run("model", Recipe(**{**vars(recipe), "epochs": 6, "cooled": 2, "lowered_to": 0.5}), tmp_path)
    rates = []
    after = run._after_an_epoch
    run._after_an_epoch = lambda model, history: (rates.append(run.optimizer.param_groups[0]["lr"]), after(model, history))
    run.finish()
    whole = recipe.learning_rate
    assert rates == pytest.approx([whole, whole, whole, whole, whole / 2, whole / 4])


def game(recipe, **more) -> Recipe:
    config = {"input_shape": [1, 8, 8], "latent_size": 2, "hidden_sizes": [16], "half_life": 20}
    return Recipe(**{**vars(recipe), "model": "adversarial:AdversarialAutoencoder", "config": config, "game": True, **more})


def test_a_game_is_played_to_its_end_and_goes_on_where_it_stopped(recipe, tmp_path, monkeypatch):
    """A held-out loss that only rises ends no game; all three optimisers' memories and rates come back."""
    losses = iter(range(100))
    monkeypatch.setattr(train_models, "mean_losses", lambda model, data: {"loss": float(next(losses))})
    wanted = game(recipe, patience=1, lowered_after=1)
    whole = train_models.Run("model", wanted, tmp_path / "whole")
    whole.finish()
    assert whole.curve == [float(epoch) for epoch in range(6)]
    short = train_models.Run("model", game(recipe, minutes=0.0), tmp_path / "stopped")
    short.finish()
    assert len(short.curve) == 1
    state = torch.load(short.state, weights_only=True)
    state["recipe"] = {**vars(wanted), "fingerprint": state["recipe"]["fingerprint"]}  # as if it had been stopped by hand
    torch.save(state, short.state)
    again = train_models.Run("model", wanted, tmp_path / "stopped")
    again.finish()
    rates = [[group["lr"] for group in run.optimizer.param_groups] for run in (whole, again)]
    assert rates[0] == rates[1]
    assert len(rates[0]) == 3
    for one, other in zip(again.model.state_dict().values(), whole.model.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    assert torch.equal(whole.best["encoder.0.weight"], whole.model.encoder[0].weight), "the last epoch's weights"


def test_examples_may_be_held_out_by_their_label(recipe, tmp_path):
    run = train_models.Run("model", Recipe(**{**vars(recipe), "held_out_labels": [1, 3]}), tmp_path)
    assert set(run.held_out.y.tolist()) == {1, 3}
    assert set(run.train.y.tolist()) == {0, 2}
    assert len(run.train) + len(run.held_out) == len(run.data.train)


def test_a_card_of_a_model_trained_to_its_end_trains_it_again(tmp_path, blobs, recipe):
    """Where its minutes had run out, too: what counts are the epochs that it took."""
    run = train_models.Run("model", Recipe(**{**vars(recipe), "minutes": 0.0}), tmp_path)
    run.finish()
    metrics = run.checkpoint(tmp_path / "model")
    about = json.loads((tmp_path / "model.json").read_text("utf-8"))
    assert about["recipe"]["end"]["still_falling"]
    assert about["recipe"]["end"]["epochs_trained"] == 1
    again, figures = retrain_checkpoints.train(about)
    assert figures == metrics
    assert all(torch.equal(one, other) for one, other in zip(run.model.parameters(), again.parameters(), strict=True))


def test_a_picture_of_the_gallery_has_every_sample_and_every_pair():
    images = torch.rand(16, 1, 28, 28)
    model = VAE(latent_size=2, hidden_sizes=(8,))
    shown = Image.open(io.BytesIO(gallery.picture(model, images, None))).convert("L")
    assert shown.size == (2 * (12 * 29 + 10), 2 * (8 * 29 - 1))
    tile = torch.tensor(list(shown.crop((2 * (8 * 29 + 11), 0, 2 * (8 * 29 + 11 + 28), 56)).getdata())).reshape(56, 56)[::2, ::2]
    assert (tile / 255 - images[0, 0]).abs().max() < 0.02, "the first of the pairs is the first image"


def test_tunes_and_series_have_their_pictures():
    tune = Melody(((60, 2), (None, 1), (64, 1)))
    (roll,) = gallery.as_images(to_tokens([tune]), "melodies")
    shades, dark = gallery.SHADES, (HIGHEST - 60, HIGHEST - 64)
    cells = roll[0, ::2, ::3]
    assert cells.shape == (HIGHEST - LOWEST + 1, STEPS)
    assert [round(cells[dark[0], step].item(), 2) for step in range(4)] == [shades["note"], shades["held"], *[shades["nothing"]] * 2]
    assert cells[dark[1], 3] == shades["note"]
    assert (cells < shades["nothing"]).sum() == 3
    series = torch.tensor([[[0.0, 1.0], [0.0, 0.0], [1.0, 1.0], [0.5, 1.0]]])
    (drawn,) = gallery.as_images(series, "waves")
    on = drawn[0] < shades["nothing"]
    assert on.sum(0).tolist() == [1, 0, 1, 17], "a point behind a gap stands alone, a line joins what was seen"
    assert on[-1, 0]
    assert on[0, 2]
    assert gallery.as_images(torch.tensor([[[0.5, 0.5, 1.0], [0.6, 0.5, 1.0]]]), "strokes").shape == (1, 1, 28, 28)
    with pytest.raises(ValueError, match=r"examples of 'payments' have shape \(8,\), and the gallery does not know how to draw them"):
        gallery.as_images(torch.rand(2, 8), "payments")


def test_the_page_of_the_gallery_has_a_table_for_each_kind_of_data(blobs):
    names = [name for name in checkpoints.names() if gallery.draws(name) and gallery.kind_of(name) != "digits"]
    assert "classifier-mnist" not in filter(gallery.draws, checkpoints.names())
    lines = gallery.page(names, blobs.test)
    assert [line for line in lines if line.startswith("## ")] == [
        f"## {kind.capitalize()}" for kind in dict.fromkeys(map(gallery.kind_of, names))
    ]
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| model")]
    assert sorted(row.split("|")[1].strip() for row in rows) == sorted(names)
    assert {row.count("|") for row in rows} == {7}
    assert gallery.bound_of({"metrics": {"elbo": -97.5, "reconstruction": 70.0}, "config": {}}) == "97.50"
    assert gallery.bound_of({"metrics": {"reconstruction": 31.0}, "config": {"error": "squared"}}) == "(31.00, squared error)"


def test_what_is_counted_of_tunes():
    scale = Melody(tuple((pitch, 1) for pitch in (60, 62, 64, 65, 67, 69, 71, 72)))
    keys = Melody(((60, 3), (61, 3), (62, 3)))
    windows = to_tokens([scale, keys])
    nothing = torch.zeros(1, *windows.shape[1:])
    found = measures.look_of_melodies(torch.cat([windows, nothing]), windows[:1])
    assert found["leap"] == pytest.approx((12 + 2) / (7 + 2))
    assert found["whole_bars"] == 0.5
    assert found["copies"] == 0.5
    assert found["in_key"] == pytest.approx((1 + 2 / 3) / 2)


def test_data_that_was_changed_is_refused_unless_that_is_said(recipe, blobs):
    settings = {"epochs": 1, "batch_size": 32, "learning_rate": 1e-3, "seed": 0}
    about = {"model": recipe.model, "config": recipe.config, "recipe": {"data": "blobs", "data_fingerprint": "another", **settings}}
    with pytest.raises(ValueError, match="was trained on blobs with another. .* --store --data-changed trains on what it is now"):
        retrain_checkpoints.train(about)
    renewed = retrain_checkpoints.on_data_of_today(about)
    assert renewed["recipe"]["data_fingerprint"] == blobs.fingerprint()
    assert retrain_checkpoints.train(renewed)[1]["kl"] > 0
    assert about["recipe"]["data_fingerprint"] == "another"


def test_a_frechet_distance_may_differ_by_a_share_of_itself():
    stored = {"reconstruction": 100.0, "two_sample_auc": 0.55, "frechet": 150.0}
    assert not retrain_checkpoints.differences(stored, stored | {"frechet": 165.0})
    told = retrain_checkpoints.differences(stored, stored | {"frechet": 180.0, "reconstruction": 102.0})
    assert [complaint.split()[0] for complaint in told] == ["reconstruction", "frechet"]


def test_stacks_are_compared_at_equal_numbers_of_parameters():
    counts = {name: hierarchy.parameters(hierarchy.model_for(name, 0)) for name in hierarchy.MODELS}
    assert max(counts.values()) < 1.01 * min(counts.values()), counts
    ways = [recipe.config for name, recipe in recipes.RECIPES.items() if "level" in name]
    by_hand = [{key: value for key, value in config.items() if key != "anneal_steps"} for config in ways]
    compared = [{"inference": "ladder", **config} if "latent_sizes" in config else config for config in hierarchy.MODELS.values()]
    assert all(config in compared for config in by_hand), "what is trained to its end is what the table over seeds compares"
    in_the_plane = [run["parameters"] for run in checkpoints.card("mnist-binary-plane")["runs"]]
    assert max(in_the_plane) < 1.01 * min(in_the_plane)


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_recipe_builds_its_model(name):
    recipe = recipes.RECIPES[name]
    module, _, kind = recipe.model.partition(":")
    model = getattr(__import__(f"vae_course.models.{module}", fromlist=[kind]), kind)(**recipe.config)
    assert recipe.config.items() <= model.config.items(), "a card must be able to build it again"
    assert isinstance(model, LatentVariableModel) or not recipe.fresh, "pixels are drawn anew where bounds are compared"


@pytest.mark.parametrize("name", ["batches", "import", "likelihood"])
def test_a_quick_run_fills_its_table(name, tmp_path):
    assert command.run(name, tmp_path, quick=True)
    rows = [line for line in (tmp_path / f"{name}.md").read_text("utf-8").splitlines() if line.startswith("|")]
    assert len(rows) >= 4
    assert len({row.count("|") for row in rows}) == 1, "each row has all columns"
