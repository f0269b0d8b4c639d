"""Right answers to the tasks of this topic, each written in another way."""

import math

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Independent, Laplace, Normal, kl_divergence

# ---- training_step


def step_in_order(model, optimizer, x):
    loss = model.loss(x).total
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def step_zeroing_first(model, optimizer, x):
    optimizer.zero_grad(set_to_none=False)
    total = model.loss(x).total
    total.backward()
    optimizer.step()
    return float(total.detach())


def step_zeroing_last(model, optimizer, x):
    total = model.loss(x).total
    total.backward()
    optimizer.step()
    optimizer.zero_grad()
    return total.detach().cpu().numpy().item()


def step_with_autograd(model, optimizer, x):
    total = model.loss(x).total
    parameters = list(model.parameters())
    for parameter, gradient in zip(parameters, torch.autograd.grad(total, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()
    return total.item()


# ---- vae_loss


def loss_with_logits(x, logits, mu, log_var):
    cross_entropy = F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(-1)
    kl = 0.5 * (mu**2 + log_var.exp() - 1 - log_var).sum(-1)
    return (cross_entropy + kl).mean()


def loss_by_library(x, logits, mu, log_var):
    p = Independent(Bernoulli(logits=logits, validate_args=False), 3)
    q = Independent(Normal(mu, (log_var / 2).exp()), 1)
    prior = Independent(Normal(torch.zeros_like(mu), torch.ones_like(mu)), 1)
    return (kl_divergence(q, prior) - p.log_prob(x)).mean()


def loss_by_softplus(x, logits, mu, log_var):
    kl = -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp())
    return (torch.sum(F.softplus(logits) - x * logits) + kl) / len(x)


def loss_summed_then_divided(x, logits, mu, log_var):
    total = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    total += 0.5 * torch.einsum("ij->", mu * mu + torch.expm1(log_var) - log_var)
    return total / x.shape[0]


# ---- slerp


def slerp_by_package(z0, z1, t):
    return torch.stack([slerp_at(z0, z1, one) for one in t])


def slerp_at(z0, z1, one):
    """One point at a time."""
    cosine = F.cosine_similarity(z0, z1, dim=0).clamp(-1, 1)
    angle = torch.arccos(cosine)
    if angle.sin() < 1e-4:
        return (1 - one) * z0 + one * z1
    return (torch.sin((1 - one) * angle) * z0 + torch.sin(one * angle) * z1) / torch.sin(angle)


def slerp_by_turning(z0, z1, t):
    """From z0 as the first axis of a plane; the second is what z1 has beside it."""
    first = z0 / z0.norm()
    beside = z1 - torch.dot(z1, first) * first
    if beside.norm() < 1e-5 * z1.norm():
        return torch.stack([z0 + one * (z1 - z0) for one in t])
    angle = torch.atan2(beside.norm(), torch.dot(z1, first))
    weights = torch.stack([torch.sin((1 - t) * angle), torch.sin(t * angle)], 1) / torch.sin(angle)
    return weights @ torch.stack([z0, z1])


def slerp_by_outer_products(z0, z1, t):
    u0, u1 = z0 / z0.norm(), z1 / z1.norm()
    angle = torch.arccos(torch.dot(u0, u1).clamp(-1.0, 1.0))
    if angle < 1e-3:
        return torch.outer(1 - t, z0) + torch.outer(t, z1)
    return torch.outer(torch.sin((1 - t) * angle) / torch.sin(angle), z0) + torch.outer(torch.sin(t * angle) / torch.sin(angle), z1)


def slerp_by_sinc(z0, z1, t):
    angle = torch.arccos(F.cosine_similarity(z0, z1, dim=0).clamp(-1, 1))
    pi = torch.pi

    def weight(share):
        return share * torch.sinc(share * angle / pi) / torch.sinc(angle / pi)

    return torch.einsum("t,d->td", weight(1 - t), z0) + torch.einsum("t,d->td", weight(t), z1)


# ---- attribute_vector


def difference_of_means(z, has):
    return z[has].mean(0) - z[~has].mean(0)


def difference_by_weights(z, has):
    h = has.to(z.dtype)
    return h @ z / h.sum() - (1 - h) @ z / (1 - h).sum()


def difference_by_loop(z, has):
    yes, no = [], []
    for row, flag in zip(z, has, strict=True):
        (yes if flag else no).append(row)
    return torch.stack(yes).mean(dim=0) - torch.stack(no).mean(dim=0)


def difference_by_covariance(z, has):
    h = has.to(z.dtype)
    centred = h - h.mean()
    return centred @ z / centred.square().sum()


# ---- diagnose


def diagnosed_by_rules(reconstruction, kl):
    if not torch.isfinite(reconstruction + kl).all():
        return "diverged"
    if reconstruction[-1] < 0:
        return "unscaled pixels"
    if reconstruction[-1] > 450:
        return "sigmoid twice"
    if kl[-1] < 2:
        return "collapsed"
    return "no KL" if kl[-1] > 60 else "healthy"


def diagnosed_by_the_last_three(reconstruction, kl):
    end, information = reconstruction[-3:].mean().item(), kl[-3:].median().item()
    if not math.isfinite(end + kl.sum()):
        return "diverged"
    table = [("unscaled pixels", end < 0), ("sigmoid twice", end > 300), ("collapsed", information < 0.9), ("no KL", end < 72)]
    return next((name for name, applies in table if applies), "healthy")


def diagnosed_by_distance(reconstruction, kl):
    if not all(map(math.isfinite, [*reconstruction.tolist(), *kl.tolist()])):
        return "diverged"
    known = {"healthy": (82, 25), "collapsed": (206, 0), "sigmoid twice": (504, 0), "no KL": (63, 420), "unscaled pixels": (-9e5, 4e3)}
    here = (reconstruction[-1].item(), kl[-1].item())
    return min(known, key=lambda name: sum((a - b) ** 2 for a, b in zip(known[name], here, strict=True)))


# ---- laplace_loss


def laplace_by_library(x, mean, log_scale, mu, log_var):
    p = Independent(Laplace(mean, log_scale.exp()), 3)
    q = Independent(Normal(mu, (log_var / 2).exp()), 1)
    prior = Independent(Normal(torch.zeros_like(mu), torch.ones_like(mu)), 1)
    return (kl_divergence(q, prior) - p.log_prob(x)).mean()


def laplace_summed_then_divided(x, mean, log_scale, mu, log_var):
    b = torch.exp(log_scale)
    pixels = F.l1_loss(mean, x, reduction="sum") / b + x.numel() * torch.log(2 * b)
    kl = -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp())
    return (pixels + kl) / x.shape[0]


