"""The recurrent VAE: the contract, exact masking, lengths from one to the most, and a code that the decoder listens to."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Normal

from tests.models.sequences import has_the_shapes_of_the_contract
from vae_course import fit
from vae_course.checkpoints import load, save
from vae_course.data.waves import as_series
from vae_course.evaluation import negative_log_likelihood
from vae_course.models import RecurrentVAE
from vae_course.models.recurrent import lengths

STEPS, TOKENS = 7, 5


def tokens(*rows: list[int], steps: int = STEPS) -> torch.Tensor:
    """One-hot sequences from lists of token numbers, zeros behind."""
    x = torch.zeros(len(rows), steps, TOKENS)
    for number, row in enumerate(rows):
        x[number, torch.arange(len(row)), torch.tensor(row, dtype=torch.long)] = 1
    return x


def some(n: int = 6, steps: int = STEPS) -> torch.Tensor:
    """Random sequences of random lengths, the shortest 1 and the longest `steps`."""
    generator = torch.Generator().manual_seed(1)
    wanted = torch.randint(1, steps + 1, (n,), generator=generator)
    wanted[0], wanted[1] = 1, steps
    return tokens(*(torch.randint(TOKENS, (int(length),), generator=generator).tolist() for length in wanted), steps=steps)


def series(n: int = 6, steps: int = STEPS) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    return as_series(torch.rand(n, steps, generator=generator), torch.rand(n, steps, generator=generator) < 0.7)


def make(kind: str = "categorical", **settings) -> RecurrentVAE:
    shape = (STEPS, TOKENS if kind == "categorical" else 2)
    return RecurrentVAE(**{"input_shape": shape, "latent_size": 3, "hidden_size": 8, "likelihood": kind} | settings)


DATA = {"categorical": some, "gaussian": series}
KINDS = [("categorical", 0.0), ("categorical", 1.0), ("gaussian", 0.0), ("gaussian", 1.0)]


@pytest.mark.parametrize(("kind", "word_dropout"), KINDS)
def test_shapes_of_all_that_the_contract_names(kind, word_dropout):
    has_the_shapes_of_the_contract(make(kind, word_dropout=word_dropout).eval(), DATA[kind]())


@pytest.mark.parametrize(("kind", "word_dropout"), KINDS)
def test_loss_is_nats_per_sequence_whatever_the_batch(kind, word_dropout):
    model, x = make(kind, word_dropout=word_dropout).double().eval(), DATA[kind]().double()
    torch.manual_seed(3)
    terms = model.loss(x)
    torch.manual_seed(3)
    z = model.encode(x).rsample()
    each_step = model.steps.log_prob(model.outputs_given(z, x), x)
    torch.testing.assert_close(terms.reconstruction, -each_step.sum() / len(x))
    torch.testing.assert_close(model.loss(torch.cat([x, x])).kl, terms.kl)
    torch.testing.assert_close(terms.total, terms.reconstruction + terms.kl)


def test_log_prob_is_the_product_of_its_steps():
    """All sequences of two steps out of three tokens: their probabilities add up to one, and each is the chain rule's product."""
    model = RecurrentVAE(input_shape=(2, 3), latent_size=2, hidden_size=4).double().eval()
    z = torch.randn(1, 2, dtype=torch.float64)
    every = F.one_hot(torch.cartesian_prod(torch.arange(3), torch.arange(3)), 3).double()
    log_p = model.decode(z.expand(9, -1)).log_prob(every)
    assert log_p.exp().sum().item() == pytest.approx(1, abs=1e-12)
    first = model.decode(z).log_prob(F.pad(torch.eye(3, dtype=torch.float64)[:1].unsqueeze(0), (0, 0, 0, 1)))
    assert first.exp().item() == pytest.approx(log_p[:3].exp().sum().item(), abs=1e-12)


def test_sampled_sequences_come_as_often_as_log_prob_says():
    model = RecurrentVAE(input_shape=(2, 3), latent_size=2, hidden_size=4).eval()
    z = torch.randn(2)
    drawn = model.decode(z).sample((20_000,)).argmax(-1)
    shares = torch.bincount(3 * drawn[:, 0] + drawn[:, 1], minlength=9) / 20_000
    every = F.one_hot(torch.cartesian_prod(torch.arange(3), torch.arange(3)), 3).float()
    p = model.decode(z.expand(9, -1)).log_prob(every).exp()
    assert (shares - p).abs().max() < 4 * (0.25 / 20_000) ** 0.5


