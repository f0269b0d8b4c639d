"""Answers as strangers write them, each with what the room must say: "right", or part of the question that a wrong one is asked.

The wrong ones once passed, or were met with a question about something else.
"""

import itertools
import math

import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

from vae_course.models.base import latent_path

HELD_BACK = "What keeps yours from following it: a limit"
BY_CHANCE = "Which of your lines draws?"
LIMIT, GRID = "Is a limit set", "How many different values"
MADE_OF = "Of how many uniform numbers"
OWN = "How many random numbers does a draw in d dimensions need"
FOREIGN_ANSWERS: list[tuple[str, str, object]] = []


def says(task, verdict):
    def keep(function):
        FOREIGN_ANSWERS.append((task, verdict, function))
        return function

    return keep


def table(z, mu, log_var):
    return -0.5 * ((z.unsqueeze(1) - mu).square() / log_var.exp() + log_var + math.log(2 * math.pi)).sum(-1)


# ---- right: a product that float32 rounds


@says("leaning_kl", "right")
def determinant_of_a_product(mu, scale_tril):
    sigma = scale_tril @ scale_tril.mT
    return 0.5 * (sigma.diagonal(dim1=1, dim2=2).sum(1) + mu.pow(2).sum(1) - mu.shape[1] - torch.logdet(sigma))


# ---- right: a gradient above the diagonal of a triangle means nothing


@says("leaning_kl", "right")
def by_slogdet(mu, scale_tril):
    trace = (scale_tril @ scale_tril.mT).diagonal(dim1=1, dim2=2).sum(1)
    return 0.5 * (trace + mu.square().sum(1) - mu.shape[1]) - torch.linalg.slogdet(scale_tril).logabsdet


@says("leaning_kl", "right")
def by_the_covariance(mu, scale_tril):
    logs = torch.stack([torch.logdet(one) for one in scale_tril])
    return 0.5 * (scale_tril.flatten(1).square().sum(1) + mu.square().sum(1) - mu.shape[1]) - logs


@says("importance_weighted_bound", "right")
def by_folding(log_weights):
    total = log_weights[0]
    for row in log_weights[1:]:
        total = torch.logaddexp(total, row)
    return total - math.log(len(log_weights))


@says("expected_error", "right")
def by_sigma_points(weight, bias, x, mu, log_var):
    steps = torch.diag_embed(torch.exp(0.5 * log_var) * math.sqrt(mu.shape[1]))
    points = torch.cat([mu.unsqueeze(1) + steps, mu.unsqueeze(1) - steps], 1)
    return (x.unsqueeze(1) - F.linear(points, weight, bias)).square().sum(-1).mean(1)


@says("class_prior_kl", "right")
def class_by_class(mu, log_var, y, prior_mu, prior_log_var):
    result = torch.zeros_like(mu[:, 0])
    for label in y.unique():
        own = y == label
        q, p = Normal(mu[own], (log_var[own] / 2).exp()), Normal(prior_mu[label], (prior_log_var[label] / 2).exp())
        result = result.index_put((own.nonzero().squeeze(1),), kl_divergence(q, p).sum(1))
    return result


@says("reparameterise", "right")
def by_quantiles(mu, log_var):
    u = torch.rand_like(mu, dtype=torch.float64).clamp(1e-15, 1 - 1e-15)
    return mu + torch.exp(log_var / 2) * torch.special.ndtri(u).to(mu.dtype)


@says("reparameterise", "right")
def by_box_and_muller(mu, log_var):
    radius = (-2 * torch.log1p(-torch.rand_like(mu))).sqrt()
    return mu + torch.exp(log_var / 2) * radius * torch.cos(2 * math.pi * torch.rand_like(mu))


@says("correlated_draw", "right")
def by_the_library(mu, scale_tril):
    return torch.distributions.MultivariateNormal(mu, scale_tril @ scale_tril.mT).rsample()


@says("ring_prior", "right")
def by_rejection(n, inner, outer):
    found = torch.zeros(0, 2)
    while len(found) < n:
        square = outer * (2 * torch.rand(4096, 2) - 1)
        length = square.norm(dim=1)
        found = torch.cat([found, square[(length >= inner) & (length <= outer)]])
    return found[:n]


# ---- log-variances and shares that are held back


@says("kl_between", HELD_BACK)
def kl_between_limits(mu_q, log_var_q, mu_p, log_var_p):
    a, b = log_var_q.clamp(-30, 20), log_var_p.clamp(-30, 20)
    return 0.5 * (b - a + (a.exp() + (mu_q - mu_p) ** 2) / b.exp() - 1).sum(-1)


