"""How each model that is trained to its end is trained: what it is, on what, and when it is done.

The bound on training images that are held out decides all: after `lowered_after` epochs without a rise the learning rate falls to
`lowered_to` of itself, after `patience` epochs without one training is over, and the weights of the best epoch are kept. But a game's
losses say who is ahead, and not how good either is: there all epochs are run, with rates that fall by the model's own half-life.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """One model and its training.

    model: its module and class, in `vae_course.models`.
    config: what it is built from.
    data: the name that `load` takes; fresh: whether its pixels are drawn anew each epoch; given: "left half" where the right half of
        each image is to be drawn and the left is seen, "dealt labels" where labels are drawn at random, so that they say nothing, "half
        size" where images are half as wide and high.
    epochs: the most there are, should the bound go on rising.
    held_out: how many training examples, the last ones, are kept for the bound.
    held_out_labels: in place of these, all examples with one of these labels: windows of one tune are too like each other to be parted.
    game: whether the last epoch's weights are kept, after all epochs, whatever the held-out loss does.
    beta_from: with it, β begins there and falls to the model's own, by the same factor each epoch, after an eighth of the epochs and up
        to the last eighth, in which the learning rate falls instead. The losses of two epochs are then no longer losses of one thing, so
        that all epochs are run and the last weights kept, too.
    patience, lowered_after, lowered_to: as above.
    cooled: in the last so many of all epochs the learning rate falls, by `lowered_to` each time, whatever the bound does: for a run whose
        bound goes on rising until its minutes are over, and which would else end with steps that are too long.
    minutes: of processor time, after which training ends whatever the bound does; the card then says that it was still falling.
    """

    model: str
    config: dict[str, Any] = field(default_factory=dict)
    data: str = "mnist"
    fresh: bool = False
    given: str = ""
    epochs: int = 500
    batch_size: int = 128
    learning_rate: float = 1e-3
    seed: int = 0
    held_out: int = 5000
    held_out_labels: list[int] = field(default_factory=list)
    game: bool = False
    beta_from: float = 0.0
    patience: int = 10
    lowered_after: int = 4
    lowered_to: float = 0.4
    cooled: int = 0
    minutes: float = 45

    @property
    def to_the_last(self) -> bool:
        """Whether all epochs are run and the last one's weights are kept: no loss says which epoch was the best."""
        return self.game or bool(self.beta_from)

    @property
    def training(self) -> dict[str, Any]:
        """All that is no model: what a card says under "recipe"."""
        return {name: value for name, value in asdict(self).items() if name not in ("model", "config")}


def _dense(latent_size: int, **more) -> Recipe:
    return Recipe("vae:VAE", {"latent_size": latent_size}, **more)


def _convolutional(latent_size: int, **more) -> Recipe:
    config = {"input_shape": [1, 28, 28], "latent_size": latent_size, "channels": [32, 64], "likelihood": "bernoulli", "start": 0.13}
    return Recipe("convolutional:ConvolutionalVAE", config, **more)


def _right_half(kind: str, seed: int, **more) -> Recipe:
    return Recipe(f"conditional:{kind}", {"hidden_sizes": [400], **more}, given="left half", seed=seed, epochs=40)


def _sprites(beta: float, seed: int) -> Recipe:
    config = {"input_shape": [1, 32, 32], "latent_size": 10, "channels": [32, 32, 64], "likelihood": "bernoulli", "start": 0.05}
    return Recipe("convolutional:ConvolutionalVAE", config | {"beta": beta}, data="sprites", seed=seed, batch_size=64, minutes=20)


def _unfolded(seed: int) -> Recipe:
    """A code that is dear at first holds what changes most pixels, one thing a latent; what changes less joins as it becomes cheaper."""
    config = _sprites(2, seed).config
    how = {"data": "sprites", "seed": seed, "epochs": 40, "beta_from": 30.0}
    return Recipe("convolutional:ConvolutionalVAE", config, **how)


