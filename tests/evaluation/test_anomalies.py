"""Scores of strangeness: the identities between them, and what is left when a measure is taken out."""

import pytest
import torch

from vae_course.evaluation.anomalies import SCORES, anomaly_scores, without_measure


def test_the_scores_are_the_bounds_they_are_named_for(linear_gaussian):
    model = linear_gaussian(slack=0.5)
    x = model.draw(300)
    scores = anomaly_scores(model, x, k=400)
    exact = -model.log_evidence(x)
    assert (scores["−ELBO"].mean() > scores["importance-weighted"].mean()).item()
    torch.testing.assert_close(scores["importance-weighted"], exact, rtol=0, atol=0.25)
    assert (scores["−ELBO"].mean() - exact.mean()) > 0.1, "a slack encoder leaves a gap"


def test_more_draws_tighten_the_bound_and_leave_the_elbo(linear_gaussian):
    model = linear_gaussian(slack=0.5)
    x = model.draw(2000)
    one, many = (anomaly_scores(model, x, k=k) for k in (1, 30))
    torch.testing.assert_close(one["−ELBO"].mean(), many["−ELBO"].mean(), rtol=0, atol=0.1)
    assert one["importance-weighted"].mean() > many["importance-weighted"].mean() + 0.1
    torch.testing.assert_close(one["importance-weighted"].mean(), one["−ELBO"].mean(), rtol=0, atol=0.1)


def test_elbo_and_reconstruction_differ_by_the_kl(small_vae, blobs):
    x = blobs.test.x
    scores = anomaly_scores(small_vae, x, k=3, decoded_at_once=30)
    with torch.no_grad():
        kl = torch.distributions.kl_divergence(small_vae.encode(x), small_vae.prior)
    torch.testing.assert_close(scores["−ELBO"] - scores["reconstruction"], kl, rtol=1e-3, atol=1e-3)
    assert all(scores[name].shape == (len(x),) for name in SCORES)
    assert small_vae.training
    again = anomaly_scores(small_vae, blobs, k=3, decoded_at_once=30)
    assert all(torch.equal(scores[name], again[name]) for name in SCORES)


def test_taking_a_measure_out_leaves_what_it_does_not_explain():
    generator = torch.Generator().manual_seed(0)
    ink, strange = torch.rand(500, generator=generator), torch.randn(500, generator=generator)
    normal_ink = torch.linspace(0, 1, 50)
    scores = 3 + 7 * ink + strange
    left = without_measure(ink, scores, normal_ink, 3 + 7 * normal_ink)
    torch.testing.assert_close(left, strange, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ((torch.zeros(3), torch.zeros(4), torch.zeros(2), torch.zeros(2)), "expected \\(n,\\) twice and \\(m,\\) twice"),
        ((torch.zeros(3), torch.zeros(3), torch.ones(2), torch.zeros(2)), "the same for all normal examples"),
    ],
)
def test_bad_input_is_named(inputs, message):
    with pytest.raises(ValueError, match=message):
        without_measure(*inputs)


def test_at_least_one_draw(small_vae, blobs):
    with pytest.raises(ValueError, match="k is 0"):
        anomaly_scores(small_vae, blobs, k=0)
