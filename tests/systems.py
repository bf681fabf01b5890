"""Marks of tests that only some systems can run."""

import os

import pytest

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs the signals, limits and users of POSIX")