@says("merge", HELD_BACK)
def merged_between_limits(mu_1, log_var_1, mu_2, log_var_2):
    a, b = log_var_1.clamp(-10, 10), log_var_2.clamp(-10, 10)
    log_var = -torch.logaddexp(-a, -b)
    return mu_1 * (log_var - a).exp() + mu_2 * (log_var - b).exp(), log_var


def ladder(low, high):
    def ladder_between_limits(top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2):
        first, second = log_var_1.clamp(low, high), log_var_2.clamp(low, high)
        m, s = top_down(mu_2 + (second / 2).exp() * epsilon_2)
        v = -torch.logaddexp(-first, -s)
        q = Normal(mu_1 * (v - first).exp() + m * (v - s).exp(), (v / 2).exp())
        return kl_divergence(q, Normal(m, (s / 2).exp())).sum(1), 0.5 * (mu_2**2 + second.exp() - 1 - second).sum(1)

    return ladder_between_limits


says("ladder_kl", HELD_BACK)(ladder(-10, 10))
says("ladder_kl", HELD_BACK)(ladder(-30, 20))


def told_about_labels(low, high):
    def label_information_between_limits(z, mu, log_var, y):
        logs, same = table(z, mu, log_var.clamp(low, high)), y.unsqueeze(1) == y
        of_label = logs.masked_fill(~same, -math.inf).logsumexp(1) - same.sum(1).log()
        return (of_label - logs.logsumexp(1) + math.log(len(y))).mean(), (logs.diagonal() - of_label).mean()

    return label_information_between_limits


says("label_information", HELD_BACK)(told_about_labels(-10, 10))
says("label_information", HELD_BACK)(told_about_labels(-30, 20))


@says("label_information", "Where do you count with them?")
def labels_counted_from_zero(z, mu, log_var, y):
    logs, of_label = table(z, mu, log_var), torch.zeros_like(z[:, 0])
    for label in range(int(y.max()) + 1):
        rows = y == label
        if rows.any():
            of_label[rows] = logs[rows][:, rows].logsumexp(1) - math.log(int(rows.sum()))
    return (of_label - logs.logsumexp(1) + math.log(len(y))).mean(), (logs.diagonal() - of_label).mean()


@says("label_information", "")
def labels_as_places(z, mu, log_var, y):
    logs, one_hot = table(z, mu, log_var), F.one_hot(y).to(z)
    same = one_hot @ one_hot.T
    of_label = (logs + same.log()).logsumexp(1) - same.sum(1).log()
    return (of_label - logs.logsumexp(1) + math.log(len(y))).mean(), (logs.diagonal() - of_label).mean()


@says("aggregated_log_density", HELD_BACK)
def density_between_limits(z, mu, log_var):
    return table(z, mu, log_var.clamp(-30, 20)).logsumexp(1) - math.log(len(mu))


@says("aggregated_log_density", HELD_BACK)
def density_between_narrow_limits(z, mu, log_var):
    return table(z, mu, log_var.clamp(-8, 8)).logsumexp(1) - math.log(len(mu))


@says("aggregate_moments", HELD_BACK)
def moments_between_limits(mu, log_var):
    return mu.mean(0), mu.var(0, correction=0) + log_var.clamp(-30, 20).exp().mean(0)


@says("aggregate_moments", HELD_BACK)
def moments_above_a_limit(mu, log_var):
    return mu.mean(0), mu.var(0, correction=0) + log_var.clamp(min=-10).exp().mean(0)


@says("expected_error", HELD_BACK)
def error_between_limits(weight, bias, x, mu, log_var):
    return (x - F.linear(mu, weight, bias)).square().sum(1) + log_var.clamp(-30, 20).exp() @ weight.square().sum(0)


@says("expected_error", HELD_BACK)
def error_above_a_limit(weight, bias, x, mu, log_var):
    return (x - F.linear(mu, weight, bias)).square().sum(1) + log_var.clamp(min=-8).exp() @ weight.square().sum(0)


@says("sample_prior", HELD_BACK)
def drawn_between_limits(top_down, epsilon_1, epsilon_2):
    mu, log_var = top_down(epsilon_2)
    return torch.cat([mu + torch.exp(log_var.clamp(-30, 20) / 2) * epsilon_1, epsilon_2], 1)


@says("truncated_normal", HELD_BACK)
def never_near_the_bounds(mu, sigma, low, high, u):
    below, not_above = (torch.special.ndtr((bound - mu) / sigma) for bound in (low, high))
    return mu + sigma * torch.special.ndtri(torch.lerp(below, not_above, u.clamp(0.01, 0.99)))


