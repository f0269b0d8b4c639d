"""Text at two levels: what a paragraph's latent and its sentences' latents carry, beside a flat model and a silent one.

python -m benchmarks.paragraphs            train what is not trained yet, three seeds each, and print the table in Markdown
python -m benchmarks.paragraphs --seeds 0  one seed
python -m benchmarks.paragraphs --only     train, and measure, one kind: "two levels", "silent" or "flat"
python -m benchmarks.paragraphs --store    keep the figures for the page on text at two levels, and its model, of seed 0

All are trained alike, on the same stories. "flat" has one latent with as many numbers as both levels have together. In "silent" the KL of
the sentences' latents has its full price from the first step, while that of the paragraph's rises. The grammar judges what they write;
the entropy of its stories is exact.
"""

from __future__ import annotations

import argparse
import datetime
import json
import time

import torch
from torch import Tensor

from vae_course import checkpoints, load
from vae_course.data import stories as grammar
from vae_course.data.texts import to_words
from vae_course.evaluation import linear_probe, negative_log_likelihood, posterior_means
from vae_course.evaluation.stories import WordModel, kept, sentences_accepted, stories_accepted, told_how
from vae_course.models import ParagraphVAE
from vae_course.models.base import evaluating
from vae_course.training import fit, mean_losses

from .tables import spread, versions
from .train_models import folder_of_runs

SEEDS = (0, 1, 2)
COMMON = {"hidden_size": 80, "embedding_size": 32, "word_dropout": 0.2, "anneal_steps": 2000}
KINDS = {
    "two levels": COMMON | {"paragraph_size": 16, "sentence_size": 2},
    "flat": COMMON | {"paragraph_size": 22, "sentence_size": 0},
    "silent": COMMON | {"paragraph_size": 16, "sentence_size": 2, "anneal_sentences": False},
}
BATCH, PIECE, PIECES = 32, 5_000, 36  # stories a step and a piece; after each piece the rate falls, in a straight line
FIRST_RATE, LAST_RATE = 4e-3, 2e-4
BOUND_STORIES, DRAWS = 200, 50
JUDGED, REDRAWN, PROBED, EXCHANGED = 200, 150, (2000, 1000), 400
FACTORS = (*grammar.TEXT_FACTORS, "time first", "so")
STORED = checkpoints.FOLDER / "texts-paragraphs.json"  # inside the package, so that the page finds it on Colab too


def elbo_of(losses: dict[str, float]) -> float:
    """The true bound: what is minimised gives some of the KL for nothing."""
    return -(losses["reconstruction"] + losses["kl"])


def name_of(kind: str, seed: int) -> str:
    return f"paragraph-texts-{kind.replace(' ', '-')}-seed-{seed}"


def trained(kind: str, seed: int) -> ParagraphVAE:
    """The model of that kind and seed, as it is stored, trained where it is not yet."""
    path = folder_of_runs() / f"{name_of(kind, seed)}.safetensors"
    if not path.is_file():
        data, began = load("texts"), time.process_time()
        torch.manual_seed(seed)
        model = ParagraphVAE(**KINDS[kind])
        curve = []
        optimizer = model.optimizer(FIRST_RATE)
        for piece in range(PIECES):
            for group in optimizer.param_groups:
                group["lr"] = FIRST_RATE + (LAST_RATE - FIRST_RATE) * piece / (PIECES - 1)
            first = piece * PIECE % len(data.train)
            some = data.train.part(slice(first, first + PIECE))
            fit(model, some, epochs=1, batch_size=BATCH, optimizer=optimizer, seed=100 * seed + piece, quiet=True)
            if piece % 4 == 3 or piece == PIECES - 1:
                reached = mean_losses(model, data.test.head(500))
                curve.append(round(-elbo_of(reached), 2))
                print(f"{kind} {seed}, piece {piece + 1}: {rounded(reached)}, {time.process_time() - began:.0f} s", flush=True)
        checkpoints.rounded(model)
        recipe = {"data": "texts", "data_fingerprint": data.fingerprint(), "batch_size": BATCH, "seed": seed}
        recipe |= {"epochs": PIECE * PIECES / len(data.train), "learning_rate": FIRST_RATE, "last_learning_rate": LAST_RATE}
        recipe |= {"trained_by": f'python -m benchmarks.paragraphs --seeds {seed} --only "{kind}" --store', "test_loss": curve}
        losses = mean_losses(model, data.test)
        metrics = {"elbo": elbo_of(losses), "reconstruction": losses["reconstruction"], "kl": losses["kl"]}
        checkpoints.save(model, path, recipe=recipe, metrics={name: round(value, 4) for name, value in metrics.items()})
        print(f"{kind} {seed}: {time.process_time() - began:.0f} s", flush=True)
    model = checkpoints.load(path, device="cpu")
    assert isinstance(model, ParagraphVAE)
    return model.eval()


