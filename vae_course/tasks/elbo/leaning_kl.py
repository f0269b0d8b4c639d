"""The KL from a Gaussian that leans (full covariance) to N(0, I)."""

import torch
from torch.distributions import MultivariateNormal, kl_divergence

from ..engine import Probe, each_row_for_itself, finite_far_out, matches, never_negative, probes_from, relation, slip, symmetric_in, task

ROUND = Probe({"mu": torch.tensor([[1.0, 2.0]]), "scale_tril": torch.eye(2).unsqueeze(0)}, note="with L the identity")
STRETCHED = Probe({"mu": torch.zeros(1, 2), "scale_tril": torch.tensor([[[1e-6, 0.0], [3.0, 1e4]]])}, note="with very narrow and very wide directions")

TERM_BY_TERM = "With L = I and μ = 0 the KL is 0. Change one thing at a time from there: which term goes astray, the trace, |μ|², the number of latents, or the log-determinant?"


@task(
    points=1,
    probes=probes_from(lambda draw, n, d: {"mu": draw(n, d), "scale_tril": 0.5 * draw(n, d, d).tril(-1) + torch.diag_embed((0.5 * draw(n, d)).exp())}, more=(ROUND, STRETCHED)),
    laws=(
        finite_far_out(),
        never_negative(what="A KL"),
        symmetric_in("mu"),
        relation(lambda mu, scale_tril: {"mu": torch.cat([mu, mu], 1), "scale_tril": torch.kron(torch.eye(2), scale_tril)}, lambda result: 2 * result, "With all latents there twice, your result should double", "What in yours is counted once for all latents, or averaged?"),
        each_row_for_itself("mu", "scale_tril"),
    ),
    run=lambda function, mu, scale_tril: {"result": function(mu, scale_tril.tril())},  # above the diagonal no gradient is asked for: L is a triangle
    gradients=("mu", "scale_tril"),
    claims=matches(
        lambda mu, scale_tril: kl_divergence(MultivariateNormal(mu, scale_tril=scale_tril), MultivariateNormal(0 * mu, torch.eye(mu.shape[1], dtype=mu.dtype))),
        "Your KL should be the one torch.distributions computes for MultivariateNormal",
        scale=lambda mu, scale_tril: (mu**2).sum(1) + (scale_tril**2).sum((1, 2)) + mu.shape[1],
        question=lambda mu, scale_tril: "" if scale_tril.max() > 1000 else TERM_BY_TERM,
    ),
    slips=(
        slip("(scale_tril**2).sum((1, 2))", "(diagonal**2).sum(1)", "Let L lean further, with the same diagonal: the Gaussian gets longer. Which numbers of L does your trace leave out?"),
        slip("(scale_tril**2).sum((1, 2))", "scale_tril.sum((1, 2))", "The trace of LLᵀ is a sum of squares. Put 2·I in for L: what are the variances, and what do you add up?"),
        slip("(scale_tril**2).sum((1, 2))", "diagonal.sum(1)", "That is the trace of L. The variances of N(μ, LLᵀ) stand where?"),
        slip("2 * diagonal.log().sum(1)", "diagonal.log().sum(1)", "log det of LLᵀ, with det L on the way: how many factors of L are there?"),
        slip("2 * diagonal.log().sum(1)", "(diagonal**2).log().sum(1) * 2", "The determinant of LLᵀ is (det L)². Is it squared once too often in yours?"),
        slip("- 2 * diagonal", "+ 2 * diagonal", "Let the Gaussian shrink to a point. Its KL must grow without bound: which way does your log term go?"),
        slip("- latent_size - ", "- ", "Give it N(0, I) itself: the KL is 0. What is left over in yours?"),
        slip("- latent_size - ", "- 1 - ", "With one latent you are right. How many ones does the trace of the identity hold?"),
        slip("0.5 * (trace", "(trace", "Move μ by 1 with L = I: the KL is ½. Which factor stands before the bracket?"),
        slip("0.5 * (trace", "-0.5 * (trace", "A KL is never negative. What sign does yours have far away from N(0, I)?"),
        slip("(mu**2).sum(1)", "mu.sum(1)", "Flip the sign of μ. By symmetry the KL must stay as it is: does yours?"),
        slip("(mu**2).sum(1)", "(mu**2).mean(1)", "How far μ is from 0 is a sum over latents, as the trace is. What did you take?"),
        slip("(mu**2).sum(1)", "mu.norm(dim=1)", "Move μ twice as far from 0: its term must become four times as large. Is yours the length of μ, or its square?"),
        slip("(mu**2).sum(1)", "0", "Move μ away from 0: yours stays as it is. Which term says how far the Gaussian is from the origin?"),
        slip(
            {"diagonal = scale_tril.diagonal(dim1=1, dim2=2)": "diagonal = scale_tril.diagonal(dim1=1, dim2=2).sqrt()", "(scale_tril**2).sum((1, 2))": "scale_tril.diagonal(dim1=1, dim2=2).sum(1)"},
            "You took L for the covariance. With one latent and L = 2: what is the variance, and what are its trace and its determinant?",
        ),
        slip(
            "trace + (mu**2).sum(1) - latent_size - 2 * diagonal.log().sum(1)",
            "(torch.linalg.inv(scale_tril) @ torch.cat([torch.eye(latent_size, dtype=mu.dtype).expand_as(scale_tril), mu.unsqueeze(2)], 2)).square().sum((1, 2)) - latent_size + 2 * diagonal.log().sum(1)",
            "That is KL(p ‖ q), with N(0, I) as the one under which the average is taken. Which of the two stands first in KL(q ‖ p)?",
        ),
        slip("diagonal.log()", "diagonal", "The log-determinant is a sum of logarithms. Which function is missing?"),
    ),
    hints=(
        "For any two Gaussians KL = ½(tr(Σ_p⁻¹Σ_q) + (μ_p − μ_q)ᵀΣ_p⁻¹(μ_p − μ_q) − d + log det Σ_p − log det Σ_q). Most of it is gone when p = N(0, I).",
        "What stays is ½(tr Σ + |μ|² − d − log det Σ) with Σ = LLᵀ. The trace of LLᵀ is the sum of all squared numbers in L.",
        "A triangle's determinant is the product of its diagonal, so log det LLᵀ = 2 Σ log L_ii. No matrix needs to be inverted.",
    ),
)
def leaning_kl(mu, scale_tril):
    """KL(N(mu, LLᵀ) ‖ N(0, I)) in nats, with L = scale_tril.

    mu: (batch, latent_size). scale_tril: (batch, latent_size, latent_size), lower triangles with a positive diagonal.
    Result: one number a row, (batch,), in the dtype of mu.
    """
    latent_size = mu.shape[1]
    diagonal = scale_tril.diagonal(dim1=1, dim2=2)
    trace = (scale_tril**2).sum((1, 2))
    return 0.5 * (trace + (mu**2).sum(1) - latent_size - 2 * diagonal.log().sum(1))
