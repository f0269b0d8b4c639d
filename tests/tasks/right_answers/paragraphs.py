"""Right answers to the tasks of this topic, each written in another way."""

import torch
import torch.nn.functional as F
from torch.distributions import Categorical, Independent, Normal, kl_divergence

# ---- two_level_kl


def both_by_library(mu_p, log_var_p, mu_s, log_var_s, prior_mu, prior_log_var):
    top = Independent(Normal(mu_p, (log_var_p / 2).exp()), 1)
    own = Independent(Normal(mu_s, (log_var_s / 2).exp()), 2)
    standard = Independent(Normal(torch.zeros_like(mu_p), torch.ones_like(mu_p)), 1)
    return kl_divergence(top, standard), kl_divergence(own, Independent(Normal(prior_mu, (prior_log_var / 2).exp()), 2))


def both_by_one_formula(mu_p, log_var_p, mu_s, log_var_s, prior_mu, prior_log_var):
    def cost(mu, log_var, m, log_s2):
        return 0.5 * (log_s2 - log_var + (log_var.exp() + (mu - m).square()) * (-log_s2).exp() - 1).flatten(1).sum(1)

    zero = torch.zeros_like(mu_p)
    return cost(mu_p, log_var_p, zero, zero), cost(mu_s, log_var_s, prior_mu, prior_log_var)


# ---- shared_nats


def shared_by_divergence(joint):
    product = joint.sum((1, 2))[:, None, None] * joint.sum((0, 2))[None, :, None] * joint.sum((0, 1))[None, None, :]
    return torch.special.xlogy(joint, joint).sum() - torch.special.xlogy(joint, product).sum()


def shared_by_library(joint):
    def entropy(chances):
        return Categorical(probs=chances.flatten()).entropy()

    return entropy(joint.sum((1, 2))) + entropy(joint.sum((0, 2))) + entropy(joint.sum((0, 1))) - entropy(joint)


# ---- exchange


def exchanged_in_two_steps(z_s, mu, log_var, other_mu, other_log_var):
    own = (z_s - mu) / (0.5 * log_var).exp()
    return other_mu + (0.5 * other_log_var).exp() * own


def exchanged_by_ratio(z_s, mu, log_var, other_mu, other_log_var):
    ratio = (other_log_var.exp() / log_var.exp()).sqrt()
    return ratio * z_s + other_mu - ratio * mu


# ---- read_before


def before_by_cat(embedded, keep):
    seen = torch.where(keep.unsqueeze(-1), embedded, torch.zeros_like(embedded))
    return torch.cat([torch.zeros_like(seen[:, :1]), seen[:, :-1]], 1)


def before_by_padding_both(embedded, keep):
    moved, may = F.pad(embedded, (0, 0, 1, -1)), F.pad(keep.to(embedded.dtype), (1, -1))
    return moved * may[..., None]


# ---- priced_loss


def priced_by_maximum(reconstruction, kl_p, kl_s, price, free):
    own = kl_s.flatten(1).mean(0)
    counted = torch.maximum(own, torch.full_like(own, free))
    return reconstruction.mean() + price * kl_p.sum(1).mean() + price * counted.sum()


def priced_by_relu(reconstruction, kl_p, kl_s, price, free):
    above = torch.relu(kl_s.mean(0) - free) + free
    return torch.cat([reconstruction.mean().view(1), price * kl_p.mean(0), price * above.flatten()]).sum()


# ---- level_text_report


def levels_as_rows():
    rows = [
        ("both", 0, 2_000, 2, 40.1, 4.2, 3.3, 47.6),
        ("both", 1, 2_000, 2, 41.3, 4.0, 2.9, 48.2),
        ("both", 2, 2_000, 2, 39.8, 4.6, 0.4, 44.8),
        ("paragraph", 0, 2_000, 2, 40.6, 6.0, 0.1, 46.7),
        ("paragraph", 1, 2_000, 2, 41.0, 5.8, 0.6, 47.4),
        ("paragraph", 2, 2_000, 2, 40.2, 6.1, 0.3, 46.6),
    ]
    names = ("rises", "seed", "stories", "epochs", "reconstruction", "kl_paragraph", "kl_sentences", "loss")
    return {"predicted": "higher", "runs": [dict(zip(names, row, strict=True)) for row in rows], "came_true": False}


def levels_by_column():
    runs = {
        "rises": ["paragraph", "both"] * 3,
        "seed": [4, 4, 5, 5, 6, 6],
        "stories": [10_000] * 6,
        "epochs": [5] * 6,
        "reconstruction": [20.1, 19.4, 20.6, 19.9, 21.0, 19.8],
        "kl_paragraph": [8.1, 6.2, 8.0, 6.4, 7.7, 6.1],
        "kl_sentences": [0.0, 2.2, 0.0, 2.1, 0.1, 2.4],
        "loss": [28.2, 27.8, 28.6, 28.4, 28.8, 28.3],
    }
    return {"predicted": "higher", "runs": runs, "came_true": True}


RIGHT_ANSWERS = {
    "two_level_kl": (both_by_library, both_by_one_formula),
    "shared_nats": (shared_by_divergence, shared_by_library),
    "exchange": (exchanged_in_two_steps, exchanged_by_ratio),
    "read_before": (before_by_cat, before_by_padding_both),
    "priced_loss": (priced_by_maximum, priced_by_relu),
    "level_text_report": (levels_as_rows, levels_by_column),
}
