"""The grammar of the course's little stories, as `grammar.txt` holds it: a text that a reader of English can mend.

A story is a plot, and three sentences that know of each other through the plot alone. How the rules are written stands at the top of the
text; here they become, for any plot, sentences of words that still leave choices.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import NamedTuple

from .choices import MOST, Choice, Text, words_in

RULES = ("FIRST", "SECOND", "THIRD")  # what the three sentences of a story are made by
TENSES = ("past", "present", "future")
PERSONS = {"I": ("I", "my", "me"), "she": ("she", "her", "her"), "we": ("we", "our", "us"), "they": ("they", "their", "them")}
TURNS = ("well", "hard")
BE = {"I": ("was", "am"), "one": ("was", "is"), "many": ("were", "are")}  # in the past, in the present
BUILT_IN = ("I", "IT", "THING", "COMPANY")
ALONE = "alone"


class Reading(NamedTuple):
    """What a text can be read as."""

    topic: str
    tense: str
    person: str


@dataclass(frozen=True)
class Plot:
    """What is to be told. In the plot of a single sentence, what it does not depend on is None."""

    topic: str
    thing: str
    tense: str
    person: str
    company: str | None  # with whom, or "alone"
    turn: str | None

    @property
    def reading(self) -> Reading:
        return Reading(self.topic, self.tense, self.person)

    def of_sentence(self, number: int) -> Plot:
        """What matters for sentence 0, 1 or 2: the first does not know how things turn out, the second does not speak of company."""
        return (replace(self, turn=None), replace(self, company=None), self)[number]


@dataclass
class Grammar:
    """What `grammar.txt` says; how that is written stands at its top.

    verbs: base → base, with she, past.
    company: "alone", then with whom one may be.
    things: topic → what its stories are about.
    rules: thing, topic or "all" → name → (what has to be given, the alternatives), in the order of the text.
    """

    verbs: dict[str, list[str]] = field(default_factory=dict)
    company: list[str] = field(default_factory=lambda: [ALONE])
    things: dict[str, list[str]] = field(default_factory=dict)
    rules: dict[str, dict[str, list[tuple[set[str], Choice]]]] = field(default_factory=dict)

    @cached_property
    def plots(self) -> list[Plot]:
        """All of them, each as likely as the others."""
        things = [(topic, thing) for topic, its in self.things.items() for thing in its]
        return [Plot(*thing, *others) for thing, *others in product(things, TENSES, PERSONS, self.company, TURNS)]

    def alternatives(self, name: str, plot: Plot) -> Choice:
        """What the rule `name` leaves to choose from: that of the thing, else of the topic, else of all."""
        given = {plot.tense, plot.turn, plot.company and (ALONE if plot.company == ALONE else "together")}
        for scope in (plot.thing, plot.topic, "all"):
            for needed, alternatives in self.rules[scope].get(name, ()):
                if needed <= given:
                    return alternatives
        raise ValueError(f"the grammar has no rule {name} for {plot}. Write one, or mend the name.")

    def conjugated(self, verb: str, subject: str, tense: str, *, first: bool) -> list[str]:
        """`verb` as it goes with a subject ("I", "one" or "many"). first: whether the clause has no "will" yet."""
        if tense == "future":
            return ["will", verb] if first else [verb]
        if verb == "be":
            return [BE[subject][tense == "present"]]
        base, with_one, past = self.verbs[verb]
        return [past if tense == "past" else with_one if subject == "one" else base]

    def tell(self, number: int, plot: Plot) -> Text:
        """Sentence 0, 1 or 2 of a plot, as a text of words that leaves choices."""
        return _Telling(self, plot).text((RULES[number],))

    def items(self) -> set[str]:
        """Every word, marked verb and name that stands in a rule."""
        return {item for rules in self.rules.values() for its in rules.values() for _, choice in its for item in words_in((choice,))}

    def words(self) -> set[str]:
        """All that sentences are made of."""
        plain = {item for item in self.items() if not item.isupper() and item[-1] not in "*+"}
        verbs = {form for item in self.items() for form in self.verbs.get(item[:-1], ()) if item[-1] in "*+"}
        names = {thing for its in self.things.values() for thing in its} | set(self.company[1:])
        forms = {form for forms in (*PERSONS.values(), *BE.values()) for form in forms}
        return plain | verbs | names | forms | {"be", "the", "it", "them", "will"}


def read_grammar(text: str) -> Grammar:
    """The grammar in a text. Raises ValueError that names the line or the verb for what cannot be read."""
    grammar, scope, topic = Grammar(), "", ""
    for line in re.sub(r"\n\s+\|", " |", re.sub(r"%.*", "", text)).splitlines():
        head, equals, body = line.partition("=")
        match head.split():
            case [] | ["verbs"]:
                continue
            case [name, *needed] if equals and scope:
                grammar.rules[scope].setdefault(name, []).append((set(needed), _alternatives(body)))
            case ["company", *names] if not equals:
                grammar.company += names
            case ["all"]:
                scope = "all"
            case ["topic", name]:
                scope = topic = name
                grammar.things[topic] = []
            case ["thing", name] if topic:
                scope = name
                grammar.things[topic].append(name)
            case [base, with_one, past] if not equals:
                grammar.verbs[base] = [base, with_one, past]
            case _:
                raise ValueError(f"the grammar says {line!r}, expected NAME = a text, a topic, a thing or the three forms of a verb.")
        grammar.rules.setdefault(scope, {})
    unknown = {item[:-1] for item in grammar.items() if item[-1] in "*+"} - {"be", *grammar.verbs}
    if unknown:
        raise ValueError(f"the grammar does not know these verbs: {', '.join(sorted(unknown))}. Write their three forms under verbs.")
    return grammar


def _alternatives(text: str) -> Choice:
    """What stands between bars; a bracket holds alternatives of its own."""
    open_ones: list[list[list]] = [[[]]]
    for item in re.findall(r"[\[\]|]|[^\s\[\]|]+", text):
        if item == "[":
            open_ones.append([[]])
        elif item == "|":
            open_ones[-1].append([])
        elif item == "]":
            closed = tuple(tuple(one) for one in open_ones.pop())
            if not open_ones:
                break
            open_ones[-1][-1].append(closed)
        else:
            open_ones[-1][-1].append(item)
    if len(open_ones) != 1 or not all(open_ones[0]):
        raise ValueError(f"the grammar says {text.strip()!r}, expected brackets in pairs and words on both sides of a bar.")
    return tuple(tuple(one) for one in open_ones[0])


def _kind(word: str) -> str:
    """What a verb behind `word` has to go with."""
    return "I" if word == "I" else "many" if word in ("we", "they") or word.endswith("s") else "one" if word else ""


class _Telling:
    """Turns rules into words, from left to right; `before` is the word that came last, `subject` what the last verb goes with."""

    def __init__(self, grammar: Grammar, plot: Plot) -> None:
        self.grammar, self.plot = grammar, plot
        self.own = dict(zip(PERSONS["I"], PERSONS[plot.person], strict=True))
        self.before = self.subject = ""

    def text(self, items: Text) -> Text:
        told: list = []
        for item in items:
            if not isinstance(item, str):
                told.append(self.choice(item))
            elif not item.isupper() or item in BUILT_IN:
                told += self.words(item)
                self.before = told[-1]
            elif len(alternatives := self.grammar.alternatives(item, self.plot)) == 1:
                told += self.text(alternatives[0])
            else:
                told.append(self.choice(alternatives))
        return tuple(told)

    def choice(self, alternatives: Choice) -> Choice:
        if len(alternatives) > MOST:
            raise ValueError(f"the grammar has {len(alternatives)} alternatives in one choice, expected at most {MOST}. Nest them.")
        state, told, ends = (self.before, self.subject), [], set()
        for alternative in alternatives:
            self.before, self.subject = state
            told.append(self.text(alternative))
            ends.add((_kind(self.before), self.subject))
        if len(ends) > 1:
            self.before = self.subject = ""  # a verb that comes next would not know what to go with
        return tuple(told)

    def words(self, item: str) -> list[str]:
        plot, several = self.plot, self.plot.thing.endswith("s")
        if item[-1] in "*+":
            self.subject = _kind(self.before) if item[-1] == "*" else self.subject
            if not self.subject:
                raise ValueError(f"the grammar has {item} behind words that differ in number. Write it into each alternative.")
            return self.grammar.conjugated(item[:-1], self.subject, plot.tense, first=item[-1] == "*")
        if item == "COMPANY":
            return [self.own["my"], str(plot.company)]
        if item == "THING":
            return [plot.thing]
        if item == "IT" and several:
            return ["the", plot.thing]
        if item in ("it", "IT"):
            return ["them" if several else "it"]
        return [self.own.get(item, item)]


GRAMMAR = read_grammar(Path(__file__).with_name("grammar.txt").read_text(encoding="utf-8"))
