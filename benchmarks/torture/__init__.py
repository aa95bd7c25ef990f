"""Trials of what HeliID promises about files, workers, numbers and the window."""
