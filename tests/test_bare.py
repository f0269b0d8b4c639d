"""Models, data, training and evaluation need no notebook: they work where ipywidgets, anywidget and IPython are not installed."""

import ast
import subprocess
import sys

import vae_course
from tests.notebooks.project import PYPROJECT, ROOT

BARE = """
import sys


class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("ipywidgets", "anywidget", "IPython", "traitlets", "jupyterlab"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, NotInstalled())
"""


def run_bare(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", BARE + code], capture_output=True, text=True, cwd=ROOT, timeout=300)


def test_a_vae_is_trained_measured_and_stored_without_a_notebook(tmp_path):
    done = run_bare(f"""
import torch
import vae_course
from vae_course import VAE, check, checkpoints, evaluate, evaluation, fit, load, models, negative_log_likelihood, pretrained, show_curves

data = load("digits").subset(train=200, test=50)
model = VAE(latent_size=3, hidden_sizes=(16,))
history = fit(model, data, epochs=2, test=data)
print(evaluate(model, data), negative_log_likelihood(model, data, k=3).mean())
checkpoints.save(model, {str(tmp_path / "model")!r}, recipe={{}}, metrics={{}})
assert checkpoints.load({str(tmp_path / "model")!r}).sample(2).shape == (2, 1, 28, 28)
assert pretrained("vae-mnist-20").sample(1).shape == (1, 1, 28, 28)
show_curves({{"the loss": history.loss}}, alt="The loss falls in both epochs.")
vae_course.start()
assert "IPython" not in sys.modules and "anywidget" not in sys.modules
""")
    assert done.returncode == 0, done.stderr
    assert "elbo" in done.stdout
    assert "The loss falls in both epochs." in done.stdout


def test_an_explorer_says_what_it_needs():
    done = run_bare("from vae_course import LatentSliders")
    assert done.returncode != 0
    assert 'explorers need a notebook\'s libraries: pip install "vae-course[notebooks]"' in done.stderr


def test_what_a_notebook_needs_is_an_extra_that_the_course_installs():
    extras = PYPROJECT["project"]["optional-dependencies"]
    assert {line.partition(">")[0] for line in extras["notebooks"]} == {"ipython", "ipywidgets", "anywidget", "scikit-image"}
    assert any(line.startswith("vae-course[notebooks") for line in extras["lab"])
    assert not any(line.startswith(("ipython", "ipywidgets", "anywidget")) for line in PYPROJECT["project"]["dependencies"])


def test_editors_read_the_names_that_the_package_hands_on():
    tree = ast.parse((ROOT / "vae_course" / "__init__.py").read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 1]
    read = {alias.asname: node.module for node in imports for alias in node.names}
    assert read == vae_course._HOME_OF
    assert all(alias.asname == alias.name for node in imports for alias in node.names)
    assert (ROOT / "vae_course" / "py.typed").exists()
