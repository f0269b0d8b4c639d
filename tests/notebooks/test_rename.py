"""Pages are renamed all at once, every reference follows, and nothing else changes by a byte."""

import shutil
import subprocess

import pytest

from tests.notebooks import rename

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="pages are moved by git")

BINARY = b"\0\x01 04-owls \xff"
FILES = {
    "notebooks/03-cats.ipynb": b'{"see": "[Owls](04-owls.ipynb) and [its exercise](../exercises/04-owls.ipynb)"}\n',
    "notebooks/04-owls.ipynb": b'{"badge": "https://example.org/blob/main/notebooks/04-owls.ipynb", "next": "05-bats.ipynb"}\r\n',
    "notebooks/05-bats.ipynb": b'{"before": "04-owls.ipynb"}',
    "solutions/04-owls.ipynb": b'{"page": "../notebooks/04-owls.ipynb"}\n',
    "exercises/04-owls.ipynb": b'{"page": "../notebooks/04-owls.ipynb"}\n',
    "README.md": b"[Owls](notebooks/04-owls.ipynb), at 04-owls, \xe2\x80\x9304-owls\xe2\x80\x93\r\n\r\n",
    "start.md": b"?labpath=my%2Fnotebooks%2F04-owls.ipynb, `04-owls`",
    "Makefile": b"lab:\n\topen notebooks/04-owls.ipynb 05-bats.ipynb\n",
    "other.txt": b"vae-04-owls 104-owls 04-owls-too 04-owlsome _04-owls 2F04-owls owls 04\n",
    "model.bin": BINARY,
    "tests/test_my_copy.py": b'NAME = "notebooks/04-owls.ipynb"\n',
    "tests/test_pages.py": b'NAME = "notebooks/04-owls.ipynb"\n',
}


@pytest.fixture
def course(tmp_path):
    """A small course under git; and beside it a file that git doesn't track."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text)
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", "-c", "core.autocrlf=false", *command], cwd=tmp_path, check=True)
    (tmp_path / "mine.txt").write_bytes(b"04-owls")
    return tmp_path


def contents(course) -> dict[str, bytes]:
    return {
        path.relative_to(course).as_posix(): path.read_bytes()
        for path in course.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(course).parts
    }


def expected(*replacements: tuple[str, str]) -> dict[str, bytes]:
    """The course with each text replaced by another, in names and contents, but for what must stay."""
    stays = {"other.txt", "model.bin", "tests/test_my_copy.py"}
    after = {"mine.txt": b"04-owls"}
    for name, text in FILES.items():
        for number, (old, _) in enumerate(replacements):
            name, text = name.replace(old, f"<{number}>"), text.replace(old.encode(), b"<%d>" % number)
        for number, (_, new) in enumerate(replacements):
            name, text = name.replace(f"<{number}>", new), text.replace(b"<%d>" % number, new.encode())
        after[name] = FILES[name] if name in stays else text
    return after


@pytest.mark.parametrize(
    "pairs",
    [
        [("04-owls", "09-owls")],
        [("04-owls", "04-snowy-owls")],
        [("04-owls", "05-bats"), ("05-bats", "04-owls")],
        [("03-cats", "04-cats"), ("04-owls", "05-owls"), ("05-bats", "06-bats")],
        [("05-bats", "04-bats"), ("04-owls", "05-owls")],
    ],
    ids=["another number", "another word", "a swap", "a shift", "numbers swapped"],
)
def test_pages_move_and_every_reference_follows_and_nothing_else_changes(pairs, course, capsys):
    rename.main([f"{old}={new}" for old, new in pairs], course)
    assert contents(course) == expected(*pairs)
    assert f"{len(pairs)} renamed" in capsys.readouterr().out
    tracked = rename.git(course, "ls-files").splitlines()
    assert set(tracked) == set(expected(*pairs)) - {"mine.txt"}


def test_back_and_forth_leaves_all_as_it_was(course):
    before = contents(course)
    rename.main(["04-owls=05-bats", "05-bats=04-owls"], course)
    assert contents(course) != before
    rename.main(["04-owls=05-bats", "05-bats=04-owls"], course)
    assert contents(course) == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "name the pages"),
        (["04-owls"], "'04-owls' is no pair of pages"),
        (["04-owls=owls"], "is no pair of pages"),
        (["04-owls=../05-owls"], "is no pair of pages"),
        (["06-newts=07-newts"], "there is no page 06-newts. There are: 03-cats, 04-owls, 05-bats"),
        (["04-owls=05-bats"], "two pages would be called 05-bats"),
        (["04-owls=06-x", "05-bats=06-x"], "two pages would be called 06-x"),
        (["04-owls=06-owls", "04-owls=07-owls"], "04-owls was given two new names: 06-owls and 07-owls"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_moves(arguments, told, course):
    before = contents(course)
    with pytest.raises(SystemExit, match="Nothing was renamed: ") as refused:
        rename.main(arguments, course)
    assert told in str(refused.value)
    assert contents(course) == before