def _levels(latent_sizes: list[int], hidden_sizes: list[int], inference: str = "ladder") -> Recipe:
    config = {"latent_sizes": latent_sizes, "hidden_sizes": hidden_sizes, "inference": inference, **ANNEALED}
    return Recipe("hierarchical:HierarchicalVAE", config, minutes=10, **FRESH)


def _adversarial(prior: str, **more) -> Recipe:
    """One recipe for all priors. The match comes in slowly, since codes that are pressed from the first step on lose their images, and as
    all rates fall together, the game comes to rest.
    """
    config = {
        "latent_size": 2,
        "prior": prior,
        "hidden_sizes": [128, 128],
        "principal": 64,
        "discriminator_sizes": [128, 128],
        "discriminator_rate": 3.0,
        "spread": True,
        "match_weight": 20.0,
        "anneal_steps": 800,
        "half_life": 1100,
        **more,
    }
    return Recipe("adversarial:AdversarialAutoencoder", config, epochs=20, batch_size=256, learning_rate=3e-3, game=True)


def _melodies(word_dropout: float, beta: float, **more) -> Recipe:
    config = {"input_shape": [17, 40], "end_token": 2, "word_dropout": word_dropout, "beta": beta, **more}
    tunes = [4, 14, 24, 34, 44, 54, 64, 74]  # numbers of training tunes
    return Recipe("recurrent:RecurrentVAE", config, data="melodies", learning_rate=4e-3, held_out_labels=tunes, epochs=120, minutes=10)


def _faces(seed: int, hidden: float = 0.5, epochs: int = 40) -> Recipe:
    """Faces of 32×32, `hidden` of them untold. β is 1; with `beta_from` all epochs are run, the last with small steps."""
    told = {"levels": [4, 3, 3, 3, 4, 4, 5, 2, 2, 2], "hidden": hidden, "input_shape": [3, 32, 32], "channels": [20, 40, 56]}
    config = told | {"latent_size": 48, "likelihood": "gaussian", "sigma": 0.05, "learn_sigma": True, "beta": 1.0}
    how = {"data": "faces", "given": "half size", "batch_size": 64, "learning_rate": 2e-3, "held_out": 500, "beta_from": 1.0}
    return Recipe("attributes:AttributeVAE", config, seed=seed, epochs=epochs, minutes=8, **how)


def _colour(data: str, seed: int, given: str = "", start: float = 0.5) -> Recipe:
    """One small network for every kind of picture in colour, so that what differs in their bits is the pictures."""
    config = {"input_shape": [3, 32, 32], "latent_size": 32, "channels": [16, 32, 64], "start": start}
    how = {"data": data, "given": given, "seed": seed, "batch_size": 64, "learning_rate": 2e-3, "held_out": 500, "epochs": 25, "minutes": 6}
    return Recipe("convolutional:ConvolutionalVAE", config, **how)


