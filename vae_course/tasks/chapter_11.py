"""Tasks of chapter 11, VAEs at work: ranking strangers, features, a table's row, a hole, stated probabilities, a detector's trouble."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Bernoulli, Normal

from .claims import described, is_tensor, is_tuple, matches, rounding
from .declaration import Claim, Mistake, Plain, Probe, Task
from .detectors import LABELS, detectors
from .probes import Draw, probes_from, with_more


def _to_five_places(claims: Callable[..., Iterator[Claim]]) -> Callable[..., Iterator[Claim]]:
    """The same claims of a Python number, which may come from float32 whatever the arguments are."""

    def wider(values: dict[str, Plain], /, **arguments: Plain) -> Iterator[Claim]:
        for claim in claims(values, **arguments):
            yield claim if claim.contract else replace(claim, tolerance=1e-5)

    return wider


# ---- does a stranger score higher?


def _scored(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(familiar: int, strange: int, note: str = "", shift: float = 1.0, scale: float = 1.0, dtype=torch.float32) -> Probe:
        """The first two, a stranger and a familiar one, have one score; no others have the same."""
        is_anomaly = torch.randperm(familiar + strange - 2, generator=generator) < strange - 1
        is_anomaly = torch.cat([torch.tensor([True, False]), is_anomaly])
        scores = torch.randn(len(is_anomaly), generator=generator, dtype=torch.float64) + shift * is_anomaly
        scores[1] = scores[0]
        return Probe({"scores": (scale * scores).to(dtype), "is_anomaly": is_anomaly}, seed, note)

    return [
        one(13, 6),
        one(9, 1, "with a single anomaly"),
        one(2, 7, "with more anomalies than other examples"),
        one(12, 5, "with a score that says the opposite", shift=-1.5),
        one(20, 8, "with scores in the hundreds of nats", scale=150.0),
        one(15, 4, "in float64", dtype=torch.float64),
        one(12, 5, "with scores in billionths of a nat", scale=1e-9),
        Probe({"scores": torch.full((9,), 2.5), "is_anomaly": torch.arange(9) % 3 == 0}, seed, "with one score for all"),
    ]


def _reference_auroc(scores: Tensor, is_anomaly: Tensor) -> float:
    """Pair by pair."""
    pairs = [(a, b) for a in scores[is_anomaly].tolist() for b in scores[~is_anomaly].tolist()]
    return math.fsum((a > b) + (a == b) / 2 for a, b in pairs) / len(pairs)


def _auroc(scores, is_anomaly, tie=0.5):
    a, b = scores[is_anomaly].unsqueeze(1), scores[~is_anomaly]
    return ((a > b).double() + tie * (a == b)).mean().item()


def _steps_of_the_curve(scores, is_anomaly, from_above=True):
    """Alarms one by one, from the highest score down; equal scores in any order."""
    hit = is_anomaly[scores.argsort(descending=from_above)].double()
    caught = hit.cumsum(0)
    return (caught * (1 - hit)).sum().item() / (hit.sum() * (1 - hit).sum()).item()


def _rank_sum(scores, is_anomaly, first=1):
    rank, n = scores.argsort().argsort() + first, int(is_anomaly.sum())
    return (rank[is_anomaly].sum().item() - n * (n + 1) / 2) / (n * (len(scores) - n))


def _against_all(scores, is_anomaly):
    a = scores[is_anomaly].unsqueeze(1)
    return ((a > scores).double() + 0.5 * (a == scores)).mean().item()


AUROC = Task(
    name="11.auroc",
    points=1,
    contract="auroc(scores, is_anomaly) -> how often an anomaly scores higher than a familiar example, a Python float:\n"
    "the share over all pairs of one anomaly and one familiar example; a pair with equal scores counts half.\n"
    "scores: (n,), higher means stranger. is_anomaly: (n,), booleans, at least one true and one false.",
    probes=_scored,
    claims=_to_five_places(
        matches(
            _reference_auroc,
            "Over all pairs of an anomaly and a familiar example, with no threshold: how often the anomaly is higher, ties counting half",
        )
    ),
    mistakes=(
        Mistake(
            lambda scores, is_anomaly: 1 - _auroc(scores, is_anomaly),
            "Give it a perfect score, all anomalies on top: yours says 0. Which of a pair is to be the higher one?",
        ),
        Mistake(
            lambda scores, is_anomaly: _auroc(scores, is_anomaly, tie=1.0),
            "A detector that gives everything one score gets full marks from you. What is a tie worth?",
        ),
        Mistake(
            lambda scores, is_anomaly: _auroc(scores, is_anomaly, tie=0.0),
            "A detector that gives everything one score gets 0 from you, as if it were always wrong. What is a tie worth?",
        ),
        Mistake(
            _steps_of_the_curve,
            "Your curve climbs through equal scores one by one, in the order in which they happen to stand. Shuffle the examples: may the answer change?",
        ),
        Mistake(
            lambda scores, is_anomaly: _steps_of_the_curve(scores, is_anomaly, from_above=False),
            "Your curve begins at the lowest score, and a perfect detector gets 0. Which examples ring the alarm first when the threshold comes down from above?",
        ),
        Mistake(
            _rank_sum,
            "Right, but for equal scores: argsort gives them different ranks, as it pleases. Which rank should they share?",
        ),
        Mistake(
            lambda scores, is_anomaly: _rank_sum(scores, is_anomaly, first=0),
            "A perfect score gets less than 1 from you, the less so the fewer familiar examples there are. From which number do the ranks in your formula count?",
        ),
        Mistake(
            _against_all,
            "You compare each anomaly with all examples, itself and the other anomalies among them. Give it a perfect score: why is that not 1? Whom should it be compared with?",
        ),
        Mistake(
            lambda scores, is_anomaly: max(_auroc(scores, is_anomaly), 1 - _auroc(scores, is_anomaly)),
            "A score that says the opposite is praised, in yours. Would you know from your number that the alarm rings for the wrong ones?",
        ),
        Mistake(
            lambda scores, is_anomaly: ((scores > scores.mean()) == is_anomaly).double().mean().item(),
            "You cut at the mean score and count who is on the right side. Move the cut, and your number changes. Which question needs no cut at all?",
        ),
        Mistake(
            lambda scores, is_anomaly: ((scores > scores.median()) == is_anomaly).double().mean().item(),
            "You cut at the median score and count who is on the right side. What has that to do with how two examples are ordered?",
        ),
        Mistake(
            lambda scores, is_anomaly: _auroc((scores > scores.mean()).double(), is_anomaly),
            "You cut the scores into yes and no before you compare. Whom does that put level who was not?",
        ),
    ),
    hints=(
        "No curve is needed. Take one anomaly and one example that is none: who scores higher? Then all such pairs.",
        "scores[is_anomaly] and scores[~is_anomaly], one of them with an extra axis, can be compared all at once.",
        "The mean over the table of pairs of: 1 where the anomaly is higher, ½ where both are equal, 0 elsewhere. Then .item().",
    ),
)

# ---- features for a linear probe


def _codes(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    place, spread = 3 * draw(d), torch.exp(0.7 * draw(d))
    known = draw(n, d)
    known[0], known[-1] = known[0].abs() + 0.3, -known[-1].abs() - 0.3  # so that two images never lie close in a column
    return {
        "train_mu": place + spread * known,
        "train_log_var": draw(n, d) - 1.5,
        "test_mu": place + 0.8 + 1.3 * spread * draw(n + 2, d),
        "test_log_var": draw(n + 2, d) - 1.5,
    }


_sets_of_codes = probes_from(_codes, sizes={(9, 3): "", (2, 4): "with two training images", (6, 1): "with one latent"})


def _claims_of_features(values: dict[str, Plain], train_mu: Tensor, test_mu: Tensor, **unused: Plain) -> Iterator[Claim]:
    got = values["result"]
    yield from is_tuple(got, 2)
    for name, one, mu in zip(("training", "test"), got, (train_mu, test_mu), strict=True):
        yield from is_tensor(one, mu.shape, train_mu.dtype, name=f"the {name} features")
    known, new, n = train_mu.double(), test_mu.double(), len(train_mu)
    centre = known.sum(0) / n
    scale = (known.square().sum(0) / n - centre.square()).sqrt()
    # both usual standard deviations will do, with n and with n − 1: whichever comes closer to what was given
    scale = min(scale, scale * math.sqrt(n / (n - 1)), key=lambda each: ((known - centre) / each - got[0].double()).abs().nansum())
    room = rounding(5.0, torch.float32, scale=(known.abs().max() + new.abs().max()) / scale.min())  # for a tiny number under the line
    for what, ours, one in (
        ("The training features should be the means of q(z|x), each column brought to mean 0 and standard deviation 1", known, got[0]),
        ("The test features should be their means of q(z|x), moved and stretched as the training images' were", new, got[1]),
    ):
        yield Claim(what, (ours - centre) / scale, one, room)


def _standardised(train, test, of=None, over=0, spread=None):
    """Both sets brought to the mean and spread of `of`, the training set where it is left out."""
    of = train if of is None else of
    centre = of.mean(over, keepdim=True)
    spread = ((of - centre).square().sum(over, keepdim=True) / (of.shape[over] - 1)).sqrt() if spread is None else spread(of)
    return (train - centre) / spread, (test - centre) / spread


def _of_means(change):
    """Features from the means alone: (training, test), both changed somehow."""
    return lambda train_mu, train_log_var, test_mu, test_log_var: change(train_mu, test_mu)


def _of_samples(train_mu, train_log_var, test_mu, test_log_var):
    train = train_mu + torch.exp(0.5 * train_log_var) * torch.randn_like(train_mu)
    return _standardised(train, test_mu + torch.exp(0.5 * test_log_var) * torch.randn_like(test_mu))


PROBE_FEATURES = Task(
    name="11.probe_features",
    points=1,
    contract="probe_features(train_mu, train_log_var, test_mu, test_log_var) -> (training features, test features) for a linear probe.\n"
    "mu, log_var: (n, latent_size) for n images, of q(z|x) = N(mu, exp(log_var)). Features are the means of q(z|x), column by column less the mean and\n"
    "divided by the standard deviation (with n or with n − 1) that the *training* features have in it. Shapes as those of train_mu and test_mu.",
    probes=lambda seed: _sets_of_codes(seed)[:-1],  # not the one that is not contiguous: noise would be drawn in another order
    claims=_claims_of_features,
    mistakes=(
        Mistake(
            _of_means(lambda train, test: (_standardised(train, train)[0], _standardised(test, test)[0])),
            "You standardise the test images by their own figures. A single new image comes in: what are its features then, and would the probe know them?",
        ),
        Mistake(
            _of_means(lambda train, test: _standardised(train, test, torch.cat([train, test]))),
            "Mean and standard deviation come from training and test images together. What should the training know of the test set?",
        ),
        Mistake(
            _of_samples,
            "Call yours twice: it gives two answers. A draw adds noise to what the encoder knows. What is its best single guess of z?",
        ),
        Mistake(
            _of_means(lambda train, test: (train, test)),
            "These are the bare means. One latent may move a hundred times as far as another: what does a penalty on the probe's weights do to that one?",
        ),
        Mistake(
            _of_means(lambda train, test: _standardised(train, test, spread=lambda of: of.var(0))),
            "Measure a latent in units ten times as small: your features change. By which power of the spread do you divide?",
        ),
        Mistake(
            lambda train_mu, train_log_var, test_mu, test_log_var: (
                (train_mu - train_mu.mean(0)) / torch.exp(0.5 * train_log_var),
                (test_mu - train_mu.mean(0)) / torch.exp(0.5 * test_log_var),
            ),
            "You divide by the σ of q(z|x), by which the encoder says how unsure it is of one image. A column is to be divided by how far it varies *from image to image*. "
            "Which figures tell that?",
        ),
        Mistake(
            _of_means(lambda train, test: (train - train.mean(0), test - train.mean(0))),
            "Each column has mean 0 now, and is as wide as it was. One latent may move a hundred times as far as another: what does a penalty do to that one?",
        ),
        Mistake(
            _of_means(lambda train, test: (train / train.std(0), test / train.std(0))),
            "Each column has standard deviation 1 now. Where is its middle?",
        ),
        Mistake(
            _of_means(lambda train, test: ((train - train.mean()) / train.std(), (test - train.mean()) / train.std())),
            "One mean and one width for all columns. Which of them has standard deviation 1 afterwards?",
        ),
        Mistake(
            _of_means(lambda train, test: (_standardised(train, train)[0], test)),
            "The training features are right, the test features are as they came. In which units does the probe read them?",
        ),
        Mistake(
            _of_means(lambda train, test: (_standardised(train, train, over=1)[0], _standardised(test, test, over=1)[0])),
            "You brought each image to mean 0, over its latents. Along which axis does one latent run from image to image?",
        ),
    ),
    hints=(
        "Which of the four arguments does a feature come from? And which images may be looked at to find the mean and the width?",
        "Mean and standard deviation over axis 0 of train_mu, one figure a latent. Both sets are changed with the same two.",
        "(mu − mean)/σ for both sets, with mean and σ of the training images' means over axis 0.",
    ),
)

# ---- what a row of a table costs


def _rows(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    k = d + 2
    return {
        "numbers": draw(n, d),
        "category": (1000 * draw(n).abs()).long() % k,
        "mu": 0.7 * draw(n, d),
        "log_sigma": 0.6 * draw(d) - 0.7,
        "logits": 1.5 * draw(n, k) + 0.5,
    }


def _sure_and_sharp() -> list[Probe]:
    numbers, log_sigma = torch.tensor([[0.5, 0.25], [1.0, 0.75]]), torch.tensor([-4.0, -3.0])
    logits = torch.tensor([[250.0, 0.0, -250.0], [300.0, 299.0, 0.0]])

    def one(category: list[int], logits: Tensor, note: str) -> Probe:
        given = {"numbers": numbers, "category": torch.tensor(category), "mu": numbers + 0.02, "log_sigma": log_sigma}
        return Probe(given | {"logits": logits}, note=note)

    return [one([2, 1], logits, "with logits that are very sure, and wrong"), one([0, 0], torch.zeros(2, 1), "with one category only")]


def _reference_row_nats(numbers: Tensor, category: Tensor, mu: Tensor, log_sigma: Tensor, logits: Tensor) -> Tensor:
    """From the library's densities, and log Σ exp(how far each logit is above the right one)."""
    of_numbers = -Normal(mu, log_sigma.exp()).log_prob(numbers).sum(1)
    return of_numbers + (logits - logits.gather(1, category.unsqueeze(1))).logsumexp(1)


