"""Figures. Each is shown with an alt text that says what is to be seen, in colours that colour-blind eyes tell apart.

`show_…` draws a figure and shows it, in one call. Its twin `draw_…` draws the same onto an axis of yours, for several panels in one figure:
`figure, axes = plt.subplots(1, 2, layout="constrained")`, one `draw_…` an axis, `show(figure, alt)`.
"""

from .agreement import draw_agreement, show_agreement
from .alarms import show_alarms
from .bars import draw_bars, draw_histograms, show_bars, show_histograms
from .bits import show_bit_maps
from .blocks import show_blocks
from .clouds import draw_clouds, show_clouds
from .compared import show_compared
from .curves import draw_curves, show_curves
from .densities import draw_densities, show_densities
from .gaps import show_bound, show_guesses, show_jensen, show_shortfalls
from .images import draw_images, show_images, show_pairs, show_strips, to_png
from .landscapes import draw_landscape, show_landscapes
from .latents import draw_ellipses, draw_latent_map, draw_manifold, show_ellipses, show_latent_map, show_manifold
from .machines import Part, draw_machine, show_machine
from .output import folded, outputs_of, packed, show, show_png
from .patients import show_patient
from .pens import draw_pen, show_pens
from .pipelines import show_pipelines
from .priors import draw_prior, show_priors
from .reparameterised import along_latent, show_estimates, show_paths, show_pulls, show_reports, show_way_back
from .series import Panel, show_against, show_detections, show_series, show_watch
from .stories import show_costs, show_readings, show_stories, show_two_levels
from .style import CLASS_COLOURS, COLOURS, STYLE
from .tradeoff import draw_tradeoff, show_tradeoff
from .tried import show_tried
from .tunes import draw_roll, rolls_in_words, show_rolls, show_walk
from .weighed import show_codes_and_samples

__all__ = [
    "CLASS_COLOURS",
    "COLOURS",
    "STYLE",
    "Panel",
    "Part",
    "along_latent",
    "draw_agreement",
    "draw_bars",
    "draw_clouds",
    "draw_curves",
    "draw_densities",
    "draw_ellipses",
    "draw_histograms",
    "draw_images",
    "draw_landscape",
    "draw_latent_map",
    "draw_machine",
    "draw_manifold",
    "draw_pen",
    "draw_prior",
    "draw_roll",
    "draw_tradeoff",
    "folded",
    "outputs_of",
    "packed",
    "rolls_in_words",
    "show",
    "show_against",
    "show_agreement",
    "show_alarms",
    "show_bars",
    "show_bit_maps",
    "show_bound",
    "show_blocks",
    "show_clouds",
    "show_codes_and_samples",
    "show_compared",
    "show_costs",
    "show_curves",
    "show_densities",
    "show_detections",
    "show_ellipses",
    "show_estimates",
    "show_guesses",
    "show_histograms",
    "show_images",
    "show_jensen",
    "show_landscapes",
    "show_latent_map",
    "show_machine",
    "show_manifold",
    "show_pairs",
    "show_paths",
    "show_patient",
    "show_pens",
    "show_pipelines",
    "show_png",
    "show_priors",
    "show_pulls",
    "show_readings",
    "show_reports",
    "show_rolls",
    "show_series",
    "show_shortfalls",
    "show_stories",
    "show_strips",
    "show_tradeoff",
    "show_tried",
    "show_two_levels",
    "show_walk",
    "show_watch",
    "show_way_back",
    "to_png",
]
