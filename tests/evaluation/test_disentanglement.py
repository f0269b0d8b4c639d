"""MIG and FactorVAE score: high for hand-made perfect codes, low for mixed ones, near nothing for useless ones."""

import json
import math

import pytest
import torch
from sklearn.metrics import mutual_info_score

from vae_course import checkpoints
from vae_course.evaluation import factor_vae_score, mutual_information_gap

LEVELS = (3, 6, 12, 16)
N = 10_000


@pytest.fixture(scope="module")
def factors():
    generator = torch.Generator().manual_seed(0)
    return torch.stack([torch.randint(levels, (N,), generator=generator) for levels in LEVELS], dim=1)


@pytest.fixture(scope="module")
def perfect(factors):
    """One dimension a factor, in another order, each over its own spread; and two that carry nothing, one of them dead."""
    generator = torch.Generator().manual_seed(1)
    scaled = (factors - factors.float().mean(0)) / factors.float().std(0)
    noise = torch.randn(N, 2, generator=generator) * torch.tensor([1.0, 0.01])
    return torch.cat([scaled[:, [2, 0, 3, 1]], noise], dim=1)


def rotated(codes: torch.Tensor) -> torch.Tensor:
    """Four informative dimensions turned so that each of the new ones holds a quarter of each."""
    hadamard = torch.tensor([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2
    return codes[:, :4] @ hadamard


def test_a_perfect_code_has_a_gap_of_nearly_one_and_names_its_carriers(perfect, factors):
    found = mutual_information_gap(perfect, factors)
    assert found.score > 0.98
    assert found.carriers.tolist() == [1, 3, 0, 2]
    assert found.information.shape == (6, 4)
    torch.testing.assert_close(found.gaps.mean().item(), found.score, rtol=0, atol=1e-6)
    assert factor_vae_score(perfect, factors) == 1


def test_a_rotated_code_tells_as_much_and_has_next_to_no_gap(perfect, factors):
    assert mutual_information_gap(rotated(perfect), factors).score < 0.1
    assert factor_vae_score(rotated(perfect), factors) < 0.8


def test_a_factor_told_by_two_dimensions_has_no_gap(perfect, factors):
    found = mutual_information_gap(torch.cat([perfect, perfect[:, :1]], dim=1), factors)
    assert found.gaps[2] == 0
    assert found.gaps[[0, 1, 3]].min() > 0.98


@pytest.mark.parametrize("kind", ["noise", "constant", "dead"])
def test_useless_codes_score_nothing(factors, kind):
    noise = torch.randn(N, 5, generator=torch.Generator().manual_seed(2))
    codes = {"noise": noise, "constant": torch.full_like(noise, 3.0), "dead": 0.01 * noise}[kind]
    found = mutual_information_gap(codes, factors)
    assert 0 <= found.score < 0.01
    assert found.information.max() < 0.03
    assert factor_vae_score(codes, factors) == pytest.approx(1 / len(LEVELS), abs=0.08)


def test_information_is_scikit_learns(perfect, factors):
    found = mutual_information_gap(perfect, factors)
    for column, levels in enumerate(LEVELS):
        one = factors[:, column]
        carried = perfect[:, found.carriers[column]].unique(return_inverse=True)[1]
        assert found.entropies[column].item() == pytest.approx(mutual_info_score(one, one), abs=1e-5)
        assert found.entropies[column].item() == pytest.approx(math.log(levels), abs=0.01)
        information = found.information[found.carriers[column], column] * found.entropies[column]
        assert information.item() == pytest.approx(mutual_info_score(one, carried), abs=1e-5)


def test_information_of_a_gaussian_channel_is_what_the_formula_says():
    """A fair sign behind Gaussian noise: I = ∫ over the density; with 20 bins a little is lost, and never gained."""
    generator = torch.Generator().manual_seed(3)
    sign = torch.randint(2, (200_000, 1), generator=generator)
    codes = torch.randn(200_000, 2, generator=generator)
    codes[:, :1] += 2 * sign - 1.0
    t = torch.linspace(-8, 8, 4001, dtype=torch.float64)
    density = torch.stack([torch.exp(-((t - m) ** 2) / 2) / math.sqrt(2 * math.pi) for m in (-1.0, 1.0)])
    exact = torch.trapezoid((density * (density / density.mean(0)).log()).mean(0), t).item()
    found = mutual_information_gap(codes, sign)
    assert exact - 0.01 < found.information[0, 0].item() * found.entropies[0].item() < exact + 0.005


def test_order_of_dimensions_and_monotone_scales_do_not_matter(perfect, factors):
    codes = perfect + 0.5 * torch.randn(perfect.shape, generator=torch.Generator().manual_seed(4))
    before = mutual_information_gap(codes, factors)
    order = torch.tensor([5, 3, 0, 1, 4, 2])
    permuted = mutual_information_gap(codes[:, order], factors)
    assert permuted.score == pytest.approx(before.score, abs=1e-6)
    assert order[permuted.carriers].tolist() == before.carriers.tolist()
    bent = mutual_information_gap((codes.double() * torch.tensor([1, 2, 3, 0.1, 1, 1])).exp() - 7, factors)
    torch.testing.assert_close(bent.information, before.information)
    assert factor_vae_score(codes[:, order], factors) == factor_vae_score(codes, factors)


def test_a_dimension_that_hardly_moves_tells_nothing_however_well_it_is_ordered(perfect, factors):
    copy = torch.cat([perfect, 0.05 * perfect[:, :1]], dim=1)
    assert mutual_information_gap(copy, factors).gaps[2] > 0.98
    assert mutual_information_gap(copy, factors, threshold=1e-3).gaps[2] == 0


def test_a_noisier_code_has_a_smaller_gap(perfect, factors):
    noise = torch.randn(perfect.shape, generator=torch.Generator().manual_seed(5))
    scores = [mutual_information_gap(perfect + sigma * noise, factors).score for sigma in (0.0, 0.3, 1.0, 3.0)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1] + 0.5


def test_dead_dimensions_do_not_vote(perfect, factors):
    """A dimension that never moves has the smallest variance in every batch, if it is let in."""
    dead = torch.cat([perfect, 1e-3 * perfect[:, :1]], dim=1)
    assert factor_vae_score(dead, factors) == 1
    assert factor_vae_score(dead[:, [4, 6]], factors, threshold=1e-9) < 0.6


def test_the_factor_vae_score_divides_by_each_dimensions_own_spread(perfect, factors):
    """Without it the narrowest dimension would win every vote."""
    assert factor_vae_score(perfect * torch.tensor([100.0, 1, 10, 0.3, 1, 1]), factors) == 1


def test_the_same_seed_gives_the_same_score(perfect, factors):
    codes = rotated(perfect)
    assert factor_vae_score(codes, factors, seed=3) == factor_vae_score(codes, factors, seed=3)


def test_what_does_not_fit_is_refused(perfect, factors):
    with pytest.raises(ValueError, match=r"got codes of shape \(9999, 6\) and factors of shape \(10000, 4\)"):
        mutual_information_gap(perfect[1:], factors)
    with pytest.raises(ValueError, match="the factors are torch.float32, expected integers"):
        factor_vae_score(perfect, factors.float())
    with pytest.raises(ValueError, match="expected at least two: the gap"):
        mutual_information_gap(perfect[:, :1], factors)
    with pytest.raises(ValueError, match="factor 1 has the same level in all examples"):
        mutual_information_gap(perfect, torch.stack([factors[:, 0], torch.ones(N, dtype=torch.int64)], 1))
    with pytest.raises(ValueError, match="not finite"):
        mutual_information_gap(perfect / 0, factors)
    with pytest.raises(ValueError, match="bins is 1"):
        mutual_information_gap(perfect, factors, bins=1)
    with pytest.raises(ValueError, match="votes is 0"):
        factor_vae_score(perfect, factors, votes=0)


def test_the_stored_table_is_whole():
    stored = json.loads((checkpoints.FOLDER / "sprites-disentanglement.json").read_text("utf-8"))
    runs = {(run["beta"], run["seed"]): run for run in stored["runs"] if "beta" in run}
    assert set(runs) == {(beta, seed) for beta in (1, 2, 4, 8, 16) for seed in range(5)}
    assert {run["kind"] for run in stored["runs"]} >= {"PCA", "untrained"}
