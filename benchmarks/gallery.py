"""What each stored model makes, as a picture, and how good it is, beside the model that it takes the place of.

python -m benchmarks.gallery              all of them, and the table
python -m benchmarks.gallery NAME ...     the pictures of some

A picture has 64 samples, then 16 test examples with their reconstructions below. For an autoencoder, which has no prior to draw from,
draws of N(0, I) stand there all the same, as a learner would try them. Tunes are piano rolls, time from left to right, the first step of a
note darker; of a tune's samples the tokens are drawn, too. Series are curves. Samples of digits are judged by the course's own classifier,
5,000 of them against 5,000 test images: a Fréchet distance on its features, which is no FID, and coverage.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import torch
from PIL import Image
from torch import Tensor

from benchmarks.measures import DRAWN_IMAGES, look_of_digits
from benchmarks.tables import real_mnist, signature
from vae_course import checkpoints, load
from vae_course.data import Split, draw_strokes
from vae_course.data.melodies import FIRST_PITCH, HOLD

FOLDER = Path(__file__).parent / "gallery"
# The best that there is now, and what pages showed before.
IN_PLACE_OF = {
    "convolutional-vae-mnist-20": "vae-mnist-20",
    "convolutional-vae-mnist-2": "vae-mnist-2",
    "dense-vae-mnist-20": "vae-mnist-20",
    "dense-vae-mnist-2": "vae-mnist-2",
    "two-levels-ladder-mnist-binary": "hierarchical-mnist-binary-2",
    **{f"dense-vae-mnist-20-beta-{beta}": f"vae-mnist-20-beta-{beta}" for beta in ("0.5", "4", "16")},
}
DIGITS = {"mnist": "grey", "mnist-binary": "drawn once"}
DIGITS_HEAD = ("pixels", "epochs", "−ELBO, nats", "Fréchet", "coverage")
OTHERS_HEAD = ("data", "epochs", "−ELBO, nats", "further figures of its card")
ALREADY = ("elbo", "reconstruction", "kl", "train_loss")  # what a card says and the table need not say again
BESIDE = "64 samples; 16 test examples over their reconstructions"
SHADES = {"note": 0.0, "held": 0.55, "nothing": 0.94}


def samples(model, n: int) -> Tensor:
    """`n` examples from draws of the prior, or of N(0, I) where there is none. Where steps follow on each other, these are drawn, too."""
    torch.manual_seed(0)
    if getattr(model, "config", {}).get("likelihood") == "categorical":
        with torch.no_grad():
            return model.decode(model.prior.sample((n,))).sample()
    if hasattr(model, "sample"):
        return model.sample(n)
    with torch.no_grad():
        return model.decode(torch.randn(n, model.latent_size)).mean


def rolls(windows: Tensor) -> Tensor:
    """Tunes as images, three pixels a step and two a semitone, high notes on top: (n, steps, tokens) → (n, 1, 2 · semitones, 3 · steps)."""
    n, steps, tokens = windows.shape
    sheet = torch.full((n, tokens - FIRST_PITCH, steps), SHADES["nothing"])
    sounding = torch.zeros(n, tokens - FIRST_PITCH)
    for step in range(steps):
        begins, holds = windows[:, step, FIRST_PITCH:], windows[:, step, HOLD].unsqueeze(1)
        sounding = begins + sounding * holds
        sheet[..., step] = torch.where(begins > 0, SHADES["note"], torch.where(sounding > 0, SHADES["held"], SHADES["nothing"]))
    return sheet.flip(1).repeat_interleave(2, 1).repeat_interleave(3, 2).unsqueeze(1)


def curves(series: Tensor, height: int = 32) -> Tensor:
    """Series as images, a pixel a step, 1 on top: (n, steps, 2), value and whether it was seen → (n, 1, height, steps)."""
    value, seen = series.unbind(-1)
    row = ((1 - value.clamp(0, 1)) * (height - 1)).round()
    before = torch.cat([row[:, :1], row[:, :-1]], 1)
    joined = torch.cat([seen[:, :1], seen[:, :-1]], 1) > 0
    before = torch.where(joined, before, row)  # a line is drawn from what was seen
    rows = torch.arange(height).view(1, -1, 1)
    low, high = torch.minimum(row, before).unsqueeze(1), torch.maximum(row, before).unsqueeze(1)
    on = (rows >= low) & (rows <= high) & (seen > 0).unsqueeze(1)
    return torch.where(on, SHADES["note"], SHADES["nothing"]).unsqueeze(1)


def as_images(x: Tensor, data: str) -> Tensor:
    """Examples of a data set as images (n, channels, height, width). Raises ValueError where nobody has said how they look."""
    if x.dim() == 4:
        return x
    if data == "melodies":
        return rolls(x)
    if data == "strokes":
        return draw_strokes(x)
    if x.dim() == 3 and x.shape[-1] == 2:
        return curves(x)
    raise ValueError(f"examples of {data!r} have shape {tuple(x.shape[1:])}, and the gallery does not know how to draw them. Say it here.")


def tiled(images: Tensor, columns: int, gap: int = 1) -> Tensor:
    """Images (n, channels, height, width) side by side on white: (channels, …, …)."""
    n, channels, height, width = images.shape
    rows = -(-n // columns)
    sheet = torch.ones(channels, rows * (height + gap) - gap, columns * (width + gap) - gap)
    for number, image in enumerate(images):
        top, left = number // columns * (height + gap), number % columns * (width + gap)
        sheet[:, top : top + height, left : left + width] = image
    return sheet


def picture(model, x: Tensor, y: Tensor | None, data: str = "mnist") -> bytes:
    """64 samples and 16 reconstructions as the bytes of a PNG, each pixel twice as wide and high."""
    drawn, true, again = (as_images(examples, data) for examples in (samples(model, 64), x, model.reconstruct(x, y)))
    pairs = torch.cat([part for four in torch.arange(16).split(4) for part in (true[four], again[four])])
    left, right = tiled(drawn, 8), tiled(pairs, 4)
    room = torch.ones(left.shape[0], left.shape[1], 12)
    whole = (torch.cat([left, room, right], 2).clamp(0, 1) * 255).round().byte().permute(1, 2, 0).squeeze(-1).numpy()
    image = Image.fromarray(whole)
    buffer = io.BytesIO()
    image.resize((2 * image.width, 2 * image.height), Image.Resampling.NEAREST).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def draws(name: str) -> bool:
    """Whether the stored model can draw: has a decoder, and needs nothing to see. Else it is for its own page."""
    config, recipe = checkpoints.card(name)["config"], checkpoints.card(name)["recipe"]
    return ("latent_size" in config or "latent_sizes" in config) and not (recipe.get("given") or recipe.get("trained_by"))


def shown(test: Split) -> tuple[Tensor, Tensor | None]:
    """The 16 test examples of a picture: the first ones of images, spread over all where neighbours are alike."""
    if test.rows(slice(1))[0].dim() == 4:
        return test.rows(slice(16))
    return test.rows(torch.linspace(0, len(test) - 1, 16).long())


def draw(name: str) -> None:
    """Write the picture of a stored model."""
    about = checkpoints.card(name)["recipe"]["data"]
    model = checkpoints.pretrained(name, device="cpu")
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.png").write_bytes(picture(model, *shown(load(about).test), about))


def bound_of(about: dict) -> str:
    """−ELBO, or in brackets the reconstruction of a model that has no bound, and whether it is no number of nats."""
    metrics = about["metrics"]
    if "elbo" in metrics:
        return f"{-metrics['elbo']:.2f}"
    return f"({metrics['reconstruction']:.2f}{', squared error' if about['config'].get('error') == 'squared' else ''})"


def training_of(recipe: dict) -> str:
    """For how many epochs and minutes, and whether the bound was still rising."""
    if not (end := recipe.get("end")):
        return str(recipe["epochs"])
    return f"{end['epochs_trained']}, {end['seconds'] / 60:.0f} min" + (", still falling" if end["still_falling"] else "")


def row(name: str, test: Split | None) -> str:
    """One row of a table; `test` are the digits that samples are judged beside."""
    about = checkpoints.card(name)
    recipe, metrics = about["recipe"], about["metrics"]
    seen = "drawn anew" if recipe.get("fresh") else DIGITS.get(recipe["data"], recipe["data"])
    cells = [name, seen, training_of(recipe), bound_of(about)]
    if test is not None:
        look = look_of_digits(samples(checkpoints.pretrained(name, device="cpu"), DRAWN_IMAGES), test)
        cells += [f"{look['frechet']:.2f}", f"{look['coverage']:.3f}"]
    else:
        cells += ["; ".join(f"{metric.replace('_', ' ')} {value:.3g}" for metric, value in metrics.items() if metric not in ALREADY)]
    return "| " + " | ".join([*cells, f"![{name}]({name}.png)"]) + " |"


def table(names: list[str], test: Split | None, before: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """A table's lines. before: the rows of models that are no longer stored."""
    head = ["model", *(OTHERS_HEAD if test is None else DIGITS_HEAD), BESIDE]
    return ["", "| " + " | ".join(head) + " |", "|" + "---|" * len(head), *(before.get(name) or row(name, test) for name in names)]


