"""Trained weights that come with the course: small, with recipe, seed, data, hash and measured metrics beside each.

A checkpoint `name` is two files, name.safetensors and its card name.json.
"""

from __future__ import annotations

import errno
import hashlib
import importlib
import json
import os
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import Module

from .models.base import settings_of

FOLDER = Path(__file__).parent / "pretrained"
WEIGHTS = ".safetensors"
# The largest and the smallest number that half precision holds with all its digits.
LARGEST, SMALLEST = torch.finfo(torch.half).max, torch.finfo(torch.half).smallest_normal
# What `state_dict` calls what a model keeps beside its parameters and buffers (`models.base.Model`).
BESIDE = "_extra_state"


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
    """Write the checkpoint `path`: .safetensors in half precision and, beside it, a .json with what is needed to trust and rebuild it.

    path: a name with or without .safetensors at its end, in any folder; a folder that is not there is made. What comes back from `load` is
    `rounded(model)`: tensors that half precision cannot hold, for the size of their numbers or as integers, are stored as they are.
    Settings that were changed while training went on (`model.beta`) are stored as they stand now, and so is what a model counts for its own
    schedules (`steps_trained`). What an optimiser remembers is not stored: each call of `fit` begins with a new one.
    Files appear whole or not at all. Metrics are the caller's to measure, on the rounded weights.
    Of several processes that `torchrun` started only the first one writes.
    Raises ValueError for weights that are not finite, for what a card cannot hold, and when the files cannot be written.
    """
    from safetensors.torch import save as to_bytes

    from . import runtime

    if runtime.rank() > 0:
        return
    weights, beside = _stored(model)
    content = to_bytes(weights)
    about = {
        "model": _model_name(model),
        "config": _settings(model),
        "dtype": str(model.dtype).removeprefix("torch."),
        "recipe": recipe,
        "metrics": metrics,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    if beside:
        about["state"] = beside
    _write(dict(zip(_files(path), (content, _as_json(about)), strict=True)))


def load(path: str | Path, *, into=None, device: str | torch.device | None = None):
    """Read a checkpoint written by `save`: build its model, or fill the model given as `into`, as a model of a class of one's own must be.

    path: as for `save`. The model is in evaluation mode; `fit` goes on where training stopped, but for the optimiser's memory.
    Raises ValueError when a file is missing or damaged, when the weights are not those that the .json was written for (wrong hash), or
    when `into` is another model.
    """
    from safetensors.torch import load as from_bytes

    from . import runtime

    weights, card_file = _files(path)
    for needed in (weights, card_file):
        if not os.path.isfile(needed):
            raise ValueError(f"{needed.name} is missing in {weights.parent}: a checkpoint is a .safetensors with a .json beside it.")
    content, about = weights.read_bytes(), _read_card(card_file)
    found = hashlib.sha256(content).hexdigest()
    if found != about["sha256"]:
        raise ValueError(
            f"{weights.name} has hash {found[:12]}…, expected {about['sha256'][:12]}…: the file is damaged or was replaced. "
            "Fetch it again, or train it anew."
        )
    if into is None:
        into = _built(about, weights.name)
    else:
        _refuse_other_model(into, about, weights.name)
    beside = {name: torch.tensor(value) for name, value in about.get("state", {}).items()}
    if "state" not in about and (getattr(into, "anneal_steps", 0) or getattr(into, "half_life", 0)):
        print(f"{weights.name} does not say for how many steps it was trained: if it is trained on, its schedules begin anew.")
    into.load_state_dict(from_bytes(content) | beside)
    return into.to(runtime.device(device)).eval()


def rounded(model):
    """The same model with its weights rounded in place to what `save` will store. Returns the model."""
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if not name.endswith(BESIDE):
                value.copy_(_rounded(value))
    return model


def _rounded(value: Tensor) -> Tensor:
    """The tensor in half precision, or as it is where that would lose more than digits: integers, and sizes that half does not know."""
    largest = value.abs().max().item() if value.is_floating_point() and value.numel() else 0.0
    fits = largest == 0 or SMALLEST <= largest <= LARGEST
    return value.half() if fits and value.is_floating_point() else value


def _stored(model) -> tuple[dict[str, Tensor], dict[str, int]]:
    """What goes into the .safetensors, and what goes into the card."""
    weights, beside = {}, {}
    for name, value in model.state_dict().items():
        if not isinstance(value, Tensor):
            raise ValueError(
                f"the model's {name} is a {type(value).__name__}, and a checkpoint holds tensors: let get_extra_state give one."
            )
        if name.endswith(BESIDE):
            beside[name] = value.tolist()
        elif not torch.isfinite(value).all():
            raise ValueError(f"the weights {name} are not all finite, so that there is nothing to store. Look at what broke the training.")
        else:
            weights[name] = _rounded(value.detach().cpu()).clone(memory_format=torch.contiguous_format)
    return weights, beside


def _files(path: str | Path) -> tuple[Path, Path]:
    """The two files of a checkpoint. A name may hold dots: nothing but .safetensors is taken off it."""
    means_a_folder = str(path).endswith(("/", os.sep))
    path = Path(path).expanduser()
    name = path.name.removesuffix(WEIGHTS)
    if means_a_folder or not path.name or (os.path.isdir(path) and not os.path.isfile(path.parent / (name + WEIGHTS))):
        raise ValueError(f"{path} is a folder. Give the checkpoint a name in it: {path / 'my-model'}, say.")
    return path.with_name(name + WEIGHTS), path.with_name(name + ".json")


def _write(contents: dict[Path, bytes]) -> None:
    """Write all files, or none of them."""
    unfinished = {target.with_name(target.name + ".unfinished"): target for target in contents}
    try:
        for path, target in unfinished.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            if os.path.isdir(target):
                raise IsADirectoryError(errno.EISDIR, f"{target.name} is a folder")
            path.write_bytes(contents[target])
        for path, target in unfinished.items():
            path.replace(target)
    except OSError as error:
        for path in unfinished:
            with suppress(OSError):
                path.unlink()
        where = next(iter(contents))
        raise ValueError(f"cannot write {where}: {error.strerror or error}. Give a folder and a name that can be written.") from error


def _as_json(about: dict) -> bytes:
    try:
        # NumPy's and PyTorch's numbers become Python's.
        return (json.dumps(about, indent=2, default=_plain) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise ValueError(f"the card cannot hold all that it was given: {error}. Give text, numbers and lists of them.") from error


def _plain(value):
    """NumPy's and PyTorch's numbers as Python's."""
    if not hasattr(value, "tolist"):
        raise TypeError(f"there is {value!r} among them")
    return value.tolist()


def _read_card(file: Path) -> dict:
    try:
        about = json.loads(file.read_text("utf-8"))
        missing = {"model", "config", "sha256"} - set(about)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{file.name} is damaged: it is no JSON ({error}). Fetch it again, or save the model anew.") from error
    if missing:
        raise ValueError(f"{file.name} is no card of a checkpoint: {', '.join(sorted(missing))} is missing.")
    return about


def _built(about: dict, file_name: str):
    """The model that a card describes, with the weights that it starts from."""
    module, _, kind = about["model"].partition(":")
    if not module:
        raise ValueError(
            f"{file_name} holds a {kind} that was not built from the course's own parts. Build one and call load(…, into=model)."
        )
    model = getattr(importlib.import_module(f"vae_course.models.{module}"), kind)(**about["config"])
    return model.to(getattr(torch, about.get("dtype", "float32")))


def _model_name(model) -> str:
    """module:Class for the course's models, :Class for those that were written elsewhere or have networks of one's own."""
    package, _, module = type(model).__module__.rpartition(".")
    ours = package == "vae_course.models" and not any(isinstance(value, Module) for value in getattr(model, "config", {}).values())
    return f"{module if ours else ''}:{type(model).__name__}"


def _settings(model) -> dict:
    """What builds the model as it is now: the settings that it was built from, where its attributes say nothing else by now."""
    config = getattr(model, "config", None)
    if config is None:
        raise ValueError(f"a {type(model).__name__} does not say what it was built from. Derive it from vae_course.models.base.Model.")
    return {name: _as_it_is_now(model, name, value) for name, value in config.items() if not isinstance(value, Module)}


def _as_it_is_now(model, name: str, setting):
    now = getattr(model, name, setting)
    now = list(now) if isinstance(now, tuple) else now.tolist() if hasattr(now, "tolist") else now
    return now if isinstance(now, (int, float, list) if isinstance(setting, (int, float)) else type(setting)) else setting


def _refuse_other_model(model, about: dict, file_name: str) -> None:
    if _model_name(model) != about["model"]:
        raise ValueError(f"{file_name} holds a {about['model'].partition(':')[2]}, and was to fill a {type(model).__name__}.")
    settings = json.loads(_as_json(_settings(model)))
    # a setting that a card does not name came later: the file has its default
    defaults = {name: value for name, value in settings_of(type(model), {}).items() if name in settings}
    stored = json.loads(_as_json(defaults)) | about["config"]
    different = {key: (stored.get(key), value) for key, value in settings.items() if stored.get(key) != value}
    if different:
        told = "; ".join(f"{key} is {theirs} in the file and {own} in the model" for key, (theirs, own) in different.items())
        mend = "Build the model with the file's settings, or let load build it."
        raise ValueError(f"{file_name} holds another {type(model).__name__}: {told}. {mend}")
