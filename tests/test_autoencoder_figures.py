"""The stored numbers that the page on autoencoders draws are those of the stored models, of models trained to their end."""

import pytest

from vae_course.checkpoints import card

FIGURES = card("mnist-autoencoders")
SIZES = FIGURES["sizes"]


@pytest.mark.parametrize("size", ["2", "20"])
def test_errors_are_those_of_the_stored_models(size):
    stored = card(f"dense-autoencoder-mnist-{size}")
    assert SIZES[size]["autoencoder"] == pytest.approx(stored["metrics"]["reconstruction"], abs=0.02)
    assert SIZES[size]["epochs"] == stored["recipe"]["end"]["epochs_trained"]
    assert FIGURES["data"] == stored["recipe"]["data_fingerprint"]


@pytest.mark.parametrize("size", SIZES)
def test_each_was_trained_until_its_curve_was_flat(size):
    row = SIZES[size]
    assert not row["still_falling"]
    assert row["epochs"] == len(row["held_out"])
    assert min(row["held_out"][:-10]) - min(row["held_out"]) < 0.011


def test_more_numbers_leave_less_error_and_pca_leaves_more():
    for kind in ("autoencoder", "pca"):
        errors = [row[kind] for row in SIZES.values()]
        assert errors == sorted(errors, reverse=True)
    assert all(row["autoencoder"] < row["pca"] for row in SIZES.values())
