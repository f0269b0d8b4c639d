"""A course on variational autoencoders: the names that the notebooks use, each imported when it is first asked for."""

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "runtime": ("start", "choose", "device", "seed_everything", "announce"),
    "data": ("load", "binarise"),
    "objectives": ("elbo", "importance_weighted_bound", "gaussian_kl"),
    "models": (
        "VAE",
        "Autoencoder",
        "DenoisingAutoencoder",
        "ConditionalVAE",
        "ConvolutionalVAE",
        "AdversarialAutoencoder",
        "RecurrentVAE",
        "HierarchicalVAE",
    ),
    "training": ("fit", "History"),
    "checkpoints": ("pretrained",),
    "evaluation": ("evaluate", "negative_log_likelihood"),
    "plots": ("show", "show_images", "show_curves"),
    "widgets": (
        "LatentSliders",
        "LatentPad",
        "Morph",
        "Trick",
        "TuneMixer",
        "TwoGaussians",
        "Family",
        "LabelAndStyle",
        "LevelResampler",
        "LiveTraining",
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
