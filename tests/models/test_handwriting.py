"""The handwriting VAE: its density against one built of PyTorch's distributions, no step sees what comes later, an end is an end."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from tests.models.sequences import has_the_shapes_of_the_contract
from vae_course import fit
from vae_course.checkpoints import load, rounded, save
from vae_course.data.strokes import draw_strokes, from_strokes
from vae_course.models import HandwritingVAE
from vae_course.models.handwriting import DRAWS, OVER, REACH, STEEPEST, PenSteps
from vae_course.models.recurrent import lengths

STEPS = 9


def strokes(n: int = 6, steps: int = STEPS) -> torch.Tensor:
    """Ways of a pen of random lengths, the shortest 1 and the longest `steps`, moves a few pixels long."""
    generator = torch.Generator().manual_seed(1)
    moves = 0.5 + 0.06 * torch.randn(n, steps, 2, generator=generator)
    x = torch.cat([moves, torch.rand(n, steps, 1, generator=generator).round()], dim=-1)
    wanted = torch.randint(1, steps + 1, (n,), generator=generator)
    wanted[0], wanted[1] = 1, steps
    return x * (torch.arange(steps) < wanted.unsqueeze(1)).unsqueeze(-1)


def make(**settings) -> HandwritingVAE:
    return HandwritingVAE(**{"input_shape": (STEPS, 3), "latent_size": 3, "hidden_size": 8, "components": 4} | settings)


def reference(model: HandwritingVAE, output: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """log p(x|z) of one sequence (steps, 3), step by step: a mixture of PyTorch's Gaussians over the move in x's own unit, a pen's coin."""
    total, k = output.new_zeros(()), model.steps.components
    for row, numbers in zip(x, output, strict=True):
        pen = Categorical(logits=numbers[6 * k :])
        if not row.any():
            return total + pen.log_prob(torch.tensor(OVER))
        weights, m_x, m_y, s_x, s_y, turn = numbers[: 6 * k].view(6, k)
        sigmas = REACH * (torch.stack([s_x, s_y], -1).exp() + model.steps.narrowest)
        rho = STEEPEST * turn.tanh()
        covariance = torch.diag_embed(sigmas.square())
        covariance[:, 0, 1] = covariance[:, 1, 0] = rho * sigmas.prod(-1)
        each = MultivariateNormal(0.5 + REACH * torch.stack([m_x, m_y], -1), covariance)
        total = total + MixtureSameFamily(Categorical(logits=weights), each).log_prob(row[:2])
        total = total + pen.log_prob((row[2] != 1).long())
    return total


def test_shapes_of_all_that_the_contract_names():
    has_the_shapes_of_the_contract(make().eval(), strokes())


def test_the_density_is_that_of_pytorchs_distributions():
    model, x = make().double().eval(), strokes().double()
    with torch.no_grad():
        model.to_output.weight.mul_(3)  # so that components, correlations and pen differ from step to step
    z = torch.randn(6, 3, dtype=torch.float64)
    output = model.outputs_given(z, x)
    expected = torch.stack([reference(model, output[i], x[i]) for i in range(6)])
    torch.testing.assert_close(model.decode(z).log_prob(x), expected, rtol=1e-10, atol=1e-10)


def test_loss_is_nats_per_sequence_whatever_the_batch():
    model, x = make(beta=0.5).double().eval(), strokes().double()
    torch.manual_seed(3)
    terms = model.loss(x)
    torch.manual_seed(3)
    z = model.encode(x).rsample()
    each_step = model.steps.log_prob(model.outputs_given(z, x), x)
    assert each_step.shape == (6, STEPS)
    torch.testing.assert_close(terms.reconstruction, -each_step.sum() / len(x))
    torch.testing.assert_close(model.loss(torch.cat([x, x])).kl, terms.kl)
    torch.testing.assert_close(terms.total, terms.reconstruction + 0.5 * terms.kl)


