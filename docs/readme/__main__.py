"""python -m docs.readme: write the map of the pages, their small faces, and the plans anew."""

from __future__ import annotations

from docs.site.pages import ROOT, all_pages

from . import faces, map, plans
from .blocks import with_block


def main() -> None:
    pages = [page for page in all_pages() if page.folder == "notebooks"]
    faces.write(pages)
    written = {"README.md": {"the map": map.table(pages)}, "TEACHING.md": plans.parts_of_teaching()}
    for document, blocks in written.items():
        text = (ROOT / document).read_text("utf-8")
        for name, inside in blocks.items():
            text = with_block(text, name, inside)
        (ROOT / document).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
