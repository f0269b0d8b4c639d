"""What surrounds the course: documents that name what is there, workflows and forms that are whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import vae_course
from tests.kinds import KINDS
from tests.notebooks.project import REPOSITORY, ROOT
from tests.test_project import FLOORS
from vae_course.tasks.engine.registry import TOPICS

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = [path for path in sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) if path.name != "config.yml"]
DOCUMENTS = ("ARCHITECTURE.md", "CONTRIBUTING.md")
TARGETS = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
TOP = {path.name for path in ROOT.iterdir()} - {".git"}
MADE_LATER = {"my/", ".venv", ".venv/bin/python", ".venv/Scripts/python"}


def read(path: Path) -> dict:
    return yaml.safe_load(path.read_text("utf-8"))


# Workflows.


def complaints_about_workflow(workflow: dict) -> list[str]:
    """What is wrong with a workflow, as it was read. YAML takes the key `on` for True."""
    found = [f"has no {key}" for key in ("name", "permissions", "concurrency", "jobs") if key not in workflow]
    found += [] if True in workflow else ["is never run"]
    found += [] if workflow.get("permissions") == {"contents": "read"} else ["may do more than read"]
    for name, job in workflow.get("jobs", {}).items():
        found += [f"job {name} has no {key}" for key in ("runs-on", "timeout-minutes", "steps") if key not in job]
        for step in job.get("steps", ()):
            if "uses" in step and not re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]):
                found.append(f"job {name} uses {step['uses']}, expected one of GitHub's own actions at a major version")
            if "run" in step and not (words := re.fullmatch(r"make ([\w-]+)", step["run"])):
                found.append(f"job {name} runs {step['run']!r}, expected one target of the Makefile")
            elif "run" in step and words.group(1) not in TARGETS:
                found.append(f"job {name} makes {words.group(1)}, which the Makefile has not")
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_whole_and_makes_what_the_makefile_has(path):
    assert complaints_about_workflow(read(path)) == []


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda workflow: workflow.pop("concurrency"), "has no concurrency"),
        (lambda workflow: workflow.update(permissions="write-all"), "may do more than read"),
        (lambda workflow: workflow.pop(True), "is never run"),
        (lambda workflow: workflow["jobs"]["wheel"].pop("timeout-minutes"), "job wheel has no timeout-minutes"),
        (lambda workflow: workflow["jobs"]["wheel"]["steps"].append({"run": "make wheels"}), "job wheel makes wheels, which"),
        (lambda workflow: workflow["jobs"]["wheel"]["steps"].append({"run": "pip install x"}), "job wheel runs 'pip install x'"),
        (lambda workflow: workflow["jobs"]["wheel"]["steps"].append({"uses": "some/action@main"}), "job wheel uses some/action@main"),
    ],
)
def test_a_workflow_that_is_not_is_named(spoil, complaint):
    workflow = read(GITHUB / "workflows" / "tests.yml")
    spoil(workflow)
    assert [text for text in complaints_about_workflow(workflow) if text.startswith(complaint)]


def test_what_is_run_where():
    jobs = read(GITHUB / "workflows" / "tests.yml")["jobs"]
    made = {name: [step["run"].removeprefix("make ") for step in job["steps"] if "run" in step] for name, job in jobs.items()}
    assert jobs["linux"]["strategy"]["matrix"]["python"] == ["3.10", "3.11", "3.12", "3.13"]
    assert jobs["smoke"]["strategy"]["matrix"]["system"] == ["macos-latest", "windows-latest"]
    (tested,) = re.findall(r"^test: (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(made["linux"]) - {"wall"} == {name for name in tested.split() if "/" not in name}, "all that `make test` makes"
    assert made["linux"].index("wall") < made["linux"].index("test-grading"), "students' code is walled before it is graded"
    assert (made["smoke"], made["wheel"], made["offline"]) == (["smoke"], ["wheel"], ["test-offline"])


def test_a_gpu_is_asked_for_by_hand_or_by_a_label_alone():
    workflow = read(GITHUB / "workflows" / "gpu.yml")
    assert workflow[True].keys() == {"workflow_dispatch", "pull_request"}
    assert workflow[True]["pull_request"] == {"types": ["labeled"]}
    assert "github.event.label.name == 'gpu'" in workflow["jobs"]["gpu"]["if"]
    assert workflow["jobs"]["gpu"]["env"] == {"VAE_COURSE_DEVICE": "cuda"}


def test_hooks_make_what_the_makefile_has():
    hooks = [hook for repository in read(ROOT / ".pre-commit-config.yaml")["repos"] for hook in repository["hooks"]]
    assert {hook["entry"].removeprefix("make ") for hook in hooks} == {"format", "exercises"} <= TARGETS
    assert all(hook["language"] == "system" and hook["id"] and hook["name"] for hook in hooks)


# Forms.


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_a_form_can_be_shown_and_asks_for_something(path):
    form = read(path)
    assert all(isinstance(form[key], str) and form[key].strip() for key in ("name", "description"))
    assert all(element["type"] in ("markdown", "input", "textarea", "dropdown", "checkboxes") for element in form["body"])
    asked = [element for element in form["body"] if element["type"] != "markdown"]
    assert len({element["id"] for element in asked}) == len({element["attributes"]["label"] for element in asked}) == len(asked)
    assert any(element.get("validations", {}).get("required") for element in asked)
    for element in asked:
        assert all(isinstance(element["attributes"].get(key, ""), str) for key in ("label", "description", "placeholder"))
        if element["type"] in ("dropdown", "checkboxes"):
            options = element["attributes"]["options"]
            assert len(options) == len({option["label"] if isinstance(option, dict) else option for option in options}) >= 2


def test_there_is_a_form_for_each_kind_of_trouble():
    assert {read(path)["name"] for path in FORMS} == {"A hint did not fit", "A claim does not hold", "It doesn't run here"}


def test_the_citation_is_one_and_of_this_version():
    citation = read(ROOT / "CITATION.cff")
    assert {"cff-version", "message", "title", "authors", "version", "date-released", "license"} <= citation.keys()
    assert citation["authors"] == [{"name": "The vae-course authors"}]
    assert citation["version"] == vae_course.__version__
    assert citation["repository-code"] == REPOSITORY


# Documents.


def missing(text: str) -> list[str]:
    """What a document names and is not there: files and folders, make's targets, and links. `<…>` stands for a name of one's own."""
    quoted = re.findall(r"`([^`\n]+)`", text)
    commands = [line for block in re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL) for line in block.splitlines()]
    words = [word for piece in [*quoted, *commands] for word in piece.split() if re.fullmatch(r"[\w./<>-]+", word)]
    paths = {word for word in words if word.partition("/")[0] in TOP or re.fullmatch(r"[\w./-]+\.(py|md|yml|toml|cff|txt|ipynb)", word)}
    found = [path for path in paths if path not in MADE_LATER and not any(there(one) for one in (path, f"vae_course/{path}"))]
    made = [piece.split() for piece in [*quoted, *commands] if piece.startswith("make ")]
    found += [f"make {words[1]}" for words in made if words[1] not in TARGETS]
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)
    return sorted([*found, *(link for link in links if not (ROOT / link).exists())])


def there(path: str) -> bool:
    """Whether a path is there; of one with a name of one's own in it, whether the folders before that are. draft.py is the writer's."""
    kept = re.split(r"[^/]*(?:<|NN)", path, maxsplit=1)[0]
    return (ROOT / kept).exists() or path in ("draft.py", "panel.js")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_name_what_is_there(name):
    assert missing((ROOT / name).read_text("utf-8")) == []


def test_a_document_that_does_not_is_caught():
    text = (
        "`make tea`, `vae_course/utils.py`, `tests/nowhere/<name>.py`, `nothing.md`, [a link](LOST.md), `make lint`\n```\nmake cake\n```\n"
    )
    assert missing(text) == ["LOST.md", "make cake", "make tea", "nothing.md", "tests/nowhere/<name>.py", "vae_course/utils.py"]


def test_the_drawing_of_the_floors_is_true():
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    drawn = {room: int(floor) for floor, rooms in re.findall(r'\["(\d) · ([\w, ]+)"\]', text) for room in rooms.split(", ")}
    here = {path.stem for path in (ROOT / "vae_course").iterdir() if path.name != "__init__.py"}
    assert drawn == {room: floor for room, floor in FLOORS.items() if room in here}
    told = {room for row in re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", text, re.MULTILINE) for room in re.findall(r"\w+", row)}
    assert drawn.keys() <= told


def test_the_examples_of_commands_find_something():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    (task,) = re.findall(r"pytest tests/tasks -k (\w+)", text)
    assert any((ROOT / "vae_course" / "tasks" / topic / f"{task}.py").exists() for topic in TOPICS)
    (exercise,) = re.findall(r"pytest tests/exercises -k ([\w-]+)", text)
    assert (ROOT / "solutions" / f"{exercise}.ipynb").exists()
    (kind,) = re.findall(r"tests/test_checkpoints.py -k \"(\w+) or forgotten\"", text)
    assert any(kind in name for name in KINDS)
