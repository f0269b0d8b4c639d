"""One level anew."""

import torch

from ..cases.stack import level_parameters, prior_level, wrong_draws
from ..engine import Claim, doubled, is_tensor, probes_from, relation, rounding, slip, task, unchanged

DRAW, FOLLOW = "mu + torch.exp(0.5 * log_var) * epsilon", "new[index], _ = top_down[index](new[index + 1])"
DISTANCE_KEPT = "(old_mu, old_log_var), (mu, log_var) = top_down[index](z[index + 1]), top_down[index](new[index + 1])\n        new[index] = mu + torch.exp(0.5 * (log_var - old_log_var)) * (z[index] - old_mu)"
AROUND_THE_OLD = "z[level - 1] + torch.exp(0.5 * log_var) * epsilon"
# the levels above taken anew as well, from the top down, with what is to be added as their noise
ABOVE_ANEW = "list(z)\n    for index in range(len(z) - 1, level - 1, -1):\n        mu, log_var = top_down[index](new[index + 1]) if index < len(top_down) else (0 * z[-1], 0 * z[-1])\n        new[index] = mu + torch.exp(0.5 * log_var) * "
SIZES = {
    (5, (4, 3, 2), 2): "the middle level of three",
    (5, (4, 3, 2), 1): "the bottom level of three",
    (5, (4, 3, 2), 3): "the top level of three",
    (6, (2, 5), 1): "the bottom level of two",
    (1, (3, 3, 3), 2): "with a single row, and levels of one size",
    (4, (5, 1, 2, 3), 3): "the third level of four",
    (4, (3,), 1): "with one level",
    (5, (3, 2, 4), 2): "in float64",
}


def _stacks(draw, n, sizes, level):
    levels = [tuple(level_parameters(draw, above, below).values()) for below, above in zip(sizes, sizes[1:], strict=False)]
    return {"levels": levels, "z": [draw(n, size) + 0.5 for size in sizes], "level": level, "epsilon": draw(n, sizes[level - 1])}


def _claims(values, levels, z, level, epsilon):
    """From the top to the bottom, every level by what it is."""
    sizes, noise = [part.shape[1] for part in z], epsilon.double()
    yield from is_tensor(values["result"], (len(epsilon), sum(sizes)), epsilon.dtype)
    found, above = values["result"].split(sizes, 1), noise  # the top level has none above it
    for number in range(len(z), 0, -1):
        mu, log_var = prior_level(*doubled(levels[number - 1]))(above) if number < len(z) else (0 * noise, 0 * noise)
        if number > level:
            says, above = f"lies above z_{level} and should be kept", z[number - 1].double()
        elif number == level:
            says, above = f"should be drawn from {'N(0, I)' if number == len(z) else f'p(z_{level}|z_{level + 1})'}, out of the given noise", mu + (log_var / 2).exp() * noise
        else:
            says, above = f"should be the mean of its prior, given the new z_{number + 1}", mu
        yield Claim(f"z_{number} {says}", above, found[number - 1], rounding(above, epsilon.dtype, scale=30.0))


