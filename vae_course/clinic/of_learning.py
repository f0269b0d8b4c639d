"""Last the learning: what the curve says, whether smaller or larger steps do better, and whether one batch can be learnt by heart."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..models.base import Model, evaluating
from .likelihoods import marks
from .record import Finding
from .subject import Subject, both, copied, costs, disturbed, drawn, reported, seeded, training_quietly

STEPS = 40
BATCH = 48
BY_HEART = 16
SHRUNK = 0.15  # of a fresh layer's size; what networks are usually begun with, by whatever rule, is a third of it or more
MOVED = 0.01  # beyond its first bounds, as a share of them: ten steps of Adam at 0.001 do it, a hundred at 0.0000001 do not


def curve(subject: Subject) -> tuple[str, list[Finding]]:
    """Are all numbers finite, and is the loss still falling?"""
    values = subject.curve
    told = f"{len(values)} epochs" + (f", from {values[0]:.4g} to {values[-1]:.4g}" if values else "")
    if len(values) > 2 and all(map(math.isfinite, values)):
        falling = values[-2] - values[-1]
        told += f", {falling:.2g} in the last"
    broken = any(not math.isfinite(value) for terms in subject.terms.values() for value in terms)
    if subject.finite and not broken and _sane(subject):
        return told, []
    if not broken and subject.finite:
        told += "; its outputs are not finite"
    bad = sum((~torch.isfinite(value)).sum().item() for value in subject.model.parameters())
    widest = _widest(subject)
    share = bad / max(1, sum(value.numel() for value in subject.model.parameters()))
    shown = f"{'The loss' if broken else 'Something'} is not a number; {share:.0%} of the weights are none."
    if widest > 1e4:
        shown += f" σ can become {widest:.0e}: log σ² has no bound, exp of it is infinite after one large step."
        return told, [
            Finding(
                "not a number (NaN): unbounded log-variance", widest, shown, "clamp log σ² (to ±10, say) before exp; then the learning rate"
            )
        ]
    return told, [
        Finding(
            "not a number (NaN)",
            share,
            shown + f" σ is bounded ({widest:.0f}).",
            "the learning rate, then logarithms of 0 in the likelihood",
        )
    ]


def _sane(subject: Subject) -> bool:
    try:
        found = subject.costs
    except ValueError:
        return False
    return all(map(math.isfinite, (found.at_draw, found.kl)))


@torch.no_grad()
def _widest(subject: Subject) -> float:
    """The largest σ that the encoder can give, whatever its weights."""
    model = copied(subject.model)
    generator = torch.Generator().manual_seed(0)
    for value in [*model.parameters(), *model.buffers()]:
        if value.is_floating_point() and value.numel() and not torch.isfinite(value).all():
            value.copy_(
                torch.randn(value.shape, generator=generator) / max(1, value[0].numel() if value.dim() else 1) ** 0.5
                if value.dim() > 1
                else torch.ones_like(value)
            )
    for value in model.parameters():
        if value.dim() > 1:
            value.mul_(20)
    x, y = subject.x[:32], None if subject.y is None else subject.y[:32]
    with evaluating(model):
        widths = model.encode(100 * torch.nan_to_num(x), y).stddev
    widths = torch.nan_to_num(widths, nan=1e30, posinf=1e30)
    return widths.max().item()


def pace(subject: Subject) -> tuple[str, list[Finding]]:
    """From where the model stands: do steps of Adam at 0.001 get on, where its own training did not?"""
    before, after = _a_little_further(subject)
    gain, values, span = before - after, subject.curve, subject.span
    subject.known["gain"] = gain
    kl_weight_free = subject.costs.bound
    hopeless = subject.marks is not None and kl_weight_free > subject.marks.mean - 0.05 * span
    steps = subject.steps or max(1, len(values)) * -(-subject.count // 128)
    fell = max(values[0] - before, values[0] - values[-1], 0.0) if values else 0.0
    told = f"{STEPS} steps of Adam at 0.001 take {gain:.1f} nats off; its own {steps:,} took {fell:.1f}"
    quick = gain > 0.05 * span and gain / STEPS > 4 * fell / max(steps, 1) and steps >= STEPS
    size = _size_of_weights(subject)
    if hopeless and steps >= STEPS and size < SHRUNK:
        shown = f"No layer's weights are larger than {size:.0%} of what a layer's are to begin with."
        return told, [Finding("weights shrunk to nothing", size, shown, "weight decay, or another penalty on the weights")]
    if hopeless and quick and not _shaken(subject):
        shown = f"In {steps:,} steps the loss fell by {fell:.2g}; {STEPS} steps of Adam at 0.001 take {gain:.0f} nats off."
        if still := never_moved(subject):
            return told, [not_held(still, gain)]
        where = "the learning rate: for Adam begin with 0.001; whether the optimizer holds the weights"
        return told, [Finding("learning rate too small", fell / max(gain, 1e-9), shown, where)]
    if subject.nothing_to_gain:
        return told, []
    signs = _shaken(subject)
    if not signs and len(values) >= 5:
        late = values[-max(2, len(values) // 3) :]
        own = max(late[0] - late[-1], 0.0) / (len(late) - 1) / max(1.0, steps / len(values)) * STEPS
        if gain > 0.08 * span and gain > 6 * own:
            signs.append(f"smaller steps take {gain:.0f} nats off at once where it had come to rest")
    if not signs and hopeless:
        if size > 6:
            signs.append(f"its weights are {size:.0f} times as large as a layer's are to begin with")
        elif (dead := _dead_units(subject)) > 0.97:
            shown = f"{dead:.0%} of a layer's units are silent for every image, and no gradient passes them."
            where = "a fresh model's units: silent before the first step, it's biases and initial weights; later, it's the learning rate"
            return told, [Finding("learning rate too large, or units silent from the start", dead, shown, where)]
    if signs:
        shown = "Steps were too long: " + "; ".join(signs) + "."
        return told, [Finding("learning rate too large", gain / span, shown, "the learning rate: for Adam begin with 0.001")]
    return told, []


def _shaken(subject: Subject) -> list[str]:
    """Signs in the curve that steps were too long."""
    values, signs = [value for value in subject.curve if math.isfinite(value)], []
    if subject.marks is None or not values:
        return signs
    grey = max(subject.marks.grey, subject.marks.mean)
    if max(values) > 1.25 * grey + 0.2 * subject.span and grey > 0:
        signs.append(f"an epoch cost {max(values):.4g} on average, more than grey everywhere ({grey:.4g})")
    falls = subject.curve_of("reconstruction") or values
    rise = max((later - earlier for earlier, later in zip(falls, falls[1:], strict=False) if math.isfinite(later)), default=0.0)
    if rise > 0.12 * subject.span:
        signs.append(f"from one epoch to the next the reconstruction rose by {rise:.0f}")
    return signs


def _a_little_further(subject: Subject) -> tuple[float, float]:
    """The loss on what was looked at, before and after some steps."""
    model = copied(subject.model)
    optimizer = torch.optim.Adam([value for value in model.parameters() if value.requires_grad], lr=1e-3)
    before = _loss(model, subject)
    with torch.enable_grad(), seeded(5):
        model.train()
        for _ in range(STEPS):
            chosen = torch.randint(len(subject.x), (min(BATCH, len(subject.x)),))
            total = reported(model, subject.x[chosen], None if subject.y is None else subject.y[chosen])["total"]
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
    return before, _loss(model, subject)


def _loss(model, subject: Subject) -> float:
    with torch.no_grad(), training_quietly(model), seeded(6):
        return reported(model, subject.x, subject.y)["total"].item() / (len(subject.x) if subject.summed > 1 else 1)


@torch.no_grad()
def _dead_units(subject: Subject) -> float:
    """The share of ReLU units that give 0 for every example, in the layer that has most of them."""
    shares: list[float] = []

    def look(_, __, output: Tensor) -> None:
        rows = output.flatten(1) if output.dim() < 3 else output.transpose(0, 1).flatten(1).T
        shares.append((rows <= 0).all(0).float().mean().item())

    handles = [module.register_forward_hook(look) for module in subject.model.modules() if isinstance(module, (nn.ReLU, nn.ReLU6))]
    try:
        with evaluating(subject.model), seeded():
            subject.model.decode(drawn(subject.model.encode(subject.x, subject.y)), subject.y)
    finally:
        for handle in handles:
            handle.remove()
    return max(shares, default=0.0)


def _size_of_weights(subject: Subject) -> float:
    """How large a layer's weights are, in units of what layers begin with, in the layer where they are largest."""
    sizes = []
    for module in subject.model.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            weight = module.weight
            inputs = weight[0].numel() if not isinstance(module, nn.ConvTranspose2d) else weight.shape[0] * weight[0, 0].numel() / 4
            sizes.append(weight.square().mean().sqrt().item() * math.sqrt(3 * inputs))
    return max(sizes, default=0.0)


