"""A crystal against a powder pattern: profile correlation, strain fit, Le Bail, Rietveld-like refinement."""
