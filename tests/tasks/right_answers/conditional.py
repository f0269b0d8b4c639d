"""Right answers to the tasks of this topic, each written in another way."""

from itertools import product

import torch
import torch.nn.functional as F
from torch.distributions import Categorical, Independent, Normal, kl_divergence

from vae_course import objectives

# ---- join_label


def joined_by_comparing(x, y, classes):
    one_hot = (y.unsqueeze(1) == torch.arange(classes, device=y.device)).to(x.dtype)
    return torch.cat([x.flatten(1), one_hot], dim=1)


def joined_by_library(x, y, classes):
    known = y >= 0
    one_hot = F.one_hot(torch.where(known, y, 0), classes) * known.unsqueeze(1)
    return torch.hstack([x.reshape(len(x), -1), one_hot.to(x)])


def joined_by_a_table(x, y, classes):
    table = F.pad(torch.eye(classes, dtype=x.dtype, device=x.device), (0, 0, 0, 1))  # row −1 is the row of zeros
    return torch.cat((torch.flatten(x, 1), table[y]), -1)


def joined_in_place(x, y, classes):
    pixels = x[0].numel()
    result = torch.zeros(len(x), pixels + classes, dtype=x.dtype, device=x.device)
    result[:, :pixels] = x.flatten(1)
    for row, label in enumerate(y.tolist()):
        if label != -1:
            result[row, pixels + label] = 1
    return result


# ---- one_style


def styles_in_one_batch(decode, z, classes):
    labels = torch.arange(classes, device=z.device).repeat(len(z))
    images = decode(z.repeat_interleave(classes, 0), labels).mean
    return images.unflatten(0, (len(z), classes))


def styles_class_by_class(decode, z, classes):
    return torch.stack([decode(z, torch.full((len(z),), label, device=z.device)).mean for label in range(classes)], dim=1)


def styles_one_at_a_time(decode, z, classes):
    images = [decode(z[s : s + 1], torch.tensor([c], device=z.device)).mean[0] for s, c in product(range(len(z)), range(classes))]
    return torch.stack(images).reshape(len(z), classes, *images[0].shape)


def styles_by_expanding(decode, z, classes):
    styles = len(z)
    many = z[:, None].expand(styles, classes, z.shape[1]).reshape(styles * classes, -1)
    labels = torch.arange(classes, device=z.device)[None].expand(styles, classes).flatten()
    return decode(many, labels).base_dist.probs.reshape(styles, classes, 1, 2, 3)


# ---- class_prior_kl


def prior_kl_by_formula(mu, log_var, y, prior_mu, prior_log_var):
    m, log_s2 = prior_mu[y], prior_log_var[y]
    return 0.5 * (log_s2 - log_var + (log_var.exp() + (mu - m) ** 2) / log_s2.exp() - 1).sum(-1)


def prior_kl_by_library(mu, log_var, y, prior_mu, prior_log_var):
    q = Independent(Normal(mu, (log_var / 2).exp()), 1)
    return kl_divergence(q, Independent(Normal(prior_mu[y], (prior_log_var[y] / 2).exp()), 1))


def prior_kl_by_standardising(mu, log_var, y, prior_mu, prior_log_var):
    m, log_s2 = prior_mu.index_select(0, y), prior_log_var.index_select(0, y)
    return objectives.gaussian_kl((mu - m) / (log_s2 / 2).exp(), log_var - log_s2)


def prior_kl_by_choosing_from_all(mu, log_var, y, prior_mu, prior_log_var):
    difference = log_var[:, None] - prior_log_var
    table = 0.5 * (difference.exp() + (mu[:, None] - prior_mu) ** 2 * (-prior_log_var).exp() - 1 - difference).sum(-1)
    return torch.einsum("nc,nc->n", table, F.one_hot(y, len(prior_mu)).to(table))


# ---- label_gain


def gain_by_a_table(losses, y):
    table = losses[:, y]
    return table.mean() - table.diagonal().mean()


def gain_by_frequencies(losses, y):
    one_hot = F.one_hot(y, losses.shape[1]).to(losses)
    return torch.einsum("nc,c->n", losses, one_hot.mean(0)).mean() - (losses * one_hot).sum(1).mean()


def gain_by_turning(losses, y):
    rows = torch.arange(len(y), device=y.device)
    turned = [losses[rows, y.roll(steps)].mean() for steps in range(len(y))]
    return sum(turned) / len(turned) - turned[0]


def gain_by_loop(losses, y):
    total = torch.zeros((), dtype=torch.float64)
    for row, label in zip(losses.double(), y, strict=True):
        total += (row[y].mean() - row[label]).cpu()
    return (total / len(y)).to(losses)


# ---- unlabelled_loss


def unlabelled_by_log_softmax(losses, logits):
    log_q = torch.log_softmax(logits, dim=1)
    return (log_q.exp() * (losses + log_q)).sum(1)


def unlabelled_by_library(losses, logits):
    q = Categorical(logits=logits)
    return (q.probs * losses).sum(1) - q.entropy()


def unlabelled_with_a_tiny_constant(losses, logits):
    q = torch.softmax(logits, 1)
    return torch.einsum("nc,nc->n", q, losses) + (q * torch.log(q + 1e-8)).sum(1)


