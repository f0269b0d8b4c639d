"""Tasks of chapter 05, train, sample, interpolate: a training step, its loss, a path, a direction, and runs to diagnose."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..models.base import Loss
from .claims import described, is_number, matches, rounding
from .declaration import Claim, Mistake, Plain, Probe, Task
from .descent import Descent
from .probes import probes_from, with_more

# ---- one training step


class _Tied(nn.Module):
    """A model small enough to be followed by hand: encode with W, decode with its transpose, no noise."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        reconstruction, kl = _tied_terms(self.weight, x)
        return Loss(total=reconstruction + kl, reconstruction=reconstruction, kl=kl)


def _tied_terms(weight: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    code = x @ weight
    return (x - code @ weight.t()).square().sum(-1).mean(), 0.5 * code.square().sum(-1).mean()


def _runs(draw, n, d):
    return {"weight": 0.3 * draw(4, d), "x": 0.5 * draw(3, n, 4), "learning_rate": 0.05, "momentum": 0.0}


def _with_momentum() -> list[Probe]:
    plain = probes_from(_runs, sizes={(6, 2): ""})(5)[0].arguments
    return [Probe(plain | {"momentum": 0.9}, note="with an optimizer that has momentum")]


def _trained(function, weight: Tensor, x: Tensor, learning_rate: float, momentum: float) -> dict[str, Plain]:
    model = _Tied(weight)
    optimizer = Descent(model.parameters(), learning_rate, momentum)
    losses, weights = [], []
    for batch in x:
        losses.append(function(model, optimizer, batch))
        weights.append(model.weight.detach().clone())
    return {"losses": losses, "weights": torch.stack(weights)}


def _claims_of_training(values: dict[str, Plain], weight: Tensor, x: Tensor, learning_rate: float, momentum: float) -> Iterator[Claim]:
    expected, at, velocity = [], weight.double(), 0.0
    rule = "w − learning rate · ∂loss/∂w" if momentum == 0 else "where the optimizer's own step takes them"
    for number, batch in enumerate(x.double()):
        here = at.clone().requires_grad_()
        total = sum(_tied_terms(here, batch))
        velocity = momentum * velocity + torch.autograd.grad(total, here)[0]
        at = at - learning_rate * velocity
        expected.append(total.item())
        yield from is_number(values["losses"][number])
        which = f"step {number + 1}"
        size = rounding(at, weight.dtype, scale=3.0)
        yield Claim(f"After {which} the weights should be {rule}", at, values["weights"][number], size)
        tolerance = rounding(expected[-1], weight.dtype)
        yield Claim(
            f"The loss that {which} returns should be that of its batch before the step", expected[-1], values["losses"][number], tolerance
        )


def _step_without_zeroing(model, optimizer, x):
    loss = model.loss(x).total
    loss.backward()
    optimizer.step()
    return loss.item()


def _step_without_step(model, optimizer, x):
    loss = model.loss(x).total
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


def _step_one_behind(model, optimizer, x):
    loss = model.loss(x).total
    optimizer.step()
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


def _step_uphill(model, optimizer, x):
    loss = model.loss(x).total
    optimizer.zero_grad()
    (-loss).backward()
    optimizer.step()
    return loss.item()


def _step_on_reconstruction(model, optimizer, x):
    loss = model.loss(x)
    optimizer.zero_grad()
    loss.reconstruction.backward()
    optimizer.step()
    return loss.total.item()


def _step_on_sum(model, optimizer, x):
    loss = model.loss(x).total
    optimizer.zero_grad()
    (loss * len(x)).backward()
    optimizer.step()
    return loss.item()


def _step_returns_a_tensor(model, optimizer, x):
    loss = model.loss(x).total
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def _step_returns_the_loss_after(model, optimizer, x):
    _step_returns_a_tensor(model, optimizer, x)
    return model.loss(x).total.item()


def _step_twice(model, optimizer, x):
    loss = _step_returns_a_tensor(model, optimizer, x)
    optimizer.step()
    return loss.item()


def _step_by_hand(model, optimizer, x):
    loss = _step_without_step(model, optimizer, x)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= optimizer.param_groups[0]["lr"] * parameter.grad
    return loss


def _step_for_each_example(model, optimizer, x):
    return sum(_step_returns_a_tensor(model, optimizer, one).item() for one in x.split(1)) / len(x)


def _step_returns_reconstruction(model, optimizer, x):
    reconstruction = model.loss(x).reconstruction.item()
    _step_returns_a_tensor(model, optimizer, x)
    return reconstruction


TRAINING_STEP = Task(
    name="05.training_step",
    points=2,
    contract="training_step(model, optimizer, x) -> the loss of the batch x before the step, as a Python float.\n"
    "model.loss(x).total is what is minimised, a tensor of shape (). One call does one step of the optimizer.",
    probes=with_more(probes_from(_runs, sizes={(6, 2): "", (1, 2): "with a batch of one", (5, 1): "with one latent"}), _with_momentum),
    run=_trained,
    claims=_claims_of_training,
    mistakes=(
        Mistake(
            _step_without_zeroing, "The first step is right and the second is not. backward() adds to what is in .grad: what was in it?"
        ),
        Mistake(
            _step_without_step,
            "The weights never move. Three things have to happen to them, and one is missing or comes when there is no gradient: not yet, or no longer. Which?",
        ),
        Mistake(
            _step_one_behind,
            "The weights move between the loss and its gradient, so that the gradient no longer fits them. In which order do the three calls come?",
        ),
        Mistake(_step_uphill, "The loss rises. The optimizer minimises what you call backward() on: what is its sign?"),
        Mistake(_step_on_reconstruction, "The weights follow the reconstruction alone. Which of the loss's terms holds all of it?"),
        Mistake(
            _step_on_sum, "Your steps grow with the batch. The loss is a mean over the batch already: where does its size come in again?"
        ),
        Mistake(
            _step_returns_a_tensor,
            "The training is right. A tensor with its graph came back, and a list of these keeps every batch in memory: what turns it into a number?",
        ),
        Mistake(
            _step_returns_the_loss_after,
            "The training is right. You return the loss after the step, from a second pass that costs as much as the first. Which one was there already?",
        ),
        Mistake(
            _step_by_hand,
            "You move the weights yourself, by learning rate times gradient. An optimizer may do more than that, and remembers: who should move them?",
        ),
        Mistake(_step_for_each_example, "One call, one step of the optimizer. How many do you make for a batch of six?"),
        Mistake(_step_twice, "Every call makes two steps along the same gradient. How often do you call step()?"),
        Mistake(_step_returns_reconstruction, "The training is right. What you return is one term of the loss: which was asked for?"),
    ),
    hints=(
        "Three calls beside the loss itself: forget the old gradient, find the new one, move along it.",
        "The gradient is found by backward(), which adds to .grad; the optimizer has a method that empties .grad, and one that moves the weights.",
        "total = model.loss(x).total; zero_grad, backward, step, in this order; then total.item().",
    ),
)

# ---- the loss of the reference VAE


def _batch(draw, n, d):
    x = torch.sigmoid(2 * draw(n, 1, 3, d))
    return {"x": x, "logits": 2 * draw(n, 1, 3, d), "mu": draw(n, 2), "log_var": draw(n, 2)}


def _very_sure() -> list[Probe]:
    x = torch.tensor([0.0, 1.0, 0.25, 1.0]).reshape(1, 1, 2, 2)
    logits = torch.tensor([130.0, -125.0, 110.0, 150.0]).reshape(1, 1, 2, 2)
    zero = torch.zeros(1, 2)
    return [
        Probe(
            {"x": x, "logits": logits, "mu": zero, "log_var": zero}, note="with logits beyond ±100, a decoder that is very sure and wrong"
        )
    ]


def _reference_vae_loss(x: Tensor, logits: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    log_likelihood = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).flatten(1).sum(1)
    variance = log_var.exp()
    kl = (mu**2 / 2 + variance / 2 - log_var / 2 - 0.5).sum(1)
    return (kl - log_likelihood).mean()


def _bce(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1)


def _kl(mu, log_var):
    return 0.5 * (mu**2 + log_var.exp() - 1 - log_var)


def _by_logarithms(x, logits, mu, log_var, tiny):
    p = torch.sigmoid(logits)
    cross_entropy = -(x * torch.log(p + tiny) + (1 - x) * torch.log(1 - p + tiny))
    return cross_entropy.flatten(1).sum(-1).mean() + _kl(mu, log_var).sum(-1).mean()


VAE_LOSS = Task(
    name="05.vae_loss",
    points=1,
    contract="vae_loss(x, logits, mu, log_var) -> the negative ELBO of the reference VAE in nats, averaged over the batch, a tensor of shape ().\n"
    "x: (batch, 1, height, width), pixels in [0, 1]. logits: the same shape, what the decoder says before the sigmoid.\n"
    "mu, log_var: (batch, latent_size). Bernoulli cross-entropy summed over pixels, and the KL to N(0, I). Right for any finite logits.",
    probes=with_more(probes_from(_batch), _very_sure),
    claims=matches(
        _reference_vae_loss,
        "The loss should be cross-entropy summed over pixels + KL summed over latents, averaged over the batch",
        scale=lambda x, logits, mu, log_var: (logits.abs() + 1).flatten(1).sum(1).mean(),
    ),
    mistakes=(
        Mistake(
            lambda x, logits, mu, log_var: _bce(logits, x).mean() + _kl(mu, log_var).sum(-1).mean(),
            "The pixels are averaged and the KL is summed. For 784 pixels, which β is that in effect, and what happens to z?",
        ),
        Mistake(
            lambda x, logits, mu, log_var: _bce(logits, x).mean() + _kl(mu, log_var).mean(),
            "Both terms are means over everything. In which unit is the loss then, and how much does the KL weigh beside the pixels?",
        ),
        Mistake(
            lambda x, logits, mu, log_var: (_bce(logits, x).sum(-1) + _kl(mu, log_var).mean(-1)).mean(),
            "The KL is averaged over the latents. KL of μ = 1, σ = 1 in d dimensions is d/2: is yours?",
        ),
        Mistake(
            lambda x, logits, mu, log_var: (_bce(logits, x).sum(-1) + _kl(mu, log_var).sum(-1)).sum(),
            "Double the batch, and your loss doubles. Which axis is averaged?",
        ),
        Mistake(
            lambda x, logits, mu, log_var: _bce(logits, x).sum(-1) + _kl(mu, log_var).sum(-1),
            "One number an example. What does the optimizer minimise over the whole batch?",
        ),
        Mistake(
            lambda x, logits, mu, log_var: (_bce(torch.sigmoid(logits), x).sum(-1) + _kl(mu, log_var).sum(-1)).mean(),
            "A sigmoid of a sigmoid lies between 0.5 and 0.73. Does your loss function expect logits, or probabilities?",
        ),
        Mistake(
            lambda x, logits, mu, log_var: (
                F.binary_cross_entropy(torch.sigmoid(logits), x, reduction="none").flatten(1).sum(-1) + _kl(mu, log_var).sum(-1)
            ).mean(),
            "Right, until the decoder is very sure: what is 1 − sigmoid(120) in 32 bits, and the logarithm of that? Which form of the loss takes the logits themselves?",
        ),
        Mistake(
            lambda x, logits, mu, log_var: _by_logarithms(x, logits, mu, log_var, 0.0),
            "Right, until a probability is 0 or 1 in 32 bits: then you take 0 · log 0. What is that to a computer, and which form of the loss never gets there?",
        ),
        Mistake(
            lambda x, logits, mu, log_var: _by_logarithms(x, logits, mu, log_var, 1e-8),
            "Nearly right: the small number inside the logarithm changes every pixel a little, and a very sure one a lot. Which form of the loss needs none?",
        ),
        Mistake(
            lambda x, logits, mu, log_var: _bce(logits, x).sum(-1).mean() + _kl(mu, log_var).sum(),
            "The cross-entropy is averaged over the batch, and the KL is summed over it. How much does the KL weigh when the batch grows?",
        ),
        Mistake(
            lambda x, logits, mu, log_var: _bce(x, logits).sum(-1).mean() + _kl(mu, log_var).sum(-1).mean(),
            "A cross-entropy is not the same both ways. Which of the two does your function want first: the logits, or the pixels?",
        ),
        Mistake(
            lambda x, logits, mu, log_var: (
                F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1).mean() + _kl(mu, log_var).sum(-1).mean()
            ),
            "An image has a channel, a height and a width. How many of these do you sum over, and what becomes of the others in your mean?",
        ),
        Mistake(
            lambda x, logits, mu, log_var: 784 * _bce(logits, x).mean() + _kl(mu, log_var).sum(-1).mean(),
            "784 is right for images of 28 × 28. How many pixels do these have?",
        ),
        Mistake(
            lambda x, logits, mu, log_var: (_bce(logits, x).sum(-1) + _kl(mu, 2 * log_var).sum(-1)).mean(),
            "The KL takes log_var for log σ. It is log σ²: what is its exponential?",
        ),
        Mistake(
            lambda x, logits, mu, log_var: (_bce(logits, x).sum(-1) + 2 * _kl(mu, log_var).sum(-1)).mean(),
            "The KL is twice what it should be. What is KL(N(1, 1) ‖ N(0, 1)), and what is yours?",
        ),
        Mistake(
            lambda x, logits, mu, log_var: (_bce(logits, x).sum(-1) - _kl(mu, log_var).sum(-1)).mean(),
            "The KL is subtracted. What would a minimiser do to it, and where does that end?",
        ),
        Mistake(
            lambda x, logits, mu, log_var: _bce(logits, x).sum(-1).mean(),
            "Where is the second term? Without it, this is an autoencoder with noise.",
        ),
        Mistake(
            lambda x, logits, mu, log_var: ((torch.sigmoid(logits) - x).square().flatten(1).sum(-1) + _kl(mu, log_var).sum(-1)).mean(),
            "That is a squared error. Which likelihood do the pixels of the reference VAE have?",
        ),
        Mistake(
            lambda x, logits, mu, log_var: (-_bce(logits, x).sum(-1) - _kl(mu, log_var).sum(-1)).mean(),
            "That is the ELBO, which is to be made great. What does an optimizer minimise?",
        ),
    ),
    hints=(
        "Three reductions, each in its place: pixels are summed, latents are summed, examples are averaged.",
        'Use the cross-entropy that takes logits: torch.nn.functional.binary_cross_entropy_with_logits, with reduction="none" so that you decide.',
        "Flatten the cross-entropies from axis 1 and sum; add ½ Σ(μ² + σ² − 1 − log σ²) for each example; then the mean.",
    ),
)

