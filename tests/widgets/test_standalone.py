"""Explorers for pages without a kernel: all that moves is in classic scripts, once a model, and what can't move says so."""

from __future__ import annotations

import html
import json
import re
import subprocess
from shutil import which

import pytest
import torch

from tests.explorers import EXPLORERS
from tests.kinds import KINDS
from vae_course.models import VAE
from vae_course.widgets import LatentPad, LatentSliders, TwoGaussians
from vae_course.widgets.standalone import MOVES_ELSEWHERE, RUNTIME, runtime, standalone, whole_page


@pytest.fixture
def flat_vae():
    torch.manual_seed(1)
    return VAE(input_shape=(1, 8, 8), latent_size=2, hidden_sizes=(16,))


@pytest.mark.parametrize("name", EXPLORERS)
def test_a_piece_moves_or_says_that_it_does_not(name, blobs):
    explorer = EXPLORERS[name](lambda kind: KINDS[kind]().eval(), blobs)
    piece, still = standalone(explorer), explorer.still()
    assert html.escape(still.alt) in piece.html
    assert (MOVES_ELSEWHERE in piece.html) == (explorer.panel.programme == {}) == (piece.scripts == {})
    if piece.scripts:
        state = json.loads(re.search(r'<script type="application/json">(.*?)</script>', piece.html)[1])
        assert state["frame"]["values"].keys() == explorer.values.keys()
        needed = {model["key"] for model in state["programme"]["models"]}
        assert needed <= {name.removeprefix("numbers-").removesuffix(".js") for name in piece.scripts}
        assert next(iter(piece.scripts)) == RUNTIME


def test_weights_stand_once_on_a_page_however_many_explorers_need_them(flat_vae, blobs):
    page = whole_page([LatentPad(flat_vae, blobs), LatentSliders(flat_vae, blobs), TwoGaussians()])
    key = LatentPad(flat_vae, blobs).panel.programme["models"][0]["key"]
    assert page.count(f'vaeCourse.bring("{key}"') == 1
    assert page.count("globalThis.vaeCourse ??=") == 1
    assert page.count("vaeCourse.stand(") == 2
    assert page.count(MOVES_ELSEWHERE) == 1


def test_nothing_in_it_needs_a_server(flat_vae, blobs):
    page = whole_page([LatentPad(flat_vae, blobs)])
    assert not re.search(r'type="module"|\bfetch\(|\bimport\(|^export |https?://', page, re.MULTILINE)


def test_what_stands_in_an_explorer_cannot_end_its_script(flat_vae, blobs):
    class Sly(LatentSliders):
        title = "</script><script>alert(1)<!--"

    page = standalone(Sly(flat_vae, blobs)).html
    assert "</script><script>alert" not in page
    assert "<!--" not in page


@pytest.mark.skipif(which("node") is None, reason="needs Node.js, to read the script as a browser would")
def test_the_runtime_is_a_script_and_may_be_loaded_twice(tmp_path):
    path = tmp_path / "runtime.js"
    path.write_text("globalThis.window = globalThis;\n" + 2 * runtime() + "console.log(Object.keys(vaeCourse).join());\n", "utf-8")
    done = subprocess.run(["node", str(path)], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "bring,stand", done.stderr
