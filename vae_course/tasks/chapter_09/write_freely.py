"""Writing without a teacher."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Categorical

from ..claims import matches
from ..declaration import Mistake, Plain, Probe, Task


def _writer_of(read: Tensor, keep: Tensor, out: Tensor, end: int) -> Callable:
    """A decoder small enough to be followed: two hands of a clock in its state say when it likes to end."""
    hidden, features = keep.shape[0], out.shape[1]

    def step(row: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        if row.dim() != 2 or row.shape != (len(state), features) or state.dim() != 2 or state.shape[1] != hidden + 2:
            raise ValueError(
                f"step takes a row for each sequence, (n, {features}), and their state, (n, {hidden + 2}), got {tuple(row.shape)} and {tuple(state.shape)}."
            )
        memory = torch.tanh(row @ read + state[:, :hidden] @ keep)
        count, limit = state[:, hidden] + 1, state[:, hidden + 1]
        logits = memory @ out
        ending = 24 * (0.6 - (count - limit).abs())
        logits = torch.cat([logits[:, :end], ending.unsqueeze(1), logits[:, end + 1 :]], 1)
        return logits, torch.cat([memory, count.unsqueeze(1), limit.unsqueeze(1)], 1)

    return step


def _writers(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    def one(limits: list[int], steps: int, end: int, note: str = "", dtype: torch.dtype = torch.float32) -> Probe:
        """Drawn again until no two tokens are nearly as likely at any step: rounding must not decide."""
        hidden, features, n = 4, 6, len(limits)
        while True:
            state = torch.cat([draw(n, hidden), torch.zeros(n, 1, dtype=torch.float64), torch.tensor(limits).double().unsqueeze(1)], 1)
            given = {"state": state, "start": draw(features), "read": 1.5 * draw(features, hidden), "keep": draw(hidden, hidden)}
            given |= {"out": 2 * draw(hidden, features)}
            written, gap = _written_alone(**given, end=end, steps=steps)
            notes = {tuple(row.argmax(-1).tolist()) for row in written}
            if gap > 1e-3 and (steps < 4 or len(notes) == n):
                return Probe({**{name: value.to(dtype) for name, value in given.items()}, "end": end, "steps": steps}, seed + steps, note)

    return [
        one([3, 99, 5, 1, 8], 8, 2),
        one([4], 7, 0, "with a single sequence"),
        one([99, 98], 6, 5, "with sequences that don't end"),
        one([1, 2], 1, 3, "with a single step"),
        one([2, 6, 99], 7, 1, "in float64", torch.float64),
        one([2, 3, 2], 6, 4, "with sequences that all end early"),
    ]


def _written_alone(state: Tensor, start: Tensor, read: Tensor, keep: Tensor, out: Tensor, end: int, steps: int) -> tuple[Tensor, float]:
    """Sequence by sequence, until each one's end; and the least gap between the two likeliest tokens on the way."""
    step = _writer_of(read, keep, out, end)
    written, gap = torch.zeros(len(state), steps, len(start), dtype=start.dtype), math.inf
    for number in range(len(state)):
        row, memory = start.unsqueeze(0), state[number : number + 1]
        for place in range(steps):
            logits, memory = step(row, memory)
            best = logits[0].topk(2).values
            gap = min(gap, float(best[0] - best[1]))
            token = int(logits[0].argmax())
            row = torch.zeros_like(row)
            row[0, token] = 1
            written[number, place] = row[0]
            if token == end:
                break
    return written, gap


def _written(function, state, start, read, keep, out, end, steps) -> dict[str, Plain]:
    return {"result": function(_writer_of(read, keep, out, end), state, start, end, steps)}


def _write(
    step,
    state,
    start,
    end,
    steps,
    *,
    read=lambda row, logits, start: row,
    carry=True,
    choose=None,
    over=lambda before, row, end: before | (row[:, end] == 1),
):
    """Writing with its parts to be put wrong: what is read next, whether the state is carried on, how a token is chosen, what ends."""
    row, memory = start.expand(len(state), -1), state
    ended, written = torch.zeros(len(state), dtype=torch.bool, device=state.device), []
    for _ in range(steps):
        logits, new = step(row, memory)
        token = logits.argmax(-1) if choose is None else choose(logits)
        chosen = F.one_hot(token, logits.shape[-1]).to(logits.dtype)
        written.append(chosen * ~ended.unsqueeze(-1))
        ended = over(ended, chosen, end)
        row, memory = read(chosen, logits, start.expand(len(state), -1)), new if carry else memory
    return torch.stack(written, 1)


