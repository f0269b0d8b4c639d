"""Trained weights that come with the course: small, with recipe, seed, data, hash and measured metrics beside each."""

from __future__ import annotations

import hashlib
import importlib
import json
from pathlib import Path

import torch

FOLDER = Path(__file__).parent / "pretrained"


def names() -> list[str]:
    """The checkpoints that come with the course."""
    return sorted(path.stem for path in FOLDER.glob("*.safetensors"))


def pretrained(name: str, *, device: str | torch.device | None = None):
    """The trained model `name`, in evaluation mode. See `names()` for what there is, `card(name)` for how it was trained.

    Raises ValueError for an unknown name, and whatever `load` does.
    """
    if name not in names():
        raise ValueError(f"no checkpoint is called {name!r}, expected one of: {', '.join(names()) or '(none)'}.")
    return load(FOLDER / f"{name}.safetensors", device=device)


def card(name: str) -> dict:
    """What is known of the checkpoint `name`: model, recipe (data, seed, epochs …), metrics on the test set, hashes."""
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def save(model, path: str | Path, *, recipe: dict, metrics: dict) -> None:
    """Write `path` (.safetensors, half precision) and, beside it, a .json with what is needed to trust and rebuild it.

    Files appear whole or not at all. Metrics are the caller's to measure, on the rounded weights (`rounded`).
    Of several processes that `torchrun` started only the first one writes.
    """
    from safetensors.torch import save as to_bytes

    from . import runtime

    if runtime.rank() > 0:
        return
    path = Path(path)
    weights = {name: value.detach().cpu().half().contiguous() for name, value in model.state_dict().items()}
    content = to_bytes(weights)
    about = {
        "model": _model_name(model),
        "config": model.config,
        "recipe": recipe,
        "metrics": metrics,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    for target, data in ((path, content), (path.with_suffix(".json"), (json.dumps(about, indent=2) + "\n").encode())):
        unfinished = target.with_name(target.name + ".unfinished")
        unfinished.write_bytes(data)
        unfinished.replace(target)


def load(path: str | Path, *, into=None, device: str | torch.device | None = None):
    """Read a checkpoint written by `save`: build its model, or fill the model given as `into`.

    The model is in evaluation mode. Raises ValueError when a file is missing, when the weights are not those that the
    .json was written for (wrong hash), or when `into` is another model.
    """
    from safetensors.torch import load as from_bytes

    from . import runtime

    path = Path(path)
    for needed in (path, path.with_suffix(".json")):
        if not needed.is_file():
            raise ValueError(f"{needed.name} is missing in {path.parent}: a checkpoint is a .safetensors with a .json beside it.")
    content = path.read_bytes()
    about = json.loads(path.with_suffix(".json").read_text("utf-8"))
    found = hashlib.sha256(content).hexdigest()
    if found != about["sha256"]:
        raise ValueError(
            f"{path.name} has hash {found[:12]}…, expected {about['sha256'][:12]}…: the file is damaged or was replaced. "
            "Fetch it again, or train it anew."
        )
    if into is None:
        module, _, kind = about["model"].partition(":")
        into = getattr(importlib.import_module(f"vae_course.models.{module}"), kind)(**about["config"])
    else:
        _refuse_other_model(into, about, path.name)
    into.load_state_dict({name: value.float() for name, value in from_bytes(content).items()})
    return into.to(runtime.device(device)).eval()


def rounded(model):
    """The same model with its weights rounded to half precision in place, as `save` will store them. Returns the model."""
    with torch.no_grad():
        for value in model.state_dict().values():
            value.copy_(value.half())
    return model


def _model_name(model) -> str:
    return f"{type(model).__module__.rpartition('.')[2]}:{type(model).__name__}"


def _refuse_other_model(model, about: dict, file_name: str) -> None:
    if _model_name(model) != about["model"]:
        raise ValueError(f"{file_name} holds a {about['model'].partition(':')[2]}, and was to fill a {type(model).__name__}.")
    different = {key: (about["config"].get(key), value) for key, value in model.config.items() if about["config"].get(key) != value}
    if different:
        told = "; ".join(f"{key} is {stored} in the file and {own} in the model" for key, (stored, own) in different.items())
        mend = "Build the model with the file's settings, or let load build it."
        raise ValueError(f"{file_name} holds another {type(model).__name__}: {told}. {mend}")
