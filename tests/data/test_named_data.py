"""`VAE_COURSE_DATA`: what a person names is used, or complained about; it is never passed over in silence."""

import gzip
import io
import os
import pickle
import re
import tarfile
from hashlib import md5, sha256

import numpy as np
import pytest

from tests.mirror import TEST, TRAIN, Processes, become_nobody, tiny_files
from vae_course.data import load
from vae_course.data.idx import IDX_FILES
from vae_course.data.images import MNIST_HASHES

FOREIGN = {"MNIST": "fashion-mnist", "FashionMNIST": "mnist"}


@pytest.fixture
def no_network(mirror):
    """An empty cache, and mirrors that answer nothing."""
    mirror.stop_answering()
    return mirror


def lay_out(folder, *, packed=False, dotted=False):
    """The four files, straight into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in tiny_files().items():
        name = name.replace("-idx", ".idx") if dotted else name
        (folder / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(content) if packed else content)
    return folder


@pytest.mark.parametrize("packed", [False, True], ids=["unpacked", "as downloaded"])
@pytest.mark.parametrize("dotted", [False, True], ids=["idx after a dash", "idx after a dot"])
@pytest.mark.parametrize(
    ("lies", "named"),
    [
        ("MNIST/raw", "."),
        ("MNIST/raw", "MNIST"),
        ("MNIST/raw", "MNIST/raw"),
        ("MNIST", "."),
        ("MNIST", "MNIST"),
        ("mine", "mine"),
        ("mine/raw", "mine"),
    ],
)
def test_mnist_is_found_wherever_its_meaning_is_clear(no_network, tmp_path, monkeypatch, capsys, lies, named, packed, dotted):
    lay_out(tmp_path / lies, packed=packed, dotted=dotted)
    monkeypatch.setenv("VAE_COURSE_DATA", str(tmp_path / named))
    data = load("mnist")
    assert (data.name, len(data.train), len(data.test)) == ("MNIST", TRAIN, TEST)
    assert capsys.readouterr().out == ""
    assert no_network.asked == []


@pytest.mark.parametrize("given", ["~/data", "~", "data", "../named/data", "data/", "./data/../data", "link"])
def test_a_folder_may_be_named_as_a_shell_would_take_it(no_network, tmp_path, monkeypatch, given):
    home = tmp_path / "named"
    lay_out(home / "data" / "MNIST" / "raw")
    lay_out(home / "MNIST" / "raw")
    (home / "link").symlink_to("data")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(home)
    monkeypatch.setenv("VAE_COURSE_DATA", given)
    assert load("mnist").name == "MNIST"


@pytest.mark.parametrize("lies", ["MNIST/raw", "FashionMNIST/raw", "MNIST", "FashionMNIST"])
def test_files_of_one_set_are_not_taken_for_those_of_another_with_the_same_names(no_network, tmp_path, monkeypatch, capsys, lies):
    folder = lay_out(tmp_path / lies)
    other = FOREIGN[lies.split("/")[0]]
    for named in {tmp_path, tmp_path / lies, tmp_path / lies.split("/")[0]}:
        monkeypatch.setenv("VAE_COURSE_DATA", str(named))
        assert load(other).name == "digits"
        assert f"VAE_COURSE_DATA names the folder …/{named.name}, which holds no " in capsys.readouterr().out
    assert folder.exists()


def test_mnists_own_files_are_not_taken_for_fashion(tmp_path, monkeypatch):
    folder = lay_out(tmp_path / "FashionMNIST" / "raw")
    monkeypatch.setenv("VAE_COURSE_DATA", str(tmp_path))
    assert load("fashion-mnist").name == "Fashion-MNIST"
    monkeypatch.setitem(MNIST_HASHES, IDX_FILES[1], sha256((folder / IDX_FILES[1]).read_bytes()).hexdigest())
    with pytest.raises(ValueError, match=f"{IDX_FILES[1]} belongs to another data set"):
        load("fashion-mnist")


def nowhere(folder):
    return folder / "nowhere"


def a_file(folder):
    (folder / "file").write_text("a file")
    return folder / "file"


def inside_a_file(folder):
    return a_file(folder) / "MNIST"


def a_link_to_nowhere(folder):
    (folder / "link").symlink_to("nowhere")
    return folder / "link"


def a_link_to_itself(folder):
    (folder / "link").symlink_to("link")
    return folder / "link"


def a_name_too_long(folder):
    return folder / ("x" * 300)


def spaces(folder):
    return "  "


def a_home_of_nobody(folder):
    return "~nobody-of-that-name/data"


@pytest.mark.parametrize(
    "name", [nowhere, a_file, inside_a_file, a_link_to_nowhere, a_link_to_itself, a_name_too_long, spaces, a_home_of_nobody]
)
@pytest.mark.parametrize("wanted", ["mnist", "fashion-mnist", "cifar-10", "mnist-binary"])
def test_what_is_no_folder_is_complained_about(mirror, tmp_path, monkeypatch, capsys, name, wanted):
    given = str(name(tmp_path))
    monkeypatch.setenv("VAE_COURSE_DATA", given)
    with pytest.raises(ValueError, match=f"VAE_COURSE_DATA is {re.escape(repr(given))}, which is no folder.* Point it at .*, or unset it"):
        load(wanted)
    assert mirror.asked == []
    assert capsys.readouterr().out == ""


def test_an_empty_name_names_nothing(mirror, monkeypatch, capsys):
    monkeypatch.setenv("VAE_COURSE_DATA", "")
    assert load("mnist").name == "MNIST"
    assert capsys.readouterr().out == ""


def lose(raw):
    (raw / "t10k-labels-idx1-ubyte").unlink()
    return "t10k-labels-idx1-ubyte is missing"


def lose_all(raw):
    for path in raw.iterdir():
        path.unlink()
    return "train-images-idx3-ubyte is missing"


def lose_the_folder(raw):
    lose_all(raw)
    raw.rmdir()
    return "train-images-idx3-ubyte is missing"


def be_a_file(raw):
    lose_the_folder(raw)
    raw.parent.rmdir()
    raw.parent.write_text("a file")
    return "train-images-idx3-ubyte cannot be read"


def be_a_link_to_nowhere(raw):
    lose_the_folder(raw)
    raw.parent.rmdir()
    raw.parent.symlink_to("nowhere")
    return "train-images-idx3-ubyte is missing"


def cut(raw):
    path = raw / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    return "train-images-idx3-ubyte is truncated"


def lengthen(raw):
    path = raw / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes() + b"x")
    return "t10k-images-idx3-ubyte is too long"


def leave_nothing_in_it(raw):
    (raw / "train-labels-idx1-ubyte").write_bytes(b"")
    return "train-labels-idx1-ubyte is no IDX file"


def put_a_folder_in_its_place(raw):
    lose(raw)
    (raw / "t10k-labels-idx1-ubyte").mkdir()
    return "t10k-labels-idx1-ubyte cannot be read"


def put_a_link_to_itself_in_its_place(raw):
    lose(raw)
    (raw / "t10k-labels-idx1-ubyte").symlink_to("t10k-labels-idx1-ubyte")
    return "t10k-labels-idx1-ubyte cannot be read"


def pack_and(raw, change):
    path = raw / "t10k-images-idx3-ubyte"
    packed = gzip.compress(path.read_bytes())
    path.unlink()
    path.with_name(f"{path.name}.gz").write_bytes(change(packed))
    return "t10k-images-idx3-ubyte.gz cannot be read"


def cut_the_packed(raw):
    return pack_and(raw, lambda packed: packed[:-30])


def spoil_the_packed(raw):
    return pack_and(raw, lambda packed: packed[:30] + b"\xff" * 30 + packed[60:])


def spoil_the_checksum(raw):
    return pack_and(raw, lambda packed: packed[:-8] + b"\xff" * 8)


def put_a_page_for_the_packed(raw):
    return pack_and(raw, lambda packed: b"<html>moved</html>")


def exchange_splits(raw):
    (raw / "t10k-labels-idx1-ubyte").write_bytes(tiny_files()["train-labels-idx1-ubyte"])
    return r"t10k-labels-idx1-ubyte has the shape \(30,\), expected \(12,\)"


def exchange_kinds(raw):
    (raw / "t10k-images-idx3-ubyte").write_bytes(tiny_files()["t10k-labels-idx1-ubyte"])
    return r"t10k-images-idx3-ubyte has the shape \(12,\), expected \(n, 28, 28\)"


def claim_more_than_there_is_memory(raw):
    (raw / "t10k-images-idx3-ubyte").write_bytes(b"\x00\x00\x08\x03" + b"\xff" * 12)
    return "t10k-images-idx3-ubyte is truncated: 16 bytes, expected 79,228,162,458,924,"


def hold_an_eleventh_digit(raw):
    path = raw / "train-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + b"\x0a")
    return "train-labels-idx1-ubyte holds a label 10, expected 0 to 9"


DAMAGES = [
    *(lose, lose_all, lose_the_folder, be_a_file, be_a_link_to_nowhere, cut, lengthen, leave_nothing_in_it, put_a_folder_in_its_place),
    *(put_a_link_to_itself_in_its_place, cut_the_packed, spoil_the_packed, spoil_the_checksum, put_a_page_for_the_packed),
    *(exchange_splits, exchange_kinds, claim_more_than_there_is_memory, hold_an_eleventh_digit),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_in_a_named_folder_is_complained_about_whatever_the_cache_holds(mirror, tmp_path, monkeypatch, capsys, damage):
    load("mnist")
    mirror.asked.clear()
    raw = lay_out(tmp_path / "named" / "MNIST" / "raw")
    monkeypatch.setenv("VAE_COURSE_DATA", str(tmp_path / "named"))
    with pytest.raises(ValueError, match=damage(raw) + ".* Delete the folder MNIST and load again, or copy the file anew"):
        load("mnist")
    assert mirror.asked == []
    assert capsys.readouterr().out == ""


def test_nobody_is_told_to_delete_a_folder_of_his_own(no_network, tmp_path, monkeypatch):
    message = lose(lay_out(tmp_path))
    monkeypatch.setenv("VAE_COURSE_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=f"{message}. Copy the file anew, or point VAE_COURSE_DATA at another folder"):
        load("mnist")


@pytest.mark.parametrize("closed", [".", "MNIST", "MNIST/raw", "MNIST/raw/train-images-idx3-ubyte"])
def test_what_may_not_be_read_is_complained_about(mirror, cache_folder, open_to_all, closed):
    lay_out(open_to_all / "named" / "MNIST" / "raw")
    path = open_to_all / "named" / closed
    path.chmod(0)
    name_it = NameIt(str(open_to_all / "named"))
    (got,) = Processes(1, mirror, cache_folder, name_it).outcomes()
    path.chmod(0o755)
    assert re.match(r"ValueError\(.*Permission denied", got[0])
    assert str(open_to_all / "named") in got[0]
    assert mirror.asked == []


class NameIt:
    """Run in a process before it loads: nobody, who names a folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self) -> None:
        become_nobody()
        os.environ["VAE_COURSE_DATA"] = self.folder


