"""CelebA and the Olivetti faces from the network: fetched once, by one process; each fault is one sentence that names the drawn faces."""

import contextlib
import io
import multiprocessing
import os
import re
import shutil
import signal
import sys
import time
from hashlib import sha256

import numpy as np
import pytest
import torch
from scipy.io import savemat

from tests.data.test_celeba import MADE, lay_out, small_files
from tests.mirror import Mirror, hangs_up, wait_until, with_body
from vae_course.data import celeba, download, portraits
from vae_course.data.portraits import load_celeba, load_olivetti

CELEBA_SENTENCE = (
    r"CelebA is not on this machine and could not be downloaded \(.*; it takes a network and a cache that can be written, "
    r"or VAE_COURSE_DATA naming a folder that holds celeba with img_align_celeba.zip, list_attr_celeba.txt and "
    r'list_eval_partition.txt from mmlab.ie.cuhk.edu.hk/projects/CelebA.html\); the drawn faces, load\("faces"\), need no network\.'
)


@pytest.fixture
def cache(cache_folder, monkeypatch):
    """An empty cache, and no folder named."""
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: cache_folder)
    monkeypatch.delenv("VAE_COURSE_DATA", raising=False)
    return cache_folder


class Drive:
    """Stands for torchvision's download: gives what lies in the folder `published`, and knows what it was asked for."""

    def __init__(self, published, asked) -> None:
        self.published, self.asked = published, asked

    def __call__(self, file_id, root, filename, md5):
        with self.asked.open("a") as file:
            file.write(f"{filename}\n")
        os.makedirs(root, exist_ok=True)
        shutil.copy(self.published / filename, root)

    def files(self) -> list[str]:
        return self.asked.read_text().split() if self.asked.exists() else []


@pytest.fixture
def drive(cache, tmp_path, monkeypatch):
    served = Drive(lay_out(tmp_path / "published", packed=True), tmp_path / "asked")
    monkeypatch.setattr("torchvision.datasets.utils.download_file_from_google_drive", served)
    return served


def test_celeba_is_fetched_once_and_kept_as_it_came(drive, cache, capsys):
    first = load_celeba()
    assert (len(first.train), len(first.test)) == (12, 5)
    assert capsys.readouterr().out == MADE
    assert {path.name: path.read_bytes() for path in (cache / "celeba").iterdir()} == {
        path.name: path.read_bytes() for path in drive.published.iterdir()
    }
    assert torch.equal(load_celeba().train.kept, first.train.kept)
    assert capsys.readouterr().out == ""
    assert drive.files() == ["list_eval_partition.txt", "list_attr_celeba.txt", "img_align_celeba.zip"]
    assert len(small_files(cache)) == 1


def test_celeba_of_another_shape_in_the_cache_is_fetched_anew(drive, cache):
    load_celeba()
    (cache / "celeba" / "list_attr_celeba.txt").write_text("20")
    assert len(load_celeba().train) == 12
    assert len(drive.files()) == 6
    assert len(small_files(cache)) == 1


@pytest.mark.parametrize("change", [lambda old: old[:-1], lambda old: old + b"x", lambda old: b"", lambda old: b"PK" + old[2:]])
def test_small_pictures_that_are_damaged_are_made_anew(drive, cache, change):
    kept = load_celeba().train.kept.clone()
    (path,) = small_files(cache)
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(change(content))
    assert torch.equal(load_celeba().train.kept, kept)
    assert path.read_bytes() == content
    assert len(drive.files()) == 3, "nothing was fetched again"


def test_what_a_killed_process_left_half_made_goes(drive, cache):
    load_celeba()
    (path,) = small_files(cache)
    path.unlink()
    left = path.with_name(f"unfinished-{path.name}-killed")
    left.mkdir()
    (left / path.name).write_bytes(b"half")
    load_celeba()
    assert small_files(cache) == [path]


