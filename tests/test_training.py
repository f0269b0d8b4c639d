"""`fit`: learns, records, stops when told to, and names what went wrong."""

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from tests.conftest import needs_mnist
from vae_course import load
from vae_course.data import Split
from vae_course.models import VAE
from vae_course.training import History, fit, mean_losses


def fresh() -> VAE:
    torch.manual_seed(0)
    return VAE(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,))


def test_the_loss_falls_and_each_term_is_recorded(blobs):
    history = fit(fresh(), blobs, epochs=12, batch_size=32, test=blobs.test, seed=0, quiet=True)
    assert len(history) == len(history.loss) == len(history.reconstruction) == len(history.kl) == len(history.test_loss) == 12
    assert history.loss[-1] < history.loss[0] - 3
    assert history.loss[3] == pytest.approx(history.reconstruction[3] + history.kl[3], rel=1e-5)
    assert all(type(value) is float for value in history.loss)


def test_the_recorded_loss_is_the_mean_over_examples_however_they_are_cut(blobs):
    class Counts(VAE):
        """A loss that is the mean of x over the batch, so that the epoch's mean is known."""

        def training_step(self, x, y, optimizer):
            loss = self.loss(x)
            for term in loss.terms.values():
                term.data = x.mean()
            return loss

    model = Counts(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,))
    history = fit(model, blobs.train.x[:100], epochs=1, batch_size=33, quiet=True)
    assert history.loss[0] == pytest.approx(blobs.train.x[:100].mean().item(), rel=1e-5)


def test_the_same_seed_trains_the_same_model(blobs):
    first, second = fresh(), fresh()
    histories = [fit(model, blobs, epochs=2, seed=3, quiet=True).loss for model in (first, second)]
    assert histories[0] == histories[1]
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_takes_every_kind_of_data(blobs):
    x, y = blobs.train.x, blobs.train.y
    loaders = [DataLoader(TensorDataset(x, y), batch_size=64), DataLoader(x, batch_size=64)]
    for data in (blobs, blobs.train, x, (x, y), *loaders):
        assert len(fit(fresh(), data, epochs=1, quiet=True)) == 1


def test_a_model_may_train_in_its_own_way(blobs):
    class Stubborn(VAE):
        def optimizer(self, learning_rate):
            return "two optimisers, say"

        def training_step(self, x, y, optimizer):
            assert optimizer == "two optimisers, say"
            return self.loss(x)

    model = Stubborn(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,))
    before = [p.clone() for p in model.parameters()]
    fit(model, blobs, epochs=1, quiet=True)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_the_callback_sees_each_epoch(blobs):
    seen = []
    fit(fresh(), blobs, epochs=3, on_epoch=lambda model, history: seen.append((model.latent_size, len(history))), quiet=True)
    assert seen == [(3, 1), (3, 2), (3, 3)]


def test_an_interrupt_keeps_the_finished_epochs(blobs, capsys):
    def stop_in_the_third(model, history):
        if len(history) == 2:
            raise KeyboardInterrupt

    history = fit(fresh(), blobs, epochs=9, on_epoch=stop_in_the_third, quiet=True)
    assert history.interrupted
    assert len(history.loss) == 2
    assert "Stopped after 2 of 9 epochs. The model and the history of those epochs are kept." in capsys.readouterr().out


class BreaksAtStep(VAE):
    """A model whose named term turns into NaN at a given step."""

    def __init__(self, step: int, term: str) -> None:
        super().__init__(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,))
        self.steps, self.step, self.term = 0, step, term

    def loss(self, x, y=None):
        self.steps += 1
        loss = super().loss(x)
        if self.steps == self.step:
            loss.terms["total"] = loss.total = loss.total * float("nan")
            loss.terms[self.term] = loss.terms[self.term] * float("nan")
        return loss


@pytest.mark.parametrize(("term", "cause"), [("kl", "look at log_var"), ("reconstruction", "look at the decoder")])
def test_a_loss_that_is_not_finite_names_epoch_batch_and_cause(blobs, term, cause):
    with pytest.raises(FloatingPointError, match=rf"not finite in epoch 2, batch 3 \({term}\). Likely cause: .*{cause}") as caught:
        fit(BreaksAtStep(4 + 3, term), blobs, epochs=3, batch_size=64, quiet=True)
    assert len(caught.value.history) == 1


def test_a_wild_learning_rate_is_named(blobs):
    with pytest.raises(FloatingPointError, match="a learning rate of 0.5 is large"):
        fit(BreaksAtStep(1, "kl"), blobs, epochs=1, learning_rate=0.5, quiet=True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, d: fit(m, d, epochs=0), "epochs is 0, expected at least 1"),
        (lambda m, d: fit(m, d, epochs=1, batch_size=0), "batch_size is 0"),
        (lambda m, d: fit(m, d.train.x * 255, epochs=1), r"pixels must lie in \[0, 1\], got values from .* Divide by 255"),
        (lambda m, d: fit(m, d.train.x[:0], epochs=1), "the data set is empty"),
        (lambda m, d: fit(m, d.train.x[:, :, :4], epochs=1), r"expected a batch of shape \(n, 1, 8, 8\)"),
        (lambda m, d: fit(m, "mnist", epochs=1), "cannot train on a str, expected a Dataset"),
        (lambda m, d: fit(m, DataLoader(d.train.x[:3], batch_size=8, drop_last=True), epochs=1), "gave no batches"),
        (lambda m, d: fit(m, d, epochs=1, device="abacus"), "unknown device 'abacus'"),
    ],
)
def test_bad_calls_are_refused(blobs, call, message):
    with pytest.raises(ValueError, match=message):
        call(fresh(), blobs)


def test_test_losses_are_measured_in_evaluation_mode(blobs):
    class Watches(VAE):
        def loss(self, x, y=None):
            assert not self.training
            assert not torch.is_grad_enabled()
            return super().loss(x)

    model = Watches(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,)).train()
    assert mean_losses(model, blobs.test, batch_size=10)["loss"] > 0
    assert model.training


def test_a_history_says_what_it_holds():
    history = History({"loss": [3.0]})
    with pytest.raises(AttributeError, match="this history holds no 'accuracy', it has: loss"):
        _ = history.accuracy


@needs_mnist
def test_one_epoch_of_the_reference_starts_where_the_reference_starts():
    data = load("mnist")
    torch.manual_seed(0)
    history = fit(VAE(), Split(data.train.x, data.train.y), epochs=1, seed=0, quiet=True)
    assert history.loss[0] == pytest.approx(164.38, abs=1.5)
