"""Features for a linear probe that know nothing of the test set."""

from dataclasses import replace

import torch

from ..engine import Claim, Law, is_tensor, is_tuple, probes_from, rounding, slip, task

DRAWN = "Call yours twice: it gives two answers. A draw adds noise to what the encoder knows. What is its best single guess of z?"
DRAWS = ", ".join(f"{name}_mu + torch.exp(0.5 * {name}_log_var) * torch.randn_like({name}_mu)" for name in ("train", "test"))
FIGURES = "train_mu.mean(0), train_mu.std(0)"
BY_OWN_SIGMA = "(train_mu - mean) / torch.exp(0.5 * train_log_var), (test_mu - mean) / torch.exp(0.5 * test_log_var)"
RESULT = "(train_mu - mean) / sigma, (test_mu - mean) / sigma"


def codes(draw, n, d):
    place, spread, known = 3 * draw(d), torch.exp(0.7 * draw(d)), draw(n, d)
    known[0], known[-1] = known[0].abs() + 0.3, -known[-1].abs() - 0.3  # so that two images never lie close in a column
    train = {"train_mu": place + spread * known, "train_log_var": draw(n, d) - 1.5}
    return train | {"test_mu": place + 0.8 + 1.3 * spread * draw(n + 2, d), "test_log_var": draw(n + 2, d) - 1.5}


def called_twice(function, **arguments):
    return {"result": function(*(value.clone() for value in arguments.values())), "again": function(*arguments.values())}


def claims(values, train_mu, test_mu, **_):
    got = values["result"]
    yield from is_tuple(got, 2)
    for name, one, mu in zip(("training", "test"), got, (train_mu, test_mu), strict=True):
        yield from is_tensor(one, mu.shape, train_mu.dtype, name=f"the {name} features")
    for first, second in zip(got, values["again"], strict=True):
        yield Claim("Called again, it should give the same features", first, second, 1e-3, question=DRAWN)
    known, new = train_mu.double(), test_mu.double()
    centre = known.mean(0)
    # both usual standard deviations will do, with n − 1 and with n: whichever comes closer to what was given
    scale = min(known.std(0), known.std(0, correction=0), key=lambda each: ((known - centre) / each - got[0].double()).abs().nansum())
    room = rounding(5.0, torch.float32, scale=(known.abs().max() + new.abs().max()) / scale.min())  # for a tiny number under the line
    yield Claim("Each column of the training features should have mean 0", 0 * centre, got[0].double().mean(0), room, question="Take the mean of a column of your training features. What moves it away from 0: which figures are taken away, of which images, along which axis?")
    width = (got[0].double().std(0) * scale / known.std(0)).nan_to_num()
    yield Claim("Each column of the training features should have standard deviation 1", torch.ones_like(width), width, room, question="How wide is a column of your training features? By which spread do you divide, of which images, along which axis, and in which power?")
    for what, mu, one in (("The training", known, got[0]), ("The test", new, got[1])):
        said = f"{what} features should be the means of q(z|x), moved and stretched as brings the *training* images' to mean 0 and standard deviation 1"
        yield Claim(said, (mu - centre) / scale, one, room)


def as_among_others(values, alone, /, **_):
    among, single = values["result"][1][:1], alone["result"][1]
    yield Claim("A test image alone should get the features that it gets among others", among, single, rounding(9.0, torch.float32), question="One new image comes in by itself. Which figures of yours need other test images, and would the probe that was trained before know them?")


def with_either(old, new, question):
    """The slip in both conventions that are allowed: with n − 1, as the answer has it, and with n."""
    by_n = {old: new.replace("(0)", "(0, correction=0)").replace(".mean(0, correction=0)", ".mean(0)")}
    return slip(old, new, question), slip(by_n | ({} if ".std(0)" in old else {".std(0)": ".std(0, correction=0)"}), question)


