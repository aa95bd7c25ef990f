"""The outer search over model orders."""
