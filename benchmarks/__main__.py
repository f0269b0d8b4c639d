"""All benchmarks, or some of them, by one command. What is done is kept, so that a run that was stopped goes on.

python -m benchmarks                            all parts that have no result yet, in their order (`make benchmarks`)
python -m benchmarks batches import             some of them (`make benchmarks PARTS="batches import"`)
python -m benchmarks speed                      those about time and memory; `results` are those about what models learn, and take hours
python -m benchmarks --list                     what there is, and what has a result
python -m benchmarks batches --again            anew, although there is a result
python -m benchmarks --quick                    tiny runs, into a folder of their own: to see that all of it runs

Each part is a process of its own. Once it is whole, its table lies in build/benchmarks/PART.md, with machine, versions and date.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.tables import signature
from benchmarks.timing import ROOT

KEPT = ROOT / "build" / "benchmarks"


@dataclass(frozen=True)
class Part:
    """One table, or a few that belong together.

    words: what comes behind `python -m`.
    about: what it shows, in a few words.
    quick: whether it takes --quick.
    group: "speed" or "results".
    """

    words: str
    about: str
    quick: bool = False
    group: str = "speed"

    @property
    def command(self) -> str:
        return f"python -m {self.words}"


def _speed(words: str, about: str) -> Part:
    return Part(f"benchmarks.{words}", about, quick=True)


def _result(module: str, about: str) -> Part:
    return Part(f"benchmarks.{module}", about, group="results")


PARTS = {
    "batches": _speed("training_speed batches", "`fit`, plain lines, a DataLoader's loop and the floor, by batch size"),
    "sizes": _speed("training_speed sizes", "the same by size of the networks"),
    "images": _speed("training_speed images", "time an image and memory, by number of images"),
    "kinds": _speed("training_speed kinds", "convolutional, recurrent and hierarchical models"),
    "measures": _speed("training_measures measures", "what each measure bought"),
    "profile": _speed("training_measures profile", "where the time of `fit` goes"),
    "peer": _speed("training_speed peer", "pythae's trainer, where it is installed"),
    "gpu": _speed("training_speed gpu", "ten epochs on a GPU, where there is one"),
    "import": _speed("start_up import", "`import vae_course`"),
    "first-page": _speed("start_up first-page", "from a cold kernel to a slider that moves"),
    "likelihood": _speed("likelihood_speed --all", "−log p(x) by 5,000 samples: time and memory"),
    "sliders": Part("benchmarks.sliders --kernel", "from a moved slider to its picture, in the kernel"),
    "sliders-in-a-browser": Part("benchmarks.sliders --runs 5", "the same in JupyterLab; needs Chromium"),
    "half-and-compiled": Part("benchmarks.half_and_compiled", "bfloat16 and compiled networks"),
    "checks": Part("benchmarks.check_times --pairs 12", "how long `check` takes"),
    "grading": _speed("grading", "a batch of notebooks graded: time, and memory of the grader"),
    "data-sets": Part("benchmarks.data_sets", "how long each data set takes, and its size"),
    "course": _speed("start_up course", "the whole course in the quick profile"),
    "reference-curve": _result("reference_curve", "the reference VAE's curve over three seeds"),
    "sample-quality": _result("sample_quality", "how good samples look"),
    "strokes": _result("strokes", "digits as pen strokes"),
    "face-attributes": _result("face_attributes", "attributes of drawn faces, read by a network"),
    "face-edits": _result("face_edits", "faces edited by arrows and by conditions, as a reader of attributes sees them"),
    "face-seeds": _result("face_seeds", "the same edits, and what codes say of skin, over three seeds and two ways to tell"),
    "sequences": _result("sequences", "the recurrent VAE on series"),
    "series": _result("series", "one small VAE a set of series, beside simple rules"),
    "linear-probe": _result("linear_probe", "what a linear rule reads from codes"),
    "imputation": _result("imputation", "missing pixels filled in"),
    "gallery": _result("gallery", "what stored models make, as pictures, and how good it is"),
    "clinic": _result("clinic", "the clinic's runs from their seeds"),
    "autoencoders": _result("autoencoders", "autoencoders trained to their end, PCA beside them"),
    "autoencoder-vae-gan": _result("autoencoder_vae_gan", "three kinds of models, samples compared"),
    "disentanglement": _result("disentanglement", "MIG and FactorVAE score by β"),
    "few-labels": _result("few_labels", "a classifier from 100 labels"),
    "right-halves": _result("right_halves", "half of a digit drawn from the other half"),
    "paragraphs": _result("paragraphs", "text at two levels, beside one"),
    "anomalies": _result("anomalies", "one digit held out"),
    "at-work": _result("at_work", "spoiled images, features, a digit held out and frauds, each beside rivals"),
    "codes": _result("held_out_codes", "one digit held out, by an adversarial autoencoder's discriminator"),
    "charges": _result("two_charges", "an adversarial autoencoder beside the VAE of its network"),
    "hierarchy": _result("hierarchy", "one, two and three latent levels"),
    "colour-bits": _result("colour_bits", "bits per dimension of pictures in colour, beside packers"),
    "blur": _result("blur", "what is to blame for blur: weights, likelihoods, and losses that do not go pixel by pixel"),
    "collapse": _result("collapse", "posterior collapse on wallpapers, epoch by epoch, with three cures"),
    "resolutions": _result("two_resolutions", "two levels at two resolutions on tiles of photographs"),
}


def chosen(names: Sequence[str]) -> list[str]:
    """The parts that are meant: all for none, those of a group for its name. Ends the program at an unknown name."""
    groups = {group: [name for name, part in PARTS.items() if part.group == group] for group in ("speed", "results")}
    unknown = [name for name in names if name not in PARTS and name not in groups]
    if unknown:
        raise SystemExit(f"there is no part {unknown[0]!r}, expected some of: {', '.join([*groups, *PARTS])}")
    wanted = {part for name in names or PARTS for part in groups.get(name, [name])}
    return [name for name in PARTS if name in wanted]


def run(name: str, kept: Path, *, quick: bool) -> bool:
    """Run one part, show what it prints, and keep it once the part has ended well. Says whether it did."""
    part = PARTS[name]
    words = [*part.words.split(), *["--quick"] * quick]
    title = f"# {name}\n\n{part.about}\n\n`{part.command}{' --quick' * quick}`, {signature()}\n\n"
    print(title, end="", flush=True)
    kept.mkdir(parents=True, exist_ok=True)
    unfinished = kept / f"{name}.unfinished"
    started = time.perf_counter()
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(title)
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
        with subprocess.Popen(
            [sys.executable, "-m", *words], stdout=subprocess.PIPE, encoding="utf-8", cwd=ROOT, env=environment
        ) as running:
            assert running.stdout is not None
            for line in running.stdout:
                print(line, end="", flush=True)
                file.write(line)
        file.write(f"\nTook {time.perf_counter() - started:.0f} s.\n")
    if running.returncode:
        print(f"\n{name} failed; what it printed is in {unfinished.relative_to(ROOT)}\n", flush=True)
        return False
    os.replace(unfinished, kept / f"{name}.md")
    print(flush=True)
    return True


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="which; all by default")
    parser.add_argument("--again", action="store_true", help="also what has a result already")
    parser.add_argument("--quick", action="store_true", help="tiny runs, to see that they run")
    parser.add_argument("--list", action="store_true", help="only say what there is")
    given = parser.parse_args(words)
    kept = KEPT / "quick" if given.quick else KEPT
    failed = []
    for name in chosen(given.parts):
        done = (kept / f"{name}.md").is_file()
        if given.list:
            print(f"{name:22} {'done' if done else '':6}{PARTS[name].about}")
        elif given.quick and not PARTS[name].quick:
            print(f"{name}: has no quick run")
        elif done and not given.again:
            print(f"{name}: done, in {(kept / name).relative_to(ROOT)}.md")
        elif not run(name, kept, quick=given.quick):
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return int(bool(failed))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("\nstopped; the same command goes on with the part that was not finished")
