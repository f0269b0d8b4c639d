"""Tasks of chapter 12, when it fails: blur and where it comes from, what a code still tells, two measures of samples, and the clinic."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from .claims import doubled, matches
from .declaration import Claim, Mistake, Plain, Probe, Task
from .patients import ILLNESSES, patients, told_apart
from .probes import Draw, probes_from, transposed, with_more


def _with_room(claims: Callable, room: float) -> Callable:
    """The same claims with some more tolerance: a tiny constant that keeps a division or a logarithm finite is no mistake."""

    def roomy(values: dict[str, Plain], /, **arguments: Plain) -> Iterator[Claim]:
        for claim in claims(values, **arguments):
            yield claim if claim.contract else replace(claim, tolerance=claim.tolerance + room)

    return roomy


# ---- how sharp is a picture?


def _grey_images(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def drawn(n: int, height: int, width: int) -> Tensor:
        """Noise on a slope: neighbours are more alike than strangers."""
        slope = torch.linspace(0, 0.5, height).unsqueeze(1) + torch.linspace(0, 0.2, width)
        return slope + 0.3 * torch.rand(n, height, width, generator=generator)

    first = drawn(4, 6, 5)
    apart = torch.stack([drawn(1, 5, 4)[0], 0.1 * drawn(1, 5, 4)[0] + 0.8])
    plain = torch.stack([torch.zeros(4, 4), drawn(1, 4, 4)[0], torch.full((4, 4), 0.75)])
    return [
        Probe({"images": first}),
        Probe({"images": 0.5 * first + 0.4}, note="with the same images at half the contrast, brighter"),
        Probe({"images": F.avg_pool2d(first.unsqueeze(1), 3, stride=1).squeeze(1)}, note="with the same images, blurred"),
        Probe({"images": apart}, note="with one image of strong contrast and one of weak"),
        Probe({"images": plain}, note="with plain images among them"),
        Probe({"images": drawn(1, 2, 9)}, note="with a single image, low and wide"),
        Probe({"images": drawn(3, 4, 6).double()}, note="in float64"),
        Probe({"images": drawn(5, 4, 3).permute(2, 1, 0)}, note="not contiguous"),
    ]


def _reference_sharpness(images: Tensor) -> Tensor:
    """Pair by pair."""

    def sharp(image: Tensor) -> Tensor:
        height, width = image.shape
        steps = [image[r, c] - image[r + 1, c] for r in range(height - 1) for c in range(width)]
        steps += [image[r, c] - image[r, c + 1] for r in range(height) for c in range(width - 1)]
        any_two = torch.pdist(image.reshape(-1, 1)).square().mean()
        return torch.stack(steps).square().mean() / any_two if any_two > 0 else torch.zeros_like(any_two)

    return torch.stack([sharp(image) for image in images])


def _steps(images):
    """Down and across, each (n, number of steps)."""
    return images.diff(dim=1).flatten(1), images.diff(dim=2).flatten(1)


def _mean_step(images):
    return torch.cat(_steps(images), 1).square().mean(1)


def _share(steps, any_two):
    return torch.where(any_two > 0, steps / any_two, torch.zeros_like(any_two))


def _sharpness_round_the_edge(images):
    steps = torch.cat([(images - images.roll(1, dim)).flatten(1) for dim in (1, 2)], 1)
    return _share(steps.square().mean(1), 2 * images.flatten(1).var(1))


SHARPNESS = Task(
    name="12.sharpness",
    points=1,
    contract="sharpness(images) -> how sharp each image is: (n,), in the dtype of images. images: (n, height, width), height and width at least 2.\n"
    "For each image: the mean squared difference of two pixels that are neighbours (side by side, or one above the other), over all such pairs together,\n"
    "divided by the mean squared difference of two different pixels of that image, over all pairs. 0 for a plain image, whose pixels are all alike.",
    probes=_grey_images,
    claims=_with_room(matches(_reference_sharpness, "It should be neighbours' mean squared difference over that of any two pixels"), 1e-4),
    mistakes=(
        Mistake(
            _mean_step,
            "Halve the contrast of an image: it is as sharp as before. Yours falls to a quarter. By what must it be measured?",
        ),
        Mistake(
            lambda images: _share(_mean_step(images), images.flatten(1).square().mean(1)),
            "Make an image brighter by adding a constant: yours says that it gets less sharp. From where should a pixel's deviation be measured?",
        ),
        Mistake(
            lambda images: _share(_mean_step(images), images.flatten(1).var(1)),
            "Shuffle an image's pixels: neighbours are then as strange to each other as any two, and the ratio should be about 1. Yours is about 2. "
            "How far apart are two draws of a variance v, squared and on average?",
        ),
        Mistake(
            lambda images: _share(_mean_step(images), 2 * images.flatten(1).var(1, correction=0)),
            "Nearly: yours is too great, by more in a small image. Among your pairs of any two pixels, is there each pixel with itself?",
        ),
        Mistake(
            lambda images: _share(_steps(images)[1].square().mean(1), 2 * images.flatten(1).var(1)),
            "Blur an image up and down only: yours does not notice. Which neighbours does a pixel have?",
        ),
        Mistake(
            lambda images: _share(_steps(images)[0].square().mean(1), 2 * images.flatten(1).var(1)),
            "Blur an image from side to side only: yours does not notice. Which neighbours does a pixel have?",
        ),
        Mistake(
            lambda images: _share(torch.cat(_steps(images), 1).abs().mean(1), images.flatten(1).std(1)),
            "You compare sizes: a difference of 0.2 counts for two of 0.1. For how many does it count when differences are squared?",
        ),
        Mistake(
            lambda images: _share(sum(part.square().mean(1) for part in _steps(images)), 2 * images.flatten(1).var(1)),
            "You add the mean of the steps down to the mean of those across. For shuffled pixels each of the two is that of any two pixels: what is your ratio then? "
            "Over which pairs does one mean run?",
        ),
        Mistake(
            _sharpness_round_the_edge,
            "In your image the left edge is the neighbour of the right one, and the top that of the bottom. Which differences are there at an edge?",
        ),
        Mistake(
            lambda images: _share(sum(part.square().mean(1) for part in _steps(images)) / 2, 2 * images.flatten(1).var(1)),
            "You average the steps down, average those across, and take the middle of the two. In an image that is low and wide, are there as many of either? "
            "Over which pairs does the mean run?",
        ),
        Mistake(
            lambda images: _share(_mean_step(images), 2 * images.var()),
            "Put a pale image beside a strong one: the pale one's figure falls. Whose pixels is it measured by?",
        ),
        Mistake(
            lambda images: _mean_step(images) / (2 * images.flatten(1).var(1)),
            "Right, until an image is plain: what is 0/0 to the computer, and what does the contract ask for?",
        ),
        Mistake(
            lambda images: _mean_step(images) / (2 * images.flatten(1).var(1) + 1e-6),
            "Nearly: the small number under the line weighs the more, the paler an image is. Contrast should drop out. Which case was it put there for?",
        ),
    ),
    hints=(
        "Two means of squares for each image. The first is over neighbours: subtract the image from itself, moved by one row; then the same with columns.",
        "All pairs need no loop: of two different pixels, the squared difference is on average twice the variance (the one that divides by n − 1).",
        "images.diff along a dimension gives the steps. Join both kinds, flattened from dimension 1 on, before you take the mean. Where the variance is 0, put 0.",
    ),
)

# ---- the picture that several images share


def _shared_codes(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    return {"x": (0.5 + 0.5 * draw(n, d)).clamp(0, 1), "q": (2 * draw(n, 3)).softmax(1)}


def _plain_codes() -> list[Probe]:
    x = torch.tensor([[0.0, 1.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0], [0.0, 1.0, 0.25, 0.0]])
    mixed = torch.tensor([[0.75, 0.25], [0.25, 0.75], [0.0, 1.0], [1.0, 0.0]])
    return [
        Probe({"x": x, "q": torch.ones(4, 1)}, note="with one code for all: collapse"),
        Probe({"x": x, "q": torch.eye(4)}, note="with a code of its own for each image"),
        Probe({"x": x, "q": mixed}, note="with pixels that are the same in all images"),
    ]


def _reference_best_pictures(x: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """The cost by entropies: a code's best picture leaves, in each pixel, the entropy of that picture."""
    pictures = torch.stack([sum(weight * image for weight, image in zip(code, x, strict=True)) / code.sum() for code in q.t()])
    entropy = torch.special.entr(pictures) + torch.special.entr(1 - pictures)
    return pictures, (q.mean(0) * entropy.sum(1)).sum()


