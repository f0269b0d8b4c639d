"""What the KL is made of."""

import torch

from ..engine import Claim, Probe, is_tensor, is_tuple, probes_from, rounding, slip, task, unchanged

PARTS = ("information", "total correlation", "dimension-wise KL")
SIZES = {(7, 3): "", (1, 3): "with a single image", (4, 1): "with a first latent that has one value", (6, 5): ""}
THIRDS = torch.full((3,), 1 / 3)
SAME = Probe({"q1": torch.eye(3), "q2": torch.eye(3), "p1": torch.tensor([0.25, 0.25, 0.5]), "p2": THIRDS}, note="with two latents that say the same, without noise")
ZEROS = Probe({"q1": torch.eye(3), "q2": torch.eye(2)[[0, 0, 1]], "p1": THIRDS, "p2": torch.tensor([0.5, 0.5])}, note="with probabilities of 0")


def encoders(draw, n, d):
    """Probabilities of two latents with d and d + 1 values, and priors."""
    q1, q2 = torch.softmax(2 * draw(n, d), 1), torch.softmax(2 * draw(n, d + 1), 1)
    return {"q1": q1, "q2": q2, "p1": torch.softmax(0.5 * draw(d), 0), "p2": torch.softmax(0.5 * draw(d + 1), 0)}


def entropy(p):
    """In nats."""
    return torch.special.entr(p).sum()


def claims(values, q1, q2, p1, p2):
    """From entropies alone: no logarithm of a ratio is taken. And the three add up to the rate."""
    got = values["result"]
    yield from is_tuple(got, 3)
    for name, one in zip(PARTS, got, strict=True):
        yield from is_tensor(one, (), q1.dtype, name=f"the {name}")
    q1, q2, p1, p2 = (table.double() for table in (q1, q2, p1, p2))
    both, one, other = q1.t() @ q2 / len(q1), q1.mean(0), q2.mean(0)
    given_x = (entropy(q1) + entropy(q2)) / len(q1)
    crossed = -one @ p1.log() - other @ p2.log()
    expected = (entropy(both) - given_x, entropy(one) + entropy(other) - entropy(both), crossed - entropy(one) - entropy(other))
    room = rounding(1.0, torch.float32, scale=5.0)  # for a small number added inside a logarithm, whatever the dtype
    total = sum(part.double() for part in got)
    yield Claim("The three should add up to the mean over images of KL(q(z|x) ‖ p(z))", crossed - given_x, total, room)
    for name, ours, part in zip(PARTS, expected, got, strict=True):
        yield Claim(f"The {name} should be what its definition gives", ours, part, room)


@task(
    points=2,
    probes=probes_from(encoders, sizes=SIZES, more=(SAME, ZEROS)),
    laws=(unchanged(lambda q1, q2, p1, p2: {"q1": torch.cat([q1, q1]), "q2": torch.cat([q2, q2])}, "With every image listed twice", "List every image twice: nothing should change. Which part of yours is a sum over images, and should be a mean?"),),
    claims=claims,
    slips=(
        slip("given_x.mean(0)", "torch.outer(q1.mean(0), q2.mean(0))", "Your q(z) is the product of q(z₁) and q(z₂), so there is nothing for the total correlation to see. z₁ and z₂ are independent for one image: are they for the mixture of all?"),
        slip("kl(given_x, together) / len(q1)", "(kl(q1, first) + kl(q2, second)) / len(q1)", "You add what z₁ tells of x and what z₂ tells of x. If both say the same, is it said twice?"),
        slip("kl(given_x, together) / len(q1)", "(kl(q1, p1) + kl(q2, p2)) / len(q1)", "Your information is measured from the prior: that is the whole KL, which the three are to share. From what is it measured in the definition?"),
        slip(" / len(q1)", "", "List every image twice: the information must stay. Yours doubles. Is it a sum over images, or a mean?"),
        slip("kl(together, torch.outer(first, second))", "q1.new_zeros(())", "For each image z₁ and z₂ are independent, and yours is 0. Of which distribution is the total correlation taken?"),
        slip("kl(together, torch.outer(first, second))", "kl(torch.outer(first, second), together)", "Your total correlation is measured the other way round. Which of the two tables is the average taken under?"),
        slip("kl(first, p1) + kl(second, p2)", "kl(together, torch.outer(p1, p2))", "Your third part is KL(q(z) ‖ p(z)), all of it. The total correlation is in there, too, and is counted twice. Which distributions does the definition compare?"),
        slip("kl(first, p1) + kl(second, p2)", "kl(p1, first) + kl(p2, second)", "Your third part starts from the prior. In KL(q ‖ p), which of the two is the average taken under?"),
        slip("(torch.xlogy(q, q) - torch.xlogy(q, p)).sum()", "(q * (q / p).log()).sum()", "Right, but for probabilities of 0: there 0 · log 0 comes up, or 0/0 inside the logarithm. What does a value that never occurs add to a KL?"),
        slip("(torch.xlogy(q, q) - torch.xlogy(q, p)).sum()", "torch.xlogy(q, q / p).sum()", "Right, but where a value never occurs for any image: your ratio is 0/0 there. Can the two logarithms be taken apart?"),
        slip("torch.xlogy(q, p)).sum()", "torch.xlogy(q, p)).sum() / torch.tensor(2.0, dtype=q.dtype).log()", "The proportions are right. In which unit is it asked for: bits, or nats?"),
    ),
    hints=(
        "Make three tables first: q(z|x) of shape (n, a, b), from the product of q1 and q2 for each image; its mean over images; and the outer product of q1.mean(0) and q2.mean(0).",
        "Then all three parts are KLs between tables, and one function Σ q log(q/p) does them all. torch.xlogy(q, p) is q log p, and 0 where q is 0.",
        'einsum("na,nb->nab", q1, q2) gives the table for each image. information: Σ over it against its mean, divided by n. Check that the three add up to the rate.',
    ),
)
def split_rate(q1, q2, p1, p2):
    """(information, total_correlation, dimension_wise), in nats, three tensors of shape ().

    An encoder with two latents that take a few values each. q1: (n, a) and q2: (n, b) hold, for each of n equally likely images, the probabilities of
    the values of z₁ and z₂, independent given x. p1: (a,) and p2: (b,) are the prior, all positive. q1 and q2 may hold zeros.
    With q(z) the mean over images of q(z|x): information = mean of KL(q(z|x) ‖ q(z)), total_correlation = KL(q(z) ‖ q(z₁)q(z₂)),
    dimension_wise = KL(q(z₁) ‖ p₁) + KL(q(z₂) ‖ p₂).
    """

    def kl(q, p):
        return (torch.xlogy(q, q) - torch.xlogy(q, p)).sum()

    given_x = torch.einsum("na,nb->nab", q1, q2)  # q(z1, z2 | x), one table an image
    together = given_x.mean(0)  # q(z1, z2): no product any more
    first, second = q1.mean(0), q2.mean(0)
    information = kl(given_x, together) / len(q1)
    total_correlation = kl(together, torch.outer(first, second))
    return information, total_correlation, kl(first, p1) + kl(second, p2)
