"""Right answers to the tasks of this topic, each written in another way."""

import math
from collections import Counter
from itertools import count

import numpy as np
import torch
import torch.nn.functional as F
from torch.distributions import Categorical

from vae_course.evaluation import bits_per_dimension
from vae_course.models.discretised import DiscretisedLogistic

# ---- marginal_bits


def marginal_by_counter(train, test):
    bits = []
    for channel in range(train.shape[1]):
        known, new = train[:, channel].flatten().tolist(), test[:, channel].flatten().tolist()
        seen = Counter(known)
        bits.append(sum(math.log2(len(known) + 256) - math.log2(seen[level] + 1) for level in new) / len(new))
    return torch.tensor(bits)


def marginal_in_numpy(train, test):
    known, new = (each.cpu().numpy().swapaxes(0, 1).reshape(each.shape[1], -1) for each in (train, test))
    counts = np.stack([np.bincount(row, minlength=256) for row in known])
    log_p = np.log(counts + 1) - np.log(known.shape[1] + 256)
    return torch.from_numpy(-np.take_along_axis(log_p, new, 1).mean(1) / np.log(2))


def marginal_by_one_hot(train, test):
    counts = F.one_hot(train, 256).sum((0, 2, 3)) + 1.0
    used = F.one_hot(test, 256).double().mean((0, 2, 3))
    return (used * -(counts / counts.sum(1, keepdim=True)).log2()).sum(1)


def marginal_by_library(train, test):
    """Each picture's levels under one distribution a channel."""
    counts = torch.stack([torch.bincount(known.reshape(-1), minlength=256) for known in train.transpose(0, 1)])
    table = Categorical(probs=(counts + 1).double())
    return -table.log_prob(test.permute(0, 2, 3, 1)).mean((0, 1, 2)) / math.log(2)


def marginal_with_all_levels_added(train, test):
    """Every level is put once among the training numbers of each channel."""
    every = torch.arange(256, device=train.device).repeat(train.shape[1], 1)
    known = torch.cat([train.transpose(0, 1).flatten(1), every], 1)
    p = torch.zeros(train.shape[1], 256, device=train.device).scatter_add_(1, known, torch.ones_like(known).float()) / known.shape[1]
    return -p.gather(1, test.transpose(0, 1).flatten(1)).log2().mean(1)


# ---- bits_from_density


def density_in_bytes_first(log_density, shape, low, high):
    dimensions = shape[0] * shape[1] * shape[2]
    of_bytes = log_density + dimensions * (math.log(high - low) - math.log(256))
    return -(torch.logsumexp(of_bytes, dim=0) - math.log(of_bytes.shape[0])) / dimensions / math.log(2)


def density_by_package(log_density, shape, low, high):
    dimensions = int(np.prod(shape))
    log_p = torch.logsumexp(log_density - math.log(log_density.shape[0]), 0)
    return bits_per_dimension(-log_p, dimensions) + math.log2(256 / (high - low))


def density_from_the_greatest(log_density, shape, low, high):
    top = log_density.max(dim=0).values
    mean = (log_density - top).exp().mean(0).log() + top
    return 8 - math.log2(high - low) - mean * math.log2(math.e) / math.prod(shape)


def density_by_folding(log_density, shape, low, high):
    total = log_density[0]
    for row in log_density[1:]:
        total = torch.logaddexp(total, row)
    return -((total - math.log(len(log_density))) / math.log(2) + math.prod(shape) * (math.log2(high - low) - 8)) / math.prod(shape)


def density_picture_by_picture(log_density, shape, low, high):
    c, h, w = shape
    found = [-(column.logsumexp(0) - math.log(column.numel())) / (c * h * w) for column in log_density.unbind(1)]
    return (torch.stack(found) - math.log((high - low) / 256.0)) / math.log(2.0)


def density_by_log_softmax(log_density, shape, low, high):
    """log Σ exp is a log-density less its log-softmax."""
    total = (log_density - log_density.log_softmax(0))[0]
    return torch.log2(torch.tensor(256 / (high - low))) - (total - math.log(log_density.size(0))) / (math.log(2) * math.prod(shape))


# ---- logistic_mixture_nats


def mixture_by_package(x, logits, mean, log_scale):
    """In pixels, whose distribution wants a standard deviation."""
    bells = DiscretisedLogistic(mean / 255, log_scale.exp() * math.pi / math.sqrt(3) / 255)
    log_p = bells.log_prob((x / 255).unsqueeze(-1).to(mean))
    return -torch.logsumexp(F.log_softmax(logits, -1) + log_p, -1).sum(-1)


def mixture_number_by_number(x, logits, mean, log_scale):
    costs = []
    for picture in range(x.shape[0]):
        cost = 0.0
        for number in range(x.shape[1]):
            level, scale, centre = int(x[picture, number]), log_scale[picture, number].exp(), mean[picture, number]
            upper, lower = (level + 0.5 - centre) / scale, (level - 0.5 - centre) / scale
            if level == 0:
                log_mass = F.logsigmoid(upper)
            elif level == 255:
                log_mass = F.logsigmoid(-lower)
            else:
                log_mass = (-torch.expm1(-1 / scale)).log() - F.softplus(-upper) - F.softplus(lower)
            share = logits[picture, number] - logits[picture, number].logsumexp(0)
            cost = cost - (share + log_mass).logsumexp(0)
        costs.append(cost)
    return torch.stack(costs)