# ---- along the great circle


def _ends(draw, n, d):
    z0, z1 = draw(d + 2), 1.5 * draw(d + 2)
    if torch.nn.functional.cosine_similarity(z0, z1, dim=0) < -0.8:  # nearly opposite: hardly a unique way
        z1 = -z1
    return {"z0": z0, "z1": z1, "t": torch.linspace(0, 1, n + 1, dtype=z0.dtype)}


def _special_ends() -> list[Probe]:
    t = torch.linspace(0, 1, 5)
    return [
        Probe({"z0": torch.tensor([2.0, 0.0, 0.0]), "z1": torch.tensor([3.0, 0.0, 0.0]), "t": t}, note="with parallel ends"),
        Probe({"z0": torch.tensor([0.3, 0.1, 0.0]), "z1": torch.tensor([0.0, 0.4, 0.2]), "t": t}, note="with short ends"),
        Probe({"z0": torch.tensor([0.0, 1.5]), "z1": torch.tensor([0.0, 1.5]), "t": t}, note="with equal ends"),
    ]


def _reference_slerp(z0: Tensor, z1: Tensor, t: Tensor) -> Tensor:
    """A rotation in the plane of the two ends, with the angle from a tangent: no division by a sine."""
    a, b = z0 / z0.norm(), z1 / z1.norm()
    angle = 2 * torch.atan2((a - b).norm(), (a + b).norm())
    if angle < 1e-9:
        return (1 - t).unsqueeze(1) * z0 + t.unsqueeze(1) * z1
    across = (b - (a @ b) * a) / (b - (a @ b) * a).norm()
    # the weights of z0 and z1 follow from where the rotated unit vector lies in the plane of a and across
    along, up = torch.cos(t * angle), torch.sin(t * angle)
    of_b = up / (across @ b)
    of_a = along - of_b * (a @ b)
    return of_a.unsqueeze(1) * z0 + of_b.unsqueeze(1) * z1