@task(
    points=1,
    probes=probes_from(codes, sizes={(9, 3): "", (2, 4): "with two training images", (6, 1): "with one latent"}),
    run=called_twice,
    keeps=("train_mu", "test_mu"),
    laws=(Law(as_among_others, lambda probe: replace(probe, arguments={name: v if "train" in name else v[:1] for name, v in probe.arguments.items()})),),
    claims=claims,
    slips=(
        *(slip(RESULT, f"tuple((mu - mu.mean(1, keepdim=True)) / mu.std(1, keepdim=True{by_n}) for mu in (train_mu, test_mu))", "You brought each image to mean 0, over its latents. Along which axis does one latent run from image to image?") for by_n in ("", ", correction=0")),
        *with_either("(test_mu - mean) / sigma", "(test_mu - test_mu.mean(0)) / test_mu.std(0)", "You standardise the test images by their own figures. A single new image comes in: what are its features then, and would the probe know them?"),
        *with_either(FIGURES, FIGURES.replace("train_mu", "torch.cat([train_mu, test_mu])"), "Mean and standard deviation come from training and test images together. What should the training know of the test set?"),
        *with_either(FIGURES, FIGURES.replace("train", "test"), "Mean and standard deviation come from the test images. The probe is trained before the first of them is there: what does it know by then?"),
        *with_either("mean, sigma =", f"train_mu, test_mu = {DRAWS}\n    mean, sigma =", DRAWN),
        slip(RESULT, "train_mu, test_mu", "These are the bare means. One latent may move a hundred times as far as another: what does a penalty on the probe's weights do to that one?"),
        *with_either("train_mu.std(0)", "train_mu.var(0)", "Measure a latent in units ten times as small: your features change. By which power of the spread do you divide?"),
        slip(RESULT, BY_OWN_SIGMA, "You divide by the σ of q(z|x), by which the encoder says how unsure it is of one image. A column is to be divided by how far it varies *from image to image*. Which figures tell that?"),
        slip(RESULT, "train_mu - mean, test_mu - mean", "Each column has mean 0 now, and is as wide as it was. One latent may move a hundred times as far as another: what does a penalty do to that one?"),
        *with_either(RESULT, "train_mu / sigma, test_mu / sigma", "Each column has standard deviation 1 now. Where is its middle?"),
        *(slip(FIGURES, f"train_mu.mean(), train_mu.std({by_n})", "One mean and one width for all columns. Which of them has standard deviation 1 afterwards?") for by_n in ("", "correction=0")),
        *with_either("(test_mu - mean) / sigma", "test_mu / sigma", "The training features are right. The test features are stretched and not moved. With which middle was the probe trained?"),
        *with_either("(test_mu - mean) / sigma", "test_mu", "The training features are right, the test features are as they came. In which units does the probe read them?"),
        slip("(test_mu - mean) / sigma", "(test_mu - mean) / train_mu.std(0, correction=0)", "Training and test features are divided by two figures, one with n and one with n − 1. Either will do: may they differ?"),
        slip(FIGURES, "train_mu.amin(0), train_mu.amax(0) - train_mu.amin(0)", "Your training features fill 0 to 1: one image that lies far out squeezes all the others together. Which two figures does the contract bring to 0 and 1?"),
    ),
    hints=(
        "Which of the four arguments does a feature come from? And which images may be looked at to find the mean and the width?",
        "Mean and standard deviation over axis 0 of train_mu, one figure a latent. Both sets are changed with the same two.",
        "(mu − mean)/σ for both sets, with mean and σ of the training images' means over axis 0.",
    ),
)
def probe_features(train_mu, train_log_var, test_mu, test_log_var):
    """(training features, test features) for a linear probe.

    mu, log_var: (n, latent_size) for n images, of q(z|x) = N(mu, exp(log_var)). Features are the means of q(z|x), column by column less the mean and
    divided by the standard deviation (with n or with n − 1) that the *training* features have in it. Shapes as those of train_mu and
    test_mu, which are left as they are.
    """
    mean, sigma = train_mu.mean(0), train_mu.std(0)
    return (train_mu - mean) / sigma, (test_mu - mean) / sigma