@torch.no_grad()
def judged(model: ParagraphVAE) -> dict[str, float]:
    """Shares of sentences and of stories that the grammar accepts, with words drawn and with the likeliest."""
    torch.manual_seed(0)
    p = model.decode(model.prior.sample((JUDGED,)))
    drawn, likeliest = p.sample(), p.mode
    return {
        "sentences": sentences_accepted(drawn),
        "stories": stories_accepted(drawn),
        "sentences, likeliest words": sentences_accepted(likeliest),
        "stories, likeliest words": stories_accepted(likeliest),
    }


@torch.no_grad()
def rewritten(model: ParagraphVAE, x: Tensor, levels: Tensor) -> dict[str, dict[str, float]]:
    """What sentences keep of their story: the paragraph's latent held and the sentences' drawn anew, all drawn anew, and words alone.

    Words are drawn, too. "changed" is the share of sentences that are others than the story's own.
    """
    torch.manual_seed(0)
    q = model.encode(x)
    held = q.mean
    ways = {"words": held, "paragraph": model.prior.sample((len(x),))}
    if model.sentence_size:
        z_p = model.levels(held)[1]
        ways["sentences"] = torch.cat([model.given_paragraph(z_p).sample(), z_p], -1)
    own = [to_words(sentence) for sentence in x.flatten(0, 1)]
    rows = levels.repeat_interleave(x.shape[1], dim=0)
    found = {}
    for way, z in ways.items():
        sentences = model.decode(z).sample().flatten(0, 1)
        changed = [to_words(sentence) != text for sentence, text in zip(sentences, own, strict=True)]
        found[way] = kept(sentences, rows) | {"changed": sum(changed) / len(own)}
    return found


