"""The clinic: `examine` says what ails a model; the patients are training runs that went wrong, each made again from its seed.

`stored(name)` gives a run as it was once made; `regenerate(name)` makes it anew. All are the same small convolutional VAE on the same
4,000 enlarged handwritten digits (`load("digits")`, so that no download is needed), and each patient has one thing wrong.
"""

from .examination import examine
from .patients import PATIENTS, Patient, names, patient
from .record import Examination, Finding
from .runs import Run, by_heart, levels, mended_evaluation, regenerate, store, stored, ward

__all__ = [
    "PATIENTS",
    "Examination",
    "Finding",
    "Patient",
    "Run",
    "by_heart",
    "examine",
    "levels",
    "mended_evaluation",
    "names",
    "patient",
    "regenerate",
    "store",
    "stored",
    "ward",
]