def _slerp_with(z0, z1, t, cosine):
    angle = torch.arccos(cosine)
    t = t.unsqueeze(1)
    return (torch.sin((1 - t) * angle) * z0 + torch.sin(t * angle) * z1) / torch.sin(angle)


def _or_straight(z0, z1, t, bent):
    straight = torch.lerp(z0, z1, t.unsqueeze(1))
    return torch.where(bent.isfinite(), bent, straight)


def _slerp(z0, z1, t):
    cosine = torch.nn.functional.cosine_similarity(z0, z1, dim=0).clamp(-1, 1)
    return _or_straight(z0, z1, t, _slerp_with(z0, z1, t, cosine))


def _slerp_unguarded(z0, z1, t):
    return _slerp_with(z0, z1, t, (z0 / z0.norm()) @ (z1 / z1.norm()))


def _slerp_straight(z0, z1, t):
    return torch.lerp(z0, z1, t.unsqueeze(1))


def _slerp_backwards(z0, z1, t):
    return _slerp(z0, z1, 1 - t)


def _slerp_angle_of_long_vectors(z0, z1, t):
    return _or_straight(z0, z1, t, _slerp_with(z0, z1, t, (z0 @ z1).clamp(-1, 1)))


def _slerp_angle_unclamped(z0, z1, t):
    return _slerp_with(z0, z1, t, z0 @ z1)


