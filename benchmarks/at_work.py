"""What the page on VAEs at work shows of uses beside their rivals: restoring, features, one digit held out, frauds.

python -m benchmarks.at_work                      all parts, a quarter of an hour on one core
python -m benchmarks.at_work --parts features     one of them
python -m benchmarks.at_work --store              the same, and keep the figures for the page; other parts stay as they are stored

Restoring: test images under five damages, by the stored VAEs, who saw clean images alone, with z fitted under the damage's likelihood; by
the best linear map, fitted to each damage. Trained on four damages: a network of the size of the denoising autoencoder with 64 numbers,
shown the first four damages in training. Squared errors, summed over pixels.
Features: logistic regression on codes, with several numbers of labels, five draws of them each.
Held out: the rivals of `benchmarks.anomalies` for equal energy; none of them is trained by steps.
Frauds: kinds of the first alarms, and the precision, over three seeds of the VAE and three test tables.
"""

from __future__ import annotations

import argparse
import datetime
import json
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.distributions import Normal
from torch.nn.functional import binary_cross_entropy_with_logits

from benchmarks.anomalies import equal_energy
from benchmarks.tables import real_mnist, versions
from vae_course import VAE, Autoencoder, checkpoints, fit, load, pretrained
from vae_course.data import few_labels, only_labelled
from vae_course.data.payments import CATEGORIES, FEATURES, payments
from vae_course.evaluation import auroc, best_linear_map, linear_probe, posterior_means
from vae_course.evaluation.anomalies import anomaly_scores
from vae_course.evaluation.imputation import seen_beside
from vae_course.evaluation.restoring import Damage, coarse, hidden, noise, restore, specks

STORED = checkpoints.FOLDER / "vaes-at-work.json"  # inside the package, so that the page finds it on Colab too
VAE_OF_MNIST, DENSE = "convolutional-vae-mnist-20", "dense-vae-mnist-20"
IMAGES = 100
LABELS, DRAWS = (50, 100, 200, 500, 1000, 5000), 5
YES_OR_NO = [FEATURES.index(name) for name in ("weekend", "abroad", "card present")]
NUMBERS = [i for i in range(len(FEATURES) - len(CATEGORIES)) if i not in YES_OR_NO]


def bars() -> Tensor:
    """Three bars of four rows are not seen: (1, 1, 28, 28)."""
    seen = torch.ones(1, 1, 28, 28, dtype=torch.bool)
    for top in (5, 12, 19):
        seen[:, :, top : top + 4] = False
    return seen


DAMAGES: Mapping[str, Damage] = {
    "noise": noise(0.5),
    "specks": specks(0.4),
    "lower half": hidden(seen_beside("lower half", (1, 28, 28))),
    "coarse": coarse(4),
    "bars": hidden(bars()),  # no network is trained on these
}
FORESEEN = ("noise", "specks", "lower half", "coarse")
LEVELS = (0.25, 0.5, 0.75)  # of noise, as in benchmarks.autoencoders


def squared_error(x: Tensor, x_hat: Tensor) -> float:
    return round((x - x_hat).square().flatten(1).sum(1).mean().item(), 2)


def repairer(train: Tensor, known: tuple[str, ...], epochs: int) -> Autoencoder:
    """784-400-64-400-784, shown spoiled images, one of the known damages each, and asked for the clean ones."""
    torch.manual_seed(0)
    model, shuffled = Autoencoder(latent_size=64), torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, fused=True)
    steps = epochs * len(train.split(256))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-3, total_steps=steps, pct_start=0.1)
    for epoch in range(epochs):
        total = 0.0
        for number, chosen in enumerate(torch.randperm(len(train), generator=shuffled).split(256)):
            parts = train[chosen].tensor_split(len(known))
            seed = 1_000_000 + epoch * 10_000 + number
            seen = torch.cat([DAMAGES[name].spoil(part, seed) for name, part in zip(known, parts, strict=True)])
            error = model.decode(model.encode(seen).mean).mean - train[chosen]
            loss = error.square().flatten(1).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(chosen)
        print(f"trained on {', '.join(known)}: epoch {epoch + 1}, error {total / len(train):.2f}", flush=True)
    return model.eval()


