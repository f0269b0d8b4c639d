"""The cache: filled by one process at a time, whole or not at all; each fault of network and disk is one sentence and the digits."""

import errno
import gzip
import os
import re
import shutil
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import filelock
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
    wait_until,
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


def lose(folder):
    (folder / "raw" / "t10k-images-idx3-ubyte").unlink()
    (folder / "raw" / "t10k-images-idx3-ubyte.gz").unlink()


def cut(folder):
    path = folder / "raw" / "t10k-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-5])


def empty(folder):
    for path in (folder / "raw").iterdir():
        path.unlink()


def close_off(folder):
    """A folder where a file should be."""
    path = folder / "raw" / "train-labels-idx1-ubyte"
    path.unlink()
    path.mkdir()


def be_a_file(folder):
    folder.rename(folder.parent.parent / "elsewhere")
    folder.write_text("a file")


def be_a_link_to_nowhere(folder):
    folder.rename(folder.parent.parent / "elsewhere")
    folder.symlink_to("nowhere")


def be_a_link_to_itself(folder):
    folder.rename(folder.parent.parent / "elsewhere")
    folder.symlink_to(folder)


def be_a_link_to_a_damaged_folder(folder):
    elsewhere = folder.rename(folder.parent.parent / "elsewhere")
    folder.symlink_to(elsewhere)
    cut(elsewhere)


DAMAGES = [lose, cut, empty, close_off, be_a_file, be_a_link_to_nowhere, be_a_link_to_itself, be_a_link_to_a_damaged_folder]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_is_fetched_anew_and_nothing_else_deleted(mirror, cache_folder, capsys, damage):
    load("mnist")
    damage(cache_folder / "MNIST")
    assert outcome(capsys) == MNIST
    assert nothing_half_written(cache_folder)
    elsewhere = cache_folder.parent / "elsewhere"
    assert not elsewhere.exists() or len(list((elsewhere / "raw").iterdir())) == 8


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_is_never_read_where_it_cannot_be_fetched(mirror, cache_folder, capsys, damage):
    load("mnist")
    damage(cache_folder / "MNIST")
    mirror.stop_answering()
    got = outcome(capsys)
    assert is_digits_and_one_sentence(got)
    assert "damaged in the cache" in got[3]


def test_what_was_unpacked_by_halves_is_taken_from_what_was_downloaded(mirror, cache_folder, capsys):
    load("mnist")
    (cache_folder / "MNIST" / "raw" / "t10k-images-idx3-ubyte").unlink()
    mirror.stop_answering()
    assert outcome(capsys) == MNIST


def test_processes_that_fetch_at_once_all_get_it_and_one_of_them_downloads(mirror, cache_folder):
    load("mnist")
    once = sorted(mirror.asked)
    (cache_folder / "MNIST").rename(cache_folder.parent / "elsewhere")
    mirror.asked.clear()
    assert Processes(4, mirror, cache_folder).outcomes() == [MNIST] * 4
    assert sorted(mirror.asked) == once
    assert nothing_half_written(cache_folder)


def no_locks():
    def refuse(*_, **__):
        raise OSError(errno.ENOLCK, "No locks available")

    filelock.FileLock.acquire = refuse


@pytest.mark.parametrize("damaged", [False, True])
def test_processes_that_fetch_at_once_all_get_it_where_there_are_no_locks(mirror, cache_folder, damaged):
    if damaged:
        load("mnist")
        cut(cache_folder / "MNIST")
    assert Processes(4, mirror, cache_folder, no_locks).outcomes() == [MNIST] * 4
    assert nothing_half_written(cache_folder)


def test_another_process_that_is_done_in_the_same_moment_is_no_fault(mirror, cache_folder, capsys, monkeypatch):
    load("mnist")
    theirs = (cache_folder / "MNIST").rename(cache_folder.parent / "theirs")
    move = os.replace

    def move_too_late(source, target):
        if Path(target) == cache_folder / "MNIST":
            shutil.copytree(theirs, target)
        move(source, target)

    monkeypatch.setattr("os.replace", move_too_late)
    assert outcome(capsys) == MNIST
    assert nothing_half_written(cache_folder)


def test_threads_that_fetch_at_once_all_get_it_and_one_of_them_downloads(mirror, cache_folder):
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(load, ["mnist"] * 4))
    assert [(data.name, len(data.train)) for data in found] == [("MNIST", TRAIN)] * 4
    assert len(mirror.asked) == 2 * len(mirror.answers), "torchvision asks twice: where a file is, then for the file"
    assert nothing_half_written(cache_folder)


def test_processes_that_find_a_damaged_cache_at_once_all_get_it(mirror, cache_folder):
    load("mnist")
    cut(cache_folder / "MNIST")
    assert Processes(3, mirror, cache_folder).outcomes() == [MNIST] * 3
    assert nothing_half_written(cache_folder)


def test_processes_that_fetch_at_once_in_vain_all_get_the_digits(mirror, cache_folder):
    mirror.stop_answering()
    assert all(map(is_digits_and_one_sentence, Processes(3, mirror, cache_folder).outcomes()))
    assert nothing_half_written(cache_folder)


def test_a_process_whose_download_fails_leaves_it_to_the_next(mirror, cache_folder):
    whole = dict(mirror.answers)

    def fail_once(handler):
        mirror.answers = whole
        hangs_up(handler)

    mirror.answer(fail_once, to="t10k-images")
    outcomes = sorted(Processes(3, mirror, cache_folder).outcomes())
    assert outcomes[:2] == [MNIST] * 2
    assert is_digits_and_one_sentence(outcomes[2])
    assert nothing_half_written(cache_folder)


def test_a_process_killed_in_the_middle_leaves_neither_a_lock_nor_a_half(mirror, cache_folder):
    whole = dict(mirror.answers)
    mirror.answer(trickles, to="t10k-images")
    killed = Processes(1, mirror, cache_folder)
    wait_until(lambda: any("t10k-images" in path for path in mirror.asked))
    waiting = Processes(2, mirror, cache_folder)
    mirror.answers = whole
    os.kill(killed.all[0].pid, signal.SIGKILL)
    assert waiting.outcomes() == [MNIST] * 2
    assert nothing_half_written(cache_folder)


def test_a_download_that_is_stopped_leaves_nothing(mirror, cache_folder):
    mirror.answer(trickles, to="t10k-images")
    stopped = Processes(1, mirror, cache_folder)
    wait_until(lambda: any("t10k-images" in path for path in mirror.asked))
    os.kill(stopped.all[0].pid, signal.SIGINT)
    assert stopped.outcomes() == [("KeyboardInterrupt()", 0, 0, "")]
    assert nothing_half_written(cache_folder)


def test_a_process_that_keeps_the_lock_too_long_is_waited_for_no_more(mirror, cache_folder, capsys, monkeypatch):
    monkeypatch.setattr(download, "LOCK_SECONDS", 0.1)
    cache_folder.mkdir(parents=True)
    held = filelock.FileLock(cache_folder / "MNIST.lock", thread_local=False)
    with ThreadPoolExecutor() as other:
        other.submit(held.acquire).result()
    got = outcome(capsys)
    held.release()
    assert is_digits_and_one_sentence(got)
    assert "another process" in got[3]
    assert mirror.asked == []