def _slerp_on_unit_sphere(z0, z1, t):
    return _slerp(z0 / z0.norm(), z1 / z1.norm(), t)


def _slerp_undivided(z0, z1, t):
    angle = torch.arccos(torch.nn.functional.cosine_similarity(z0, z1, dim=0).clamp(-1, 1))
    t = t.unsqueeze(1)
    return torch.sin((1 - t) * angle) * z0 + torch.sin(t * angle) * z1


def _slerp_by_stretching(z0, z1, t):
    straight = torch.lerp(z0, z1, t.unsqueeze(1))
    return straight / straight.norm(dim=1, keepdim=True) * torch.lerp(z0.norm(), z1.norm(), t).unsqueeze(1)


def _slerp_of_lengths_apart(z0, z1, t):
    return _slerp(z0 / z0.norm(), z1 / z1.norm(), t) * torch.lerp(z0.norm(), z1.norm(), t).unsqueeze(1)


def _slerp_cosine_out_of_order(z0, z1, t):
    cosine = (z0 @ z1 / z0.norm() * z1.norm()).clamp(-1, 1)
    return _slerp_straight(z0, z1, t) if torch.arccos(cosine).sin() < 1e-4 else _slerp_with(z0, z1, t, cosine)


def _slerp_angle_outside_the_sine(z0, z1, t):
    angle = torch.arccos(torch.nn.functional.cosine_similarity(z0, z1, dim=0).clamp(-1, 1))
    t = t.unsqueeze(1)
    return _or_straight(z0, z1, t.squeeze(1), (torch.sin(1 - t) * angle * z0 + torch.sin(t) * angle * z1) / torch.sin(angle))


