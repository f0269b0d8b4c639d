"""A draw from a Gaussian that leans, with a gradient to all of its parameters."""

import torch

from ..cases.draws import DRAWS, claims_of_draws, drawn
from ..engine import probes_from, slip, task


def gaussians(draw, n, d, draws):
    return {"mu": draw(n, d), "scale_tril": 1.5 * draw(n, d, d).tril(-1) + torch.diag_embed((0.5 * draw(n, d)).exp()), "draws": draws}


def noise_of(z, mu, scale_tril):
    return torch.linalg.solve_triangular(scale_tril, (z - mu).unsqueeze(-1), upper=False).squeeze(-1)


def slope_of(z, mu, scale_tril):
    return noise_of(z, mu, scale_tril).unsqueeze(1).expand_as(scale_tril).tril()


@task(
    points=1,
    probes=probes_from(gaussians, sizes={(2, 3, DRAWS): "", (1, 4, 1): "with a batch of one", (3, 1, DRAWS): "with one latent", (2, 2, DRAWS): "in float64"}),
    run=drawn,
    random=True,
    claims=claims_of_draws(noise_of, "L⁻¹(z − μ)", slope_of, "∂z_i/∂L_ij of a draw should be ε_j"),
    slips=(
        slip("(scale_tril @ epsilon.unsqueeze(-1)).squeeze(-1)", "(epsilon.unsqueeze(1) @ scale_tril).squeeze(1)", "Your covariance is LᵀL. On which side of ε does L stand, if z − μ = Lε for a column ε?"),
        slip("scale_tril @ epsilon.unsqueeze(-1)", "scale_tril @ scale_tril.mT @ epsilon.unsqueeze(-1)", "You multiplied by the covariance. What is the covariance of Aε, and which A gives LLᵀ?"),
        slip("(scale_tril @ epsilon.unsqueeze(-1)).squeeze(-1)", "scale_tril.diagonal(dim1=1, dim2=2) * epsilon", "Your latents are independent: only the diagonal of L is used. What do the other numbers do?"),
        slip("return mu", "return torch.distributions.MultivariateNormal(mu, scale_tril=scale_tril).sample()\n    return mu", "The draws are right, and no gradient gets through. Did you take that one of the library's two ways of drawing which cuts it off, or cut it off yourself?"),
        slip("return mu + (", "return (", "Your draws lie around 0, wherever μ is. What is added to the noise?"),
        slip("(scale_tril @", "(scale_tril.detach() @", "The gradient reaches mu, and not scale_tril: an encoder couldn't learn how its posterior leans. What cuts L off?"),
        slip("return mu +", "return mu.detach() +", "The gradient reaches scale_tril, and not mu. What cuts it off?"),
        slip("torch.randn_like(mu)", "torch.randn(mu.shape[1], dtype=mu.dtype).expand_as(mu)", "All examples of a batch got the same noise. Which shape should ε have?"),
        slip("torch.randn_like(mu)", "torch.randn(len(mu), 1, dtype=mu.dtype).expand_as(mu)", "One number is the noise of all latents of an example. How many independent numbers does a draw in d dimensions need?"),
        slip("torch.randn_like", "torch.rand_like", "Your noise is never negative. Which distribution does the name of your random function stand for?"),
        slip("epsilon = torch.randn_like(mu)", "torch.manual_seed(0)\n    epsilon = torch.randn_like(mu)", "Every call draws the same noise. Is it drawn anew each time, or kept, or does somebody reseed the generator?"),
        slip("return mu + (scale_tril @ epsilon.unsqueeze(-1)).squeeze(-1)", "return (scale_tril @ (mu + epsilon).unsqueeze(-1)).squeeze(-1)", "L multiplies μ too, in yours. With L → 0 the draw should go to μ: where does yours go?"),
    ),
    hints=(
        "One dimension: z = μ + σ·ε. In more, σ becomes a matrix A with AAᵀ = LLᵀ, and ε a vector of independent numbers.",
        "The covariance of Aε is A·cov(ε)·Aᵀ = AAᵀ. So A may be L itself: z = μ + Lε, for each row of the batch.",
        "L is (batch, d, d): make ε a column with unsqueeze(-1), multiply by matrices with @, and squeeze the column away again.",
    ),
)
def correlated_draw(mu, scale_tril):
    """z, one draw a row from N(mu, LLᵀ), with L = scale_tril, through which gradients reach mu and scale_tril.

    mu: (batch, latent_size). scale_tril: (batch, latent_size, latent_size), lower triangles with a positive diagonal.
    Result: the shape and dtype of mu. New noise at each call.
    """
    epsilon = torch.randn_like(mu)
    return mu + (scale_tril @ epsilon.unsqueeze(-1)).squeeze(-1)
