"""A look at code without running it: the course's own function as an answer is seen, and honest code is left alone."""

from __future__ import annotations

import ast
import inspect
import sys
from types import CodeType, ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tasks import foreign_answers
from tests.tasks.answers import RIGHT_ANSWERS
from tests.tasks.foreign_answers import FOREIGN_ANSWERS
from vae_course.grading.names import Names
from vae_course.grading.records import Cell
from vae_course.grading.static_look import look_at

TASK = "answer"
IMPORTS = "import math\n\nimport torch\nfrom torch import nn\n\nfrom vae_course import check, hint, progress"


def look(*cells):
    """The flags of cells, by name."""
    return {flag.name: flag.detail for flag in look_at([Cell(IMPORTS), *map(Cell, cells)], [TASK])}


# What honest people write. A right answer may rest on the course's functions, which an instructor wants to know: whether it does is asked
# of the function itself, once it is there, and not of its text.


def uses_the_course(function):
    """Whether a function, or one of its module that it calls, has something of the course's in its hands when it runs."""
    waiting, seen = [function], set()
    while waiting:
        one = waiting.pop()
        if getattr(one, "__module__", None) is None or id(one) in seen:
            continue
        seen.add(id(one))
        for name in names_in(one.__code__):
            value = one.__globals__.get(name)
            home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "") or ""
            if home.startswith("vae_course"):
                return True
            if inspect.isfunction(value) and value.__module__ == one.__module__:
                waiting.append(value)
    return False


def names_in(code):
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)


def in_cells(function):
    """The module of a function as one cell, and the function as the answer in another: by its name, or by what made it."""
    module = sys.modules[function.__module__]
    outermost = function.__qualname__.split(".")[0]
    return inspect.getsource(module), f"{TASK} = {outermost}"


HONEST = [(f"{task}-{answer.__name__}", answer) for task, answers in RIGHT_ANSWERS.items() for answer in answers]
HONEST += [(f"foreign-{number}-{answer.__name__}", answer) for number, (_, _, answer) in enumerate(FOREIGN_ANSWERS)]
HONEST = [(name, answer) for name, answer in HONEST if answer.__module__.startswith("tests.")]


@pytest.mark.parametrize("answer", [pytest.param(answer, id=name) for name, answer in HONEST])
def test_what_strangers_wrote(answer):
    flags = look(*in_cells(answer))
    assert "looks around" not in flags
    assert ("course's own" in flags) is uses_the_course(answer)


def test_there_are_honest_answers_of_both_kinds():
    resting = [name for name, answer in HONEST if uses_the_course(answer)]
    assert 5 < len(resting) < len(HONEST) / 4
    assert len(HONEST) > 300


def test_whole_files_of_answers_do_not_look_around():
    for module in {sys.modules[answer.__module__] for _, answer in HONEST} | {foreign_answers}:
        assert look(inspect.getsource(module)) == {}, module


@pytest.mark.parametrize(
    "cell",
    [
        "import os",
        "import os\nimport sys\nimport subprocess",
        "import os\n\nos.environ['KMP_DUPLICATE_LIB_OK'] = 'TRUE'",
        "import os\n\non_colab = 'COLAB_GPU' in os.environ or os.environ.get('COLAB_RELEASE_TAG')",
        "import os\n\nos.environ.setdefault('OMP_NUM_THREADS', '1')\nprint(os.getenv('VAE_COURSE_PROFILE'))",
        "import sys\n\nif 'google.colab' in sys.modules:\n    print('colab')\nsys.setrecursionlimit(5000)\nprint('x', file=sys.stderr)",
        "from google.colab import drive\n\ndrive.mount('/content/drive')\nopen('/content/notes.txt', 'w').write('x')",
        "with open('notes.txt', 'w') as file:\n    file.write('x')",
        "path = 'results.json'\nopen(path).read()",
        "import json\nfrom pathlib import Path\n\nPath('data').mkdir(exist_ok=True)\njson.loads(Path('data/a.json').read_text())",
        "import os\n\nos.makedirs('figures', exist_ok=True)\nprint(os.path.join('a', 'b'), os.listdir(), os.getcwd(), os.cpu_count())",
        "import io\nimport numpy as np\n\nnp.load(io.BytesIO())\nnp.load('codes.npy')\ntorch.load('model.pt', weights_only=True)",
        "model = nn.Linear(2, 2)\nmodel.eval()\ntorch.save(model.state_dict(), 'model.pt')\nmodel.compile()\nmodel = torch.compile(model)",
        "import re\n\nre.compile('a')\n'a'.join(['b']).format(1)",
        "torch.manual_seed(0)\ntorch.backends.cudnn.deterministic = True\ntorch.set_num_threads(2)",
        "import matplotlib.pyplot as plt\n\nplt.rcParams['figure.dpi'] = 100\nplt.plot([1])\nplt.savefig('a.png')",
        "import importlib\n\nimport helper\n\nimportlib.reload(helper)\nimportlib.util.find_spec('einops')",
        "import time, gc, threading\n\nstart = time.perf_counter()\ngc.collect()\nthreading.Thread(target=print).start()",
        "import vae_course\n\nmodel = vae_course.pretrained('vae-mnist-20')\nvae_course.show(vae_course.load('mnist').test.x[:3])",
        "from vae_course.tasks import check\nfrom vae_course import *\n\ncheck(print)\nhint('kl_between')",
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.f = 3\n\n    __repr__ = __init__",
        "get_ipython().run_line_magic('matplotlib', 'inline')",
        "def f():\n    '''Looks for /etc/passwd in the gradebook.'''\n    return 'no solutions found'\n\n'''/proc/self'''",
        "@torch.no_grad()\ndef f(x, open, eval):\n    return open(x) + eval(x)",
        "def setup():\n    system = lambda x: x\n    return system('ls')",
    ],
)
def test_honest_cells_are_left_alone(cell):
    assert look(cell, f"def {TASK}(x):\n    return x") == {}


