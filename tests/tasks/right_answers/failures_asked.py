"""Right answers to the tasks on failures that the exercise asks for points."""

import math

import numpy as np
import torch
from scipy.special import logsumexp
from scipy.stats import norm
from torch.distributions import Categorical, Independent, Laplace, MixtureSameFamily, Normal

# ---- diagnose_run


def told_by_rules(loss, reconstruction, kl, test_loss, mean_image, noise_costs):
    if loss[-1] < 0:
        return "wrong sign"
    rebuilt, price = reconstruction[-1] / mean_image, kl[-1] / mean_image
    if rebuilt < 0.05:
        return "averaged pixels"
    if rebuilt > 1.2:
        return "sigmoid twice"
    if price < 0.005:
        return "cut gradient"
    if noise_costs > 0.3 * mean_image:
        return "no noise"
    if (loss - reconstruction - kl).abs().max() > 0.05 * mean_image:
        return "forgotten KL"
    if test_loss[-1] > 1.25 * loss[-1]:
        return "a hundred images" if test_loss.min() < 1.1 * mean_image else "on their side"
    return "healthy"


def told_by_terms_first(loss, reconstruction, kl, test_loss, mean_image, noise_costs):
    """Bookkeeping first, then the size of things."""
    total = reconstruction + kl
    if not torch.allclose(loss, total, rtol=0.02):
        return "wrong sign" if torch.allclose(loss, reconstruction - kl, rtol=0.02) else "forgotten KL"
    if noise_costs > 0.7 * reconstruction[-1]:
        return "no noise"
    if kl[-1] < 0.004 * mean_image and reconstruction[-1] < 1.1 * mean_image:
        return "cut gradient" if reconstruction[-1] > 0.5 * mean_image else "averaged pixels"
    if reconstruction[-1] > 1.4 * mean_image:
        return "sigmoid twice"
    gap = (test_loss - loss) / mean_image
    if gap[-1] < 0.2:
        return "healthy"
    return "on their side" if gap[0] > 0.2 else "a hundred images"


def told_by_table(loss, reconstruction, kl, test_loss, mean_image, noise_costs):
    end, rebuilt, price, test = (float(curve[-3:].mean()) / mean_image for curve in (loss, reconstruction, kl, test_loss))
    together = float((test_loss - loss).min()) / mean_image < 0.1  # at least at one epoch
    signs = [
        ("wrong sign", end < 0),
        ("averaged pixels", end < 0.2),
        ("sigmoid twice", rebuilt > 1.35),
        ("cut gradient", rebuilt > 0.9 and price < 0.01),
        ("no noise", noise_costs / mean_image > 0.25),
        ("forgotten KL", price > 0.5),
        ("a hundred images", test - end > 0.15 and together),
        ("on their side", test - end > 0.15),
        ("healthy", True),
    ]
    return next(name for name, shows in signs if shows)


def told_by_ratios(loss, reconstruction, kl, test_loss, mean_image, noise_costs):
    """A learner's second attempt: the gap at the first epoch tells learning by heart from another kind of images."""
    end, rebuilt, price, test = (curve[-1].item() for curve in (loss, reconstruction, kl, test_loss))
    if end < 0:
        return "wrong sign"
    if rebuilt < 1:  # a mean over pixels is below log 2 even if nothing is known
        return "averaged pixels"
    if rebuilt > 1.25 * mean_image:
        return "sigmoid twice"
    if price < 0.005 * mean_image:
        return "cut gradient"
    if noise_costs > 0.8 * rebuilt:
        return "no noise"
    if abs(end - rebuilt) < 0.1 * price:
        return "forgotten KL"
    if test < 1.2 * end:
        return "healthy"
    return "a hundred images" if test_loss[0] < 1.1 * loss[0] else "on their side"


# ---- sharpness_behind_noise


def behind_noise_by_covariance(a, b):
    steps = torch.cat([a.diff(dim=1).flatten(1) * b.diff(dim=1).flatten(1), a.diff(dim=2).flatten(1) * b.diff(dim=2).flatten(1)], 1)
    any_two = 2 * torch.stack([torch.cov(torch.stack([one.flatten(), other.flatten()]))[0, 1] for one, other in zip(a, b, strict=True)])
    return torch.where(any_two > 0, steps.mean(1) / any_two, torch.zeros_like(any_two))


def behind_noise_by_sum_and_difference(a, b):
    """xy = ((x + y)/2)² − ((x − y)/2)²: the squares of the mean picture less those of the noise that is left."""

    def squares(images):
        steps = torch.cat([images.diff(dim=1).flatten(1), images.diff(dim=2).flatten(1)], 1)
        return steps.square().mean(1), 2 * images.flatten(1).var(1)

    (near, any_two), (noise_near, noise_any_two) = squares((a + b) / 2), squares((a - b) / 2)
    near, any_two = near - noise_near, any_two - noise_any_two
    return (near / any_two).nan_to_num(0.0, 0.0, 0.0) * (any_two > 0)


