"""What bytes cost under a mixture of discretised logistics."""

import math

import torch
from scipy.special import log_expit

from ..engine import Claim, Law, Mistake, Probe, each_row_for_itself, finite_far_out, matches, never_negative, probes_from, slip, sums_over, task, unchanged
from ..engine.probes import DOUBLE

ALL = ("x", "logits", "mean", "log_scale")
SIZES = {(4, 5, 3): "", (1, 3, 2): "with a single picture", (5, 1, 4): "with one number a picture", (3, 2, 1): "with one bell", (4, 3, 2): DOUBLE}
INSIDE, WHERE = "below + above + torch.log(-torch.expm1(-narrow))", "torch.where(level == 0, below, torch.where(level == 255, above, inside))"
MIXED, WEIGHTS = "(logits.log_softmax(2) + log_p).logsumexp(2)", "logits.log_softmax(2)"
DIFFERENCE = "upper.sigmoid() - lower.sigmoid()"
FAR_OFF = "Right, until a byte lies far from every bell. What is left of a difference of two sigmoids that are both all but 0, or both all but 1? Can you get its logarithm without the difference?"
IN_THE_TAILS = "Some byte lies far from every bell. What does its mass come to in floats, and what is left of the logarithm? Can you get the logarithm of each factor by itself?"
OPEN_ENDS = "Add up the probabilities of all 256 levels of a byte: is it 1? Let a centre lie at −40. Who is to have what a bell has below level 0, or beyond 255?"
WHOLE_PICTURE = "You choose one bell for all numbers of a picture. By which number is a bell chosen, and what becomes of independent numbers' probabilities?"


def bytes_and_bells(draw, n, d, k):
    """Some bytes stand at the ends; centres are multiples of 1/16, so that a byte less a centre is exact in any precision, and some lie outside."""
    centre = (128 + 60 * draw(n, d, k)).clamp(-10, 265)
    x = (centre.mean(-1) + 15 * draw(n, d)).round().clamp(0, 255).long()
    x[0, 0], x[-1, -1] = 0, 255
    return {"x": x, "logits": 1.2 * draw(n, d, k) + 0.5, "mean": (16 * centre).round() / 16, "log_scale": 3.3 + 0.4 * draw(n, d, k).clamp(-2, 2)}


def far_out(x, mean, log_scale, note, dtype=torch.float32):
    mean, log_scale = (torch.tensor(each, dtype=dtype).view(1, 1, -1) for each in (mean, log_scale))
    levels = torch.tensor(x).view(-1, 1)
    logits = torch.linspace(-0.5, 0.5, mean.shape[2], dtype=dtype).expand(len(levels), 1, -1).clone()
    return Probe({"x": levels, "logits": logits, "mean": mean.repeat(len(levels), 1, 1), "log_scale": log_scale.repeat(len(levels), 1, 1)}, note=note)


FAR_OUT = (
    # a number is taken to be impossible at some 12, 18, 28 and 37 nats, by habit: there is a byte on each side of these
    far_out([40, 60, 80, 100, 120, 160, 180, 205, 230], [130.0, 138.0], [1.0, 1.2], "with bytes far from both centres"),
    far_out([1, 90, 128, 200, 254], [128.0, 120.0], [-1.0, -0.5], "with bells narrower than a level, far away"),
    far_out([0, 3, 254, 255], [-2000.0, 3000.0], [2.0, 1.0], "with centres far outside"),
    far_out([0, 7, 255], [100.0, 200.0], [7.5, 7.0], "with very wide bells"),
    far_out([0, 99, 100, 101, 255], [100.0, 100.25], [-7.0, -6.0], "in float64, with very narrow bells", dtype=torch.float64),
)


def by_the_nearer_tail(x, logits, mean, log_scale):
    """Each bell turned so that the byte lies in its upper tail, where the masses beyond both edges are subtracted as logarithms; the rest is the library's."""
    level, scale = x.unsqueeze(-1).double(), log_scale.exp()
    side = torch.where(level >= mean, 1.0, -1.0)
    near = torch.from_numpy(log_expit(-((side * (level - mean) - 0.5) / scale).detach().numpy()))
    far = torch.from_numpy(log_expit(-((side * (level - mean) + 0.5) / scale).detach().numpy()))
    inner = near + torch.log(-torch.expm1(far - near))
    # at an end, all beyond the inner edge belongs to the level, whichever tail that edge lies in
    bottom = torch.from_numpy(log_expit(((0.5 - mean) / scale).detach().numpy()))
    top = torch.from_numpy(log_expit((-(254.5 - mean) / scale).detach().numpy()))
    log_p = inner.where((level > 0) & (level < 255), bottom.where(level == 0, top))
    return -torch.distributions.Categorical(logits=logits).logits.add(log_p).logsumexp(-1).sum(1)


