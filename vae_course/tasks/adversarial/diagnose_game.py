"""Who is losing the game?"""

from ..cases.lost_games import LABELS, lost_games
from ..engine import Claim, Probe, is_one_of, slip, task

ASKED = {
    "balanced": "This game settles, and then nobody tells codes and draws apart. Over which stretch of the curves do you look, and where do you cut?",
    "too strong": "This discriminator is right nearly always, to the end. Which curve says so, and over which stretch of it?",
    "too weak": "This discriminator guesses, and the fresh judge does not. Which curve says of which of the two what it can tell?",
    "labels swapped": "This discriminator is wrong nearly always. How much must one know for that?",
    "oscillating": "This accuracy swings to the end. What tells a swing from a mean, and over which stretch?",
    "diverged": "Some figure here is none. Of which curves do you ask it, of which epochs, and of both NaN and infinity?",
}


def claims(values, accuracy, auc, truth):
    yield from is_one_of(values["result"], LABELS)
    yield Claim("The game's own curves say how it goes", truth, values["result"], question=ASKED[truth])


@task(
    points=1,
    probes=lambda seed: [Probe({"accuracy": accuracy, "auc": auc, "truth": truth}) for truth, accuracy, auc in lost_games(seed)],
    run=lambda function, accuracy, auc, truth: {"result": function(accuracy, auc)},
    keeps=("accuracy", "auc"),
    claims=claims,
    slips=(
        slip({'return "too weak" if auc[len(auc) // 2 :].mean() > 0.75 else "balanced"': 'return "balanced"'}, "The discriminator guesses, so you call it balanced. There are two reasons why one guesses: nothing to see, or not able to see it. Which curve tells?"),
        slip({'return "too strong"': 'return "too weak"', 'return "too weak" if': 'return "too strong" if'}, "Which of the two tells codes and draws apart: one that is too strong, or one that is too weak?"),
        slip({'return "labels swapped"': 'return "too strong"'}, "A discriminator that is nearly always wrong knows the answer as well as one that is nearly always right. So what is the matter with what it was taught?"),
        slip('return "labels swapped"', 'return "too weak"', "Guessing gets half of them right. How much must one know to get hardly any?"),
        slip({'return "diverged"': 'return "balanced"'}, "A game with NaN in its curves counts as balanced. Every comparison with NaN is false: which question finds it?"),
        slip({"not (accuracy.isfinite().all() and auc.isfinite().all())": "False"}, "Where figures are missing, your rules go through them as if they were there. Every comparison with NaN is false: which question comes first?"),
        slip({"accuracy.isfinite().all() and auc.isfinite().all()": "accuracy.isfinite().all()"}, "A game in which the fresh judge's curve breaks off passes for another one. Which curves does your first question look at?"),
        slip({"not (accuracy.isfinite().all() and auc.isfinite().all())": "(accuracy + auc).isnan().any()"}, "You look for NaN. What else may a figure be that is no figure any more?"),
        slip({"accuracy.isfinite().all() and auc.isfinite().all()": "(accuracy + auc)[len(auc) // 2 :].isfinite().all()"}, "Your first question looks at the second half alone. A figure that was none at an early epoch: what does the contract say of any figure?"),
        slip({"accuracy[len(accuracy) // 2 :]": "accuracy[-1:]", "auc[len(auc) // 2 :]": "auc[-1:]"}, "You look at the last epoch. A game that swings to and fro passes through every state: over which stretch must you look?"),
        slip({"late.mean() < 0.3": "accuracy[0] < 0.3", "late.mean() > 0.8": "accuracy[0] > 0.8", "auc[len(auc) // 2 :].mean()": "auc[0]"}, "You judge by the first epoch, when no game is decided yet. Where on the curve does it show?"),
        slip({"late.max() - late.min()": "accuracy.max() - accuracy.min()"}, "Many a game moves far before it settles, and you take that for swinging. On which part of the curve should it have come to rest?"),
        slip({'return "labels swapped"': 'return "too strong"', 'return "too weak" if': 'return "too strong" if'}, "Where a fresh judge can tell the two sets apart, you blame a discriminator that is too strong. What did the discriminator itself say?"),
    ),
    hints=(
        "Two questions: can codes and draws be told apart at all (auc), and can this discriminator do it (accuracy)? First of all: are the curves finite?",
        "The start of a game says little. Look at its second half: how far apart are the greatest and the least accuracy there, and what is its mean?",
        "Not finite: diverged. Swings of more than 0.25 in the second half: oscillating. Mean accuracy under 0.3: labels swapped; above 0.8: too strong. What is left guesses: mean auc above 0.75: too weak, else balanced.",
    ),
)
def diagnose_game(accuracy, auc):
    """How the game between encoder and discriminator goes, one of
    "balanced", "too strong", "too weak", "labels swapped", "oscillating", "diverged".

    "diverged" if any figure is NaN or infinite. Leaves both curves as they are.
    accuracy: (epochs,), the share of codes and draws from the prior, half of each, that the discriminator tells right after each epoch.
    auc: (epochs,), the area under the ROC curve of a fresh judge, trained anew after each epoch to tell the same two sets apart.
    """
    if not (accuracy.isfinite().all() and auc.isfinite().all()):
        return "diverged"
    late = accuracy[len(accuracy) // 2 :]
    if late.max() - late.min() > 0.25:
        return "oscillating"
    if late.mean() < 0.3:
        return "labels swapped"
    if late.mean() > 0.8:
        return "too strong"
    return "too weak" if auc[len(auc) // 2 :].mean() > 0.75 else "balanced"