# The course's own.


OWN = [
    ("import vae_course", "vae_course.gaussian_kl(mu, log_var)"),
    ("import vae_course as v", "v.objectives.gaussian_kl(mu, log_var)"),
    ("import vae_course.objectives", "vae_course.objectives.gaussian_kl(mu, log_var)"),
    ("import vae_course.objectives as o", "o.gaussian_kl(mu, log_var)"),
    ("from vae_course import gaussian_kl", "gaussian_kl(mu, log_var)"),
    ("from vae_course import gaussian_kl as g", "g(mu, log_var)"),
    ("from vae_course import objectives", "objectives.gaussian_kl(mu, log_var)"),
    ("from vae_course.objectives import gaussian_kl", "gaussian_kl(mu, log_var)"),
    ("from vae_course import *", "gaussian_kl(mu, log_var)"),
    ("from vae_course.objectives import *", "gaussian_kl(mu, log_var)"),
    ("from vae_course.evaluation import *", "auroc(mu, log_var)"),
    ("import vae_course as v\nkl = v.objectives.gaussian_kl", "kl(mu, log_var)"),
    ("import vae_course as v\nw = v\nkl = w.gaussian_kl", "kl(mu, log_var)"),
    ("import vae_course", "getattr(vae_course, 'gaussian_kl')(mu, log_var)"),
    ("import vae_course\nname = 'gaussian' + '_kl'", "getattr(vae_course, name)(mu, log_var)"),
    ("import vae_course", "getattr(vae_course, f'gaussian_{\"kl\"}')(mu, log_var)"),
    ("import vae_course", "getattr(vae_course, '_'.join(['gaussian', 'kl']))(mu, log_var)"),
    ("import vae_course", "vars(vae_course.objectives)['gaussian_kl'](mu, log_var)"),
    ("import vae_course", "vae_course.objectives.__dict__['gaussian_kl'](mu, log_var)"),
    ("import importlib", "importlib.import_module('vae_course.objectives').gaussian_kl(mu, log_var)"),
    ("from importlib import import_module as i\nm = i('vae_' + 'course')", "m.gaussian_kl(mu, log_var)"),
    ("import operator\nimport vae_course", "operator.attrgetter('objectives.gaussian_kl')(vae_course)(mu, log_var)"),
    ("", "__import__('vae_course').gaussian_kl(mu, log_var)"),
    ("import vae_course.objectives\nimport sys", "sys.modules['vae_course.objectives'].gaussian_kl(mu, log_var)"),
    ("from functools import partial\nfrom vae_course import gaussian_kl\nkl = partial(gaussian_kl)", "kl(mu, log_var)"),
    ("from vae_course import gaussian_kl\nf, g = gaussian_kl, 3", "f(mu, log_var)"),
    ("from vae_course import gaussian_kl\ng = gaussian_kl if True else None", "g(mu, log_var)"),
    ("from vae_course import gaussian_kl\ndef helper(*a):\n    return gaussian_kl(*a)", "helper(mu, log_var)"),
    ("from vae_course import gaussian_kl\ndef f(*a):\n    return gaussian_kl(*a)\ndef outer(*a):\n    return f(*a)", "outer(mu, log_var)"),
    ("from vae_course import gaussian_kl\nclass K:\n    def __call__(self, *a):\n        gaussian_kl(*a)\nk = K()", "k(mu, log_var)"),
    ("from vae_course import gaussian_kl\ntable = {'kl': gaussian_kl}", "table['kl'](mu, log_var)"),
    ("from vae_course import gaussian_kl\nclass A: pass\na = A()\na.f = gaussian_kl", "a.f(mu, log_var)"),
    ("from vae_course import VAE\nmodel = VAE()", "model.loss(mu).kl"),
    ("from vae_course.models.base import latent_path", "latent_path(mu, log_var, 3)"),
]  # fmt: skip
SHAPES = [
    "{before}\n\n\ndef answer(mu, log_var):\n    return {call}",
    "def answer(mu, log_var):\n    {inner}\n    return {call}",
    "{before}\nanswer = lambda mu, log_var: {call}",
    "{before}\n\n\ndef answer(mu, log_var):\n    def more():\n        return {call}\n    return more()",
]