def test_a_temperature_raises_each_steps_chances_to_a_power():
    model = RecurrentVAE(input_shape=(1, 3), latent_size=2, hidden_size=4).eval()
    z = torch.randn(2)
    logits = model.outputs_given(z.unsqueeze(0), torch.zeros(1, 1, 3))[0, 0].detach()
    for temperature in (0.5, 2.0):
        drawn = model.decode(z).sample((20_000,), temperature=temperature)[:, 0].mean(0)
        assert (drawn - (logits / temperature).softmax(-1)).abs().max() < 4 * (0.25 / 20_000) ** 0.5
    with pytest.raises(ValueError, match="temperature is 0, expected a number above 0"):
        model.decode(z).sample(temperature=0)


def test_a_series_is_drawn_closer_to_its_mean_when_cooled():
    model = make("gaussian", word_dropout=1.0).eval()
    p = model.decode(torch.zeros(3))
    spread = [(p.sample((500,), temperature=t)[..., 0] - p.mean[..., 0]).std().item() for t in (0.25, 1.0)]
    assert spread[0] == pytest.approx(0.5 * spread[1], rel=0.1)


def test_a_series_likelihood_is_the_gaussians_over_what_was_seen():
    model, x = make("gaussian", word_dropout=1.0).double().eval(), series().double()
    z = torch.randn(6, 3, dtype=torch.float64)
    mean = model.decode(z).mean[..., 0]
    every = Normal(mean, model.steps.log_sigma.exp()).log_prob(x[..., 0])
    torch.testing.assert_close(model.decode(z).log_prob(x), (every * x[..., 1]).sum(1))


