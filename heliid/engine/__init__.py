"""Evaluating many independent tasks: serially, in local processes, elsewhere."""
