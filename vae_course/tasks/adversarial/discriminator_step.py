"""A step of the discriminator that leaves the encoder alone."""

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..cases.descent import Descent
from ..engine import Claim, Plain, is_number, probes_from, rounding, slip, task


class Network(nn.Module):
    """Features of the input times one matrix: small enough to be followed by hand."""

    def __init__(self, weight: Tensor, features: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.weight, self.features = nn.Parameter(weight), features

    def forward(self, x: Tensor) -> Tensor:
        return self.features(x) @ self.weight


def parabola(z: Tensor) -> Tensor:
    """What the discriminator makes its logit of."""
    return torch.cat([z, z**2, torch.ones_like(z[:, :1])], 1)


def games(draw, n: int, d: int) -> dict[str, Plain]:
    """Both networks come with a gradient in .grad that another phase left there."""
    encoder, encoder_grad = draw(3, d), draw(3, d)
    discriminator, discriminator_grad = draw(2 * d + 1), draw(2 * d + 1)
    networks = {"encoder": 0.7 * encoder, "encoder_grad": encoder_grad, "discriminator": 0.5 * discriminator, "discriminator_grad": discriminator_grad}
    return networks | {"x": draw(3, n, 3), "z_prior": draw(3, n, d), "learning_rate": 0.2}


def played(function, encoder, encoder_grad, discriminator, discriminator_grad, x, z_prior, learning_rate) -> dict[str, Plain]:
    """Three steps on three batches."""
    sees, judges = Network(encoder, nn.Identity()), Network(discriminator, parabola)
    sees.weight.grad, judges.weight.grad = encoder_grad, discriminator_grad
    optimizer = Descent(judges.parameters(), learning_rate)
    losses, weights = [], []
    for batch, draws in zip(x, z_prior, strict=True):
        losses.append(function(sees, judges, optimizer, batch, draws))
        weights.append(judges.weight.detach().clone())
    learns = bool(sees.weight.requires_grad)
    return {"losses": losses, "weights": torch.stack(weights), "encoder": sees.weight, "encoder_grad": sees.weight.grad, "learns": learns}


def claims_of_game(values: dict[str, Plain], **given: Plain) -> Iterator[Claim]:
    dtype = given["encoder"].dtype
    sees, at = given["encoder"].double(), given["discriminator"].double()
    for number, (batch, draws) in enumerate(zip(given["x"].double(), given["z_prior"].double(), strict=True)):
        here = at.clone().requires_grad_()
        loss = -F.logsigmoid(parabola(draws) @ here).mean() - F.logsigmoid(-parabola(batch @ sees) @ here).mean()
        at = at - given["learning_rate"] * torch.autograd.grad(loss, here)[0]
        yield from is_number(values["losses"][number])
        told = f"After step {number + 1} the discriminator's weights should be w − learning rate · ∂loss/∂w"
        question = "Which gradient does your step follow: of which loss, on which batch, and with what else in .grad?"
        yield Claim(told, at, values["weights"][number], rounding(at, dtype, scale=5.0), question=question)
        told = f"The loss that step {number + 1} returns should be the discriminator's, on its batch, before the step"
        yield Claim(told, loss.item(), values["losses"][number], rounding(loss, dtype, scale=5.0))
    yield Claim("The encoder's weights should be what they were", given["encoder"], values["encoder"])
    left, question = values["encoder_grad"], "Another phase had put something into the encoder's .grad. If codes are data here, which line of yours touches it?"
    yield Claim("What lies in the encoder's .grad is", "a gradient", "a gradient" if isinstance(left, Tensor) else "nothing any more", question=question)
    yield Claim("The encoder's .grad should be what it was before the discriminator's steps", given["encoder_grad"], left, question=question)
    yield Claim("Can the encoder still learn (requires_grad)?", True, values["learns"])


@task(
    points=2,
    probes=probes_from(games, sizes={(6, 2): "", (1, 3): "with a batch of one", (5, 1): "with one latent"}),
    run=played,
    claims=claims_of_game,
    slips=(
        slip({".detach()": ""}, "The discriminator's step is right, and something was added to the encoder's .grad: the gradient that helps the discriminator. Up to where should it go, and what stops it there?"),
        slip({"    optimizer.zero_grad()\n": ""}, "Your step follows more than this loss. backward() adds to what is in .grad: what did the other phase, and your own last step, leave there?"),
        slip({"    optimizer.zero_grad()\n": "", "optimizer.step()": "optimizer.step()\n    optimizer.zero_grad()"}, "You tidy up after yourself, but not before: another phase had been there. When must .grad be empty?"),
        slip(
            {"softplus(-discriminator(z_prior))": "softplus(discriminator(z_prior))", "softplus(discriminator(codes))": "softplus(-discriminator(codes))"},
            "Your discriminator learns to call codes draws from the prior. Which of its logits should go up, and which down?",
        ),
        slip({"softplus(-discriminator(z_prior)).mean() + ": ""}, "A discriminator that only ever sees codes does well to say no to everything. What else must it be shown?"),
        slip({"softplus(-discriminator(z_prior)).mean() + softplus(discriminator(codes))": "softplus(-discriminator(codes))"}, "That is the encoder's loss. With the discriminator's optimizer on it, who learns to be fooled?"),
        slip({"loss = softplus": "loss = 0.5 * (softplus", "(codes)).mean()": "(codes)).mean())"}, "Your steps are half as long as they should be, and so is your loss. Of how many means is the loss the sum?"),
        slip({"codes = encoder(x).detach()": "encoder.requires_grad_(False)\n    codes = encoder(x)"}, "The encoder can't learn any more: you froze it and left it so. What must be undone, or how do you do without?"),
        slip(
            {
                "loss = softplus(-discriminator(z_prior)).mean() +": "first = softplus(-discriminator(z_prior)).mean()\n    discriminator.zero_grad()\n    first.backward()\n    optimizer.step()\n    loss =",
                "return loss": "return first.item() + loss",
            },
            "Two steps, and the second one meets a discriminator that the first has changed. How many steps was one call to make?",
        ),
        slip(
            {"return loss": "loss = softplus(-discriminator(z_prior)).mean() + softplus(discriminator(codes)).mean()\n    optimizer.zero_grad()\n    loss.backward()\n    optimizer.step()\n    return loss"},
            "Two whole updates on one batch, and the loss that you return is the second's. How many steps was one call to make?",
        ),
        slip({"codes =": "encoder.zero_grad()\n    codes ="}, "What another phase had put into the encoder's .grad is gone. If codes are data to the discriminator, is there anything of the encoder's to tidy up?"),
        slip({"discriminator(z_prior)": "discriminator(torch.randn_like(codes))"}, "You drew from N(0, I) yourself. What if the prior is a swiss roll? Which draws were handed to you?"),
        slip({"loss.item()": "loss"}, "The step is right. A tensor came back: where it still has its graph, a list of these keeps every batch in memory. What turns it into a number?"),
        slip(
            {"return loss": "return (softplus(-discriminator(z_prior)).mean() + softplus(discriminator(codes)).mean())"},
            "The step is right. You return the loss after it, from a second pass that costs as much as the first. Which one was there already?",
        ),
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
    on mean −log D(z_prior) + mean −log(1 − D(codes)). The encoder is left as it was: its weights, what is in their .grad, and that they can learn.
    Another phase may have left a gradient in the .grad of both networks.
    """
    codes = encoder(x).detach()
    softplus = torch.nn.functional.softplus
    loss = softplus(-discriminator(z_prior)).mean() + softplus(discriminator(codes)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
