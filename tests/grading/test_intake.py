"""What was handed in is found and read, whatever it came in, and a file that was made to do harm does none."""

from __future__ import annotations

import copy
import io
import json
import os
import stat
import subprocess
import sys
import tracemalloc
import zipfile

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.notebooks.project import ROOT
from vae_course.grading import archives
from vae_course.grading.file_names import named, owner_in, safe_id
from vae_course.grading.reading import cells_of, in_utf8
from vae_course.grading.records import GradingError, Submission
from vae_course.grading.reference import Reference, exercises_in
from vae_course.grading.scanning import Damaged, Walker
from vae_course.grading.submissions import collect, read

ELBO = "04-the-elbo"
EXERCISES = exercises_in(ROOT / "solutions")
HANDED_OUT = (ROOT / "exercises" / f"{ELBO}.ipynb").read_bytes()
TEXT = json.loads(HANDED_OUT)
SOURCES = ["".join(cell["source"]) for cell in TEXT["cells"]]


def filled(tmp_path, *names, content=HANDED_OUT):
    """A folder with files of these names."""
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def packed(path, names, content=HANDED_OUT):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return path


def found(source, exercises=EXERCISES):
    return {(one.student, one.exercise) for one in collect(source, exercises)}


def flags_of(one):
    return {flag.name for flag in one.flags}


def sources_of(notebook):
    return [cell["source"] for cell in notebook["cells"]]


# The reference.


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_reference_is_what_the_exercise_asks(exercise):
    reference = Reference.load(exercise, ROOT / "solutions")
    handed_out = json.loads((ROOT / "exercises" / f"{exercise}.ipynb").read_text("utf-8"))
    assert sum(reference.tasks.values()) + sum(reference.written.values()) == 10
    assert reference.title.startswith("Exercise · ")
    for part, cell in zip(reference.parts, handed_out["cells"], strict=True):
        if part.role in ("answer", "written", "check"):
            assert part.stub == "".join(cell["source"])
    assert [part.role for part in reference.parts].count("set-up") == 1


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.unlink(), "holds no notebook"),
        (lambda path: path.rename(path.with_name("05-other.ipynb")), "only for: 05-other"),
        (lambda path: path.write_text("{"), "is no notebook that can be read"),
        (lambda path: path.write_text('{"cells": []}'), "has no cells"),
        (lambda path: path.write_text('{"cells": 3}'), "is no notebook that can be read"),
        (lambda path: path.write_bytes((ROOT / "notebooks" / path.name).read_bytes()), "asks for no answer"),
        (
            lambda path: path.write_text(path.read_text("utf-8").replace("leaning_kl-check", "other-check"), "utf-8"),
            "an answer cell or a check",
        ),
        (lambda path: path.write_text(path.read_text("utf-8").replace('"points": 2', '"points": "two"'), "utf-8"), "'two' points"),
    ],
)
def test_a_broken_reference_is_named(tmp_path, spoil, words):
    path = tmp_path / f"{ELBO}.ipynb"
    path.write_bytes((ROOT / "solutions" / path.name).read_bytes())
    Reference.load(ELBO, tmp_path)
    spoil(path)
    with pytest.raises(GradingError, match=words):
        Reference.load(ELBO, tmp_path)


def test_a_folder_of_solutions_that_is_none_is_named(tmp_path):
    with pytest.raises(GradingError, match="is no folder"):
        exercises_in(tmp_path / "nowhere")


# Names.


@pytest.mark.parametrize(
    ("name", "exercise", "before", "behind", "copy"),
    [
        ("04-the-elbo", ELBO, "", "", 0),
        ("Copy of 04-the-elbo", ELBO, "", "", 0),
        ("Copy of Copy of 04-the-elbo", ELBO, "", "", 0),
        ("Kopie von 04-the-elbo", ELBO, "", "", 0),
        ("04-the-elbo (1)", ELBO, "", "", 1),
        ("04-the-elbo-Copy2", ELBO, "", "", 2),
        ("04-the-elbo - Copy (3)", ELBO, "", "", 3),
        ("04_The_ELBO", ELBO, "", "", 0),
        ("4 the elbo", ELBO, "", "", 0),
        ("the-elbo", ELBO, "", "", 0),
        ("04-the-elbo_final", ELBO, "", "", 0),
        ("ada_04-the-elbo", ELBO, "ada", "", 0),
        ("Ada Lovelace - 04-the-elbo (2)", ELBO, "Ada Lovelace", "", 2),
        ("04-the-elbo_ada", ELBO, "", "ada", 0),
        ("04-the-elbo (Ada Lovelace)", ELBO, "", "Ada Lovelace", 0),
        ("12345_04-the-elbo", ELBO, "12345", "", 0),
        ("10-adversarial-autoencoder", "10-adversarial-autoencoder", "", "", 0),
        ("adversarial autoencoder", "10-adversarial-autoencoder", "", "", 0),
        ("01-autoencoders", "01-autoencoders", "", "", 0),
        ("homework", "", "", "", 0),
        ("elbow", "", "", "", 0),
        ("14-the-elbow", "", "", "", 0),
    ],
)
def test_what_the_name_of_a_file_says(name, exercise, before, behind, copy):
    said = named(name, EXERCISES)
    assert (said.exercise, said.before, said.behind, said.copy) == (exercise, before, behind, copy)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_every_exercise_is_told_from_every_other_by_its_name(exercise):
    for name in (exercise, exercise.upper(), exercise.replace("-", "_"), f"ada_{exercise}", f"Copy of {exercise} (1)"):
        assert named(name, EXERCISES).exercise == exercise


