"""What no answer needs, by the names that code reaches it by: other processes, the network, files outside, the judge."""

from __future__ import annotations

import re


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


PROCESSES = _listed("""
    subprocess pty multiprocessing concurrent.futures.process concurrent.futures.ProcessPoolExecutor signal resource atexit faulthandler
    psutil os.system os.popen os.fork os.forkpty os.execl os.execle os.execlp os.execv os.execve os.execvp os.execvpe os.spawnl os.spawnv
    os.spawnvp os.posix_spawn os.posix_spawnp os.kill os.killpg os._exit os.abort os.setsid os.setuid os.setgid os.setpgid os.getppid
    os.getpgid os.getpgrp os.getsid os.nice os.wait os.waitpid os.pipe os.dup os.dup2 os.sched_setaffinity os.unshare os.setns os.chroot
    asyncio.create_subprocess_exec asyncio.create_subprocess_shell IPython.utils.process
""")
NETWORK = _listed("""
    socket socketserver ssl requests urllib3 httpx aiohttp ftplib smtplib telnetlib paramiko http.client http.server urllib.request xmlrpc
    asyncio.open_connection asyncio.start_server torch.hub
""")
MEMORY_AND_DESCRIPTORS = _listed("""
    ctypes _ctypes cffi mmap fcntl marshal torch.utils.cpp_extension os.open os.fdopen os.read os.write os.close os.closerange os.openpty
    os.mkfifo os.mknod os.memfd_create os.pidfd_open
""")
INTERPRETER = _listed("""
    sys._getframe sys._current_frames sys.settrace sys.setprofile sys.addaudithook sys.meta_path sys.path_hooks sys.modules
    threading.settrace threading.setprofile gc.get_objects gc.get_referrers gc.get_referents
    inspect.stack inspect.trace inspect.currentframe inspect.getouterframes inspect.getinnerframes inspect.getframeinfo
    builtins.eval builtins.exec builtins.compile builtins.__import__ builtins.__builtins__ builtins.__loader__ builtins.__spec__
    builtins.breakpoint importlib.machinery importlib._bootstrap runpy code codeop pdb bdb imp site sitecustomize usercustomize
""")
GRADER = _listed("""
    sqlite3 sqlalchemy nbgrader vae_course.grading vae_course.tasks vae_course.my_copy vae_course.__file__ vae_course.__path__
    vae_course.__loader__ vae_course.__spec__
""")
FOREIGN = PROCESSES | NETWORK | MEMORY_AND_DESCRIPTORS | INTERPRETER | GRADER
TALK = frozenset(f"vae_course.tasks{name}" for name in ("", ".check", ".hint", ".progress", ".Points"))

# What opens, lists or changes files. A path that is known and stays in the student's own folder is nobody's business.
FILES = _listed(
    """
    builtins.open io.open codecs.open os.walk os.fwalk os.scandir os.listdir os.chdir os.remove os.unlink os.rename os.replace os.symlink
    os.link os.chmod os.chown os.rmdir os.removedirs os.truncate os.utime os.readlink shutil.rmtree shutil.move shutil.copy shutil.copy2
    shutil.copyfile shutil.copytree shutil.chown pathlib.Path pathlib.PosixPath glob.glob glob.iglob numpy.load numpy.fromfile numpy.memmap
    numpy.loadtxt numpy.genfromtxt torch.load pandas.read_csv pandas.read_pickle pandas.read_json
    """
)
# Of these a path that is put together when the code runs is usual.
OFTEN_PUT_TOGETHER = re.compile(r"^(shutil|pathlib|numpy|torch|pandas)\.|^os\.(listdir|chdir)$")
OUTSIDE = re.compile(r"^(/|~|[A-Za-z]:[/\\]|\\\\)|(^|[/\\])\.\.([/\\]|$)")
OWN_FOLDERS = re.compile(r"^/(content|kaggle/working)(/(?!.*\.\.)|$)")  # where notebooks lie on Colab and Kaggle
TELLING_PATH = re.compile(r"^\S*(gradebook|nbgrader|autograded|/proc/|/etc/|/dev/shm|\.ssh\b|\bsolutions\b|vae_course/tasks|/tests\b)\S*$")

ENVIRONMENT = frozenset(("os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv"))
SETTING_OF_A_LIBRARY = re.compile(
    r"^(COLAB|CUDA|CUBLAS|KMP|OMP|MKL|OPENBLAS|NUMEXPR|TF_|TOKENIZERS|PYTORCH|TORCH|JUPYTER|MPL|DISPLAY|KAGGLE"
    r"|VAE_COURSE_(PROFILE|DEVICE|DATA)$|PYTHONHASHSEED$)"
)

INNER_ATTRIBUTES = _listed(
    """
    f_back f_globals f_locals f_builtins tb_frame gi_frame cr_frame __globals__ __subclasses__ __code__ __closure__ __builtins__ __loader__
    __mro__ __bases__ __reduce__ __reduce_ex__
    """
)
# Libraries in which nobody puts something else for a function, but for settings.
LIBRARIES = _listed("torch numpy math random builtins vae_course scipy json inspect time os io")
PLACES_OF_SYS = frozenset(("sys.stdout", "sys.stderr", "sys.modules", "sys.exit"))
SETTINGS = ("torch.backends", "torch.cuda", "torch.mps", "os.environ")
SHELL = _listed("system system_raw system_piped getoutput getoutput_pexpect run_cell run_cell_magic push ex ev")


def is_below(path: str, names: frozenset[str]) -> bool:
    """Whether a dotted path is one of the names, or something in one of them."""
    parts = path.split(".")
    return any(".".join(parts[:length]) in names for length in range(1, len(parts) + 1))


def is_foreign(path: str) -> bool:
    """Whether a path leads to what no answer needs."""
    return path not in TALK and (is_below(path, FOREIGN) or is_below(path, ENVIRONMENT))


def is_patch(path: str) -> bool:
    """Whether giving a path another value changes a library for everybody."""
    is_setting = any(path == name or path.startswith(f"{name}.") for name in SETTINGS)
    return not is_setting and (path.split(".")[0] in LIBRARIES or is_below(path, PLACES_OF_SYS))


def is_outside(path: str) -> bool:
    """Whether a path of a file leads out of the student's own folder."""
    return OUTSIDE.search(path) is not None and OWN_FOLDERS.match(path) is None
