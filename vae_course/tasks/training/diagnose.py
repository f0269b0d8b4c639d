"""What ails this run?"""

import math

import torch

from ..cases.sick_runs import LABELS, sick_runs
from ..engine import Claim, Probe, is_one_of, slip, task

FINITE = "not (reconstruction.isfinite().all() and kl.isfinite().all())"
ENDS = "reconstruction[-1], kl[-1]"
# Runs that no seed changes: one that finds a use for z late, and two that break on one curve alone.
LATE = ([206.3, 151.0, 112.0, 96.0, 89.0, 86.5, 85.2, 84.3], [0.4, 8.0, 15.0, 19.0, 21.5, 22.8, 23.5, 23.9])
BROKEN_KL = ([148.0, 110.0, 96.0, 90.0, 86.0, 84.0], [13.0, 18.0, 22.0, math.inf, math.inf, math.inf])
BROKEN_RECONSTRUCTION = ([148.0, 110.0, 96.0, math.nan, math.nan, math.nan], [13.0, 18.0, 21.0, 23.0, 24.0, 24.8])
CHOSEN = (("healthy", *LATE), ("diverged", *BROKEN_KL), ("diverged", *BROKEN_RECONSTRUCTION))


def probes(seed):
    chosen = [(truth, *(torch.tensor(curve, dtype=torch.float64) for curve in curves)) for truth, *curves in CHOSEN]
    return [Probe({"reconstruction": reconstruction, "kl": kl, "truth": truth}) for truth, reconstruction, kl in sick_runs(seed) + chosen]


def claims(values, reconstruction, kl, truth):
    got = values["result"]
    yield from is_one_of(got, LABELS)
    question = f'Which of the two curves tells "{truth}" from "{got}", and where on it must one look?'
    yield Claim("The run's own curves say what it is", truth, got, question=question)


@task(
    points=1,
    probes=probes,
    run=lambda function, reconstruction, kl, truth: {"result": function(reconstruction, kl)},
    keeps=("reconstruction", "kl"),
    claims=claims,
    slips=(
        slip(FINITE, "False", "A run with NaN in its curves counts as healthy. Every comparison with NaN is false: which question finds it?"),
        slip({FINITE: 'reconstruction[-1] == float("nan")', "information < 1": "not information > 1"}, "A run with NaN counts as collapsed. NaN fails every comparison, even one with NaN: which function asks whether a number is finite?"),
        slip(FINITE, "reconstruction.isnan().any()", "A run that ends at infinity is no other illness. Which question finds infinity and NaN alike?"),
        slip(FINITE, "reconstruction.isinf().any()", "A run with NaN in its curves counts as healthy. Which question finds infinity and NaN alike?"),
        slip(FINITE, "not reconstruction.isfinite().all()", "A KL can leave the numbers while the reconstruction stays among them. Which curves do you ask whether they are finite?"),
        slip(FINITE, "not kl.isfinite().all()", "A reconstruction can break while the KL beside it stays finite. Which curves do you ask whether they are finite?"),
        slip("information < 1", "kl.min() < 1", "A run that starts with a KL near 0 and finds a use for z later counts as collapsed. At which end of the curve do you look?"),
        slip("    if not (", '    if kl[-1] < 1:\n        return "collapsed"\n    if not (', "A decoder that can't be dark or light lets the KL fall, too. Which of the two is the illness, and which the symptom?"),
        slip(ENDS, "reconstruction[0], kl[0]", "Yours finds nothing wrong with a KL that ends near 0, or in the hundreds. Do you look at the KL, and at which end of its curve?"),
        slip({ENDS: "(reconstruction + kl)[-1], (reconstruction + kl)[-1]", "final > 400": "final > 490", "information < 1": "information > 150", "information > 100": "False"}, "Two runs with one total can differ in everything. What do the two terms say apart?"),
        slip(ENDS, "reconstruction.mean(), kl.mean()", "A run whose KL ends near 0 counts as healthy. Do you look at the end of the curve alone, and how near to 0 is near?"),
        slip('return "no KL"', 'return "healthy"', "A reconstruction that is much better than the reference's looks healthy, but what does the KL beside it say about samples from N(0, I)?"),
        slip({'return "collapsed"': 'return "no KL"', 'return "no KL"': 'return "collapsed"'}, "In which of the two does z carry nothing: where the KL is near 0, or where it is in the hundreds?"),
        slip("final < 0", "False", "A cross-entropy below 0: can that be, if pixels lie in [0, 1]?"),
        slip("final > 400", "final > 504", "You took a figure of the table for a limit. A run ends a little above it or a little below: what lies far from both neighbours?"),
        slip("information < 1", "final > 206", "You took a figure of the table for a limit. A run ends a little above it or a little below: which other curve tells a collapse?"),
    ),
    hints=(
        "Sort the six by what you would look at: is it finite? what is its sign? where does the reconstruction end? where does the KL end?",
        "One illness can show another's symptom: with a sigmoid too many the KL is small as well. So ask for the more telling sign first.",
        "Not finite anywhere; reconstruction below 0; above 400 at the end; KL below 1 at the end; KL above 100 at the end; else healthy.",
    ),
)
def diagnose(reconstruction, kl):
    """What is wrong with a run of the reference VAE on MNIST, one of
    "healthy", "collapsed", "sigmoid twice", "no KL", "diverged", "unscaled pixels".

    reconstruction, kl: (epochs,), nats an image after each epoch, as in a History. Leaves both as they are.
    """
    if not (reconstruction.isfinite().all() and kl.isfinite().all()):
        return "diverged"
    final, information = reconstruction[-1], kl[-1]
    if final < 0:
        return "unscaled pixels"
    if final > 400:
        return "sigmoid twice"
    if information < 1:
        return "collapsed"
    if information > 100:
        return "no KL"
    return "healthy"
