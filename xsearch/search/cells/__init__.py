"""Indexing: the cell of an unknown powder from the positions of its lines."""
