"""The data doctor: is this record fit for identification, and if not, why and what to do."""

from heliid.data.doctor.examine import examine, examine_campaign
from heliid.data.doctor.files import doctor_files
from heliid.data.doctor.finding import KINDS, Finding, Severity

__all__ = [
    "KINDS",
    "Finding",
    "Severity",
    "doctor_files",
    "examine",
    "examine_campaign",
]