def test_a_steps_density_sums_to_one_over_moves_pen_and_end():
    """On a fine grid of moves, pen drawing and in the air, and the end."""
    model = make(input_shape=(1, 3), components=2).double().eval()
    z, spacing = torch.zeros(1, 3, dtype=torch.float64), 1 / 512
    places = torch.arange(-0.5, 1.5, spacing, dtype=torch.float64)
    moves = torch.cartesian_prod(places, places)
    output = model.outputs_given(z, torch.zeros(1, 1, 3, dtype=torch.float64)).expand(len(moves), -1, -1)
    rows = [torch.cat([moves, torch.full_like(moves[:, :1], pen)], -1).unsqueeze(1) for pen in (0.0, 1.0)]
    density = sum(model.steps.log_prob(output, x).exp().sum() for x in rows)
    over = model.steps.log_prob(output[:1], torch.zeros(1, 1, 3, dtype=torch.float64)).exp().sum()
    assert (density * spacing**2 + over).item() == pytest.approx(1, abs=1e-5)


def test_no_step_hears_a_later_one():
    model, x = make().double().eval(), strokes().double()
    z, changed = torch.randn(6, 3, dtype=torch.float64), x.clone()
    changed[1, 5] = torch.tensor([0.9, 0.1, 1.0])
    before, after = (model.outputs_given(z, one) for one in (x, changed))
    assert torch.equal(before[:, :6], after[:, :6])
    assert not torch.allclose(before[1, 6:], after[1, 6:])


