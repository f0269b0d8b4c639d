"""Work as learning platforms pack it is found whole, and an archive that was made to do harm does none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.grading import corpus
from tests.grading.corpus import archives
from tests.grading.corpus.notebooks import ELBO, Work, right
from tests.notebooks.project import ROOT
from vae_course.grading.submissions import collect, read


@pytest.mark.parametrize("pack", [archives.moodle, archives.canvas])
def test_archives_of_learning_platforms(pack, tmp_path):
    works = {student: Work({"effective_beta": right("effective_beta")}).words(student).saved() for student in archives.PEOPLE}
    pack(tmp_path / "all.zip", works)
    found = collect(tmp_path / "all.zip", corpus.EXERCISES)
    assert {one.exercise for one in found} == {ELBO}
    assert len({one.student for one in found}) == len(works)
    assert sorted(map(read, found)) == sorted(works.values())
    for one in found:
        (student,) = [student for student, content in works.items() if content == read(one)]
        letters = [sign for sign in student.lower() if sign.isalnum()]
        assert [sign for sign in one.shown_as.lower() if sign.isalnum()] == letters, "the name is kept"


def test_an_archive_reaches_nothing_outside(tmp_path):
    archives.slipping(tmp_path / "slipping.zip")
    before = set(tmp_path.parent.rglob("*"))
    found = collect(tmp_path / "slipping.zip", corpus.EXERCISES)
    for one in found:
        assert one.student not in ("", ".", "..")
        assert not set(one.student) & set("/\\"), one.student
        assert b"root:" not in read(one), "a link was followed"
    assert set(tmp_path.parent.rglob("*")) == before
    assert not Path("/corpus-was-here").exists()
    assert any("honest" in one.student for one in found)


def test_an_archive_that_grows_fills_no_memory(tmp_path):
    archives.bomb(tmp_path / "bomb.zip")
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom vae_course.grading.submissions import collect, read\n"
        "def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "before = most()\nfound = collect(Path(sys.argv[1]), [sys.argv[2]])\nsizes = [len(read(one)) for one in found]\n"
        "print(most() - before, max(sizes), *(one.student for one in found))"
    )
    words = [sys.executable, "-c", code, tmp_path / "bomb.zip", ELBO]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True, cwd=ROOT)
    megabytes, largest, *students = done.stdout.split()
    assert float(megabytes) < 300
    assert int(largest) <= 100 * 2**20
    assert any("honest" in student for student in students)
