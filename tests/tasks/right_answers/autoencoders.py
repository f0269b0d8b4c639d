"""Right answers to the tasks of this topic, each written in another way."""

import math
from collections import Counter

import pandas as pd
import torch
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

# ---- denoising_error


def error_by_library(reconstruct, x, noise):
    drawn = reconstruct(torch.clamp(x + noise, min=0.0, max=1.0))
    return torch.nn.functional.mse_loss(drawn, x, reduction="sum") / len(x)


def error_by_einsum(reconstruct, x, noise):
    gap = (x - reconstruct((x + noise).clamp(0, 1))).flatten(1)
    return torch.einsum("np,np->n", gap, gap).mean()


def error_in_place(reconstruct, x, noise):
    noise += x
    noise.clamp_(0, 1)
    x -= reconstruct(noise)
    return x.square_().sum((1, 2, 3)).mean()


def error_by_loop(reconstruct, x, noise):
    total = torch.zeros((), dtype=x.dtype)
    for image, grain in zip(x, noise, strict=True):
        seen = (image + grain).clamp(0, 1).unsqueeze(0)
        total = total + ((image - reconstruct(seen)[0]) ** 2).sum()
    return total / x.shape[0]


# ---- linear_autoencoder


def linear_by_svd(x, k):
    mean = x.mean(0)
    w = torch.linalg.svd(x - mean, full_matrices=False).Vh[:k]
    return w, -w @ mean, w.T, mean


def linear_by_eigenvectors(x, k):
    mean = x.mean(0)
    w = torch.linalg.eigh(torch.cov(x.T).reshape(x.shape[1], x.shape[1])).eigenvectors[:, -k:]
    return [w.T, -(mean @ w), w, mean]


def linear_by_library(x, k):
    pca = PCA(k, svd_solver="full").fit(x.double().numpy())
    w, mean = torch.tensor(pca.components_).to(x.dtype), torch.tensor(pca.mean_).to(x.dtype)
    return w, -w @ mean, w.T, mean


def linear_with_mixed_codes(x, k):
    """Other codes, the same reconstructions: any invertible mixing may be undone."""
    w, b, w_out, b_out = linear_by_svd(x, k)
    mixing = torch.eye(k, dtype=x.dtype) + 0.5 * torch.ones(k, k, dtype=x.dtype).tril(-1)
    return (
        mixing @ w,
        mixing @ b + 2,
        w_out @ torch.linalg.inv(mixing),
        b_out - w_out @ torch.linalg.inv(mixing) @ torch.full((k,), 2.0, dtype=x.dtype),
    )


def linear_by_least_squares(x, k):
    """Whitened codes, and for decoder what least squares says."""
    mean = x.mean(0)
    _, values, vh = torch.linalg.svd(x - mean, full_matrices=False)
    w_in = vh[:k] / values[:k, None]
    z = (x - mean) @ w_in.T
    w_out = torch.linalg.lstsq(z, x - mean).solution.T
    return w_in, -w_in @ mean, w_out, mean


# ---- code_bits


def bits_by_unique(z, step):
    total = 0.0
    for column in torch.round(z / step).T:
        p = torch.unique(column, return_counts=True)[1] / len(column)
        total -= (p * torch.log2(p)).sum().item()
    return total


def bits_by_counter(z, step):
    n = len(z)
    columns = ([round(value / step) for value in column] for column in z.T.tolist())
    return math.fsum(-count / n * math.log2(count / n) for column in columns for count in Counter(column).values())


def bits_by_one_hot(z, step):
    q = (z / step).round().long()
    q = q - q.min(0).values
    shares = torch.nn.functional.one_hot(q).double().mean(0)
    return (torch.special.entr(shares).sum() / math.log(2)).item()


def bits_by_floor(z, step):
    q = (z / step + 0.5).floor()
    n, same = len(q), (q.unsqueeze(1) == q).sum(1)  # how many images share an image's value
    return (math.log2(n) - same.double().log2().mean(0)).sum().item()


# ---- stray_share


def stray_by_cdist(codes, draws, q):
    between = torch.cdist(codes, codes).fill_diagonal_(float("inf"))
    limit = between.min(dim=1).values.quantile(q)
    return (torch.cdist(draws, codes).min(dim=1).values > limit).float().mean().item()


def stray_by_second_neighbour(codes, draws, q):
    limit = torch.cdist(codes, codes).topk(2, largest=False).values[:, 1].quantile(q)
    return (torch.cdist(draws, codes).amin(1) > limit).double().mean().item()


def stray_by_library(codes, draws, q):
    codes, draws = codes.numpy(), draws.numpy()
    found = NearestNeighbors(n_neighbors=1).fit(codes)
    limit = torch.tensor(found.kneighbors()[0][:, 0]).quantile(q).item()  # without an argument: each code's neighbours but itself
    return float((found.kneighbors(draws)[0][:, 0] > limit).mean())


