"""The index and the measurements that the tests of the search make."""

from tests.search.conftest import *  # noqa: F403
