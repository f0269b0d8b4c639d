"""The cache: filled by one process at a time, whole or not at all; each fault of network and disk is one sentence and the digits."""

import gzip
import os
import re
import sys
from pathlib import Path

import platformdirs
import pytest

from tests.mirror import (
    TEST,
    TRAIN,
    Processes,
    become_nobody,
    hangs_up,
    says_nothing,
    tiny_files,
    trickles,
    trickles_on,
    with_body,
    with_bytes,
)
from vae_course.data import download, load

USER_CACHE_PATH = platformdirs.user_cache_path
MNIST = ("MNIST", TRAIN, TEST, "")
SENTENCE = re.compile(
    r"MNIST is (not on this machine|damaged in the cache \(.*\)) and could not be downloaded \((.*)\): using .*digits instead\.\n"
)


def outcome(capsys) -> tuple[str, int, int, str]:
    data = load("mnist")
    return data.name, len(data.train), len(data.test), capsys.readouterr().out


def is_digits_and_one_sentence(got: tuple[str, int, int, str]) -> bool:
    return got[0] == "digits" and SENTENCE.fullmatch(got[3]) is not None


def nothing_half_written(cache_folder: Path) -> bool:
    """In the cache lies MNIST, whole, or nothing but a lock."""
    names = {path.name for path in cache_folder.iterdir()} - {"MNIST.lock"}
    if names == {"MNIST"}:
        return {name: (cache_folder / "MNIST" / "raw" / name).read_bytes() for name in tiny_files()} == tiny_files()
    return not names


def test_what_was_downloaded_is_read_and_kept(mirror, cache_folder, capsys):
    assert outcome(capsys) == MNIST
    assert nothing_half_written(cache_folder)
    mirror.stop_answering()
    assert outcome(capsys) == MNIST


def packed(**changed: bytes) -> dict[str, bytes]:
    """The published files, packed; those whose name begins so are other ones."""
    files = {f"{name}.gz": gzip.compress(content) for name, content in tiny_files().items()}
    for start, content in changed.items():
        files = {name: content if name.startswith(start.replace("_", "-")) else old for name, old in files.items()}
    return files


BROKEN_ANSWERS = {
    "cut short": with_bytes(b"HTTP/1.0 200 OK\r\nContent-Length: 5000\r\n\r\nonly this"),
    "cut in a chunk": with_bytes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nonly this"),
    "a chunk of no size": with_bytes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nwhat\r\n"),
    "no HTTP": with_bytes(b"SSH-2.0-something-else\r\n"),
    "a status that is none": with_bytes(b"HTTP/1.0 fine thanks\r\n\r\n"),
    "empty": with_bytes(b""),
    "an endless header": with_bytes(b"HTTP/1.0 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n"),
    "a hundred headers and more": with_bytes(b"HTTP/1.0 200 OK\r\n" + b"X: x\r\n" * 200 + b"\r\n"),
    "a header of no ASCII": with_bytes("HTTP/1.0 302 Found\r\nLocation: /ü€\r\n\r\n".encode()),
    "hung up": hangs_up,
    "silence": says_nothing,
    "a trickle": trickles,
    "a header that trickles": trickles_on,
    "a log-in page": with_body(b"<html>Welcome to our network. Please log in.</html>"),
    "another file": with_body(gzip.compress(b"something else")),
    "not found": with_body(b"", 404),
    "out of order": with_body(b"", 503),
    "log in to the proxy": with_body(b"", 407),
    "a circle": with_body(b"", 302, Location="/train-labels-idx1-ubyte.gz"),
    "moved to nowhere": with_body(b"", 302, Location="http://[::nowhere/"),
    "moved to a port that is none": with_body(b"", 302, Location="http://127.0.0.1:port/"),
    "moved to a host that is none": with_body(b"", 302, Location="http://" + "a" * 80 + "./"),
    "moved to a file": with_body(b"", 302, Location="file:///etc/hostname"),
    "moved without an address": with_body(b"", 302),
}


