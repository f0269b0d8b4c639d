"""The training loss of two levels, with a price that rises and bits that are free."""

import torch

from ..engine import Probe, averages_over_the_batch, matches, probes_from, relation, slip, task

OWN = "kl_s.mean(0).clamp(min=free)"
# So little that it is below what is free of whatever it is added up over.
SILENT = Probe(
    {"reconstruction": torch.tensor([20.0, 22.0, 21.0, 19.0]), "kl_p": torch.tensor([[0.05, 0.025], [0.1, 0.05], [0.0, 0.075], [0.05, 0.05]]), "kl_s": 0.001 * torch.arange(24.0).view(4, 3, 2), "price": 0.75, "free": 0.5},
    note="where the latents say next to nothing",
)


def _terms(draw, n, paragraph, sentences, size):
    free = 0.35
    kl_s = free * torch.exp(0.5 * draw(n, sentences, size))
    kl_s[..., ::2, :] = 0.3 * kl_s[..., ::2, :]  # below what is free on average, though not on each story
    kl_s[0] = 3 * kl_s[0]
    return {"reconstruction": 20 + draw(n), "kl_p": torch.exp(0.7 * draw(n, paragraph) - 1), "kl_s": kl_s, "price": 0.25 + 0.1 * n, "free": free}


def _number_by_number(reconstruction, kl_p, kl_s, price, free):
    total = reconstruction.sum() / len(reconstruction)
    for column in kl_p.T:
        total = total + price * column.sum() / len(column)
    for column in kl_s.flatten(1).T:
        own = column.sum() / len(column)
        total = total + price * (own if own > free else torch.full_like(own, free))
    return total


