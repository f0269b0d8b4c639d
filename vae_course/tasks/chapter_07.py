"""Tasks of chapter 07, the conditional VAE: a label on its way in, one style in every class, what a label is worth, and M2's loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Bernoulli, Categorical, Independent, Normal, kl_divergence

from .claims import matches
from .declaration import Claim, Mistake, Plain, Probe, Task
from .probes import Draw, probes_from, with_more

UNKNOWN = -1


def _labels(draw: Draw, n: int, classes: int) -> Tensor:
    """n labels, 0 … classes − 1, out of normal draws."""
    return (draw(n).abs() * 1000).long() % classes


# ---- a label beside the pixels


def _images_and_labels(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(n: int, classes: int, note: str = "", dtype: torch.dtype = torch.float32, below: int = 0, unknown: bool = False) -> Probe:
        """Every class up to `classes − below` occurs where the batch is long enough; `unknown` takes some labels away."""
        x = torch.rand(n, 1, 2, 3, generator=generator, dtype=torch.float64).to(dtype)
        order = torch.randperm(n, generator=generator)
        y = (torch.arange(n) % (classes - below))[order]
        if unknown:
            y[order[: (n + 1) // 2]] = UNKNOWN
        return Probe({"x": x, "y": y, "classes": classes}, seed, note)

    sideways = one(7, 4, "not contiguous")
    sideways.arguments["x"] = sideways.arguments["x"].transpose(2, 3)
    return [
        one(9, 4),
        one(1, 3, "with a batch of one"),
        one(6, 5, "with a class missing in the batch", below=1),
        one(7, 3, "with labels that are not known", unknown=True),
        one(8, 4, "in float64", torch.float64),
        sideways,
    ]


def _reference_join_label(x: Tensor, y: Tensor, classes: int) -> Tensor:
    rows = []
    for image, label in zip(x, y.tolist(), strict=True):
        columns = [1.0 if label == number else 0.0 for number in range(classes)]
        rows.append(torch.cat([image.reshape(-1), torch.tensor(columns, dtype=x.dtype)]))
    return torch.stack(rows)


def _one_hot(y: Tensor, classes: int) -> Tensor:
    return F.one_hot(y.clamp(min=0), classes) * (y >= 0).unsqueeze(1)


def _label_as_a_number(x, y, classes):
    return torch.cat([x.flatten(1), y.unsqueeze(1)], 1)


def _label_as_a_share(x, y, classes):
    return torch.cat([x.flatten(1), y.unsqueeze(1).to(x.dtype) / (classes - 1)], 1)


def _label_first(x, y, classes):
    return torch.cat([_one_hot(y, classes), x.flatten(1)], 1)


def _classes_counted_in_the_batch(x, y, classes):
    return torch.cat([x.flatten(1), _one_hot(y, int(y.max()) + 1)], 1)


def _unknown_from_the_back(x, y, classes):
    return torch.cat([x.flatten(1), torch.eye(classes, dtype=x.dtype, device=x.device)[y]], 1)


def _unknown_not_thought_of(x, y, classes):
    return torch.cat([x.flatten(1), F.one_hot(y, classes)], 1)


def _unknown_as_class_zero(x, y, classes):
    return torch.cat([x.flatten(1), F.one_hot(y.clamp(min=0), classes)], 1)


def _unknown_spread_evenly(x, y, classes):
    return torch.cat([x.flatten(1), torch.where(y.unsqueeze(1) < 0, 1 / classes, _one_hot(y, classes).to(x.dtype))], 1)


def _joined_in_one_row(x, y, classes):
    return torch.cat([x.flatten(), _one_hot(y, classes).flatten()])


def _joined_in_default_dtype(x, y, classes):
    return torch.cat([x.flatten(1), _one_hot(y, classes)], 1).float()


JOIN_LABEL = Task(
    name="07.join_label",
    points=1,
    contract="join_label(x, y, classes) -> what an encoder that sees the label is fed: the pixels, then the label's one-hot vector.\n"
    "x: (batch, 1, height, width). y: (batch,), integers 0 … classes − 1, or −1 where the label is not known: then all zeros.\n"
    "classes: a Python int. Result: (batch, height·width + classes), in the dtype of x.",
    probes=_images_and_labels,
    claims=matches(_reference_join_label, "Each row should be its image's pixels, then a 1 in the column of its label and 0 elsewhere"),
    mistakes=(
        Mistake(
            _label_as_a_number,
            "One column that holds the label as a number: is a 9 nine times as much as a 1, and a 4 between a 3 and a 5? "
            "How would you write ten names that have no order?",
        ),
        Mistake(
            _label_as_a_share,
            "One column, scaled to [0, 1]: still a line on which class 4 lies between 3 and 5. How would you write ten names that have no order?",
        ),
        Mistake(_label_first, "All there, in another order than was agreed. Which comes first in the contract?"),
        Mistake(
            _classes_counted_in_the_batch,
            "The width of your result depends on which labels happen to be in the batch. Who knows how many classes there are?",
        ),
        Mistake(
            _unknown_from_the_back,
            "Where the label is not known, the last class got a 1. What does the index −1 mean to PyTorch, and what was it to mean?",
        ),
        Mistake(
            _unknown_not_thought_of,
            "It breaks at the label −1, which stands for 'not known'. What should such a row look like, and how do you get it past one_hot?",
        ),
        Mistake(_unknown_as_class_zero, "Images whose label is not known count as class 0. What tells the two apart in your result?"),
        Mistake(
            _unknown_spread_evenly,
            "You say 'a bit of every class' where nothing is known. A fair idea, but what does the contract ask for there?",
        ),
        Mistake(_joined_in_one_row, "The whole batch in one long row. Which axis must outlive the flattening?"),
        Mistake(
            _joined_in_default_dtype, "Right in float32. In float64 the pixels lose half their digits: who chose the dtype of your result?"
        ),
    ),
    hints=(
        "A label is a name, not a quantity: give each class a column of its own. Pixels first, so flatten them, but keep the batch's axis.",
        "Column c of the label's part asks 'is y equal to c?'. Answer it for all rows and columns at once; −1 equals none of them.",
        "Compare y.unsqueeze(1) with torch.arange(classes), on the device of y, turn the answer into the dtype of x, and torch.cat it to x.flatten(1).",
    ),
)

# ---- one style in every class


def _styles(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    classes = 5 if n == 3 else 4
    return {"z": draw(n, d), "weight": draw(d, 6), "bias": 2 * draw(classes, 6), "classes": classes}


def _decoded(function, z: Tensor, weight: Tensor, bias: Tensor, classes: int) -> dict[str, Plain]:
    def decode(z: Tensor, y: Tensor) -> Independent:
        """A decoder of one layer, which sees z and the label: p(x|z, y), Bernoulli pixels of images of 2 × 3."""
        if z.dim() != 2 or z.shape[1] != len(weight) or y.shape != z.shape[:1]:
            raise ValueError(
                f"decode takes z of shape (batch, {len(weight)}) and y of shape (batch,), got {tuple(z.shape)} and {tuple(y.shape)}."
            )
        return Independent(Bernoulli(logits=(z @ weight + bias[y]).reshape(len(z), 1, 2, 3)), 3)

    return {"result": function(decode, z, classes)}


def _reference_one_style(z: Tensor, weight: Tensor, bias: Tensor, classes: int) -> Tensor:
    rows = [[torch.sigmoid(style @ weight + bias[label]).reshape(1, 2, 3) for label in range(classes)] for style in z]
    return torch.stack([torch.stack(row) for row in rows])


def _every_pair(decode, z, classes):
    labels = torch.arange(classes, device=z.device).repeat(len(z))
    return decode(z.repeat_interleave(classes, 0), labels)


def _as_grid(images, z, classes):
    return images.reshape(len(z), classes, *images.shape[1:])


def _style_drawn_for_each_picture(decode, z, classes):
    labels = torch.arange(classes, device=z.device).repeat(len(z))
    return _as_grid(decode(torch.randn_like(z.repeat_interleave(classes, 0)), labels).mean, z, classes)


def _both_run_in_step(decode, z, classes):
    labels = torch.arange(classes, device=z.device).repeat(len(z))
    return _as_grid(decode(z.repeat(classes, 1), labels).mean, z, classes)


def _classes_down_styles_across(decode, z, classes):
    return _as_grid(_every_pair(decode, z, classes).mean, z, classes).transpose(0, 1)


def _grid_filled_the_other_way(decode, z, classes):
    labels = torch.arange(classes, device=z.device).repeat_interleave(len(z))
    return _as_grid(decode(z.repeat(classes, 1), labels).mean, z, classes)


def _pixels_drawn(decode, z, classes):
    return _as_grid(_every_pair(decode, z, classes).sample(), z, classes)


def _logits_for_images(decode, z, classes):
    return _as_grid(_every_pair(decode, z, classes).base_dist.logits, z, classes)


def _grid_left_flat(decode, z, classes):
    return _every_pair(decode, z, classes).mean


def _first_style_alone(decode, z, classes):
    return _as_grid(_every_pair(decode, z[:1].expand_as(z), classes).mean, z, classes)


def _one_style_averaged(decode, z, classes):
    return _as_grid(_every_pair(decode, z.mean(0, keepdim=True).expand_as(z), classes).mean, z, classes)


ONE_STYLE = Task(
    name="07.one_style",
    points=1,
    contract="one_style(decode, z, classes) -> images: each row one style, drawn in every class.\n"
    "decode(z, y): a function, z (batch, latent_size) and y (batch,) integers -> p(x|z, y), a distribution of images (batch, 1, height, width).\n"
    "z: (styles, latent_size). Result: (styles, classes, 1, height, width), the means of p(x|z, y), in [0, 1].",
    probes=probes_from(_styles, sizes={(3, 2): "", (1, 3): "with one style", (4, 1): "with one latent", (2, 5): "with two styles"}),
    run=_decoded,
    claims=matches(_reference_one_style, "The picture in row s and column c should be the mean of decode at z[s] and the label c"),
    mistakes=(
        Mistake(
            _style_drawn_for_each_picture,
            "Every picture has a style of its own. What must stay the same along a row, so that only the class changes?",
        ),
        Mistake(
            _both_run_in_step,
            "Styles and labels change together from one picture to the next. To meet every pair, how long must one of them wait for the other?",
        ),
        Mistake(_classes_down_styles_across, "The pictures are right, and the grid lies on its side. What is a row to be?"),
        Mistake(
            _grid_filled_the_other_way,
            "Each pair was decoded, and then filled in along the wrong side: a row holds several styles. In which order did the batch come out?",
        ),
        Mistake(
            _pixels_drawn,
            "Your pixels are 0 or 1, by chance, and change with each call. A distribution can be drawn from; what else can you ask it for?",
        ),
        Mistake(_logits_for_images, "Some of your pixels are negative. What lies between a decoder's logits and an image?"),
        Mistake(_grid_left_flat, "All the pictures, one after another. Which two axes should stand where yours has one?"),
        Mistake(_first_style_alone, "All rows show the first style. Which part of z belongs to row 2?"),
        Mistake(_one_style_averaged, "All rows are the same: the average style. Which part of z belongs to which row?"),
    ),
    hints=(
        "There are styles × classes pictures. Make one long batch of pairs (style, label), decode it once, and give the result two axes.",
        "A row holds one style: repeat each row of z `classes` times in succession, while the labels run 0, 1, … again and again.",
        "z.repeat_interleave(classes, 0) beside torch.arange(classes).repeat(styles); decode(…).mean; reshape to (styles, classes) and the rest.",
    ),
)

# ---- a prior for each class


def _class_priors(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    classes = 4
    return {
        "mu": draw(n, d),
        "log_var": draw(n, d) - 1,
        "y": _labels(draw, n, classes),
        "prior_mu": 1.5 * draw(classes, d),
        "prior_log_var": 0.7 * draw(classes, d) - 0.5,
    }


def _reference_class_prior_kl(mu: Tensor, log_var: Tensor, y: Tensor, prior_mu: Tensor, prior_log_var: Tensor) -> Tensor:
    q, priors = Normal(mu, torch.exp(log_var / 2)), Normal(prior_mu, torch.exp(prior_log_var / 2))
    return torch.stack(
        [
            kl_divergence(Normal(mean, deviation), Normal(priors.mean[label], priors.stddev[label])).sum()
            for mean, deviation, label in zip(q.mean, q.stddev, y.tolist(), strict=True)
        ]
    )


def _kl_terms(mu, log_var, prior_mu, prior_log_var):
    return 0.5 * (prior_log_var - log_var + (log_var.exp() + (mu - prior_mu) ** 2) / prior_log_var.exp() - 1)


def _kl_to_every_class(mu, log_var, prior_mu, prior_log_var):
    return _kl_terms(mu.unsqueeze(1), log_var.unsqueeze(1), prior_mu, prior_log_var).sum(-1)


CLASS_PRIOR_KL = Task(
    name="07.class_prior_kl",
    points=1,
    contract="class_prior_kl(mu, log_var, y, prior_mu, prior_log_var) -> KL(q(z|x, y) ‖ p(z|y)) in nats, where each class has a prior of its own.\n"
    "mu, log_var: (batch, latent_size), of q. y: (batch,), integers. prior_mu, prior_log_var: (classes, latent_size), one row a class.\n"
    "Result: one number an example, (batch,), in the dtype of mu.",
    probes=probes_from(_class_priors),
    claims=matches(
        _reference_class_prior_kl,
        "Each KL should be the one torch.distributions computes between q and the prior of the example's own class",
        scale=lambda mu, log_var, y, prior_mu, prior_log_var: (
            (log_var.exp() + mu**2 + prior_mu[y] ** 2) / prior_log_var[y].exp() + prior_log_var[y].abs() + log_var.abs() + 1
        ).sum(-1),
    ),
    mistakes=(
        Mistake(
            lambda mu, log_var, y, prior_mu, prior_log_var: _kl_terms(mu, log_var, torch.zeros_like(mu), torch.zeros_like(mu)).sum(-1),
            "That is the KL to N(0, I), the same for every class. Which Gaussian does a decoder that was told the class expect z from?",
        ),
        Mistake(
            lambda mu, log_var, y, prior_mu, prior_log_var: _kl_to_every_class(mu, log_var, prior_mu, prior_log_var),
            "One KL for each class, right or wrong. Which of them does the label of the example ask for?",
        ),
        Mistake(
            lambda mu, log_var, y, prior_mu, prior_log_var: _kl_to_every_class(mu, log_var, prior_mu, prior_log_var).mean(1),
            "You averaged over the classes. Does the label change your result at all?",
        ),
        Mistake(
            lambda mu, log_var, y, prior_mu, prior_log_var: _kl_to_every_class(mu, log_var, prior_mu, prior_log_var).amin(1),
            "You took the nearest class. A 4 that looks like a 9: which prior is it to be measured from?",
        ),
        Mistake(
            lambda mu, log_var, y, prior_mu, prior_log_var: _kl_terms(mu, log_var, prior_mu.mean(0), prior_log_var.mean(0)).sum(-1),
            "You made one Gaussian out of all the classes' and measured from it. What is the label for?",
        ),
        Mistake(
            lambda mu, log_var, y, prior_mu, prior_log_var: _kl_terms(prior_mu[y], prior_log_var[y], mu, log_var).sum(-1),
            "That is KL(p ‖ q). The average is taken under the first of the two: whose variance ends up below the line?",
        ),
        Mistake(
            lambda mu, log_var, y, prior_mu, prior_log_var: _kl_terms(mu, log_var, prior_mu[y], torch.zeros_like(mu)).sum(-1),
            "The centres of the classes are there, their widths are not. How much does a step away from a narrow prior cost?",
        ),
        Mistake(
            lambda mu, log_var, y, prior_mu, prior_log_var: _kl_terms(mu, log_var, prior_mu[y], prior_log_var[y]).mean(-1),
            "Repeat every latent once more: the KL must double. Does yours stay as it is?",
        ),
        Mistake(
            lambda mu, log_var, y, prior_mu, prior_log_var: _kl_terms(mu, log_var, prior_mu[y], prior_log_var[y]).sum(-1).mean(),
            "One number for the whole batch. Which axis holds the examples, and who averages over it?",
        ),
    ),
    hints=(
        "Two Gaussians a row: q, and the prior of that row's class. First bring the second one into the shape of the first.",
        "A tensor of labels is an index: a table with one row a class, indexed by y, gives one row an example.",
        "With m and s² from prior_mu[y] and exp(prior_log_var[y]), a dimension costs ½(log s² − log σ² + (σ² + (μ − m)²)/s² − 1). Sum over the last axis.",
    ),
)

# ---- what is a label worth?


def _losses_and_labels(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    y = _labels(draw, n, d)
    losses = 20 + 2 * draw(n, d)
    losses[torch.arange(n), y] -= 3
    return {"losses": losses, "y": y}


def _all_of_one_class() -> list[Probe]:
    losses = torch.tensor([[4.0, 9.0, 7.0], [6.0, 8.0, 8.0], [3.0, 9.0, 1.0]])
    return [
        Probe({"losses": losses, "y": torch.zeros(3, dtype=torch.int64)}, note="with one class in the whole batch: nothing to mix up"),
        Probe({"losses": 100 + losses, "y": torch.tensor([0, 2, 0])}, note="with a class missing in the batch"),
    ]


def _reference_label_gain(losses: Tensor, y: Tensor) -> Tensor:
    """Every order of the labels is tried: n! of them."""
    rows = torch.arange(len(y))
    tried = [losses[rows, y[list(order)]].mean() for order in permutations(range(len(y)))]
    return torch.stack(tried).mean() - losses[rows, y].mean()


def _own(losses, y):
    return losses.gather(1, y.unsqueeze(1)).squeeze(1)


def _gain_over_all_classes_alike(losses, y):
    return (losses.mean(1) - _own(losses, y)).mean()


def _gain_over_other_classes(losses, y):
    others = (losses.sum(1) - _own(losses, y)) / (losses.shape[1] - 1)
    return (others - _own(losses, y)).mean()


def _gain_over_other_examples(losses, y):
    n = len(y)
    others = (losses[:, y].sum(1) - _own(losses, y)) / (n - 1)
    return (others - _own(losses, y)).mean()


def _gain_of_wrong_sign(losses, y):
    return _own(losses, y).mean() - losses[:, y].mean()


def _gain_of_the_batch(losses, y):
    return (losses[:, y].mean(1) - _own(losses, y)).sum()


def _gain_from_one_shuffle(losses, y):
    return (_own(losses, y[torch.randperm(len(y))]) - _own(losses, y)).mean()


def _gain_from_one_turn(losses, y):
    return (_own(losses, y.roll(1)) - _own(losses, y)).mean()


def _gain_with_images_along(losses, y):
    order = torch.randperm(len(y))
    return _own(losses[order], y[order]).mean() - _own(losses, y).mean()


def _gain_over_the_best_label(losses, y):
    return (losses.amin(1) - _own(losses, y)).mean()


def _gain_of_each(losses, y):
    return losses[:, y].mean(1) - _own(losses, y)


LABEL_GAIN = Task(
    name="07.label_gain",
    points=1,
    contract="label_gain(losses, y) -> by how much the mean loss rises, in nats an example, when the labels of the batch are shuffled at random:\n"
    "the exact average over all orders of the labels, the old one among them; no draw. A tensor of shape (), in the dtype of losses.\n"
    "losses: (batch, classes), the loss of each image under each label. y: (batch,), the labels that belong to the images.",
    probes=with_more(
        probes_from(
            _losses_and_labels,
            sizes={(5, 3): "", (1, 4): "with a single example", (6, 2): "with two classes", (4, 6): "with more classes than examples"},
        ),
        _all_of_one_class,
    ),
    claims=matches(
        _reference_label_gain,
        "The rise should be the mean loss over every order of the batch's labels, less the mean loss under the right ones",
        scale=lambda losses, y: losses.abs().max(),
    ),
    mistakes=(
        Mistake(
            _gain_over_all_classes_alike,
            "All classes alike, also those that hardly occur. Shuffled, which labels are there to be handed out, and how often each?",
        ),
        Mistake(
            _gain_over_other_classes,
            "You give every image a wrong label. A shuffled label is right now and then, and which wrong one it is depends on the batch: how?",
        ),
        Mistake(
            _gain_over_other_examples,
            "You never give an image its own label back. In how many of the n! orders does it keep it?",
        ),
        Mistake(_gain_of_wrong_sign, "Where labels help, mixing them up must cost something. Which sign has your cost?"),
        Mistake(_gain_of_the_batch, "Repeat every example once more: nothing about a single one has changed. Does your figure double?"),
        Mistake(
            _gain_from_one_shuffle,
            "One shuffle: an estimate that changes from call to call. Over all orders, how often does image i meet the label of image j?",
        ),
        Mistake(
            _gain_from_one_turn,
            "Each image got its neighbour's label: one order out of n!. Over all of them, how often does image i meet the label of image j?",
        ),
        Mistake(
            _gain_with_images_along,
            "Always 0: you shuffled the images together with their labels. Which of the two must stay where it is?",
        ),
        Mistake(
            _gain_over_the_best_label,
            "You compare with the label that fits best, chosen after the fact. What would a label be that was drawn without a look at the image?",
        ),
        Mistake(_gain_of_each, "One figure an image, and right. What does the contract ask for over the batch?"),
    ),
    hints=(
        "The mean of a sum is the sum of the means: ask for one image alone which label it gets, averaged over all orders.",
        "In a random order, image i gets the label of image j with probability 1/n, for every j, itself among them.",
        "losses[:, y] is a table (batch, batch): image i under the label of j. Its mean is the shuffled loss, the mean of its diagonal the right one.",
    ),
)

# ---- an image without a label: M2's bound


def _losses_and_logits(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    return {"losses": 6 + 3 * draw(n, d), "logits": 2 * draw(n, d)}


def _very_sure() -> list[Probe]:
    losses = torch.tensor([[5.0, 2.0, 9.0], [7.0, 3.0, 4.0]])
    return [
        Probe(
            {"losses": losses, "logits": torch.tensor([[300.0, -200.0, 0.0], [-1500.0, 900.0, 0.0]])},
            note="with logits far apart, a classifier that is very sure",
        ),
        Probe({"losses": 100 + losses, "logits": torch.full((2, 3), 40.0)}, note="with a classifier that knows nothing"),
    ]


def _reference_unlabelled_loss(losses: Tensor, logits: Tensor) -> Tensor:
    """By another road: the best that any q could do, plus how far this q is from it."""
    return -torch.logsumexp(-losses, 1) + kl_divergence(Categorical(logits=logits), Categorical(logits=-losses))


def _with_room(claims):
    """The same claims, a millionth of a nat wider: a tiny constant inside the logarithm is no mistake here."""

    def wider(values: dict[str, Plain], /, **arguments: Plain) -> Iterator[Claim]:
        for claim in claims(values, **arguments):
            yield claim if claim.contract else replace(claim, tolerance=claim.tolerance + 1e-6)

    return wider


def _q_and_entropy(logits):
    log_q = torch.log_softmax(logits, 1)
    return log_q.exp(), -(log_q.exp() * log_q).sum(1)


def _unlabelled(losses, logits):
    q, entropy = _q_and_entropy(logits)
    return (q * losses).sum(1) - entropy


def _entropy_added(losses, logits):
    q, entropy = _q_and_entropy(logits)
    return (q * losses).sum(1) + entropy


def _entropy_forgotten(losses, logits):
    return (torch.softmax(logits, 1) * losses).sum(1)


def _entropy_averaged_over_classes(losses, logits):
    q, entropy = _q_and_entropy(logits)
    return (q * losses).sum(1) - entropy / losses.shape[1]


def _classes_all_alike(losses, logits):
    return losses.mean(1) - _q_and_entropy(logits)[1]


def _likeliest_class_alone(losses, logits):
    return losses.gather(1, logits.argmax(1, keepdim=True)).squeeze(1)


def _softmax_over_the_batch(losses, logits):
    log_q = torch.log_softmax(logits, 0)
    return (log_q.exp() * (losses + log_q)).sum(1)


def _logarithm_of_softmax(losses, logits):
    q = torch.softmax(logits, 1)
    return (q * (losses + q.log())).sum(1)


def _logits_taken_for_shares(losses, logits):
    return (logits * losses).sum(1) - _q_and_entropy(logits)[1]


def _mean_inside_the_logarithm(losses, logits):
    return -torch.logsumexp(torch.log_softmax(logits, 1) - losses, 1)


def _classifier_never_asked(losses, logits):
    return -torch.logsumexp(-losses, 1) + 0 * logits.sum(1).nan_to_num()


def _bound_not_loss(losses, logits):
    return -_unlabelled(losses, logits)


def _unlabelled_averaged(losses, logits):
    return _unlabelled(losses, logits).mean()


UNLABELLED_LOSS = Task(
    name="07.unlabelled_loss",
    points=2,
    contract="unlabelled_loss(losses, logits) -> −U(x) = Σ_y q(y|x)·L(x, y) − H(q(y|x)) in nats, M2's loss of an image without a label.\n"
    "losses: (batch, classes), L(x, y), the negative ELBO of each image under each label. logits: (batch, classes), of the classifier q(y|x).\n"
    "Result: one number an image, (batch,), in the dtype of losses. Finite for any finite logits.",
    probes=with_more(
        probes_from(
            _losses_and_logits, sizes={(6, 3): "", (1, 3): "with a batch of one", (5, 2): "with two classes", (4, 10): "with ten classes"}
        ),
        _very_sure,
    ),
    claims=_with_room(
        matches(
            _reference_unlabelled_loss,
            "The loss should be the mean of L(x, y) under q(y|x), less the entropy of q(y|x)",
            scale=lambda losses, logits: losses.abs().amax(1) + logits.abs().amax(1),
        )
    ),
    mistakes=(
        Mistake(
            _entropy_added,
            "You reward a classifier for being sure before it knows anything. What is the best q(y|x) when all labels fit an image alike, and is it your loss's best?",
        ),
        Mistake(
            _entropy_forgotten,
            "A weighted mean of losses. Bounding log p(x) also takes the KL of q(y|x) from the prior of y: half of it is in L(x, y). Which half is missing?",
        ),
        Mistake(
            _entropy_averaged_over_classes,
            "Two equally likely classes have an entropy of log 2. How much is yours, and what did you divide by?",
        ),
        Mistake(_classes_all_alike, "Every label counts alike, whatever the classifier says. Which weights belong before L(x, y)?"),
        Mistake(
            _likeliest_class_alone,
            "You decide for the likeliest label. A classifier at 0.51 against 0.49: should the second one count for nothing, and which gradient would it get?",
        ),
        Mistake(
            _softmax_over_the_batch,
            "Your shares add up to 1 over the images of the batch, so that one image's loss depends on the others. Over what should they add up to 1?",
        ),
        Mistake(
            _logarithm_of_softmax,
            "Right, until the classifier is very sure: what is the logarithm of a share that was rounded to 0, and 0 times that? Which function gives log q(y|x) in one go?",
        ),
        Mistake(_logits_taken_for_shares, "Your weights can be negative. What turns logits into shares that add up to 1?"),
        Mistake(
            _mean_inside_the_logarithm,
            "You took the mean of exp(−L) and then the logarithm; M2 takes the mean of L itself. What is Jensen's inequality doing between the two?",
        ),
        Mistake(
            _classifier_never_asked,
            "That is the loss with the best q(y|x) there is. It doesn't depend on your logits: how would the classifier learn from it?",
        ),
        Mistake(_bound_not_loss, "That is the bound U(x), which is to be made great. What is minimised?"),
        Mistake(_unlabelled_averaged, "One number for the whole batch. What is asked for, and who averages later?"),
    ),
    hints=(
        "y is a second latent, with ten values. For an expectation over it no draw is needed: sum over all its values, each weighted by q(y|x).",
        "The entropy of a distribution is −Σ q log q. Both terms then have the same weights: Σ q·(L + log q).",
        "log q(y|x) = log_softmax of the logits over the classes; q is its exponential, which is 0 where log q is very negative, and finite times 0 is 0.",
    ),
)

# ---- M2's whole loss


def _mixed_batch(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    """Class 0 and unknown labels are always among them, where the batch has room for both."""
    y = _labels(draw, n, d)
    y[::2] = UNKNOWN
    if n > 1:
        y[1] = 0
    return {
        "losses": 6 + 3 * draw(n, d),
        "logits": 2 * draw(n, d),
        "y": y,
        "alpha": round(0.5 + 3 * draw(1).abs().item(), 2),
    }


def _special_batches() -> list[Probe]:
    losses = torch.tensor([[5.0, 2.0, 9.0], [7.0, 3.0, 4.0], [1.0, 6.0, 2.0]])
    logits = torch.tensor([[1.0, -0.5, 0.0], [0.3, 0.1, 2.0], [-1.0, 0.5, 0.7]])

    def one(y: list[int], note: str, stretch: float = 1.0) -> Probe:
        return Probe({"losses": losses, "logits": stretch * logits, "y": torch.tensor(y), "alpha": 1.7}, note=note)

    return [
        one([0, 2, 1], "with a label for every image"),
        one([-1, -1, -1], "without a single label"),
        one([0, -1, 2], "with logits far apart", 500.0),
    ]


def _reference_semi_supervised_loss(losses: Tensor, logits: Tensor, y: Tensor, alpha: float) -> Tensor:
    """Image by image."""
    bounds, guesses = [], []
    for row, label in enumerate(y.tolist()):
        if label == UNKNOWN:
            bounds.append(_reference_unlabelled_loss(losses[row : row + 1], logits[row : row + 1])[0])
        else:
            bounds.append(losses[row, label])
            guesses.append(-Categorical(logits=logits[row]).log_prob(torch.tensor(label)))
    return torch.stack(bounds).mean() + (alpha * torch.stack(guesses).mean() if guesses else 0.0)


def _bounds(losses, logits, y, known=None):
    """What each image costs, with its label or without; a −1 that is taken for a label is read as PyTorch reads it."""
    known = y >= 0 if known is None else known
    rows = torch.arange(len(y), device=y.device)
    return torch.where(known, losses[rows, y], _unlabelled(losses, logits))


def _guess(logits, y, known=None):
    """The mean of −log q(y|x) over the known labels, 0 of none."""
    known = y >= 0 if known is None else known
    each = -torch.log_softmax(logits, 1).gather(1, y.clamp(min=0).unsqueeze(1)).squeeze(1)
    return (each * known).sum() / known.sum().clamp(min=1)


def _unknown_as_last_class(losses, logits, y, alpha):
    return _bounds(losses, logits, y, known=y == y).mean() + alpha * _guess(logits, y % losses.shape[1])


def _class_zero_as_unknown(losses, logits, y, alpha):
    return _bounds(losses, logits, y, known=y > 0).mean() + alpha * _guess(logits, y, known=y > 0)


def _groups_averaged_apart(losses, logits, y, alpha):
    each, known = _bounds(losses, logits, y), y >= 0
    return each[known].mean() + each[~known].mean() + alpha * _guess(logits, y)


def _mean_of_no_guesses(losses, logits, y, alpha):
    return _bounds(losses, logits, y).mean() + alpha * F.cross_entropy(logits, y, ignore_index=UNKNOWN)


def _guesses_over_the_whole_batch(losses, logits, y, alpha):
    guesses = F.cross_entropy(logits, y, ignore_index=UNKNOWN, reduction="sum") / len(y)
    return _bounds(losses, logits, y).mean() + alpha * guesses


def _without_alpha(losses, logits, y, alpha):
    return _bounds(losses, logits, y).mean() + _guess(logits, y)


def _without_classifier(losses, logits, y, alpha):
    return _bounds(losses, logits, y).mean()


def _guesses_of_wrong_sign(losses, logits, y, alpha):
    return _bounds(losses, logits, y).mean() - alpha * _guess(logits, y)


def _summed_over_the_batch(losses, logits, y, alpha):
    return _bounds(losses, logits, y).sum() + alpha * _guess(logits, y)


def _unlabelled_thrown_away(losses, logits, y, alpha):
    return _bounds(losses, logits, y)[y >= 0].mean() + alpha * _guess(logits, y)


def _labels_used_by_the_classifier_alone(losses, logits, y, alpha):
    return _unlabelled(losses, logits).mean() + alpha * _guess(logits, y)


def _cross_entropy_of_unknown(losses, logits, y, alpha):
    return _bounds(losses, logits, y).mean() + alpha * F.cross_entropy(logits, y)


def _unknown_judged_as_class_zero(losses, logits, y, alpha):
    return _bounds(losses, logits, y).mean() + alpha * F.cross_entropy(logits, y.clamp(min=0))


def _alpha_on_all_that_is_labelled(losses, logits, y, alpha):
    return (_bounds(losses, logits, y) * torch.where(y >= 0, alpha, 1.0)).mean() + alpha * _guess(logits, y)


def _best_guess_for_a_label(losses, logits, y, alpha):
    guessed = torch.where(y >= 0, y, logits.argmax(1))
    return _own(losses, guessed).mean() + alpha * _guess(logits, y)


SEMI_SUPERVISED_LOSS = Task(
    name="07.semi_supervised_loss",
    points=2,
    contract="semi_supervised_loss(losses, logits, y, alpha) -> M2's loss of a batch, in nats an example, a tensor of shape ():\n"
    "the mean over the whole batch of what each image costs, L(x, y) with a label and Σ_y q(y|x)·L(x, y) − H(q(y|x)) without one,\n"
    "plus alpha times the mean of −log q(y|x) over the images with a label. A mean over no images counts as 0.\n"
    "losses: (batch, classes), L(x, y). logits: (batch, classes), of q(y|x). y: (batch,), integers, −1 where the label is not known.\n"
    "alpha: a Python float. Right also for a batch in which all labels are known, or none, and for any finite logits.",
    probes=with_more(
        probes_from(
            _mixed_batch, sizes={(8, 3): "", (1, 3): "with a single image, without a label", (5, 2): "with two classes", (6, 10): ""}
        ),
        _special_batches,
    ),
    claims=_with_room(
        matches(
            _reference_semi_supervised_loss,
            "The loss should be the mean over the batch of what each image costs, plus alpha times the mean of −log q(y|x) over the labelled",
            scale=lambda losses, logits, y, alpha: losses.abs().max() + (1 + alpha) * 2 * logits.abs().max(),
        )
    ),
    mistakes=(
        Mistake(
            _unknown_as_last_class,
            "Images without a label count as the last class. What does the index −1 mean to PyTorch, and what was it to mean?",
        ),
        Mistake(_class_zero_as_unknown, "Is 0 a label? Look at the question by which you tell the known labels from the others."),
        Mistake(
            _groups_averaged_apart,
            "Two averages of the bound, each over its own group: with 1 label in 128 images that one image weighs as much as 127. What is the bound's sum divided by?",
        ),
        Mistake(
            _mean_of_no_guesses,
            "Right, until a batch comes without a single label, as it does with 100 labels among thousands: what is the mean of nothing, and what is it to count as?",
        ),
        Mistake(
            _guesses_over_the_whole_batch,
            "Your classifier's term is divided by all images. Take 1 label in 128: how much does alpha weigh in effect, and over which images should the mean run?",
        ),
        Mistake(_without_alpha, "Double alpha: your loss stays as it is. Which term does it weigh?"),
        Mistake(
            _without_classifier,
            "In L(x, y) the label goes into the decoder and q(y|x) is never asked. From which term does the classifier learn what the labels say?",
        ),
        Mistake(
            _guesses_of_wrong_sign,
            "Make the classifier worse at the known labels: your loss falls. Which sign has a cross-entropy, and what is minimised?",
        ),
        Mistake(_summed_over_the_batch, "Double the batch, and your bound doubles. Which axis is averaged?"),
        Mistake(
            _unlabelled_thrown_away,
            "Only images with a label count: that is supervised learning. What do you pay for the others, and where?",
        ),
        Mistake(
            _labels_used_by_the_classifier_alone,
            "You sum over all labels even where the label is known. Which L(x, y) does such an image pay?",
        ),
        Mistake(
            _cross_entropy_of_unknown,
            "It breaks at the label −1, which stands for 'not known'. Which images have a true class to compare with?",
        ),
        Mistake(
            _unknown_judged_as_class_zero,
            "The classifier is told that images without a label are of class 0. Which images may its term look at?",
        ),
        Mistake(
            _alpha_on_all_that_is_labelled,
            "alpha multiplies the bound of the labelled images as well. Which of the terms is it for?",
        ),
        Mistake(
            _best_guess_for_a_label,
            "Where the label is missing you put in the classifier's best guess. What does the bound do with a label that it doesn't know?",
        ),
    ),
    hints=(
        "Two means of two different things: the bound over all images, and −log q(y|x) over those with a label. Make a vector (batch,) of the first.",
        "Compute both kinds of bound for every row and choose with torch.where(y >= 0, …, …). Where a label is read, −1 needs a harmless stand-in, such as y.clamp(min=0).",
        "log_q = log_softmax(logits, 1). Bound with a label: the entry of losses at y; without: Σ exp(log_q)·(losses + log_q). "
        "For the guesses, sum −log_q at y over the labelled and divide by their number, or by 1 where there are none.",
    ),
)
