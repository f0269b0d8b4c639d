"""What the page on the adversarial autoencoder says of stored runs, seed by seed and digit by digit."""

import pytest

from vae_course.checkpoints import card

CHARGES, HELD_OUT, ERRORS = card("mnist-two-charges")["figures"], card("held-out-codes")["auroc"], card("mnist-few-labels")["errors"]


def mean_of(values) -> float:
    values = list(values)
    return sum(values) / len(values)


def test_beside_the_vae_of_its_network_the_game_has_half_the_mismatch_and_draws_that_lie_nearer_in_each_seed():
    vae, aae, light = CHARGES["VAE"], CHARGES["AAE, λ = 20"], CHARGES["AAE, λ = 1"]
    for name in ("mismatch", "AUC", "frechet"):
        assert len(vae[name]) == len(aae[name]) == len(light[name]) == 3
        assert max(aae[name]) < min(vae[name] + light[name]), name
    assert mean_of(light["mismatch"]) == pytest.approx(mean_of(vae["mismatch"]), abs=0.005), "it is the weight that matches"
    assert mean_of(aae["mismatch"]) == pytest.approx(0.56 * mean_of(vae["mismatch"]), rel=0.05)
    assert min(aae["tells"]) > max(vae["tells"]) + 3
    bounds = [[a + b for a, b in zip(arm["reconstruction"], arm["KL"], strict=True)] for arm in (vae, aae)]
    assert max(bounds[0]) < min(bounds[1]), "the VAE trains for the bound"
    configs = [card(f"{name}-mnist-gaussian-2") for name in ("by-formula", "adversarial")]
    apart = {name for name, value in configs[1]["config"].items() if configs[0]["config"].get(name) != value}
    assert apart == {"match_weight", "discriminator_steps"}, "and by_formula, which one of them does not know"


def test_draws_come_nearest_without_a_game_once_the_codes_are_fitted_and_fitting_brings_the_vae_to_the_game():
    without = CHARGES["no game"]
    for seed in range(3):
        others = [arm[name][seed] for arm in CHARGES.values() if arm is not without for name in ("frechet", "frechet, fitted")]
        assert without["frechet, fitted"][seed] < min(others) < max(others) < without["frechet"][seed]
        covered = [arm[name][seed] for arm in CHARGES.values() if arm is not without for name in ("coverage", "coverage, fitted")]
        assert without["coverage, fitted"][seed] >= max(covered) - 0.005
    assert mean_of(CHARGES["VAE"]["frechet, fitted"]) < mean_of(CHARGES["AAE, λ = 20"]["frechet"])
    for prior in ("ten petals", "handwriting"):
        assert len(CHARGES[prior]["frechet"]) == 3
        assert mean_of(CHARGES["AAE, λ = 20"]["frechet"]) < mean_of(CHARGES[prior]["frechet"])
    assert max(CHARGES["handwriting"]["coverage"]) < min(CHARGES["AAE, λ = 20"]["coverage"])


def test_the_game_gains_over_longer_training_and_loses_to_m2_and_to_guesses_with_each_draw_of_labels():
    for draw in ("0", "1", "2"):
        assert max(ERRORS[rival][draw] for rival in ("M2", "self-trained")) < ERRORS["AAE"][draw] < ERRORS["longer"][draw]


def test_of_a_digit_that_was_left_out_the_code_says_little_and_the_nearest_image_most():
    by_digit = {name: [mean_of(found[digit]) for digit in found] for name, found in HELD_OUT.items()}
    assert all(len(values) == 10 and all(len(seeds) == 3 for seeds in HELD_OUT[name].values()) for name, values in by_digit.items())
    for name in ("discriminator", "distance among codes"):
        assert 0.38 < mean_of(by_digit[name]) < 0.52, "a coin"
    assert all(near > drawn for near, drawn in zip(by_digit["nearest training image"], by_digit["reconstruction"], strict=True))
    assert mean_of(by_digit["reconstruction"]) > mean_of(by_digit["discriminator"]) + 0.2
    assert max(values[1] for values in by_digit.values()) < 0.5, "a one looks less strange than the others, by every score"
