"""The wall: it is tried before it is trusted, each kind by the same attempts, and a wall with a hole is refused."""

import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from vae_course.grading import groups, kinds, view
from vae_course.grading import wall as walls
from vae_course.grading.kit import COURSE
from vae_course.grading.limits import MEGABYTE, Limits
from vae_course.grading.process import Late
from vae_course.grading.records import GradingError
from vae_course.grading.running import PROGRAM

from .walled import SHORT, left_behind, needs, wall

WALLS = ("bubblewrap", "namespaces", "docker")


@pytest.mark.parametrize("kind", WALLS)
def test_a_wall_holds_what_is_tried(kind):
    needs(kind)
    words, failed = walls.tried(kind, wall().kit, Limits())
    assert failed == ""
    assert words.startswith(f"The wall is {kind}.")
    for told in ("writing outside", "loopback", "processes run at once", "memory: at most", "a process left behind: ended"):
        assert told in words
    assert left_behind() == []


@pytest.mark.parametrize("kind", WALLS)
def test_the_program_runs_behind_each_wall(kind):
    needs(kind)
    with replace(wall(), kind=kind).started(PROGRAM) as started:
        assert started.ask({"ready": True}, 120) == {"ready": True}
        look = "import os, torch\nassert os.getcwd() == '/tmp'\nassert os.listdir('.') == []\nopen('x', 'w').close()"
        assert started.ask({"cell": look, "number": 1, "seconds": 30.0}, 60) == {"state": "ran", "words": ""}
    assert left_behind() == []


def with_a_hole(**changed):
    """What each kind of wall would be with an option of bubblewrap's left out or changed."""

    def build(places, environment, limits, name, command):
        line = kinds.bubblewrap(places, environment, limits, name, command)
        for option, instead in changed.items():
            at = line.index("--" + option.replace("_", "-"))
            line[at : at + 1] = instead
        return line

    return build


HOLES = {
    "the network": ({"unshare_net": []}, {}, "loopback could be reached"),
    "other processes": ({"unshare_pid": []}, {}, "left with went on running"),
    "the file system": ({"remount_ro": ["--bind", "/tmp", "/tmp", "--remount-ro"]}, {}, "could be written outside"),
    "secrets": ({"remount_ro": ["--ro-bind", "/tmp", "/tmp", "--remount-ro"]}, {}, "could be read"),
    "the environment": ({"clearenv": ["--clearenv", "--setenv", "SECRET", "1"]}, {}, "environment were there (SECRET)"),
}


@pytest.mark.parametrize(("changed", "limits", "words"), HOLES.values(), ids=HOLES.keys())
def test_a_wall_with_a_hole_is_seen(changed, limits, words, monkeypatch):
    needs("bubblewrap")
    monkeypatch.setitem(kinds.KINDS, "bubblewrap", with_a_hole(**changed))
    monkeypatch.setattr(walls, "PATIENCE", 15.0)
    _, failed = walls.tried("bubblewrap", wall().kit, Limits())
    assert words in failed


def test_limits_that_do_not_hold_are_seen(monkeypatch):
    """Neither control groups nor the limits of each process."""
    needs("bubblewrap")
    monkeypatch.setattr("vae_course.grading.process.group", lambda memory, processes: None)
    monkeypatch.setattr(Limits, "on_each", lambda self: {"memory": 2**40, "processes": 4096, "file": 2**40, "processor": 600, "answer": 1})
    _, failed = walls.tried("bubblewrap", wall().kit, Limits())
    assert "processes ran at once" in failed
    assert "bytes of memory could be used" in failed
    assert "a file of" in failed


def test_without_control_groups_the_limits_of_each_process_hold(monkeypatch):
    needs("bubblewrap")
    monkeypatch.setattr("vae_course.grading.process.group", lambda memory, processes: None)
    words, failed = walls.tried("bubblewrap", wall().kit, Limits())
    assert failed == ""
    assert "counted by limits of each process" in words


def test_a_wall_that_cannot_be_built_is_seen(monkeypatch):
    needs("bubblewrap")
    monkeypatch.setitem(kinds.KINDS, "bubblewrap", with_a_hole(clearenv=["--no-such-option"]))
    _, failed = walls.tried("bubblewrap", wall().kit, Limits())
    assert "could not be built" in failed


