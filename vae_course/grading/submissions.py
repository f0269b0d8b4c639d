"""What was handed in: every file of a folder or of a learning platform's zip, each told to be whose and for which exercise.

Nothing is unpacked, no link is followed, and no file is passed over in silence.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .archives import INSIDE, MOST_BYTES, Refused, content_of, first_bytes, is_zip, members_of, open_plainly
from .file_names import UNNAMED, Named, Owner, folded, is_notebook, is_of_the_course, named, owner_in, safe_id, stem_of
from .flags import flag
from .reading import in_utf8
from .records import Flag, GradingError, Submission

MOST_FILES = 200_000
# What systems and editors leave behind, and what comes with a copy of the whole course.
LEFT_BEHIND = re.compile(r"^(\..*|__MACOSX|__pycache__|node_modules|site-packages|venv|Thumbs\.db|desktop\.ini)$")
BESIDE = ("solutions", "notebooks")
BADGE = re.compile(rb"exercises/([\w-]+)\.ipynb")
HEAD = 1_000_000  # bytes in which an exercise's badge is looked for
STAMP = "timestamp.txt"  # where nbgrader keeps when something was handed in
WANTED = (
    "expected a folder a student, files named after students, or the zip of Moodle or Canvas, with notebooks called as the exercises are"
)


class Collected(list[Submission]):
    """The submissions, and what was passed over: for each such file where it is, and why."""

    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True)
class _File:
    """A file below the source. parts: the names that lead to it, archives among them. member: in the archive at `path`, "" for none."""

    parts: tuple[str, ...]
    path: Path
    member: str = ""
    time: float | None = None
    problem: str = ""


@dataclass(frozen=True)
class _Candidate:
    """A file that is some student's work on an exercise. folders: the names of folders that may be a student's."""

    file: _File
    name: Named
    owner: Owner | None
    folders: tuple[str, ...]


def collect(source: Path, exercises: Sequence[str], others: Sequence[str] = ()) -> Collected:
    """The newest file of each student for each exercise.

    source: a folder, or a zip. exercises: their names, as in "04-the-elbo". others: exercises whose files may lie there too, and are
    passed over: that only one is asked for makes none of them work on that one.
    Raises GradingError where that is no folder or zip, or nobody's work on these exercises is in it.
    """
    files = list(_files_in(source))
    found, rest = _sorted_out(files, exercises, [one for one in others if one not in exercises])
    students = _students(found)
    groups: dict[tuple[str, str], list[tuple[_Candidate, str]]] = defaultdict(list)
    for candidate, (student, shown_as) in zip(found, students, strict=True):
        groups[student, candidate.name.exercise].append((candidate, shown_as))
    collected = Collected()
    stamps = {file.parts[:-1]: file for file in files if file.parts[-1] == STAMP}
    for (student, exercise), group in sorted(groups.items()):
        collected.append(_submission(student, exercise, group, stamps))
    if not collected:
        seen = f"{len(files):,} files, {sum(is_notebook(file.parts[-1]) for file in files):,} of them notebooks"
        raise GradingError(
            f"{source} has nobody's work on {_listed(exercises)} in it ({seen}), {WANTED}. Name another folder, or other exercises."
        )
    collected.passed_over = tuple(rest)
    return collected


def read(submission: Submission) -> bytes:
    """The bytes of a submission, of a very large one the first 100 MB. What cannot be read is empty."""
    try:
        with open_plainly(submission.path) as file:
            if submission.member:
                return content_of(file, submission.member.split(INSIDE))
            return first_bytes(file, MOST_BYTES)
    except OSError:
        return b""


def _files_in(source: Path) -> Iterator[_File]:
    if not source.exists():
        raise GradingError(f"There is no {source}. Name the folder or the zip of what was handed in.")
    if source.is_dir():
        _refuse_the_course(source)
        return _in_folder(source)
    if source.suffix.lower() == ".zip":
        return iter(list(_in_archive(source.resolve(), (), source.name)))
    raise GradingError(f"{source} is one file, {WANTED}. If it is another kind of archive, unpack it first.")


def _refuse_the_course(source: Path) -> None:
    """The course's own folders have notebooks of the same names."""
    here = source.resolve()
    if (
        (here / "vae_course" / "__init__.py").exists()
        or (here.parent / "vae_course" / "__init__.py").exists()
        and here.name in (*BESIDE, "exercises")
    ):
        raise GradingError(f"{source} is the course's own folder, and nobody's work. Name the folder or the zip of what was handed in.")


