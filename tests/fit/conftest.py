"""The textbook crystals of the template library."""

from tests.infer.conftest import crystals  # noqa: F401
