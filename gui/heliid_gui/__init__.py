"""The window of HeliID."""