def test_padding_and_neighbours_change_nothing():
    short, long = (make(input_shape=(steps, 3)).double().eval() for steps in (STEPS, STEPS + 5))
    long.load_state_dict(short.state_dict())
    x = strokes().double()
    x = x[lengths(x) < STEPS]  # those that end by themselves
    padded = F.pad(x, (0, 0, 0, 5))
    q, q_long = short.encode(x), long.encode(padded)
    torch.testing.assert_close(q.mean, q_long.mean, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(short.decode(q.mean).log_prob(x), long.decode(q.mean).log_prob(padded), rtol=1e-12, atol=1e-12)
    alone = torch.cat([short.encode(one.unsqueeze(0)).mean for one in x])
    torch.testing.assert_close(q.mean, alone, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("word_dropout", [0.0, 0.5, 1.0])
def test_every_parameter_hears_the_loss_and_no_gradient_is_lost(word_dropout):
    model, x = make(word_dropout=word_dropout), strokes()
    x[1, 0] = torch.tensor([1.0, 0.0, 1.0])  # as far as a pen can go
    model.loss(x).total.backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    assert all(p.grad.abs().sum() > 0 for p in model.parameters())


def test_gradients_are_finite_where_sigma_is_as_narrow_as_it_may_be():
    steps, x = PenSteps(3, narrowest=1 / 256), strokes()
    output = torch.randn(6, STEPS, steps.outputs)
    output[..., 9:15] = -80.0  # the logarithms of both σ
    output[..., 15:18] = 40.0  # a correlation as steep as it may be
    output.requires_grad_()
    steps.log_prob(output, x).sum().backward()
    assert torch.isfinite(output.grad).all()


def test_draws_come_as_the_density_says():
    """Mean, spread and correlation of many draws from one component; the pen as often as its chances."""
    steps = PenSteps(1, narrowest=1 / 256)
    output = torch.tensor([0.0, 0.3, -0.5, math.log(0.4), math.log(0.2), 1.0, 1.0, 0.0, 0.0]).expand(20_000, 1, -1)
    drawn = steps.draw(output)[:, 0]
    ended = ~drawn.any(-1)
    moves = (drawn[~ended, :2] - 0.5) / REACH
    torch.testing.assert_close(moves.mean(0), torch.tensor([0.3, -0.5]), atol=0.02, rtol=0)
    torch.testing.assert_close(moves.std(0), torch.tensor([0.4625, 0.2625]), atol=0.01, rtol=0)
    assert torch.corrcoef(moves.T)[0, 1].item() == pytest.approx(STEEPEST * math.tanh(1), abs=0.02)
    chances = output[0, 0, -3:].softmax(-1)
    assert ended.float().mean().item() == pytest.approx(chances[OVER].item(), abs=0.02)
    assert (drawn[:, 2] == 1).float().mean().item() == pytest.approx(chances[DRAWS].item(), abs=0.02)
    cooled = steps.draw(output, temperature=0.25)[:, 0]
    cooled = (cooled[cooled.any(-1), :2] - 0.5) / REACH
    torch.testing.assert_close(cooled.std(0), 0.5 * torch.tensor([0.4625, 0.2625]), atol=0.01, rtol=0)


def test_what_is_written_can_be_read_and_drawn():
    model = make().eval()
    with torch.no_grad():
        model.to_output.bias[-1] = 0.5
    drawn = model.decode(torch.randn(200, 3)).sample()
    there = drawn.any(-1)
    assert not (there[:, 1:] & ~there[:, :-1]).any()  # nothing behind the end
    assert 20 < (~there[:, -1]).sum() <= 200
    written = drawn[there.any(1)]
    model.check_batch(written, None)
    assert model.encode(written).mean.isfinite().all()
    assert draw_strokes(written).shape == (len(written), 1, 28, 28)


def test_the_decoder_reads_its_own_steps_running_free_and_the_true_ones_when_taught():
    model = make().eval()
    z = torch.randn(4, 3)
    written = model.decode(z).mode
    assert torch.allclose(model.up_to_end(model.steps.likeliest(model.outputs_given(z, written))), written, atol=1e-6)


@pytest.fixture(scope="module")
def trained():
    """Trained on a line down and a line across, each from many places, so that the code has to say which and where."""
    generator = torch.Generator().manual_seed(0)
    starts = 6 + 8 * torch.rand(200, 2, generator=generator)
    ends = starts + torch.tensor([[0.0, 10.0], [10.0, 0.0]]).repeat(100, 1)
    x = torch.stack([from_strokes([torch.stack(pair)]) for pair in zip(starts, ends, strict=True)])
    torch.manual_seed(0)
    model = HandwritingVAE(latent_size=4, hidden_size=24, components=3, word_dropout=0.5, beta=0.5)
    fit(model, x, epochs=60, batch_size=50, learning_rate=1e-2, seed=0, quiet=True, device="cpu")
    return model.eval(), x


def test_it_learns_to_write_again_what_it_read(trained):
    model, x = trained
    away, wrong = ((one - x)[..., :2].abs().sum((1, 2)).mean() for one in (model.reconstruct(x), x.roll(1, dims=0)))
    assert away < 0.5 * wrong
    z = model.encode(x).mean
    own, shuffled = model.decode(z).log_prob(x).mean(), model.decode(z.roll(1, dims=0)).log_prob(x).mean()
    assert own - shuffled > 5


def test_a_checkpoint_is_the_same_model(trained, tmp_path):
    model, x = trained
    save(model, tmp_path / "one.safetensors", recipe={}, metrics={})
    again = load(tmp_path / "one.safetensors")
    assert again.config == model.config
    rounded(model)  # as it is stored
    torch.testing.assert_close(again.decode(torch.zeros(1, 4)).log_prob(x[:1]), model.decode(torch.zeros(1, 4)).log_prob(x[:1]))


@pytest.mark.parametrize(
    ("make_x", "message"),
    [
        (lambda x: x * torch.tensor([1, 1, 0.5]), r"no sequences of pen strokes: each step must be \(dx, dy, 1\) or \(dx, dy, 0\)"),
        (lambda x: x * (torch.arange(STEPS) != 3).unsqueeze(-1), "rows of zeros may stand behind the end alone"),
        (lambda x: torch.zeros_like(x), "sequence 0 of the batch is empty"),
        (lambda x: x + 1, r"must lie in \[0, 1\]"),
    ],
)
def test_bad_strokes_are_refused_with_a_remedy(make_x, message):
    with pytest.raises(ValueError, match=message):
        make().check_batch(make_x(strokes()), None)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"input_shape": (9, 2)}, r"input_shape is \(9, 2\), expected \(steps, 3\)"),
        ({"components": 0}, "components is 0"),
        ({"narrowest": 0}, "narrowest 0"),
        ({"word_dropout": -1}, "word_dropout is -1"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        make(**settings)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_must_be_above_nought(temperature):
    with pytest.raises(ValueError, match="expected a number above 0"):
        make().decode(torch.zeros(1, 3)).sample(temperature=temperature)
