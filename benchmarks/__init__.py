"""Figures of speed and accuracy, each printed by one command; `python -m benchmarks` lists them."""
