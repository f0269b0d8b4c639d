"""Where the numbers in the open tasks' right answers come from: each report measured anew.

python -m tests.exercises.experiments                    all of them, a quarter of an hour on one core
python -m tests.exercises.experiments bottleneck_report  that one
"""

from __future__ import annotations

import math
import sys
import time

import torch
from sklearn.decomposition import PCA
from torch.distributions import MultivariateNormal
from torch.nn.functional import avg_pool2d

from vae_course import (
    VAE,
    AdversarialAutoencoder,
    Autoencoder,
    ConditionalVAE,
    ConvolutionalVAE,
    HierarchicalVAE,
    RecurrentVAE,
    SeriesVAE,
    evaluate,
    fit,
    load,
    negative_log_likelihood,
    pretrained,
    seed_everything,
)
from vae_course.data import FACE_ATTRIBUTES, Split, draw_faces, faces, with_level
from vae_course.data.wallpapers import wallpaper_cost, wallpapers
from vae_course.data.waves import waves
from vae_course.evaluation import (
    active_units,
    anomaly_scores,
    attribute_arrow,
    auroc,
    bits_when_packed,
    code_information,
    mutual_information_gap,
    posterior_means,
    two_sample_auc,
)
from vae_course.evaluation.sample_quality import frechet_distance
from vae_course.evaluation.series import gaussian_given_seen, interpolate_gaps, rmse
from vae_course.models import ParagraphVAE
from vae_course.models.pixels_in_order import PixelVAE
from vae_course.training import mean_losses

Run = dict[str, float | int | str]
HAIR = list(FACE_ATTRIBUTES).index("hair")


