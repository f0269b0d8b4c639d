"""M2's loss of an image without a label."""

import torch
from torch.distributions import Categorical, kl_divergence

from ..engine import Probe, each_row_for_itself, finite_far_out, matches, probes_from, relation, slip, task, unchanged

LOSSES = torch.tensor([[5.0, 2.0, 9.0], [7.0, 3.0, 4.0]])
VERY_SURE = Probe({"losses": LOSSES, "logits": torch.tensor([[1000.0, -1000.0, 0.0], [-1500.0, 900.0, 0.0]])}, note="with logits far apart, a classifier that is very sure")
KNOWS_NOTHING = Probe({"losses": 100 + LOSSES, "logits": torch.full((2, 3), 40.0)}, note="with a classifier that knows nothing")
SIZES = {(6, 3): "", (1, 3): "with a batch of one", (5, 2): "with two classes", (4, 10): "with ten classes"}


def reference(losses, logits):
    """By another road: the best that any q could do, plus how far this q is from it."""
    return -torch.logsumexp(-losses, 1) + kl_divergence(Categorical(logits=logits), Categorical(logits=-losses))


@task(
    points=2,
    probes=probes_from(lambda draw, n, d: {"losses": 6 + 3 * draw(n, d), "logits": 2 * draw(n, d)}, sizes=SIZES, more=(VERY_SURE, KNOWS_NOTHING)),
    laws=(
        each_row_for_itself("losses", "logits", question="Does the loss of one image depend on the others? Over which axis do your shares add up to 1?"),
        unchanged(lambda logits, **_: {"logits": logits + 5}, "With 5 added to all logits", "Logits are no shares: these are the same q(y|x). What do you do to logits before they weigh anything?"),
        relation(lambda losses, **_: {"losses": losses + 3}, lambda loss: loss + 3, "With every label 3 nats dearer, your loss should be 3 nats higher", "Whatever the label, the image costs 3 nats more. What do the weights of your L(x, y) add up to?"),
        finite_far_out(),
    ),
    gradients=("losses", "logits"),
    claims=matches(reference, "The loss should be the mean of L(x, y) under q(y|x), less the entropy of q(y|x)", scale=lambda losses, logits: losses.abs().amax(1)),
    slips=(
        slip({"losses + log_q": "losses - log_q"}, "You reward a classifier for being sure before it knows anything. What is the best q(y|x) when all labels fit an image alike, and is it your loss's best?"),
        slip({"losses + log_q": "losses"}, "A weighted mean of losses. Bounding log p(x) also takes the KL of q(y|x) from the prior of y: half of it is in L(x, y). Which half is missing?"),
        slip("losses + log_q", "losses + log_q / losses.shape[1]", "Two equally likely classes have an entropy of log 2. How much is yours, and what did you divide by?"),
        slip({"losses + log_q": "losses + log_q + torch.tensor(losses.shape[1]).log()"}, "Yours is higher by the logarithm of the number of classes. The prior of y stands in L(x, y) already: where does it come in again?"),
        slip({"log_q.exp() * (losses + log_q)": "losses / losses.shape[1] + log_q.exp() * log_q"}, "Every label counts alike, whatever the classifier says. Which weights belong before L(x, y)?"),
        slip({"(log_q.exp() * (losses + log_q)).sum(1)": "losses.gather(1, logits.argmax(1, keepdim=True)).squeeze(1)"}, "You decide for the likeliest label. A classifier at 0.51 against 0.49: should the second one count for nothing, and which gradient would it get?"),
        slip("dim=1", "dim=0", "Your shares add up to 1 over the images of the batch, so that one image's loss depends on the others. Over what should they add up to 1?"),
        slip({"torch.log_softmax(logits, dim=1)": "torch.softmax(logits, dim=1).log()"}, "Right, until the classifier is very sure: what is the logarithm of a share that was rounded to 0, and 0 times that? Which function gives log q(y|x) in one go?"),
        slip("log_q.exp() * (losses + log_q)", "logits * losses + log_q.exp() * log_q", "Your weights can be negative. What turns logits into shares that add up to 1?"),
        slip({"(log_q.exp() * (losses + log_q)).sum(1)": "-torch.logsumexp(log_q - losses, 1)"}, "You took the mean of exp(−L) and then the logarithm; M2 takes the mean of L itself. What is Jensen's inequality doing between the two?"),
        slip({"(log_q.exp() * (losses + log_q)).sum(1)": "-torch.logsumexp(-losses, 1)"}, "That is the loss with the best q(y|x) there is. It doesn't depend on your logits: how would the classifier learn from it?"),
        slip("return (", "return -(", "That is −U(x), the bound below log p(x), which is to be made great. What is minimised?"),
        slip(".sum(1)", ".sum(1).mean()", "One number for the whole batch. What is asked for, and who averages later?"),
        slip(".sum(1)", ".sum()", "One number, and it doubles when the batch is doubled. Which axis should the sum leave alone?"),
        slip(".sum(1)", ".mean(1)", "The shares are weights already: they add up to 1. What does a further division by the number of classes do to a mean?"),
        slip(".sum(1)", "", "One number for each label. What is an expectation over y made of, once each value has its weight?"),
    ),
    hints=(
        "y is a second latent, with ten values. For an expectation over it no draw is needed: sum over all its values, each weighted by q(y|x).",
        "The entropy of a distribution is −Σ q log q. Both terms then have the same weights: Σ q·(L + log q).",
        "log q(y|x) = log_softmax of the logits over the classes; q is its exponential, which is 0 where log q is very negative, and finite times 0 is 0.",
    ),
)
def unlabelled_loss(losses, logits):
    """U(x) = Σ_y q(y|x)·L(x, y) − H(q(y|x)) in nats: M2's loss of an image without a label, which is never below −log p(x).

    losses: (batch, classes), L(x, y), the negative ELBO of each image under each label. logits: (batch, classes), of the classifier q(y|x).
    Result: one number an image, (batch,), in the dtype of losses. Finite for any finite logits.
    """
    log_q = torch.log_softmax(logits, dim=1)
    return (log_q.exp() * (losses + log_q)).sum(1)
