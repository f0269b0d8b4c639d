"""A draw that lets the gradient through."""

import torch
from scipy.stats import norm

from ..engine import Claim, Mistake, Probe, distributed_as, is_tensor, slip, task, unrelated

DRAWS = 4000
SIGMAS = 6.0  # how many standard errors a right answer may be off: one in 10⁹ fails by chance
NEW_EACH_TIME = "Is the noise drawn anew at each call and for each row, or does the same noise serve twice?"


def gaussians(seed):
    """A few rows each, drawn from many times."""
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(n, d, draws, note="", dtype=torch.float32, spread=1.0):
        mu, log_var = torch.randn(2, n, d, generator=generator, dtype=torch.float64).to(dtype)
        return Probe({"mu": mu, "log_var": spread * log_var, "draws": draws}, seed + 31 * n + d, note)

    return [
        one(3, 2, DRAWS),
        one(1, 4, 1, "with a batch of one"),
        one(2, 1, DRAWS, "with one latent"),
        one(2, 3, DRAWS, "with small and large variances", spread=4.0),
        one(2, 2, DRAWS, "in float64", torch.float64),
    ]


def drawn(function, mu, log_var, draws):
    """Draw from each row `draws` times in one call, and ask how the draws depend on μ and log σ²; then draw twice more."""
    mu, log_var = (value.repeat_interleave(draws, 0).requires_grad_() for value in (mu, log_var))
    z = function(mu, log_var)
    found = {"z": z}
    if isinstance(z, torch.Tensor) and z.shape == mu.shape:
        ways = torch.autograd.grad(z.sum(), (mu, log_var), allow_unused=True) if z.requires_grad else (None, None)
        found |= {"by_mu": ways[0], "by_log_var": ways[1], "again": function(mu, log_var), "and_again": function(mu, log_var)}
    return found


def claims(values, mu, log_var, draws):
    """The moments, the distribution, independence in every direction, and where gradients go."""
    n, d = mu.shape
    z = values["z"]
    yield from is_tensor(z, (n * draws, d), mu.dtype, name="z")
    undefined = int(z.isnan().sum())
    yield Claim("z has entries that are NaN", "none", f"{undefined} of {z.numel()}" if undefined else "none", kind="contract")
    mean, sigma = (value.double().repeat_interleave(draws, 0) for value in (mu, torch.exp(log_var.double() / 2)))
    noise = ((z.double() - mean) / sigma).reshape(n, draws, d)
    if draws > 1:
        error = SIGMAS / draws**0.5
        yield Claim("z should have mean μ: the mean of (z − μ)/σ", torch.zeros(n, d), noise.mean(1), error)
        yield Claim("z should have standard deviation σ: the root mean square of (z − μ)/σ", torch.ones(n, d), noise.square().mean(1).sqrt(), error)
        yield Claim("z should be Gaussian: the mean of ((z − μ)/σ)⁴", 3 * torch.ones(n, d), noise.pow(4).mean(1), error * 96**0.5)
        yield distributed_as(noise, norm.cdf, "z should be Gaussian, (z − μ)/σ should be N(0, 1)")
        latents = torch.einsum("nki,nkj->nij", noise, noise) / draws
        yield Claim("each latent should have noise of its own: the correlations", torch.eye(d).expand(n, d, d), latents, error * 2**0.5)
        rows = (noise[:, 1:] * noise[:, :-1]).mean(1)
        yield Claim("each row should have noise of its own: the correlation of neighbours", torch.zeros(n, d), rows, error)
        flat = noise.reshape(-1, d)
        half = len(flat) // 2
        yield unrelated(flat[:half], flat[half : 2 * half], "each row should have noise of its own: the halves of a batch", question=NEW_EACH_TIME)
        one, other = ((values[name].double() - mean) / sigma for name in ("again", "and_again"))
        yield unrelated(one, other, "Two calls should have nothing in common", question=NEW_EACH_TIME)
    same = torch.equal(values["again"], values["and_again"])
    yield Claim("Two calls one after another should differ", "they differ", "they are the same" if same else "they differ", question=NEW_EACH_TIME)
    by_mu, by_log_var = values["by_mu"], values["by_log_var"]
    yield Claim("What a gradient from z reaches: mu", "reached", "not reached" if by_mu is None else "reached")
    yield Claim("What a gradient from z reaches: log_var", "reached", "not reached" if by_log_var is None else "reached")
    if by_mu is None or by_log_var is None:
        return
    yield Claim("∂z/∂μ of a draw should be 1; on average", 1.0, by_mu.double().mean(), 1e-5)
    off = z.double() - mean
    ratio = (by_log_var.double() * off).sum() / off.square().sum()
    yield Claim("∂z/∂(log σ²) of a draw should be ½(z − μ); their ratio", 0.5, ratio, 1e-4)


