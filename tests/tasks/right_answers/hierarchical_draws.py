"""Right answers to the tasks on hierarchical VAEs that draw, or bound what was drawn."""

import math
from functools import reduce

import torch
import torch.nn.functional as F
from torch.distributions import Independent, MultivariateNormal, Normal

# ---- resample_level


def resample_downwards(top_down, z, level, epsilon):
    z = list(z)
    if level == len(z):
        z[-1] = epsilon
    else:
        mu, log_var = top_down[level - 1](z[level])
        z[level - 1] = mu + torch.exp(0.5 * log_var) * epsilon
    for index in reversed(range(level - 1)):
        z[index], _ = top_down[index](z[index + 1])
    return torch.cat(z, dim=-1)


def resample_with_noise_or_none(top_down, z, level, epsilon):
    """The same rule for the level and all below it, with no noise for those below."""
    above, result = None, z[level:]
    for number in range(level, 0, -1):
        if number == len(z):
            above = epsilon
        else:
            mu, log_var = top_down[number - 1](z[number] if above is None else above)
            above = mu + (log_var / 2).exp() * epsilon if number == level else mu
        result = [above, *result]
    return torch.hstack(result)


def resample_recursively(top_down, z, level, epsilon):
    def follow(above, number):
        """The levels below `number`, the bottom first."""
        if number == 1:
            return []
        mean = top_down[number - 2](above)[0]
        return [*follow(mean, number - 1), mean]

    mu, log_var = top_down[level - 1](z[level]) if level < len(z) else (torch.zeros_like(epsilon), torch.zeros_like(epsilon))
    new = torch.addcmul(mu, log_var.exp().sqrt(), epsilon)
    return torch.cat([*follow(new, level), new, *z[level:]], 1)


def resample_in_one_tensor(top_down, z, level, epsilon):
    ends = torch.tensor([part.shape[1] for part in z]).cumsum(0).tolist()
    places = [slice(end - part.shape[1], end) for end, part in zip(ends, z, strict=True)]
    side_by_side = torch.cat(z, 1)
    for index in range(len(z))[::-1]:
        if index >= level:
            continue
        top = index + 1 == len(z)
        mu, log_var = (0 * z[-1], 0 * z[-1]) if top else top_down[index](side_by_side[:, places[index + 1]])
        noise = epsilon if index + 1 == level else torch.zeros_like(mu)
        side_by_side[:, places[index]] = Normal(mu, torch.exp(log_var / 2)).loc + torch.exp(log_var / 2) * noise
    return side_by_side


def resample_with_a_prior_for_the_top(top_down, z, level, epsilon):
    """The list of priors made as long as that of the levels."""
    priors = [*top_down, lambda above: (torch.zeros_like(z[-1]), torch.zeros_like(z[-1]))]
    mu, log_var = priors[level - 1](z[level] if level < len(z) else None)
    parts = [mu + (log_var / 2).exp() * epsilon]
    for prior in priors[: level - 1][::-1]:
        parts.insert(0, prior(parts[0])[0])
    return torch.cat(parts + list(z[level:]), -1)


def resample_by_catching(top_down, z, level, epsilon):
    new = [part.clone() for part in z]
    try:
        mu, log_var = top_down[level - 1](new[level])
        new[level - 1] = Normal(mu, (log_var / 2).exp()).mean + (log_var / 2).exp() * epsilon
    except IndexError:
        new[level - 1] = epsilon
    for below in range(level - 1)[::-1]:
        new[below], _ = top_down[below](new[below + 1])
    return torch.hstack(new)


def resample_by_reduce(top_down, z, level, epsilon):
    mu, log_var = top_down[level - 1](z[level]) if level < len(z) else (0 * epsilon, 0 * epsilon)
    start = [mu + (0.5 * log_var).exp() * epsilon, *z[level:]]
    return torch.cat(reduce(lambda stack, prior: [prior(stack[0])[0], *stack], reversed(top_down[: level - 1]), start), dim=1)


# ---- two_level_bounds


def bounds_by_formula(log_likelihood, z_1, z_2, q_1, q_2, p_1):
    def log_normal(z, mu, log_var):
        return -0.5 * (math.log(2 * math.pi) + log_var + (z - mu) ** 2 / log_var.exp()).sum(-1)

    zero = torch.zeros_like(z_2)
    log_p = log_likelihood + log_normal(z_1, *p_1) + log_normal(z_2, zero, zero)
    log_w = log_p - log_normal(z_1, *q_1) - log_normal(z_2, *q_2)
    return log_w.mean(0), torch.logsumexp(log_w, 0) - math.log(len(log_w))


