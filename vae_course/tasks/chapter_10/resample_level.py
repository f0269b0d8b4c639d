"""One level anew."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..claims import is_tensor, rounding
from ..declaration import Claim, Mistake, Plain, Probe, Task
from .stack import level_parameters, mistakes_in, prior_level, sigma_of


def _stacks(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(n: int, sizes: tuple[int, ...], level: int, note: str = "", dtype: torch.dtype = torch.float32) -> Probe:
        def draw(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)

        levels = tuple(level_parameters(draw, above, below) for below, above in zip(sizes, sizes[1:], strict=False))
        z = tuple(draw(n, size) + 0.5 for size in sizes)
        return Probe({"levels": levels, "z": z, "level": level, "epsilon": draw(n, sizes[level - 1])}, seed + n, note)

    return [
        one(5, (4, 3, 2), 2, "the middle level of three"),
        one(5, (4, 3, 2), 1, "the bottom level of three"),
        one(5, (4, 3, 2), 3, "the top level of three"),
        one(6, (2, 5), 1, "the bottom level of two"),
        one(6, (2, 5), 2, "the top level of two"),
        one(1, (3, 3, 3), 2, "with a single row, and levels of one size"),
        one(4, (5, 1, 2, 3), 3, "the third level of four"),
        one(4, (3,), 1, "with one level"),
        one(5, (3, 2, 4), 2, "in float64", torch.float64),
    ]


def _redrawn(function, levels: tuple, z: tuple, level: int, epsilon: Tensor) -> dict[str, Plain]:
    return {"result": function([prior_level(*parameters) for parameters in levels], list(z), level, epsilon)}


def _claims_of_resampling(values: dict[str, Plain], levels: tuple, z: tuple, level: int, epsilon: Tensor) -> Iterator[Claim]:
    got, dtype = values["result"], epsilon.dtype
    sizes = [part.shape[1] for part in z]
    yield from is_tensor(got, (len(epsilon), sum(sizes)), dtype)
    expected, found = _reference_resampled(levels, z, level, epsilon), got.split(sizes, 1)
    for index in range(len(z) - 1, -1, -1):
        number = index + 1
        if number > level:
            identity = f"z_{number} lies above z_{level} and should be kept"
        elif number == level:
            says = "p(z_1|z_2)" if level == 1 else f"p(z_{level}|z_{level + 1})"
            identity = f"z_{number} should be drawn from {'N(0, I)' if level == len(z) else says}, out of the given noise"
        else:
            identity = f"z_{number} should be the mean of its prior, given the new z_{number + 1}"
        yield Claim(identity, expected[index], found[index], rounding(expected[index], dtype, scale=30.0))


def _reference_resampled(levels: tuple, z: tuple, level: int, epsilon: Tensor) -> list[Tensor]:
    """In float64, from the top to the bottom, every level by what it is."""
    kept, found = [part.double() for part in z], {}
    for number in range(len(z), 0, -1):
        if number > level:
            found[number] = kept[number - 1]
            continue
        mu, log_var = (torch.zeros(()), torch.zeros(()))
        if number < len(z):
            mu, log_var = prior_level(*(part.double() for part in levels[number - 1]))(found[number + 1])
        found[number] = mu + sigma_of(log_var) * epsilon.double() if number == level else mu
    return [found[number] for number in range(1, len(z) + 1)]


def _resampled(
    drawn=lambda mu, log_var, epsilon, held: mu + sigma_of(log_var) * epsilon,
    below=lambda mu, log_var, held: mu,
    top=lambda epsilon, held: epsilon,
    index_of=lambda level, depth: level - 1,
):
    """The right answer, with any one of its steps replaced."""

    def resample(top_down, z, level, epsilon):
        at, new = index_of(level, len(z)), list(z)
        new[at] = top(epsilon, z[at]) if at == len(z) - 1 else drawn(*top_down[at](z[at + 1]), epsilon, z[at])
        for index in range(at - 1, -1, -1):
            new[index] = below(*top_down[index](new[index + 1]), z[index])
        return torch.cat(new, -1)

    return resample


def _redrawn_alone(top_down, z, level, epsilon):
    new = list(z)
    if level == len(z):
        new[-1] = epsilon
    else:
        mu, log_var = top_down[level - 1](z[level])
        new[level - 1] = mu + sigma_of(log_var) * epsilon
    return new


def _downwards(level):
    return range(level - 2, -1, -1)


def _following(indexes=_downwards, old=False, take=lambda parameters: parameters[0]):
    """The level is drawn; then those at `indexes(level)` follow, one after another, given the level above each (the old one if `old`)."""

    def resample(top_down, z, level, epsilon):
        new = _redrawn_alone(top_down, z, level, epsilon)
        for index in indexes(level):
            new[index] = take(top_down[index]((z if old else new)[index + 1]))
        return torch.cat(new, -1)

    return resample


def _top_not_thought_of(top_down, z, level, epsilon):
    mu, log_var = top_down[level - 1](z[level])
    new = [*z[: level - 1], mu + sigma_of(log_var) * epsilon, *z[level:]]
    for index in _downwards(level):
        new[index] = top_down[index](new[index + 1])[0]
    return torch.cat(new, -1)


def _all_above_drawn_too(top_down, z, level, epsilon):
    new = list(z)
    for index in range(len(z) - 1, -1, -1):
        mu, log_var = (torch.zeros_like(z[-1]),) * 2 if index == len(z) - 1 else top_down[index](new[index + 1])
        noise = epsilon if index == level - 1 else torch.randn_like(mu)
        new[index] = mu if index < level - 1 else mu + sigma_of(log_var) * noise
    return torch.cat(new, -1)


def _above_replaced_by_means(top_down, z, level, epsilon):
    new = list(z)
    for index in range(len(z) - 1, -1, -1):
        mu, log_var = (torch.zeros_like(z[-1]),) * 2 if index == len(z) - 1 else top_down[index](new[index + 1])
        new[index] = mu + sigma_of(log_var) * epsilon if index == level - 1 else mu
    return torch.cat(new, -1)


def _news_kept(top_down, z, level, epsilon):
    """Those below keep their standardised distance to the mean of their prior."""
    new = _redrawn_alone(top_down, z, level, epsilon)
    for index in _downwards(level):
        (old_mu, old_log_var), (mu, log_var) = top_down[index](z[index + 1]), top_down[index](new[index + 1])
        new[index] = mu + sigma_of(log_var - old_log_var) * (z[index] - old_mu)
    return torch.cat(new, -1)


def _top_first_again(top_down, z, level, epsilon):
    together = _resampled()(top_down, z, level, epsilon)
    return torch.cat(together.split([part.shape[1] for part in z], 1)[::-1], -1)


def _as_list(top_down, z, level, epsilon):
    return list(_resampled()(top_down, z, level, epsilon).split([part.shape[1] for part in z], 1))


def _level_alone(top_down, z, level, epsilon):
    return _as_list(top_down, z, level, epsilon)[level - 1]


def _bottom_alone(top_down, z, level, epsilon):
    return _as_list(top_down, z, level, epsilon)[0]


RESAMPLE_LEVEL = Task(
    name="10.resample_level",
    points=1,
    contract="resample_level(top_down, z, level, epsilon) -> z with one level drawn anew: levels side by side, (n, all latents), the bottom first.\n"
    "z: a list of tensors, (n, size of the level) each, z[0] the bottom level z_1, z[-1] the top. level: 1 (the bottom) to len(z).\n"
    "top_down: a list of functions, one shorter than z: top_down[0](z_2) -> (mu, log_var) of p(z_1|z_2), top_down[1](z_3) -> those of p(z_2|z_3), …\n"
    "Levels above `level` are kept. `level` is drawn from its prior given the level above (the top from N(0, I)), with the noise epsilon,\n"
    "(n, size of that level). Each level below takes the mean of its prior given the new level above it.",
    probes=_stacks,
    run=_redrawn,
    claims=_claims_of_resampling,
    mistakes=(
        Mistake(
            _resampled(
                drawn=lambda mu, log_var, epsilon, held: held + sigma_of(log_var) * epsilon,
                top=lambda epsilon, held: held + epsilon,
            ),
            "Your draws lie around the old value, so they still know the picture. Around what does the prior of that level lie?",
        ),
        Mistake(
            _resampled(
                drawn=lambda mu, log_var, epsilon, held: held + sigma_of(log_var) * epsilon,
                top=lambda epsilon, held: held + epsilon,
                below=lambda mu, log_var, held: held,
            ),
            "You shake the level around its old value, and nothing below it hears of that. Around what does its prior lie, and who comes after?",
        ),
        Mistake(
            _resampled(below=lambda mu, log_var, held: held),
            "The level is drawn, and nothing below it has heard of it: the decoder, which sees z_1 alone, would draw the old picture. Who comes after?",
        ),
        Mistake(
            _following(old=True),
            "Levels below take the mean given the level above them, but the old one, as it came in. Which one did you draw?",
        ),
        Mistake(
            _following(lambda level: range(level - 2, level - 3, -1) if level > 1 else ()),
            "The level right below follows. And the one below that: does it hear of the change?",
        ),
        Mistake(
            _following(lambda level: range(level - 1)),
            "You let the levels below follow from the bottom up. When z_1 is set, has z_2 heard of the change yet?",
        ),
        Mistake(
            _following(lambda level: range(level - 2, 0, -1)),
            "Your loop stops one level too soon: z_1, which the decoder sees, is the old one. Where does a range end that goes down?",
        ),
        Mistake(
            _top_not_thought_of,
            "It breaks at the top level, above which there is none to ask. Which Gaussian is its prior?",
        ),
        Mistake(
            _resampled(below=lambda mu, log_var, held: mu + sigma_of(log_var) * torch.randn_like(mu)),
            "The levels below are drawn, too. Then nobody can say which level a change in the picture comes from. What should those below be?",
        ),
        Mistake(
            _all_above_drawn_too,
            "The levels above are drawn anew as well: what was to be held, so that the change is this level's alone?",
        ),
        Mistake(
            _above_replaced_by_means,
            "The levels above are replaced by their prior means, whatever picture z came from. Which of their values are you given?",
        ),
        Mistake(
            _resampled(drawn=lambda mu, log_var, epsilon, held: mu, top=lambda epsilon, held: torch.zeros_like(epsilon)),
            "The level takes its mean: do it a hundred times, and you get one picture. What is epsilon for?",
        ),
        Mistake(
            _resampled(drawn=lambda mu, log_var, epsilon, held: mu),
            "The top is drawn. Any other level takes its mean, as those below it should: do it a hundred times, and you get one picture. What is epsilon for?",
        ),
        Mistake(
            _news_kept,
            "The levels below keep their distance to the prior's mean, in units of its σ: one may hold that, too. But what does the contract let them take?",
        ),
        Mistake(
            _following(take=lambda parameters: parameters),
            "Each function of top_down gives two results, and you put both of them in the place of one level. Which of the two is its mean?",
        ),
        Mistake(
            _resampled(drawn=lambda mu, log_var, epsilon, held: epsilon),
            "You drew the level from N(0, I), as if nothing stood above it. Of which level is N(0, I) the prior?",
        ),
        *mistakes_in(lambda draw: _resampled(drawn=lambda mu, log_var, epsilon, held: draw(mu, log_var, epsilon))),
        Mistake(
            _resampled(drawn=lambda mu, log_var, epsilon, held: mu + sigma_of(log_var) * torch.randn_like(mu)),
            "You draw the noise anew, so that nobody can repeat it. Which of the arguments is it for?",
        ),
        Mistake(
            _resampled(
                drawn=lambda mu, log_var, epsilon, held: mu + sigma_of(log_var) * torch.randn_like(mu),
                top=lambda epsilon, held: torch.randn_like(epsilon),
            ),
            "You draw the noise anew, so that nobody can repeat it. What is epsilon for?",
        ),
        Mistake(
            _resampled(index_of=lambda level, depth: level),
            "Something is one place off. Levels count from 1 and lists from 0: at which place in z does level 1 stand, and which level does top_down[0] want to be given?",
        ),
        Mistake(
            _resampled(index_of=lambda level, depth: depth - level),
            "You count levels from the top. Where does level 1 stand?",
        ),
        Mistake(
            _resampled(top=lambda epsilon, held: held),
            "Right, but for the top level, which you keep. It rests on no other, and has a prior all the same: which?",
        ),
        Mistake(_top_first_again, "Each level is right. Which comes first where they stand side by side?"),
        Mistake(_as_list, "Each level is right, in a list. What does a decoder, which is given one z, want them to be?"),
        Mistake(_level_alone, "The new level is right and comes alone. What of the levels above and below?"),
        Mistake(_bottom_alone, "That is what the decoder sees, and right. The contract asks for the whole stack: what else belongs to it?"),
    ),
    hints=(
        "Three kinds of levels, and each has its own rule: those above, the one itself, those below. For which of them do you need to compute anything?",
        "level counts from 1, the list from 0: z[level - 1] is the level, z[level] the one above it, top_down[level - 1] what leads from there. Mind the top, which has nothing above.",
        "Make a copy of the list; put in the new draw; then go down in a loop, each time with the mean that the level just set gives for the one below. torch.cat at the end.",
    ),
)