def test_platforms_say_whose_a_file_is():
    moodle = owner_in(["Ada Lovelace_1234_assignsubmission_file_", "x.ipynb"])
    assert (moodle.name, moodle.identity, moodle.rest) == ("Ada Lovelace", "Ada Lovelace-1234", "")
    flat = owner_in(["Ada Lovelace_1234_assignsubmission_file_x.ipynb"])
    assert (flat.identity, flat.rest) == ("Ada Lovelace-1234", "x.ipynb")
    late = owner_in(["lovelaceada_LATE_1234_5678_x-1.ipynb"])
    assert (late.name, late.identity, late.rest, late.order) == ("lovelaceada", "lovelaceada-1234", "x-1.ipynb", 5678)
    blackboard = owner_in(["Exercise 4_ada_attempt_2024-11-29-10-45-00_x.ipynb"])
    assert (blackboard.identity, blackboard.rest) == ("ada", "x.ipynb")
    assert blackboard.submitted == pytest.approx(1732876200, abs=14 * 3600), "the clock of the machine that packed it"
    assert owner_in(["ada", "04-the-elbo.ipynb"]) is None


@given(st.text(min_size=1, max_size=300))
@settings(max_examples=300, deadline=None)
def test_an_id_is_a_name_of_a_file_on_any_system(name):
    made = safe_id(name)
    assert made == safe_id(made)
    assert 0 < len(made.encode()) <= 120
    assert not set(made) & set("/\\:*?\"<>|[]{}$%&;'`!#~ \t\r\n\0"), made
    assert made[0] not in "-_." and made[-1] not in "-_. "  # noqa: PT018
    assert made.split(".")[0].lower() not in ("con", "prn", "aux", "nul", "com1", "lpt1")


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("ada", "ada"),
        ("Ada Lovelace", "Ada-Lovelace"),
        ("王小明", "王小明"),
        ("Zoë Ångström-Šmíd", "Zoë-Ångström-Šmíd"),
        ("हिन्दी", "हिन्दी"),
        ("../../etc/passwd", "etc-passwd"),
        ("CON", "student-CON"),
        ("\u202egnp.exe", "gnp.exe"),
        ("💥", "unnamed"),
        ("--help", "help"),
    ],
)
def test_ids_keep_letters_of_any_script(name, made):
    assert safe_id(name) == made


# Folders.


@pytest.mark.parametrize(
    "name",
    [
        "ada/04-the-elbo.ipynb",
        "ada/exercises/04-the-elbo.ipynb",
        "ada/vae-course-main/exercises/04-the-elbo.ipynb",
        "ada/my/exercises/04-the-elbo.ipynb",
        "ada/04-the-elbo/04-the-elbo.ipynb",
        "ada/04-the-elbo/homework.ipynb",
        "submitted/ada/04-the-elbo/04-the-elbo.ipynb",
        "04-the-elbo/ada.ipynb",
        "04-the-elbo/ada/04-the-elbo.ipynb",
        "ada/week 4/work/Copy of 04-the-elbo (1).ipynb",
        "ada/Untitled.ipynb",
        "ada_04-the-elbo.ipynb",
        "ada-04-the-elbo.ipynb",
        "ada 04-the-elbo.ipynb",
        "ada.04-the-elbo.ipynb",
        "04-the-elbo_ada.ipynb",
        "04-the-elbo (ada).ipynb",
        "ada/04-the-elbo.IPYNB",
        "ada/04-the-elbo.ipynb.txt",
    ],
)
def test_whose_and_for_which_exercise(tmp_path, name):
    filled(tmp_path, name, name.replace("ada", "bob"))
    assert found(tmp_path) == {("ada", ELBO), ("bob", ELBO)}


def test_folders_around_folders_of_students_are_no_students(tmp_path):
    filled(tmp_path, *(f"group {group}/{name}/04-the-elbo.ipynb" for group, name in ("1a", "1b", "2c", "2d")))
    assert found(tmp_path) == {(name, ELBO) for name in "abcd"}