def restoring() -> dict:
    """Errors by method and damage, and of two VAEs at three levels of noise."""
    data = real_mnist()
    x, train = data.test.x[:IMAGES], data.train.x
    vae, dense = pretrained(VAE_OF_MNIST, device="cpu"), pretrained(DENSE, device="cpu")
    errors: dict[str, dict[str, float]] = {}
    for name, damage in DAMAGES.items():
        left = damage.spoil(x, 2)
        found = {"nothing done": left, "best linear map": best_linear_map(damage.spoil(train, 1), train)(left)}
        found |= {"VAE, encode and decode": vae.reconstruct(left), "VAE, z fitted": restore(vae, left, damage)}
        for who, images in found.items():
            errors.setdefault(who, {})[name] = squared_error(x, images)
        print(name, {who: row[name] for who, row in errors.items()}, flush=True)
    levels: dict[str, dict[str, float]] = {}
    for sigma in LEVELS:
        left = noise(sigma).spoil(x, 2)
        levels[str(sigma)] = {
            who: squared_error(x, restore(model, left, noise(sigma))) for who, model in (("VAE, dense", dense), ("VAE", vae))
        }
        print(sigma, levels[str(sigma)], flush=True)
    return {"images": IMAGES, "errors": errors, "noise": levels}


def trained_on_damage() -> dict:
    """Errors by damage of one network that was shown the first four; not told which one an image has."""
    data = real_mnist()
    x, model = data.test.x[:IMAGES], repairer(data.train.x, FORESEEN, 8)
    return {name: squared_error(x, model.reconstruct(damage.spoil(x, 2))) for name, damage in DAMAGES.items()}


def features() -> dict:
    """Test accuracy in per cent by features and number of labels, a figure a draw."""
    data = real_mnist()
    train, test = data.train, data.test.head(5000)
    assert test.y is not None
    centre = train.x.flatten(1).mean(0)
    axes = torch.linalg.svd(train.x.flatten(1)[:10_000] - centre, full_matrices=False).Vh[:20]
    torch.manual_seed(0)
    encoders = {"untrained encoder": VAE().eval(), "autoencoder": pretrained("dense-autoencoder-mnist-20", device="cpu")}
    encoders["VAE"] = pretrained("dense-vae-mnist-20", device="cpu")
    ways: dict[str, Callable[[Tensor], Tensor]] = {"pixels": lambda x: x.flatten(1), "PCA": lambda x: (x.flatten(1) - centre) @ axes.T}
    ways |= {name: lambda x, encoder=encoder: posterior_means(encoder, x) for name, encoder in encoders.items()}
    found: dict[str, dict[str, list[float]]] = {name: {} for name in ways}
    for count in LABELS:
        for seed in range(DRAWS):
            some = only_labelled(few_labels(train, count=count, share=None, seed=seed))
            assert some.y is not None
            for name, way in ways.items():
                accuracy = 100 * linear_probe(way(some.x), some.y, way(test.x), test.y)
                found[name].setdefault(str(count), []).append(round(accuracy, 2))
        print(count, {name: round(sum(row[str(count)]) / DRAWS, 1) for name, row in found.items()}, flush=True)
    return found


def held_out() -> dict:
    """AUROC of each digit held out, images of equal energy, by rules that know no digits and by the nearest familiar image."""
    data = real_mnist()
    train, test = equal_energy(data.train.x).flatten(1), equal_energy(data.test.x).flatten(1)
    brightness = 1 / data.test.x.flatten(1).norm(dim=1)
    by_class = [train[data.train.y == digit] for digit in range(10)]
    nearest = torch.cat([torch.stack([torch.cdist(piece, some).amin(1) for some in by_class], 1) for piece in test.split(500)])
    found: dict[str, list[float]] = {"brightness": [], "mean image": [], "PCA, 2": [], "PCA, 20": [], "nearest image": []}
    for digit in range(10):
        strange, familiar = data.test.y == digit, train[data.train.y != digit]
        mean = familiar.mean(0)
        axes = torch.linalg.eigh(torch.cov(familiar.T)).eigenvectors.flip(1)
        away = test - mean
        scores = {"brightness": brightness, "mean image": away.square().sum(1)}
        scores |= {f"PCA, {k}": (away - away @ axes[:, :k] @ axes[:, :k].T).square().sum(1) for k in (2, 20)}
        scores["nearest image"] = nearest[:, [other for other in range(10) if other != digit]].amin(1)
        for name, values in scores.items():
            found[name].append(round(auroc(values, strange), 4))
    for name, row in found.items():
        print(name, row, round(sum(row) / 10, 3), flush=True)
    return found


