"""CelebA, with 20 pictures made for the test: found, made small once, mapped into memory; what is damaged is named."""

import io
import os
import shutil
import warnings
import zipfile
from hashlib import md5
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms

from vae_course.data import celeba
from vae_course.data.portraits import load_celeba

PARTS = [0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 2, 1, 0, 0, 0, 0, 2, 2, 1, 0]
TRAIN, TEST = ([row for row, part in enumerate(PARTS) if part == number] for number in (0, 2))
NAMES = [f"{number:06d}.jpg" for number in range(1, 21)]
ATTRIBUTES = ("5_o_Clock_Shadow", "Eyeglasses", "Male", *(f"Attribute_{number}" for number in range(36)), "Young")
LISTS = ("list_attr_celeba.txt", "list_eval_partition.txt")
MADE = "CelebA: 17 pictures are made small and kept in your cache. It is done once and takes some minutes.\n"


def picture(number: int) -> bytes:
    """Smooth stripes whose colours say which it is, as a JPEG of CelebA's size."""
    down, across = np.mgrid[:218, :178]
    waves = [127 + 120 * np.sin(across / (9 + number) + channel) * np.cos(down / (30 - number)) for channel in range(3)]
    file = io.BytesIO()
    Image.fromarray(np.stack(waves, axis=-1).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


def attribute(row: int, column: int) -> int:
    return (row * 7 + column * 3) % 5 // 3


def lay_out(folder: Path, *, packed: bool = False) -> Path:
    """What torchvision lays, with 20 pictures; packed: with the archive as it is downloaded."""
    folder.mkdir(parents=True)
    signs = [[f"{2 * attribute(row, column) - 1:2d}" for column in range(40)] for row in range(20)]
    lines = ["20", " ".join(ATTRIBUTES) + " ", *(f"{name} {' '.join(row)}" for name, row in zip(NAMES, signs, strict=True))]
    (folder / LISTS[0]).write_text("\r\n".join([*lines, ""]))
    (folder / LISTS[1]).write_text("".join(f"{name} {part}\n" for name, part in zip(NAMES, PARTS, strict=True)))
    pictures = {name: picture(number) for number, name in enumerate(NAMES)}
    if packed:
        with zipfile.ZipFile(folder / celeba.ARCHIVE, "w") as archive:
            archive.writestr(f"{celeba.PICTURES}/", b"")
            for name, content in pictures.items():
                archive.writestr(f"{celeba.PICTURES}/{name}", content)
    else:
        (folder / celeba.PICTURES).mkdir()
        for name, content in pictures.items():
            (folder / celeba.PICTURES / name).write_bytes(content)
    return folder


@pytest.fixture
def cache(cache_folder, monkeypatch):
    """An empty cache, no folder named, and no network."""
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: cache_folder)
    monkeypatch.delenv("VAE_COURSE_DATA", raising=False)

    def refuse(*_, **__):
        raise ConnectionResetError("there is no network")

    monkeypatch.setattr("torchvision.datasets.utils.download_file_from_google_drive", refuse)
    return cache_folder


@pytest.fixture
def named(cache, tmp_path, monkeypatch):
    """The folder celeba in the folder that is named."""
    monkeypatch.setenv("VAE_COURSE_DATA", str(tmp_path / "named"))
    return lay_out(tmp_path / "named" / "celeba")


def small_files(cache: Path) -> list[Path]:
    """The small pictures in the cache; nothing unfinished lies beside them."""
    assert [path for path in cache.rglob("*") if "unfinished" in path.name] == []
    return list(cache.glob("celeba-64/*.npy"))


def test_the_splits_are_the_published_ones_with_their_attributes(named):
    data = load_celeba()
    assert data.classes == ATTRIBUTES
    for split, rows in ((data.train, TRAIN), (data.test, TEST)):
        assert (tuple(split.kept.shape), split.kept.dtype) == ((len(rows), 3, 64, 64), torch.uint8)
        assert 0 <= split.x.min() < 0.1
        assert 0.9 < split.x.max() <= 1
        assert split.y.tolist() == [[attribute(row, column) for column in range(40)] for row in rows]
    assert data.input_shape == (3, 64, 64)


