"""Tasks of chapter 10, the hierarchical VAE: two beliefs merged, a stack drawn and drawn anew, each level's KL, and a bound without a closed form."""

from .ladder_kl import LADDER_KL
from .level_report import LEVEL_REPORT
from .merge import MERGE
from .resample_level import RESAMPLE_LEVEL
from .sample_prior import SAMPLE_PRIOR
from .two_level_bounds import TWO_LEVEL_BOUNDS

TASKS = (MERGE, SAMPLE_PRIOR, LADDER_KL, LEVEL_REPORT, RESAMPLE_LEVEL, TWO_LEVEL_BOUNDS)