def laplace_by_the_density(x, mean, log_scale, mu, log_var):
    """Pixel by pixel, in the order of the formula; log_scale at every pixel, as a decoder might have it."""
    everywhere = log_scale.expand_as(x)
    cost = (x - mean).abs() * torch.exp(-everywhere) + everywhere + torch.log(torch.tensor(2.0))
    kl = 0.5 * torch.einsum("ij->i", mu * mu + torch.expm1(log_var) - log_var)
    return torch.mean(torch.einsum("ichw->i", cost) + kl)


def laplace_example_by_example(x, mean, log_scale, mu, log_var):
    losses = []
    for image, drawn, m, v in zip(x, mean, mu, log_var, strict=True):
        error = torch.maximum(image - drawn, drawn - image).sum() / log_scale.exp()
        losses.append(error + image.numel() * (log_scale + 0.6931471805599453) + 0.5 * (m**2 + v.exp() - 1 - v).sum())
    return sum(losses) / len(losses)


# ---- accumulated_step


def accumulated_by_shares(model, optimizer, batches):
    sizes = torch.tensor([float(len(x)) for x in batches])
    optimizer.zero_grad()
    mean = 0.0
    for x, share in zip(batches, sizes / sizes.sum(), strict=True):
        loss = model.loss(x).total
        (share * loss).backward()
        mean += (share * loss).item()
    optimizer.step()
    return mean


def accumulated_then_divided(model, optimizer, batches):
    """Sums of losses first; the gradients are divided by the number of examples at the end."""
    model.zero_grad(set_to_none=False)
    summed, examples = 0.0, 0
    for x in batches:
        loss = len(x) * model.loss(x).total
        loss.backward()
        summed += float(loss.detach())
        examples += x.shape[0]
    for parameter in model.parameters():
        parameter.grad /= examples
    optimizer.step()
    return summed / examples


