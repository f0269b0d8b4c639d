"""What both levels of a paragraph cost."""

from torch.distributions import Normal, kl_divergence

from ..engine import each_row_for_itself, matches, never_negative, probes_from, slip, task

TOP = "0.5 * (log_var_p.exp() + mu_p**2 - 1 - log_var_p).sum(-1)"


def _levels(draw, n, paragraph, sentences, size):
    top = {"mu_p": draw(n, paragraph), "log_var_p": 0.7 * draw(n, paragraph) - 0.5}
    q = {"mu_s": draw(n, sentences, size), "log_var_s": 0.6 * draw(n, sentences, size) - 0.6}
    return top | q | {"prior_mu": draw(n, sentences, size), "prior_log_var": 0.5 * draw(n, sentences, size)}


def _by_torch(mu_p, log_var_p, mu_s, log_var_s, prior_mu, prior_log_var):
    top = kl_divergence(Normal(mu_p, (log_var_p / 2).exp()), Normal(0.0, 1.0)).sum(-1)
    own = kl_divergence(Normal(mu_s, (log_var_s / 2).exp()), Normal(prior_mu, (prior_log_var / 2).exp()))
    return top, own.sum((-2, -1))


@task(
    points=0,
    probes=probes_from(_levels, sizes={(6, 4, 3, 2): "", (1, 3, 2, 2): "with a single story", (5, 2, 3, 1): "with one number a sentence", (4, 1, 1, 3): "with one sentence"}),
    laws=(
        never_negative("A KL is never negative. Which sign do your terms have where q is wider than its prior?", what="A KL"),
        each_row_for_itself("mu_p", "log_var_p", "mu_s", "log_var_s", "prior_mu", "prior_log_var"),
    ),
    claims=matches(_by_torch, "Each level should cost the KL of its own Gaussians, added up over all that it has", parts=("the paragraph's", "the sentences'"), scale=lambda **_: 40.0),
    slips=(
        slip("ratio + distance - 1 - (log_var_s - prior_log_var)", "log_var_s.exp() + mu_s**2 - 1 - log_var_s", "You measure the sentences' latents from N(0, I). From which Gaussian does p(x, z) expect them, once z_p is drawn?"),
        slip(".sum((-2, -1))", ".sum(-1)", "You have one number for each sentence. What does the whole story pay?"),
        slip(".sum((-2, -1))", ".sum(-1).mean(-1)", "Every sentence pays for itself. Does a story of more sentences pay no more, in yours?"),
        slip(".sum((-2, -1))", ".mean((-2, -1))", "Give each sentence every latent twice: its cost must double. Does yours stay as it is?"),
        slip("/ prior_log_var.exp()", "", "A step away from a narrow prior costs as much as one from a wide prior, in yours. In which unit is it measured?"),
        slip(
            {"(log_var_s - prior_log_var).exp(), (mu_s - prior_mu) ** 2 / prior_log_var.exp()": "(prior_log_var - log_var_s).exp(), (mu_s - prior_mu) ** 2 / log_var_s.exp()", "- 1 - (log_var_s - prior_log_var)": "- 1 - (prior_log_var - log_var_s)"},
            "That is the KL of the prior from q. Whose draws does the ELBO take, and what is measured from what?",
        ),
        slip("return paragraph, own", "return paragraph + own", "The sum is right. Which of the levels costs what? Keep them apart."),
        slip("return paragraph, own", "return own, paragraph", "Both are right. In which order are they asked for?"),
    ),
    hints=(
        "Two levels, two KLs. The paragraph's is the one that you know; the sentences' is measured from another Gaussian.",
        "A number of a sentence costs ½(log s² − log σ² + (σ² + (μ − m)²)/s² − 1), with m and s² of its prior. Add up over numbers and sentences.",
    ),
)
def two_level_kl(mu_p, log_var_p, mu_s, log_var_s, prior_mu, prior_log_var):
    """(paragraph, sentences), what each level costs, in nats a story, each (batch,).

    mu_p, log_var_p: (batch, paragraph_size), of q(z_p|x), beside p(z_p) = N(0, I). mu_s, log_var_s: (batch, sentences, sentence_size), of
    q(z_s|z_p, x_s), beside p(z_s|z_p) with prior_mu and prior_log_var of the same shape, at one draw of z_p.
    """
    paragraph = 0.5 * (log_var_p.exp() + mu_p**2 - 1 - log_var_p).sum(-1)
    ratio, distance = (log_var_s - prior_log_var).exp(), (mu_s - prior_mu) ** 2 / prior_log_var.exp()
    own = 0.5 * (ratio + distance - 1 - (log_var_s - prior_log_var)).sum((-2, -1))
    return paragraph, own
