"""Right answers to the tasks of this topic, each written in another way."""

import numpy as np
import torch
import torch.nn.functional as F
from torch.distributions import Categorical, OneHotCategorical
from torch.nn.utils.rnn import pad_sequence

from vae_course.models.recurrent import TokenSteps

# ---- sequence_loss


def loss_by_log_softmax(logits, x):
    return -(x * logits.log_softmax(-1)).sum((1, 2)).mean()


def loss_by_cross_entropy(logits, x):
    each = F.cross_entropy(logits.transpose(1, 2), x.argmax(-1), reduction="none")
    return torch.where(x.any(-1), each, 0.0).sum(1).mean()


def loss_by_ignoring(logits, x):
    tokens = x.argmax(-1)
    tokens[x.sum(-1) == 0] = -100
    return F.cross_entropy(logits.flatten(0, 1), tokens.flatten(), reduction="sum") / len(x)


def loss_by_logsumexp(logits, x):
    there = x.sum(-1)
    return (there * logits.logsumexp(-1) - (x * logits).sum(-1)).sum() / x.shape[0]


def loss_by_choosing_steps(logits, x):
    there = x.bool().any(dim=2)
    log_p = Categorical(logits=logits[there]).log_prob(x[there].argmax(-1))
    return log_p.sum().neg() / logits.size(0)


def loss_by_soft_targets(logits, x):
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), x.reshape(-1, x.shape[-1]), reduction="sum").div(len(logits))


def loss_by_loop(logits, x):
    losses = []
    for outputs, rows in zip(logits, x, strict=True):
        there = rows.sum(-1) > 0
        losses.append(-OneHotCategorical(logits=outputs[there]).log_prob(rows[there]).sum())
    return torch.stack(losses).mean()


def loss_by_package(logits, x):
    return -TokenSteps(x.shape[-1]).log_prob(logits, x).sum(-1).mean()


def loss_by_kl_div(logits, x):
    return F.kl_div(logits.log_softmax(-1), x, reduction="batchmean")


def loss_by_einsum(logits, x):
    return torch.einsum("btk,btk->b", x, -torch.log_softmax(logits, 2)).mean()


# ---- decoder_inputs


def inputs_by_joining(x, start, rate):
    kept = torch.rand(x.shape[:2], device=x.device) >= rate
    return torch.cat([start.expand(len(x), 1, -1), (x * kept.unsqueeze(-1))[:, :-1]], 1)


def inputs_by_bernoulli(x, start, rate):
    inputs = torch.empty_like(x)
    inputs[:, 0] = start
    inputs[:, 1:] = x[:, :-1]
    hide = torch.bernoulli(torch.full((x.shape[0], x.shape[1] - 1), rate, device=x.device)).bool()
    inputs[:, 1:][hide] = 0
    return inputs


def inputs_by_rolling(x, start, rate):
    shifted = x.roll(1, dims=1)
    noise = torch.empty(*x.shape[:-1], 1, device=x.device).uniform_()
    shifted = torch.where(noise < rate, torch.zeros_like(x), shifted)
    shifted[:, 0, :] = start
    return shifted


def inputs_by_drawing(x, start, rate):
    kept = torch.distributions.Bernoulli(probs=torch.tensor(1.0 - rate, dtype=x.dtype, device=x.device)).sample(x.shape[:2])
    kept[:, 0] = 1
    return torch.cat([start.repeat(x.shape[0], 1)[:, None], x], dim=1)[:, :-1] * kept[..., None]


def inputs_by_loop(x, start, rate):
    batch = []
    for sequence in x:
        rows = [start]
        noise = torch.rand(len(sequence) - 1).tolist()
        rows += [torch.zeros_like(start) if u < rate else row for u, row in zip(noise, sequence[:-1], strict=True)]
        batch.append(torch.stack(rows))
    return torch.stack(batch)


def inputs_with_start_let_off(x, start, rate):
    joined = torch.cat((start.view(1, 1, -1).repeat(len(x), 1, 1), x), 1)[:, :-1]
    hide = torch.rand(*joined.shape[:2], 1, device=x.device).lt(rate)
    hide[:, 0] = False
    return torch.where(hide, 0.0, joined)


def inputs_by_numpy(x, start, rate):
    noise = np.random.default_rng(int(torch.randint(2**31, (1,)))).random(x.shape[:2])
    kept = torch.from_numpy(noise >= rate).to(x)
    return torch.cat([start.expand(len(x), 1, -1), torch.einsum("btf,bt->btf", x, kept)[:, :-1]], 1)


# ---- write_freely


def written_step_by_step(step, state, start, end, steps):
    row = start.expand(len(state), -1)
    over = torch.zeros(len(state), dtype=torch.bool, device=state.device)
    written = []
    for _ in range(steps):
        logits, state = step(row, state)
        token = logits.argmax(-1)
        row = F.one_hot(token, logits.shape[-1]).to(start.dtype)
        written.append(row * ~over.unsqueeze(-1))
        over = over | (token == end)
    return torch.stack(written, dim=1)


def written_and_cut(step, state, start, end, steps):
    row, rows = start.repeat(state.shape[0], 1), []
    for _ in range(steps):
        logits, state = step(row, state)
        row = torch.eye(logits.shape[1], dtype=logits.dtype, device=logits.device)[logits.argmax(1)]
        rows.append(row)
    written = torch.stack(rows, 1)
    ends = written[..., end]
    return written * ((ends.cumsum(1) - ends) == 0).unsqueeze(-1)


