"""A notebook that holds every explorer, each in a cell of its own, as source."""

import re

SET_UP = """
import base64
import torch
import vae_course
from vae_course.data import binarise
from vae_course.widgets import ArrowSliders, DrawYourOwn, FactorSliders, Family, GapFiller, LabelAndStyle, LatentPad, LatentSliders
from vae_course.widgets import LevelResampler, LiveTraining, Morph, PosteriorGap, StoryRewriter, Trick, TuneMixer, TwoGaussians

model, flat = vae_course.pretrained("vae-mnist-20"), vae_course.pretrained("vae-mnist-2")
family = {"β = 1": model} | {f"β = {beta}": vae_course.pretrained(f"dense-vae-mnist-20-beta-{beta}") for beta in ("0.5", "4", "16")}
data = vae_course.load("digits")
x = data.test.x
torch.manual_seed(0)
own = binarise(flat.sample(8), seed=0)
tunes = vae_course.load("melodies").test.x
beats = vae_course.load("heartbeats")
little_stories = vae_course.load("texts").test.x[:3]
two_levels = vae_course.pretrained("two-levels-ladder-mnist-binary")
makers = {
    "Latent sliders": lambda: LatentSliders(model, data=data),
    "Latent pad": lambda: LatentPad(flat, data=data),
    "Morph": lambda: Morph(model, x[0], x[1], x[2], x[3]),
    "The reparameterisation trick": lambda: Trick(model, x[0]),
    "Two Gaussians": lambda: TwoGaussians(),
    "Family": lambda: Family(family, data=data),
    "Label and style": lambda: LabelAndStyle(vae_course.pretrained("dense-conditional-vae-mnist-2"), data),
    "Factor sliders": lambda: FactorSliders(
        vae_course.pretrained("convolutional-vae-sprites-10-falling-beta-seed-0"), vae_course.load("sprites")
    ),
    "Arrow sliders": lambda: ArrowSliders(model, x[:3], {"first": torch.eye(20)[0], "all": torch.ones(20) / 4}),
    "The gap": lambda: PosteriorGap(flat, own, points=401),
    "Tune mixer": lambda: TuneMixer(vae_course.pretrained("recurrent-melodies-rewriting"), tunes[0], tunes[-1]),
    "Story rewriter": lambda: StoryRewriter(vae_course.pretrained("paragraph-texts-two-levels-seed-0"), little_stories),
    "Level resampler": lambda: LevelResampler(two_levels, data),
    "Gap filler": lambda: GapFiller({"a beat": (vae_course.pretrained("series-heartbeats"), beats.train.x[..., 0], beats.test.x[0])}),
    "Draw your own": lambda: DrawYourOwn(flat, data),
}
explorers = {title: make() for title, make in makers.items()}


def fresh(title):
    "What a new explorer draws when its controls stand where the shown one's stand."
    return base64.b64encode(makers[title]().set(**explorers[title].values).png).decode()
"""
TITLES = tuple(re.findall(r'^    "(.+)": lambda', SET_UP, re.MULTILINE))
CELLS = [SET_UP.strip(), *(f"explorers[{title!r}]" for title in TITLES)]
LIVE = """
from vae_course import VAE, fit

history = fit(VAE(), data.train.head(2000), epochs=3, quiet=True, on_epoch=LiveTraining(data.test))
"""
# Those that the browser paints from a scene, and one in colour, with convolutions. A new explorer is among them unless it stands here:
# what only the kernel draws says in its own file why, and what draws its own lines has a test of its own.
BY_OTHER_MEANS = {"The reparameterisation trick", "Two Gaussians", "The gap", "Tune mixer", "Story rewriter", "Draw your own"}
PAINTED = [*(title for title in TITLES if title not in BY_OTHER_MEANS), "In colour"]
COLOUR = """
class InColour(LatentSliders):
    title = "In colour"

makers[InColour.title] = lambda: InColour(vae_course.pretrained("colour-sprites-32-seed-0"), vae_course.load("colour-sprites"))
explorers[InColour.title] = makers[InColour.title]()
"""
ONLY_THESE = SET_UP.replace("makers.items()", f"makers.items() if title not in {sorted(BY_OTHER_MEANS)}") + COLOUR