def _never_over(before, row, end):
    return before


def _until_the_first_end(step, state, start, end, steps):
    rows = _write(step, state, start, end, steps, over=_never_over)
    ends = rows[..., end].amax(0).nonzero()
    return rows[:, : int(ends[0]) + 1] if len(ends) else rows


def _all_silent_at_the_first_end(step, state, start, end, steps):
    return _write(step, state, start, end, steps, over=lambda before, row, end: before | (row[:, end] == 1).any())


def _on_until_all_end_together(step, state, start, end, steps):
    rows = _write(step, state, start, end, steps, over=_never_over)
    ends = (rows[..., end] == 1).all(0).nonzero()
    return rows[:, : int(ends[0]) + 1] if len(ends) else rows


def _on_until_each_has_ended(step, state, start, end, steps):
    rows = _write(step, state, start, end, steps, over=_never_over)
    ends = rows[..., end].cummax(1).values.amin(0).nonzero()
    return rows[:, : int(ends[0]) + 1] if len(ends) else rows


def _cut_where_argmax_finds_the_end(step, state, start, end, steps):
    rows = _write(step, state, start, end, steps, over=_never_over)
    first = rows[..., end].argmax(1)
    return rows * (torch.arange(steps, device=rows.device) <= first.unsqueeze(1)).unsqueeze(-1)


def _start_not_expanded(step, state, start, end, steps):
    return step(start, state)


def _starting_from_nothing(step, state, start, end, steps):
    return _write(step, state, torch.zeros_like(start), end, steps)


def _until_the_last_end(step, state, start, end, steps):
    rows = _write(step, state, start, end, steps)
    return rows[:, : int(rows.any(-1).sum(1).max())]


def _end_erased(step, state, start, end, steps):
    rows = _write(step, state, start, end, steps)
    return rows * (1 - rows[..., end : end + 1])


def _end_for_ever(step, state, start, end, steps):
    rows = _write(step, state, start, end, steps)
    marked = torch.zeros_like(rows)
    marked[..., end] = 1
    return torch.where(rows.any(-1, keepdim=True), rows, marked)


def _start_written_too(step, state, start, end, steps):
    rows = _write(step, state, start, end, steps)
    return torch.cat([start.expand(len(state), 1, -1), rows[:, :-1]], 1)


def _start_and_all(step, state, start, end, steps):
    return torch.cat([start.expand(len(state), 1, -1), _write(step, state, start, end, steps)], 1)


def _logits_of_steps(step, state, start, end, steps):
    row, logits_of = start.expand(len(state), -1), []
    for _ in range(steps):
        logits, state = step(row, state)
        logits_of.append(logits)
        row = F.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits.dtype)
    return torch.stack(logits_of, 1)


def _as_numbers(step, state, start, end, steps):
    return _write(step, state, start, end, steps).argmax(-1)


def _steps_first(step, state, start, end, steps):
    return _write(step, state, start, end, steps).transpose(0, 1)