def test_a_picture_is_its_middle_made_smaller_as_everybody_does_it(named):
    usual = transforms.Compose([transforms.CenterCrop(148), transforms.Resize(64), transforms.PILToTensor()])
    data = load_celeba()
    for split, rows in ((data.train, TRAIN), (data.test, TEST)):
        expected = torch.stack([usual(Image.open(named / celeba.PICTURES / NAMES[row])) for row in rows])
        assert torch.equal(split.kept, expected)


@pytest.mark.parametrize("lies", ["named/celeba", "named", "named/mine"])
@pytest.mark.parametrize("packed", [False, True], ids=["unpacked", "as downloaded"])
def test_it_is_found_wherever_its_meaning_is_clear(cache, tmp_path, monkeypatch, lies, packed):
    folder = lay_out(tmp_path / lies, packed=packed)
    monkeypatch.setenv("VAE_COURSE_DATA", str(folder if lies == "named/mine" else tmp_path / "named"))
    assert (len(load_celeba().train), len(load_celeba().test)) == (12, 5)


def test_pictures_are_made_small_once_wherever_they_lie(named, cache, tmp_path, monkeypatch, capsys):
    first = load_celeba()
    assert capsys.readouterr().out == MADE
    monkeypatch.setattr("PIL.Image.open", lambda *_, **__: pytest.fail("a picture was read again"))
    again = load_celeba()
    monkeypatch.setenv("VAE_COURSE_DATA", str(lay_out(tmp_path / "archive", packed=True)))
    packed = load_celeba()
    assert capsys.readouterr().out == ""
    assert torch.equal(first.train.kept, again.train.kept)
    assert torch.equal(first.test.kept, packed.test.kept)
    assert len(small_files(cache)) == 1


def test_another_picture_is_seen(named, cache, capsys):
    before = load_celeba().train.kept[0].clone()
    (named / celeba.PICTURES / NAMES[0]).write_bytes(picture(25))
    assert not torch.equal(load_celeba().train.kept[0], before)
    assert capsys.readouterr().out == 2 * MADE


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="only Linux tells what is mapped")
def test_pictures_are_mapped_from_the_file_and_never_change_it(named, cache):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = load_celeba()
    (path,) = small_files(cache)
    mapped = [line for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith(str(path))]
    assert mapped
    start, _ = (int(end, 16) for end in mapped[0].split()[0].split("-"))
    assert start <= data.train.kept.data_ptr() < data.test.kept.data_ptr() < start + path.stat().st_size
    content = path.read_bytes()
    data.train.kept.zero_()
    assert path.read_bytes() == content
    assert load_celeba().train.kept.any()


def lose_attributes(folder):
    (folder / LISTS[0]).unlink()
    return "list_attr_celeba.txt is missing"


def lose_partition(folder):
    (folder / LISTS[1]).unlink()
    return "list_eval_partition.txt is missing"


def close_off(folder):
    lose_partition(folder)
    (folder / LISTS[1]).mkdir()
    return "list_eval_partition.txt cannot be read"


def put_a_page_for_attributes(folder):
    (folder / LISTS[0]).write_text("<html>\nQuota exceeded\n</html>\n")
    return "list_attr_celeba.txt is no list of attributes"


def cut_attributes(folder):
    lines = (folder / LISTS[0]).read_text().splitlines()
    (folder / LISTS[0]).write_text("\n".join(lines[:-5]))
    return "list_attr_celeba.txt is truncated: 15 pictures, expected 20"


def cut_a_line(folder):
    content = (folder / LISTS[0]).read_bytes().rstrip()
    (folder / LISTS[0]).write_bytes(content[:-3])
    return "list_attr_celeba.txt is damaged in line 22: expected a picture's name and 40 times 1 or -1"


def put_another_number(folder):
    content = (folder / LISTS[0]).read_text()
    (folder / LISTS[0]).write_text(content.replace("000004.jpg -1", "000004.jpg -2").replace("000004.jpg  1", "000004.jpg  2"))
    return "list_attr_celeba.txt is damaged in line 6"


def cut_partition(folder):
    lines = (folder / LISTS[1]).read_text().splitlines()
    (folder / LISTS[1]).write_text("\n".join(lines[:-1]))
    return "list_eval_partition.txt has 19 pictures, expected the 20 of list_attr_celeba.txt"


