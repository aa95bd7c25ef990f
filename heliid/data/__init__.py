"""Flight records: reading, conditioning, roles, scaling."""
