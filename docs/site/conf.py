"""How Sphinx sets the pages. `python -m docs.site` writes what it reads."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from docs.site.pages import REPOSITORY  # noqa: E402
from vae_course import __version__ as release  # noqa: E402, F401

project = "Variational autoencoders"
author = "The vae-course authors"
copyright = author
language = "en"
root_doc = "contents"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "docs.site.docstrings"]
exclude_patterns = []

# Nothing is run: pages show what is stored in them.
nb_execution_mode = "off"
nb_merge_streams = True
nb_code_prompt_show = "Show the set-up"
nb_code_prompt_hide = "Hide the set-up"
myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_dmath_double_inline = True
myst_heading_anchors = 3
nb_mime_priority_overrides = [("html", "text/html", 0)]

# Formulas by a copy of MathJax that lies beside the pages.
mathjax_path = "mathjax/tex-chtml.js"
mathjax3_config = {"options": {"enableMenu": False}, "chtml": {"mtextInheritFont": True}}

# The reference is made of docstrings, which are plain text with `names`.
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "sphinx_book_theme"
html_title = "Variational autoencoders"
templates_path = [str(ROOT / "docs" / "site" / "templates")]
html_sidebars = {"**": ["home.html", "search-button-field.html", "sbt-sidebar-nav.html"]}
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sourcelink = False
html_last_updated_fmt = None
html_domain_indices = False
pygments_style = "a11y-high-contrast-light"
html_theme_options = {
    "repository_url": REPOSITORY,
    "use_repository_button": True,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "navbar_start": [],
    "navbar_center": [],
    "navbar_end": [],
    "navbar_persistent": [],
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "footer_content_items": "copyright.html",
}
html_context = {"default_mode": "auto"}
suppress_warnings = ["mystnb.unknown_mime_type", "myst.header", "misc.highlighting_failure"]
