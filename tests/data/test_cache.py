"""The cache that is damaged, or filled by several at once: whole or not at all, and one of them downloads."""

import errno
import os
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import filelock
import pytest

from tests.mirror import (
    TRAIN,
    Processes,
    hangs_up,
    trickles,
    wait_until,
)
from vae_course.data import download, load

from .test_download import MNIST, is_digits_and_one_sentence, nothing_half_written, outcome


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
    time.sleep(0.5)  # while a progress bar is being made Python may drop an interrupt; a person's falls among the bytes
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
