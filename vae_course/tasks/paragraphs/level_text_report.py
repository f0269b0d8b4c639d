"""A report on which level speaks, by whose price rises."""

from ..engine import Column, Probe, adds_up, clearly, hangs_together, measured, read_report, same_in_all, setting, slip, task, two_groups
from ..engine.reports import COPIED, NEGATIVE, NO_NUMBER, NO_SIZE, NOT_FINITE, OF_ITSELF, OTHER_WORD, SAME_EPOCHS, WITH_UNIT

TIMINGS = ("both", "paragraph")
ADDS_UP = "The loss is the sum of its three terms, and yours is another number. Were all four measured on the test stories, at the end of the same run?"
TWO_TIMINGS = "Luck differs from seed to seed, so that both timings are run with the same three seeds or more. Which runs are missing, or there twice?"
SAME_STORIES = "More stories would be another change. On how many was each of yours trained?"
PER_WORD = "So little costs no story of three sentences, of which the grammar needs 16.5 nats. Is yours a sum over words, or a mean over them?"
BELOW_GRAMMAR = "The grammar itself needs 16.5 nats a story, and on average no model can pay less. Are all words of all three sentences counted, in nats, and has it the sign of a loss?"
PER_BATCH_OF_STORIES = "So much costs not even who knows words by their frequency. Is it averaged over stories, or a sum over a batch?"
WORDS = ("lower", "higher", "no clear difference")


def rules(runs):
    yield two_groups(runs, "rises", least=3, question=TWO_TIMINGS)
    for name, question in (("stories", SAME_STORIES), ("epochs", SAME_EPOCHS)):
        yield same_in_all(runs, name, question)
    for number, run in enumerate(runs, 1):
        yield adds_up(number, run, ADDS_UP, kls=("kl_paragraph", "kl_sentences"))


def outcome(runs):
    both, paragraph = ([run["kl_sentences"] for run in runs if run["rises"] == timing] for timing in TIMINGS)
    return clearly(both, paragraph, WORDS)