def _slerp_with_a_tiny_number(z0, z1, t):
    angle = torch.arccos(torch.nn.functional.cosine_similarity(z0, z1, dim=0).clamp(-1, 1))
    t = t.unsqueeze(1)
    return (torch.sin((1 - t) * angle) * z0 + torch.sin(t * angle) * z1) / (torch.sin(angle) + 1e-8)


def _slerp_of_columns(z0, z1, t):
    return _slerp(z0, z1, t).t().contiguous()


SLERP = Task(
    name="05.slerp",
    points=2,
    contract="slerp(z0, z1, t) -> points on the way from z0 to z1 along the great circle, one row for each t, shape (steps, latent_size).\n"
    "z0, z1: (latent_size,), of any length, never opposite. t: (steps,), in [0, 1].\n"
    "With θ the angle between z0 and z1: sin((1 − t)θ)/sin θ · z0 + sin(tθ)/sin θ · z1; a straight line where the two are parallel.",
    probes=with_more(probes_from(_ends, sizes={(6, 3): "", (1, 4): "with the two ends alone", (4, 18): ""}), _special_ends),
    claims=matches(_reference_slerp, "The point at t should be the great-circle combination of z0 and z1", scale=lambda z0, z1, t: 10.0),
    mistakes=(
        Mistake(_slerp_straight, "A straight line. How long is its middle, when z0 and z1 are long and at right angles?"),
        Mistake(_slerp_backwards, "You start at z1 and end at z0. Which of the two belongs to t = 0?"),
        Mistake(
            _slerp_angle_of_long_vectors,
            "The angle changes when z0 gets longer, in yours. What must a dot product be divided by to be a cosine?",
        ),
        Mistake(_slerp_angle_unclamped, "A cosine beyond 1 has no angle. What must a dot product be divided by to be a cosine?"),
        Mistake(_slerp_on_unit_sphere, "All your points have length 1. At t = 0 you should be at z0 itself."),
        Mistake(_slerp_undivided, "At t = 0 yours gives sin θ · z0. Which factor is to be undone?"),
        Mistake(
            _slerp_unguarded,
            "Right, but for ends that are parallel: sin 0 is below the line. What is the limit there, and how do you take it?",
        ),
        Mistake(
            _slerp_by_stretching,
            "A straight line, stretched to the sphere: the lengths are about right, but the steps are not equal angles. Which weights does the formula have?",
        ),
        Mistake(
            _slerp_of_lengths_apart,
            "You turn the directions and blend the lengths apart. What do the weights of the formula multiply: directions, or z0 and z1 themselves?",
        ),
        Mistake(
            _slerp_cosine_out_of_order,
            "Your cosine changes with the length of z1. What does Python divide first in a / b * c?",
        ),
        Mistake(_slerp_angle_outside_the_sine, "At t = 0 you should be at z0. Is θ inside the sine, or beside it?"),
        Mistake(
            _slerp_with_a_tiny_number,
            "The small number under the line is too large for 64 bits and no help for parallel ends: 0 over it is 0. What is the limit there?",
        ),
        Mistake(_slerp_of_columns, "The numbers are right, in columns. What should one row be?"),
    ),
    hints=(
        "θ comes from the cosine of the two directions: a dot product of vectors of length 1. Clamp it to [−1, 1] before arccos.",
        "t needs a second axis to multiply z0: t.unsqueeze(1). The weights use the angle only; z0 and z1 keep their lengths.",
        "Compute the angle first. If sin θ is tiny (say under 1e-4), return the straight line (1 − t)·z0 + t·z1, else the formula of the contract.",
    ),
)

