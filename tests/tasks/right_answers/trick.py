"""Right answers to the tasks of this topic, each written in another way."""

import math

import torch
from torch.distributions import Independent, Normal

# ---- reparameterise


def drawn_by_hand(mu, log_var):
    return mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)


def drawn_by_library(mu, log_var):
    return Independent(Normal(mu, log_var.mul(0.5).exp()), 1).rsample()


def drawn_in_place(mu, log_var):
    z = torch.randn(mu.shape, dtype=mu.dtype, device=mu.device)
    z.mul_(log_var.exp().sqrt())
    return z.add_(mu)


def drawn_by_inverse(mu, log_var):
    u = torch.rand(mu.shape, dtype=torch.float64, device=mu.device).clamp(1e-12, 1 - 1e-12)
    return torch.addcmul(mu, log_var.exp() ** 0.5, torch.special.ndtri(u).to(mu.dtype))


def drawn_as_a_fresh_normal(mu, log_var):
    epsilon = torch.normal(torch.zeros_like(mu), torch.ones_like(mu))
    return epsilon * (log_var / 2).exp() + mu


# ---- pathwise_gradient


def pathwise_from_a_leaf(f, mu, sigma, epsilon):
    z = (mu + sigma * epsilon).detach().requires_grad_()
    return torch.autograd.grad(f(z).sum(), z)[0]


def pathwise_by_loop(f, mu, sigma, epsilon):
    found = []
    for one in epsilon:
        m = mu.detach().clone().requires_grad_()
        f(m + sigma * one).backward()
        found.append(m.grad)
    return torch.stack(found)


def pathwise_by_many_means(f, mu, sigma, epsilon):
    many = mu.expand_as(epsilon).clone().requires_grad_()
    f(many + sigma * epsilon).sum().backward()
    return many.grad


def pathwise_by_vmap(f, mu, sigma, epsilon):
    return torch.func.vmap(torch.func.grad(lambda one: f(mu + sigma * one) / sigma))(epsilon)


# ---- score_function_gradient


def score_by_formula(f, mu, sigma, epsilon):
    return f(mu + sigma * epsilon) * epsilon / sigma


def score_in_terms_of_z(f, mu, sigma, epsilon):
    z = mu + sigma * epsilon
    return f(z) * (z - mu) / sigma**2


def score_by_autograd(f, mu, sigma, epsilon):
    z = mu + sigma * epsilon
    many = mu.expand_as(z).clone().requires_grad_()
    (score,) = torch.autograd.grad(Normal(many, sigma).log_prob(z.detach()).sum(), many)
    return f(z) * score


def score_by_surrogate(f, mu, sigma, epsilon):
    m = mu.detach().clone().requires_grad_()
    z = (mu + sigma * epsilon).detach()
    surrogates = f(z) * Normal(m, sigma).log_prob(z)
    return torch.stack([torch.autograd.grad(one, m, retain_graph=True)[0] for one in surrogates])


# ---- leave_one_out


def without_a_loop(values, scores):
    return (values - (values.sum() - values) / (len(values) - 1)) * scores


def by_stretching_the_mean(values, scores):
    n = values.numel()
    return scores * (values - values.mean()) * n / (n - 1)


def by_a_matrix(values, scores):
    n = len(values)
    others = (1 - torch.eye(n, dtype=values.dtype, device=values.device)) / (n - 1)
    return (values - others @ values) * scores


def by_a_loop(values, scores):
    result = torch.empty_like(values)
    for i in range(len(values)):
        keep = torch.arange(len(values)) != i
        result[i] = (values[i] - values[keep].mean()) * scores[i]
    return result


# ---- truncated_normal


def truncated_by_library(mu, sigma, low, high, u):
    q = Normal(mu, sigma)
    below, above = q.cdf(torch.as_tensor(low, dtype=u.dtype)), q.cdf(torch.as_tensor(high, dtype=u.dtype))
    return q.icdf(torch.lerp(below, above, u))


def truncated_with_plain_tensors(mu, sigma, low, high, u):
    q = Normal(mu, sigma)
    below, above = q.cdf(torch.tensor(low)), q.cdf(torch.tensor(high))  # float32, whatever mu is
    return q.icdf(below + u * (above - below))


def truncated_by_special(mu, sigma, low, high, u):
    below, above = torch.special.ndtr((low - mu) / sigma), torch.special.ndtr((high - mu) / sigma)
    return mu + sigma * torch.special.ndtri(below * (1 - u) + above * u)


def truncated_by_erf(mu, sigma, low, high, u):
    a, b = (torch.erf((bound - mu) / (sigma * math.sqrt(2))) for bound in (low, high))
    return mu + sigma * math.sqrt(2) * torch.erfinv(a + u * (b - a))


def truncated_in_double(mu, sigma, low, high, u):
    return truncated_by_special(mu.double(), sigma.double(), low, high, u.double()).to(u.dtype)


# ---- correlated_draw


def leaning_by_library(mu, scale_tril):
    return torch.distributions.MultivariateNormal(mu, scale_tril=scale_tril).rsample()


