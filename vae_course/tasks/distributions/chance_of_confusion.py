"""When are two encodings mistaken for each other?"""

import torch
from torch.distributions import Normal

from ..engine import each_row_for_itself, matches, probes_from, slip, task, unchanged


def reference(mu_0, mu_1, sigma):
    """‖z − μ₁‖² − ‖z − μ₀‖² is Gaussian, too, and the chance is that of its being negative."""
    return Normal((mu_1 - mu_0).square().sum(-1), 2 * sigma * (mu_1 - mu_0).norm(dim=-1)).cdf(torch.zeros(()))


@task(
    points=1,
    probes=probes_from(lambda draw, n, d: {"mu_0": draw(n, d), "mu_1": draw(n, d), "sigma": draw(()).abs() + 0.4}),
    laws=(
        unchanged(lambda mu_0, mu_1, sigma: {"mu_0": mu_1, "mu_1": mu_0}, "With the two means exchanged", "From μ₁ it is as far to μ₀ as back. Where does yours prefer one of the two?"),
        unchanged(lambda mu_0, mu_1, sigma: {"mu_0": 3 * mu_0, "mu_1": 3 * mu_1, "sigma": 3 * sigma}, "In other units (everything three times as large)", "A chance has no unit. Which of your quantities is a length, and which a squared length?"),
        each_row_for_itself("mu_0", "mu_1"),
    ),
    claims=matches(reference, "The probability should be the mass of the Gaussian beyond the plane half way"),
    slips=(
        slip("(2 * sigma)", "sigma", "You ask for draws beyond μ₁ itself. From where on is a draw nearer to μ₁?"),
        slip("-distance", "distance", "Move the two far apart. The chance should go to 0: where does yours go?"),
        slip("(2 * sigma)", "(2 * sigma**2)", "At σ = 1 you are right. A distance is compared with a spread in the same unit: σ, or σ²?"),
        slip("-distance", "-(distance**2)", "The distance is squared. In how many units of σ is the plane half way from μ₀?"),
        slip(".norm(dim=-1)", ".abs().sum(-1)", "With one latent you are right. How long is the straight way from μ₀ to μ₁ with more of them?"),
        slip({"(mu_1 - mu_0).norm(dim=-1)": "(mu_1 - mu_0).abs()", "torch.special.ndtr(-distance / (2 * sigma))": "torch.special.ndtr(-distance / (2 * sigma)).prod(-1)"}, "You ask for every latent to cross over. How many planes lie between two points?"),
        slip("return torch", "return 2 * torch", "At distance 0 your chance is 1. Draws on the far side of μ₀, away from μ₁: are they confused, too?"),
        slip("(2 * sigma)", "(2 * 2**0.5 * sigma)", "That is the spread of a difference of two draws. Only one point is drawn here, the other is a mean. How wide is one draw?"),
    ),
    hints=(
        "Nearer to μ₁ means beyond the plane half way between the two. Only the coordinate along μ₁ − μ₀ matters.",
        "Along that line a draw is N(0, σ²) around μ₀, and the plane lies at half the distance.",
        "1 − Φ(‖μ₁ − μ₀‖/(2σ)). Normal(0, 1).cdf is Φ.",
    ),
)
def chance_of_confusion(mu_0, mu_1, sigma):
    """The probability that a draw from N(mu_0, sigma² I) lies nearer to mu_1 than to mu_0.

    mu_0, mu_1: (batch, latent_size). sigma: a tensor of shape (), the same for all. Result: (batch,).
    """
    distance = (mu_1 - mu_0).norm(dim=-1)
    return torch.special.ndtr(-distance / (2 * sigma))