def accumulated_by_autograd(model, optimizer, batches):
    """Without .grad until the end, and with it emptied afterwards."""
    parameters, count = list(model.parameters()), sum(map(len, batches))
    gradients, mean = [torch.zeros_like(parameter) for parameter in parameters], 0.0
    for x in batches:
        total = model.loss(x).total
        for so_far, more in zip(gradients, torch.autograd.grad(total, parameters), strict=True):
            so_far += more * len(x) / count
        mean += total.item() * len(x) / count
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    optimizer.step()
    optimizer.zero_grad()
    return mean


def accumulated_in_a_closure(model, optimizer, batches):
    """As torch.optim offers it: the step calls what computes the loss."""
    examples = sum(x.size(0) for x in batches)

    def closure():
        optimizer.zero_grad()
        losses = []
        for x in batches:
            part = model.loss(x).total * (x.size(0) / examples)
            part.backward()
            losses.append(part.detach())
        return torch.stack(losses).sum()

    return optimizer.step(closure).item()


def accumulated_one_example_at_a_time(model, optimizer, batches):
    """Smaller parts than asked for; the loss is looked at in a pass of its own."""
    examples = [one for x in batches for one in x.split(1)]
    loss = sum(model.loss(one).total.item() for one in examples) / len(examples)
    optimizer.zero_grad()
    for one in examples:
        (model.loss(one).total / len(examples)).backward()
    optimizer.step()
    return loss


# ---- recipe_report


def recipe_by_rows():
    names = ("recipe", "batch_size", "steps", "seed", "reconstruction", "kl", "loss")
    old, new = ("as before", 128, 474), ("changed", 32, 1878)
    runs = [(*old, 0, 107.6, 20.6, 128.2), (*old, 1, 107.2, 20.8, 128.0), (*old, 2, 107.9, 19.8, 127.6)]
    runs += [(*new, 0, 92.6, 23.5, 116.1), (*new, 1, 91.9, 23.6, 115.6), (*new, 2, 91.4, 24.0, 115.4)]
    same = {"images": 10_000, "epochs": 6, "learning_rate": 1e-3}
    return {"predicted": "higher", "runs": [same | dict(zip(names, run, strict=True)) for run in runs], "came_true": False}


def recipe_that_did_not_help():
    """A learning rate that is a little greater: the two groups overlap."""
    runs = {"recipe": ["as before", "changed"] * 3, "seed": [0, 0, 1, 1, 2, 2], "images": 10_000, "epochs": 6, "batch_size": 128}
    runs |= {"learning_rate": [1e-3, 1.05e-3] * 3, "steps": 474, "reconstruction": [107.63, 107.1, 107.25, 107.3, 107.88, 107.2]}
    runs |= {"kl": [20.59, 20.6, 20.76, 20.7, 19.76, 20.9], "loss": [128.22, 127.7, 128.01, 128.0, 127.64, 128.1]}
    return {"predicted": "no clear difference", "runs": runs, "came_true": True}


RIGHT_ANSWERS = {
    "training_step": [step_in_order, step_zeroing_first, step_zeroing_last, step_with_autograd],
    "vae_loss": [loss_with_logits, loss_by_library, loss_by_softplus, loss_summed_then_divided],
    "slerp": [slerp_by_package, slerp_by_turning, slerp_by_outer_products, slerp_by_sinc],
    "attribute_vector": [difference_of_means, difference_by_weights, difference_by_loop, difference_by_covariance],
    "diagnose": [diagnosed_by_rules, diagnosed_by_the_last_three, diagnosed_by_distance],
    "laplace_loss": [laplace_by_library, laplace_summed_then_divided, laplace_by_the_density, laplace_example_by_example],
    "accumulated_step": [
        accumulated_by_shares,
        accumulated_then_divided,
        accumulated_by_autograd,
        accumulated_in_a_closure,
        accumulated_one_example_at_a_time,
    ],
    "recipe_report": [recipe_by_rows, recipe_that_did_not_help],
}