# ---- a direction that means something


def _labelled(draw, n, d):
    z = draw(n + 3, d)
    has = draw(n + 3) > 0.4
    has[0], has[1], has[2] = True, False, False
    z = z + 2 * has.unsqueeze(1) * draw(d)
    return {"z": z, "has": has}


def _reference_attribute_vector(z: Tensor, has: Tensor) -> Tensor:
    """Least squares: of z = a + has·v, the v that fits best is the difference of the two means."""
    design = torch.stack([torch.ones(len(z), dtype=torch.float64), has.double()], 1)
    return torch.linalg.lstsq(design, z).solution[1]


ATTRIBUTE_VECTOR = Task(
    name="05.attribute_vector",
    points=1,
    contract="attribute_vector(z, has) -> the step from 'without' to 'with': mean of z where has is true − mean where it is false.\n"
    "z: (n, latent_size), posterior means. has: (n,), booleans, at least one of each. Result: (latent_size,).",
    probes=probes_from(_labelled),
    claims=matches(
        _reference_attribute_vector, "The vector should be the difference of the two groups' means", scale=lambda z, has: z.abs().max() + 1
    ),
    mistakes=(
        Mistake(
            lambda z, has: z[~has].mean(0) - z[has].mean(0),
            "Adding your vector takes the attribute away. Which group is the one to go to?",
        ),
        Mistake(
            lambda z, has: z[has].mean(0) - z.mean(0),
            "You measure from the mean of everybody, those with the attribute among them. From where should the step start?",
        ),
        Mistake(
            lambda z, has: z.mean(0) - z[~has].mean(0),
            "You stop at the mean of everybody, those without the attribute among them. Where should the step end?",
        ),
        Mistake(
            lambda z, has: z[has.long()].mean(0) - z[1 - has.long()].mean(0),
            "As an index, 0 and 1 are rows: yours takes the first two again and again. Which type of index says for each row whether it is taken?",
        ),
        Mistake(
            lambda z, has: z[has].sum(0) - z[~has].sum(0),
            "Sums grow with the size of a group. With three smiles and three hundred straight faces, where does your vector point?",
        ),
        Mistake(
            lambda z, has: (z * has.unsqueeze(1)).mean(0) - (z * (~has).unsqueeze(1)).mean(0),
            "Setting the others to zero doesn't take them out of a mean. What do you divide by?",
        ),
        Mistake(
            lambda z, has: z[has].mean(0),
            "That is where the group with the attribute lies, with everything else that it has on average. What is subtracted?",
        ),
        Mistake(
            lambda z, has: z[has].mean() - z[~has].mean(),
            "One number. Over which axis is the mean of a group of vectors taken?",
        ),
        Mistake(
            lambda z, has: F.normalize(z[has].mean(0) - z[~has].mean(0), dim=0),
            "The direction is right and the length is lost. How far must one go from without to with?",
        ),
        Mistake(
            lambda z, has: z[has].median(0).values - z[~has].median(0).values,
            "Those are medians. What was asked for?",
        ),
    ),
    hints=(
        "Where do those with the attribute lie on average, and where do those without?",
        "A boolean tensor picks rows: z[has] are those with it. ~has turns it round.",
        "Mean over rows of the first group, less the mean over rows of the second.",
    ),
)

