"""What each stored model of digits makes, as a picture, and how good it is, beside the model that it takes the place of.

python -m benchmarks.gallery              all of them, and the table
python -m benchmarks.gallery NAME ...     the pictures of some

A picture has 64 samples, then 16 test images with their reconstructions below. For an autoencoder, which has no prior to draw from, draws
of N(0, I) stand there all the same, as a learner would try them. Samples are judged by the course's own classifier, 5,000 of them against
5,000 test images: a Fréchet distance on its features, which is no FID, and coverage.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from benchmarks.tables import real_mnist, signature
from vae_course import checkpoints, load
from vae_course.evaluation import sample_quality

FOLDER = Path(__file__).parent / "gallery"
COUNT = 5000
# The best that there is now, and what pages showed before.
IN_PLACE_OF = {
    "convolutional-vae-mnist-20": "vae-mnist-20",
    "convolutional-vae-mnist-2": "vae-mnist-2",
    "dense-vae-mnist-20": "vae-mnist-20",
    "dense-vae-mnist-2": "vae-mnist-2",
    "dense-autoencoder-mnist-2": "autoencoder-mnist-2",
    "dense-conditional-vae-mnist-2": "conditional-vae-mnist-2",
    "dense-conditional-vae-mnist-10": "conditional-vae-mnist-10",
    "three-levels-ladder-mnist-binary": "hierarchical-mnist-binary-3",
    "two-levels-ladder-mnist-binary": "hierarchical-mnist-binary-2",
}


def samples(model, n: int) -> Tensor:
    """`n` images from draws of the prior, or of N(0, I) where there is none."""
    torch.manual_seed(0)
    if hasattr(model, "sample"):
        return model.sample(n)
    with torch.no_grad():
        return model.decode(torch.randn(n, model.latent_size)).mean


def tiled(images: Tensor, columns: int, gap: int = 1) -> Tensor:
    """Images (n, channels, height, width) side by side on white: (channels, …, …)."""
    n, channels, height, width = images.shape
    rows = -(-n // columns)
    sheet = torch.ones(channels, rows * (height + gap) - gap, columns * (width + gap) - gap)
    for number, image in enumerate(images):
        top, left = number // columns * (height + gap), number % columns * (width + gap)
        sheet[:, top : top + height, left : left + width] = image
    return sheet


def picture(model, x: Tensor, y: Tensor | None) -> bytes:
    """64 samples and 16 reconstructions as the bytes of a PNG, each pixel twice as wide and high."""
    again = model.reconstruct(x, y)
    pairs = torch.cat([part for four in torch.arange(16).split(4) for part in (x[four], again[four])])
    left, right = tiled(samples(model, 64), 8), tiled(pairs, 4)
    room = torch.ones(left.shape[0], left.shape[1], 12)
    whole = (torch.cat([left, room, right], 2).clamp(0, 1) * 255).round().byte().permute(1, 2, 0).squeeze(-1).numpy()
    image = Image.fromarray(whole)
    buffer = io.BytesIO()
    image.resize((2 * image.width, 2 * image.height), Image.Resampling.NEAREST).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def of_digits(name: str) -> bool:
    """Whether the stored model makes digits."""
    about = checkpoints.card(name)
    return about["recipe"]["data"] in ("mnist", "mnist-binary") and "classifier" not in name


def draw(name: str) -> None:
    """Write the picture of a stored model."""
    model, data = checkpoints.pretrained(name, device="cpu"), load(checkpoints.card(name)["recipe"]["data"])
    x, y = data.test.rows(slice(0, 16))
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.png").write_bytes(picture(model, x, y))


def row(name: str, classifier, real: Tensor) -> str:
    """One row of the table."""
    about = checkpoints.card(name)
    metrics, end = about["metrics"], about["recipe"].get("end", {})
    bound = f"{-metrics['elbo']:.2f}" if "elbo" in metrics else f"({metrics['reconstruction']:.2f})"
    found = sample_quality(classifier, samples(checkpoints.pretrained(name, device="cpu"), COUNT), real)
    trained = str(end.get("epochs_trained", about["recipe"]["epochs"]))
    if end:
        trained += f", {end['seconds'] / 60:.0f} min" + (", still falling" if end["still_falling"] else "")
    data = {"mnist": "grey", "mnist-binary": "drawn anew" if about["recipe"].get("fresh") else "drawn once"}[about["recipe"]["data"]]
    return f"| {name} | {data} | {trained} | {bound} | {found.frechet:.2f} | {found.coverage:.3f} | ![{name}]({name}.png) |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="whose picture (all, and the table, when none is named)")
    names = parser.parse_args().names
    data = real_mnist()
    for name in names or filter(of_digits, checkpoints.names()):
        draw(name)
    if names:
        return
    classifier, real = checkpoints.pretrained("classifier-mnist", device="cpu"), data.test.x[:COUNT]
    stored = [name for name in checkpoints.names() if of_digits(name)]
    replaced = [[new, old] for new, old in IN_PLACE_OF.items() if new in stored and old in stored]
    others = [name for name in stored if not any(name in pair for pair in replaced)]
    head = (
        "| model | pixels | epochs | −ELBO, nats | Fréchet | coverage | 64 samples; 16 test images over their reconstructions |\n|"
        + "---|" * 7
    )
    told = {name: row(name, classifier, real) for name in stored}
    lines = [
        "# What the stored models make",
        "",
        "By `python -m benchmarks.gallery`. An autoencoder's figure, in brackets, is its reconstruction alone.",
    ]
    for new, old in replaced:
        lines += ["", f"## {new}, in place of {old}", "", head, told[new], told[old]]
    lines += ["", "## Others", "", head, *(told[name] for name in others), "", signature(), ""]
    (FOLDER / "README.md").write_text("\n".join(lines), "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