def kind_of(name: str) -> str:
    """Under what heading a model stands: digits of every sort together, else its data's name."""
    data = checkpoints.card(name)["recipe"]["data"]
    return "digits" if data in DIGITS else data


def rows_of_before(stored: list[str]) -> dict[str, str]:
    """The page's rows, as they stand there, of models whose place was taken and which are no longer stored."""
    page = FOLDER / "README.md"
    found = {line.split(" | ")[0].removeprefix("| "): line for line in page.read_text("utf-8").splitlines()} if page.exists() else {}
    return {name: found[name] for name in IN_PLACE_OF.values() if name in found and name not in stored}


def page(stored: list[str], test: Split) -> list[str]:
    """The lines of the gallery's page: of each kind of data those that take a place, then the others."""
    before = rows_of_before(stored)
    lines = [
        "# What the stored models make",
        "",
        "By `python -m benchmarks.gallery`. Where a model has no bound its figure, in brackets, is its reconstruction alone.",
    ]
    kinds = {name: kind_of(name) for name in stored}
    for kind in dict.fromkeys(kinds.values()):
        of_kind, judge = [name for name in stored if kinds[name] == kind], test if kind == "digits" else None
        pairs = {new: old for new, old in IN_PLACE_OF.items() if new in of_kind and old in [*of_kind, *before]}
        lines += ["", f"## {kind.capitalize()}"]
        for old in dict.fromkeys(pairs.values()):
            new = [name for name in pairs if pairs[name] == old]
            lines += ["", f"### {' and '.join(new)}, in place of {old}", *table([*new, old], judge, before)]
        others = [name for name in of_kind if name not in {*pairs, *pairs.values()}]
        if others:
            lines += [*(["", "### Others"] if pairs else []), *table(others, judge)]
    return [*lines, "", signature(), ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="whose picture (all, and the table, when none is named)")
    names = parser.parse_args().names
    test = real_mnist().test
    stored = list(filter(draws, checkpoints.names()))
    for name in names or stored:
        draw(name)
    if names:
        return
    lines = page(stored, test)
    (FOLDER / "README.md").write_text("\n".join(lines), "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
