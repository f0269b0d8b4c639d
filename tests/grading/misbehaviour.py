"""What students' code may do that it should not, and what it may do all the same: answers and cells, with what comes of each."""

from .walled import right

VICTIM, BYSTANDER = "gaussian_kl", "renyi_bound"
STUB = f"def {VICTIM}(mu, log_var):\n    "
RIGHT = right(VICTIM)
TO_EACH_DESCRIPTOR = """\
import os
for descriptor in range(3, 64):
    try:
        os.write(descriptor, {bytes})
    except OSError:
        pass
"""

# What an answer does that leaves the process as it was, and how it is marked. All are in one submission.
PEACEFUL = {
    "gaussian_kl": (RIGHT, "passed"),
    "leaning_kl": (
        """\
def leaning_kl(mu, scale_tril):
    raise NotImplementedError()
""",
        "unwritten",
    ),
    "kl_between": (
        """\
def kl_between(*arguments):
    raise ValueError('no')
""",
        "raised",
    ),
    "gaussian_log_likelihood": (
        """\
def gaussian_log_likelihood(mean, x:
    return
""",
        "raised",
    ),
    "importance_weighted_bound": ("1 / 0", "raised"),
    "effective_beta": (
        """\
def effective_beta(*arguments):
    raise SystemExit(0)
""",
        "raised",
    ),
    "log_density": (
        """\
def log_density(*arguments):
    held = []
    while True:
        held.append(torch.ones(2**24))
""",
        "raised",
    ),
    "aggregate_moments": (
        """\
def aggregate_moments(*arguments):
    return object()
""",
        "contract",
    ),
    "aggregated_log_density": (
        """\
def aggregated_log_density(*arguments):
    import pickle; return pickle.dumps(arguments)
""",
        "contract",
    ),
    "expected_error": (
        """\
def expected_error(*arguments):
    yield 1
""",
        "contract",
    ),
    "chance_of_confusion": (
        """\
def chance_of_confusion(*arguments):
    return torch.zeros(2**24)
""",
        "unusable",
    ),
    "correlated_draw": (
        """\
def correlated_draw(*arguments):
    return torch.zeros(1).expand(2**40)
""",
        "unusable",
    ),
    "spread_gradient": (
        """\
def spread_gradient(*arguments):
    a = []; a.append(a); return a
""",
        "unusable",
    ),
    "coin_gradient": ("coin_gradient = 3", "unusable"),
    "leave_one_out": (
        """\
class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, f, t, a=(), k=None):
        return True
def leave_one_out(values, scores):
    return torch.zeros(len(values)).as_subclass(Liar)
""",
        "contract",
    ),
    "truncated_normal": (
        """\
class truncated_normal:
    pass
""",
        "unusable",
    ),
    "free_bits": (
        """\
def free_bits(*arguments):
    print('x' * 100)
    return None
""",
        "contract",
    ),
    "renyi_bound": (right(BYSTANDER), "passed"),
}

# What an answer does to the process, how it is marked, and the flags that are raised for it. The right one after it passes each time.
DEADLY = {
    "ends where it is called": (STUB + "import os; os._exit(0)", "raised", {"stopped"}),
    "ends where it is defined": (
        RIGHT
        + """
import os; os._exit(0)""",
        "raised",
        {"stopped"},
    ),
    "breaks": (STUB + "import ctypes; ctypes.string_at(0)", "raised", {"stopped"}),
    "kills all it can": (
        STUB
        + """import os, signal
    for who in (1, -1, os.getppid(), os.getpid()):
        try:
            os.kill(who, signal.SIGKILL)
        except OSError:
            pass""",
        "raised",
        None,
    ),
    "never ends": (
        STUB
        + """while True:
        try:
            while True:
                pass
        except BaseException:
            pass""",
        "slow",
        set(),
    ),
    "never ends where it is defined": (
        RIGHT
        + """
while True:
    pass""",
        "passed",
        {"slow"},
    ),
    "hangs in C": (STUB + "import itertools; sum(itertools.repeat(0))", "slow", {"slow"}),
    "hangs in C where it is defined": (
        RIGHT
        + """
import itertools; sum(itertools.repeat(0))""",
        "slow",
        {"slow"},
    ),
    "hears no signal": (
        STUB + "import signal, time; signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64)); time.sleep(600)",
        "slow",
        {"slow"},
    ),
    "takes all memory in processes": (
        STUB
        + """import os, time
    for _ in range(3):
        os.fork()
    a = b'1' * 2**30
    time.sleep(1)""",
        None,
        None,
    ),
    "forks without end": (
        STUB
        + """import os
    while True:
        try:
            os.fork()
        except OSError:
            pass""",
        "slow",
        None,
    ),
}