def test_a_student_with_several_folders_stays_one(tmp_path):
    filled(tmp_path, "ada/old/04-the-elbo.ipynb", "ada/new/04-the-elbo.ipynb", "bob/04-the-elbo.ipynb", "eve/x/04-the-elbo.ipynb")
    assert found(tmp_path) == {("ada", ELBO), ("bob", ELBO), ("eve", ELBO)}


def test_a_student_may_hand_in_several_exercises(tmp_path):
    filled(tmp_path, "ada/04-the-elbo.ipynb", "ada/07-beta-vae.ipynb", "bob/07-beta-vae.ipynb")
    assert found(tmp_path) == {("ada", ELBO), ("ada", "07-beta-vae"), ("bob", "07-beta-vae")}
    assert found(tmp_path, ["07-beta-vae"]) == {("ada", "07-beta-vae"), ("bob", "07-beta-vae")}


def test_files_without_names_are_each_somebody_elses(tmp_path):
    filled(tmp_path, "04-the-elbo.ipynb", "04-the-elbo (1).ipynb", "Copy of 04-the-elbo.ipynb")
    students = {student for student, _ in found(tmp_path)}
    assert len(students) == 3
    assert all(student.startswith("unnamed") for student in students)


def test_ids_of_different_students_differ(tmp_path):
    names = ["ada lovelace", "ada-lovelace", "Ada Lovelace", "ada  lovelace", "ada?lovelace" if os.name != "nt" else "ada_lovelace"]
    for name in names:
        filled(tmp_path, f"{name}/04-the-elbo.ipynb")
    students = [one.student for one in collect(tmp_path, EXERCISES)]
    assert len({student.casefold() for student in students}) == len(names)
    assert "ada-lovelace" in students, "who has a safe name keeps it"
    assert students == [one.student for one in collect(tmp_path, EXERCISES)]


def test_the_same_letters_written_in_two_ways_are_one_student(tmp_path):
    filled(tmp_path, "Jose\u0301/04-the-elbo.ipynb", "Jos\u00e9/07-beta-vae.ipynb")
    assert found(tmp_path) == {("Jos\u00e9", ELBO), ("Jos\u00e9", "07-beta-vae")}


def test_the_newest_of_several_files_is_graded_and_the_others_are_listed(tmp_path):
    filled(tmp_path, "ada/04-the-elbo.ipynb", "ada/04-the-elbo (1).ipynb", "ada/old/04-the-elbo.ipynb")
    os.utime(tmp_path / "ada" / "04-the-elbo (1).ipynb", (1e9, 1e9))
    os.utime(tmp_path / "ada" / "04-the-elbo.ipynb", (2e9, 2e9))
    (one,) = collect(tmp_path, EXERCISES)
    assert one.path.name == "04-the-elbo.ipynb"
    (flag,) = one.flags
    assert flag.name == "several files"
    assert "04-the-elbo (1).ipynb" in flag.detail


def test_the_courses_own_copies_beside_a_students_work_are_not_taken_for_it(tmp_path):
    filled(tmp_path, *(f"ada/{folder}/04-the-elbo.ipynb" for folder in ("exercises", "solutions", "notebooks")))
    os.utime(tmp_path / "ada" / "exercises" / "04-the-elbo.ipynb", (1e9, 1e9))
    (one,) = collect(tmp_path, EXERCISES)
    assert one.path.parent.name == "exercises"
    assert flags_of(one) == set()


def test_what_editors_and_systems_leave_behind_is_no_work(tmp_path):
    filled(tmp_path, "ada/04-the-elbo.ipynb", "ada/.ipynb_checkpoints/04-the-elbo-checkpoint.ipynb", "__MACOSX/ada/._04-the-elbo.ipynb")
    filled(tmp_path, ".git/04-the-elbo.ipynb", "bob/.venv/lib/04-the-elbo.ipynb", "ada/.DS_Store")
    (one,) = collect(tmp_path, EXERCISES)
    assert (one.student, flags_of(one)) == ("ada", set())


@pytest.mark.parametrize(
    "name", ["ada/Copy of 04-the-elbo.ipynb", "ada/homework.ipynb", "ada/04_the_elbo.ipynb", "ada_04-the-elbo (1).ipynb"]
)
def test_another_name_is_flagged(tmp_path, name):
    (one,) = collect(filled(tmp_path, name), EXERCISES)
    assert flags_of(one) == {"renamed"}


@pytest.mark.parametrize("name", ["ada_04-the-elbo.ipynb", "lovelaceada_1_2_04-the-elbo-1.ipynb", "04-the-elbo_ada.ipynb"])
def test_a_name_that_a_platform_gave_is_not(tmp_path, name):
    (one,) = collect(filled(tmp_path, name), EXERCISES)
    assert flags_of(one) == set()