def test_a_named_folder_without_the_set_is_passed_over_with_a_sentence(mirror, tmp_path, monkeypatch, capsys):
    (tmp_path / "named" / "something").mkdir(parents=True)
    monkeypatch.setenv("VAE_COURSE_DATA", str(tmp_path / "named"))
    passed_over = "VAE_COURSE_DATA names the folder …/named, which holds no MNIST (no folder MNIST)"
    for _ in ("downloaded", "from the cache"):
        assert load("mnist").name == "MNIST"
        assert capsys.readouterr().out == f"{passed_over}: using the copy in your cache instead.\n"


def test_a_named_folder_without_the_set_is_named_beside_a_download_that_failed(no_network, tmp_path, monkeypatch, capsys):
    (tmp_path / "named").mkdir()
    monkeypatch.setenv("VAE_COURSE_DATA", str(tmp_path / "named"))
    assert load("mnist").name == "digits"
    sentence = "VAE_COURSE_DATA names the folder …/named, which holds no MNIST .*, and MNIST is not on this machine .*digits instead\\.\n"
    assert re.fullmatch(sentence, capsys.readouterr().out)


@pytest.fixture
def tiny_cifar(tmp_path, monkeypatch):
    """The batches of a CIFAR-10 with two images each, and their archive; torchvision knows their checksums."""
    from torchvision.datasets import CIFAR10

    folder = tmp_path / "named" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    for number, name in enumerate(names):
        pixels = np.full((2, 3072), 10 * number, np.uint8)
        (folder / name).write_bytes(pickle.dumps({"data": pixels, "labels": [number, 9]}))
    known = [[name, md5((folder / name).read_bytes()).hexdigest()] for name in names]
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as packed:
        packed.add(folder, folder.name)
    archive_path = tmp_path / "archive" / CIFAR10.filename
    archive_path.parent.mkdir()
    archive_path.write_bytes(archive.getvalue())
    monkeypatch.setattr(CIFAR10, "train_list", known[:5])
    monkeypatch.setattr(CIFAR10, "test_list", known[5:])
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5(archive.getvalue()).hexdigest())
    return folder


