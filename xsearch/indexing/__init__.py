"""Cells from the positions of powder lines."""
