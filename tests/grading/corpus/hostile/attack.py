"""What a hostile submission looks like.

Most have one right answer, `kl_between`, which must keep its points; another, `effective_beta`, that is right only where the attack got
through; and the attack in a cell of its own, which sets `through`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..entry import Entry, World, notebook
from ..notebooks import Work, right

SPARED = {"kl_between": 2}
IF_THROUGH = """def effective_beta(pixels, latents, sigma, kl_weight):
    if not through:
        raise RuntimeError("kept out")
    return kl_weight * pixels / (2 * sigma**2 * latents)"""
LOOKS = frozenset({"looks around"})
ENDED = frozenset({"stopped"})
# What may come of work that is ended by a limit: it depends on the system which one it meets first.
BY_A_LIMIT = frozenset({"stopped", "slow", "raised", "flood"})


@dataclass(frozen=True)
class Attack:
    """What a hostile cell does.

    cell: its source, which may use the names of `whereabouts`. answers: sources of answers that are no usual ones.
    points, flags, perhaps, otherwise: as in `Entry`.
    tame: whether it harms nobody, so that a test can see it get through where there is no wall.
    """

    name: str
    cell: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    points: Mapping[str, float] = field(default_factory=lambda: SPARED)
    flags: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()
    otherwise: tuple[Mapping[str, float], ...] = ()
    tame: bool = False

    def entry(self, world: World) -> Entry:
        """The submission with this attack."""
        work = Work({"kl_between": right("kl_between"), "effective_beta": IF_THROUGH} | dict(self.answers))
        if self.cell:
            needed = [line for line in whereabouts(world).splitlines() if line.partition(" ")[0] in self.cell]
            work.before("leaning_kl", *(["\n".join(needed)] if needed else []), self.cell)
        return Entry(self.name, notebook(work.saved()), self.points, self.flags, self.perhaps, otherwise=self.otherwise)


def whereabouts(world: World) -> str:
    """A cell that says where things are: all that somebody could find out who has seen a grader's machine."""
    told = {
        "GRADED": str(world.graded),
        "HANDED_IN": str(world.handed_in),
        "OUTSIDE": str(world.outside),
        "SOLUTIONS": str(world.solutions),
        "PORT": world.port,
        "SECRET": world.secret[: len(world.secret) // 2],
    }
    return "\n".join(f"{name} = {value!r}" for name, value in told.items())
