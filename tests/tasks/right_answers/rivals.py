"""Right answers to the tasks of this topic, each written in another way."""

import math

import numpy as np
import scipy.linalg
import torch
from torch.distributions import Normal, kl_divergence

from vae_course.evaluation.sample_quality import coverage as coverage_of_package
from vae_course.evaluation.sample_quality import frechet_distance

# ---- coverage


def coverage_by_sorting(samples, real, k):
    radius = torch.cdist(real, real).sort(dim=1).values[:, k]
    return (torch.cdist(real, samples).min(dim=1).values <= radius).double().mean().item()


def coverage_without_the_diagonal(samples, real, k):
    among = (real[:, None] - real[None]).square().sum(-1)
    among.fill_diagonal_(math.inf)
    radius = among.topk(k, largest=False).values[:, -1]
    reached = ((real[:, None] - samples[None]).square().sum(-1) <= radius[:, None]).any(1)
    return reached.sum().item() / len(real)


def coverage_by_loop(samples, real, k):
    reached = 0
    for i in range(len(real)):
        others = torch.cat([real[:i], real[i + 1 :]])
        radius = (others - real[i]).norm(dim=1).kthvalue(k).values
        reached += bool(((samples - real[i]).norm(dim=1) <= radius).any())
    return reached / len(real)