@torch.no_grad()
def exchanged(model: ParagraphVAE, x: Tensor, levels: Tensor) -> dict[str, dict[str, float]]:
    """Whose factor a story has that was written from one story's z_p and another's own parts of the z_s, likeliest words.

    By factor, the share of each of the two, and of neither, among pairs of stories that differ in the factor. Topic, tense and person are
    read in the second sentence, by the grammar: a sentence that fits both stories counts for the first.
    """
    if not model.sentence_size:
        return {}
    other = torch.roll(torch.arange(len(x)), len(x) // 2)
    z = model.encode(x).mean
    stories = model.decode(model.with_paragraph(model.levels(z)[1], model.own_part(z)[other])).mode
    readings = [grammar.describe(to_words(story[1])) for story in stories]
    found = {}
    for column, (factor, its) in enumerate(grammar.TEXT_FACTORS.items()):
        own, foreign = levels[:, column].tolist(), levels[other, column].tolist()
        says = [{reading[column] for reading in each} for each in readings]
        votes = []
        for a, b, each in zip(own, foreign, says, strict=True):
            if a != b:
                votes.append("z_p" if its[a] in each else "z_s" if its[b] in each else "neither")
        found[factor] = {name: votes.count(name) / len(votes) for name in ("z_p", "z_s", "neither")}
    own, foreign, got = told_how(x), told_how(x)[other], told_how(stories)
    for column, factor in enumerate(FACTORS[len(grammar.TEXT_FACTORS) :]):
        differ = own[:, column] != foreign[:, column]
        agrees = (got == own)[differ, column].float().mean().item()
        found[factor] = {"z_p": agrees, "z_s": 1 - agrees, "neither": 0.0}
    return found


@torch.no_grad()
def listened(model: ParagraphVAE, x: Tensor) -> dict[str, float]:
    """What the words of a story cost, in nats, with its own latents, and with some drawn anew or taken from another story."""
    torch.manual_seed(0)
    z = model.encode(x).rsample()
    z_s, z_p = model.levels(z)
    other = torch.roll(torch.arange(len(x)), len(x) // 2)
    ways = {"its own": z, "z_p anew": torch.cat([z_s.flatten(1), torch.randn_like(z_p)], 1)}
    ways["z_p of another story"] = torch.cat([z_s.flatten(1), z_p[other]], 1)
    if model.sentence_size:
        ways["z_s drawn anew, given z_p"] = torch.cat([model.given_paragraph(z_p).sample(), z_p], 1)
    return {name: -model.decode(each).log_prob(x).mean().item() for name, each in ways.items()}


@torch.no_grad()
def different(model: ParagraphVAE, x: Tensor, n: int = 10) -> float:
    """How many different second sentences the likeliest words make of `n` draws of that sentence's latent, on average."""
    torch.manual_seed(0)
    if not model.sentence_size:
        return 1.0
    texts = [{to_words(story[1]) for story in model.decode(model.redraw(one, n, sentences=[2])).mode} for one in x]
    return sum(map(len, texts)) / len(texts)


def probes(model: ParagraphVAE) -> dict[str, dict[str, float]]:
    """How often a linear rule reads each factor from the means of each latent, and from the commonest class of the training stories."""
    data = load("texts")
    train, test = data.train.head(PROBED[0]), data.test.head(PROBED[1])
    seen, new = posterior_means(model, train), posterior_means(model, test)
    assert train.y is not None
    assert test.y is not None
    labels, asked = (torch.cat([y, told_how(x)], 1) for x, y in ((train.x, train.y), (test.x, test.y)))
    codes = {"z_p": (model.levels(seen)[1], model.levels(new)[1])}
    if model.sentence_size:
        codes |= {f"z_{s + 1}": (model.levels(seen)[0][:, s], model.levels(new)[0][:, s]) for s in range(model.sentences)}
    found = {"always the commonest": {}}
    for column, factor in enumerate(FACTORS):
        y, wanted = labels[:, column], asked[:, column]
        found["always the commonest"][factor] = (wanted == y.mode().values).float().mean().item()
        for name, (one, other) in codes.items():
            found.setdefault(name, {})[factor] = linear_probe(one, y, other, wanted)
    return found


def figures(kind: str, seed: int) -> dict:
    """All that is asked of one model."""
    data, model = load("texts"), trained(kind, seed)
    with evaluating(model):
        losses = mean_losses(model, data.test)
        some = data.test.head(REDRAWN)
        labels = some.y
        assert labels is not None, "topic, tense and person"
        nll = negative_log_likelihood(model, data.test.head(BOUND_STORIES), k=DRAWS, quiet=True).mean().item()
        found = {"kind": kind, "seed": seed, "parameters": sum(one.numel() for one in model.parameters())}
        found |= {"losses": losses, "nll": nll, "judged": judged(model), "rewritten": rewritten(model, some.x, labels)}
        asked = data.test.head(EXCHANGED)
        assert asked.y is not None
        found |= {"exchanged": exchanged(model, asked.x, asked.y), "listened": listened(model, asked.x)}
        found |= {"different": different(model, some.x[:60]), "probes": probes(model)}
    return rounded(found)  # type: ignore[return-value]


def baselines() -> dict[str, dict[str, float]]:
    """What stories cost who knows words alone, or pairs of words; and how often the grammar accepts what they draw."""
    data, found = load("texts"), {}
    for order, name in ((0, "words"), (1, "pairs of words")):
        model = WordModel(data.train.kept, order=order)
        drawn = model.draw(JUDGED)
        found[name] = {
            "nats": model.nats(data.test.kept).mean().item(),
            "sentences": sentences_accepted(drawn),
            "stories": stories_accepted(drawn),
        }
    return rounded(found)  # type: ignore[return-value]


def rounded(found):
    """All numbers to four digits behind the point."""
    if isinstance(found, dict):
        return {name: rounded(value) for name, value in found.items()}
    return round(found, 4) if isinstance(found, float) else found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", action="store_true", help=f"keep the figures in {STORED.name}, and the two levels of seed 0")
    parser.add_argument("--seeds", nargs="*", type=int, default=list(SEEDS))
    parser.add_argument("--only", nargs="*", choices=list(KINDS), default=list(KINDS))
    arguments = parser.parse_args()
    runs = []
    for seed in arguments.seeds:
        for kind in arguments.only:
            runs.append(figures(kind, seed))
            print(json.dumps(runs[-1]), flush=True)
    if arguments.store:
        data = load("texts")
        about = {"date": datetime.date.today().isoformat(), "versions": versions(), "data": data.fingerprint()}
        about |= {"stories": BOUND_STORIES, "draws": DRAWS, "judged": JUDGED, "redrawn": REDRAWN, "probed": PROBED}
        about |= {"entropy": grammar.entropy(), "baselines": baselines()}
        about["alone"] = sum(grammar.sentence_entropy(place) for place in range(grammar.SENTENCES))
        STORED.write_text(json.dumps(about | {"runs": runs}, indent=1) + "\n", "utf-8")
        for ending in (".safetensors", ".json"):
            source = folder_of_runs() / f"{name_of('two levels', 0)}{ending}"
            (checkpoints.FOLDER / source.name).write_bytes(source.read_bytes())
    print("| | parameters | −ELBO | KL of z_p | KL of all z_s | words | −log p(x) |\n|---|---|---|---|---|---|---|")
    for kind in arguments.only:
        its = [run for run in runs if run["kind"] == kind]
        terms = [spread([-elbo_of(run["losses"]) for run in its], 2)]
        terms += [spread([run["losses"][term] for run in its], 2) for term in ("kl_paragraph", "kl_sentences", "reconstruction")]
        print(f"| {kind} | {its[0]['parameters']:,} | {' | '.join(terms)} | {spread([run['nll'] for run in its], 2)} |")


if __name__ == "__main__":
    main()
