"""Tasks of chapter 08, the adversarial autoencoder: a game's losses, a step that leaves the other side alone, a prior to draw from, and who wins."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .claims import is_number, is_tensor, matches, rounding
from .declaration import Claim, Mistake, Plain, Probe, Task
from .descent import Descent
from .probes import Draw, probes_from, with_more

# ---- what each side of the game wants


def _verdicts(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    return {"on_prior": 2 * draw(n) + 0.7, "on_codes": 2 * draw(n + d) - 0.7}


def _one_sided() -> list[Probe]:
    sure, wrong = torch.tensor([150.0, 400.0, 2.0]), torch.tensor([-150.0, -300.0])
    return [
        Probe({"on_prior": sure, "on_codes": wrong}, note="with logits beyond ±100, a discriminator that is very sure and right"),
        Probe({"on_prior": -sure, "on_codes": -wrong}, note="with logits beyond ±100, a discriminator that is very sure and wrong"),
        Probe({"on_prior": torch.zeros(2), "on_codes": torch.zeros(3)}, note="with a discriminator that guesses"),
    ]


def _reference_game_losses(on_prior: Tensor, on_codes: Tensor) -> tuple[Tensor, Tensor]:
    """−log σ(a) as the logarithm of a sum of two exponentials, 1 and e^(−a)."""

    def cost(logits: Tensor) -> Tensor:
        return torch.logaddexp(torch.zeros_like(logits), -logits).mean()

    return cost(on_prior) + cost(-on_codes), cost(on_codes)


def _told_right(on_prior, on_codes):
    return F.softplus(-on_prior).mean() + F.softplus(on_codes).mean()


def _fooled(on_codes):
    return F.softplus(-on_codes).mean()


def _cross_entropy_of_all(on_prior, on_codes):
    logits = torch.cat([on_prior, on_codes])
    targets = torch.cat([torch.ones_like(on_prior), torch.zeros_like(on_codes)])
    return F.binary_cross_entropy_with_logits(logits, targets)


def _by_way_of_sigmoid(on_prior, on_codes):
    real, made = torch.sigmoid(on_prior), torch.sigmoid(on_codes)
    return -real.log().mean() - (1 - made).log().mean(), -made.log().mean()


def _by_way_of_probabilities(on_prior, on_codes):
    real, made = torch.sigmoid(on_prior), torch.sigmoid(on_codes)
    cost, ones = F.binary_cross_entropy, torch.ones_like(made)
    return cost(real, torch.ones_like(real)) + cost(made, torch.zeros_like(made)), cost(made, ones)


GAME_LOSSES = Task(
    name="08.game_losses",
    points=1,
    contract="game_losses(on_prior, on_codes) -> (the discriminator's loss, the encoder's loss), two tensors of shape (), both to be made small.\n"
    'on_prior: (n,), the discriminator\'s logits of "drawn from the prior" on draws from the prior. on_codes: (m,), the same on codes.\n'
    "With D the sigmoid of a logit: mean of −log D(prior) + mean of −log(1 − D(codes)), and mean of −log D(codes). Right for any finite logits.",
    probes=with_more(
        probes_from(_verdicts, sizes={(6, 3): "", (1, 0): "with a batch of one", (3, 5): "", (8, 1): ""}),
        _one_sided,
    ),
    claims=matches(
        _reference_game_losses,
        "The losses should be means of −log D and −log(1 − D), each over its own draws",
        parts=("the discriminator's loss", "the encoder's loss"),
        scale=lambda on_prior, on_codes: on_prior.abs().max() + on_codes.abs().max(),
    ),
    mistakes=(
        Mistake(
            lambda on_prior, on_codes: (_told_right(-on_prior, -on_codes), _fooled(on_codes)),
            "Your discriminator is paid for calling codes draws from the prior. What should its logit be on a draw from the prior: high, or low?",
        ),
        Mistake(
            lambda on_prior, on_codes: (_told_right(on_prior, on_codes) / 2, _fooled(on_codes)),
            "The discriminator's loss is half of what was asked for. What does a discriminator that guesses pay: log 2, or 2 log 2?",
        ),
        Mistake(
            lambda on_prior, on_codes: (_cross_entropy_of_all(on_prior, on_codes), _fooled(on_codes)),
            "One mean over draws and codes together: where there are more codes than draws, they count for more. Over what does each mean run?",
        ),
        Mistake(
            lambda on_prior, on_codes: (_told_right(on_prior, on_codes), -F.softplus(on_codes).mean()),
            "Your encoder minimises log(1 − D). Take a code that the discriminator sees through, D near 0: how steep is that there, and how steep is −log D?",
        ),
        Mistake(
            lambda on_prior, on_codes: (_told_right(on_prior, on_codes), F.softplus(on_codes).mean()),
            "Your encoder is paid for being seen through: both sides want the same. Which answer does it want to hear on its codes?",
        ),
        Mistake(
            _by_way_of_sigmoid,
            "Right, until a logit is far from 0: what is 1 − sigmoid(150) to a computer, and the logarithm of that? Which function takes the logit itself?",
        ),
        Mistake(
            _by_way_of_probabilities,
            "Right, until a logit is beyond ±100: PyTorch stops a cross-entropy of probabilities at 100 nats, and the slope is lost there. "
            "Which cross-entropy takes the logit itself?",
        ),
        Mistake(
            lambda on_prior, on_codes: (
                _told_right(torch.sigmoid(on_prior), torch.sigmoid(on_codes)),
                _fooled(torch.sigmoid(on_codes)),
            ),
            "A sigmoid of a sigmoid lies between 0.5 and 0.73. Does your loss function expect logits, or probabilities?",
        ),
        Mistake(
            lambda on_prior, on_codes: (F.softplus(-on_prior).sum() + F.softplus(on_codes).sum(), F.softplus(-on_codes).sum()),
            "Double both batches, and your losses double. What is asked for: a sum, or a mean?",
        ),
        Mistake(
            lambda on_prior, on_codes: (-_told_right(on_prior, on_codes), _fooled(on_codes)),
            "log D + log(1 − D) is what the discriminator makes great. Which sign has a loss?",
        ),
        Mistake(
            lambda on_prior, on_codes: (_told_right(on_prior, on_codes), _told_right(-on_prior, -on_codes)),
            "Your encoder pays for the discriminator's verdict on the prior's draws as well. Can it change them?",
        ),
        Mistake(
            lambda on_prior, on_codes: (_fooled(on_codes), _told_right(on_prior, on_codes)),
            "Both are there. In which order does the contract want them?",
        ),
        Mistake(
            lambda on_prior, on_codes: (on_codes.mean() - on_prior.mean(), -on_codes.mean()),
            "Those are differences of logits, without a bound: another game, that of Wasserstein. Where are the logarithms of D?",
        ),
    ),
    hints=(
        "Each side asks one question of a logit: how surprised would I be by the answer that I don't want? The surprise at an event is −log of its probability.",
        "−log D and −log(1 − D) of a logit a are the cross-entropies for the targets 1 and 0. Take a form that is given a, and not D.",
        "−log σ(a) = softplus(−a), and −log(1 − σ(a)) = softplus(a), in torch.nn.functional. Three means; the encoder's is the first form, on its codes.",
    ),
)

# ---- a step of the discriminator


class _Encoder(nn.Module):
    """An encoder of one matrix."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight


