"""X-ray absorption spectra against a library: matching, linear combination fits, prediction, forward model."""