def test_work_that_is_no_notebook_has_no_points_and_is_not_lost(tmp_path):
    filled(tmp_path, "ada/04-the-elbo.pdf", "bob/04-the-elbo.ipynb", "bob/04-the-elbo.html", content=b"%PDF")
    filled(tmp_path, "bob/04-the-elbo.ipynb", "eve/other-lesson.ipynb")
    (tmp_path / "eve" / "other-lesson.ipynb").write_text('{"cells": []}')
    collected = collect(tmp_path, EXERCISES)
    assert {one.student: flags_of(one) for one in collected} == {"ada": {"not a notebook"}, "bob": set()}
    assert ["eve/other-lesson.ipynb" in line for line in collected.passed_over] == [True]


def test_who_handed_in_no_notebook_at_all_is_told(tmp_path):
    filled(tmp_path, "ada/04-the-elbo.ipynb", "ada/plots/one.png", "bob/homework.pdf", "bob/more.pdf", "read me.txt")
    filled(tmp_path, "Eve_1_assignsubmission_file_/work.docx", "Mia_2_assignsubmission_file_/04-the-elbo.ipynb")
    filled(tmp_path, "Mia_2_assignsubmission_onlinetext_/onlinetext.html")
    collected = collect(tmp_path, EXERCISES)
    assert {one.student for one in collected} == {"ada", "Mia-2"}
    told = sorted(line.split(":")[0] for line in collected.passed_over)
    assert told == ["Eve_1_assignsubmission_file_/work.docx", "bob/homework.pdf"]
    assert collected.passed_over[-1].endswith("it is no notebook, and nothing else was found of bob")


def test_work_on_an_exercise_that_is_not_asked_for_is_not_taken_for_the_one_that_is(tmp_path):
    other = (ROOT / "exercises" / "07-beta-vae.ipynb").read_bytes()
    filled(
        tmp_path, "ada/07-beta-vae (1).ipynb", "bob/Untitled.ipynb", "eve/beta vae.ipynb", "kim/07-beta-vae/answers.ipynb", content=other
    )
    filled(tmp_path, "ada/04-the-elbo.ipynb", "jo_07-beta-vae.ipynb")
    filled(tmp_path, "mia/Untitled.ipynb", content=b'{"cells": []}')
    collected = collect(tmp_path, [ELBO], EXERCISES)
    assert {(one.student, one.exercise) for one in collected} == {("ada", ELBO), ("mia", ELBO)}
    assert sorted(line.split("/")[0].split("_")[0] for line in collected.passed_over) == ["ada", "bob", "eve", "jo", "kim"]
    assert all(line.endswith("it is on 07-beta-vae, which is not asked for") for line in collected.passed_over)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a system with links and pipes")
def test_links_and_pipes_are_not_followed(tmp_path):
    secret = filled(tmp_path / "outside", "secret.ipynb") / "secret.ipynb"
    work = filled(tmp_path / "work", "ada/04-the-elbo.ipynb")
    for name, make in {
        "file": lambda path: path.symlink_to(secret),
        "gone": lambda path: path.symlink_to("nowhere"),
        "pipe": os.mkfifo,
        "dir": lambda path: path.mkdir(),
    }.items():
        (work / name).mkdir()
        make(work / name / "04-the-elbo.ipynb")
    (work / "folder").symlink_to(tmp_path / "outside")
    by_student = {one.student: one for one in collect(work, EXERCISES)}
    assert set(by_student) == {"ada", "file", "gone", "pipe", "dir"}
    for name, one in by_student.items():
        assert (read(one) == b"", flags_of(one)) == ((False, set()) if name == "ada" else (True, {"not a notebook"}))


def test_when_it_was_handed_in_is_told_where_it_is_known(tmp_path):
    filled(tmp_path, "ada/04-the-elbo/04-the-elbo.ipynb", "bob/04-the-elbo/04-the-elbo.ipynb", "eve/04-the-elbo/04-the-elbo.ipynb")
    (tmp_path / "ada" / "04-the-elbo" / "timestamp.txt").write_text("2024-11-29 10:45:00.250000 UTC\n")
    (tmp_path / "eve" / "04-the-elbo" / "timestamp.txt").write_text("yesterday\n")
    told = {one.student: one.submitted for one in collect(tmp_path, EXERCISES)}
    assert told == {"ada": 1732877100.25, "bob": None, "eve": None}


# Instructors' mistakes.


@pytest.mark.parametrize("name", ["", "exercises", "notebooks", "solutions"])
def test_the_courses_own_folders_are_nobodys_work(name):
    with pytest.raises(GradingError, match="the course's own folder"):
        collect(ROOT / name, EXERCISES)


