"""Train models to their end by the recipes in `recipes.py`, going on where an earlier run stopped.

python -m benchmarks.train_models                       what is not trained yet, one after the other (`make models`)
python -m benchmarks.train_models binary-20-dense ...   some of them
python -m benchmarks.train_models --list                how far each is

Every ten minutes, and when it is stopped, a run writes all that it needs to go on into a folder of the user's cache: weights, what the
optimiser remembers, random numbers. A run that was stopped ends with the same weights as one that was not. What is done lies there as a
checkpoint; `--store` puts it among the checkpoints of the course.
"""

from __future__ import annotations

import argparse
import copy
import importlib
import os
import signal
import time
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch.nn.functional import avg_pool2d

import vae_course
from vae_course import checkpoints
from vae_course.data import Dataset, Split, halves
from vae_course.data.download import cache_folder
from vae_course.training import fit, mean_losses

from .measures import measured
from .recipes import RECIPES, Recipe

SECONDS_BETWEEN_STATES = 600
COUNTS = 0.01  # nats: what a bound rises by when it rises; a rate that falls and falls would else go on for a thousandth each time


class Done(Exception):
    """Training is over before its last epoch: the bound has stopped rising."""


def as_given(data: Dataset, recipe: Recipe) -> Dataset:
    """The data with what the recipe gives a model to see in the place of labels. Raises ValueError where nobody has said what that is."""
    if recipe.given == "left half":
        return halves(data)
    if recipe.given == "dealt labels":
        drawn = torch.Generator().manual_seed(recipe.seed)
        dealt = (Split(split.x, torch.randint(len(data.classes), (len(split),), generator=drawn)) for split in (data.train, data.test))
        return replace(data, train=next(dealt), test=next(dealt))
    if recipe.given == "half size":
        smaller = (Split(torch.cat([avg_pool2d(x, 2) for x, _ in split.batches(1000)]), split.y) for split in (data.train, data.test))
        return replace(data, train=next(smaller), test=next(smaller))
    if recipe.given:
        raise ValueError(f"given is {recipe.given!r}, expected 'left half', 'dealt labels', 'half size' or nothing.")
    return data