def test_where_no_wall_stands_nothing_is_graded(monkeypatch):
    monkeypatch.setattr(kinds, "lacking", lambda kind: f"there is no {kind}")
    with pytest.raises(GradingError, match="apt install bubblewrap") as raised:
        walls.choose_wall()
    assert "nothing was graded" in str(raised.value)
    assert "--unwalled" in str(raised.value)
    assert all(kind in str(raised.value) for kind in WALLS)


def test_the_next_wall_is_taken_where_the_first_has_a_hole(monkeypatch):
    needs("bubblewrap")
    needs("namespaces")
    monkeypatch.setitem(kinds.KINDS, "bubblewrap", with_a_hole(unshare_net=[]))
    chosen = walls.choose_wall()
    assert chosen.kind == "namespaces"


def test_no_wall_is_taken_where_it_is_asked_for_in_words():
    chosen = walls.choose_wall(unwalled=True, limits=SHORT)
    assert chosen.kind == "none"
    assert "No wall" in chosen.words
    with chosen.started(PROGRAM) as started:
        assert started.ask({"ready": True}, 120) == {"ready": True}
        assert (
            started.ask({"cell": "import os\nhere = os.getcwd()\nos.fork()\nopen('kept', 'w').close()", "number": 1, "seconds": 9.0}, 60)[
                "state"
            ]
            == "ran"
        )
        folder = Path(started._unwalled_room.name)  # pyright: ignore[reportOptionalMemberAccess]
        assert (folder / "kept").exists()
    assert not folder.exists()
    assert left_behind() == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("kind", WALLS[:2])
def test_a_wall_holds_for_an_instructor_who_is_not_root(kind, tmp_path):
    """In a namespace where root's folders can be entered, since Python may lie there."""
    needs(kind)
    lines = f"""
from vae_course.grading import wall as walls
from vae_course.grading.limits import Limits
kit = walls._folder() / "kit"
walls.build_kit(kit)
words, failed = walls.tried({kind!r}, kit, Limits())
print(failed or "It holds.")
"""
    home = Path("/root")
    seen = [path for path in sorted({Path(sys.base_prefix).resolve(), Path(sys.prefix)}) if home in path.parents]
    enter: list[str] = []
    if seen:
        enter += [f"keep={tmp_path}"]
        enter += [f"mkdir $keep/{number}; mount --bind {path} $keep/{number}" for number, path in enumerate(seen)]
        enter += ["mount -t tmpfs -o mode=755 none /root"]
        enter += [f"mkdir -p {path}; mount --bind $keep/{number} {path}" for number, path in enumerate(seen)]
    become = "exec setpriv --reuid 12345 --regid 12345 --clear-groups env HOME=/tmp"
    script = "\n".join(["set -e", *enter, f'{become} {sys.executable} -c "$0"'])
    line = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, lines]
    ran = subprocess.run(line, capture_output=True, text=True, check=False, cwd=COURSE.parent)
    if "unshare" in ran.stderr or "PermissionError: [Errno 13]" in ran.stderr:
        pytest.skip(f"another user cannot run Python here: {ran.stderr.strip()[-200:]}")
    assert ran.stdout.strip() == "It holds.", ran.stderr


def test_root_without_anybody_else_is_an_ordinary_user(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(kinds, "_highest_user", lambda: 0)
    assert not kinds.is_root()
    line = kinds.bubblewrap(view.places(wall().kit, Limits()), {}, Limits(), "name", ["true"])
    assert "--unshare-user" in line
    assert "CAP_SETUID" not in line


def test_the_engines_command_opens_nothing():
    places = view.places(wall().kit, Limits())
    line = kinds.docker(places, view.environment(), Limits(), "name", ["python"])
    mounts = [line[number + 1] for number, word in enumerate(line) if word == "--mount"]
    assert mounts
    assert all(mount.endswith(",readonly") for mount in mounts)
    assert line[line.index("--network") + 1] == "none"
    assert line[line.index("--user") + 1] != "0:0"
    assert "--read-only" in line
    assert line[-2:] == [kinds.EMPTY_IMAGE, "python"]


def test_a_wall_can_be_handed_to_another_process():
    assert pickle.loads(pickle.dumps(wall())) == wall()


def test_the_kit_goes_with_the_process_that_made_it():
    lines = "from vae_course.grading.wall import choose_wall; wall = choose_wall(unwalled=True); print(wall.kit); assert wall.kit.exists()"
    kit = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True, cwd=COURSE.parent).stdout.strip()
    assert kit
    assert not Path(kit).parent.exists()