def not_held(part: str, evidence: float) -> Finding:
    """Of a part that no step has moved."""
    shown = f"The {part}'s weights lie where a fresh layer's do: no step has moved them."
    where = f"what the optimizer was given: encoder's and decoder's parameters; requires_grad and detach in the {part}"
    return Finding("weights missing from the optimizer", evidence, shown, where)


def never_moved(subject: Subject) -> str | None:
    """Which part looks as PyTorch draws it, "encoder" or "decoder", while the other has moved: as if no optimizer had held it.

    A linear or convolutional layer is drawn uniformly within ±1/√inputs. One step of training is enough for some weight to leave these
    bounds. Layers that were drawn in another way never look so. The encoder's layers are those that the KL's gradient reaches.
    """
    x, y = subject.x[:BATCH], None if subject.y is None else subject.y[:BATCH]
    with torch.enable_grad(), training_quietly(copied(subject.model)) as model, seeded():
        layers = [module.weight for module in model.modules() if isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d))]
        for weight in layers:
            weight.requires_grad_(True)
        kl = both(model, x, y)[1]
        if not kl.requires_grad or not layers:
            return None
        heard = torch.autograd.grad(kl, layers, allow_unused=True)
    parts: dict[str, list[Tensor]] = {"encoder": [], "decoder": []}
    for weight, grad in zip(layers, heard, strict=True):
        parts["decoder" if grad is None else "encoder"].append(weight.detach())
    for still, other in (("encoder", "decoder"), ("decoder", "encoder")):
        if parts[still] and all(map(_as_drawn, parts[still])) and any(_beyond(weight) > MOVED for weight in parts[other]):
            return still
    return None