def parameters_of(model: torch.nn.Module) -> int:
    """How many numbers training may change."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def bottleneck_report(images: int = 2_000, epochs: int = 60) -> list[Run]:
    """Autoencoders with three bottlenecks on few images, beside PCA on the same."""
    data = load("mnist")
    train, test = data.train.x[:images], data.test.x
    runs: list[Run] = []
    for k in (2, 16, 128):
        seed_everything(0)
        model = Autoencoder(latent_size=k)
        fit(model, train, epochs=epochs, seed=0, quiet=True)
        pca = PCA(k, random_state=0).fit(train.flatten(1).numpy())
        drawn = pca.inverse_transform(pca.transform(test.flatten(1).numpy()))
        run: Run = {"k": k, "hidden": 400, "images": images, "epochs": epochs, "parameters": parameters_of(model)}
        run |= {"train_error": mean_losses(model, train)["loss"], "test_error": mean_losses(model, test)["loss"]}
        runs.append(run | {"pca_error": float(((drawn - test.flatten(1).numpy()) ** 2).sum(1).mean())})
    return runs


def weight_report(images: int = 10_000, epochs: int = 8) -> list[Run]:
    """VAEs with two weights of the KL, three seeds each."""
    data = load("mnist")
    train, test = data.train.x[:images], data.test.x
    runs: list[Run] = []
    for kl_weight in (1.0, 4.0):
        for seed in (0, 1, 2):
            seed_everything(seed)
            model = VAE(latent_size=10, beta=kl_weight)
            fit(model, train, epochs=epochs, seed=seed, quiet=True)
            found = mean_losses(model, test)
            with torch.no_grad():
                sigma = model.encode(test).stddev.mean().item()
            run: Run = {"kl_weight": kl_weight, "seed": seed, "latents": 10, "epochs": epochs}
            runs.append(run | {"reconstruction": found["reconstruction"], "kl": found["kl"], "loss": found["loss"], "sigma": sigma})
    return runs


def gradient_report(mu: float = 0.0, sigma: float = 1.0, repeats: int = 20_000, steps: int = 500) -> list[Run]:
    """Three estimators of d/dμ E[(z − 3)²], z ~ N(μ, σ²): mean and variance at the start, and where descent along them arrives."""

    def estimate(estimator: str, mu: float, draws: int, times: int) -> torch.Tensor:
        epsilon = torch.randn(times, draws)
        values, scores = (mu + sigma * epsilon - 3) ** 2, epsilon / sigma
        if estimator == "pathwise":
            return (2 * (mu + sigma * epsilon - 3)).mean(1)
        if estimator == "with baseline":
            values = values - (values.sum(1, keepdim=True) - values) / (draws - 1)
        return (values * scores).mean(1)

    runs: list[Run] = []
    for estimator, draws in (("pathwise", 1), ("score function", 1), ("score function", 100), ("with baseline", 2), ("with baseline", 100)):
        torch.manual_seed(0)
        at_start = estimate(estimator, mu, draws, repeats)
        now, distances = mu, []
        for step in range(steps):
            now -= 0.02 * estimate(estimator, now, draws, 1).item()
            if step >= steps // 2:
                distances.append(abs(now - 3))
        run: Run = {"estimator": estimator, "draws": draws, "mu": mu, "sigma": sigma, "repeats": repeats, "mean": at_start.mean().item()}
        runs.append(run | {"variance": at_start.var().item(), "distance": sum(distances) / len(distances)})
    return runs


def bound_report(images: int = 10_000, epochs: int = 8) -> list[Run]:
    """VAEs with 2 and with 20 latents, two seeds each: the ELBO, and the bound with 10 and with 100 draws."""
    data = load("mnist")
    train, test = data.train.x[:images], data.test.x[:1_000]
    runs: list[Run] = []
    for latents in (2, 20):
        for seed in (0, 1):
            seed_everything(seed)
            model = VAE(latent_size=latents)
            fit(model, train, epochs=epochs, seed=seed, quiet=True)
            found = evaluate(model, test)
            bounds = {f"bound_{k}": -negative_log_likelihood(model, test, k=k, quiet=True).mean().item() for k in (10, 100)}
            run: Run = {"latents": latents, "seed": seed, "hidden": 400, "parameters": parameters_of(model), "test_images": len(test)}
            runs.append(run | {"reconstruction": found["reconstruction"], "kl": found["kl"], "elbo": found["elbo"]} | bounds)
    return runs


def recipe_report(images: int = 10_000, epochs: int = 6) -> list[Run]:
    """One change of the recipe, a batch of 32 and not of 128, with three seeds each."""
    data = load("mnist")
    train, test = data.train.x[:images], data.test.x
    runs: list[Run] = []
    for recipe, batch_size in (("as before", 128), ("changed", 32)):
        for seed in (0, 1, 2):
            seed_everything(seed)
            model = VAE()
            fit(model, train, epochs=epochs, batch_size=batch_size, seed=seed, quiet=True)
            found = mean_losses(model, test)
            run: Run = {"recipe": recipe, "seed": seed, "images": images, "epochs": epochs, "batch_size": batch_size, "learning_rate": 1e-3}
            run |= {"steps": model.steps_trained, "reconstruction": found["reconstruction"], "kl": found["kl"], "loss": found["loss"]}
            runs.append(run)
    return runs


def gap_report(images: int = 5_000, epochs: int = 10) -> list[Run]:
    """β-VAEs on sprites at two prices, three seeds each: what they cost, how many latents are open, and their MIG."""
    data = load("sprites")
    train, test = data.train.x[:images], data.test.head(5_000)
    runs: list[Run] = []
    for beta in (1.0, 8.0):
        for seed in (0, 1, 2):
            seed_everything(seed)
            model = ConvolutionalVAE(input_shape=(1, 32, 32), latent_size=10, channels=(16, 32), likelihood="bernoulli", beta=beta)
            fit(model, train, epochs=epochs, seed=seed, quiet=True)
            found = mean_losses(model, test.x)
            run: Run = {"beta": beta, "seed": seed, "latents": 10, "images": images, "epochs": epochs}
            run |= {"reconstruction": found["reconstruction"], "kl": found["kl"], "loss": found["loss"]}
            gap = mutual_information_gap(posterior_means(model, test), test.y).score
            runs.append(run | {"open": int(active_units(model, test).sum()), "mig": gap})
    return runs


def label_report(images: int = 10_000, epochs: int = 6, drawn: int = 1_000) -> list[Run]:
    """Conditional VAEs that see true labels, and ones that see labels dealt at random, three seeds each."""
    data = load("mnist")
    judge = pretrained("classifier-mnist")
    runs: list[Run] = []
    for labels in ("true", "dealt"):
        for seed in (0, 1, 2):
            seed_everything(seed)
            model = ConditionalVAE(latent_size=2)
            train, test = data.train.head(images), data.test
            if labels == "dealt":
                train, test = (Split(split.x, torch.randint(10, (len(split),))) for split in (train, test))
            fit(model, train, epochs=epochs, seed=seed, quiet=True)
            found = mean_losses(model, test)
            asked = torch.arange(drawn) % 10
            with torch.no_grad():
                named = judge(model.sample(drawn, asked)).argmax(1)
            run: Run = {"labels": labels, "seed": seed, "images": images, "epochs": epochs, "drawn": drawn}
            run |= {"obeyed": int((named.cpu() == asked).sum())}
            runs.append(run | {"reconstruction": found["reconstruction"], "kl": found["kl"], "loss": found["loss"]})
    return runs


def edit_report(images: int = 2_000, epochs: int = 12) -> list[Run]:
    """Small faces whose hair is made long by an arrow, of VAEs with few and with more latents, three seeds each: how near the truth."""
    data = faces(train=images, test=400)
    levels = FACE_ATTRIBUTES["hair"]
    train, hair, asked = avg_pool2d(data.train.x, 4), data.train.y[:, HAIR], data.test.y
    rows = (asked[:, HAIR] == levels.index("short")).nonzero()[:, 0]
    x, truth = (avg_pool2d(each, 4) for each in (data.test.x[rows], draw_faces(with_level(asked[rows], "hair", "long"), rows=rows, seed=1)))
    among = (hair == levels.index("short")) | (hair == levels.index("long"))

    def distance(found: torch.Tensor) -> float:
        return 255 * (found - truth).square().flatten(1).mean(1).sqrt().mean().item()

    runs: list[Run] = []
    for latents in (4, 32):
        for seed in (0, 1, 2):
            seed_everything(seed)
            model = ConvolutionalVAE(input_shape=(3, 16, 16), latent_size=latents, channels=(16, 32), likelihood="gaussian", sigma=0.1)
            fit(model, train, epochs=epochs, learning_rate=2e-3, seed=seed, quiet=True)
            with torch.no_grad():
                arrow = attribute_arrow(posterior_means(model, train)[among], hair[among] == levels.index("long"))
                z = posterior_means(model, x)
                edited = (x + model.decode(z + arrow).mean - model.decode(z).mean).clamp(0, 1)
            before, after = distance(x), distance(edited)
            run: Run = {"latents": latents, "seed": seed, "images": images, "epochs": epochs, "edited": len(rows)}
            runs.append(run | {"before": before, "after": after, "saved": before - after})
    return runs


def game_report(images: int = 6_000, epochs: int = 15, weight: float = 20.0) -> list[Run]:
    """Adversarial autoencoders whose discriminator learns once and four times a step, three seeds each."""
    data = load("mnist")
    train, test = data.train.x[:images], data.test.x[:2_000]
    sizes = {"hidden_sizes": (128, 128), "principal": 64, "discriminator_rate": 3.0}
    runs: list[Run] = []
    for steps in (1, 4):
        for seed in (0, 1, 2):
            seed_everything(seed)
            model = AdversarialAutoencoder(**sizes, spread=True, match_weight=weight, discriminator_steps=steps)
            model.start_at(train)
            fit(model, train, epochs=epochs, batch_size=256, learning_rate=3e-3, seed=seed, quiet=True)
            found = mean_losses(model, test)
            with torch.no_grad():
                codes, drawn = model.encode(test).sample(), model.prior.sample((len(test),))
            run: Run = {"discriminator_steps": steps, "seed": seed, "images": images, "epochs": epochs, "weight": weight}
            run |= {"reconstruction": found["reconstruction"], "mismatch": found["generator"], "loss": found["loss"]}
            runs.append(run | {"auc": two_sample_auc(codes, drawn)})
    return runs


def dropout_report(windows: int = 1_000, epochs: int = 12) -> list[Run]:
    """Recurrent VAEs on melodies whose decoder reads all true steps, or half of them, three seeds each; and what a wrong code costs."""
    data = load("melodies")
    train, test = data.train.x[:windows], data.test.x
    runs: list[Run] = []
    for hidden in (0.0, 0.5):
        for seed in (0, 1, 2):
            seed_everything(seed)
            model = RecurrentVAE(input_shape=(17, 40), latent_size=16, hidden_size=128, end_token=2, word_dropout=hidden)
            fit(model, train, epochs=epochs, learning_rate=4e-3, seed=seed, quiet=True)
            found = mean_losses(model, test)
            with torch.no_grad():
                z = model.encode(test).mean
                own, other = (-model.decode(codes).log_prob(test).mean().item() for codes in (z, z.roll(1, 0)))
            run: Run = {"dropout": hidden, "seed": seed, "windows": windows, "epochs": epochs}
            run |= {"reconstruction": found["reconstruction"], "kl": found["kl"], "loss": found["loss"]}
            runs.append(run | {"own": own, "other": other})
    return runs


def stack_report(images: int = 6_000, epochs: int = 8) -> list[Run]:
    """Stacks of two levels with naive and with residual inference, three seeds each."""
    data = load("mnist-binary")
    train, test = data.train.x[:images], data.test.x
    runs: list[Run] = []
    for inference in ("naive", "residual"):
        for seed in (0, 1, 2):
            seed_everything(seed)
            model = HierarchicalVAE(latent_sizes=(16, 8), hidden_sizes=(200, 100), inference=inference)
            fit(model, train, epochs=epochs, seed=seed, quiet=True)
            print(mean_losses(model, test))
            found = mean_losses(model, test)
            run: Run = {"inference": inference, "seed": seed, "images": images, "epochs": epochs, "reconstruction": found["reconstruction"]}
            runs.append(run | {"kl_bottom": found["kl_1"], "kl_top": found["kl_2"], "loss": found["loss"]})
    return runs


def series_report(steps: int = 2_000, hidden: int = 16) -> list[Run]:
    """VAEs on few and on many waves, three seeds each, with as many steps of training; beside one Gaussian and a straight line."""
    test = waves(1_000, seed=1)
    part = test.x.clone()
    part[:, 16 : 16 + hidden] = 0
    gap = part[0, :, 1] == 0
    straight = interpolate_gaps(part[..., 0], part[..., 1])

    def error(found: torch.Tensor, where: torch.Tensor) -> float:
        return 100 * rmse(found[:, where], test.clean[:, where])

    runs: list[Run] = []
    for series in (500, 8_000):
        train = waves(series, seed=10).x
        rival = gaussian_given_seen(train[..., 0], part[..., 0], part[..., 1], ridge=1e-3)[0]
        for seed in (0, 1, 2):
            seed_everything(seed)
            model = SeriesVAE(input_shape=(64, 2), latent_size=8).standardise(train)
            fit(model, train, epochs=round(steps / -(-series // 128)), learning_rate=2e-3, seed=seed, quiet=True)
            again = model.reconstruct(part)[..., 0]
            run: Run = {"series": series, "seed": seed, "steps": model.steps_trained, "hidden": hidden, "vae": error(again, gap)}
            run |= {"gaussian": error(rival, gap), "line": error(straight, gap), "rest": error(again, ~gap)}
            runs.append(run | {"whole": 100 * rmse(again, test.clean)})
    return runs


def alarm_report(images: int = 10_000, epochs: int = 6) -> list[Run]:
    """VAEs that never see one digit, two digits and three seeds each: is −ELBO a better alarm than the cost under the mean image?"""
    data = load("mnist")
    test = data.test
    assert data.train.y is not None
    assert test.y is not None
    runs: list[Run] = []
    for digit in (8, 1):
        train, strange = data.train.x[data.train.y != digit][:images], test.y == digit
        mean = train.mean(0).clamp(0.001, 0.999)
        under_mean = -(test.x * mean.log() + (1 - test.x) * (1 - mean).log()).flatten(1).sum(1)
        for seed in (0, 1, 2):
            seed_everything(seed)
            model = VAE(latent_size=2)
            fit(model, train, epochs=epochs, seed=seed, quiet=True)
            found = mean_losses(model, test.x[~strange])
            scores = anomaly_scores(model, test.x, k=10)["−ELBO"]
            run: Run = {"digit": digit, "seed": seed, "images": images, "epochs": epochs}
            run |= {"reconstruction": found["reconstruction"], "kl": found["kl"], "loss": found["loss"]}
            run |= {"stranger_loss": mean_losses(model, test.x[strange])["loss"], "auroc": 100 * auroc(scores, strange)}
            runs.append(run | {"mean_auroc": 100 * auroc(under_mean, strange)})
    return runs


def level_text_report(count: int = 4_000, epochs: int = 6) -> list[Run]:
    """Stories at two levels, where the price of a nat rises for both, or for the paragraph's alone, three seeds each."""
    data = load("texts")
    train, test = data.train.head(count), data.test.head(1_000)
    runs: list[Run] = []
    for rises in ("both", "paragraph"):
        for seed in (0, 1, 2):
            seed_everything(seed)
            sizes = {"sentence_size": 2, "hidden_size": 64, "word_dropout": 0.3, "anneal_steps": 1_500}
            model = ParagraphVAE(**sizes, anneal_sentences=rises == "both")
            fit(model, train, epochs=epochs, batch_size=32, learning_rate=4e-3, seed=seed, quiet=True)
            found = mean_losses(model, test)
            run: Run = {"rises": rises, "seed": seed, "stories": count, "epochs": epochs, "reconstruction": found["reconstruction"]}
            run |= {name: found[name] for name in ("kl_paragraph", "kl_sentences")}
            runs.append(run | {"loss": found["reconstruction"] + found["kl"]})
    return runs