def test_mistakes_are_told_in_sentences(tmp_path):
    with pytest.raises(GradingError, match="There is no"):
        collect(tmp_path / "nowhere", EXERCISES)
    with pytest.raises(GradingError, match="nobody's work"):
        collect(filled(tmp_path / "empty", "a/b.txt"), EXERCISES)
    with pytest.raises(GradingError, match=r"1 of them notebooks.*Name another folder"):
        collect(filled(tmp_path / "other", "a/b.ipynb", content=b"{}"), EXERCISES)
    with pytest.raises(GradingError, match="nobody's work"):
        collect(packed(tmp_path / "photos.zip", ["a.jpg", "b/c.jpg"]), EXERCISES)
    (tmp_path / "broken.zip").write_bytes(b"PK\3\4 no more")
    with pytest.raises(GradingError, match="can't be opened"):
        collect(tmp_path / "broken.zip", EXERCISES)
    (tmp_path / "all.tar.gz").write_bytes(b"\x1f\x8b")
    with pytest.raises(GradingError, match="unpack it first"):
        collect(tmp_path / "all.tar.gz", EXERCISES)


# Archives.


def test_a_zip_of_moodle(tmp_path):
    names = [
        f"{name}_{number}_assignsubmission_file_/04-the-elbo.ipynb"
        for name, number in (("Ada Lovelace", 11), ("王小明", 12), ("Ada Lovelace", 13))
    ]
    submissions = collect(packed(tmp_path / "all.zip", [*names, "Ada Lovelace_11_assignsubmission_onlinetext_/onlinetext.html"]), EXERCISES)
    assert {one.student: one.shown_as for one in submissions} == {
        "Ada-Lovelace-11": "Ada Lovelace",
        "王小明-12": "王小明",
        "Ada-Lovelace-13": "Ada Lovelace",
    }
    assert all(read(one) == HANDED_OUT and one.submitted for one in submissions)
    flat = collect(packed(tmp_path / "flat.zip", [name.replace("/", "") for name in names]), EXERCISES)
    assert {one.student for one in flat} == {one.student for one in submissions}


def test_a_zip_of_canvas(tmp_path):
    names = [
        "lovelaceada_11_500_04-the-elbo.ipynb",
        "lovelaceada_11_501_04-the-elbo-1.ipynb",
        "hopper_LATE_12_502_Copy of 04-the-elbo.ipynb",
    ]
    submissions = collect(packed(tmp_path / "all.zip", names), EXERCISES)
    assert {one.student: one.member for one in submissions} == {"lovelaceada-11": names[1], "hopper-12": names[2]}
    assert {one.student: flags_of(one) for one in submissions} == {"lovelaceada-11": {"several files"}, "hopper-12": {"renamed"}}


def zipped(names, content=HANDED_OUT):
    held = io.BytesIO()
    packed(held, names, content)
    return held.getvalue()


def test_archives_in_archives(tmp_path):
    inner = zipped(["work/04-the-elbo.ipynb"])
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("Ada_1_assignsubmission_file_/work.zip", inner)
        archive.writestr("bob/work.zip", zipped(["again.zip"], inner))
        archive.writestr("eve.zip", inner)
        deep = inner
        for _ in range(9):
            deep = zipped(["again.zip"], deep)
        archive.writestr("mallory/04-the-elbo.zip", deep)
        archive.writestr("trent/04-the-elbo.zip", b"no zip")
    collected = collect(tmp_path / "all.zip", EXERCISES)
    assert {one.student: flags_of(one) for one in collected} == {
        "Ada-1": set(),
        "bob": set(),
        "eve": set(),
        "mallory": {"not a notebook"},
        "trent": {"not a notebook"},
    }
    assert [read(one) == HANDED_OUT for one in collected] == [not one.flags for one in collected]
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "ada.zip").write_bytes(inner)
    assert found(tmp_path / "folder") == {("ada", ELBO)}


def test_names_that_lead_out_of_an_archive_lead_nowhere(tmp_path):
    names = [
        "../../ada/04-the-elbo.ipynb",
        "/bob/04-the-elbo.ipynb",
        "..\\..\\eve\\04-the-elbo.ipynb",
        "C:\\x\\mallory\\..\\04-the-elbo.ipynb",
    ]
    before = set(tmp_path.parent.rglob("*"))
    submissions = collect(packed(tmp_path / "all.zip", names), EXERCISES)
    assert {one.student for one in submissions} == {"ada", "bob", "eve", "x"}
    assert all(read(one) == HANDED_OUT for one in submissions)
    assert set(tmp_path.parent.rglob("*")) - before == {tmp_path / "all.zip"}


def test_a_link_in_an_archive_is_no_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        link = zipfile.ZipInfo("ada/04-the-elbo.ipynb")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    (one,) = collect(tmp_path / "all.zip", EXERCISES)
    assert (flags_of(one), read(one)) == ({"not a notebook"}, b"")


