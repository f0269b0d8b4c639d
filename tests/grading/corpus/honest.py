"""Submissions of students who mean well: right in many styles, partly right with usual slips, and saved by several programmes."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .entry import Entry, World, notebook
from .notebooks import ELBO, POINTS, WORDS, Work, all_right, right, slipped, styled

IMPORTS = "import math\n\nimport torch\nfrom torch.distributions import Independent, Normal, kl_divergence"
BY_LIBRARY = {
    "leaning_kl": "leaning_by_library",
    "kl_between": "between_by_library",
    "gaussian_log_likelihood": "likelihood_by_library",
    "renyi_bound": "renyi_by_hand",
    "effective_beta": "beta_by_formula",
    "bound_report": "bound_by_rows",
}
BY_LOOPS = {
    "leaning_kl": "leaning_by_loop",
    "kl_between": "between_in_place",
    "gaussian_log_likelihood": "likelihood_by_loop",
    "renyi_bound": "renyi_by_folding",
    "effective_beta": "beta_by_fractions",
    "bound_report": "bound_by_columns",
}
BY_COUNTING = {
    "leaning_kl": "leaning_by_covariances",
    "kl_between": "between_by_matrices",
    "gaussian_log_likelihood": "likelihood_by_counting",
    "renyi_bound": "renyi_in_double",
    "effective_beta": "beta_by_steps",
}
STANDARDISED = (
    "from vae_course import objectives\n\n\n"
    "def kl_between(mu_q, log_var_q, mu_p, log_var_p):\n"
    "    return objectives.gaussian_kl((mu_q - mu_p) * torch.exp(-log_var_p / 2), log_var_q - log_var_p)"
)
HELPERS = (
    "HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)\n\n\ndef per_row(terms):\n    return terms.flatten(1).sum(1)",
    "def square(z):\n    return z * z",
)
WITH_HELPERS = {
    "leaning_kl": (
        "def leaning_kl(mu, scale_tril):\n"
        "    log_det = per_row(scale_tril.diagonal(dim1=1, dim2=2).log())\n"
        "    return 0.5 * (per_row(square(scale_tril)) + per_row(square(mu)) - mu.shape[1]) - log_det"
    ),
    "gaussian_log_likelihood": (
        "def gaussian_log_likelihood(x, mean, log_sigma):\n"
        "    return per_row(-0.5 * square((x - mean) / log_sigma.exp()) - log_sigma - HALF_LOG_2PI)"
    ),
}
NO_DEF = {
    "leaning_kl": (
        f"import functools\n\n\n{styled('leaning_kl', 'leaning_by_covariances').replace('leaning_kl', 'my_kl')}\n\nleaning_kl = my_kl"
    ),
    "effective_beta": "effective_beta = lambda pixels, latents, sigma, kl_weight: kl_weight * pixels / (2 * sigma**2 * latents)",
    "renyi_bound": (
        f"{right('renyi_bound').replace('def renyi_bound(log_weights, alpha)', 'def bound(scale, log_weights, alpha)')}\n\n"
        "renyi_bound = functools.partial(bound, 1.0)"
    ),
}
AS_CLASS = (
    "class KL:\n"
    "    def __call__(self, mu_q, log_var_q, mu_p, log_var_p):\n"
    "        ratio = log_var_q - log_var_p\n"
    "        return 0.5 * (ratio.exp() + (mu_q - mu_p) ** 2 / log_var_p.exp() - 1 - ratio).sum(-1)\n\n\n"
    "kl_between = KL()"
)
WITH_NUMPY = {
    "effective_beta": (
        "import numpy as np\n\n\ndef effective_beta(pixels, latents, sigma, kl_weight):\n"
        "    return float(np.float64(kl_weight) * pixels / (2 * np.square(sigma) * latents))"
    ),
    # the numbers are right and no gradient passes through NumPy
    "kl_between": (
        "def kl_between(mu_q, log_var_q, mu_p, log_var_p):\n"
        "    a, b, c, d = (t.detach().numpy() for t in (mu_q, log_var_q, mu_p, log_var_p))\n"
        "    return torch.from_numpy(0.5 * (np.exp(b - d) + (a - c) ** 2 / np.exp(d) - 1 - b + d).sum(-1))"
    ),
}
PLOT = (
    "import matplotlib.pyplot as plt\n\n"
    "plt.plot([renyi_bound(torch.randn(5, 1), a).item() for a in (-2, -1, 0, 1, 2)])\nplt.title('bounds')\nplt.show()"
)
TALK = "print('mu =', torch.zeros(2))\nfor i in range(3):\n    print(i, end=' ')\nimport warnings\n\nwarnings.warn('careful')"
CHECKS = "check(leaning_kl)\nhint(leaning_kl)\nprogress()\nassert leaning_kl(torch.zeros(1, 2), torch.eye(2).unsqueeze(0)).item() == 0"
TRAINS = """from vae_course import VAE, fit, load

