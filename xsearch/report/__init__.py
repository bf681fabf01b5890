"""Answers as tables, JSON, pages, plots and CIF files."""
