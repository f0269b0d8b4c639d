"""A draw that lets the gradient through."""

import torch

from ..cases.draws import DRAWS, claims_of_draws, drawn
from ..engine import probes_from, slip, task

SIZES = {(3, 2, DRAWS, 1): "", (1, 4, 1, 1): "with a batch of one", (2, 1, DRAWS, 1): "with one latent", (2, 3, DRAWS, 4): "with very small and very large variances", (2, 2, DRAWS, 1): "in float64"}


@task(
    points=0,
    probes=probes_from(lambda draw, n, d, draws, spread: {"mu": draw(n, d), "log_var": spread * draw(n, d), "draws": draws}, sizes=SIZES),
    run=drawn,
    random=True,
    claims=claims_of_draws(lambda z, mu, log_var: (z - mu) / (log_var / 2).exp(), "(z − μ)/σ", lambda z, mu, log_var: (z - mu) / 2, "∂z/∂(log σ²) of a draw should be ½(z − μ)"),
    slips=(
        slip("0.5 * log_var", "log_var", "Draw with log_var = log 4. Your draws spread by 4. Which power of exp(log_var) is σ?"),
        slip("torch.exp(0.5 * log_var)", "log_var", "At log_var = 0 your draws don't spread at all. What is σ there?"),
        slip("return mu", "return torch.distributions.Normal(mu, sigma).sample()\n    return mu", "The draws are right, and the encoder never hears of it: no gradient reaches mu. Where in your line does the chain of operations end?"),
        slip("return mu", "return torch.normal(mu, sigma)\n    return mu", "The draws are right, and a gradient of 0 reaches mu and log_var: torch.normal is a plain draw. How would you make the same z from a draw that knows nothing of them?"),
        slip(" * epsilon", "", "Call it twice: the same z. Which symbol of z = μ + σ·ε is missing?"),
        slip(" + sigma * epsilon", "", "You return the mean. An autoencoder does that; where does a draw get its spread from?"),
        slip("torch.randn_like(mu)", "torch.randn(mu.shape[1], dtype=mu.dtype)", "All examples of a batch got the same noise. Which shape should ε have?"),
        slip("torch.randn_like(mu)", "torch.randn(1)", "A single number is the noise of the whole batch. Which shape should ε have?"),
        slip("torch.randn_like(mu)", "torch.randn(len(mu), 1, dtype=mu.dtype)", "All latents of an example move together. Which shape should ε have?"),
        slip("torch.randn_like", "torch.rand_like", "Your noise is never negative. Which distribution does the name of your random function stand for?"),
        slip("torch.exp(0.5 * log_var)", "torch.exp(0.5 * log_var).detach()", "The gradient reaches mu, and not log_var: the encoder couldn't learn how sure to be. What cuts σ off?"),
        slip("epsilon =", "torch.manual_seed(0)\n    epsilon =", "Every call draws the same noise. Is it drawn anew each time, or kept, or does somebody reseed the generator? What would training see?"),
        slip("mu + ", "", "Your draws lie around 0, wherever μ is. What is added to the noise?"),
        slip("mu + sigma * epsilon", "sigma * (mu + epsilon)", "σ multiplies μ too, in yours. At σ → 0 the draw should go to μ: where does yours go?"),
        slip({"0.5 * log_var": "log_var", "torch.randn_like": "torch.rand_like"}, "Your noise is never negative, and at log_var = log 4 it reaches up to 4. Which distribution should it have, and which power of exp(log_var) is σ?"),
    ),
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