@says("log_density", HELD_BACK)
def log_density_between_limits(z, mu, log_var):
    return Normal(mu, (log_var.clamp(-30, 20) / 2).exp()).log_prob(z).sum(1)


@says("class_prior_kl", HELD_BACK)
def class_prior_kl_between_limits(mu, log_var, y, prior_mu, prior_log_var):
    q, p = Normal(mu, (log_var.clamp(-30, 20) / 2).exp()), Normal(prior_mu[y], (prior_log_var[y].clamp(-30, 20) / 2).exp())
    return kl_divergence(q, p).sum(1)


@says("sequence_loss", HELD_BACK)
def surprise_below_a_limit(logits, x):
    return -(x * logits.log_softmax(-1).clamp(min=-100)).sum((1, 2)).mean()


@says("importance_weighted_bound", HELD_BACK)
def bound_above_a_limit(log_weights):
    return (log_weights.double().exp().mean(0) + 1e-300).log().clamp(max=700).to(log_weights.dtype)


@says("renyi_bound", "")
def alpha_near_one_is_one(log_weights, alpha):
    power = 1 - alpha
    return log_weights.mean(0) if abs(power) < 0.3 else (torch.logsumexp(power * log_weights, 0) - math.log(len(log_weights))) / power


@says("mig", "")
def ten_bins_for_all(codes, factors):
    def told(a, b):
        a, b = (value * 10 // (value.max() + 1) for value in (a, b))
        p = torch.stack([((a == i) & (b == j)).double().mean() for i, j in itertools.product(range(10), range(10))]).view(10, 10)
        return torch.special.xlogy(p, p / (p.sum(1, keepdim=True) * p.sum(0)).clamp(min=1e-300)).sum()

    gaps = []
    for factor in factors.T:
        best, second = torch.stack([told(code, factor) for code in codes.T]).topk(2).values
        gaps.append((best - second) / told(factor, factor))
    return float(sum(gaps) / len(gaps))


@says("renyi_bound", "the largest weight of the whole batch")
def one_maximum_for_the_batch(log_weights, alpha):
    if alpha == 1:
        return log_weights.mean(0)
    top = log_weights.max()
    return top + torch.log(((1 - alpha) * (log_weights - top)).exp().mean(0)) / (1 - alpha)


@says("renyi_bound", "the smallest one has the largest power")
def maximum_before_the_power(log_weights, alpha):
    if alpha == 1:
        return log_weights.mean(0)
    top = log_weights.max(0).values
    return top + torch.log(torch.exp((log_weights - top) * (1 - alpha)).mean(0)) / (1 - alpha)


@says("renyi_bound", "nearly 0 over nearly 0")
def alpha_pushed_aside(log_weights, alpha):
    power = 1 - alpha if alpha != 1 else 1e-6
    return (torch.logsumexp(power * log_weights, 0) - math.log(len(log_weights))) / power


@says("renyi_bound", "of each example for itself")
def powers_of_logarithms(log_weights, alpha):
    return log_weights.mean(0) if alpha == 1 else torch.log((log_weights ** (1 - alpha)).mean(0)) / (1 - alpha)


@says("laplace_loss", "a logarithm of 0")
def logarithm_of_the_density(x, mean, log_scale, mu, log_var):
    b = log_scale.exp()
    density = torch.exp(-(x - mean).abs() / b) / (2 * b)
    return (0.5 * (mu**2 + log_var.exp() - 1 - log_var).sum(1) - density.log().sum((1, 2, 3))).mean()


@says("slerp", "the angle of a cosine beyond 1")
def angle_without_a_clamp(z0, z1, t):
    angle, t = torch.acos((z0 @ z1) / (z0.norm() * z1.norm())), t[:, None]
    if angle < 1e-4:
        return z0 + t * (z1 - z0)
    return (torch.sin((1 - t) * angle) * z0 + torch.sin(t * angle) * z1) / torch.sin(angle)


@says("slerp", "")
def straight_up_to_a_third(z0, z1, t):
    angle, t = torch.acos(torch.cosine_similarity(z0, z1, dim=0).clamp(-1, 1)), t[:, None]
    if angle < 0.3:
        return z0 + t * (z1 - z0)
    return (torch.sin((1 - t) * angle) * z0 + torch.sin(t * angle) * z1) / torch.sin(angle)


@says("slerp", "Which t were you given")
def at_steps_of_its_own(z0, z1, t):
    return latent_path(z0, z1, len(t), spherical=True)


@says("kl_between", HELD_BACK)
def a_little_more_below_the_line(mu_q, log_var_q, mu_p, log_var_p):
    fraction = (log_var_q.exp() + (mu_q - mu_p) ** 2) / (log_var_p.exp() + 1e-6)
    return 0.5 * (log_var_p - log_var_q + fraction - 1).sum(1)


@says("diagnose", "Which curves do you ask")
def one_curve_asked(reconstruction, kl):
    if not reconstruction.isfinite().all():
        return "diverged"
    r, k = reconstruction[-1], kl[-1]
    if r < 0:
        return "unscaled pixels"
    return "sigmoid twice" if r > 400 else "collapsed" if k < 1 else "no KL" if k > 100 else "healthy"


@says("diagnose", "At which end of the curve")
def collapsed_where_it_ever_was(reconstruction, kl):
    if not (reconstruction + kl).isfinite().all():
        return "diverged"
    if reconstruction[-1] < 0:
        return "unscaled pixels"
    if reconstruction[-1] > 400:
        return "sigmoid twice"
    return "collapsed" if (kl < 1).any() else "no KL" if kl[-1] > 100 else "healthy"


# ---- noise that is nearly what it should be


@says("reparameterise", MADE_OF)
def from_four_uniforms(mu, log_var):
    return mu + torch.exp(log_var / 2) * math.sqrt(3) * (torch.rand(4, *mu.shape, dtype=mu.dtype).sum(0) - 2)


@says("reparameterise", MADE_OF)
def from_twelve_uniforms(mu, log_var):
    return mu + torch.exp(log_var / 2) * (torch.rand(12, *mu.shape, dtype=mu.dtype).sum(0) - 6)


@says("reparameterise", LIMIT)
def cut_at_three(mu, log_var):
    return mu + torch.exp(log_var / 2) * torch.randn_like(mu).clamp(-3, 3)


@says("reparameterise", GRID)
def in_hundredths(mu, log_var):
    return mu + torch.exp(log_var / 2) * torch.randn_like(mu).round(decimals=2)


@says("reparameterise", OWN)
def one_length_for_all_latents(mu, log_var):
    signs = 2 * torch.randint(0, 2, mu.shape) - 1
    return mu + torch.exp(log_var / 2) * torch.randn_like(mu[:, :1]).abs() * signs


@says("correlated_draw", MADE_OF)
def leaning_from_four_uniforms(mu, scale_tril):
    noise = math.sqrt(3) * (torch.rand(4, *mu.shape, dtype=mu.dtype).sum(0) - 2)
    return mu + torch.einsum("nij,nj->ni", scale_tril, noise)


@says("correlated_draw", LIMIT)
def leaning_and_cut(mu, scale_tril):
    return mu + torch.einsum("nij,nj->ni", scale_tril, torch.randn_like(mu).clamp(-3, 3))


@says("ring_prior", "how many different ones are there")
def in_whole_degrees(n, inner, outer):
    radius, angle = (inner**2 + torch.rand(n) * (outer**2 - inner**2)).sqrt(), torch.deg2rad(torch.randint(360, (n,)).float())
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1)


