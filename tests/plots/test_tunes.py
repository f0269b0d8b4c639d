"""Piano rolls: each note where it sounds, right ones told from wrong ones, an end where the tune ends; a walk row by row."""

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from vae_course import plots
from vae_course.data.melodies import Melody
from vae_course.plots.tunes import OWN, RIGHT, WRONG, onsets

ALT = "Piano rolls of tunes that were made for this test."
ONE = Melody(((60, 2), (None, 1), (64, 1), (67, 4)))
OTHER = Melody(((60, 4), (None, 1), (62, 1), (67, 6)))


def notes(axis) -> list[tuple]:
    """(left, middle, face) of each filled note."""
    patches = [patch for patch in axis.patches if isinstance(patch, Rectangle) and patch.get_facecolor()[3] > 0]
    return [(patch.get_x(), patch.get_y() + patch.get_height() / 2, patch.get_facecolor()[:3]) for patch in patches]


def test_onsets_are_counted_in_steps():
    assert onsets(ONE) == [(0, 60, 2), (3, 64, 1), (4, 67, 4)]


def test_notes_stand_at_their_beat_and_pitch(figures):
    plots.show_rolls({"one": ONE}, ALT)
    assert [note[:2] for note in notes(figures[0].axes[0])] == [(0, 60), (3, 64), (4, 67)]
    assert figures[0].axes[0].lines[0].get_xdata()[0] == ONE.steps


def test_a_written_note_is_right_where_step_and_pitch_are(figures):
    from matplotlib.colors import to_rgb

    plots.show_rolls({"one over other": (ONE, OTHER), "other alone": OTHER}, ALT)
    first, second = figures[0].axes[:2]
    at_the_same = [(0, to_rgb(RIGHT)), (3, to_rgb(WRONG))]
    assert [(note[0], note[2]) for note in notes(first)][:2] == at_the_same
    assert notes(first)[2][2] == to_rgb(WRONG)  # the same pitch, but a step earlier
    outlines = [patch for patch in first.patches if patch.get_facecolor()[3] == 0]
    assert len(outlines) == len(OTHER.pitches)
    assert {note[2] for note in notes(second)} == {to_rgb(RIGHT)}
    assert first.get_xlim() == second.get_xlim()


def test_a_draw_is_not_blamed_for_its_own_notes(figures):
    from matplotlib.colors import to_rgb

    plots.show_rolls({"drawn": (ONE, OTHER)}, ALT, wanted=False)
    assert [note[2] for note in notes(figures[0].axes[0])] == [to_rgb(RIGHT), to_rgb(OWN), to_rgb(OWN)]
    assert not any(patch.get_hatch() for patch in figures[0].axes[0].patches)


def test_words_count_what_is_shared():
    assert plots.rolls_in_words({"drawn": (ONE, OTHER)}).startswith("drawn, 1 of 3 notes shared: C4 for 2")


def test_rows_that_are_not_full_leave_no_empty_frame(figures):
    plots.show_rolls({str(number): ONE for number in range(5)}, ALT, columns=3)
    assert sum(axis.axison for axis in figures[0].axes) == 5


def test_a_walk_is_a_row_a_tune(figures):
    plots.show_walk([ONE, ONE, OTHER], ALT)
    axis = figures[0].axes[0]
    picture = axis.images[0].get_array()
    assert picture.shape == (3, OTHER.steps)
    assert np.isnan(np.asarray(picture.filled(np.nan))[0, 8:]).all()
    assert picture[0, 0] == 60
    assert picture[2, 8] == 67
    (ends,) = [line.get_xdata() for line in axis.lines if line.get_linewidth() > 2]
    assert list(ends) == [8, 8, 8, 8, 12, 12]


@pytest.mark.parametrize("tunes", [{}, {"none": Melody(())}])
def test_nothing_is_not_drawn(tunes):
    with pytest.raises(ValueError, match="there is nothing to show"):
        plots.show_rolls(tunes, ALT)


def test_a_walk_needs_two_ends():
    with pytest.raises(ValueError, match="got 1 tunes, expected at least two"):
        plots.show_walk([ONE], ALT)
