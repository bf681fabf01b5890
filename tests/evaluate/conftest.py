"""The index and the measurements that the tests of the search make."""

from tests.prototypes import *  # noqa: F403
