"""The reader of factors: it reads what a code holds, bent as it may be, and guesses what it does not hold."""

import pytest
import torch

from vae_course.evaluation import factors_read


def codes_and_factors(n: int, seed: int):
    drawn = torch.Generator().manual_seed(seed)
    factors = torch.stack([torch.randint(3, (n,), generator=drawn), torch.randint(2, (n,), generator=drawn)], 1)
    bent = torch.stack([(factors[:, 0] != 1).float() * 2 - 1, factors[:, 0].float() - 1], 1)
    return bent + 0.05 * torch.randn(n, 2, generator=drawn), factors


def test_what_a_code_holds_is_read_and_what_it_does_not_hold_is_guessed():
    read = factors_read(*codes_and_factors(3000, 0), *codes_and_factors(1000, 1))
    assert read[0] > 97
    assert 40 < read[1] < 60


def test_from_one_latent_only_what_that_one_tells():
    """The first latent says whether the level is 1, and not which of the others it is: two of three at best."""
    (codes, factors), (asked, answers) = codes_and_factors(3000, 0), codes_and_factors(1000, 1)
    assert 58 < factors_read(codes[:, :1], factors, asked[:, :1], answers)[0] < 75


def test_it_draws_from_its_own_seed_and_leaves_the_others_alone():
    given = (*codes_and_factors(600, 0), *codes_and_factors(200, 1))
    torch.manual_seed(3)
    first, after = factors_read(*given, epochs=1), torch.rand(1)
    torch.manual_seed(3)
    assert torch.equal(after, torch.rand(1))
    assert torch.equal(first, factors_read(*given, epochs=1))


def test_refuses_what_does_not_belong_together():
    codes, factors = codes_and_factors(20, 0)
    with pytest.raises(ValueError, match="20 training codes came with 19 rows of factors"):
        factors_read(codes, factors[1:], codes, factors)
    with pytest.raises(ValueError, match="the codes have 2 latents and the test codes 1"):
        factors_read(codes, factors, codes[:, :1], factors)
