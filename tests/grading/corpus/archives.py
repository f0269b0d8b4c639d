"""The same submissions as two learning platforms hand them out in one file, and archives that are made to do harm."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

from .notebooks import ELBO, Work, all_right

PEOPLE = ("Ada Lovelace", "Zoë Ångström", "Jean-Luc O'Neill", "van der Berg")


def moodle(path: Path, students: dict[str, bytes]) -> None:
    """As "Download all submissions" of an assignment gives it: a folder each, with name and number."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (student, content) in enumerate(students.items()):
            archive.writestr(f"{student}_{4711 + number}_assignsubmission_file_/{ELBO}.ipynb", content)


def canvas(path: Path, students: dict[str, bytes]) -> None:
    """As "Download submissions" gives it: flat, name_user_submission_file; LATE stands behind the name of who was late."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (student, content) in enumerate(students.items()):
            late = "_LATE" if number == 1 else ""
            archive.writestr(f"{''.join(student.split()).lower()}{late}_{4711 + number}_{815 + number}_{ELBO}-1.ipynb", content)


def slipping(path: Path) -> None:
    """A zip whose members want to land somewhere else, one of them a link."""
    content = Work(all_right()).saved()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"honest_1_assignsubmission_file_/{ELBO}.ipynb", content)
        archive.writestr(f"../../corpus-was-here_2_assignsubmission_file_/{ELBO}.ipynb", content)
        archive.writestr(f"/corpus-was-here/{ELBO}.ipynb", content)
        archive.writestr(f"..\\..\\corpus-was-here\\{ELBO}.ipynb", content)
        link = zipfile.ZipInfo(f"link_3_assignsubmission_file_/{ELBO}.ipynb")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")


def bomb(path: Path, megabytes: int = 600) -> None:
    """A small zip that holds a notebook of some hundred megabytes, and a zip in a zip in a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(f"honest_1_assignsubmission_file_/{ELBO}.ipynb", Work(all_right()).saved())
        with archive.open(f"bomb_2_assignsubmission_file_/{ELBO}.ipynb", "w", force_zip64=True) as member:
            for _ in range(megabytes // 4):
                member.write(b" " * 2**22)
        inner = b""
        for depth in range(30):
            held = io.BytesIO()
            with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as one:
                one.writestr(f"inner-{depth}.zip" if depth else f"{ELBO}.ipynb", inner)
            inner = held.getvalue()
        archive.writestr("nested_3_assignsubmission_file_/work.zip", inner)
