"""`fit` in two processes under torchrun, on the CPU: the weights of one process, one voice, clear ends.

The functions named in CASES run inside the processes: `torchrun … -m tests.test_distributed CASE FOLDER`.
"""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

import vae_course
from tests.notebooks.project import ROOT
from vae_course import checkpoints, runtime
from vae_course.distributed import DrawsOfTheWholeBatch, share_of
from vae_course.models import VAE, AdversarialAutoencoder, ConditionalVAE, ConvolutionalVAE, DenoisingAutoencoder, RecurrentVAE
from vae_course.training import TrainingStopped, fit

SHAPE = (1, 6, 6)
SMALL = {"input_shape": SHAPE, "latent_size": 3, "hidden_sizes": (8,)}


def images(n: int = 50, shape=SHAPE) -> torch.Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def labels(n: int = 50) -> torch.Tensor:
    return torch.randint(10, (n,), generator=torch.Generator().manual_seed(1))


class WithIdleParameter(VAE):
    """A model one of whose parameters takes no part in the loss."""

    def __init__(self) -> None:
        super().__init__(**SMALL)
        self.idle = nn.Parameter(torch.ones(3))


# What is trained: a model in double precision, its data, and the settings of `fit`. Batches of 7 of 50 images leave shares of 3 and 4
# rows, and a last batch of one row, of which the first process has none.
UNEVEN = {"epochs": 3, "batch_size": 7, "learning_rate": 1e-2, "seed": 0}
EVEN = UNEVEN | {"batch_size": 10}
TRAININGS = {
    "VAE": lambda: (VAE(**SMALL), images(), EVEN),
    "VAE, uneven shares": lambda: (VAE(**SMALL), images(), UNEVEN),
    "VAE, no seed": lambda: (VAE(**SMALL), images(), UNEVEN | {"seed": None}),
    "VAE, with a test split": lambda: (VAE(**SMALL), images(), EVEN | {"test": vae_course.data.Split(images(9), labels(9))}),
    "convolutional": lambda: (ConvolutionalVAE(input_shape=(3, 7, 8), latent_size=3, channels=(4, 6)), images(50, (3, 7, 8)), UNEVEN),
    "conditional": lambda: (ConditionalVAE(classes=10, **SMALL), (images(), labels()), UNEVEN),
    "denoising": lambda: (DenoisingAutoencoder(**SMALL), images(), UNEVEN),
    "recurrent": lambda: (
        RecurrentVAE(input_shape=(9, 4), latent_size=3, hidden_size=8, word_dropout=0.5, anneal_steps=5),
        nn.functional.one_hot(torch.randint(4, (50, 9), generator=torch.Generator().manual_seed(2))).double(),
        UNEVEN,
    ),
    "a loader": lambda: (VAE(**SMALL), DataLoader(TensorDataset(images(), labels()), batch_size=7, shuffle=True), UNEVEN),
    "an idle parameter": lambda: (WithIdleParameter(), images(), EVEN),
}


def train(name: str) -> dict:
    """Train one of TRAININGS; the weights it ends with, and its history."""
    # Each process starts elsewhere: what it draws, weights included, must be replaced by what the first one has.
    torch.manual_seed(100 + runtime.rank())
    model, data, settings = TRAININGS[name]()
    history = fit(model.double(), data, **settings, device="cpu", quiet=True)
    return {"weights": model.state_dict(), "history": history.terms}


def train_all(folder: Path) -> None:
    torch.save({name: train(name) for name in TRAININGS}, folder / f"trained-{runtime.rank()}.pt")


def speak_and_write(folder: Path) -> None:
    vae_course.start()
    vae_course.announce("something", cpu=1, gpu=1)

    def stop(model, history):
        if len(history) == 2:
            raise KeyboardInterrupt

    model = VAE(**SMALL).double()
    with pytest.raises(TrainingStopped, match="Stopped after 2 of 5 epochs"):
        fit(model, images(), epochs=5, device="cpu", on_epoch=stop)
    assert model.history.interrupted
    checkpoints.save(model, folder / f"by-{runtime.rank()}.safetensors", recipe={}, metrics={})


