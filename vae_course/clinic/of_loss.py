"""Then the loss: which multiple of the reconstruction and of the KL does it minimise, and are its terms what they are called?"""

from __future__ import annotations

from .record import Finding
from .subject import Subject
from .taken_apart import EXACT, FEW, rounded, weights_of

ASTRAY = 0.05  # of what there is to gain from telling images apart; dropout or masks of its own move three hundredths at most


def arithmetic(subject: Subject) -> tuple[str, list[Finding]]:
    """Sums or means, signs, and the KL's weight."""
    weights = weights_of(subject)
    if weights is None:
        return "could not be taken apart", []
    n, latents = subject.pixels, subject.latents
    a, b = weights.reconstruction, weights.kl
    if 1.7 < weights.doubled < 2.3 and abs(a) > 2:
        a, b = a / FEW, b / FEW
    told = f"about {rounded(a)} · reconstruction" + (f" {'−' if b < -1e-3 else '+'} {rounded(abs(b))} · KL" if subject.variational else "")
    found = []
    if weights.squashed or weights.left > EXACT:  # a total correlation, dropout of its own: what the KL counts is not known well then
        return f"not made of the two alone ({weights.left:.1%} is left)", []
    if abs(a) < 1e-9:
        return told, [
            Finding(
                "reconstruction forgotten", a, "The loss does not change with the reconstruction.", "the sum that backward is called on"
            )
        ]
    beta = b / a
    if a < 0:
        found.append(
            Finding(
                "wrong sign", a, f"The loss has the reconstruction with a minus ({rounded(a)} times −log p).", "minimise −log p(x|z) + KL"
            )
        )
    elif not subject.variational:
        return told, found
    elif beta < -0.02:
        found.append(
            Finding(
                "wrong sign",
                beta,
                f"The KL counts {rounded(beta)} times as much as the reconstruction: it is paid for.",
                "the sign of the KL",
            )
        )
    elif 0.4 < a * n < 2.5 and beta > 8:
        shown = (
            f"A nat of reconstruction counts {rounded(a)}, about 1/{n} (1/pixels), and a nat of KL {rounded(b)}: in effect β = {beta:.0f}."
        )
        found.append(
            Finding(
                "reconstruction averaged over pixels",
                beta,
                shown,
                "the reduction of the reconstruction: sum over pixels, mean over the batch",
            )
        )
    elif abs(beta) < 0.003:
        shown = f"The KL counts {rounded(beta)} times as much as the reconstruction: it is not in the sum that is minimised."
        found.append(Finding("KL forgotten", beta, shown, "whether the total is reconstruction + KL"))
    elif beta < 0.06:
        shown = f"The KL counts {rounded(beta)} times as much as the reconstruction, {1 / beta:.0f} times too little."
        found.append(Finding("KL weight too small", beta, shown, f"β, and whether the KL is averaged over its {latents} latents"))
    elif beta > 20 or (beta > 6 and subject.useless):
        shown = f"The KL counts {beta:.3g} times as much as the reconstruction."
        found.append(Finding("KL weight too large", beta, shown, "β, and whether one of the two terms is a mean where the other is a sum"))
    elif weights.of_kl is not None and latents > 2 and abs(weights.of_kl * latents - 1) < 0.1 and abs(beta * latents - 1) < 0.2:
        found.append(Finding("KL averaged over latents", beta, f"The KL is 1/{latents} of what it should be.", "the sum over latents"))
    return told, found


def formulas(subject: Subject) -> tuple[str, list[Finding]]:
    """Are the terms that it reports those of its own q and p?"""
    weights = weights_of(subject)
    if weights is None or (weights.of_reconstruction is None and weights.of_kl is None and weights.mistaken is None):
        return "no terms to compare", []
    told, found = [], []
    if weights.of_reconstruction is not None:
        told.append(f"reconstruction {rounded(weights.of_reconstruction)} of −log p(x|z)")
    if weights.of_kl is not None and subject.variational:
        told.append(f"KL {rounded(weights.of_kl)} of KL(q ‖ p)")
    if weights.squashed:
        shown = "The loss's reconstruction is what the decoder's probabilities cost when they are taken for logits."
        found.append(
            Finding("sigmoid twice", weights.of_reconstruction or 0.0, shown, "the likelihood: logits go in, or probabilities, not both")
        )
    elif weights.astray > ASTRAY * subject.span:
        shown = f"Beside the same z, the loss's reconstruction and −log p(x|z) lie up to {weights.astray:.0f} nats apart."
        where = "whether the decoder sees x by another way than z (skip connections), and which images the loss compares"
        found.append(Finding("reconstruction is not that of decode", weights.astray, shown, where))
    where = "the formula: ½ Σ (μ² + σ² − 1 − log σ²), and what σ is"
    if subject.variational and weights.mistaken is not None:
        shown = f"The loss's KL is that of a Gaussian of variance {weights.mistaken}, where q has σ²."
        found.append(Finding("KL is not that of q", weights.of_kl or 0.0, shown, where + ": exp(½ log σ²), not exp(log σ²)"))
    elif subject.variational and weights.of_kl is not None and (weights.of_kl < -0.02 or weights.kl_varies > 0.3):
        varies = f"this changes from weights to weights by {weights.kl_varies:.0%}"
        shown = f"The KL that the loss reports is {rounded(weights.of_kl)} times KL(q ‖ p), and {varies}."
        found.append(Finding("KL is not that of q", weights.of_kl, shown, where))
    return ", ".join(told), found
