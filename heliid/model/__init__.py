"""The two-tier NARX model: structure, network, files."""