def _gaussian_nats(numbers, mu, log_sigma):
    return 0.5 * ((numbers - mu) / log_sigma.exp()) ** 2 + log_sigma + 0.5 * math.log(2 * math.pi)


def _category_nats(category, logits):
    return F.cross_entropy(logits, category, reduction="none")


def _nats_with(of_numbers=_gaussian_nats, of_category=_category_nats):
    """The two parts added up, one of them changed."""
    return lambda numbers, category, mu, log_sigma, logits: of_numbers(numbers, mu, log_sigma).sum(1) + of_category(category, logits)


def _numbers_with(squared=0.5, wide=1.0, area=0.5, power=2):
    """The parts of a number's nats, weighed in another way; `power` is that of σ under the squared distance."""

    def of_numbers(numbers, mu, log_sigma):
        away = (numbers - mu) ** 2 * torch.exp(-power * log_sigma)
        return squared * away + wide * log_sigma + area * math.log(2 * math.pi)

    return of_numbers


def _own_probability(logits, category):
    return logits.softmax(1).gather(1, category.unsqueeze(1)).squeeze(1)


def _by_exponentials(category, logits):
    weights = logits.exp()
    return -(weights / weights.sum(1, keepdim=True)).gather(1, category.unsqueeze(1)).squeeze(1).log()