# Python has no `from module import *` inside a function.
SHAPED = [(shape, *one) for shape in SHAPES for one in OWN if "import *" not in one[0] or "{inner}" not in shape]


@pytest.mark.parametrize(("shape", "before", "call"), SHAPED)
def test_the_courses_own_function_is_seen(shape, before, call):
    source = shape.format(before=before, call=call, inner=before.replace("\n", "\n    ") or "pass")
    ast.parse(source)
    assert "course's own" in look(source)
    assert "answer: vae_course." in look(source)["course's own"]


@pytest.mark.parametrize(("before", "call"), OWN)
def test_it_is_seen_from_another_cell_and_not_where_no_answer_rests_on_it(before, call):
    assert "course's own" in look(before, "x = 1", f"def answer(mu, log_var):\n    return {call}")
    assert "course's own" not in look(before, f"def other(mu, log_var):\n    return {call}", "def answer(mu, log_var):\n    return mu")


@pytest.mark.parametrize(
    "source",
    [
        "from vae_course import gaussian_kl as answer",
        "import vae_course\nanswer = vae_course.gaussian_kl",
        "from vae_course.tasks.elbo.effective_beta import effective_beta as answer",
        "from vae_course.tasks import find\n\n\ndef answer(*a):\n    return find('effective_beta').answer(*a)",
    ],
)
def test_an_answer_that_only_is_it(source):
    assert "course's own" in look(source)


@pytest.mark.parametrize(
    "source",
    [
        "from vae_course import gaussian_kl\n\n\ndef answer(gaussian_kl):\n    return gaussian_kl(3)",
        "def gaussian_kl(mu, log_var):\n    return mu\n\n\ndef answer(mu, log_var):\n    return gaussian_kl(mu, log_var)",
        "import vae_course\n\n\ndef answer(mu):\n    vae_course.seed_everything(0)\n    return mu.to(vae_course.device())",
        "from vae_course import check\n\n\ndef answer(mu):\n    check(answer)\n    return mu",
        "def answer(mu):\n    '''As vae_course.gaussian_kl does.'''\n    return 'vae_course.gaussian_kl'",
        "def answer(vae_course):\n    return vae_course.gaussian_kl",
    ],
)
def test_what_only_sounds_like_it(source):
    assert "course's own" not in look(source)


# Looking around.


