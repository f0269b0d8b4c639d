"""One small VAE a set of series against rules that need no network, use by use, three seeds: the figures of the page on series.

python -m benchmarks.series                     all sets, seeds 0, 1 and 2
python -m benchmarks.series --sets electricity  some of them
python -m benchmarks.series --store             keep the figures and the models of seed 0 that the page draws from

Errors, lower is better: root mean squared errors on the scale of [0, 1] for forecasts, gaps and codes (of made series against the values
without noise); 1 − AUROC for oddness, of beats with 0.3 of their change; the share that is named wrong for labels. Rules are fitted on the
training part, as the models are. One Gaussian is the mean and covariance of the training part; its ridge for gaps and
forecasts is that under which left-out training series are likeliest. Bands are judged against the series as they are, with their noise:
how often the truth lies in the 80 % band, and how wide the band is.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from benchmarks.tables import versions
from vae_course import checkpoints, fit, load
from vae_course.data.waves import BEATS, GAP, heartbeats, waves, without_end
from vae_course.evaluation import auroc, draws_given_seen, fill_from_neighbours
from vae_course.evaluation.series import (
    autoregressive_forecast,
    chosen_ridge,
    gaussian_code,
    gaussian_given_seen,
    gaussian_surprise,
    interpolate_gaps,
    last_value_forecast,
    periodic_forecast,
    principal_components,
    rmse,
)
from vae_course.models import SeriesVAE

SEEDS = (0, 1, 2)
STORED = checkpoints.FOLDER / "series-uses.json"  # inside the package, so that the page finds it on Colab too
STRENGTHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
KEPT = ("heartbeats", "waves", "ecg")  # whose model of seed 0 the page draws from
TOLD = "gap, told the mean in training"
WINDOW = 8  # steps of the moving variance


@dataclass(frozen=True)
class Setting:
    """How the model of one set is made. steps: of training, the last quarter of them with a tenth of the learning rate."""

    latent_size: int
    hidden_size: int
    steps: int
    batch_size: int = 128

    def epochs(self, examples: int) -> int:
        """So many as hold the steps, in four equal parts."""
        return 4 * round(self.steps * self.batch_size / examples / 4)


SETTINGS = {
    "heartbeats": Setting(8, 128, 3000),
    "waves": Setting(8, 192, 3000),
    "electricity": Setting(4, 64, 1500, 32),
    "motion": Setting(8, 128, 1500, 32),
    "speech": Setting(16, 128, 1500, 32),
    "sensor": Setting(16, 128, 2000),
    "ecg": Setting(8, 128, 2000),
}


def trained(name: str, seed: int, kind: type[SeriesVAE] = SeriesVAE) -> SeriesVAE:
    """The model of one set from one seed."""
    how, x = SETTINGS[name], load(name).train.x
    torch.manual_seed(seed)
    sizes = (how.hidden_size, how.hidden_size)
    model = kind(input_shape=x.shape[1:], latent_size=how.latent_size, hidden_sizes=sizes, anneal_steps=300).standardise(x)
    quarter = how.epochs(len(x)) // 4
    for count, rate in ((3 * quarter, 2e-3), (quarter, 2e-4)):
        fit(model, x, epochs=count, batch_size=how.batch_size, learning_rate=rate, seed=seed, quiet=True)
    return model.eval()


@torch.no_grad()
def predicted(model, x: Tensor) -> tuple[Tensor, Tensor]:
    """The mean over draws of z given what was seen, (n, steps), and draws of the values with their noise, (100, n, steps)."""
    p = model.decode(draws_given_seen(model, x, 100))
    return p.mean[..., 0].mean(0), p.sample()[..., 0]


@torch.no_grad()
def oddness(model, x: Tensor) -> Tensor:
    """−log p(x|z) at the mean of q(z|x), plus the KL: (n,), in nats."""
    q = model.encode(x)
    return kl_divergence(q, model.prior) - model.decode(q.mean).log_prob(x)


def in_bands(bands: list[tuple[Tensor, Tensor]], truth: Tensor) -> dict[str, list[float]]:
    """How often the truth lies in each of the bands (low, high), and how wide they are in the mean."""
    held = [((truth >= low) & (truth <= high)).double().mean().item() for low, high in bands]
    return {"held": held, "width": [(high - low).mean().item() for low, high in bands]}


def judged(by_model: list[tuple[Tensor, Tensor]], gaussian: tuple[Tensor, Tensor], where, truth: Tensor) -> dict[str, dict]:
    """The 80 % bands of each model and of one Gaussian, where something was hidden. where: an index of (n, steps)."""
    eighty = torch.tensor([0.1, 0.9])
    ours = [(low[where], high[where]) for low, high in (drawn.quantile(eighty, 0) for _, drawn in by_model)]
    reach = Normal(0.0, 1.0).icdf(torch.tensor(0.9)) * gaussian[1][where]
    theirs = (gaussian[0][where] - reach, gaussian[0][where] + reach)
    return {"VAE": in_bands(ours, truth[where]), "one Gaussian": in_bands([theirs], truth[where])}


def passed_off(model: SeriesVAE, x: Tensor) -> Tensor:
    """The same series with their gaps filled with the usual values, which are passed off as seen."""
    seen = x[..., -1:]
    return torch.cat([torch.where(seen > 0, x[..., :-1], model.centre.expand_as(x[..., :-1])), torch.ones_like(seen)], -1)


class ToldTheMean(SeriesVAE):
    """The same, but what is hidden in training is filled with the usual values and passed off as seen."""

    def _partly_hidden(self, x: Tensor) -> Tensor:
        return passed_off(self, super()._partly_hidden(x))


def squares_left(train: Tensor, values: Tensor, size: int) -> Tensor:
    return (principal_components(train, values, size) - values).square().sum(1)


def moving_variance(values: Tensor) -> tuple[Tensor, Tensor]:
    """How still the stillest window is, and how restless the changes in the most restless one are: (n,) each, higher is odder."""
    still = -values.unfold(1, WINDOW, 1).var(-1).amin(1)
    return still, values.diff(dim=1).unfold(1, WINDOW, 1).var(-1).amax(1)


def five_nearest(train: Tensor, x: Tensor) -> Tensor:
    """The mean of the five training series that are nearest in what was seen of x, (n, steps, 2): (n, steps)."""
    return fill_from_neighbours(train, x[..., 0], x[..., 1] == 1, neighbours=5).mean(0)


def rank_in(normal: Tensor, scores: Tensor) -> Tensor:
    return torch.searchsorted(normal.sort().values, scores) / len(normal)


# Rules by use. The first of each row is what all are divided by in the page's picture.


def wave_rows(models: list) -> dict:
    x = load("waves").train.x
    whole = x[x[..., 1].min(1).values == 1][..., 0]
    test, holed = waves(1000, seed=1), waves(1000, gap=GAP, seed=1)
    cut, hidden = without_end(test.x), holed.x[..., 1] == 0
    ahead, past = test.clean[:, -GAP:], test.x[:, :-GAP, 0]
    by_model = [(predicted(model, cut), predicted(model, holed.x), model.reconstruct(test.x)[..., 0]) for model in models]
    ridge = chosen_ridge(whole)
    gaussian = {part: gaussian_given_seen(whole, x[..., 0], x[..., 1], ridge=ridge) for part, x in (("forecast", cut), ("gap", holed.x))}
    values, seen = holed.x[..., 0], ~hidden
    size = SETTINGS["waves"].latent_size
    rows = {
        "waves: forecast": {
            "VAE": [rmse(forecast[:, -GAP:], ahead) for (forecast, _), _, _ in by_model],
            "last value": rmse(last_value_forecast(past, GAP), ahead),
            "one period ago": rmse(periodic_forecast(past, GAP), ahead),
            "autoregression": rmse(autoregressive_forecast(whole, past, GAP), ahead),
            "one Gaussian": rmse(gaussian["forecast"][0][:, -GAP:], ahead),
            "nearest": rmse(fill_from_neighbours(whole, cut[..., 0], cut[..., 1] == 1)[0][:, -GAP:], ahead),
            "five nearest": rmse(five_nearest(whole, cut)[:, -GAP:], ahead),
        },
        "waves: gap": {
            "VAE": [rmse(filled[hidden], holed.clean[hidden]) for _, (filled, _), _ in by_model],
            "straight line": rmse(interpolate_gaps(values, seen)[hidden], holed.clean[hidden]),
            "one Gaussian": rmse(gaussian["gap"][0][hidden], holed.clean[hidden]),
            "nearest": rmse(fill_from_neighbours(whole, values, seen)[0][hidden], holed.clean[hidden]),
            "five nearest": rmse(five_nearest(whole, holed.x)[hidden], holed.clean[hidden]),
        },
        f"waves: {size} numbers": {
            "VAE": [rmse(again, test.clean) for _, _, again in by_model],
            "mean wave": rmse(whole.mean(0).expand_as(test.clean), test.clean),
            "components": rmse(principal_components(whole, test.x[..., 0], size), test.clean),
            "one Gaussian": rmse(gaussian_code(whole, test.x[..., 0], size), test.clean),
        },
    }
    bands = {
        "forecast": judged([ahead for ahead, _, _ in by_model], gaussian["forecast"], (slice(None), slice(-GAP, None)), test.x[..., 0]),
        "gap": judged([filled for _, filled, _ in by_model], gaussian["gap"], hidden.nonzero(as_tuple=True), test.x[..., 0]),
    }
    told_the_mean = [trained("waves", seed, ToldTheMean) for seed in SEEDS[: len(models)]]
    lies = [rmse(model.reconstruct(passed_off(model, holed.x))[..., 0][hidden], holed.clean[hidden]) for model in told_the_mean]
    return {"rows": rows, "80 % bands": bands, TOLD: lies}


def beat_rows(models: list) -> dict:
    train = load("heartbeats").train.x[..., 0]
    x = heartbeats(800, kinds=BEATS[:1], seed=1)[0]
    clean = heartbeats(800, kinds=BEATS[:1], noise=0, seed=1)[0][..., 0]
    values, rows, bands, ridge = x[..., 0], {}, {}, chosen_ridge(train)
    told_the_mean = [trained("heartbeats", seed, ToldTheMean) for seed in SEEDS[: len(models)]]
    for use, start, stop in (("forecast", 36, 64), ("gap", 18, 34)):
        part = x.clone()
        part[:, start:stop] = 0
        seen, missing = part[..., 1] == 1, slice(start, stop)
        found = [predicted(model, part) for model in models]
        gaussian = gaussian_given_seen(train, part[..., 0], seen, ridge=ridge)
        bands[use] = judged(found, gaussian, (slice(None), missing), values)
        wanted = clean[:, missing]
        naive = interpolate_gaps(part[..., 0], part[..., 1])[:, missing]
        rows[f"heartbeats: {use}"] = {
            "VAE": [rmse(mean[:, missing], wanted) for mean, _ in found],
            "last value" if use == "forecast" else "straight line": rmse(naive, wanted),
            "mean beat": rmse(train.mean(0).expand_as(values)[:, missing], wanted),
            "nearest": rmse(fill_from_neighbours(train, part[..., 0], seen)[0][:, missing], wanted),
            "five nearest": rmse(five_nearest(train, part)[:, missing], wanted),
            "one Gaussian": rmse(gaussian[0][:, missing], wanted),
        }
        if use == "gap":
            lies = [rmse(model.reconstruct(passed_off(model, part))[:, missing, 0], wanted) for model in told_the_mean]
    rows["heartbeats: 8 numbers"] = {
        "VAE": [rmse(model.reconstruct(x)[..., 0], clean) for model in models],
        "mean beat": rmse(train.mean(0).expand_as(clean), clean),
        "components": rmse(principal_components(train, values, 8), clean),
        "one Gaussian": rmse(gaussian_code(train, values, 8), clean),
    }
    curves: dict[str, dict[str, list]] = {}
    for strength in STRENGTHS:
        odd, kind = heartbeats(800, kinds=BEATS[1:], strength=strength, seed=2)
        both, y = torch.cat([x, odd]), torch.cat([torch.zeros(len(x), dtype=torch.long), kind])
        everything = both[..., 0]
        scores = {
            "mean beat": (everything - train.mean(0)).square().sum(1),
            "nearest": torch.cdist(everything, train).amin(1),
            "4 components": squares_left(train, everything, 4),
            "8 components": squares_left(train, everything, 8),
            "one Gaussian": gaussian_surprise(train, everything, ridge=1e-5),
        }
        ours = [oddness(model, both) for model in models]
        for number, name in enumerate(BEATS[1:], 1):
            of = (y == 0) | (y == number)
            curve = curves.setdefault(name, {"VAE": [], **{rule: [] for rule in scores}})
            curve["VAE"].append([auroc(score[of], y[of] > 0) for score in ours])
            for rule, score in scores.items():
                curve[rule].append(auroc(score[of], y[of] > 0))
        if strength == 0.3:
            rows["heartbeats: odd ones"] = {
                "VAE": [1 - auroc(score, y > 0) for score in ours],
                **{rule: 1 - auroc(score, y > 0) for rule, score in scores.items()},
            }
    told = {TOLD: lies}
    return {"rows": rows, "80 % bands": bands, **told, "strengths": list(STRENGTHS), "AUROC": curves}


def sensor_rows(models: list) -> dict:
    data = load("sensor")
    train, values, y = data.train.x[..., 0], data.test.x[..., 0], data.test.y
    assert y is not None
    still, restless = (rank_in(normal, scores) for normal, scores in zip(moving_variance(train), moving_variance(values), strict=True))
    scores = {
        "mean day": (values - train.mean(0)).square().sum(1),
        "moving variance": torch.maximum(still, restless),
        "nearest": torch.cdist(values, train).amin(1),
        "12 components": squares_left(train, values, 12),
        "one Gaussian": gaussian_surprise(train, values, ridge=1e-7),
    }
    ours = [oddness(model, data.test.x) for model in models]
    kinds = {}
    for number, kind in enumerate(data.classes[1:], 1):
        of = (y == 0) | (y == number)
        rules = {rule: auroc(score[of], y[of] > 0) for rule, score in scores.items()}
        kinds[kind] = {"VAE": [auroc(score[of], y[of] > 0) for score in ours], **rules}
    row = {"VAE": [1 - auroc(score, y > 0) for score in ours], **{rule: 1 - auroc(score, y > 0) for rule, score in scores.items()}}
    return {"rows": {"sensor: odd days": row}, "AUROC": kinds}


def day_rows(models: list) -> dict:
    data = load("electricity")
    train, values = data.train.x[..., 0], data.test.x[..., 0]
    part = data.test.x.clone()
    part[:, 12:] = 0
    seen, ahead = part[..., 1] == 1, values[:, 12:]
    found = [predicted(model, part) for model in models]
    holed = data.test.x.clone()
    holed[:, 8:14] = 0
    is_seen, missing = holed[..., 1] == 1, values[:, 8:14]
    filled, ridge = [predicted(model, holed) for model in models], chosen_ridge(train)
    gaussian = [gaussian_given_seen(train, x[..., 0], x[..., 1], ridge=ridge) for x in (part, holed)]
    rows = {
        "electricity: forecast": {
            "VAE": [rmse(mean[:, 12:], ahead) for mean, _ in found],
            "last value": rmse(last_value_forecast(values[:, :12], 12), ahead),
            "mean day": rmse(train.mean(0).expand_as(values)[:, 12:], ahead),
            "nearest": rmse(fill_from_neighbours(train, part[..., 0], seen)[0][:, 12:], ahead),
            "five nearest": rmse(five_nearest(train, part)[:, 12:], ahead),
            "one Gaussian": rmse(gaussian[0][0][:, 12:], ahead),
        },
        "electricity: gap": {
            "VAE": [rmse(mean[:, 8:14], missing) for mean, _ in filled],
            "straight line": rmse(interpolate_gaps(holed[..., 0], holed[..., 1])[:, 8:14], missing),
            "nearest": rmse(fill_from_neighbours(train, holed[..., 0], is_seen)[0][:, 8:14], missing),
            "five nearest": rmse(five_nearest(train, holed)[:, 8:14], missing),
            "one Gaussian": rmse(gaussian[1][0][:, 8:14], missing),
        },
        "electricity: 4 numbers": {
            "VAE": [rmse(model.reconstruct(data.test.x)[..., 0], values) for model in models],
            "mean day": rmse(train.mean(0).expand_as(values), values),
            "components": rmse(principal_components(train, values, 4), values),
            "one Gaussian": rmse(gaussian_code(train, values, 4), values),
        },
    }
    bands = {
        "forecast": judged(found, gaussian[0], (slice(None), slice(12, None)), values),
        "gap": judged(filled, gaussian[1], (slice(None), slice(8, 14)), values),
    }
    return {"rows": rows, "80 % bands": bands}


def label_rows(name: str, models: list) -> dict:
    """Who speaks, or what is done: logistic regression on codes against the same on raw values, and the nearest recording."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load(name)
    y, wanted = data.train.y, data.test.y
    assert y is not None
    assert wanted is not None

    def wrong(parts: list[Tensor], rule) -> float:
        a, b = parts
        return 1 - float(rule.fit(a.numpy(), y.numpy()).score(b.numpy(), wanted.numpy()))

    def linear():
        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))

    def summaries(x: Tensor) -> Tensor:
        values, seen = x[..., :-1], x[..., -1:]
        mean = values.sum(1) / seen.sum(1)
        spread = (seen * (values - mean.unsqueeze(1)).square()).sum(1) / seen.sum(1)
        return torch.cat([mean, spread.sqrt()], 1)

    raw = [split.x[..., :-1].flatten(1) for split in (data.train, data.test)]
    size = SETTINGS[name].latent_size
    pca = PCA(size, random_state=0).fit(raw[0].numpy())
    parts = [torch.from_numpy(pca.transform(values.numpy())) for values in raw]
    with torch.no_grad():
        codes = [[model.encode(split.x).mean for split in (data.train, data.test)] for model in models]
    often = (wanted.bincount() / len(wanted))[y.bincount().argmax()].item()
    row = {
        "VAE": [wrong(pair, linear()) for pair in codes],
        "one guess for all": 1 - often,
        "one Gaussian": wrong(parts, linear()),  # its code: the components, whose scale a logistic regression does not mind
        "raw values": wrong(raw, linear()),
        "nearest": wrong(raw, KNeighborsClassifier(1)),
        "mean and spread": wrong([summaries(split.x) for split in (data.train, data.test)], linear()),
    }
    return {"rows": {f"{name}: {'who' if name == 'speech' else 'what'}": row}}