class Columns:
    """p(x|z) of a payment: numbers are Gaussian, answers are coins, the category is one of six. `log_prob` is in nats per payment."""

    def __init__(self, output: Tensor, log_sigma: Tensor) -> None:
        self.output, self.log_sigma = output, log_sigma

    def log_prob(self, x: Tensor) -> Tensor:
        numbers = Normal(self.output[..., NUMBERS], self.log_sigma.clamp_min(-4).exp()).log_prob(x[..., NUMBERS])
        logits = self.output[..., YES_OR_NO]
        answers = -binary_cross_entropy_with_logits(logits, x[..., YES_OR_NO].expand_as(logits), reduction="none")
        category = x[..., -len(CATEGORIES) :] * self.output[..., -len(CATEGORIES) :].log_softmax(-1)
        return numbers.sum(-1) + answers.sum(-1) + category.sum(-1)


class PaymentVAE(VAE):
    """The course's VAE with that p(x|z): one learnt log σ for each number."""

    def __init__(self, **config) -> None:
        super().__init__(**config)
        self.log_sigma = nn.Parameter(torch.full((len(NUMBERS),), -2.0))

    def decode(self, z: Tensor, y: Tensor | None = None):  # pyright: ignore[reportIncompatibleMethodOverride]
        return Columns(self.decoder(self.check_latent(z)), self.log_sigma)


def frauds() -> dict:
    """Kinds of the first alarms in the first run, and the precision at one alarm in a hundred, by method, seed and test table."""
    from sklearn.ensemble import IsolationForest

    table = load("payments")
    tests = [payments(20_000, seed=seed) for seed in (1, 2, 3)]
    train = table.train.x.double()
    inverse = torch.linalg.inv(torch.cov(train.T) + 1e-6 * torch.eye(len(FEATURES)))
    first: dict[str, list[int]] = {}
    precision: dict[str, list[list[float]]] = {}
    for seed in (0, 1, 2):
        suspicions: dict[str, Callable[[Tensor], Tensor]] = {}
        for name, kind, config in (
            ("VAE, one σ", VAE, {"likelihood": "gaussian", "learn_sigma": True}),
            ("VAE, by column", PaymentVAE, {}),
        ):
            torch.manual_seed(seed)
            clerk = kind(input_shape=table.input_shape, latent_size=8, hidden_sizes=(64, 64), **config)
            fit(clerk, table, epochs=12, learning_rate=2e-3, seed=seed, quiet=True)
            clerk.eval()
            suspicions[name] = lambda x, clerk=clerk: anomaly_scores(clerk, x, k=10)["−ELBO"]
        forest = IsolationForest(n_estimators=200, random_state=seed).fit(table.train.x.numpy())
        suspicions["isolation forest"] = lambda x, forest=forest: -torch.from_numpy(forest.score_samples(x.numpy()))
        suspicions["Mahalanobis distance"] = lambda x: ((x.double() - train.mean(0)) @ inverse * (x.double() - train.mean(0))).sum(1)
        for name, way in suspicions.items():
            alarms = [way(x).topk(200).indices for x, _ in tests]
            shares = [round((kind[rows] > 0).float().mean().item(), 4) for (_, kind), rows in zip(tests, alarms, strict=True)]
            precision.setdefault(name, []).append(shares)
            if seed == 0:
                first[name] = tests[0][1][alarms[0][:50]].tolist()
        print(seed, {name: row[-1] for name, row in precision.items()}, flush=True)
    return {"first": first, "precision": precision, "kinds": list(table.classes)}


PARTS: Mapping[str, Callable[[], dict]] = {
    "restoring": restoring,
    "trained on four damages": trained_on_damage,
    "features": features,
    "held out": held_out,
    "frauds": frauds,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--store", action="store_true", help=f"keep the figures in {STORED.name}")
    arguments = parser.parse_args()
    for part in arguments.parts:
        found = PARTS[part]()
        print(part, json.dumps(found, ensure_ascii=False))
        if arguments.store:
            kept = json.loads(STORED.read_text("utf-8")) if STORED.is_file() else {}
            kept |= {"date": datetime.date.today().isoformat(), "versions": versions(), "data": load("mnist").fingerprint(), part: found}
            STORED.write_text(json.dumps(kept, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