def _kept_finite(least: float, keep: Callable, said: str) -> Mistake:
    return Mistake(
        _nats_with(of_category=lambda category, logits: -keep(_own_probability(logits, category), least).log()),
        f"{said} {least:g} keeps the logarithm finite, and lies: a category that is surely wrong never costs more than {-math.log(least):.1f} nats. "
        "How do you get log p without p?",
    )


def _k_coins(category, logits):
    return F.binary_cross_entropy_with_logits(logits, F.one_hot(category, logits.shape[1]).to(logits), reduction="none").sum(1)


ROW_NATS = Task(
    name="11.row_nats",
    points=1,
    contract="row_nats(numbers, category, mu, log_sigma, logits) -> −log p(x|z) of each row of a table, in nats: (n,), in the dtype of numbers.\n"
    "A row is d numbers and one category; given z all columns are independent. numbers: (n, d), Gaussian with means mu (n, d) and standard deviations\n"
    "exp(log_sigma), log_sigma (d,), one for each column. category: (n,), integers 0 … k − 1, one draw among k with probabilities softmax(logits), logits (n, k).",
    probes=with_more(probes_from(_rows), _sure_and_sharp),
    claims=matches(
        _reference_row_nats,
        "Columns are independent given z, so a row's nats are the sum of its columns' nats",
        scale=lambda numbers, category, mu, log_sigma, logits: (((numbers - mu) / log_sigma.exp()) ** 2).sum() + logits.abs().max() + 5,
    ),
    mistakes=(
        Mistake(
            _nats_with(lambda numbers, mu, log_sigma: _gaussian_nats(numbers, mu, log_sigma) - 0.5 * math.log(2 * math.pi)),
            "You are off by the same amount for each number. Integrate your density over one number with σ = 1: is it 1?",
        ),
        Mistake(
            _nats_with(lambda numbers, mu, log_sigma: 0.5 * ((numbers - mu) / log_sigma.exp()) ** 2),
            "Only the squared distance is left. Let σ grow without limit: your cost of every number goes to 0. Which term charges for a wide Gaussian?",
        ),
        Mistake(
            _nats_with(_numbers_with(wide=0.0)),
            "Your Gaussian has its ½ log 2π, and still its area is 1 for σ = 1 alone. What happens to its height when it is made twice as wide?",
        ),
        Mistake(
            _nats_with(_numbers_with(wide=0.5)),
            "With σ = 1 you are right. Is it ½ log σ, or ½ log σ²?",
        ),
        Mistake(
            _nats_with(_numbers_with(squared=1.0)),
            "A number that is right on its mean has the right cost, one that is off by σ costs ½ nat too much. What stands before the squared distance?",
        ),
        Mistake(
            _nats_with(_numbers_with(power=1)),
            "With σ = 1 you are right. Give row, mean and σ in units ten times as small: the squared distance gets a hundred times as great. By what must it be divided?",
        ),
        Mistake(
            lambda numbers, category, mu, log_sigma, logits: (
                _nats_with(_numbers_with(area=0.0))(numbers, category, mu, log_sigma, logits) + 0.5 * math.log(2 * math.pi)
            ),
            "With one number you are right. You add ½ log 2π once for each row: how many Gaussians does a row hold?",
        ),
        Mistake(
            _nats_with(lambda numbers, mu, log_sigma: (numbers - mu) ** 2),
            "A miss of 1 costs the same in every column, be it measured to a hundredth or to a hundred. Where does σ come in?",
        ),
        Mistake(
            _nats_with(lambda numbers, mu, log_sigma: 0.5 * (numbers - mu) ** 2),
            "Your Gaussians all have σ = 1. What does log_sigma say of each column, and at which two places does it come in?",
        ),
        Mistake(
            _nats_with(lambda numbers, mu, log_sigma: _gaussian_nats(numbers, mu, 0.5 * log_sigma)),
            "You took exp(log_sigma) for a variance. What does the name say that it is?",
        ),
        Mistake(
            _nats_with(lambda numbers, mu, log_sigma: -Normal(mu, log_sigma).log_prob(numbers)),
            "You took log_sigma for σ, and some of yours are negative. How does one get σ from its logarithm?",
        ),
        Mistake(
            _nats_with(of_category=lambda category, logits: -logits.gather(1, category.unsqueeze(1)).squeeze(1)),
            "Add 10 to all logits of a row: the probabilities stay, and your cost falls. What turns logits into probabilities that add up to 1?",
        ),
        Mistake(
            _nats_with(of_category=_k_coins),
            "You made k coins of one draw among k: each category is charged for on its own. With all logits 0, what should one draw among k cost?",
        ),
        Mistake(
            _nats_with(of_category=lambda category, logits: -logits.softmax(1).gather(1, category.unsqueeze(1)).squeeze(1).log()),
            "Right, until a probability is 0 to the computer, and its logarithm −∞. How do you get log p without p?",
        ),
        _kept_finite(1e-8, torch.add, "Adding"),
        _kept_finite(1e-8, torch.clamp, "A least p of"),
        _kept_finite(1e-12, torch.clamp, "Your"),
        Mistake(
            _nats_with(of_category=_by_exponentials),
            "Right, until a logit is so great that its exponential is infinite. How does softmax keep that from happening, and how do you get log p without p?",
        ),
        Mistake(
            _nats_with(of_category=lambda category, logits: logits.exp().sum(1).log() - logits.gather(1, category.unsqueeze(1)).squeeze(1)),
            "The right formula, until a logit is so great that its exponential is infinite. Which function takes the logarithm of a sum of exponentials in one step?",
        ),
        Mistake(
            _nats_with(of_category=lambda category, logits: -logits.log_softmax(0).gather(1, category.unsqueeze(1)).squeeze(1)),
            "Your probabilities add up to 1 down each column of logits, over the rows of the table. Among what is the one draw made?",
        ),
        Mistake(
            _nats_with(of_category=lambda category, logits: -_category_nats(category, logits)),
            "The numbers are right. The likelier a row's category, the more you charge for it. Which sign has −log p when p is less than 1?",
        ),
        Mistake(
            _nats_with(lambda numbers, mu, log_sigma: -_gaussian_nats(numbers, mu, log_sigma)),
            "The category is right. A number further from its mean costs less, in yours. Did you add a log-likelihood to a cost?",
        ),
        Mistake(
            _nats_with(of_category=lambda category, logits: -logits.softmax(1).gather(1, category.unsqueeze(1)).squeeze(1)),
            "Your cost of a category lies between −1 and 0: it is minus a probability. What is still to be done to that before it is in nats?",
        ),
        Mistake(
            _nats_with(of_category=lambda category, logits: _category_nats(category, logits.softmax(1))),
            "Softmax twice: your decoder can never be sure. Does your loss function expect logits, or probabilities?",
        ),
        Mistake(
            _nats_with(of_category=lambda category, logits: F.cross_entropy(logits, category)),
            "Each row is charged the average cost of all rows' categories. What does cross_entropy do by default with a batch?",
        ),
        Mistake(
            _nats_with(lambda numbers, mu, log_sigma: _gaussian_nats(numbers, mu, log_sigma) / numbers.shape[1]),
            "You average over the numbers, so a category weighs as much as all of them together. How do independent columns' nats combine?",
        ),
        Mistake(
            lambda numbers, category, mu, log_sigma, logits: -_nats_with()(numbers, category, mu, log_sigma, logits),
            "That is log p, which falls as a row gets stranger. What has a score to do?",
        ),
    ),
    hints=(
        "Independent columns: the probability of a row is a product, so its −log is a sum. What does one number cost, and what does the category?",
        "A number: ½((x − μ)/σ)² + log σ + ½ log 2π. The category: −log of its own probability, from a function that takes the logits.",
        "Sum over axis 1 for the numbers; torch.nn.functional.cross_entropy with reduction='none' for the category, or log_softmax and gather. Add the two.",
    ),
)