def _averages(x, q):
    return q.t() @ x / q.sum(0).unsqueeze(1)


def _costs(x, pictures):
    """−log p(x_i | code k) in nats: (n, codes)."""
    n, codes = len(x), len(pictures)
    shown, wanted = pictures.unsqueeze(0).expand(n, -1, -1), x.unsqueeze(1).expand(-1, codes, -1)
    return F.binary_cross_entropy(shown.clamp(0, 1), wanted, reduction="none").sum(2)


def _with_cost(pictures, x, q):
    return pictures, (q * _costs(x, pictures)).sum(1).mean()


def _best_pictures_naive(x, q, times_log=lambda share, p: share * p.log()):
    pictures, wanted = _averages(x, q), x.unsqueeze(1)
    costs = -(times_log(wanted, pictures) + times_log(1 - wanted, 1 - pictures)).sum(2)
    return pictures, (q * costs).sum(1).mean()


def _cost_of_the_mixture(x, q):
    pictures = _averages(x, q)
    return pictures, F.binary_cross_entropy((q @ pictures).clamp(0, 1), x, reduction="none").sum(1).mean()


def _likeliest_code(q):
    return F.one_hot(q.argmax(1), q.shape[1]).to(q)


BEST_PICTURES = Task(
    name="12.best_pictures",
    points=1,
    contract="best_pictures(x, q) -> (pictures, cost): what the best decoder shows for each code, (codes, pixels), and its reconstruction term, shape ().\n"
    "x: (n, pixels), in [0, 1]. q: (n, codes), q(z = k | x_i) of a latent that can only take the values k = 0, 1, …: rows add up to 1, and no code is without images.\n"
    "Pixels are Bernoulli: the decoder shows a probability for each. cost: −log p(x|z), summed over pixels, expected over q(z|x), averaged over images, in nats.\n"
    "The pictures are those for which the cost is least. 0 · log 0 = 0, and a code that an image never has costs it nothing. Both in the dtype of x.",
    probes=with_more(
        probes_from(_shared_codes, sizes={(7, 4): "", (1, 5): "with a single image", (6, 1): "with one pixel", (9, 2): ""}),
        _plain_codes,
    ),
    claims=_with_room(
        matches(
            _reference_best_pictures,
            "It should be what the best decoder gives",
            parts=("the pictures", "the cost"),
            scale=lambda x, q: x.shape[1],
        ),
        2e-5,
    ),
    mistakes=(
        Mistake(
            lambda x, q: _with_cost(x.mean(0).expand(q.shape[1], -1), x, q),
            "You show the same picture for every code. Which images does a code stand for, and how much?",
        ),
        Mistake(
            lambda x, q: _with_cost(q.t() @ x, x, q),
            "Let all images be the same one: some of your pictures are brighter than it is, others darker. What do the weights of a mean add up to?",
        ),
        Mistake(
            lambda x, q: _with_cost(q.t() @ x / len(x), x, q),
            "Let all images be the same one: your pictures are darker than it is. A code need not hold all n images. How much does it hold?",
        ),
        Mistake(
            lambda x, q: _with_cost(x[q.argmax(0)], x, q),
            "For each code you show the image that is likeliest there: sharp. What does that cost for the other images with this code, in a pixel where they differ?",
        ),
        Mistake(
            lambda x, q: _with_cost((_averages(x, q) > 0.5).to(x), x, q),
            "You let the majority decide each pixel: sharp. And what does a pixel cost that is certain, and wrong?",
        ),
        Mistake(
            lambda x, q: _with_cost(_averages(x, _likeliest_code(q)), x, q),
            "You give each image to its likeliest code alone. The decoder sees draws: what does it see for an image with q = (0.6, 0.4)?",
        ),
        Mistake(
            lambda x, q: (_averages(x, q), _with_cost(_averages(x, q), x, q)[1] / x.shape[1]),
            "The pictures are right. Over which axis is the cost a sum, and over which one a mean?",
        ),
        Mistake(
            lambda x, q: (_averages(x, q), _with_cost(_averages(x, q), x, q)[1] * len(x)),
            "The pictures are right. Take every image twice: your cost doubles. What is the cost of one image?",
        ),
        Mistake(
            lambda x, q: (_averages(x, q), (_costs(x, _averages(x, q)) * q / q.sum(0)).sum(0).mean()),
            "The pictures are right. In your cost a code that one image has in a hundred counts as much as any other. How often does each occur?",
        ),
        Mistake(
            lambda x, q: (_averages(x, q), (_likeliest_code(q) * _costs(x, _averages(x, q))).sum(1).mean()),
            "The pictures are right. Your cost looks at each image's likeliest code alone. What is the expectation over q(z|x)?",
        ),
        Mistake(
            lambda x, q: (_averages(x, q), -(q * torch.xlogy(x.unsqueeze(1), _averages(x, q)).sum(2)).nan_to_num().sum(1).mean()),
            "The pictures are right. Your cost asks only how likely the ink is where there is ink. What does a black pixel cost if the decoder shows p?",
        ),
        Mistake(
            lambda x, q: (_averages(x, q), _costs(x, _averages(x, q)).mean()),
            "The pictures are right. In your cost every image has every code equally often. How often does it have each?",
        ),
        Mistake(
            lambda x, q: (_averages(x, q), (q * _costs(x, _averages(x, q))).mean()),
            "The pictures are right. Your cost is divided by the number of codes as well. What do an image's weights add up to without that?",
        ),
        Mistake(
            _cost_of_the_mixture,
            "The pictures are right. For the cost you mix an image's pictures and take the logarithm then. The decoder is shown one code at a time: which comes first?",
        ),
        Mistake(
            _best_pictures_naive,
            "Right, until a pixel is black (or white) in all images of a code: what is 0 · log 0 to the computer, and what should it be?",
        ),
        Mistake(
            lambda x, q: _best_pictures_naive(x, q, torch.xlogy),
            "Right, until there is a code that an image never has: its share is 0, and the cost may be infinite. What is 0 · ∞ to the computer, and what should it be here?",
        ),
    ),
    hints=(
        "Take one code and one pixel. Write the cost over all images as a function of the one number p that the decoder shows there, and set its slope to 0.",
        "Σ_i q_ik · (−x_i log p − (1 − x_i) log(1 − p)) is least at a weighted mean of the x_i. As a table, that is a product of matrices, each row divided by its weight.",
        "For the cost, make the table −log p(x_i | k), (n, codes); torch.nn.functional.binary_cross_entropy copes with 0 and 1. Weigh it by q, sum over codes, average over images.",
    ),
)