@task(
    points=0,
    probes=gaussians,
    run=drawn,
    random=True,
    claims=claims,
    slips=(
        slip("0.5 * log_var", "log_var", "Draw with log_var = log 4. Your draws spread by 4. Which power of exp(log_var) is σ?"),
        slip("torch.exp(0.5 * log_var)", "log_var", "At log_var = 0 your draws don't spread at all. What is σ there?"),
        slip(
            "torch.exp(0.5 * log_var)",
            "torch.exp(0.5 * log_var)\n    return torch.distributions.Normal(mu, sigma).sample()",
            "The draws are right, and the encoder never hears of it: no gradient reaches mu. Where in your line does the chain of operations end?",
        ),
        slip(
            "torch.exp(0.5 * log_var)",
            "torch.exp(0.5 * log_var)\n    return torch.normal(mu, sigma)",
            "The draws are right, and a gradient of 0 reaches mu and log_var: torch.normal is a plain draw. How would you make the same z from a draw that knows nothing of them?",
        ),
        slip(" * epsilon", "", "Call it twice: the same z. Which symbol of z = μ + σ·ε is missing?"),
        slip(" + sigma * epsilon", "", "You return the mean. An autoencoder does that; where does a draw get its spread from?"),
        slip("torch.randn_like(mu)", "torch.randn(mu.shape[1], dtype=mu.dtype)", "All examples of a batch got the same noise. Which shape should ε have?"),
        slip("torch.randn_like(mu)", "torch.randn(1)", "A single number is the noise of the whole batch. Which shape should ε have?"),
        slip("torch.randn_like(mu)", "torch.randn(len(mu), 1, dtype=mu.dtype)", "All latents of an example move together. Which shape should ε have?"),
        slip("torch.randn_like", "torch.rand_like", "Your noise is never negative. Which distribution does the name of your random function stand for?"),
        slip("torch.exp(0.5 * log_var)", "torch.exp(0.5 * log_var).detach()", "The gradient reaches mu, and not log_var: the encoder couldn't learn how sure to be. What cuts σ off?"),
        slip(
            "epsilon = torch.randn_like(mu)",
            "torch.manual_seed(0)\n    epsilon = torch.randn_like(mu)",
            "Every call draws the same noise. Is it drawn anew each time, or kept, or does somebody reseed the generator? What would training see?",
        ),
        slip("mu + sigma * epsilon", "sigma * (mu + epsilon)", "σ multiplies μ too, in yours. At σ → 0 the draw should go to μ: where does yours go?"),
        slip({"0.5 * log_var": "log_var", "torch.randn_like": "torch.rand_like"}, "Your noise is never negative, and at log_var = log 4 it reaches up to 4. Which distribution should it have, and which power of exp(log_var) is σ?"),
    ),
    programs=(Mistake(lambda mu, log_var: torch.exp(0.5 * log_var) * torch.randn_like(mu), "Your draws lie around 0, wherever μ is. What is added to the noise?"),),
    hints=(
        "Put the randomness where no parameter lives: draw ε from N(0, I), which depends on nothing, and compute z from it.",
        "z = μ + σ·ε. You are handed log σ². Half of it is log σ.",
        "Draw ε with the shape, dtype and device of mu (torch.randn_like does all three), take σ = exp(½ log_var), and put the three together.",
    ),
)
def reparameterise(mu, log_var):
    """z, one draw a row from N(mu, exp(log_var)), through which gradients reach mu and log_var.

    mu, log_var: (batch, latent_size). Result: the same shape and dtype. New noise at each call.
    """
    epsilon = torch.randn_like(mu)
    sigma = torch.exp(0.5 * log_var)
    return mu + sigma * epsilon
