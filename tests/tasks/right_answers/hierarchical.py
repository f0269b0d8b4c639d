"""Right answers to the tasks of this topic, each written in another way."""

import torch
import torch.nn.functional as F
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from vae_course import objectives

# ---- merge


def merge_by_precisions(mu_1, log_var_1, mu_2, log_var_2):
    precision_1, precision_2 = torch.exp(-log_var_1), torch.exp(-log_var_2)
    variance = 1 / (precision_1 + precision_2)
    return (mu_1 * precision_1 + mu_2 * precision_2) * variance, torch.log(variance)


def merge_by_variances(mu_1, log_var_1, mu_2, log_var_2):
    """Each mean by the variance of the other."""
    var_1, var_2 = log_var_1.exp(), log_var_2.exp()
    return (mu_1 * var_2 + mu_2 * var_1) / (var_1 + var_2), (var_1 * var_2 / (var_1 + var_2)).log()


def merge_by_softmax(mu_1, log_var_1, mu_2, log_var_2):
    log_precisions = -torch.stack([log_var_1, log_var_2])
    share = log_precisions.softmax(0)
    return [(share * torch.stack([mu_1, mu_2])).sum(0), -log_precisions.logsumexp(0)]


def merge_as_a_filter(mu_1, log_var_1, mu_2, log_var_2):
    gain = log_var_1.exp() / (log_var_1.exp() + log_var_2.exp())
    return torch.lerp(mu_1, mu_2, gain), log_var_1 + torch.log1p(-gain)


def merge_by_completing_the_square(mu_1, log_var_1, mu_2, log_var_2):
    """a z² + b z + c is the logarithm of the product."""
    a = -0.5 * (torch.exp(-log_var_1) + torch.exp(-log_var_2))
    b = mu_1 / log_var_1.exp() + mu_2 / log_var_2.exp()
    return -b / (2 * a), -torch.log(-2 * a)


def merge_with_a_tiny_constant(mu_1, log_var_1, mu_2, log_var_2):
    sigma_1, sigma_2 = torch.exp(0.5 * log_var_1), torch.exp(0.5 * log_var_2)
    p, q = 1 / (sigma_1**2 + 1e-9), 1 / (sigma_2**2 + 1e-9)
    return (p * mu_1 + q * mu_2) / (p + q), 2 * torch.log(1 / (p + q).sqrt())


def merge_by_sigmas(mu_1, log_var_1, mu_2, log_var_2):
    sigma_1, sigma_2 = torch.exp(0.5 * log_var_1), torch.exp(0.5 * log_var_2)
    sigma = torch.sqrt(sigma_1**2 * sigma_2**2 / (sigma_1**2 + sigma_2**2))
    return sigma**2 * (mu_1 / sigma_1**2 + mu_2 / sigma_2**2), 2 * torch.log(sigma)


def merge_by_numpy(mu_1, log_var_1, mu_2, log_var_2):
    import numpy as np

    precision_1, precision_2 = np.exp(-log_var_1.cpu().numpy()), np.exp(-log_var_2.cpu().numpy())
    both = precision_1 + precision_2
    mu = (precision_1 * mu_1.cpu().numpy() + precision_2 * mu_2.cpu().numpy()) / both
    return torch.from_numpy(mu).to(mu_1), torch.from_numpy(-np.log(both)).to(mu_1)


def merge_by_lerp(mu_1, log_var_1, mu_2, log_var_2):
    gap = log_var_2 - log_var_1
    return torch.lerp(mu_2, mu_1, torch.sigmoid(gap)), log_var_1 + F.logsigmoid(gap)


# ---- sample_prior


def sample_by_hand(top_down, epsilon_1, epsilon_2):
    mu, log_var = top_down(epsilon_2)
    return torch.cat([mu + torch.exp(0.5 * log_var) * epsilon_1, epsilon_2], dim=-1)


def sample_by_addcmul(top_down, epsilon_1, epsilon_2):
    z_2 = torch.zeros_like(epsilon_2) + torch.ones_like(epsilon_2) * epsilon_2
    mu, log_var = top_down(z_2)
    return torch.hstack((torch.addcmul(mu, log_var.exp().sqrt(), epsilon_1), z_2))


