"""Submissions that came to harm on their way: by an editor, a browser, a disk, or the hand of somebody who meant well."""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from .entry import Entry, World, notebook
from .notebooks import ELBO, POINTS, Work, all_right, code_cell, grade_id_of, right, slipped

MEGABYTE = 2**20
WRONG = slipped("leaning_kl", ("- 2 * diagonal", "+ 2 * diagonal"))
ACCENTED = "# très bien, déjà vu\n"
MAGICS = {
    "leaning_kl": "%%time\n" + right("leaning_kl"),
    "kl_between": right("kl_between") + "\n\n%timeit kl_between(*[torch.zeros(2, 3)] * 4)\n!nvidia-smi",
    "gaussian_log_likelihood": right("gaussian_log_likelihood").replace("    squares", "    !echo inside\n    squares"),
}
MAGIC_CELLS = (
    "%matplotlib inline\n%load_ext autoreload\n!pip install -q einops",
    "files = !ls\nanswer = %pwd",
    "?torch.sum",
    "%%bash\nls -l | wc -l",
)


def entries(world: World) -> Iterator[Entry]:
    """All of them."""
    yield from _cells()
    yield from _names()
    yield from _bytes()
    yield from _no_notebooks(world)


def _cells() -> Iterator[Entry]:
    yield _entry("no-metadata", Work(all_right()).stripped(), flags={"no metadata"})
    no_ids = Work(all_right())
    no_ids.notebook["nbformat_minor"] = 2
    for cell in no_ids.cells:
        del cell["id"]
    yield _entry("no-ids", no_ids)
    bare = Work(all_right()).stripped()
    bare.notebook |= {"metadata": {}, "nbformat_minor": 0}
    for cell in bare.cells:
        del cell["id"]
    yield _entry("nothing-but-sources", bare, flags={"no metadata"})
    same_ids = Work(all_right())
    for cell in same_ids.cells:
        cell["id"] = "same"
    yield _entry("ids-all-the-same", same_ids)
    yield _entry("twice-the-second-right", Work(all_right(leaning_kl=WRONG)).doubled("leaning_kl", right("leaning_kl")), flags={"twice"})
    yield _entry("twice-the-first-right", Work(all_right()).doubled("leaning_kl", WRONG), POINTS | {"leaning_kl": 0}, flags={"twice"})
    stub = Work().cell("leaning_kl")["source"]
    yield _entry("twice-the-second-empty", Work(all_right()).doubled("leaning_kl", stub))
    improved = Work(all_right(renyi_bound=slipped("renyi_bound", (" - math.log(k)", ""))))
    improved.cells.append(code_cell(right("renyi_bound")))
    yield _entry("improved-at-the-end", improved, flags={"twice"})
    everything = Work(all_right())
    everything.cells = [copy.deepcopy(cell) for cell in everything.cells for _ in range(2)]
    yield _entry("every-cell-twice", everything, flags={"twice"})
    yield _entry("deleted-answer", Work(all_right()).without("renyi_bound"), POINTS | {"renyi_bound": 0}, flags={"missing"})
    yield _entry("deleted-checks", Work(all_right()).without(*(f"{name}-check" for name in POINTS)), flags={"locked"})
    yield _entry("deleted-imports", _without_set_up())
    yield _entry("only-the-answers", _only_answers(), flags={"locked"})
    head, _, tail = right("leaning_kl").partition("    trace =")
    yield _entry("split", Work(all_right(leaning_kl=head)).doubled("leaning_kl", "    trace =" + tail), flags={"split"})
    head = "def log_det(triangle):\n    return 2 * triangle.diagonal(dim1=1, dim2=2).log().sum(1)"
    tail = (
        "def leaning_kl(mu, scale_tril):\n"
        "    return 0.5 * ((scale_tril**2).sum((1, 2)) + (mu**2).sum(1) - mu.shape[1] - log_det(scale_tril))"
    )
    yield _entry("split-in-two-functions", Work(all_right(leaning_kl=head)).doubled("leaning_kl", tail), flags={"split"})
    yield _entry("order", _turned_round(), flags={"order"})
    together = "\n\n\n".join(right(name) for name in POINTS)
    merged = Work({"leaning_kl": together}).without(*list(POINTS)[1:])
    yield _entry("all-in-one-cell", merged)
    syntax = Work(all_right(kl_between="def kl_between(mu_q, log_var_q, mu_p, log_var_p)\n    return 0"))
    yield _entry("syntax-error", syntax, POINTS | {"kl_between": 0})
    other_kind = Work(all_right())
    other_kind.cell("effective_beta").update(cell_type="markdown")
    yield _entry("answer-as-markdown", other_kind, POINTS | {"effective_beta": 0}, flags={"missing"})
    yield _entry("magics", Work(all_right(**MAGICS)).before("leaning_kl", *MAGIC_CELLS), flags={"magics"})
    asserts = Work(all_right())
    asserts.cell("kl_between-check")["source"] = "check(kl_between, seed=3)\nprint('once more')"
    yield _entry("check-changed", asserts, flags={"locked"})
    tabs = Work({name: right(name).replace("    ", "\t").replace("\n", "\r\n") for name in POINTS})
    yield _entry("tabs-and-carriage-returns", tabs)
    odd = Work(all_right())
    odd.cells[0]["source"] = None
    odd.cells[2].pop("source")
    odd.cells[4]["metadata"] = []
    odd.cells.insert(1, {"cell_type": "raw", "source": ["raw"]})
    odd.cells.insert(1, {"cell_type": "heading", "level": 1, "source": "from another time", "metadata": {}})
    odd.cells.insert(1, {})
    odd.cells.insert(1, "no cell")  # type: ignore[arg-type]
    yield Entry("odd-cells", notebook(json.dumps(odd.notebook).encode()), POINTS, frozenset({"not run"}))


