"""Judging a model: measures with limits and sources, and the frozen report that holds them."""

from heliid.validation.bands import Band, Check, TestCase
from heliid.validation.evidence import record_facts, was_selected_on, was_trained_on
from heliid.validation.explain import ErrorKind, OutputError
from heliid.validation.frequency import FrequencyComparison, FrequencyPair
from heliid.validation.judge import WINDOWS, judge
from heliid.validation.report import (
    ALL,
    ONE_STEP,
    Growth,
    RecordJudgement,
    Score,
    TheilParts,
    ValidationReport,
)
from heliid.validation.residuals import Correlation, ResidualTest
from heliid.validation.thresholds import DEFAULT, GUIDELINE, OWN, READ, Threshold, Thresholds

__all__ = [
    "ALL", "DEFAULT", "GUIDELINE", "ONE_STEP", "OWN", "READ", "WINDOWS", "Band", "Check",
    "Correlation", "ErrorKind", "FrequencyComparison", "FrequencyPair", "Growth", "OutputError",
    "RecordJudgement", "ResidualTest", "Score", "TestCase", "TheilParts", "Threshold",
    "Thresholds", "ValidationReport", "judge", "record_facts", "was_selected_on",
    "was_trained_on",
]  # fmt: skip
