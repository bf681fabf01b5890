"""Crystals solved from a pattern and a formula alone, without a template."""