def _without_set_up() -> Work:
    work = Work(all_right())
    work.cells = [cell for cell in work.cells if cell["cell_type"] == "markdown" or grade_id_of(cell)]
    return work


def _only_answers() -> Work:
    work = _without_set_up()
    work.cells = [cell for cell in work.cells if grade_id_of(cell) in POINTS]
    return work


def _turned_round() -> Work:
    """The answers stand in the places of one another, last first."""
    work = Work(all_right())
    places = [work.place(name) for name in POINTS]
    cells = [work.cells[place] for place in places]
    for place, cell in zip(places, reversed(cells), strict=True):
        work.cells[place] = cell
    return work


def _names() -> Iterator[Entry]:
    content = Work(all_right()).saved()
    for student, name in {
        "copy-of": f"Copy of {ELBO}.ipynb",
        "one-in-brackets": f"{ELBO} (1).ipynb",
        "copy-1": f"{ELBO}-Copy1.ipynb",
        "underscores": "04_The_ELBO.ipynb",
        "upper-case": f"{ELBO}.IPYNB".upper(),
        "own-name": "homework final FINAL.ipynb",
    }.items():
        yield Entry(student, notebook(content, name), POINTS, frozenset({"renamed"}))

    def two_files(folder: Path) -> None:
        old, new = folder / f"{ELBO}.ipynb", folder / f"{ELBO} (1).ipynb"
        old.write_bytes(Work().saved())
        new.write_bytes(content)
        os.utime(old, (1e9, 1e9))

    yield Entry("two-files", two_files, POINTS, frozenset({"several files", "renamed"}))

    def checkpoints(folder: Path) -> None:
        (folder / f"{ELBO}.ipynb").write_bytes(content)
        beside = folder / ".ipynb_checkpoints"
        beside.mkdir()
        (beside / f"{ELBO}-checkpoint.ipynb").write_bytes(Work().saved())
        (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")

    yield Entry("checkpoints-beside", checkpoints, POINTS)

    def deeper(folder: Path) -> None:
        (folder / "vae-course-main" / "exercises").mkdir(parents=True)
        (folder / "vae-course-main" / "exercises" / f"{ELBO}.ipynb").write_bytes(content)

    yield Entry("folders-in-folders", deeper, POINTS)
    yield _entry(
        "kernel-of-conda", Work(all_right()).kernel(name="conda-env-dl-py", display_name="Python [conda env:dl]"), flags={"kernel"}
    )
    yield _entry("kernel-of-r", Work(all_right()).kernel(name="ir", display_name="R", language="R"), flags={"kernel"})


def _bytes() -> Iterator[Entry]:
    accented = Work(all_right(leaning_kl=ACCENTED + right("leaning_kl")))
    encoding = frozenset({"encoding"})
    yield Entry("utf-16", notebook(accented.saved(encoding="utf-16")), POINTS, encoding)
    yield Entry("utf-16-without-mark", notebook(accented.saved(encoding="utf-16-le")), POINTS, encoding)
    yield Entry("utf-32", notebook(accented.saved(encoding="utf-32")), POINTS, encoding)
    yield Entry("byte-order-mark", notebook(accented.saved(encoding="utf-8-sig")), POINTS)
    latin = accented.text(ascii_only=True).replace("\\u00e8", "è").replace("\\u00e9", "é").encode("latin-1")
    yield Entry("latin-1", notebook(latin), POINTS, encoding)
    text = Work(all_right()).text()
    after_two = {"leaning_kl": 1, "kl_between": 2}
    for student, place in {
        "cut-behind-the-second": text.index('"kl_between-check"'),
        "cut-inside-the-third": text.index("log_densities.flatten"),
        "cut-in-a-key": text.index('"execution_count"', text.index("squares = ")) + 6,
    }.items():
        more = {"gaussian_log_likelihood": 1} if student == "cut-in-a-key" else {}
        yield Entry(student, notebook(text[:place].encode()), after_two | more, frozenset({"mended", "missing"}))
    yield Entry("cut-at-the-end", notebook(text[:-40].encode()), POINTS, frozenset({"mended"}))
    half_a_letter = text[: text.index("ᵀ")].encode() + "ᵀ".encode()[:2]
    yield Entry("cut-in-a-letter", notebook(half_a_letter), {}, frozenset({"mended", "missing"}))
    conflict = text.replace(' "metadata": {', '<<<<<<< HEAD\n "metadata": {', 1)
    assert conflict != text
    yield Entry("conflict-marks", notebook(conflict.encode()), POINTS, frozenset({"mended"}))
    commas = text.replace("\n ]", ",\n ]", 1)
    yield Entry("a-comma-too-many", notebook(commas.encode()), POINTS, frozenset({"mended"}))
    broken_inside = bytearray(text.encode())
    place = broken_inside.index(b"Once it passes")
    broken_inside[place : place + 4] = b"\0\xff\xfe\0"
    yield Entry("broken-bytes", notebook(bytes(broken_inside)), POINTS, encoding)
    surrogate = text.replace("Once it passes", "\\\\ud83d Once it passes".replace("\\\\", "\\"), 1)
    yield Entry("half-a-surrogate", notebook(surrogate.encode()), POINTS)
    yield Entry("large", _with_large_outputs, POINTS, frozenset({"large"}))
    yield Entry("nbformat-3", notebook(_in_format_3()), POINTS)


def _with_large_outputs(folder: Path) -> None:
    """50 MB of picture and text below one cell."""
    work = Work(all_right())
    picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBORw0KGgo" * (25 * MEGABYTE // 11)}}
    text = {"output_type": "stream", "name": "stdout", "text": ["loss 0.1234567\n"] * (25 * MEGABYTE // 20)}
    work.cell("leaning_kl-check")["outputs"] = [picture, text]
    (folder / f"{ELBO}.ipynb").write_bytes(work.saved())


def _in_format_3() -> bytes:
    """As notebooks were before 2015: cells in a worksheet, `input` for a source."""
    work = Work(all_right())
    cells = []
    for number, cell in enumerate(work.cells, 1):
        if cell["cell_type"] == "code":
            made = {"cell_type": "code", "input": cell["source"].splitlines(keepends=True), "language": "python", "outputs": []}
            cells.append(made | {"prompt_number": number, "collapsed": False, "metadata": cell["metadata"]})
        else:
            cells.append({"cell_type": "markdown", "metadata": cell["metadata"], "source": cell["source"].splitlines(keepends=True)})
    old = {"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells, "metadata": {}}]}
    return json.dumps(old).encode()


def _no_notebooks(world: World) -> Iterator[Entry]:
    noise, unreadable = random.Random(0).randbytes(4000), frozenset({"not a notebook"})
    for student, content in {
        "empty-file": b"",
        "spaces": b" \n" * 50,
        "noise": noise,
        "pdf": b"%PDF-1.7\n" + noise,
        "login-page": b"<!DOCTYPE html><html><head><title>Please log in</title></head><body>Your session is over.</body></html>",
        "other-json": json.dumps({"name": "no notebook", "cells": 12}).encode(),
        "json-list": json.dumps([1, 2, {"cells": []}]).encode(),
        "json-number": b"1e999",
        "deep-json": b"[" * 200_000,
        "deep-cells": b'{"cells":' * 100_000 + b"1" + b"}" * 100_000,
        "deep-metadata": b'{"cells":[],"metadata":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b',"nbformat":4,"nbformat_minor":5}',
    }.items():
        yield Entry(student, notebook(content), {}, unreadable, frozenset({"encoding"}))
    yield Entry("a-folder", lambda folder: (folder / f"{ELBO}.ipynb").mkdir(), {}, unreadable)

    def to_the_solution(folder: Path) -> None:
        (folder / f"{ELBO}.ipynb").symlink_to(world.solutions / f"{ELBO}.ipynb")

    yield Entry("a-link-to-the-solution", to_the_solution, {}, unreadable)

    def to_nothing(folder: Path) -> None:
        (folder / f"{ELBO}.ipynb").symlink_to(folder / "gone.ipynb")

    yield Entry("a-link-to-nothing", to_nothing, {}, unreadable)
    no_cells = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    yield Entry("no-cells", notebook(json.dumps(no_cells).encode()), {}, unreadable)
    yield Entry(
        "fifo", lambda folder: os.mkfifo(folder / f"{ELBO}.ipynb"), {}, frozenset({"not a notebook"})
    )  # whoever opens it waits for ever


def _entry(student: str, work: Work, points: Mapping[str, float] = POINTS, *, flags: Iterable[str] = ()) -> Entry:
    return Entry(student, notebook(work.saved()), points, frozenset(flags))
