"""Writing without a teacher."""

import torch

from ..cases.sequences import writer
from ..engine import each_row_for_itself, matches, probes_from, relation, slip, task

WRITTEN, STOP = "row * ~over.unsqueeze(-1)", "\n        if over.all():\n            break"
SIZES = {
    ((3, 99, 5, 1, 8), 8, 2): "",
    ((4,), 7, 0): "with a single sequence",
    ((99, 98), 6, 5): "with sequences that don't end",
    ((1, 2), 1, 3): "with a single step",
    ((2, 6, 99), 7, 1): "in float64",
    ((2, 3, 2), 6, 4): "with sequences that all end early",
}


def _writers(draw, limits, steps, end):
    """limits: the step at which each sequence ends, if there are so many steps."""
    hidden, tokens = 4, 6
    state = torch.cat([draw(len(limits), hidden), torch.tensor([[0.0, limit] for limit in limits])], 1)
    weights = {"read": 1.5 * draw(tokens, hidden), "keep": draw(hidden, hidden), "out": 2 * draw(hidden, tokens)}
    return {"state": state, "start": draw(tokens), **weights, "end": end, "steps": steps}


def _each_alone(state, start, read, keep, out, end, steps):
    """Sequence by sequence, until each one's end."""
    step, written = writer(read, keep, out, end), start.new_zeros(len(state), steps, len(start))
    for number in range(len(state)):
        row, memory = start[None], state[number : number + 1]
        for place in range(steps):
            logits, memory = step(row, memory)
            written[number, place, logits.argmax()] = 1
            row = written[number : number + 1, place]
            if row[0, end]:
                break
    return written


