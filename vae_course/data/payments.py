"""Card payments made from a seed, a few of them fraudulent: numbers, yes-or-no answers and categories in one table, all in [0, 1]."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .dataset import OWN_LICENCE, Dataset, Split

KINDS = ("normal", "card testing", "big purchase", "cloned card", "odd mixture")
CATEGORIES = ("groceries", "fuel", "restaurant", "online shop", "travel", "electronics")
FEATURES = (
    *("amount", "usual amount", "hour, cosine", "hour, sine", "weekend", "distance", "since last", "in 24 hours", "abroad", "card present"),
    *CATEGORIES,
)
FRAUD = 0.01

# What a payment of each category is like: the median amount relative to the customer's usual one, its spread (σ of the natural logarithm),
# the hour around which it falls and its spread, and how often the card is there.
AMOUNT = torch.tensor([0.8, 1.1, 0.9, 1.0, 6.0, 4.0])
AMOUNT_SPREAD = torch.tensor([0.6, 0.25, 0.4, 0.7, 0.6, 0.5])
HOUR = torch.tensor([17.0, 8.0, 19.5, 21.0, 12.0, 15.0])
HOUR_SPREAD = torch.tensor([2.5, 1.5, 1.5, 3.0, 4.0, 2.0])
PRESENT = torch.tensor([0.98, 1.0, 0.97, 0.0, 0.2, 0.7])
# How often three sorts of customers (at home, on the road, on the net) pay for what.
HABITS = torch.tensor([[0.50, 0.15, 0.18, 0.10, 0.02, 0.05], [0.15, 0.30, 0.30, 0.08, 0.14, 0.03], [0.20, 0.04, 0.14, 0.50, 0.04, 0.08]])
SHARES = torch.tensor([0.5, 0.2, 0.3])


def payments(n: int, *, fraud: float = FRAUD, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Payments x (n, 16), columns as in `FEATURES`, and their kind y (n,), a number in `KINDS`.

    Amounts (1 to 10,000), distances (km) and times since the last payment (minutes) are logarithms, log₁₀ divided by 4; payments in
    the last 24 hours are counted up to 20. Made for teaching: nothing about real payments can be learnt from them.

    n: how many.
    fraud: the share of them that is no 0. In equal parts: many tiny sums in quick succession; one far above the usual, at night; a card
        shown far away minutes after it was used at home; and mixtures of several honest payments, in which each number is ordinary and
        their combination is not.
    seed: the same gives the same payments.
    Raises ValueError when n < 1 or unless 0 ≤ fraud < 1.
    """
    if n < 1 or not 0 <= fraud < 1:
        raise ValueError(f"n is {n} and fraud {fraud}, expected at least 1, and a share of at least 0 and below 1.")
    generator = torch.Generator().manual_seed(seed)
    x = _honest(n, generator)
    y = torch.zeros(n, dtype=torch.int64)
    frauds = torch.randperm(n, generator=generator)[: round(fraud * n)]
    for number, rows in enumerate(frauds.tensor_split(len(KINDS) - 1), start=1):
        y[rows] = number
        if len(rows):
            x[rows] = _FRAUDS[number - 1](len(rows), generator)
    return x, y


def load_payments() -> Dataset:
    """20,000 payments to train on and 20,000 to test, one in a hundred a fraud in both; y is the kind, a number in `classes`."""
    return Dataset("payments", Split(*payments(20_000, seed=0)), Split(*payments(20_000, seed=1)), KINDS, "made from a seed", OWN_LICENCE)


