"""Train the course's checkpoints again from the recipe stored beside each, and compare their test metrics with what is stored.

python -m benchmarks.retrain_checkpoints                      all of them
python -m benchmarks.retrain_checkpoints vae-mnist-20         one
python -m benchmarks.retrain_checkpoints vae-mnist-20 --store replace what is stored by what was trained
python -m benchmarks.retrain_checkpoints vae-mnist-20 --store --data-changed     the same, where the data is no longer what it was
python -m benchmarks.retrain_checkpoints --make NAME --config '{"latent_size": 2}' --epochs 30      a new one

Exits with status 1 when a metric is further off than the tolerance. Other hardware adds numbers up in another order, so that
weights differ after a few steps and metrics by what another seed would change; `TOLERANCE` allows for that and for no more.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import sys
import tempfile
import time
from dataclasses import fields
from pathlib import Path

import vae_course
from vae_course import checkpoints
from vae_course.runtime import seed_everything

from .measures import measured
from .recipes import Recipe
from .train_models import Run

# Of the larger of the first two stored metrics (ELBO and reconstruction, accuracy): about one nat for the reference model. Two, because
# an ELBO can be near 0.
TOLERANCE = 0.01
FRECHET_TOLERANCE = 0.15  # of itself: it is a distance of thousands of pictures, and no number of nats


def train(about: dict):
    """The model that the card `about` describes, trained anew from its recipe and rounded as it will be stored, and its metrics."""
    recipe = about["recipe"]
    data = vae_course.load(recipe["data"])
    if data.fingerprint() != recipe["data_fingerprint"]:
        raise ValueError(
            f"the training data here is {data!r} with fingerprint {data.fingerprint()}, and the checkpoint was trained on "
            f"{recipe['data']} with {recipe['data_fingerprint']}. Point VAE_COURSE_DATA at the real {recipe['data']}; "
            "data that the course makes itself may differ in the last digit from one kind of processor to another. "
            "Where it was changed on purpose, --store --data-changed trains on what it is now."
        )
    if "held_out" in recipe:
        return as_far_as_it_went(about)
    seed_everything(recipe["seed"])
    module, _, kind = about["model"].partition(":")
    model = getattr(importlib.import_module(f"vae_course.models.{module}"), kind)(**about["config"])
    settings = {name: recipe[name] for name in ("epochs", "batch_size", "learning_rate", "seed")}
    history = vae_course.fit(model, data, **settings)
    checkpoints.rounded(model)
    metrics = measured(model, data)
    metrics["train_loss"] = history.loss[-1]
    return model, {name: round(value, 4) for name, value in metrics.items()}


def as_far_as_it_went(about: dict):
    """The same for a model that was trained to its end: as many epochs as it took, or had time for."""
    settings = {field.name: about["recipe"][field.name] for field in fields(Recipe) if field.name in about["recipe"]}
    settings |= {
        "model": about["model"],
        "config": about["config"],
        "epochs": about["recipe"]["end"]["epochs_trained"],
        "minutes": math.inf,
    }
    with tempfile.TemporaryDirectory() as folder:
        run = Run("again", Recipe(**settings), Path(folder))
        run.finish()
    return run.model, run.measured()


def differences(stored: dict, trained: dict) -> list[str]:
    """The metrics that are further apart than the tolerance, in words."""
    in_general = TOLERANCE * max(abs(value) for value in list(stored.values())[:2])
    found = [f"{name} was not measured" for name in stored if name not in trained]
    for name, value in stored.items():
        allowed = FRECHET_TOLERANCE * value if name == "frechet" else in_general
        if name in trained and not abs(trained[name] - value) <= allowed:
            found.append(f"{name} is {trained[name]:.3f}, stored is {value:.3f}, allowed are {allowed:.3f} either way")
    return found


def on_data_of_today(about: dict) -> dict:
    """The card with the data's fingerprint as it is now."""
    fingerprint = vae_course.load(about["recipe"]["data"]).fingerprint()
    return {**about, "recipe": {**about["recipe"], "data_fingerprint": fingerprint}}


def recipe_from(arguments: argparse.Namespace) -> dict:
    data = vae_course.load(arguments.data)
    settings = {name: getattr(arguments, name) for name in ("data", "epochs", "batch_size", "learning_rate", "seed")}
    return {
        "model": arguments.model,
        "config": json.loads(arguments.config),
        "recipe": {**settings, "data_fingerprint": data.fingerprint()},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="which checkpoints (all of them when none is named)")
    parser.add_argument("--store", action="store_true", help="replace what is stored")
    parser.add_argument("--data-changed", action="store_true", help="train on the data as it is now, where its fingerprint is another")
    parser.add_argument("--make", metavar="NAME", help="train and store a new one")
    parser.add_argument("--model", default="vae:VAE", help="module and class of a new one (default: %(default)s)")
    parser.add_argument("--config", default="{}", help="keyword arguments of a new one's class, as JSON")
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.data_changed and not arguments.store:
        parser.error("--data-changed trains another model than the one stored, so there is nothing to compare: give --store, too.")

    wrong = 0
    for name in [arguments.make] if arguments.make else arguments.names or checkpoints.names():
        about = recipe_from(arguments) if arguments.make else checkpoints.card(name)
        if command := about["recipe"].get("trained_by"):
            print(f"\n{name} is trained, and stored, by another command: {command}")
            continue
        about = on_data_of_today(about) if arguments.data_changed else about
        started = time.perf_counter()
        model, metrics = train(about)
        print(f"\n{name}, trained in {time.perf_counter() - started:.0f} s")
        for metric, value in metrics.items():
            print(f"  {metric:44} {value:9.3f}   stored {about.get('metrics', {}).get(metric, float('nan')):9.3f}")
        if arguments.make or arguments.store:
            checkpoints.save(model, checkpoints.FOLDER / f"{name}.safetensors", recipe=about["recipe"], metrics=metrics)
            continue
        complaints = differences(about["metrics"], metrics)
        wrong += bool(complaints)
        print("\n".join(f"  DIFFERS: {complaint}" for complaint in complaints) or "  agrees with what is stored")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
