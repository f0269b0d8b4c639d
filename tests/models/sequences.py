"""What any model of sequences is asked, whatever a step of it is."""

import torch
from torch import Tensor
from torch.distributions import kl_divergence

from vae_course.models.recurrent import SequenceVAE


def has_the_shapes_of_the_contract(model: SequenceVAE, x: Tensor) -> None:
    """x: six sequences; the model has three latents."""
    q = model.encode(x)
    assert q.batch_shape == (6,)
    assert q.event_shape == (3,)
    p = model.decode(q.rsample((4,)))
    assert p.batch_shape == (4, 6)
    assert p.event_shape == x.shape[1:]
    assert p.log_prob(x).shape == (4, 6)
    assert p.sample((2,)).shape == (2, 4, *x.shape)
    assert model.decode(torch.zeros(3)).log_prob(x[0]).shape == ()
    assert model.sample(5).shape == (5, *x.shape[1:])
    assert model.reconstruct(x).shape == x.shape
    assert model.interpolate(x[0], x[1], steps=4).shape == (4, *x.shape[1:])
    assert kl_divergence(q, model.prior).shape == (6,)
