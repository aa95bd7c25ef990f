"""Widgets that show a presenter and pass on what the user did."""