def _in_folder(source: Path) -> Iterator[_File]:
    count = 0
    unread: list[OSError] = []
    for place, folders, names in os.walk(source, onerror=unread.append):
        below = Path(place).relative_to(source).parts
        # A folder that is called as a notebook is what somebody handed in, though nothing can be read there.
        odd = [name for name in folders if is_notebook(name) and _is_empty(Path(place) / name)]
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        folders[:] = sorted(name for name in folders if not LEFT_BEHIND.match(name) and name not in links)
        for name in sorted([*names, *odd, *links]):
            count += 1
            if count > MOST_FILES:
                raise GradingError(f"{source} has more than {MOST_FILES:,} files, {WANTED}. Name a folder further inside.")
            path = Path(place) / name
            if LEFT_BEHIND.match(name):
                continue
            known = path.lstat()
            if stat.S_ISLNK(known.st_mode):
                yield _File((*below, name), path, problem="it is a link, which is not followed")
            elif not stat.S_ISREG(known.st_mode):
                yield _File((*below, name), path, problem="it is no file")
            elif is_zip(name):
                yield from _in_archive(path, (*below, name[:-4]), name)
            else:
                yield _File((*below, name), path, time=known.st_mtime)
    for error in unread:
        path = Path(error.filename)
        yield _File(path.relative_to(source).parts or (path.name,), path, problem=f"it can't be read ({error.strerror})")


def _is_empty(folder: Path) -> bool:
    return not folder.is_symlink() and os.access(folder, os.R_OK) and not any(folder.iterdir())


def _in_archive(path: Path, above: tuple[str, ...], name: str) -> Iterator[_File]:
    """The files in an archive; when it can't be opened, the archive as a file that can't be read. An outermost one raises GradingError."""
    try:
        with open_plainly(path) as file:
            for member in members_of(file):
                names = [part for one in member.chain for part in _names_in(one)]
                archives = [_names_in(one)[-1:] for one in member.chain[:-1]]
                names = [part[:-4] if [part] in archives else part for part in names]
                if names and not any(LEFT_BEHIND.match(part) for part in names):
                    yield _File((*above, *names), path, INSIDE.join(member.chain), member.time, member.problem)
    except (Refused, OSError) as reason:
        if not above:
            raise GradingError(f"{path} can't be opened: {reason}. Download it anew, or unpack it and name the folder.") from None
        yield _File((*above[:-1], name), path, problem=str(reason))


def _names_in(member: str) -> list[str]:
    """The names in a member's path, those that lead upwards or to a disk left out."""
    return [part for part in re.split(r"[/\\]", member) if part.strip(". ") and not re.fullmatch(r"[A-Za-z]:", part)]


def _sorted_out(files: Iterable[_File], exercises: Sequence[str], not_now: Sequence[str]) -> tuple[list[_Candidate], list[str]]:
    """The files that are work on one of the exercises, and the others in words."""
    found, others, later, rest = [], [], [], []
    alone = exercises[0] if len(exercises) == 1 else ""
    for file in files:
        candidate = _candidate(file, [*exercises, *not_now], alone)
        if candidate is not None and candidate.name.exercise in not_now:
            rest.append(f"{'/'.join(file.parts)}: it is on {candidate.name.exercise}, which is not asked for")
            later.append(candidate)
        elif candidate is not None and is_notebook(file.parts[-1]):
            found.append(candidate)
        else:
            others.append((file, candidate))
    # Somebody who handed in a PDF, or a zip that can't be opened, and no notebook, has handed in something all the same.
    with_work = {_whose(candidate) for candidate in found}
    for file, candidate in others:
        if candidate is not None and _whose(candidate) not in with_work and (candidate.owner or candidate.folders):
            why = file.problem or "it is no notebook"
            found.append(dataclasses.replace(candidate, file=dataclasses.replace(file, problem=why)))
        elif candidate is None and (is_notebook(file.parts[-1]) or file.problem):
            rest.append(f"{'/'.join(file.parts)}: {file.problem or 'it is on none of these exercises'}")
    return found, [*rest, *_of_nobody([*found, *later], [file for file, candidate in others if candidate is None], [*exercises, *not_now])]