@task(
    points=2,
    probes=probes_from(_terms, sizes={(6, 4, 3, 2): "", (2, 3, 2, 2): "with two stories", (5, 2, 3, 1): "with one number a sentence", (4, 1, 4, 3): ""}, more=(SILENT,)),
    laws=(
        averages_over_the_batch("reconstruction", "kl_p", "kl_s"),
        relation(lambda reconstruction, **_: {"reconstruction": reconstruction + 4}, lambda part: part + 4, "With words that cost 4 nats more, the loss should be 4 nats more", "The price is that of a nat of KL. What else does yours multiply?"),
    ),
    gradients=("reconstruction", "kl_p", "kl_s"),
    claims=matches(_number_by_number, "Words in full, and both KLs at the price, where each number of a sentence counts `free` nats at the least", scale=lambda **_: 40.0),
    slips=(
        slip(OWN, "kl_s.clamp(min=free).mean(0)", "You let each story have its free nats by itself. A number that says much of one story and nothing of the rest: what does the contract compare with `free`?"),
        slip(f"{OWN}.sum()", "kl_s.mean(0).sum(-1).clamp(min=free).sum()", "Each sentence has one allowance, in yours. Has a sentence one number, or several?"),
        slip(f"{OWN}.sum()", "kl_s.mean(0).sum().clamp(min=free)", "All numbers of all sentences share one allowance, in yours. Of what does each number count `free` nats at the least?"),
        slip(f"{OWN}.sum()", "kl_s.mean(0).sum(0).clamp(min=free).sum()", "You add the sentences up before you compare with `free`, so that they share what is free. Who has an allowance of its own?"),
        slip(OWN, "(kl_s.sum(0).clamp(min=free) / len(kl_s))", "You compare a sum over stories with `free`: the larger the batch, the less is free. In which unit is `free` given?"),
        slip(f"{OWN}.sum()", "(kl_s.mean((0, 1)).clamp(min=free) * kl_s.shape[1]).sum()", "You average over the sentences before you compare with `free`: one that says much makes up for one that says nothing. What does each number of *each* sentence count?"),
        slip("price * (own + kl_p.mean(0).sum())", "(price * kl_s.mean(0)).clamp(min=free).sum() + price * kl_p.mean(0).sum()", "At a price of 0 yours still charges what is free. Which comes first, the price or the comparison with `free`?"),
        slip(OWN, "(kl_s.mean(0) + free)", "Every number pays `free` nats more than it says. What should one pay that says much?"),
        slip(f"{OWN}.sum()", "kl_s.mean(0).clamp(min=free).mean()", "A mean over the numbers of the sentences. What does a story pay that has twice as many?"),
        slip("kl_p.mean(0).sum()", "kl_p.mean()", "A mean over the numbers of the paragraph. What does a story pay that has twice as many?"),
        slip("price * (own", "-price * (own", "The more the latents say, the lower your loss. Which sign has a price?"),
        slip("price * (own", "(1 - price) * (own", "Yours is full at the beginning, and falls to 0. At which price does a nat cost its full loss?"),
        slip(f"{OWN}.sum()", "kl_s.mean(0).sum().clamp(min=free * kl_s[0].numel())", "You compare the sum with all that is free: a number that says much makes up for one that says nothing. What does *each* number count?"),
        slip("price * (own + kl_p.mean(0).sum())", "price * (kl_s.mean(0).sum() + kl_p.mean(0).sum()).clamp(min=free)", "Both levels together share one allowance, in yours. Whose numbers have one, and how many are these?"),
        slip(OWN, "torch.where(kl_s.mean(0) > free, kl_s.mean(0), 0.0)", "A number below `free` counts nothing, and one just above it all at once. What does the contract count below?"),
        slip(OWN, "(kl_s.mean(0) - free).clamp(min=0)", "You take the free nats off. Then a number above `free` costs less than its KL. What does the contract count there?"),
        slip(OWN, "kl_s.mean(0)", "Nothing is free. What is `free` for?"),
        slip(OWN, "kl_s.mean(0).clamp(max=free)", "You count `free` nats at the *most*. On which side of it is a nat for nothing?"),
        slip("kl_p.mean(0).sum()", "kl_p.mean(0).clamp(min=free).sum()", "The paragraph's latent has free nats as well, in yours. Does it need any, when nothing else can say what sentences share?"),
        slip("price * (own + kl_p.mean(0).sum())", "own + price * kl_p.mean(0).sum()", "The sentences pay in full, and only the paragraph's price rises: that is the silent twin of the page. Which KLs does the contract price?"),
        slip("price * (own + kl_p.mean(0).sum())", "price * own + kl_p.mean(0).sum()", "The paragraph pays in full, and only the sentences' price rises. Which KLs does the contract price?"),
        slip("price * (own + kl_p.mean(0).sum())", "own + kl_p.mean(0).sum()", "That is the loss once the price has risen to 1. What is `price` for?"),
        slip("reconstruction.mean()", "reconstruction.sum()", "Take every story twice: what the words cost doubles. Which is it, a sum or a mean?"),
        slip("reconstruction.mean()", "reconstruction.mean() * price", "You price the words, too. Of what is it the price?"),
    ),
    hints=(
        "Three parts: words, the paragraph's KL, the sentences' KLs. First the mean over stories of each number's KL, then all else.",
        "Of each number of each sentence: its mean KL over the stories, or `free` if that is more. Add all numbers up, both levels, times the price; the words in full.",
    ),
)
def priced_loss(reconstruction, kl_p, kl_s, price, free):
    """The training loss, in nats a story: a tensor of shape ().

    The mean cost of the words, plus the price times both KLs. Each number's KL is averaged over the stories; each number of each sentence
    counts for `free` nats at the least (what is below is free: its gradient is 0); the paragraph's numbers count for what they are.
    reconstruction: (batch,). kl_p: (batch, paragraph_size), kl_s: (batch, sentences, sentence_size), the KL of each number. price, free: Python floats.
    """
    own = kl_s.mean(0).clamp(min=free).sum()
    return reconstruction.mean() + price * (own + kl_p.mean(0).sum())