def unlabelled_class_by_class(losses, logits):
    log_norm = torch.logsumexp(logits, 1)
    total = torch.zeros_like(losses[:, 0])
    for one, logit in zip(losses.T, logits.T, strict=True):
        total += (logit - log_norm).exp() * (one + logit - log_norm)
    return total


def unlabelled_by_xlogy(losses, logits):
    q = logits.softmax(-1)
    return (q * losses + torch.special.xlogy(q, q)).sum(-1)


# ---- semi_supervised_loss


def m2_by_choosing(losses, logits, y, alpha):
    known = y >= 0
    log_q = torch.log_softmax(logits, 1)
    at = y.clamp(min=0).unsqueeze(1)
    bound = torch.where(known, losses.gather(1, at).squeeze(1), (log_q.exp() * (losses + log_q)).sum(1)).mean()
    guesses = (log_q.gather(1, at).squeeze(1) * known).sum() / known.sum().clamp(min=1)
    return bound - alpha * guesses


def m2_by_splitting(losses, logits, y, alpha):
    known = y != -1
    bound = losses[known, y[known]].sum() + unlabelled_by_log_softmax(losses[~known], logits[~known]).sum()
    total = bound / len(y)
    if known.any():
        total = total + alpha * F.cross_entropy(logits[known], y[known])
    return total


def m2_by_weights(losses, logits, y, alpha):
    one_hot = (y.unsqueeze(1) == torch.arange(losses.shape[1], device=y.device)).to(losses)
    none = 1 - one_hot.sum(1, keepdim=True)
    log_q = logits.log_softmax(1)
    weights = one_hot + none * log_q.exp()
    entropy = -(log_q.exp() * log_q).sum(1) * none.squeeze(1)
    return ((weights * losses).sum(1) - entropy).mean() - alpha * (one_hot * log_q).sum() / one_hot.sum().clamp(min=1)


def m2_by_loop(losses, logits, y, alpha):
    bound, guesses = 0.0, []
    for loss, logit, label in zip(losses, logits, y.tolist(), strict=True):
        log_q = torch.log_softmax(logit, 0)
        bound = bound + (torch.dot(log_q.exp(), loss + log_q) if label < 0 else loss[label])
        if label >= 0:
            guesses.append(-log_q[label])
    return bound / len(y) + (alpha * sum(guesses) / len(guesses) if guesses else 0)


def m2_by_ignoring(losses, logits, y, alpha):
    guesses = F.cross_entropy(logits, y, ignore_index=-1).nan_to_num(nan=0.0)
    log_q = logits.log_softmax(1)
    bounds = (log_q.exp() * (losses + log_q)).sum(1)
    bounds[y >= 0] = losses[y >= 0, y[y >= 0]]
    return bounds.mean() + alpha * guesses


# ---- label_report


def labels_by_rows():
    names = ("labels", "seed", "obeyed", "reconstruction", "kl", "loss")
    runs = [("true", 0, 370, 146.4, 4.7, 151.1), ("true", 1, 432, 144.6, 4.6, 149.2), ("true", 2, 494, 143.8, 4.5, 148.3)]
    runs += [("dealt", 0, 103, 166.9, 5.1, 172.0), ("dealt", 1, 100, 164.4, 5.3, 169.6), ("dealt", 2, 101, 166.2, 4.8, 171.0)]
    same = {"images": 10_000, "epochs": 6, "drawn": 1_000}
    return {"predicted": "no clear difference", "runs": [same | dict(zip(names, run, strict=True)) for run in runs], "came_true": False}


def labels_that_hardly_matter():
    """With room for all in z and little training the label is worth less than luck; and a hundred draws leave much to chance."""
    runs = {"labels": ["dealt", "true"] * 3, "seed": [5, 5, 6, 6, 7, 7], "images": 500, "epochs": 2, "drawn": 100}
    runs |= {"obeyed": [14, 12, 6, 9, 10, 15], "reconstruction": [190.1, 190.4, 191.7, 189.8, 188.9, 190.2]}
    runs |= {"kl": [4.2, 4.1, 3.9, 4.4, 4.6, 4.0], "loss": [194.3, 194.5, 195.6, 194.2, 193.5, 194.2]}
    return {"predicted": "lower", "runs": runs, "came_true": False}


RIGHT_ANSWERS = {
    "join_label": [joined_by_comparing, joined_by_library, joined_by_a_table, joined_in_place],
    "one_style": [styles_in_one_batch, styles_class_by_class, styles_one_at_a_time, styles_by_expanding],
    "class_prior_kl": [prior_kl_by_formula, prior_kl_by_library, prior_kl_by_standardising, prior_kl_by_choosing_from_all],
    "label_gain": [gain_by_a_table, gain_by_frequencies, gain_by_turning, gain_by_loop],
    "unlabelled_loss": [
        unlabelled_by_log_softmax,
        unlabelled_by_library,
        unlabelled_with_a_tiny_constant,
        unlabelled_class_by_class,
        unlabelled_by_xlogy,
    ],
    "semi_supervised_loss": [m2_by_choosing, m2_by_splitting, m2_by_weights, m2_by_loop, m2_by_ignoring],
    "label_report": [labels_by_rows, labels_that_hardly_matter],
}
