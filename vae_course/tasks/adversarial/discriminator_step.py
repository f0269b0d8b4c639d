"""A step of the discriminator that leaves the encoder alone."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..cases.tied import claims_of_steps, right_steps, trained
from ..engine import Claim, probes_from, slip, task

LOSS = "softplus(-discriminator(z_prior)).mean() + softplus(discriminator(codes)).mean()"
STEP = "\n    optimizer.zero_grad()\n    loss.backward()\n    optimizer.step()\n    "
TOUCHED = "Another phase had put something into the encoder's .grad. If codes are data here, which line of yours touches it?"


class Network(nn.Module):
    """Features of the input times one matrix, with a gradient in .grad that another phase left there."""

    def __init__(self, weight, gradient, features):
        super().__init__()
        self.weight, self.features = nn.Parameter(weight), features
        self.weight.grad = gradient

    def forward(self, x):
        return self.features(x) @ self.weight


def parabola(z):
    """What the discriminator makes its logit of."""
    return torch.cat([z, z**2, torch.ones_like(z[:, :1])], 1)


def three_batches(draw, n, d):
    encoder = {"encoder": 0.7 * draw(3, d), "encoder_grad": draw(3, d)}
    discriminator = {"discriminator": 0.5 * draw(2 * d + 1), "discriminator_grad": draw(2 * d + 1)}
    return encoder | discriminator | {"x": draw(3, n, 3), "z_prior": draw(3, n, d), "learning_rate": 0.2}


def played(function, encoder, encoder_grad, discriminator, discriminator_grad, x, z_prior, learning_rate):
    sees, judges = Network(encoder, encoder_grad, nn.Identity()), Network(discriminator, discriminator_grad, parabola)
    steps = trained(lambda judges, optimizer, batch: function(sees, judges, optimizer, *batch), judges, zip(x, z_prior, strict=True), learning_rate)
    return steps | {"encoder": sees.weight, "encoder_grad": sees.weight.grad, "learns": sees.weight.requires_grad, "training": sees.training}


def claims(values, encoder, encoder_grad, discriminator, discriminator_grad, x, z_prior, learning_rate):
    def loss(at, batch):
        codes, draws = batch
        return -F.logsigmoid(parabola(draws) @ at).mean() - F.logsigmoid(-parabola(codes) @ at).mean()

    steps = right_steps(discriminator, zip(x.double() @ encoder.double(), z_prior.double(), strict=True), loss, learning_rate)
    yield from claims_of_steps(values, steps, "w − learning rate · ∂loss/∂w", "the discriminator's loss, on that step's batch, before it", encoder.dtype)
    yield Claim("The encoder's weights should be what they were", encoder, values["encoder"])
    left = values["encoder_grad"]
    yield Claim("What lies in the encoder's .grad is", "a gradient", "a gradient" if isinstance(left, Tensor) else "nothing any more", question=TOUCHED)
    yield Claim("The encoder's .grad should be what it was before the discriminator's steps", encoder_grad, left, question=TOUCHED)
    yield Claim("Can the encoder still learn (requires_grad)?", True, values["learns"])
    yield Claim("Is the encoder in training mode, as it came (training)?", True, values["training"])


@task(
    points=1,
    probes=probes_from(three_batches, sizes={(6, 2): "", (1, 3): "with a batch of one", (5, 1): "with one latent"}),
    run=played,
    claims=claims,
    slips=(
        slip({".detach()": ""}, "The discriminator's step is right, and something was added to the encoder's .grad: the gradient that helps the discriminator. Up to where should it go, and what stops it there?"),
        slip({"    optimizer.zero_grad()\n": ""}, "Your step follows more than this loss. backward() adds to what is in .grad: what did the other phase, and your own last step, leave there?"),
        slip({"    optimizer.zero_grad()\n": "", "optimizer.step()": "optimizer.step()\n    optimizer.zero_grad()"}, "You tidy up after yourself, but not before: another phase had been there. When must .grad be empty?"),
        slip("    optimizer.zero_grad()\n    loss.backward()\n", "    loss.backward()\n    optimizer.zero_grad()\n", "Your weights never move: the gradient is thrown away before the step that was to use it. In which order do the three lines come?"),
        slip(LOSS, "softplus(-discriminator(z_prior).sigmoid()).mean() + softplus(discriminator(codes).sigmoid()).mean()", "A sigmoid of a sigmoid: your discriminator can never be sure. Does your loss take logits, or probabilities?"),
        slip("codes = ", "encoder.eval()\n    codes = ", "The step is right, and the encoder is in eval mode afterwards: in its own phase it would run without dropout. Who puts it back, and did it have to change?"),
        slip(LOSS, "softplus(discriminator(z_prior)).mean() + softplus(-discriminator(codes)).mean()", "Your discriminator learns to call codes draws from the prior. Which of its logits should go up, and which down?"),
        slip({"softplus(-discriminator(z_prior)).mean() + ": ""}, "A discriminator that only ever sees codes does well to say no to everything. What else must it be shown?"),
        slip(LOSS, "softplus(-discriminator(codes)).mean()", "That is the encoder's loss. With the discriminator's optimizer on it, who learns to be fooled?"),
        slip({"loss = soft": "loss = 0.5 * soft", "(codes)).mean()": "(codes)).mean() / 2"}, "Your steps are half as long as they should be, and so is your loss. Of how many means is the loss the sum?"),
        slip({"codes = encoder(x).detach()": "encoder.requires_grad_(False)\n    codes = encoder(x)"}, "The encoder can't learn any more: you froze it and left it so. What must be undone, or how do you do without?"),
        slip({" + softplus(": f"{STEP}first = loss.item(); loss = softplus(", "return loss": "return first + loss"}, "Two steps, and the second one meets a discriminator that the first has changed. How many steps was one call to make?"),
        slip("return loss", f"loss = {LOSS}{STEP}return loss", "Two whole updates on one batch, and the loss that you return is the second's. How many steps was one call to make?"),
        slip({"codes =": "encoder.zero_grad()\n    codes ="}, "What another phase had put into the encoder's .grad is gone. If codes are data to the discriminator, is there anything of the encoder's to tidy up?"),
        slip({"discriminator(z_prior)": "discriminator(torch.randn_like(codes))"}, "You drew from N(0, I) yourself. What if the prior is a swiss roll? Which draws were handed to you?"),
        slip({"loss.item()": "loss"}, "The step is right. A tensor came back: where it still has its graph, a list of these keeps every batch in memory. What turns it into a number?"),
        slip("return loss", f"return ({LOSS})", "The step is right. You return the loss after it, from a second pass that costs as much as the first. Which one was there already?"),
    ),
    hints=(
        "To the discriminator a code is data, like a picture to a classifier. Which operation turns the encoder's output into data?",
        "Codes without a graph: encoder(x).detach(), or compute them under torch.no_grad(). Then the loss of the task before, on logits of z_prior and of the codes.",
        "The loss; then empty the optimizer's gradients, backward, step, in this order; return the loss's .item(). Do nothing else to the encoder.",
    ),
)
def discriminator_step(encoder, discriminator, optimizer, x, z_prior):
    """The discriminator's loss before the step, as a Python float.

    encoder: x (batch, pixels) -> codes (batch, latent_size). discriminator: z (batch, latent_size) -> logits (batch,) of "drawn from the prior".
    optimizer: over the discriminator's parameters alone. z_prior: (batch, latent_size), draws from the prior. One call does one step
    on mean −log D(z_prior) + mean −log(1 − D(codes)). The encoder is left as it was: its weights, what is in their .grad, that they can
    learn, and its mode (training or eval). Another phase may have left a gradient in the .grad of both networks.
    """
    codes = encoder(x).detach()
    softplus = torch.nn.functional.softplus
    loss = softplus(-discriminator(z_prior)).mean() + softplus(discriminator(codes)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
