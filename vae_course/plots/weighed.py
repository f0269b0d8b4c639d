"""What the KL's weight does: codes over the prior's circle, and samples below."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from matplotlib.patches import Circle
from torch import Tensor

from .images import draw_images
from .latents import key_of_dots, plane
from .output import figure_with
from .style import CLASS_COLOURS, INK


def show_codes_and_samples(
    codes: Mapping[str, Tensor], samples: Mapping[str, Tensor], alt: str, *, labels: Tensor, radius: float = 2.0, key: str = "digit"
) -> None:
    """Show for each model the plane of its codes, coloured by class, over the circle of its prior, and its samples below.

    codes: by name, (n, 2). samples: by the same names, (k, channels, height, width), pixels in [0, 1]. labels: (n,), the codes' classes.
    key: what the classes are, over a key at the right.
    Each plane is as wide as its codes lie, so that the circle tells how wide that is. Raises ValueError for other names or no codes.
    """
    if not codes or list(codes) != list(samples):
        raise ValueError(f"codes were given for {list(codes)}, samples for {list(samples)}: expected the same names, at least one.")
    with figure_with(alt, figsize=(3.1 * len(codes), 4.2), layout="constrained") as (figure, first):
        first.remove()
        axes = figure.subplots(2, len(codes), squeeze=False, height_ratios=(3.2, 1))
        for column, (name, points) in enumerate(codes.items()):
            places, above = plane(points, "the codes"), axes[0, column]
            colours = [CLASS_COLOURS[label % len(CLASS_COLOURS)] for label in torch.as_tensor(labels).tolist()]
            above.scatter(*places.T, c=colours, s=7, linewidths=0, alpha=0.8)
            above.add_patch(Circle((0, 0), radius, fill=False, edgecolor=INK, linewidth=2, linestyle="--", zorder=4))
            reach = max(1.05 * float(abs(places).max()), 1.3 * radius)
            above.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", title=name, xlabel="z₁")
            axes[1, column].set_axis_off()
            draw_images(axes[1, column], samples[name], columns=len(samples[name]))
        axes[0, 0].set_ylabel("z₂")
        key_of_dots(figure, key, torch.as_tensor(labels).unique().tolist())
