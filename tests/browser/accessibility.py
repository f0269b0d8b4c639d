"""What axe-core finds wrong with a page, or with those parts of it that are the course's."""

from __future__ import annotations

# JupyterLab's own buttons and the colours of its code are not ours to mend.
OURS = (".jp-MarkdownOutput", ".jp-OutputArea-output", ".text_cell_render", ".output_subarea")


def violations(page, *, within: tuple[str, ...] = OURS) -> list[str]:
    """Each broken rule with the element that breaks it. Raises AssertionError when the page holds nothing to look at."""
    from axe_playwright_python.sync_playwright import Axe

    there = [selector for selector in within if page.locator(selector).count()]
    assert there, f"the page has none of {within}"
    found = Axe().run(page, context={"include": [[selector] for selector in there]}).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]
