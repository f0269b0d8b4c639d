"""What the page on VAEs at work says of its stored figures."""

from vae_course.checkpoints import card

FIGURES = card("vaes-at-work")
LEFT = FIGURES["restoring"]["errors"] | {"trained on four damages": FIGURES["trained on four damages"]}
FITTED, LINEAR, TRAINED, NOTHING = (LEFT[name] for name in ("VAE, z fitted", "best linear map", "trained on four damages", "nothing done"))


def mean(values):
    return sum(values) / len(values)


def test_fitting_z_leaves_least_of_all_damages_but_a_hidden_half():
    for name in ("noise", "specks", "coarse", "bars"):
        assert FITTED[name] == min(row[name] for row in LEFT.values())
    assert max(row["lower half"] for row in (FITTED, LINEAR, TRAINED)) < 1.06 * min(row["lower half"] for row in (FITTED, LINEAR, TRAINED))


def test_what_the_network_never_saw_it_does_not_repair_and_the_encoder_repairs_little():
    assert TRAINED["bars"] > 0.8 * NOTHING["bars"] > 3.5 * FITTED["bars"]
    assert LEFT["VAE, encode and decode"]["coarse"] > NOTHING["coarse"]


def test_of_one_size_the_vae_is_ahead_of_a_denoiser_that_saw_the_noise():
    denoisers = card("mnist-autoencoders")
    assert denoisers["noise"][1:] == [float(sigma) for sigma in FIGURES["restoring"]["noise"]]
    for size, behind in (("20", 1), ("64", -1)):
        rows = zip(denoisers["denoising"][f"trained on noisy, {size}"]["errors"][1:], FIGURES["restoring"]["noise"].values(), strict=True)
        assert all(behind * (denoiser - row["VAE, dense"]) > 0 for denoiser, row in rows)


def test_the_nearest_image_is_the_better_alarm_for_nine_digits():
    runs, rules = card("held-out-digits")["runs"], FIGURES["held out"]
    vae = [mean([run["−ELBO"] for run in runs if run["images"] == "equal energy" and run["digit"] == digit]) for digit in range(10)]
    assert [digit for digit in range(10) if vae[digit] > rules["nearest image"][digit]] == [1]
    assert all(ours > theirs for ours, theirs in zip(vae, rules["mean image"], strict=True))
    assert max(range(10), key=lambda digit: vae[digit] - rules["mean image"][digit]) == 8


def test_features_and_frauds_are_as_they_are_told():
    at_100 = {name: mean(row["100"]) for name, row in FIGURES["features"].items()}
    assert sorted(at_100, key=at_100.__getitem__)[-2:] == ["VAE", "autoencoder"]
    assert all(mean(row) < mean(FIGURES["features"]["autoencoder"][count]) for count, row in FIGURES["features"]["VAE"].items())
    precision = {name: mean([share for row in rows for share in row]) for name, rows in FIGURES["frauds"]["precision"].items()}
    assert abs(precision["VAE, by column"] - precision["Mahalanobis distance"]) < 0.02
    assert precision["VAE, one σ"] < 0.1
