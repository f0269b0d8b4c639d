"""Profile, device, seed, banner, and that importing the package costs nothing."""

import importlib.metadata
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
