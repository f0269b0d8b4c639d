"""Right answers to the tasks of this topic, each written in another way."""

import math
from collections import Counter

import torch
from sklearn.metrics import mutual_info_score
from torch.distributions import Categorical, kl_divergence

# ---- cyclical_beta


def beta_by_min(step, period, ramp, beta):
    return beta * min(1.0, (step % period) / (ramp * period))


def beta_by_cases(step, period, ramp, beta):
    while step >= period:
        step -= period
    top = ramp * period
    return beta if step >= top else beta * step / top


def beta_by_fractions(step, period, ramp, beta):
    from fractions import Fraction

    way = Fraction(step % period, period) / Fraction(ramp)
    return float(Fraction(beta) * min(way, Fraction(1)))


def beta_by_divmod(step, period, ramp, beta):
    place = divmod(step, period)[1] / period
    return max(0.0, beta - beta * max(0.0, 1 - place / ramp))


# ---- free_bits


def free_by_clamp(kl, floor):
    return kl.mean(0).clamp(min=floor).sum()


def free_by_maximum(kl, floor):
    means = kl.mean(dim=0)
    return torch.maximum(means, torch.full_like(means, floor)).sum()


def free_by_excess(kl, floor):
    means = torch.einsum("nd->d", kl) / len(kl)
    return torch.relu(means - floor).sum() + floor * kl.shape[1]


def free_by_loop(kl, floor):
    total = torch.zeros((), dtype=kl.dtype)
    for latent in range(kl.size(1)):
        mean = kl[:, latent].sum() / kl.size(0)
        total = total + (mean if mean > floor else floor)
    return total


def free_in_place(kl, floor):
    means = kl.mean(0)
    means[means < floor] = floor
    return means.sum()


# ---- split_rate


def split_by_tables(q1, q2, p1, p2):
    tables = torch.einsum("na,nb->nab", q1, q2)
    both = tables.mean(0)
    one, other = both.sum(1), both.sum(0)

    def kl(q, p):
        return (torch.xlogy(q, q) - torch.xlogy(q, p)).sum()

    return kl(tables, both) / len(q1), kl(both, one[:, None] * other), kl(one, p1) + kl(other, p2)


def split_by_entropies(q1, q2, p1, p2):
    def entropy(p):
        return torch.special.entr(p).sum()

    both, one, other = q1.T @ q2 / len(q1), q1.mean(0), q2.mean(0)
    given = (entropy(q1) + entropy(q2)) / len(q1)
    across = -(one * p1.log()).sum() - (other * p2.log()).sum()
    return entropy(both) - given, entropy(one) + entropy(other) - entropy(both), across - entropy(one) - entropy(other)


def split_by_library(q1, q2, p1, p2):
    def flat(table):
        return Categorical(probs=table.flatten(-2))

    tables = q1.unsqueeze(2) * q2.unsqueeze(1)
    both = tables.mean(0)
    one, other = q1.mean(0), q2.mean(0)
    information = kl_divergence(flat(tables), flat(both.expand_as(tables))).mean()
    dimension_wise = kl_divergence(Categorical(one), Categorical(p1)) + kl_divergence(Categorical(other), Categorical(p2))
    return information, kl_divergence(flat(both), flat(torch.outer(one, other))), dimension_wise


def split_by_loop(q1, q2, p1, p2):
    n, a, b = len(q1), q1.shape[1], q2.shape[1]
    one, other = q1.double().mean(0), q2.double().mean(0)
    information = correlation = dimension_wise = 0.0
    for i in range(a):
        for j in range(b):
            both = sum((q1[k, i].double() * q2[k, j].double()).item() for k in range(n)) / n
            if both > 0:
                correlation += both * math.log(both / (one[i] * other[j]))
            for k in range(n):
                mine = (q1[k, i].double() * q2[k, j].double()).item()
                if mine > 0:
                    information += mine * math.log(mine / both) / n
    for q, p in ((one, p1), (other, p2)):
        dimension_wise += sum(u * math.log(u / v) for u, v in zip(q.tolist(), p.tolist(), strict=True) if u > 0)
    return tuple(torch.tensor(part, dtype=q1.dtype) for part in (information, correlation, dimension_wise))


# ---- mig


def mig_by_library(codes, factors):
    gaps = []
    for factor in factors.T.numpy():
        shared = sorted((mutual_info_score(code, factor) for code in codes.T.numpy()), reverse=True)
        gaps.append((shared[0] - shared[1]) / mutual_info_score(factor, factor))
    return float(sum(gaps) / len(gaps))


def mig_by_one_hot(codes, factors):
    n = len(codes)
    z = torch.nn.functional.one_hot(codes).float()
    v = torch.nn.functional.one_hot(factors).float()
    p = torch.einsum("nia,njb->ijab", z, v) / n
    apart = p.sum(3, keepdim=True) * p.sum(2, keepdim=True)
    information = torch.xlogy(p, p / apart.clamp(min=1e-30)).sum((2, 3))
    shares = v.mean(0)
    entropy = torch.special.entr(shares).sum(1)
    best = (information / entropy).sort(0, descending=True).values
    return (best[0] - best[1]).mean().item()


def mig_by_counter(codes, factors):
    def entropy(values):
        counts = Counter(values).values()
        return -sum(c / len(values) * math.log2(c / len(values)) for c in counts)

    total = 0.0
    for factor in factors.T.tolist():
        conditional = []  # what is left to ask about the factor once a latent is known
        for code in codes.T.tolist():
            conditional.append(entropy(list(zip(code, factor, strict=True))) - entropy(code))
        first, second = sorted(conditional)[:2]
        total += (second - first) / entropy(factor)
    return total / factors.shape[1]