@pytest.mark.parametrize(("kind", "patch"), [("categorical", 1), ("gaussian", 1), ("gaussian", 2), ("categorical", 2)])
def test_padding_changes_nothing(kind, patch):
    """The same weights with more room behind the sequences, and with none at all: the same code and the same likelihood."""
    x = DATA[kind](steps=6).double()
    short, long = (make(kind, input_shape=(steps, x.shape[2]), patch=patch).double().eval() for steps in (6, 12))
    long.load_state_dict(short.state_dict())
    padded = F.pad(x, (0, 0, 0, 6))
    q, q_long = short.encode(x), long.encode(padded)
    torch.testing.assert_close(q.mean, q_long.mean, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(q.stddev, q_long.stddev, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(short.decode(q.mean).log_prob(x), long.decode(q.mean).log_prob(padded), rtol=1e-12, atol=1e-12)


def test_neighbours_of_other_lengths_change_nothing():
    model, x = make().double().eval(), some().double()
    together = model.encode(x).mean
    alone = torch.cat([model.encode(one.unsqueeze(0)).mean for one in x])
    torch.testing.assert_close(together, alone, rtol=1e-12, atol=1e-14)


def test_the_reader_reads_no_padding_in_either_direction():
    """Against a plain GRU run by hand over nothing but the sequence itself, forwards and backwards."""
    model, x = make().double().eval(), some().double()
    for one, length in zip(x, lengths(x).tolist(), strict=True):
        there = one[:length].unsqueeze(0)
        forwards, backwards = model.reader(there)[0], model.backward_reader(there.flip(1))[0]
        by_hand = model.to_code(torch.cat([forwards[:, -1], backwards[:, -1]], dim=-1))[0, :3]
        torch.testing.assert_close(model.encode(one.unsqueeze(0)).mean[0], by_hand, rtol=1e-12, atol=1e-14)


def test_lengths_one_and_most_work_and_gaps_are_not_the_end():
    assert lengths(tokens([3], [0] * STEPS)).tolist() == [1, STEPS]
    with_gap = tokens([1, 2, 3, 4])
    with_gap[0, 1] = 0
    assert lengths(with_gap).tolist() == [4]
    model = make()
    for x in (tokens([2]), tokens([0] * STEPS), with_gap):
        model.zero_grad()
        terms = model.loss(x)
        terms.total.backward()
        assert torch.isfinite(terms.total)
        assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_a_gap_adds_nothing_and_is_hidden_from_the_decoder():
    model = make(word_dropout=0.0).double().eval()
    whole, gap = tokens([1, 2, 3]).double(), tokens([1, 2, 3]).double()
    gap[0, 1] = 0
    z = torch.randn(1, 3, dtype=torch.float64)
    output = model.outputs_given(z, gap).log_softmax(-1)
    assert model.decode(z).log_prob(gap).item() == pytest.approx((output[0, 0, 1] + output[0, 2, 3]).item(), abs=1e-12)
    assert not torch.allclose(model.outputs_given(z, whole)[0, 2], model.outputs_given(z, gap)[0, 2])


@pytest.mark.parametrize(("kind", "word_dropout"), KINDS)
def test_every_parameter_hears_the_loss(kind, word_dropout):
    model = make(kind, word_dropout=word_dropout)
    model.loss(DATA[kind]()).total.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())
    assert model.reader.weight_hh_l0.grad.abs().sum() > 0


def test_gradients_are_those_of_finite_differences():
    model, x = make("gaussian").double().eval(), series().double()

    def loss(weight):
        with torch.random.fork_rng():
            torch.manual_seed(4)
            return torch.func.functional_call(model, {"to_start.weight": weight}, (x,))

    model.forward = lambda x: model.loss(x).total
    assert torch.autograd.gradcheck(loss, model.to_start.weight.detach().clone().requires_grad_())


def test_the_decoder_reads_its_own_steps_running_free_and_the_true_ones_when_taught():
    model = make(word_dropout=0.0).eval()
    z = torch.randn(4, 3)
    written = model.decode(z).mode
    taught = model.outputs_given(z, written).argmax(-1)
    assert torch.equal(written.argmax(-1), taught)  # what it wrote is what it would say having read that
    other = written.roll(1, dims=-1)
    assert not torch.allclose(model.outputs_given(z, written)[:, 1:], model.outputs_given(z, other)[:, 1:])
    torch.testing.assert_close(
        model.outputs_given(z, written)[:, 0], model.outputs_given(z, other)[:, 0]
    )  # nothing stands before the first


@pytest.mark.parametrize("word_dropout", [0.0, 1.0])
def test_patches_are_written_as_they_are_taught(word_dropout):
    """Six steps, three at a time: what was written, read again, is answered in the same way; no step hears another of its own patch."""
    model = RecurrentVAE(input_shape=(6, TOKENS), latent_size=3, hidden_size=8, patch=3, word_dropout=word_dropout).eval()
    z = torch.randn(4, 3)
    written = model.decode(z).mode
    output = model.outputs_given(z, written)
    assert torch.equal(written.argmax(-1), output.argmax(-1))
    changed = written.clone()
    changed[:, 0] = written[:, 0].roll(1, dims=-1)
    answers = model.outputs_given(z, changed)
    torch.testing.assert_close(answers[:, :3], output[:, :3])
    assert torch.allclose(answers[:, 3:], output[:, 3:]) == (word_dropout == 1.0)
    assert model.reconstruct(some(steps=6)).shape == (6, 6, TOKENS)


def test_word_dropout_hides_the_share_it_says_in_training_only(monkeypatch):
    model = make(word_dropout=0.3)
    seen = []
    monkeypatch.setattr(model, "_with_code", lambda steps, *rest: seen.append(steps) or RecurrentVAE._with_code(steps, *rest))
    x = tokens(*[[1] * STEPS] * 2000)
    model.outputs_given(torch.zeros(2000, 3), x)
    hidden = 1 - seen[0][:, 1:].sum(-1).mean().item()
    assert hidden == pytest.approx(0.3, abs=0.02)
    model.eval().outputs_given(torch.zeros(2000, 3), x)
    assert seen[1][:, 1:].sum(-1).min() == 1


def test_with_all_words_dropped_no_step_hears_another():
    model, z = make(word_dropout=1.0).eval(), torch.randn(1, 3)
    torch.testing.assert_close(model.outputs_given(z, tokens([1, 2, 3])), model.outputs_given(z, tokens([4, 0, 1])))
    assert torch.equal(model.decode(z).mode.argmax(-1), model.outputs_given(z, tokens([0])).argmax(-1))


def test_nothing_is_written_behind_the_end():
    model = make(end_token=0).eval()
    with torch.no_grad():
        model.to_output.bias[0] = 1.0
    drawn = model.decode(torch.randn(200, 3)).sample()
    ended = drawn[..., 0].cumsum(-1) - drawn[..., 0] > 0
    assert 20 < ended[:, -1].sum() <= 200
    assert not drawn[ended].any()
    assert (drawn[~ended].sum(-1) == 1).all()
    model.encode(drawn)  # what was written can be read


def test_the_kls_weight_rises_in_training_and_is_whole_in_evaluation():
    model, x = make(beta=2.0, anneal_steps=4), some()
    weights = []
    optimizer = model.optimizer(1e-3)
    for _ in range(6):
        weights.append(model.kl_weight)
        terms = model.training_step(x, None, optimizer)
        torch.testing.assert_close(terms.total, terms.reconstruction + weights[-1] * terms.kl)
    assert weights == [0.0, 0.5, 1.0, 1.5, 2.0, 2.0]
    assert make(beta=2.0, anneal_steps=4).eval().kl_weight == 2.0


@pytest.fixture(scope="module")
def trained():
    """Trained on sequences that repeat one of five tokens, so that the token is what the code has to carry."""
    torch.manual_seed(0)
    x = tokens(*[[token] * length for token in range(TOKENS) for length in range(3, STEPS + 1) for _ in range(10)])
    model = make(hidden_size=16, word_dropout=1.0)
    fit(model, x, epochs=60, batch_size=50, learning_rate=1e-2, seed=0, quiet=True, device="cpu")
    return model.eval(), x


def test_shuffling_the_codes_raises_the_loss(trained):
    model, x = trained
    z = model.encode(x).mean
    own, shuffled = model.decode(z).log_prob(x).mean(), model.decode(z[torch.randperm(len(x))]).log_prob(x).mean()
    assert own - shuffled > 3
    assert (model.reconstruct(x).argmax(-1)[:, :3] == x.argmax(-1)[:, :3]).float().mean() > 0.95


def test_a_model_whose_decoder_ignores_its_code_loses_nothing_by_shuffling(trained):
    """So that the test above is known to be able to fail."""
    model, x = trained
    z = torch.zeros(len(x), 3)
    assert torch.equal(model.decode(z).log_prob(x), model.decode(z[torch.randperm(len(x))]).log_prob(x))


def test_bounds_and_checkpoints_work_as_for_every_model(trained, tmp_path):
    model, x = trained
    few = x[::7]
    by_k = [negative_log_likelihood(model, few, k=k, quiet=True).mean() for k in (1, 50)]
    assert by_k[0] > by_k[1]
    save(model, tmp_path / "one.safetensors", recipe={}, metrics={})
    again = load(tmp_path / "one.safetensors")
    assert again.config == model.config
    torch.testing.assert_close(again.reconstruct(few), model.reconstruct(few))


@pytest.mark.parametrize(
    ("make_x", "message"),
    [
        (lambda: tokens([1], []), r"sequence 1 of the batch is empty \(all its rows are zeros\)"),
        (lambda: 0.5 * tokens([1]), "no sequences of tokens: each step must be one-hot"),
        (lambda: tokens([1]) + tokens([2]), "each step must be one-hot"),
        (lambda: tokens([1])[:, :3], r"expected a batch of shape \(n, 7, 5\), got \(1, 3, 5\)"),
        (lambda: tokens([1])[:0], "the batch is empty"),
        (lambda: tokens([1]) * 255, r"must lie in \[0, 1\]"),
    ],
)
def test_bad_sequences_are_refused_with_a_remedy(make_x, message):
    with pytest.raises(ValueError, match=message):
        make().check_batch(make_x(), None)


def test_series_must_say_what_was_seen():
    x = series()
    x[0, 0] = torch.tensor([0.4, 0.0])
    with pytest.raises(ValueError, match=r"no sequences of values: each step must be \(value, 1\), or \(0, 0\)"):
        make("gaussian").check_batch(x, None)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"likelihood": "poisson"}, "unknown likelihood 'poisson', expected one of: categorical, gaussian"),
        ({"input_shape": (7,)}, r"input_shape is \(7,\), expected \(steps, features\)"),
        ({"word_dropout": 1.5}, "word_dropout is 1.5"),
        ({"anneal_steps": -1}, "anneal_steps is -1"),
        ({"end_token": 5}, "end_token is 5, expected one of the 5 tokens"),
        ({"likelihood": "gaussian"}, "a series has 5 features, expected 2"),
        ({"latent_size": 0}, "latent_size is 0"),
        ({"patch": 2}, "patch is 2, expected a number of steps that 7 can be divided by"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        RecurrentVAE(**{"input_shape": (STEPS, TOKENS)} | settings)


def test_the_gru_is_pytorchs():
    model = make()
    assert all(isinstance(part, nn.GRU) and not part.bidirectional for part in (model.reader, model.backward_reader, model.writer))
