"""Which level works?"""

import torch

from ..engine import averages_over_the_batch, matches, probes_from, relation, slip, task

CUT, NATS, COUNT = "kl.split(list(sizes), 1)", "means.sum()", "(means > threshold).sum()"
# One string a level, the bottom first, with "w" for a latent at work, "." for an idle one, "=" for one that is always at the threshold.
STACKS = {
    (9, "ww.w.", "w..", "w."): "",
    (6, "www", "....."): "with a level that is dead",
    (1, "w.w", "w."): "with a single image",
    (7, "w..w"): "with one level",
    (5, ".", "w", "w"): "with one latent a level",
    (4, "w=w.", "==", "w.="): "with latents that cost the threshold, and no more",
    (7, ".w", "w.w", "..w."): "in float64",
}


def _stacks(draw, n, *levels):
    """Single images lie on the wrong side of the threshold, means never near it, unless they are it."""
    kinds, threshold = "".join(levels), (n + 1) ** 2 / 512
    uneven, more = torch.sigmoid(2 * draw(n, len(kinds))) ** 3 + 0.01, torch.sigmoid(draw(len(kinds)))
    uneven[n // 2] += 2.0
    mean = torch.where(torch.tensor([kind == "w" for kind in kinds]), 1.5 + 5 * more, 0.35 + 0.35 * more)
    kl = threshold * mean * uneven / uneven.mean(0)
    kl[:, [kind == "=" for kind in kinds]] = threshold
    return {"kl": kl, "sizes": tuple(map(len, levels)), "threshold": threshold}


def _two_figures(function, kl, sizes, threshold):
    """The numbers of latents may come in any dtype: they are counts."""
    result = function(kl, sizes, threshold)
    if isinstance(result, (tuple, list)) and len(result) == 2 and isinstance(result[1], torch.Tensor):
        result = (result[0], result[1].to(kl))
    return {"result": result}


def _counted_in_bins(kl, sizes, threshold):
    level_of_each, means = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes)), kl.mean(0)
    return level_of_each.bincount(means), level_of_each.bincount((means > threshold).double())


