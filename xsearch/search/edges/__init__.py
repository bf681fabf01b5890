"""Searches by XANES: matching, evidence, hits, and sums of several compounds."""
