"""The judge of draws: lost before copies, sure before nonsense; looks are the same in every key; intervals are over tunes."""

import numpy as np
import pytest
import torch

from vae_course.data.dataset import Dataset, Split
from vae_course.data.melodies import FIRST_PITCH, Melody, to_tokens
from vae_course.evaluation.drawn_melodies import drawn_by, liveliest_walk, looks_of, over_tunes, recognised, share_borrowed, verdict_on
from vae_course.models import RecurrentVAE

TUNE = Melody(((60, 2), (64, 2), (67, 4)))


def some(count: int, steps: tuple[int, ...], seed: int) -> torch.Tensor:
    """Tunes of eight steps that move by so many semitones from note to note."""
    numbers = np.random.default_rng(seed)
    return to_tokens([Melody(tuple((int(pitch), 2) for pitch in 68 + np.cumsum(numbers.choice(steps, 4)))) for _ in range(count)])


def test_a_key_is_not_seen():
    np.testing.assert_array_equal(looks_of(to_tokens([TUNE])), looks_of(to_tokens([TUNE.transposed(5)])))
    assert looks_of(to_tokens([TUNE]))[0, :5].tolist() == [3, 3, 7, 3.5, 4]
    assert not looks_of(torch.zeros(1, 17, 40)).any()


def test_copies_cannot_be_told_and_leaps_can():
    known, new = some(400, (-2, 0, 2), 0), Split(some(60, (-2, 0, 2), 1), torch.zeros(60, dtype=torch.long))
    assert 0.4 < recognised(known, known, new).mean() < 0.6
    assert recognised(some(200, (-4, 4), 2), known, new).mean() > 0.95


def test_one_tune_is_one_fact():
    tunes = torch.arange(10).repeat_interleave(30)
    alike = torch.randn(10, generator=torch.Generator().manual_seed(0)).repeat_interleave(30)
    low, high = over_tunes(alike, tunes)
    assert low < alike.mean() < high
    assert high - low > 3 * np.subtract(*over_tunes(alike, torch.arange(300))[::-1])


def test_a_weight_is_a_number_of_windows():
    values, tunes, weights = torch.randn(40), torch.arange(40) // 4, torch.arange(40) % 3 + 1
    repeated = [one.repeat_interleave(weights) for one in (values, tunes)]
    assert over_tunes(values, tunes, weights) == pytest.approx(over_tunes(*repeated))


def test_a_walk_has_two_ends():
    torch.manual_seed(0)
    with pytest.raises(ValueError, match="come back mostly right"):
        liveliest_walk(RecurrentVAE(input_shape=(17, 40), end_token=2, hidden_size=4), some(3, (1,), 0))


def test_of_walks_the_liveliest_is_taken():
    class Writer(RecurrentVAE):
        """Its code is the first pitch and a second number; it writes whatever tune begins there."""

        def encode(self, x, y=None):
            from vae_course.objectives import gaussian

            first = x[:, 0, FIRST_PITCH:].argmax(-1).float()
            return gaussian(torch.stack([first, torch.zeros_like(first)], 1), torch.zeros(len(x), 2))

        def decode(self, z, y=None):
            class Tunes:
                mode = torch.nn.functional.one_hot(FIRST_PITCH + z[..., 0].round().long(), 40).float().unsqueeze(-2)

            return Tunes()

    starts = to_tokens([Melody(((pitch, 1),)) for pitch in (60, 62, 75)])[:, :1]
    assert liveliest_walk(Writer(input_shape=(1, 40), latent_size=2), starts) == (0, 2)


def test_a_verdict_says_how_draws_sound():
    known = some(40, (-2, 2), 0)
    split = Split(known, torch.arange(40) // 4)
    verdict = verdict_on([known, known.flip(0)], Dataset("made", split, split, tuple(map(str, range(10))), "made", "none"))
    assert (verdict.notes, verdict.leap, verdict.copies) == (4, 2, 1)
    assert len(verdict.aucs) == 2
    assert str(verdict).endswith("4.0 notes, leaps of 2.0 semitones, 100.0% copies")


def test_draws_are_their_seeds_and_leave_the_callers_random_numbers_alone():
    torch.manual_seed(0)
    model = RecurrentVAE(input_shape=(17, 40), end_token=2, hidden_size=4)
    before = torch.get_rng_state()
    one, same, other = (drawn_by(model, 3, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    windows = to_tokens([TUNE])
    assert drawn_by(model, 3, seed=0, temperature=0, of=windows).shape == (3, 17, 40)


def test_what_two_tunes_hold_is_borrowed():
    windows = to_tokens([TUNE, TUNE, TUNE.transposed(1), TUNE.transposed(1), TUNE.transposed(2)])
    assert share_borrowed(Split(windows, torch.tensor([0, 1, 2, 2, 0]))) == 2 / 5


def test_too_little_is_refused():
    with pytest.raises(ValueError, match="got 4 draws, expected twenty"):
        recognised(to_tokens([TUNE] * 4), to_tokens([TUNE]), Split(to_tokens([TUNE]), torch.zeros(1, dtype=torch.long)))
    with pytest.raises(ValueError, match="got 3 values, 4 tunes"):
        over_tunes(torch.zeros(3), torch.zeros(4))