def leaning_by_einsum(mu, scale_tril):
    return mu + torch.einsum("nij,nj->ni", scale_tril, torch.randn_like(mu))


def leaning_by_products(mu, scale_tril):
    epsilon = torch.normal(torch.zeros_like(mu), torch.ones_like(mu))
    return (scale_tril * epsilon[:, None, :]).sum(-1) + mu


def leaning_by_bmm(mu, scale_tril):
    return torch.baddbmm(mu.unsqueeze(2), scale_tril, torch.randn(*mu.shape, 1, dtype=mu.dtype, device=mu.device)).squeeze(2)


# ---- spread_gradient


def spread_by_the_chain_rule(f, mu, log_var, epsilon):
    sigma = torch.exp(log_var / 2)
    z = (mu + sigma * epsilon).detach().requires_grad_()
    (slope,) = torch.autograd.grad(f(z).sum(), z)
    return slope * sigma * epsilon / 2


def spread_by_loop(f, mu, log_var, epsilon):
    found = []
    for e in epsilon:
        own = log_var.clone().detach().requires_grad_()
        f(mu + (0.5 * own).exp() * e).backward()
        found.append(own.grad)
    return torch.stack(found)


def spread_by_vmap(f, mu, log_var, epsilon):
    return torch.func.vmap(torch.func.grad(lambda v, e: f(mu + torch.exp(0.5 * v) * e)), in_dims=(None, 0))(log_var, epsilon)


# ---- coin_gradient


def coin_by_formula(f, logit, b):
    return (b - torch.sigmoid(logit)) * f(b)


def coin_by_cases(f, logit, b):
    p = 1 / (1 + torch.exp(-logit))
    return torch.where(b == 1, 1 - p, -p) * f(b)


def coin_by_autograd(f, logit, b):
    at = logit.detach().expand_as(b).clone().requires_grad_()
    log_p = -torch.nn.functional.binary_cross_entropy_with_logits(at, b, reduction="sum")
    return f(b) * torch.autograd.grad(log_p, at)[0]


# ---- gradient_report


def gradient_by_rows():
    names = ("estimator", "draws", "repeats", "mean", "variance", "distance", "mu", "sigma")
    runs = [("pathwise", 1, 20_000, -6.02, 4.04, 0.083), ("score function", 1, 20_000, -6.18, 228.0, 0.242)]
    runs += [("score function", 100, 20_000, -6.01, 2.23, 0.018), ("with baseline", 2, 20_000, -5.99, 76.2, 0.105)]
    return {"predicted": "nearer", "runs": [dict(zip(names, (*run, 0, 1), strict=True)) for run in runs], "came_true": True}


def gradient_from_elsewhere():
    runs = {"estimator": ["pathwise", "pathwise", "score function", "score function", "with baseline"], "draws": [1, 4, 4, 40, 4]}
    runs |= {"mu": [5.0] * 5, "sigma": [0.5] * 5, "repeats": [20_000] * 5, "mean": [4.0, 4.001, 4.005, 3.99, 3.986]}
    return {
        "predicted": "nearer",
        "runs": runs | {"variance": [1.0023, 0.25, 31.02, 3.112, 11.36], "distance": [0.0408, 0.021, 0.0602, 0.0193, 0.036]},
        "came_true": True,
    }


def gradient_of_very_many_repeats():
    """A hundred million estimates, whose means are one number in three digits."""
    runs = {
        "estimator": ["pathwise", "score function", "score function", "with baseline"],
        "draws": [1, 1, 100, 10],
        "mu": 0.0,
        "sigma": 1.0,
    }
    runs |= {"repeats": 100_000_000, "mean": [-6.0] * 4, "variance": [4.0, 222.0, 2.22, 8.96], "distance": [0.0829, 0.187, 0.0123, 0.0462]}
    return {"predicted": "nearer", "runs": runs, "came_true": True}


RIGHT_ANSWERS = {
    "reparameterise": [drawn_by_hand, drawn_by_library, drawn_in_place, drawn_by_inverse, drawn_as_a_fresh_normal],
    "pathwise_gradient": [pathwise_from_a_leaf, pathwise_by_loop, pathwise_by_many_means, pathwise_by_vmap],
    "score_function_gradient": [score_by_formula, score_in_terms_of_z, score_by_autograd, score_by_surrogate],
    "leave_one_out": [without_a_loop, by_stretching_the_mean, by_a_matrix, by_a_loop],
    "truncated_normal": [
        truncated_by_library,
        truncated_with_plain_tensors,
        truncated_by_special,
        truncated_by_erf,
        truncated_in_double,
    ],
    "correlated_draw": [leaning_by_library, leaning_by_einsum, leaning_by_products, leaning_by_bmm],
    "spread_gradient": [spread_by_the_chain_rule, spread_by_loop, spread_by_vmap],
    "coin_gradient": [coin_by_formula, coin_by_cases, coin_by_autograd],
    "gradient_report": [gradient_by_rows, gradient_from_elsewhere, gradient_of_very_many_repeats],
}
