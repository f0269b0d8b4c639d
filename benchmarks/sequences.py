"""The recurrent VAE on made series against what needs no network: forecasts, codes, gaps, abnormal beats; three seeds.

python -m benchmarks.sequences                    seeds 0, 1 and 2
python -m benchmarks.sequences --seeds 1          one of them

Settings are those of the stored checkpoints recurrent-waves and recurrent-heartbeats. The stored model stands for its own seed; the others
are trained. Data is the same for all: a seed changes the first weights, the order of the examples and the noise.
"""

from __future__ import annotations

import argparse

import torch

from benchmarks.retrain_checkpoints import train
from vae_course import checkpoints, load
from vae_course.data.waves import BEATS, GAP, waves, without_end
from vae_course.evaluation import fill_from_neighbours
from vae_course.evaluation.detection import auroc
from vae_course.evaluation.series import (
    autoregressive_forecast,
    interpolate_gaps,
    last_value_forecast,
    periodic_forecast,
    principal_components,
    rmse,
)
from vae_course.models.base import evaluating

TEST_SEED = 1  # of the test waves in load("waves"), made again here for their values without noise


def model_of(name: str, seed: int):
    """The stored model for its own seed, else one trained in the same way from another."""
    about = checkpoints.card(name)
    if about["recipe"]["seed"] == seed:
        return checkpoints.pretrained(name)
    return train({**about, "recipe": {**about["recipe"], "seed": seed}})[0]


def wave_baselines() -> dict[str, dict[str, float]]:
    """RMSE against the waves without noise, by task and by rule."""
    train_x = load("waves").train.x
    whole = train_x[train_x[..., 1].min(1).values == 1][..., 0]
    test, gap = waves(1000, seed=TEST_SEED), waves(1000, gap=GAP, seed=TEST_SEED)
    past, future = test.x[:, :-GAP, 0], test.clean[:, -GAP:]
    hidden = gap.x[..., 1] == 0
    like_cut, like_holed = (fill_from_neighbours(whole, x[..., 0], x[..., 1] == 1)[0] for x in (without_end(test.x), gap.x))
    size = checkpoints.card("recurrent-waves")["config"]["latent_size"]
    return {
        "forecast": {
            "last value": rmse(last_value_forecast(past, GAP), future),
            "one period ago": rmse(periodic_forecast(past, GAP), future),
            "autoregressive, order 24": rmse(autoregressive_forecast(whole, past, GAP), future),
            "nearest training wave": rmse(like_cut[:, -GAP:], future),
        },
        "code": {f"PCA, {size} numbers": rmse(principal_components(whole, test.x[..., 0], size), test.clean)},
        "gap": {
            "straight line": rmse(interpolate_gaps(gap.x[..., 0], gap.x[..., 1])[hidden], gap.clean[hidden]),
            "nearest training wave": rmse(like_holed[hidden], gap.clean[hidden]),
        },
    }


def wave_figures(model) -> dict[str, float]:
    test, gap = waves(1000, seed=TEST_SEED), waves(1000, gap=GAP, seed=TEST_SEED)
    hidden = gap.x[..., 1] == 0
    return {
        "forecast": rmse(model.reconstruct(without_end(test.x))[:, -GAP:, 0], test.clean[:, -GAP:]),
        "code": rmse(model.reconstruct(test.x)[..., 0], test.clean),
        "gap": rmse(model.reconstruct(gap.x)[..., 0][hidden], gap.clean[hidden]),
    }


def beat_scores(model, x: torch.Tensor) -> torch.Tensor:
    """−log p(x|z) at the mean of q(z|x) plus the KL: how little a beat is like those that the model was trained on, (n,), in nats."""
    with evaluating(model), torch.no_grad():
        q = model.encode(x)
        return torch.distributions.kl_divergence(q, model.prior) - model.decode(q.mean).log_prob(x)


def beat_figures(scores: torch.Tensor, y: torch.Tensor) -> dict[str, float]:
    """AUROC of each abnormal kind, and of all, against the normal beats."""
    kinds = {BEATS[kind]: (y == kind) | (y == 0) for kind in range(1, len(BEATS))} | {"all": y >= 0}
    return {name: auroc(scores[chosen], y[chosen] > 0) for name, chosen in kinds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    seeds = parser.parse_args().seeds
    wave_rows = [wave_figures(model_of("recurrent-waves", seed)) for seed in seeds]
    print("| waves, RMSE | " + " | ".join(f"seed {seed}" for seed in seeds) + " | without a network |")
    print("|---|" + "---|" * (len(seeds) + 1))
    for task, rules in wave_baselines().items():
        told = ", ".join(f"{rule} {value:.4f}" for rule, value in rules.items())
        print(f"| {task} | " + " | ".join(f"{row[task]:.4f}" for row in wave_rows) + f" | {told} |")

    data = load("heartbeats")
    size = checkpoints.card("recurrent-heartbeats")["config"]["latent_size"]
    left = (principal_components(data.train.x[..., 0], data.test.x[..., 0], size) - data.test.x[..., 0]).pow(2).sum(1)
    baseline = beat_figures(left, data.test.y)
    beat_rows = [beat_figures(beat_scores(model_of("recurrent-heartbeats", seed), data.test.x), data.test.y) for seed in seeds]
    print("\n| beats, AUROC | " + " | ".join(f"seed {seed}" for seed in seeds) + f" | left over by PCA, {size} numbers |")
    print("|---|" + "---|" * (len(seeds) + 1))
    for kind, value in baseline.items():
        print(f"| {kind} | " + " | ".join(f"{row[kind]:.3f}" for row in beat_rows) + f" | {value:.3f} |")


if __name__ == "__main__":
    main()
