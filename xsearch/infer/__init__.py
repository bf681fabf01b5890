"""Structures of compounds that are in no database, inferred from templates."""