def test_a_full_disk_is_said_before_anything_is_graded(monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(GradingError, match="No space left on device"):
        walls.choose_wall()


def test_nothing_of_the_repository_but_its_kit_is_seen():
    for place in view.places(wall().kit, Limits()):
        if place.kind == "read-only" and COURSE.parent in (place.source, *place.source.parents):
            assert place.source == Path(sys.prefix), place


def test_folders_that_lie_in_a_seen_one_are_covered(tmp_path, monkeypatch):
    inside = tmp_path / "environment" / "submissions"
    inside.mkdir(parents=True)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    found = view.places(wall().kit, Limits(), [inside, tmp_path / "elsewhere"])
    assert [place.path for place in found if place.kind == "empty"] == [inside]


def test_hidden_folders_are_out_of_sight():
    hidden = Path(pytest.__file__).parent  # something that is seen otherwise
    for folders, seen in (((), True), ((hidden,), False)):
        with replace(wall(), hidden=folders).started(PROGRAM) as started:
            started.ask({"ready": True}, 120)
            look = f"import os; assert bool(os.listdir({str(hidden)!r})) == {seen}"
            assert started.ask({"cell": look, "number": 1, "seconds": 30.0}, 60)["state"] == "ran"


@pytest.fixture
def controlled(tmp_path):
    """A tree like that of control groups, version 2, as far as plain files can be like it."""
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids")
    (tmp_path / "user").mkdir()
    for folder, controllers in ((tmp_path, "memory pids"), (tmp_path / "user", "memory")):
        (folder / "cgroup.subtree_control").write_text(controllers)
    (tmp_path / "own").write_text("0::/user\n")
    return tmp_path


def test_groups_of_the_second_version_are_made_where_memory_and_processes_are_counted(controlled, monkeypatch):
    made = []

    def mkdir(self, *_, **__):
        made.append(self)
        os.mkdir(self)
        for name in ("memory.max", "pids.max", "cgroup.procs"):
            (self / name).write_text("")

    monkeypatch.setattr(Path, "mkdir", mkdir)
    found = groups.group(5 * MEGABYTE, 7, mounted=controlled, own=controlled / "own")
    assert found is not None
    (folder,) = found.folders
    assert folder.parent == controlled  # in "user" processes are not counted
    assert (folder / "memory.max").read_text() == str(5 * MEGABYTE)
    assert (folder / "pids.max").read_text() == "7"
    assert int((folder / "cgroup.procs").read_text()) > 1  # somebody was put into it, to see that it can be done


def test_where_no_group_can_be_made_there_is_none(tmp_path):
    (tmp_path / "own").write_text("0::/user\n")
    assert groups.group(MEGABYTE, 7, mounted=tmp_path, own=tmp_path / "own") is None
    assert groups.group(MEGABYTE, 7, mounted=tmp_path, own=tmp_path / "nothing") is None


def test_groups_of_a_killed_grader_are_taken_away():
    made = groups.group(64 * MEGABYTE, 7)
    if made is None:
        pytest.skip("control groups cannot be written here")
    (folder, *_) = made.folders
    left = folder.parent / f"{groups.PREFIX}4194305-dead"  # no process has so high a number
    left.mkdir()
    groups.sweep()
    assert not left.exists()
    assert folder.exists()
    made.close()
    assert not folder.exists()


def test_a_copy_of_the_course_among_the_libraries_is_covered(monkeypatch, tmp_path):
    copy = tmp_path / "site-packages" / "vae_course"
    (copy / "tasks").mkdir(parents=True)
    monkeypatch.setattr(view, "libraries", lambda: [str(copy.parent)])
    found = view.places(wall().kit, Limits())
    seen, covered = (
        next(n for n, place in enumerate(found) if (place.kind, place.path) == one) for one in (("read-only", copy.parent), ("empty", copy))
    )
    assert seen < covered


def test_the_time_of_a_trial_has_an_end(monkeypatch):
    needs("bubblewrap")
    monkeypatch.setattr(walls.trial, "PROGRAM", "import time; time.sleep(600)")
    monkeypatch.setattr(walls, "PATIENCE", 1.0)
    _, failed = walls.tried("bubblewrap", wall().kit, Limits())
    assert "went on running" in failed
    assert issubclass(Late, Exception)
    assert left_behind() == []
