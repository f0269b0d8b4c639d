"""The VAE of paragraphs: its bound against sums by hand, what depends on what, words behind a full stop, the flat model, messages."""

import pytest
import torch
import torch.nn.functional as F

from vae_course.data.texts import texts
from vae_course.evaluation import evaluate, negative_log_likelihood
from vae_course.models import ParagraphVAE
from vae_course.objectives import importance_weighted_bound

SENTENCES, WORDS, VOCABULARY, END = 3, 5, 7, 0


def make(seed=0, **settings) -> ParagraphVAE:
    torch.manual_seed(seed)
    small = {"input_shape": (SENTENCES, WORDS, VOCABULARY), "paragraph_size": 3, "sentence_size": 2, "embedding_size": 4, "hidden_size": 6}
    model = ParagraphVAE(**small | settings).eval()
    with torch.no_grad():  # far from its start, where the levels say next to nothing
        for parameter in model.parameters():
            parameter.mul_(1.6)
    return model


@pytest.fixture
def x():
    numbers = torch.randint(1, VOCABULARY, (4, SENTENCES, WORDS), generator=torch.Generator().manual_seed(1))
    ends = torch.tensor([[2, 4, 3], [1, 2, 4], [4, 4, 4], [3, 1, 2]]).unsqueeze(-1)
    place = torch.arange(WORDS)
    numbers[place == ends] = END
    return F.one_hot(numbers, VOCABULARY).float() * (place <= ends).unsqueeze(-1)


def test_shapes_of_all_that_the_contract_names(x):
    model = make()
    q = model.encode(x)
    assert q.rsample().shape == model.prior.sample((4,)).shape == (4, 3 * 2 + 3)
    p = model.decode(q.rsample((5,)))
    assert p.log_prob(x).shape == (5, 4)
    assert p.sample((2,)).shape == (2, 5, *x.shape)
    assert model.sample(6).shape == (6, *x.shape[1:])
    assert model.reconstruct(x).shape == x.shape
    assert model.interpolate(x[0], x[1], steps=3).shape == (3, *x.shape[1:])


def test_the_bound_is_the_sum_of_what_is_written_and_of_two_kls(x):
    model = make()
    torch.manual_seed(3)
    loss = model.loss(x)
    torch.manual_seed(3)
    q = model.encode(x)
    z = q.rsample()
    words = torch.zeros(4)
    for number, (paragraph, code) in enumerate(zip(x, z, strict=True)):
        logits = model.logits_given(code[None], paragraph[None])[0].log_softmax(-1)
        for sentence, row in enumerate(paragraph):
            for place in range(int(row.sum())):
                words[number] += logits[sentence, place, row[place].argmax()]
    z_s, z_p = model.levels(z)
    mu, var = q.first.mean, q.first.variance
    top = 0.5 * (mu**2 + var - 1 - var.log()).sum(-1)
    ours, theirs = q.given(z)[0], model.given_paragraph(z_p)
    assert theirs.log_prob(z_s.flatten(1)).shape == (4,)
    ratio = ours.variance / theirs.variance
    own = 0.5 * (ratio - 1 - ratio.log() + (ours.mean - theirs.mean) ** 2 / theirs.variance).sum(-1)
    assert loss.reconstruction.item() == pytest.approx(-words.mean().item(), rel=1e-5)
    assert loss.kl_paragraph.item() == pytest.approx(top.mean().item(), rel=1e-4)
    assert loss.kl_sentences.item() == pytest.approx(own.mean().item(), rel=1e-4)
    assert loss.total.item() == pytest.approx((-words + top + own).mean().item(), rel=1e-5)


def test_many_draws_give_a_tighter_bound_than_one(x):
    model = make()
    one = -evaluate(model, x.repeat(50, 1, 1, 1))["elbo"]
    assert negative_log_likelihood(model, x, k=400, quiet=True).mean() < one
    assert importance_weighted_bound(model, x, None, k=3).shape == (4,)


def test_no_sentence_reads_another_but_through_the_paragraph(x):
    model = make()
    z = model.prior.sample((1,))
    other = x[:1].clone()
    other[:, 0] = x[2:3, 0]
    one, two = model.logits_given(z, x[:1]), model.logits_given(z, other)
    assert torch.equal(one[:, 1:], two[:, 1:])
    assert not torch.equal(one[:, 0], two[:, 0])
    q, p = model.encode(x[:1]), model.encode(other)
    sentences = [found.given(z)[0].mean.view(3, 2) for found in (q, p)]
    assert torch.allclose(sentences[0][1:], sentences[1][1:]), "given z_p, a sentence's latent is found in that sentence alone"
    assert not torch.allclose(q.first.mean, p.first.mean)


def test_what_stands_behind_a_full_stop_counts_for_nothing(x):
    model = make()
    longer = torch.cat([x, torch.zeros(4, SENTENCES, 2, VOCABULARY)], 2)
    long = make(input_shape=(SENTENCES, WORDS + 2, VOCABULARY))
    long.load_state_dict(
        {name: value for name, value in model.state_dict().items() if not name.startswith(("reader", "from_place"))}, strict=False
    )
    with torch.no_grad():
        long.from_place[:WORDS] = model.from_place
    z = model.prior.sample((4,))
    assert torch.allclose(model.decode(z).log_prob(x), long.decode(z).log_prob(longer), atol=1e-5)


def test_what_is_written_is_one_hot_up_to_one_full_stop():
    torch.manual_seed(0)
    model = make()
    for written in (model.decode(model.prior.sample((40,))).sample(), model.sample(40)):
        rows = written.sum(-1)
        assert ((rows == 0) | (rows == 1)).all()
        assert (written[..., END].sum(-1) <= 1).all()
        assert (rows.cumsum(-1)[..., -1] == torch.where(rows.bool(), torch.arange(1, WORDS + 1), 0).amax(-1)).all(), "no gap"
        model.check_values(written)