def stray_by_loop(codes, draws, q):
    gaps = [min((code - other).norm() for j, other in enumerate(codes) if j != i) for i, code in enumerate(codes)]
    limit = torch.stack(gaps).quantile(q)
    strays = [bool((codes - point).norm(dim=1).min() > limit) for point in draws]
    return sum(strays) / len(strays)


# ---- linear_denoiser


def denoiser_by_inverse(mean, covariance, sigma):
    weight = covariance @ torch.linalg.inv(covariance + sigma**2 * torch.eye(len(mean), dtype=mean.dtype))
    return weight, mean - weight @ mean


def denoiser_by_solve(mean, covariance, sigma):
    noisy = covariance.clone()
    noisy.diagonal().add_(sigma**2)
    weight = torch.linalg.solve(noisy, covariance, left=False)
    return weight, (torch.eye(len(mean), dtype=mean.dtype) - weight) @ mean


def denoiser_by_eigenvectors(mean, covariance, sigma):
    variances, axes = torch.linalg.eigh(covariance)
    kept = variances / (variances + sigma**2)
    weight = torch.einsum("ik,k,jk->ij", axes, kept, axes)
    return weight, mean - weight.mv(mean)


def denoiser_by_what_is_noise(mean, covariance, sigma):
    eye = torch.eye(mean.numel(), dtype=mean.dtype)
    noise = sigma**2 * torch.linalg.inv(covariance + sigma**2 * eye)
    return eye - noise, noise @ mean


def denoiser_by_gradient_in_double(mean, covariance, sigma):
    """The expected error is a parabola in the weight: one Newton step from anywhere ends at its lowest point."""
    c = covariance.double()
    noisy = c + sigma**2 * torch.eye(len(c)).double()
    weight = torch.eye(len(c)).double()
    slope = weight @ noisy - c
    weight = weight - slope @ torch.linalg.inv(noisy)
    return weight.to(mean.dtype), (mean.double() - weight @ mean.double()).to(mean.dtype)


# ---- bottleneck_report


def bottleneck_by_rows():
    same = {"hidden": 400, "images": 2000, "epochs": 3}
    runs = [
        {"k": 2, "parameters": 630_387, "train_error": 49.7, "test_error": 51.1, "pca_error": 44.1},
        {"k": 16, "parameters": 641_601, "train_error": 49.2, "test_error": 50.7, "pca_error": 21.6},
        {"k": 128, "parameters": 731_313, "train_error": 51.6, "test_error": 52.9, "pca_error": 3.7},
    ]
    return {"predicted": "at some k", "runs": [same | run for run in runs], "came_true": False}


def bottleneck_as_a_frame():
    runs = pd.DataFrame({"k": [2, 16, 128], "hidden": 400, "images": 2000, "epochs": 60, "parameters": [630386, 641600, 731312]})
    runs["train_error"], runs["test_error"] = [34.9941, 8.216, 4.4549], [39.5069, 14.4441, 9.3236]
    return {"predicted": "at some k", "runs": runs.assign(pca_error=[44.1358, 21.5755, 3.6773]), "came_true": True}


def bottleneck_that_hardly_matters():
    """Two codes long enough that one decimal can't tell their errors apart; of many images, the test's a little easier."""
    same = {"hidden": 400, "images": 55_000, "epochs": 20}
    runs = [
        {"k": 4, "parameters": 631_988, "train_error": 25.6, "test_error": 25.3, "pca_error": 37.9},
        {"k": 100, "parameters": 708_884, "train_error": 4.4, "test_error": 4.3, "pca_error": 4.6},
        {"k": 110, "parameters": 716_894, "train_error": 4.4, "test_error": 4.3, "pca_error": 4.1},
    ]
    return {"predicted": "at no k", "runs": [same | run for run in runs], "came_true": False}


RIGHT_ANSWERS = {
    "denoising_error": [error_by_library, error_by_einsum, error_in_place, error_by_loop],
    "linear_autoencoder": [linear_by_svd, linear_by_eigenvectors, linear_by_library, linear_with_mixed_codes, linear_by_least_squares],
    "code_bits": [bits_by_unique, bits_by_counter, bits_by_one_hot, bits_by_floor],
    "stray_share": [stray_by_cdist, stray_by_second_neighbour, stray_by_library, stray_by_loop],
    "linear_denoiser": [
        denoiser_by_inverse,
        denoiser_by_solve,
        denoiser_by_eigenvectors,
        denoiser_by_what_is_noise,
        denoiser_by_gradient_in_double,
    ],
    "bottleneck_report": [bottleneck_by_rows, bottleneck_as_a_frame, bottleneck_that_hardly_matters],
}