def bits_report(images: int = 4_000, epochs: int = 12) -> list[Run]:
    """VAEs on sprites in colour, three seeds: bits per dimension beside those of how often each level occurs, and of bz2."""
    data = load("colour-sprites")
    train, test = data.train.x[:images], data.test.x[:1_000]
    rivals = bits_when_packed(train, test)
    dimensions = test[0].numel()
    runs: list[Run] = []
    for seed in (0, 1, 2):
        seed_everything(seed)
        model = ConvolutionalVAE(latent_size=32, channels=(16, 32, 64))
        fit(model, train, epochs=epochs, batch_size=64, learning_rate=2e-3, seed=seed, quiet=True)
        found = mean_losses(model, test)
        run: Run = {"seed": seed, "images": images, "epochs": epochs, "tested": len(test), "dimensions": dimensions}
        run |= {"reconstruction": found["reconstruction"], "kl": found["kl"], "loss": found["loss"]}
        runs.append(run | {"bits": found["loss"] / (dimensions * math.log(2)), "marginal": rivals["marginal"], "bz2": rivals["bz2"]})
    return runs


def collapse_report(images: int = 3_000, epochs: int = 60, test_images: int = 1_000) -> list[Run]:
    """Autoregressive VAEs on wallpapers, with nothing done and with a quarter of the pixels before hidden, three seeds each."""
    train, test = wallpapers(images, seed=0), wallpapers(test_images, seed=1)
    runs: list[Run] = []
    for cure, hidden in (("without", 0.0), ("with", 0.25)):
        for seed in (0, 1, 2):
            seed_everything(seed)
            model = PixelVAE(input_shape=(1, 9, 9), latent_size=12, hidden_sizes=(100,), pixel_dropout=hidden)
            fit(model, train, epochs=epochs, batch_size=100, learning_rate=3e-3, seed=seed, device="cpu", quiet=True)
            found, told = evaluate(model, test), code_information(model, test)
            run: Run = {"cure": cure, "seed": seed, "images": images, "epochs": epochs, "test_images": test_images}
            run |= {"information": told.information, "mismatch": told.marginal_kl, "kl": told.kl}
            run |= {"reconstruction": found["reconstruction"], "loss": found["reconstruction"] + found["kl"]}
            runs.append(run | {"exact": wallpaper_cost(test).mean().item()})
    return runs


