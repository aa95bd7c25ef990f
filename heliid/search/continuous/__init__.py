"""Compiled searchers on real numbers: the textbook forms, and improved ones by the same names."""
