"""Plain Python: events and values in, what to show out; no Qt."""
