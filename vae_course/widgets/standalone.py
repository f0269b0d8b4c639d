"""Explorers on a page without a kernel, be it opened from disk: no `fetch` and no module, but classic scripts that bring all that moves.

    piece = standalone(LatentSliders(model, data))
    piece.html        the explorer, to be put into a page
    piece.scripts     file name → classic script: load these first, in this order, each once a page, however many explorers name it

A site writes the scripts beside its pages, where one file of weights serves all explorers of a model on all of them;
`whole_page(explorers)` writes everything into one file. An explorer whose pictures only a kernel draws shows its still one, and says so.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..plots import outputs_of
from . import drawing
from .explorer import HERE, SCRIPTS, Explorer
from .programme import Weights

RUNTIME = "vae-course.js"
MOVES_ELSEWHERE = "This one moves in a notebook only, where a kernel draws it. Here is what it shows."


@dataclass(frozen=True)
class Piece:
    """A part of a page, and the classic scripts that it needs, by file name: the runtime and numbers. The same name, the same script."""

    html: str
    scripts: dict[str, str] = field(default_factory=dict, repr=False)


def standalone(explorer: Explorer) -> Piece:
    """The explorer as it stands, for a page without a kernel; below it its still picture with its words."""
    still = explorer.still()
    below = "\n".join(data["text/html"] for data, _ in outputs_of(still.png, still.alt, density=drawing.DENSITY))
    panel = explorer.panel
    if not panel.weights:
        return Piece(f'<div class="vae-standalone">\n<p>{html.escape(explorer.title)}. {MOVES_ELSEWHERE}</p>\n{below}\n</div>')
    written = json.dumps(state_of(explorer), ensure_ascii=False).replace("</", "<\\/").replace("<!--", "<\\!--")
    place = f'<div class="vae-standalone">\n<script type="application/json">{written}</script>\n{below}\n</div>'
    start = "<script>vaeCourse.stand(document.currentScript.previousElementSibling);</script>"
    return Piece(f"{place}\n{start}", {RUNTIME: runtime(), **numbers_of(explorer)})


def state_of(explorer: Explorer) -> dict[str, Any]:
    """What the browser's half has to know, as JSON can carry it: `vaeCourse.stand(place, state)` draws the explorer into an element."""
    panel = explorer.panel
    state = {name: getattr(panel, name) for name in ("about", "controls", "frame", "programme")}
    return state | {name: _text_of(getattr(panel, name)) for name in ("png", "backdrop", "sound")}


def numbers_of(explorer: Explorer) -> dict[str, str]:
    """File name → classic script that brings numbers which the explorer paints with. None where its pictures come from a kernel."""
    return {f"numbers-{carrier.key}.js": _brought(carrier) for carrier in explorer.panel.weights}


def runtime(*more: Path) -> str:
    """What draws the controls and paints, as a classic script: it may be loaded more than once.

    more: scripts of a page's own that use the parts of explorers: they stand behind these, in the same scope.
    """
    scripts = [*SCRIPTS, *sorted(set(HERE.glob("*.js")) - set(SCRIPTS)), *more]  # behind the panel's come those of single explorers
    parts = [path.read_text("utf-8").replace("export default { render };", "") for path in scripts]
    style = json.dumps("".join(path.read_text("utf-8") for path in sorted(HERE.glob("*.css"), reverse=True)))
    return f"globalThis.vaeCourse ??= (() => {{\nconst STYLE = {style};\n{''.join(parts)}\nreturn {{ bring, stand }};\n}})();\n"


def whole_page(explorers: Sequence[Explorer], *, title: str = "Explorers", language: str = "en") -> str:
    """One HTML file with everything in it: each script once, and the explorers below each other."""
    pieces = [standalone(explorer) for explorer in explorers]
    scripts = {name: script for piece in pieces for name, script in piece.scripts.items()}
    head = "\n".join(f"<script>\n{script}</script>" for script in scripts.values())
    body = "\n".join(piece.html for piece in pieces)
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n{head}\n</head>\n<body>\n'
        f"<main>\n<h1>{html.escape(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _brought(carrier: Weights) -> str:
    return f'vaeCourse.bring("{carrier.key}", "{carrier.precision}", "{_text_of(carrier.numbers)}");\n'


def _text_of(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