# What a cell does that is no answer. All are in one submission: these are fine …
FINE = [
    """\
print('hello'); hello = 3
hello
""",
    """\
import os
if os.fork() == 0:
    print('a copy goes on')
""",
    """\
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 3)
        time.sleep(600)
    os._exit(0)
""",
    "open('notes.txt', 'w').write('fine')",
    "import sys; sys.settrace(lambda *a: None)",
    """\
from vae_course import VAE, load, fit, choose
assert choose(quick=1, full=9) == 1
images = load('sprites')
""",
    """\
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.show()
""",
    """\
from IPython.display import HTML
display(HTML('x'))
get_ipython().run_line_magic('matplotlib', 'inline')
""",
    """\
def other(): pass
check(other); hint(other); progress()
""",
    """\
import dataclasses, pickle
@dataclasses.dataclass
class Kept:
    x: int
assert pickle.loads(pickle.dumps(Kept(3))).x == 3
""",
    """\
import inspect
def seen(): return 3
assert 'return 3' in inspect.getsource(seen)
""",
    "torch.set_default_dtype(torch.float64); torch.set_grad_enabled(False)",
    """\
import subprocess
look = 'find / -name proc -prune -o ( -name *.ipynb -o -name solutions -o -name right_answers ) -print'
found = subprocess.run(look.split(), capture_output=True).stdout
assert not [one for one in found.split() if b'site-packages' not in one], found
""",
]
# … and these raise an error of the kind named.
RAISING = {
    "1 / 0": "ZeroDivisionError",
    "if": "SyntaxError",
    "name = input('Your name? ')": "EOFError",
    "import sys; sys.exit()": "SystemExit",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "open('/usr/written', 'w')": "OSError",
    """\
with open('huge', 'wb') as file:
    while True:
        file.write(bytes(2**20))
""": "OSError",
    """\
for i in range(100):
    open(f'{i}', 'wb').write(bytes(2**25))
""": "OSError",
    """\
import os
os.symlink('/etc/shadow', 'link')
open('link')
""": "FileNotFoundError",
    "import urllib.request; urllib.request.urlopen('http://192.0.2.1', timeout=2)": "URLError",
    "import socket; socket.socket(40, socket.SOCK_STREAM)": "PermissionError",
    "from vae_course.tasks import find": "ImportError",
    "import vae_course.tasks.engine.judging": "ModuleNotFoundError",
    "import vae_course.grading.running": "ModuleNotFoundError",
    """\
class Shy(Exception):
    def __str__(self): raise ValueError
raise Shy
""": "Shy",
}

# What a cell does to the process, and the flags that are raised for it. Both answers after it are right, and pass each time.
HELPERS = {
    "ends the process": ("import os; os._exit(1)", {"stopped"}),
    "never ends": (
        """\
while True:
    try:
        pass
    except BaseException:
        pass
""",
        {"slow"},
    ),
    "trains too long": (
        """\
import time
class Model:
    def fit(self, epochs):
        time.sleep(600)
Model().fit(epochs=9)
""",
        {"slow"},
    ),
    "hangs in C": ("import itertools; sum(itertools.repeat(0))", {"slow"}),
    "hears no signal": (
        """\
import signal, time
for s in range(1, 32):
    try:
        signal.signal(s, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
time.sleep(600)
""",
        {"slow"},
    ),
    "prints without end": (
        """\
while True:
    print('x' * 10000)
""",
        {"slow", "flood"},
    ),
    "leaves a thread": (
        """\
import threading
def burn():
    while True:
        pass
threading.Thread(target=burn).start()
""",
        set(),
    ),
    "prints past the limit": ("print('x' * 3_000_000)", {"flood"}),
    "forks without end": (
        """\
import os
while True:
    os.fork()
""",
        {"raised"},
    ),
    "forks without end, and holds on": (
        """\
import os, time
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.01)
""",
        None,
    ),
    "closes all files": ("import os; os.closerange(0, 256)", {"stopped"}),
    "writes noise everywhere": (
        """\
import os
for descriptor in range(3, 64):
    try:
        os.write(descriptor, b'noise' * 100)
    except OSError:
        pass

""",
        {"forged"},
    ),
    "writes much noise everywhere": (
        """\
import os
for descriptor in range(3, 64):
    try:
        os.write(descriptor, b'noise' * 10_000_000)
    except OSError:
        pass

""",
        None,
    ),
    "writes an old reply": (
        """\
import os
for descriptor in range(3, 64):
    try:
        os.write(descriptor, __import__('vae_course.grading.wire').grading.wire.framed({'state': 'ran'}, bytes(16)))
    except OSError:
        pass

""",
        {"forged"},
    ),
}

# What a cell does to the program that runs it. Nothing of it reaches the grader: marks may be lost, and none is won.
BREAKERS = {
    "names of Python's": """\
import builtins
builtins.len = lambda x: 0
builtins.isinstance = lambda *a: True
builtins.sorted = builtins.list = None
""",
    "libraries": """\
import json, struct, os
json.dumps = json.loads = struct.pack = struct.unpack = os.write = os.read = None
""",
    "comparisons": """\
torch.allclose = torch.equal = lambda *a, **k: True
torch.Tensor.__eq__ = lambda a, b: True
torch.Tensor.all = lambda *a: True
""",
    "the engine": """\
import vae_course.tasks.engine.calling as c
for name in list(vars(c)):
    if not name.startswith('__'):
        setattr(c, name, None)
""",
    "the writer": """\
import vae_course.grading.wire as w
w.from_output = w.framed = w.to_bytes = w._structure = lambda *a: {'values': {'passed': True}, 'trouble': None}
""",
    "modules": """\
import sys
for name in list(sys.modules):
    if name.startswith(('vae_course', 'torch')):
        sys.modules[name] = None
""",
    "standard streams": """\
import sys
sys.stdout = sys.stderr = sys.stdin = sys.__stdout__ = None
""",
}