def test_draws_have_the_chances_that_log_prob_says():
    model = make(input_shape=(1, 2, 3))
    z = torch.randn(model.latent_size, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    drawn = model.decode(z).sample((4000,))
    texts, counts = drawn.unique(dim=0, return_counts=True)
    for text, count in zip(texts, counts.tolist(), strict=True):
        assert model.decode(z).log_prob(text).exp().item() == pytest.approx(count / 4000, abs=0.03)
    cold = model.decode(z).sample((50,), temperature=1e-5)
    assert torch.equal(cold, model.decode(z).mode.expand_as(cold))


def test_a_writer_that_hears_no_words_writes_without_them(x):
    model = make(word_dropout=1.0)
    z = model.prior.sample((4,))
    assert torch.equal(model.logits_given(z, x), model.logits_given(z, x.flip(0)))
    assert model.decode(z).mode.shape == x.shape


def test_redrawing_keeps_what_was_not_asked_for(x):
    model = make()
    torch.manual_seed(0)
    z = model.redraw(x[0], 6, sentences=[2])
    z_s, z_p = model.levels(z)
    own, top = model.levels(model.encode(x[:1]).mean)
    assert torch.allclose(z_p, top.expand_as(z_p))
    assert torch.allclose(z_s[:, [0, 2]], own[:, [0, 2]].expand(6, -1, -1))
    assert len(z_s[:, 1].unique(dim=0)) == 6
    every = model.levels(model.redraw(x[0], 2000))[0].flatten(1)
    p = model.given_paragraph(top[0])
    assert torch.allclose(every.mean(0), p.mean, atol=0.2)
    assert torch.allclose(every.std(0), p.stddev, rtol=0.1)


def test_a_flat_model_has_the_paragraph_alone(x):
    model = make(sentence_size=0, paragraph_size=9)
    loss = model.loss(x)
    assert loss.kl_sentences == 0
    assert loss.kl_paragraph == loss.kl
    assert model.sample(2).shape == (2, *x.shape[1:])
    with pytest.raises(ValueError, match="flat"):
        model.redraw(x[0], 2)


def test_free_bits_are_for_sentences_alone(x):
    free, none = make(free_bits=50.0), make()
    losses = []
    for model in (free, none):
        torch.manual_seed(0)
        losses.append(model.loss(x))
    assert losses[0].kl == losses[1].kl
    assert losses[0].total.item() == pytest.approx((losses[1].reconstruction + losses[1].kl_paragraph).item() + 6 * 50, rel=1e-5)


def test_a_sentence_is_learnt_by_heart():
    data = texts(train=8, test=1)
    torch.manual_seed(0)
    model = ParagraphVAE(hidden_size=48, embedding_size=16)
    optimizer = model.optimizer(1e-2)
    x = data.train.x
    first = model.loss(x).total.item()
    for _ in range(80):
        model.training_step(x, None, optimizer)
    assert model.loss(x).total.item() < 0.25 * first


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"input_shape": (5, 7)}, "expected .sentences, words, vocabulary."),
        ({"paragraph_size": 0}, "expected at least 1"),
        ({"sentence_size": -1}, "0 .a flat model. or more"),
        ({"word_dropout": 1.5}, "a share from 0 to 1"),
        ({"end_token": 7}, "one of the 7 words"),
        ({"window": 0}, "window is 0"),
    ],
)
def test_bad_settings_are_told(settings, told):
    with pytest.raises(ValueError, match=told):
        make(**settings)


def test_bad_texts_are_told(x):
    model = make()
    with pytest.raises(ValueError, match="one-hot"):
        model.reconstruct(x * 0.5)
    empty = x.clone()
    empty[1, 2] = 0
    with pytest.raises(ValueError, match="sentence 3 of paragraph 1 has no word"):
        model.reconstruct(empty)
    with pytest.raises(ValueError, match="temperature"):
        model.decode(torch.zeros(1, 9)).sample(temperature=0.0)
    with pytest.raises(ValueError, match="numbers from 1 to 3"):
        model.redraw(x[0], 2, sentences=[4])


def test_what_a_sentence_says_for_itself_is_held_under_another_paragraph(x):
    model = make().eval()
    z = model.encode(x).sample()
    own, z_p = model.own_part(z), model.levels(z)[1]
    torch.testing.assert_close(model.with_paragraph(z_p, own), z)
    other = torch.randn_like(z_p)
    moved = model.with_paragraph(other, own)
    torch.testing.assert_close(model.own_part(moved), own, rtol=1e-3, atol=1e-3)
    given = model.given_paragraph(other)
    torch.testing.assert_close(moved[:, : own[0].numel()], given.mean + given.stddev * own.flatten(1))
    with pytest.raises(ValueError, match="this model is flat"):
        make(sentence_size=0).own_part(torch.zeros(1, 3))


def test_the_price_of_the_sentences_rises_with_the_paragraphs_or_is_full_at_once(x):
    """At the first step no KL counts, or that of the sentences alone."""
    totals = {}
    for anneal in (True, False):
        torch.manual_seed(0)
        model = make(anneal_steps=10, anneal_sentences=anneal).train()
        torch.manual_seed(1)
        loss = model.loss(x)
        totals[anneal] = loss.total - loss.reconstruction
    torch.testing.assert_close(totals[True], torch.zeros(()))
    torch.testing.assert_close(totals[False], loss.kl_sentences)
