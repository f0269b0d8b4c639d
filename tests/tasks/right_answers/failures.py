"""Right answers to the tasks of this topic, each written in another way."""

import math

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Categorical, Independent, MixtureSameFamily, Normal

# ---- sharpness


def sharpness_by_diff(images):
    steps = torch.cat([images.diff(dim=1).flatten(1), images.diff(dim=2).flatten(1)], 1)
    any_two = 2 * images.flatten(1).var(1)
    return torch.where(any_two > 0, steps.square().mean(1) / any_two, torch.zeros_like(any_two))


def sharpness_by_slices(images):
    n, height, width = images.shape
    down = (images[:, 1:] - images[:, :-1]).pow(2).sum((1, 2))
    across = (images[:, :, 1:] - images[:, :, :-1]).pow(2).sum((1, 2))
    steps = (down + across) / ((height - 1) * width + height * (width - 1))
    return (steps / (2 * images.reshape(n, -1).var(dim=1, unbiased=True))).nan_to_num(nan=0.0)


def sharpness_by_all_pairs(images):
    found = []
    for image in images:
        levels = image.flatten()
        table = (levels[:, None] - levels[None]) ** 2
        any_two = table.sum() / (len(levels) * (len(levels) - 1))
        steps = torch.cat([(image[1:] - image[:-1]).flatten(), (image[:, 1:] - image[:, :-1]).flatten()]) ** 2
        found.append(steps.mean() / any_two if any_two > 0 else torch.zeros_like(any_two))
    return torch.stack(found)


def sharpness_with_a_tiny_constant(images):
    x = images - images.mean((1, 2), keepdim=True)
    total, pixels = x.square().sum((1, 2)), x[0].numel()
    steps = [x[:, 1:] - x[:, :-1], x[..., 1:] - x[..., :-1]]
    count = sum(part[0].numel() for part in steps)
    return sum(part.square().sum((1, 2)) for part in steps) / count * (pixels - 1) / (2 * total + 1e-8)


# ---- best_pictures


def pictures_by_matrices(x, q):
    pictures = q.T @ x / q.sum(0)[:, None]
    wanted, shown = x[:, None].expand(-1, q.shape[1], -1), pictures[None].expand(len(x), -1, -1)
    costs = F.binary_cross_entropy(shown.clamp(0, 1), wanted, reduction="none").sum(-1)
    return pictures, (q * costs).sum(1).mean()


def pictures_by_xlogy(x, q):
    weights = q / q.sum(dim=0, keepdim=True)
    pictures = torch.einsum("nk,np->kp", weights, x).clamp(0, 1)
    log_p = torch.xlogy(x.unsqueeze(1), pictures) + torch.xlogy(1 - x.unsqueeze(1), 1 - pictures)
    shares = q.unsqueeze(2)
    return pictures, -torch.where(shares > 0, shares * log_p, torch.zeros_like(log_p)).sum() / len(x)


def pictures_by_entropies(x, q):
    pictures = torch.stack([(code.unsqueeze(1) * x).sum(0) / code.sum() for code in q.unbind(1)])
    p = pictures.clamp(1e-7, 1 - 1e-7)
    entropy = Bernoulli(probs=p).entropy().sum(1)
    return [pictures, q.mean(0) @ entropy]


def pictures_by_loops(x, q):
    pictures = torch.zeros(q.shape[1], x.shape[1], dtype=x.dtype, device=x.device)
    for k in range(q.shape[1]):
        for i in range(len(x)):
            pictures[k] += q[i, k] * x[i]
        pictures[k] /= q[:, k].sum()
    cost = torch.zeros((), dtype=x.dtype, device=x.device)
    for i in range(len(x)):
        for k in range(q.shape[1]):
            cost += q[i, k] * F.binary_cross_entropy(pictures[k].clamp(0, 1), x[i], reduction="sum")
    return pictures, cost / len(x)


