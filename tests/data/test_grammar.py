"""The grammar: what it writes is English and known to it, what is near it is not, and its figures are those of counting."""

import math
from dataclasses import replace
from itertools import islice, product

import pytest
import torch

from vae_course.data import choices
from vae_course.data.choices import FAIR, drawn, everything, read
from vae_course.data.grammar import GRAMMAR, PERSONS, TENSES, TURNS, read_grammar
from vae_course.data.stories import (
    NUMBERS,
    SENTENCES,
    TEXT_FACTORS,
    VOCABULARY,
    accepts,
    accepts_paragraph,
    count,
    describe,
    entropy,
    log_prob,
    retell,
    sentence_chances,
    sentence_entropy,
    spelled,
    stories,
    story,
)

BREAD = (
    "Yesterday morning she baked fresh bread with her sister. She cut it into big pieces but it was too hot. "
    "So her sister waited a little and ate it with honey."
)
FORMS = (
    *(("bring", "brought"), ("build", "built"), ("buy", "bought"), ("come", "came"), ("cut", "cut"), ("drink", "drank"), ("eat", "ate")),
    *(("find", "found"), ("give", "gave"), ("make", "made"), ("put", "put"), ("shine", "shone"), ("sing", "sang"), ("swim", "swam")),
)
IRREGULAR = dict(FORMS)


@pytest.fixture(scope="module")
def some():
    return [(plot, spelled(sentences)) for plot, sentences in islice(stories(7), 600)]


def every_text(place):
    plots = dict.fromkeys(plot.of_sentence(place) for plot in GRAMMAR.plots)
    return {plot: GRAMMAR.tell(place, plot) for plot in plots}


def test_texts_with_choices_are_drawn_counted_measured_and_read():
    text = ("a", (("b",), ("c", (("d",), ("e",), ("f",)))), "g")
    assert ["".join(words) for words, _ in everything(text)] == ["abg", "acdg", "aceg", "acfg"]
    assert [ways for _, ways in everything(text)] == [2, 6, 6, 6]
    assert choices.count(text) == 4
    assert choices.longest(text) == 4
    assert choices.entropy(text) == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(6))
    assert list(drawn(text, iter([5, 7]))) == ["a", "c", "e", "g"]
    assert list(read(text, ("a", "c", "e", "g"))) == [(4, (1, 1), 6)]
    assert list(read(text, ("a", "c", "g"))) == []
    assert list(read((((), ("a",)), ((), ("a",))), ("a",))) == [(0, (0, 0), 4), (1, (0, 1), 4), (1, (1, 0), 4)]


def test_draws_are_fair():
    assert all(FAIR % k == 0 for k in [*range(1, 17), len(GRAMMAR.company), sum(map(len, GRAMMAR.things.values()))])
    assert len(set(map(len, GRAMMAR.things.values()))) == 1  # or topics would not be equally likely


def test_verbs_have_their_forms():
    for base, with_one, past in GRAMMAR.verbs.values():
        assert with_one == base + ("es" if base.endswith(("sh", "ch", "s")) else "s")
        assert past == IRREGULAR.get(base, base + ("d" if base.endswith("e") else "ed"))


def test_the_vocabulary_is_what_sentences_are_made_of():
    used = {word for words in sentence_chances() for word in words}
    assert {".", *used} == set(VOCABULARY)
    assert len(VOCABULARY) < 256


def test_a_and_an_stand_where_they_should():
    pairs = {pair for words in sentence_chances() for pair in zip(words, words[1:], strict=False)}
    behind = {article: {second for first, second in pairs if first == article} for article in ("a", "an")}
    assert behind["an"]
    assert all(word[0] in "aeiou" for word in behind["an"])
    assert not any(word[0] in "aeiou" for word in behind["a"])
    assert not any(first == second for first, second in pairs)


def test_no_story_can_be_told_in_two_ways():
    first = [words for text in every_text(0).values() for words, _ in everything(text)]
    assert len(set(first)) == len(first)  # so the first sentence says topic, thing, tense, person and company
    second, third = every_text(1), every_text(2)
    for plot, text in second.items():
        assert len({words for words, _ in everything(text)}) == choices.count(text), plot
        if plot.turn == "well":
            other = next(
                text for its, text in second.items() if its.thing == plot.thing and its.turn == "hard" and its.reading == plot.reading
            )
            assert not {words for words, _ in everything(text)} & {words for words, _ in everything(other)}, plot
    for plot, text in third.items():
        assert len({words for words, _ in everything(text)}) == choices.count(text), plot


def test_every_story_is_accepted_and_read_as_what_it_is(some):
    for plot, text in some[:200]:
        assert accepts_paragraph(text), text
        assert describe(text) == {plot.reading}, text
        for sentence in text.split(". "):
            assert accepts(sentence), sentence
            assert plot.reading in describe(sentence), sentence