def _add_up(values, derived, /, **_):
    yield Claim("The probabilities of all 256 levels of one number add up to", 1.0, derived["result"].double().neg().exp().sum().item(), 1e-4, question=OPEN_ENDS)


def _every_level(probe):
    """The last picture's last number, which lies at an end, with each of the 256 levels in its place."""
    spread = {name: probe.arguments[name][-1:, -1:].repeat(256, 1, 1) for name in ALL[1:]}
    return Probe({"x": torch.arange(256).view(256, 1), **spread}, probe.seed, note="every level of one number")


def asked(x, mean, log_scale, **_):
    far = ((x.unsqueeze(2) - mean).abs() / log_scale.exp()).amin(2).max() > 12
    return IN_THE_TAILS if far else "Take one number and one bell: between which edges does the level's cell lie, and what share of the bell lies there? Then the bells, then the numbers: what is added to what, and where do logarithms come in?"


def by_the_density_in_the_tails(x, logits, mean, log_scale, width=1.0):
    """As many programs have it: the difference where it is not tiny, the density at the level elsewhere."""
    level, narrow = x.unsqueeze(2), (-log_scale).exp()
    upper, lower = (level - mean + 0.5) * narrow, (level - mean - 0.5) * narrow
    middle = (level - mean) * narrow
    difference = upper.sigmoid() - lower.sigmoid()
    density = middle - log_scale - 2 * torch.nn.functional.softplus(middle) + math.log(width)
    inside = torch.where(difference > 1e-5, difference.clamp(min=1e-12).log(), density)
    log_p = torch.where(level == 0, torch.nn.functional.logsigmoid(upper), torch.where(level == 255, torch.nn.functional.logsigmoid(-lower), inside))
    return -(logits.log_softmax(2) + log_p).logsumexp(2).sum(1)


