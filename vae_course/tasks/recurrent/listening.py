"""Does the decoder listen?"""

import torch

from ..engine import Claim, Probe, described, is_tensor, is_tuple, probes_from, rounding, slip, task, unchanged

OTHERS = "(log_p.sum() - own.sum()) / (n * (n - 1))"
IGNORED = torch.tensor([[-31.0], [-18.5], [-44.25]]).repeat(1, 3)
TOLD = torch.tensor([[-10.0, -60.0, -55.0], [-70.0, -12.0, -40.0], [-90.0, -50.0, -11.0]])
MISLED = torch.tensor([[-30.0, -12.0, -41.0], [-25.0, -18.0, -60.0], [-19.0, -35.0, -22.0]])
AT_THE_FLOOR = torch.tensor([[0.25, 0.25, 0.5, 0.75], [0.25, 0.5, 0.75, 0.0], [0.25, 0.0, 0.25, 0.0]])
# Five kinds of latents: closed with one window far above the floor, open with one below it, closed and open and much the same for every window,
# open thanks to one window. The KL in the first window and in the last, as multiples of that in the others, and on average, as a multiple of the floor:
FIRST, LAST, AVERAGE = (40.0, 1.0, 1.0, 1.0, 300.0), (1.0, 0.01, 1.0, 1.0, 1.0), (0.5, 4.0, 0.7, 1.5, 1.6)


def _measured(draw, n, d):
    first, last, average = (torch.tensor(figures)[torch.arange(d) % 5] for figures in (FIRST, LAST, AVERAGE))
    floor = round(0.05 + 0.05 * torch.sigmoid(draw(1)).item(), 3)
    kl = 1 + 0.1 * torch.tanh(draw(n, d))
    kl = torch.cat([first * kl[:1], kl[1:-1], last * kl[-1:]])
    return {"kl": floor * average * kl / kl.mean(0), "log_p": 3 * draw(n, n) - 20 + 12 * torch.eye(n, dtype=kl.dtype), "floor": floor}


def _claims(values, kl, log_p, floor):
    got = values["result"]
    yield from is_tuple(got, 2)
    active, price = got
    whole = (isinstance(active, int) and not isinstance(active, bool)) or (isinstance(active, torch.Tensor) and active.shape == ())
    yield Claim("active is", "a whole number", "a whole number" if whole else described(active), kind="contract")
    yield from is_tensor(price, (), log_p.dtype, name="price")
    counted = sum(sum(column) / len(column) > floor for column in kl.double().t().tolist())
    yield Claim("active should be the number of latents whose KL is above floor on average over the windows", float(counted), float(active))
    losses = log_p.double().diagonal().unsqueeze(1) - log_p.double()  # a row for each window
    expected = losses[~torch.eye(len(log_p), dtype=torch.bool)].mean()
    yield Claim("price should be the mean of log p with a window's own code less log p with another's, over all pairs of two", expected, price, rounding(expected, log_p.dtype, scale=log_p.abs().max()))


