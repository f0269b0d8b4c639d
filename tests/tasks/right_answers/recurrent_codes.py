"""Right answers to the tasks on what a recurrent code is good for."""

import math

import torch
import torch.nn.functional as F
from torch.distributions import Categorical

# ---- forecast


def forecast_from_zeros(encode, decode, past, steps):
    n, t = past.shape
    series = past.new_zeros(n, steps, 2)
    series[:, :t, 0] = past
    series[:, :t, 1] = 1
    return decode(encode(series).mean).mean[:, t:, 0]


def forecast_by_padding(encode, decode, past, steps):
    ahead = steps - past.shape[1]
    series = torch.stack([F.pad(past, (0, ahead)), F.pad(torch.ones_like(past), (0, ahead))], dim=-1)
    written = decode(encode(series).mode).mode
    return written[:, -ahead:].select(-1, 0)


def forecast_by_joining(encode, decode, past, steps):
    seen = torch.cat([past[..., None], torch.ones_like(past[..., None])], -1)
    nothing = torch.zeros(len(past), steps - past.size(1), 2, dtype=past.dtype, device=past.device)
    q = encode(torch.cat([seen, nothing], 1))
    values, _ = decode(q.base_dist.loc).mean.unbind(-1)
    return values.split([past.size(1), steps - past.size(1)], 1)[1]


def forecast_by_marks(encode, decode, past, steps):
    seen = (torch.arange(steps, device=past.device) < past.shape[1]).to(past.dtype).expand(len(past), -1)
    values = torch.zeros_like(seen)
    values = values.masked_scatter(seen.bool(), past)
    with torch.no_grad():
        written = decode(encode(torch.stack((values, seen), 2)).mean).mean
    return written[..., 0][seen == 0].view(len(past), -1)


def forecast_one_by_one(encode, decode, past, steps):
    forecasts = []
    for values in past:
        rows = [[value, 1.0] for value in values.tolist()] + [[0.0, 0.0]] * (steps - len(values))
        series = torch.tensor([rows], dtype=past.dtype, device=past.device)
        forecasts.append(decode(encode(series).mean).mean[0, len(values) :, 0])
    return torch.stack(forecasts)


# ---- listening


def listening_by_diagonal(kl, log_p, floor):
    n = len(log_p)
    active = int((kl.mean(0) > floor).sum())
    own = log_p.diagonal()
    return active, own.mean() - (log_p.sum() - own.sum()) / (n * (n - 1))


def listening_by_mask(kl, log_p, floor):
    others = ~torch.eye(len(log_p), dtype=torch.bool, device=log_p.device)
    dearer = log_p.diagonal()[:, None] - log_p
    return (kl.mean(0) > floor).sum().item(), dearer[others].mean()


def listening_by_shifts(kl, log_p, floor):
    n = len(log_p)
    rows = torch.arange(n, device=log_p.device)
    dearer = [(log_p[rows, rows] - log_p[rows, (rows + shift) % n]).mean() for shift in range(1, n)]
    return [sum(1 for mean in kl.mean(dim=0).tolist() if mean > floor), sum(dearer) / len(dearer)]


def listening_by_mean_of_all(kl, log_p, floor):
    n = log_p.shape[0]
    everything = log_p.diagonal().mean() - log_p.mean()  # a share 1/n of these pairs loses nothing
    return torch.count_nonzero(kl.sum(0) / len(kl) > floor), everything * n / (n - 1)


def listening_by_rows(kl, log_p, floor):
    n = len(log_p)
    prices = [log_p[i, i] - torch.cat([log_p[i, :i], log_p[i, i + 1 :]]).mean() for i in range(n)]
    return len(torch.where(torch.mean(kl, 0) > floor)[0]), torch.stack(prices).mean()


def listening_by_triangles(kl, log_p, floor):
    i, j = torch.triu_indices(len(log_p), len(log_p), 1)
    dearer = torch.cat([log_p[i, i] - log_p[i, j], log_p[j, j] - log_p[j, i]])
    return sum(kl.mean(0) > floor), dearer.mean()


# ---- code_information


def information_by_logsumexp(log_p):
    return (log_p.diagonal() - (log_p.logsumexp(1) - math.log(len(log_p)))).mean()


def information_by_naming(log_p):
    n = len(log_p)
    return math.log(n) - F.cross_entropy(log_p, torch.arange(n, device=log_p.device))


def information_by_softmax(log_p):
    return log_p.log_softmax(dim=-1).diag().mean() + math.log(log_p.size(0))


def information_by_shifting(log_p):
    top = log_p.max(1, keepdim=True).values
    average = (log_p - top).exp().mean(1).log() + top.squeeze(1)
    return torch.mean(torch.diagonal(log_p) - average)


def information_by_differences(log_p):
    worse = log_p - log_p.diagonal().unsqueeze(1)
    return -(torch.logsumexp(worse, dim=1) - math.log(worse.shape[1])).mean()


def information_by_loop(log_p):
    n = len(log_p)
    gains = [log_p[i, i] - torch.logsumexp(log_p[i], 0) + torch.log(torch.tensor(float(n))) for i in range(n)]
    return (sum(gains) / n).to(log_p.dtype)


def information_by_adding_up(log_p):
    total = log_p[:, 0]
    for column in log_p.unbind(1)[1:]:
        total = torch.logaddexp(total, column)
    return log_p.trace() / len(log_p) - total.mean() + math.log(len(log_p))


def information_by_library(log_p):
    named = Categorical(logits=log_p.double()).log_prob(torch.arange(len(log_p), device=log_p.device))
    return (named.mean() + math.log(len(log_p))).to(log_p.dtype)


RIGHT_ANSWERS = {
    "forecast": [forecast_from_zeros, forecast_by_padding, forecast_by_joining, forecast_by_marks, forecast_one_by_one],
    "listening": [
        listening_by_diagonal,
        listening_by_mask,
        listening_by_shifts,
        listening_by_mean_of_all,
        listening_by_rows,
        listening_by_triangles,
    ],
    "code_information": [
        information_by_logsumexp,
        information_by_naming,
        information_by_softmax,
        information_by_shifting,
        information_by_differences,
        information_by_loop,
        information_by_adding_up,
        information_by_library,
    ],
}
