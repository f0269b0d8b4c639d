"""The reference: one page a room of the package, made by Sphinx from the docstrings."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

ROOMS = {
    "data": "Data",
    "objectives": "Objectives",
    "models": "Models",
    "training": "Training",
    "evaluation": "Evaluation",
    "plots": "Figures",
    "widgets": "Explorers",
    "audio": "Sound",
    "checkpoints": "Stored models",
    "clinic": "The clinic",
    "contract": "The contract of a model",
    "runtime": "Where and how long to compute",
}


def write(source: Path) -> None:
    """A page for each room, and one that lists them."""
    folder = source / "reference"
    folder.mkdir(parents=True)
    lines = ["# Reference", "", "What the pages import, in the words of the package itself.", "", "```{toctree}", ":maxdepth: 1", ""]
    (folder / "index.md").write_text("\n".join([*lines, *ROOMS, "```", ""]), "utf-8")
    for room, title in ROOMS.items():
        (folder / f"{room}.rst").write_text(page(room, title), "utf-8")


def page(room: str, title: str) -> str:
    """What the room's module says of itself, then all that it hands out."""
    import_module(f"vae_course.{room}")
    heading = f"{title}\n{'=' * len(title)}\n"
    return f"{heading}\n``vae_course.{room}``\n\n.. automodule:: vae_course.{room}\n   :members:\n   :show-inheritance:\n"