@task(
    points=2,
    probes=probes_from(bytes_and_bells, sizes=SIZES, more=FAR_OUT),
    laws=(
        sums_over("numbers", *ALL, axis=1),
        each_row_for_itself(*ALL),
        unchanged(lambda logits, **_: {"logits": logits + 10.0}, "With 10 added to all logits", "Add 10 to all logits of a number. What makes of them the shares of the bells, which add up to 1?"),
        unchanged(lambda x, mean, **_: {"x": 255 - x, "mean": 255 - mean}, "With black and white exchanged, x and the centres both", "Exchange black and white: a bell is as high on its left as on its right. From where to where does the cell of a level reach, and are both ends treated alike?"),
        Law(_add_up, _every_level),
        never_negative("A probability is at most 1, so no byte costs less than nothing. Is yours a mass, or a density?", what="A cost of bytes"),
        finite_far_out(IN_THE_TAILS),
    ),
    gradients=("logits", "mean", "log_scale"),
    claims=matches(by_the_nearer_tail, "−log of the bells' masses on the level, mixed number by number, in nats a picture", question=asked),
    slips=(
        slip(WHERE, "inside", OPEN_ENDS),
        slip("torch.where(level == 255, above, inside)", "inside", "Level 0 has all that lies below it, and what lies beyond 255 is lost in yours. Who is to have it?"),
        slip({"(away + 0.5)": "(away + 1)", "(away - 0.5)": "away"}, "Put a bell's centre on a level: your next lower one is as likely as this. From where to where does a level's cell reach?"),
        slip({"(away + 0.5)": "(away + 0.5 / 255)", "(away - 0.5)": "(away - 0.5 / 255)", "expm1(-narrow)": "expm1(-narrow / 255)"}, "Your cells are 1/255 wide, as for pixels in [0, 1]. In which units do x and mean stand here?"),
        slip({"x.unsqueeze(2)": "(x / 255).unsqueeze(2)", "(away + 0.5)": "(away + 0.5 / 255)", "(away - 0.5)": "(away - 0.5 / 255)", "expm1(-narrow)": "expm1(-narrow / 255)", "== 255": ">= 1"}, "You brought x to [0, 1] and left the bells where they were. In which units do mean and scale stand here?"),
        slip(INSIDE, "(away * narrow) - log_scale - 2 * torch.nn.functional.softplus(away * narrow)", "Inside, yours is the density at the level. A bell narrower than a level makes it greater than 1. What share of the bell lies nearer to this level than to any other?"),
        slip(WHERE, "(away * narrow) - log_scale - 2 * torch.nn.functional.softplus(away * narrow)", "Yours is the logistic's density. A bell narrower than a level makes it greater than 1, and what lies beyond the ends is lost. What is the probability of a level?"),
        slip(INSIDE, "below + above", "You multiply the mass below the upper edge by that above the lower edge, as if the two were independent. Let a bell get wide: which share of it can one level have?"),
        slip(INSIDE, f"torch.log({DIFFERENCE})", FAR_OFF),
        *(slip(INSIDE, f"torch.log({DIFFERENCE} + {least})", FAR_OFF) for least in ("1e-8", "1e-12")),
        *(slip(INSIDE, f"torch.log(({DIFFERENCE}).clamp(min={least}))", FAR_OFF) for least in ("1e-8", "1e-12")),
        *(slip(MIXED, f"(({WEIGHTS} + log_p).exp().sum(2){small}).log()", "Right, until all bells' masses are 0 to the computer. Which function adds up what is known by its logarithm?") for small in ("", " + 1e-10")),
        slip("(-log_scale).exp()", "log_scale.exp()", "The wider a bell should be, the narrower is yours. What is the distance from the centre divided by?"),
        slip("(-log_scale).exp()", "(-log_scale).exp() * (math.pi / 3**0.5)", "You took exp(log_scale) for a standard deviation, as on the page. What does the contract say that it is?"),
        slip(WEIGHTS, "logits", "Add 10 to all logits: your costs fall. What makes of them shares that add up to 1?"),
        slip(WEIGHTS, "logits.softmax(2)", "The shares are there, and beside a logarithm of a mass stands no logarithm of a share. What becomes of a product?"),
        slip(WEIGHTS, "logits.log_softmax(1)", "Your shares add up to 1 over the numbers of a picture. Among what is a bell chosen?"),
        slip(MIXED, "(logits.softmax(2) * log_p).sum(2)", "You average logarithms of masses: one bell that holds the byte impossible rules all. What is averaged when bells are mixed?"),
        slip(MIXED, "(log_p.logsumexp(2) - math.log(logits.shape[2]))", "All bells count alike in yours. What do the logits say?"),
        slip("logsumexp(2).sum(1)", "sum(1).logsumexp(1)", WHOLE_PICTURE),
        slip("logsumexp(2)", "amax(2)", "You take the bell that explains a byte best, and leave what the others give to it. Which sum is it the greatest term of?"),
        slip("logsumexp(2).sum(1)", "logsumexp(2).mean(1)", "Each number there twice: a picture costs twice as much. A mean, or a sum?"),
        slip("return -", "return ", "A likelier byte costs more, in yours. Which sign has a cost?"),
        slip(".sum(1)", ".sum(1) / math.log(2)", "Those are bits. What does the contract count in?"),
    ),
    programs=(Mistake(by_the_density_in_the_tails, "Where the difference is tiny you take the density at the level. That is near the mass for a bell wider than a level; what of a narrow one, where the density falls e-fold many times within the cell? Is there a form without a difference?"),),
    hints=(
        "One bell and one byte first. The mass in its cell is sigmoid(upper) − sigmoid(lower). Level 0 keeps sigmoid(upper) alone, level 255 keeps 1 − sigmoid(lower), which is sigmoid(−lower).",
        "Write both sigmoids as fractions and put them on one denominator: the difference is sigmoid(upper) · sigmoid(−lower) · (1 − exp(lower − upper)). upper − lower is 1 over the scale, however far off the byte lies.",
        "torch.nn.functional.logsigmoid for two of the three factors, torch.log(-torch.expm1(…)) for the third; torch.where for the ends. Then log-shares to it, logsumexp over the bells, a sum over the numbers.",
    ),
)
def logistic_mixture_nats(x, logits, mean, log_scale):
    """−log P(x) of each picture in nats: (n,), in the dtype of mean.

    x: (n, d), integers 0 … 255, the d numbers of each picture. Every number has k bells of its own: logits, mean, log_scale are (n, d, k). Its
    probability is the mixture of its bells' masses with the shares softmax(logits); given all these, numbers are independent.
    A bell is the logistic with the distribution function sigmoid((t − mean) / exp(log_scale)), mean and scale in levels, as x is. Level x has the mass
    from x − ½ to x + ½; level 0 also all below, level 255 also all above. Right also for bytes thousands of scales away from every centre.
    """
    level, narrow = x.unsqueeze(2), (-log_scale).exp()
    away = level - mean
    upper, lower = (away + 0.5) * narrow, (away - 0.5) * narrow
    below, above = torch.nn.functional.logsigmoid(upper), torch.nn.functional.logsigmoid(-lower)
    inside = below + above + torch.log(-torch.expm1(-narrow))
    log_p = torch.where(level == 0, below, torch.where(level == 255, above, inside))
    return -(logits.log_softmax(2) + log_p).logsumexp(2).sum(1)