def _of_nobody(known: Sequence[_Candidate], files: Sequence[_File], exercises: Sequence[str]) -> Iterator[str]:
    """In words, a file of each student who handed in something, and no notebook: that person would be in no list."""
    level = _level_of_students([one for one in known if not one.owner and one.folders])
    met = {"", *(_told(one.owner, one.folders, level) for one in known)}
    for file in files:
        folders = tuple(part for part in file.parts[:-1] if not is_of_the_course(part, exercises))
        who = _told(owner_in(file.parts), folders, level)
        if who not in met and not is_notebook(file.parts[-1]) and not file.problem:
            yield f"{'/'.join(file.parts)}: it is no notebook, and nothing else was found of {who}"
        met.add(who)


def _told(owner: Owner | None, folders: Sequence[str], level: int) -> str:
    """How a student is called by a platform or a folder, "" where by neither."""
    if owner:
        return owner.identity
    return folders[min(level, len(folders) - 1)] if folders else ""


def _whose(candidate: _Candidate) -> tuple[object, str]:
    return (candidate.owner.identity if candidate.owner else candidate.folders), candidate.name.exercise


def _candidate(file: _File, exercises: Sequence[str], alone: str) -> _Candidate | None:
    """What a file is work on, by its name, else by a folder's, else by its content, else the exercise that stands `alone`."""
    owner = owner_in(file.parts)
    own = owner.rest if owner and owner.rest else file.parts[-1]
    name, above = named(stem_of(own), exercises), [named(part, exercises) for part in file.parts[:-1]]
    if not name.exercise:
        exercise = next((one.exercise for one in reversed(above) if one.exercise), "")
        if not exercise and is_notebook(own) and not file.problem:
            exercise = _by_its_badge(file, exercises)
        if not exercise and alone and (is_notebook(own) or file.problem):
            exercise = alone
        if not exercise:
            return None
        name = Named(exercise, before=stem_of(own) if any(one.exercise for one in above) else "")
    folders = tuple(part for part in file.parts[:-1] if not is_of_the_course(part, exercises))
    if not folders and not name.before and not name.behind:
        folders = tuple(part for part in file.parts[:-1] if part.lower() == "my")
    return _Candidate(file, name, owner, folders)


def _by_its_badge(file: _File, exercises: Sequence[str]) -> str:
    try:
        with open_plainly(file.path) as opened:
            head = content_of(opened, file.member.split(INSIDE), HEAD) if file.member else first_bytes(opened, HEAD)
    except OSError:
        return ""
    told = (found.decode("ascii", "ignore") for found in BADGE.findall(bytes(in_utf8(head)[0])))
    return next((one for one in told if one in exercises), "")


def _students(found: Sequence[_Candidate]) -> list[tuple[str, str]]:
    """An id that is safe and nobody else's, and the name to be shown, of each file's student."""
    level = _level_of_students([one for one in found if not one.owner and one.folders])
    names = []
    for one in found:
        if one.owner:
            names.append((one.owner.identity, one.owner.name))
        elif told := _told(None, one.folders, level):
            names.append((told, told))
        else:
            told = one.name.before or one.name.behind or _unnamed(one)
            names.append((told, told))
    ids = _unique({unicodedata.normalize("NFC", told) for told, _ in names})
    students = []
    for told, shown in names:
        student = ids[unicodedata.normalize("NFC", told)]
        students.append((student, "" if shown == student else " ".join(shown.split())))
    return students


def _unnamed(candidate: _Candidate) -> str:
    """What a file is called that names no student: each such file is somebody else's."""
    stem = stem_of(candidate.file.parts[-1])
    return UNNAMED if folded(stem) == candidate.name.exercise else f"{UNNAMED} {stem}"