def die_in_the_second_process(folder: Path) -> None:
    def die(model, history):
        if runtime.rank() == 1:
            os._exit(3)

    fit(VAE(**SMALL).double(), images(), epochs=5, device="cpu", on_epoch=die, quiet=True)


def fail_in_the_second_process(folder: Path) -> None:
    def fail(model, history):
        if runtime.rank() == 1:
            raise OSError("the disk is full")

    fit(VAE(**SMALL).double(), images(), epochs=5, device="cpu", on_epoch=fail, quiet=True)


def what_is_refused(folder: Path) -> None:
    atexit.register(count_threads, folder)  # what is registered first runs last
    calls = {
        "own way": (AdversarialAutoencoder(**SMALL), images().float()),
        "different data": (VAE(**SMALL).double(), images() if runtime.rank() == 0 else images().flip(0)[:40]),
        "not finite": (VAE(**SMALL).double(), torch.full((8, *SHAPE), 0.5, dtype=torch.float64)),
    }
    with torch.no_grad():
        calls["not finite"][0].decoder[-1].bias[0] = torch.nan
    messages = {}
    for name, (model, data) in calls.items():
        try:
            fit(model, data, epochs=1, device="cpu", quiet=True, seed=0)
        except (ValueError, FloatingPointError) as error:
            messages[name] = f"{type(error).__name__}: {error}"
    torch.save(messages, folder / f"messages-{runtime.rank()}.pt")


def count_threads(folder: Path) -> None:
    (folder / f"threads-{runtime.rank()}").write_text(str(len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 1))


CASES = (train_all, speak_and_write, die_in_the_second_process, fail_in_the_second_process, what_is_refused)


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


def surroundings() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo" if sys.platform == "linux" else "lo0"}


def in_two_processes(case, folder: Path) -> subprocess.CompletedProcess:
    """Run `case` under torchrun; what each process printed lies in folder/logs/…/0 and 1."""
    address = ["--master-addr", "127.0.0.1", "--master-port", free_port()]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", *address]
    logs = ["--log-dir", str(folder / "logs"), "--tee", "3"]
    command = [*torchrun, *logs, "-m", "tests.test_distributed", case.__name__, str(folder)]
    return subprocess.run(command, cwd=ROOT, env=surroundings(), capture_output=True, text=True, timeout=240)


