"""A hole is filled by latent optimisation, from the seen pixels alone."""

import torch

from ..engine import each_row_for_itself, matches, probes_from, slip, task, unchanged

COST = 'cost(decode(z), x, reduction="none")'
# Adam by hand: the first of PyTorch's own optimizers takes seconds to load.
ADAM = """slope = torch.autograd.grad(height, z)[0]
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        z = z + learning_rate * mean / (1 - 0.9**step) / ((square / (1 - 0.999**step)).sqrt() + 1e-8)"""
SEEN, FILLED = "log_likelihood[seen]", "torch.where(seen, x, torch.sigmoid(decode(z)))"
OF_THE_SEEN = {f"-{COST}": "torch.distributions.Bernoulli(logits=decode(z)[seen]).log_prob(x[seen])", SEEN: "log_likelihood"}


def holes(draw, n, d, steps, above=0.0):
    """What lies in the hole is an image as good as any: whoever looks at it gets another filling."""
    pixels = d + 4
    seen = draw(n, pixels) > above
    seen[:, 0], seen[:, 1] = above < 9, False
    weights = {"first": draw(d, 4), "second": 1.5 * draw(4, pixels)}
    return weights | {"x": torch.sigmoid(2 * draw(n, pixels)), "seen": seen, "z": draw(n, d), "steps": steps, "learning_rate": 0.15}


def with_a_decoder(function, first, second, **given):
    """The decoder has one hidden layer: z (n, latent_size) → logits (n, pixels)."""

    def decode(z):
        if z.dim() != 2 or z.shape[1] != len(first):
            raise ValueError(f"this decoder takes z of shape (n, {len(first)}), got {tuple(z.shape)}.")
        return torch.tanh(z @ first) @ second

    return {"result": function(decode, *given.values())}


def reference(first, second, x, seen, z, steps, learning_rate):
    """The slope by hand: no gradient is asked for."""
    for _ in range(steps):
        hidden = torch.tanh(z @ first)
        off = seen * (x - torch.sigmoid(hidden @ second))
        z = z + learning_rate * ((off @ second.t() * (1 - hidden**2)) @ first.t() - z)
    return torch.where(seen, x, torch.sigmoid(torch.tanh(z @ first) @ second))


