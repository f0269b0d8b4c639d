"""Then the gradients: whom does the reconstruction reach, and who is held by the optimizer?"""

from __future__ import annotations

import torch
from torch import Tensor

from .record import Finding
from .subject import Subject, both, disturbed, fresh, reported, seeded, training_quietly
from .taken_apart import batch, rounded

DEAD = 0.02  # of the greatest reach, for a layer: it is 1 where the gradient arrives and 0 where it is cut, whatever its size
MATTERS = 0.05  # of the part's gradient, for a layer to be spoken of


def gradients(subject: Subject) -> tuple[str, list[Finding]]:
    """Whom does the reconstruction reach?"""
    reach: dict[str, float] = {}
    missing = 1.0
    for tried in (disturbed(subject.model, 0.1, 4), fresh(subject.model, 4)):
        arrived, unheld = _reached(subject, tried)
        for place, value in arrived.items():
            reach[place] = max(value, reach.get(place, value), key=abs)
        missing = min(missing, unheld)
    parts = {place: value for place, value in reach.items() if place in ("encoder", "decoder")}
    biggest = max((abs(value) for value in parts.values()), default=0.0)
    told = "of the reconstruction's gradient arrives: " + ", ".join(f"{part} {rounded(value)}" for part, value in parts.items())
    if biggest < 1e-9:
        return told, [_cut(part, part, value) for part, value in parts.items()]
    found = [
        _frozen(part) if _is_frozen(subject, part) else _cut(part, part, value)
        for part, value in parts.items()
        if abs(value) < 0.1 * biggest
    ]
    if not found and "no noise" not in subject.known:  # without noise σ hears of no reconstruction
        found = [_cut(place.split(":")[0], place.split(":")[1], value) for place, value in reach.items() if abs(value) < DEAD * biggest][:1]
    if not found and (cut := _unheard(subject)):
        shown = f"No gradient arrives at {', '.join(cut)}, and what the model gives depends on it."
        found.append(Finding(f"gradient cut before {cut[0]}", 0.0, shown, "no_grad, detach, .data or .item on the way there"))
    if not found and missing > 0.1:
        shown = f"{missing:.0%} of the weights that the loss depends on are not in the optimizer."
        where = "what the optimizer was given: encoder's and decoder's parameters"
        found.append(Finding("weights missing from the optimizer", missing, shown, where))
    return told, found


def _unheard(subject: Subject) -> list[str]:
    """Layers at which neither term's gradient arrives, in no model that is tried, and which matter when they are disturbed."""
    x, y = batch(subject)
    silent: set[str] | None = None
    for seed in range(2):
        with torch.enable_grad(), training_quietly(fresh(subject.model, seed)) as model, seeded(seed):
            asked = {name: value for name, value in model.named_parameters() if value.dim() > 1 and value.requires_grad}
            total = reported(model, x, y)["total"]
            grads = torch.autograd.grad(total, list(asked.values()), allow_unused=True) if total.requires_grad else [None] * len(asked)
        now = {name for name, grad in zip(asked, grads, strict=True) if grad is None or not grad.abs().amax() > 0}
        silent = now if silent is None else silent & now
    matter = []
    for name in sorted(silent or ()):
        costs = []
        for moved in (0.0, 1.0):
            with torch.no_grad(), training_quietly(fresh(subject.model, 0)) as model, seeded(0):
                weight = dict(model.named_parameters())[name]
                weight.add_(moved * weight.std() * torch.randn(weight.shape))
                with seeded(1):
                    costs.append(torch.stack(both(model, x, y)))
        if (costs[0] - costs[1]).abs().max() > 1e-6 * costs[0].abs().max():
            matter.append(name.removesuffix(".weight"))
    return matter


def _cut(part: str, layer: str, value: float) -> Finding:
    shown = f"The reconstruction's gradient reaches the {part} with {rounded(value)} of its strength."
    if layer != part:
        shown = f"The reconstruction's gradient does not reach {layer}; the rest of the {part} it does."
    where = "how z is drawn: rsample or μ + σ·ε, no sample, detach or no_grad" if part == "encoder" else "detach or no_grad in the decoder"
    return Finding(f"gradient cut before the {part}", value, shown, where)


def _is_frozen(subject: Subject, part: str) -> bool:
    """Whether none of the part's weights asks for a gradient, where others do."""
    held, free = subject.known["held by"].get(part, []), [value.requires_grad for value in subject.model.parameters()]
    asks = dict(subject.model.named_parameters())
    return bool(held) and any(free) and not any(asks[name].requires_grad for name in held)


