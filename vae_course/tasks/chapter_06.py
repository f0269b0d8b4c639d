"""Tasks of chapter 06, β-VAE: schedules and floors for the KL, what it is made of, how well codes fit factors, what β closes."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from .claims import is_number, is_tensor, is_tuple, matches, rounding
from .declaration import Claim, Mistake, Plain, Probe, Task
from .probes import probes_from, with_more

# ---- a weight that comes and goes


def _schedules(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def part(low: float, high: float) -> float:
        return low + (high - low) * torch.rand((), generator=generator).item()

    def one(cycle: int, place: tuple[float, float], note: str = "", **fixed) -> Probe:
        """place: where in its cycle the step lies, as a share of the way up (below 1) or beyond (up to 2, the cycle's end)."""
        period, ramp, beta = int(part(80, 400)), round(part(0.3, 0.7), 2), round(part(1.5, 8), 2)
        at = part(*place)
        share = at * ramp if at < 1 else ramp + (at - 1) * (1 - ramp)
        settings = {"step": cycle * period + int(share * period), "period": period, "ramp": ramp, "beta": beta}
        return Probe(settings | fixed, note=note)

    return [
        one(0, (0.2, 0.8)),
        one(0, (1.2, 1.8)),
        one(2, (0.2, 0.8)),
        one(3, (1.2, 1.8)),
        one(0, (0.2, 0.8), "at the first step", step=0),
        one(0, (0.2, 0.8), "at the first step of the second cycle", step=60, period=60),
        one(1, (0.3, 0.9), "with a ramp as long as the cycle", ramp=1.0),
        one(0, (0.4, 0.9), "with β = 0.5", beta=0.5),
        one(1, (1.2, 1.8), "with β = 1", beta=1.0),
    ]


def _reference_cyclical_beta(step: int, period: int, ramp: float, beta: float) -> float:
    """Read off a drawn line: from (0, 0) to the end of the ramp, then flat."""
    import numpy as np

    return float(np.interp(step % period, [0, ramp * period, period + 1], [0, beta, beta]))


def _place(step, period):
    return step % period / period


CYCLICAL_BETA = Task(
    name="06.cyclical_beta",
    points=1,
    contract="cyclical_beta(step, period, ramp, beta) -> the weight of the KL at this step of the training, a Python float.\n"
    "Steps count from 0. A cycle has `period` steps, and then the next one begins. Over the first `ramp` of a cycle (a share, 0 < ramp ≤ 1)\n"
    "the weight rises in a straight line from 0 to beta; over the rest of the cycle it is beta.",
    probes=_schedules,
    claims=matches(_reference_cyclical_beta, "The weight should lie on the line that rises from 0 to beta and then stays"),
    mistakes=(
        Mistake(
            lambda step, period, ramp, beta: beta * min(1.0, step / (ramp * period)),
            "Your weight rises once and for all. What should it be at the first step of the second cycle?",
        ),
        Mistake(
            lambda step, period, ramp, beta: beta * _place(step, period),
            "Yours reaches beta when the cycle ends. When should it be there?",
        ),
        Mistake(
            lambda step, period, ramp, beta: beta * (step % (ramp * period)) / (ramp * period),
            "Your next cycle begins as soon as the ramp is over. How long is a cycle, and what does the weight do between the ramp's end and the cycle's?",
        ),
        Mistake(
            lambda step, period, ramp, beta: beta * _place(step, period) if _place(step, period) < ramp else beta,
            "At the end of the ramp your weight jumps. How far up the ramp is a step, as a share of the ramp and not of the cycle?",
        ),
        Mistake(
            lambda step, period, ramp, beta: min(beta, _place(step, period) / ramp),
            "Double beta: the whole line must become twice as steep. In yours only the ceiling moves.",
        ),
        Mistake(
            lambda step, period, ramp, beta: min(1.0, _place(step, period) / ramp),
            "Yours never gets above 1. What is it to reach at the top?",
        ),
        Mistake(
            lambda step, period, ramp, beta: beta * (1 - min(1.0, _place(step, period) / ramp)),
            "Yours starts at beta and falls. Which should come first: learning to use z, or paying for it?",
        ),
        Mistake(
            lambda step, period, ramp, beta: beta * min(1.0, step % period / ramp),
            "Yours is at the top after one step. Is the ramp a number of steps, or a share of them?",
        ),
        Mistake(
            lambda step, period, ramp, beta: beta * min(1.0, _place(step + 1, period) / ramp),
            "At the first step of all the weight should be 0. Which number has that step?",
        ),
        Mistake(
            lambda step, period, ramp, beta: beta * _place(step, period) / ramp if _place(step, period) < ramp else 0.0,
            "After the ramp your KL is free again. What should the weight be until the cycle ends?",
        ),
    ),
    hints=(
        "First find where in its cycle the step lies. Which operation leaves what remains after whole cycles?",
        "step % period steps into the cycle, and the ramp has ramp * period of them. Their ratio says how far up we are, and beyond 1 we are up.",
        "β times the smaller of 1 and (step % period) / (ramp * period).",
    ),
)

# ---- free bits


def _kls(draw, n, d):
    """Latents from nearly idle to busy, images that differ. The floor is a number of sixteenths, so exact in every dtype."""
    busy = 0.1 * 3.0 ** torch.arange(d)
    floor = (4 + round(2 * abs(draw(1).item()))) / 16
    return {"kl": (busy * draw(n, d) ** 2).to(draw(1).dtype), "floor": floor}


def _all_idle_or_busy() -> list[Probe]:
    idle = torch.tensor([[0.01, 0.2, 0.03], [0.02, 0.1, 0.0]])
    return [
        Probe({"kl": idle, "floor": 0.5}, note="with every latent below the floor"),
        Probe({"kl": 1000 * idle + 1, "floor": 0.5}, note="with every latent far above the floor"),
    ]


def _with_gradient(function, kl: Tensor, floor: float) -> dict[str, Plain]:
    """The result and what it hands back to each entry: zeros, where nothing is handed back."""
    leaf = kl.clone().requires_grad_()
    result = function(leaf * 1, floor)
    gradient = torch.zeros_like(kl)
    if isinstance(result, Tensor) and result.requires_grad and result.dim() == 0:
        (gradient,) = torch.autograd.grad(result, leaf)
    return {"result": result, "gradient": gradient}


def _claims_of_free_bits(values: dict[str, Plain], kl: Tensor, floor: float) -> Iterator[Claim]:
    yield from is_tensor(values["result"], (), kl.dtype)
    means = [column.double().mean().item() for column in kl.t()]
    expected = math.fsum(mean if mean > floor else floor for mean in means)
    yield Claim(
        "The term should be the latents' mean KLs, each raised to the floor where it lies below, added up",
        torch.tensor(expected, dtype=torch.float64),
        values["result"],
        rounding(expected, kl.dtype),
    )
    pushed = torch.tensor([mean > floor for mean in means]).double().expand(kl.shape) / len(kl)
    what = "Training should press on the latents whose mean KL is above the floor, and on no others: ∂/∂kl"
    yield Claim(what, pushed, values["gradient"], rounding(pushed, kl.dtype))


FREE_BITS = Task(
    name="06.free_bits",
    points=1,
    contract="free_bits(kl, floor) -> the KL term of the loss with free bits, a tensor of shape () in the dtype of kl.\n"
    "kl: (batch, latent_size), the KL of each latent for each image, in nats. Each latent's KL is averaged over the batch, then raised\n"
    "to `floor` (a Python float) where it lies below, and the latents are added up. Gradients reach kl.",
    probes=with_more(
        probes_from(_kls, sizes={(7, 4): "", (1, 3): "with a batch of one", (5, 1): "with one latent", (12, 6): ""}),
        _all_idle_or_busy,
    ),
    run=_with_gradient,
    claims=_claims_of_free_bits,
    mistakes=(
        Mistake(
            lambda kl, floor: kl.clamp(min=floor).mean(0).sum(),
            "You raise the KL of each image. A latent may be busy for some images and idle for others: of what is the floor asked?",
        ),
        Mistake(
            lambda kl, floor: kl.mean(0).sum().clamp(min=floor),
            "One floor under the sum: one busy latent pays for all, and the others may close. What is the floor to hold up?",
        ),
        Mistake(
            lambda kl, floor: kl.mean(0).sum().clamp(min=floor * kl.shape[1]),
            "Your floor is as high as it should be in all, but it lies under the sum. Can one latent use up what is free, in yours?",
        ),
        Mistake(
            lambda kl, floor: kl.mean(0).clamp(max=floor).sum(),
            "Yours never charges more than the floor: a ceiling. A latent with a KL of 100, what should it pay?",
        ),
        Mistake(
            lambda kl, floor: (kl.mean(0) - floor).clamp(min=0).sum(),
            'It presses on the right latents. But with every latent below the floor yours is 0, and no KL at all: what does "raised to the floor" give?',
        ),
        Mistake(
            lambda kl, floor: kl.mean(0).sum(),
            "That is the plain KL. Where does the floor come in?",
        ),
        Mistake(
            lambda kl, floor: (kl.mean(0) + floor).sum(),
            "You add the floor. It presses on idle latents as before: does a constant change a gradient?",
        ),
        Mistake(
            lambda kl, floor: kl.mean(0).clamp(min=floor).mean(),
            "Independent latents: their KLs add up. Which operation comes last?",
        ),
        Mistake(
            lambda kl, floor: kl.sum(0).clamp(min=floor).sum(),
            "Give it the same batch twice over: your term grows. Over which axis should there be a mean before the floor?",
        ),
        Mistake(
            lambda kl, floor: kl.mean(0).clamp(min=floor),
            "One number for each latent. What is still to be done with them?",
        ),
        Mistake(
            lambda kl, floor: kl.mean(0).detach().clamp(min=floor).sum(),
            "The number is right, and training can do nothing with it: where was the way back to kl cut off?",
        ),
    ),
    hints=(
        "Three operations, in this order: a mean, a floor, a sum. The order is the whole task.",
        "The mean runs over the images (axis 0), so that a latent counts as idle only when it is so on average. clamp(min=…) is a floor.",
        "kl.mean(0), its clamp from below at the floor, its sum. Below the floor the clamp is flat, so nothing presses there.",
    ),
)

# ---- what the KL is made of


def _encoder(draw, n, d):
    a, b = d, d + 1
    q1, q2 = torch.softmax(2 * draw(n, a), 1), torch.softmax(2 * draw(n, b), 1)
    return {"q1": q1, "q2": q2, "p1": torch.softmax(0.5 * draw(a), 0), "p2": torch.softmax(0.5 * draw(b), 0)}


def _certain_encoders() -> list[Probe]:
    eye, even = torch.eye(3), torch.tensor([0.25, 0.25, 0.5])
    half = torch.full((3,), 1 / 3)
    two = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    return [
        Probe({"q1": eye, "q2": eye, "p1": even, "p2": half}, note="with two latents that say the same, without noise"),
        Probe({"q1": eye, "q2": two, "p1": half, "p2": torch.tensor([0.5, 0.5])}, note="with probabilities of 0"),
    ]


def _entropy(p: Tensor) -> Tensor:
    return torch.special.entr(p).sum()


def _joint(q1: Tensor, q2: Tensor) -> Tensor:
    """The aggregated q(z₁, z₂): (a, b)."""
    return q1.t() @ q2 / len(q1)


def _reference_split(q1: Tensor, q2: Tensor, p1: Tensor, p2: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """From entropies alone: no logarithm of a ratio is taken."""
    both, one, other = _joint(q1, q2), q1.mean(0), q2.mean(0)
    information = _entropy(both) - (_entropy(q1) + _entropy(q2)) / len(q1)
    correlation = _entropy(one) + _entropy(other) - _entropy(both)
    dimension_wise = -_entropy(one) - one @ p1.log() - _entropy(other) - other @ p2.log()
    return information, correlation, dimension_wise


PARTS = ("information", "total correlation", "dimension-wise KL")


def _claims_of_split(values: dict[str, Plain], q1: Tensor, q2: Tensor, p1: Tensor, p2: Tensor) -> Iterator[Claim]:
    got = values["result"]
    yield from is_tuple(got, 3)
    for name, one in zip(PARTS, got, strict=True):
        yield from is_tensor(one, (), q1.dtype, name=f"the {name}")
    expected = _reference_split(q1.double(), q2.double(), p1.double(), p2.double())
    tolerance = rounding(1.0, torch.float32, scale=5.0)  # room for a small number added inside a logarithm, whatever the dtype
    rate = _rate(q1.double(), q2.double(), p1.double(), p2.double())
    total = sum(one.double() for one in got)
    yield Claim("The three should add up to the mean over images of KL(q(z|x) ‖ p(z))", rate, total, tolerance)
    for name, ours, one in zip(PARTS, expected, got, strict=True):
        yield Claim(f"The {name} should be what its definition gives", ours, one, tolerance)


def _kl(q: Tensor, p: Tensor) -> Tensor:
    return (torch.xlogy(q, q) - torch.xlogy(q, p)).sum()


def _rate(q1: Tensor, q2: Tensor, p1: Tensor, p2: Tensor) -> Tensor:
    return (_kl(q1, p1) + _kl(q2, p2)) / len(q1)


def _split(q1, q2, p1, p2):
    both, one, other = _joint(q1, q2), q1.mean(0), q2.mean(0)
    apart = torch.outer(one, other)
    tables = torch.einsum("na,nb->nab", q1, q2)
    return _kl(tables, both) / len(q1), _kl(both, apart), _kl(one, p1) + _kl(other, p2)


def _with_part(number, change):
    """The right answer but for one part."""

    def wrong(q1, q2, p1, p2):
        parts = list(_split(q1, q2, p1, p2))
        parts[number] = change(q1, q2, p1, p2)
        return tuple(parts)

    return wrong


def _split_as_if_independent(q1, q2, p1, p2):
    one, other = q1.mean(0), q2.mean(0)
    return (_kl(q1, one) + _kl(q2, other)) / len(q1), q1.new_zeros(()), _kl(one, p1) + _kl(other, p2)


def _split_with_naive_logarithms(q1, q2, p1, p2):
    both, one, other = _joint(q1, q2), q1.mean(0), q2.mean(0)
    tables = torch.einsum("na,nb->nab", q1, q2)

    def kl(q, p):
        return (q * (q / p).log()).sum()

    return kl(tables, both) / len(q1), kl(both, torch.outer(one, other)), kl(one, p1) + kl(other, p2)


def _split_with_ratios_of_zeros(q1, q2, p1, p2):
    both, one, other = _joint(q1, q2), q1.mean(0), q2.mean(0)
    tables = torch.einsum("na,nb->nab", q1, q2)

    def kl(q, p):
        return torch.xlogy(q, q / p).sum()

    return kl(tables, both) / len(q1), kl(both, torch.outer(one, other)), kl(one, p1) + kl(other, p2)


SPLIT_RATE = Task(
    name="06.split_rate",
    points=2,
    contract="split_rate(q1, q2, p1, p2) -> (information, total_correlation, dimension_wise), in nats, three tensors of shape ().\n"
    "An encoder with two latents that take a few values each. q1: (n, a) and q2: (n, b) hold, for each of n equally likely images, the probabilities of\n"
    "the values of z₁ and z₂, independent given x. p1: (a,) and p2: (b,) are the prior, all positive. q1 and q2 may hold zeros.\n"
    "With q(z) the mean over images of q(z|x): information = mean of KL(q(z|x) ‖ q(z)), total_correlation = KL(q(z) ‖ q(z₁)q(z₂)),\n"
    "dimension_wise = KL(q(z₁) ‖ p₁) + KL(q(z₂) ‖ p₂).",
    probes=with_more(
        probes_from(
            _encoder, sizes={(7, 3): "", (1, 3): "with a single image", (4, 1): "with a first latent that has one value", (6, 5): ""}
        ),
        _certain_encoders,
    ),
    claims=_claims_of_split,
    mistakes=(
        Mistake(
            _split_as_if_independent,
            "Your q(z) is the product of q(z₁) and q(z₂), so there is nothing for the total correlation to see. z₁ and z₂ are independent for one image: are they for the mixture of all?",
        ),
        Mistake(
            _with_part(0, lambda q1, q2, p1, p2: (_kl(q1, q1.mean(0)) + _kl(q2, q2.mean(0))) / len(q1)),
            "You add what z₁ tells of x and what z₂ tells of x. If both say the same, is it said twice?",
        ),
        Mistake(
            _with_part(0, _rate),
            "Your information is measured from the prior: that is the whole KL, which the three are to share. From what is it measured in the definition?",
        ),
        Mistake(
            _with_part(0, lambda q1, q2, p1, p2: len(q1) * _split(q1, q2, p1, p2)[0]),
            "List every image twice: the information must stay. Yours doubles. Is it a sum over images, or a mean?",
        ),
        Mistake(
            _with_part(1, lambda q1, q2, p1, p2: q1.new_zeros(())),
            "For each image z₁ and z₂ are independent, and yours is 0. Of which distribution is the total correlation taken?",
        ),
        Mistake(
            _with_part(1, lambda q1, q2, p1, p2: _kl(torch.outer(q1.mean(0), q2.mean(0)), _joint(q1, q2))),
            "Your total correlation is measured the other way round. Which of the two tables is the average taken under?",
        ),
        Mistake(
            _with_part(2, lambda q1, q2, p1, p2: _kl(_joint(q1, q2), torch.outer(p1, p2))),
            "Your third part is KL(q(z) ‖ p(z)), all of it. The total correlation is in there, too, and is counted twice. Which distributions does the definition compare?",
        ),
        Mistake(
            _with_part(2, lambda q1, q2, p1, p2: _kl(p1, q1.mean(0)) + _kl(p2, q2.mean(0))),
            "Your third part starts from the prior. In KL(q ‖ p), which of the two is the average taken under?",
        ),
        Mistake(
            _split_with_naive_logarithms,
            "Right, but for probabilities of 0: there 0 · log 0 comes up, or 0/0 inside the logarithm. What does a value that never occurs add to a KL?",
        ),
        Mistake(
            _split_with_ratios_of_zeros,
            "Right, but where a value never occurs for any image: your ratio is 0/0 there. Can the two logarithms be taken apart?",
        ),
        Mistake(
            lambda q1, q2, p1, p2: tuple(part / math.log(2) for part in _split(q1, q2, p1, p2)),
            "The proportions are right. In which unit is it asked for: bits, or nats?",
        ),
    ),
    hints=(
        "Make three tables first: q(z|x) of shape (n, a, b), from the product of q1 and q2 for each image; its mean over images; and the outer product of q1.mean(0) and q2.mean(0).",
        "Then all three parts are KLs between tables, and one function Σ q log(q/p) does them all. torch.xlogy(q, p) is q log p, and 0 where q is 0.",
        'einsum("na,nb->nab", q1, q2) gives the table for each image. information: Σ over it against its mean, divided by n. Check that the three add up to the rate.',
    ),
)

# ---- the mutual information gap


def _coded_factors(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    def sorted_into(values: Tensor, bins: int) -> Tensor:
        return (values + bins / 2).round().clamp(0, bins - 1).long()

    def one(n: int, factors: int, latents: int, note: str = "", dead: bool = False) -> Probe:
        levels = torch.stack([sorted_into((1 + 0.4 * i) * draw(n), 3 + i) for i in range(factors)], 1)
        levels[:2] = torch.tensor([[0], [2]])  # no factor stays the same
        mixing = torch.eye(factors, latents).double() * 2 + 0.6 * draw(factors, latents)
        codes = (levels.double() - levels.double().mean(0)) @ mixing
        codes = torch.stack([sorted_into(column, 8) for column in (codes + 0.5 * draw(n, latents)).t()], 1)
        if dead:
            codes[:, latents - 1] = 5
        return Probe({"codes": codes, "factors": levels}, seed, note)

    # every pair of a bin and a level occurs at least once, and the first latent leans towards the factor
    pairs = torch.cartesian_prod(torch.arange(3), torch.arange(3), torch.arange(3))
    level = torch.randint(3, (40,), generator=generator)
    lean = torch.where(draw(40) > -0.3, level, torch.randint(3, (40,), generator=generator))
    more = torch.stack([lean, torch.randint(3, (40,), generator=generator), level], 1)
    met = torch.cat([pairs, more])

    made = [
        Probe({"codes": met[:, :2].contiguous(), "factors": met[:, 2:].contiguous()}, seed, "where every bin meets every level"),
        one(200, 3, 4),
        one(150, 2, 5, "with a dead latent", dead=True),
        one(60, 1, 3, "with one factor"),
        one(80, 3, 2, "with two latents"),
        one(30, 2, 3, "with few images"),
    ]
    ordered = torch.arange(24)
    perfect = {"codes": torch.stack([ordered % 3, ordered // 6, 0 * ordered], 1), "factors": torch.stack([ordered % 3, ordered // 6], 1)}
    return [*made, Probe(perfect, note="with a latent for each factor, without noise")]


def _reference_mig(codes: Tensor, factors: Tensor) -> float:
    """From entropies: I(z; v) = H(z) + H(v) − H(z, v), each from counts of rows."""
    import numpy as np

    def entropy(*columns) -> float:
        p = np.unique(np.stack(columns), axis=1, return_counts=True)[1] / len(columns[0])
        return float(-(p * np.log(p)).sum())

    gaps = []
    for factor in factors.t().numpy():
        shared = sorted(entropy(code) + entropy(factor) - entropy(code, factor) for code in codes.t().numpy())
        gaps.append((shared[-1] - shared[-2]) / entropy(factor))
    return float(np.mean(gaps))


def _claims_of_mig(values: dict[str, Plain], codes: Tensor, factors: Tensor) -> Iterator[Claim]:
    yield from is_number(values["result"])
    expected = _reference_mig(codes, factors)
    tolerance = rounding(expected, torch.float32)
    yield Claim(
        "The MIG should be the mean over factors of (best − second best information) / entropy",
        expected,
        float(values["result"]),
        tolerance,
    )


def _shares(a: Tensor, b: Tensor) -> Tensor:
    """How often the values of two columns meet: (values of a, values of b), adding up to 1."""
    rows, columns = int(a.max()) + 1, int(b.max()) + 1
    return torch.bincount(a * columns + b, minlength=rows * columns).view(rows, columns).double() / len(a)


def _information_of(table: Tensor) -> Tensor:
    apart = table.sum(1, keepdim=True) * table.sum(0)
    return torch.where(table > 0, table * (table / apart).log(), torch.zeros_like(table)).sum()


def _information(codes: Tensor, factors: Tensor) -> Tensor:
    """(latents, factors), in nats."""
    return torch.stack([torch.stack([_information_of(_shares(code, factor)) for factor in factors.t()]) for code in codes.t()])


def _entropies(factors: Tensor) -> Tensor:
    return torch.stack([_information_of(_shares(factor, factor)) for factor in factors.t()])


def _gaps(information: Tensor) -> Tensor:
    best = information.topk(2, dim=0).values
    return best[0] - best[1]


def _mig_of_correlations(codes, factors):
    both = torch.cat([codes, factors], 1).double()
    return _gaps(torch.corrcoef(both.t())[: codes.shape[1], codes.shape[1] :].abs().nan_to_num()).mean().item()


def _mig_with_naive_logarithm(codes, factors):
    def information(code, factor):
        table = _shares(code, factor)
        return (table * (table / (table.sum(1, keepdim=True) * table.sum(0))).log()).sum()

    table = torch.stack([torch.stack([information(code, factor) for factor in factors.t()]) for code in codes.t()])
    return (_gaps(table) / _entropies(factors)).mean().item()


def _mig_by_entropies_of_codes(codes, factors):
    return _gaps((_information(codes, factors) / _entropies(codes).unsqueeze(1)).nan_to_num()).mean().item()


def _mig_by_both_entropies(codes, factors):
    halfway = (_entropies(codes).unsqueeze(1) + _entropies(factors)) / 2
    return _gaps(_information(codes, factors) / halfway).mean().item()


def _mig_over_the_other_axis(codes, factors):
    shares = _information(codes, factors) / _entropies(factors)
    best = shares.topk(2, dim=1).values
    return (best[:, 0] - best[:, 1]).mean().item()


MIG = Task(
    name="06.mig",
    points=2,
    contract="mig(codes, factors) -> the mutual information gap, a Python float.\n"
    "codes: (n, latent_size), integers from 0: the bin that each latent's posterior mean lies in, for n images; at least two latents.\n"
    "factors: (n, number of factors), integers from 0: the true level of each factor, none of them the same in all images.\n"
    "For each factor: the information that the best latent has about it, less that of the second best, divided by the factor's entropy.\n"
    "Then the mean over factors. All probabilities are shares of the n images.",
    probes=_coded_factors,
    claims=_claims_of_mig,
    mistakes=(
        Mistake(
            lambda codes, factors: _gaps(_information(codes, factors)).mean().item(),
            "A perfect code should have a MIG of 1. Yours grows with the number of levels. What is the most that can be known of a factor?",
        ),
        Mistake(
            lambda codes, factors: (
                (_gaps(_information(codes, factors)) / torch.tensor([math.log(len(factor.unique())) for factor in factors.t()]))
                .mean()
                .item()
            ),
            "You divide by the logarithm of the number of levels. When is that a factor's entropy, and when is it too much?",
        ),
        Mistake(
            _mig_by_entropies_of_codes,
            "You divide by the entropy of the latent. Use more bins: a code that tells everything gets a lower score. What is the share of: what is known of the factor, or of the latent?",
        ),
        Mistake(
            _mig_by_both_entropies,
            "You divide by the mean of both entropies, as a normalised mutual information does. A latent may tell more than the factor without harm. By which entropy alone is it divided?",
        ),
        Mistake(
            lambda codes, factors: (_information(codes, factors).amax(0) / _entropies(factors)).mean().item(),
            "Let two latents carry the same factor: nobody could say which one holds it. Your score stays high. Where is the gap?",
        ),
        Mistake(
            lambda codes, factors: (
                ((_information(codes, factors).amax(0) - _information(codes, factors).amin(0)) / _entropies(factors)).mean().item()
            ),
            "You compare the best latent with the worst. One dead latent makes that easy. With which one should it be compared?",
        ),
        Mistake(
            lambda codes, factors: (
                (
                    (
                        _information(codes, factors).amax(0)
                        - (_information(codes, factors).sum(0) - _information(codes, factors).amax(0)) / (codes.shape[1] - 1)
                    )
                    / _entropies(factors)
                )
                .mean()
                .item()
            ),
            "You compare the best latent with the average of the others. Add dead latents: your score improves. With which one should it be compared?",
        ),
        Mistake(
            _mig_over_the_other_axis,
            "For each latent you look for its two best factors. That asks whether a latent is pure. What asks whether a factor lives in one place?",
        ),
        Mistake(
            lambda codes, factors: (_gaps(_information(codes, factors)) / _entropies(factors)).sum().item(),
            "More factors, a higher score, and more than 1 for a perfect code. How are the factors' gaps put together?",
        ),
        Mistake(
            lambda codes, factors: (_gaps(_information(codes, factors)).sum() / _entropies(factors).sum()).item(),
            "You average first and divide afterwards, so a factor with many levels counts more. Which comes first?",
        ),
        Mistake(
            lambda codes, factors: (_gaps(_information(codes, factors)) / math.log(2) / _entropies(factors)).mean().item(),
            "Bits above the line, nats below it. What does a perfect code get?",
        ),
        Mistake(
            _mig_with_naive_logarithm,
            "Some pairs of a bin and a level never meet: there 0 · log 0 comes up. What is its limit, and how do you get it?",
        ),
        Mistake(
            _mig_of_correlations,
            "A correlation sees straight lines only. A latent that tells the shape 0, 2, 1 in this order knows everything: what does a correlation say of it?",
        ),
    ),
    hints=(
        "For one latent and one factor, make the table of shares p(z, v): how many of the n images lie in each pair of bin and level.",
        "I(z; v) = Σ p log(p / (p(z) p(v))) over the pairs that occur, with the table's row and column sums. A factor's entropy is I(v; v).",
        "Put all I into a table, one row a latent and one column a factor. topk(2, dim=0) gives best and second best of each column; divide, then average.",
    ),
)

# ---- what β closes


def _spectra(seed: int) -> list[Probe]:
    """sigma is a number of eighths and beta one of quarters: β·σ² is exact in every dtype."""
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(d: int, note: str = "", dtype: torch.dtype = torch.float32, **fixed) -> Probe:
        sigma = int(torch.randint(5, 8, (), generator=generator)) / 8
        beta = int(torch.randint(5, 13, (), generator=generator)) / 4
        spread = torch.exp(1.2 * torch.randn(d, generator=generator, dtype=torch.float64))
        spread[::2] += 1.5  # some that stay open
        spread[1::2] *= 0.2  # and some that close
        return Probe({"variance": (beta * sigma**2 * spread).to(dtype), "sigma": sigma, "beta": beta} | fixed, note=note)

    return [
        one(6),
        one(1, "with one latent"),
        one(9),
        one(5, "with β = 1", beta=1.0),
        one(5, "with σ = 1", sigma=1.0),
        one(6, "in float64", torch.float64),
        one(4, "with a β that closes every latent", beta=4096.0),
        one(4, "with a very small β", beta=0.0009765625),
    ]


def _reference_best_code(variance: Tensor, sigma: float, beta: float) -> tuple[Tensor, Tensor]:
    """By bisection on the loss's own slope, from a step in the imaginary direction: nothing is differentiated or solved by hand."""
    import numpy as np

    widths = variance.numpy()
    low, high = widths * 1e-6, widths.copy()
    for _ in range(56):
        error = (low + high) / 2 + 1e-30j
        slope = (error / (2 * sigma**2) + beta * 0.5 * np.log(widths / error)).imag
        low, high = np.where(slope < 0, error.real, low), np.where(slope < 0, high, error.real)
    return torch.from_numpy(0.5 * np.log(widths / high)), torch.from_numpy(high)


def _code(variance, error):
    return 0.5 * (variance / error).log(), error


def _best_code(variance, sigma, beta):
    return _code(variance, torch.full_like(variance, beta * sigma**2).minimum(variance))


BEST_CODE = Task(
    name="06.best_code",
    points=2,
    contract="best_code(variance, sigma, beta) -> (kl, error), what the best β-VAE pays and leaves in each latent.\n"
    "variance: (latent_size,), positive: the data are Gaussian with independent coordinates of these variances, one latent for each.\n"
    "sigma, beta: positive Python floats. A code that leaves the mean squared error D of a coordinate of variance λ costs a KL of at least ½ log(λ/D) nats,\n"
    "0 < D ≤ λ, and a VAE can reach that. The loss of a coordinate is D/(2·sigma²) + beta·KL. Return the KL and the D that make it smallest,\n"
    "both (latent_size,), in the dtype of variance.",
    probes=_spectra,
    claims=matches(
        _reference_best_code,
        "The code should have the smallest loss",
        scale=lambda variance, sigma, beta: variance.max() + 5,
        parts=("kl", "error"),
    ),
    mistakes=(
        Mistake(
            lambda variance, sigma, beta: _code(variance, torch.full_like(variance, beta * sigma**2)),
            "Some of your KLs are negative, and some errors greater than the variance. What does a latent cost that carries nothing, and what error does it leave?",
        ),
        Mistake(
            lambda variance, sigma, beta: (_best_code(variance, sigma, beta)[0], torch.full_like(variance, beta * sigma**2)),
            "Your KLs are right. But a decoder that knows nothing still knows the mean: how great can the error be, at most?",
        ),
        Mistake(
            lambda variance, sigma, beta: _best_code(variance, sigma, 1.0),
            "Change beta: yours does not move. Where does it stand in the loss?",
        ),
        Mistake(
            lambda variance, sigma, beta: _best_code(variance, math.sqrt(sigma), beta),
            "At σ = 1 you are right. An error is a squared distance: with which power of σ is it compared?",
        ),
        Mistake(
            lambda variance, sigma, beta: _best_code(variance, sigma, 1 / beta),
            "A greater β makes information dearer. Does your code then keep less, or more?",
        ),
        Mistake(
            lambda variance, sigma, beta: _best_code(variance, sigma / math.sqrt(2), beta),
            "Your D is half of what it should be. Which ½ in the loss got lost when you took the slope?",
        ),
        Mistake(
            lambda variance, sigma, beta: _best_code(variance, sigma * math.sqrt(2), beta),
            "Your D is twice what it should be. Which ½ in the loss got lost when you took the slope?",
        ),
        Mistake(
            lambda variance, sigma, beta: (2 * _best_code(variance, sigma, beta)[0], _best_code(variance, sigma, beta)[1]),
            "Your errors are right. How many nats does a code cost that leaves this D? Is it log(λ/D)?",
        ),
        Mistake(
            lambda variance, sigma, beta: (_best_code(variance, sigma, beta)[0] / math.log(2), _best_code(variance, sigma, beta)[1]),
            "Your errors are right, your KLs are in bits. Which unit is asked for?",
        ),
        Mistake(
            lambda variance, sigma, beta: (beta * _best_code(variance, sigma, beta)[0], _best_code(variance, sigma, beta)[1]),
            "Your errors are right. Is it the KL that you return, or what the loss charges for it?",
        ),
        Mistake(
            lambda variance, sigma, beta: (_best_code(variance, sigma, beta)[0], variance - _best_code(variance, sigma, beta)[1]),
            "Your KLs are right. Is it the error that you return, or what the code explains?",
        ),
    ),
    hints=(
        "One coordinate at a time. Write the loss as a function of D alone, and set its slope to 0. Where does the slope's sign tell you to go if that D is out of reach?",
        "The slope of D/(2σ²) + β·½ log(λ/D) is 1/(2σ²) − β/(2D). D may not exceed λ: if the slope is still negative there, D = λ is best.",
        "D is the smaller of β·σ² and λ, and the KL is ½ log(λ/D), which is 0 where D = λ. torch.minimum, or clamp, does the choice.",
    ),
)
