"""Right answers to the tasks of this topic, each written in another way."""

import math

import torch
from torch.distributions import Independent, Normal, kl_divergence

from vae_course import objectives

# ---- gaussian_kl


def by_library(mu, log_var):
    q = Independent(Normal(mu, (log_var / 2).exp()), 1)
    return kl_divergence(q, Independent(Normal(torch.zeros_like(mu), 1.0), 1))


def by_einsum(mu, log_var):
    ones = torch.ones(mu.shape[1], dtype=mu.dtype, device=mu.device)
    return 0.5 * (torch.einsum("ni,ni->n", mu, mu) + torch.einsum("ni,i->n", log_var.exp() - 1 - log_var, ones))


def in_place(mu, log_var):
    kl = log_var.exp()
    kl -= log_var
    kl += mu.pow_(2)
    kl -= 1
    return kl.mul_(0.5).sum(dim=1)


def by_loop(mu, log_var):
    rows = []
    for m, v in zip(mu, log_var, strict=True):
        total = torch.zeros((), dtype=mu.dtype)
        for a, b in zip(m, v, strict=True):
            total = total + 0.5 * (a * a + torch.exp(b) - 1 - b)
        rows.append(total)
    return torch.stack(rows)


def in_double(mu, log_var):
    return objectives.gaussian_kl(mu.double(), log_var.double()).to(mu.dtype)


# ---- kl_between


def between_by_library(mu_q, log_var_q, mu_p, log_var_p):
    return kl_divergence(Normal(mu_q, (log_var_q / 2).exp()), Normal(mu_p, (log_var_p / 2).exp())).sum(1)


def between_by_standardising(mu_q, log_var_q, mu_p, log_var_p):
    return objectives.gaussian_kl((mu_q - mu_p) * torch.exp(-log_var_p / 2), log_var_q - log_var_p)


def between_by_matrices(mu_q, log_var_q, mu_p, log_var_p):
    q = torch.distributions.MultivariateNormal(mu_q, torch.diag_embed(log_var_q.exp()))
    p = torch.distributions.MultivariateNormal(mu_p, torch.diag_embed(log_var_p.exp()))
    return kl_divergence(q, p)


def between_in_place(mu_q, log_var_q, mu_p, log_var_p):
    mu_q -= mu_p
    ratio = (log_var_q - log_var_p).exp_()
    ratio += mu_q.square_() / log_var_p.exp()
    ratio -= 1 + log_var_q - log_var_p
    return ratio.sum(-1) / 2


# ---- gaussian_log_likelihood


def likelihood_by_library(x, mean, log_sigma):
    return Independent(Normal(mean, log_sigma.exp()), x.dim() - 1).log_prob(x)


def likelihood_by_counting(x, mean, log_sigma):
    d = x[0].numel()
    squares = ((x - mean) ** 2).sum((1, 2))
    return -squares / (2 * torch.exp(2 * log_sigma)) - d * log_sigma - d / 2 * math.log(2 * math.pi)


def likelihood_by_torch_loss(x, mean, log_sigma):
    variance = torch.exp(2 * log_sigma).expand_as(x)
    loss = torch.nn.functional.gaussian_nll_loss(mean, x, variance, full=True, eps=0.0, reduction="none")
    return -loss.flatten(1).sum(1)


def likelihood_by_loop(x, mean, log_sigma):
    return torch.stack([Normal(m, log_sigma.exp()).log_prob(one).sum() for one, m in zip(x, mean, strict=True)])


# ---- importance_weighted_bound


def bound_by_logsumexp(log_weights):
    return torch.logsumexp(log_weights, dim=0) - math.log(len(log_weights))


def bound_by_hand(log_weights):
    m = log_weights.max(dim=0).values
    return m + (log_weights - m).exp().mean(dim=0).log()


def bound_by_folding(log_weights):
    total = log_weights[0]
    for row in log_weights[1:]:
        total = torch.logaddexp(total, row)
    return total - torch.tensor(len(log_weights), dtype=log_weights.dtype).log()


def bound_by_softmax(log_weights):
    return (log_weights - torch.log_softmax(log_weights, 0)).mean(0) - math.log(log_weights.size(0))


# ---- effective_beta


def beta_by_formula(pixels, latents, sigma, kl_weight):
    return kl_weight * pixels / (2 * sigma**2 * latents)


def beta_by_steps(pixels, latents, sigma, kl_weight):
    to_sums = pixels / (2 * sigma * sigma)
    return to_sums * (kl_weight / latents)


