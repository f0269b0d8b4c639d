"""What each level costs."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from ..claims import is_tensor, is_tuple, rounding
from ..declaration import Claim, Mistake, Plain, Task
from ..probes import Draw, probes_from
from .merge import merged_but, merged_by, reference_merge, weighted_by_variances, with_room
from .stack import level_parameters, log_normal, mistakes_in, prior_level, sigma_of


def _two_levels(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    weight, bias = level_parameters(draw, d, d + 1)
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
    result = function(prior_level(weight, bias), mu_1, log_var_1, leaf * 1, log_var_2, epsilon_2)
    slope = torch.zeros_like(mu_2)
    first = result[0] if isinstance(result, (tuple, list)) and result else result
    if isinstance(first, Tensor) and first.requires_grad:
        (found,) = torch.autograd.grad(first.sum(), leaf, allow_unused=True)
        slope = slope if found is None else found
    return {"result": result, "slope": slope}


def _reference_ladder_kl(weight, bias, mu_1, log_var_1, mu_2, log_var_2, epsilon_2) -> tuple[Tensor, Tensor, Tensor]:
    """Both KLs by the library, and how great the terms are that go into the first."""
    z_2 = mu_2 + sigma_of(log_var_2) * epsilon_2
    prior_mu, prior_log_var = prior_level(weight, bias)(z_2)
    mu, log_var = reference_merge(prior_mu, prior_log_var, mu_1, log_var_1)
    bottom = kl_divergence(Normal(mu, sigma_of(log_var)), Normal(prior_mu, sigma_of(prior_log_var))).sum(-1)
    top = kl_divergence(Normal(mu_2, sigma_of(log_var_2)), Normal(torch.zeros_like(mu_2), torch.ones_like(mu_2))).sum(-1)
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


def kl_of(mu, log_var, prior_mu, prior_log_var):
    return 0.5 * (prior_log_var - log_var + (log_var.exp() + (mu - prior_mu) ** 2) / prior_log_var.exp() - 1)


def kl_to_standard(mu, log_var):
    return 0.5 * (log_var.exp() + mu**2 - 1 - log_var)


def _ladder(
    draw=lambda mu, log_var, epsilon: mu + sigma_of(log_var) * epsilon,
    merge=merged_by,
    bottom=lambda q, p: kl_of(*q, *p),
    top=kl_to_standard,
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


def _log_ratio_at_a_draw(q, p):
    z_1 = Normal(q[0], sigma_of(q[1])).rsample()
    return log_normal(z_1, *q) - log_normal(z_1, *p)


def _top_merged_with_its_prior(mu, log_var):
    zeros = torch.zeros_like(mu)
    return kl_to_standard(*merged_by(mu, log_var, zeros, zeros))


def _top_by_log_ratio(top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2):
    kl_1, _ = _ladder()(top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2)
    z_2 = mu_2 + sigma_of(log_var_2) * epsilon_2
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
    claims=with_room(_claims_of_ladder_kl),
    mistakes=(
        Mistake(
            _ladder(bottom=lambda q, p: kl_to_standard(*q)),
            "You measure the bottom level from N(0, I). From which Gaussian does p(x, z) expect z_1, once z_2 is drawn?",
        ),
        Mistake(
            _ladder(merge=_unmerged),
            "Your q of the bottom level is what x says, alone. In a ladder a second voice is merged in before anything is drawn or measured: whose?",
        ),
        Mistake(
            _ladder(merge=_unmerged, bottom=lambda q, p: kl_to_standard(*q)),
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
        *mistakes_in(lambda draw: _ladder(draw=draw)),
        Mistake(
            _ladder(draw=lambda mu, log_var, epsilon: (mu + sigma_of(log_var) * epsilon).detach()),
            "The numbers are right. But the bottom level's cost can't tell the top level anything: where is z_2 cut off from mu_2?",
        ),
        Mistake(
            _ladder(merge=merged_but(mu=weighted_by_variances)),
            "Your merge weighs by variances. Try it with the check of task 1: who should win, the surer one or the other?",
        ),
        Mistake(
            _ladder(bottom=lambda q, p: kl_of(*p, *q)),
            "Your kl_1 is measured the other way round. In KL(q ‖ p), under which of the two is the average taken?",
        ),
        Mistake(
            _ladder(draw=lambda mu, log_var, epsilon: mu + sigma_of(log_var) * torch.randn_like(mu)),
            "You draw the noise of z_2 anew. Then your kl_1 changes from call to call: which of the arguments is it for?",
        ),
        Mistake(
            _ladder(bottom=lambda q, p: kl_of(*p, *q), top=lambda mu, log_var: 0.5 * (log_var + (1 + mu**2) / log_var.exp() - 1)),
            "Both are measured the other way round. In KL(q ‖ p), under which of the two is the average taken?",
        ),
        Mistake(
            _ladder(bottom=lambda q, p: kl_of(q[0], 2 * q[1], p[0], 2 * p[1]), top=lambda mu, log_var: kl_to_standard(mu, 2 * log_var)),
            "Your draw is right, but in both KLs exp(log_var) is taken for σ. What is it?",
        ),
        Mistake(
            _ladder(bottom=lambda q, p: kl_of(*q, *p) + 0.5 * (p[1] - q[1])),
            "Your kl_2 is right. In kl_1, is the logarithm that of a ratio of two σ, or of two σ²? Which factor turns the one into the other?",
        ),
        Mistake(
            _ladder(bottom=lambda q, p: kl_of(*q, *p) - (p[1] - q[1])),
            "Your kl_2 is right. Let q and its prior have one mean, and q the smaller variance: your kl_1 is below 0. Which of the two variances stands above the line in the logarithm?",
        ),
        Mistake(
            _ladder(bottom=lambda q, p: 0.5 * (p[1] - q[1] + (q[1] - p[1]).exp() + (q[0] - p[0]) ** 2 - 1)),
            "Your kl_2 is right. In kl_1 a step of 1 between the means costs the same, however sure the prior is. By what is it measured?",
        ),
        Mistake(
            _ladder(bottom=lambda q, p: 0.5 * (p[1] - q[1] + (q[1].exp() + q[0] - p[0]) / p[1].exp() - 1)),
            "Your kl_2 is right. In kl_1 a mean below the prior's lowers the cost, and one above it raises it. Should the side matter?",
        ),
        Mistake(
            _ladder(bottom=lambda q, p: 2 * kl_of(*q, *p)),
            "Your kl_2 is right, and kl_1 is twice what it should be. Which factor stands before the KL of two Gaussians?",
        ),
        Mistake(
            _ladder(bottom=_log_ratio_at_a_draw),
            "Your kl_2 is right. Your kl_1 is log q − log p at a draw of z_1: right on average, and it scatters. Once z_2 is drawn, both are Gaussians: does their KL need a second draw?",
        ),
        Mistake(
            _top_by_log_ratio,
            "Your kl_1 is right. Your kl_2 is log q − log p at the draw: right on average, and it scatters. Does the top level's KL need a draw?",
        ),
        Mistake(
            lambda top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2: (
                kl_of(
                    *merged_by(mu_1, log_var_1, *top_down(mu_2 + sigma_of(log_var_2) * epsilon_2)),
                    mu_1,
                    log_var_1,
                ).sum(-1),
                kl_to_standard(mu_2, log_var_2).sum(-1),
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
            _then(lambda kl_1, kl_2: (kl_1, -kl_2)),
            "Your kl_1 is right. Your kl_2 is below 0. Which signs have the terms inside the brackets, when −½ stands before them?",
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