class _Discriminator(nn.Module):
    """A discriminator small enough to be followed by hand: its logit is a parabola in each latent."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, z: Tensor) -> Tensor:
        return _logits_of(self.weight, z)


def _logits_of(weight: Tensor, z: Tensor) -> Tensor:
    return torch.cat([z, z**2, torch.ones_like(z[:, :1])], 1) @ weight


def _games(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    """Both networks come with a gradient in .grad that another phase left there."""
    return {
        "encoder": 0.7 * draw(3, d),
        "encoder_grad": draw(3, d),
        "discriminator": 0.5 * draw(2 * d + 1),
        "discriminator_grad": draw(2 * d + 1),
        "x": draw(3, n, 3),
        "z_prior": draw(3, n, d),
        "learning_rate": 0.2,
    }


def _played(function, encoder, encoder_grad, discriminator, discriminator_grad, x, z_prior, learning_rate) -> dict[str, Plain]:
    """Three steps on three batches."""
    sees, judges = _Encoder(encoder), _Discriminator(discriminator)
    sees.weight.grad, judges.weight.grad = encoder_grad, discriminator_grad
    optimizer = Descent(judges.parameters(), learning_rate)
    losses, weights = [], []
    for batch, draws in zip(x, z_prior, strict=True):
        losses.append(function(sees, judges, optimizer, batch, draws))
        weights.append(judges.weight.detach().clone())
    return {
        "losses": losses,
        "weights": torch.stack(weights),
        "encoder": sees.weight,
        "encoder_grad": sees.weight.grad,
        "learns": bool(sees.weight.requires_grad),
    }


def _claims_of_game(values: dict[str, Plain], **given: Plain) -> Iterator[Claim]:
    dtype = given["encoder"].dtype
    sees, at = given["encoder"].double(), given["discriminator"].double()
    for number, (batch, draws) in enumerate(zip(given["x"].double(), given["z_prior"].double(), strict=True)):
        here = at.clone().requires_grad_()
        loss = -F.logsigmoid(_logits_of(here, draws)).mean() - F.logsigmoid(-_logits_of(here, batch @ sees)).mean()
        at = at - given["learning_rate"] * torch.autograd.grad(loss, here)[0]
        yield from is_number(values["losses"][number])
        which = f"step {number + 1}"
        yield Claim(
            f"After {which} the discriminator's weights should be w − learning rate · ∂loss/∂w",
            at,
            values["weights"][number],
            rounding(at, dtype, scale=5.0),
        )
        yield Claim(
            f"The loss that {which} returns should be the discriminator's, on its batch, before the step",
            loss.item(),
            values["losses"][number],
            rounding(loss, dtype, scale=5.0),
        )
    yield Claim("The encoder's weights should be what they were", given["encoder"], values["encoder"])
    left = values["encoder_grad"]
    yield Claim("What lies in the encoder's .grad is", "a gradient", "a gradient" if isinstance(left, Tensor) else "nothing any more")
    yield Claim("The encoder's .grad should be what it was before the discriminator's steps", given["encoder_grad"], left)
    yield Claim("Can the encoder still learn (requires_grad)?", True, values["learns"])


def _stepped(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def _codes_not_cut_off(encoder, discriminator, optimizer, x, z_prior):
    return _stepped(optimizer, _told_right(discriminator(z_prior), discriminator(encoder(x))))


def _gradients_pile_up(encoder, discriminator, optimizer, x, z_prior):
    loss = _told_right(discriminator(z_prior), discriminator(encoder(x).detach()))
    loss.backward()
    optimizer.step()
    return loss.item()


def _emptied_afterwards(encoder, discriminator, optimizer, x, z_prior):
    loss = _gradients_pile_up(encoder, discriminator, optimizer, x, z_prior)
    optimizer.zero_grad()
    return loss


def _judged_the_wrong_way_round(encoder, discriminator, optimizer, x, z_prior):
    return _stepped(optimizer, _told_right(-discriminator(z_prior), -discriminator(encoder(x).detach())))


def _codes_alone(encoder, discriminator, optimizer, x, z_prior):
    return _stepped(optimizer, F.softplus(discriminator(encoder(x).detach())).mean())


def _learns_to_be_fooled(encoder, discriminator, optimizer, x, z_prior):
    return _stepped(optimizer, _fooled(discriminator(encoder(x).detach())))


def _half_a_loss(encoder, discriminator, optimizer, x, z_prior):
    return _stepped(optimizer, _cross_entropy_of_all(discriminator(z_prior), discriminator(encoder(x).detach())))


def _encoder_frozen_for_good(encoder, discriminator, optimizer, x, z_prior):
    encoder.requires_grad_(False)
    return _stepped(optimizer, _told_right(discriminator(z_prior), discriminator(encoder(x))))


def _one_step_for_each_half(encoder, discriminator, optimizer, x, z_prior):
    first = _stepped(optimizer, F.softplus(-discriminator(z_prior)).mean())
    return first + _stepped(optimizer, F.softplus(discriminator(encoder(x).detach())).mean())


def _encoder_emptied(encoder, discriminator, optimizer, x, z_prior):
    encoder.zero_grad()
    return _stepped(optimizer, _told_right(discriminator(z_prior), discriminator(encoder(x).detach())))


def _draws_of_its_own(encoder, discriminator, optimizer, x, z_prior):
    codes = encoder(x).detach()
    return _stepped(optimizer, _told_right(discriminator(torch.randn_like(codes)), discriminator(codes)))


def _loss_as_a_tensor(encoder, discriminator, optimizer, x, z_prior):
    loss = _told_right(discriminator(z_prior), discriminator(encoder(x).detach()))
    _stepped(optimizer, loss)
    return loss


def _loss_of_after(encoder, discriminator, optimizer, x, z_prior):
    codes = encoder(x).detach()
    _stepped(optimizer, _told_right(discriminator(z_prior), discriminator(codes)))
    return _told_right(discriminator(z_prior), discriminator(codes)).item()


DISCRIMINATOR_STEP = Task(
    name="08.discriminator_step",
    points=2,
    contract="discriminator_step(encoder, discriminator, optimizer, x, z_prior) -> the discriminator's loss before the step, as a Python float.\n"
    'encoder: x (batch, pixels) -> codes (batch, latent_size). discriminator: z (batch, latent_size) -> logits (batch,) of "drawn from the prior".\n'
    "optimizer: over the discriminator's parameters alone. z_prior: (batch, latent_size), draws from the prior. One call does one step\n"
    "on mean −log D(z_prior) + mean −log(1 − D(codes)). The encoder is left as it was: its weights, what is in their .grad, and that they can learn.\n"
    "Another phase may have left a gradient in the .grad of both networks.",
    probes=probes_from(_games, sizes={(6, 2): "", (1, 3): "with a batch of one", (5, 1): "with one latent"}),
    run=_played,
    claims=_claims_of_game,
    mistakes=(
        Mistake(
            _codes_not_cut_off,
            "The discriminator's step is right, and something was added to the encoder's .grad: the gradient that helps the discriminator. "
            "Up to where should it go, and what stops it there?",
        ),
        Mistake(
            _gradients_pile_up,
            "Your step follows more than this loss. backward() adds to what is in .grad: what did the other phase, and your own last step, leave there?",
        ),
        Mistake(
            _emptied_afterwards,
            "You tidy up after yourself, but not before: another phase had been there. When must .grad be empty?",
        ),
        Mistake(
            _judged_the_wrong_way_round,
            "Your discriminator learns to call codes draws from the prior. Which of its logits should go up, and which down?",
        ),
        Mistake(
            _codes_alone,
            "A discriminator that only ever sees codes does well to say no to everything. What else must it be shown?",
        ),
        Mistake(
            _learns_to_be_fooled,
            "That is the encoder's loss. With the discriminator's optimizer on it, who learns to be fooled?",
        ),
        Mistake(
            _half_a_loss,
            "Your steps are half as long as they should be, and so is your loss. Of how many means is the loss the sum?",
        ),
        Mistake(
            _encoder_frozen_for_good,
            "The encoder can't learn any more: you froze it and left it so. What must be undone, or how do you do without?",
        ),
        Mistake(
            _one_step_for_each_half,
            "Two steps, and the second one meets a discriminator that the first has changed. How many steps was one call to make?",
        ),
        Mistake(
            _encoder_emptied,
            "What another phase had put into the encoder's .grad is gone. If codes are data to the discriminator, is there anything of the encoder's to tidy up?",
        ),
        Mistake(_draws_of_its_own, "You drew from N(0, I) yourself. What if the prior is a swiss roll? Which draws were handed to you?"),
        Mistake(
            _loss_as_a_tensor,
            "The step is right. A tensor with its graph came back, and a list of these keeps every batch in memory: what turns it into a number?",
        ),
        Mistake(
            _loss_of_after,
            "The step is right. You return the loss after it, from a second pass that costs as much as the first. Which one was there already?",
        ),
    ),
    hints=(
        "To the discriminator a code is data, like a picture to a classifier. Which operation turns the encoder's output into data?",
        "Codes without a graph: encoder(x).detach(), or compute them under torch.no_grad(). Then the loss of the task before, on logits of z_prior and of the codes.",
        "The loss; then empty the optimizer's gradients, backward, step, in this order; return the loss's .item(). Do nothing else to the encoder.",
    ),
)

# ---- a prior of one's own

DRAWS = 4000
SIGMAS = 6.0  # how many standard errors a right answer may be off: one in 10⁹ fails by chance


def _rings(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(n: int, inner: float, outer: float, note: str = "") -> Probe:
        stretch = 1 + 0.5 * torch.rand((), generator=generator).item()
        return Probe({"n": n, "inner": round(stretch * inner, 3), "outer": round(stretch * outer, 3)}, seed + 13 * n, note)

    return [
        one(DRAWS, 1.0, 2.5),
        one(1, 0.5, 1.0, "with a single draw"),
        one(DRAWS, 0.0, 1.5, "with no hole"),
        one(DRAWS, 2.0, 2.2, "with a thin ring"),
    ]


def _drawn_twice(function, n: int, inner: float, outer: float) -> dict[str, Plain]:
    z, again = function(n, inner, outer), function(n, inner, outer)
    same = isinstance(z, Tensor) and isinstance(again, Tensor) and torch.equal(z, again)
    return {"z": z, "repeats": same}


def _claims_of_ring(values: dict[str, Plain], n: int, inner: float, outer: float) -> Iterator[Claim]:
    z = values["z"]
    yield from is_tensor(z, (n, 2), torch.float32)
    x, y = z.double().unbind(1)
    radius, angle = torch.hypot(x, y), torch.atan2(y, x)
    outside = torch.maximum(inner - radius, radius - outer).clamp(min=0).max()
    yield Claim("Every point should lie between the circles: how far outside the farthest is", 0.0, outside, 1e-4 * outer)
    yield Claim("Two calls one after another should differ", "they differ", "they are the same" if values["repeats"] else "they differ")
    if n == 1:
        return
    # of the ring's area, the share that lies within each point's radius: uniform on [0, 1] if the points are uniform on the ring
    share = (radius**2 - inner**2) / (outer**2 - inner**2)
    error = SIGMAS / math.sqrt(n)
    yield Claim(
        "Half of the area should hold half of the points: the mean share of the area within a radius", 0.5, share.mean(), error * 0.289
    )
    yield Claim("No radius should be favoured: the mean square of that share", 1 / 3, share.square().mean(), error * 0.299)
    for times in (1, 2):
        for name, wave in (("cos", torch.cos), ("sin", torch.sin)):
            turned = wave(times * angle)
            multiple = "" if times == 1 else f"{times}"
            yield Claim(f"No direction should be favoured: the mean of {name} {multiple}θ", 0.0, turned.mean(), error * 0.708)
            together = ((share - 0.5) * turned).mean()
            yield Claim(
                f"Radius and angle θ should not depend on each other: the mean of {name} {multiple}θ · (share − ½)",
                0.0,
                together,
                error * 0.205,
            )
    neighbours = 12 * ((share[1:] - 0.5) * (share[:-1] - 0.5)).mean()
    yield Claim("Each point should be drawn for itself: the correlation of neighbours", 0.0, neighbours, error)


def _polar(radius, angle):
    return torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], 1)


def _radius_of(u, inner, outer):
    return torch.sqrt(inner**2 + u * (outer**2 - inner**2))


def _ring_even_in_radius(n, inner, outer):
    return _polar(inner + (outer - inner) * torch.rand(n), 2 * math.pi * torch.rand(n))


def _ring_root_after_the_fact(n, inner, outer):
    return _polar(inner + (outer - inner) * torch.rand(n).sqrt(), 2 * math.pi * torch.rand(n))


def _ring_without_root(n, inner, outer):
    return _polar(inner**2 + torch.rand(n) * (outer**2 - inner**2), 2 * math.pi * torch.rand(n))


def _half_a_ring(n, inner, outer):
    return _polar(_radius_of(torch.rand(n), inner, outer), math.pi * torch.rand(n))


def _ring_without_a_turn(n, inner, outer):
    return _polar(_radius_of(torch.rand(n), inner, outer), torch.rand(n))


def _a_spiral(n, inner, outer):
    u = torch.rand(n)
    return _polar(_radius_of(u, inner, outer), 2 * math.pi * u)


def _along_one_ray(n, inner, outer):
    return _polar(_radius_of(torch.rand(n), inner, outer), 2 * math.pi * torch.rand(1))


def _on_one_circle(n, inner, outer):
    return _polar(_radius_of(torch.rand(1), inner, outer), 2 * math.pi * torch.rand(n))


def _two_angles(n, inner, outer):
    radius = _radius_of(torch.rand(n), inner, outer)
    return torch.stack([radius * torch.cos(2 * math.pi * torch.rand(n)), radius * torch.sin(2 * math.pi * torch.rand(n))], 1)


def _the_same_ring_again(n, inner, outer):
    torch.manual_seed(0)
    return _polar(_radius_of(torch.rand(n), inner, outer), 2 * math.pi * torch.rand(n))


def _ring_in_two_rows(n, inner, outer):
    return _polar(_radius_of(torch.rand(n), inner, outer), 2 * math.pi * torch.rand(n)).t()


RING_PRIOR = Task(
    name="08.ring_prior",
    points=1,
    contract="ring_prior(n, inner, outer) -> n draws, uniform on the ring between the circles with radius inner and outer around 0:\n"
    "equal areas are equally likely. n: a Python int. inner, outer: Python numbers, 0 ≤ inner < outer. Result: (n, 2), float32. New at each call.",
    probes=_rings,
    run=_drawn_twice,
    claims=_claims_of_ring,
    mistakes=(
        Mistake(
            _ring_even_in_radius,
            "All radii are equally likely, in yours. Cut the ring into two of equal width: which one has more room, and should it get more points?",
        ),
        Mistake(
            _ring_root_after_the_fact,
            "Right where there is no hole. With one, the area within radius r is not proportional to (r − inner)². To what is it proportional?",
        ),
        Mistake(
            _ring_without_root,
            "You spread something evenly between inner² and outer², and took it for the radius. What is it?",
        ),
        Mistake(_half_a_ring, "All your points lie above the axis. How far round does an angle go?"),
        Mistake(_ring_without_a_turn, "All your points lie in one slice of the ring. In which unit do cos and sin take an angle?"),
        Mistake(
            _a_spiral, "Your points lie along a spiral: knowing the angle, one knows the radius. How many random numbers does a point need?"
        ),
        Mistake(_along_one_ray, "All your points lie on one ray. How many angles did you draw?"),
        Mistake(_on_one_circle, "All your points lie on one circle. How many radii did you draw?"),
        Mistake(_two_angles, "Some points lie in the hole. cos² + sin² = 1 holds for one angle: how many has a point of yours?"),
        Mistake(
            _the_same_ring_again,
            "Every call gives the same points. Who reseeds the generator, and what would the discriminator learn by heart?",
        ),
        Mistake(_ring_in_two_rows, "The points are right, in columns. What should one row be?"),
    ),
    hints=(
        "In polar coordinates the angle is uniform on a full turn, and the radius is not uniform: rings further out have more area.",
        "Which share of the ring's area lies within radius r? Call it u: it is uniform on [0, 1]. Solve for r.",
        "u = (r² − inner²)/(outer² − inner²). So draw u, take r as the root of inner² + u·(outer² − inner²), draw an angle for itself, and stack r·cos and r·sin.",
    ),
)

# ---- how well do codes and prior match?


def _two_sets(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    bandwidth = round(0.6 + draw(1).abs().item(), 3)
    if abs(bandwidth - 1) < 0.1:  # at 1 its powers are all the same
        bandwidth += 0.3
    return {"a": draw(n, d), "b": 1.5 * draw(n + 3, d) + 0.5, "bandwidth": bandwidth}


def _twins() -> list[Probe]:
    points = torch.tensor([[0.0, 1.0], [1.0, 0.5], [-0.5, 0.2], [2.0, -1.0]])
    return [
        Probe({"a": points, "b": points, "bandwidth": 0.7}, note="with two sets of the same points"),
        Probe({"a": points, "b": points[:3] + 1000.0, "bandwidth": 2.5}, note="with two sets far apart"),
    ]


def _reference_mmd(a: Tensor, b: Tensor, bandwidth: float) -> Tensor:
    """Pair by pair."""

    def k(p: Tensor, q: Tensor) -> float:
        return math.exp(-sum((u - v) ** 2 for u, v in zip(p.tolist(), q.tolist(), strict=True)) / (2 * bandwidth**2))

    def within(points: Tensor) -> float:
        pairs = [k(p, q) for i, p in enumerate(points) for j, q in enumerate(points) if i != j]
        return sum(pairs) / len(pairs)

    across = [k(p, q) for p in a for q in b]
    return torch.tensor(within(a) + within(b) - 2 * sum(across) / len(across), dtype=torch.float64)


def _squared(p, q):
    return (p.unsqueeze(1) - q.unsqueeze(0)).square().sum(-1)


def _gauss(p, q, bandwidth):
    return torch.exp(-_squared(p, q) / (2 * bandwidth**2))


def _others(kernel):
    """The mean over pairs of two different points."""
    n = len(kernel)
    return (kernel.sum() - kernel.diagonal().sum()) / (n * (n - 1))


def _mmd_with(kernel):
    def estimate(a, b, bandwidth):
        return _others(kernel(a, a, bandwidth)) + _others(kernel(b, b, bandwidth)) - 2 * kernel(a, b, bandwidth).mean()

    return estimate


def _mmd_biased(a, b, bandwidth):
    return _gauss(a, a, bandwidth).mean() + _gauss(b, b, bandwidth).mean() - 2 * _gauss(a, b, bandwidth).mean()


def _mmd_without_diagonal_by_n_squared(a, b, bandwidth):
    def within(points):
        kernel = _gauss(points, points, bandwidth)
        return (kernel.sum() - kernel.diagonal().sum()) / len(points) ** 2

    return within(a) + within(b) - 2 * _gauss(a, b, bandwidth).mean()


def _mmd_with_diagonal_by_pairs(a, b, bandwidth):
    def within(points):
        return _gauss(points, points, bandwidth).sum() / (len(points) * (len(points) - 1))

    return within(a) + within(b) - 2 * _gauss(a, b, bandwidth).mean()


def _mmd_cross_once(a, b, bandwidth):
    return _others(_gauss(a, a, bandwidth)) + _others(_gauss(b, b, bandwidth)) - _gauss(a, b, bandwidth).mean()


def _mmd_cross_added(a, b, bandwidth):
    return _others(_gauss(a, a, bandwidth)) + _others(_gauss(b, b, bandwidth)) + 2 * _gauss(a, b, bandwidth).mean()


def _mmd_root(a, b, bandwidth):
    return _mmd_with(_gauss)(a, b, bandwidth).sqrt()


def _mmd_of_means(a, b, bandwidth):
    return (a.mean(0) - b.mean(0)).square().sum() / (2 * bandwidth**2)


MMD = Task(
    name="08.mmd",
    points=1,
    contract="mmd(a, b, bandwidth) -> the unbiased estimate of MMD², a tensor of shape (), in the dtype of a:\n"
    "mean k over pairs of two different points of a + mean k over pairs of two different points of b − 2 · mean k over pairs of one of each,\n"
    "with k(p, q) = exp(−‖p − q‖²/(2·bandwidth²)). a: (n, latent_size), b: (m, latent_size), n, m ≥ 2. bandwidth: a Python float.",
    probes=with_more(
        probes_from(_two_sets, sizes={(6, 2): "", (2, 3): "with two points", (5, 1): "with one latent", (9, 4): ""}),
        _twins,
    ),
    claims=matches(_reference_mmd, "The estimate should be the two means within, less twice the mean across"),
    mistakes=(
        Mistake(
            _mmd_biased,
            "Each point is paired with itself, too, where k is 1. Give it two small sets from one distribution: what does yours say on average, and what should it say?",
        ),
        Mistake(
            _mmd_without_diagonal_by_n_squared,
            "A point's pair with itself is left out of the sum. How many pairs are left in it?",
        ),
        Mistake(
            _mmd_with_diagonal_by_pairs,
            "You divide by the number of pairs of different points. Are those the pairs in your sum?",
        ),
        Mistake(
            _mmd_cross_once,
            "Expand ‖p̄ − q̄‖². How often does the mixed term occur?",
        ),
        Mistake(
            _mmd_cross_added,
            "Two sets far apart: k across is 0, and the distance is as great as can be. Does yours grow when the sets come together?",
        ),
        Mistake(
            _mmd_root,
            "That is a root, and NaN where the estimate is below 0, as an unbiased one must be now and then. What does the contract ask for?",
        ),
        Mistake(
            _mmd_with(lambda p, q, bandwidth: torch.exp(-(_squared(p, q).sqrt()) / (2 * bandwidth**2))),
            "Your kernel has a kink at distance 0. What is squared in the exponent?",
        ),
        Mistake(
            _mmd_with(lambda p, q, bandwidth: torch.exp(-_squared(p, q) / bandwidth**2)),
            "Your kernel is too narrow by a factor. How does the exponent of a Gaussian with standard deviation s begin?",
        ),
        Mistake(
            _mmd_with(lambda p, q, bandwidth: torch.exp(-_squared(p, q) / (2 * bandwidth))),
            "Measure the points and the bandwidth in other units, all ten times as large: nothing should change. Does it, in yours?",
        ),
        Mistake(
            _mmd_of_means,
            "You compare the means of the two sets. A ring and a heap in its middle have the same mean: what would yours say of them?",
        ),
    ),
    hints=(
        "Three tables of k: a with a, b with b, a with b. A table of squared distances comes from a subtraction with two extra axes.",
        "In the table of a with itself the diagonal is the pairs of a point with itself: take it out of the sum, and count what is left, n·(n − 1).",
        "(a.unsqueeze(1) − b.unsqueeze(0)).square().sum(−1) holds all squared distances. Sum of a table less its trace, over n(n − 1), twice; then − 2 · the mean of the third.",
    ),
)

# ---- who is losing?

LABELS = ("balanced", "too strong", "too weak", "labels swapped", "oscillating", "diverged")


def lost_games(seed: int) -> list[tuple[str, Tensor, Tensor]]:
    """Two games of each kind, in mixed order: (what it is, accuracy, auc) after each epoch.

    accuracy: the discriminator's own, on codes and draws kept aside. auc: that of a fresh judge, trained to its end on the same two sets.
    """
    generator = torch.Generator().manual_seed(1000 + seed)

    def from_to(start: float, end: float, epochs: int, wobble: float) -> Tensor:
        steps = torch.arange(epochs, dtype=torch.float64)
        curve = end + (start - end) * torch.exp(-0.8 * steps)
        return curve + wobble * (2 * torch.rand(epochs, generator=generator, dtype=torch.float64) - 1)

    games = []
    for epochs in (12, 17):
        # two epochs up, two down; the shorter game ends up, the longer one down
        ends = int(torch.randint(2, (), generator=generator)) + 2 * (epochs > 12)
        high = ((torch.arange(epochs) - epochs + 1 + ends) % 4 < 2).double()
        broken = from_to(0.9, 0.55, epochs, 0.03), from_to(0.97, 0.55, epochs, 0.02)
        for curve in broken:
            curve[2 + int(torch.randint(epochs - 3, (), generator=generator)) :] = math.nan
        games += [
            ("balanced", from_to(0.9, 0.55, epochs, 0.03), from_to(0.97, 0.55, epochs, 0.02)),
            ("too strong", from_to(0.7, 0.975, epochs, 0.015), from_to(0.99, 0.97, epochs, 0.01)),
            ("too weak", from_to(0.6, 0.52, epochs, 0.03), from_to(0.99, 0.95, epochs, 0.02)),
            ("labels swapped", from_to(0.4, 0.04, epochs, 0.03), from_to(0.99, 0.96, epochs, 0.02)),
            ("oscillating", from_to(0.56, 0.56, epochs, 0.03) + 0.4 * high, from_to(0.58, 0.58, epochs, 0.02) + 0.37 * high),
            ("diverged", *broken),
        ]
    order = torch.randperm(len(games), generator=generator).tolist()
    return [games[place] for place in order]


def _games_to_diagnose(seed: int) -> list[Probe]:
    return [Probe({"accuracy": accuracy, "auc": auc}) for _, accuracy, auc in lost_games(seed)]


def _told_apart(accuracy: Tensor, auc: Tensor) -> str:
    """The rules, in the order in which one symptom hides another."""
    if not (accuracy.isfinite().all() and auc.isfinite().all()):
        return "diverged"
    late, judged = accuracy[len(accuracy) // 2 :], auc[len(auc) // 2 :].mean().item()
    if late.max() - late.min() > 0.25:
        return "oscillating"
    return _settled(late.mean().item(), judged)


def _settled(accuracy: float, auc: float) -> str:
    """What a game is that has come to rest."""
    if accuracy < 0.3:
        return "labels swapped"
    if accuracy > 0.8:
        return "too strong"
    return "too weak" if auc > 0.75 else "balanced"


def _renamed(names: dict[str, str]):
    def told(accuracy, auc):
        found = _told_apart(accuracy, auc)
        return names.get(found, found)

    return told


def _last_epoch_alone(accuracy, auc):
    found = _told_apart(accuracy, auc)
    return found if found == "diverged" else _settled(accuracy[-1].item(), auc[-1].item())


def _first_epoch_alone(accuracy, auc):
    found = _told_apart(accuracy, auc)
    return found if found in ("diverged", "oscillating") else _settled(accuracy[0].item(), auc[0].item())


def _swings_from_the_start(accuracy, auc):
    found = _told_apart(accuracy, auc)
    return "oscillating" if found != "diverged" and accuracy.max() - accuracy.min() > 0.25 else found


def _fresh_judge_alone(accuracy, auc):
    found = _told_apart(accuracy, auc)
    return "too strong" if found in ("too weak", "labels swapped") else found


DIAGNOSE_GAME = Task(
    name="08.diagnose_game",
    points=1,
    contract="diagnose_game(accuracy, auc) -> how the game between encoder and discriminator goes, one of\n"
    + ", ".join(f'"{label}"' for label in LABELS)
    + ".\naccuracy: (epochs,), the share of codes and draws from the prior, half of each, that the discriminator tells right after each epoch.\n"
    "auc: (epochs,), the area under the ROC curve of a fresh judge, trained anew after each epoch to tell the same two sets apart.",
    probes=_games_to_diagnose,
    claims=matches(_told_apart, "The game's own curves say how it goes"),
    mistakes=(
        Mistake(
            _renamed({"too weak": "balanced"}),
            "The discriminator guesses, so you call it balanced. There are two reasons why one guesses: nothing to see, or not able to see it. Which curve tells?",
        ),
        Mistake(
            _renamed({"too weak": "too strong", "too strong": "too weak"}),
            "Which of the two tells codes and draws apart: one that is too strong, or one that is too weak?",
        ),
        Mistake(
            _renamed({"labels swapped": "too strong"}),
            "A discriminator that is nearly always wrong knows the answer as well as one that is nearly always right. So what is the matter with what it was taught?",
        ),
        Mistake(
            _renamed({"labels swapped": "too weak"}),
            "Guessing gets half of them right. How much must one know to get hardly any?",
        ),
        Mistake(
            _renamed({"diverged": "balanced"}),
            "A game with NaN in its curves counts as balanced. Every comparison with NaN is false: which question finds it?",
        ),
        Mistake(
            _last_epoch_alone,
            "You look at the last epoch. A game that swings to and fro passes through every state: over which stretch must you look?",
        ),
        Mistake(
            _first_epoch_alone,
            "You judge by the first epoch, when no game is decided yet. Where on the curve does it show?",
        ),
        Mistake(
            _swings_from_the_start,
            "Many a game moves far before it settles, and you take that for swinging. On which part of the curve should it have come to rest?",
        ),
        Mistake(
            _fresh_judge_alone,
            "Where a fresh judge can tell the two sets apart, you blame a discriminator that is too strong. What did the discriminator itself say?",
        ),
    ),
    hints=(
        "Two questions: can codes and draws be told apart at all (auc), and can this discriminator do it (accuracy)? First of all: are the curves finite?",
        "The start of a game says little. Look at its second half: how far apart are the greatest and the least accuracy there, and what is its mean?",
        "Not finite: diverged. Swings of more than 0.25 in the second half: oscillating. Mean accuracy under 0.3: labels swapped; above 0.8: too strong. "
        "What is left guesses: mean auc above 0.75: too weak, else balanced.",
    ),
)

# ---- the best discriminator there is, and what it measures


def _on_a_grid(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def density(grid: Tensor, dx: float, *bumps: tuple[float, float]) -> Tensor:
        logs = torch.stack([-0.5 * ((grid - mu) / sigma) ** 2 - math.log(sigma) for mu, sigma in bumps])
        log_density = torch.logsumexp(logs, 0)
        return log_density - torch.logsumexp(log_density, 0) - math.log(dx)

    def one(p: list, q: list, note: str = "", dtype: torch.dtype = torch.float32, points: int = 401) -> Probe:
        shift, stretch = torch.rand(2, generator=generator).tolist()
        grid = torch.linspace(-12, 12, points, dtype=torch.float64)
        dx = (grid[1] - grid[0]).item()
        p, q = (density(grid, dx, *((mu + 0.5 * shift, sigma * (1 + 0.2 * stretch)) for mu, sigma in bumps)) for bumps in (p, q))
        return Probe({"log_p": p.to(dtype), "log_q": q.to(dtype), "dx": dx}, seed, note)

    narrow, wide, two = [(1.0, 0.5)], [(-0.5, 1.2)], [(-2.0, 0.4), (1.5, 0.6)]
    return [
        one(narrow, wide),
        one(two, narrow, "with two bumps against one"),
        one(wide, wide, "with two equal densities"),
        one([(-9.0, 0.1)], [(9.0, 0.1)], "with densities that don't overlap"),
        one(wide, two, "in float64", torch.float64),
        one(two, wide, "on a coarser grid", points=161),
    ]


def _reference_jensen_shannon(log_p: Tensor, log_q: Tensor, dx: float) -> Tensor:
    log_m = torch.logaddexp(log_p, log_q) - math.log(2)
    return 0.5 * dx * (log_p.exp() * (log_p - log_m) + log_q.exp() * (log_q - log_m)).sum()


def _claims_of_divergence(values: dict[str, Plain], /, **arguments: Plain) -> Iterator[Claim]:
    """With room for a tiny constant that keeps a logarithm finite: a millionth of a nat is no mistake here."""
    for claim in matches(_reference_jensen_shannon, "It should be half the KL from p to the middle, and half the KL from q to it")(
        values, **arguments
    ):
        yield claim if claim.contract else replace(claim, tolerance=claim.tolerance + 1e-6)


def _kl_on_grid(log_a, log_b, dx):
    return (log_a.exp() * (log_a - log_b)).sum() * dx


def _log_middle(log_p, log_q):
    return torch.logaddexp(log_p, log_q) - math.log(2)


def _best_loss(log_p, log_q, dx):
    advantage = log_p - log_q
    return ((log_p.exp() * F.softplus(-advantage)).sum() + (log_q.exp() * F.softplus(advantage)).sum()) * dx


def _js(log_p, log_q, dx):
    middle = _log_middle(log_p, log_q)
    return 0.5 * _kl_on_grid(log_p, middle, dx) + 0.5 * _kl_on_grid(log_q, middle, dx)


def _js_by_probabilities(log_p, log_q, dx):
    p, q = log_p.exp(), log_q.exp()
    m = (p + q) / 2
    return 0.5 * dx * (p * torch.log(p / m) + q * torch.log(q / m)).sum()


def _js_without_half_in_the_middle(log_p, log_q, dx):
    total = torch.logaddexp(log_p, log_q)
    return 0.5 * _kl_on_grid(log_p, total, dx) + 0.5 * _kl_on_grid(log_q, total, dx)


JENSEN_SHANNON = Task(
    name="08.jensen_shannon",
    points=2,
    contract="jensen_shannon(log_p, log_q, dx) -> the Jensen–Shannon divergence of p and q in nats, a tensor of shape (), in the dtype of log_p:\n"
    "½·KL(p ‖ m) + ½·KL(q ‖ m), with m = (p + q)/2. log_p, log_q: (points,), the log-densities on an even grid with spacing dx (a Python\n"
    "float); sum of p·dx = sum of q·dx = 1. They are finite, and may be so low that p and q are 0 to the computer.",
    probes=_on_a_grid,
    claims=_claims_of_divergence,
    mistakes=(
        Mistake(
            lambda log_p, log_q, dx: _js(log_p, log_q, dx) / math.log(2),
            "For densities that don't overlap, yours is 1. What is it in nats?",
        ),
        Mistake(
            lambda log_p, log_q, dx: 0.5 * (_kl_on_grid(log_p, log_q, dx) + _kl_on_grid(log_q, log_p, dx)),
            "You measure p and q from each other. Move them apart: yours grows without bound. From what are both to be measured?",
        ),
        Mistake(
            lambda log_p, log_q, dx: 2 * _js(log_p, log_q, dx),
            "For densities that don't overlap, yours is log 4, twice what it should be. Which weight has each KL in the definition? "
            "Or, if you came from the game: how many divergences are there in log 4 less what the best discriminator pays?",
        ),
        Mistake(
            _best_loss,
            "That is what the best discriminator pays: log 4 where p = q. A divergence is 0 there. How do you get from the one to the other?",
        ),
        Mistake(
            lambda log_p, log_q, dx: -_best_loss(log_p, log_q, dx),
            "That is the value of the game for the best discriminator: −log 4 where p = q. A divergence is 0 there. How do you get from the one to the other?",
        ),
        Mistake(
            lambda log_p, log_q, dx: _js(log_p, log_q, dx) / dx,
            "Make the grid twice as fine: yours doubles. What turns a sum over a grid into an integral?",
        ),
        Mistake(
            lambda log_p, log_q, dx: _js(log_p, log_q, dx) / dx / len(log_p),
            "A mean over the grid: make the grid wider, with nothing new on it, and yours shrinks. What turns a sum over a grid into an integral?",
        ),
        Mistake(
            _js_by_probabilities,
            "Right, until a density is 0 to the computer: what is 0/0, and its logarithm? You are given log-densities: can you do the division with them?",
        ),
        Mistake(
            lambda log_p, log_q, dx: _kl_on_grid(log_p, _log_middle(log_p, log_q), dx),
            "Swap p and q: the divergence must stay as it is. Does yours? Which half is missing?",
        ),
        Mistake(
            _js_without_half_in_the_middle,
            "For p = q yours is −log 2, and no divergence is below 0. Is what you measure from a density: what is its integral?",
        ),
        Mistake(
            lambda log_p, log_q, dx: _kl_on_grid(log_p, log_q, dx),
            "That is KL(p ‖ q). What is there in the middle of the two?",
        ),
        Mistake(
            lambda log_p, log_q, dx: _js(log_p, log_q, dx).clamp(min=0).sqrt(),
            "That is the root, which is called the Jensen–Shannon distance. What is asked for?",
        ),
    ),
    hints=(
        "Either from the definition, with log m; or from the game: the best discriminator has the logit log p − log q. Write down what it pays, on average over p and over q.",
        "log m = log((p + q)/2) comes from torch.logaddexp without leaving the logarithms. From the game: −log D = softplus(−logit), −log(1 − D) = softplus(logit).",
        "An integral is a sum times dx. Definition: ½ Σ (p·(log p − log m) + q·(log q − log m))·dx. Game: log 2 − ½ Σ (p·softplus(−a) + q·softplus(a))·dx, a = log p − log q.",
    ),
)
