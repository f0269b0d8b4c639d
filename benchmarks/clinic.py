"""Make the clinic's runs again from their seeds, show their figures, whether each has its sign, and what `examine` says of it.

python -m benchmarks.clinic                    all of them
python -m benchmarks.clinic --store            and replace what is stored
"""

from __future__ import annotations

import argparse

from vae_course import clinic


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="which patients (all of them when none is named)")
    parser.add_argument("--store", action="store_true", help="replace what is stored")
    arguments = parser.parse_args()
    for name in arguments.names or clinic.names():
        run = clinic.regenerate(name)
        if arguments.store:
            clinic.store(run)
        shown = "shows its sign" if clinic.patient(name).shows(run.figures) else "shows no sign"
        print(f"{name} {shown}: " + ", ".join(f"{figure} {value:.3f}" for figure, value in run.figures.items()))
        print(f"  {clinic.examine(run.model, run.data, run.history, quiet=True).verdict}")


if __name__ == "__main__":
    main()
