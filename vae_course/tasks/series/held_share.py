"""How often a band holds what it says."""

import torch

from ..engine import matches, probes_from, slip, task, unchanged

LOW, HIGH = "drawn.quantile((1 - share) / 2, dim=0)", "drawn.quantile((1 + share) / 2, dim=0)"
INSIDE = "(truth >= low) & (truth <= high)"
HIDDEN = "inside[~seen].double().mean().item()"


def bands(draw, k, n, steps, share):
    """Draws that are skewed, so that a mean and a standard deviation say something else; a truth that lies wider; gaps of unequal size."""
    centre = draw(n, steps)
    drawn = centre + (0.8 * draw(k, n, steps)).exp()
    truth = centre + (1.3 * draw(n, steps)).exp()
    seen = torch.arange(steps) >= 1 + (torch.arange(n) % steps).unsqueeze(1)
    return {"drawn": drawn, "truth": torch.where(seen, centre + 1.2, truth), "seen": seen, "share": share}


def reference(drawn, truth, seen, share):
    """By counting: how many draws lie below. Where a quantile falls between two draws, the line between them."""
    ordered = drawn.sort(0).values
    inside = []
    for towards in (-1, 1):
        at = (1 + towards * share) / 2 * (len(drawn) - 1)
        below = int(at)
        edge = torch.lerp(ordered[below], ordered[min(below + 1, len(drawn) - 1)], at - below)
        inside.append(towards * (edge - truth) >= 0)
    return (inside[0] & inside[1])[~seen].double().mean().item()


@task(
    points=1,
    probes=probes_from(bands, sizes={(60, 40, 8, 0.8): "", (41, 30, 6, 0.5): "with a band of one half", (100, 25, 9, 0.9): "", (50, 60, 5, 0.7): ""}),
    laws=(unchanged(lambda truth, seen, **_: {"truth": torch.where(seen, truth + 9.0, truth)}, "With other values where they were seen", "Steps that were seen count in yours. What was to be foretold there?"),),
    claims=matches(reference, "The share of hidden steps whose truth lies between the two quantiles"),
    slips=(
        slip(HIDDEN, "inside.double().mean().item()", "Steps that were seen count in yours. What was to be foretold there?"),
        slip(HIDDEN, "inside[seen].double().mean().item()", "You count the steps that were seen, and no others. Where is there anything to foretell?"),
        slip({LOW: "drawn.quantile(1 - share, dim=0)", HIGH: "drawn.quantile(share, dim=0)"}, "Your band leaves out 1 − share at each of its two ends. How much does it hold, then?"),
        slip({LOW: "drawn.amin(0)", HIGH: "drawn.quantile(share, dim=0)"}, "Your band leaves all of 1 − share above, and nothing below. How much should lie on either side?"),
        slip({LOW: "drawn.quantile(1 - share, dim=0)", HIGH: "drawn.amax(0)"}, "Your band leaves all of 1 − share below, and nothing above. How much should lie on either side?"),
        slip({LOW: "drawn.quantile(0.1, dim=0)", HIGH: "drawn.quantile(0.9, dim=0)"}, "Your band is one of 80 %, whatever was asked for. Where does `share` come in?"),
        slip(HIDDEN, "100 * inside[~seen].double().mean().item()", "That is in percent. Between which two numbers does the contract want a share?"),
        slip({LOW: "drawn.amin(0)", HIGH: "drawn.amax(0)"}, "Your band reaches from the lowest draw to the highest one, whatever was asked for. Where does `share` come in?"),
        slip({LOW: "drawn.quantile(share / 2, dim=0)", HIGH: "drawn.quantile(1 - share / 2, dim=0)"}, "Your band leaves out half of `share` at each end: what is asked to be inside is outside. How much should lie on either side?"),
        slip(LOW, "drawn.amin(0)", "Your band begins at the lowest of all draws. How much may lie below it?"),
        slip({LOW: "drawn.mean(0) - torch.special.ndtri(torch.tensor((1 + share) / 2)) * drawn.std(0)", HIGH: "drawn.mean(0) + torch.special.ndtri(torch.tensor((1 + share) / 2)) * drawn.std(0)"}, "Mean and standard deviation give the band of a bell. These draws are skewed: what do you have that needs no bell?"),
        slip({LOW: "drawn.mean(0) - drawn.std(0)", HIGH: "drawn.mean(0) + drawn.std(0)"}, "Mean ± one standard deviation: where does `share` come in?"),
        slip(INSIDE, "truth <= high", "You ask whether the truth lies below the upper end alone. How many ends has a band?"),
        slip(HIDDEN, "(~inside[~seen]).double().mean().item()", "That is how often the truth lies outside. What was asked for?"),
        slip(HIDDEN, "((inside & ~seen).sum(1) / (~seen).sum(1)).double().mean().item()", "You take each series' share, and then the mean of these: a gap of one step counts as much as one of ten. What is counted here, series or steps?"),
        slip(HIDDEN, "(inside | seen).all(1).double().mean().item()", "You ask that the whole gap lie in the band. A band is made step by step: of what does it promise its share?"),
        slip({LOW: "drawn.flatten().quantile((1 - share) / 2)", HIGH: "drawn.flatten().quantile((1 + share) / 2)"}, "One band for all steps of all series. Along which axis do the draws of one step lie?"),
        slip(HIDDEN, "(inside & ~seen).double().mean().item()", "You divide by all steps, and count only the hidden ones. How many could have been inside?"),
    ),
    hints=(
        "A band of 80 % leaves a tenth below and a tenth above. Which quantiles are that for any share?",
        "tensor.quantile(q, dim=0) takes the quantile over the draws, for each step of each series. Then ask of each truth whether it lies between the two.",
        "Choose the hidden steps with the mask before you take the mean, so that each of them counts once.",
    ),
)
def held_share(drawn, truth, seen, share):
    """How often the truth lies in the band that should hold it: a Python float from 0 to 1.

    drawn: (draws, n, steps), what is foretold, with its noise. truth: (n, steps). seen: (n, steps), booleans; only steps that were not seen count,
    each of them once, and there is one or more. share: what the band should hold, 0 to 1. The band of a step lies between the quantiles of its draws
    that leave equally much below and above.
    """
    low = drawn.quantile((1 - share) / 2, dim=0)
    high = drawn.quantile((1 + share) / 2, dim=0)
    inside = (truth >= low) & (truth <= high)
    return inside[~seen].double().mean().item()
