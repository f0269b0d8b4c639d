"""Right answers to the tasks of this topic, each written in another way."""

import math

import numpy as np
import torch
from torch.distributions import Independent, MultivariateNormal, Normal

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)

# ---- log_density


def density_by_formula(z, mu, log_var):
    return -0.5 * ((z - mu) ** 2 / log_var.exp() + log_var + math.log(2 * math.pi)).sum(-1)


def density_by_library(z, mu, log_var):
    return Normal(mu, (0.5 * log_var).exp()).log_prob(z).sum(1)


def density_by_matrix(z, mu, log_var):
    return MultivariateNormal(mu, torch.diag_embed(log_var.exp())).log_prob(z)


def density_in_place(z, mu, log_var):
    z.sub_(mu).square_().mul_(torch.exp(-log_var)).add_(log_var).add_(2 * HALF_LOG_2PI)
    return z.sum(dim=-1).mul_(-0.5)


# ---- aggregate_moments


def moments_by_total_variance(mu, log_var):
    return mu.mean(0), mu.var(0, unbiased=False) + log_var.exp().mean(0)


def moments_by_squares(mu, log_var):
    mean = mu.mean(0)
    return mean, (mu.square() + log_var.exp()).mean(0) - mean.square()


def moments_by_einsum(mu, log_var):
    n = len(mu)
    mean = torch.einsum("nd->d", mu) / n
    centred = mu - mean
    return [mean, (torch.einsum("nd,nd->d", centred, centred) + torch.einsum("nd->d", log_var.exp())) / n]


def moments_by_loop(mu, log_var):
    mean = sum(mu) / len(mu)
    variance = torch.zeros_like(mean)
    for m, v in zip(mu, log_var, strict=True):
        variance += (torch.exp(v) + (m - mean) ** 2) / len(mu)
    return mean, variance


# ---- aggregated_log_density


def mixture_by_table(z, mu, log_var):
    table = (-0.5 * (z[:, None] - mu) ** 2 / log_var.exp() - 0.5 * log_var - HALF_LOG_2PI).sum(-1)
    return torch.logsumexp(table, 1) - math.log(len(mu))


def mixture_by_library(z, mu, log_var):
    parts = Independent(Normal(mu, (0.5 * log_var).exp()), 1)
    mix = torch.distributions.Categorical(logits=torch.zeros(len(mu), dtype=mu.dtype))
    return torch.distributions.MixtureSameFamily(mix, parts).log_prob(z)


def mixture_by_loop(z, mu, log_var):
    total = torch.full((len(z),), -math.inf, dtype=z.dtype)
    for m, v in zip(mu, log_var, strict=True):
        total = torch.logaddexp(total, Normal(m, (v / 2).exp()).log_prob(z).sum(-1) - math.log(len(mu)))
    return total


def mixture_by_hand(z, mu, log_var):
    table = Independent(Normal(mu, (0.5 * log_var).exp()), 1).log_prob(z.unsqueeze(1))
    highest = table.max(dim=1).values
    return highest + (table - highest[:, None]).exp().mean(1).log()


# ---- expected_error


def error_by_formula(weight, bias, x, mu, log_var):
    at_mean = (x - mu @ weight.t() - bias).square().sum(-1)
    return at_mean + log_var.exp() @ weight.square().sum(0)


def error_by_einsum(weight, bias, x, mu, log_var):
    residual = x - torch.einsum("pj,nj->np", weight, mu) - bias
    return torch.einsum("np,np->n", residual, residual) + torch.einsum("nj,pj,pj->n", log_var.exp(), weight, weight)


def error_by_covariance(weight, bias, x, mu, log_var):
    covariance = weight @ torch.diag_embed(log_var.exp()) @ weight.t()
    residual = x - torch.nn.functional.linear(mu, weight, bias)
    return residual.pow(2).sum(1) + covariance.diagonal(dim1=-2, dim2=-1).sum(-1)