def put_a_fourth_part(folder):
    content = (folder / LISTS[1]).read_text()
    (folder / LISTS[1]).write_text(content.replace("000002.jpg 0", "000002.jpg 3"))
    return "list_eval_partition.txt is damaged"


def leave_no_test(folder):
    content = (folder / LISTS[1]).read_text()
    (folder / LISTS[1]).write_text(content.replace(".jpg 2", ".jpg 1"))
    return "list_eval_partition.txt is damaged: expected pictures to train on"


def lose_pictures(folder):
    shutil.rmtree(folder / celeba.PICTURES)
    return "img_align_celeba.zip is missing, as is the folder img_align_celeba"


def unpack_by_halves(folder):
    for name in NAMES[10:]:
        (folder / celeba.PICTURES / name).unlink()
    return "img_align_celeba/000013.jpg is missing, and 7 more"


def cut_a_picture(folder):
    path = folder / celeba.PICTURES / "000017.jpg"
    path.write_bytes(path.read_bytes()[:-900])
    return r"img_align_celeba/000017.jpg is damaged \(.*truncated"


def empty_a_picture(folder):
    (folder / celeba.PICTURES / "000002.jpg").write_bytes(b"")
    return r"img_align_celeba/000002.jpg is damaged \("


def put_another_size(folder):
    Image.new("RGB", (178, 200)).save(folder / celeba.PICTURES / "000002.jpg")
    return r"img_align_celeba/000002.jpg is damaged \(its size is 178 × 200, expected 178 × 218"


def put_a_link_to_nowhere(folder):
    (folder / celeba.PICTURES / "000002.jpg").unlink()
    (folder / celeba.PICTURES / "000002.jpg").symlink_to("nowhere")
    return "img_align_celeba/000002.jpg is missing"


DAMAGES = [
    *(lose_attributes, lose_partition, close_off, put_a_page_for_attributes, cut_attributes, cut_a_line, put_another_number),
    *(cut_partition, put_a_fourth_part, leave_no_test, lose_pictures, unpack_by_halves, cut_a_picture, empty_a_picture),
    *(put_another_size, put_a_link_to_nowhere),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_and_nothing_half_made(named, cache, damage):
    with pytest.raises(ValueError, match=damage(named) + ".* Delete the folder celeba and load again, or copy the file anew"):
        load_celeba()
    assert small_files(cache) == []


def cut_the_archive(path):
    path.write_bytes(path.read_bytes()[:-500])
    return "img_align_celeba.zip cannot be read"


def put_a_page_for_the_archive(path):
    path.write_text("<html>Quota exceeded</html>")
    return "img_align_celeba.zip cannot be read"


def be_a_folder(path):
    path.unlink()
    path.mkdir()
    return "img_align_celeba.zip cannot be read"


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[content.index(picture(7)) + 4000] ^= 1
    path.write_bytes(content)
    return r"img_align_celeba.zip/000008.jpg is damaged \(Bad CRC"


@pytest.mark.parametrize("damage", [cut_the_archive, put_a_page_for_the_archive, be_a_folder, flip_a_bit])
def test_a_damaged_archive_is_named(cache, tmp_path, monkeypatch, damage):
    folder = lay_out(tmp_path / "celeba", packed=True)
    monkeypatch.setenv("VAE_COURSE_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=damage(folder / celeba.ARCHIVE)):
        load_celeba()
    assert small_files(cache) == []


def test_a_list_of_full_size_must_be_the_published_one(named, monkeypatch):
    lines = ["200000", "Young", *(f"{number:06d}.jpg 1" for number in range(200_000))]
    content = "\n".join(lines).encode()
    (named / LISTS[0]).write_bytes(content)
    with pytest.raises(ValueError, match="list_attr_celeba.txt is damaged: its contents are not those of the published file"):
        load_celeba()
    monkeypatch.setattr("torchvision.datasets.CelebA.file_list", [("", md5(content).hexdigest(), LISTS[0])])
    with pytest.raises(ValueError, match="list_eval_partition.txt has 20 pictures, expected the 200,000"):
        load_celeba()
