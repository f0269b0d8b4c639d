"""How long one waits for the course: its import, the first page from a cold kernel to a slider that moves, and all pages in a row.

python -m benchmarks.start_up import        `import vae_course`, beyond `import torch`
python -m benchmarks.start_up first-page    the page that everybody opens first, cell by cell
python -m benchmarks.start_up course        every page and exercise in the quick profile, two at a time, as `make check-notebooks` runs them

Each import and each kernel is a process of its own. Files may still lie in the system's memory from the time before; the first start
after a restart of the machine takes longer.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.tables import print_head, print_row
from benchmarks.timing import ROOT, in_a_process, in_turns, middle, print_table, table_parser

IMPORTS = {
    "`import vae_course`": "import vae_course",
    "and what a script needs (`VAE`, `fit`, `load`)": "from vae_course import VAE, fit, load",
    "and what the first page needs": "from vae_course import load, pretrained, show_images\nfrom vae_course.widgets import LatentSliders",
    "and every name that it hands on": "from vae_course import *",
}
FIRST_PAGE = ROOT / "notebooks" / "00-start-here.ipynb"
PATIENCE = 120.0


def imports(quick: bool, rounds: int) -> None:
    """Seconds of `import torch`, and of each import of the course after it."""
    torch_alone: list[float] = []

    def after_torch(statement: str) -> float:
        code = f"from time import perf_counter as now\na = now()\nimport torch\nb = now()\n{statement}\nprint(b - a, now() - b)"
        seconds, more = in_a_process("-c", code)
        torch_alone.append(seconds)
        return more

    ways = {name: lambda statement=statement: after_torch(statement) for name, statement in IMPORTS.items()}
    times = in_turns(ways, rounds, warm_up=0 if quick else 1)
    print_head("import", "s")
    print_row("`import torch`", middle(torch_alone))
    for name, values in times.items():
        print_row(f"after it, {name}", middle(values))


def first_page(quick: bool, rounds: int) -> None:
    """Seconds from the start of a kernel to each stage of the first page, up to the answer to a moved slider."""
    starts = [dict(stages_of_the_first_page()) for _ in range(1 if quick else rounds + 1)]
    print_head("from the start of the kernel", "s", "the very first time, s")
    for stage in starts[0]:
        print_row(stage, middle([start[stage] for start in starts[0 if quick else 1 :]]), f"{starts[0][stage]:.2f}")


def stages_of_the_first_page() -> Iterator[tuple[str, float]]:
    """Each stage's name and its seconds since the kernel was started."""
    from jupyter_client import KernelManager  # brings a few other packages: only this table needs them

    cells = ["".join(cell["source"]) for cell in json.loads(FIRST_PAGE.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    manager = KernelManager()
    started = time.perf_counter()
    manager.start_kernel(cwd=str(FIRST_PAGE.parent))
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=PATIENCE)
        yield "the kernel answers", time.perf_counter() - started
        for number, source in enumerate(cells, 1):
            panels = panels_of(client, client.execute(source))
            yield f"cell {number} is done", time.perf_counter() - started
            if panels:
                break
        else:
            raise SystemExit(f"no cell of {FIRST_PAGE.name} shows an explorer")
        move_a_slider(client, *panels.popitem())
        yield "a slider was moved, and its picture is there", time.perf_counter() - started
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def panels_of(client, request: str) -> dict[str, dict]:
    """The explorers that a cell shows, once it is done: the state of each by the number of its line to the browser."""
    found = {}
    while True:
        kind, content = next_message(client, request)
        if kind == "error":
            raise SystemExit(f"a cell of {FIRST_PAGE.name} failed: {content['ename']}: {content['evalue']}")
        if kind == "comm_open" and "controls" in content["data"].get("state", {}):
            found[content["comm_id"]] = content["data"]["state"]
        if kind == "status" and content["execution_state"] == "idle":
            return found


def move_a_slider(client, line: str, state: dict) -> None:
    """Say what the browser says when the explorer's first slider is moved, and wait for the picture that answers it."""
    slider = next(control for control in state["controls"] if control["kind"] == "slider")
    moved = {"values": {slider["name"]: slider["high"]}, "answer": {"view": "benchmark", "number": 1}}
    message = client.session.msg("comm_msg", {"comm_id": line, "data": {"method": "custom", "content": moved}})
    client.shell_channel.send(message)
    while True:
        kind, content = next_message(client, message["header"]["msg_id"])
        frame = content.get("data", {}).get("state", {}).get("frame", {}) if kind == "comm_msg" else {}
        if frame.get("answer") == moved["answer"]:
            return


def next_message(client, request: str) -> tuple[str, dict]:
    """The kind and content of the next message that answers `request`."""
    while True:
        try:
            message = client.get_iopub_msg(timeout=PATIENCE)
        except queue.Empty:
            raise SystemExit(f"the kernel said nothing for {PATIENCE:.0f} s") from None
        if message["parent_header"].get("msg_id") == request:
            return message["msg_type"], message["content"]


def course(quick: bool, rounds: int) -> None:
    """Seconds of every page and exercise in the quick profile; once, whatever `rounds` says."""
    pages = (
        [FIRST_PAGE]
        if quick
        else sorted(path for folder in ("notebooks", "exercises", "solutions") for path in (ROOT / folder).glob("*.ipynb"))
    )
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "VAE_COURSE_HOME": folder, "VAE_COURSE_PROFILE": "quick"}
        words = (
            f"-p no:cacheprovider --nbval-lax --nbval-current-env --nbval-cell-timeout=900 --quiet -n 2 --dist loadfile --junitxml {report}"
        )
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words.split(), *map(str, pages)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        whole = time.perf_counter() - started
        if done.returncode:
            raise SystemExit(f"pages failed:\n{done.stdout[-3000:]}")
        seconds = Counter()
        for case in ElementTree.parse(report).iter("testcase"):
            seconds[case.get("classname", "")] += float(case.get("time", 0))
    print(f"{len(pages)} pages and exercises in {whole / 60:.1f} min, two at a time, a thread each. The slowest:\n")
    print_head("page", "s")
    for name, value in seconds.most_common(10):
        print_row(name, f"{value:.1f}")


TABLES = {"import": imports, "first-page": first_page, "course": course}


def main(words: Sequence[str] | None = None) -> None:
    print_table(TABLES, table_parser(TABLES, __doc__).parse_args(words))


if __name__ == "__main__":
    main(sys.argv[1:])