# ---- a hole is filled


def _decoder(first: Tensor, second: Tensor) -> Callable[[Tensor], Tensor]:
    """z (n, latent_size) → logits (n, pixels), with one hidden layer."""

    def decode(z: Tensor) -> Tensor:
        if z.dim() != 2 or z.shape[1] != len(first):
            raise ValueError(f"this decoder takes z of shape (n, {len(first)}), got {tuple(z.shape)}.")
        return torch.tanh(z @ first) @ second

    return decode


def _holes(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    """What lies in the hole is an image as good as any: whoever looks at it gets another filling."""
    seen = draw(n, 6) > 0
    seen[:, 0], seen[:, 1] = True, False
    weights = {"first": draw(d, 4), "second": 1.5 * draw(4, 6)}
    return weights | {"x": torch.sigmoid(2 * draw(n, 6)), "seen": seen, "z": draw(n, d), "steps": 5, "learning_rate": 0.15}


def _nothing_seen() -> list[Probe]:
    x = torch.tensor([[0.1, 0.9, 0.4], [0.8, 0.2, 1.0]])
    first, second = torch.tensor([[1.0, -0.5], [0.3, 0.8]]), torch.tensor([[2.0, -1.0, 1.0], [0.5, 1.5, -2.0]])
    z = torch.tensor([[1.5, -1.0], [0.5, 2.0]])
    given = {"first": first, "second": second, "x": x, "z": z, "learning_rate": 0.25}
    return [
        Probe(given | {"seen": torch.zeros(2, 3, dtype=torch.bool), "steps": 4}, note="with nothing seen"),
        Probe(given | {"seen": torch.tensor([[True, True, False]] * 2), "steps": 1}, note="with a single step"),
    ]


def _hole_filled(function, first, second, x, seen, z, steps, learning_rate) -> dict[str, Plain]:
    return {"result": function(_decoder(first, second), x, seen, z, steps, learning_rate)}


def _claims_of_filling(values: dict[str, Plain], first, second, x, seen, z, steps, learning_rate) -> Iterator[Claim]:
    got = values["result"]
    yield from is_tensor(got, x.shape, x.dtype)
    first, second, known, at = first.double(), second.double(), x.double(), z.double()
    for _ in range(steps):  # the slope by hand: no gradient is asked for
        hidden = torch.tanh(at @ first)
        off = seen.double() * (known - 1 / (1 + torch.exp(-(hidden @ second))))
        at = at + learning_rate * ((off @ second.t() * (1 - hidden**2)) @ first.t() - at)
    drawn = 1 / (1 + torch.exp(-(torch.tanh(at @ first) @ second)))
    yield Claim("Seen pixels should come back as they are", known * seen, got.double() * seen, rounding(known, x.dtype))
    what = "Missing pixels should be the decoder's probabilities at the z that the steps lead to"
    yield Claim(what, drawn * ~seen, got.double() * ~seen, rounding(drawn, x.dtype, scale=5.0))


def _log_pixels(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none")


def _log_seen(logits, x, seen):
    return (_log_pixels(logits, x) * seen).sum()


def _log_prior(z):
    return -0.5 * z.square().sum()


def _climb(decode, x, seen, z, steps, learning_rate, height):
    for _ in range(steps):
        z = z.detach().requires_grad_()
        z = z + learning_rate * torch.autograd.grad(height(decode(z), x, seen, z), z)[0]
    return z.detach()


def _height(logits, x, seen, z):
    return _log_seen(logits, x, seen) + _log_prior(z)


def _filled_by(height=_height, keep=lambda x, seen, drawn: torch.where(seen, x, drawn)):
    """Another hill, or another way to put the image together; the rest is right."""

    def fill(decode, x, seen, z, steps, learning_rate):
        return keep(x, seen, torch.sigmoid(decode(_climb(decode, x, seen, z, steps, learning_rate, height))))

    return fill


def _filled_by_adam(decode, x, seen, z, steps, learning_rate):
    z = z.detach().requires_grad_()
    optimizer = torch.optim.Adam([z], lr=learning_rate)
    for _ in range(steps):
        optimizer.zero_grad()
        (-_height(decode(z), x, seen, z)).backward()
        optimizer.step()
    return torch.where(seen, x, torch.sigmoid(decode(z)))


def _unsure_of_grey(which):
    """PyTorch's Bernoulli, which refuses levels between 0 and 1, asked for the pixels that `which` picks."""
    return _filled_by(lambda logits, x, seen, z: (Bernoulli(logits=which(logits, seen)).log_prob(which(x, seen))).sum() + _log_prior(z))


def _logits_for_pixels(decode, x, seen, z, steps, learning_rate):
    return torch.where(seen, x, decode(_climb(decode, x, seen, z, steps, learning_rate, _height)))


def _filled_with_gradients_piled_up(decode, x, seen, z, steps, learning_rate):
    z = z.detach().requires_grad_()
    for _ in range(steps):
        _height(decode(z), x, seen, z).backward()
        with torch.no_grad():
            z += learning_rate * z.grad
    return torch.where(seen, x, torch.sigmoid(decode(z)))


FILL_HOLE = Task(
    name="11.fill_hole",
    points=2,
    contract="fill_hole(decode, x, seen, z, steps, learning_rate) -> the images, the hole filled by latent optimisation: (n, pixels).\n"
    "decode: z (n, latent_size) -> logits (n, pixels) of Bernoulli pixels. x: (n, pixels) in [0, 1]; what it holds in a missing pixel is arbitrary.\n"
    "seen: (n, pixels), booleans, true where a pixel is known. z: (n, latent_size), where to start. Each of `steps` steps adds to z learning_rate times\n"
    "the gradient of log p(x_seen|z) + log p(z), summed over an image's seen pixels, p(z) = N(0, I), each image for itself.\n"
    "Then: seen pixels as they are, missing ones as p(x|z) has them on average.",
    probes=with_more(probes_from(_holes, sizes={(5, 3): "", (1, 2): "with a single image", (4, 1): "with one latent"}), _nothing_seen),
    run=_hole_filled,
    claims=_claims_of_filling,
    mistakes=(
        Mistake(
            _filled_by(lambda logits, x, seen, z: _log_pixels(logits, x).sum() + _log_prior(z)),
            "A leak. Put another image into the hole: your filling changes. Which pixels may the hill know of?",
        ),
        Mistake(
            _filled_by(keep=lambda x, seen, drawn: drawn),
            "The missing pixels are right. The seen ones were known, and you drew them anew. Where should the decoder's word count, and where not?",
        ),
        Mistake(
            _filled_by(keep=lambda x, seen, drawn: torch.where(seen, x, torch.bernoulli(drawn))),
            "Your z is right, and then you toss a coin for each missing pixel. Black or white: which number does the contract ask for, a draw or a mean?",
        ),
        Mistake(
            _logits_for_pixels,
            "Your z is right. Your missing pixels may be 7, or below 0: they are what the decoder gives. What makes a probability of that?",
        ),
        Mistake(
            _filled_by(lambda logits, x, seen, z: _log_pixels(logits, x).sum() + _log_prior(z), keep=lambda x, seen, drawn: drawn),
            "That reconstructs the whole image, hole and all. What may z know of the missing pixels, and what need not be drawn at all?",
        ),
        Mistake(
            _filled_by(lambda logits, x, seen, z: _log_seen(logits, x, seen)),
            "With nothing seen, your z stays where it started. What do we believe of z before any pixel is seen?",
        ),
        Mistake(
            _filled_by(lambda logits, x, seen, z: _log_seen(logits, x, seen) - z.square().sum()),
            "Your prior pulls twice as hard as N(0, I). What stands before z² in its logarithm?",
        ),
        Mistake(
            _filled_by(lambda logits, x, seen, z: _log_seen(logits, x, seen) / seen.sum().clamp(min=1) + _log_prior(z)),
            "You average over the seen pixels, and add a prior that is a sum. Which of the two then has the say?",
        ),
        Mistake(
            _filled_by(lambda logits, x, seen, z: _log_seen(logits, x, seen) / x.numel() + _log_prior(z)),
            "You average the pixels' part over all pixels and images, and add a prior that is a sum: almost nothing is left to pull at z but the prior. "
            "What is the sum in the hill's formula taken over, and what does your loss function do by default?",
        ),
        Mistake(
            _filled_by(lambda logits, x, seen, z: _log_seen(logits, x, seen) / x.shape[1] + _log_prior(z)),
            "You average over an image's pixels, and add a prior that is a sum. What stands in the hill's formula, a sum or a mean?",
        ),
        Mistake(
            _filled_by(lambda logits, x, seen, z: _height(logits, x, seen, z) / len(x)),
            "Give it the same image twice: each z moves half as far as before. How many images should one image's step know of?",
        ),
        Mistake(
            _filled_by(lambda logits, x, seen, z: -_height(logits, x, seen, z)),
            "Each step makes what was seen less likely. Is it a loss that you follow, or a hill that you climb?",
        ),
        Mistake(
            _filled_by(lambda logits, x, seen, z: _log_pixels(logits, torch.where(seen, x, 0.0)).sum() + _log_prior(z)),
            'You took the hole for black. How do you say "I don\'t know" of a pixel, and not "there is no ink"?',
        ),
        Mistake(
            _filled_by(lambda logits, x, seen, z: _log_seen(logits, x, ~seen) + _log_prior(z)),
            "Your hill is made of the missing pixels alone. What is true in `seen`: known, or missing?",
        ),
        Mistake(
            _filled_by(lambda logits, x, seen, z: _log_seen(torch.sigmoid(logits), x, seen) + _log_prior(z)),
            "A sigmoid of a sigmoid. Does your loss function expect logits, or probabilities?",
        ),
        Mistake(
            _filled_by(lambda logits, x, seen, z: -((torch.sigmoid(logits) - x) * seen).square().sum() + _log_prior(z)),
            "You climb a squared error. Which distribution do the pixels have here, and what is its logarithm?",
        ),
        Mistake(
            _filled_by(lambda logits, x, seen, z: (x * F.logsigmoid(logits) * seen).sum() + _log_prior(z)),
            "Your hill asks only how likely the ink is where there is ink. What does a seen pixel that is black say of the decoder's p?",
        ),
        Mistake(
            _unsure_of_grey(lambda values, seen: values),
            "PyTorch's Bernoulli knows 0 and 1 alone, and refuses a grey level. Write its log-probability as a formula in x and the logit: "
            "it can be computed between 0 and 1 as well. Which loss function is minus that?",
        ),
        Mistake(
            _unsure_of_grey(lambda values, seen: values[seen]),
            "PyTorch's Bernoulli knows 0 and 1 alone, and the seen pixels are grey. Write its log-probability as a formula in x and the logit: "
            "it can be computed between 0 and 1 as well. Which loss function is minus that?",
        ),
        Mistake(
            _filled_with_gradients_piled_up,
            "The first step is right, the later ones go too far. backward() adds to what is in .grad: what lies there when your second step begins?",
        ),
        Mistake(
            _filled_by_adam,
            "Adam divides each gradient by its own size, so that a step is about as long on a gentle slope as on a steep one. What is a plain gradient step?",
        ),
        Mistake(
            lambda decode, x, seen, z, steps, learning_rate: _filled_by()(decode, x, seen, z, steps - 1, learning_rate),
            "You decode a z that is one step old. When is the image drawn: before the last step, or after it?",
        ),
    ),
    hints=(
        "Write the height of the hill for one z: a sum over seen pixels of log p(x|z), and log p(z). Then follow its gradient uphill; decode once at the end.",
        "log p of a grey pixel under a logit is minus the cross-entropy with logits, pixel by pixel (reduction='none'). Leave out missing pixels before you sum. log p(z) is −½ z² and a constant.",
        "In a loop: z detached, with requires_grad; the height summed over everything; torch.autograd.grad; z plus learning rate times it. After the loop torch.where chooses between x and the sigmoid of the logits.",
    ),
)

# ---- do stated probabilities hold?


def _stated(seed: int) -> list[Probe]:
    """No confidence is near a bin's edge, but for 0 and 1, and some inner edges of which either bin may be the owner."""
    generator = torch.Generator().manual_seed(1000 + seed)

    def uniform(n: int) -> Tensor:
        return torch.rand(n, generator=generator, dtype=torch.float64)

    def one(n: int, bins: int, note: str = "", dtype: torch.dtype = torch.float32) -> Probe:
        """Too sure in the upper bins, too modest in the lower ones; with few examples some bins stay empty."""
        confidence = ((uniform(n).sqrt() * bins).floor() + 0.1 + 0.8 * uniform(n)) / bins
        right = uniform(n) < 0.3 + 0.4 * confidence
        return Probe({"confidence": confidence.to(dtype), "right": right, "bins": bins}, seed, note)

    ends = torch.tensor([1.0, 1.0, 1.0, 0.93, 0.97, 0.0, 0.0, 0.04, 0.55, 0.56])
    right = torch.tensor([True, False, True, True, True, True, False, False, True, True])  # more than what was stated
    # whichever of its two bins an inner edge belongs to, the answer is the same, and so it is with the bins' middles for what was stated
    inner = {"confidence": torch.tensor([0.25, 0.75, 0.75, 0.25]), "right": torch.tensor([True, False, True, False]), "bins": 4}
    return [
        one(60, 10),
        one(7, 10, "with few examples, so that bins are empty"),
        one(40, 1, "with one bin"),
        one(80, 5),
        one(50, 8, "in float64", torch.float64),
        one(1, 10, "with a single example"),
        Probe({"confidence": ends, "right": right, "bins": 10}, seed, "with confidences of 0 and 1"),
        Probe(inner, seed, "with confidences just where two bins meet"),
    ]


def _reference_calibration_error(confidence: Tensor, right: Tensor, bins: int) -> float:
    """A bin's weight cancels its count: add up |Σ confidence − number right| over bins, divide by n."""
    gaps = [0.0] * bins
    for stated, correct in zip(confidence.tolist(), right.tolist(), strict=True):
        gaps[min(int(stated * bins), bins - 1)] += stated - correct
    return math.fsum(map(abs, gaps)) / len(right)


def _binned(confidence, right, bins, which=None):
    """Mean confidence, share right and count of every bin that holds anything."""
    which = (confidence * bins).long().clamp(max=bins - 1) if which is None else which
    groups = [which == number for number in which.unique()]
    found = [(confidence[group].double().mean(), right[group].double().mean(), group.double().sum()) for group in groups]
    return [torch.stack(column) for column in zip(*found, strict=True)]


def _error_with(combine, which=None):
    """Gaps and counts of the bins, put together in another way; `which` puts examples into other bins."""

    def error(confidence, right, bins):
        stated, share, count = _binned(confidence, right, bins, None if which is None else which(confidence, bins))
        return combine(stated - share, count, bins).item()

    return error


def _weighted(gap, count, bins):
    return (gap.abs() * count).sum() / count.sum()


def _end_left_out(left_out):
    """One end of [0, 1] falls in no bin, and is missing from the sum, not from n."""

    def error(confidence, right, bins):
        inside = ~left_out(confidence)
        stated, share, count = _binned(confidence[inside], right[inside], bins)
        return ((stated - share).abs() * count).sum().item() / len(right)

    return error


def _error_between(inside, bins_made=lambda bins: bins):
    """Bins one after another, each with the examples that `inside(confidence, low, high)` finds between its edges."""

    def error(confidence, right, bins):
        total, made = 0.0, bins_made(bins)
        for number in range(made):
            group = inside(confidence, number / made, (number + 1) / made)
            if group.any():
                gap = confidence[group].double().mean() - right[group].double().mean()
                total += (gap.abs() * group.sum()).item() / len(right)
        return total

    return error


def _from_the_middle(confidence, right, bins):
    middle = ((confidence.double() * bins).floor().clamp(max=bins - 1) + 0.5) / bins
    _, share, count = _binned(confidence, right, bins)
    return _weighted(_binned(middle, right, bins)[0] - share, count, bins).item()


def _over_empty_bins(confidence, right, bins):
    groups = (confidence * bins).long().clamp(max=bins - 1) == torch.arange(bins, device=right.device).unsqueeze(1)
    return (sum((confidence[group].mean() - right[group].double().mean()).abs() * group.sum() for group in groups) / len(right)).item()


CALIBRATION_ERROR = Task(
    name="11.calibration_error",
    points=1,
    contract="calibration_error(confidence, right, bins) -> the expected calibration error, a Python float from 0 to 1.\n"
    "confidence: (n,), the probability, 0 to 1, that a classifier gave to its own answer. right: (n,), booleans, whether that answer was right.\n"
    "bins: how many bins of equal width there are from 0 to 1. For each bin: the distance between the mean confidence in it and the share that was right\n"
    "in it. Result: the mean of these, each bin weighted by how many examples it holds. An empty bin has no say; 0 lies in the first bin and 1 in the last.\n"
    "Where two bins meet, either may have the edge, but only one.",
    probes=_stated,
    claims=_to_five_places(matches(_reference_calibration_error, "The bins' |mean confidence − share right|, weighted by their counts")),
    mistakes=(
        Mistake(
            _error_with(lambda gap, count, bins: gap.abs().mean()),
            "A bin with one example counts as much as a bin with a thousand. Which of the two do you trust to be off?",
        ),
        Mistake(
            _error_with(lambda gap, count, bins: gap.abs().sum() / bins),
            "Use a thousand bins, most of them empty: your error goes to 0. By what is a bin weighted?",
        ),
        Mistake(
            _error_with(lambda gap, count, bins: gap.abs().sum()),
            "You add the bins' distances up. With ten bins that may come to more than 1: what is missing before a sum is a mean?",
        ),
        Mistake(
            _error_with(lambda gap, count, bins: ((gap * count).sum() / count.sum()).abs()),
            "Too sure in one bin and too modest in another: yours says that all is well. When is the sign to be dropped, before the sum or after it?",
        ),
        Mistake(
            _error_with(lambda gap, count, bins: (gap * count).sum() / count.sum()),
            "Your error is below 0 for someone who is too modest, and a bin that is too sure makes up for one that is not. How far apart are two numbers?",
        ),
        Mistake(
            _error_with(lambda gap, count, bins: (gap.square() * count).sum() / count.sum()),
            "Stated 0.9, right 0.8: yours says 0.01. Is it a distance, or its square?",
        ),
        Mistake(
            _end_left_out(lambda confidence: confidence == 1),
            "Someone states a confidence of exactly 1, and falls in none of your bins. Of which side of a bin is the edge a part, and where is the last one?",
        ),
        Mistake(
            _end_left_out(lambda confidence: confidence == 0),
            "Someone states a confidence of exactly 0, and falls in none of your bins. Of which side of a bin is the edge a part, and where is the first one?",
        ),
        Mistake(
            _error_with(_weighted, lambda confidence, bins: (confidence * bins).long()),
            "You have one bin more than asked for: who is certain sits there alone. With whom should they be?",
        ),
        Mistake(
            _error_between(lambda confidence, low, high: (confidence >= low) & ((confidence < high) | (high == 1)), lambda bins: bins - 1),
            "You have one bin less than asked for. How many edges have ten bins, with both ends?",
        ),
        Mistake(
            _error_between(lambda confidence, low, high: (confidence >= low) & (confidence <= high)),
            "A confidence just where two bins meet lies in both of yours, and counts twice. Which of the two is to have it?",
        ),
        Mistake(
            _error_between(lambda confidence, low, high: (confidence > low) & (confidence < high)),
            "A confidence just on an edge lies in none of your bins, be it 0, 1 or where two bins meet. Which bin is to have each?",
        ),
        Mistake(
            _from_the_middle,
            "You take the middle of a bin for what was stated there. If all in a bin say 0.99, how far off are they when 99 in a hundred are right?",
        ),
        Mistake(
            _over_empty_bins,
            "One bin is empty, and the mean of nothing is NaN. What has such a bin to say?",
        ),
        Mistake(
            lambda confidence, right, bins: (confidence.double() - right.double()).abs().mean().item(),
            "You compare each example's confidence with 0 or 1. Say 0.7 and be right seven times in ten: you should get 0. What is compared with what, and over whom?",
        ),
        Mistake(
            lambda confidence, right, bins: (confidence.double() - right.double()).square().mean().item(),
            "That is the Brier score, which also asks that one be sure. Say 0.7 and be right seven times in ten: what should you get here?",
        ),
        Mistake(
            lambda confidence, right, bins: _error_with(_weighted)(confidence, ~right, bins),
            "You compare what was stated with the share that was *wrong*. Of which of the two is a confidence the probability?",
        ),
    ),
    hints=(
        "Sort the examples into bins by what they state. In each bin there are two numbers: what was stated on average, and how many in a hundred were right.",
        "The bin's number is confidence · bins, cut to a whole number, and the last bin for a confidence of 1. Go through the bins that hold anything.",
        "Add up count · |mean confidence − share right| over the bins, and divide by n. Equally: |Σ confidence − number right| of each bin, added up, over n.",
    ),
)

# ---- what is the matter with this detector?


def _detectors_to_diagnose(seed: int) -> list[Probe]:
    return [Probe({"scores": scores, "is_anomaly": is_anomaly, "ink": ink}) for _, scores, is_anomaly, ink in detectors(seed)]


def _slope(scores, ink):
    away = ink - ink.mean()
    return (away * scores).sum() / away.square().sum()


def _rest(scores, is_anomaly, ink):
    return scores - _slope(scores[~is_anomaly], ink[~is_anomaly]) * ink


def _named(raw: float, rest: float, edge: float) -> str:
    """From two AUROCs: that of the score, and that of what ink doesn't explain of it."""
    if rest > edge:
        return "works" if raw > edge else "hidden by ink"
    if rest < 1 - edge:
        return "backwards"
    return "only ink" if raw > edge else "blind"


def _told_if_finite(scores: Tensor, is_anomaly: Tensor, ink: Tensor, rest=_rest, edge: float = 0.75) -> str:
    return _named(_auroc(scores, is_anomaly), _auroc(rest(scores, is_anomaly, ink), is_anomaly), edge)


def _told_apart(scores: Tensor, is_anomaly: Tensor, ink: Tensor, rest=_rest, edge: float = 0.75) -> str:
    """The rules, in the order in which one symptom hides another."""
    return _told_if_finite(scores, is_anomaly, ink, rest, edge) if scores.isfinite().all() else "not finite"


def _claims_of_diagnosis(values: dict[str, Plain], scores: Tensor, is_anomaly: Tensor, ink: Tensor) -> Iterator[Claim]:
    got = values["result"]
    kind = "one of the six answers"
    yield Claim("the result is", kind, kind if got in LABELS else described(got), contract=True)
    yield Claim("Two AUROCs, with ink and without, say what it is", _told_apart(scores, is_anomaly, ink), got)


def _with_rest(rest):
    return lambda scores, is_anomaly, ink: _told_apart(scores, is_anomaly, ink, rest)


def _names_swapped(scores, is_anomaly, ink):
    found = _told_apart(scores, is_anomaly, ink)
    return {"only ink": "hidden by ink", "hidden by ink": "only ink"}.get(found, found)


def _one_auroc_alone(with_ink):
    def told(scores, is_anomaly, ink):
        if not scores.isfinite().all():
            return "not finite"
        area = _auroc(scores if with_ink else _rest(scores, is_anomaly, ink), is_anomaly)
        return "works" if area > 0.75 else "backwards" if area < 0.25 else "blind"

    return told


def _hidden_only_where_low(scores, is_anomaly, ink):
    found = _told_apart(scores, is_anomaly, ink)
    return "blind" if found == "hidden by ink" and _auroc(scores, is_anomaly) > 0.25 else found


def _low_is_backwards(scores, is_anomaly, ink):
    found = _told_apart(scores, is_anomaly, ink)
    return "backwards" if found != "not finite" and _auroc(scores, is_anomaly) < 0.25 else found


DIAGNOSE_DETECTOR = Task(
    name="11.diagnose_detector",
    points=2,
    contract="diagnose_detector(scores, is_anomaly, ink) -> what is the matter with an anomaly detector, one of\n"
    + ", ".join(f'"{label}"' for label in LABELS)
    + ".\nscores: (n,), in nats, higher means stranger. is_anomaly: (n,), booleans, some of each. ink: (n,), how much ink each image holds, in pixels.\n"
    "Whether ink alone does it is asked of what is left of the scores once a straight line in the ink, fitted to the familiar images, is taken out.",
    probes=_detectors_to_diagnose,
    claims=_claims_of_diagnosis,
    mistakes=(
        Mistake(
            _one_auroc_alone(with_ink=True),
            "You look at the scores alone. Two detectors can have one AUROC, one of them because of ink and the other in spite of it. How would you take the ink out?",
        ),
        Mistake(
            _one_auroc_alone(with_ink=False),
            "You look at the scores without ink alone. But what rings the alarm is the score as it is. Which comparison says what ink does to it?",
        ),
        Mistake(
            _names_swapped,
            "Ink taken out, and the AUROC rises. Was ink what found the strangers, or what covered them?",
        ),
        Mistake(
            _hidden_only_where_low,
            "You look for strangers under the ink only where the score's AUROC is low. Ink and strangeness may also just balance. What does the rest say then, and what does the table ask of the score?",
        ),
        Mistake(
            _low_is_backwards,
            "An AUROC near 0 is called backwards. A 1 holds so little ink that it is cheap although it is strange: what does its score say with the ink taken out?",
        ),
        Mistake(
            lambda scores, is_anomaly, ink: _told_apart(scores, is_anomaly, ink, edge=0.5),
            "You cut at 0.5, and a coin lands above it half of the time. How far from 0.5 must an AUROC be to mean something?",
        ),
        Mistake(
            _with_rest(lambda scores, is_anomaly, ink: scores - _slope(scores, ink) * ink),
            "Your line is fitted to all images, strangers among them, and so it explains their strangeness away by their ink. Which images know what ink alone costs?",
        ),
        Mistake(
            _with_rest(lambda scores, is_anomaly, ink: scores - _slope(scores[is_anomaly], ink[is_anomaly]) * ink),
            "Your line is fitted to the strangers, of whom you have few and know least. Which images know what ink alone costs?",
        ),
        Mistake(
            _with_rest(lambda scores, is_anomaly, ink: scores - (scores * ink)[~is_anomaly].sum() / ink[~is_anomaly].square().sum() * ink),
            "Your line goes through 0, or you divide by the ink: either way an image without ink would cost nothing. What else does a straight line have, beside a slope?",
        ),
        Mistake(
            _with_rest(lambda scores, is_anomaly, ink: scores - ink),
            "You take the ink itself away, as if each pixel of it cost one nat. It may cost more, nothing, or less than nothing. Which images tell what it costs here?",
        ),
        Mistake(
            _with_rest(lambda scores, is_anomaly, ink: scores - torch.corrcoef(torch.stack([scores, ink])[:, ~is_anomaly])[0, 1] * ink),
            "You take the correlation for the slope. A correlation has no unit, and your score is in nats and ink in pixels. In which unit is b?",
        ),
        Mistake(
            _told_if_finite,
            "A detector with NaN among its scores gets another name. Every comparison with NaN is false: which question finds it, and infinity with it?",
        ),
        Mistake(
            lambda scores, is_anomaly, ink: "not finite" if scores.isnan().any() else _told_if_finite(scores, is_anomaly, ink),
            "One score is infinite, and you only ask for NaN. Which question finds both?",
        ),
    ),
    hints=(
        "Two AUROCs: of the scores, and of the scores less what ink explains. Make a table of the four cases high/low; then where do backwards and broken ones stand?",
        "Fit score = a + b · ink by least squares on the familiar images alone: b is Σ(ink − mean)(score − mean)/Σ(ink − mean)². The rest is score − b · ink, for all images.",
        "Not finite first. Rest above 0.75: works if the score itself is above 0.75, else hidden by ink. Rest below 0.25: backwards. Else only ink if the score is above 0.75, and blind if not.",
    ),
)
