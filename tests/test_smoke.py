"""Does the course run here at all? For systems on which the whole suite is not run: `make smoke`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import vae_course
from vae_course.tasks import find


def test_every_module_can_be_imported():
    package = Path(vae_course.__file__).parents[1]
    for path in sorted(Path(vae_course.__file__).parent.rglob("*.py")):
        import_module(".".join(path.relative_to(package).with_suffix("").parts).removesuffix(".__init__"))


def test_every_name_of_the_package_is_there():
    assert all(getattr(vae_course, name) for name in vae_course.__all__)


def test_a_vae_learns_in_a_moment_and_draws():
    digits = vae_course.load("digits").subset(train=512, test=64)
    model = vae_course.VAE(latent_size=2, hidden_sizes=(64,))
    history = vae_course.fit(model, digits, epochs=3, seed=0, quiet=True)
    assert history.loss[-1] < history.loss[0]
    assert model.sample(2).shape == (2, 1, 28, 28)
    assert vae_course.pretrained("vae-mnist-2").sample(1).shape == (1, 1, 28, 28)


def test_a_right_answer_passes_and_a_wrong_one_is_told_which_mistake_it_is(capsys):
    task = find("gaussian_kl")
    vae_course.check(task.answer)
    assert "right" in capsys.readouterr().out
    vae_course.check(task.mistakes[0].function)
    assert task.mistakes[0].hint.split("?")[0] in " ".join(capsys.readouterr().out.split())