def error_by_loop(weight, bias, x, mu, log_var):
    found = []
    for one, m, v in zip(x, mu, log_var, strict=True):
        error = ((one - weight @ m - bias) ** 2).sum()
        for j in range(len(m)):
            error = error + v[j].exp() * (weight[:, j] ** 2).sum()
        found.append(error)
    return torch.stack(found)


# ---- chance_of_confusion


def confusion_by_cdf(mu_0, mu_1, sigma):
    return 1 - Normal(0.0, 1.0).cdf((mu_1 - mu_0).norm(dim=-1) / (2 * sigma))


def confusion_by_erfc(mu_0, mu_1, sigma):
    distance = (mu_1 - mu_0).square().sum(-1).sqrt()
    return torch.erfc(distance / (2 * math.sqrt(2) * sigma)) / 2


def confusion_by_symmetry(mu_0, mu_1, sigma):
    distance = torch.linalg.vector_norm(mu_0 - mu_1, dim=1)
    return torch.special.ndtr(-distance / 2 / sigma)


def confusion_of_a_difference(mu_0, mu_1, sigma):
    """Which of two squared distances is smaller: their difference is itself Gaussian."""
    gap = ((mu_1 - mu_0) ** 2).sum(-1)
    return Normal(gap, 2 * sigma * gap.sqrt()).cdf(torch.zeros_like(gap))


# ---- weight_report


def weight_by_rows():
    names = ("kl_weight", "seed", "latents", "epochs", "reconstruction", "kl", "loss", "sigma")
    runs = [(1, 0, 10, 8, 107.9, 17.1, 125.0, 0.25), (1, 1, 10, 8, 108.6, 16.8, 125.3, 0.26)]
    runs += [(4, 0, 10, 8, 129.8, 7.9, 161.3, 0.51), (4, 1, 10, 8, 130.8, 7.5, 160.8, 0.52)]
    return {"predicted": "wider", "runs": [dict(zip(names, run, strict=True)) for run in runs], "came_true": True}


def weight_by_arrays():
    kl = torch.tensor([17.0933, 16.7759, 7.8842, 7.5191])
    runs = {
        "kl_weight": np.array([1.0, 1.0, 4.0, 4.0]),
        "seed": np.arange(2)[[0, 1, 0, 1]],
        "latents": np.int64(10),
        "epochs": torch.tensor(8),
    }
    runs |= {
        "reconstruction": (107.9225, 108.5543, 129.7526, 130.769),
        "kl": kl,
        "loss": np.float32([125.0157, 125.3302, 161.2895, 160.8454]),
    }
    return {"predicted": "narrower", "runs": runs | {"sigma": [0.2519, 0.263, 0.5076, 0.5219]}, "came_true": np.bool_(False)}


def weights_that_leave_only_the_prior():
    """Two weights so great that all four models have collapsed: luck alone tells them apart, and every σ rounds to 1.0."""
    runs = {"kl_weight": [50, 50, 100, 100], "seed": [0, 1, 0, 1], "latents": 10, "epochs": 8}
    runs |= {
        "reconstruction": [206.5, 206.6, 206.4, 206.5],
        "kl": [0.01, 0.01, 0.02, 0.01],
        "loss": [207.0, 207.1, 208.4, 207.5],
        "sigma": [1.0] * 4,
    }
    return {"predicted": "no clear difference", "runs": runs, "came_true": True}


RIGHT_ANSWERS = {
    "log_density": [density_by_formula, density_by_library, density_by_matrix, density_in_place],
    "aggregate_moments": [moments_by_total_variance, moments_by_squares, moments_by_einsum, moments_by_loop],
    "aggregated_log_density": [mixture_by_table, mixture_by_library, mixture_by_loop, mixture_by_hand],
    "expected_error": [error_by_formula, error_by_einsum, error_by_covariance, error_by_loop],
    "chance_of_confusion": [confusion_by_cdf, confusion_by_erfc, confusion_by_symmetry, confusion_of_a_difference],
    "weight_report": [weight_by_rows, weight_by_arrays, weights_that_leave_only_the_prior],
}
