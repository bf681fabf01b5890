"""Measuring how well xsearch answers, on labelled data."""
