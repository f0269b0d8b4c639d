"""The gap filler: what stands in the chart is what the model and one Gaussian say, and the browser's half draws the same pixels."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from vae_course import checkpoints, widgets
from vae_course.data import load
from vae_course.evaluation.series import chosen_ridge, gaussian_given_seen
from vae_course.widgets import GapFiller, chart
from vae_course.widgets.standalone import runtime

SCRIPT = Path(widgets.__file__).parent / "programme.js"


@pytest.fixture(scope="module")
def given():
    beats = load("heartbeats")
    return checkpoints.pretrained("series-heartbeats", device="cpu"), beats.train.x[:300, :, 0], beats.test.x[0]


@pytest.fixture(scope="module")
def explorer(given) -> GapFiller:
    return GapFiller({"a beat": given}, candidates=50)


def test_the_rival_is_one_gaussian_given_what_is_left(given, explorer):
    _, train, series = given
    explorer.set(start=20, hidden=24)
    value, hidden, _, _, _, rival, low, high = explorer.rows()
    assert hidden.nonzero().flatten().tolist() == list(range(20, 44))
    mean, sigma = gaussian_given_seen(train, series[:, :1].T, 1 - hidden.unsqueeze(0), ridge=chosen_ridge(train))
    torch.testing.assert_close(rival, mean[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(high - low, 2 * 1.2815516 * sigma[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(value, series[:, 0])


def test_the_model_is_told_nothing_of_the_hidden_part(given, explorer):
    model, train, series = given
    other = series.clone()
    other[20:44, 0] = 0.9
    changed = GapFiller({"a beat": (model, train, other)}, candidates=50)
    for name in ("mean", "low", "high", "rival"):
        row = chart.ROWS.index(name)
        torch.testing.assert_close(changed.rows(start=20, hidden=24)[row][20:44], explorer.rows(start=20, hidden=24)[row][20:44])
    assert (changed.rows(start=20, hidden=8)[2] - explorer.rows(start=20, hidden=8)[2]).abs().max() > 0.01  # of the rest it is


def test_its_words_say_how_far_each_is_off(explorer):
    explorer.set(start=0, hidden=56)
    value, hidden, mean, *_ = explorer.rows()
    miss = (mean - value)[hidden == 1].square().mean().sqrt().item()
    assert f"Steps 1 to 56 are hidden: the VAE misses by {miss:.3f}" in explorer.alt_text
    assert "one Gaussian" in explorer.still().alt


def test_a_chart_shades_what_is_hidden_and_dots_what_is_seen():
    rows = torch.full((8, 4), 0.5)
    rows[1] = torch.tensor([0.0, 1.0, 1.0, 0.0])
    rows[3:5] = torch.tensor([[0.25], [0.75]])
    picture = (255 * chart.painted(rows.view(1, -1), 4, 100, 48)[0]).round()
    assert picture[:, 5, 3].tolist() == [255, 255, 255]
    assert picture[:, 5, 18].tolist() == list(chart.SHADE)
    assert picture[:, 50, 6].tolist() == list(chart.INK)
    assert picture[0, 35, 24] < picture[2, 35, 24]  # within the band: bluish
    assert (picture[:, 50, 12] - torch.tensor(chart.COLOUR)).abs().max() < 2


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here to run the browser's half in")
def test_the_browser_draws_the_same_pixels(explorer, tmp_path):
    rows = explorer.set(start=16, hidden=16).rows().reshape(1, -1)
    wanted = chart.painted(rows, 64, 100, 384)[0]
    call = f"STEPS.chart(Float32Array.from({json.dumps(rows[0].tolist())}), {{ steps: 64, height: 100, width: 384 }})"
    script = tmp_path / "chart.js"
    script.write_text(f"{SCRIPT.read_text('utf-8')}\nprocess.stdout.write(Buffer.from({call}.buffer));\n", "utf-8")
    found = subprocess.run(["node", str(script)], check=True, capture_output=True).stdout
    assert np.abs(np.frombuffer(found, np.float32) - wanted.flatten().numpy()).max() < 0.5 / 255


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here to read the scripts")
def test_no_two_scripts_of_a_page_call_something_by_the_same_name(tmp_path):
    script = tmp_path / "runtime.js"
    script.write_text(runtime(), "utf-8")
    subprocess.run(["node", "--check", str(script)], check=True, capture_output=True)


def test_bad_input_is_told_in_one_sentence(given):
    model, train, series = given
    with pytest.raises(ValueError, match="expected one series or more, all of one length"):
        GapFiller({})
    with pytest.raises(ValueError, match=r"got series of \[32, 64\] steps"):
        GapFiller({"one": given, "other": (model, train, series[:32])})