def beta_by_fractions(pixels, latents, sigma, kl_weight):
    from fractions import Fraction

    return float(Fraction(kl_weight) * pixels / (2 * Fraction(sigma) ** 2 * latents))


# ---- leaning_kl


def leaning_by_library(mu, scale_tril):
    q = torch.distributions.MultivariateNormal(mu, scale_tril=scale_tril)
    return kl_divergence(q, torch.distributions.MultivariateNormal(torch.zeros_like(mu), scale_tril=torch.eye(mu.shape[1], dtype=mu.dtype)))


def leaning_by_covariances(mu, scale_tril):
    covariance = scale_tril @ scale_tril.mT
    trace = covariance.diagonal(dim1=-2, dim2=-1).sum(-1)
    return 0.5 * (trace + mu.square().sum(-1) - mu.shape[-1]) - scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def leaning_by_loop(mu, scale_tril):
    rows = []
    for m, triangle in zip(mu, scale_tril, strict=True):
        rows.append(0.5 * (triangle.square().sum() + m @ m - len(m)) - torch.diagonal(triangle).log().sum())
    return torch.stack(rows)


# ---- renyi_bound


def renyi_by_hand(log_weights, alpha):
    if abs(1 - alpha) < 1e-9:
        return log_weights.mean(dim=0)
    powers = (1 - alpha) * log_weights
    highest = powers.max(dim=0).values
    return (highest + (powers - highest).exp().mean(dim=0).log()) / (1 - alpha)


def renyi_by_folding(log_weights, alpha):
    if alpha == 1:
        return log_weights.sum(0) / log_weights.size(0)
    total = log_weights[0] * (1 - alpha)
    for row in log_weights[1:]:
        total = torch.logaddexp(total, row * (1 - alpha))
    return (total - math.log(len(log_weights))) / (1 - alpha)


def renyi_in_double(log_weights, alpha):
    w = log_weights.double()
    bound = w.mean(0) if alpha == 1.0 else (torch.logsumexp((1 - alpha) * w, 0) - math.log(w.shape[0])) / (1 - alpha)
    return bound.to(log_weights.dtype)


# ---- bound_report


def bound_by_rows():
    names = ("latents", "seed", "parameters", "reconstruction", "kl", "elbo", "bound_10", "bound_100")
    runs = [(2, 0, 631_188, 162.7, 4.6, -167.2, -165.7, -165.2), (2, 1, 631_188, 158.9, 4.9, -163.8, -161.3, -160.6)]
    runs += [(20, 0, 652_824, 101.6, 21.0, -122.5, -118.7, -117.5), (20, 1, 652_824, 101.5, 21.3, -122.8, -118.7, -117.2)]
    rows = [dict(zip(names, run, strict=True)) | {"hidden": 400, "test_images": 1000} for run in runs]
    return {"runs": tuple(rows), "predicted": "no clear difference", "came_true": False}


def bound_by_columns():
    runs = {"latents": (2, 2, 20, 20), "seed": (0, 1, 0, 1), "hidden": 400, "parameters": [631188, 631188, 652824, 652824]}
    runs |= {"test_images": 1000.0, "reconstruction": [162.6684, 158.9288, 101.5517, 101.4999], "kl": [4.5638, 4.8535, 20.9531, 21.3014]}
    runs |= {"elbo": [-167.2322, -163.7822, -122.5049, -122.8013], "bound_10": [-165.6853, -161.3387, -118.7438, -118.6503]}
    return {"predicted": " larger ", "runs": runs | {"bound_100": [-165.2313, -160.5801, -117.4664, -117.2384]}, "came_true": True}


RIGHT_ANSWERS = {
    "gaussian_kl": [by_library, by_einsum, in_place, by_loop, in_double],
    "kl_between": [between_by_library, between_by_standardising, between_by_matrices, between_in_place],
    "gaussian_log_likelihood": [likelihood_by_library, likelihood_by_counting, likelihood_by_torch_loss, likelihood_by_loop],
    "importance_weighted_bound": [bound_by_logsumexp, bound_by_hand, bound_by_folding, bound_by_softmax],
    "effective_beta": [beta_by_formula, beta_by_steps, beta_by_fractions],
    "leaning_kl": [leaning_by_library, leaning_by_covariances, leaning_by_loop],
    "renyi_bound": [renyi_by_hand, renyi_by_folding, renyi_in_double],
    "bound_report": [bound_by_rows, bound_by_columns],
}