@task(
    points=0,
    probes=probes_from(_stacks, sizes=STACKS),
    run=_two_figures,
    laws=(
        averages_over_the_batch("kl", question="Take every image twice: should a level cost more, or have other latents at work? Which axis holds the images?"),
        relation(lambda kl, sizes, **_: {"kl": torch.cat([kl, kl], 1), "sizes": sizes + sizes}, lambda part: torch.cat([part, part]), "With the whole stack there twice, side by side, each level should be reported twice", "Where does a level begin among the columns, and where does it end? Who says so?"),
    ),
    keeps=("kl",),
    claims=matches(_counted_in_bins, "Of each level's own latents: the mean KLs added up, and how many of them are above the threshold", parts=("nats", "working")),
    slips=(
        slip(NATS, "level.sum()", "Your counts are right. Take every image twice: your nats double. Are they nats an image?"),
        slip("level.mean(0)", "level.sum(0)", "You add up over the images, and ask the sum whether a latent works: with images enough, every one does. What does the threshold speak of?"),
        slip(NATS, "means.mean()", "Your counts are right. Give a level more latents that work as hard: it must cost more. Which axis is averaged, which added up?"),
        slip(COUNT, "(level > threshold).sum(1).double().mean()", "Your nats are right. You ask each image for itself whether a latent works, and get fractions of latents. What should come first, the mean or the threshold?"),
        slip(COUNT, "(level > threshold).sum()", "Your nats are right. You counted pairs of an image and a latent. What should there be one verdict for?"),
        slip(COUNT, "(level > threshold).any(0).sum()", "Your nats are right. One image for which a latent is far from its prior is enough, in yours. Of which figure does the contract ask that it be above the threshold?"),
        slip(COUNT, "(level > threshold).all(0).sum()", "Your nats are right. A latent that idles on one image counts as idle, in yours. Of which figure does the contract ask that it be above the threshold?"),
        slip(COUNT, "(level.mean(1) > threshold).sum()", "Your nats are right. You count images for which the level is above the threshold on average. Which axis holds the images, and which the latents?"),
        slip(COUNT, "torch.tensor(len(means))", "Your nats are right. You count all the latents of a level. Which of them are at work?"),
        slip("> threshold", "< threshold", "Your nats are right. You counted those that idle. Which are asked for?"),
        *(slip("> threshold", f"> {limit}", f"Your nats are right. You compare with {limit}, whatever the threshold is. Who says what it is?") for limit in (0.01, 0.1)),
        slip("> threshold", ">= threshold", "Your nats are right. A latent whose mean KL is the threshold, and no more: is it above it?"),
        slip(COUNT, "(means > threshold).double().mean()", "Your nats are right. You give the share of latents that work. What does the contract want: a share, or a number?"),
        slip(COUNT, "(means.sum() > threshold) * len(means)", "Your nats are right. You ask a level as a whole, and all of its latents work or none does. Of what is the threshold asked?"),
        slip(COUNT, "means.sum() > threshold", "Your nats are right. You say of each level whether it is above the threshold as a whole. Of what is it asked, and what is to be counted?"),
        slip(COUNT, "(means > threshold).any()", "Your nats are right. You say whether any latent of a level is at work. How many are?"),
        slip(COUNT, "(level.var(0) > threshold).sum()", "Your nats are right. You ask how much a latent's KL varies from image to image. A latent that costs the same on every image, is it idle?"),
        slip({NATS: "means.mean()", COUNT: "(means > threshold).double().mean()"}, "Both of your figures are averages over a level's latents. Give a level twice as many latents that work as hard: what should become of each figure?"),
        slip({NATS: "level.sum()", COUNT: "(level > threshold).sum()"}, "Take every image twice: both of your figures double. Which axis should be gone before anything else happens?"),
        slip("level.mean(0)", "level.mean(1)", "You average over the latents and add up over the images. Which axis holds which?"),
        slip(NATS, "means.sum() / torch.tensor(2.0).log()", "Your counts are right. In which unit is it asked for: bits, or nats?"),
        slip("torch.stack(nats), torch.stack(working)", "torch.stack(nats[::-1]), torch.stack(working[::-1])", "All figures are right, from the top down. From where do levels count?"),
        slip("torch.stack(nats), torch.stack(working)", "torch.stack(working).to(kl.dtype), torch.stack(nats)", "Both are there. In which order does the contract want them?"),
        slip(COUNT, "means[means > threshold].sum()", "Your nats are right. Your second figure adds up the KLs of the latents at work. What is asked for: how much, or how many?"),
        slip(NATS, "means[means > threshold].sum()", "Your counts are right. In your nats the idle latents are left out. Does the loss leave them out?"),
        slip(CUT, "kl.tensor_split(len(sizes), 1)", "You cut the columns into equal pieces. Which latents belong to which level, and who says so?"),
        slip(CUT, "kl.chunk(len(sizes), 1)", "You cut the columns into pieces of one width. Which latents belong to which level, and who says so?"),
        slip(CUT, "[kl[:, :size] for size in sizes]", "Every level of yours begins at the first column. Where does the second level begin?"),
        slip(CUT, "[kl[:, start : start + size] for start, size in zip((0, *sizes), sizes)]", "Right for two levels. With three, the third begins where both of those below it end. Where does yours begin?"),
        slip(CUT, "[kl[:, start:stop] for start, stop in zip((0, *sizes), sizes)]", "You took the sizes for places: your second level ends at the column with the number of its size. Where does it begin, and how far does it reach from there?"),
        slip(CUT, "kl.split(list(sizes[::-1]), 1)", "You went through the sizes from the top down, and through the columns from the bottom up. At which end does the bottom level stand, in each of the two?"),
        slip(CUT, "kl.split(list(sizes[::-1]), 1)[::-1]", "You cut from the right: the bottom level got the last columns. At which end does the bottom level stand?"),
        slip("torch.stack(nats), torch.stack(working)", "sum(nats), sum(working)", "One figure for the whole stack, in which a dead level can't be seen. How many figures should there be?"),
        slip({NATS: "level.sum(1)", COUNT: "(level > threshold).sum(1)", "torch.stack(nats), torch.stack(working)": "torch.stack(nats, 1), torch.stack(working, 1)"}, "You give a figure for each image. What should be done with the images before anything else?"),
        slip({NATS: "level.sum(1)", COUNT: "(level > threshold).sum(1)"}, "You give a figure for each image. What should be done with the images before anything else happens?"),
    ),
    hints=(
        "What is asked of a latent is asked of its mean over the images. Take that mean first: everything else happens to a row of numbers, one a latent.",
        "Cut that row into levels by `sizes` (split takes a list of lengths). In each piece: a sum for the nats, a comparison and a count for the latents at work.",
        "The mean over the images first, then split; of each piece a sum, and how many of its entries are above the threshold; torch.stack puts each of the two kinds together.",
    ),
)
def level_report(kl, sizes, threshold):
    """(nats, working), what each level costs and how many of its latents are at work: two tensors (levels,).

    kl: (n, all latents), the KL of each latent for each of n images, in nats; the levels stand side by side, the bottom first. It is left as it is.
    sizes: a tuple of ints, the number of latents of each level, the bottom first; they add up to the columns of kl.
    nats: of each level, in nats an image (in the dtype of kl). working: the number of its latents whose mean KL over the images is above
    threshold (a Python float), in any dtype. A level with none is dead.
    """
    nats, working = [], []
    for level in kl.split(list(sizes), 1):
        means = level.mean(0)  # over the images
        nats.append(means.sum())
        working.append((means > threshold).sum())
    return torch.stack(nats), torch.stack(working)