@task(
    points=1,
    probes=probes_from(_stacks, sizes=SIZES),
    run=lambda function, levels, z, level, epsilon: {"result": function([prior_level(*parameters) for parameters in levels], z, level, epsilon)},
    laws=(
        relation(lambda z, epsilon, **_: {"z": [part[:1] for part in z], "epsilon": epsilon[:1]}, lambda rows: rows[:1], "A row alone should give what it gives among others", "Does anything in yours mix the rows of a batch?"),
        unchanged(lambda z, level, **_: {"z": [part + 1 if number <= level else part for number, part in enumerate(z, 1)]}, "Whatever the level and those below it were before", "Which of the old values still have a say in yours, and which of them should be forgotten?"),
    ),
    keeps=("z",),
    claims=_claims,
    slips=(
        slip({DRAW: AROUND_THE_OLD, "new[-1] = epsilon": "new[-1] = z[-1] + epsilon"}, "Your draws lie around the old value, so they still know the picture. Around what does the prior of that level lie?"),
        slip({DRAW: AROUND_THE_OLD, "new[-1] = epsilon": "new[-1] = z[-1] + epsilon", "range(level - 2, -1, -1)": "[]"}, "You shake the level around its old value, and nothing below it hears of that. Around what does its prior lie, and who comes after?"),
        slip("range(level - 2, -1, -1)", "[]", "The level is drawn, and nothing below it has heard of it: the decoder, which sees z_1 alone, would draw the old picture. Who comes after?"),
        slip("new[index + 1]", "z[index + 1]", "Levels below take the mean given the level above them, but the old one, as it came in. Which one did you draw?"),
        slip("range(level - 2, -1, -1)", "range(level - 2, max(level - 3, -1), -1)", "The level right below follows. And the one below that: does it hear of the change?"),
        slip("range(level - 2, -1, -1)", "range(level - 1)", "You let the levels below follow from the bottom up. When z_1 is set, has z_2 heard of the change yet?"),
        slip("range(level - 2, -1, -1)", "range(level - 2, 0, -1)", "Your loop stops one level too soon: z_1, which the decoder sees, is the old one. Where does a range end that goes down?"),
        slip("if level == len(z)", "if False", "It breaks at the top level, above which there is none to ask. Which Gaussian is its prior?"),
        slip(FOLLOW, "mu, log_var = top_down[index](new[index + 1])\n        new[index] = mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)", "The levels below are drawn, too. Then nobody can say which level a change in the picture comes from. What should those below be?"),
        slip({"list(z)": ABOVE_ANEW + "torch.randn_like(mu)", "(z[level])": "(new[level])"}, "The levels above are drawn anew as well: what was to be held, so that the change is this level's alone?"),
        slip({"list(z)": ABOVE_ANEW + "0", "(z[level])": "(new[level])"}, "The levels above are replaced by their prior means, whatever picture z came from. Which of their values are you given?"),
        slip({DRAW: "mu", "new[-1] = epsilon": "new[-1] = torch.zeros_like(epsilon)"}, "The level takes its mean: do it a hundred times, and you get one picture. What is epsilon for?"),
        slip(DRAW, "mu", "The top is drawn. Any other level takes its mean, as those below it should: do it a hundred times, and you get one picture. What is epsilon for?"),
        slip(FOLLOW, DISTANCE_KEPT, "The levels below keep their distance to the prior's mean, in units of its σ: one may hold that, too. But what does the contract let them take?"),
        slip("new[index], _ =", "new[index] =", "Each function of top_down gives two results, and you put both of them in the place of one level. Which of the two is its mean?"),
        slip(DRAW, "epsilon", "You drew the level from N(0, I), as if nothing stood above it. Of which level is N(0, I) the prior?"),
        *wrong_draws("mu", "log_var", "epsilon"),
        slip(") * epsilon", ") * torch.randn_like(mu)", "You draw the noise anew, so that nobody can repeat it. Which of the arguments is it for?"),
        slip({") * epsilon": ") * torch.randn_like(mu)", "new[-1] = epsilon": "new[-1] = torch.randn_like(epsilon)"}, "You draw the noise anew, so that nobody can repeat it. What is epsilon for?"),
        slip("new = list(z)", "new, level = list(z), level + 1", "Something is one place off. Levels count from 1 and lists from 0: at which place in z does level 1 stand, and which level does top_down[0] want to be given?"),
        slip("new = list(z)", "new, level = list(z), len(z) + 1 - level", "You count levels from the top. Where does level 1 stand?"),
        slip("new[-1] = epsilon", "pass", "Right, but for the top level, which you keep. It rests on no other, and has a prior all the same: which?"),
        slip("torch.cat(new,", "torch.cat(new[::-1],", "Each level is right. Which comes first where they stand side by side?"),
        slip("torch.cat(new, dim=-1)", "new", "Each level is right, in a list. What does a decoder, which is given one z, want them to be?"),
        slip("torch.cat(new, dim=-1)", "new[level - 1]", "The new level is right and comes alone. What of the levels above and below?"),
        slip("torch.cat(new, dim=-1)", "new[0]", "That is what the decoder sees, and right. The contract asks for the whole stack: what else belongs to it?"),
    ),
    hints=(
        "Three kinds of levels, and each has its own rule: those above, the one itself, those below. For which of them do you need to compute anything?",
        "level counts from 1, the list from 0: z[level - 1] is the level, z[level] the one above it, top_down[level - 1] what leads from there. Mind the top, which has nothing above.",
        "Make a copy of the list; put in the new draw; then go down in a loop, each time with the mean that the level just set gives for the one below. torch.cat at the end.",
    ),
)
def resample_level(top_down, z, level, epsilon):
    """z with one level drawn anew: levels side by side, (n, all latents), the bottom first.

    z: a list of tensors, (n, size of the level) each, z[0] the bottom level z_1, z[-1] the top; it is left as it is. level: 1 (the bottom) to len(z).
    top_down: a list of functions, one shorter than z: top_down[0](z_2) -> (mu, log_var) of p(z_1|z_2), top_down[1](z_3) -> those of p(z_2|z_3), …
    Levels above `level` are kept. `level` is drawn from its prior given the level above (the top from N(0, I)), with the noise epsilon,
    (n, size of that level). Each level below takes the mean of its prior given the new level above it.
    """
    new = list(z)
    if level == len(z):
        new[-1] = epsilon
    else:
        mu, log_var = top_down[level - 1](z[level])
        new[level - 1] = mu + torch.exp(0.5 * log_var) * epsilon
    for index in range(level - 2, -1, -1):
        new[index], _ = top_down[index](new[index + 1])
    return torch.cat(new, dim=-1)
