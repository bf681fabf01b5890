"""Fitting and training what xsearch ships: each module is a command."""