AROUND = [
    "import os\nos.system('ls')",
    "from os import system as s\ns('ls')",
    "from os import *\nsystem('ls')",
    "import os as o\nf = o.popen\nf('ls')",
    "import os\nos._exit(0)",
    "import os\nwhile True:\n    os.fork()",
    "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)",
    "import os\nprint(dict(os.environ))",
    "import os\nprint(os.environ['HOME'])",
    "import os\nos.getenv('SECRET')",
    "from os import environ as e\nprint(e)",
    "import os\nfor place in os.walk('/'):\n    print(place)",
    "import os\nos.listdir('..')",
    "import os\nos.symlink('/etc/passwd', 'x')",
    "import subprocess\nsubprocess.run(['ls'])",
    "from subprocess import Popen\nPopen('ls')",
    "import socket\nsocket.socket()",
    "from urllib.request import urlopen\nurlopen('http://example.com')",
    "import requests\nrequests.get('http://example.com')",
    "import ctypes\nctypes.string_at(0)",
    "import sqlite3\nsqlite3.connect('x.db')",
    "import sys\nsys.modules['torch'] = None",
    "import sys\nsys._getframe(1).f_globals",
    "import sys\nsys.settrace(print)",
    "import inspect\ninspect.stack()",
    "import inspect\nf = inspect.currentframe()",
    "import gc\ngc.get_objects()",
    "eval('1 + 1')",
    "exec('x = 1')",
    "compile('1', 'x', 'eval')",
    "__import__('os').system('ls')",
    "getattr(__import__('o' + 's'), 'sys' + 'tem')('ls')",
    "import importlib\nimportlib.import_module('os').system('ls')",
    "import importlib\nname = input()\nimportlib.import_module(name)",
    "__builtins__.__dict__['eval']('1')",
    "(lambda: 0).__globals__",
    "object.__subclasses__()",
    "open('/etc/passwd')",
    "open('../other/04-the-elbo.ipynb')",
    "open('~/.ssh/id_rsa')",
    "place = '/srv/graded'\nopen(place + '/seed')",
    "place = '/srv/graded'\nopen(f'{place}/seed')",
    "import os\nopen(os.path.join('/srv', 'seed'))",
    "for name in ['a', '/etc/passwd']:\n    open(name)",
    "from pathlib import Path\nPath('/etc/passwd').read_text()",
    "from pathlib import Path\nprint(Path('..').glob('*'))",
    "import glob\nglob.glob('/srv/*')",
    "import shutil\nshutil.rmtree('/srv')",
    "import torch\ntorch.load('/srv/answers.pt')",
    "import torch\ntorch.allclose = lambda *a: True",
    "import torch\nsetattr(torch, 'equal', lambda *a: True)",
    "import numpy\nnumpy.testing.assert_allclose = print",
    "import builtins\nbuiltins.isinstance = lambda *a: True",
    "import time\ntime.monotonic = lambda: 0",
    "import sys\nsys.stdout = None",
    "from vae_course.tasks import find\nfind('kl_between')",
    "from vae_course.tasks.elbo import kl_between",
    "import vae_course.tasks.engine.judging as j\nj.judge = print",
    "import vae_course\nprint(vae_course.__file__)",
    "import vae_course.grading.records",
    "import nbgrader.api\nnbgrader.api.Gradebook('sqlite://')",
    "import multiprocessing\nmultiprocessing.Process(target=print).start()",
    "import atexit\natexit.register(print)",
    "names = ['gradebook.db']",
    "x = 'solutions/04-the-elbo.ipynb'",
    "class A:\n    def __reduce__(self):\n        return print, ()",
    "get_ipython().system('ls')",
    "try:\n    pass\nexcept Exception:\n    import os\n    os.abort()",
    "def hidden():\n    import os\n    def inner():\n        return os.system('ls')\n    return inner",
    "def f(x=__import__('os').getppid()):\n    return x",
    "@__import__('atexit').register\ndef f():\n    pass",
    "x = [__import__('os').fork() for _ in range(3)]",
]


@pytest.mark.parametrize("source", AROUND)
def test_what_no_answer_needs_is_seen(source):
    ast.parse(source)
    assert "looks around" in look(source, "def answer(x):\n    return x")
    inside = "def answer(x):\n    " + source.replace("\n", "\n    ")
    if "import *" not in source:
        assert "looks around" in look(inside)


def test_what_is_told_is_short_and_can_be_printed():
    many = "import os\n" + "\n".join(f"os.{name}" for name in ("fork", "kill", "abort", "popen", "system", "wait", "nice", "dup"))
    told = look(many, "open('/x\\x07\\n' + 'y' * 9000)", f"open('/{'z' * 9000}')")["looks around"]
    assert "and" in told
    assert len(told) < 600
    assert told.isprintable()


def test_code_that_is_made_to_be_looked_through_for_ever_is_given_up():
    tangle = "\n".join(f"a{n} = a{n - 1} or a{n - 2} or a{n - 3}" for n in range(3, 1500))
    assert "too tangled" in look(tangle)["looks around"]


def test_code_that_is_no_python_is_passed_over():
    assert look("def answer(x:\n    os.system", "(" * 1000, "x = 'a\0b'") == {}


@given(
    st.recursive(
        st.sampled_from(["a", "b", "torch", "vae_course", "os", "'a'", "1"]),
        lambda inner: st.builds("({} or {}.x if {}('a') else [{}])".format, inner, inner, inner, inner),
        max_leaves=8,
    ),
    st.sampled_from("abc"),
)
@settings(max_examples=200, deadline=None)
def test_no_expression_breaks_it(expression, name):
    names = Names([f"import os\n{name} = {expression}\nanswer = {name}\nb = a\na = b"])
    names.reached_from("answer")
    look(f"{name} = {expression}\nanswer = {name}")
