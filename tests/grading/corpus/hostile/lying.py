"""Attacks on the judgement: what compares is replaced, or what is compared lies."""

from __future__ import annotations

from .attack import BY_A_LIMIT, LOOKS, Attack

LYING = (
    Attack(
        "patches-the-judge",
        """through = False
try:
    import vae_course.tasks.engine.judging as judging
    from vae_course.tasks import Verdict

    judging.judge = judging.verdict_on = lambda *arguments, **named: Verdict(True, "passed")
except Exception:
    pass
try:
    import vae_course.tasks.engine.calling as calling

    calling.call = calling.one_call = calling.plain = lambda *arguments, **named: "right"
except Exception:
    pass""",
        flags=LOOKS | {"stopped"},
        points={},
    ),
    Attack(
        "patches-torch-and-numpy",
        """import numpy
import torch

yes = lambda *arguments, **named: True
torch.allclose = torch.equal = torch.isclose = numpy.allclose = numpy.array_equal = yes
numpy.testing.assert_allclose = numpy.testing.assert_array_equal = yes
true, false = torch.ones((), dtype=torch.bool), torch.zeros((), dtype=torch.bool)
torch.Tensor.__eq__ = torch.Tensor.__le__ = torch.Tensor.all = torch.Tensor.any = lambda self, *others, **named: true
torch.Tensor.__ne__ = torch.Tensor.__gt__ = lambda self, *others: false
through = False""",
        flags=LOOKS,
    ),
    Attack(
        "replaces-modules",
        """import builtins
import sys
import types

names = "json math struct signal os io pickle safetensors safetensors.torch vae_course vae_course.tasks"
for name in names.split():
    sys.modules[name] = types.ModuleType(name)
for name in ("isinstance", "len", "type", "print", "open"):
    setattr(builtins, name, lambda *arguments, **named: True)
through = False""",
        flags=LOOKS | {"stopped"},
    ),
    Attack(
        "traces",
        """import atexit
import sys
import threading


def trace(frame, event, argument):
    for name, value in frame.f_locals.items():
        if name in ("points", "passed", "verdict"):
            frame.f_locals[name] = 1
    return trace


sys.settrace(trace)
sys.setprofile(trace)
threading.settrace(trace)
atexit.register(lambda: print("gone"))
through = False""",
        flags=LOOKS,
        perhaps=BY_A_LIMIT,
    ),
    Attack(
        "lies-about-equality",
        answers={
            "effective_beta": """class Right(float):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __lt__ = __le__ = __gt__ = __ge__ = __eq__

    def __sub__(self, other):
        return Right(0)

    __rsub__ = __abs__ = __sub__

    def __hash__(self):
        return 0


def effective_beta(pixels, latents, sigma, kl_weight):
    return Right(0.5)""",
            "leaning_kl": """class Agreeing(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, arguments=(), named=None):
        found = super().__torch_function__(function, types, arguments, named or {})
        if isinstance(found, torch.Tensor) and found.dtype == torch.bool:
            return torch.ones_like(found)
        return found


def leaning_kl(mu, scale_tril):
    return (mu * 0).sum(1).as_subclass(Agreeing)""",
        },
    ),
    Attack(
        "runs-when-it-is-read",
        """import os


class Runs:
    def act(self, *arguments, **named):
        try:
            open(OUTSIDE + "/corpus-was-here", "w").close()
            os.remove(OUTSIDE + "/kept")
        except OSError:
            pass
        return 1.0

    __float__ = __int__ = __index__ = __bool__ = __len__ = __repr__ = __str__ = __eq__ = __array__ = __iter__ = __call__ = act
    __hash__ = None

    def __reduce__(self):
        return (os.system, (f"touch {OUTSIDE}/corpus-was-here",))

    __getstate__ = __reduce__


through = False""",
        answers={
            "effective_beta": "def effective_beta(*arguments):\n    return Runs()",
            "leaning_kl": "def leaning_kl(mu, scale_tril):\n    return [Runs(), {Runs.__name__: Runs()}, (Runs(),)]",
            "renyi_bound": """def renyi_bound(log_weights, alpha):
    return type("Tensor", (Runs,), {"__module__": "numpy", "item": Runs.act, "detach": Runs.act})()""",
        },
        flags=LOOKS,
    ),
    Attack(
        "nothing-is-a-number",
        answers={
            "effective_beta": "def effective_beta(*arguments):\n    return float('nan')",
            "leaning_kl": "def leaning_kl(mu, scale_tril):\n    return mu.sum(1) * float('nan')",
            "renyi_bound": "def renyi_bound(log_weights, alpha):\n    return log_weights[0] + float('inf')",
        },
    ),
    Attack(
        "changes-afterwards",
        """import threading
import time

handed = []


def change():
    while True:
        time.sleep(0.001)
        for result in handed:
            result.data.zero_()


threading.Thread(target=change, daemon=True).start()
through = False""",
        answers={
            "leaning_kl": "def leaning_kl(mu, scale_tril):\n    handed.append(mu.sum(1))\n    return handed[-1]",
        },
    ),
    Attack(
        "hides-its-names",
        """through = False
reach = getattr(__builtins__, "__dict__", __builtins__)
system = reach["__imp" + "ort__"]("o" + "s")
try:
    system.close(system.open("".join([OUTSIDE, "/corpus", "-was-here"]), system.O_CREAT | system.O_WRONLY))
    exec(compile("through = True", "x", "exec"))
except OSError:
    pass""",
        tame=True,
        flags=LOOKS,
    ),
    Attack(
        "seeds-itself",
        """through = False
torch.manual_seed = lambda seed: None
torch.set_default_dtype(torch.float16)
torch.set_grad_enabled(False)
torch.use_deterministic_algorithms(True)""",
        flags=LOOKS,
    ),
)