# ---- what is wrong with this run?

LABELS = ("healthy", "collapsed", "sigmoid twice", "no KL", "diverged", "unscaled pixels")


def sick_runs(seed: int) -> list[tuple[str, Tensor, Tensor]]:
    """Two runs of each kind, in mixed order: (what it is, reconstruction, kl), in nats an image after each epoch."""
    generator = torch.Generator().manual_seed(1000 + seed)

    def fall(start: float, end: float, epochs: int, wobble: float = 0.01) -> Tensor:
        steps = torch.arange(epochs, dtype=torch.float64)
        curve = end + (start - end) * torch.exp(-0.7 * steps)
        return curve * (1 + wobble * (2 * torch.rand(epochs, generator=generator, dtype=torch.float64) - 1))

    runs = []
    # ends on both sides of the round figures, so that these are no thresholds
    for epochs, value, constant, grey in ((8, math.nan, 207.5, 506), (13, math.inf, 204.5, 501)):
        broken = fall(148, 82, epochs), fall(13, 25, epochs)
        from_epoch = 2 + int(torch.randint(epochs - 3, (), generator=generator))
        for curve in broken:
            curve[from_epoch:] = value
        runs += [
            ("healthy", fall(148, 82, epochs), fall(13, 25, epochs)),
            ("diverged", *broken),
            ("collapsed", fall(230, constant, epochs, 0.004), fall(8, 0.02, epochs)),
            ("sigmoid twice", fall(522, grey, epochs, 0.004), fall(6, 0.4, epochs)),
            ("no KL", fall(140, 63, epochs), fall(45, 420, epochs)),
            ("unscaled pixels", fall(-40_000, -900_000, epochs), fall(900, 4000, epochs)),
        ]
    order = torch.randperm(len(runs), generator=generator).tolist()
    return [runs[place] for place in order]


def _runs_to_diagnose(seed: int) -> list[Probe]:
    return [Probe({"reconstruction": reconstruction, "kl": kl}) for _, reconstruction, kl in sick_runs(seed)]


def _told_apart(reconstruction: Tensor, kl: Tensor, *, at: int = -1) -> str:
    """The rules, in the order in which one symptom hides another."""
    if not (reconstruction.isfinite().all() and kl.isfinite().all()):
        return "diverged"
    return _told_apart_if_finite(reconstruction, kl, at=at)


def _told_apart_if_finite(reconstruction: Tensor, kl: Tensor, *, at: int = -1) -> str:
    final, information = reconstruction[at].item(), kl[at].item()
    if final < 0:
        return "unscaled pixels"
    if final > 400:
        return "sigmoid twice"
    if information < 1:
        return "collapsed"
    return "no KL" if information > 100 else "healthy"


def _nan_unseen(reconstruction, kl):
    return _told_apart_if_finite(reconstruction, kl)


def _only_nan_looked_for(reconstruction, kl):
    return "diverged" if reconstruction.isnan().any() else _told_apart_if_finite(reconstruction, kl)


def _only_infinity_looked_for(reconstruction, kl):
    return "diverged" if reconstruction.isinf().any() else _told_apart_if_finite(reconstruction, kl)


def _nan_compared_for_equality(reconstruction, kl):
    if reconstruction[-1] == float("nan"):
        return "diverged"
    found = _nan_unseen(reconstruction, kl)
    return "collapsed" if found == "healthy" and not kl[-1] > 1 else found


