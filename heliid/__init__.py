"""HeliID: helicopter system identification from flight-test records."""

__version__ = "0.1.0"
