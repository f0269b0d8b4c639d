"""Tasks of chapter 01, autoencoders: noisy in and clean out, the best linear one, what its codes cost, where they are not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from .claims import doubled, is_number, is_tensor, is_tuple, matches, rounding
from .declaration import Claim, Mistake, Plain, Probe, Task
from .probes import probes_from, with_more

# ---- the error of a denoising autoencoder


def _noisy_images(draw, n, d):
    return {"weight": draw(2 * d, 2 * d), "x": torch.sigmoid(2 * draw(n, 1, 2, d)), "noise": 0.5 * draw(n, 1, 2, d)}


def _no_noise_and_much() -> list[Probe]:
    x = torch.tensor([[[[0.0, 1.0], [0.25, 0.5]]], [[[1.0, 0.0], [0.9, 0.1]]]])
    weight = torch.tensor([[1.0, 0.5, 0.0, -1.0], [0.0, 1.0, -0.5, 0.2], [2.0, 0.0, 1.0, 0.0], [-1.0, 0.3, 0.0, 1.0]])
    loud = torch.tensor([[[[9.0, -9.0], [0.1, -7.0]]], [[[-8.0, 0.2], [6.0, 0.0]]]])
    return [
        Probe({"weight": weight, "x": x, "noise": torch.zeros_like(x)}, note="with no noise"),
        Probe({"weight": weight, "x": x, "noise": loud}, note="with very loud noise"),
    ]


def _network(weight: Tensor) -> Callable[[Tensor], Tensor]:
    """A reconstruction small enough to be followed by hand: every pixel drawn from all pixels, never outside [0, 1]."""
    return lambda y: torch.sigmoid(y.flatten(1) @ weight).reshape(y.shape)


def _with_network(function, weight: Tensor, x: Tensor, noise: Tensor) -> dict[str, Plain]:
    return {"result": function(_network(weight), x, noise)}


def _reference_denoising_error(weight: Tensor, x: Tensor, noise: Tensor) -> Tensor:
    """Image by image, as a squared distance between two points."""
    seen = torch.minimum(torch.maximum(x + noise, torch.zeros_like(x)), torch.ones_like(x))
    errors = [torch.dist(image, drawn) ** 2 for image, drawn in zip(x, _network(weight)(seen), strict=True)]
    return torch.stack(errors).mean()


def _squared(target, drawn):
    return (target - drawn).square().flatten(1).sum(1)


def _noisy(x, noise):
    return (x + noise).clamp(0, 1)


DENOISING_ERROR = Task(
    name="01.denoising_error",
    points=1,
    contract="denoising_error(reconstruct, x, noise) -> the error of a denoising autoencoder on the batch x, a tensor of shape ().\n"
    "reconstruct: a function from images to images of the same shape. It is shown x + noise, cut to [0, 1], and has to draw x.\n"
    "x, noise: (batch, 1, height, width), x in [0, 1]. The squared error is summed over pixels and averaged over the batch.",
    probes=with_more(probes_from(_noisy_images), _no_noise_and_much),
    run=_with_network,
    claims=matches(
        _reference_denoising_error,
        "Your error should be the squared distance between x and what is drawn from its noisy twin, averaged over images",
        scale=lambda weight, x, noise: float(x[0].numel()),
    ),
    mistakes=(
        Mistake(
            lambda reconstruct, x, noise: _squared(_noisy(x, noise), reconstruct(_noisy(x, noise))).mean(),
            "You ask for the noisy image back. Which network has the smallest such error, and does it remove any noise?",
        ),
        Mistake(
            lambda reconstruct, x, noise: _squared(x, reconstruct(x)).mean(),
            "Make the noise louder: your error stays as it is. What does the network get to see?",
        ),
        Mistake(
            lambda reconstruct, x, noise: _squared(_noisy(x, noise), reconstruct(x)).mean(),
            "Clean in and noisy out. Which of the two does one have when an image has to be repaired, and which does one want?",
        ),
        Mistake(
            lambda reconstruct, x, noise: _squared(x, reconstruct(x + noise)).mean(),
            "What is the largest pixel that your network is shown? Pixels lie in [0, 1], noisy ones too.",
        ),
        Mistake(
            lambda reconstruct, x, noise: _squared(noise, reconstruct(_noisy(x, noise))).mean(),
            "You compare what is drawn with the noise. Is the network asked to draw the noise, or the image under it?",
        ),
        Mistake(
            lambda reconstruct, x, noise: (x - reconstruct(_noisy(x, noise))).square().mean(),
            "Glue two images together side by side, to one of twice the width: the error of the pair must be the sum. What does a mean over pixels do?",
        ),
        Mistake(
            lambda reconstruct, x, noise: (x - reconstruct(_noisy(x, noise))).square().sum(),
            "Show it the same batch twice over: your error doubles. Over which axis should there be a mean?",
        ),
        Mistake(
            lambda reconstruct, x, noise: _squared(x, reconstruct(_noisy(x, noise))),
            "One number for each image. What is done with the batch, at the very end?",
        ),
        Mistake(
            lambda reconstruct, x, noise: _squared(x, reconstruct(_noisy(x, noise))).sqrt().mean(),
            "That is a distance. Errors of 3 and 4 in two pixels: is 25 asked for, or 5?",
        ),
        Mistake(
            lambda reconstruct, x, noise: (x - reconstruct(_noisy(x, noise))).abs().flatten(1).sum(1).mean(),
            "One pixel wrong by 1, or ten wrong by 0.1: to you they are the same. Are they to a squared error?",
        ),
    ),
    hints=(
        "Three steps: make the noisy image, let the network draw, compare. Which two images are compared in the last step?",
        "(x + noise).clamp(0, 1) goes in; x itself is the target. Square the differences, sum over all axes but the first.",
        "With d = x − reconstruct(noisy): d squared, flatten(1), sum over axis 1 gives one number an image. Then the mean of these.",
    ),
)

# ---- the best linear autoencoder


def _images_with_spectrum(draw, n, d):
    """Images whose centred spectrum falls by a quarter from one direction to the next, far from zero on average."""
    rank = min(n - 1, d)
    scores = draw(n, rank)
    scores = torch.linalg.qr(scores - scores.mean(0)).Q
    directions = torch.linalg.qr(draw(d, rank)).Q
    spread = 3 * 0.75 ** torch.arange(rank, dtype=scores.dtype)
    return {"x": 1 + draw(d) + (scores * spread) @ directions.t(), "k": max(1, rank // 2)}


def _restored(x: Tensor, weights: tuple[Tensor, ...]) -> Tensor:
    w_in, b_in, w_out, b_out = (one.double() for one in weights)
    return (x.double() @ w_in.t() + b_in) @ w_out.t() + b_out


def _claims_of_linear(values: dict[str, Plain], x: Tensor, k: int) -> Iterator[Claim]:
    got, pixels = values["result"], x.shape[1]
    yield from is_tuple(got, 4)
    shapes = {"w_in": (k, pixels), "b_in": (k,), "w_out": (pixels, k), "b_out": (pixels,)}
    for (name, shape), one in zip(shapes.items(), got, strict=True):
        yield from is_tensor(one, shape, x.dtype, name=name)
    centred = x.double() - x.double().mean(0)
    variances, directions = torch.linalg.eigh(centred.t() @ centred / len(x))
    scale = x.double().square().sum(1).mean() + 1
    restored, left_out = _restored(x, got), variances[: pixels - k].sum()
    yield Claim(
        "The mean squared error should be no more than the variance along all but the k widest directions",
        left_out,
        (x.double() - restored).square().sum(1).mean(),
        rounding(left_out, x.dtype, scale=scale),
    )
    widest = directions[:, pixels - k :]
    best = x.double().mean(0) + centred @ widest @ widest.t()
    yield Claim("x̂ should be x dropped on the plane that lies closest to all images", best, restored, rounding(best, x.dtype, scale=scale))


def _directions(x):
    """Rows, widest first."""
    return torch.linalg.svd(x - x.mean(0), full_matrices=False).Vh


def _around(mean, w):
    return w, -w @ mean, w.t(), mean


def _linear_not_centred(x, k):
    w = torch.linalg.svd(x, full_matrices=False).Vh[:k]
    return w, x.new_zeros(k), w.t(), x.new_zeros(x.shape[1])


def _linear_without_biases(x, k):
    w = _directions(x)[:k]
    return w, x.new_zeros(k), w.t(), x.new_zeros(x.shape[1])


def _linear_without_first_bias(x, k):
    w = _directions(x)[:k]
    return w, x.new_zeros(k), w.t(), x.mean(0)


def _linear_without_last_bias(x, k):
    w = _directions(x)[:k]
    return w, -w @ x.mean(0), w.t(), x.new_zeros(x.shape[1])


def _linear_bias_of_pixels(x, k):
    w = _directions(x)[:k]
    return w, -x.mean(0), w.t(), x.mean(0)


def _linear_first_bias_added(x, k):
    w = _directions(x)[:k]
    return w, w @ x.mean(0), w.t(), x.mean(0)


def _linear_narrowest(x, k):
    centred = x - x.mean(0)
    return _around(x.mean(0), torch.linalg.eigh(centred.t() @ centred).eigenvectors[:, :k].t())


def _linear_columns_for_rows(x, k):
    return _around(x.mean(0), torch.linalg.svd(x - x.mean(0)).Vh[:, :k].t())


def _linear_scaled_codes(x, k):
    values, vh = torch.linalg.svd(x - x.mean(0), full_matrices=False)[1:]
    w = vh[:k] / values[:k].unsqueeze(1)
    return w, -w @ x.mean(0), vh[:k].t(), x.mean(0)


def _linear_of_standardised(x, k):
    width = x.std(0)
    w = torch.linalg.svd((x - x.mean(0)) / width, full_matrices=False).Vh[:k]
    return w / width, -(w / width) @ x.mean(0), width.unsqueeze(1) * w.t(), x.mean(0)


def _linear_transposed(x, k):
    w = _directions(x)[:k]
    return w.t(), -w @ x.mean(0), w, x.mean(0)


def _linear_all_directions(x, k):
    return _around(x.mean(0), _directions(x))


LINEAR_AUTOENCODER = Task(
    name="01.linear_autoencoder",
    points=2,
    contract="linear_autoencoder(x, k) -> (w_in, b_in, w_out, b_out), the linear autoencoder with k latents and the smallest squared error on x.\n"
    "It codes z = x @ w_in.T + b_in and restores x̂ = z @ w_out.T + b_out, as two nn.Linear do.\n"
    "x: (n, pixels), k at most min(n − 1, pixels). w_in: (k, pixels), b_in: (k,), w_out: (pixels, k), b_out: (pixels,), in the dtype of x.\n"
    "There are many right answers, with the same x̂ and other codes. Each of them will do.",
    probes=probes_from(
        _images_with_spectrum,
        sizes={(12, 6): "", (5, 8): "with fewer images than pixels", (9, 3): "with one latent", (7, 1): "with one pixel"},
    ),
    claims=_claims_of_linear,
    mistakes=(
        Mistake(
            _linear_not_centred,
            "Your plane goes through the point 0. Move all images by the same amount: the error of the best plane stays as it is. Does yours?",
        ),
        Mistake(_linear_without_biases, "Your directions are right. Put the mean image in: what comes out, and what should?"),
        Mistake(
            _linear_without_first_bias,
            "The decoder adds the mean. Who took it away before? Put the mean image in, and look at its code: it should be one that decodes to the mean.",
        ),
        Mistake(
            _linear_without_last_bias, "The encoder takes the mean away, and nobody gives it back. What does your decoder draw for z = 0?"
        ),
        Mistake(
            _linear_first_bias_added,
            "Put the mean image in: its code should decode to the mean, so with b_out = mean it has to be 0. What does your encoder make of the mean?",
        ),
        Mistake(
            _linear_bias_of_pixels,
            "b_in is added to a code, k numbers, and not to an image. Multiply w_in (x − mean) out: what stands there besides w_in x?",
        ),
        Mistake(
            _linear_narrowest,
            "You kept the directions in which the images vary least. In which order do the eigenvalues come out?",
        ),
        Mistake(
            _linear_columns_for_rows,
            "Look at what torch.linalg.svd returns last: V, or V transposed? Is a direction one of its rows, or one of its columns?",
        ),
        Mistake(
            _linear_scaled_codes,
            "Your codes all have the same spread: each was divided by its singular value. That is allowed, if somebody undoes it. Does your decoder?",
        ),
        Mistake(
            _linear_of_standardised,
            "You gave every pixel the same variance first. Whose squared error is smallest then: that of the pixels, or that of the standardised ones?",
        ),
        Mistake(
            _linear_transposed,
            "The numbers are right, both matrices lie on their side. Which shape has the weight of nn.Linear(pixels, k)?",
        ),
        Mistake(_linear_all_directions, "How many latents does your autoencoder have? k were allowed."),
    ),
    hints=(
        "The best plane goes through the mean image. So take the mean away, find the directions, and let the biases do the rest.",
        "torch.linalg.svd(x − mean, full_matrices=False) gives U, S, Vh. The rows of Vh are the directions, the widest first.",
        "With w the first k rows of Vh: z = w (x − mean) and x̂ = wᵀz + mean. Multiply out and read off the two weights and the two biases.",
    ),
)

# ---- what a code costs


def _number_from(reference: Callable[..., float], identity: str) -> Callable[..., Iterator[Claim]]:
    """The claims of a Python float that counting gives. Shares may be taken in float32, whatever the codes are in."""

    def claims(values: dict[str, Plain], /, **arguments: Plain) -> Iterator[Claim]:
        yield from is_number(values["result"])
        expected = reference(**{name: doubled(value) for name, value in arguments.items()})
        yield Claim(identity, expected, float(values["result"]), rounding(expected, torch.float32))

    return claims


def _codes_on_a_grid(draw, n, d):
    """Codes that lie well inside the cells of the grid, so that no rounding error moves one across."""
    step = round(0.05 + abs(draw(1).item()), 3)
    spread = 1 + 2 * torch.arange(d) / d
    inside = 0.8 * (torch.special.ndtr(draw(n, d)) - 0.5)
    common = draw(n, 1)  # latents that have something in common
    return {"z": step * ((spread * (draw(n, d) + common)).round() + inside), "step": step}


def _coarse_and_far() -> list[Probe]:
    z = torch.tensor([[0.3, -0.2], [-0.4, 0.1], [0.2, 0.4]])
    far = torch.tensor([[4000.2], [4000.9], [-7000.1], [4000.2], [-7000.2], [4001.1]])
    return [Probe({"z": z, "step": 1.0}, note="with all codes in one cell"), Probe({"z": far, "step": 0.5}, note="far from zero")]


def _entropies(q: Tensor, log: Callable[[Tensor], Tensor] = torch.log2) -> list[float]:
    """Of each column, from the counts of its distinct values."""
    shares = [column.unique(return_counts=True)[1].double() / len(q) for column in q.t()]
    return [-(p * log(p)).sum().item() + 0.0 for p in shares]


def _reference_code_bits(z: Tensor, step: float) -> float:
    """From scipy's entropy of Python's own counts of whole numbers."""
    from collections import Counter

    from scipy.stats import entropy

    cells = torch.floor(z / step + 0.5).long().t().tolist()
    return float(sum(entropy(list(Counter(column).values()), base=2) for column in cells))


def _rounded(z, step):
    return (z / step).round()


def _bits_of_all_latents_for_each_image(z, step):
    p = _rounded(z, step).unique(return_counts=True)[1].double() / len(z)
    return -(p * p.log2()).sum().item() + 0.0


def _bits_of_whole_codes(z, step):
    counts = _rounded(z, step).unique(dim=0, return_counts=True)[1]
    p = counts.double() / len(z)
    return -(p * p.log2()).sum().item() + 0.0


CODE_BITS = Task(
    name="01.code_bits",
    points=1,
    contract="code_bits(z, step) -> the bits that an image's code costs on average, a Python float.\n"
    "z: (n, latent_size), one code a row. Every number is rounded to the nearest multiple of step, a Python float.\n"
    "Each latent is coded on its own, from the shares p of its rounded values among the n images: −Σ p log₂ p bits. The latents' bits add up.",
    probes=with_more(
        probes_from(_codes_on_a_grid, sizes={(40, 3): "", (1, 3): "with a single image", (60, 1): "with one latent", (25, 6): ""}),
        _coarse_and_far,
    ),
    claims=_number_from(_reference_code_bits, "The bits should be the entropies of the rounded latents, added up"),
    mistakes=(
        Mistake(
            lambda z, step: sum(_entropies(_rounded(z, step), torch.log)),
            "Two values, half of the images each: that is one bit. Yours says 0.69. Which logarithm counts in bits?",
        ),
        Mistake(
            lambda z, step: sum(_entropies(_rounded(z, step))) / z.shape[1],
            "Send twice as many latents: the message gets longer. Does yours?",
        ),
        Mistake(
            lambda z, step: sum(_entropies((z / step).trunc())),
            "Which multiples does your rounding send −0.9 and 0.9 steps to? Turning a number into an integer is not the same as rounding it.",
        ),
        Mistake(
            lambda z, step: sum(_entropies((z / step).floor())),
            "0.9 steps end up at 0, in yours. Which multiple of the step is nearest?",
        ),
        Mistake(
            lambda z, step: sum(_entropies((z * step).round())),
            "A finer step must cost more bits. Does it, in yours? How often does the step go into a code?",
        ),
        Mistake(
            lambda z, step: sum(math.log2(len(column.unique())) for column in _rounded(z, step).t()),
            "You give every value that occurs an equally long word. If one value has 99 images of 100, how much does an image cost on average?",
        ),
        Mistake(
            _bits_of_whole_codes,
            "You count whole codes. If all n are different, yours gives log₂ n, whatever the step. What is counted when each latent is coded on its own?",
        ),
        Mistake(
            lambda z, step: _entropies(_rounded(z, step).reshape(-1, 1))[0],
            "All latents in one pot. A latent that is always 0 and one that is always 7 cost nothing, each on its own. What do they cost in yours?",
        ),
        Mistake(
            _bits_of_all_latents_for_each_image,
            "All latents in one pot, divided by n: do your shares add up to 1? What is counted when each latent is coded on its own?",
        ),
        Mistake(
            lambda z, step: len(z) * sum(_entropies(_rounded(z, step))),
            "That is the bill for all n images together. What does one cost on average?",
        ),
        Mistake(
            lambda z, step: -sum(_entropies(_rounded(z, step))),
            "A cost below zero: log₂ of a share is negative. Which sign stands before the sum?",
        ),
    ),
    hints=(
        "Start with one latent: divide by the step, round, and count how often each value occurs.",
        "torch.unique(…, return_counts=True) counts. Counts divided by n are the shares p, and −Σ p log₂ p is that latent's entropy in bits.",
        "Loop over the columns of (z / step).round(), add up their entropies, and give the sum as a float, with .item().",
    ),
)

# ---- how often does a draw fall into a hole?


def _nearest(points: Tensor, codes: Tensor) -> Tensor:
    return (points.unsqueeze(1) - codes).norm(dim=-1).min(1).values


def _gap_to_others(codes: Tensor) -> Tensor:
    """The distance from each code to the nearest of the other codes."""
    table = (codes.unsqueeze(1) - codes).norm(dim=-1)
    return table.fill_diagonal_(math.inf).min(1).values


def _clear_of_the_limit(codes: Tensor, draws: Tensor, q: float) -> Tensor:
    """The draws whose distance differs from the limit by a twentieth at least, so that no rounding decides."""
    limit = _gap_to_others(codes.double()).quantile(q)
    return draws[(_nearest(draws.double(), codes.double()) / limit - 1).abs() > 0.05]


def _codes_and_draws(draw, n, d):
    """At most 25 of each: up to there torch.cdist subtracts, beyond it multiplies, and a point is no longer at distance 0 from itself."""
    codes = draw(n, d) + 3 * torch.sign(draw(n, 1))
    q = 0.8 if n % 2 else 0.9
    draws = 3 * draw(2 * n, 1) + 1.3 * draw(2 * n, d)
    return {"codes": codes, "draws": _clear_of_the_limit(codes, draws, q)[:25], "q": q}


def _twins_and_single() -> list[Probe]:
    codes = torch.tensor([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [3.0, 1.0], [3.0, 1.0], [3.0, 3.0], [8.0, 3.0]])
    draws = torch.tensor([[0.5, 0.5], [1.0, 0.3], [3.0, 2.1], [5.5, 3.0], [-4.0, 0.0], [8.0, 2.5], [3.0, 4.6]])
    return [
        Probe({"codes": codes, "draws": draws, "q": 0.8}, note="with images that have the very same code"),
        Probe({"codes": codes, "draws": draws[6:], "q": 0.8}, note="with a single draw"),
    ]


def _reference_stray_share(codes: Tensor, draws: Tensor, q: float) -> float:
    """With scipy's tree: a code's second neighbour is its first, after itself."""
    import numpy as np
    from scipy.spatial import cKDTree

    tree = cKDTree(codes.numpy())
    limit = np.quantile(tree.query(codes.numpy(), k=2)[0][:, 1], q)
    return float((tree.query(draws.numpy())[0] > limit).mean())


def _share(strays: Tensor) -> float:
    return strays.double().mean().item()


def _stray_share(codes, draws, q):
    return _share(_nearest(draws, codes) > _gap_to_others(codes).quantile(q))


def _table(codes):
    return (codes.unsqueeze(1) - codes).norm(dim=-1)


def _stray_with_twins_left_out(codes, draws, q):
    table = _table(codes)
    return _share(_nearest(draws, codes) > table.masked_fill(table == 0, math.inf).min(1).values.quantile(q))


def _stray_of_mean_distances(codes, draws, q):
    limit = (_table(codes).sum(1) / (len(codes) - 1)).quantile(q)
    return _share((draws.unsqueeze(1) - codes).norm(dim=-1).mean(1) > limit)


def _stray_from_the_middle(codes, draws, q):
    middle = codes.mean(0)
    return _share((draws - middle).norm(dim=-1) > (codes - middle).norm(dim=-1).quantile(q))


STRAY_SHARE = Task(
    name="01.stray_share",
    points=2,
    contract="stray_share(codes, draws, q) -> the share of the draws that stray, a Python float from 0 to 1.\n"
    "A draw strays when its distance to the nearest code is greater than the limit. The limit is the q-quantile, taken over all codes\n"
    "with torch.quantile, of the distance from a code to the nearest of the OTHER codes. Distances are Euclidean.\n"
    "codes: (n, latent_size), n ≥ 2, of n images; two may be equal. draws: (m, latent_size). q: a Python float in (0, 1).",
    probes=with_more(
        probes_from(_codes_and_draws, sizes={(25, 2): "", (21, 1): "with one latent", (24, 5): "", (17, 3): ""}),
        _twins_and_single,
    ),
    claims=_number_from(_reference_stray_share, "The share should count the draws that lie further from all codes than the limit"),
    mistakes=(
        Mistake(
            lambda codes, draws, q: _share(_nearest(draws, codes) > _nearest(codes, codes).quantile(q)),
            "Your limit is 0, so every draw strays. Which code is nearest to a code, if it may be itself?",
        ),
        Mistake(
            _stray_with_twins_left_out,
            "You left out all distances of 0. A code's distance to itself has to go, but two images may share a code: how far is each from the nearest other?",
        ),
        Mistake(
            lambda codes, draws, q: 1 - _stray_share(codes, draws, q),
            "Put every draw on top of a code: none strays. Your share is 1 then. What did you count?",
        ),
        Mistake(
            lambda codes, draws, q: _stray_share(codes, draws, 1 - q),
            "Raise q: the limit gets more generous, so fewer draws stray. In yours more do. Which end of the distances did you take?",
        ),
        Mistake(
            lambda codes, draws, q: _share(_nearest(draws, codes) > _nearest(draws, codes).quantile(q)),
            "Your limit comes from the draws themselves, so about 1 − q of them stray, be they good or bad. What else can the yardstick be made from?",
        ),
        Mistake(
            lambda codes, draws, q: _share(_nearest(draws, codes) > _table(codes).flatten().quantile(q)),
            "Your limit is taken over all pairs of codes, most of which are far apart. Which one distance does each code have a say with?",
        ),
        Mistake(
            _stray_of_mean_distances,
            "You average a point's distances to all codes. In the middle of a ring of codes, is that average large? And is there a code near?",
        ),
        Mistake(
            _stray_from_the_middle,
            "You measure from the centre of the codes. If they lie on a ring, does the centre stray?",
        ),
        Mistake(
            lambda codes, draws, q: _share(_nearest(codes, draws) > _gap_to_others(codes).quantile(q)),
            "You count codes that no draw comes near. That is a question worth asking, but another one: over which axis of the table is the minimum?",
        ),
        Mistake(
            lambda codes, draws, q: float((_nearest(draws, codes) > _gap_to_others(codes).quantile(q)).sum()),
            "That is how many stray. Which share of the draws is it?",
        ),
    ),
    hints=(
        "Two tables of distances: from draws to codes, and from codes to codes. torch.cdist(a, b) has a row for each of a, a column for each of b.",
        "In the table from codes to codes the diagonal is each code's distance to itself. It must not win: set it to infinity before you take the minimum.",
        "limit = quantile q of the row minima of that table; then the mean of (row minima of the draws' table > limit), as a float. fill_diagonal_ helps.",
    ),
)

# ---- the best linear denoiser


def _noisy_gaussian(draw, n, d):
    """sigma is a number of sixteenths: its square is exact in every dtype, also where it is multiplied by a float32 identity."""
    mixing = draw(d, d + 1)
    sigma = (6 + round(12 * abs(draw(1).item()))) / 16
    return {"mean": 1 + draw(d), "covariance": mixing @ mixing.t() / 2, "sigma": sigma}


def _dead_pixel_and_no_noise() -> list[Probe]:
    dead = torch.tensor([[2.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 1.5]])
    mean = torch.tensor([0.5, 0.2, 1.0])
    alive = torch.tensor([[2.0, -0.5], [-0.5, 1.0]], dtype=torch.float64)
    return [
        Probe({"mean": mean, "covariance": dead, "sigma": 0.75}, note="with a pixel that never changes"),
        Probe({"mean": mean[:2].double(), "covariance": alive, "sigma": 0.0}, note="with no noise"),
        Probe({"mean": mean, "covariance": dead, "sigma": 30.0}, note="with very loud noise"),
    ]


def _claims_of_denoiser(values: dict[str, Plain], mean: Tensor, covariance: Tensor, sigma: float) -> Iterator[Claim]:
    got, pixels = values["result"], len(mean)
    yield from is_tuple(got, 2)
    for name, shape, one in zip(("weight", "bias"), ((pixels, pixels), (pixels,)), got, strict=True):
        yield from is_tensor(one, shape, mean.dtype, name=name)
    weight, bias, m, c = got[0].double(), got[1].double(), mean.double(), covariance.double()
    size = 10 * (c.diagonal().sum() + 1)
    tolerance = rounding(c, mean.dtype, scale=size)
    # E(x − x̂)(y − mean)ᵀ = 0: what is left over has nothing in common with what was seen
    yield Claim(
        "What is left of x should not be predictable from y: weight @ cov(y) = cov(x, y)", c, weight @ (c + sigma**2 * _eye(c)), tolerance
    )
    yield Claim(
        "Shown the mean image, it should give the mean image: weight @ mean + bias = mean",
        m,
        weight @ m + bias,
        rounding(m, mean.dtype, scale=size),
    )


def _eye(matrix: Tensor) -> Tensor:
    return torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)


def _of_noisy(covariance, sigma):
    return covariance + sigma**2 * _eye(covariance)


def _centred(weight, mean):
    return weight, mean - weight @ mean


def _best(covariance, sigma):
    return torch.linalg.solve(_of_noisy(covariance, sigma), covariance)


def _denoiser_pixel_by_pixel(mean, covariance, sigma):
    variances = covariance.diagonal()
    return _centred(torch.diag(variances / (variances + sigma**2)), mean)


LINEAR_DENOISER = Task(
    name="01.linear_denoiser",
    points=2,
    contract="linear_denoiser(mean, covariance, sigma) -> (weight, bias), so that x̂ = weight @ y + bias has the smallest E‖x − x̂‖².\n"
    "x has this mean, (pixels,), and covariance, (pixels, pixels). y = x + sigma·ε, with independent ε of mean 0 and variance 1 in each pixel.\n"
    "sigma: a Python float. weight: (pixels, pixels). bias: (pixels,), both in the dtype of mean. The covariance may be singular, where a pixel\n"
    "never changes; covariance + sigma²·I never is.",
    probes=with_more(
        probes_from(_noisy_gaussian, sizes={(1, 4): "", (1, 1): "with one pixel", (1, 7): ""}),
        _dead_pixel_and_no_noise,
    ),
    claims=_claims_of_denoiser,
    mistakes=(
        Mistake(
            lambda mean, covariance, sigma: _centred(torch.linalg.solve(covariance + sigma * _eye(covariance), covariance), mean),
            "At σ = 1 you are right. What does noise of standard deviation σ add to a variance?",
        ),
        Mistake(
            lambda mean, covariance, sigma: _centred(torch.linalg.inv(_of_noisy(covariance, sigma)), mean),
            "Measure pixels in other units, say all ten times as large, σ too: the weight must stay as it is. Yours shrinks: what is missing beside the inverse?",
        ),
        Mistake(
            lambda mean, covariance, sigma: _centred(_eye(covariance) - _best(covariance, sigma), mean),
            "With no noise yours returns nothing but the mean. Is it the image that your weight estimates, or the noise?",
        ),
        Mistake(
            _denoiser_pixel_by_pixel,
            "Each pixel looks at itself alone. Two pixels that are always equal under independent noise: should they not be averaged?",
        ),
        Mistake(
            lambda mean, covariance, sigma: _centred(covariance / (covariance + sigma**2), mean),
            'Element by element you divided. What does "divide by a matrix" mean for vectors?',
        ),
        Mistake(
            lambda mean, covariance, sigma: _centred(covariance @ torch.linalg.pinv(covariance + sigma**2), mean),
            "You added σ² to every entry. The noise of two pixels is independent: what is its covariance matrix?",
        ),
        Mistake(
            lambda mean, covariance, sigma: _centred(torch.linalg.inv(_eye(covariance) + sigma**2 * torch.linalg.inv(covariance)), mean),
            "Right on paper, but you invert the covariance of x. A pixel that is always 0 has no variance to invert. Which of the matrices always has an inverse?",
        ),
        Mistake(
            lambda mean, covariance, sigma: (_best(covariance, sigma), torch.zeros_like(mean)),
            "The weight is right. It pulls everything towards 0: towards what should it pull?",
        ),
        Mistake(
            lambda mean, covariance, sigma: (_best(covariance, sigma), mean.clone()),
            "For the mean image you give the mean, and something on top. How much of the mean does the weight let through already?",
        ),
        Mistake(
            lambda mean, covariance, sigma: (_best(covariance, sigma), -_best(covariance, sigma) @ mean),
            "You take the mean away before the weight. Who puts it back?",
        ),
    ),
    hints=(
        "Take the mean away first; put it back at the end. In one dimension: which a makes E(x − a(x + σε))² smallest, if x has variance λ?",
        "a = λ/(λ + σ²): the covariance of x with y over the variance of y. With vectors, the division becomes an inverse: which matrix is that of y?",
        "weight = covariance · (covariance + σ²I)⁻¹, for instance by torch.linalg.solve. bias = mean − weight @ mean, so that the mean is left alone.",
    ),
)
