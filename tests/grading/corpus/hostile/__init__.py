"""Submissions that want points that they have not earned, or that nobody else gets any."""

from __future__ import annotations

from collections.abc import Iterator

from ..entry import Entry, World, notebook
from ..notebooks import ELBO, Work, right
from .attack import SPARED, Attack, whereabouts
from .ending import ENDING
from .lying import LYING
from .reading import READING
from .staying import STAYING
from .using_up import USING_UP
from .writing import WRITING

ATTACKS: tuple[Attack, ...] = (*READING, *WRITING, *LYING, *USING_UP, *ENDING, *STAYING)


def entries(world: World) -> Iterator[Entry]:
    """All of them."""
    for attack in ATTACKS:
        yield attack.entry(world)
    yield _locked_cells_rewritten()
    yield _points_rewritten()
    yield _words_that_are_code()
    yield _modules_beside(world)


def _locked_cells_rewritten() -> Entry:
    """The check cells say that all is right, and `check` itself is another."""
    work = Work({"kl_between": right("kl_between")})
    for cell in work.cells:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("locked"):
            cell["source"] = f"assert True\n{marks['points']}"
    work.before("leaning_kl", "check = lambda *arguments, **named: 100\nprogress = hint = check")
    work.cells.append({"cell_type": "code", "metadata": {}, "outputs": [], "source": "100", "execution_count": None})
    return Entry("rewrites-the-checks", notebook(work.saved()), SPARED, frozenset({"locked"}))


def _points_rewritten() -> Entry:
    """The marks of the cells say other points, other ids, and code for whoever puts them into a page or a database."""
    work = Work({"kl_between": right("kl_between")})
    for cell in work.cells:
        marks = cell["metadata"].get("nbgrader", {})
        if "points" in marks:
            marks["points"] = 1000
    work.cell("effective_beta")["metadata"]["nbgrader"] |= {"grade": True, "points": 1000, "locked": True, "solution": False}
    work.cell("in-words")["metadata"]["nbgrader"]["points"] = "<script>alert(1)</script>"
    for grade_id in ("in-words", "kl_between-check", "'; drop table grade; --", "<script>alert(1)</script>", "../../escaped", "x" * 5000):
        mine = {"grade_id": grade_id, "grade": True, "locked": True, "points": 1000, "schema_version": 3, "solution": False, "task": False}
        cell = {"cell_type": "code", "metadata": {"nbgrader": mine}, "outputs": [], "source": "1000", "execution_count": None}
        work.cells.append(cell)
    return Entry("rewrites-the-points", notebook(work.saved()), SPARED, frozenset({"locked"}))


def _words_that_are_code() -> Entry:
    words = (
        "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)> [click](javascript:alert(1)) =cmd|'/C calc'!A0 {{ secret }} {% raw %} "
        r"$\href{javascript:alert(1)}{x}$"
    )
    answers = {
        "kl_between": right("kl_between"),
        "effective_beta": "def effective_beta(*arguments):\n    raise ValueError('<script>alert(1)</script><img src=x onerror=alert(1)>')",
        "renyi_bound": "def renyi_bound(log_weights, alpha):\n    return '<script>alert(1)</script>'",
    }
    work = Work(answers).words(words).before("leaning_kl", "raise RuntimeError('<script>alert(1)</script>')")
    return Entry("words-that-are-code", notebook(work.saved()), SPARED, frozenset({"raised"}), words=words)


def _modules_beside(world: World) -> Entry:
    """Files beside the notebook that Python, pytest, Jupyter or nbgrader might load, in the hope that the grader stands in this folder."""

    def write(folder):
        work = Work({"kl_between": right("kl_between")})
        (folder / f"{ELBO}.ipynb").write_bytes(work.saved())
        code = f"open({str(world.outside)!r} + '/corpus-was-here', 'w')\n"
        for name in ("torch", "json", "math", "sitecustomize", "usercustomize", "conftest", "nbgrader_config", "jupyter_config"):
            (folder / f"{name}.py").write_text(code)
        (folder / "evil.pth").write_text("import os; " + code)
        (folder / "vae_course").mkdir()
        (folder / "vae_course" / "__init__.py").write_text(code)
        (folder / "gradebook.db").write_bytes(b"SQLite format 3\0")
        (folder / "results").mkdir()
        (folder / "results" / "modules-beside.json").write_text("{}")

    return Entry("modules-beside", write, SPARED)


__all__ = ["ATTACKS", "Attack", "entries", "whereabouts"]
