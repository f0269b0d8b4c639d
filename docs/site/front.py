"""The first page: a digit to draw and to drag, then for whom the course is and the map of its pages, all read from the notebooks."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path
from string import Template

import torch

from vae_course import load, pretrained
from vae_course.widgets import DrawYourOwn, LatentPad, drawing, standalone

from . import explorers, pictures
from .pages import COLAB, REPOSITORY, Page, parts

HERE = Path(__file__).parent
MODEL = "convolutional-vae-mnist-2"  # small: what the page has to load
SCRIPT, STATE = "front.js", "front-state.js"


def write(pages: list[Page], to: Path) -> None:
    """Write index.html with its script and its style."""
    scripts = stage(to / explorers.FOLDER)
    files = pictures.Files(to)
    walks = parts(pages)
    text = Template((HERE / "front.html").read_text("utf-8")).substitute(
        style=(HERE / "front.css").read_text("utf-8"),
        scripts="\n".join(f'<script defer src="{explorers.FOLDER}/{name}"></script>' for name in scripts),
        map="\n".join(listed(heading, some, files) for heading, some in walks.items()),
        pages=sum(map(len, walks.values())),
        exercises=sum(page.folder == "exercises" for page in pages),
        colab=f"{COLAB}/notebooks/{pages[0].path.name}",
        first=f"notebooks/{pages[0].name}.html",
        repository=REPOSITORY,
        clone=f"git clone {REPOSITORY} &amp;&amp; cd {REPOSITORY.rpartition('/')[2]}",
    )
    (to / "index.html").write_text(text, "utf-8")


def stage(folder: Path) -> list[str]:
    """What the first page moves: a canvas and a map of one model. Returns its scripts in the order in which they are loaded."""
    data, model = load("mnist"), pretrained(MODEL)
    sketch, pad = DrawYourOwn(model, data, prices=False), LatentPad(model, data)
    state = {
        "sketch": standalone.state_of(sketch),
        "pad": standalone.state_of(pad),
        "painted": base64.b64encode(drawing.to_small_png(pad.map(manifold=True))).decode("ascii"),
        "middles": {str(name): middle(pad, number) for number, name in enumerate(pad.names)},
    }
    scripts = {SCRIPT: standalone.runtime(HERE / SCRIPT), **standalone.numbers_of(sketch)}
    scripts[STATE] = f"vaeFront({json.dumps(state, ensure_ascii=False)});\n"
    for name, script in scripts.items():
        (folder / name).write_text(script, "utf-8")
    return list(scripts)


def middle(pad: LatentPad, number: int) -> list[float]:
    """Where the encodings of a class have their middle."""
    assert pad.places is not None
    return [round(value, 2) for value in torch.from_numpy(pad.places)[pad.y == number].median(0).values.tolist()]


def listed(heading: str, pages: list[Page], files: pictures.Files) -> str:
    cards = "\n".join(card(page, files) for page in pages)
    return f'<h3>{html.escape(heading)}</h3>\n<ol class="cards">\n{cards}\n</ol>'


def card(page: Page, files: pictures.Files) -> str:
    """A page's face, its title, its question and its minutes."""
    face = ""
    if page.face:
        png, _ = page.face
        address = files.address("image/png", png, up="")
        width, height = pictures.size_of(base64.b64decode(png))
        # The link's words say what the page is; its picture adds nothing to them that could be told in a line.
        face = f'<span class="face"><img loading="lazy" decoding="async" src="{address}" alt="" width="{width}" height="{height}"></span>'
    minutes = f'<span class="minutes">about {page.minutes} minutes{" · with an exercise" if page.exercise else ""}</span>'
    words = f"<strong>{html.escape(page.title)}</strong><span>{html.escape(page.question)}</span>{minutes}"
    return f'<li><a href="notebooks/{page.name}.html">{face}<span class="told">{words}</span></a></li>'
