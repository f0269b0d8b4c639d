"""What a small network reads of the factors of variation, from codes or from one latent of them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BATCH, RATE = 500, 5e-3


def factors_read(codes: Tensor, factors: Tensor, test_codes: Tensor, test_factors: Tensor, *, epochs: int = 6, seed: int = 0) -> Tensor:
    """How often a network with two layers of 128 units reads each factor's level from a code: (factors,), in per cent of the test set.

    codes: (n, latents), such as posterior means or a few columns of them. factors: (n, factors), integers from 0, the level of each
    factor. Likewise for the test set. One network reads all factors. seed: of its weights and of the order of the examples.
    Raises ValueError when codes and factors differ in length, and for test codes with another number of latents.
    """
    for name, x, y in (("training", codes, factors), ("test", test_codes, test_factors)):
        if len(x) != len(y):
            raise ValueError(f"{len(x)} {name} codes came with {len(y)} rows of factors, expected one row a code.")
    if codes.shape[1] != test_codes.shape[1]:
        raise ValueError(f"the codes have {codes.shape[1]} latents and the test codes {test_codes.shape[1]}: expected the same ones.")
    codes, factors, test_codes, test_factors = (one.cpu() for one in (codes, factors, test_codes, test_factors))
    sizes = (torch.cat([factors, test_factors]).max(0).values + 1).tolist()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        reader = nn.Sequential(nn.Linear(codes.shape[1], 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, sum(sizes)))
        optimizer = torch.optim.Adam(reader.parameters(), lr=RATE)
        for _ in range(epochs):
            for some in torch.randperm(len(codes)).split(BATCH):
                answers = zip(reader(codes[some]).split(sizes, 1), factors[some].T, strict=True)
                loss = torch.stack([F.cross_entropy(logits, level) for logits, level in answers]).sum()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    with torch.no_grad():
        answers = zip(reader(test_codes).split(sizes, 1), test_factors.T, strict=True)
        return torch.stack([100 * (logits.argmax(1) == level).float().mean() for logits, level in answers])