def test_an_archive_that_grows_is_read_no_further_than_a_notebook_may_be_long(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MOST_PACKED", 1_000_000)
    grows = zipped(["04-the-elbo.ipynb"], b" " * 3_000_000)
    packed(tmp_path / "all.zip", ["ada/04-the-elbo.ipynb"], b" " * 3_000_000)
    with zipfile.ZipFile(tmp_path / "all.zip", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bob/04-the-elbo.zip", zipped(["inner.zip"], grows + b" " * 2_000_000))
    ada, bob = collect(tmp_path / "all.zip", EXERCISES)
    assert flags_of(bob) == {"not a notebook"}
    with archives.open_plainly(ada.path) as file:
        assert len(archives.content_of(file, [ada.member], most=10_000)) == 10_000


def test_an_archive_with_a_million_names_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "DIRECTORY", 5_000)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("ada/04-the-elbo.zip", zipped([f"{number}.ipynb" for number in range(1000)], b""))
        archive.writestr("bob/04-the-elbo.ipynb", HANDED_OUT)
    assert {one.student: flags_of(one) for one in collect(tmp_path / "all.zip", EXERCISES)} == {"ada": {"not a notebook"}, "bob": set()}


def test_a_folder_that_cannot_be_read_is_told(tmp_path, monkeypatch):
    filled(tmp_path, "ada/04-the-elbo.ipynb", "bob/04-the-elbo.ipynb")
    listing = os.scandir

    def scandir(place):
        if str(place).endswith("bob"):
            raise PermissionError(13, "Permission denied", str(place))
        return listing(place)

    monkeypatch.setattr(os, "scandir", scandir)
    collected = collect(tmp_path, EXERCISES)
    assert [one.student for one in collected] == ["ada"]
    assert collected.passed_over == ("bob: it can't be read (Permission denied)",)


def test_a_member_that_is_damaged_gives_what_can_be_read(tmp_path):
    path = packed(tmp_path / "all.zip", ["ada/04-the-elbo.ipynb"], HANDED_OUT * 4)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 20] = bytes(20)
    path.write_bytes(content)
    (one,) = collect(path, EXERCISES)
    assert HANDED_OUT.startswith(read(one)[:1000])


@given(st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=60)), max_size=5), st.binary(max_size=40), st.integers(0, 400))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_archive_of_a_student_leaves_the_others_whole(tmp_path, members, noise, place):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in dict(members).items():
            archive.writestr(f"{name}.ipynb".replace("\0", ""), content)
    inner = bytearray(held.getvalue())
    inner[place : place + len(noise)] = noise
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("Bob_1_assignsubmission_file_/04-the-elbo.ipynb", HANDED_OUT)
        archive.writestr("Ada_2_assignsubmission_file_/work.zip", bytes(inner))
    by_student = {one.student: read(one) for one in collect(tmp_path / "all.zip", [ELBO])}
    assert by_student["Bob-1"] == HANDED_OUT


# Reading.


def test_a_notebook_is_read_as_json_reads_it():
    notebook, flags = cells_of(HANDED_OUT)
    assert sources_of(notebook) == SOURCES
    assert [cell["id"] for cell in notebook["cells"]] == [cell["id"] for cell in TEXT["cells"]]
    marks = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in TEXT["cells"]]
    assert [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in notebook["cells"]] == marks
    assert {flag.name for flag in flags} == {"not run"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_any_encoding_of_unicode(encoding):
    text = json.dumps(TEXT, ensure_ascii=False)
    content = text.encode(encoding)
    notebook, flags = cells_of(content)
    assert sources_of(notebook) == SOURCES
    assert ("encoding" in {flag.name for flag in flags}) is not encoding.startswith("utf-8")


def test_latin_1():
    text = json.dumps({"cells": [{"cell_type": "markdown", "metadata": {}, "source": "très bien, déjà vu"}]}, ensure_ascii=False)
    notebook, flags = cells_of(text.encode("latin-1"))
    assert sources_of(notebook) == ["très bien, déjà vu"]
    assert [flag.name for flag in flags] == ["encoding"]


def test_a_few_broken_bytes_do_not_make_it_latin():
    content = bytearray(HANDED_OUT)
    place = content.index(b"KL")
    content[place : place + 2] = b"\xff\xfe"
    notebook, flags = cells_of(bytes(content))
    changed = [(one, other) for one, other in zip(sources_of(notebook), SOURCES, strict=True) if one != other]
    assert len(changed) == 1
    assert "\N{REPLACEMENT CHARACTER}" in changed[0][0]
    assert "encoding" in {flag.name for flag in flags}


def in_format_3(notebook):
    cells = []
    for cell in notebook["cells"]:
        code = cell["cell_type"] == "code"
        told = {"input": cell["source"], "language": "python", "outputs": [], "prompt_number": 3} if code else {"source": cell["source"]}
        cells.append({"cell_type": cell["cell_type"], "metadata": cell["metadata"], **told})
    cells.append({"cell_type": "heading", "level": 2, "metadata": {}, "source": ["Done"]})
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}


