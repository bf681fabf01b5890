"""Searches and inference joined: one answer to one question."""
