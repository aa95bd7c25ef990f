"""Models and results in other formats."""