class Run:
    """One model on its way through its recipe.

    name: of its recipe, and of its files in `folder`.
    curve: the held-out loss after each epoch, nats per example; for a model that has a bound, minus the bound.
    """

    def __init__(self, name: str, recipe: Recipe, folder: Path) -> None:
        self.name, self.recipe, self.state = name, recipe, folder / f"{name}.state"
        data = vae_course.load(recipe.data, fresh=True) if recipe.fresh else vae_course.load(recipe.data)
        self.fingerprint = data.fingerprint()
        self.data = data = as_given(data, recipe)
        self.train: Split
        self.held_out: Split
        judges = vae_course.load(recipe.data).train if recipe.fresh else data.train  # what judges is the same each epoch
        if recipe.held_out_labels:
            assert data.train.y is not None, "labels were to be held out of data that has none"
            out = torch.isin(data.train.y, torch.tensor(recipe.held_out_labels))
            self.train, self.held_out = data.train.part(~out), judges.part(out)
        else:
            count = len(data.train) - recipe.held_out
            self.train, self.held_out = data.train.part(slice(count)), judges.part(slice(count, None))
        torch.manual_seed(recipe.seed)
        module, _, kind = recipe.model.partition(":")
        self.model = getattr(importlib.import_module(f"vae_course.models.{module}"), kind)(**recipe.config)
        if hasattr(self.model, "start_at"):
            self.model.start_at(self.train.x)
        self.optimizer = self.model.optimizer(recipe.learning_rate)
        self.curve: list[float] = []
        self.best = copy.deepcopy(self.model.state_dict())
        self.seconds = 0.0
        if self.state.is_file():
            self._go_on(torch.load(self.state, weights_only=True))

    @property
    def since(self) -> int:
        """Epochs since the bound last rose by what counts."""
        best, last = float("inf"), 0
        for epoch, value in enumerate(self.curve):
            if value < best - COUNTS:
                best, last = value, epoch
        return max(len(self.curve) - 1 - last, 0)

    def finish(self) -> None:
        """Train until the recipe says that it is enough. Keeps the best epoch's weights in the model."""
        self.started = self.written = time.process_time()
        left = self.recipe.epochs - len(self.curve)
        self._set_beta()
        try:
            if self._is_enough() or left < 1:
                raise Done
            fit(
                self.model,
                self.train,
                epochs=left,
                batch_size=self.recipe.batch_size,
                optimizer=self.optimizer,
                on_epoch=self._after_an_epoch,
                quiet=True,
            )
        except Done:
            pass
        except KeyboardInterrupt:
            self._write()
            raise
        self._write()
        self.model.load_state_dict(self.best)

    def _after_an_epoch(self, model, history) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.recipe.seed)
            self.curve.append(mean_losses(model, self.held_out)["loss"])
        if self.recipe.to_the_last or self.curve[-1] == min(self.curve):
            self.best = copy.deepcopy(model.state_dict())
        self._set_beta()
        if self._is_time_for_smaller_steps():
            for group in self.optimizer.param_groups:
                group["lr"] *= self.recipe.lowered_to
        rate, epoch = self.optimizer.param_groups[0]["lr"], len(self.curve)
        print(f"{self.name} {epoch}: trained {history.loss[-1]:.2f}, held out {self.curve[-1]:.2f}, rate {rate:.1g}", flush=True)
        if time.process_time() - self.written > SECONDS_BETWEEN_STATES:
            self._write()
        if self._is_enough():
            raise Done

    def _set_beta(self) -> None:
        """The weight of the KL in the next epoch, where it falls."""
        if self.recipe.beta_from:
            part = min(max((8 * len(self.curve) / self.recipe.epochs - 1) / 6, 0.0), 1.0)
            last = self.recipe.config["beta"]
            self.model.beta = self.recipe.beta_from * (last / self.recipe.beta_from) ** part

    def _is_time_for_smaller_steps(self) -> bool:
        if self.recipe.beta_from:
            return 8 * len(self.curve) > 7 * self.recipe.epochs
        if self.recipe.cooled and len(self.curve) >= self.recipe.epochs - self.recipe.cooled:
            return True
        return bool(self.since) and self.since % self.recipe.lowered_after == 0 and not self.recipe.game

    def _is_enough(self) -> bool:
        so_far = self.seconds + time.process_time() - self.started
        risen_enough = self.since >= self.recipe.patience and not self.recipe.to_the_last
        return bool(self.curve) and (risen_enough or so_far > 60 * self.recipe.minutes)

    def _write(self) -> None:
        """Write what is needed to go on, whole or not at all."""
        now = time.process_time()
        self.seconds += now - self.started
        self.started = self.written = now
        state = {
            "recipe": asdict(self.recipe) | {"fingerprint": self.fingerprint},
            "model": self.model.state_dict(),
            "best": self.best,
            "optimizer": self.optimizer.state_dict(),
            "random": torch.get_rng_state(),
            "curve": self.curve,
            "seconds": self.seconds,
        }
        self.state.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.state.with_suffix(".unfinished")
        torch.save(state, unfinished)
        os.replace(unfinished, self.state)

    def _go_on(self, state: dict) -> None:
        ours = dict(state["recipe"])
        made_from = ours.pop("fingerprint")
        if made_from != self.fingerprint or Recipe(**ours) != self.recipe:  # what a state of earlier days does not say is as by default
            print(f"{self.name} has another recipe, or other data, than the run in {self.state.parent}: it begins anew.")
            return
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best, self.curve, self.seconds = state["best"], state["curve"], state["seconds"]
        torch.set_rng_state(state["random"])

    def measured(self) -> dict[str, float]:
        """The figures on the test set, of weights rounded as they are stored. Asked once."""
        checkpoints.rounded(self.model)
        return {name: round(value, 4) for name, value in measured(self.model, self.data).items()}

    def checkpoint(self, path: Path) -> dict[str, float]:
        """Write what was trained with its card; its figures."""
        metrics = self.measured()
        ending = {
            "epochs_trained": len(self.curve),
            "best_epoch": len(self.curve) if self.recipe.to_the_last else self.curve.index(min(self.curve)) + 1,
            "held_out_loss": [round(value, 3) for value in self.curve],
            "still_falling": len(self.curve) < self.recipe.epochs if self.recipe.to_the_last else self.since < self.recipe.patience,
            "seconds": round(self.seconds),
            "threads": torch.get_num_threads(),
        }
        recipe = self.recipe.training | {"data_fingerprint": self.fingerprint, "end": ending}
        checkpoints.save(self.model, path, recipe=recipe, metrics=metrics)
        return metrics


def folder_of_runs() -> Path:
    """Where runs on their way lie, outside of the course's own folder."""
    return cache_folder() / "models-in-training"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="which models (all of them when none is named)")
    parser.add_argument("--store", action="store_true", help="put what is done among the course's checkpoints")
    parser.add_argument("--list", action="store_true", help="say how far each is, and train nothing")
    arguments = parser.parse_args()
    for stop in (signal.SIGINT, signal.SIGTERM):  # in a shell's background the first is ignored, and the second would write no state
        signal.signal(stop, signal.default_int_handler)
    folder = folder_of_runs()
    for name in arguments.names or RECIPES:
        done = folder / f"{name}.safetensors"
        if arguments.list:
            began = (folder / f"{name}.state").is_file()
            print(f"{name}: {'done' if done.is_file() else 'under way' if began else 'not begun'}")
            continue
        if arguments.store or not done.is_file():
            run = Run(name, RECIPES[name], folder)
            run.finish()
            print(name, run.checkpoint(checkpoints.FOLDER / done.name if arguments.store else done))


if __name__ == "__main__":
    main()