def mig_by_histogram(codes, factors):
    import numpy as np

    table = np.zeros((codes.shape[1], factors.shape[1]))
    entropies = np.zeros(factors.shape[1])
    for j, factor in enumerate(factors.T.numpy()):
        p = np.bincount(factor) / len(factor)
        entropies[j] = -(p[p > 0] * np.log(p[p > 0])).sum()
        for i, code in enumerate(codes.T.numpy()):
            pair = np.histogram2d(code, factor, bins=(np.arange(code.max() + 2), np.arange(factor.max() + 2)))[0] / len(code)
            apart = pair.sum(1, keepdims=True) * pair.sum(0, keepdims=True)
            table[i, j] = (pair[pair > 0] * np.log(pair[pair > 0] / apart[pair > 0])).sum()
    best = np.sort(table, axis=0)
    return float(((best[-1] - best[-2]) / entropies).mean())


# ---- best_code


def code_by_minimum(variance, sigma, beta):
    error = torch.minimum(variance, torch.tensor(beta * sigma**2))
    return 0.5 * torch.log(variance / error), error


def code_by_clamp(variance, sigma, beta):
    level = beta * sigma * sigma
    return (0.5 * (variance / level).log()).clamp(min=0), variance.clamp(max=level)


def code_by_loop(variance, sigma, beta):
    kls, errors = [], []
    for one in variance.tolist():
        error = min(one, beta * sigma**2)
        errors.append(error)
        kls.append(0.5 * math.log(one / error))
    return torch.tensor(kls, dtype=variance.dtype), torch.tensor(errors, dtype=variance.dtype)


def code_in_place(variance, sigma, beta):
    level = beta * sigma**2
    kl = variance.log()
    kl -= math.log(level)
    kl *= 0.5
    variance[kl > 0] = level
    return kl.relu_(), variance


def code_from_the_encoder(variance, sigma, beta):
    """From the best encoder itself: z = a·x + s·ε with a²λ + s² = 1 leaves λ·s² and costs −log s."""
    s = (beta * sigma**2 / variance).clamp(max=1).sqrt()
    return -s.log(), variance * s**2


# ---- gap_report


def gap_by_rows():
    names = ("beta", "seed", "reconstruction", "kl", "loss", "open", "mig")
    runs = [(1, 0, 47.2, 16.1, 63.4, 10, 0.02), (1, 1, 48.1, 17.2, 65.3, 10, 0.02), (1, 2, 50.3, 16.4, 66.7, 10, 0.02)]
    runs += [(8, 0, 79.6, 5.0, 119.4, 10, 0.04), (8, 1, 78.7, 5.1, 119.8, 10, 0.08), (8, 2, 80.9, 4.7, 118.7, 10, 0.05)]
    same = {"latents": 10, "images": 5_000, "epochs": 10}
    return {"predicted": "higher", "runs": [same | dict(zip(names, run, strict=True)) for run in runs], "came_true": True}


def gap_of_a_price_that_closes_all():
    """A price so high that no latent stays open, whatever the seed: no code, no gap, and the same KL of nothing."""
    runs = {"beta": [1, 1, 1, 500, 500, 500], "seed": [3, 1, 2, 1, 2, 3], "latents": 6, "images": 2_000, "epochs": 4}
    runs |= {"reconstruction": [60.2, 61.9, 59.5, 151.2, 151.3, 151.1], "kl": [14.1, 13.8, 14.6, 0.0, 0.0, 0.0]}
    runs |= {"loss": [74.3, 75.7, 74.1, 151.2, 151.3, 151.1], "open": [6, 6, 6, 0, 0, 0], "mig": [0.05, 0.11, 0.02, 0.0, 0.0, 0.0]}
    return {"predicted": "lower", "runs": runs, "came_true": True}


def gap_that_is_luck():
    runs = {"beta": [1.0, 4.0] * 3, "seed": [0, 0, 1, 1, 2, 2], "latents": 10, "images": 5_000, "epochs": 10}
    runs |= {"reconstruction": [47.21, 65.3, 48.07, 64.8, 50.32, 66.1], "kl": [16.15, 7.9, 17.18, 8.2, 16.38, 7.7]}
    runs |= {"loss": [63.35, 96.9, 65.26, 97.6, 66.71, 96.9], "open": [10, 9, 10, 10, 10, 8], "mig": [0.02, 0.06, 0.04, 0.03, 0.05, 0.01]}
    return {"predicted": "no clear difference", "runs": runs, "came_true": True}


RIGHT_ANSWERS = {
    "cyclical_beta": [beta_by_min, beta_by_cases, beta_by_fractions, beta_by_divmod],
    "free_bits": [free_by_clamp, free_by_maximum, free_by_excess, free_by_loop, free_in_place],
    "split_rate": [split_by_tables, split_by_entropies, split_by_library, split_by_loop],
    "mig": [mig_by_library, mig_by_one_hot, mig_by_counter, mig_by_histogram],
    "best_code": [code_by_minimum, code_by_clamp, code_by_loop, code_in_place, code_from_the_encoder],
    "gap_report": [gap_by_rows, gap_of_a_price_that_closes_all, gap_that_is_luck],
}
