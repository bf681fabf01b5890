"""How long the stages of an answer take."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


@contextmanager
def timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    """Enter the wall time of what is done inside, in milliseconds."""
    begin = perf_counter()
    yield
    timings[stage] = (perf_counter() - begin) * 1e3