def sample_one_by_one(top_down, epsilon_1, epsilon_2):
    rows = []
    for below, above in zip(epsilon_1, epsilon_2, strict=True):
        mu, log_var = top_down(above.unsqueeze(0))
        rows.append(torch.cat([mu[0] + (log_var[0] / 2).exp() * below, above]))
    return torch.stack(rows)


def sample_in_place(top_down, epsilon_1, epsilon_2):
    size = epsilon_1.shape[1]
    z = torch.cat([epsilon_1, epsilon_2], 1)
    mu, log_var = top_down(z[:, size:])
    z[:, :size] *= (log_var / 2).exp()
    z[:, :size] += mu
    return z


def sample_by_covariance(top_down, epsilon_1, epsilon_2):
    mu, log_var = top_down(epsilon_2)
    scale = torch.linalg.cholesky(torch.diag_embed(log_var.exp()))
    return torch.cat([mu + torch.einsum("nij,nj->ni", scale, epsilon_1), epsilon_2], 1)


def sample_by_distribution(top_down, epsilon_1, epsilon_2):
    mu, log_var = top_down(epsilon_2)
    below = Normal(mu, log_var.exp() ** 0.5)
    return torch.column_stack([below.loc + below.scale * epsilon_1, epsilon_2])


def sample_without_gradient(top_down, epsilon_1, epsilon_2):
    with torch.no_grad():
        parameters = top_down(epsilon_2)
        return torch.concat((parameters[0] + torch.exp(parameters[1] * 0.5) * epsilon_1, epsilon_2), 1)


def sample_by_filling(top_down, epsilon_1, epsilon_2):
    z = epsilon_1.new_empty(len(epsilon_1), epsilon_1.shape[1] + epsilon_2.shape[1])
    z[:, epsilon_1.shape[1] :] = epsilon_2
    mu, log_var = top_down(epsilon_2)
    for latent in range(epsilon_1.shape[1]):
        z[:, latent] = mu[:, latent] + (log_var[:, latent] / 2).exp() * epsilon_1[:, latent]
    return z


# ---- ladder_kl


def ladder_by_formula(top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2):
    prior_mu, prior_log_var = top_down(mu_2 + (log_var_2 / 2).exp() * epsilon_2)
    mu, log_var = merge_by_precisions(mu_1, log_var_1, prior_mu, prior_log_var)
    kl_1 = 0.5 * (prior_log_var - log_var + (log_var.exp() + (mu - prior_mu) ** 2) / prior_log_var.exp() - 1)
    kl_2 = -0.5 * (1 + log_var_2 - mu_2**2 - log_var_2.exp())
    return kl_1.sum(-1), kl_2.sum(-1)


def ladder_by_library(top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2):
    def normal(mu, log_var):
        return Independent(Normal(mu, torch.exp(0.5 * log_var)), 1)

    q_2 = normal(mu_2, log_var_2)
    p_1 = top_down(mu_2 + q_2.stddev * epsilon_2)
    q_1 = normal(*merge_by_variances(*p_1, mu_1, log_var_1))
    return kl_divergence(q_1, normal(*p_1)), kl_divergence(q_2, normal(torch.zeros_like(mu_2), torch.zeros_like(mu_2)))


def ladder_by_distributions(top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2):
    m, log_s2 = top_down(mu_2 + (log_var_2 / 2).exp() * epsilon_2)
    share = torch.sigmoid(log_s2 - log_var_1)
    q = Normal(share * mu_1 + (1 - share) * m, (-0.5 * torch.logaddexp(-log_var_1, -log_s2)).exp())
    return [kl_divergence(q, Normal(m, (log_s2 / 2).exp())).sum(1), objectives.gaussian_kl(mu_2, log_var_2)]


def ladder_by_standardising(top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2):
    """In units of the prior, whose variance is then 1: what x adds is one precision, r, at the distance d."""
    m, log_s2 = top_down(torch.addcmul(mu_2, torch.exp(log_var_2 / 2), epsilon_2))
    r, d = torch.exp(log_s2 - log_var_1), (mu_1 - m) * torch.exp(-log_s2 / 2)
    share = r / (1 + r)
    kl_1 = 0.5 * (torch.log1p(r) - share + (share * d) ** 2)
    return kl_1.sum(1), 0.5 * (log_var_2.exp() + mu_2.square() - 1 - log_var_2).sum(1)