def test_nbformat_3():
    notebook, flags = cells_of(json.dumps(in_format_3(TEXT)).encode())
    assert sources_of(notebook) == [*SOURCES, "## Done"]
    assert flags == ()


@given(st.integers(0, len(HANDED_OUT)))
@settings(max_examples=80, deadline=None)
def test_of_a_file_that_was_cut_off_every_whole_cell_is_saved(place):
    notebook, flags = cells_of(HANDED_OUT[:place])
    told = sources_of(notebook)
    assert told == SOURCES[: len(told)]
    ends = [HANDED_OUT.index(f'"id": "{cell["id"]}"'.encode()) for cell in TEXT["cells"]]
    assert len(told) >= sum(end < place for end in ends) - 1
    assert {flag.name for flag in flags} & {"mended", "not a notebook"} or place >= len(HANDED_OUT.rstrip())


def test_a_cell_of_colab_is_saved_though_its_outputs_are_cut():
    cell = '{"cell_type": "code", "source": ["x = 1"], "metadata": {}, "outputs": [{"data": {"image/png": "iVBOR'
    notebook, flags = cells_of(f'{{"nbformat": 4, "cells": [{cell}'.encode())
    assert sources_of(notebook) == ["x = 1"]
    assert "mended" in {flag.name for flag in flags}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace('"cells": [', '"cells": [\n<<<<<<< HEAD\n', 1),
        lambda text: f"<<<<<<< HEAD\n{text}",
        lambda text: text.replace("\n ],", ",\n ],", 1),
        lambda text: text[1:],
        lambda text: f'{{"content": {text}, "type": "notebook"}}',
    ],
)
def test_cells_are_saved_from_what_is_no_json(spoil):
    text = HANDED_OUT.decode()
    assert spoil(text) != text
    notebook, flags = cells_of(spoil(text).encode())
    assert sources_of(notebook) == SOURCES
    assert "mended" in {flag.name for flag in flags}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n",
        b"%PDF-1.7 \xff\xfe",
        b"<html>",
        b"1e999",
        b"[" * 100_000,
        b'{"cells":' * 50_000,
        b'{"cells":[' * 50_000,
        b'{"cells": 3}',
        b'{"cells": [1, null, "x", [], {}]}',
        b'{"cells": [{"cell_type": "code"}]}',
        b'{"cells": [{"cell_type": 1, "source": NaN}]}',
        b'{"id":' * 50_000,
        b'"' + b"\\" * 100_000,
        bytes(5000),
    ],
)
def test_what_is_no_notebook_is_told(content):
    notebook, flags = cells_of(content)
    assert notebook["cells"] == []
    assert "not a notebook" in {flag.name for flag in flags}


def odd_cell(**changes):
    return {"cell_type": "code", "metadata": {}, "outputs": [], "source": "x = 1", **changes}


@pytest.mark.parametrize(
    "cell",
    [
        odd_cell(metadata=[]),
        odd_cell(metadata={"nbgrader": 3}),
        odd_cell(metadata={"nbgrader": {"grade_id": ["leaning_kl"]}}),
        odd_cell(id=17),
        odd_cell(source=["x", " = ", 1, None, [], "1"]),
        odd_cell(outputs={"a": "b"}),
        odd_cell(outputs=None),
        odd_cell(execution_count=float("nan")),
        odd_cell(execution_count=10**400),
        odd_cell(metadata={"x": 10**400}),
    ],
)
def test_a_cell_with_odd_parts_is_read_all_the_same(cell):
    content = json.dumps({"cells": [cell, odd_cell(source="y = 2")]}).encode()
    if cell["metadata"] == {"x": 10**400}:
        content = content.replace(b"1" + b"0" * 400, b"9" * 90_000)  # more digits than Python turns into a number
    notebook, _ = cells_of(content)
    assert sources_of(notebook) == ["x = 1", "y = 2"]


def test_text_that_cannot_be_written_is_mended():
    content = b'{"cells": [{"cell_type": "code", "source": "a = \\"\\ud800\\"\\u0000\\r\\nb = 1\\rc = 2"}]}'
    (source,) = sources_of(cells_of(content)[0])
    assert source.encode()
    assert "\0" not in source
    assert source.split("\n")[1:] == ["b = 1", "c = 2"]


def test_bounds_on_cells_and_their_length():
    many = {"cells": [odd_cell(source=f"a{number} = 1") for number in range(3000)]}
    notebook, flags = cells_of(json.dumps(many).encode())
    assert len(notebook["cells"]) == 2000
    assert "large" in {flag.name for flag in flags}
    long = {"cells": [odd_cell(source="# " + "x" * 2_000_000), *(odd_cell(source="#" + "x" * 400_000) for _ in range(4)), odd_cell()]}
    notebook, flags = cells_of(json.dumps(long).encode())
    assert [len(source) for source in sources_of(notebook)] == [400_001, 400_001]
    assert "large" in {flag.name for flag in flags}


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["cells", "cell_type", "source", "metadata", "id", "outputs", "x"]), inner, max_size=4)
    ),
    max_leaves=30,
)