def rivals_report(images: int = 5_000, epochs: int = 12, latents: int = 8, drawn: int = 2_000) -> list[Run]:
    """Draws of an autoencoder with a Gaussian fitted to its codes and of a VAE from its prior, three seeds each, beside real images."""
    data, judge = load("mnist"), pretrained("classifier-mnist", device="cpu")
    train, test, others = data.train.x[:images], data.test.x[:drawn], data.test.x[drawn : 2 * drawn]

    def features(pictures: torch.Tensor) -> torch.Tensor:
        return judge.features(pictures).double()

    real, runs = frechet_distance(features(others), features(test)), []
    for rival in ("autoencoder", "VAE"):
        for seed in (0, 1, 2):
            seed_everything(seed)
            model = VAE(latent_size=latents) if rival == "VAE" else Autoencoder(latent_size=latents, error="cross-entropy")
            fit(model, train, epochs=epochs, seed=seed, device="cpu", quiet=True)
            torch.manual_seed(seed)
            with torch.no_grad():
                codes, z = model.encode(train).mean, torch.randn(drawn, latents)
                if rival == "autoencoder":
                    z = MultivariateNormal(codes.mean(0), codes.T.cov()).sample((drawn,))
                draws, again = (features(model.decode(code).mean) for code in (z, model.encode(test).mean))
            run: Run = {"rival": rival, "seed": seed, "latents": latents, "images": images, "epochs": epochs, "drawn": drawn}
            run |= {"rebuilt": frechet_distance(again, features(test)), "apart": frechet_distance(draws, again)}
            runs.append(run | {"distance": frechet_distance(draws, features(test)), "real": real})
    return runs


REPORTS = (
    bottleneck_report,
    weight_report,
    gradient_report,
    bound_report,
    recipe_report,
    gap_report,
    label_report,
    edit_report,
    game_report,
    dropout_report,
    stack_report,
    level_text_report,
    series_report,
    alarm_report,
    bits_report,
    collapse_report,
    rivals_report,
)


def main(names: list[str]) -> None:
    for report in REPORTS:
        if not names or report.__name__ in names:
            started = time.perf_counter()
            print(f"{report.__name__}")
            for run in report():
                print("   ", {name: round(value, 4) if isinstance(value, float) else value for name, value in run.items()})
            print(f"    {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
