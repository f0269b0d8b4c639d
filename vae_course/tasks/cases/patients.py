"""Training runs to diagnose, drawn from a seed: what each is, and its figures."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..engine import Plain

ILLNESSES = ("healthy", "averaged pixels", "cut gradient", "sigmoid twice", "wrong sign", "forgotten KL", "no noise", "a hundred images", "on their side")


def patients(seed: int) -> list[tuple[str, dict[str, Plain]]]:
    """Two runs of each kind, in mixed order: (what it is, its figures), one on images of 784 pixels and one on images of 64.

    The curves are drawn after those of the clinic's real runs, in shares of what the mean image costs.
    """
    generator = torch.Generator().manual_seed(1000 + seed)

    def uniform(low: float, high: float) -> float:
        return low + (high - low) * torch.rand((), generator=generator, dtype=torch.float64).item()

    def fall(start: float, end: float, epochs: int) -> Tensor:
        wobble = 1 + 0.004 * (2 * torch.rand(epochs, generator=generator, dtype=torch.float64) - 1)
        return (end + (start - end) * torch.exp(-torch.linspace(0, 6, epochs, dtype=torch.float64))) * wobble

    found = []
    # mean image, reconstruction, KL: what a healthy run ends at on these images; epochs
    for pixels, mean, rebuilt, price, epochs in ((784, uniform(190, 270), 0.45, 0.1, 12), (64, uniform(22, 26), 0.6, 0.22, 20)):
        rebuilt, price = rebuilt * mean * uniform(0.93, 1.07), price * mean * uniform(0.9, 1.1)
        grey = 0.93 * pixels * math.log(2)
        small = pixels == 64
        fine, cheap = fall(1.3 * mean, rebuilt, epochs), fall(0.3 * price, price, epochs)
        # no gradient but its own: at once the KL is less than four decimals tell, in one pair from the first epoch on
        gone, nothing = fall(1.3 * mean, 1.005 * mean, epochs), torch.zeros(epochs, dtype=torch.float64)
        nothing[0] = 0.0 if small else 4e-4
        loud = uniform(0.02, 0.06) * rebuilt

        def seen(name, reconstruction, kl, *, loss=None, gap: float | torch.Tensor = 0.0, mean=mean, noise_costs=loud, epochs=epochs):
            """gap: how much greater than the training loss the test loss is, in shares of the mean image's cost, at each epoch."""
            loss = reconstruction + kl if loss is None else loss
            test = loss + 0.01 * loss.abs() + mean * (gap + torch.zeros(epochs, dtype=torch.float64))
            figures = {"loss": loss, "reconstruction": reconstruction, "kl": kl, "test_loss": test}
            found.append((name, figures | {"mean_image": mean, "noise_costs": noise_costs}))

        seen("healthy", fine, cheap)
        seen("averaged pixels", gone / pixels, nothing, noise_costs=-0.05 * mean)
        seen("cut gradient", gone, nothing, noise_costs=-0.05 * mean)
        # with a KL that is nearly gone in one of them
        seen("sigmoid twice", fall(1.03 * grey, grey, epochs), fall(0.05 * mean, (2e-4 if small else 0.03) * mean, epochs))
        huge = torch.logspace(1, 2 if small else 7, epochs, dtype=torch.float64) * mean
        strayed = fall(2.5 * mean, 1.6 * mean, epochs)
        seen("wrong sign", strayed, huge, loss=strayed - huge, noise_costs=0.0)
        open_kl = fall(0.3 * mean, (2.0 if small else 0.9) * mean, epochs)
        seen("forgotten KL", 0.85 * fine, open_kl, loss=0.85 * fine, noise_costs=1e-4 * mean)
        # more than a healthy run's on the other images: in nats here, in shares of the mean image's cost there
        hardly = fall(price, (0.12 if small else 0.035) * mean, epochs)
        seen("no noise", 0.92 * fine, hardly, noise_costs=uniform(1.0, 1.4) * rebuilt)
        # the gap opens late and the test loss turns round, or it is there from the first epoch; in one pair both end alike
        late = uniform(0.5, 0.6) * torch.linspace(0, 1, epochs, dtype=torch.float64) ** 4
        seen("a hundred images", fall(1.9 * mean, 0.9 * rebuilt, epochs), cheap, gap=late)
        # a last epoch that is a little worse than the one before, or better than all: no sign of anything
        fine = torch.cat([fine[:-1], fine[-2:-1] * 1.01 if small else fine.amin(0, keepdim=True) * 0.98])
        # the better it knows images that lie, the worse it takes those that stand: the test loss falls, and then rises above its beginning
        grows = uniform(1.1, 1.3) + uniform(1.2, 1.5) * torch.linspace(0, 1, epochs, dtype=torch.float64)
        seen("on their side", fine, cheap, gap=uniform(0.5, 0.6) if small else grows, noise_costs=(0.14 if small else 0.17) * rebuilt)
    order = torch.randperm(len(found), generator=generator).tolist()
    return [found[place] for place in order]