def bounds_by_library(log_likelihood, z_1, z_2, q_1, q_2, p_1):
    def normal(mu, log_var):
        return Independent(Normal(mu, (0.5 * log_var).exp()), 1)

    top = Independent(Normal(torch.zeros_like(z_2[0]), torch.ones_like(z_2[0])), 1)
    prior = top.log_prob(z_2) + normal(*p_1).log_prob(z_1)
    log_w = log_likelihood + prior - (normal(*q_1).log_prob(z_1) + normal(*q_2).log_prob(z_2))
    return [log_w.sum(0) / log_w.size(0), torch.logsumexp(log_w - math.log(log_w.size(0)), dim=0)]


def bounds_without_what_cancels(log_likelihood, z_1, z_2, q_1, q_2, p_1):
    """log 2π occurs as often above the line as below it."""

    def surprise(z, pair):
        return (pair[1] + (z - pair[0]) ** 2 * (-pair[1]).exp()).sum(-1)

    log_w = log_likelihood + 0.5 * (surprise(z_1, q_1) + surprise(z_2, q_2) - surprise(z_1, p_1) - z_2.square().sum(-1))
    greatest = log_w.max(0).values
    return log_w.mean(0), greatest + (log_w - greatest).exp().mean(0).log()


def bounds_draw_by_draw(log_likelihood, z_1, z_2, q_1, q_2, p_1):
    weights = []
    for draw in range(len(z_1)):
        ratio = Normal(p_1[0][draw], (p_1[1][draw] / 2).exp()).log_prob(z_1[draw]).sum(1)
        ratio = ratio + Normal(0.0, 1.0).log_prob(z_2[draw]).sum(1)
        ratio = ratio - Normal(q_1[0], (q_1[1] / 2).exp()).log_prob(z_1[draw]).sum(1)
        ratio = ratio - Normal(q_2[0][draw], (q_2[1][draw] / 2).exp()).log_prob(z_2[draw]).sum(1)
        weights.append(log_likelihood[draw] + ratio)
    return sum(weights) / len(weights), reduce(torch.logaddexp, weights) - math.log(len(weights))


def bounds_by_gaussian_nll(log_likelihood, z_1, z_2, q_1, q_2, p_1):
    def nll(z, mu, log_var):
        mu, log_var = mu.expand_as(z), log_var.expand_as(z)
        return F.gaussian_nll_loss(mu, z, log_var.exp(), full=True, reduction="none").sum(-1)

    zero = torch.zeros_like(z_2)
    cost = -log_likelihood + nll(z_1, *p_1) + nll(z_2, zero, zero) - nll(z_1, *q_1) - nll(z_2, *q_2)
    softest = -torch.log_softmax(-cost, 0)  # log of the sum, less each
    return -cost.mean(0), softest[0] - cost[0] - math.log(cost.shape[0])


def bounds_in_double(log_likelihood, z_1, z_2, q_1, q_2, p_1):
    """In float64 the weights themselves are still there at −150."""
    found = bounds_by_formula(*(a.double() for a in (log_likelihood, z_1, z_2)), *([part.double() for part in a] for a in (q_1, q_2, p_1)))
    return tuple(part.to(log_likelihood.dtype) for part in found)


def bounds_by_full_covariances(log_likelihood, z_1, z_2, q_1, q_2, p_1):
    def normal(mu, log_var):
        return MultivariateNormal(mu, torch.diag_embed(log_var.exp()))

    top = normal(torch.zeros_like(z_2[0]), torch.zeros_like(z_2[0]))
    log_w = log_likelihood + normal(*p_1).log_prob(z_1) + top.log_prob(z_2) - normal(*q_1).log_prob(z_1) - normal(*q_2).log_prob(z_2)
    return log_w.mean(dim=0), torch.logsumexp(log_w, dim=0) - torch.tensor(float(len(log_w))).log().to(log_w)


def bounds_with_everything_expanded(log_likelihood, z_1, z_2, q_1, q_2, p_1):
    q_1 = [part.unsqueeze(0).expand_as(z_1) for part in q_1]
    log_w = log_likelihood - (Normal(q_1[0], (q_1[1] / 2).exp()).log_prob(z_1) - Normal(p_1[0], (p_1[1] / 2).exp()).log_prob(z_1)).sum(-1)
    log_w = log_w - (Normal(q_2[0], (q_2[1] / 2).exp()).log_prob(z_2) - Normal(0.0, 1.0).log_prob(z_2)).sum(-1)
    greatest = log_w.amax(0, keepdim=True)
    return torch.stack([log_w.mean(0), (greatest + (log_w - greatest).exp().mean(0, keepdim=True).log()).squeeze(0)]).unbind()


RIGHT_ANSWERS = {
    "resample_level": [
        resample_downwards,
        resample_with_noise_or_none,
        resample_recursively,
        resample_in_one_tensor,
        resample_with_a_prior_for_the_top,
        resample_by_catching,
        resample_by_reduce,
    ],
    "two_level_bounds": [
        bounds_by_formula,
        bounds_by_library,
        bounds_without_what_cancels,
        bounds_draw_by_draw,
        bounds_by_gaussian_nll,
        bounds_in_double,
        bounds_by_full_covariances,
        bounds_with_everything_expanded,
    ],
}
