"""One style in every class."""

import torch
from torch.distributions import Bernoulli, Independent

from ..engine import each_row_for_itself, matches, probes_from, slip, task

SIZES = {(3, 2, 4): "", (1, 3, 6): "with one style", (4, 1, 3): "with one latent", (2, 5, 5): "with two styles"}  # never as many classes as styles


def styles(draw, n, d, classes):
    """A decoder of one layer, for images of 2 × 3."""
    return {"z": draw(n, d), "weight": draw(d, 6), "bias": 2 * draw(classes, 6), "classes": classes}


def decoded(function, z, weight, bias, classes):
    def decode(z, y):
        """p(x|z, y): Bernoulli pixels, independent of each other."""
        if z.dim() != 2 or z.shape[1] != len(weight) or y.shape != z.shape[:1]:
            raise ValueError(f"decode takes z of shape (batch, {len(weight)}) and y of shape (batch,), got {tuple(z.shape)} and {tuple(y.shape)}.")
        return Independent(Bernoulli(logits=(z @ weight + bias[y]).reshape(len(z), 1, 2, 3)), 3)

    return {"result": function(decode, z, classes)}


@task(
    points=1,
    probes=probes_from(styles, sizes=SIZES),
    run=decoded,
    laws=(each_row_for_itself("z", question="Does a row change with the styles in other rows, or from call to call? Which part of z does it hold, and does chance come in?"),),
    keeps=("z",),
    claims=matches(lambda z, weight, bias, classes: torch.sigmoid((z @ weight).unsqueeze(1) + bias).reshape(-1, classes, 1, 2, 3), "The picture in row s and column c should be the mean of decode at z[s] and the label c"),
    slips=(
        slip("decode(every_z", "decode(torch.randn_like(every_z)", "Every picture has a style of its own. What must stay the same along a row, so that only the class changes?"),
        slip({"repeat_interleave(classes, dim=0)": "repeat(classes, 1)"}, "Styles and labels change together from one picture to the next. To meet every pair, how long must one of them wait for the other?"),
        slip({".repeat(styles)": ".repeat_interleave(styles)"}, "Styles and labels both wait, so that a row shows one class several times. Which of the two should run through all its values while the other waits?"),
        slip("torch.arange(classes,", "torch.arange(1, classes + 1,", "Your labels begin at 1, so the first class is never drawn, and one is asked for that does not exist. From which number do labels count here?"),
        slip("torch.arange(classes, device=z.device)", "(torch.arange(1, classes + 1, device=z.device) % classes)", "Your first picture in a row is of class 1, and your last one of class 0. From which number do labels count here?"),
        slip("*images.shape[1:])", "*images.shape[1:]).transpose(0, 1)", "The pictures are right, and the grid lies on its side. What is a row to be?"),
        slip({"repeat_interleave(classes, dim=0)": "repeat(classes, 1)", ".repeat(styles)": ".repeat_interleave(styles)"}, "Each pair was decoded, and then filled in along the wrong side: a row holds several styles. In which order did the batch come out?"),
        slip({"every_label).mean": "every_label).sample()"}, "Your pixels are 0 or 1, by chance, and change with each call. A distribution can be drawn from; what else can you ask it for?"),
        slip("every_label).mean", "every_label).mode", "Your pixels are 0 or 1, though the decoder is less sure than that. What is asked for: the likeliest picture, or another one?"),
        slip("every_label).mean", "every_label).base_dist.logits", "Some of your pixels are negative. What lies between a decoder's logits and an image?"),
        slip("images.reshape(styles, classes, *images.shape[1:])", "images", "All the pictures, one after another. Which two axes should stand where yours has one?"),
        slip("decode(every_z", "decode(every_z[:1].expand_as(every_z)", "All rows show the first style. Which part of z belongs to row 2?"),
        slip("decode(every_z", "decode(z.mean(0, keepdim=True).expand_as(every_z)", "All rows are the same: the average style. Which part of z belongs to which row?"),
    ),
    hints=(
        "There are styles × classes pictures. Make one long batch of pairs (style, label), decode it once, and give the result two axes.",
        "A row holds one style: repeat each row of z `classes` times in succession, while the labels run 0, 1, … again and again.",
        "z.repeat_interleave(classes, 0) beside torch.arange(classes).repeat(styles); decode(…).mean; reshape to (styles, classes) and the rest.",
    ),
)
def one_style(decode, z, classes):
    """Images: each row one style, drawn in every class.

    decode(z, y): a function, z (batch, latent_size) and y (batch,) integers -> p(x|z, y), a distribution of images (batch, 1, height, width).
    z: (styles, latent_size). Result: (styles, classes, 1, height, width), the means of p(x|z, y), in [0, 1]. Leaves z as it is.
    """
    styles = len(z)
    every_z = z.repeat_interleave(classes, dim=0)
    every_label = torch.arange(classes, device=z.device).repeat(styles)
    images = decode(every_z, every_label).mean
    return images.reshape(styles, classes, *images.shape[1:])