def _collapse_looked_for_first(reconstruction, kl):
    return "collapsed" if kl[-1] < 1 else _told_apart(reconstruction, kl)


def _first_epoch_only(reconstruction, kl):
    found = _told_apart(reconstruction, kl)
    return found if found == "diverged" else _told_apart(reconstruction, kl, at=0)


def _total_only(reconstruction, kl):
    total = reconstruction + kl
    if not total.isfinite().all():
        return "diverged"
    end = total[-1].item()
    return "unscaled pixels" if end < 0 else "sigmoid twice" if end > 490 else "collapsed" if end > 150 else "healthy"


def _averages_over_epochs(reconstruction, kl):
    found = _told_apart(reconstruction, kl)
    return found if found == "diverged" else _told_apart(reconstruction.mean().reshape(1), kl.mean().reshape(1))


def _missing_kl_unseen(reconstruction, kl):
    found = _told_apart(reconstruction, kl)
    return "healthy" if found == "no KL" else found


def _two_names_swapped(reconstruction, kl):
    found = _told_apart(reconstruction, kl)
    return {"no KL": "collapsed", "collapsed": "no KL"}.get(found, found)


def _negative_unseen(reconstruction, kl):
    found = _told_apart(reconstruction, kl)
    return "no KL" if found == "unscaled pixels" else found


def _claims_of_diagnosis(values: dict[str, Plain], reconstruction: Tensor, kl: Tensor) -> Iterator[Claim]:
    got = values["result"]
    yield Claim("the result is", "one of the six answers", "one of the six answers" if got in LABELS else described(got), contract=True)
    yield Claim("The run's own curves say what it is", _told_apart(reconstruction, kl), got)


DIAGNOSE = Task(
    name="05.diagnose",
    points=2,
    contract="diagnose(reconstruction, kl) -> what is wrong with a run of the reference VAE on MNIST, one of\n"
    + ", ".join(f'"{label}"' for label in LABELS)
    + ".\nreconstruction, kl: (epochs,), nats an image after each epoch, as in a History.",
    probes=_runs_to_diagnose,
    claims=_claims_of_diagnosis,
    mistakes=(
        Mistake(
            _nan_unseen, "A run with NaN in its curves counts as healthy. Every comparison with NaN is false: which question finds it?"
        ),
        Mistake(
            _nan_compared_for_equality,
            "A run with NaN counts as collapsed. NaN fails every comparison, even one with NaN: which function asks whether a number is finite?",
        ),
        Mistake(_only_nan_looked_for, "A run that ends at infinity is no other illness. Which question finds infinity and NaN alike?"),
        Mistake(_only_infinity_looked_for, "A run with NaN in its curves counts as healthy. Which question finds infinity and NaN alike?"),
        Mistake(
            _collapse_looked_for_first,
            "A decoder that can't be dark or light lets the KL fall, too. Which of the two is the illness, and which the symptom?",
        ),
        Mistake(
            _first_epoch_only,
            "Yours finds nothing wrong with a KL that ends near 0, or in the hundreds. Do you look at the KL, and at which end of its curve?",
        ),
        Mistake(_total_only, "Two runs with one total can differ in everything. What do the two terms say apart?"),
        Mistake(
            _averages_over_epochs,
            "A run whose KL ends near 0 counts as healthy. Do you look at the end of the curve alone, and how near to 0 is near?",
        ),
        Mistake(
            _missing_kl_unseen,
            "A reconstruction that is much better than the reference's looks healthy, but what does the KL beside it say about samples from N(0, I)?",
        ),
        Mistake(_two_names_swapped, "In which of the two does z carry nothing: where the KL is near 0, or where it is in the hundreds?"),
        Mistake(_negative_unseen, "A cross-entropy below 0: can that be, if pixels lie in [0, 1]?"),
    ),
    hints=(
        "Sort the six by what you would look at: is it finite? what is its sign? where does the reconstruction end? where does the KL end?",
        "One illness can show another's symptom: with a sigmoid too many the KL is small as well. So ask for the more telling sign first.",
        "Not finite anywhere; reconstruction below 0; above 400 at the end; KL below 1 at the end; KL above 100 at the end; else healthy.",
    ),
)