@task(
    points=2,
    probes=probes_from(_writers, sizes=SIZES),
    run=lambda function, state, start, read, keep, out, end, steps: {"result": function(writer(read, keep, out, end), state, start, end, steps)},
    keeps=("state", "start"),
    laws=(
        each_row_for_itself("state", question="Sequences begin, go on and end each for itself. Where does one of yours hear of another?"),
        relation(lambda steps, **_: {"steps": steps - 3}, lambda rows: rows[:, :-3], "With three steps fewer, your sequences should begin in the same way", "How can what is written first depend on how much will be asked for?"),
    ),
    claims=matches(_each_alone, "Each row should be the likeliest token, after reading the row before; behind the end, zeros"),
    slips=(
        slip(WRITTEN, "row", "Your sequences go on behind their end. Which rows must be zeros, and how does a step know that the end has been?"),
        slip("logits, state = step", "logits, _ = step", "Each of your steps starts from the first state. What comes back from step beside the logits, and who needs it next?"),
        slip("step(row, state)", "step(start.expand(len(state), -1), state)", "Each of your steps reads start. What has the decoder written since, and who tells it?"),
        slip("(token == end)", "(token == end)\n        row = logits", "Your decoder reads its own logits. In training it read one-hot rows: what did it write, of all the tokens that it thought of?"),
        slip("(token == end)", "(token == end)\n        row = logits.softmax(-1)", "Your decoder reads its probabilities, a bit of every token. In training it read one-hot rows: which one token did it write?"),
        slip("logits.argmax(-1)", "torch.distributions.Categorical(logits=logits).sample()", "Your tokens are drawn by chance. What does the contract want at each step: a draw, or the likeliest?"),
        slip("argmax", "argmin", "You write the least likely token of each step. Which end of the logits is it?"),
        slip("(token == end)", "(token == end)\n        if over.any():\n            break", "When one sequence ends, yours stop all. What about those that had more to say, and how many rows were asked for?"),
        slip("(token == end)", "(token == end).any()", "When one sequence ends, all fall silent. Does your question 'is it over?' have an answer for each sequence?"),
        slip("over | (token == end)", "token == end", "Yours are silent for one step after the end, and then begin anew. Once over, what must 'over' remember?"),
        slip({WRITTEN: "row", "over | (token == end)": f"token == end{STOP}"}, "Your loop waits for a step at which all sequences end at once. They end each for itself: what must be remembered of those that have, and what do they write?"),
        slip({WRITTEN: "row", "(token == end)": f"(token == end){STOP}"}, "Your loop ends when all sequences have ended; until then those that are over write on. Which rows must be zeros, and how many rows were asked for?"),
        slip({WRITTEN: "row", "dim=1)": "dim=1) * (torch.arange(steps) <= torch.stack(written, 1)[..., end].argmax(1, keepdim=True)).unsqueeze(-1)"}, "Right, until a sequence has no end: it then loses nearly everything. What does argmax say where nothing is greater than anything else?"),
        slip("start.expand(len(state), -1)", "start", "start is a single row. How many sequences are to read it, and what shape does step want?"),
        slip("start.expand(len(state), -1)", "torch.zeros_like(start).expand(len(state), -1)", "Your first step reads zeros. Which row were you given to begin with?"),
        slip("(token == end)", f"(token == end){STOP}", "Right as far as it goes, but it is shorter than `steps` when all have ended. What should stand in the rows that are left?"),
        slip("written.append(row * ~over.unsqueeze(-1))\n        over = over | (token == end)", "over = over | (token == end)\n        written.append(row * ~over.unsqueeze(-1))", "The end token itself is missing. Is its row behind the end?"),
        slip(WRITTEN, "torch.where(over.unsqueeze(-1), torch.eye(len(start))[end].to(row), row)", "Behind the end you write the end again and again. What stands for nothing in this course?"),
        slip("stack(written, dim=1)", "stack([start.expand(len(state), -1), *written[:-1]], dim=1)", "Everything stands one step late, behind start, and the last step is lost. Is start written, or only read?"),
        slip("stack(written, dim=1)", "stack([start.expand(len(state), -1), *written], dim=1)", "One row too many, the first. Is start written, or only read?"),
        slip(WRITTEN, "logits.softmax(-1)", "Those are the probabilities of all tokens. Which one does each step write, and as what kind of row?"),
        slip(WRITTEN, "logits", "Those are the logits. Which one token does each step write, and as what kind of row?"),
        slip("dim=1)", "dim=1).argmax(-1)", "You return the numbers of the tokens. How can a number say 'nothing', as a row of zeros does?"),
        slip("(written, dim=1)", "(written)", "Right, with the axes in another order. What is one row of the result's first axis to be?"),
        slip(".to(start.dtype)", "", "Your rows are whole numbers, and the decoder cannot read them beside its weights. In which dtype does the contract want them?"),
        slip("~over.unsqueeze(-1)", "~over", "One word for each sequence, and one row for each: their shapes do not go together. Along which axis should 'over' be repeated?"),
    ),
    hints=(
        "A loop over steps. It carries two things from one step to the next: the row just written and the state. And for the ends a third: which sequences are over.",
        "Inside: logits and state from step; the likeliest token as a one-hot row, with its dtype; written down unless over; then over, or this row is the end.",
        "Start with row = start for every sequence and over = all False, shape (n,). Write row · (not over), then set over |= (token == end). Stack along axis 1.",
    ),
)
def write_freely(step, state, start, end, steps):
    """Sequences (n, steps, tokens): one-hot rows in the dtype of start, each the likeliest token of its step.

    Behind the end token, which is written, stand rows of zeros. Sequences end each for itself. state and start are left as they are.
    step(row, state): a function, row (n, tokens), what is read, and state (n, hidden_size) -> (logits (n, tokens), the new state).
    state: (n, hidden_size), made from the codes. start: (tokens,), read at the first step; later each step reads the row written before.
    end: a Python int, the number of the end token. steps: a Python int.
    """
    row = start.expand(len(state), -1)
    over = torch.zeros(len(state), dtype=torch.bool, device=state.device)
    written = []
    for _ in range(steps):
        logits, state = step(row, state)
        token = logits.argmax(-1)
        row = torch.nn.functional.one_hot(token, len(start)).to(start.dtype)
        written.append(row * ~over.unsqueeze(-1))
        over = over | (token == end)
    return torch.stack(written, dim=1)
