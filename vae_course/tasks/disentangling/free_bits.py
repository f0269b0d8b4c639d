"""Free bits."""

import torch

from ..engine import Probe, averages_over_the_batch, matches, probes_from, slip, sums_over, task

IDLE = torch.tensor([[0.01, 0.2, 0.03], [0.02, 0.1, 0.0]])
MORE = (Probe({"kl": IDLE, "floor": 0.5}, note="with every latent below the floor"), Probe({"kl": 1000 * IDLE + 1, "floor": 0.5}, note="with every latent far above the floor"))


def kls(draw, n, d):
    """Latents from nearly idle to busy, images that differ. The floor is a number of sixteenths, so exact in every dtype."""
    kl = draw(n, d) ** 2
    return {"kl": kl * (0.1 * 3.0 ** torch.arange(d)).to(kl.dtype), "floor": (4 + round(2 * abs(draw(1).item()))) / 16}


def reference(kl, floor):
    mean = kl.mean(0)
    return torch.where(mean > floor, mean, floor).sum()


@task(
    points=1,
    probes=probes_from(kls, sizes={(7, 4): "", (1, 3): "with a batch of one", (5, 1): "with one latent", (12, 6): ""}, more=MORE),
    laws=(sums_over("latents", "kl"), averages_over_the_batch("kl")),
    gradients=("kl",),
    claims=matches(reference, "The term should be the latents' mean KLs, each raised to the floor where it lies below, added up"),
    slips=(
        slip({"kl.mean(0)": "kl.clamp(min=floor).mean(0)", ".clamp(min=floor).sum()": ".sum()"}, "You raise the KL of each image. A latent may be busy for some images and idle for others: of what is the floor asked?"),
        slip(".clamp(min=floor).sum()", ".sum().clamp(min=floor)", "One floor under the sum: one busy latent pays for all, and the others may close. What is the floor to hold up?"),
        slip(".clamp(min=floor).sum()", ".sum().clamp(min=floor * kl.shape[1])", "Your floor is as high as it should be in all, but it lies under the sum. Can one latent use up what is free, in yours?"),
        slip("clamp(min=", "clamp(max=", "Yours never charges more than the floor: a ceiling. A latent with a KL of 100, what should it pay?"),
        slip("of_each_latent.clamp(min=floor)", "(of_each_latent - floor).clamp(min=0)", 'It presses on the right latents. But with every latent below the floor yours is 0, and no KL at all: what does "raised to the floor" give?'),
        slip(".clamp(min=floor)", "", "That is the plain KL. Where does the floor come in?"),
        slip("of_each_latent.clamp(min=floor)", "(of_each_latent + floor)", "You add the floor. It presses on idle latents as before: does a constant change a gradient?"),
        slip(".sum()", ".mean()", "Independent latents: their KLs add up. Which operation comes last?"),
        slip("kl.mean(0)", "kl.sum(0)", "Give it the same batch twice over: your term grows. Over which axis should there be a mean before the floor?"),
        slip(".sum()", "", "One number for each latent. What is still to be done with them?"),
        slip("kl.mean(0)", "kl.mean(0).detach()", "The number is right, and training can do nothing with it: where was the way back to kl cut off?"),
        slip("of_each_latent.clamp(min=floor)", "(of_each_latent * (of_each_latent > floor))", "You mask the latents below the floor. It presses on the right ones, but what does a latent below it add to the number?"),
    ),
    hints=(
        "Three operations, in this order: a mean, a floor, a sum. The order is the whole task.",
        "The mean runs over the images (axis 0), so that a latent counts as idle only when it is so on average. clamp(min=…) is a floor.",
        "kl.mean(0), its clamp from below at the floor, its sum. Below the floor the clamp is flat, so nothing presses there.",
    ),
)
def free_bits(kl, floor):
    """The KL term of the loss with free bits, a tensor of shape () in the dtype of kl.

    kl: (batch, latent_size), the KL of each latent for each image, in nats. Each latent's KL is averaged over the batch, then raised
    to `floor` (a Python float) where it lies below, and the latents are added up. Gradients reach kl.
    """
    of_each_latent = kl.mean(0)
    return of_each_latent.clamp(min=floor).sum()