def _as_drawn(weight: Tensor) -> bool:
    in_bounds = weight * weight[0].numel() ** 0.5
    chance = 0.9 / weight.numel() ** 0.5  # a standard error of the mean below
    return _beyond(weight) < 1e-4 and abs(3 * in_bounds.square().mean().item() - 1) < 4 * chance


def _beyond(weight: Tensor) -> float:
    """How far the largest weight lies beyond the bounds that it was drawn in, as a share of them."""
    return weight.abs().max().item() * weight[0].numel() ** 0.5 - 1


def steps_of_its_own(subject: Subject) -> tuple[str, list[Finding]]:
    """Does each step begin with fresh gradients?"""
    model = disturbed(subject.model, 0.1, 7)
    if not isinstance(model, Model) or type(model).training_step is Model.training_step:
        return "the course's own", []
    x, y = subject.x[:BATCH], None if subject.y is None else subject.y[:BATCH]
    sizes = []
    with torch.enable_grad(), seeded(0):
        model.train()
        optimizer = model.optimizer(0.0)
        for _ in range(4):
            model.training_step(x, y, optimizer)
            sizes.append(math.sqrt(sum(value.grad.square().sum().item() for value in model.parameters() if value.grad is not None)))
    grown = sizes[-1] / sizes[0] if sizes[0] else 1.0
    told = f"after four steps on a batch gradients are {grown:.1f} times those of the first"
    if grown > 2.5:
        return told, [
            Finding(
                "gradients add up",
                grown,
                f"After four steps on one batch gradients are {grown:.1f} times as large.",
                "optimizer.zero_grad() in each step",
            )
        ]
    return told, []


def one_batch(subject: Subject) -> tuple[str, list[Finding]]:
    """Can it learn one batch by heart?"""
    x, y = subject.x[:BY_HEART], None if subject.y is None else subject.y[:BY_HEART]
    model = copied(subject.model)
    with torch.no_grad(), evaluating(model), seeded():
        level = marks(model.decode(model.encode(x, y).mean, y), x, smooth=False)
    if level is None or level.span < 1:
        return "not judged: the kind of p(x|z) is not known here", []
    share = learnt = _learnt(model, x, y, level)
    with torch.enable_grad(), seeded(8):
        optimizer = model.optimizer(3e-3) if isinstance(model, Model) else torch.optim.Adam(model.parameters(), lr=3e-3)
        for step in range(300):
            model.train()
            if isinstance(model, Model):
                model.training_step(x, y, optimizer)
            else:
                optimizer.zero_grad()
                reported(model, x, y)["total"].backward()
                optimizer.step()
            if step % 20 == 19:
                learnt = _learnt(model, x, y, level)
                if not math.isfinite(learnt) or learnt > max(0.6, share):
                    break
    told = f"{max(learnt, 0):.0%} of the way from the batch's mean image to a copy, after {step + 1} steps"
    if not learnt > 0.25:
        shown = f"After {step + 1} steps on {len(x)} examples it has gone {learnt:.0%} of the way from their mean image to a copy."
        return told, [
            Finding("can't learn one batch by heart", learnt, shown, "a fresh model on this batch: if that fails too, the code is wrong")
        ]
    return told, []


def _learnt(model, x: Tensor, y: Tensor | None, level) -> float:
    found = costs(model, x, y)
    return (level.mean - min(found.at_mean, found.at_draw)) / level.span