def coverage_by_counting(samples, real, k):
    """A point is reached where fewer than k of the other real points are nearer than its nearest sample."""
    nearest = torch.cdist(real, samples, compute_mode="donot_use_mm_for_euclid_dist").amin(1, keepdim=True)
    among = torch.cdist(real, real, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(math.inf)
    return float(((among < nearest).sum(1) < k).double().mean())


def coverage_in_a_mixed_crowd(samples, real, k):
    """The k-th neighbour in the crowd of both: as near as the k-th real one, or a sample comes before it."""
    crowd = torch.cat([real, samples])
    table = (real[:, None] - crowd[None]).square().sum(-1)
    table[torch.arange(len(real)), torch.arange(len(real))] = math.inf
    radius = table.sort(1).values[:, k - 1]
    return (table[:, len(real) :].amin(1) <= radius).double().mean().item()


def coverage_by_package(samples, real, k):
    return coverage_of_package(samples, real, neighbours=k)


# ---- frechet


def frechet_by_eigenvalues(a, b):
    size = a.shape[1]
    one, other = (points.T.cov().reshape(size, size) for points in (a, b))
    root = torch.linalg.eigvals(one @ other).real.clamp(min=0).sqrt().sum()
    return float((a.mean(0) - b.mean(0)).square().sum() + one.trace() + other.trace() - 2 * root)


def frechet_by_symmetric_roots(a, b):
    def moments(points):
        mean = points.mean(0)
        return mean, (points - mean).T @ (points - mean) / (len(points) - 1)

    (mean_a, one), (mean_b, other) = moments(a), moments(b)
    values, vectors = torch.linalg.eigh(one)
    root = vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T
    values, vectors = torch.linalg.eigh(root @ other @ root)
    middle = vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T
    return ((mean_a - mean_b) ** 2).sum().item() + torch.trace(one + other - 2 * middle).item()


def frechet_by_singular_values(a, b):
    centred = [(points - points.mean(0)) / (len(points) - 1) ** 0.5 for points in (a, b)]
    cross = torch.linalg.matrix_norm(centred[0] @ centred[1].T, ord="nuc")
    return ((a.mean(0) - b.mean(0)).norm() ** 2 + sum((part**2).sum() for part in centred) - 2 * cross).item()


def frechet_by_complex_roots(a, b):
    one, other = (torch.atleast_2d(torch.cov(points.t())) for points in (a, b))
    root = torch.linalg.eigvals(one @ other).sqrt().real.sum()
    return (torch.dist(a.mean(0), b.mean(0)) ** 2 + torch.trace(one) + torch.trace(other) - 2 * root).item()


def frechet_with_a_small_ridge(a, b):
    """A ten-billionth along the diagonals, as is usual with SciPy's root: to 5 digits it is the same."""
    one, other = (np.atleast_2d(np.cov(points.numpy(), rowvar=False)) for points in (a, b))
    ridge = 1e-10 * np.eye(len(one))
    root = scipy.linalg.sqrtm((one + ridge) @ (other + ridge))
    return float(((a.mean(0) - b.mean(0)) ** 2).sum()) + float(np.trace(one) + np.trace(other) - 2 * np.trace(root.real))


def frechet_by_package(a, b):
    return frechet_distance(a, b)


# ---- jump


def jump_by_logarithms(x, betas, t, noise):
    kept = torch.nn.functional.pad(torch.log1p(-betas).cumsum(0), (1, 0)).exp()[t][:, None]
    return kept.sqrt() * x + (1 - kept).sqrt() * noise


def jump_by_loop(x, betas, t, noise):
    rows = []
    for i in range(len(x)):
        left = (1 - betas[: t[i]]).prod()
        rows.append(left**0.5 * x[i] + (1 - left) ** 0.5 * noise[i])
    return torch.stack(rows)


def jump_by_masks(x, betas, t, noise):
    """Steps that have not come yet multiply by 1."""
    come = torch.arange(len(betas)) < t.unsqueeze(1)
    left = torch.where(come, 1 - betas, torch.ones_like(betas)).prod(1, keepdim=True)
    return torch.sqrt(left) * x + torch.sqrt(1 - left) * noise


# ---- step_back


def back_by_precisions(x_t, x, kept_t, kept_s):
    """The image's density and that of x_t multiplied, written so that s = 0 divides by nothing."""
    on = kept_t / kept_s
    both = on * (1 - kept_s) + (1 - on)  # 1 − ᾱ_t
    weighted = (kept_s.sqrt() * (1 - on))[:, None] * x + (on.sqrt() * (1 - kept_s))[:, None] * x_t
    return weighted / both[:, None], (1 - on) * (1 - kept_s) / both


def back_by_regression(x_t, x, kept_t, kept_s):
    slope = (kept_t / kept_s).sqrt() * (1 - kept_s) / (1 - kept_t)
    mean = kept_s.sqrt().view(-1, 1) * x + slope.view(-1, 1) * (x_t - kept_t.sqrt().view(-1, 1) * x)
    return [mean, (1 - kept_s) - slope**2 * (1 - kept_t)]


def back_by_matrices(x_t, x, kept_t, kept_s):
    """Image by image, the joint covariance of x_s and x_t, and a Schur complement."""
    means, variances = [], []
    for noisy, image, kept, before in zip(x_t, x, kept_t, kept_s, strict=True):
        across = (kept / before).sqrt() * (1 - before)
        joint = torch.stack([torch.stack([1 - before, across]), torch.stack([across, 1 - kept])])
        gain = joint[0, 1] / joint[1, 1]
        means.append(before.sqrt() * image + gain * (noisy - kept.sqrt() * image))
        variances.append(joint[0, 0] - gain * joint[1, 0])
    return torch.stack(means), torch.stack(variances)


def back_as_in_the_paper(x_t, x, kept_t, kept_s):
    """Ho et al. 2020, equation 7, with the noise of a leap for β."""
    beta = 1 - kept_t / kept_s
    mean = torch.einsum("n,nd->nd", kept_s.sqrt() * beta / (1 - kept_t), x)
    mean = mean + torch.einsum("n,nd->nd", (1 - beta).sqrt() * (1 - kept_s) / (1 - kept_t), x_t)
    return mean, (1 - kept_s) / (1 - kept_t) * beta


# ---- level_nats


def nats_by_the_papers_weight(errors, kept, x):
    """Ho et al. 2020, equation 12, with σ² the variance of q(x_{t−1}|x_t, x)."""
    before, after = kept[:-1], kept[1:]
    beta = 1 - after / before
    variance = beta * (1 - before) / (1 - after)
    levels = beta**2 / (2 * variance * (1 - beta) * (1 - after)) * errors[:, 1:]
    top = kl_divergence(Normal(kept[-1].sqrt() * x, (1 - kept[-1]).sqrt()), Normal(torch.zeros_like(x), 1.0)).sum(1)
    return top, levels


def nats_by_loops(errors, kept, x):
    levels = torch.zeros_like(errors[:, 1:])
    for t in range(1, len(kept)):
        signal, noise = kept[t - 1] / kept[t], (1 - kept[t]) / (1 - kept[t - 1])
        for i in range(len(errors)):
            levels[i, t - 1] = errors[i, t] * (signal * noise - 1) / 2
    last = kept[-1]
    return torch.stack([0.5 * (last * image @ image - len(image) * (last + torch.log(1 - last))) for image in x]), levels


def nats_by_logarithms(errors, kept, x):
    """The logit of ᾱ is the logarithm of signal to noise."""
    levels = errors[:, 1:] * torch.expm1(-kept.logit().diff()) / 2
    last = kept[-1].expand(len(x))
    top = 0.5 * ((1 - last) * x.shape[1] + last * x.square().sum(1) - x.shape[1] * (1 + torch.log(1 - last)))
    return [top, levels]


# ---- rivals_report


def rivals_by_rows():
    names = ("rival", "seed", "rebuilt", "apart", "distance", "real")
    runs = [("VAE", 0, 192.1, 58.2, 373.8, 2.4), ("VAE", 1, 162.5, 65.7, 353.2, 2.4), ("VAE", 2, 170.5, 65.2, 368.8, 2.4)]
    runs += [
        ("autoencoder", 0, 118.3, 30.2, 200.2, 2.4),
        ("autoencoder", 1, 117.2, 31.8, 195.4, 2.4),
        ("autoencoder", 2, 116.5, 28.7, 189.7, 2.4),
    ]
    same = {"latents": 8, "images": 5_000, "epochs": 12, "drawn": 2_000}
    return {"predicted": "higher", "runs": [same | dict(zip(names, run, strict=True)) for run in runs], "came_true": False}


def rivals_that_overlap():
    """Draws may lie nearer to the test images than reconstructions do, and next to them."""
    runs = {"rival": ["VAE", "autoencoder"] * 3, "seed": [5, 5, 6, 6, 7, 7], "latents": 3, "images": 5_000, "epochs": 10, "drawn": 100}
    runs |= {"rebuilt": [414.6, 364.5, 420.1, 430.3, 399.5, 370.0], "apart": [7.7, 5.9, 0.0, 6.1, 7.0, 5.5]}
    return {
        "predicted": "no clear difference",
        "runs": runs | {"distance": [403.3, 357.8, 420.1, 419.9, 391.2, 366.6], "real": 31.4},
        "came_true": True,
    }


RIGHT_ANSWERS = {
    "jump": [jump_by_logarithms, jump_by_loop, jump_by_masks],
    "rivals_report": [rivals_by_rows, rivals_that_overlap],
    "coverage": [
        coverage_by_sorting,
        coverage_without_the_diagonal,
        coverage_by_loop,
        coverage_by_counting,
        coverage_in_a_mixed_crowd,
        coverage_by_package,
    ],
    "frechet": [
        frechet_by_eigenvalues,
        frechet_by_symmetric_roots,
        frechet_by_singular_values,
        frechet_by_complex_roots,
        frechet_with_a_small_ridge,
        frechet_by_package,
    ],
    "step_back": [back_by_precisions, back_by_regression, back_by_matrices, back_as_in_the_paper],
    "level_nats": [nats_by_the_papers_weight, nats_by_loops, nats_by_logarithms],
}
