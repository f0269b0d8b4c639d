"""Right answers to the tasks of this topic, each written in another way."""

import math

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli

from vae_course.evaluation.matching import maximum_mean_discrepancy

# ---- game_losses


def losses_by_softplus(on_prior, on_codes):
    return F.softplus(-on_prior).mean() + F.softplus(on_codes).mean(), F.softplus(-on_codes).mean()


def losses_by_cross_entropy(on_prior, on_codes):
    cost = F.binary_cross_entropy_with_logits
    ones, zeros = torch.ones_like(on_codes), torch.zeros_like(on_codes)
    return cost(on_prior, torch.ones_like(on_prior)) + cost(on_codes, zeros), cost(on_codes, ones)


def losses_by_logsigmoid(on_prior, on_codes):
    return [-F.logsigmoid(on_prior).mean() - F.logsigmoid(-on_codes).mean(), -F.logsigmoid(on_codes).mean()]


def losses_by_library(on_prior, on_codes):
    real, made = (Bernoulli(logits=logits) for logits in (on_prior, on_codes))
    one, zero = torch.ones((), device=on_prior.device), torch.zeros((), device=on_prior.device)
    encoder = -made.log_prob(one.to(on_codes)).mean()
    return -real.log_prob(one.to(on_prior)).mean() - made.log_prob(zero.to(on_codes)).mean(), encoder


# ---- discriminator_step


def step_with_detach(encoder, discriminator, optimizer, x, z_prior):
    codes = encoder(x).detach()
    loss = F.softplus(-discriminator(z_prior)).mean() + F.softplus(discriminator(codes)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def step_without_a_graph(encoder, discriminator, optimizer, x, z_prior):
    optimizer.zero_grad(set_to_none=False)
    with torch.no_grad():
        codes = encoder(x)
    on_prior, on_codes = discriminator(torch.cat([z_prior, codes])).chunk(2)
    loss = -F.logsigmoid(on_prior).mean() - F.logsigmoid(-on_codes).mean()
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def step_with_autograd(encoder, discriminator, optimizer, x, z_prior):
    logits = discriminator(torch.cat([z_prior, encoder(x)]))
    targets = torch.cat([torch.ones(len(x)), torch.zeros(len(x))]).to(logits)
    loss = 2 * F.binary_cross_entropy_with_logits(logits, targets)
    parameters = list(discriminator.parameters())
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()
    return loss.item()


def step_with_the_encoder_frozen_meanwhile(encoder, discriminator, optimizer, x, z_prior):
    discriminator.zero_grad()
    encoder.requires_grad_(False)
    made = discriminator(encoder(x))
    encoder.requires_grad_(True)
    loss = torch.logaddexp(torch.zeros_like(made), made).mean() + F.softplus(-discriminator(z_prior)).mean()
    loss.backward()
    optimizer.step()
    return loss.detach().cpu().numpy().item()


# ---- ring_prior


def ring_by_inverse(n, inner, outer):
    radius = torch.sqrt(inner**2 + torch.rand(n) * (outer**2 - inner**2))
    angle = 2 * math.pi * torch.rand(n)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1)


def ring_by_rejection(n, inner, outer):
    kept = torch.empty(0, 2)
    while len(kept) < n:
        z = outer * (2 * torch.rand(20 * n, 2) - 1)
        radius = z.norm(dim=1)
        kept = torch.cat([kept, z[(radius >= inner) & (radius <= outer)]])
    return kept[:n]


def ring_by_directions(n, inner, outer):
    direction = F.normalize(torch.randn(n, 2), dim=1)
    area = torch.empty(n, 1).uniform_(inner**2, outer**2)
    return direction * area.sqrt()


def ring_by_complex_numbers(n, inner, outer):
    u, v = torch.rand(2, n, dtype=torch.float64)
    points = torch.polar(torch.lerp(torch.full_like(u, inner**2), torch.full_like(u, outer**2), u).sqrt(), (v - 0.5) * 2 * math.pi)
    return torch.view_as_real(points).float()


# ---- mmd


def mmd_by_tables(a, b, bandwidth):
    def table(p, q):
        return torch.exp(-(p.unsqueeze(1) - q.unsqueeze(0)).square().sum(-1) / (2 * bandwidth**2))

    def within(points):
        kernel, n = table(points, points), len(points)
        return (kernel.sum() - kernel.trace()) / (n * (n - 1))

    return within(a) + within(b) - 2 * table(a, b).mean()


def mmd_by_distances(a, b, bandwidth):
    def kernel(p, q):
        return torch.exp(-0.5 * (torch.cdist(p, q, compute_mode="donot_use_mm_for_euclid_dist") / bandwidth) ** 2)

    def within(points):
        n = len(points)
        above = torch.triu(torch.ones(n, n, dtype=torch.bool, device=points.device), 1)
        return kernel(points, points)[above].mean()

    return within(a) + within(b) - 2 * kernel(a, b).mean()


def mmd_by_pdist(a, b, bandwidth):
    def k(distances):
        return (-distances.square() / (2 * bandwidth * bandwidth)).exp().mean()

    return k(F.pdist(a)) + k(F.pdist(b)) - 2 * k((a[:, None] - b).norm(dim=-1))


def mmd_by_loop(a, b, bandwidth):
    def mean(pairs):
        return torch.stack([torch.exp(-((p - q) ** 2).sum() / (2 * bandwidth**2)) for p, q in pairs]).mean()

    def others(points):
        return [(p, q) for i, p in enumerate(points) for j, q in enumerate(points) if i != j]

    return mean(others(a)) + mean(others(b)) - 2 * mean([(p, q) for p in a for q in b])