def ladder_by_full_covariances(top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2):
    def gaussian(mu, log_var):
        return MultivariateNormal(mu, covariance_matrix=torch.diag_embed(log_var.exp()))

    z_2 = mu_2 + log_var_2.exp().sqrt() * epsilon_2
    prior = gaussian(*top_down(z_2))
    precision = prior.precision_matrix + torch.diag_embed((-log_var_1).exp())
    weighted = (prior.precision_matrix @ prior.mean.unsqueeze(-1)).squeeze(-1) + (-log_var_1).exp() * mu_1
    q = MultivariateNormal(torch.linalg.solve(precision, weighted), precision_matrix=precision)
    top = gaussian(torch.zeros_like(mu_2), torch.zeros_like(mu_2))
    return kl_divergence(q, prior), kl_divergence(gaussian(mu_2, log_var_2), top)


def ladder_by_sigmas(top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2):
    """log of a ratio of two σ, without the ½."""
    sigma_2 = torch.exp(log_var_2 / 2)
    prior_mu, prior_log_var = top_down(mu_2 + sigma_2 * epsilon_2)
    mu, log_var = merge_by_precisions(mu_1, log_var_1, prior_mu, prior_log_var)
    sigma, prior_sigma = torch.exp(log_var / 2), torch.exp(prior_log_var / 2)
    kl_1 = torch.log(prior_sigma / sigma) + (sigma**2 + (mu - prior_mu) ** 2) / (2 * prior_sigma**2) - 0.5
    kl_2 = -torch.log(sigma_2) + (sigma_2**2 + mu_2**2) / 2 - 0.5
    return kl_1.sum(-1), kl_2.sum(-1)


def ladder_row_by_row(top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2):
    rows = zip(*(part.split(1) for part in (mu_1, log_var_1, mu_2, log_var_2, epsilon_2)), strict=True)
    pairs = [ladder_by_formula(top_down, *row) for row in rows]
    return torch.cat([bottom for bottom, _ in pairs]), torch.cat([top for _, top in pairs])


def ladder_by_one_function(top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2):
    """The top level's prior is one more Gaussian, of mu 0 and log_var 0."""

    def kl(q, p):
        return 0.5 * (p[1] - q[1] + torch.exp(q[1] - p[1]) + (q[0] - p[0]).pow(2) * torch.exp(-p[1]) - 1).sum(1)

    z_2 = mu_2 + torch.sqrt(log_var_2.exp()) * epsilon_2
    prior = top_down(z_2)
    zeros = torch.zeros_like(mu_2)
    return kl(merge_by_precisions(*prior, mu_1, log_var_1), prior), kl((mu_2, log_var_2), (zeros, zeros))


# ---- level_report


def report_by_split(kl, sizes, threshold):
    parts = kl.mean(0).split(list(sizes))
    return torch.stack([part.sum() for part in parts]), torch.stack([(part > threshold).sum() for part in parts]).to(kl.dtype)


def report_by_counts(kl, sizes, threshold):
    nats, working, start = [], [], 0
    for size in sizes:
        level = kl[:, start : start + size]
        nats.append(level.sum(1).mean())
        working.append(sum(1 for latent in level.T if latent.mean() > threshold))
        start += size
    return torch.stack(nats), torch.tensor(working)


def report_by_membership(kl, sizes, threshold):
    """A table of which latent belongs to which level."""
    level = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes)).to(kl.device)
    belongs = F.one_hot(level, len(sizes)).to(kl)
    means = kl.sum(0) / len(kl)
    return means @ belongs, (means > threshold).to(kl) @ belongs


def report_by_index_add(kl, sizes, threshold):
    of_level = torch.tensor([number for number, size in enumerate(sizes) for _ in range(size)], device=kl.device)
    means = torch.einsum("nd->d", kl) / kl.shape[0]
    empty = torch.zeros(len(sizes), dtype=kl.dtype, device=kl.device)
    nats = empty.index_add(0, of_level, means)
    return nats, torch.bincount(of_level[means > threshold], minlength=len(sizes))