def test_making_that_is_stopped_leaves_nothing(drive, cache, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(celeba, "_small", stop)
        with pytest.raises(KeyboardInterrupt):
            load_celeba()
    assert small_files(cache) == []
    assert not (cache / "celeba").exists()
    assert len(load_celeba().train) == 12


class FileURLRetrievalError(Exception):
    """As the package gdown has it."""

    __module__ = "gdown.exceptions"


QUOTA = (
    "Failed to retrieve file url:\n\n\tToo many users have viewed or downloaded this file recently.\n\n"
    "You may still be able to access the file from the browser."
)
REFUSALS = {
    "quota": (FileURLRetrievalError(QUOTA), "Too many users have viewed or downloaded this file recently"),
    "quota of old": (RuntimeError("The daily quota of the file img.zip is exceeded and it can't be downloaded. Wait."), "daily quota"),
    "a page": (RuntimeError("File not found or corrupted."), "what came is not the published file"),
    "no network": (ConnectionResetError(104, "Connection reset by peer"), "Connection reset by peer"),
}


@pytest.mark.parametrize(("error", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_one_sentence_that_tells_what_to_do(drive, cache, capsys, monkeypatch, error, reason):
    def refuse(file_id, root, filename, md5):
        if filename == "img_align_celeba.zip":
            raise error
        drive(file_id, root, filename, md5)

    monkeypatch.setattr("torchvision.datasets.utils.download_file_from_google_drive", refuse)
    with pytest.raises(ConnectionError, match=reason) as told:
        load_celeba()
    assert re.fullmatch(CELEBA_SENTENCE, str(told.value))
    assert capsys.readouterr().out == ""
    assert [path.name for path in cache.iterdir()] == ["celeba.lock"]


def test_the_package_that_downloads_is_named_where_it_is_missing(cache, monkeypatch):
    monkeypatch.setitem(sys.modules, "gdown", None)
    with pytest.raises(ConnectionError, match="pip install gdown") as told:
        load_celeba()
    assert re.fullmatch(CELEBA_SENTENCE, str(told.value))
    assert [path.name for path in cache.iterdir()] == ["celeba.lock"]


def test_a_slip_in_a_program_is_not_taken_for_a_refusal(cache, monkeypatch):
    monkeypatch.setattr("torchvision.datasets.utils.download_file_from_google_drive", lambda far_too_few: None)
    with pytest.raises(TypeError):
        load_celeba()


def test_a_named_folder_without_it_is_named_in_the_sentence(cache, tmp_path, monkeypatch):
    (tmp_path / "named").mkdir()
    monkeypatch.setenv("VAE_COURSE_DATA", str(tmp_path / "named"))
    monkeypatch.setitem(sys.modules, "gdown", None)
    start = r"VAE_COURSE_DATA names the folder …/named, which holds no CelebA \(no folder celeba\), and CelebA is not on this machine"
    with pytest.raises(ConnectionError, match=start):
        load_celeba()


def load_in_a_process(ready, results, cache, drive, before) -> None:
    import platformdirs
    from torchvision.datasets import utils

    os.environ.pop("VAE_COURSE_DATA", None)
    platformdirs.user_cache_path = lambda _: cache
    utils.download_file_from_google_drive = drive
    before()
    ready.wait()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            data = load_celeba()
            results.put((len(data.train), len(data.test), printed.getvalue()))
        except Exception as error:
            results.put((type(error).__name__, str(error), printed.getvalue()))


def start(n, cache, drive, before):
    """Processes that load CelebA, let go at the same moment, and where they tell what they got."""
    context = multiprocessing.get_context("forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn")
    if context.get_start_method() == "forkserver":
        context.set_forkserver_preload(["torchvision", "sklearn.datasets", "tests.mirror"])
    ready, results = context.Barrier(n + 1), context.Queue()
    processes = [context.Process(target=load_in_a_process, args=(ready, results, cache, drive, before), daemon=True) for _ in range(n)]
    for process in processes:
        process.start()
    ready.wait(120)
    return processes, results


def take_time():
    """So that others come while one is at work."""
    small = celeba._small
    celeba._small = lambda *picture: time.sleep(0.02) or small(*picture)


def write_little():
    """A disk that takes no more than 150,000 bytes a file."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))


def never_end():
    celeba._small = lambda *_: signal.pause()


@pytest.mark.parametrize("fetched", [False, True], ids=["by them", "before"])
def test_processes_that_load_at_once_fetch_and_make_it_once(drive, cache, fetched):
    if fetched:
        shutil.copytree(drive.published, cache / "celeba")
    _, results = start(3, cache, drive, take_time)
    assert sorted(results.get(timeout=120) for _ in range(3)) == [(12, 5, ""), (12, 5, ""), (12, 5, MADE)]
    assert len(drive.files()) == (0 if fetched else 3)
    assert len(small_files(cache)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sets no such limit")
def test_a_cache_without_room_is_one_sentence_and_nothing_half_made(drive, cache, tmp_path):
    shutil.copytree(drive.published, cache / "celeba")
    _, results = start(1, cache, drive, write_little)
    kind, sentence, _ = results.get(timeout=120)
    assert kind == "OSError"
    expected = r"CelebA's pictures, made small, cannot be kept in the cache \(File too large; they take 0.0 GB there\)"
    assert re.fullmatch(expected + r'; the drawn faces, load\("faces"\), need no room there\.', sentence)
    assert small_files(cache) == []
    assert drive.files() == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows kills in another way")
def test_a_process_killed_while_it_makes_them_leaves_it_to_the_next(drive, cache, capsys):
    (killed,), _ = start(1, cache, drive, never_end)
    wait_until(lambda: list(cache.glob("celeba-64/unfinished-*/*.npy")) != [])
    os.kill(killed.pid, signal.SIGKILL)
    killed.join(120)
    assert len(load_celeba().train) == 12
    assert len(small_files(cache)) == 1


@pytest.fixture
def faces(monkeypatch):
    """A file like the published one, whose hash is taken for the published: pixel (row, column) of picture n says where it is."""
    n, column, row = np.indices((400, 64, 64))
    columns = ((3 * row + 5 * column + 7 * n) % 243).astype(np.uint8).reshape(400, 4096).T
    file = io.BytesIO()
    savemat(file, {"faces": columns, "p": 1.0}, do_compression=True)
    monkeypatch.setattr(portraits, "OLIVETTI_HASH", sha256(file.getvalue()).hexdigest())
    return file.getvalue()


@pytest.fixture
def figshare(cache, faces, monkeypatch):
    """A server on loopback that has the file."""
    served = Mirror()
    served.answers = {"/files/5976027": with_body(faces)}
    monkeypatch.setattr(portraits, "OLIVETTI_ADDRESS", f"{served.url}files/5976027")
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr("urllib.request._opener", None)
    yield served
    served.close()


def test_olivetti_is_split_by_person_and_each_split_begins_with_all_of_them(figshare):
    data = load_olivetti()
    for split, persons in ((data.train, [p for p in range(40) if p % 5 != 4]), (data.test, [4, 9, 14, 19, 24, 29, 34, 39])):
        assert (tuple(split.kept.shape), split.kept.dtype) == ((10 * len(persons), 3, 64, 64), torch.uint8)
        assert split.y.view(10, -1).tolist() == [persons] * 10
    assert len(data.classes) == 40
    assert data.input_shape == (3, 64, 64)


def test_olivetti_faces_stand_upright_and_are_grey(figshare):
    data = load_olivetti()
    row, column = torch.arange(64).view(-1, 1), torch.arange(64)
    for split in (data.train, data.test):
        for place in (0, 7, len(split) - 1):
            person, picture = int(split.y[place]), place // len(split.y.unique())
            expected = (3 * row + 5 * column + 7 * (10 * person + picture)) % 243
            assert torch.equal(split.kept[place], expected.to(torch.uint8).expand(3, 64, 64))


def test_olivetti_is_fetched_once_and_kept_as_it_came(figshare, cache, faces):
    load_olivetti()
    load_olivetti()
    assert figshare.asked == ["/files/5976027"]
    assert (cache / "olivetti" / "olivettifaces.mat").read_bytes() == faces


@pytest.mark.parametrize("lies", ["olivetti", "."])
def test_olivetti_is_taken_from_a_named_folder(figshare, faces, tmp_path, monkeypatch, lies):
    folder = tmp_path / "named" / lies
    folder.mkdir(parents=True)
    (folder / "olivettifaces.mat").write_bytes(faces)
    monkeypatch.setenv("VAE_COURSE_DATA", str(tmp_path / "named"))
    assert len(load_olivetti().test) == 80
    assert figshare.asked == []


def test_another_file_of_that_name_is_named_and_never_read(figshare, faces, tmp_path, monkeypatch):
    (tmp_path / "olivettifaces.mat").write_bytes(faces[:-1] + b"?")
    monkeypatch.setenv("VAE_COURSE_DATA", str(tmp_path))
    monkeypatch.setattr("scipy.io.loadmat", lambda *_: pytest.fail("it was read"))
    with pytest.raises(ValueError, match="olivettifaces.mat is damaged: .* those of the published file. Copy the file anew"):
        load_olivetti()
    assert figshare.asked == []


ANSWERS = {
    "forbidden": with_body(b"", 403),
    "a log-in page": with_body(b"<html>Please log in.</html>"),
    "cut short": lambda handler: handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 5000\r\n\r\nonly this"),
    "hung up": hangs_up,
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_broken_answer_is_one_sentence_that_names_the_drawn_faces(figshare, cache, capsys, monkeypatch, answer):
    monkeypatch.setattr(download, "SOCKET_SECONDS", 0.5)
    figshare.answer(answer)
    with pytest.raises(ConnectionError) as told:
        load_olivetti()
    assert re.fullmatch(
        r"Olivetti is not on this machine and could not be downloaded \(.*; .* holds olivetti with olivettifaces.mat from .*5976027\); "
        r'the drawn faces, load\("faces"\), need no network\.',
        str(told.value),
    )
    assert capsys.readouterr().out == ""
    assert [path.name for path in cache.iterdir()] == ["olivetti.lock"]


def test_the_published_file_is_the_one_that_scikit_learn_fetches():
    known = pytest.importorskip("sklearn.datasets._olivetti_faces", reason="scikit-learn keeps it elsewhere now").FACES
    assert (known.filename, known.url) == (portraits.OLIVETTI_FILE, portraits.OLIVETTI_ADDRESS)
    assert known.checksum == portraits.OLIVETTI_HASH