def mixture_by_the_nearer_tail(x, logits, mean, log_scale):
    """All in double precision: in the lower tail the masses below both edges, in the upper one those above, subtracted as logarithms."""
    level, scale = x[..., None].double(), log_scale.double().exp()
    a, b = (level - 0.5 - mean.double()) / scale, (level + 0.5 - mean.double()) / scale
    a, b = torch.where(a + b > 0, -b, a), torch.where(a + b > 0, -a, b)
    inside = F.logsigmoid(b) + torch.log(-torch.expm1(F.logsigmoid(a) - F.logsigmoid(b)))
    black, white = F.logsigmoid((0.5 - mean.double()) / scale), F.logsigmoid((mean.double() - 254.5) / scale)
    log_mass = inside.where(level > 0, black).where(level < 255, white)
    return -(logits.double().log_softmax(-1) + log_mass).logsumexp(-1).sum(-1).to(mean.dtype)


def mixture_by_sinh(x, logits, mean, log_scale):
    """sigmoid(b) − sigmoid(a) = sinh((b − a)/2) / (2 cosh(a/2) cosh(b/2)), in logarithms."""

    def log_cosh(t):
        return t.abs() + F.softplus(-2 * t.abs()) - math.log(2)

    level, half = x.unsqueeze(2), 0.5 * (-log_scale).exp()
    upper, lower = (level - mean + 0.5) * half, (level - mean - 0.5) * half
    log_sinh = half + (-torch.expm1(-2 * half)).log() - math.log(2)
    inside = log_sinh - math.log(2) - log_cosh(upper) - log_cosh(lower)
    ends = torch.where(level == 0, F.logsigmoid(2 * upper), F.logsigmoid(-2 * lower))
    log_mass = torch.where((level == 0) | (level == 255), ends, inside)
    return -torch.logsumexp(logits + log_mass, 2).sum(1) + logits.logsumexp(2).sum(1)


# ---- pays_off


def payoff_by_counting(bits, rival, shape, weights, precision):
    if rival <= bits:
        return float("inf")
    size = shape[0] * shape[1] * shape[2]
    return next(n for n in count(1) if n * size * bits + weights * precision < n * size * rival)


def payoff_in_bytes(bits, rival, shape, weights, precision):
    saved = (rival - bits) * math.prod(shape) / 8
    return math.floor(weights * precision / 8 / saved) + 1 if saved > 0 else math.inf


def payoff_by_ceiling(bits, rival, shape, weights, precision):
    if not bits < rival:
        return np.inf
    even = weights * precision / (int(np.prod(shape)) * (rival - bits))
    return int(np.ceil(even)) + (even == np.ceil(even))


def payoff_by_halving(bits, rival, shape, weights, precision):
    """The first n that wins lies between one that does not and one that does."""
    size = math.prod(shape)

    def wins(n):
        return weights * precision < n * size * (rival - bits)

    if bits >= rival:
        return math.inf
    low, high = 0, 1
    while not wins(high):
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if wins(middle) else (middle, high)
    return high


# ---- bits_report


def bits_by_rows():
    names = ("seed", "reconstruction", "kl", "loss", "bits", "marginal", "bz2")
    runs = [
        (0, 1284.6, 55.7, 1340.3, 0.63, 0.70, 0.18),
        (1, 1227.7, 67.1, 1294.8, 0.61, 0.70, 0.18),
        (2, 1274.2, 59.8, 1334.0, 0.63, 0.70, 0.18),
    ]
    same = {"images": 4_000, "epochs": 12, "tested": 1_000, "dimensions": 3 * 32 * 32}
    return {"predicted": "both", "runs": [same | dict(zip(names, run, strict=True)) for run in runs], "came_true": False}


def bits_of_small_tiles():
    """After an epoch on tiles of 16×16, where bz2 finds hardly anything to pack."""
    runs = {"seed": [7, 8, 9, 10], "images": 300, "epochs": 1, "tested": 104, "dimensions": 768, "marginal": 7.951, "bz2": 6.417}
    runs |= {"reconstruction": [4211.3, 4188.9, 4340.2, 4205.0], "kl": [12.25, 11.5, 9.75, 13.0], "loss": [4223.6, 4200.4, 4349.9, 4218.0]}
    return {"predicted": "neither", "runs": runs | {"bits": [7.934, 7.89, 8.171, 7.924]}, "came_true": True}


RIGHT_ANSWERS = {
    "marginal_bits": [marginal_by_counter, marginal_in_numpy, marginal_by_one_hot, marginal_by_library, marginal_with_all_levels_added],
    "bits_from_density": [
        density_in_bytes_first,
        density_by_package,
        density_from_the_greatest,
        density_by_folding,
        density_picture_by_picture,
        density_by_log_softmax,
    ],
    "logistic_mixture_nats": [
        mixture_by_package,
        mixture_number_by_number,
        mixture_by_the_nearer_tail,
        mixture_by_sinh,
    ],
    "pays_off": [payoff_by_counting, payoff_in_bytes, payoff_by_ceiling, payoff_by_halving],
    "bits_report": [bits_by_rows, bits_of_small_tiles],
}