def test_a_story_known_by_heart():
    assert accepts_paragraph(BREAD)
    assert describe(BREAD) == {("kitchen", "past", "she")}
    # A plot of 3,600; 2 orders, 6 times, 4 sorts of bread; 3 places, of which 1 has 2 forms, 2 heats; so or evening, 2 results, 4 on bread.
    assert log_prob(BREAD) == pytest.approx(-math.log(3600 * (2 * 6 * 4) * (3 * 2 * 2) * (2 * 2 * 4)))


@pytest.mark.parametrize(
    "sentence",
    [
        "She walk home",
        "She baked fresh breads with her sister",
        "Yesterday she bakes fresh bread with her sister",
        "Tomorrow she baked fresh bread with her sister",
        "Every morning she will bake fresh bread with her sister",
        "Yesterday she baked fresh bread with my sister",
        "Yesterday she baked a apple cake with her sister",
        "Yesterday they was happy",
        "In the evening I are tired but happy",
        "In the evening we is tired but happy",
        "She will cuts it into big pieces and it will be soft",
        "She cut it into big pieces and it will be soft",
        "They put it on the table but the biscuits were hot",
        "bread fresh baked she yesterday sister her with",
        "Yesterday she baked fresh bread with her sister with her sister",
        "Yesterday she baked",
        "Yesterday she baked fresh dragons with her sister",
        "",
        "So she walked home and drank hot tea. So she walked home and drank hot tea.",
    ],
)
def test_what_is_near_it_is_not_accepted(sentence):
    assert not accepts(sentence)
    assert describe(sentence) == set()
    assert log_prob(sentence) == -math.inf


def test_scrambled_sentences_are_not_accepted(some):
    for _, text in some[:60]:
        for sentence in text.removesuffix(".").split(". "):
            words = sentence.split()
            assert not accepts(" ".join(reversed(words))), sentence
            assert not accepts(" ".join([*words[:-2], words[-1], words[-2]])), sentence


def test_sentences_of_different_stories_make_no_story():
    bread, cut, wait = BREAD.removesuffix(".").split(". ")
    assert accepts_paragraph(". ".join([bread, cut, wait]))
    for others in (
        (bread, wait, cut),
        (cut, bread, wait),
        (bread, cut),
        (bread, cut, wait, wait),
        (bread, cut, "So his brother waited a little and ate it with honey"),
        (bread, cut, "So her brother waited a little and ate it with honey"),
        (bread, cut, "So her sister ate it at once with honey"),  # as if nothing were in the way
        (bread, cut, "So her sister will wait a little and eat it with honey"),
        (bread, "I cut it into big pieces but it was too hot", wait),
        ("Yesterday morning she baked sweet biscuits with her sister", cut, wait),  # they would be them
    ):
        assert not accepts_paragraph(". ".join(others)), others


def test_a_sentence_alone_may_be_read_in_several_ways():
    assert describe("In the evening I put them beside the window") == {("market", "past", "I"), ("market", "present", "I")}
    assert describe("In the evening she puts them beside the window") == {("market", "present", "she")}
    assert {reading.person for reading in describe("In the evening the sun shines again")} == set(PERSONS)
    assert {reading.topic for reading in describe("So we sang an old song")} == {"sea", "mountain"}
    assert describe("Next Sunday they will climb it slowly") == set()


def test_numbers_are_read_as_words_are():
    numbers = [NUMBERS[word] for word in ("so", "we", "sang", "an", "old", "song")]
    assert accepts(numbers)
    assert accepts(torch.tensor([*numbers, 0, 0, 5], dtype=torch.uint8))  # what stands behind the end does not count
    assert log_prob(numbers) == log_prob("So we sang an old song.")
    for wrong in ([len(VOCABULARY)], [-1], torch.zeros(3), torch.zeros(2, 2, 2, dtype=torch.int64)):
        with pytest.raises(ValueError, match=f"expected words or their numbers, 0 to {len(VOCABULARY) - 1}"):
            accepts(wrong)


def test_chances_of_sentences_sum_to_one_and_are_what_the_reader_finds():
    for place in (None, *range(SENTENCES)):
        assert math.fsum(sentence_chances(place).values()) == pytest.approx(1, abs=1e-9)
    for words, chance in islice(sentence_chances().items(), 0, None, 2000):
        assert log_prob(" ".join(words)) == pytest.approx(math.log(chance))


def test_chances_of_all_stories_that_begin_alike_sum_to_that_of_the_beginning():
    first = ("every", "Sunday", "they", "learn", "a", "new", "dance", "with", "their", "friends")
    plots = [plot for plot in GRAMMAR.plots if plot.reading == ("music", "present", "they")]
    plots = [plot for plot in plots if plot.thing == "dance" and plot.company == "friends"]
    chances = []
    for plot in plots:
        texts = (everything(GRAMMAR.tell(place, plot.of_sentence(place))) for place in (1, 2))
        chances += [math.exp(log_prob(spelled([first, second, third]))) for (second, _), (third, _) in product(*texts)]
    assert [plot.turn for plot in plots] == list(TURNS)
    assert math.fsum(chances) == pytest.approx(sentence_chances(0)[first])