def mmd_by_package(a, b, bandwidth):
    return torch.tensor(maximum_mean_discrepancy(a, b, bandwidth=bandwidth), dtype=a.dtype)


# ---- diagnose_game


def told_by_rules(accuracy, auc):
    if not torch.isfinite(accuracy + auc).all():
        return "diverged"
    half = accuracy[len(accuracy) // 2 :]
    if half.max() - half.min() > 0.2:
        return "oscillating"
    if half.mean() < 0.25:
        return "labels swapped"
    if half.mean() > 0.85:
        return "too strong"
    return "too weak" if auc[-3:].mean() > 0.8 else "balanced"


def told_by_spread(accuracy, auc):
    if any(abs(value) == float("inf") or value != value for value in [*accuracy.tolist(), *auc.tolist()]):
        return "diverged"
    late = accuracy[-6:]
    if late.std() > 0.1:
        return "oscillating"
    end, judged = late.median().item(), auc[-4:].median().item()
    table = [("too strong", end > 0.9), ("labels swapped", end < 0.2), ("too weak", judged > 0.7)]
    return next((name for name, applies in table if applies), "balanced")


def told_by_distance(accuracy, auc):
    if not (accuracy.sum() + auc.sum()).isfinite():
        return "diverged"
    half = len(accuracy) // 2
    late = accuracy[half:]
    if (late[1:] - late[:-1]).abs().max() > 0.2:
        return "oscillating"
    known = {"balanced": (0.55, 0.55), "too strong": (0.97, 0.97), "too weak": (0.52, 0.95), "labels swapped": (0.04, 0.96)}
    here = (late.mean().item(), auc[half:].mean().item())
    return min(known, key=lambda name: math.dist(known[name], here))


# ---- jensen_shannon


def js_by_logarithms(log_p, log_q, dx):
    log_m = torch.logaddexp(log_p, log_q) - math.log(2)
    p, q = log_p.exp(), log_q.exp()
    return 0.5 * (p * (log_p - log_m) + q * (log_q - log_m)).sum() * dx


def js_by_the_game(log_p, log_q, dx):
    logit = log_p - log_q
    pays = log_p.exp() * F.softplus(-logit) + log_q.exp() * F.softplus(logit)
    return math.log(2) - pays.sum() * dx / 2


def js_by_entropies(log_p, log_q, dx):
    def entropy(density):
        return torch.special.entr(density).sum() * dx

    p, q = log_p.exp(), log_q.exp()
    return entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2


def js_by_library(log_p, log_q, dx):
    p, q = (log_p.exp() * dx).double(), (log_q.exp() * dx).double()
    m = (p + q) / 2
    return (0.5 * (torch.special.xlogy(p, p / m.clamp(min=1e-300)) + torch.special.xlogy(q, q / m.clamp(min=1e-300)))).sum().to(log_p)


def js_by_kl_div(log_p, log_q, dx):
    log_m = torch.logsumexp(torch.stack([log_p, log_q]), 0) - math.log(2)
    halves = [F.kl_div(log_m, log_density, reduction="sum", log_target=True) for log_density in (log_p, log_q)]
    return sum(halves) / 2 * dx


# ---- game_report


def games_by_rows():
    names = ("discriminator_steps", "seed", "reconstruction", "mismatch", "loss", "auc")
    runs = [(1, 0, 158.5, 0.02, 159.0, 0.69), (1, 1, 154.4, -0.07, 153.1, 0.66), (1, 2, 172.7, 0.24, 177.6, 0.58)]
    runs += [(4, 0, 153.9, 0.0, 153.8, 0.67), (4, 1, 152.4, 0.0, 152.4, 0.68), (4, 2, 153.7, -0.09, 151.9, 0.63)]
    same = {"images": 6_000, "epochs": 15, "weight": 20}
    return {"predicted": "no clear difference", "runs": [same | dict(zip(names, run, strict=True)) for run in runs], "came_true": True}


def games_with_a_light_weight():
    """Where the mismatch counts for little there is much of it, and the judge is sure."""
    runs = {"discriminator_steps": [8, 8, 8, 1, 1, 1], "seed": [3, 4, 5] * 2, "images": 2_000, "epochs": 5, "weight": 0.5}
    runs |= {"reconstruction": [150.12, 151.3, 149.9, 151.4, 150.2, 152.7], "mismatch": [1.31, 1.22, 1.4, 1.95, 2.04, 1.88]}
    runs |= {"loss": [150.78, 151.91, 150.6, 152.38, 151.22, 153.64], "auc": [0.81, 0.8, 0.83, 0.91, 0.93, 0.9]}
    return {"predicted": "lower", "runs": runs, "came_true": True}


RIGHT_ANSWERS = {
    "game_losses": [losses_by_softplus, losses_by_cross_entropy, losses_by_logsigmoid, losses_by_library],
    "discriminator_step": [
        step_with_detach,
        step_without_a_graph,
        step_with_autograd,
        step_with_the_encoder_frozen_meanwhile,
    ],
    "ring_prior": [ring_by_inverse, ring_by_rejection, ring_by_directions, ring_by_complex_numbers],
    "mmd": [mmd_by_tables, mmd_by_distances, mmd_by_pdist, mmd_by_loop, mmd_by_package],
    "diagnose_game": [told_by_rules, told_by_spread, told_by_distance],
    "jensen_shannon": [js_by_logarithms, js_by_the_game, js_by_entropies, js_by_library, js_by_kl_div],
    "game_report": [games_by_rows, games_with_a_light_weight],
}