WRITE_FREELY = Task(
    name="09.write_freely",
    points=2,
    contract="write_freely(step, state, start, end, steps) -> sequences (n, steps, tokens), one-hot rows in the dtype of start, each the likeliest\n"
    "token of its step; behind the end token, which is written, rows of zeros. Sequences end each for itself.\n"
    "step(row, state): a function, row (n, tokens), what is read, and state (n, hidden_size) -> (logits (n, tokens), the new state).\n"
    "state: (n, hidden_size), made from the codes. start: (tokens,), read at the first step; later each step reads the row written before.\n"
    "end: a Python int, the number of the end token. steps: a Python int.",
    probes=_writers,
    run=_written,
    claims=matches(
        lambda **given: _written_alone(**given)[0],
        "Each row should be the likeliest token, after reading the row before; behind the end, zeros",
    ),
    mistakes=(
        Mistake(
            lambda step, state, start, end, steps: _write(step, state, start, end, steps, over=_never_over),
            "Your sequences go on behind their end. Which rows must be zeros, and how does a step know that the end has been?",
        ),
        Mistake(
            lambda step, state, start, end, steps: _write(step, state, start, end, steps, carry=False),
            "Each of your steps starts from the first state. What comes back from step beside the logits, and who needs it next?",
        ),
        Mistake(
            lambda step, state, start, end, steps: _write(step, state, start, end, steps, read=lambda row, logits, start: start),
            "Each of your steps reads start. What has the decoder written since, and who tells it?",
        ),
        Mistake(
            lambda step, state, start, end, steps: _write(step, state, start, end, steps, read=lambda row, logits, start: logits),
            "Your decoder reads its own logits. In training it read one-hot rows: what did it write, of all the tokens that it thought of?",
        ),
        Mistake(
            lambda step, state, start, end, steps: _write(
                step, state, start, end, steps, read=lambda row, logits, start: logits.softmax(-1)
            ),
            "Your decoder reads its probabilities, a bit of every token. In training it read one-hot rows: which one token did it write?",
        ),
        Mistake(
            lambda step, state, start, end, steps: _write(
                step, state, start, end, steps, choose=lambda logits: Categorical(logits=logits).sample()
            ),
            "Your tokens are drawn by chance. What does the contract want at each step: a draw, or the likeliest?",
        ),
        Mistake(
            lambda step, state, start, end, steps: _write(step, state, start, end, steps, choose=lambda logits: logits.argmin(-1)),
            "You write the least likely token of each step. Which end of the logits is it?",
        ),
        Mistake(
            _until_the_first_end,
            "When one sequence ends, yours stop all. What about those that had more to say, and how many rows were asked for?",
        ),
        Mistake(
            _all_silent_at_the_first_end,
            "When one sequence ends, all fall silent. Does your question 'is it over?' have an answer for each sequence?",
        ),
        Mistake(
            lambda step, state, start, end, steps: _write(step, state, start, end, steps, over=lambda before, row, end: row[:, end] == 1),
            "Yours are silent for one step after the end, and then begin anew. Once over, what must 'over' remember?",
        ),
        Mistake(
            _on_until_all_end_together,
            "Your loop waits for a step at which all sequences end at once. They end each for itself: what must be remembered of those that have, and what do they write?",
        ),
        Mistake(
            _on_until_each_has_ended,
            "Your loop ends when all sequences have ended; until then those that are over write on. Which rows must be zeros, and how many rows were asked for?",
        ),
        Mistake(
            _cut_where_argmax_finds_the_end,
            "Right, until a sequence has no end: it then loses nearly everything. What does argmax say where nothing is greater than anything else?",
        ),
        Mistake(
            _start_not_expanded,
            "start is a single row. How many sequences are to read it, and what shape does step want?",
        ),
        Mistake(_starting_from_nothing, "Your first step reads zeros. Which row were you given to begin with?"),
        Mistake(
            _until_the_last_end,
            "Right as far as it goes, but it is shorter than `steps` when all have ended. What should stand in the rows that are left?",
        ),
        Mistake(_end_erased, "The end token itself is missing. Is its row behind the end?"),
        Mistake(_end_for_ever, "Behind the end you write the end again and again. What stands for nothing in this course?"),
        Mistake(
            _start_written_too,
            "Everything stands one step late, behind start, and the last step is lost. Is start written, or only read?",
        ),
        Mistake(_start_and_all, "One row too many, the first. Is start written, or only read?"),
        Mistake(_logits_of_steps, "Those are the logits. Which one token does each step write, and as what kind of row?"),
        Mistake(_as_numbers, "You return the numbers of the tokens. How can a number say 'nothing', as a row of zeros does?"),
        Mistake(_steps_first, "Right, with the axes in another order. What is one row of the result's first axis to be?"),
    ),
    hints=(
        "A loop over steps. It carries two things from one step to the next: the row just written and the state. And for the ends a third: which sequences are over.",
        "Inside: logits and state from step; the likeliest token as a one-hot row, with its dtype; written down unless over; then over, or this row is the end.",
        "Start with row = start for every sequence and over = all False, shape (n,). Write row · (not over), then set over |= (token == end). Stack along axis 1.",
    ),
)
