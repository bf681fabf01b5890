"""Labelled tables, their splits, and simulated measurements."""
