"""Profile, device, seed, banner, and that importing the package costs nothing."""

import importlib.metadata
import re
import shutil
import subprocess
import sys
import types
import zipfile
from pathlib import Path

import pytest
import torch

import vae_course
from vae_course import runtime
from vae_course.training import fit


def test_choose_follows_the_profile(monkeypatch):
    monkeypatch.setenv("VAE_COURSE_PROFILE", "quick")
    assert runtime.choose(quick=1, full=10) == 1
    monkeypatch.delenv("VAE_COURSE_PROFILE")
    assert runtime.choose(quick=1, full=10) == 10


def test_an_unknown_profile_is_named(monkeypatch):
    monkeypatch.setenv("VAE_COURSE_PROFILE", "fast")
    with pytest.raises(ValueError, match="VAE_COURSE_PROFILE is 'fast', expected one of quick, full"):
        runtime.profile()


def test_the_device_variable_overrides(monkeypatch):
    monkeypatch.setenv("VAE_COURSE_DEVICE", "cpu")
    assert runtime.device() == torch.device("cpu")
    monkeypatch.setenv("VAE_COURSE_DEVICE", "abacus")
    with pytest.raises(ValueError, match="unknown device 'abacus'. Use 'cpu', 'cuda'"):
        runtime.device()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_an_absent_device_is_named():
    with pytest.raises(ValueError, match="device 'cuda' was asked for, but this machine has none"):
        runtime.device("cuda")


def test_the_same_seed_gives_the_same_draws():
    runtime.seed_everything(4)
    first = torch.randn(3)
    runtime.seed_everything(4)
    assert torch.equal(first, torch.randn(3))


def test_the_banner_is_one_line(capsys):
    runtime.start()
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert "PyTorch" in printed
    assert "profile: " in printed


def test_a_page_of_the_packages_version_adds_nothing(capsys):
    runtime.start()
    alone = capsys.readouterr().out
    runtime.start(vae_course.__version__)
    assert capsys.readouterr().out == alone


@pytest.mark.parametrize("page", ["0.0.1", "99.0.0", ""])
def test_a_page_of_another_version_says_what_to_do_in_one_line_more(page, capsys):
    runtime.start(page)
    banner, more = capsys.readouterr().out.splitlines()
    assert banner.startswith("vae_course ")
    assert f"This page is of version {page} of the course, the package of {vae_course.__version__}. " in more
    assert "`make update`" in more
    assert '%pip install "{course}"' in more, "the set-up cell's own line, with the page's version"


def not_installed(name):
    raise importlib.metadata.PackageNotFoundError(name)