def _level_of_students(candidates: Sequence[_Candidate]) -> int:
    """How many folders down the students' folders are: none, where there is not a folder around most of them with more than one's work."""
    level = 0
    while candidates and all(len(one.folders) > level + 1 for one in candidates):
        inner: dict[tuple[str, ...], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for one in candidates:
            inner[one.folders[: level + 1]][one.name.exercise].add(one.folders[level + 1])
        around = sum(any(len(names) > 1 for names in of.values()) for of in inner.values())
        if around <= len(inner) / 2:
            break
        level += 1
    return level


def _unique(names: Iterable[str]) -> dict[str, str]:
    by_id: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        by_id[folded(safe_id(name))].append(name)
    ids = {}
    for same in by_id.values():
        kept = [name for name in same if safe_id(name) == name]
        for name in same:
            apart = len(same) > 1 and kept != [name]
            ids[name] = f"{safe_id(name)}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}" if apart else safe_id(name)
    return ids


def _submission(student: str, exercise: str, group: Sequence[tuple[_Candidate, str]], stamps: dict[tuple[str, ...], _File]) -> Submission:
    ordered = sorted(group, key=lambda one: _order(one[0]))
    (chosen, shown_as), older = ordered[-1], [one for one, _ in ordered[:-1]]
    aside = [one for one in older if _is_beside(one) == _is_beside(chosen)]
    file, flags = chosen.file, []
    if file.problem:
        flags.append(flag("not a notebook", f"{file.parts[-1]}: {file.problem}"))
    if is_notebook(file.parts[-1]) and _is_renamed(chosen):
        flags.append(flag("renamed", file.parts[-1]))
    if aside:
        flags.append(flag("several files", _listed(["/".join(one.file.parts) for one in aside], most=5)))
    return Submission(student, exercise, file.path, file.member, shown_as, _submitted(chosen, stamps), tuple(_printable(flags)))


def _order(candidate: _Candidate) -> tuple:
    """By this the newest comes last; what can't be read and what the course itself ships come first."""
    order = candidate.owner.order if candidate.owner else 0
    file = candidate.file
    return (not file.problem, not _is_beside(candidate), order, file.time or 0.0, candidate.name.copy, file.parts)


def _is_beside(candidate: _Candidate) -> bool:
    return any(part.lower() in BESIDE for part in candidate.file.parts[:-1])


def _is_renamed(candidate: _Candidate) -> bool:
    name, exercise = candidate.file.parts[-1], candidate.name.exercise
    if name == f"{exercise}.ipynb":
        return False
    if candidate.owner and candidate.owner.rest:
        return re.fullmatch(rf"{re.escape(exercise)}(-\d+)?\.ipynb", candidate.owner.rest) is None
    by_name = not candidate.owner and not candidate.folders and bool(candidate.name.before or candidate.name.behind)
    spelt = exercise in name or any(exercise in part for part in candidate.file.parts[:-1])
    return not (by_name and spelt and not candidate.name.copy)


def _submitted(candidate: _Candidate, stamps: dict[tuple[str, ...], _File]) -> float | None:
    """When it was handed in, where that is told: by nbgrader's stamp beside it, a name, or the archive of a platform."""
    stamp = stamps.get(candidate.file.parts[:-1])
    if stamp is not None and not stamp.problem:
        words = read(Submission("", "", stamp.path, stamp.member))[:100].decode("utf-8", "replace").strip()
        if (moment := _moment(words)) is not None:
            return moment
    if candidate.owner is None:
        return None
    return candidate.owner.submitted or (candidate.file.time if candidate.file.member else None)


def _moment(words: str) -> float | None:
    """Seconds since 1970 of a stamp as nbgrader writes it: 2024-11-29 10:45:00.000000 UTC, or with another zone's name."""
    try:
        day, hour, *zone = words.split()
        told = datetime.fromisoformat(f"{day} {hour}")
        return (told if told.tzinfo else told.replace(tzinfo=_zone(*zone))).timestamp()
    except (ValueError, TypeError, OSError, OverflowError, ZoneInfoNotFoundError):
        return None


def _zone(name: str = "UTC") -> tzinfo:
    return timezone.utc if name == "UTC" else ZoneInfo(name)


def _printable(flags: Iterable[Flag]) -> Iterator[Flag]:
    for one in flags:
        yield Flag(one.name, "".join(sign if sign.isprintable() else "�" for sign in one.detail)[:300])


def _listed(words: Sequence[str], most: int = 4) -> str:
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")