def test_entropy_is_the_mean_of_minus_log_prob(some):
    nats = -torch.tensor([log_prob(text) for _, text in some], dtype=torch.float64)
    assert abs(nats.mean() - entropy()) < 4 * nats.std() / len(nats) ** 0.5
    sentences = [text.removesuffix(".").split(". ")[number % SENTENCES] for number, (_, text) in enumerate(some)]
    nats = -torch.tensor([log_prob(sentence) for sentence in sentences], dtype=torch.float64)
    assert abs(nats.mean() - sentence_entropy()) < 4 * nats.std() / len(nats) ** 0.5


def test_sentences_of_a_story_know_of_each_other():
    apart = sum(sentence_entropy(place) for place in range(SENTENCES))
    states = math.prod(map(len, TEXT_FACTORS.values()))
    assert entropy() < apart - math.log(states)  # more than topic, tense and person ties them together


def test_counts():
    texts = [[{words for words, _ in everything(text)} for text in every_text(place).values()] for place in range(SENTENCES)]
    assert count()["sentences"] == len({words for its in texts for some in its for words in some})
    # What one person tells in one tense is what all tell in all.
    by_thing = {plot.thing: plot for plot in GRAMMAR.plots if plot.reading[1:] == ("past", "we")}
    told = 0
    for thing, company, turn in product(by_thing, GRAMMAR.company, TURNS):
        plot = replace(by_thing[thing], company=company, turn=turn)
        told += math.prod(len(set(everything(GRAMMAR.tell(place, plot.of_sentence(place))))) for place in range(SENTENCES))
    assert count()["paragraphs"] == len(TENSES) * len(PERSONS) * told


def test_stories_are_told_again_by_others_and_in_another_tense(some):
    future = "Tomorrow morning I will bake fresh bread with my sister. I will cut it into big pieces but it will be too hot. "
    future += "So my sister will wait a little and eat it with honey."
    assert retell(BREAD, tense="future", person="I") == future
    assert retell("So she walks home and drinks hot tea.", person="they", tense="past") == "So they walked home and drank hot tea."
    for number, (plot, text) in enumerate(some[:60]):
        tense, person = TENSES[number % 3], tuple(PERSONS)[number % 4]
        other = retell(text, tense=tense, person=person)
        assert describe(other) == {(plot.topic, tense, person)}
        assert log_prob(other) == pytest.approx(log_prob(text))
        assert retell(other, tense=plot.tense, person=plot.person) == text == retell(text)


def test_a_story_is_what_it_was_asked_to_be():
    assert story(seed=3) == story(seed=3) != story(seed=4)
    for topic in TEXT_FACTORS["topic"]:
        assert describe(story(topic=topic, tense="future", person="we")) == {(topic, "future", "we")}


def test_what_cannot_be_told_is_refused():
    with pytest.raises(ValueError, match="unknown person 'he', expected one of: I, she, we, they"):
        story(person="he")
    with pytest.raises(ValueError, match="unknown tense 'perfect'"):
        retell(BREAD, tense="perfect")
    with pytest.raises(ValueError, match="does not know 'She walk.', expected a sentence or a story of its own"):
        retell("She walk", tense="past")


SMALL = """
verbs
see sees saw
company cat
all
FIRST = I see* NOUN
SECOND = NOUN see* me
THIRD = COMPANY see* it
topic house
thing dog
NOUN = a dog | a [big | small] dog
"""


def test_a_small_grammar_is_read_and_told():
    grammar = read_grammar(SMALL)
    plot = grammar.plots[0]
    assert len(grammar.plots) == 3 * 4 * 2 * 2
    assert [" ".join(words) for words, _ in everything(grammar.tell(0, plot))] == ["I saw a dog", "I saw a big dog", "I saw a small dog"]
    assert [" ".join(words) for words, _ in everything(grammar.tell(1, plot))][0] == "a dog saw me"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("a dog |", "a dog ] |", "expected brackets in pairs and words on both sides of a bar"),
        ("small]", "small", "expected brackets in pairs"),
        ("a dog |", "|", "words on both sides of a bar"),
        ("I see*", "I sea*", "does not know these verbs: sea"),
        ("thing dog", "dog", "the grammar says 'dog', expected NAME = a text"),
        ("see sees saw", "see sees", "the grammar says 'see sees'"),
    ],
)
def test_a_grammar_that_cannot_be_read_is_refused(old, new, message):
    assert old in SMALL
    with pytest.raises(ValueError, match=message):
        read_grammar(SMALL.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("I see* NOUN", "I see* VERB", "has no rule VERB for"),
        ("NOUN = a dog |", "NOUN = some dogs |", "see\\* behind words that differ in number"),
        ("a dog |", "a | " * 20, "has 21 alternatives in one choice, expected at most 16"),
    ],
)
def test_a_grammar_that_cannot_be_told_is_refused(old, new, message):
    assert old in SMALL
    grammar = read_grammar(SMALL.replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        [grammar.tell(place, grammar.plots[0]) for place in range(SENTENCES)]
