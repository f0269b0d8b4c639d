"""The set-up cell: on Colab it installs the page's own version, elsewhere it says how to, and without its magics it is Python still."""

import builtins
import re
import sys
import types

import pytest
from IPython.core.inputtransformer2 import TransformerManager

import vae_course
from tests.notebooks.project import REPOSITORY, SET_UP

ADDRESS = f"vae-course[notebooks] @ git+{REPOSITORY}@v{vae_course.__version__}"


def without_magics(cell: str) -> str:
    return "\n".join(line for line in cell.splitlines() if not line.lstrip().startswith("%"))


def run(cell: str = SET_UP) -> list[str]:
    """Run the cell as a notebook would; returns the magics that it called, with names in braces filled in."""
    asked, room = [], {}
    shell = types.SimpleNamespace(run_line_magic=lambda name, line: asked.append(f"{name} {line.format(**room)}"))
    room["get_ipython"] = lambda: shell
    exec(compile(TransformerManager().transform_cell(cell), "<set-up>", "exec"), room)
    return asked


def test_at_home_it_installs_nothing(capsys):
    assert run() == []
    assert capsys.readouterr().out.count("\n") == 1, "the banner alone"


def test_on_colab_it_installs_the_pages_own_version_with_what_notebooks_need(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    assert run() == [f'pip install --quiet "{ADDRESS}"']
    assert capsys.readouterr().out.startswith("The course is being installed")


@pytest.mark.parametrize("colab", [False, True])
def test_without_its_magics_it_is_python_still(colab, monkeypatch, capsys):
    if colab:
        monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    exec(compile(without_magics(SET_UP), "<set-up>", "exec"), {})
    assert "vae_course " in capsys.readouterr().out


def test_where_the_course_is_missing_one_line_says_how_to_install_it(monkeypatch):
    real = builtins.__import__

    def without_the_course(name, *rest):
        if name == "vae_course":
            raise ModuleNotFoundError(f"No module named {name!r}")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_the_course)
    with pytest.raises(ModuleNotFoundError) as told:
        run()
    assert f'%pip install "{ADDRESS}"' in str(told.value)
    assert "\n" not in str(told.value)
    assert told.value.__suppress_context__, "no second traceback above it"


def test_it_is_short_and_its_versions_can_be_found():
    assert len(SET_UP.splitlines()) < 12
    assert re.findall(rf"{re.escape(REPOSITORY)}@v([\d.]+\d)", SET_UP) == [vae_course.__version__]
    assert re.findall(r'vae_course\.start\("([^"]*)"\)', SET_UP) == [vae_course.__version__]