@task(
    points=0,
    probes=probes_from(holes, sizes={(5, 3, 6): "", (1, 2, 5): "with a single image", (4, 1, 5): "with one latent", (2, 2, 4, 9.0): "with nothing seen", (3, 2, 1): "with a single step"}),
    run=with_a_decoder,
    keeps=("x",),
    laws=(
        unchanged(lambda x, seen, **_: {"x": torch.where(seen, x, 1 - x)}, "With other values of x in the hole", "A leak. Put another image into the hole: your filling changes. Which step of yours looks at missing pixels?"),
        each_row_for_itself("x", "seen", "z", question="An image alone is filled in another way than among others. What should one image's hill know of the other images?"),
    ),
    claims=matches(reference, "Seen pixels should come back as they are, missing ones as the decoder's probabilities at the z that the steps lead to", scale=lambda **_: 5.0),
    slips=(
        slip(SEEN, "log_likelihood", "A leak. Put another image into the hole: your filling changes. Which pixels may the hill know of?"),
        slip(FILLED, "torch.sigmoid(decode(z))", "The missing pixels are right. The seen ones were known, and you drew them anew. Where should the decoder's word count, and where not?"),
        slip("torch.sigmoid(decode(z))", "torch.bernoulli(torch.sigmoid(decode(z)))", "Your z is right, and then you toss a coin for each missing pixel. Black or white: which number does the contract ask for, a draw or a mean?"),
        slip("torch.sigmoid(decode(z))", "torch.sigmoid(decode(z)).round()", "Your z is right, and then you round each missing pixel to black or white. Which number does the contract ask for: the likelier of the two, or a mean?"),
        slip("torch.sigmoid(decode(z))", "decode(z)", "Your z is right. Your missing pixels may be 7, or below 0: they are what the decoder gives. What makes a probability of that?"),
        slip({SEEN: "log_likelihood", FILLED: "torch.sigmoid(decode(z))"}, "That reconstructs the whole image, hole and all. What may z know of the missing pixels, and what need not be drawn at all?"),
        slip(" - 0.5 * z.square().sum()", "", "With nothing seen, your z stays where it started. What do we believe of z before any pixel is seen?"),
        slip("0.5 * z.square()", "z.square()", "Your prior pulls twice as hard as N(0, I). What stands before z² in its logarithm?"),
        slip(f"{SEEN}.sum()", f"{SEEN}.sum() / seen.sum().clamp(min=1)", "You average over the seen pixels, and add a prior that is a sum. Which of the two then has the say?"),
        slip(f"{SEEN}.sum()", f"{SEEN}.sum() / x.numel()", "You average the pixels' part over all pixels and images, and add a prior that is a sum: almost nothing is left to pull at z but the prior. What is the sum in the hill's formula taken over, and what does your loss function do by default?"),
        slip(f"{SEEN}.sum()", f"{SEEN}.sum() / x.shape[1]", "You average over an image's pixels, and add a prior that is a sum. What stands in the hill's formula, a sum or a mean?"),
        slip("torch.autograd.grad(height, z)", "torch.autograd.grad(height / len(x), z)", "Give it the same image twice: each z moves half as far as before. How many images should one image's step know of?"),
        slip("z = z + learning", "z = z - learning", "Each step makes what was seen less likely. Is it a loss that you follow, or a hill that you climb?"),
        slip({"decode(z), x, red": "decode(z), torch.where(seen, x, 0.0), red", SEEN: "log_likelihood"}, 'You took the hole for black. How do you say "I don\'t know" of a pixel, and not "there is no ink"?'),
        slip(SEEN, "log_likelihood[~seen]", "Your hill is made of the missing pixels alone. What is true in `seen`: known, or missing?"),
        slip("cost(decode(z)", "cost(torch.sigmoid(decode(z))", "A sigmoid of a sigmoid. Does your loss function expect logits, or probabilities?"),
        slip(COST, "(torch.sigmoid(decode(z)) - x).square()", "You climb a squared error. Which distribution do the pixels have here, and what is its logarithm?"),
        slip(f"-{COST}", "x * torch.nn.functional.logsigmoid(decode(z))", "Your hill asks only how likely the ink is where there is ink. What does a seen pixel that is black say of the decoder's p?"),
        slip(f"-{COST}", "torch.distributions.Bernoulli(logits=decode(z)).log_prob(x)", "PyTorch's Bernoulli knows 0 and 1 alone, and refuses a grey level. Write its log-probability as a formula in x and the logit: it can be computed between 0 and 1 as well. Which loss function is minus that?"),
        slip(OF_THE_SEEN, "PyTorch's Bernoulli knows 0 and 1 alone, and the seen pixels are grey. Write its log-probability as a formula in x and the logit: it can be computed between 0 and 1 as well. Which loss function is minus that?"),
        slip({"    for _": "    up = 0\n    for _", "torch.autograd.grad(height, z)[0]": "(up := up + torch.autograd.grad(height, z)[0])"}, "The first step is right, the later ones go too far. backward() adds to what is in .grad: what lies there when your second step begins?"),
        slip({"for _ in range(steps)": "mean = square = 0\n    for step in range(1, steps + 1)", "z = z + learning_rate * torch.autograd.grad(height, z)[0]": ADAM}, "Adam divides each gradient by its own size, so that a step is about as long on a gentle slope as on a steep one. What is a plain gradient step?"),
        slip("range(steps)", "range(steps - 1)", "You decode a z that is one step old. When is the image drawn: before the last step, or after it?"),
    ),
    hints=(
        "Write the height of the hill for one z: a sum over seen pixels of log p(x|z), and log p(z). Then follow its gradient uphill; decode once at the end.",
        "log p of a grey pixel under a logit is minus the cross-entropy with logits, pixel by pixel (reduction='none'). Leave out missing pixels before you sum. log p(z) is −½ z² and a constant.",
        "In a loop: z detached, with requires_grad; the height summed over everything; torch.autograd.grad; z plus learning rate times it. After the loop torch.where chooses between x and the sigmoid of the logits.",
    ),
)
def fill_hole(decode, x, seen, z, steps, learning_rate):
    """The images, the hole filled by latent optimisation: (n, pixels).

    decode: z (n, latent_size) -> logits (n, pixels) of Bernoulli pixels. x: (n, pixels) in [0, 1]; what it holds in a missing pixel is arbitrary,
    and x is left as it is. seen: (n, pixels), booleans, true where a pixel is known. z: (n, latent_size), where to start. Each of `steps` steps adds to z
    learning_rate times the gradient of log p(x_seen|z) + log p(z), summed over an image's seen pixels, p(z) = N(0, I), each image for itself.
    Then: seen pixels as they are, missing ones as p(x|z) has them on average.
    """
    cost = torch.nn.functional.binary_cross_entropy_with_logits
    for _ in range(steps):
        z = z.detach().requires_grad_()
        log_likelihood = -cost(decode(z), x, reduction="none")
        height = log_likelihood[seen].sum() - 0.5 * z.square().sum()  # but for a constant
        z = z + learning_rate * torch.autograd.grad(height, z)[0]
    return torch.where(seen, x, torch.sigmoid(decode(z)))
