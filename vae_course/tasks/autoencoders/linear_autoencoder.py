"""The best linear autoencoder."""

import torch

from ..engine import Claim, is_tensor, is_tuple, probes_from, rounding, slip, task

SVD = "torch.linalg.svd(x - mean, full_matrices=False).Vh"


def images_with_spectrum(draw, n, d):
    """Images whose centred spectrum falls by a quarter from one direction to the next, far from zero on average."""
    rank, images = min(n - 1, d), draw(n, d)
    scores, _, directions = torch.linalg.svd(images - images.mean(0), full_matrices=False)
    return {"x": 1 + draw(d) + (3 * 0.75 ** torch.arange(rank) * scores[:, :rank]) @ directions[:rank], "k": max(1, rank // 2)}


def claims(values, x, k):
    """By what it restores: there are many right codes."""
    got, pixels = values["result"], x.shape[1]
    yield from is_tuple(got, 4)
    for name, shape, one in zip(("w_in", "b_in", "w_out", "b_out"), ((k, pixels), (k,), (pixels, k), (pixels,)), got, strict=True):
        yield from is_tensor(one, shape, x.dtype, name=name)
    images, w_in, b_in, w_out, b_out = (one.double() for one in (x, *got))
    mean, restored = images.mean(0), (images @ w_in.t() + b_in) @ w_out.t() + b_out
    widest = torch.linalg.eigh((images - mean).t() @ (images - mean)).eigenvectors[:, pixels - k :]
    best = mean + (images - mean) @ widest @ widest.t()
    least, error = ((images - shown).square().sum(1).mean() for shown in (best, restored))
    room = rounding(least, x.dtype, scale=images.square().sum(1).mean() + 1)
    yield Claim("The mean squared error should be no more than the variance along all but the k widest directions", least, error, room)
    yield Claim("x̂ should be x dropped on the plane that lies closest to all images", best, restored, room)


@task(
    points=1,
    probes=probes_from(images_with_spectrum, sizes={(12, 6): "", (5, 8): "with fewer images than pixels", (9, 3): "with one latent", (7, 1): "with one pixel"}),
    claims=claims,
    slips=(
        slip({"svd(x - mean": "svd(x", "-w @ mean, w.T, mean": "x.new_zeros(k), w.T, 0 * mean"}, "Your plane goes through the point 0. Move all images by the same amount: the error of the best plane stays as it is. Does yours?"),
        slip("-w @ mean, w.T, mean", "x.new_zeros(k), w.T, 0 * mean", "Your directions are right. Put the mean image in: what comes out, and what should?"),
        slip("-w @ mean", "x.new_zeros(k)", "The decoder adds the mean. Who took it away before? Put the mean image in, and look at its code: it should be one that decodes to the mean."),
        slip("w.T, mean", "w.T, 0 * mean", "The encoder takes the mean away, and nobody gives it back. What does your decoder draw for z = 0?"),
        slip("-w @ mean", "w @ mean", "Put the mean image in: its code should decode to the mean, so with b_out = mean it has to be 0. What does your encoder make of the mean?"),
        slip("-w @ mean", "-mean", "b_in is added to a code, k numbers, and not to an image. Multiply w_in (x − mean) out: what stands there besides w_in x?"),
        slip(SVD, "torch.linalg.eigh((x - mean).T @ (x - mean)).eigenvectors.T", "You kept the directions in which the images vary least. In which order do the eigenvalues come out?"),
        slip(SVD, "torch.linalg.svd(x - mean).Vh.T", "Look at what torch.linalg.svd returns last: V, or V transposed? Is a direction one of its rows, or one of its columns?"),
        slip("return w, -w @ mean", "v = w / torch.linalg.svdvals(x - mean)[:k].unsqueeze(1)\n    return v, -v @ mean", "Your codes all have the same spread: each was divided by its singular value. That is allowed, if somebody undoes it. Does your decoder?"),
        slip("w, -w @ mean, w.T, mean", "w.T, -w @ mean, w, mean", "The numbers are right, both matrices lie on their side. Which shape has the weight of nn.Linear(pixels, k)?"),
        slip("directions[:k]", "directions", "How many latents does your autoencoder have? k were allowed."),
        slip({"svd(x - mean": "svd((x - mean) / x.std(0)", "w, -w @ mean, w.T,": "w / x.std(0), -(w / x.std(0)) @ mean, (w * x.std(0)).T,"}, "You gave every pixel the same variance first. Whose squared error is smallest then: that of the pixels, or that of the standardised ones?"),
    ),
    hints=(
        "The best plane goes through the mean image. So take the mean away, find the directions, and let the biases do the rest.",
        "torch.linalg.svd(x − mean, full_matrices=False) gives U, S, Vh. The rows of Vh are the directions, the widest first.",
        "With w the first k rows of Vh: z = w (x − mean) and x̂ = wᵀz + mean. Multiply out and read off the two weights and the two biases.",
    ),
)
def linear_autoencoder(x, k):
    """(w_in, b_in, w_out, b_out), the linear autoencoder with k latents and the smallest squared error on x.

    It codes z = x @ w_in.T + b_in and restores x̂ = z @ w_out.T + b_out, as two nn.Linear do.
    x: (n, pixels), k at most min(n − 1, pixels). w_in: (k, pixels), b_in: (k,), w_out: (pixels, k), b_out: (pixels,), in the dtype of x.
    There are many right answers, with the same x̂ and other codes. Each of them will do.
    """
    mean = x.mean(0)
    directions = torch.linalg.svd(x - mean, full_matrices=False).Vh
    w = directions[:k]
    # x̂ = wᵀ w (x − mean) + mean
    return w, -w @ mean, w.T, mean
