"""Tasks of chapter 10, the hierarchical VAE: two beliefs merged, a stack drawn and drawn anew, each level's KL, and a bound without a closed form."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence

from .claims import is_tensor, is_tuple, matches, rounding
from .declaration import Claim, Mistake, Plain, Probe, Task
from .probes import Draw, probes_from, with_more

LOG_2PI = math.log(2 * math.pi)


def _conditional(weight: Tensor, bias: Tensor) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """A level of the prior: the latents of the level above → (mu, log_var) of the level below, of one layer."""

    def conditional(above: Tensor) -> tuple[Tensor, Tensor]:
        if above.dim() != 2 or above.shape[1] != len(weight):
            raise ValueError(f"this level of the prior takes latents of shape (n, {len(weight)}), got {tuple(above.shape)}.")
        mu, spread = (above @ weight + bias).chunk(2, -1)
        return mu, 1.5 * torch.tanh(spread)

    return conditional


def _parameters(draw: Draw, above: int, below: int) -> tuple[Tensor, Tensor]:
    """The weight and the bias of a level of the prior, none of whose variances is near 1 for all inputs."""
    return 0.7 * draw(above, 2 * below), 0.6 * draw(2 * below)


def _sigma(log_var):
    return torch.exp(log_var / 2)


# ---- two beliefs about one latent


def _two_beliefs(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    return {"mu_1": 2 * draw(n, d), "log_var_1": draw(n, d) - 1, "mu_2": draw(n, d), "log_var_2": 1.2 * draw(n, d)}


def _sure_and_unsure() -> list[Probe]:
    mu_1, mu_2 = torch.tensor([[2.0, -1.0, 0.5]]), torch.tensor([[-1.0, -1.0, 1.5]])
    sure, equal = torch.tensor([[-3.0, 3.0, -3.0]]), torch.tensor([[0.5, -2.0, 1.0]])
    return [
        Probe({"mu_1": mu_1, "log_var_1": sure, "mu_2": mu_2, "log_var_2": -sure}, note="with one Gaussian much surer than the other"),
        Probe({"mu_1": mu_1, "log_var_1": equal, "mu_2": mu_2, "log_var_2": equal}, note="with two that are equally sure"),
    ]


def _reference_merge(mu_1: Tensor, log_var_1: Tensor, mu_2: Tensor, log_var_2: Tensor) -> tuple[Tensor, Tensor]:
    """As a filter does it: start from the first, and move by the share of its variance in both."""
    share = torch.sigmoid(log_var_1 - log_var_2)
    return mu_1 + share * (mu_2 - mu_1), log_var_1 + log_var_2 - torch.logaddexp(log_var_1, log_var_2)


def _with_room(claims: Callable[..., Iterator[Claim]]) -> Callable[..., Iterator[Claim]]:
    """The same claims, a millionth wider: a tiny constant that keeps a division finite is no mistake here."""

    def wider(values: dict[str, Plain], /, **arguments: Plain) -> Iterator[Claim]:
        for claim in claims(values, **arguments):
            yield claim if claim.contract else replace(claim, tolerance=claim.tolerance + 1e-6)

    return wider


def _merged(mu_1, log_var_1, mu_2, log_var_2):
    precision_1, precision_2 = (-log_var_1).exp(), (-log_var_2).exp()
    variance = 1 / (precision_1 + precision_2)
    return (mu_1 * precision_1 + mu_2 * precision_2) * variance, variance.log()


def _merged_with(precision_of):
    """The right formulas with something else for a precision."""

    def merge(mu_1, log_var_1, mu_2, log_var_2):
        precision_1, precision_2 = precision_of(log_var_1), precision_of(log_var_2)
        variance = 1 / (precision_1 + precision_2)
        return (mu_1 * precision_1 + mu_2 * precision_2) * variance, variance.log()

    return merge


def _merged_but(mu=None, log_var=None):
    """The right answer but for one of its parts."""

    def merge(mu_1, log_var_1, mu_2, log_var_2):
        right = _merged(mu_1, log_var_1, mu_2, log_var_2)
        given = (mu_1, log_var_1, mu_2, log_var_2)
        return right[0] if mu is None else mu(*given), right[1] if log_var is None else log_var(*given)

    return merge


def _weighted_by_variances(mu_1, log_var_1, mu_2, log_var_2):
    return (mu_1 * log_var_1.exp() + mu_2 * log_var_2.exp()) / (log_var_1.exp() + log_var_2.exp())


def _halfway(mu_1, log_var_1, mu_2, log_var_2):
    return (mu_1 + mu_2) / 2


def _variances_added(mu_1, log_var_1, mu_2, log_var_2):
    return (log_var_1.exp() + log_var_2.exp()).log()


def _variances_averaged(mu_1, log_var_1, mu_2, log_var_2):
    return ((log_var_1.exp() + log_var_2.exp()) / 2).log()


def _precisions_averaged(mu_1, log_var_1, mu_2, log_var_2):
    return (2 / ((-log_var_1).exp() + (-log_var_2).exp())).log()


def _mixed(mu_1, log_var_1, mu_2, log_var_2):
    """Mean and variance of a mixture of the two."""
    variance = (log_var_1.exp() + log_var_2.exp()) / 2 + (mu_1 - mu_2) ** 2 / 4
    return (mu_1 + mu_2) / 2, variance.log()


MERGE = Task(
    name="10.merge",
    points=1,
    contract="merge(mu_1, log_var_1, mu_2, log_var_2) -> (mu, log_var) of the Gaussian that is proportional to the product of two Gaussian densities,\n"
    "N(z; mu_1, exp(log_var_1)) · N(z; mu_2, exp(log_var_2)): precisions add up, and each mean counts by its precision.\n"
    "All four arguments and both results: (batch, latent_size), each latent for itself, in one dtype.",
    probes=with_more(probes_from(_two_beliefs), _sure_and_unsure),
    claims=_with_room(
        matches(
            _reference_merge,
            "The Gaussian should be proportional to the product of the two",
            parts=("mu", "log_var"),
            scale=lambda mu_1, log_var_1, mu_2, log_var_2: mu_1.abs() + mu_2.abs() + log_var_1.abs() + log_var_2.abs(),
        )
    ),
    mistakes=(
        Mistake(
            _merged_but(mu=_weighted_by_variances),
            "Your variance is right. But let the first Gaussian be all but certain: its variance goes to 0, and so does its weight in your mean. Who should win?",
        ),
        Mistake(
            _merged_but(mu=_halfway),
            "Your variance is right. Your mean is halfway between the two, however sure each of them is. A coarse ruler and a fine one: which reading counts more?",
        ),
        Mistake(
            _merged_with(torch.exp),
            "exp(log_var) is a variance. You used it where a precision belongs: is a Gaussian with a great one sure, or unsure?",
        ),
        Mistake(
            _merged_but(_weighted_by_variances, _variances_averaged),
            "You weighted by variances and averaged them. Hear two independent witnesses who agree: are you less sure than of the surer one alone, or more?",
        ),
        Mistake(
            _merged_but(log_var=_variances_added),
            "Your mean is right. Your variance is greater than either of the two: that is the variance of a sum of two numbers. Does a second witness make you less sure?",
        ),
        Mistake(
            _merged_but(_halfway, _variances_added),
            "A mean halfway between the two, and a variance greater than either: none of them counts by how sure it is. What adds up when two Gaussian densities are multiplied?",
        ),
        Mistake(
            _merged_but(lambda mu_1, log_var_1, mu_2, log_var_2: mu_1 + mu_2, _variances_added),
            "That is the distribution of z_1 + z_2, two numbers added. Here there is one number, and two opinions of it. Which operation on the densities is asked for?",
        ),
        Mistake(
            _merged_but(_halfway, _variances_averaged),
            "Both parts are plain averages. Let one of the two be all but certain: should the other one still have half a say?",
        ),
        Mistake(
            _merged_but(log_var=_variances_averaged),
            "Your mean is right. Two opinions that agree: your variance lies between theirs. What happens to precisions when densities are multiplied?",
        ),
        Mistake(
            _merged_but(_halfway, lambda mu_1, log_var_1, mu_2, log_var_2: (log_var_1 + log_var_2) / 2),
            "You averaged what you were given, log-variances and all. Which quantity of a Gaussian adds up when densities are multiplied?",
        ),
        Mistake(
            _merged_but(log_var=_precisions_averaged),
            "Your mean is right. Merge a Gaussian with itself: yours comes back unchanged. Two independent witnesses who say the same, are they worth no more than one?",
        ),
        Mistake(
            _mixed,
            "Those are mean and variance of a mixture: z comes from the one or from the other. Here both speak of the same z. Sum of the densities, or product?",
        ),
        Mistake(
            _merged_with(lambda log_var: torch.exp(-log_var / 2)),
            "Your precisions are 1/σ. Write log of a Gaussian density: by what is (z − μ)² divided?",
        ),
        Mistake(
            _merged_with(lambda log_var: torch.exp(-2 * log_var)),
            "Your precisions are 1/σ⁴: you squared exp(log_var), as if it were σ. What is it?",
        ),
        Mistake(
            _merged_with(lambda log_var: 1 / log_var),
            "Some of your variances are negative. Is what you are given σ², or its logarithm?",
        ),
        Mistake(
            _merged_with(lambda log_var: 1 / log_var**2),
            "You took log σ² for σ. Which function leads from a logarithm back to the thing itself?",
        ),
        Mistake(
            _merged_but(log_var=lambda *given: _merged(*given)[1].exp()),
            "Your mean is right. Of the variance you return the value itself. What does the contract ask for?",
        ),
        Mistake(
            _merged_but(log_var=lambda *given: (-_merged(*given)[1]).exp()),
            "Your mean is right. Your second result is the precision itself. What does the contract ask for, and how does it follow from that?",
        ),
        Mistake(
            _merged_but(log_var=lambda *given: -_variances_added(*given)),
            "Your mean is right. In your second result there is one over a sum of variances. What adds up: variances, or precisions?",
        ),
        Mistake(
            _merged_but(log_var=lambda mu_1, log_var_1, mu_2, log_var_2: log_var_1 + log_var_2),
            "Your mean is right. You added log-variances, so your variance is the product of both. Merge two Gaussians with σ² = 4: does a second witness make it 16?",
        ),
        Mistake(
            _merged_but(log_var=lambda mu_1, log_var_1, mu_2, log_var_2: torch.minimum(log_var_1, log_var_2)),
            "Your mean is right. Your result is as sure as the surer of the two, and no surer. Two independent witnesses who say the same: are they worth no more than one?",
        ),
        Mistake(
            lambda mu_1, log_var_1, mu_2, log_var_2: (torch.where(log_var_1 < log_var_2, mu_1, mu_2), torch.minimum(log_var_1, log_var_2)),
            "The surer one wins, and the other one is not heard. Let both be nearly equally sure: should a hair decide?",
        ),
        Mistake(
            _merged_but(mu=lambda *given: _merged(*given)[0] / _merged(*given)[1].exp() / 2),
            "Your variance is right. You weighted the means by precisions and divided by 2. What are the weights of a weighted mean to add up to?",
        ),
        Mistake(
            _merged_but(log_var=lambda *given: -_merged(*given)[1]),
            "Your mean is right. Merging makes surer, so log σ² must fall. Is yours the logarithm of a variance, or of a precision?",
        ),
        Mistake(
            _merged_but(log_var=lambda *given: _merged(*given)[1] / 2),
            "Your mean is right. Your second result is log σ. Which power of σ is asked for?",
        ),
        Mistake(
            _merged_but(log_var=lambda *given: 1 / ((-given[1]).exp() + (-given[3]).exp()).log()),
            "Your mean is right. You took the logarithm first and the reciprocal of it then. In which order do a precision and log σ² follow from each other?",
        ),
        Mistake(
            _merged_but(mu=lambda mu_1, log_var_1, mu_2, log_var_2: mu_1 * (-log_var_1).exp() + mu_2 * (-log_var_2).exp()),
            "Your variance is right. Merge a Gaussian with itself: the mean must stay. By what is a weighted sum divided?",
        ),
    ),
    hints=(
        "Write the logarithm of the product as a function of z: it is a parabola again. Which numbers stand before z² and before z?",
        "The precision 1/σ² = exp(−log σ²) stands before z² (times −½), and μ/σ² before z. Both add up when the logarithms do.",
        "Variance: one over the sum of both precisions. Mean: each mean times its precision, added up, times that variance. Then the logarithm of the variance.",
    ),
)

# ---- a stack is drawn from the top


def _noise(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    weight, bias = _parameters(draw, d, d + 1)
    return {"weight": weight, "bias": bias, "epsilon_1": draw(n, d + 1), "epsilon_2": draw(n, d)}


def _drawn(function, weight: Tensor, bias: Tensor, epsilon_1: Tensor, epsilon_2: Tensor) -> dict[str, Plain]:
    return {"result": function(_conditional(weight, bias), epsilon_1, epsilon_2)}


def _reference_sample_prior(weight: Tensor, bias: Tensor, epsilon_1: Tensor, epsilon_2: Tensor) -> Tensor:
    """Row by row and number by number."""
    given = _conditional(weight, bias)
    rows = []
    for bottom, top in zip(epsilon_1, epsilon_2, strict=True):
        mu, log_var = (part[0].tolist() for part in given(top[None]))
        below = [m + math.exp(v / 2) * e for m, v, e in zip(mu, log_var, bottom.tolist(), strict=True)]
        rows.append(below + top.tolist())
    return torch.tensor(rows, dtype=torch.float64)


def _sampled_with(below):
    """z_1 from (mu, log_var, epsilon_1), side by side with z_2."""

    def sample(top_down, epsilon_1, epsilon_2):
        return torch.cat([below(*top_down(epsilon_2), epsilon_1), epsilon_2], -1)

    return sample


def _z_1_of(top_down, epsilon_1, epsilon_2):
    mu, log_var = top_down(epsilon_2)
    return mu + _sigma(log_var) * epsilon_1


def _given_the_mean_above(top_down, epsilon_1, epsilon_2):
    return torch.cat([_z_1_of(top_down, epsilon_1, torch.zeros_like(epsilon_2)), epsilon_2], -1)


def _given_its_own_noise(top_down, epsilon_1, epsilon_2):
    return torch.cat([_z_1_of(top_down, epsilon_1, epsilon_1), epsilon_2], -1)


def _noise_side_by_side(top_down, epsilon_1, epsilon_2):
    return torch.cat([epsilon_1, epsilon_2], -1)


def _top_first(top_down, epsilon_1, epsilon_2):
    return torch.cat([epsilon_2, _z_1_of(top_down, epsilon_1, epsilon_2)], -1)


def _noise_of_its_own(top_down, epsilon_1, epsilon_2):
    mu, log_var = top_down(epsilon_2)
    return torch.cat([mu + _sigma(log_var) * torch.randn_like(mu), epsilon_2], -1)


def _all_noise_of_its_own(top_down, epsilon_1, epsilon_2):
    z_2 = torch.randn_like(epsilon_2)
    mu, log_var = top_down(z_2)
    return torch.cat([mu + _sigma(log_var) * torch.randn_like(mu), z_2], -1)


SAMPLE_PRIOR = Task(
    name="10.sample_prior",
    points=1,
    contract="sample_prior(top_down, epsilon_1, epsilon_2) -> z, draws from p(z_2) p(z_1|z_2) made out of the given noise, z_1 and z_2 side by side:\n"
    "(n, latent_1 + latent_2), z_1 (the bottom level) first. p(z_2) = N(0, I); p(z_1|z_2) = N(mu, exp(log_var)) with mu, log_var = top_down(z_2).\n"
    "top_down: a function, z_2 (n, latent_2) -> (mu, log_var), each (n, latent_1).\n"
    "epsilon_1: (n, latent_1), epsilon_2: (n, latent_2), draws from N(0, I), one for each level.",
    probes=probes_from(_noise, sizes={(6, 3): "", (1, 3): "with a single draw", (5, 1): "with one latent at the top", (4, 5): ""}),
    run=_drawn,
    claims=matches(
        _reference_sample_prior,
        "z_2 should be its noise, and z_1 = mu + σ · its noise, with mu and σ as z_2 says",
        scale=lambda weight, bias, epsilon_1, epsilon_2: 10 * (1 + weight.abs().max() * epsilon_2.abs().max()),
    ),
    mistakes=(
        Mistake(
            _noise_side_by_side,
            "Your z_1 doesn't look up: it is N(0, I) whatever z_2 is. Which Gaussian does the level above name for it?",
        ),
        Mistake(
            _given_the_mean_above,
            "You told the lower level that z_2 is 0, its mean, for every draw. Which z_2 was drawn?",
        ),
        Mistake(
            _given_its_own_noise,
            "What goes into top_down: the level above, or the noise of the level itself?",
        ),
        Mistake(
            _sampled_with(lambda mu, log_var, epsilon: mu),
            "z_1 is its mean. Draw twice with the same z_2: how much do the two differ, and how much should they?",
        ),
        Mistake(
            _sampled_with(lambda mu, log_var, epsilon: mu + log_var.exp() * epsilon),
            "The variance of your z_1 given z_2 is exp(log_var)². What is σ, when exp(log_var) is σ²?",
        ),
        Mistake(
            _sampled_with(lambda mu, log_var, epsilon: mu + log_var * epsilon),
            "log_var was taken for σ: some of yours are negative. How does one get σ from log σ²?",
        ),
        Mistake(
            _sampled_with(lambda mu, log_var, epsilon: mu + log_var.sqrt() * epsilon),
            "Some of your draws are NaN: a root of a negative number. Of which quantity is σ the root, and is that what top_down gives?",
        ),
        Mistake(
            _sampled_with(lambda mu, log_var, epsilon: _sigma(log_var) * epsilon),
            "z_2 sets how wide your z_1 is, but not where. Which of top_down's two results is missing?",
        ),
        Mistake(
            _sampled_with(lambda mu, log_var, epsilon: mu + epsilon),
            "z_2 sets where your z_1 lies, but not how wide. Which of top_down's two results is missing?",
        ),
        Mistake(
            _sampled_with(lambda mu, log_var, epsilon: (mu + epsilon) * _sigma(log_var)),
            "Set the noise to 0: z_1 should be mu. Which of the two does σ stretch?",
        ),
        Mistake(_top_first, "The draws are right. Which level comes first where they stand side by side?"),
        Mistake(
            lambda top_down, epsilon_1, epsilon_2: (_z_1_of(top_down, epsilon_1, epsilon_2), epsilon_2),
            "Both levels are right, as two tensors. What does a decoder, which is given one z, want them to be?",
        ),
        Mistake(
            lambda top_down, epsilon_1, epsilon_2: (epsilon_2, _z_1_of(top_down, epsilon_1, epsilon_2)),
            "Both levels are right, as two tensors, and the top one first. How does the contract want them, and in which order?",
        ),
        Mistake(_z_1_of, "z_1 is right and comes alone. What else belongs to a draw from the stack?"),
        Mistake(
            _noise_of_its_own,
            "You draw the bottom level's noise anew, so nobody can repeat your draws. Which of the arguments is it for?",
        ),
        Mistake(
            _all_noise_of_its_own,
            "You draw all the noise anew, so nobody can repeat your draws. What are the arguments epsilon_1 and epsilon_2 for?",
        ),
    ),
    hints=(
        "Who has to be known first? Start at the level that rests on no other.",
        "A draw from N(0, I) is its noise itself. For the level below, ask top_down about what was drawn above, and do the reparameterisation trick with the answer.",
        "σ is exp of half log_var; z_1 is mu plus σ times epsilon_1; torch.cat along the last axis, the bottom first.",
    ),
)

# ---- what each level costs


def _two_levels(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    weight, bias = _parameters(draw, d, d + 1)
    return {
        "weight": weight,
        "bias": bias,
        "mu_1": 1.5 * draw(n, d + 1),
        "log_var_1": draw(n, d + 1) - 0.5,
        "mu_2": draw(n, d),
        "log_var_2": 0.8 * draw(n, d) - 0.7,
        "epsilon_2": draw(n, d),
    }


def _two_kls(function, weight: Tensor, bias: Tensor, mu_1, log_var_1, mu_2, log_var_2, epsilon_2) -> dict[str, Plain]:
    """Both KLs, and the slope of the bottom one's along the top's mean: zeros, where nothing leads back to it."""
    leaf = mu_2.clone().requires_grad_()
    result = function(_conditional(weight, bias), mu_1, log_var_1, leaf * 1, log_var_2, epsilon_2)
    slope = torch.zeros_like(mu_2)
    first = result[0] if isinstance(result, (tuple, list)) and result else result
    if isinstance(first, Tensor) and first.requires_grad:
        (found,) = torch.autograd.grad(first.sum(), leaf, allow_unused=True)
        slope = slope if found is None else found
    return {"result": result, "slope": slope}


def _reference_ladder_kl(weight, bias, mu_1, log_var_1, mu_2, log_var_2, epsilon_2) -> tuple[Tensor, Tensor, Tensor]:
    """Both KLs by the library, and how great the terms are that go into the first."""
    z_2 = mu_2 + _sigma(log_var_2) * epsilon_2
    prior_mu, prior_log_var = _conditional(weight, bias)(z_2)
    mu, log_var = _reference_merge(prior_mu, prior_log_var, mu_1, log_var_1)
    bottom = kl_divergence(Normal(mu, _sigma(log_var)), Normal(prior_mu, _sigma(prior_log_var))).sum(-1)
    top = kl_divergence(Normal(mu_2, _sigma(log_var_2)), Normal(torch.zeros_like(mu_2), torch.ones_like(mu_2))).sum(-1)
    size = ((mu.abs() + prior_mu.abs() + 1) ** 2 / prior_log_var.exp() + log_var.abs() + prior_log_var.abs() + 1).sum(-1)
    return bottom, top, size.detach()


def _claims_of_ladder_kl(values: dict[str, Plain], **given: Plain) -> Iterator[Claim]:
    got, dtype, batch = values["result"], given["mu_1"].dtype, len(given["mu_1"])
    names = ("the KL of the bottom level", "the KL of the top level")
    yield from is_tuple(got, 2)
    for name, one in zip(names, got, strict=True):
        yield from is_tensor(one, (batch,), dtype, name=name)
    given = {name: value.double() for name, value in given.items()}
    leaf = given["mu_2"].requires_grad_()
    bottom, top, size = _reference_ladder_kl(**given)
    (slope,) = torch.autograd.grad(bottom.sum(), leaf)
    width = (given["mu_2"].detach() ** 2 + given["log_var_2"].exp() + given["log_var_2"].abs() + 1).sum(-1)
    yield Claim(f"{names[0]} should be KL(q(z₁|z₂, x) ‖ p(z₁|z₂)) at the drawn z₂", bottom, got[0], rounding(bottom, dtype, scale=size))
    yield Claim(f"{names[1]} should be KL(q(z₂|x) ‖ N(0, I))", top, got[1], rounding(top, dtype, scale=width))
    yield Claim(
        "The bottom level's KL should teach the top level, too, through the drawn z₂: ∂/∂mu_2",
        slope,
        values["slope"],
        rounding(slope, dtype, scale=20 * (1 + size.unsqueeze(1))),
    )


def _kl_of(mu, log_var, prior_mu, prior_log_var):
    return 0.5 * (prior_log_var - log_var + (log_var.exp() + (mu - prior_mu) ** 2) / prior_log_var.exp() - 1)


def _kl_to_standard(mu, log_var):
    return 0.5 * (log_var.exp() + mu**2 - 1 - log_var)


def _ladder(
    draw=lambda mu, log_var, epsilon: mu + _sigma(log_var) * epsilon,
    merge=_merged,
    bottom=lambda q, p: _kl_of(*q, *p),
    top=_kl_to_standard,
    last=lambda kls: kls.sum(-1),
):
    """The right answer, with any one of its steps replaced."""

    def kls(top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2):
        prior = top_down(draw(mu_2, log_var_2, epsilon_2))
        q = merge(mu_1, log_var_1, *prior)
        return last(bottom(q, prior)), last(top(mu_2, log_var_2))

    return kls


def _then(change, kls=None):
    """The right answer, changed at the end."""
    kls = _ladder() if kls is None else kls
    return lambda *arguments: change(*kls(*arguments))


def _top_merged_with_its_prior(mu, log_var):
    zeros = torch.zeros_like(mu)
    return _kl_to_standard(*_merged(mu, log_var, zeros, zeros))


def _top_by_log_ratio(top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2):
    kl_1, _ = _ladder()(top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2)
    z_2 = mu_2 + _sigma(log_var_2) * epsilon_2
    return kl_1, 0.5 * (z_2**2 - epsilon_2**2 - log_var_2).sum(-1)


def _unmerged(mu_1, log_var_1, prior_mu, prior_log_var):
    return mu_1, log_var_1


LADDER_KL = Task(
    name="10.ladder_kl",
    points=2,
    contract="ladder_kl(top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2) -> (kl_1, kl_2), what each of two levels costs, in nats an example, each (batch,):\n"
    "kl_2 = KL(q(z_2|x) ‖ N(0, I)) with q(z_2|x) = N(mu_2, exp(log_var_2)), and kl_1 = KL(q(z_1|z_2, x) ‖ p(z_1|z_2)) at one draw\n"
    "z_2 = mu_2 + σ_2 · epsilon_2, with p(z_1|z_2) from top_down(z_2), and q(z_1|z_2, x) its merge with N(mu_1, exp(log_var_1)), what x says of z_1.\n"
    "top_down: a function, z_2 (batch, latent_2) -> (mu, log_var), each (batch, latent_1). mu_1, log_var_1: (batch, latent_1);\n"
    "mu_2, log_var_2, epsilon_2: (batch, latent_2). Both KLs in closed form. The gradient of kl_1 reaches mu_2.",
    probes=probes_from(_two_levels, sizes={(6, 3): "", (1, 3): "with a batch of one", (5, 1): "with one latent at the top", (4, 5): ""}),
    run=_two_kls,
    claims=_with_room(_claims_of_ladder_kl),
    mistakes=(
        Mistake(
            _ladder(bottom=lambda q, p: _kl_to_standard(*q)),
            "You measure the bottom level from N(0, I). From which Gaussian does p(x, z) expect z_1, once z_2 is drawn?",
        ),
        Mistake(
            _ladder(merge=_unmerged),
            "Your q of the bottom level is what x says, alone. In a ladder a second voice is merged in before anything is drawn or measured: whose?",
        ),
        Mistake(
            _ladder(merge=_unmerged, bottom=lambda q, p: _kl_to_standard(*q)),
            "Your bottom level knows nothing of the one above: neither its q nor its prior. At which two places does z_2 come in?",
        ),
        Mistake(
            _ladder(draw=lambda mu, log_var, epsilon: mu),
            "You went down from the mean of z_2. What is the expectation in the bound taken over, and which draw were you given for it?",
        ),
        Mistake(
            _ladder(draw=lambda mu, log_var, epsilon: epsilon),
            "Your z_2 comes from the prior: the same for every x. From which distribution is z_2 drawn in the bound?",
        ),
        Mistake(
            _ladder(draw=lambda mu, log_var, epsilon: mu + log_var.exp() * epsilon),
            "Your z_2 has the variance exp(log_var_2)². What is σ, when exp(log_var_2) is σ²?",
        ),
        Mistake(
            _ladder(draw=lambda mu, log_var, epsilon: mu + log_var * epsilon),
            "You stretched the noise of z_2 by log σ². How does one get σ from it?",
        ),
        Mistake(
            _ladder(draw=lambda mu, log_var, epsilon: (mu + _sigma(log_var) * epsilon).detach()),
            "The numbers are right. But the bottom level's cost can't tell the top level anything: where is z_2 cut off from mu_2?",
        ),
        Mistake(
            _ladder(merge=_merged_but(mu=_weighted_by_variances)),
            "Your merge weighs by variances. Try it with the check of task 1: who should win, the surer one or the other?",
        ),
        Mistake(
            _ladder(bottom=lambda q, p: _kl_of(*p, *q)),
            "Your kl_1 is measured the other way round. In KL(q ‖ p), under which of the two is the average taken?",
        ),
        Mistake(
            _ladder(draw=lambda mu, log_var, epsilon: mu + _sigma(log_var) * torch.randn_like(mu)),
            "You draw the noise of z_2 anew. Then your kl_1 changes from call to call: which of the arguments is it for?",
        ),
        Mistake(
            _ladder(bottom=lambda q, p: _kl_of(*p, *q), top=lambda mu, log_var: 0.5 * (log_var + (1 + mu**2) / log_var.exp() - 1)),
            "Both are measured the other way round. In KL(q ‖ p), under which of the two is the average taken?",
        ),
        Mistake(
            _ladder(bottom=lambda q, p: _kl_of(q[0], 2 * q[1], p[0], 2 * p[1]), top=lambda mu, log_var: _kl_to_standard(mu, 2 * log_var)),
            "Your draw is right, but in both KLs exp(log_var) is taken for σ. What is it?",
        ),
        Mistake(
            _ladder(bottom=lambda q, p: _kl_of(*q, *p) + 0.5 * (p[1] - q[1])),
            "Your kl_2 is right. In kl_1, is the logarithm that of a ratio of two σ, or of two σ²? Which factor turns the one into the other?",
        ),
        Mistake(
            _top_by_log_ratio,
            "Your kl_1 is right. Your kl_2 is log q − log p at the draw: right on average, and it scatters. Does the top level's KL need a draw?",
        ),
        Mistake(
            lambda top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2: (
                _kl_of(
                    *_merged(mu_1, log_var_1, *top_down(mu_2 + _sigma(log_var_2) * epsilon_2)),
                    mu_1,
                    log_var_1,
                ).sum(-1),
                _kl_to_standard(mu_2, log_var_2).sum(-1),
            ),
            "Your kl_1 is measured from what x says. Which of the two that you merged is the prior?",
        ),
        Mistake(
            _ladder(top=_top_merged_with_its_prior),
            "You merged the top level with N(0, I) as well. What does the contract say q(z_2|x) is? The merge is there to hear a level above: has the top one any?",
        ),
        Mistake(
            _ladder(last=lambda kls: kls.mean(-1)),
            "Give each level every latent twice: its cost must double. Does yours stay as it is?",
        ),
        Mistake(_ladder(last=lambda kls: kls.sum(-1).mean()), "One number a level for the whole batch. Which axis holds the examples?"),
        Mistake(
            _ladder(last=lambda kls: kls.sum()),
            "One number a level for the whole batch, and it grows with the batch. Which axis holds the examples?",
        ),
        Mistake(
            _ladder(last=lambda kls: kls), "One number for each latent. Independent latents: what becomes of their KLs within a level?"
        ),
        Mistake(
            _then(lambda kl_1, kl_2: (2 * kl_1, 2 * kl_2)),
            "Both are twice what they should be. Which ½ stands before the KL of two Gaussians?",
        ),
        Mistake(
            _then(lambda kl_1, kl_2: (-kl_1, -kl_2)), "A KL below 0? Which sign stands before it in the bound, and which has it by itself?"
        ),
        Mistake(_then(lambda kl_1, kl_2: (kl_2, kl_1)), "Both are right. Levels count from the bottom: which of yours comes first?"),
        Mistake(
            _then(lambda kl_1, kl_2: torch.stack([kl_1, kl_2], -1)),
            "Both are right, as columns of one tensor. As what does the contract want them?",
        ),
        Mistake(
            _then(lambda kl_1, kl_2: torch.stack([kl_1, kl_2])),
            "Both are right, as rows of one tensor. As what does the contract want them?",
        ),
        Mistake(
            _then(lambda kl_1, kl_2: kl_1 + kl_2),
            "The sum is right, and it hides what was asked for: which of the two levels is it that costs? Keep them apart.",
        ),
        Mistake(
            _then(lambda kl_1, kl_2: kl_2),
            "One level's KL is there. What does the other one cost, at the z_2 that was drawn?",
        ),
        Mistake(
            _then(lambda kl_1, kl_2: (kl_1, kl_1 + kl_2)),
            "Your second figure holds both levels. What does the top one cost alone?",
        ),
    ),
    hints=(
        "Go the way of the ladder: draw at the top, ask the prior about the level below, merge, and measure each level from its own prior.",
        "z_2 by the reparameterisation trick; prior of z_1 = top_down(z_2); q of z_1 = the merge of task 1 with that prior. The top level's KL needs no draw.",
        "KL of N(μ, σ²) from N(m, s²), a latent: ½(log s² − log σ² + (σ² + (μ − m)²)/s² − 1). For the bottom m and s² come from z_2, for the top they are 0 and 1. Sum over the last axis.",
    ),
)

# ---- which level works?


def _kls_of_stacks(seed: int) -> list[Probe]:
    """Latents at work and idle ones. Single images lie on the wrong side of the threshold, means never near it."""
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(n: int, levels: tuple[str, ...], note: str = "", dtype: torch.dtype = torch.float32) -> Probe:
        """levels: one string a level, the bottom first, with "w" for a latent at work and "." for an idle one."""
        threshold = int(torch.randint(2, 9, (), generator=generator)) / 64
        columns = []
        for kind in "".join(levels):
            uneven = torch.rand(n, generator=generator, dtype=torch.float64) ** 3 + 0.01
            if n > 1:
                uneven[torch.randint(n, (), generator=generator)] += 2.0
            times = torch.rand((), generator=generator).item()
            columns.append(uneven / uneven.mean() * threshold * (1.5 + 5 * times if kind == "w" else 0.35 + 0.35 * times))
        sizes = tuple(len(level) for level in levels)
        return Probe({"kl": torch.stack(columns, 1).to(dtype), "sizes": sizes, "threshold": threshold}, seed, note)

    made = [
        one(9, ("ww.w.", "w..", "w.")),
        one(6, ("www", "....."), "with a level that is dead"),
        one(8, ("w.ww", ".w.")),
        one(1, ("w.w", "w."), "with a single image"),
        one(7, ("w..w",), "with one level"),
        one(5, (".", "w", "w"), "with one latent a level"),
        one(7, (".w", "w.w", "..w."), "in float64", torch.float64),
    ]
    sideways = one(6, ("w.w.", "..", "www"), "not contiguous")
    sideways.arguments["kl"] = sideways.arguments["kl"].t().contiguous().t()
    return [*made, sideways]


def _two_figures(function, kl: Tensor, sizes: tuple, threshold: float) -> dict[str, Plain]:
    """The numbers of latents may come in any dtype: they are counts."""
    result = function(kl, sizes, threshold)
    if isinstance(result, (tuple, list)) and len(result) == 2 and isinstance(result[1], Tensor):
        result = (result[0], result[1].float())
    return {"result": result}


def _reference_level_report(kl: Tensor, sizes: tuple, threshold: float) -> tuple[Tensor, Tensor]:
    """Number by number."""
    means = [math.fsum(column) / len(column) for column in kl.t().tolist()]
    nats, working = [], []
    for size in sizes:
        level, means = means[:size], means[size:]
        nats.append(math.fsum(level))
        working.append(float(len([mean for mean in level if mean > threshold])))
    return torch.tensor(nats, dtype=torch.float64), torch.tensor(working, dtype=torch.float64)


def _claims_of_report(values: dict[str, Plain], kl: Tensor, sizes: tuple, threshold: float) -> Iterator[Claim]:
    got = values["result"]
    yield from is_tuple(got, 2)
    yield from is_tensor(got[0], (len(sizes),), kl.dtype, name="nats")
    yield from is_tensor(got[1], (len(sizes),), torch.float32, name="working")
    nats, working = _reference_level_report(kl.double(), sizes, threshold)
    yield Claim("nats should be the mean KLs of each level's own latents, added up", nats, got[0], rounding(nats, kl.dtype))
    yield Claim("working should be how many of each level's own latents have a mean KL above the threshold", working, got[1], 1e-4)


def _cut(kl, sizes):
    return kl.split(list(sizes), 1)


def _report(cut=_cut, nats=lambda part: part.mean(0).sum(), working=lambda part, threshold: (part.mean(0) > threshold).sum()):
    """The right answer, with any one of its steps replaced."""

    def report(kl, sizes, threshold):
        parts = cut(kl, sizes)
        counts = torch.stack([working(part, threshold).to(kl.dtype) for part in parts])
        return torch.stack([nats(part) for part in parts]), counts

    return report


def _reported(change):
    """The right answer, changed at the end."""
    return lambda *arguments: change(*_report()(*arguments))


LEVEL_REPORT = Task(
    name="10.level_report",
    points=1,
    contract="level_report(kl, sizes, threshold) -> (nats, working), what each level costs and how many of its latents are at work: two tensors (levels,).\n"
    "kl: (n, all latents), the KL of each latent for each of n images, in nats; the levels stand side by side, the bottom first.\n"
    "sizes: a tuple of ints, the number of latents of each level, the bottom first; they add up to the columns of kl.\n"
    "nats: of each level, in nats an image (in the dtype of kl). working: the number of its latents whose mean KL over the images is above\n"
    "threshold (a Python float), in any dtype. A level with none is dead.",
    probes=_kls_of_stacks,
    run=_two_figures,
    claims=_claims_of_report,
    mistakes=(
        Mistake(
            _report(nats=lambda part: part.sum()),
            "Your counts are right. Take every image twice: your nats double. Are they nats an image?",
        ),
        Mistake(
            _report(nats=lambda part: part.sum(), working=lambda part, threshold: (part.sum(0) > threshold).sum()),
            "You add up over the images, and ask the sum whether a latent works: with images enough, every one does. What does the threshold speak of?",
        ),
        Mistake(
            _report(nats=lambda part: part.mean()),
            "Your counts are right. Give a level more latents that work as hard: it must cost more. Which axis is averaged, which added up?",
        ),
        Mistake(
            _report(working=lambda part, threshold: (part > threshold).to(part.dtype).sum(1).mean()),
            "Your nats are right. You ask each image for itself whether a latent works, and get fractions of latents. What should come first, the mean or the threshold?",
        ),
        Mistake(
            _report(working=lambda part, threshold: (part > threshold).sum()),
            "Your nats are right. You counted pairs of an image and a latent. What should there be one verdict for?",
        ),
        Mistake(
            _report(working=lambda part, threshold: (part > threshold).any(0).sum()),
            "Your nats are right. One image for which a latent is far from its prior is enough, in yours. Of which figure does the contract ask that it be above the threshold?",
        ),
        Mistake(
            _report(working=lambda part, threshold: (part > threshold).all(0).sum()),
            "Your nats are right. A latent that idles on one image counts as idle, in yours. Of which figure does the contract ask that it be above the threshold?",
        ),
        Mistake(
            _report(working=lambda part, threshold: torch.ones_like(part[0]).sum()),
            "Your nats are right. You count all the latents of a level. Which of them are at work?",
        ),
        Mistake(
            _report(working=lambda part, threshold: (part.mean(0) < threshold).sum()),
            "Your nats are right. You counted those that idle. Which are asked for?",
        ),
        Mistake(
            _report(working=lambda part, threshold: (part.mean(0) > threshold).to(part.dtype).mean()),
            "Your nats are right. You give the share of latents that work. What does the contract want: a share, or a number?",
        ),
        Mistake(
            _report(working=lambda part, threshold: (part.mean(0).sum() > threshold) * torch.ones_like(part[0]).sum()),
            "Your nats are right. You ask a level as a whole, and all of its latents work or none does. Of what is the threshold asked?",
        ),
        Mistake(
            _report(working=lambda part, threshold: part.mean(0).sum() > threshold),
            "Your nats are right. You say of each level whether it is above the threshold as a whole. Of what is it asked, and what is to be counted?",
        ),
        Mistake(
            _report(working=lambda part, threshold: (part.mean(0) > threshold).any()),
            "Your nats are right. You say whether any latent of a level is at work. How many are?",
        ),
        Mistake(
            _report(working=lambda part, threshold: ((part - part.mean(0)).square().sum(0) / max(len(part) - 1, 1) > threshold).sum()),
            "Your nats are right. You ask how much a latent's KL varies from image to image. A latent that costs the same on every image, is it idle?",
        ),
        Mistake(
            _report(nats=lambda part: part.mean(), working=lambda part, threshold: (part.mean(0) > threshold).float().mean()),
            "Both of your figures are averages over a level's latents. Give a level twice as many latents that work as hard: what should become of each figure?",
        ),
        Mistake(
            _report(nats=lambda part: part.sum(), working=lambda part, threshold: (part > threshold).sum()),
            "Take every image twice: both of your figures double. Which axis should be gone before anything else happens?",
        ),
        Mistake(
            _report(nats=lambda part: part.mean(1).sum(), working=lambda part, threshold: (part.mean(1) > threshold).sum()),
            "You average over the latents and add up over the images. Which axis holds which?",
        ),
        Mistake(
            _report(nats=lambda part: part.mean(0).sum() / math.log(2)),
            "Your counts are right. In which unit is it asked for: bits, or nats?",
        ),
        Mistake(
            _reported(lambda nats, working: (nats.flip(0), working.flip(0))),
            "All figures are right, from the top down. From where do levels count?",
        ),
        Mistake(_reported(lambda nats, working: (working, nats)), "Both are there. In which order does the contract want them?"),
        Mistake(
            lambda kl, sizes, threshold: (
                torch.stack([part.mean(0).sum() for part in _cut(kl, sizes)]),
                torch.stack([((part.mean(0) > threshold) * part.mean(0)).sum() for part in _cut(kl, sizes)]),
            ),
            "Your nats are right. Your second figure adds up the KLs of the latents at work. What is asked for: how much, or how many?",
        ),
        Mistake(
            lambda kl, sizes, threshold: _report(nats=lambda part: ((part.mean(0) > threshold) * part.mean(0)).sum())(kl, sizes, threshold),
            "Your counts are right. In your nats the idle latents are left out. Does the loss leave them out?",
        ),
        Mistake(
            _report(cut=lambda kl, sizes: kl.tensor_split(len(sizes), 1)),
            "You cut the columns into equal pieces. Which latents belong to which level, and who says so?",
        ),
        Mistake(
            _report(cut=lambda kl, sizes: kl.chunk(len(sizes), 1)),
            "You cut the columns into pieces of one width. Which latents belong to which level, and who says so?",
        ),
        Mistake(
            _report(cut=lambda kl, sizes: [kl[:, :size] for size in sizes]),
            "Every level of yours begins at the first column. Where does the second level begin?",
        ),
        Mistake(
            _report(cut=lambda kl, sizes: [kl[:, start : start + size] for start, size in zip((0, *sizes), sizes, strict=False)]),
            "Right for two levels. With three, the third begins where both of those below it end. Where does yours begin?",
        ),
        Mistake(
            _report(
                cut=lambda kl, sizes: [kl[:, sum(sizes) - sum(sizes[: i + 1]) : sum(sizes) - sum(sizes[:i])] for i in range(len(sizes))]
            ),
            "You cut from the right: the bottom level got the last columns. At which end does the bottom level stand?",
        ),
        Mistake(
            _reported(lambda nats, working: (nats.sum(), working.sum())),
            "One figure for the whole stack, in which a dead level can't be seen. How many figures should there be?",
        ),
        Mistake(
            lambda kl, sizes, threshold: (
                torch.stack([part.sum(1) for part in _cut(kl, sizes)], 1),
                torch.stack([(part > threshold).sum(1) for part in _cut(kl, sizes)], 1),
            ),
            "You give a figure for each image. What should be done with the images before anything else?",
        ),
    ),
    hints=(
        "What is asked of a latent is asked of its mean over the images. Take that mean first: everything else happens to a row of numbers, one a latent.",
        "Cut that row into levels by `sizes` (split takes a list of lengths). In each piece: a sum for the nats, a comparison and a count for the latents at work.",
        "kl.mean(0), cut by split; for each piece its sum, and the sum of (piece > threshold); torch.stack puts each of the two kinds together.",
    ),
)

# ---- one level anew


def _stacks(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(n: int, sizes: tuple[int, ...], level: int, note: str = "", dtype: torch.dtype = torch.float32) -> Probe:
        def draw(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)

        levels = tuple(_parameters(draw, above, below) for below, above in zip(sizes, sizes[1:], strict=False))
        z = tuple(draw(n, size) + 0.5 for size in sizes)
        return Probe({"levels": levels, "z": z, "level": level, "epsilon": draw(n, sizes[level - 1])}, seed + n, note)

    return [
        one(5, (4, 3, 2), 2, "the middle level of three"),
        one(5, (4, 3, 2), 1, "the bottom level of three"),
        one(5, (4, 3, 2), 3, "the top level of three"),
        one(6, (2, 5), 1, "the bottom level of two"),
        one(6, (2, 5), 2, "the top level of two"),
        one(1, (3, 3, 3), 2, "with a single row, and levels of one size"),
        one(4, (5, 1, 2, 3), 3, "the third level of four"),
        one(4, (3,), 1, "with one level"),
        one(5, (3, 2, 4), 2, "in float64", torch.float64),
    ]


def _redrawn(function, levels: tuple, z: tuple, level: int, epsilon: Tensor) -> dict[str, Plain]:
    return {"result": function([_conditional(*parameters) for parameters in levels], list(z), level, epsilon)}


def _claims_of_resampling(values: dict[str, Plain], levels: tuple, z: tuple, level: int, epsilon: Tensor) -> Iterator[Claim]:
    got, dtype = values["result"], epsilon.dtype
    sizes = [part.shape[1] for part in z]
    yield from is_tensor(got, (len(epsilon), sum(sizes)), dtype)
    expected, found = _reference_resampled(levels, z, level, epsilon), got.split(sizes, 1)
    for index in range(len(z) - 1, -1, -1):
        number = index + 1
        if number > level:
            identity = f"z_{number} lies above z_{level} and should be kept"
        elif number == level:
            says = "p(z_1|z_2)" if level == 1 else f"p(z_{level}|z_{level + 1})"
            identity = f"z_{number} should be drawn from {'N(0, I)' if level == len(z) else says}, out of the given noise"
        else:
            identity = f"z_{number} should be the mean of its prior, given the new z_{number + 1}"
        yield Claim(identity, expected[index], found[index], rounding(expected[index], dtype, scale=30.0))


def _reference_resampled(levels: tuple, z: tuple, level: int, epsilon: Tensor) -> list[Tensor]:
    """In float64, from the top to the bottom, every level by what it is."""
    kept, found = [part.double() for part in z], {}
    for number in range(len(z), 0, -1):
        if number > level:
            found[number] = kept[number - 1]
            continue
        mu, log_var = (torch.zeros(()), torch.zeros(()))
        if number < len(z):
            mu, log_var = _conditional(*(part.double() for part in levels[number - 1]))(found[number + 1])
        found[number] = mu + _sigma(log_var) * epsilon.double() if number == level else mu
    return [found[number] for number in range(1, len(z) + 1)]


def _resampled(
    drawn=lambda mu, log_var, epsilon, held: mu + _sigma(log_var) * epsilon,
    below=lambda mu, log_var, held: mu,
    top=lambda epsilon, held: epsilon,
    index_of=lambda level, depth: level - 1,
):
    """The right answer, with any one of its steps replaced."""

    def resample(top_down, z, level, epsilon):
        at, new = index_of(level, len(z)), list(z)
        new[at] = top(epsilon, z[at]) if at == len(z) - 1 else drawn(*top_down[at](z[at + 1]), epsilon, z[at])
        for index in range(at - 1, -1, -1):
            new[index] = below(*top_down[index](new[index + 1]), z[index])
        return torch.cat(new, -1)

    return resample


def _redrawn_alone(top_down, z, level, epsilon):
    new = list(z)
    if level == len(z):
        new[-1] = epsilon
    else:
        mu, log_var = top_down[level - 1](z[level])
        new[level - 1] = mu + _sigma(log_var) * epsilon
    return new


def _following(indexes, old=False):
    """The level is drawn; then those at `indexes(level)` follow, one after another, given the level above each (the old one if `old`)."""

    def resample(top_down, z, level, epsilon):
        new = _redrawn_alone(top_down, z, level, epsilon)
        for index in indexes(level):
            new[index] = top_down[index]((z if old else new)[index + 1])[0]
        return torch.cat(new, -1)

    return resample


def _top_not_thought_of(top_down, z, level, epsilon):
    mu, log_var = top_down[level - 1](z[level])
    new = [*z[: level - 1], mu + _sigma(log_var) * epsilon, *z[level:]]
    for index in range(level - 2, -1, -1):
        new[index] = top_down[index](new[index + 1])[0]
    return torch.cat(new, -1)


def _all_above_drawn_too(top_down, z, level, epsilon):
    new = list(z)
    for index in range(len(z) - 1, -1, -1):
        mu, log_var = (torch.zeros_like(z[-1]),) * 2 if index == len(z) - 1 else top_down[index](new[index + 1])
        noise = epsilon if index == level - 1 else torch.randn_like(mu)
        new[index] = mu if index < level - 1 else mu + _sigma(log_var) * noise
    return torch.cat(new, -1)


def _above_replaced_by_means(top_down, z, level, epsilon):
    new = list(z)
    for index in range(len(z) - 1, -1, -1):
        mu, log_var = (torch.zeros_like(z[-1]),) * 2 if index == len(z) - 1 else top_down[index](new[index + 1])
        new[index] = mu + _sigma(log_var) * epsilon if index == level - 1 else mu
    return torch.cat(new, -1)


def _top_first_again(top_down, z, level, epsilon):
    together = _resampled()(top_down, z, level, epsilon)
    return torch.cat(together.split([part.shape[1] for part in z], 1)[::-1], -1)


def _as_list(top_down, z, level, epsilon):
    return list(_resampled()(top_down, z, level, epsilon).split([part.shape[1] for part in z], 1))


def _level_alone(top_down, z, level, epsilon):
    return _as_list(top_down, z, level, epsilon)[level - 1]


def _bottom_alone(top_down, z, level, epsilon):
    return _as_list(top_down, z, level, epsilon)[0]


RESAMPLE_LEVEL = Task(
    name="10.resample_level",
    points=1,
    contract="resample_level(top_down, z, level, epsilon) -> z with one level drawn anew: levels side by side, (n, all latents), the bottom first.\n"
    "z: a list of tensors, (n, size of the level) each, z[0] the bottom level z_1, z[-1] the top. level: 1 (the bottom) to len(z).\n"
    "top_down: a list of functions, one shorter than z: top_down[0](z_2) -> (mu, log_var) of p(z_1|z_2), top_down[1](z_3) -> those of p(z_2|z_3), …\n"
    "Levels above `level` are kept. `level` is drawn from its prior given the level above (the top from N(0, I)), with the noise epsilon,\n"
    "(n, size of that level). Each level below takes the mean of its prior given the new level above it.",
    probes=_stacks,
    run=_redrawn,
    claims=_claims_of_resampling,
    mistakes=(
        Mistake(
            _resampled(
                drawn=lambda mu, log_var, epsilon, held: held + _sigma(log_var) * epsilon,
                top=lambda epsilon, held: held + epsilon,
            ),
            "Your draws lie around the old value, so they still know the picture. Around what does the prior of that level lie?",
        ),
        Mistake(
            _resampled(
                drawn=lambda mu, log_var, epsilon, held: held + _sigma(log_var) * epsilon,
                top=lambda epsilon, held: held + epsilon,
                below=lambda mu, log_var, held: held,
            ),
            "You shake the level around its old value, and nothing below it hears of that. Around what does its prior lie, and who comes after?",
        ),
        Mistake(
            _resampled(below=lambda mu, log_var, held: held),
            "The level is drawn, and nothing below it has heard of it: the decoder, which sees z_1 alone, would draw the old picture. Who comes after?",
        ),
        Mistake(
            _following(lambda level: range(level - 2, -1, -1), old=True),
            "Levels below take the mean given the level above them, but the old one, as it came in. Which one did you draw?",
        ),
        Mistake(
            _following(lambda level: range(level - 2, level - 3, -1) if level > 1 else ()),
            "The level right below follows. And the one below that: does it hear of the change?",
        ),
        Mistake(
            _following(lambda level: range(level - 1)),
            "You let the levels below follow from the bottom up. When z_1 is set, has z_2 heard of the change yet?",
        ),
        Mistake(
            _following(lambda level: range(level - 2, 0, -1)),
            "Your loop stops one level too soon: z_1, which the decoder sees, is the old one. Where does a range end that goes down?",
        ),
        Mistake(
            _top_not_thought_of,
            "It breaks at the top level, above which there is none to ask. Which Gaussian is its prior?",
        ),
        Mistake(
            _resampled(below=lambda mu, log_var, held: mu + _sigma(log_var) * torch.randn_like(mu)),
            "The levels below are drawn, too. Then nobody can say which level a change in the picture comes from. What should those below be?",
        ),
        Mistake(
            _all_above_drawn_too,
            "The levels above are drawn anew as well: what was to be held, so that the change is this level's alone?",
        ),
        Mistake(
            _above_replaced_by_means,
            "The levels above are replaced by their prior means, whatever picture z came from. Which of their values are you given?",
        ),
        Mistake(
            _resampled(drawn=lambda mu, log_var, epsilon, held: mu, top=lambda epsilon, held: torch.zeros_like(epsilon)),
            "The level takes its mean: do it a hundred times, and you get one picture. What is epsilon for?",
        ),
        Mistake(
            _resampled(drawn=lambda mu, log_var, epsilon, held: epsilon),
            "You drew the level from N(0, I), as if nothing stood above it. Of which level is N(0, I) the prior?",
        ),
        Mistake(
            _resampled(drawn=lambda mu, log_var, epsilon, held: mu + log_var.exp() * epsilon),
            "The level's variance is exp(log_var)². What is σ, when exp(log_var) is σ²?",
        ),
        Mistake(
            _resampled(drawn=lambda mu, log_var, epsilon, held: mu + log_var * epsilon),
            "You stretched the noise by log σ². How does one get σ from it?",
        ),
        Mistake(
            _resampled(drawn=lambda mu, log_var, epsilon, held: mu + epsilon),
            "Your draws lie in the right place and are all equally wide. Which of the prior's two figures is missing?",
        ),
        Mistake(
            _resampled(drawn=lambda mu, log_var, epsilon, held: mu + _sigma(log_var) * torch.randn_like(mu)),
            "You draw the noise anew, so that nobody can repeat it. Which of the arguments is it for?",
        ),
        Mistake(
            _resampled(
                drawn=lambda mu, log_var, epsilon, held: mu + _sigma(log_var) * torch.randn_like(mu),
                top=lambda epsilon, held: torch.randn_like(epsilon),
            ),
            "You draw the noise anew, so that nobody can repeat it. What is epsilon for?",
        ),
        Mistake(
            _resampled(index_of=lambda level, depth: level),
            "You redraw one level too high. Levels count from 1: at which place in the list does level 1 stand?",
        ),
        Mistake(
            _resampled(index_of=lambda level, depth: depth - level),
            "You count levels from the top. Where does level 1 stand?",
        ),
        Mistake(
            _resampled(top=lambda epsilon, held: held),
            "Right, but for the top level, which you keep. It rests on no other, and has a prior all the same: which?",
        ),
        Mistake(_top_first_again, "Each level is right. Which comes first where they stand side by side?"),
        Mistake(_as_list, "Each level is right, in a list. What does a decoder, which is given one z, want them to be?"),
        Mistake(_level_alone, "The new level is right and comes alone. What of the levels above and below?"),
        Mistake(_bottom_alone, "That is what the decoder sees, and right. The contract asks for the whole stack: what else belongs to it?"),
    ),
    hints=(
        "Three kinds of levels, and each has its own rule: those above, the one itself, those below. For which of them do you need to compute anything?",
        "level counts from 1, the list from 0: z[level - 1] is the level, z[level] the one above it, top_down[level - 1] what leads from there. Mind the top, which has nothing above.",
        "Make a copy of the list; put in the new draw; then go down in a loop, each time with the mean that the level just set gives for the one below. torch.cat at the end.",
    ),
)

# ---- a bound where no level has all it rests on


def _naive_draws(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(k: int, n: int, sizes: tuple[int, int], level: float, note: str = "", dtype: torch.dtype = torch.float32) -> Probe:
        def draw(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64)

        one, two = sizes
        q_1 = draw(n, one), 0.7 * draw(n, one) - 0.8
        z_1 = q_1[0] + _sigma(q_1[1]) * draw(k, n, one)
        q_2 = 0.5 * z_1 @ draw(one, two) + 0.3 * draw(two), 0.5 * draw(k, n, two) - 0.4
        z_2 = q_2[0] + _sigma(q_2[1]) * draw(k, n, two)
        p_1 = 0.4 * z_2 @ draw(two, one), 0.5 * draw(k, n, one) + 0.2
        arguments = {"log_likelihood": level + 1.5 * draw(k, n), "z_1": z_1, "z_2": z_2, "q_1": q_1, "q_2": q_2, "p_1": p_1}
        return Probe({name: _in(dtype, value) for name, value in arguments.items()}, seed, note)

    return [
        one(5, 4, (3, 2), -4.0),
        one(7, 3, (4, 3), -6.0),
        one(1, 4, (2, 3), -5.0, "with a single draw"),
        one(6, 1, (3, 2), -5.0, "with a batch of one"),
        one(5, 3, (1, 1), -5.0, "with one latent a level"),
        one(6, 3, (3, 2), -150.0, "with log-likelihoods near −150, as a picture has them"),
        one(4, 3, (3, 2), -4.0, "in float64", torch.float64),
    ]


def _in(dtype: torch.dtype, value: Plain) -> Plain:
    return value.to(dtype) if isinstance(value, Tensor) else tuple(part.to(dtype) for part in value)


def _log_normal(z, mu, log_var):
    return -0.5 * (LOG_2PI + log_var + (z - mu) ** 2 / log_var.exp())


def _claims_of_bounds(values: dict[str, Plain], log_likelihood, z_1, z_2, q_1, q_2, p_1) -> Iterator[Claim]:
    got, dtype = values["result"], log_likelihood.dtype
    names = ("the ELBO", "the importance-weighted bound")
    yield from is_tuple(got, 2)
    for name, one in zip(names, got, strict=True):
        yield from is_tensor(one, log_likelihood.shape[1:], dtype, name=name)

    def log_density(z: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
        return Independent(Normal(mu.double(), _sigma(log_var.double())), 1).log_prob(z.double())

    zero = torch.zeros_like(z_2)
    parts = [
        log_likelihood.double(),
        log_density(z_1, *p_1),
        log_density(z_2, zero, zero),
        -log_density(z_1, *q_1),
        -log_density(z_2, *q_2),
    ]
    weights = torch.stack(parts).sum(0)
    size = torch.stack(parts).abs().sum(0).amax(0) + 10
    elbo = weights.mean(0)
    # the mean of the weights themselves, each measured by the greatest of its image
    greatest = weights.amax(0)
    bound = greatest + (weights - greatest).exp().mean(0).log()
    yield Claim(f"{names[0]} should be the mean of log w over the draws", elbo, got[0], rounding(elbo, dtype, scale=size))
    yield Claim(f"{names[1]} should be the logarithm of the mean of w", bound, got[1], rounding(bound, dtype, scale=size))


def _bounds_with(
    log_p_1=lambda z_1, p_1: _log_normal(z_1, *p_1).sum(-1),
    log_p_2=lambda z_2: -0.5 * (LOG_2PI + z_2**2).sum(-1),
    log_q_1=lambda z_1, q_1: _log_normal(z_1, *q_1).sum(-1),
    log_q_2=lambda z_2, q_2: _log_normal(z_2, *q_2).sum(-1),
    likelihood=lambda log_likelihood: log_likelihood,
    elbo=lambda weights: weights.mean(0),
    bound=lambda weights: weights.logsumexp(0) - math.log(len(weights)),
):
    """The right answer, with any one of its parts replaced."""

    def bounds(log_likelihood, z_1, z_2, q_1, q_2, p_1):
        weights = likelihood(log_likelihood) + log_p_1(z_1, p_1) + log_p_2(z_2) - log_q_1(z_1, q_1) - log_q_2(z_2, q_2)
        return elbo(weights), bound(weights)

    return bounds


def _bounds_by(log_normal):
    """All densities by another function of (z, mu, log_var), one number a latent."""
    return _bounds_with(
        log_p_1=lambda z_1, p_1: log_normal(z_1, *p_1).sum(-1),
        log_q_1=lambda z_1, q_1: log_normal(z_1, *q_1).sum(-1),
        log_q_2=lambda z_2, q_2: log_normal(z_2, *q_2).sum(-1),
        log_p_2=lambda z_2: log_normal(z_2, torch.zeros_like(z_2), torch.zeros_like(z_2)).sum(-1),
    )


def _nothing(*anything):
    return 0.0


def _closed_form_wherever(log_likelihood, z_1, z_2, q_1, q_2, p_1):
    """KLs of Gaussians for both levels, as in a ladder."""
    weights = log_likelihood - _kl_of(*q_1, *p_1).sum(-1) - _kl_to_standard(*q_2).sum(-1)
    return weights.mean(0), weights.logsumexp(0) - math.log(len(weights))


def _closed_form_at_the_top(log_likelihood, z_1, z_2, q_1, q_2, p_1):
    """The KL of the top level, log-densities for the bottom."""
    below = _log_normal(z_1, *p_1).sum(-1) - _log_normal(z_1, *q_1).sum(-1)
    weights = log_likelihood + below - _kl_to_standard(*q_2).sum(-1)
    return weights.mean(0), weights.logsumexp(0) - math.log(len(weights))


TWO_LEVEL_BOUNDS = Task(
    name="10.two_level_bounds",
    points=2,
    contract="two_level_bounds(log_likelihood, z_1, z_2, q_1, q_2, p_1) -> (elbo, bound), both (batch,), in nats an example, from k draws of a naive stack:\n"
    "elbo is the mean over the draws of log w, bound the logarithm of the mean over the draws of w, for any finite arguments, with\n"
    "w = p(x|z_1) p(z_1|z_2) p(z_2) / (q(z_1|x) q(z_2|z_1)) and p(z_2) = N(0, I).\n"
    "log_likelihood: (k, batch), log p(x|z_1). z_1: (k, batch, latent_1), z_2: (k, batch, latent_2), drawn from q.\n"
    "q_1, q_2, p_1: pairs (mu, log_var) of the Gaussians q(z_1|x), q(z_2|z_1) and p(z_1|z_2). Those of q_1 are (batch, latent_1), the same for all draws;\n"
    "those of q_2 are (k, batch, latent_2), those of p_1 (k, batch, latent_1).",
    probes=_naive_draws,
    claims=_with_room(_claims_of_bounds),
    mistakes=(
        Mistake(
            _bounds_with(log_p_1=lambda z_1, p_1: -0.5 * (LOG_2PI + z_1**2).sum(-1)),
            "The prior of your z_1 is N(0, I), whatever z_2 is: then the top level changes nothing and is worth nothing. Which density stands in w?",
        ),
        Mistake(
            _closed_form_wherever,
            "You took a KL in closed form for each level. For the bottom one: z_2 was drawn after z_1 here, and depends on it. Can z_1 be averaged over while z_2 is held?",
        ),
        Mistake(
            _closed_form_at_the_top,
            "Your expectation is right, but it is not the weight of a draw: the second bound needs log w at z_1 and z_2, and the contract's elbo is the mean of the same. Which densities at z_2 stand in w?",
        ),
        Mistake(
            _bounds_with(log_p_1=_nothing),
            "p(z_1|z_2) is missing: z_1 comes for free. Which three factors does p(x, z_1, z_2) have?",
        ),
        Mistake(
            _bounds_with(log_p_2=_nothing),
            "p(z_2) is missing: a z_2 far from 0 costs nothing. Which three factors does p(x, z_1, z_2) have?",
        ),
        Mistake(
            _bounds_with(log_q_1=_nothing),
            "q(z_1|x) is missing from the weights. By the density of which draw is w divided: of z_2 alone, or of the pair?",
        ),
        Mistake(
            _bounds_with(log_q_2=_nothing),
            "q(z_2|z_1) is missing from the weights. By the density of which draw is w divided: of z_1 alone, or of the pair?",
        ),
        Mistake(
            _bounds_with(log_p_2=_nothing, log_q_2=_nothing),
            "z_2 appears nowhere in your weights but through p_1: its level comes for free. What is its prior, and what was it drawn from?",
        ),
        Mistake(
            _bounds_with(log_p_1=_nothing, log_q_1=_nothing),
            "The bottom level's densities are missing: only the top one costs anything. Which Gaussians does z_1 come in?",
        ),
        Mistake(
            _bounds_with(likelihood=lambda log_likelihood: 0.0),
            "Where are the pixels? One factor of w speaks of x, and you were handed its logarithm.",
        ),
        Mistake(
            _bounds_by(lambda z, mu, log_var: -0.5 * (LOG_2PI + 2 * log_var + (z - mu) ** 2 / (2 * log_var).exp())),
            "You took exp(log_var) for σ. What is it?",
        ),
        Mistake(
            _bounds_by(lambda z, mu, log_var: -0.5 * (LOG_2PI + log_var + (z - mu) ** 2 / (0.5 * log_var).exp())),
            "A density's exponent is (z − μ)² over 2σ², and yours over 2σ. Which power of σ is exp(log_var)?",
        ),
        Mistake(
            _bounds_by(lambda z, mu, log_var: -0.5 * (LOG_2PI + (z - mu) ** 2 / log_var.exp())),
            "Your densities don't have the area 1: a wide Gaussian must be low. Which term says so?",
        ),
        Mistake(
            _bounds_by(lambda z, mu, log_var: -0.5 * (LOG_2PI + 2 * log_var + (z - mu) ** 2 / log_var.exp())),
            "Your densities are divided by σ², and not by σ. With which factor does log σ² stand in a Gaussian's logarithm?",
        ),
        Mistake(
            _bounds_by(lambda z, mu, log_var: -0.5 * (LOG_2PI + log_var) - (z - mu) ** 2 / log_var.exp()),
            "Look at your exponent: (z − μ)²/σ² stands without its factor. Which one is it?",
        ),
        Mistake(
            _bounds_with(
                log_p_1=lambda z_1, p_1: _log_normal(z_1, *p_1).mean(-1),
                log_p_2=lambda z_2: -0.5 * (LOG_2PI + z_2**2).mean(-1),
                log_q_1=lambda z_1, q_1: _log_normal(z_1, *q_1).mean(-1),
                log_q_2=lambda z_2, q_2: _log_normal(z_2, *q_2).mean(-1),
            ),
            "The density of several independent latents is a product. What becomes of their logarithms: a mean, or a sum?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: weights.mean(0)),
            "Both of your results are the ELBO. Where does the mean stand in the second: inside the logarithm, or outside?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: weights.logsumexp(0)),
            "Your ELBO is right. The second one rises with k, even for equal weights: by log k. A sum, or a mean?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: weights.exp().mean(0).log()),
            "Right, until the log-likelihood is that of a picture: what is exp(−150) to a computer in float32? Is there a sum of exponentials that does not leave the logarithms?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: weights.exp().mean(0)),
            "Your ELBO is right. Your second result is the mean of w. What is still to be taken of it?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: weights.amax(0)),
            "Your ELBO is right. Your second result is the greatest log w. What did the contract ask to average?",
        ),
        Mistake(
            _bounds_with(elbo=lambda weights: -weights.mean(0), bound=lambda weights: math.log(len(weights)) - weights.logsumexp(0)),
            "Those are losses. Which sign has a bound on log p(x)?",
        ),
        Mistake(
            _bounds_with(elbo=lambda weights: weights.sum(0), bound=lambda weights: weights.logsumexp(0)),
            "Both of your results are sums over the draws. Let all the weights be equal: more draws of the same should change nothing. What is missing?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: weights.logsumexp(0) / len(weights)),
            "Your ELBO is right. In the second you divide the logarithm by k. Where does the 1/k of a mean stand: inside the logarithm, or outside?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: weights.logsumexp(0) + math.log(len(weights))),
            "Your ELBO is right. The second one rises with k, even for equal weights: by 2 log k. Which sign has the logarithm of 1/k?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: (weights.exp().mean(0) + 1e-8).log()),
            "Right, until the log-likelihood is that of a picture: beside 1e-8, what is exp(−150)? Is there a sum of exponentials that does not leave the logarithms?",
        ),
        Mistake(
            _bounds_with(elbo=lambda weights: weights.sum(0)),
            "Your second result is right. Your ELBO grows with the number of draws: which is it, a sum or a mean?",
        ),
        Mistake(
            _bounds_with(elbo=lambda weights: weights.mean(), bound=lambda weights: (weights.logsumexp(0) - math.log(len(weights))).mean()),
            "One figure for the whole batch. What does the contract want one of for each example?",
        ),
        Mistake(
            _bounds_with(elbo=lambda weights: weights.mean(1), bound=lambda weights: weights.logsumexp(1) - math.log(weights.shape[1])),
            "You averaged over the examples, and have a figure for each draw. Which axis holds the draws?",
        ),
        Mistake(
            _bounds_with(elbo=lambda weights: weights),
            "Your ELBO has a figure for each draw. Over what is it the mean?",
        ),
        Mistake(
            lambda *arguments: _bounds_with()(*arguments)[::-1],
            "Both are there. In which order does the contract want them?",
        ),
        Mistake(
            lambda *arguments: _bounds_with()(*arguments)[0],
            "The ELBO is right and comes alone. Where is the second result?",
        ),
        Mistake(
            _bounds_with(
                log_p_1=lambda z_1, p_1: -_log_normal(z_1, *p_1).sum(-1),
                log_p_2=lambda z_2: 0.5 * (LOG_2PI + z_2**2).sum(-1),
                log_q_1=lambda z_1, q_1: -_log_normal(z_1, *q_1).sum(-1),
                log_q_2=lambda z_2, q_2: -_log_normal(z_2, *q_2).sum(-1),
            ),
            "Your prior stands below the line, and q above it. Which of the two makes a draw weigh more?",
        ),
        Mistake(
            _bounds_with(
                log_q_1=lambda z_1, q_1: -_log_normal(z_1, *q_1).sum(-1),
                log_q_2=lambda z_2, q_2: -_log_normal(z_2, *q_2).sum(-1),
            ),
            "You multiply by q. A z that q proposes too often should count for less: above the line, or below it?",
        ),
    ),
    hints=(
        "First make the table of log w, (k, batch): five logarithms, those above the line added, those below it taken away. Both results come from that one table.",
        "The logarithm of a Gaussian's density is −½(log 2π + log σ² + (z − μ)²/σ²), summed over its latents. q_1 lacks the axis of the draws; broadcasting puts it in front by itself.",
        "elbo: the table's mean over axis 0. bound: logsumexp over axis 0, less log k.",
    ),
)
