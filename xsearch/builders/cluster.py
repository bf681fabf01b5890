"""Batches worked on by a Dask cluster, through its ordinary scheduler address."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from xsearch.builders.transform import Batch
from xsearch.errors import BuildError, MissingExtra

WAITING_PER_THREAD = 3
"""Batches handed out ahead, so that no worker waits for the network."""

CONNECT_S = 20
"""Time-out of connecting to the scheduler. Set by hand."""

RETRIES = 5
"""How often a batch is given out again after its worker died."""


@contextmanager
def running_on(address: str | None) -> Iterator[Callable[[Any, Iterator[Batch]], Generator[tuple[int, Any]]] | None]:
    """A way to run batches on the cluster at an address; None where no address is given.

    The workers need the same version of xsearch, and nothing else: a batch holds its items, and the chunk comes back.

    Raises:
        MissingExtra: where `distributed` is not installed.
        BuildError: where no scheduler answers there, or it has no worker.
    """
    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError:
        raise MissingExtra('--cluster needs Dask: pip install "xsearch[cluster]".') from None
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise BuildError(
            f"No Dask scheduler answers at {address} ({' '.join(str(error).split())[:120]}); start one with "
            "`dask scheduler`, and give the address that it prints."
        ) from None
    with client:
        yield Cluster(client, address)


class Cluster:
    """Runs batches on a cluster."""

    def __init__(self, client: Any, address: str) -> None:
        self._client, self._address = client, address

    def __call__(self, transform: Any, batches: Iterator[Batch]) -> Generator[tuple[int, Any]]:
        """Chunks of batches, in the order in which they get ready.

        Raises:
            BuildError: where the cluster is lost, or a batch kills one worker after another.
        """
        from distributed import KilledWorker, as_completed
        from distributed.client import FutureCancelledError

        threads = sum(self._client.nthreads().values())
        if not threads:
            raise BuildError(f"The Dask scheduler at {self._address} has no worker; start some with `dask worker`.")
        try:
            shared = self._client.scatter(transform, broadcast=True, hash=False)
            ready = as_completed(loop=self._client.loop)
            numbers = {}

            def hand_out(count: int) -> None:
                for batch in islice(batches, count):
                    future = self._client.submit(_work, shared, batch, pure=False, retries=RETRIES)
                    numbers[future.key] = batch.number
                    ready.add(future)

            hand_out(threads * WAITING_PER_THREAD)
            for future in ready:
                chunk = future.result()
                yield numbers.pop(future.key), chunk
                future.release()
                hand_out(1)
        except (KilledWorker, FutureCancelledError, OSError, TimeoutError) as error:
            raise BuildError(
                f"The Dask cluster at {self._address} failed ({type(error).__name__}: "
                f"{' '.join(str(error).split())[:160]}). What was done is kept; the same command goes on from there."
            ) from None


def _work(transform: Any, batch: Batch) -> Any:
    return transform(batch)