def pictures_with_clamped_logarithms(x, q):
    """A picture by gathering, and logarithms that stay finite."""
    weight = q.sum(0).clamp(min=1e-8)
    pictures = (q[:, :, None] * x[:, None]).sum(0) / weight[:, None]
    p = pictures.clamp(1e-7, 1 - 1e-7)
    log_p = x @ p.log().T + (1 - x) @ (1 - p).log().T
    return pictures, -(q * log_p).sum() / len(x)


# ---- information


def information_by_hand(z, mu, log_var):
    squared = (z.unsqueeze(1) - mu).square() / log_var.exp()
    table = -0.5 * (squared + log_var + math.log(2 * math.pi)).sum(-1)
    log_q = table.logsumexp(1) - math.log(len(z))
    log_prior = -0.5 * (z.square() + math.log(2 * math.pi)).sum(-1)
    return (table.diagonal() - log_q).mean(), (log_q - log_prior).mean()


def information_by_library(z, mu, log_var):
    encodings = Independent(Normal(mu, (log_var / 2).exp()), 1)
    mixture = MixtureSameFamily(Categorical(logits=torch.zeros_like(mu[:, 0])), encodings)
    own, between = encodings.log_prob(z), mixture.log_prob(z)
    prior = Independent(Normal(torch.zeros_like(mu[0]), torch.ones_like(mu[0])), 1)
    return [(own - between).mean(), (between - prior.log_prob(z)).mean()]


def information_by_loop(z, mu, log_var):
    def log_normal(point, mean, log_variance):
        return Normal(mean, torch.exp(0.5 * log_variance)).log_prob(point).sum()

    information, mismatch = [], []
    for i, point in enumerate(z):
        logs = torch.stack([log_normal(point, mu[j], log_var[j]) for j in range(len(mu))])
        top = logs.max()
        between = top + (logs - top).exp().mean().log()
        information.append(logs[i] - between)
        mismatch.append(between - log_normal(point, torch.zeros_like(point), torch.zeros_like(point)))
    return torch.stack(information).mean(), torch.stack(mismatch).mean()


def information_by_ratios(z, mu, log_var):
    """Constants and the prior cancel in the ratios q(z_i|x_j) / p(z_i)."""
    ratio = 0.5 * (z.unsqueeze(1) ** 2 - (z.unsqueeze(1) - mu) ** 2 * (-log_var).exp() - log_var).sum(2)
    mismatch = (torch.logsumexp(ratio, dim=1) - math.log(len(mu))).mean()
    return ratio.diagonal().mean() - mismatch, mismatch


def information_in_plain_python(z, mu, log_var):
    """Number by number, out of PyTorch's graph: nobody differentiates a measure."""

    def log_normal(point, mean, log_variance):
        return -0.5 * sum((x - m) ** 2 / math.exp(v) + v + math.log(2 * math.pi) for x, m, v in zip(point, mean, log_variance, strict=True))

    points, means, log_variances = z.tolist(), mu.tolist(), log_var.tolist()
    told = paid = 0.0
    for i, point in enumerate(points):
        logs = [log_normal(point, mean, log_variance) for mean, log_variance in zip(means, log_variances, strict=True)]
        top = max(logs)
        between = top + math.log(sum(math.exp(one - top) for one in logs) / len(logs))
        told += logs[i] - between
        paid += between - log_normal(point, [0.0] * len(point), [0.0] * len(point))
    return z.new_tensor(told / len(z)), z.new_tensor(paid / len(z))


RIGHT_ANSWERS = {
    "sharpness": [sharpness_by_diff, sharpness_by_slices, sharpness_by_all_pairs, sharpness_with_a_tiny_constant],
    "best_pictures": [
        pictures_by_matrices,
        pictures_by_xlogy,
        pictures_by_entropies,
        pictures_by_loops,
        pictures_with_clamped_logarithms,
    ],
    "information": [
        information_by_hand,
        information_by_library,
        information_by_loop,
        information_by_ratios,
        information_in_plain_python,
    ],
}
