"""What does this detector measure?"""

import torch  # noqa: F401 (a slip uses it)

from ..cases.detectors import LABELS, detectors
from ..engine import Claim, Mistake, Probe, is_one_of, slip, task
from .auroc import auroc as warm_up

auroc = warm_up.answer  # as a student has it by then
ASKED = {
    "works": "Here strangers score high, with their ink and without it. Which two AUROCs do you look at, and where do you cut?",
    "hidden by ink": "Here strangers stand out once their ink is paid for, and not before. On which images is your line fitted, and of what is the second AUROC?",
    "only ink": "Here nothing is left once ink is paid for. Has your line a slope and a height, and on which images is it fitted?",
    "backwards": "Here strangers are the cheaper ones, with their ink and without it. Which of your questions finds an AUROC near 0?",
    "blind": "Here neither AUROC is far from a coin's. How far from ½ must one be before it means anything?",
    "not finite": "Here some score is NaN or infinite. Every comparison with NaN is false: which question comes before all the others?",
}
FIT, FAMILIAR = "slope = (away * familiar_scores).sum() / away.square().sum()", "ink[~is_anomaly], scores[~is_anomaly]"


def by_the_ink_alone(scores, is_anomaly, ink):
    """Asks of the ink's own AUROC what should be asked of the rest's."""
    if not scores.isfinite().all():
        return "not finite"
    of_score, of_ink = auroc(scores, is_anomaly), auroc(ink, is_anomaly)
    if of_score > 0.75:
        return "works" if 0.25 < of_ink < 0.75 else "only ink"
    if of_ink < 0.25:
        return "hidden by ink"
    return "backwards" if of_score < 0.25 else "blind"


@task(
    points=2,
    probes=lambda seed: [Probe({"truth": truth, "scores": scores, "is_anomaly": is_anomaly, "ink": ink}) for truth, scores, is_anomaly, ink in detectors(seed)],
    run=lambda function, truth, **figures: {"result": function(*figures.values())},
    claims=lambda values, truth, **_: [*is_one_of(values["result"], LABELS), Claim("Two AUROCs, with ink and without, say what it is", truth, values["result"], question=ASKED[truth])],
    slips=(
        slip("auroc(scores - slope * ink, is_anomaly)", "auroc(scores, is_anomaly)", "You look at the scores alone. Two detectors can have one AUROC, one of them because of ink and the other in spite of it. How would you take the ink out?"),
        slip("of_score, of_rest = auroc(scores, is_anomaly),", "of_score = of_rest =", "You look at the scores without ink alone. But what rings the alarm is the score as it is. Which comparison says what ink does to it?"),
        slip({'"hidden by ink"': '"only ink"', '"only ink"': '"hidden by ink"'}, "Ink taken out, and the AUROC rises. Was ink what found the strangers, or what covered them?"),
        slip('else "hidden by ink"', 'else "hidden by ink" if of_score <= 0.25 else "blind"', "You look for strangers under the ink only where the score's AUROC is low. Ink and strangeness may also just balance. What does the rest say then, and what does the table ask of the score?"),
        slip("if of_rest > 0.75:", 'if of_score < 0.25:\n        return "backwards"\n    if of_rest > 0.75:', "An AUROC near 0 is called backwards. A 1 holds so little ink that it is cheap although it is strange: what does its score say with the ink taken out?"),
        slip({"if of_rest > 0.75": "if of_rest > 0.5", "of_rest < 0.25": "of_rest < 0.5", '0.75 else "hidden': '0.5 else "hidden', '0.75 else "blind': '0.5 else "blind'}, "You cut at 0.5, and a coin lands above it half of the time. How far from 0.5 must an AUROC be to mean something?"),
        slip(FAMILIAR, "ink, scores", "Your line is fitted to all images, strangers among them, and so it explains their strangeness away by their ink. Which images know what ink alone costs?"),
        slip(FAMILIAR, "ink[is_anomaly], scores[is_anomaly]", "Your line is fitted to the strangers, of whom you have few and know least. Which images know what ink alone costs?"),
        slip("familiar_ink - familiar_ink.mean()", "familiar_ink", "Your line goes through 0, or you divide by the ink: either way an image without ink would cost nothing. What else does a straight line have, beside a slope?"),
        slip("- slope * ink", "- ink", "You take the ink itself away, as if each pixel of it cost one nat. It may cost more, nothing, or less than nothing. Which images tell what it costs here?"),
        slip(FIT, "slope = torch.corrcoef(torch.stack([familiar_ink, familiar_scores]))[0, 1]", "You take the correlation for the slope. A correlation has no unit, and your score is in nats and ink in pixels. In which unit is b?"),
        slip("not scores.isfinite().all()", "False", "A detector with NaN among its scores gets another name. Every comparison with NaN is false: which question finds it, and infinity with it?"),
        slip("not scores.isfinite().all()", "scores.isnan().any()", "One score is infinite, and you only ask for NaN. Which question finds both?"),
    ),
    programs=(Mistake(by_the_ink_alone, "You ask whether strangers hold more ink or less, and never what ink costs. A stranger may hold more and be strange all the same: what is left of its score when the ink is paid for?"),),
    hints=(
        "Two AUROCs: of the scores, and of the scores less what ink explains. Make a table of the four cases high/low; then where do backwards and broken ones stand?",
        "Fit score = a + b · ink by least squares on the familiar images alone: b is Σ(ink − mean)(score − mean)/Σ(ink − mean)². The rest is score − b · ink, for all images.",
        "Not finite first. Rest above 0.75: works if the score itself is above 0.75, else hidden by ink. Rest below 0.25: backwards. Else only ink if the score is above 0.75, and blind if not.",
    ),
)
def diagnose_detector(scores, is_anomaly, ink):
    """What is the matter with an anomaly detector, one of "works", "hidden by ink", "only ink", "backwards", "blind", "not finite".

    scores: (n,), in nats, higher means stranger. is_anomaly: (n,), booleans, some of each. ink: (n,), how much ink each image holds, in pixels.
    Whether ink alone does it is asked of what is left of the scores once a straight line in the ink, fitted to the familiar images, is taken out.
    An AUROC is high well above 0.75 and low well below 0.25.
    """
    if not scores.isfinite().all():
        return "not finite"
    familiar_ink, familiar_scores = ink[~is_anomaly], scores[~is_anomaly]
    away = familiar_ink - familiar_ink.mean()
    slope = (away * familiar_scores).sum() / away.square().sum()
    of_score, of_rest = auroc(scores, is_anomaly), auroc(scores - slope * ink, is_anomaly)
    if of_rest > 0.75:
        return "works" if of_score > 0.75 else "hidden by ink"
    if of_rest < 0.25:
        return "backwards"
    return "only ink" if of_score > 0.75 else "blind"
