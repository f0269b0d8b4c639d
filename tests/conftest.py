"""What tests share: small made data, small models, an exact linear-Gaussian VAE."""

from __future__ import annotations

import math
import os
import tempfile
from pathlib import Path

import pytest
import torch
from torch.distributions import Independent, MultivariateNormal, Normal

from tests.mirror import Mirror, point_torchvision_at
from vae_course.data import Dataset, Split
from vae_course.models import VAE

# The same suite on every machine, and between processes that share its cores. What a GPU adds is in test_gpu.py.
os.environ.setdefault("VAE_COURSE_DEVICE", "cpu")
# Whoever runs the tests keeps a record of their own; no test reads or writes it.
os.environ["VAE_COURSE_HOME"] = tempfile.mkdtemp(prefix="vae-course-tests-")

needs_mnist = pytest.mark.skipif("VAE_COURSE_DATA" not in os.environ, reason="needs real MNIST: point VAE_COURSE_DATA at it")


@pytest.fixture(autouse=True)
def _same_seed_each_test():
    torch.manual_seed(0)


@pytest.fixture
def blobs() -> Dataset:
    """256 + 64 images of 1×8×8: a bright square in one of four corners, and which corner it is."""
    generator = torch.Generator().manual_seed(0)
    y = torch.randint(4, (320,), generator=generator)
    x = 0.1 * torch.rand(320, 1, 8, 8, generator=generator)
    for corner in range(4):
        row, column = 4 * (corner // 2), 4 * (corner % 2)
        x[y == corner, :, row : row + 4, column : column + 4] += 0.8
    return Dataset("blobs", Split(x[:256], y[:256]), Split(x[256:], y[256:]), tuple("abcd"), "made for tests")


@pytest.fixture
def small_vae() -> VAE:
    return VAE(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,))


@pytest.fixture
def cache_folder(tmp_path) -> Path:
    """Where `mirror` lets the course keep its downloads; not there yet."""
    return tmp_path / "home" / "cache"


@pytest.fixture
def mirror(cache_folder, monkeypatch):
    """A tiny MNIST on loopback that torchvision takes for the real one, an empty cache, and no proxy."""
    served = Mirror()
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("VAE_COURSE_DATA", raising=False)
    point_torchvision_at(served.url, served.resources, cache_folder, monkeypatch.setattr)
    yield served
    served.close()


@pytest.fixture
def open_to_all():
    """A folder that any user can reach (pytest's own is for one)."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


class LinearGaussian:
    """x = A z + b + noise with z ~ N(0, I): the posterior and log p(x) are known exactly. Keeps the models' contract.

    `slack` widens and shifts the encoder away from the exact posterior, so that the bounds are strict.
    """

    def __init__(self, *, slack: float = 0.0) -> None:
        generator = torch.Generator().manual_seed(3)
        self.latent_size, self.x_size, self.noise = 2, 5, 0.7
        self.a = torch.randn(5, 2, generator=generator, dtype=torch.float64)
        self.b = torch.randn(5, generator=generator, dtype=torch.float64)
        self.slack = slack
        precision = torch.eye(2, dtype=torch.float64) + self.a.T @ self.a / self.noise**2
        self.posterior_covariance = torch.linalg.inv(precision)
        self.device = torch.device("cpu")
        self.training = False

    @property
    def prior(self):
        return Independent(Normal(torch.zeros(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64)), 1)

    def exact_posterior(self, x):
        mean = (x - self.b) @ self.a @ self.posterior_covariance / self.noise**2
        return MultivariateNormal(mean, self.posterior_covariance)

    def encode(self, x, y=None):
        exact = self.exact_posterior(x)
        if not self.slack:
            return exact
        spread = self.posterior_covariance.diagonal().sqrt() * (1 + self.slack)
        return Independent(Normal(exact.mean + self.slack * 0.2, spread.expand_as(exact.mean)), 1)

    def decode(self, z, y=None):
        return Independent(Normal(z @ self.a.T + self.b, torch.full((), self.noise, dtype=torch.float64)), 1)

    def log_evidence(self, x):
        covariance = self.a @ self.a.T + self.noise**2 * torch.eye(5, dtype=torch.float64)
        return MultivariateNormal(self.b, covariance).log_prob(x)

    def draw(self, n):
        generator = torch.Generator().manual_seed(4)
        z = torch.randn(n, 2, generator=generator, dtype=torch.float64)
        return z @ self.a.T + self.b + self.noise * torch.randn(n, 5, generator=generator, dtype=torch.float64)

    def eval(self):
        return self

    def train(self, mode=True):
        return self


@pytest.fixture
def linear_gaussian():
    return LinearGaussian


LOG_2PI = math.log(2 * math.pi)
