"""A course on variational autoencoders: the names that the notebooks use, each imported when it is first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what an editor reads; a test holds that it is the same as below
    from .checkpoints import pretrained as pretrained
    from .contract import EncodesAndDecodes as EncodesAndDecodes
    from .contract import LatentModel as LatentModel
    from .data import binarise as binarise
    from .data import load as load
    from .evaluation import evaluate as evaluate
    from .evaluation import negative_log_likelihood as negative_log_likelihood
    from .models import (
        GAN as GAN,
    )
    from .models import (
        VAE as VAE,
    )
    from .models import (
        AdversarialAutoencoder as AdversarialAutoencoder,
    )
    from .models import (
        AttributeVAE as AttributeVAE,
    )
    from .models import (
        Autoencoder as Autoencoder,
    )
    from .models import (
        ConditionalVAE as ConditionalVAE,
    )
    from .models import (
        ConvolutionalVAE as ConvolutionalVAE,
    )
    from .models import (
        DenoisingAutoencoder as DenoisingAutoencoder,
    )
    from .models import (
        DigitClassifier as DigitClassifier,
    )
    from .models import (
        HandwritingVAE as HandwritingVAE,
    )
    from .models import (
        HierarchicalVAE as HierarchicalVAE,
    )
    from .models import (
        ParagraphVAE as ParagraphVAE,
    )
    from .models import (
        RecurrentVAE as RecurrentVAE,
    )
    from .models import (
        SemiSupervisedAdversarialAutoencoder as SemiSupervisedAdversarialAutoencoder,
    )
    from .models import (
        SemiSupervisedVAE as SemiSupervisedVAE,
    )
    from .models import (
        SeriesVAE as SeriesVAE,
    )
    from .objectives import elbo as elbo
    from .objectives import gaussian_kl as gaussian_kl
    from .objectives import importance_weighted_bound as importance_weighted_bound
    from .plots import show as show
    from .plots import show_curves as show_curves
    from .plots import show_images as show_images
    from .runtime import announce as announce
    from .runtime import choose as choose
    from .runtime import device as device
    from .runtime import seed_everything as seed_everything
    from .runtime import start as start
    from .tasks import check as check
    from .tasks import hint as hint
    from .tasks import progress as progress
    from .training import History as History
    from .training import fit as fit
    from .widgets import (
        ArrowSliders as ArrowSliders,
    )
    from .widgets import (
        DrawYourOwn as DrawYourOwn,
    )
    from .widgets import (
        FactorSliders as FactorSliders,
    )
    from .widgets import (
        Family as Family,
    )
    from .widgets import (
        GapFiller as GapFiller,
    )
    from .widgets import (
        LabelAndStyle as LabelAndStyle,
    )
    from .widgets import (
        LatentPad as LatentPad,
    )
    from .widgets import (
        LatentSliders as LatentSliders,
    )
    from .widgets import (
        LevelResampler as LevelResampler,
    )
    from .widgets import (
        LiveTraining as LiveTraining,
    )
    from .widgets import (
        Morph as Morph,
    )
    from .widgets import (
        PosteriorGap as PosteriorGap,
    )
    from .widgets import (
        Trick as Trick,
    )
    from .widgets import (
        TuneMixer as TuneMixer,
    )
    from .widgets import (
        TwoGaussians as TwoGaussians,
    )

__version__ = "0.1.0"

_HOMES = {
    "runtime": ("start", "choose", "device", "seed_everything", "announce"),
    "data": ("load", "binarise"),
    "objectives": ("elbo", "importance_weighted_bound", "gaussian_kl"),
    "contract": ("EncodesAndDecodes", "LatentModel"),
    "models": (
        "VAE",
        "Autoencoder",
        "DenoisingAutoencoder",
        "ConditionalVAE",
        "AttributeVAE",
        "ConvolutionalVAE",
        "AdversarialAutoencoder",
        "RecurrentVAE",
        "HandwritingVAE",
        "HierarchicalVAE",
        "ParagraphVAE",
        "SemiSupervisedVAE",
        "SeriesVAE",
        "SemiSupervisedAdversarialAutoencoder",
        "GAN",
        "DigitClassifier",
    ),
    "training": ("fit", "History"),
    "checkpoints": ("pretrained",),
    "evaluation": ("evaluate", "negative_log_likelihood"),
    "plots": ("show", "show_images", "show_curves"),
    "widgets": (
        "ArrowSliders",
        "DrawYourOwn",
        "LatentSliders",
        "LatentPad",
        "Morph",
        "Trick",
        "TuneMixer",
        "TwoGaussians",
        "Family",
        "GapFiller",
        "FactorSliders",
        "LabelAndStyle",
        "LevelResampler",
        "LiveTraining",
        "PosteriorGap",
    ),
    "tasks": ("check", "hint", "progress"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str):
    if name not in _HOME_OF:
        raise AttributeError(f"vae_course has no {name!r}. It hands on: {', '.join(__all__)}.")
    value = getattr(import_module(f"vae_course.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