def _honest(n: int, generator: torch.Generator) -> Tensor:
    def uniform() -> Tensor:
        return torch.rand(n, generator=generator)

    def normal() -> Tensor:
        return torch.randn(n, generator=generator)

    sort = torch.multinomial(SHARES, n, replacement=True, generator=generator)
    category = torch.multinomial(HABITS[sort], 1, generator=generator).squeeze(1)
    usual = torch.exp(math.log(30) + 0.5 * normal() + 0.3 * (sort == 1))
    amount = usual * AMOUNT[category] * torch.exp(AMOUNT_SPREAD[category] * normal())
    hour = HOUR[category] + HOUR_SPREAD[category] * normal() + 2.0 * (sort == 2)
    present = uniform() < PRESENT[category]
    weekend = uniform() < torch.tensor([0.35, 0.10, 0.45, 0.30, 0.20, 0.40])[category]
    # Who is on the road is often away; an online payment comes from home, or from where one is.
    away = (uniform() < torch.tensor([0.03, 0.5, 0.03])[sort]) & (present | (uniform() < 0.3))
    abroad = away & (uniform() < 0.4)
    distance = torch.exp(torch.where(away, 5.0 + 1.5 * abroad + 0.5 * normal(), 0.8 + 0.8 * normal()))
    in_24_hours = torch.poisson(torch.tensor([1.2, 2.5, 2.0])[sort], generator=generator)
    # Busy customers paid a short while ago, but nobody is far from home within minutes of having been there.
    since_last = torch.exp(math.log(900) - 0.5 * in_24_hours + 0.6 * normal() + 0.8 * away)
    return _table(amount, usual, hour, weekend, distance, since_last, in_24_hours, abroad, present, category)


def _card_testing(n: int, generator: torch.Generator) -> Tensor:
    x = _honest(n, generator)
    online = torch.full((n,), CATEGORIES.index("online shop"))
    amount, minutes = 1 + 3 * torch.rand(n, generator=generator), 1 + 15 * torch.rand(n, generator=generator)
    counted = 4 + 6 * torch.rand(n, generator=generator)
    x[:, 0], x[:, 6], x[:, 7] = _logarithm(amount), _logarithm(1 + minutes), counted.round() / 20
    x[:, 8], x[:, 9] = 0, 0
    x[:, 10:] = torch.nn.functional.one_hot(online, len(CATEGORIES))
    return x


def _big_purchase(n: int, generator: torch.Generator) -> Tensor:
    x = _honest(n, generator)
    shop = torch.tensor([CATEGORIES.index("online shop"), CATEGORIES.index("electronics")])
    category = shop[torch.randint(2, (n,), generator=generator)]
    x[:, 0] = (x[:, 1] + _logarithm(4 + 12 * torch.rand(n, generator=generator))).clamp(0, 1)
    x[:, 2:4] = _on_the_clock(1.5 + 1.5 * torch.randn(n, generator=generator))
    x[:, 9] = 0
    x[:, 10:] = torch.nn.functional.one_hot(category, len(CATEGORIES))
    return x


def _cloned_card(n: int, generator: torch.Generator) -> Tensor:
    x = _honest(n, generator)
    kilometres = torch.exp(6.0 + 0.7 * torch.randn(n, generator=generator))
    minutes = 10 + 90 * torch.rand(n, generator=generator)
    x[:, 5], x[:, 6] = _logarithm(1 + kilometres), _logarithm(1 + minutes)
    x[:, 8] = (torch.rand(n, generator=generator) < 0.6).float()
    x[:, 9] = 1
    return x


def _odd_mixture(n: int, generator: torch.Generator) -> Tensor:
    """Who pays, when, where and for what from four honest payments that have nothing to do with each other."""
    parts = [_honest(n, generator) for _ in range(4)]
    groups = ([0, 1], [2, 3, 4], [5, 6, 7, 8], list(range(9, len(FEATURES))))
    return torch.cat([part[:, columns] for part, columns in zip(parts, groups, strict=True)], dim=1)


_FRAUDS = (_card_testing, _big_purchase, _cloned_card, _odd_mixture)


def _table(amount, usual, hour, weekend, distance, since_last, in_24_hours, abroad, present, category) -> Tensor:
    columns = [
        *(_logarithm(amount), _logarithm(usual), *_on_the_clock(hour).T, weekend, _logarithm(1 + distance), _logarithm(1 + since_last)),
        *(in_24_hours.clamp(max=20) / 20, abroad, present),
    ]
    table = torch.stack([column.float() for column in columns], dim=1)
    return torch.cat([table, torch.nn.functional.one_hot(category, len(CATEGORIES)).float()], dim=1)


def _logarithm(value: Tensor) -> Tensor:
    return (value.clamp_min(1).log10() / 4).clamp(0, 1)


def _on_the_clock(hour: Tensor) -> Tensor:
    """The hour as a place on a circle, so that 23 and 1 are neighbours: (n, 2), brought into [0, 1]."""
    angle = 2 * math.pi * hour / 24
    return 0.5 + 0.5 * torch.stack([angle.cos(), angle.sin()], dim=1)
