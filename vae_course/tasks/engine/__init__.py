"""What every task rests on: how one is declared, tried on probes, judged, and talked about."""

from .claims import FOREIGN, described, doubled, dtype_of, is_number, is_one_of, is_tensor, is_tuple, matches, rounding
from .declaration import Claim, Law, Mistake, Output, Plain, Probe, Task, Trouble, Verdict, as_double, called_plainly, task
from .laws import averages_over_the_batch, each_row_for_itself, finite_far_out, never_negative, relation, sums_over, symmetric_in, unchanged
from .probes import HELD_BACK, probes_from
from .randomness import distributed_as, unrelated
from .reading import read_report
from .reports import Column, Run, at_least, clearly, hangs_together, measured, not_swapped, same_in_all, setting, split_by, two_groups
from .slips import Slip, slip

__all__ = [
    "FOREIGN",
    "HELD_BACK",
    "Claim",
    "Column",
    "Law",
    "Mistake",
    "Output",
    "Plain",
    "Probe",
    "Run",
    "Slip",
    "Task",
    "Trouble",
    "Verdict",
    "as_double",
    "at_least",
    "averages_over_the_batch",
    "called_plainly",
    "clearly",
    "described",
    "distributed_as",
    "doubled",
    "dtype_of",
    "each_row_for_itself",
    "finite_far_out",
    "hangs_together",
    "is_number",
    "is_one_of",
    "is_tensor",
    "is_tuple",
    "matches",
    "measured",
    "never_negative",
    "not_swapped",
    "probes_from",
    "read_report",
    "relation",
    "rounding",
    "same_in_all",
    "setting",
    "slip",
    "split_by",
    "sums_over",
    "symmetric_in",
    "task",
    "two_groups",
    "unchanged",
    "unrelated",
]
