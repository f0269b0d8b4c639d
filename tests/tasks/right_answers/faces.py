"""Right answers to the tasks of this topic, each written in another way."""

import torch

# ---- mean_arrow


def arrow_by_weights(codes, has):
    weights = torch.where(has, 1.0 / has.sum(), -1.0 / (~has).sum()).to(codes.dtype)
    return (weights.unsqueeze(1) * codes).sum(0)


def arrow_by_loop(codes, has):
    with_it = torch.stack([code for code, mark in zip(codes, has, strict=True) if mark])
    without = torch.stack([code for code, mark in zip(codes, has, strict=True) if not mark])
    return with_it.mean(0) - without.mean(0)


# ---- opportunity_gap


def gap_by_masked_means(scores, target, group):
    wearers = target == 1
    yes = (scores > 0).to(scores.dtype)
    first, second = yes[wearers & (group == 0)], yes[wearers & (group == 1)]
    return torch.abs(first.sum() / len(first) - second.sum() / len(second))


def gap_by_extremes(scores, target, group):
    rates = torch.stack([(scores[(target > 0) & (group == own)] > 0).to(scores.dtype).mean() for own in range(2)])
    return rates.max() - rates.min()


# ---- balanced_arrow


def balanced_by_table(codes, has, other):
    cells = [[codes[(other == level) & (has == kind)].mean(0) for kind in (True, False)] for level in sorted(set(other.tolist()))]
    return torch.stack([with_it - without for with_it, without in cells]).sum(0) / len(cells)


def balanced_by_weights(codes, has, other):
    levels = other.unique()
    weights = torch.zeros(len(codes), dtype=codes.dtype)
    for level in levels:
        for kind, sign in ((True, 1.0), (False, -1.0)):
            cell = (other == level) & (has == kind)
            weights[cell] = sign / (cell.sum().to(codes.dtype) * len(levels))
    return weights @ codes


# ---- laid_on


def laid_on_by_difference(decode, x, z, arrow, amount):
    change = decode(z + arrow * amount) - decode(z)
    return torch.clamp(x + change, min=0.0, max=1.0)


def laid_on_in_one_batch(decode, x, z, arrow, amount):
    moved, copy = decode(torch.cat([z + amount * arrow, z])).chunk(2)
    return (moved - copy + x).clip(0, 1)


# ---- without_span


def span_by_least_squares(codes, directions):
    gram = directions @ directions.T
    return codes - torch.linalg.solve(gram, directions @ codes.T).T @ directions


def span_one_after_the_other(codes, directions):
    """Gram and Schmidt."""
    basis = []
    for direction in directions:
        for other in basis:
            direction = direction - (direction @ other) * other
        basis.append(direction / direction.norm())
    for unit in basis:
        codes = codes - (codes @ unit).unsqueeze(1) * unit
    return codes


# ---- edit_report


def edits_as_rows():
    rows = [
        (4, 0, 1_000, 5, 60, 34.0, 35.1, -1.1),
        (4, 1, 1_000, 5, 60, 34.0, 33.2, 0.8),
        (4, 2, 1_000, 5, 60, 34.0, 31.9, 2.1),
        (16, 0, 1_000, 5, 60, 34.0, 30.4, 3.6),
        (16, 1, 1_000, 5, 60, 34.0, 32.5, 1.5),
        (16, 2, 1_000, 5, 60, 34.0, 33.3, 0.7),
    ]
    names = ("latents", "seed", "images", "epochs", "edited", "before", "after", "saved")
    return {"predicted": "smaller", "runs": [dict(zip(names, row, strict=True)) for row in rows], "came_true": False}


def edits_by_column():
    runs = {
        "latents": [2, 2, 2, 64, 64, 64],
        "seed": [1, 2, 3, 3, 2, 1],
        "images": [5_000] * 6,
        "epochs": [20] * 6,
        "edited": [250] * 6,
        "before": [35.2] * 6,
        "after": [30.1, 29.4, 31.2, 25.3, 25.9, 26.2],
        "saved": [5.1, 5.8, 4.0, 9.9, 9.3, 9.0],
    }
    return {"predicted": "no clear difference", "runs": runs, "came_true": False}


RIGHT_ANSWERS = {
    "mean_arrow": (arrow_by_weights, arrow_by_loop),
    "opportunity_gap": (gap_by_masked_means, gap_by_extremes),
    "balanced_arrow": (balanced_by_table, balanced_by_weights),
    "laid_on": (laid_on_by_difference, laid_on_in_one_batch),
    "without_span": (span_by_least_squares, span_one_after_the_other),
    "edit_report": (edits_as_rows, edits_by_column),
}
