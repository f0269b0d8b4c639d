"""What every task rests on: how one is declared, tried on probes, judged, and talked about."""

from .claims import FOREIGN, described, doubled, dtype_of, is_number, is_one_of, is_tensor, is_tuple, matches, rounding
from .declaration import Claim, Law, Mistake, Output, Plain, Probe, Task, Trouble, Verdict, as_double, called_plainly, task
from .laws import averages_over_the_batch, each_row_for_itself, finite_far_out, never_negative, relation, sums_over, symmetric_in, unchanged
from .probes import HELD_BACK, probes_from
from .randomness import distributed_as, unrelated
from .slips import Slip, slip

__all__ = [
    "FOREIGN",
    "HELD_BACK",
    "Claim",
    "Law",
    "Mistake",
    "Output",
    "Plain",
    "Probe",
    "Slip",
    "Task",
    "Trouble",
    "Verdict",
    "as_double",
    "averages_over_the_batch",
    "called_plainly",
    "described",
    "distributed_as",
    "doubled",
    "dtype_of",
    "each_row_for_itself",
    "finite_far_out",
    "is_number",
    "is_one_of",
    "is_tensor",
    "is_tuple",
    "matches",
    "never_negative",
    "probes_from",
    "relation",
    "rounding",
    "slip",
    "sums_over",
    "symmetric_in",
    "task",
    "unchanged",
    "unrelated",
]