def behind_noise_by_all_pairs(a, b):
    found = []
    for one, other in zip(a, b, strict=True):
        p, q = one.flatten(), other.flatten()
        any_two = ((p[:, None] - p) * (q[:, None] - q)).sum() / (len(p) * (len(p) - 1))
        down, across = (one[1:] - one[:-1]) * (other[1:] - other[:-1]), (one[:, 1:] - one[:, :-1]) * (other[:, 1:] - other[:, :-1])
        near = (down.sum() + across.sum()) / (down.numel() + across.numel())
        found.append(near / any_two if any_two > 0 else torch.zeros_like(any_two))
    return torch.stack(found)


def behind_noise_with_a_masked_division(a, b):
    n, height, width = a.shape
    p, q = a.reshape(n, -1), b.reshape(n, -1)
    pixels = height * width
    below = 2 * (pixels * (p * q).sum(1) - p.sum(1) * q.sum(1)) / (pixels * (pixels - 1))
    above = (torch.diff(a, dim=1) * torch.diff(b, dim=1)).sum((1, 2)) + (torch.diff(a, dim=2) * torch.diff(b, dim=2)).sum((1, 2))
    above = above / ((height - 1) * width + height * (width - 1))
    sharp = torch.zeros_like(below)
    positive = below > 1e-6
    sharp[positive] = above[positive] / below[positive]
    return sharp


# ---- laplace_pictures


def laplace_by_trying_every_level(x, q):
    """Each image's level is tried for every code and pixel."""
    costs = torch.einsum("ik,ijp->kjp", q, (x[:, None] - x[None]).abs())
    best = costs.argmin(1)
    pictures = torch.gather(x, 0, best)
    return pictures, costs.amin(1).sum() / len(x) + x.shape[1] * math.log(2)


def laplace_by_loops(x, q):
    pictures = torch.empty(q.shape[1], x.shape[1], dtype=x.dtype)
    for k in range(q.shape[1]):
        for pixel in range(x.shape[1]):
            left, half = 0.0, q[:, k].sum().item() / 2
            for i in x[:, pixel].argsort().tolist():
                left += q[i, k].item()
                if left >= half - 1e-9:
                    pictures[k, pixel] = x[i, pixel]
                    break
    density = Laplace(pictures, 1.0)
    log_p = torch.stack([density.log_prob(image).sum(1) for image in x])
    return pictures, -(q * log_p).sum(1).mean()


def laplace_from_both_ends(x, q):
    """The middle of the lowest and the highest best level: any level between them costs the same."""
    shares = q / q.sum(0)
    levels, order = x.sort(0)
    below = shares.T[:, order].cumsum(1)
    at_least_half, more_than_half = below > 0.5 - 1e-6, below > 0.5 + 1e-6
    low, high = (levels.gather(0, found.to(torch.uint8).argmax(1)) for found in (at_least_half, more_than_half))
    pictures = (low + high) / 2
    costs = torch.cdist(x, pictures, p=1) + x.shape[1] * math.log(2)
    return [pictures, (q * costs).sum() / len(x)]


def laplace_by_slopes(x, q):
    """At the best level the weight to the left and the weight to the right are each at most half."""
    left = (x.unsqueeze(1) > x.unsqueeze(0)).to(x)  # (candidate j, image i, pixel): image i is darker than candidate j
    right = (x.unsqueeze(1) < x.unsqueeze(0)).to(x)
    half = q.sum(0).view(1, -1, 1) / 2 + 1e-6
    fits = (torch.einsum("ik,jip->jkp", q, left) <= half) & (torch.einsum("ik,jip->jkp", q, right) <= half)
    pictures = torch.where(fits, x.unsqueeze(1), torch.inf).amin(0)
    costs = (math.log(2) + (x.unsqueeze(1) - pictures).abs()).sum(-1)
    return pictures, (q * costs).sum(1).mean()


# ---- label_information


def _log_normal(z, mu, log_var):
    return (-0.5 * ((z - mu) ** 2 / log_var.exp() + log_var + math.log(2 * math.pi))).sum(-1)


def label_information_by_loop(z, mu, log_var, y):
    about, beyond = [], []
    for i in range(len(z)):
        logs = _log_normal(z[i], mu, log_var)
        own, of_label = logs[i], logs[y == y[i]]
        between = torch.logsumexp(logs, 0) - math.log(len(logs))
        of_label = torch.logsumexp(of_label, 0) - math.log(len(of_label))
        about.append(of_label - between)
        beyond.append(own - of_label)
    return torch.stack(about).mean(), torch.stack(beyond).mean()