@task(
    points=2,
    open=True,
    probes=lambda seed: [Probe({}, seed)],
    run=read_report,
    claims=hangs_together(
        (
            Column("rises", "word", words=TIMINGS),
            setting("seed", 0, 1e12, NO_SIZE),
            setting("stories", 50, 1_000_000, NO_SIZE),
            setting("epochs", 1, 10_000, NO_SIZE),
            measured("reconstruction", 5, 300, PER_WORD, PER_BATCH_OF_STORIES),
            measured("kl_paragraph", 0, 300, NEGATIVE, PER_BATCH_OF_STORIES),
            measured("kl_sentences", 0, 300, NEGATIVE, PER_BATCH_OF_STORIES),
            measured("loss", 15, 900, BELOW_GRAMMAR, PER_BATCH_OF_STORIES),
        ),
        least=6,
        predictions=WORDS,
        outcome=outcome,
        rules=rules,
    ),
    slips=(
        slip('"came_true": True', '"came_true": False', OF_ITSELF),
        slip('"loss": [32.86, 34.47, 34.58, 32.48, 32.33, 33.23]', '"loss": [29.31, 34.47, 34.58, 32.48, 32.33, 33.23]', ADDS_UP),
        slip({'"reconstruction": [22.68, 23.67, 24.50, 25.12, 24.09, 25.54]': '"reconstruction": [22.68, 1.012, 24.50, 25.12, 24.09, 25.54]', '"loss": [32.86, 34.47, 34.58, 32.48, 32.33, 33.23]': '"loss": [32.86, 11.81, 34.58, 32.48, 32.33, 33.23]'}, PER_WORD),
        slip({'"reconstruction": [22.68, 23.67, 24.50, 25.12, 24.09, 25.54]': '"reconstruction": [22.68, 1408.64, 24.50, 25.12, 24.09, 25.54]', '"loss": [32.86, 34.47, 34.58, 32.48, 32.33, 33.23]': '"loss": [32.86, 1419.44, 34.58, 32.48, 32.33, 33.23]'}, PER_BATCH_OF_STORIES),
        slip(
            {
                '"reconstruction": [22.68, 23.67, 24.50, 25.12, 24.09, 25.54]': '"reconstruction": [5.01, 23.67, 24.50, 25.12, 24.09, 25.54]',
                '"kl_paragraph": [6.63, 5.07, 5.85, 7.36, 8.24, 7.69]': '"kl_paragraph": [5.70, 5.07, 5.85, 7.36, 8.24, 7.69]',
                '"loss": [32.86, 34.47, 34.58, 32.48, 32.33, 33.23]': '"loss": [14.26, 34.47, 34.58, 32.48, 32.33, 33.23]',
            },
            BELOW_GRAMMAR,
        ),
        slip('"seed": [0, 1, 2, 0, 1, 2]', '"seed": [0, 1, 2, 0, 1, 7]', TWO_TIMINGS),
        slip('"stories": [4_000, 4_000, 4_000, 4_000, 4_000, 4_000]', '"stories": [4_000, 4_000, 4_000, 4_000, 8_000, 4_000]', SAME_STORIES),
        slip('"epochs": [4, 4, 4, 4, 4, 4]', '"epochs": [4, 4, 4, 4, 8, 4]', SAME_EPOCHS),
        slip('"rises": ["both", "both", "both", "paragraph", "paragraph", "paragraph"]', '"rises": ["sentences", "sentences", "sentences", "paragraph", "paragraph", "paragraph"]', OTHER_WORD),
        slip('"kl_sentences": [3.55, 5.73, 4.23, 0.00, 0.00, 0.00]', '"kl_sentences": [3.55, -5.73, 4.23, 0.00, 0.00, 0.00]', NEGATIVE),
        slip('"loss": [32.86, 34.47, 34.58, 32.48, 32.33, 33.23]', '"loss": [32.86, 34.47, float("nan"), 32.48, 32.33, 33.23]', NOT_FINITE),
        slip('"kl_paragraph": [6.63, 5.07, 5.85, 7.36, 8.24, 7.69]', '"kl_paragraph": [6.63, 5.07, None, 7.36, 8.24, 7.69]', NO_NUMBER),
        slip('"kl_paragraph": [6.63, 5.07, 5.85, 7.36, 8.24, 7.69]', '"kl_paragraph": [6.63, 5.07, "4.1 nats", 7.36, 8.24, 7.69]', WITH_UNIT),
        slip(
            {
                '"reconstruction": [22.68, 23.67, 24.50, 25.12, 24.09, 25.54]': '"reconstruction": [22.68, 22.68, 24.50, 25.12, 24.09, 25.54]',
                '"kl_paragraph": [6.63, 5.07, 5.85, 7.36, 8.24, 7.69]': '"kl_paragraph": [6.63, 6.63, 5.85, 7.36, 8.24, 7.69]',
                '"kl_sentences": [3.55, 5.73, 4.23, 0.00, 0.00, 0.00]': '"kl_sentences": [3.55, 3.55, 4.23, 0.00, 0.00, 0.00]',
                '"loss": [32.86, 34.47, 34.58, 32.48, 32.33, 33.23]': '"loss": [32.86, 32.86, 34.58, 32.48, 32.33, 33.23]',
            },
            COPIED,
        ),
    ),
    hints=(
        "Write the prediction down first. Then put one run into a function of the timing and the seed that gives a row, and call it for both timings and all seeds.",
        "`ParagraphVAE(..., anneal_steps=400, anneal_sentences=True)` lets both prices rise, with False the paragraph's alone. After `fit`, `mean_losses(model, test)` has all four numbers; its entry `loss` is what was minimised, in which the price has risen.",
    ),
)
def level_text_report():
    """what was predicted, what was measured, and whether it came true: a dictionary with these three entries.

    "predicted", written down before training: where both prices rise, the KL of the sentences' latents is "lower", "higher", or there is
    "no clear difference".
    "runs": both timings, each with the same three seeds or more, as a list with a dictionary for each run, or as one dictionary with a list
    for each column: rises, "both" where the price of a nat rises for both levels, or "paragraph" where that of the sentences is full from the
    first step. seed. stories, epochs: the same in all runs, stories being those trained on. On test stories, in nats a story:
    reconstruction, kl_paragraph, kl_sentences (of all three together), and loss, their sum. Type the numbers in, rounded to one decimal or finer.
    "came_true": True or False. The KL is higher where both rise when each of its numbers lies above all of the other's.
    """
    return {
        "predicted": "higher",
        "runs": {
            "rises": ["both", "both", "both", "paragraph", "paragraph", "paragraph"],
            "seed": [0, 1, 2, 0, 1, 2],
            "stories": [4_000, 4_000, 4_000, 4_000, 4_000, 4_000],
            "epochs": [4, 4, 4, 4, 4, 4],
            "reconstruction": [22.68, 23.67, 24.50, 25.12, 24.09, 25.54],
            "kl_paragraph": [6.63, 5.07, 5.85, 7.36, 8.24, 7.69],
            "kl_sentences": [3.55, 5.73, 4.23, 0.00, 0.00, 0.00],
            "loss": [32.86, 34.47, 34.58, 32.48, 32.33, 33.23],
        },
        "came_true": True,
    }
