"""Figures about melodies, on windows made by hand."""

import pytest
import torch

from vae_course.data.melodies import TOKENS, Melody, to_tokens
from vae_course.evaluation.melodies import adds_up, nearest, note_accuracy, share_in_key

C_MAJOR = Melody(tuple((60 + tone, 2) for tone in (0, 2, 4, 5, 7, 9, 11, 12)))
CHROMATIC = Melody(tuple((60 + tone, 1) for tone in range(12)))


def test_accuracy_counts_notes_that_begin_right():
    wanted = to_tokens([C_MAJOR])
    assert note_accuracy(wanted, wanted) == 1
    one_wrong = Melody((*C_MAJOR.notes[:-1], (71, 2)))
    assert note_accuracy(to_tokens([one_wrong]), wanted) == pytest.approx(7 / 8)
    late = Melody(((60, 1), *C_MAJOR.notes[1:]))  # all later notes an eighth too early
    assert note_accuracy(to_tokens([late]), wanted) == pytest.approx(1 / 8)
    assert note_accuracy(to_tokens([C_MAJOR.transposed(1)]), wanted) == 0
    with pytest.raises(ValueError, match="expected the same shape"):
        note_accuracy(wanted[:, :5], wanted)
    with pytest.raises(ValueError, match="no notes"):
        note_accuracy(torch.zeros(1, 3, TOKENS), torch.zeros(1, 3, TOKENS))


def test_share_in_key_finds_the_best_scale():
    windows = to_tokens([C_MAJOR, C_MAJOR.transposed(6), CHROMATIC, Melody(((None, 8),))])
    assert share_in_key(windows).tolist() == pytest.approx([1, 1, 7 / 12, 0])


def test_whole_bars_add_up_and_others_do_not():
    lengths = [8, 12, 16, 15, 9]
    windows = to_tokens([Melody(((60, steps),)) for steps in lengths])
    assert adds_up(windows).tolist() == [True, True, True, False, False]
    windows[0, 8] = 0  # no end token
    assert not adds_up(windows)[0]


def test_the_nearest_window_is_the_copy_where_there_is_one():
    among = to_tokens([CHROMATIC, C_MAJOR.transposed(5), C_MAJOR])
    similar, which = nearest(to_tokens([C_MAJOR, CHROMATIC.transposed(13)]), among)
    assert which[0] == 2
    assert similar.tolist() == pytest.approx([1, 0])
    half = Melody((*C_MAJOR.notes[:4], *C_MAJOR.transposed(1).notes[4:]))
    assert nearest(to_tokens([half]), among)[0].item() == pytest.approx(0.5)