# ---- what a code tells, and what is only paid for


def _encodings(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    mu, log_var = 1.2 * draw(n, d) + 0.3, 0.5 * draw(n, d) - 1.0
    return {"z": mu + (0.5 * log_var).exp() * draw(n, d), "mu": mu, "log_var": log_var}


def _extreme_encodings() -> list[Probe]:
    generator = torch.Generator().manual_seed(5)
    many = torch.randn(2, 6, 800, generator=generator, dtype=torch.float64).float()
    mu = torch.tensor([[40.0, 0.0], [-40.0, 3.0], [0.0, 90.0], [5.0, -70.0]])
    nothing, noise = torch.zeros(5, 3), torch.randn(5, 3, generator=generator)
    return [
        Probe({"z": noise, "mu": nothing, "log_var": nothing}, note="with a collapsed encoder"),
        Probe(
            {"z": noise + 2.0, "mu": nothing + 2.0, "log_var": nothing},
            note="with an encoder that says the same of every image, off the prior",
        ),
        Probe({"z": mu + 0.1, "mu": mu, "log_var": torch.full((4, 2), -4.0)}, note="with encodings far apart"),
        Probe({"z": 0.05 * many[0] + many[1], "mu": 0.05 * many[0], "log_var": torch.zeros(6, 800)}, note="with 800 latents"),
    ]


def _reference_information(z: Tensor, mu: Tensor, log_var: Tensor) -> tuple[Tensor, Tensor]:
    """By the library's mixture."""
    from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

    def gaussians(mean: Tensor, sigma: Tensor) -> Independent:
        return Independent(Normal(mean, sigma), 1)

    encodings = gaussians(mu, torch.exp(log_var / 2))
    log_q = MixtureSameFamily(Categorical(torch.ones(len(mu)).to(mu)), encodings).log_prob(z)
    log_prior = gaussians(torch.zeros_like(z), torch.ones_like(z)).log_prob(z)
    return (encodings.log_prob(z) - log_q).mean(), (log_q - log_prior).mean()


def _size_of_terms(z: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    return ((z - mu).square() / log_var.exp() + log_var.abs() + z.square() + 2).sum(1).max()


def _log_normal(z, mu, log_var):
    return -0.5 * ((z - mu).square() / log_var.exp() + log_var + math.log(2 * math.pi))


def _table(z, mu, log_var):
    """log q(z_i | x_j): (n, n)."""
    return _log_normal(z.unsqueeze(1), mu, log_var).sum(2)


def _log_prior(z):
    return _log_normal(z, torch.zeros_like(z), torch.zeros_like(z)).sum(1)


def _split_at(log_q):
    """The answer with another idea of log q(z_i), given by a function."""

    def split(z, mu, log_var):
        between = log_q(z, mu, log_var)
        return (_log_normal(z, mu, log_var).sum(1) - between).mean(), (between - _log_prior(z)).mean()

    return split


def _log_mixture(z, mu, log_var):
    return _table(z, mu, log_var).logsumexp(1) - math.log(len(mu))


_information = _split_at(_log_mixture)


def _beside(information):
    """The right mismatch, beside another idea of the information."""
    return lambda *given: (information(*given), _information(*given)[1])


def _log_of_others(z, mu, log_var):
    own = torch.eye(len(z), dtype=torch.bool, device=z.device)
    return _table(z, mu, log_var).masked_fill(own, -math.inf).logsumexp(1) - math.log(max(len(z) - 1, 1))


def _log_single_gaussian(z, mu, log_var):
    variance = log_var.exp().mean(0) + mu.var(0, correction=0)
    return _log_normal(z, mu.mean(0), variance.log()).sum(1)


def _log_by_latent(z, mu, log_var):
    return (_log_normal(z.unsqueeze(1), mu, log_var).logsumexp(1) - math.log(len(mu))).sum(1)


def _whole_kl(z, mu, log_var):
    return (_log_normal(z, mu, log_var).sum(1) - _log_prior(z)).mean()


def _closed_kl(mu, log_var):
    return 0.5 * (mu.square() + log_var.exp() - 1 - log_var).sum(1).mean()


def _log_mean_of_parameters(z, mu, log_var):
    return _log_normal(z, mu.mean(0), log_var.mean(0)).sum(1)


def _over_mean_latents(z, mu, log_var):
    return tuple(part / z.shape[1] for part in _split_at(_log_mixture_of_means)(z, mu, log_var))


def _log_mixture_of_means(z, mu, log_var):
    """As if each log-density were the mean over latents: d times the mixture of those."""
    d = z.shape[1]
    return d * ((_table(z, mu, log_var) / d).logsumexp(1) - math.log(len(mu)))


def _kept_finite(least: float) -> Mistake:
    return Mistake(
        _split_at(lambda z, mu, log_var: (_table(z, mu, log_var).exp().mean(1) + least).log()),
        f"Adding {least:g} keeps log q(z) finite, and lies: a density in many latents is often far smaller than that. "
        "How do you average what is given by its logarithm, without leaving the logarithms?",
    )


INFORMATION = Task(
    name="12.information",
    points=2,
    contract="information(z, mu, log_var) -> (information, mismatch), two tensors of shape () in nats, in the dtype of z, which add up to the KL's estimate from the draws:\n"
    "information: mean over i of log q(z_i|x_i) − log q(z_i). mismatch: mean over i of log q(z_i) − log p(z_i), with the prior p = N(0, I).\n"
    "mu, log_var: (n, latent_size), the encodings q(z|x_j) = N(mu_j, exp(log_var_j)) of n images. z: (n, latent_size), z_i drawn from q(z|x_i).\n"
    "q(z) is the aggregated posterior of these n images: all n encodings, with equal weights. Right also where densities are 0 to the computer.",
    probes=with_more(
        probes_from(_encodings, sizes={(7, 3): "", (1, 3): "with a single image", (6, 1): "with one latent", (12, 2): ""}),
        _extreme_encodings,
    ),
    claims=matches(_reference_information, "The KL should be split at log q(z)", parts=("information", "mismatch"), scale=_size_of_terms),
    mistakes=(
        Mistake(
            _split_at(lambda z, mu, log_var: _table(z, mu, log_var).mean(1)),
            "You average the n log-densities. Put one image far away: your log q(z) of all the others sinks without end. "
            "Is q(z) a mean of densities, or of their logarithms?",
        ),
        Mistake(
            _split_at(lambda z, mu, log_var: _table(z, mu, log_var).logsumexp(1)),
            "For a collapsed encoder the information is 0. Yours is −log n. What is the integral of your q(z)?",
        ),
        Mistake(
            _split_at(_log_of_others),
            "You leave an image's own encoding out of q(z). With encodings far apart your information has no end. How much can be known at most about which of n images it was?",
        ),
        Mistake(
            _split_at(_log_single_gaussian),
            "Your q(z) is one Gaussian, with the right mean and variance. Two encodings far apart leave a gap between them: what does one Gaussian say of it?",
        ),
        Mistake(
            _split_at(_log_mean_of_parameters),
            "You average the parameters, and have one Gaussian in the middle of all encodings. Of what is q(z) the mean: of numbers μ and log σ², or of densities?",
        ),
        Mistake(
            _split_at(_log_by_latent),
            "You make a mixture of each latent alone, and add their logarithms. Is the mixture of products a product of mixtures? "
            "Let two latents say the same: how often do you count it?",
        ),
        Mistake(
            _split_at(lambda z, mu, log_var: _table(z, mu, log_var).logsumexp(0) - math.log(len(mu))),
            "In your table, one side is draws and the other is encodings. Over which of the two does the mixture run?",
        ),
        Mistake(
            _beside(lambda z, mu, log_var: (_table(z, mu, log_var) - _log_mixture(z, mu, log_var).unsqueeze(1)).mean()),
            "Your mismatch is right. For the information you average over the whole table, draws under all encodings. From whose encoding was z_i drawn?",
        ),
        Mistake(
            lambda z, mu, log_var: (_information(z, mu, log_var)[0], (_log_mixture(z, mu, log_var) + 0.5 * z.square().sum(1)).mean()),
            "Your information is right: constants cancel there. Do they cancel in the mismatch, if ½ log 2π is in log q(z) and not in log p(z)?",
        ),
        Mistake(
            lambda z, mu, log_var: _information(z, mu, 2 * log_var),
            "At log_var = 0 you are right. Is σ the exponential of log_var?",
        ),
        Mistake(
            lambda z, mu, log_var: (_information(z, mu, log_var)[0], _closed_kl(mu, log_var) - _information(z, mu, log_var)[0]),
            "Your information is right. You take it from the KL in closed form, which knows nothing of these draws. Which KL do the two add up to, by the contract?",
        ),
        Mistake(
            _beside(_whole_kl),
            "Your mismatch is right. Your information is the whole KL. Take an encoder that gives every image the same encoding, off the prior. What is its KL, and what does z tell of the image?",
        ),
        Mistake(
            _beside(lambda z, mu, log_var: _closed_kl(mu, log_var)),
            "Your mismatch is right. Your information is the whole KL, in closed form. Take an encoder that gives every image the same encoding, off the prior: "
            "what does z tell of the image?",
        ),
        Mistake(
            lambda z, mu, log_var: (_information(z, mu, log_var)[0], _whole_kl(z, mu, log_var)),
            "Your information is right. Your mismatch is the whole KL: how far each encoding is from the prior. Which density is to be compared with the prior's?",
        ),
        Mistake(
            lambda z, mu, log_var: _information(z, mu, log_var)[::-1],
            "Both are right, and stand in each other's place. Which comes first in the contract?",
        ),
        Mistake(
            _beside(
                lambda z, mu, log_var: -0.5 * (1 + math.log(2 * math.pi) + log_var).sum(1).mean() - _log_mixture(z, mu, log_var).mean()
            ),
            "Your mismatch is right. You take log q(z|x) on average over all draws there could be, and log q(z) at the draws there are. Give it a single image: "
            "the information must be 0, and yours isn't. At which z would both have to be taken so that the noise cancels?",
        ),
        Mistake(
            _over_mean_latents,
            "You average over the latents. Two latents that tell the same as one tell nothing new, but two that tell different things tell twice as much. "
            "The latents of an encoding are independent: how do their log-densities combine?",
        ),
        Mistake(
            _beside(lambda z, mu, log_var: _closed_kl(mu, log_var) - _information(z, mu, log_var)[1]),
            "You take the mismatch, with the noise of its draws, from a KL that has none. Give it a single image: the information must be 0, and yours isn't. "
            "From what would it have to be taken so that the noise cancels?",
        ),
        Mistake(
            _split_at(lambda z, mu, log_var: _table(z, mu, log_var).exp().mean(1).log()),
            "Right, until the densities are 0 to the computer, as in 800 latents. How do you average what is given by its logarithm, without leaving the logarithms?",
        ),
        *(_kept_finite(least) for least in (1e-8, 1e-12)),
    ),
    hints=(
        "Three log-densities for each z_i: its own encoding's, the mixture's, the prior's. Only the mixture needs work: every z_i under every encoding.",
        "z.unsqueeze(1) against mu gives a table (n, n, latent_size). Sum the log-densities over latents: log q(z_i|x_j), draws down, encodings across. Its diagonal is the own ones.",
        "The logarithm of a mean of densities is the logsumexp of their logarithms less log n, across the encodings. Then two differences and two means over i.",
    ),
)

# ---- how much of the data do the samples reach?


def _real_and_made(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def draw(n: int, d: int) -> Tensor:
        return torch.randn(n, d, generator=generator)

    def clear(n: int, m: int, d: int, k: int, stretch: float, shift: float = 0.0) -> dict[str, Plain]:
        """No sample lies so near to the edge of a neighbourhood that rounding could decide."""
        while True:
            samples, real = stretch * draw(n, d) + shift, draw(m, d)
            edge = _distances(real, samples).amin(1) / _radius(real, k)
            if ((edge - 1).abs() > 1e-3).all():
                return {"samples": samples, "real": real, "k": k}

    grid = torch.cartesian_prod(torch.arange(6.0), torch.arange(5.0))
    twice = torch.randint(-20, 20, (12, 2), generator=generator).repeat(2, 1) / 8
    return [
        Probe(clear(25, 40, 2, 3, 0.6, 0.2)),
        Probe(clear(60, 40, 2, 5, 0.05, 0.5), note="with samples that are nearly all alike"),
        Probe(clear(90, 30, 3, 1, 2.5), note="with one neighbour, and samples spread too wide"),
        Probe({"samples": grid[::4] + torch.tensor([1.0, 0.0]), "real": grid, "k": 2}, note="with samples that lie just on the edge"),
        Probe({"samples": twice[:5].clone(), "real": twice, "k": 1}, note="with real points that occur twice"),
        Probe(clear(7, 50, 2, 2, 1.0), note="with few samples"),
        Probe({name: doubled(value) for name, value in clear(30, 35, 4, 4, 1.2).items()}, note="in float64"),
        Probe({name: transposed(value) for name, value in clear(20, 25, 2, 2, 0.5).items()}, note="not contiguous"),
    ]


def _reference_coverage(samples: Tensor, real: Tensor, k: int) -> float:
    """Point by point, in squares, with the point itself taken out of the real ones."""
    reached = 0
    for i, point in enumerate(real):
        others = (torch.cat([real[:i], real[i + 1 :]]) - point).square().sum(1)
        reached += (samples - point).square().sum(1).min().item() <= others.sort().values[k - 1].item()
    return reached / len(real)


def _distances(a, b):
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")


def _radius(points, k):
    """To each point's k-th neighbour: itself has distance 0 and comes first."""
    return _distances(points, points).kthvalue(k + 1, dim=1).values


def _share_of(reached):
    return reached.double().mean().item()


COVERAGE = Task(
    name="12.coverage",
    points=1,
    contract="coverage(samples, real, k) -> the share of the real points that are reached by a sample, a Python float from 0 to 1.\n"
    "A real point is reached when at least one sample lies no further from it than its k-th nearest neighbour among the other real points.\n"
    "samples: (n, size), real: (m, size), features of pictures, say. k: a Python int, 1 ≤ k < m. Distances are Euclidean.",
    probes=_real_and_made,
    claims=matches(_reference_coverage, "It should be the share of real points with a sample in their neighbourhood"),
    mistakes=(
        Mistake(
            lambda samples, real, k: _share_of((_distances(samples, real) <= _radius(real, k)).any(1)),
            "You count samples that lie near some real point. A thousand copies of one good sample get full marks. Of which points is the share asked for?",
        ),
        Mistake(
            lambda samples, real, k: _share_of((_distances(real, samples) <= _radius(samples, min(k, len(samples) - 1))).any(1)),
            "Your neighbourhoods belong to the samples: one that lies far out has a wide one, and reaches everything. Whose neighbours tell how far is far?",
        ),
        Mistake(
            lambda samples, real, k: _share_of(_distances(real, samples).amin(1) <= _distances(real, real).kthvalue(k, dim=1).values),
            "Your neighbourhoods are too small: at k = 1 they hold nothing. Who is the nearest of the real points to a real point, in your table?",
        ),
        Mistake(
            lambda samples, real, k: _share_of(
                _distances(real, samples).amin(1) <= _distances(real, real).sort(1).values[:, min(k + 1, len(real) - 1)]
            ),
            "Your neighbourhoods are too wide: they hold one real point more than they should. At which place of a sorted row, counted from 0, is the first neighbour?",
        ),
        Mistake(
            lambda samples, real, k: len(_distances(samples, real).argmin(1).unique()) / len(real),
            "You count real points that are the nearest to some sample. With few samples a point can lie in the midst of them and not be the nearest. How far may a sample be?",
        ),
        Mistake(
            lambda samples, real, k: _share_of(_distances(real, samples).amin(1) <= _radius(real, k).mean()),
            "You have one radius for all. Where real points lie densely, their neighbours are near; an outlier's are far. Whose k-th neighbour counts?",
        ),
        Mistake(
            lambda samples, real, k: _share_of(_distances(real, samples) <= _radius(real, k).unsqueeze(1)),
            "That is a share of all pairs of a real point and a sample: more samples of one kind change it. How many samples does a real point need to be reached?",
        ),
        Mistake(
            lambda samples, real, k: _share_of((_distances(real, samples) <= _radius(real, k).unsqueeze(1)).sum(1) >= k),
            "You ask for k samples in each neighbourhood. k tells how far a neighbourhood reaches. How many samples does a real point need to be reached?",
        ),
        Mistake(
            lambda samples, real, k: _share_of(_distances(samples, real).amin(1) <= _radius(samples, min(k, len(samples) - 1))),
            "You have samples and real points the other way round: yours is the share of samples with a real point in the neighbourhood that other samples give them. "
            "Which of the two are to be reached?",
        ),
        Mistake(
            lambda samples, real, k: _share_of(_distances(real, samples).amin(1) <= _distances(real, real).topk(k, dim=1).values[:, -1]),
            "Your neighbourhoods reach as far as the k-th *furthest* real point. From which end does topk count, unless it is told otherwise?",
        ),
        Mistake(
            lambda samples, real, k: _share_of(
                _distances(real, samples).amin(1)
                <= _distances(real, real).where(_distances(real, real) > 0, math.inf).sort(1).values[:, k - 1]
            ),
            "You leave out real points that are just like another one, or strike out every distance of 0 to be rid of a point's own. Who is the nearest to a point that occurs twice?",
        ),
        Mistake(
            lambda samples, real, k: _share_of(_distances(real, samples).amin(1) < _radius(real, k)),
            "A sample just on the edge does not count, in yours. Let samples be the real points themselves: is a point that occurs twice reached? What does the contract say of the edge?",
        ),
    ),
    hints=(
        "Each real point has a radius of its own: the distance to its k-th nearest other real point. Then ask how far the nearest sample is.",
        "torch.cdist gives a table of distances. In the one of real points with themselves, each point is its own nearest: it comes first when a row is sorted.",
        "Radius: place k of a sorted row, counted from 0 for the point itself. Nearest sample: the least entry of a row of the other table. Compare with ≤, take the mean, make it a float.",
    ),
)

# ---- how far apart are two clouds?


def _clouds(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def draw(n: int, d: int) -> Tensor:
        mixed = torch.randn(n, d, generator=generator, dtype=torch.float64)
        return mixed @ torch.randn(d, d, generator=generator, dtype=torch.float64)

    still = draw(11, 4)
    still[:, 0] = 0.5  # as a pixel that is black in every picture
    same = draw(9, 3)
    return [
        Probe({"a": draw(12, 3), "b": draw(8, 3) + 1.5}),
        Probe({"a": draw(15, 1), "b": 3 * draw(6, 1)}, note="with one feature"),
        Probe({"a": same, "b": same + 20.0}, note="with two sets that differ by a shift"),
        Probe({"a": same, "b": same.flip(0)}, note="with the same set twice"),
        Probe({"a": still, "b": draw(9, 4)}, note="with a feature that never changes"),
        # so many eigenvalues of 0 that rounding makes some of them negative
        Probe({"a": 0.3 * draw(4, 12), "b": 0.3 * draw(5, 12) - 0.2}, note="with fewer points than features"),
        Probe({"a": draw(3, 10).t(), "b": draw(3, 7).t()}, note="not contiguous"),
    ]


def _reference_frechet(a: Tensor, b: Tensor) -> float:
    """Without a root: tr (Σₐ Σ_b)^½ is the sum of the singular values of A Bᵀ, with A and B the centred points over √(n − 1)."""
    centred_a, centred_b = ((points - points.mean(0)) / math.sqrt(len(points) - 1) for points in (a, b))
    cross = torch.linalg.svdvals(centred_a @ centred_b.t()).sum()
    spread = centred_a.square().sum() + centred_b.square().sum()
    return ((a.mean(0) - b.mean(0)).square().sum() + spread - 2 * cross).item()


def _covariance(points, correction=1):
    return torch.cov(points.t(), correction=correction).reshape(points.shape[1], points.shape[1])


def _trace_of_root(one, other):
    """tr (Σₐ Σ_b)^½: the product's eigenvalues are real and not negative but for rounding."""
    return torch.linalg.eigvals(one @ other).real.clamp(min=0).sqrt().sum()


def _apart(a, b):
    return (a.mean(0) - b.mean(0)).square().sum()


def _between(spread):
    """The answer with another idea of how far the covariances are apart, given by a function of the two."""
    return lambda a, b: (_apart(a, b) + spread(_covariance(a), _covariance(b))).item()


def _spread_apart(one, other):
    return one.trace() + other.trace() - 2 * _trace_of_root(one, other)


def _root(matrix):
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * values.clamp(min=0).sqrt() @ vectors.t()


def _spread_by_cholesky(one, other):
    root = torch.linalg.cholesky(one)
    return one.trace() + other.trace() - 2 * torch.linalg.eigvalsh(root.t() @ other @ root).clamp(min=0).sqrt().sum()


def _frechet_without_reshaping(trace_first):
    """With one feature torch.cov gives a number, which the first operation on it refuses."""

    def distance(a, b):
        one, other = torch.cov(a.t()), torch.cov(b.t())
        spread = one.trace() + other.trace() if trace_first else 0.0
        cross = _trace_of_root(one, other)
        return (_apart(a, b) + (spread if trace_first else one.trace() + other.trace()) - 2 * cross).item()

    return distance


FRECHET = Task(
    name="12.frechet",
    points=1,
    contract="frechet(a, b) -> the Fréchet distance of two sets of points, each taken for a Gaussian, a Python float:\n"
    "‖μₐ − μ_b‖² + tr(Σₐ + Σ_b − 2 (Σₐ Σ_b)^½), with the means and the covariances (divided by n − 1) of the sets. It is a squared distance, by custom.\n"
    "a: (n, size), b: (m, size), float64. n and m may be less than size, and a feature may be the same in all points: covariances may be singular.\n"
    "S^½ is the matrix with S^½ S^½ = S whose eigenvalues are not negative. To 6 digits.",
    probes=_clouds,
    claims=_with_room(matches(_reference_frechet, "It should be the means' squared distance and what the covariances add"), 1e-5),
    mistakes=(
        Mistake(
            _between(lambda one, other: one.trace() + other.trace() - 2 * (one.diagonal() * other.diagonal()).sqrt().sum()),
            "You take the root number by number, along the diagonal. Right for features that have nothing to do with each other. What is the root of a matrix?",
        ),
        Mistake(
            _between(lambda one, other: one.trace() + other.trace() - 2 * (one @ other).trace().sqrt()),
            "The root of a trace, or the trace of a root: with one feature it is the same. Which is asked for?",
        ),
        Mistake(
            _between(lambda one, other: one.trace() + other.trace() - 2 * (one @ other).sqrt().trace()),
            "You take the root of each number of a product of matrices. Multiply the result by itself: do you get the product back? What is the root of a matrix?",
        ),
        Mistake(
            _between(lambda one, other: one.trace() + other.trace() - 2 * (_root(one) @ _root(other)).trace()),
            "You multiply the roots, instead of taking the root of the product. Is that the same when the two matrices don't commute?",
        ),
        Mistake(
            _between(lambda one, other: one.trace() + other.trace() - 2 * torch.linalg.eigvalsh(one @ other).clamp(min=0).sqrt().sum()),
            "You use a routine for symmetric matrices, which looks at one triangle only. Is the product of two symmetric matrices symmetric?",
        ),
        Mistake(
            lambda a, b: torch.cov(a) @ torch.cov(b),
            "Your covariances have a row for each point. What should they have a row for, and what does torch.cov take for a variable: a row or a column?",
        ),
        Mistake(
            _frechet_without_reshaping(trace_first=False),
            "Right, until there is a single feature: torch.cov makes a number of one row, and numbers have no matrix product. What shape has the covariance of one feature?",
        ),
        Mistake(
            _frechet_without_reshaping(trace_first=True),
            "Right, until there is a single feature: torch.cov makes a number of one row, and a number has no trace. What shape has the covariance of one feature?",
        ),
        Mistake(
            _between(lambda one, other: one.trace() + other.trace() - 2 * torch.linalg.eigvals(one @ other).real.sqrt().sum()),
            "Right, until a covariance is singular. Eigenvalues that are 0 come out as 10⁻¹⁶ or −10⁻¹⁶, and the root of the latter is NaN. What may be done to them before the root?",
        ),
        Mistake(
            _between(lambda one, other: one.trace() + other.trace() - 2 * torch.linalg.svdvals(one @ other).sqrt().sum()),
            "You take the singular values of the product. For a symmetric matrix they are the sizes of its eigenvalues. Is the product of two symmetric matrices symmetric?",
        ),
        Mistake(
            _between(lambda one, other: one.trace() + other.trace() - _trace_of_root(one, other)),
            "Take the same set twice: yours is the trace of its covariance, where it should be 0. How often does the mixed term occur in (s − t)²?",
        ),
        Mistake(
            lambda a, b: (_apart(a, b).sqrt() + _spread_apart(_covariance(a), _covariance(b))).item(),
            "Two sets that differ by a shift of 20 in each feature: the distance is then the shift's alone. Is it squared?",
        ),
        Mistake(
            lambda a, b: (_apart(a, b) + _spread_apart(_covariance(a), _covariance(b))).clamp(min=0).sqrt().item(),
            "That is the root. By custom, what is called the Fréchet distance of two sets of features is left squared. Which does the contract ask for?",
        ),
        Mistake(
            lambda a, b: (_apart(a, b) + _spread_apart(_covariance(a, 0), _covariance(b, 0))).item(),
            "Nearly: your covariances are a little too small, the more so with few points. By what are they divided?",
        ),
        Mistake(
            _between(_spread_by_cholesky),
            "Right, until a covariance is singular, as with a feature that never changes. Cholesky's factor needs a positive definite matrix. Which decomposition makes do with eigenvalues of 0?",
        ),
    ),
    hints=(
        "torch.cov wants one feature a row. The means and both traces are plain. What is left is the trace of a root, and a trace is the sum of the eigenvalues.",
        "The root's eigenvalues are the roots of the eigenvalues of Σₐ Σ_b. This product is not symmetric, but its eigenvalues are real and not negative, but for rounding.",
        "torch.linalg.eigvals gives complex numbers: take the real part, and clamp what is below 0. Or: Σₐ^½ by torch.linalg.eigh, then eigvalsh of the symmetric Σₐ^½ Σ_b Σₐ^½.",
    ),
)

# ---- the clinic


def _renamed(names: dict[str, str]):
    def told(*figures):
        found = told_apart(*figures)
        return names.get(found, found)

    return told


def _collapse_looked_for_first(loss, reconstruction, kl, test_loss, mean_image, noise_costs):
    found = told_apart(loss, reconstruction, kl, test_loss, mean_image, noise_costs)
    return "cut gradient" if found == "sigmoid twice" and kl[-1] < 0.01 * mean_image else found


def _collapse_looked_for_at_once(loss, reconstruction, kl, test_loss, mean_image, noise_costs):
    found = told_apart(loss, reconstruction, kl, test_loss, mean_image, noise_costs)
    return "cut gradient" if found in ("averaged pixels", "sigmoid twice") and kl[-1] < 0.01 * mean_image else found


def _small_taken_for_gone(loss, reconstruction, kl, test_loss, mean_image, noise_costs):
    found = told_apart(loss, reconstruction, kl, test_loss, mean_image, noise_costs)
    return "cut gradient" if found == "no noise" and kl[-1] < 0.05 * mean_image else found


def _nothing_taken_for_forgotten(loss, reconstruction, kl, test_loss, mean_image, noise_costs):
    found = told_apart(loss, reconstruction, kl, test_loss, mean_image, noise_costs)
    gone = found in ("averaged pixels", "cut gradient", "sigmoid twice") and kl[-1] < 0.01 * mean_image
    return "forgotten KL" if gone else found


def _any_rise_taken_for_a_turn(loss, reconstruction, kl, test_loss, mean_image, noise_costs):
    found = told_apart(loss, reconstruction, kl, test_loss, mean_image, noise_costs)
    return "a hundred images" if found == "on their side" and test_loss[-1] > test_loss.min() else found


def _thresholds_in_nats(loss, reconstruction, kl, test_loss, mean_image, noise_costs):
    """The clinic's own signs, which hold for its 784 pixels."""
    end, rebuilt, price, test = (curve[-1].item() for curve in (loss, reconstruction, kl, test_loss))
    signs = {
        "wrong sign": end < 0,
        "averaged pixels": price < 0.5 and end < 1,
        "sigmoid twice": rebuilt > 450,
        "cut gradient": price < 0.5,
        "no noise": noise_costs > 50,
        "forgotten KL": price > 100,
        "a hundred images": test - end > 50 and test - test_loss.min() > 5,
        "on their side": test - end > 50,
    }
    return next((name for name, shows in signs.items() if shows), "healthy")


DIAGNOSE_RUN = Task(
    name="12.diagnose_run",
    points=2,
    contract="diagnose_run(loss, reconstruction, kl, test_loss, mean_image, noise_costs) -> what is wrong with the training run of a VAE, one of\n"
    + ", ".join(f'"{name}"' for name in ILLNESSES[:5])
    + ",\n"
    + ", ".join(f'"{name}"' for name in ILLNESSES[5:])
    + ".\nloss, reconstruction, kl, test_loss: (epochs,), as the run itself reported them, right or wrong, in nats an image. All are finite.\n"
    "mean_image: what the mean of all training images costs as the reconstruction of each, in nats (summed over pixels): a Python float.\n"
    "noise_costs: how many nats a reconstruction costs more from a draw of q(z|x) than from its mean, after training, on test images: a Python float.\n"
    "Images may have any number of pixels.",
    probes=lambda seed: [Probe(figures) for _, figures in patients(seed)],
    claims=matches(told_apart, "The run's own figures say what is wrong with it"),
    mistakes=(
        Mistake(
            _renamed({"averaged pixels": "cut gradient"}),
            "The KL is gone and every picture is the mean image, so you call it a cut gradient. There are two ways to get there. "
            "Has the loss the size that the mean image costs?",
        ),
        Mistake(
            _renamed({"cut gradient": "averaged pixels"}),
            "The KL is gone and every picture is the mean image, so you call it averaged pixels. There are two ways to get there. "
            "How small is a loss that is divided by the number of pixels?",
        ),
        Mistake(
            _renamed({"on their side": "a hundred images"}),
            "A test loss far above the training loss is not always learning by heart. Which of the two gaps was there from the first epoch? Which test loss had been lower?",
        ),
        Mistake(
            _renamed({"a hundred images": "on their side"}),
            "You take a model that learns by heart for one whose test images are of another kind. Its test loss was good once. Where is the lowest point of the curve?",
        ),
        Mistake(
            _any_rise_taken_for_a_turn,
            "Every curve trembles, so that its lowest point is seldom its last. How far has the test loss risen from there, beside mean_image?",
        ),
        Mistake(
            _renamed({"a hundred images": "healthy"}),
            "A run that learns by heart looks healthy to you. Its test loss is far below that of the first epoch. Is its end also its lowest point, and how far off is the training loss?",
        ),
        Mistake(
            _collapse_looked_for_first,
            "The KL is gone, and you stop there. A decoder that draws worse than the mean image has a trouble of its own. What does its reconstruction cost, beside the mean image?",
        ),
        Mistake(
            _collapse_looked_for_at_once,
            "The KL is gone in three of these illnesses, and you stop at the first that comes to mind. Reconstructions tell them apart: "
            "which of them costs a hundredth of the mean image, which as much, which twice as much?",
        ),
        Mistake(
            _nothing_taken_for_forgotten,
            "The loss is the reconstruction alone, so you say that the KL was forgotten. What else makes a sum equal to one of its terms? How great is this run's KL?",
        ),
        Mistake(
            _renamed({"cut gradient": "sigmoid twice"}),
            "This run's pictures cost as much as the mean image, or a hair more: it shows little else. How much worse than that is a decoder that can't draw black?",
        ),
        Mistake(
            _renamed({"forgotten KL": "healthy"}),
            "The best reconstruction of all, and no difference between training and test: you call it healthy. Do the loss and its two terms add up?",
        ),
        Mistake(
            _renamed({"wrong sign": "forgotten KL"}),
            "The KL is great in both. Is it only left out, or does the loss get the better of it? Can a sum of costs be below 0?",
        ),
        Mistake(
            _renamed({"wrong sign": "sigmoid twice"}),
            "In both, pictures are far worse than the mean image. One of the two runs claims a loss that no sum of costs can have. Which sign do you look for first?",
        ),
        Mistake(
            _renamed({"no noise": "healthy"}),
            "By its curves this run is better than a healthy one. Then somebody draws z from q(z|x), and the picture is lost. Which figure tells?",
        ),
        Mistake(
            _renamed({"no noise": "cut gradient"}),
            "A small KL is not a KL that is gone: this run's reconstructions are good. What does a picture cost whose code says nothing?",
        ),
        Mistake(
            _small_taken_for_gone,
            "You draw the line for a KL that is gone so high that a small one falls below it. Look at that run's reconstruction: could a picture of which nothing is known cost so little?",
        ),
        Mistake(
            _renamed({"on their side": "no noise"}),
            "Every draw costs something, here a sixth of the picture or less. Without noise in training it costs as much as the whole picture. What is wrong with the *test* loss of this run?",
        ),
        Mistake(
            _thresholds_in_nats,
            "Right for images of 784 pixels. With 64 pixels everything costs a tenth, and your thresholds stay. Which of the arguments tells the size of things?",
        ),
    ),
    hints=(
        "What does the run claim that cannot be: a loss below 0, a reconstruction a hundredth of the mean image's cost, terms that do not add up? Begin with these.",
        "Measure everything by mean_image. Far below a tenth of it: averaged pixels. Far above it: sigmoid twice. No KL, and about equal to it: cut gradient.",
        "Then: noise_costs as great as the reconstruction itself: no noise. A loss without its KL: forgotten KL. Test loss above the training loss by a good part of mean_image: "
        "look whether the curve has risen from its lowest point. Nothing of all that: healthy.",
    ),
)
