"""A draw from a Gaussian that leans, with a gradient to all of its parameters."""

import torch
from scipy.stats import norm

from ..engine import Claim, Probe, distributed_as, is_tensor, slip, task, unrelated

DRAWS = 4000
SIGMAS = 6.0
NEW_EACH_TIME = "Is the noise drawn anew at each call and for each row, or does the same noise serve twice?"


def gaussians(seed):
    """A few means and lower triangles, drawn from many times."""
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(n, d, draws, note="", dtype=torch.float32):
        numbers = torch.randn(n, d + 1, d, generator=generator, dtype=torch.float64)
        square = numbers[:, 1:]
        scale_tril = 1.5 * square.tril(-1) + torch.diag_embed((0.5 * square.diagonal(dim1=1, dim2=2)).exp())
        return Probe({"mu": numbers[:, 0].to(dtype), "scale_tril": scale_tril.to(dtype), "draws": draws}, seed + 31 * n + d, note)

    return [one(2, 3, DRAWS), one(1, 4, 1, "with a batch of one"), one(3, 1, DRAWS, "with one latent"), one(2, 2, DRAWS, "in float64", torch.float64)]


def drawn(function, mu, scale_tril, draws):
    """Draw from each row `draws` times in one call, ask for the gradient of the sum of all draws, and draw twice more."""
    mu, scale_tril = (value.repeat_interleave(draws, 0).requires_grad_() for value in (mu, scale_tril))
    z = function(mu, scale_tril)
    found = {"z": z}
    if isinstance(z, torch.Tensor) and z.shape == mu.shape:
        ways = torch.autograd.grad(z.sum(), (mu, scale_tril), allow_unused=True) if z.requires_grad else (None, None)
        found |= {"by_mu": ways[0], "by_scale_tril": ways[1], "again": function(mu, scale_tril), "and_again": function(mu, scale_tril)}
    return found


def claims(values, mu, scale_tril, draws):
    """Mean and covariance, the distribution once L is undone, independence, and where gradients go."""
    n, d = mu.shape
    z = values["z"]
    yield from is_tensor(z, (n * draws, d), mu.dtype, name="z")
    mean, triangle = (value.double().repeat_interleave(draws, 0) for value in (mu, scale_tril))

    def noise_of(draw):
        return torch.linalg.solve_triangular(triangle, (draw.double() - mean).unsqueeze(-1), upper=False).squeeze(-1)

    noise = noise_of(z)
    if draws > 1:
        rows = noise.reshape(n, draws, d)
        error = SIGMAS / draws**0.5
        yield Claim("z should have mean μ: the mean of L⁻¹(z − μ)", torch.zeros(n, d), rows.mean(1), error)
        covariance = torch.einsum("nki,nkj->nij", rows, rows) / draws
        yield Claim("z should have covariance LLᵀ: that of L⁻¹(z − μ) should be the identity", torch.eye(d).expand(n, d, d), covariance, error * 2**0.5)
        yield distributed_as(noise, norm.cdf, "z should be Gaussian: L⁻¹(z − μ) should be N(0, I)")
        half = len(noise) // 2
        yield unrelated(noise[1:], noise[:-1], "each row should have noise of its own: neighbours", question=NEW_EACH_TIME)
        yield unrelated(noise[:half], noise[half : 2 * half], "each row should have noise of its own: the halves of a batch", question=NEW_EACH_TIME)
        yield unrelated(noise_of(values["again"]), noise_of(values["and_again"]), "Two calls should have nothing in common", question=NEW_EACH_TIME)
    same = torch.equal(values["again"], values["and_again"])
    yield Claim("Two calls one after another should differ", "they differ", "they are the same" if same else "they differ", question=NEW_EACH_TIME)
    for name in ("by_mu", "by_scale_tril"):
        yield Claim(f"What a gradient from z reaches: {name[3:]}", "reached", "not reached" if values[name] is None else "reached")
    if values["by_mu"] is None or values["by_scale_tril"] is None:
        return
    yield Claim("∂z/∂μ of a draw should be the identity; all of it, on average", 1.0, values["by_mu"].double().mean(), 1e-5)
    steps = noise.unsqueeze(1).expand_as(triangle).tril()
    slope = (values["by_scale_tril"].double().tril() * steps).sum() / steps.square().sum()
    yield Claim("∂z_i/∂L_ij of a draw should be ε_j; their ratio", 1.0, slope, 1e-4)


@task(
    points=2,
    probes=gaussians,
    run=drawn,
    random=True,
    claims=claims,
    slips=(
        slip("(scale_tril @ epsilon.unsqueeze(-1)).squeeze(-1)", "(epsilon.unsqueeze(1) @ scale_tril).squeeze(1)", "Your covariance is LᵀL. On which side of ε does L stand, if z − μ = Lε for a column ε?"),
        slip("scale_tril @ epsilon.unsqueeze(-1)", "scale_tril @ scale_tril.mT @ epsilon.unsqueeze(-1)", "You multiplied by the covariance. What is the covariance of Aε, and which A gives LLᵀ?"),
        slip("(scale_tril @ epsilon.unsqueeze(-1)).squeeze(-1)", "scale_tril.diagonal(dim1=1, dim2=2) * epsilon", "Your latents are independent: only the diagonal of L is used. What do the other numbers do?"),
        slip("return mu", "return torch.distributions.MultivariateNormal(mu, scale_tril=scale_tril).sample()\n    return mu", "The draws are right, and no gradient gets through. Which of the library's two ways of drawing did you take?"),
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
