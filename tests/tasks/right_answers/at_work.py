"""Right answers to the tasks of this topic, each written in another way."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import linregress, rankdata
from sklearn.linear_model import LinearRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler
from torch.distributions import Bernoulli, Categorical, Independent, Normal

from vae_course.evaluation import auroc, reliability, without_measure

# ---- auroc


def area_by_pairs(scores, is_anomaly):
    gap = scores[is_anomaly].unsqueeze(1) - scores[~is_anomaly]
    return (0.5 + 0.5 * gap.sign()).mean(dtype=torch.float64).item()


def area_by_library(scores, is_anomaly):
    return float(roc_auc_score(is_anomaly.cpu(), scores.cpu()))


def area_by_ranks(scores, is_anomaly):
    ranks, n = rankdata(scores.cpu()), int(is_anomaly.sum())
    return float((ranks[is_anomaly.cpu().numpy()].sum() - n * (n + 1) / 2) / (n * (len(scores) - n)))


def area_under_the_curve(scores, is_anomaly):
    """A straight piece of the curve for each different score."""
    area = height = width = 0.0
    for score in sorted(set(scores.tolist()), reverse=True):
        level = scores == score
        up, right = int((level & is_anomaly).sum()), int((level & ~is_anomaly).sum())
        area += right * (height + up / 2)
        height, width = height + up, width + right
    return area / (height * width)


def area_by_heaviside(scores, is_anomaly):
    differences = scores[is_anomaly][:, None] - scores[~is_anomaly][None, :]
    return float(torch.heaviside(differences, torch.full_like(differences, 0.5)).double().mean())


def area_by_two_loops(scores, is_anomaly):
    wins = pairs = 0
    for score, strange in zip(scores.tolist(), is_anomaly.tolist(), strict=True):
        for other, strange_too in zip(scores.tolist(), is_anomaly.tolist(), strict=True):
            if strange and not strange_too:
                wins += 1 if score > other else 0.5 if score == other else 0
                pairs += 1
    return wins / pairs


# ---- probe_features


def features_by_hand(train_mu, train_log_var, test_mu, test_log_var):
    mean, sigma = train_mu.mean(0), train_mu.std(0, correction=0)
    return (train_mu - mean) / sigma, (test_mu - mean) / sigma


def features_by_library(train_mu, train_log_var, test_mu, test_log_var):
    scaler = StandardScaler().fit(train_mu.cpu().numpy())
    return tuple(torch.from_numpy(scaler.transform(mu.cpu().numpy())).to(train_mu) for mu in (train_mu, test_mu))


def features_with_a_tiny_number(train_mu, train_log_var, test_mu, test_log_var):
    mean, sigma = train_mu.mean(0), train_mu.std(0) + 1e-7
    return [(mu - mean) / sigma for mu in (train_mu, test_mu)]


def features_in_numpy(train_mu, train_log_var, test_mu, test_log_var):
    known = train_mu.double().cpu().numpy()
    sigma = np.sqrt(((known - known.mean(0)) ** 2).mean(0))
    return tuple(torch.tensor((mu.double().cpu().numpy() - known.mean(0)) / sigma).to(mu) for mu in (train_mu, test_mu))


def features_by_one_map(train_mu, train_log_var, test_mu, test_log_var):
    variance, mean = torch.var_mean(train_mu, dim=0)
    both = F.batch_norm(torch.cat([train_mu, test_mu]), mean, variance, eps=1e-10)
    return both[: len(train_mu)], both[len(train_mu) :]


def features_over_a_softened_root(train_mu, train_log_var, test_mu, test_log_var):
    mean, sigma = train_mu.mean(0), (train_mu.var(0) + 1e-5).sqrt()
    return (train_mu - mean) / sigma, (test_mu - mean) / sigma


# ---- row_nats


def row_by_library(numbers, category, mu, log_sigma, logits):
    log_p = Normal(mu, log_sigma.exp()).log_prob(numbers).sum(-1)
    return -(log_p + Categorical(logits=logits).log_prob(category))


def row_by_independent(numbers, category, mu, log_sigma, logits):
    p = Independent(Normal(mu, log_sigma.exp().expand_as(mu)), 1)
    return F.nll_loss(logits.log_softmax(-1), category, reduction="none") - p.log_prob(numbers)


def row_by_hand(numbers, category, mu, log_sigma, logits):
    precision = torch.exp(-2 * log_sigma)
    squared = 0.5 * (precision * (numbers - mu) ** 2).sum(1)
    constant = log_sigma.sum() + 0.5 * numbers.shape[1] * math.log(2 * math.pi)
    return squared + constant + logits.logsumexp(1) - logits[torch.arange(len(category)), category]


def row_by_gaussian_nll(numbers, category, mu, log_sigma, logits):
    variance = (2 * log_sigma).exp().expand_as(mu)
    of_numbers = F.gaussian_nll_loss(mu, numbers, variance, full=True, reduction="none", eps=1e-12).sum(1)
    return of_numbers - (F.one_hot(category, logits.shape[1]) * logits.log_softmax(1)).sum(1)


def row_by_loop(numbers, category, mu, log_sigma, logits):
    costs = []
    for row in range(len(numbers)):
        cost = logits[row].logsumexp(0) - logits[row, category[row]]
        for column in range(numbers.shape[1]):
            cost = cost - Normal(mu[row, column], log_sigma[column].exp()).log_prob(numbers[row, column])
        costs.append(cost)
    return torch.stack(costs)


# ---- fill_hole


def fill_by_autograd(decode, x, seen, z, steps, learning_rate):
    for _ in range(steps):
        z = z.detach().requires_grad_()
        pixels = Bernoulli(logits=decode(z), validate_args=False).log_prob(x)
        height = torch.where(seen, pixels, 0.0).sum() + Normal(0.0, 1.0).log_prob(z).sum()
        z = z + learning_rate * torch.autograd.grad(height, z)[0]
    return torch.where(seen, x, decode(z).sigmoid())


def fill_by_backward(decode, x, seen, z, steps, learning_rate):
    z.requires_grad_()
    for _ in range(steps):
        loss = F.binary_cross_entropy_with_logits(decode(z)[seen], x[seen], reduction="sum") + 0.5 * (z**2).sum()
        z.grad = None
        loss.backward()
        with torch.no_grad():
            z -= learning_rate * z.grad
    filled = x.clone()
    filled[~seen] = torch.sigmoid(decode(z))[~seen].detach()
    return filled


def fill_by_optimizer(decode, x, seen, z, steps, learning_rate):
    z = torch.nn.Parameter(z)
    optimizer = torch.optim.SGD([z], lr=learning_rate)
    for _ in range(steps):
        optimizer.zero_grad()
        cost = F.binary_cross_entropy_with_logits(decode(z), x, weight=seen.to(x), reduction="none").sum(1)
        (cost + 0.5 * z.square().sum(1)).sum().backward()
        optimizer.step()
    p = torch.distributions.Bernoulli(logits=decode(z)).mean
    return x * seen + p * ~seen


def fill_image_by_image(decode, x, seen, z, steps, learning_rate):
    filled = x.clone()
    for row in range(len(x)):
        known, place = seen[row], z[row : row + 1]
        for _ in range(steps):
            place = place.detach().requires_grad_()
            p = torch.sigmoid(decode(place)[0, known])
            height = (torch.xlogy(x[row, known], p) + torch.xlogy(1 - x[row, known], 1 - p)).sum() - place.square().sum() / 2
            place = place + learning_rate * torch.autograd.grad(height, place)[0]
        filled[row, ~known] = decode(place)[0, ~known].sigmoid().detach()
    return filled


def fill_by_functional_gradient(decode, x, seen, z, steps, learning_rate):
    def height(z):
        return (seen * (x * F.logsigmoid(decode(z)) + (1 - x) * F.logsigmoid(-decode(z)))).sum() - z.pow(2).sum() / 2

    for _ in range(steps):
        z = z + learning_rate * torch.func.grad(height)(z)
    return torch.where(seen, x, torch.sigmoid(decode(z)))


def fill_with_logits_put_out(decode, x, seen, z, steps, learning_rate):
    """A missing pixel has logit 0 and level 0: it costs log 2 whatever z is, and so has no gradient."""
    for _ in range(steps):
        z = z.clone().detach().requires_grad_()
        cost = F.binary_cross_entropy_with_logits(decode(z) * seen, x * seen, reduction="sum")
        (cost - Normal(0, 1).log_prob(z).sum()).backward()
        z = z - learning_rate * z.grad
    return torch.sigmoid(decode(z)).where(~seen, x)


# ---- calibration_error


def error_by_loop(confidence, right, bins):
    total = 0.0
    for number in range(bins):
        low, high = number / bins, (number + 1) / bins
        inside = (confidence >= low) & ((confidence < high) | (number == bins - 1))
        if inside.any():
            total += (confidence[inside].double().mean() - right[inside].double().mean()).abs().item() * inside.double().mean().item()
    return total


def error_by_package(confidence, right, bins):
    return reliability(confidence.cpu(), right.cpu(), bins=bins).error


def error_by_sums(confidence, right, bins):
    which = torch.clamp(torch.floor(confidence * bins), max=bins - 1).long()
    gaps = torch.zeros(bins, dtype=torch.float64, device=confidence.device)
    gaps.index_add_(0, which, confidence.double() - right.double())
    return gaps.abs().sum().item() / len(right)


def error_by_edges_from_above(confidence, right, bins):
    """With the upper edge in the bin, and 0 taken into the first one."""
    edges = torch.linspace(0, 1, bins + 1, device=confidence.device, dtype=confidence.dtype)
    which = (torch.bucketize(confidence, edges) - 1).clamp(min=0)
    total = 0
    for number in range(bins):
        share = (which == number).double().mean()
        if share > 0:
            total += share * abs(confidence[which == number].double().mean() - right[which == number].double().mean())
    return float(total)


def error_by_histogram(confidence, right, bins):
    confidence, right = confidence.cpu().double().numpy(), right.cpu().double().numpy()
    stated = np.histogram(confidence, bins=bins, range=(0, 1), weights=confidence)[0]
    correct = np.histogram(confidence, bins=bins, range=(0, 1), weights=right)[0]
    return float(np.abs(stated - correct).sum() / len(right))


def error_by_rounding_up(confidence, right, bins):
    """Each edge in the bin below it."""
    which = (confidence * bins).ceil().long().sub(1).clamp(min=0)
    return sum(abs((confidence - right.to(confidence))[which == number].sum().item()) for number in range(bins)) / len(right)


# ---- diagnose_detector


def told_by_rules(scores, is_anomaly, ink):
    if not torch.isfinite(scores).all():
        return "not finite"
    line = linregress(ink[~is_anomaly].cpu(), scores[~is_anomaly].cpu())
    rest = scores - line.intercept - line.slope * ink
    raw, left = auroc(scores, is_anomaly), auroc(rest, is_anomaly)
    if left < 0.3:
        return "backwards"
    if left > 0.7:
        return "works" if raw > 0.7 else "hidden by ink"
    return "only ink" if raw > 0.7 else "blind"


def told_by_package(scores, is_anomaly, ink):
    if scores.isnan().any() or scores.isinf().any():
        return "not finite"
    rest = without_measure(ink, scores, ink[~is_anomaly], scores[~is_anomaly])
    high, still_high = area_by_library(scores, is_anomaly) > 0.8, area_by_library(rest, is_anomaly) > 0.8
    if not high and area_by_library(-rest, is_anomaly) > 0.8:
        return "backwards"
    return {(True, True): "works", (False, True): "hidden by ink", (True, False): "only ink", (False, False): "blind"}[high, still_high]


def told_by_regression(scores, is_anomaly, ink):
    if not math.isfinite(scores.sum()):
        return "not finite"
    familiar, x, y = ~is_anomaly.cpu().numpy(), ink.cpu().numpy()[:, None], scores.cpu().numpy()
    rest = torch.from_numpy(y - LinearRegression().fit(x[familiar], y[familiar]).predict(x))
    areas = (area_by_pairs(scores.cpu(), is_anomaly.cpu()), area_by_pairs(rest, is_anomaly.cpu()))
    known = {
        (0.95, 0.95): "works",
        (0.05, 0.95): "hidden by ink",
        (0.5, 0.95): "hidden by ink",
        (0.95, 0.5): "only ink",
        (0.05, 0.05): "backwards",
        (0.5, 0.5): "blind",
    }
    return known[min(known, key=lambda place: math.dist(place, areas))]


def told_by_the_table(scores, is_anomaly, ink):
    """Row by row, with a wider idea of a coin."""
    if not torch.isfinite(scores).all():
        return "not finite"
    slope, height = np.polyfit(ink[~is_anomaly].cpu().numpy(), scores[~is_anomaly].cpu().numpy(), 1)
    raw, left = area_by_pairs(scores, is_anomaly), area_by_pairs(scores - height - slope * ink, is_anomaly)
    if raw > 0.65 and left > 0.65:
        return "works"
    if left > 0.65:
        return "hidden by ink"
    if raw > 0.65:
        return "only ink"
    return "backwards" if raw < 0.35 and left < 0.35 else "blind"


# ---- alarm_report


def alarms_by_rows():
    names = ("digit", "seed", "reconstruction", "kl", "loss", "stranger_loss", "auroc", "mean_auroc")
    runs = [
        (8, 0, 162.2, 5.5, 167.6, 206.8, 72.8, 54.6),
        (8, 1, 164.2, 5.3, 169.5, 207.5, 71.7, 54.6),
        (8, 2, 163.2, 5.3, 168.6, 208.4, 73.4, 54.6),
    ]
    runs += [
        (1, 0, 173.1, 4.9, 178.0, 136.4, 14.3, 8.7),
        (1, 1, 171.9, 5.1, 177.1, 143.1, 21.0, 8.7),
        (1, 2, 172.3, 4.9, 177.2, 138.3, 17.0, 8.7),
    ]
    return {
        "predicted": "neither",
        "runs": [{"images": 10_000, "epochs": 6} | dict(zip(names, run, strict=True)) for run in runs],
        "came_true": False,
    }


def alarms_that_hardly_learnt():
    """After an epoch on few images one digit's runs lie on both sides of the mean image."""
    runs = {"digit": [0, 7] * 3, "seed": [3, 3, 4, 4, 5, 5], "images": 500, "epochs": 1, "mean_auroc": [85.1, 61.2] * 3}
    runs |= {"reconstruction": [230.4, 228.1, 231.9, 229.3, 229.8, 227.7], "kl": [2.1, 2.4, 1.9, 2.2, 2.0, 2.6]}
    runs |= {"loss": [232.5, 230.5, 233.8, 231.5, 231.8, 230.3], "stranger_loss": [290.2, 210.3, 288.7, 211.9, 291.4, 209.2]}
    return {"predicted": "one of them", "runs": runs | {"auroc": [86.2, 59.8, 87.4, 63.1, 85.8, 60.4]}, "came_true": True}


RIGHT_ANSWERS = {
    "alarm_report": [alarms_by_rows, alarms_that_hardly_learnt],
    "auroc": [area_by_pairs, area_by_library, area_by_ranks, area_under_the_curve, area_by_heaviside, area_by_two_loops],
    "probe_features": [
        features_by_hand,
        features_by_library,
        features_with_a_tiny_number,
        features_in_numpy,
        features_by_one_map,
        features_over_a_softened_root,
    ],
    "row_nats": [row_by_library, row_by_independent, row_by_hand, row_by_gaussian_nll, row_by_loop],
    "fill_hole": [
        fill_by_autograd,
        fill_by_backward,
        fill_by_optimizer,
        fill_image_by_image,
        fill_by_functional_gradient,
        fill_with_logits_put_out,
    ],
    "calibration_error": [
        error_by_loop,
        error_by_package,
        error_by_sums,
        error_by_edges_from_above,
        error_by_histogram,
        error_by_rounding_up,
    ],
    "diagnose_detector": [told_by_rules, told_by_package, told_by_regression, told_by_the_table],
}