def label_information_by_library(z, mu, log_var, y):
    own = Independent(Normal(mu, (0.5 * log_var).exp()), 1).log_prob(z)
    everyone = torch.zeros_like(own)
    for_label = torch.zeros_like(own)
    for label in y.unique():
        rows = y == label
        mixture = MixtureSameFamily(
            Categorical(logits=torch.zeros_like(mu[rows][:, 0])), Independent(Normal(mu[rows], (0.5 * log_var[rows]).exp()), 1)
        )
        for_label = torch.where(rows, mixture.log_prob(z), for_label)
    everyone = MixtureSameFamily(
        Categorical(logits=torch.zeros_like(mu[:, 0])), Independent(Normal(mu, (0.5 * log_var).exp()), 1)
    ).log_prob(z)
    return [(for_label - everyone).mean(), (own - for_label).mean()]


def label_information_by_log_weights(z, mu, log_var, y):
    """Both mixtures at once: the same table, with the logarithms of two kinds of weights."""
    table = _log_normal(z.unsqueeze(1), mu, log_var)
    same = (y[:, None] == y[None]).to(z)
    of_label = (table + (same / same.sum(1, keepdim=True)).log()).logsumexp(-1)
    between = (table - math.log(len(z))).logsumexp(-1)
    return of_label.mean() - between.mean(), table.diagonal().mean() - of_label.mean()


def label_information_in_numpy(z, mu, log_var, y):
    """Nobody differentiates a measure."""
    z, mu, log_var, y = (each.numpy() for each in (z, mu, log_var, y))
    table = norm.logpdf(z[:, None], mu, np.exp(log_var / 2)).sum(2)
    of_label = np.array([logsumexp(row[y == label]) - np.log((y == label).sum()) for row, label in zip(table, y, strict=True)])
    between = logsumexp(table, axis=1) - np.log(len(y))
    parts = of_label.mean() - between.mean(), np.diag(table).mean() - of_label.mean()
    return tuple(torch.tensor(part, dtype=torch.float64 if z.dtype == np.float64 else torch.float32) for part in parts)


def label_information_by_softmax(z, mu, log_var, y):
    """log q(z|y)/q(z) is the posterior share of the label's images less its share before; log q(z|x)/q(z) likewise."""
    share = torch.log_softmax(_log_normal(z.unsqueeze(1), mu, log_var), 1)
    same = y.unsqueeze(1) == y
    of_label = torch.where(same, share, -torch.inf).logsumexp(1)
    about = of_label - same.to(z).mean(1).log()
    beyond = share.diagonal() - of_label + same.to(z).sum(1).log()
    return about.mean(), beyond.mean()


# ---- collapse_report


def collapse_by_rows():
    names = ("cure", "seed", "information", "mismatch", "kl", "reconstruction", "loss")
    runs = [("without", 0, 4.1, 0.3, 4.4, 7.3, 11.7), ("without", 1, 4.0, 0.2, 4.3, 7.4, 11.6), ("without", 2, 4.0, 0.2, 4.2, 7.4, 11.6)]
    runs += [("with", 0, 4.9, 0.9, 5.8, 6.6, 12.4), ("with", 1, 5.1, 1.0, 6.1, 6.4, 12.5), ("with", 2, 5.1, 0.9, 5.9, 6.6, 12.5)]
    same = {"images": 3_000, "epochs": 60, "test_images": 1_000, "exact": 10.8}
    return {"predicted": "smaller", "runs": [same | dict(zip(names, run, strict=True)) for run in runs], "came_true": False}


def collapse_that_is_complete():
    """Nothing is told either way, and by chance a little less than nothing."""
    runs = {"cure": ["without", "with"] * 3, "seed": [1, 1, 2, 2, 3, 3], "images": 500, "epochs": 5, "test_images": 200, "exact": 10.6}
    runs |= {"information": [0.0, -0.02, 0.01, 0.0, -0.01, 0.03], "mismatch": [0.01, 0.03, 0.0, 0.0, 0.02, -0.02]}
    runs |= {"kl": [0.01, 0.01, 0.01, 0.0, 0.01, 0.01], "reconstruction": [19.4, 19.6, 19.5, 19.5, 19.8, 19.3]}
    return {"predicted": "no clear difference", "runs": runs | {"loss": [19.41, 19.61, 19.51, 19.5, 19.81, 19.31]}, "came_true": True}


RIGHT_ANSWERS = {
    "collapse_report": [collapse_by_rows, collapse_that_is_complete],
    "diagnose_run": [told_by_rules, told_by_terms_first, told_by_table, told_by_ratios],
    "sharpness_behind_noise": [
        behind_noise_by_covariance,
        behind_noise_by_sum_and_difference,
        behind_noise_by_all_pairs,
        behind_noise_with_a_masked_division,
    ],
    "laplace_pictures": [laplace_by_trying_every_level, laplace_by_loops, laplace_from_both_ends, laplace_by_slopes],
    "label_information": [
        label_information_by_loop,
        label_information_by_library,
        label_information_by_log_weights,
        label_information_by_softmax,
        label_information_in_numpy,
    ],
}
