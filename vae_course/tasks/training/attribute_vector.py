"""A direction that means something."""

import torch

from ..engine import matches, probes_from, relation, slip, task, unchanged


def labelled(draw, n, d):
    z = draw(n + 3, d)
    has = draw(n + 3) > 0.4
    has[0], has[1], has[2] = True, False, False
    return {"z": z + 2 * has.unsqueeze(1) * draw(d), "has": has}


def reference(z, has):
    """Least squares: of z = a + has·v, the v that fits best is the difference of the two means."""
    design = torch.stack([torch.ones(len(z), dtype=torch.float64), has.double()], 1)
    return torch.linalg.lstsq(design, z).solution[1]


@task(
    points=1,
    probes=probes_from(labelled),
    laws=(
        relation(lambda z, has: {"has": ~has}, lambda result: -result, "With the attribute the other way round, the step should go the other way", "The way back is the same way, with the other sign. What is your starting point, and what your end?"),
        unchanged(lambda z, has: {"z": z + 5}, "With every z moved by the same", "Move everything by the same amount: a step from one place to another stays what it is. What of yours does not cancel?"),
        unchanged(lambda z, has: {"z": torch.cat([z, z[has]]), "has": torch.cat([has, has[has]])}, "With everybody who has the attribute there twice", "A group of twice the size has the same mean. What do you divide by, in each of the two groups?"),
    ),
    claims=matches(reference, "The vector should be the difference of the two groups' means", scale=lambda z, has: z.abs().max() + 1),
    slips=(
        slip("with_it - without", "without - with_it", "Adding your vector takes the attribute away. Which group is the one to go to?"),
        slip("z[~has].mean(0)", "z.mean(0)", "You measure from the mean of everybody, those with the attribute among them. From where should the step start?"),
        slip("z[has].mean(0)", "z.mean(0)", "You stop at the mean of everybody, those without the attribute among them. Where should the step end?"),
        slip({"z[has]": "z[has.long()]", "z[~has]": "z[1 - has.long()]"}, "As an index, 0 and 1 are rows: yours takes the first two again and again. Which type of index says for each row whether it is taken?"),
        slip({"z[has].mean(0)": "z[has].sum(0)", "z[~has].mean(0)": "z[~has].sum(0)"}, "Sums grow with the size of a group. With three smiles and three hundred straight faces, where does your vector point?"),
        slip({"z[has].mean(0)": "(z * has.unsqueeze(1)).mean(0)", "z[~has].mean(0)": "(z * (~has).unsqueeze(1)).mean(0)"}, "Setting the others to zero doesn't take them out of a mean. What do you divide by?"),
        slip("with_it - without", "with_it", "That is where the group with the attribute lies, with everything else that it has on average. What is subtracted?"),
        slip({"z[has].mean(0)": "z[has].mean()", "z[~has].mean(0)": "z[~has].mean()"}, "One number. Over which axis is the mean of a group of vectors taken?"),
        slip("with_it - without", "torch.nn.functional.normalize(with_it - without, dim=0)", "The direction is right and the length is lost. How far must one go from without to with?"),
        slip({"z[has].mean(0)": "z[has].median(0).values", "z[~has].mean(0)": "z[~has].median(0).values"}, "Those are medians. What was asked for?"),
        slip("with_it - without", "(with_it + without) / 2", "Half way between the two groups lies a place. Is a place asked for, or the step from one to the other?"),
        slip({"z[has].mean(0)": "z[has].mean(1)", "z[~has].mean(0)": "z[~has].mean(1)"}, "What you subtract has one row, or one number, for each image, and the groups are not of one size. Over which axis is the mean of a group taken, and before the subtraction or after it?"),
    ),
    hints=(
        "Where do those with the attribute lie on average, and where do those without?",
        "A boolean tensor picks rows: z[has] are those with it. ~has turns it round.",
        "Mean over rows of the first group, less the mean over rows of the second.",
    ),
)
def attribute_vector(z, has):
    """The step from 'without' to 'with': mean of z where has is true − mean where it is false.

    z: (n, latent_size), posterior means. has: (n,), booleans, at least one of each. Result: (latent_size,).
    """
    with_it, without = z[has].mean(0), z[~has].mean(0)
    return with_it - without
