"""Learned models, one a file."""