@task(
    points=1,
    probes=probes_from(
        _measured,
        sizes={(7, 5): "", (2, 3): "with two windows", (5, 1): "with one latent", (9, 6): ""},
        more=(
            Probe({"kl": 0.001 * AT_THE_FLOOR, "log_p": IGNORED, "floor": 0.01}, note="with a decoder that does without z"),
            Probe({"kl": AT_THE_FLOOR, "log_p": TOLD, "floor": 0.25}, note="with latents whose KL is floor, and no more"),
            Probe({"kl": 0.01 * AT_THE_FLOOR, "log_p": MISLED, "floor": 0.003}, note="with codes that mislead"),
        ),
    ),
    laws=(unchanged(lambda log_p, **_: {"log_p": log_p - 10 * torch.arange(len(log_p)).unsqueeze(1)}, "With windows that are less likely under every code", "Make a window ten nats less likely under every code. What has a wrong code to do with that?"),),
    keeps=("kl", "log_p"),
    claims=_claims,
    slips=(
        slip(OTHERS, "log_p.mean()", "A window keeps its own code in some of your pairs, and loses nothing there. How many pairs of two different windows are there?"),
        slip("(n * (n - 1))", "n**2", "The pairs of a window with itself are left out of your sum. How many pairs are left in it?"),
        slip({"(n * (n - 1))": "n**2", "own.mean()": "own.sum() / n**2"}, "You divide both sums by n². How many own codes are on the diagonal, and how many others are beside it?"),
        slip("own.mean() - others", "(own.unsqueeze(1) - log_p).abs().sum() / (n * (n - 1))", "Now and then a window does better with the code of another: that is no loss. With which sign does it go into the average?"),
        slip("own.mean() - others", "(own.unsqueeze(1) - log_p).clamp(min=0).sum() / (n * (n - 1))", "You count what a wrong code costs, and nothing where it does better than the own one. What does an average make of gains and losses?"),
        *(slip("own.mean() - others", f"(own.unsqueeze(1) - log_p).{half}().sum() / (n * (n - 1) / 2)", "Two windows can be given each other's code, and each of the two loses by it. You ask one of them: what does the other say?") for half in ("triu", "tril")),
        slip(OTHERS, "(log_p.masked_fill(torch.eye(n).bool(), -torch.inf).logsumexp(1) - torch.tensor(n - 1.0).log()).mean()", "You average p over the codes of others before you take its logarithm: the least wrong of them has the say. What does the contract average?"),
        slip(OTHERS, "log_p.masked_fill(torch.eye(n).bool(), -torch.inf).amax(1).mean()", "You compare with the best of the others' codes. What does a wrong one cost on average?"),
        slip("own.mean() - others", "own - (log_p.sum(1) - own) / (n - 1)", "One price a window. What is still to be done with them?"),
        slip("own.mean() - others", "others - own.mean()", "A decoder that listens suffers from a wrong code. Is your price then above or below 0?"),
        slip("own.mean() - others", "-own.mean()", "That is what a window costs with its own code, the reconstruction. Compared with what does it tell you about z?"),
        slip(OTHERS, "log_p.roll(1, 1).diagonal().mean()", "Each window gets the code of the one before: that is one of the ways to deal out wrong codes. What do the other pairs say?"),
        slip(OTHERS, "log_p.roll(-1, 1).diagonal().mean()", "Each window gets the code of the one behind: that is one of the ways to deal out wrong codes. What do the other pairs say?"),
        slip(OTHERS, "log_p.roll(n // 2, 1).diagonal().mean()", "Each window gets one wrong code, from half a batch away. A fair estimate, but what do the pairs say that it leaves out?"),
        slip(OTHERS, "log_p.roll(-(n // 2), 1).diagonal().mean()", "Each window gets one wrong code, from half a batch further on. A fair estimate, but what do the pairs say that it leaves out?"),
        slip(OTHERS, "log_p[:, torch.randperm(n)].diagonal().mean()", "You shuffle the codes once: by chance some windows keep theirs, and another shuffle gives another price. With the whole table before you, is chance needed?"),
        slip("own.mean() - others", "n * (own.mean() - others)", "Twice as many windows, twice your price. What is asked for: a sum, or a mean over windows?"),
        slip("own.mean() - others", "n * (n - 1) * (own.mean() - others)", "That is the sum over all pairs. What is it divided by?"),
        slip("(kl.mean(0) > floor)", "(kl > floor).any(0)", "One window above the floor opens a latent for you. What is compared with the floor: the greatest KL of a latent, or its average?"),
        slip("(kl.mean(0) > floor)", "(kl > floor).all(0)", "Each single window has to be above the floor, in yours. A latent may have little to say about some. What is compared with the floor?"),
        slip("kl.mean(0)", "kl", "You count entries of the table, and there are more of them than latents. What happens to the windows first?"),
        slip("kl.mean(0)", "kl.mean(1)", "You count windows. Over which axis is averaged, and which one is left to be counted?"),
        slip("kl.mean(0)", "kl.sum(0)", "With more windows your latents open by themselves: a sum over windows grows with them. What is compared with the floor?"),
        slip("kl.mean(0)", "kl.quantile(0.5, 0)", "That is the median of each latent's KL: one that speaks up for few windows only sleeps, in yours. Which kind of average is a KL in the loss?"),
        *(slip("> floor", f"> {limit}", f"You compare with {limit}, whatever floor is. Who says where the floor lies?") for limit in (0.01, 0.1)),
        slip("> floor", "<= floor", "You count the latents that sleep. Which ones are active?"),
        slip("> floor", ">= floor", "A latent whose KL is floor, and no more: is it above the floor?"),
        slip("kl.mean(0)", "kl.var(0)", "You ask how much a latent's KL varies from window to window. One that costs the same in every window, does it say nothing? What does the contract compare with the floor?"),
        slip("return active, own.mean() - others", "return own.mean() - others, active", "Both are there. In which order does the contract want them?"),
        slip("int((kl.mean(0) > floor).sum())", "(kl.mean(0) > floor).double().mean().item()", "That is a share of the latents. How many are they?"),
    ),
    hints=(
        "Two questions. Does the encoder say anything: is a latent's q(z|x) away from the prior, on average? Does the decoder hear it: what does a wrong code cost?",
        "For active, average over the windows first, then compare with floor, then count. For price, the diagonal of log_p holds the own codes, everything else the others'.",
        "price: the mean of the diagonal, less the sum of all the rest divided by the number of its entries, n·(n − 1).",
    ),
)
def listening(kl, log_p, floor):
    """(active, price), which tell whether z is used.

    active: a Python int, how many latents have a KL above floor, averaged over the windows.
    price: a tensor of shape (), in nats: how much log p(x|z) a window loses with the code of another, averaged over all pairs of two windows.
    kl: (n, latent_size), the KL of each latent for each window. log_p: (n, n), row i, column j: log p of window i under the code of window j.
    floor: a Python float. n ≥ 2. kl and log_p are left as they are.
    """
    active = int((kl.mean(0) > floor).sum())
    n = len(log_p)
    own = log_p.diagonal()
    others = (log_p.sum() - own.sum()) / (n * (n - 1))
    return active, own.mean() - others
