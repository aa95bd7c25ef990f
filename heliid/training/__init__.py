"""Weights for one given structure: ARX start, then Levenberg-Marquardt on growing horizons."""

from heliid.training.dataset import Dataset, make_dataset
from heliid.training.fit import Fit, TrainingSettings, refit, train

__all__ = ["Dataset", "Fit", "TrainingSettings", "make_dataset", "refit", "train"]