@pytest.mark.parametrize("found", [not_installed, lambda name: None, lambda name: "0.0.1"], ids=["no metadata", "empty", "another install"])
def test_the_banner_names_the_version_of_the_package_that_runs(found, capsys, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", found)
    runtime.start()
    assert capsys.readouterr().out.startswith(f"vae_course {vae_course.__version__} | PyTorch ")


@pytest.mark.parametrize(
    "variables",
    [{}, {"RANK": ""}, {"RANK": "0", "LOCAL_RANK": "0"}, {"LOCAL_RANK": "0"}, {"VAE_COURSE_DEVICE": ""}],
    ids=str,
)
def test_the_banner_needs_no_variable(variables, capsys, monkeypatch):
    for name in ("RANK", "LOCAL_RANK", "VAE_COURSE_PROFILE", "VAE_COURSE_DEVICE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    runtime.start()
    assert capsys.readouterr().out.count("\n") == 1


def test_the_banner_does_without_what_only_colab_has(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    runtime.start()
    assert capsys.readouterr().out.startswith("vae_course ")


@pytest.mark.parametrize("packed", [False, True], ids=["a folder on the path", "a zip on the path"])
def test_the_package_starts_where_it_was_never_installed(tmp_path, packed):
    """As on Kaggle, from a Drive, or out of a zip: only the files are there, and IPython need not be."""
    files = [Path(vae_course.__file__), Path(runtime.__file__)]
    place = tmp_path / ("course.zip" if packed else "course")
    if packed:
        with zipfile.ZipFile(place, "w") as archive:
            for file in files:
                archive.write(file, f"vae_course/{file.name}")
    else:
        (place / "vae_course").mkdir(parents=True)
        for file in files:
            shutil.copy(file, place / "vae_course" / file.name)
    code = f"""
import importlib.metadata, sys
sys.path.insert(0, {str(place)!r})
sys.modules["IPython"] = None
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in str(finder)]
import vae_course
assert vae_course.__file__.startswith({str(place)!r}), vae_course.__file__
vae_course.start()
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.startswith(f"vae_course {vae_course.__version__} | PyTorch "), done.stderr


def test_announce_says_what_where_and_how_long(capsys, monkeypatch):
    monkeypatch.setenv("VAE_COURSE_DEVICE", "cpu")
    runtime.announce("ten epochs", cpu=40, gpu=5)
    runtime.announce("many epochs", cpu=150, gpu=5)
    assert capsys.readouterr().out == "ten epochs: about 40 s on this device (cpu).\nmany epochs: about 2.5 min on this device (cpu).\n"


class Gpus:
    """A machine's GPUs as PyTorch tells of them: the kinds that it was built for, and each GPU's own compute capability."""

    def __init__(self, monkeypatch, built: list[str], *own: tuple[int, int]) -> None:
        runtime._can_compute_on.cache_clear()
        monkeypatch.delenv("VAE_COURSE_DEVICE", raising=False)
        answers = {
            "is_available": lambda: True,
            "device_count": lambda: len(own),
            "get_arch_list": lambda: built,
            "get_device_capability": lambda gpu=0: own[gpu],
            "get_device_name": lambda gpu=0: "Tesla P100-PCIE-16GB",
        }
        for name, answer in answers.items():
            monkeypatch.setattr(torch.cuda, name, answer)


@pytest.fixture
def gpus(monkeypatch):
    yield lambda built, *own: Gpus(monkeypatch, built, *own)
    runtime._can_compute_on.cache_clear()


TODAY = ["sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120"]


@pytest.mark.parametrize(
    ("built", "own", "runs"),
    [
        (TODAY, (6, 0), False),
        (TODAY, (7, 0), False),  # older than any of its generation that was built for
        (TODAY, (7, 5), True),
        (TODAY, (8, 9), True),  # newer than the last of its generation that was built for
        (TODAY, (9, 0), True),
        (TODAY, (11, 0), False),
        ([*TODAY, "compute_100"], (11, 0), True),  # compiled on arrival
        ([*TODAY, "compute_120"], (11, 0), False),
        (["sm_90a", "sm_100f"], (9, 0), True),
        (["gfx906", "gfx942"], (9, 4), True),  # another maker's, of which nothing is known
        ([], (6, 0), True),
    ],
)
def test_a_gpu_that_this_pytorch_was_not_built_for_is_not_picked_and_refused_by_name(built, own, runs, gpus, capsys):
    gpus(built, own)
    picked = [runtime.device().type for _ in range(3)]
    said = capsys.readouterr().out
    if runs:
        assert picked == ["cuda"] * 3
        assert runtime.device("cuda:0") == torch.device("cuda:0")
        assert said == ""
        return
    assert picked == ["cpu"] * 3
    told = f"Tesla P100-PCIE-16GB has compute capability {own[0]}.{own[1]}, and this PyTorch was built for 7.5, 8.0, 8.6, 9.0, 10.0, 12.0"
    assert said == f"The GPU is not used, since {told}: the CPU computes.\n", "one sentence, said once"
    for name in ("cuda", "cuda:0"):
        with pytest.raises(ValueError, match=rf"device '{name}' was asked for, but {told}. Use 'cpu'"):
            runtime.device(name)


def test_each_of_several_gpus_is_looked_at_for_itself(gpus, monkeypatch):
    gpus(TODAY, (9, 0), (6, 0))
    assert runtime.device("cuda:0") == torch.device("cuda:0")
    with pytest.raises(ValueError, match="device 'cuda:1' was asked for, but Tesla P100"):
        runtime.device("cuda:1")
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert runtime.device() == torch.device("cpu")


def written(bar) -> str:
    """What a bar would show now, without its clock."""
    return re.sub(r"\d\d:\d\d", "mm:ss", str(bar))


@pytest.fixture
def in_a_notebook(monkeypatch):
    """The texts that are shown in place of one another below a cell."""
    shown = []
    monkeypatch.setattr(runtime, "in_notebook", lambda: True)
    monkeypatch.setattr(runtime._OneLine, "write", lambda self, text: shown.extend([line] if (line := text.strip()) else []) or len(text))
    return shown


def test_a_bar_moves_by_parts_and_counts_what_is_whole(in_a_notebook):
    with runtime.track(None, "training", total=2) as bar:
        seen = []
        for _ in range(7 * 2):
            bar.update(1 / 7)
            seen.append(written(bar))
    assert seen[0].startswith("training: 0/2 |█")
    assert seen[6].startswith("training: 1/2 |██████████ ")
    assert seen[7].startswith("training: 1/2 |███████████")
    assert seen[13] == "training: 2/2 |████████████████████| mm:ss"
    assert len(set(seen)) == 14, "each part shows"


def test_a_bar_of_things_still_counts_them(in_a_notebook):
    assert list(runtime.track([3, 1, 2], "sorting")) == [3, 1, 2]
    assert re.fullmatch(r"sorting: 3/3 \|█{20}\| \d\d:\d\d", in_a_notebook[-1])


def batches_without_a_length(x):
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(x)

    return torch.utils.data.DataLoader(Stream(), batch_size=32)


@pytest.mark.parametrize("kind", ["in memory", "a loader", "a loader without a length"])
def test_training_ticks_with_each_batch_and_tells_losses_at_the_ends_of_epochs_only(kind, in_a_notebook, blobs, small_vae, monkeypatch):
    x = blobs.train.x
    data = {
        "in memory": x,
        "a loader": torch.utils.data.DataLoader(x, batch_size=32),
        "a loader without a length": batches_without_a_length(x),
    }[kind]
    real = runtime.track
    monkeypatch.setattr(runtime, "track", lambda *a, **k: with_no_pause(real(*a, **k)))
    fit(small_vae, data, epochs=3, batch_size=32)
    ticks = in_a_notebook
    assert len(ticks) >= 3 * 8, "a tick for each of 8 batches in 3 epochs"
    assert ticks[-1].startswith("training: 3/3 |████████████████████|")
    assert "loss=" in ticks[-1]
    assert all(re.search(r"\d\d:\d\d", line) for line in ticks), "each tick has its time"
    told = {match.group() for line in ticks if (match := re.search("loss=.*", line))}
    assert len(told) == 3, "losses are told once an epoch, not once a batch"
    if kind == "a loader without a length":
        assert any(line.endswith("batch 5") for line in ticks)


def with_no_pause(bar):
    bar.mininterval = 0
    return bar


@pytest.mark.parametrize("heavy", ["torch", "torchvision", "matplotlib", "sklearn", "ipywidgets"])
def test_importing_the_package_imports_nothing_heavy(heavy):
    code = f"import sys, vae_course; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_model_does_not_bring_torchvision_plots_or_widgets():
    heavy = ("torchvision", "matplotlib", "ipywidgets")
    code = f"import sys; from vae_course import VAE, fit; VAE, fit; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_package_names_what_it_has():
    with pytest.raises(AttributeError, match="vae_course has no 'vea'. It hands on: .*VAE"):
        _ = vae_course.vea
    for name in vae_course.__all__:
        assert callable(getattr(vae_course, name))