@pytest.mark.parametrize("answer", BROKEN_ANSWERS.values(), ids=BROKEN_ANSWERS)
def test_a_broken_answer_is_one_sentence_and_the_digits(mirror, cache_folder, capsys, monkeypatch, answer):
    monkeypatch.setattr(download, "SOCKET_SECONDS", 0.5)
    monkeypatch.setattr(download, "PATIENCE_SECONDS", 1.0)
    mirror.answer(answer, to="train-labels")
    assert is_digits_and_one_sentence(outcome(capsys))
    assert nothing_half_written(cache_folder)


@pytest.mark.parametrize(
    "changed",
    [
        {"t10k_labels": gzip.compress(tiny_files()["t10k-labels-idx1-ubyte"][:-3])},
        {"t10k_images": gzip.compress(tiny_files()["train-images-idx3-ubyte"])},
        {"t10k_labels": gzip.compress(tiny_files()["t10k-images-idx3-ubyte"])},
        {"t10k_labels": gzip.compress(tiny_files()["t10k-labels-idx1-ubyte"][:-1] + b"\x63")},
        {"train_images": gzip.compress(tiny_files()["train-images-idx3-ubyte"][:-3])},
        {"train_labels": gzip.compress(b"<html>moved</html>")},
        {"train_images": packed()["train-images-idx3-ubyte.gz"][:-20]},
        {"t10k_images": packed()["t10k-images-idx3-ubyte.gz"][:40] + b"\xff" * 40},
        {"t10k_images": b"\x1f\x8bnot packed at all"},
        {"t10k_images": b""},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_damaged_file_is_never_kept_whichever_split_it_is_of(mirror, cache_folder, capsys, monkeypatch, changed):
    mirror.publish(packed(**changed))
    monkeypatch.setattr("torchvision.datasets.MNIST.resources", mirror.resources)
    assert is_digits_and_one_sentence(outcome(capsys))
    assert nothing_half_written(cache_folder)


@pytest.mark.parametrize(
    "proxy",
    [
        "http://127.0.0.1:9",
        "http://127.0.0.1:port",
        "http://",
        "http:///",
        "http://[::1",
        "127.0.0.1:9",
        "socks5://127.0.0.1:9",
        " ",
        "http://a b:1",
        "ü",
    ],
)
def test_a_proxy_that_cannot_be_used_is_one_sentence_and_the_digits(mirror, cache_folder, capsys, monkeypatch, proxy):
    monkeypatch.setenv("http_proxy", proxy)
    got = outcome(capsys)
    assert got == MNIST or is_digits_and_one_sentence(got)
    assert nothing_half_written(cache_folder)
    assert got == MNIST or mirror.asked == []


@pytest.mark.parametrize("scheme", ["https:", "ftp:", "http:/", "nothing:", ""])
def test_a_mirror_that_does_not_speak_the_language_is_one_sentence_and_the_digits(mirror, cache_folder, capsys, monkeypatch, scheme):
    monkeypatch.setattr("torchvision.datasets.MNIST.mirrors", [mirror.url.replace("http:", scheme)])
    assert is_digits_and_one_sentence(outcome(capsys))
    assert nothing_half_written(cache_folder)


def test_a_proxy_is_not_blamed_for_the_disk(mirror, cache_folder, capsys, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert "by way of the proxy" in outcome(capsys)[3]
    cache_folder.joinpath("MNIST.lock").unlink()
    cache_folder.rmdir()
    cache_folder.write_text("a file")
    assert "by way of the proxy" not in outcome(capsys)[3]


def test_a_slip_in_a_program_is_not_taken_for_a_fault_of_the_network(mirror, cache_folder, monkeypatch):
    monkeypatch.setattr("torchvision.datasets.MNIST.download", lambda self, far_too_many: None)
    with pytest.raises(TypeError, match="far_too_many"):
        load("mnist")
    assert nothing_half_written(cache_folder)


def make_home_a_file(cache):
    cache.parent.write_text("a file")


def make_cache_a_file(cache):
    cache.parent.mkdir()
    cache.write_text("a file")


def make_cache_a_link_to_nowhere(cache):
    cache.parent.mkdir()
    cache.symlink_to(cache.parent / "nowhere" / "at" / "all")


def make_cache_a_link_to_itself(cache):
    cache.parent.mkdir()
    cache.symlink_to(cache)


@pytest.mark.parametrize("make", [make_home_a_file, make_cache_a_file, make_cache_a_link_to_nowhere, make_cache_a_link_to_itself])
def test_a_cache_that_cannot_be_is_one_sentence_and_the_digits(mirror, cache_folder, capsys, make):
    make(cache_folder)
    assert is_digits_and_one_sentence(outcome(capsys))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere other settings say where the cache is")
@pytest.mark.parametrize(
    "settings",
    [
        {"XDG_CACHE_HOME": "/dev/null"},
        {"XDG_CACHE_HOME": "/proc/nowhere"},
        {"XDG_CACHE_HOME": "/tmp/" + "x" * 300},
        {"HOME": "/proc/nowhere"},
    ],
    ids=lambda settings: "=".join(*settings.items())[:30],
)
def test_settings_that_name_no_cache_are_one_sentence_and_the_digits(mirror, capsys, monkeypatch, tmp_path, settings):
    monkeypatch.setattr("platformdirs.user_cache_path", USER_CACHE_PATH)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    assert is_digits_and_one_sentence(outcome(capsys))
    assert list(tmp_path.iterdir()) == []


def have_no_home():
    """Somebody whom the system does not know, as containers make them up."""
    become_nobody(54321)
    for name in ("HOME", "XDG_CACHE_HOME"):
        os.environ.pop(name, None)
    platformdirs.user_cache_path = USER_CACHE_PATH


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="only root can become somebody whom the system does not know")
def test_somebody_unknown_without_a_home_gets_one_sentence_and_the_digits(mirror, cache_folder):
    (got,) = Processes(1, mirror, cache_folder, have_no_home).outcomes()
    assert is_digits_and_one_sentence(got)


def test_where_nobody_has_a_home_no_folder_called_tilde_is_made(mirror, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: Path("~/.cache/vae-course"))
    monkeypatch.chdir(tmp_path)
    got = outcome(capsys)
    assert is_digits_and_one_sentence(got)
    assert "set HOME or XDG_CACHE_HOME" in got[3]
    assert list(tmp_path.iterdir()) == []


def write_little():
    """A disk that takes no more than 5,000 bytes a file."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))


@pytest.mark.parametrize("exists", [True, False])
def test_a_home_that_cannot_be_written_is_one_sentence_and_the_digits(mirror, open_to_all, exists):
    home = open_to_all / "home"
    (home / "cache" if exists else home).mkdir(parents=True)
    for folder in (home, home / "cache"):
        if folder.exists():
            folder.chmod(0o555)
    (got,) = Processes(1, mirror, home / "cache", become_nobody).outcomes()
    assert is_digits_and_one_sentence(got)
    assert "Permission denied" in got[3]
    home.chmod(0o755)


def test_a_cache_that_cannot_be_written_is_read(mirror, open_to_all):
    cache = open_to_all / "cache"
    assert Processes(1, mirror, cache).outcomes() == [MNIST]
    mirror.stop_answering()
    for folder in (cache, cache / "MNIST", cache / "MNIST" / "raw"):
        folder.chmod(0o555)
    assert Processes(1, mirror, cache, become_nobody).outcomes() == [MNIST]
    cache.chmod(0o755)


def test_a_cache_that_cannot_be_read_is_one_sentence_and_the_digits(mirror, open_to_all):
    cache = open_to_all / "cache"
    assert Processes(1, mirror, cache).outcomes() == [MNIST]
    (cache / "MNIST").chmod(0o000)
    cache.chmod(0o555)
    (got,) = Processes(1, mirror, cache, become_nobody).outcomes()
    assert is_digits_and_one_sentence(got)
    assert "damaged in the cache" in got[3]
    cache.chmod(0o755)


def test_a_disk_that_takes_no_more_is_one_sentence_and_the_digits(mirror, cache_folder):
    (got,) = Processes(1, mirror, cache_folder, write_little).outcomes()
    assert is_digits_and_one_sentence(got)
    assert nothing_half_written(cache_folder)