def report_by_running_sums(kl, sizes, threshold):
    import numpy as np

    means = kl.double().mean(0).cpu().numpy()
    ends = np.cumsum(sizes)
    nats = np.diff(np.concatenate([[0], np.cumsum(means)])[np.concatenate([[0], ends])])
    working = np.add.reduceat((means > threshold).astype(int), ends - np.array(sizes))
    return [torch.from_numpy(nats).to(kl.dtype), torch.from_numpy(working)]


def report_by_python_numbers(kl, sizes, threshold):
    means, nats, working = kl.mean(dim=0).tolist(), [], []
    for size in sizes:
        level, means = means[:size], means[size:]
        nats.append(sum(level))
        working.append(sum(mean > threshold for mean in level))
    return torch.tensor(nats, dtype=kl.dtype, device=kl.device), torch.tensor(working)


def report_by_filling(kl, sizes, threshold):
    nats, working, stop = kl.new_zeros(len(sizes)), torch.zeros(len(sizes), dtype=torch.int32), 0
    for level, size in enumerate(sizes):
        start, stop = stop, stop + size
        part = kl[:, start:stop]
        nats[level] = part.sum() / len(kl)
        working[level] = torch.count_nonzero(part.mean(0) > threshold)
    return nats, working


def report_by_columns(kl, sizes, threshold):
    """Split into columns of images first; each level is a list of latents."""
    parts = torch.split(kl, sizes, dim=1)
    return tuple(map(torch.stack, zip(*((part.sum(1).mean(), part.mean(0).gt(threshold).float().sum()) for part in parts), strict=True)))


# ---- stack_report


def stacks_by_rows():
    names = ("inference", "seed", "reconstruction", "kl_bottom", "kl_top", "loss")
    runs = [("naive", 0, 129.0, 12.8, 1.6, 143.4), ("naive", 1, 126.0, 13.2, 1.5, 140.7), ("naive", 2, 125.3, 12.4, 2.6, 140.3)]
    runs += [("residual", 0, 126.8, 14.5, 0.8, 142.1), ("residual", 1, 126.0, 14.4, 0.5, 140.9), ("residual", 2, 126.7, 14.7, 0.5, 142.0)]
    same = {"images": 6_000, "epochs": 8}
    return {"predicted": "no clear difference", "runs": [same | dict(zip(names, run, strict=True)) for run in runs], "came_true": True}


def stacks_with_a_dead_top():
    """In columns; the naive stacks' tops have closed, and the residual ones are the better model for every seed."""
    runs = {"inference": ["residual", "naive"] * 3, "seed": [4, 4, 5, 5, 6, 6], "images": 60_000, "epochs": 40}
    runs |= {"reconstruction": [72.4, 74.9, 72.1, 75.2, 72.8, 74.6], "kl_bottom": [17.2, 21.9, 17.5, 21.7, 17.0, 22.1]}
    runs |= {"kl_top": [5.1, 0.0, 5.3, 0.0, 5.2, 0.0], "loss": [94.7, 96.8, 94.9, 96.9, 95.0, 96.7]}
    return {"predicted": "higher", "runs": runs, "came_true": False}


RIGHT_ANSWERS = {
    "merge": [
        merge_by_precisions,
        merge_by_variances,
        merge_by_softmax,
        merge_as_a_filter,
        merge_by_completing_the_square,
        merge_with_a_tiny_constant,
        merge_by_sigmas,
        merge_by_numpy,
        merge_by_lerp,
    ],
    "sample_prior": [
        sample_by_hand,
        sample_by_addcmul,
        sample_one_by_one,
        sample_in_place,
        sample_by_covariance,
        sample_by_distribution,
        sample_without_gradient,
        sample_by_filling,
    ],
    "ladder_kl": [
        ladder_by_formula,
        ladder_by_library,
        ladder_by_distributions,
        ladder_by_standardising,
        ladder_by_full_covariances,
        ladder_by_sigmas,
        ladder_row_by_row,
        ladder_by_one_function,
    ],
    "level_report": [
        report_by_split,
        report_by_counts,
        report_by_membership,
        report_by_index_add,
        report_by_running_sums,
        report_by_python_numbers,
        report_by_filling,
        report_by_columns,
    ],
    "stack_report": [stacks_by_rows, stacks_with_a_dead_top],
}
