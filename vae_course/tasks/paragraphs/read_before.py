"""What the writer reads before each word: the word before, unless it is hidden."""

import torch
import torch.nn.functional as F

from ..engine import each_row_for_itself, matches, probes_from, relation, slip, task


def _words(draw, n, words, size):
    return {"embedded": draw(n, words, size), "keep": draw(n, words) > -0.3}


def _by_loop(embedded, keep):
    result = torch.zeros_like(embedded)
    for place in range(1, embedded.shape[1]):
        result[:, place] = torch.where(keep[:, place - 1].unsqueeze(1), embedded[:, place - 1], torch.zeros_like(embedded[:, 0]))
    return result


@task(
    points=1,
    probes=probes_from(_words, sizes={(4, 6, 3): "", (1, 5, 2): "with a single sentence", (3, 1, 4): "with one word", (5, 7, 1): "with one number a word"}),
    laws=(
        each_row_for_itself("embedded", "keep"),
        relation(
            lambda embedded, keep: {"embedded": torch.cat([embedded[:, :-1], embedded[:, -1:] + 5], 1), "keep": keep}, lambda part: part, "With another last word, nothing that is read should change", "Nobody writes a word behind the last one. At which place does yours read it, and is it a place that should know it?"
        ),
    ),
    gradients=("embedded",),
    keeps=("embedded",),
    claims=matches(_by_loop, "At each place the vector of the word before, zeros at the first place and where that word is hidden"),
    slips=(
        slip("F.pad(seen[:, :-1], (0, 0, 1, 0))", "seen", "At each place the writer reads the word that it is to write. What may it know of it?"),
        slip("F.pad(seen[:, :-1], (0, 0, 1, 0))", "seen.roll(1, 1)", "Before the first word yours reads the last one. What stands before the first word of a sentence?"),
        slip("F.pad(seen[:, :-1], (0, 0, 1, 0))", "F.pad(seen[:, 1:], (0, 0, 0, 1))", "You moved them the other way: the word that comes next is read. In which direction is text written?"),
        slip("F.pad(seen[:, :-1], (0, 0, 1, 0))", "F.pad(seen[:, :-1], (0, 0, 1, 0), value=1.0)", "The first place holds ones. What is read where there is nothing to read?"),
        slip("F.pad(seen[:, :-1], (0, 0, 1, 0))", "torch.cat([seen[:, :1], seen[:, :-1]], 1)", "At the first place stands the first word, which is to be written there. What is read where there is nothing to read?"),
        slip("F.pad(seen[:, :-1], (0, 0, 1, 0))", "torch.cat([embedded[:, :1], seen[:, :-1]], 1)", "At the first place stands the first word, which is to be written there. What is read where there is nothing to read?"),
        slip("F.pad(seen[:, :-1], (0, 0, 1, 0))", "F.pad(seen, (0, 0, 2, 0))[:, : seen.shape[1]]", "You moved them by two places. Which word stands right before the third one?"),
        slip(
            "return F.pad(seen[:, :-1], (0, 0, 1, 0))",
            "for place in range(1, seen.shape[1]):\n        seen[:, place] = seen[:, place - 1]\n    seen[:, 0] = 0\n    return seen",
            "You move the words within one tensor, from front to back. What stands at a place by the time the next one takes it over?",
        ),
        slip("seen = embedded * keep.unsqueeze(-1)", "seen = (embedded * keep.unsqueeze(-1)).cumsum(1)", "At each place yours reads all words before it, added up. Which one of them is asked for?"),
        slip("seen = embedded * keep.unsqueeze(-1)", "seen = embedded * ~keep.unsqueeze(-1)", "The words that may be read are hidden, and the others read. What does True in `keep` say?"),
        slip("seen = embedded * keep.unsqueeze(-1)", "seen = embedded", "No word is hidden. What is `keep` for?"),
        slip(
            {"seen = embedded * keep.unsqueeze(-1)": "seen = embedded", "F.pad(seen[:, :-1], (0, 0, 1, 0))": "F.pad(seen[:, :-1], (0, 0, 1, 0)) * keep.unsqueeze(-1)"},
            "`keep` speaks of words, and you used it for places: what is hidden at a place is the word that stands there, in yours. When is the mask applied, before the words move or after?",
        ),
        slip("seen = embedded * keep.unsqueeze(-1)", "seen = embedded * keep.unsqueeze(-1) / keep.to(embedded.dtype).mean()", "You made up for the hidden words, as dropout of single numbers does. Is a word that is read louder where others are hidden?"),
    ),
    hints=(
        "Two steps: hide words, then move all of them by one place. Which of the two comes first?",
        "Multiply by keep.unsqueeze(-1), leave the last place off, and put a row of zeros in front: F.pad(…, (0, 0, 1, 0)) does it.",
    ),
)
def read_before(embedded, keep):
    """What an autoregressive writer reads at each place: the vector of the word before. The shape and dtype of embedded.

    At the first place zeros; zeros, too, where the word before is hidden.
    embedded: (batch, words, size), the words' vectors. keep: (batch, words), booleans, False for each *word* that is hidden. Leaves embedded as it is.
    """
    seen = embedded * keep.unsqueeze(-1)
    return F.pad(seen[:, :-1], (0, 0, 1, 0))
