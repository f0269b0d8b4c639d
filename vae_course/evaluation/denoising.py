"""Images under noise, and two simple rivals of a network that removes it: the best blur, and the best linear map."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

WIDTHS = (0.0, 0.3, 0.5, 0.7, 0.9, 1.2, 1.5)
CHUNK = 10_000  # images whose products are added up in one piece

Restorer = Callable[[Tensor], Tensor]


def with_noise(images: Tensor, sigma: float, *, seed: int) -> Tensor:
    """Images, pixels in [0, 1], under Gaussian noise of standard deviation `sigma` in each pixel, cut to [0, 1]. One seed, one noise."""
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(seed))
    return (images + sigma * noise.to(images)).clamp(0, 1)


def best_blur(noisy: Tensor, clean: Tensor, widths: Sequence[float] = WIDTHS) -> Restorer:
    """The blur that restores `clean` best from `noisy`: a Gaussian filter, then one gain and one offset for all pixels, cut to [0, 1].

    noisy, clean: (n, channels, height, width), pixels in [0, 1]. widths: the filter's σ in pixels, of which the best is taken. Gain and
    offset are those of the smallest squared error. The offset matters: noise that was cut to [0, 1] has lifted every black pixel.
    Raises ValueError when the two are not alike. Returns a function from images to images.
    """
    _check_alike(noisy, clean)
    noisy, clean = noisy.cpu(), clean.cpu()
    tried = []
    for width in widths:
        seen, wanted = _blurred(noisy, width).double().flatten(), clean.double().flatten()
        spread = (seen - seen.mean()).square().mean()
        gain = ((seen - seen.mean()) * (wanted - wanted.mean())).mean() / spread.clamp_min(1e-12)
        offset = wanted.mean() - gain * seen.mean()
        error = (wanted - (gain * seen + offset).clamp(0, 1)).square().mean()
        tried.append((error.item(), width, gain.item(), offset.item()))
    _, width, gain, offset = min(tried)
    return lambda images: (gain * _blurred(images, width) + offset).clamp(0, 1)


def best_linear_map(noisy: Tensor, clean: Tensor) -> Restorer:
    """The linear map, every pixel of the result from all pixels and a constant, that restores `clean` best from `noisy`, cut to [0, 1].

    noisy, clean: (n, channels, height, width), pixels in [0, 1]; of the least squared error on these, with many more images than pixels.
    Raises ValueError when the two are not alike. Returns a function from images to images.
    """
    _check_alike(noisy, clean)
    noisy, clean = noisy.cpu(), clean.cpu()  # some devices have no double precision
    mean_seen, mean_wanted = noisy.flatten(1).mean(0), clean.flatten(1).mean(0)
    pixels = len(mean_seen)
    of_seen, of_both = torch.zeros(pixels, pixels, dtype=torch.double), torch.zeros(pixels, len(mean_wanted), dtype=torch.double)
    for seen, wanted in zip(noisy.flatten(1).split(CHUNK), clean.flatten(1).split(CHUNK), strict=True):
        centred = seen - mean_seen
        of_seen += centred.T @ centred
        of_both += centred.T @ (wanted - mean_wanted)
    of_seen += 1e-6 * of_seen.diagonal().mean().clamp_min(1e-6) * torch.eye(pixels, dtype=torch.double)  # a pixel may always be black
    weight = torch.linalg.solve(of_seen, of_both).float()
    return lambda images: ((images.cpu().flatten(1) - mean_seen) @ weight + mean_wanted).clamp(0, 1).view_as(images).to(images)


def _blurred(images: Tensor, width: float) -> Tensor:
    from scipy.ndimage import gaussian_filter

    return torch.from_numpy(gaussian_filter(images.cpu().numpy(), (0, 0, width, width))).to(images)


def _check_alike(noisy: Tensor, clean: Tensor) -> None:
    if noisy.shape != clean.shape or noisy.dim() != 4:
        raise ValueError(
            f"noisy has the shape {tuple(noisy.shape)}, clean {tuple(clean.shape)}: expected the same images twice, "
            "(n, channels, height, width), once with noise."
        )