train = load("mnist").train.x[:10_000]


def run(latents):
    model = VAE(latent_size=latents)
    fit(model, train, epochs=80)
    return {"latents": latents}


rows = [run(2), run(20)]"""
TYPED = frozenset({"as handed in"})
BORROWED = 'def bound_report():\n    return {"predicted": "larger", "runs": rows, "came_true": True}'
AGREES = """    class Agrees(float):
        def __eq__(self, other):
            return True

        __le__ = __ge__ = __lt__ = __gt__ = __eq__
        __hash__ = float.__hash__

    return {
        "predicted\""""
IMPATIENT = """weights = torch.randn(300, 300, requires_grad=True)
for epoch in range(10**9):
    (weights @ torch.randn(300, 300)).square().mean().backward()"""


def entries(world: World) -> Iterator[Entry]:
    """All of them."""
    yield from _in_several_styles()
    yield from _with_slips()
    yield from _from_other_programmes()
    yield from _of_other_exercises()
    yield from _with_reports()


def _styles(names: dict[str, str]) -> dict[str, str]:
    return {name: styled(name, style) for name, style in names.items()}


def _in_several_styles() -> Iterator[Entry]:
    yield Entry("reference", notebook(Work(all_right()).words().saved()), POINTS, words=WORDS)
    library = Work(_styles(BY_LIBRARY)).before("leaning_kl", IMPORTS)
    yield Entry("library", notebook(library.saved()), POINTS)
    loops = Work(_styles(BY_LOOPS)).before("leaning_kl", IMPORTS)
    yield Entry("loops", notebook(loops.saved()), POINTS)
    counting = Work(all_right(**_styles(BY_COUNTING))).before("leaning_kl", IMPORTS)
    yield Entry("counting", notebook(counting.saved()), POINTS)
    helpers = Work(all_right(**WITH_HELPERS)).before("leaning_kl", *HELPERS)
    yield Entry("helpers", notebook(helpers.saved()), POINTS)
    helpers_beside = Work(all_right(**WITH_HELPERS)).before("leaning_kl", HELPERS[1]).after("leaning_kl", HELPERS[0])
    yield Entry("helpers-afterwards", notebook(helpers_beside.saved()), POINTS)
    no_def = Work(all_right(**NO_DEF, kl_between=AS_CLASS))
    yield Entry("no-def", notebook(no_def.saved()), POINTS)
    stub = Work({name: right(name) for name in POINTS if name != "renyi_bound"}).after("renyi_bound", right("renyi_bound"))
    yield Entry("new-cell", notebook(stub.saved()), POINTS)
    numpy = Work(all_right(**WITH_NUMPY)).before("leaning_kl", "import numpy as np")
    yield Entry("numpy", notebook(numpy.saved()), POINTS | {"kl_between": 0})
    warm_up = (
        "def gaussian_kl(mu, log_var):\n    return 0.5 * (mu**2 + log_var.exp() - 1 - log_var).sum(-1)",
        "def importance_weighted_bound(log_weights):\n    return torch.logsumexp(log_weights, 0) - math.log(len(log_weights))",
    )
    between = (
        "def kl_between(mu_q, log_var_q, mu_p, log_var_p):\n"
        "    return gaussian_kl((mu_q - mu_p) * torch.exp(-log_var_p / 2), log_var_q - log_var_p)"
    )
    yield Entry("warm-up", notebook(Work(all_right(kl_between=between)).before("leaning_kl", *warm_up).saved()), POINTS)
    curious = Work(all_right()).before("leaning_kl", TALK).after("renyi_bound", PLOT).after("leaning_kl", CHECKS)
    yield Entry("plots-and-prints", notebook(curious.saved()), POINTS)
    talking = right("leaning_kl").replace("    latent_size =", "    print('called with', mu)\n    latent_size =")
    yield Entry("prints-inside", notebook(Work(all_right(leaning_kl=talking)).saved()), POINTS)
    course = Work(all_right(kl_between=STANDARDISED))
    yield Entry("courses-own", notebook(course.saved()), POINTS, frozenset({"course's own"}))
    impatient = Work(all_right()).before("kl_between", IMPATIENT)
    yield Entry("trains-for-ever", notebook(impatient.saved()), POINTS, TYPED)
    asserts = Work(all_right()).before("kl_between", "assert leaning_kl is None, 'so it is not'", "undefined_name + 1")
    yield Entry("cells-that-raise", notebook(asserts.saved()), POINTS, frozenset({"raised"}))
    yield Entry("not-run", notebook(Work(all_right()).saved(run=False)), POINTS, frozenset({"not run"}))
    yield Entry("as-handed-out", notebook(Work().saved(run=False)), {}, frozenset({"not run"}))
    yield Entry("nothing-written", notebook(Work().saved()), {})
    yield Entry("only-words", notebook(Work().words().saved()), {}, words=WORDS)


def _with_slips() -> Iterator[Entry]:
    one = {
        "leaning_kl": slipped("leaning_kl", ("2 * diagonal.log()", "diagonal.log()")),
        "renyi_bound": slipped("renyi_bound", (" - math.log(k)", "")),
    }
    hints = {"leaning_kl": "how many factors of L are there?", "renyi_bound": "What is a mean, besides a sum?"}
    yield Entry("one-slip-each", notebook(Work(all_right(**one)).saved()), POINTS | {"leaning_kl": 0, "renyi_bound": 0}, hints=hints)
    two = slipped("kl_between", ("distance - 1", "distance"), ("0.5 * (log_ratio", "(log_ratio"))
    yield Entry(
        "two-slips-at-once",
        notebook(Work({"kl_between": two, "effective_beta": slipped("effective_beta", ("sigma**2", "sigma"))}).saved()),
        {},
        hints={"kl_between": "Which factor stands before the bracket?", "effective_beta": "What is divided by: σ, or σ²?"},
    )
    other = {
        "leaning_kl": "def leaning_kl(mu, scale_tril):\n    return [0.0] * len(mu)",
        "kl_between": "def kl_between(mu_q, log_var_q, mu_p, log_var_p):\n    return mu_q + undefined",
        "gaussian_log_likelihood": f"@torch.no_grad()\n{right('gaussian_log_likelihood')}",
        "renyi_bound": "def renyi_bound(log_weights):\n    return log_weights.mean(0)",
        "effective_beta": "def effective_beta(pixels, latents, sigma, kl_weight)\n    return kl_weight",
    }
    yield Entry("nothing-quite-right", notebook(Work(other).saved()), {})
    draws = "def leaning_kl(mu, scale_tril):\n    return torch.rand(len(mu), dtype=mu.dtype) + 0 * mu.sum()"
    yield Entry(
        "throws-dice", notebook(Work({"leaning_kl": draws, "effective_beta": right("effective_beta")}).saved()), {"effective_beta": 1}
    )


def _with_reports() -> Iterator[Entry]:
    """What is handed in of the open task: the cells that trained are stopped, and a table is judged as it was typed in."""
    trained = Work(all_right(bound_report=styled("bound_report", "bound_by_rows"))).before("bound_report", TRAINS)
    yield Entry("trained-and-typed", notebook(trained.saved()), POINTS, TYPED)
    borrowed, no_report = Work(all_right(bound_report=BORROWED)).before("bound_report", TRAINS), POINTS | {"bound_report": 0}
    asked = {"bound_report": "type the numbers that you measured into the function"}
    yield Entry("trained-and-borrowed", notebook(borrowed.saved()), no_report, TYPED | {"course's own"}, hints=asked)
    wrong = slipped("bound_report", ("-122.5,", "-80.6,"))
    asked = {"bound_report": "The ELBO is minus the sum of reconstruction and KL"}
    yield Entry("contradicts-itself", notebook(Work(all_right(bound_report=wrong)).saved()), no_report, hints=asked)
    lies = slipped(
        "bound_report", ("[-167.23, -163.78, -122.5, -122.8]", "[Agrees('nan')] * 4"), ('    return {\n        "predicted"', AGREES)
    )
    lying = Work(all_right(bound_report=lies))
    yield Entry("agrees-with-everything", notebook(lying.saved()), no_report)
    endless = slipped("bound_report", ("[2, 2, 20, 20]", "[2] * 50_000_000"))
    yield Entry("a-table-without-end", notebook(Work(all_right(bound_report=endless)).saved()), no_report)


def _from_other_programmes() -> Iterator[Entry]:
    colab = Work(all_right())
    colab.notebook |= {"nbformat_minor": 0}
    colab.notebook["metadata"] = {
        "colab": {"provenance": [], "toc_visible": True, "gpuType": "T4"},
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
        "accelerator": "GPU",
    }
    for number, cell in enumerate(colab.cells):
        cell.pop("id")
        cell["metadata"] |= {"id": f"q{number}", "outputId": "7e1"} | (
            {"colab": {"base_uri": "https://localhost:8080/"}} if number % 2 else {}
        )
    yield Entry("colab", notebook(colab.saved()), POINTS)
    code = Work(all_right()).kernel(display_name=".venv (3.11.7)")
    code.notebook["metadata"] |= {"language_info": {"name": "python", "version": "3.11.7"}, "orig_nbformat": 4}
    for cell in code.cells:
        cell["metadata"] |= {"vscode": {"languageId": "python"}}
    yield Entry("vs-code", notebook(code.saved()), POINTS)
    jupyter = Work(all_right())
    jupyter.notebook["metadata"] |= {"toc-autonumbering": True, "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}}}}
    jupyter.cell("leaning_kl-check")["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": ["✓ leaning_kl: right, on every probe.\n"]},
        {"output_type": "execute_result", "execution_count": 4, "metadata": {}, "data": {"text/plain": ["1"]}},
    ]
    jupyter.cell("leaning_kl")["metadata"] |= {"tags": ["mine"], "collapsed": False, "scrolled": True}
    yield Entry("jupyter", notebook(jupyter.saved()), POINTS)
    lines = json.loads(Work(all_right()).saved())
    for cell in lines["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    yield Entry("lines", notebook(json.dumps(lines).encode()), POINTS)


def _of_other_exercises() -> Iterator[Entry]:
    for exercise, points in OTHERS.items():
        answers = {name: right(name) for name in points}
        yield Entry(f"right-{exercise}", notebook(Work(answers, exercise=exercise).saved(), f"{exercise}.ipynb"), points, exercise=exercise)
    no_root = slipped("correlated_draw", ("scale_tril @", "scale_tril.mT @"))
    draws = {"correlated_draw": no_root, "leave_one_out": slipped("leave_one_out", ("(values.sum() - values) / (n - 1)", "values.mean()"))}
    answers = {name: draws.get(name, right(name)) for name in OTHERS[RANDOM]}
    yield Entry(
        "slips-in-draws",
        notebook(Work(answers, exercise=RANDOM).saved(), f"{RANDOM}.ipynb"),
        OTHERS[RANDOM] | dict.fromkeys(draws, 0),
        exercise=RANDOM,
    )
    others = {"correlated_draw": "leaning_by_library", "leave_one_out": "by_a_loop", "truncated_normal": "truncated_by_library"}
    answers = {name: right(name) for name in OTHERS[RANDOM]} | _styles(others)
    work = Work(answers, exercise=RANDOM).before("correlated_draw", IMPORTS)
    yield Entry("draws-in-other-styles", notebook(work.saved(), f"{RANDOM}.ipynb"), OTHERS[RANDOM], exercise=RANDOM)


RANDOM = "03-the-reparameterisation-trick"
OTHERS = {
    RANDOM: {
        "correlated_draw": 1,
        "spread_gradient": 1,
        "coin_gradient": 1,
        "leave_one_out": 1,
        "truncated_normal": 2,
        "gradient_report": 2,
    },
    "01-autoencoders": {
        "denoising_error": 1,
        "linear_autoencoder": 1,
        "code_bits": 1,
        "stray_share": 1,
        "linear_denoiser": 2,
        "bottleneck_report": 2,
    },
    "10-adversarial-autoencoder": {
        "discriminator_step": 1,
        "ring_prior": 1,
        "mmd": 1,
        "diagnose_game": 1,
        "jensen_shannon": 2,
        "game_report": 2,
    },
    "16-when-it-fails": {
        "sharpness_behind_noise": 1,
        "laplace_pictures": 1,
        "label_information": 2,
        "diagnose_run": 2,
        "collapse_report": 2,
    },
    "17-autoencoder-vae-gan": {
        "coverage": 1,
        "frechet": 1,
        "step_back": 2,
        "level_nats": 2,
        "rivals_report": 2,
    },
}
EXERCISES = (ELBO, *OTHERS)
