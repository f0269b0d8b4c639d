"""One of each explorer, small: made from `trained(kind)`, a model of `tests/kinds.py`, and the data of the fixture `blobs`."""

from __future__ import annotations

import random

import torch

from vae_course import checkpoints, widgets
from vae_course.data import load
from vae_course.data.sprites import sprites
from vae_course.data.texts import texts

ARROWS = {"up": torch.ones(2), "on": torch.eye(2)[0]}
EXPLORERS = {
    "DrawYourOwn": lambda trained, data: widgets.DrawYourOwn(checkpoints.pretrained("vae-mnist-2"), load("digits")),
    "LatentSliders": lambda trained, data: widgets.LatentSliders(trained("VAE"), data=data),
    "LatentPad": lambda trained, data: widgets.LatentPad(trained("VAE"), data=data),
    "Morph": lambda trained, data: widgets.Morph(trained("VAE"), *data.test.x[:4].double()),
    "Trick": lambda trained, data: widgets.Trick(trained("VAE"), data.test.x[0]),
    "TwoGaussians": lambda trained, data: widgets.TwoGaussians(),
    "PosteriorGap": lambda trained, data: widgets.PosteriorGap(trained("VAE"), data.test.x[:3], points=41),
    "Family": lambda trained, data: widgets.Family({"one": trained("VAE"), "two": trained("autoencoder")}, data=data),
    "LevelResampler": lambda trained, data: widgets.LevelResampler(trained("ladder"), data),
    "LabelAndStyle": lambda trained, data: widgets.LabelAndStyle(trained("conditional VAE"), data),
    "FactorSliders": lambda trained, data: widgets.FactorSliders(
        checkpoints.pretrained("convolutional-vae-sprites-10-falling-beta-seed-0"), sprites(train=10, test=300)
    ),
    "ArrowSliders": lambda trained, data: widgets.ArrowSliders(trained("VAE"), data.test.x[:3].double(), ARROWS),
    "GapFiller": lambda trained, data: widgets.GapFiller(
        {"a beat": (checkpoints.pretrained("series-heartbeats"), load("heartbeats").train.x[:200, :, 0], load("heartbeats").test.x[0])},
        candidates=20,
    ),
    "StoryRewriter": lambda trained, data: widgets.StoryRewriter(
        checkpoints.pretrained("paragraph-texts-two-levels-seed-0"), texts(train=1, test=3).test.x
    ),
    "TuneMixer": lambda trained, data: widgets.TuneMixer(
        checkpoints.pretrained("recurrent-melodies-rewriting"), *load("melodies").test.x[:2]
    ),
}


def anywhere(explorer, chance: random.Random) -> dict:
    """Where every control could stand, by chance; a choice that may be left is left now and then."""
    values = {}
    for name, control in explorer.controls.items():
        if control.kind == "slider":
            steps = int((control.high - control.low) / control.step + 1e-9)
            values[name] = round(control.low + chance.randint(0, steps) * control.step, 6)
        elif control.kind == "choice":
            values[name] = chance.choice([*control.options, *[None] * control.can_be_left])
        elif control.kind == "pad":
            values[name] = tuple(round(chance.uniform(-control.limit, control.limit), 3) for _ in range(2))
    return values