ANNEALED = {"anneal_steps": 8600}  # 20 epochs
FRESH = {"data": "mnist-binary", "fresh": True}
# By the names of the checkpoints. Bounds are compared on black-and-white pixels, drawn anew each epoch or, where it is said, once for all.
RECIPES = {
    "convolutional-vae-mnist-20": _convolutional(20),
    "convolutional-vae-mnist-binary-20": _convolutional(20, **FRESH),
    "convolutional-vae-mnist-2": _convolutional(2),
    "convolutional-vae-mnist-binary-2": _convolutional(2, **FRESH),
    "dense-vae-mnist-2": _dense(2),
    "dense-vae-mnist-20": _dense(20),
    **{f"dense-vae-mnist-20-beta-{beta:g}": Recipe("vae:VAE", {"latent_size": 20, "beta": beta}) for beta in (0.5, 4, 16)},
    "dense-vae-mnist-binary-2": _dense(2, **FRESH),
    "dense-vae-mnist-binary-20": _dense(20, **FRESH),
    "dense-vae-mnist-static-40": _dense(40, data="mnist-binary"),
    "dense-vae-mnist-binary-50": Recipe("vae:VAE", {"latent_size": 50, "hidden_sizes": [200, 200]}, **FRESH),
    "dense-autoencoder-mnist-2": Recipe("autoencoder:Autoencoder", {"latent_size": 2}),
    "dense-autoencoder-mnist-20": Recipe("autoencoder:Autoencoder", {"latent_size": 20}),
    "dense-conditional-vae-mnist-2": Recipe("conditional:ConditionalVAE", {"latent_size": 2, "hidden_sizes": [512, 256]}),
    "dense-conditional-vae-mnist-10": Recipe("conditional:ConditionalVAE", {"latent_size": 10, "hidden_sizes": [400]}),
    "deaf-conditional-vae-mnist-2": Recipe(
        "conditional:ConditionalVAE", {"latent_size": 2, "hidden_sizes": [512, 256]}, given="dealt labels", epochs=13
    ),
    **{f"right-half-mnist-10-seed-{seed}": _right_half("ImageConditionalVAE", seed, latent_size=10) for seed in (0, 1, 2)},
    **{f"right-half-without-z-mnist-seed-{seed}": _right_half("ImageRegression", seed) for seed in (0, 1, 2)},
    **{f"convolutional-vae-sprites-10-beta-{beta}-seed-{seed}": _sprites(beta, seed) for beta in (1, 4) for seed in (0, 1, 2)},
    **{f"convolutional-vae-sprites-10-falling-beta-seed-{seed}": _unfolded(seed) for seed in (0, 1, 2)},
    "attribute-vae-faces": _faces(0),
    **{f"half-told-faces-seed-{seed}": _faces(seed, epochs=16) for seed in (0, 1, 2)},
    **{f"always-told-faces-seed-{seed}": _faces(seed, hidden=0.0, epochs=16) for seed in (0, 1, 2)},
    **{f"adversarial-mnist-{prior}-2": _adversarial(prior) for prior in ("gaussian", "mixture", "handwriting")},
    # The VAE beside them: one network, one recipe, and the whole KL by its formula in the place of the game.
    "by-formula-mnist-gaussian-2": _adversarial("gaussian", match_weight=1.0, by_formula=True, discriminator_steps=0),
    **{f"colour-sprites-32-seed-{seed}": _colour("colour-sprites", seed, start=0.036) for seed in (0, 1, 2)},
    **{f"colour-faces-32-seed-{seed}": _colour("faces", seed, "half size") for seed in (0, 1, 2)},
    **{f"colour-photographs-32-seed-{seed}": _colour("photographs", seed) for seed in (0, 1, 2)},
    # One to write again what was read, each step from the code alone; one to write new tunes, for which it reads its own steps, too.
    "recurrent-melodies-rewriting": _melodies(1.0, 0.05, latent_size=48),
    "recurrent-melodies-sampling": _melodies(0.2, 1.0, latent_size=32, free_bits=0.2),
    "recurrent-strokes": Recipe(
        "handwriting:HandwritingVAE",
        {"latent_size": 24, "hidden_size": 128, "components": 12, "word_dropout": 0.2, "beta": 0.5},
        data="strokes",
        batch_size=256,
        learning_rate=2e-3,
        epochs=40,
        cooled=5,
    ),
    "one-level-mnist-binary": _levels([32], [220]),
    "one-level-as-deep-mnist-binary": Recipe(
        "vae:VAE", {"latent_size": 32, "hidden_sizes": [190, 100, 100], **ANNEALED}, minutes=10, **FRESH
    ),
    "two-levels-naive-mnist-binary": _levels([32, 16], [210, 110], "naive"),
    "two-levels-ladder-mnist-binary": _levels([32, 16], [200, 100]),
    "two-levels-residual-mnist-binary": _levels([32, 16], [196, 100], "residual"),
    "three-levels-ladder-mnist-binary": _levels([32, 16, 8], [195, 104, 50]),
}
