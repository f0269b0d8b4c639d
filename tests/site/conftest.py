from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import browser as browser
from tests.notebooks.project import ROOT


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The site, built as from a fresh clone: from the files of the repository alone, and without a network.

    Who mends a page of it may name a site that is built already in VAE_COURSE_SITE, and is spared the minutes.
    """
    if built := os.environ.get("VAE_COURSE_SITE"):
        return Path(built).resolve()
    pytest.importorskip("sphinx", reason="needs what `pip install vae-course[site]` brings")
    npm = os.environ.get("VAE_COURSE_NPM", "")
    if not npm:
        pytest.skip("needs what npm brings: run `make test-site`")
    clone = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).exists():  # what was deleted and not yet committed is listed still
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone / name)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "tests" / "offline" / "guard"), str(clone)])}
    environment["VAE_COURSE_NETWORK_LOG"] = str(clone / "network.log")
    environment.pop("VAE_COURSE_PROFILE", None)
    command = [sys.executable, "-m", "docs.site", "--to", "build/site", "--npm", npm]
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    (clone / "build" / "said.txt").write_text(done.stdout, "utf-8")
    return clone / "build" / "site"