def written_into_place(step, state, start, end, steps):
    n, tokens = len(state), len(start)
    written = start.new_zeros(n, steps, tokens)
    alive, row = torch.ones(n, 1, dtype=start.dtype, device=start.device), start.unsqueeze(0).expand(n, tokens)
    for place in range(steps):
        logits, state = step(row, state)
        row = (logits == logits.amax(-1, keepdim=True)).to(start.dtype) * alive  # zeros are read once it is over
        written[:, place] = row
        alive = alive * (1 - row[:, end : end + 1])
        if not alive.any():
            break
    return written


def written_one_by_one(step, state, start, end, steps):
    sequences = []
    for memory in state.split(1):
        rows, row = [], start[None]
        while len(rows) < steps:
            logits, memory = step(row, memory)
            row = torch.zeros_like(start)[None]
            row[0, logits.argmax()] = 1
            rows.append(row)
            if row[0, end] == 1:
                break
        rows += [torch.zeros_like(start)[None]] * (steps - len(rows))
        sequences.append(torch.cat(rows))
    return torch.stack(sequences)


def written_by_those_left(step, state, start, end, steps):
    written = torch.zeros(len(state), steps, len(start), dtype=start.dtype, device=start.device)
    left, row = torch.arange(len(state), device=state.device), start.expand(len(state), -1)
    for place in range(steps):
        if len(left) == 0:
            break
        logits, state = step(row, state)
        token = torch.max(logits, dim=1).indices
        row = torch.zeros_like(logits).scatter_(1, token[:, None], 1)
        written[left, place] = row
        goes_on = token != end
        left, row, state = left[goes_on], row[goes_on], state[goes_on]
    return written


def written_by_recursion(step, state, start, end, steps):
    def rest(row, state, alive, steps):
        if steps == 0:
            return []
        logits, state = step(row, state)
        row = F.one_hot(logits.softmax(-1).argmax(-1), logits.size(-1)).type_as(start)
        return [row * alive, *rest(row, state, alive * (row[:, [end]] == 0), steps - 1)]

    alive = torch.ones_like(state[:, :1])
    return torch.stack(rest(start.expand(len(state), -1), state, alive, steps)).permute(1, 0, 2)


def written_and_padded(step, state, start, end, steps):
    sequences = []
    for number in range(len(state)):
        row, memory, rows = start.unsqueeze(0), state[[number]], []
        while len(rows) < steps and (not rows or rows[-1].argmax() != end):
            logits, memory = step(row, memory)
            row = (logits == logits.max()).to(start.dtype)
            rows.append(row[0])
        sequences.append(torch.stack(rows))
    written = pad_sequence(sequences, batch_first=True)
    return F.pad(written, (0, 0, 0, steps - written.shape[1]))


def written_as_numbers_first(step, state, start, end, steps):
    row, tokens = start.tile(len(state), 1), []
    for _ in range(steps):
        logits, state = step(row, state)
        tokens.append(logits.topk(1).indices[:, 0])
        row = F.one_hot(tokens[-1], len(start)).to(logits)
    tokens = torch.stack(tokens, 1)
    written = F.one_hot(tokens, len(start)).to(start)
    for number, places in enumerate(tokens == end):
        if places.any():
            written[number, int(places.nonzero()[0]) + 1 :] = 0
    return written


# ---- dropout_report


def dropout_by_rows():
    names = ("dropout", "seed", "reconstruction", "kl", "loss", "own", "other")
    runs = [(0, 0, 23.9, 0.9, 24.8, 23.0, 23.7), (0, 1, 24.8, 0.5, 25.3, 23.9, 24.5), (0, 2, 24.6, 0.7, 25.3, 23.8, 24.4)]
    runs += [(0.5, 0, 24.1, 1.6, 25.7, 22.9, 24.9), (0.5, 1, 25.1, 1.2, 26.3, 24.4, 25.8), (0.5, 2, 25.2, 0.9, 26.1, 24.7, 25.9)]
    same = {"windows": 1_000, "epochs": 12}
    return {"predicted": "higher", "runs": [same | dict(zip(names, run, strict=True)) for run in runs], "came_true": False}


def dropout_that_hides_all():
    """A decoder that reads nothing has the code alone, and one that reads all has let it go: own and other differ by chance."""
    runs = {"dropout": [1.0, 0.0] * 3, "seed": [7, 7, 8, 8, 9, 9], "windows": 3_438, "epochs": 30}
    runs |= {"reconstruction": [29.4, 22.9, 29.9, 23.0, 29.1, 22.8], "kl": [9.8, 0.0, 9.1, 0.0, 10.2, 0.0]}
    runs |= {
        "loss": [39.2, 22.9, 39.0, 23.0, 39.3, 22.8],
        "own": [26.2, 22.9, 26.9, 23.0, 25.8, 22.8],
        "other": [61.3, 22.8, 60.2, 23.0, 62.9, 22.7],
    }
    return {"predicted": "higher", "runs": runs, "came_true": True}


RIGHT_ANSWERS = {
    "sequence_loss": [
        loss_by_log_softmax,
        loss_by_cross_entropy,
        loss_by_ignoring,
        loss_by_logsumexp,
        loss_by_choosing_steps,
        loss_by_soft_targets,
        loss_by_loop,
        loss_by_package,
        loss_by_kl_div,
        loss_by_einsum,
    ],
    "decoder_inputs": [
        inputs_by_joining,
        inputs_by_bernoulli,
        inputs_by_rolling,
        inputs_by_drawing,
        inputs_by_loop,
        inputs_with_start_let_off,
        inputs_by_numpy,
    ],
    "write_freely": [
        written_step_by_step,
        written_and_cut,
        written_into_place,
        written_one_by_one,
        written_by_those_left,
        written_by_recursion,
        written_and_padded,
        written_as_numbers_first,
    ],
    "dropout_report": [dropout_by_rows, dropout_that_hides_all],
}
