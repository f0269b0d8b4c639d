"""What pictures cost under a table of how often each level occurs."""

import numpy
import torch

from ..engine import Probe, matches, probes_from, relation, slip, task, unchanged

SIZES = {(4, 2, 3, 5, 6): "", (1, 3, 3, 2, 4): "with a single training picture", (3, 1, 3, 4, 2): "with a single test picture", (2, 5, 1, 3, 3): "with one channel", (20, 6, 4, 6, 5): "with four channels"}
COUNTS, TABLE, PRICED = "known.flatten().bincount(minlength=256) + 1", "-(counts / counts.sum()).log2()", "prices[new].mean()"
NOT_ONE = "Add up your 256 probabilities of one channel: do they come to 1? By what must the raised counts be divided?"
TOO_LITTLE = "A level that training never showed costs what your small number makes of it, dozens of bits perhaps. As how often seen does the contract take each level?"


def pictures(draw, known, new, channels, height, width):
    """Each channel with a centre of its own; some levels of the test pictures were never seen in training."""
    centres, spread = (40 + 60 * torch.arange(channels)).view(-1, 1, 1), 6.0 + 5.0 * torch.arange(channels).view(-1, 1, 1)

    def levels(n):
        return (centres + spread * draw(n, channels, height, width)).round().clamp(0, 255).long()

    return {"train": levels(known), "test": levels(new)}


def by_shares(train, test):
    """By the shares of the levels in each set: how much of the test pictures there is of each, times what it costs."""
    bits = []
    for channel in range(train.shape[1]):
        known, new = (numpy.histogram(each[:, channel].numpy(), bins=256, range=(-0.5, 255.5))[0] for each in (train, test))
        bits.append(new @ numpy.log2((known.sum() + 256) / (known + 1)) / new.sum())
    return torch.tensor(bits, dtype=torch.float64)


@task(
    points=1,
    probes=probes_from(
        pictures,
        sizes=SIZES,
        more=(
            Probe({"train": torch.full((2, 3, 4, 4), 7), "test": torch.full((1, 3, 4, 4), 255)}, note="with training pictures of level 7 alone, and test pictures of 255"),
            Probe({"train": torch.zeros(3, 2, 10, 10, dtype=torch.int64), "test": torch.zeros(2, 2, 8, 8, dtype=torch.int64)}, note="with black pictures"),
        ),
    ),
    laws=(
        relation(lambda train, test: {"train": train.flip(1), "test": test.flip(1)}, lambda bits: bits.flip(0), "With the channels in the opposite order, the figures should be in the opposite order", "Let the channels change places. Which of your tables looks at more than its own channel?"),
        unchanged(lambda test, **_: {"test": torch.cat([test, test])}, "With every test picture there twice", "The same test pictures twice: a number costs as much as before. Over what is your mean, and what do the test pictures change in the table?"),
    ),
    claims=matches(by_shares, "−log₂ of (count + 1) / (N + 256), averaged over the test pictures' numbers of a channel", question=lambda **_: "Take one channel and one level. How often did training show it, which probability is that, and how many bits?"),
    slips=(
        slip("known.flatten()", "train.flatten()", "One table for all channels. A sky is bright in blue and dark in red: what does red know of blue's counts?"),
        slip("known.flatten()", "new.flatten()", "Your table was counted on the very pictures that it prices, and nobody who unpacks them has seen these. Which pictures may be counted?"),
        slip("known.flatten()", "torch.cat([known, new]).flatten()", "The test pictures were counted along. Nobody who unpacks them has seen them: which pictures may be counted?"),
        slip("minlength=256) + 1", "minlength=256)", "A level that training never showed has probability 0 in yours, and one test picture that holds it costs infinitely much. What does the contract do to each count?"),
        slip(COUNTS, "known.flatten().bincount(minlength=256).clamp(min=1)", "You raise the counts that were 0 and no others. How many of the 256 counts does the contract raise?"),
        *(slip("minlength=256) + 1", f"minlength=256) + {least}", TOO_LITTLE) for least in ("1e-6", "1e-10")),
        *(slip(TABLE, f"-((counts - 1) / (counts - 1).sum() + {least}).log2()", TOO_LITTLE) for least in ("1e-8", "1e-10")),
        *(slip(TABLE, f"-((counts - 1) / (counts - 1).sum()).clamp(min={least}).log2()", TOO_LITTLE) for least in ("1e-8", "1e-10")),
        slip("counts.sum()", "known.numel()", NOT_ONE),
        slip(".log2()", ".log()", "The order is right, and every figure is smaller than it should be by one factor. Which logarithm counts bits?"),
        slip("-(counts", "(counts", "Yours lie below 0. Which sign has the logarithm of something less than 1, and which a cost?"),
        slip(PRICED, "prices[new].sum()", "Twice as many test pictures, and your figure doubles. Of what is a bit per dimension the share?"),
        slip(PRICED, "prices[new].sum() / len(new)", "Yours is what a channel of a whole picture costs. By how many numbers is that still to be divided?"),
        slip(PRICED, "prices[new].sum() / test.numel()", "You share a channel's bits out among all numbers of a picture. Of which numbers is the figure of one channel the mean?"),
        slip(PRICED, "prices.mean()", "You average the table itself, each level once, and no test picture is looked at. How often is each price to be paid?"),
        slip(PRICED, "(counts / counts.sum() * prices).sum()", "That is the entropy of your table: what it would cost pictures drawn from it. Which pictures are to be paid for?"),
        slip(PRICED, "prices[known].mean()", "You priced the training pictures, for which the table was made. Which pictures are to be paid for?"),
        slip({TABLE: "counts / counts.sum()", PRICED: "-prices[new].double().mean().log2()"}, "You average probabilities and then take the logarithm. A file pays number by number: what is to be averaged?"),
        slip("(minlength=256)", "()", "Your table ends at the greatest level that training happened to show. How many levels has a byte?"),
        slip("torch.stack(bits)", "torch.stack(bits).mean()", "One figure for all channels. What does the contract want one of for each channel?"),
    ),
    hints=(
        "Take one channel first: all its training numbers in one long row. How often does each of the 256 levels stand there?",
        "`torch.bincount` counts, with minlength for the levels that never came. 256 raised counts, divided by their sum, are 256 probabilities; each has its price in bits.",
        "A table of prices, indexed by the test levels of its channel, gives what each number costs. Its mean is that channel's figure; torch.stack puts the figures together.",
    ),
)
def marginal_bits(train, test):
    """Bits per dimension of the test pictures under tables of counts, one figure for each channel: (channels,).

    train, test: (n, channels, height, width), integers 0 … 255; train and test may hold different numbers of pictures.
    Each channel has a table of its own, counted on train alone: a level has the probability (count + 1) / (N + 256), where count says how often it
    stands in that channel of all training pictures, and N how many numbers these hold. Result: −log₂ P of the test pictures' levels, averaged.
    """
    bits = []
    for known, new in zip(train.unbind(1), test.unbind(1), strict=True):
        counts = known.flatten().bincount(minlength=256) + 1
        prices = -(counts / counts.sum()).log2()
        bits.append(prices[new].mean())
    return torch.stack(bits)
