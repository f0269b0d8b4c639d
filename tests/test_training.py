"""`fit`: learns, records, stops when told to, and names what went wrong."""

import re

import nbformat
import pytest
import torch
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from torch.utils.data import DataLoader

from tests.conftest import needs_mnist
from vae_course import load
from vae_course.data import Split
from vae_course.models import VAE
from vae_course.training import History, TrainingStopped, fit, mean_losses


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


def test_the_record_is_kept_with_the_model(blobs):
    model = fresh()
    assert fit(model, blobs, epochs=2, quiet=True) is model.history
    assert not model.history.interrupted
    broken = BreaksAtStep(4 + 1, "kl")
    with pytest.raises(FloatingPointError):
        fit(broken, blobs, epochs=3, batch_size=64, quiet=True)
    assert len(broken.history) == 1


def interrupted(where: str):
    """A model and settings of `fit` with which the third epoch is interrupted: in a batch, in the test, or between epochs."""

    class Interrupted(VAE):
        def loss(self, x, y=None):
            if len(self.history) == 2 and (self.training == (where == "a batch")) and where != "between":
                raise KeyboardInterrupt
            return super().loss(x)

    def between(model, history):
        if len(history) == 2 and where == "between":
            raise KeyboardInterrupt

    return Interrupted(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,)), {"on_epoch": between}


@pytest.mark.parametrize("where", ["a batch", "the test", "between"])
def test_an_interrupt_keeps_the_finished_epochs_and_stops_what_follows(where, blobs):
    model, settings = interrupted(where)
    with pytest.raises(TrainingStopped) as caught:
        fit(model, blobs, epochs=9, test=blobs, quiet=True, **settings)
    assert isinstance(caught.value, KeyboardInterrupt)
    assert not isinstance(caught.value, Exception), "an `except Exception` around fit would let the notebook run on"
    assert model.history is caught.value.history
    assert model.history.interrupted
    assert len(model.history.loss) == 2
    assert str(caught.value) == "Stopped after 2 of 9 epochs. The model and, as model.history, the record of those epochs are kept."


def test_a_stop_before_the_first_epoch_is_over_leaves_an_empty_record(blobs):
    class AtOnce(VAE):
        def loss(self, x, y=None):
            raise KeyboardInterrupt

    model = AtOnce(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,))
    with pytest.raises(TrainingStopped, match="Stopped after 0 of 2 epochs"):
        fit(model, blobs, epochs=2, quiet=True)
    assert len(model.history) == 0


def test_the_stop_button_ends_run_all_with_one_sentence_and_the_record_is_there():
    """In a real kernel: the cells behind the one that was stopped do not run, and what is shown is the sentence alone."""
    cells = [
        "import torch\nfrom vae_course import VAE, fit\nmodel = VAE(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,))",
        "import _thread\n"
        "def press_stop(model, history):\n"
        "    if len(history) == 2:\n"
        "        _thread.interrupt_main()\n"
        "fit(model, torch.rand(64, 1, 8, 8), epochs=10_000, on_epoch=press_stop)",
        "print('ran on')",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    client = NotebookClient(notebook, kernel_name="python3", timeout=120)
    with client.setup_kernel():
        client.execute_cell(notebook.cells[0], 0)
        with pytest.raises(CellExecutionError):
            client.execute_cell(notebook.cells[1], 1)
        asked = nbformat.v4.new_code_cell("print(model.history.interrupted, len(model.history) >= 2)")
        notebook.cells.append(asked)
        client.execute_cell(asked, 3)
    bar, error = notebook.cells[1].outputs
    assert bar.data["text/plain"].startswith("training: ")
    assert error.ename == "TrainingStopped"
    assert len(error.traceback) == 1
    assert re.fullmatch(r"Stopped after \d+ of 10000 epochs\. The model and, as model\.history, .* kept\.", error.traceback[0])
    assert asked.outputs[0].text == "True True\n"


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
        (lambda m, d: fit(m, "mnist", epochs=1), "cannot take a str for data, expected a Dataset, .* Use load\\('mnist'\\)"),
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