# ---- what goes wrong is asked for


@says("gaussian_kl", BY_CHANCE)
def kl_by_draws(mu, log_var):
    z = mu + (log_var / 2).exp() * torch.randn(20, *mu.shape, dtype=mu.dtype)
    return (Normal(mu, (log_var / 2).exp()).log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(-1).mean(0)


@says("expected_error", BY_CHANCE)
def error_by_draws(weight, bias, x, mu, log_var):
    z = Normal(mu, (log_var / 2).exp()).rsample((50,))
    return (x - F.linear(z, weight, bias)).square().sum(-1).mean(0)


@says("gaussian_kl", "loses an axis")
def kl_squeezed(mu, log_var):
    return 0.5 * (mu**2 + log_var.exp() - 1 - log_var).sum(-1, keepdim=True).squeeze()


@says("free_bits", "behind PyTorch's back")
def floor_behind_the_back(kl, floor):
    mean = kl.mean(0)
    mean.data.clamp_(min=floor)
    return mean.sum()


@says("log_density", "How much of log 2π")
def twice_the_constant(z, mu, log_var):
    return (-0.5 * (z - mu) ** 2 / log_var.exp() - 0.5 * log_var - math.log(2 * math.pi)).sum(1)


@says("cyclical_beta", "counted from 0")
def cycles_from_one(step, period, ramp, beta):
    return beta * min((step % period + 1) / (ramp * period), 1.0)


@says("join_label", "one column too far")
def label_one_on(x, y, classes):
    return torch.cat([x.flatten(1), F.one_hot(y + 1, classes + 1)[:, :-1].to(x.dtype)], 1)


@says("one_style", "From which number do labels count")
def classes_from_one(decode, z, classes):
    return torch.stack([decode(z, torch.full((len(z),), label)).mean for label in range(1, classes + 1)], 1)


@says("mmd", "n² − 1 is the table")
def one_pair_less(a, b, bandwidth):
    def kernel(p, q):
        return torch.exp(-(p.unsqueeze(1) - q).square().sum(-1) / (2 * bandwidth**2))

    within = [(kernel(one, one).sum() - len(one)) / (len(one) ** 2 - 1) for one in (a, b)]
    return sum(within) - 2 * kernel(a, b).mean()


@says("kl_between", "the mean of KL(q ‖ p) and KL(p ‖ q)")
def both_ways(mu_q, log_var_q, mu_p, log_var_p):
    q, p = Normal(mu_q, (log_var_q / 2).exp()), Normal(mu_p, (log_var_p / 2).exp())
    return (kl_divergence(q, p) + kl_divergence(p, q)).sum(1) / 2


@says("kl_between", "leaves the range of floating-point numbers")
def variances_for_their_logarithms(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * (torch.log(log_var_p / log_var_q) + (log_var_q + (mu_q - mu_p) ** 2) / log_var_p - 1).sum(1)


@says("gaussian_log_likelihood", "gaussian_nll_loss leaves the constant out")
def by_the_library_loss(x, mean, log_sigma):
    return -F.gaussian_nll_loss(mean, x, (2 * log_sigma).exp().expand_as(x), reduction="none").sum((1, 2))


@says("effective_beta", "(a / b) * c")
def brackets_left_out(pixels, latents, sigma, kl_weight):
    return kl_weight * pixels / 2 * sigma**2 * latents


@says("effective_beta", "and rounded")
def to_two_decimals(pixels, latents, sigma, kl_weight):
    return round(kl_weight * pixels / (2 * sigma**2 * latents), 2)


@says("laplace_loss", "leaves the range of floating-point numbers")
def scale_for_its_logarithm(x, mean, log_scale, mu, log_var):
    pixels = ((x - mean).abs() / log_scale + torch.log(2 * log_scale)).sum((1, 2, 3))
    return (pixels + 0.5 * (mu**2 + log_var.exp() - 1 - log_var).sum(1)).mean()


@says("slerp", "0 put in for NaN")
def zeros_for_nan(z0, z1, t):
    angle, t = torch.acos(torch.cosine_similarity(z0, z1, dim=0).clamp(-1, 1)), t[:, None]
    return ((torch.sin((1 - t) * angle) * z0 + torch.sin(t * angle) * z1) / torch.sin(angle)).nan_to_num()


@says("attribute_vector", "before the subtraction or after it")
def row_from_row(z, has):
    return (z[has] - z[~has]).mean(0)


@says("accumulated_step", "which one fills .grad")
def nobody_goes_back(model, optimizer, batches):
    optimizer.zero_grad()
    total = sum(model.loss(x).total.item() * len(x) for x in batches)
    optimizer.step()
    return total / sum(len(x) for x in batches)


@says("accumulated_step", "forward before the first way back")
def all_forward_then_all_back(model, optimizer, batches):
    count = sum(len(x) for x in batches)
    optimizer.zero_grad()
    losses = [model.loss(x).total * len(x) / count for x in batches]
    for loss in losses:
        loss.backward()
    optimizer.step()
    return sum(loss.item() for loss in losses)


@says("leaning_kl", "L for the covariance")
def scale_for_covariance(mu, scale_tril):
    eigenvalues = scale_tril.diagonal(dim1=1, dim2=2)
    return 0.5 * (eigenvalues.sum(1) + mu.square().sum(1) - mu.shape[1] - eigenvalues.log().sum(1))


# ---- bytes: counts in bytes run over, and a difference of logarithms is lost in the upper tail


@says("marginal_bits", "How often did training show it")
def counted_in_bytes(train, test):
    bits = []
    for channel in range(train.shape[1]):
        counts = train[:, channel].flatten().bincount(minlength=256).to(torch.uint8) + 1
        bits.append(-(counts / counts.sum()).log2()[test[:, channel]].mean())
    return torch.stack(bits)


@says("logistic_mixture_nats", "far from every bell")
def in_the_lower_tail_alone(x, logits, mean, log_scale):
    level, scale = x.unsqueeze(2), log_scale.exp()
    upper, lower = F.logsigmoid((level + 0.5 - mean) / scale), F.logsigmoid((level - 0.5 - mean) / scale)
    upper, lower = torch.where(level == 255, 0.0, upper), torch.where(level == 0, -1e4, lower)
    return -(upper + torch.log(-torch.expm1(lower - upper)) + logits.log_softmax(2)).logsumexp(2).sum(1)


# ---- faces, paragraphs, series: right ones in other styles


@says("balanced_arrow", "right")
def cells_by_index_add(codes, has, other):
    levels, place = other.unique(return_inverse=True)
    cell = 2 * place + has.long()
    total = codes.new_zeros(2 * len(levels), codes.shape[1]).index_add(0, cell, codes)
    means = total / cell.bincount(minlength=2 * len(levels)).to(codes.dtype).unsqueeze(1)
    return (means[1::2] - means[::2]).mean(0)


@says("without_span", "right")
def what_the_directions_leave(codes, directions):
    rest = torch.linalg.svd(directions, full_matrices=True).Vh[len(directions) :]
    return codes @ rest.T @ rest


@says("shared_nats", "right")
def one_sentence_more_at_a_time(joint):
    def entropy(p):
        return -(p * p.clamp_min(1e-30).log()).sum()

    pair = joint.sum(2)
    return entropy(pair.sum(1)) + entropy(pair.sum(0)) - entropy(pair) + entropy(pair) + entropy(joint.sum((0, 1))) - entropy(joint)


@says("seen_nats", "right")
def step_by_step_where_it_was_seen(x, mean, log_sigma):
    costs = []
    for row, wrote in zip(x, mean, strict=True):
        seen = row[:, 1] == 1
        away = (row[seen, 0] - wrote[seen]) * torch.exp(-log_sigma)
        costs.append((0.5 * away * away + log_sigma + 0.5 * math.log(2 * math.pi)).sum())
    return torch.stack(costs)


@says("conditional_gaussian", "right")
def told_one_seen_step_after_the_other(mean, covariance, x, seen):
    filled, left = mean.expand(len(x), -1).clone(), covariance.clone()
    for step in seen.nonzero().squeeze(1).tolist():
        slope = left[:, step] / left[step, step]
        filled = filled + (x[:, step] - filled[:, step]).unsqueeze(1) * slope
        left = left - torch.outer(slope, left[step])
    return torch.where(seen, x, filled), torch.where(seen, torch.zeros_like(mean), left.diagonal().clamp(min=0).sqrt())


@says("weighted_answer", "right")
def worth_by_unequal_weights(log_joint, log_q, values):
    ratio = log_joint - log_q
    weights = torch.exp(ratio - ratio.amax(0))
    return (weights.unsqueeze(2) * values).sum(0) / weights.sum(0).unsqueeze(1), weights.sum(0) ** 2 / weights.square().sum(0)


# ---- wrong ones that passed


@says("exchange", "a step that leaves the range of floats")
def by_chances_there_and_back(z_s, mu, log_var, other_mu, other_log_var):
    return Normal(other_mu, (other_log_var / 2).exp()).icdf(Normal(mu, (log_var / 2).exp()).cdf(z_s))


@says("seen_nats", "which number says so")
def seen_where_there_is_a_value(x, mean, log_sigma):
    value = x[..., 0]
    return -torch.where(value == 0, torch.zeros_like(value), Normal(mean, log_sigma.exp()).log_prob(value)).sum(1)


@says("conditional_gaussian", "NaN times 0 is NaN")
def hidden_steps_times_0(mean, covariance, x, seen):
    weights = torch.linalg.solve(covariance[seen][:, seen], covariance[seen][:, ~seen])
    filled, sigma = x * seen, torch.zeros_like(mean)
    filled[:, ~seen] += mean[~seen] + (x[:, seen] - mean[seen]) @ weights
    sigma[~seen] = (covariance[~seen][:, ~seen] - covariance[~seen][:, seen] @ weights).diagonal().sqrt()
    return filled, sigma


@says("weighted_answer", "Whose greatest one is it to be")
def one_maximum_for_all(log_joint, log_q, values):
    ratio = log_joint - log_q
    weights = torch.exp(ratio - ratio.max())
    weights = weights / weights.sum(0)
    return torch.einsum("kn,knt->nt", weights, values), 1 / (weights**2).sum(0)


# ---- wrong ones whose question was another's, or none


@says("opportunity_gap", "Of whom is it to be a share")
def found_by_all_of_the_group(scores, target, group):
    hit = ((scores > 0) & (target == 1)).to(scores.dtype)
    return (hit[group == 0].mean() - hit[group == 1].mean()).abs()


@says("balanced_arrow", "their own numbers have gaps")
def levels_by_their_count(codes, has, other):
    arrows = [codes[has & (other == level)].mean(0) - codes[~has & (other == level)].mean(0) for level in range(len(other.unique()))]
    return sum(arrows) / len(arrows)


@says("laid_on", "You cut the change")
def change_that_is_cut(decode, x, z, arrow, amount):
    return x + torch.clamp(decode(z + amount * arrow) - decode(z), 0, 1)


@says("without_span", "what of the first did it bring back")
def one_direction_after_the_other(codes, directions):
    for direction in F.normalize(directions, dim=1):
        codes = codes - torch.outer(codes @ direction, direction)
    return codes


@says("shared_nats", "In which unit")
def in_bits(joint):
    def entropy(p):
        return -torch.xlogy(p, p).sum() / math.log(2)

    return entropy(joint.sum((1, 2))) + entropy(joint.sum((0, 2))) + entropy(joint.sum((0, 1))) - entropy(joint)


@says("exchange", "How many standard deviations of its own prior")
def width_of_the_new_prior_alone(z_s, mu, log_var, other_mu, other_log_var):
    return other_mu + (z_s - mu) * torch.exp(other_log_var / 2)


@says("read_before", "At the first place stands the first word")
def copied_and_not_emptied(embedded, keep):
    read = embedded.clone()
    read[:, 1:] = embedded[:, :-1] * keep[:, :-1, None]
    return read


@says("priced_loss", "share one allowance")
def free_for_all_together(reconstruction, kl_p, kl_s, price, free):
    return reconstruction.mean() + price * (kl_p.mean(0).sum() + kl_s.mean(0).sum().clamp(min=free))


@says("priced_loss", "the larger the batch, the less is free")
def free_for_the_batch(reconstruction, kl_p, kl_s, price, free):
    return reconstruction.mean() + price * (kl_p.sum() + kl_s.sum(0).clamp(min=free).sum()) / len(kl_p)


@says("priced_loss", "Which comes first, the price")
def priced_before_it_is_compared(reconstruction, kl_p, kl_s, price, free):
    return reconstruction.mean() + price * kl_p.mean(0).sum() + torch.clamp(price * kl_s.mean(0), min=free).sum()


@says("two_level_kl", "KL of the prior from q")
def paragraph_right_and_sentences_reversed(mu_p, log_var_p, mu_s, log_var_s, prior_mu, prior_log_var):
    own, prior = Normal(mu_s, (log_var_s / 2).exp()), Normal(prior_mu, (prior_log_var / 2).exp())
    return 0.5 * (mu_p**2 + log_var_p.exp() - 1 - log_var_p).sum(1), kl_divergence(prior, own).sum((1, 2))


@says("held_share", "How much should lie on either side")
def half_of_the_share_at_each_end(drawn, truth, seen, share):
    low, high = torch.quantile(drawn, torch.tensor([share / 2, 1 - share / 2], dtype=drawn.dtype), dim=0)
    return ((truth >= low) & (truth <= high))[~seen].double().mean().item()


@says("priced_loss", "Both levels together share")
def free_for_both_levels(reconstruction, kl_p, kl_s, price, free):
    return reconstruction.mean() + price * torch.clamp((kl_p.sum(1) + kl_s.sum((1, 2))).mean(), min=free)


@says("without_span", "How many of them span the directions")
def the_whole_space(codes, directions):
    turned = torch.linalg.svd(directions, full_matrices=True).Vh
    return codes - codes @ turned.T @ turned


@says("conditional_gaussian", "A mask gives a copy")
def written_into_a_copy(mean, covariance, x, seen):
    weights = torch.linalg.solve(covariance[seen][:, seen], covariance[seen][:, ~seen])
    filled, sigma = x.clone(), torch.zeros_like(mean)
    filled[:, ~seen].copy_(mean[~seen] + (x[:, seen] - mean[seen]) @ weights)
    sigma[~seen] = (covariance[~seen][:, ~seen] - covariance[~seen][:, seen] @ weights).diagonal().sqrt()
    return filled, sigma


@says("one_style", "From which number do labels count")
def labels_from_1_on(decode, z, classes):
    label = (torch.arange(classes) + 1) % classes
    return torch.stack([decode(style.expand(classes, -1), label).mean for style in z])


# ---- right: whatever is divided and counted in another place


@says("calibration_error", "right")
def by_indicators(confidence, right, bins):
    inside = F.one_hot((torch.ceil(confidence * bins) - 1).clamp(min=0).long(), bins).double()
    return float((inside.T @ (confidence.double() - right.double())).abs().sum() / len(confidence))


@says("jensen_shannon", "right")
def by_entropies(log_p, log_q, dx):
    p, q = log_p.exp(), log_q.exp()
    m = (p + q) / 2
    return (torch.xlogy(p, p).sum() / 2 + torch.xlogy(q, q).sum() / 2 - torch.xlogy(m, m).sum()) * dx


@says("write_freely", "right")
def cut_at_the_end_afterwards(step, state, start, end, steps):
    row, rows = start.expand(len(state), -1), []
    for _ in range(steps):
        logits, state = step(row, state)
        row = torch.eye(len(start), dtype=start.dtype)[logits.argmax(1)]
        rows.append(row)
    written = torch.stack(rows, 1)
    ended_before = written[..., end].cumsum(1) - written[..., end]
    return written * (ended_before == 0).unsqueeze(-1)


# ---- wrong where few look: what came in, early epochs, a gap in the middle, a code that helps by mistake


@says("discriminator_step", "eval mode afterwards")
def left_in_eval_mode(encoder, discriminator, optimizer, x, z_prior):
    encoder.eval()
    with torch.no_grad():
        codes = encoder(x)
    loss = -F.logsigmoid(discriminator(z_prior)).mean() - F.logsigmoid(-discriminator(codes)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@says("diagnose_game", "the second half alone")
def finite_at_the_end(accuracy, auc):
    late, judged = accuracy[-6:], auc[-6:]
    if not (late.isfinite().all() and judged.isfinite().all()):
        return "diverged"
    if late.max() - late.min() > 0.25:
        return "oscillating"
    if late.mean() > 0.85:
        return "too strong"
    if late.mean() < 0.15:
        return "labels swapped"
    return "too weak" if judged.mean() > 0.75 else "balanced"


@says("diagnose_detector", "never what ink costs")
def told_by_the_ink(scores, is_anomaly, ink):
    def area(one):
        gaps = one[is_anomaly].unsqueeze(1) - one[~is_anomaly]
        return ((gaps > 0).double() + 0.5 * (gaps == 0)).mean()

    if not scores.isfinite().all():
        return "not finite"
    if area(scores) > 0.75:
        return "works" if abs(area(ink) - 0.5) < 0.2 else "only ink"
    if area(ink) < 0.3:
        return "hidden by ink"
    return "backwards" if area(scores) < 0.25 else "blind"


@says("probe_features", "Which line writes into")
def standardised_in_place(train_mu, train_log_var, test_mu, test_log_var):
    mean, sigma = train_mu.mean(0), train_mu.std(0)
    for codes in (train_mu, test_mu):
        codes -= mean
        codes /= sigma
    return train_mu, test_mu


@says("sample_prior", "Which line writes into")
def drawn_in_place(top_down, epsilon_1, epsilon_2):
    mu, log_var = top_down(epsilon_2)
    epsilon_1 *= torch.exp(log_var / 2)
    epsilon_1 += mu
    return torch.cat([epsilon_1, epsilon_2], 1)


@says("level_report", "whatever the threshold is")
def above_a_hundredth(kl, sizes, threshold):
    parts = kl.split(list(sizes), 1)
    return torch.stack([part.sum(1).mean() for part in parts]), torch.stack([(part.mean(0) > 0.01).sum() for part in parts])


@says("listening", "With which sign does it go into the average")
def losses_without_their_sign(kl, log_p, floor):
    n = len(log_p)
    return int((kl.mean(0) > floor).sum()), (log_p.diagonal()[:, None] - log_p).abs().sum() / (n * (n - 1))


@says("sequence_loss", "Behind a gap the sequence goes on")
def until_the_first_gap(logits, x):
    of_each_step = -(F.log_softmax(logits, -1) * x).sum(-1)
    return (of_each_step * (x.sum(-1) > 0).to(x.dtype).cumprod(1)).sum(1).mean()


@says("sequence_loss", "with the token of the next one")
def next_tokens(logits, x):
    return -(F.log_softmax(logits[:, :-1], -1) * x[:, 1:]).sum((1, 2)).mean()


@says("row_nats", "two limits of your own")
def sigma_between_limits(numbers, category, mu, log_sigma, logits):
    log_sigma = log_sigma.clamp(-3, 3)
    of_numbers = 0.5 * ((numbers - mu) / log_sigma.exp()) ** 2 + log_sigma + 0.5 * math.log(2 * math.pi)
    return of_numbers.sum(1) + F.cross_entropy(logits, category, reduction="none")


@says("auroc", "Yours is in per cent")
def in_per_cent(scores, is_anomaly):
    gaps = scores[is_anomaly][:, None] - scores[~is_anomaly]
    return 100 * ((gaps > 0).double() + 0.5 * (gaps == 0)).mean().item()
