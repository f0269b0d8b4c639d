"""Does the decoder listen?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..claims import described, dtype_of, is_tensor, is_tuple, rounding
from ..declaration import Claim, Mistake, Plain, Probe, Task
from ..probes import Draw, probes_from, with_more


def _measured(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    """Latents of five kinds: closed with one window far above the floor, open with windows below it, closed and open and much the same
    for every window, open thanks to one window.
    """
    floor = round(0.05 + 0.05 * draw(1).abs().item(), 3)
    kl = draw(n, d).abs() * 0.3 + 0.02
    kl[0] += 2.0
    for kind in (2, 3):
        kl[:, kind::5] = 1 + 0.1 * torch.tanh(kl[:, kind::5])
    kl[1:, 4::5] *= 0.01
    size = torch.tensor([(0.5, 4.0, 0.7, 1.5, 1.6)[latent % 5] for latent in range(d)], dtype=kl.dtype)
    return {"kl": kl / kl.mean(0) * size * floor, "log_p": 3 * draw(n, n) - 20 + 12 * torch.eye(n, dtype=kl.dtype), "floor": floor}


def _known_cases() -> list[Probe]:
    ignored = torch.tensor([-31.0, -18.5, -44.25]).unsqueeze(1).expand(3, 3).contiguous()
    wide = torch.tensor([[1.5, 0.0], [0.5, 2.0], [1.0, 1.0]])
    told = torch.tensor([[-10.0, -60.0, -55.0], [-70.0, -12.0, -40.0], [-90.0, -50.0, -11.0]])
    return [
        Probe({"kl": 0.001 * wide, "log_p": ignored, "floor": 0.01}, note="with a decoder that does without z"),
        Probe({"kl": wide, "log_p": ignored, "floor": 0.01}, note="with codes that nobody listens to"),
        Probe({"kl": wide, "log_p": told, "floor": 0.01}, note="with codes that matter"),
        Probe({"kl": wide, "log_p": told.t().contiguous() - 30, "floor": 1.01}, note="with a high floor"),
    ]


def _claims_of_listening(values: dict[str, Plain], kl: Tensor, log_p: Tensor, floor: float) -> Iterator[Claim]:
    got = values["result"]
    yield from is_tuple(got, 2)
    active, price = got
    whole = (isinstance(active, int) and not isinstance(active, bool)) or (isinstance(active, Tensor) and active.shape == ())
    yield Claim("active is", "a whole number", "a whole number" if whole else described(active), contract=True)
    yield from is_tensor(price, (), dtype_of({"log_p": log_p}), name="price")
    counted = sum(sum(column) / len(column) > floor for column in kl.double().t().tolist())
    yield Claim("active should be the number of latents whose KL is above floor on average over the windows", float(counted), float(active))
    table, n = log_p.double(), len(log_p)
    dearer = [table[i, i] - table[i, j] for i in range(n) for j in range(n) if i != j]
    expected = torch.stack(dearer).mean()
    yield Claim(
        "price should be the mean of log p with a window's own code less log p with another's, over all pairs of two",
        expected,
        price,
        rounding(expected, log_p.dtype, scale=table.abs().max()),
    )


def _price(log_p):
    n = len(log_p)
    own = log_p.diagonal()
    return own.mean() - (log_p.sum() - own.sum()) / (n * (n - 1))


def _active(kl, floor):
    return int((kl.mean(0) > floor).sum())


def _priced(price: Callable):
    return lambda kl, log_p, floor: (_active(kl, floor), price(log_p))


def _counted(active: Callable):
    return lambda kl, log_p, floor: (active(kl, floor), _price(log_p))


def _priced_with_own_code(log_p):
    return log_p.diagonal().mean() - log_p.mean()


def _with_the_codes_of(places: Callable):
    """The price where window i gets one code, that of window places(n)[i]."""

    def price(log_p):
        rows = torch.arange(len(log_p), device=log_p.device)
        return (log_p[rows, rows] - log_p[rows, places(len(log_p)).to(rows)]).mean()

    return price


def _others_summed_over_n_squared(log_p):
    return log_p.diagonal().mean() - (log_p.sum() - log_p.trace()) / len(log_p) ** 2


LISTENING = Task(
    name="09.listening",
    points=1,
    contract="listening(kl, log_p, floor) -> (active, price), which tell whether z is used.\n"
    "active: a Python int, how many latents have a KL above floor, averaged over the windows.\n"
    "price: a tensor of shape (), in nats: how much log p(x|z) a window loses with the code of another, averaged over all pairs of two windows.\n"
    "kl: (n, latent_size), the KL of each latent for each window. log_p: (n, n), row i, column j: log p of window i under the code of window j.\n"
    "floor: a Python float. n ≥ 2.",
    probes=with_more(
        probes_from(_measured, sizes={(7, 5): "", (2, 3): "with two windows", (5, 1): "with one latent", (9, 6): ""}),
        _known_cases,
    ),
    claims=_claims_of_listening,
    mistakes=(
        Mistake(
            _priced(_priced_with_own_code),
            "A window keeps its own code in some of your pairs, and loses nothing there. How many pairs of two different windows are there?",
        ),
        Mistake(
            _priced(_others_summed_over_n_squared),
            "The pairs of a window with itself are left out of your sum. How many pairs are left in it?",
        ),
        Mistake(
            _priced(lambda log_p: (2 * log_p.trace() - log_p.sum()) / len(log_p) ** 2),
            "You divide both sums by n². How many own codes are on the diagonal, and how many others are beside it?",
        ),
        Mistake(
            _priced(lambda log_p: -_price(log_p)),
            "A decoder that listens suffers from a wrong code. Is your price then above or below 0?",
        ),
        Mistake(
            _priced(lambda log_p: -log_p.diagonal().mean()),
            "That is what a window costs with its own code, the reconstruction. Compared with what does it tell you about z?",
        ),
        Mistake(
            _priced(_with_the_codes_of(lambda n: torch.arange(n).roll(1))),
            "Each window gets the code of the one before: that is one of the ways to deal out wrong codes. What do the other pairs say?",
        ),
        Mistake(
            _priced(_with_the_codes_of(lambda n: torch.arange(n).roll(-1))),
            "Each window gets the code of the one behind: that is one of the ways to deal out wrong codes. What do the other pairs say?",
        ),
        Mistake(
            _priced(_with_the_codes_of(lambda n: torch.arange(n).roll(n // 2))),
            "Each window gets one wrong code, from half a batch away. A fair estimate, but what do the pairs say that it leaves out?",
        ),
        Mistake(
            _priced(_with_the_codes_of(lambda n: torch.arange(n).roll(-(n // 2)))),
            "Each window gets one wrong code, from half a batch further on. A fair estimate, but what do the pairs say that it leaves out?",
        ),
        Mistake(
            _priced(_with_the_codes_of(torch.randperm)),
            "You shuffle the codes once: by chance some windows keep theirs, and another shuffle gives another price. With the whole table before you, is chance needed?",
        ),
        Mistake(
            _priced(lambda log_p: len(log_p) * _price(log_p)),
            "Twice as many windows, twice your price. What is asked for: a sum, or a mean over windows?",
        ),
        Mistake(
            _priced(lambda log_p: _price(log_p) * len(log_p) * (len(log_p) - 1)),
            "That is the sum over all pairs. What is it divided by?",
        ),
        Mistake(
            _counted(lambda kl, floor: int((kl > floor).any(0).sum())),
            "One window above the floor opens a latent for you. What is compared with the floor: the greatest KL of a latent, or its average?",
        ),
        Mistake(
            _counted(lambda kl, floor: int((kl > floor).all(0).sum())),
            "Each single window has to be above the floor, in yours. A latent may have little to say about some. What is compared with the floor?",
        ),
        Mistake(
            _counted(lambda kl, floor: int((kl > floor).sum())),
            "You count entries of the table, and there are more of them than latents. What happens to the windows first?",
        ),
        Mistake(
            _counted(lambda kl, floor: int((kl.mean(1) > floor).sum())),
            "You count windows. Over which axis is averaged, and which one is left to be counted?",
        ),
        Mistake(
            _counted(lambda kl, floor: int((kl.sum(0) > floor).sum())),
            "With more windows your latents open by themselves: a sum over windows grows with them. What is compared with the floor?",
        ),
        Mistake(
            _counted(lambda kl, floor: int((kl.quantile(0.5, 0) > floor).sum())),
            "That is the median of each latent's KL: one that speaks up for few windows only sleeps, in yours. Which kind of average is a KL in the loss?",
        ),
        Mistake(
            _counted(lambda kl, floor: int((kl.mean(0) <= floor).sum())),
            "You count the latents that sleep. Which ones are active?",
        ),
        Mistake(
            lambda kl, log_p, floor: (_price(log_p), _active(kl, floor)),
            "Both are there. In which order does the contract want them?",
        ),
        Mistake(
            _counted(lambda kl, floor: (kl.mean(0) > floor).double().mean().item()),
            "That is a share of the latents. How many are they?",
        ),
    ),
    hints=(
        "Two questions. Does the encoder say anything: is a latent's q(z|x) away from the prior, on average? Does the decoder hear it: what does a wrong code cost?",
        "For active, average over the windows first, then compare with floor, then count. For price, the diagonal of log_p holds the own codes, everything else the others'.",
        "price: the mean of the diagonal, less the sum of all the rest divided by the number of its entries, n·(n − 1).",
    ),
)