def ecg_rows(models: list) -> dict:
    """Nothing that is compared: one early beat in one recording. How the scores stand there, all the same."""
    data = load("ecg")
    train, values, y = data.train.x[..., 0], data.test.x[..., 0], data.test.y
    assert y is not None
    rules = {
        "mean of the window": -values.mean(1),
        "nearest": torch.cdist(values, train).amin(1),
        "8 components": squares_left(train, values, 8),
    }
    ours = {"VAE": [auroc(oddness(model, data.test.x), y > 0) for model in models]}
    return {"rows": {}, "AUROC": ours | {rule: auroc(score, y > 0) for rule, score in rules.items()}}


ROWS = {
    "heartbeats": beat_rows,
    "waves": wave_rows,
    "electricity": day_rows,
    "motion": lambda models: label_rows("motion", models),
    "speech": lambda models: label_rows("speech", models),
    "sensor": sensor_rows,
    "ecg": ecg_rows,
}


def rounded(value):
    """The same, numbers to four digits behind the point."""
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--store", action="store_true")
    chosen = parser.parse_args()
    table = json.loads(STORED.read_text("utf-8")) if STORED.is_file() else {}
    for name in chosen.sets:
        models = [trained(name, seed) for seed in chosen.seeds]
        table[name] = rounded(ROWS[name](models))
        print(name, json.dumps(table[name]["rows"], indent=1, ensure_ascii=False), flush=True)
        if chosen.store:
            table["seeds"], table["versions"] = chosen.seeds, versions()
            STORED.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            if name in KEPT:
                keep(name, models[0])


def keep(name: str, model: SeriesVAE) -> None:
    """Store the model of the first seed."""
    from benchmarks.measures import measured

    data, how = load(name), SETTINGS[name]
    recipe = {
        "data": name,
        "epochs": how.epochs(len(data.train)),
        "batch_size": how.batch_size,
        "learning_rate": 2e-3,
        "seed": SEEDS[0],
        "data_fingerprint": data.fingerprint(),
        "trained_by": f"python -m benchmarks.series --sets {name} --store",
    }
    metrics = measured(checkpoints.rounded(model), data)
    checkpoints.save(model, checkpoints.FOLDER / f"series-{name}", recipe=recipe, metrics=metrics)


if __name__ == "__main__":
    main()