@pytest.mark.parametrize("named", ["named", "named/cifar-10-batches-py", "archive"])
def test_cifar_is_found_wherever_its_meaning_is_clear(tiny_cifar, tmp_path, monkeypatch, named):
    monkeypatch.setenv("VAE_COURSE_DATA", str(tmp_path / named))
    data = load("cifar-10")
    assert data.train.x.shape == (10, 3, 32, 32)
    assert data.train.y.tolist() == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]
    assert data.train.x.mul(255).round().unique().tolist() == [0, 10, 20, 30, 40]
    assert data.test.x.mul(255).round().unique().tolist() == [50]


@pytest.mark.parametrize(
    "path", ["named/cifar-10-batches-py/data_batch_3", "named/cifar-10-batches-py/test_batch", "archive/cifar-10-python.tar.gz"]
)
@pytest.mark.parametrize("state", ["missing", "damaged", "cannot be read"])
def test_a_damaged_batch_is_named_and_never_unpickled(tiny_cifar, tmp_path, monkeypatch, path, state):
    path = tmp_path / path
    content = path.read_bytes()
    path.unlink()
    if state == "missing":
        path.symlink_to("nowhere")
    if state == "damaged":
        path.write_bytes(content[:-4] + b"oops")
    if state == "cannot be read":
        path.mkdir()
    monkeypatch.setenv("VAE_COURSE_DATA", str(path.parent if path.suffix == ".gz" else tmp_path / "named"))
    with pytest.raises(ValueError, match=f"{path.name} (is )?{state}.* the file anew"):
        load("cifar-10")