@given(json_values)
@settings(max_examples=200, deadline=None)
def test_the_walk_ends_where_json_ends(value):
    content = json.dumps(value).encode()
    walker = Walker(content + b" ,")
    walker.skip()
    assert walker.at == len(content)
    built = Walker(content).value(10**6)
    assert json.dumps(built) == json.dumps(value)
    cut = Walker(content[:-1])
    if isinstance(value, (dict, list, str)):
        with pytest.raises(Damaged):
            cut.skip()


@given(
    json_values | st.builds(lambda cells: {"cells": cells}, st.lists(json_values, max_size=3)), st.integers(0, 300), st.binary(max_size=3)
)
@settings(max_examples=300, deadline=None)
def test_no_json_and_no_damage_to_it_raises(value, place, noise):
    content = bytearray(json.dumps(value).encode())
    content[place : place + len(noise)] = noise
    notebook, _ = cells_of(bytes(content))
    for cell in notebook["cells"]:
        assert isinstance(cell["source"], str)
        assert cell["cell_type"] in ("code", "markdown", "raw")


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_no_bytes_raise(content):
    text, _ = in_utf8(content)
    bytes(text).decode("utf-8", "ignore")
    cells_of(content)


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_source_survives(source):
    content = json.dumps({"cells": [odd_cell(source=source), odd_cell(source=source.splitlines(keepends=True))]}, ensure_ascii=False)
    notebook, _ = cells_of(content.encode("utf-8", "surrogatepass"))
    plain = source.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}").replace("\r\n", "\n").replace("\r", "\n")
    if "\ufffd" not in plain and "?" not in plain:
        assert sources_of(notebook) == [plain, plain]


def test_a_kernel_of_another_name_and_cells_that_were_run():
    notebook = copy.deepcopy(TEXT)
    notebook["metadata"]["kernelspec"] = {"name": "conda-env-dl", "display_name": "dl", "language": "python"}
    notebook["cells"][3]["execution_count"] = 1
    _, flags = cells_of(json.dumps(notebook).encode())
    assert {flag.name: flag.detail for flag in flags} == {"kernel": "conda-env-dl, python"}


# Fifty megabytes of outputs.


def with_outputs(megabytes):
    """The exercise with a picture and a long print below a cell, in bytes."""
    notebook = copy.deepcopy(TEXT)
    notebook["cells"][7]["outputs"] = [
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": "PICTURE"}},
        {"output_type": "stream", "name": "stdout", "text": ["LINES"]},
    ]
    picture, lines = b"iVBORw0KGgo" * (megabytes * 2**19 // 11), ", ".join(['"loss 0.12 ‖ 😀\\n"'] * (megabytes * 2**19 // 26))
    return json.dumps(notebook, ensure_ascii=False).encode().replace(b"PICTURE", picture).replace(b'"LINES"', lines.encode())


def test_what_is_passed_over_takes_no_memory():
    content = with_outputs(4)
    tracemalloc.start()
    notebook, _ = cells_of(content)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sources_of(notebook) == SOURCES
    assert most < 0.75 * len(content), "a file's text or its outputs were built"


@pytest.mark.skipif(sys.platform == "win32", reason="measures memory as Unix does")
def test_fifty_megabytes_of_outputs(tmp_path):
    path = filled(tmp_path, "ada/04-the-elbo.ipynb", content=with_outputs(50)) / "ada" / "04-the-elbo.ipynb"
    assert path.stat().st_size > 45_000_000
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom vae_course.grading.reading import cells_of\n"
        "from vae_course.grading.submissions import collect, read\n"
        "def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = most()\n(one,) = collect(Path(sys.argv[1]), ['04-the-elbo'])\nnotebook, flags = cells_of(read(one))\n"
        "print(most() - before, len(notebook['cells']), [flag.name for flag in flags])"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True, cwd=ROOT)
    taken, cells, flags = done.stdout.split(maxsplit=2)
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(taken) * unit < 150_000_000, "the file is 50 MB, and held once or twice"
    assert int(cells) == len(SOURCES)
    assert "large" in flags


def test_reading_gives_what_nbformat_gives():
    for path in (ROOT / "solutions").glob("*.ipynb"):
        told = [(cell.cell_type, cell.source, cell.id) for cell in nbformat.read(path, as_version=4).cells]
        notebook, _ = cells_of(path.read_bytes())
        assert [(cell["cell_type"], cell["source"], cell["id"]) for cell in notebook["cells"]] == told


def test_a_file_that_is_gone_is_empty(tmp_path):
    assert read(Submission("ada", ELBO, tmp_path / "gone.ipynb")) == b""
    assert read(Submission("ada", ELBO, tmp_path / "gone.zip", "a.ipynb")) == b""