def said_by(rank: int, folder: Path) -> str:
    return "".join(path.read_text("utf-8") for path in sorted((folder / "logs").rglob("*.log")) if path.parent.name == str(rank))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What both processes ended with."""
    folder = tmp_path_factory.mktemp("trained")
    run = in_two_processes(train_all, folder)
    assert run.returncode == 0, run.stderr
    return [torch.load(folder / f"trained-{rank}.pt", weights_only=True) for rank in (0, 1)]


@pytest.mark.parametrize("name", TRAININGS)
def test_two_processes_end_with_the_weights_of_one(trained, name):
    alone = train(name)
    for together in trained:
        for (parameter, expected), got in zip(alone["weights"].items(), together[name]["weights"].values(), strict=True):
            torch.testing.assert_close(got, expected, rtol=1e-7, atol=1e-9, msg=lambda text, parameter=parameter: f"{parameter}: {text}")
        assert together[name]["history"].keys() == alone["history"].keys()
        for term, expected in alone["history"].items():
            assert together[name]["history"][term] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", TRAININGS)
def test_both_processes_hold_the_same_weights(trained, name):
    first, second = (together[name]["weights"].values() for together in trained)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_only_the_first_process_prints_and_writes(tmp_path):
    run = in_two_processes(speak_and_write, tmp_path)
    assert run.returncode == 0, run.stderr
    said = said_by(0, tmp_path)
    for part in ("PyTorch", "something: about 1 s", "training:"):
        assert said.count(part) >= 1, part
    assert said_by(1, tmp_path) == ""
    assert sorted(path.name for path in tmp_path.glob("by-*")) == ["by-0.json", "by-0.safetensors"]


@pytest.mark.parametrize(
    ("case", "own_words"), [(die_in_the_second_process, "exitcode  : 3"), (fail_in_the_second_process, "OSError: the disk is full")]
)
def test_a_process_that_dies_ends_the_run_with_a_clear_error(case, own_words, tmp_path):
    run = in_two_processes(case, tmp_path)
    assert run.returncode != 0
    assert own_words in run.stderr
    assert "rank      : 1 (local_rank: 1)" in run.stderr


def test_the_process_that_is_left_says_what_it_has_lost(tmp_path):
    """Started by hand: torchrun may end the process that is left before it has said anything."""
    environment = surroundings() | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    command = [sys.executable, "-m", "tests.test_distributed", die_in_the_second_process.__name__, str(tmp_path)]
    options = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    first, second = (
        subprocess.Popen(command, env=environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)}, **options) for rank in (0, 1)
    )
    try:
        said = first.communicate(timeout=240)[1]
        second.communicate(timeout=240)
    finally:
        first.kill()
        second.kill()
    assert second.returncode == 3
    assert first.returncode == 1
    assert "RuntimeError: process 0 has lost another process of this run" in said


def test_what_cannot_be_shared_is_refused_in_every_process(tmp_path):
    run = in_two_processes(what_is_refused, tmp_path)
    assert run.returncode == 0, run.stderr
    for rank in (0, 1):
        messages = torch.load(tmp_path / f"messages-{rank}.pt", weights_only=True)
        assert "ValueError: AdversarialAutoencoder trains in its own way, without calling `loss`" in messages["own way"]
        assert "ValueError: the processes do not hold the same first batch (process 0: shape (50, 1, 6, 6)" in messages["different data"]
        assert "LossNotFinite: the loss is not finite in epoch 1, batch 1 (reconstruction)" in messages["not finite"]
        assert (tmp_path / f"threads-{rank}").read_text() == "1", "a thread that outlives the interpreter can end the process with an error"


def test_a_loader_that_shares_out_the_data_itself_is_refused():
    data = TensorDataset(images())
    loader = DataLoader(data, batch_size=5, sampler=DistributedSampler(data, num_replicas=2, rank=0))
    with pytest.raises(ValueError, match="Leave its DistributedSampler out: fit shares out each batch"):
        fit(VAE(**SMALL).double(), loader, epochs=1)


@pytest.mark.parametrize("world", [1, 2, 3, 8])
@pytest.mark.parametrize("batch_size", [1, 2, 5, 7, 64])
def test_shares_are_the_batch_and_their_weights_its_mean(world, batch_size):
    values = torch.rand(batch_size, dtype=torch.float64)
    shares = [share_of(batch_size, rank, world) for rank in range(world)]
    counted = torch.cat([values[rows] for rows, weight in shares if weight > 0])
    assert torch.equal(counted, values)
    assert all(len(values[rows]) > 0 for rows, _ in shares)
    average = sum(values[rows].mean() * weight for rows, weight in shares) / world
    torch.testing.assert_close(average, values.mean())


DRAWS = {
    "randn": lambda x: torch.randn(len(x), 5, dtype=x.dtype),
    "randn_like": torch.randn_like,
    "rand": lambda x: torch.rand(len(x), 1, 2),
    "normal": lambda x: torch.normal(x, 0.5 + x),
    "rsample": lambda x: torch.distributions.Normal(x, 1 + x).rsample(),
    "bernoulli": torch.bernoulli,
    "multinomial": lambda x: torch.multinomial(x.flatten(1), 2),
    "dropout": lambda x: torch.nn.functional.dropout(x, 0.5),
    "randint": lambda x: torch.randint(6, (len(x),)),  # 6 is also the length of a share: it must stay a bound
    "in place": lambda x: torch.empty_like(x).normal_(),
    "the same for all rows": lambda x: x * torch.rand(4),
}


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize("rows", [slice(0, 6), slice(6, 13), slice(3, 4)])
def test_a_share_draws_the_noise_that_its_rows_have_in_the_whole_batch(name, rows):
    x = torch.rand(13, 2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    torch.manual_seed(5)
    whole, after_whole = DRAWS[name](x), torch.rand(2)
    torch.manual_seed(5)
    with DrawsOfTheWholeBatch(rows, 13):
        share = DRAWS[name](x[rows])
    after_share = torch.rand(2)
    torch.testing.assert_close(share, whole[rows])
    assert torch.equal(after_share, after_whole), "the streams of random numbers have come apart"


if __name__ == "__main__":
    {case.__name__: case for case in CASES}[sys.argv[1]](Path(sys.argv[2]))