def _frozen(part: str) -> Finding:
    shown = f"No weight of the {part} asks for a gradient (requires_grad is False): it stays as it was."
    return Finding(
        f"frozen weights: the {part}'s", 0.0, shown, f"requires_grad_(False) in the {part}; if it's meant, was it trained before?"
    )


def _reached(subject: Subject, tried) -> tuple[dict[str, float], float]:
    """How much of the reconstruction's gradient arrives at encoder and decoder and at their layers, and the share of weights that no
    optimizer holds."""
    x, y = batch(subject)
    with torch.enable_grad(), training_quietly(tried) as model:
        matrices = {name: value for name, value in model.named_parameters() if value.dim() > 1}  # no σ that is held fixed
        parameters = list(matrices.values())
        free = [value.requires_grad for value in parameters]
        own, price, total = ([torch.zeros_like(value) for value in parameters] for _ in range(3))
        for value in parameters:
            value.requires_grad_(True)
        for seed in range(3):
            for sums, what in ((own, 0), (price, 1)):
                with seeded(seed):
                    term = both(model, x, y)[what]
                _add(sums, term, parameters)
        for value, was in zip(parameters, free, strict=True):
            value.requires_grad_(was)
        for seed in range(3):
            with seeded(seed):
                term = reported(model, x, y)["total"]
            _add(total, term, parameters)
        missing = _not_held(model, parameters, own)
    before = [place for place, grad in enumerate(price) if grad.abs().amax() > 0]
    encoder = before or [place for place, name in enumerate(matrices) if "enc" in name]
    decoder = [place for place, grad in enumerate(own) if grad.abs().amax() > 0 and place not in encoder]
    names, found = list(matrices), {}
    subject.known["held by"] = {part: [names[place] for place in places] for part, places in (("encoder", encoder), ("decoder", decoder))}
    for part, places in (("encoder", encoder), ("decoder", decoder)):
        if places:
            found[part] = _reach(*([grads[place] for place in places] for grads in (own, price, total)))
            size = sum(own[place].square().sum() for place in places)
            for place in places:
                if not free[place]:
                    continue
                for layer, rows in _layers(names[place], own[place], subject.latents):
                    if own[place][rows].square().sum() > MATTERS * size:
                        found[f"{part}:{layer}"] = _reach(*([grads[place][rows]] for grads in (own, price, total)))
    return found, missing


def _layers(name: str, weight: Tensor, latents: int) -> list[tuple[str, slice]]:
    """A layer by name, or its two halves where it gives μ and log σ² side by side."""
    layer = name.removesuffix(".weight")
    if len(weight) != 2 * latents:
        return [(layer, slice(None))]
    return [(f"{layer}'s first half", slice(latents)), (f"{layer}'s second half", slice(latents, None))]


def _add(sums: list[Tensor], term: Tensor, parameters: list[Tensor]) -> None:
    if not term.requires_grad:
        return
    wanted = [place for place, value in enumerate(parameters) if value.requires_grad]
    for place, grad in zip(wanted, torch.autograd.grad(term, [parameters[place] for place in wanted], allow_unused=True), strict=True):
        if grad is not None and torch.isfinite(grad).all():
            sums[place] += grad


def _reach(own: list[Tensor], price: list[Tensor], total: list[Tensor]) -> float:
    """How much of the reconstruction's gradient stands in the loss's, the KL's part set aside."""
    e, k, t = (torch.cat([grad.flatten() for grad in grads]).double() for grads in (own, price, total))
    if k.norm() > 0:
        e, t = (v - (v @ k) / (k @ k) * k for v in (e, t))
    return ((t @ e) / (e @ e)).item() if e.norm() > 0 else 0.0


def _not_held(model, parameters: list[Tensor], own: list[Tensor]) -> float:
    """The share of the weights that matter which the model's own optimizer does not hold."""
    if not callable(getattr(model, "optimizer", None)):
        return 0.0
    groups = getattr(model.optimizer(1e-3), "param_groups", None)
    if groups is None:
        return 0.0
    held = {id(value) for group in groups for value in group["params"]}
    sizes = [(value.numel(), id(value) in held) for value, grad in zip(parameters, own, strict=True) if grad.abs().amax() > 0]
    return sum(size for size, there in sizes if not there) / max(1, sum(size for size, _ in sizes))
