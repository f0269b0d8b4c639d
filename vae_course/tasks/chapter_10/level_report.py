"""Which level works?"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ..claims import is_tensor, is_tuple, rounding
from ..declaration import Claim, Mistake, Plain, Probe, Task


def _kls_of_stacks(seed: int) -> list[Probe]:
    """Latents at work and idle ones. Single images lie on the wrong side of the threshold, means never near it."""
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(n: int, levels: tuple[str, ...], note: str = "", dtype: torch.dtype = torch.float32) -> Probe:
        """levels: one string a level, the bottom first, with "w" for a latent at work and "." for an idle one."""
        threshold = int(torch.randint(2, 9, (), generator=generator)) / 64
        columns = []
        for kind in "".join(levels):
            uneven = torch.rand(n, generator=generator, dtype=torch.float64) ** 3 + 0.01
            if n > 1:
                uneven[torch.randint(n, (), generator=generator)] += 2.0
            times = torch.rand((), generator=generator).item()
            columns.append(uneven / uneven.mean() * threshold * (1.5 + 5 * times if kind == "w" else 0.35 + 0.35 * times))
        sizes = tuple(len(level) for level in levels)
        return Probe({"kl": torch.stack(columns, 1).to(dtype), "sizes": sizes, "threshold": threshold}, seed, note)

    made = [
        one(9, ("ww.w.", "w..", "w.")),
        one(6, ("www", "....."), "with a level that is dead"),
        one(8, ("w.ww", ".w.")),
        one(1, ("w.w", "w."), "with a single image"),
        one(7, ("w..w",), "with one level"),
        one(5, (".", "w", "w"), "with one latent a level"),
        one(7, (".w", "w.w", "..w."), "in float64", torch.float64),
    ]
    sideways = one(6, ("w.w.", "..", "www"), "not contiguous")
    sideways.arguments["kl"] = sideways.arguments["kl"].t().contiguous().t()
    return [*made, sideways]


def _two_figures(function, kl: Tensor, sizes: tuple, threshold: float) -> dict[str, Plain]:
    """The numbers of latents may come in any dtype: they are counts."""
    result = function(kl, sizes, threshold)
    if isinstance(result, (tuple, list)) and len(result) == 2 and isinstance(result[1], Tensor):
        result = (result[0], result[1].float())
    return {"result": result}


def _reference_level_report(kl: Tensor, sizes: tuple, threshold: float) -> tuple[Tensor, Tensor]:
    """Number by number."""
    means = [math.fsum(column) / len(column) for column in kl.t().tolist()]
    nats, working = [], []
    for size in sizes:
        level, means = means[:size], means[size:]
        nats.append(math.fsum(level))
        working.append(float(len([mean for mean in level if mean > threshold])))
    return torch.tensor(nats, dtype=torch.float64), torch.tensor(working, dtype=torch.float64)


def _claims_of_report(values: dict[str, Plain], kl: Tensor, sizes: tuple, threshold: float) -> Iterator[Claim]:
    got = values["result"]
    yield from is_tuple(got, 2)
    yield from is_tensor(got[0], (len(sizes),), kl.dtype, name="nats")
    yield from is_tensor(got[1], (len(sizes),), torch.float32, name="working")
    nats, working = _reference_level_report(kl.double(), sizes, threshold)
    yield Claim("nats should be the mean KLs of each level's own latents, added up", nats, got[0], rounding(nats, kl.dtype))
    yield Claim("working should be how many of each level's own latents have a mean KL above the threshold", working, got[1], 1e-4)


def _cut(kl, sizes):
    return kl.split(list(sizes), 1)


def _report(cut=_cut, nats=lambda part: part.mean(0).sum(), working=lambda part, threshold: (part.mean(0) > threshold).sum()):
    """The right answer, with any one of its steps replaced."""

    def report(kl, sizes, threshold):
        parts = cut(kl, sizes)
        counts = torch.stack([working(part, threshold).to(kl.dtype) for part in parts])
        return torch.stack([nats(part) for part in parts]), counts

    return report


def _reported(change):
    """The right answer, changed at the end."""
    return lambda *arguments: change(*_report()(*arguments))


LEVEL_REPORT = Task(
    name="10.level_report",
    points=1,
    contract="level_report(kl, sizes, threshold) -> (nats, working), what each level costs and how many of its latents are at work: two tensors (levels,).\n"
    "kl: (n, all latents), the KL of each latent for each of n images, in nats; the levels stand side by side, the bottom first.\n"
    "sizes: a tuple of ints, the number of latents of each level, the bottom first; they add up to the columns of kl.\n"
    "nats: of each level, in nats an image (in the dtype of kl). working: the number of its latents whose mean KL over the images is above\n"
    "threshold (a Python float), in any dtype. A level with none is dead.",
    probes=_kls_of_stacks,
    run=_two_figures,
    claims=_claims_of_report,
    mistakes=(
        Mistake(
            _report(nats=lambda part: part.sum()),
            "Your counts are right. Take every image twice: your nats double. Are they nats an image?",
        ),
        Mistake(
            _report(nats=lambda part: part.sum(), working=lambda part, threshold: (part.sum(0) > threshold).sum()),
            "You add up over the images, and ask the sum whether a latent works: with images enough, every one does. What does the threshold speak of?",
        ),
        Mistake(
            _report(nats=lambda part: part.mean()),
            "Your counts are right. Give a level more latents that work as hard: it must cost more. Which axis is averaged, which added up?",
        ),
        Mistake(
            _report(working=lambda part, threshold: (part > threshold).to(part.dtype).sum(1).mean()),
            "Your nats are right. You ask each image for itself whether a latent works, and get fractions of latents. What should come first, the mean or the threshold?",
        ),
        Mistake(
            _report(working=lambda part, threshold: (part > threshold).sum()),
            "Your nats are right. You counted pairs of an image and a latent. What should there be one verdict for?",
        ),
        Mistake(
            _report(working=lambda part, threshold: (part > threshold).any(0).sum()),
            "Your nats are right. One image for which a latent is far from its prior is enough, in yours. Of which figure does the contract ask that it be above the threshold?",
        ),
        Mistake(
            _report(working=lambda part, threshold: (part > threshold).all(0).sum()),
            "Your nats are right. A latent that idles on one image counts as idle, in yours. Of which figure does the contract ask that it be above the threshold?",
        ),
        Mistake(
            _report(working=lambda part, threshold: (part.mean(1) > threshold).sum()),
            "Your nats are right. You count images for which the level is above the threshold on average. Which axis holds the images, and which the latents?",
        ),
        Mistake(
            _report(working=lambda part, threshold: torch.ones_like(part[0]).sum()),
            "Your nats are right. You count all the latents of a level. Which of them are at work?",
        ),
        Mistake(
            _report(working=lambda part, threshold: (part.mean(0) < threshold).sum()),
            "Your nats are right. You counted those that idle. Which are asked for?",
        ),
        Mistake(
            _report(working=lambda part, threshold: (part.mean(0) > threshold).to(part.dtype).mean()),
            "Your nats are right. You give the share of latents that work. What does the contract want: a share, or a number?",
        ),
        Mistake(
            _report(working=lambda part, threshold: (part.mean(0).sum() > threshold) * torch.ones_like(part[0]).sum()),
            "Your nats are right. You ask a level as a whole, and all of its latents work or none does. Of what is the threshold asked?",
        ),
        Mistake(
            _report(working=lambda part, threshold: part.mean(0).sum() > threshold),
            "Your nats are right. You say of each level whether it is above the threshold as a whole. Of what is it asked, and what is to be counted?",
        ),
        Mistake(
            _report(working=lambda part, threshold: (part.mean(0) > threshold).any()),
            "Your nats are right. You say whether any latent of a level is at work. How many are?",
        ),
        Mistake(
            _report(working=lambda part, threshold: ((part - part.mean(0)).square().sum(0) / max(len(part) - 1, 1) > threshold).sum()),
            "Your nats are right. You ask how much a latent's KL varies from image to image. A latent that costs the same on every image, is it idle?",
        ),
        Mistake(
            _report(nats=lambda part: part.mean(), working=lambda part, threshold: (part.mean(0) > threshold).float().mean()),
            "Both of your figures are averages over a level's latents. Give a level twice as many latents that work as hard: what should become of each figure?",
        ),
        Mistake(
            _report(nats=lambda part: part.sum(), working=lambda part, threshold: (part > threshold).sum()),
            "Take every image twice: both of your figures double. Which axis should be gone before anything else happens?",
        ),
        Mistake(
            _report(nats=lambda part: part.mean(1).sum(), working=lambda part, threshold: (part.mean(1) > threshold).sum()),
            "You average over the latents and add up over the images. Which axis holds which?",
        ),
        Mistake(
            _report(nats=lambda part: part.mean(0).sum() / math.log(2)),
            "Your counts are right. In which unit is it asked for: bits, or nats?",
        ),
        Mistake(
            _reported(lambda nats, working: (nats.flip(0), working.flip(0))),
            "All figures are right, from the top down. From where do levels count?",
        ),
        Mistake(_reported(lambda nats, working: (working, nats)), "Both are there. In which order does the contract want them?"),
        Mistake(
            lambda kl, sizes, threshold: (
                torch.stack([part.mean(0).sum() for part in _cut(kl, sizes)]),
                torch.stack([((part.mean(0) > threshold) * part.mean(0)).sum() for part in _cut(kl, sizes)]),
            ),
            "Your nats are right. Your second figure adds up the KLs of the latents at work. What is asked for: how much, or how many?",
        ),
        Mistake(
            lambda kl, sizes, threshold: _report(nats=lambda part: ((part.mean(0) > threshold) * part.mean(0)).sum())(kl, sizes, threshold),
            "Your counts are right. In your nats the idle latents are left out. Does the loss leave them out?",
        ),
        Mistake(
            _report(cut=lambda kl, sizes: kl.tensor_split(len(sizes), 1)),
            "You cut the columns into equal pieces. Which latents belong to which level, and who says so?",
        ),
        Mistake(
            _report(cut=lambda kl, sizes: kl.chunk(len(sizes), 1)),
            "You cut the columns into pieces of one width. Which latents belong to which level, and who says so?",
        ),
        Mistake(
            _report(cut=lambda kl, sizes: [kl[:, :size] for size in sizes]),
            "Every level of yours begins at the first column. Where does the second level begin?",
        ),
        Mistake(
            _report(cut=lambda kl, sizes: [kl[:, start : start + size] for start, size in zip((0, *sizes), sizes, strict=False)]),
            "Right for two levels. With three, the third begins where both of those below it end. Where does yours begin?",
        ),
        Mistake(
            _report(cut=lambda kl, sizes: [kl[:, start:stop] for start, stop in zip((0, *sizes), sizes, strict=False)]),
            "You took the sizes for places: your second level ends at the column with the number of its size. Where does it begin, and how far does it reach from there?",
        ),
        Mistake(
            _report(cut=lambda kl, sizes: _cut(kl, sizes[::-1])),
            "You went through the sizes from the top down, and through the columns from the bottom up. At which end does the bottom level stand, in each of the two?",
        ),
        Mistake(
            _report(
                cut=lambda kl, sizes: [kl[:, sum(sizes) - sum(sizes[: i + 1]) : sum(sizes) - sum(sizes[:i])] for i in range(len(sizes))]
            ),
            "You cut from the right: the bottom level got the last columns. At which end does the bottom level stand?",
        ),
        Mistake(
            _reported(lambda nats, working: (nats.sum(), working.sum())),
            "One figure for the whole stack, in which a dead level can't be seen. How many figures should there be?",
        ),
        Mistake(
            lambda kl, sizes, threshold: (
                torch.stack([part.sum(1) for part in _cut(kl, sizes)], 1),
                torch.stack([(part > threshold).sum(1) for part in _cut(kl, sizes)], 1),
            ),
            "You give a figure for each image. What should be done with the images before anything else?",
        ),
    ),
    hints=(
        "What is asked of a latent is asked of its mean over the images. Take that mean first: everything else happens to a row of numbers, one a latent.",
        "Cut that row into levels by `sizes` (split takes a list of lengths). In each piece: a sum for the nats, a comparison and a count for the latents at work.",
        "The mean over the images first, then split; of each piece a sum, and how many of its entries are above the threshold; torch.stack puts each of the two kinds together.",
    ),
)
