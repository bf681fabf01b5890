"""The Materials Project through mp-api, which only this module imports.

How the client behaves, and what follows from it here:
- without a filter it leaves the REST service for whole tables in object storage; so a filter is always set, and the
  bulk path is a choice of its own;
- its document models cost more time than the network; so documents stay dictionaries;
- it tries again on 429, 502 and 504 only, and its time-out can be set on the single resters only; so those are made
  here, and everything else that may pass is tried again here, with growing waits.

Importing mp-api takes some ten seconds: this module is imported when a build needs it, and by no worker.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import requests

from xsearch.builders.mp_documents import NEEDED
from xsearch.builders.page_cache import Document, Filters, PageCache, page_key
from xsearch.builders.settings import FETCHING, FetchSettings
from xsearch.errors import BuildError
from xsearch.progress import Progress

KEY_LENGTH = 32
"""Characters of a key of the present interface."""

KEY_PAGE = "https://materialsproject.org/api"
_STATUS = re.compile(r"error status code (\d{3})|too many (\d{3}) error")
_PASSING = {408, 425, 429, 500, 502, 503, 504}
"""HTTP status codes of failures that may pass."""

_GNOME_BATCH = "gnome_r2scan_statics"


@dataclass(frozen=True, slots=True)
class Query:
    """One page to fetch.

    Attributes:
        route: `summary`, `xas`, or `core`, which has no pages and is read by ids.
        filters: names and values as the client's `search` takes them; never empty.
        fields: of the documents.
        size: documents a page.
        page: its number, from 1.
    """

    route: str
    filters: Filters
    fields: tuple[str, ...]
    size: int
    page: int = 1

    def key(self, db_version: str) -> str:
        """Its name in the store of pages."""
        return page_key(self.route, db_version, self.filters, self.fields, self.size, self.page)


class _Passing(Exception):
    """A failure that may pass; its text says what happened."""


def api_key(given: str | None = None) -> str:
    """The user's key: given, or `MP_API_KEY`, or `PMG_MAPI_KEY`.

    Raises:
        BuildError: where there is none, or it has not the length of one.
    """
    key = (given or os.environ.get("MP_API_KEY") or os.environ.get("PMG_MAPI_KEY") or _configured_key()).strip()
    if not key:
        raise BuildError(
            f"The Materials Project asks for a key: get one at {KEY_PAGE}, and set it with export MP_API_KEY=..."
        )
    if len(key) != KEY_LENGTH or not key.isascii() or not key.isalnum():
        raise BuildError(
            f"The key in MP_API_KEY has {len(key)} characters; {KEY_LENGTH} letters and digits are expected. Copy it "
            f"again from {KEY_PAGE}."
        )
    return key


def _configured_key() -> str:
    from pymatgen.core import SETTINGS

    return str(SETTINGS.get("PMG_MAPI_KEY") or "")


class Client:
    """Fetches pages, with retries, and reports failures in one line.

    Attributes:
        db_version: of the database, such as `2025.09.25`.
        pages_fetched: how many came over the network.
        network_s: time that requests took, over all connections.
    """

    def __init__(self, key: str | None = None, endpoint: str | None = None, settings: FetchSettings = FETCHING) -> None:
        """Reach the service once.

        Args:
            key: see `api_key`.
            endpoint: another address that speaks the same interface; default `MP_API_ENDPOINT` or the project's own.
            settings: time-out, waits between tries, and connections.

        Raises:
            BuildError: where the key is missing or refused, or nothing answers.
        """
        self._key = api_key(key)

        from mp_api.client.core.exceptions import MPRestWarning
        from mp_api.client.core.utils import validate_endpoint

        logging.getLogger("mp_api.client.core.client").setLevel(logging.ERROR)
        warnings.filterwarnings("ignore", category=MPRestWarning)  # what matters in them is reported here in one line
        self._endpoint: str = validate_endpoint(endpoint)
        self._settings = settings
        self._own = threading.local()
        self._lock = threading.Lock()
        self.pages_fetched = 0
        self.network_s = 0.0
        self.db_version = self.heartbeat(settings.waits_s[:2])

    def heartbeat(self, waits_s: tuple[float, ...] | None = None) -> str:
        """The database's version, requested anew."""

        def request() -> str:
            answer = requests.get(self._endpoint + "heartbeat", timeout=self._settings.timeout_s)
            if answer.status_code != 200:
                raise _failure(f"error status code {answer.status_code}", self._settings.timeout_s)
            try:
                return str(answer.json()["db_version"])
            except KeyError:
                raise self._schema_changed("its heartbeat names no db_version") from None

        return self._trying(request, waits_s)

    def count(self, route: str, filters: Filters) -> int:
        """How many documents a selection has."""
        criteria = {**_criteria(filters), "_limit": 1, "_fields": "material_id" if route == "summary" else "task_id"}
        return int(self._trying(lambda: self._rester(route).count(criteria)))

    def fetch(self, query: Query) -> list[Document]:
        """The documents of one page.

        Raises:
            BuildError: where it does not come after all tries, or is not what it should be.
        """
        assert query.filters, "a query without a filter would leave the REST service"

        def request() -> Any:
            return self._rester(query.route).search(
                **dict(query.filters),
                fields=list(query.fields),
                all_fields=False,
                chunk_size=query.size,
                num_chunks=1,
                **({} if query.route == "core" else {"_page": query.page}),
            )

        documents = self._trying(request)
        self._check(query, documents)
        with self._lock:
            self.pages_fetched += 1
        return list(documents)

    def fetch_all(self, queries: list[Query], store: PageCache, reporter: Progress) -> list[str]:
        """Fetch the pages that the store lacks.

        Returns:
            Their names in the store, in the queries' order.

        Raises:
            BuildError: at the first page that does not come; the others are kept.
        """
        keys = [query.key(self.db_version) for query in queries]
        missing = [(query, key) for query, key in zip(queries, keys, strict=True) if key not in store]
        reporter.advance(len(queries) - len(missing))

        def one(query: Query, key: str) -> None:
            documents = self.fetch(query)
            with self._lock:
                store.write(key, documents)
                reporter.advance(1)

        with ThreadPoolExecutor(self._settings.connections) as pool:
            requested = [pool.submit(one, query, key) for query, key in missing]
            try:
                wait(requested, return_when=FIRST_EXCEPTION)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
            for future in requested:
                if not future.cancelled():
                    future.result()
        return keys

    def bulk_materials(self, folder: Path, fields: tuple[str, ...], size: int) -> Iterator[list[Document]]:
        """All materials by way of object storage: the whole table is fetched to `folder`, then read in pages."""
        rester = self._new_rester("summary", local_dataset_cache=folder)
        dataset = self._trying(lambda: rester.search(include_gnome=True)).pyarrow_dataset
        wanted = [name for name in fields if name in dataset.schema.names]
        if lacking := [name for name in NEEDED["summary"] if name not in wanted]:
            raise self._schema_changed(f"its table of materials has no {lacking[0]}")
        for batch in dataset.to_batches(columns=wanted, batch_size=size):
            yield batch.to_pylist(maps_as_pydicts="strict")

    def bulk_spectra(self) -> Iterator[list[Document]]:
        """All spectra by way of object storage, one file in memory at a time."""
        rester = self._new_rester("xas")
        bucket, prefix = "materialsproject-build", "static-collections/xas"

        def request() -> list[str]:
            found = rester.s3_client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            return [entry["Key"] for page in found for entry in page.get("Contents", ())]

        names = self._trying(request)
        for name in sorted(name for name in names if "manifest" not in name):
            documents, _ = self._trying(partial(rester._query_open_data, bucket, name))
            yield documents

    def _rester(self, route: str) -> Any:
        """A rester of this thread's own, since a session serves one thread at a time."""
        resters = self._own.__dict__.setdefault("resters", {})
        if route not in resters:
            resters[route] = self._new_rester(route)
        return resters[route]

    def _new_rester(self, route: str, **more: Any) -> Any:
        return rester_class(route)(
            api_key=self._key,
            endpoint=self._endpoint,
            use_document_model=False,
            mute_progress_bars=True,
            timeout=self._settings.timeout_s,
            **more,
        )

    def _trying(self, request: Callable[[], Any], waits_s: tuple[float, ...] | None = None) -> Any:
        """What `request` returns, tried again while its failure may pass."""
        from botocore.exceptions import BotoCoreError
        from mp_api.client.core.exceptions import MPRestError

        waits = self._settings.waits_s if waits_s is None else waits_s
        for wait_s in (*waits, None):
            began = time.monotonic()
            try:
                return request()
            except (MPRestError, requests.RequestException) as error:
                failure = _failure(str(error), self._settings.timeout_s)
            except ValueError as error:  # an answer that was cut short is no JSON
                failure = _Passing(f"it sent what is no JSON ({' '.join(str(error).split())[:80]})")
            except (BotoCoreError, OSError) as error:
                failure = _Passing(f"its object storage cannot be read ({' '.join(str(error).split())[:120]})")
            except _Passing as error:
                failure = error
            except KeyError as error:
                failure = self._schema_changed(f"its answer lacks {error}")
            finally:
                with self._lock:
                    self.network_s += time.monotonic() - began
            if not isinstance(failure, _Passing):
                raise failure from None
            if wait_s is None:
                raise BuildError(
                    f"The Materials Project did not answer after {len(waits) + 1} tries: {failure}. What was "
                    "fetched is kept; the same command goes on from there."
                ) from None
            time.sleep(wait_s)
        raise AssertionError("unreachable")

    def _check(self, query: Query, documents: Any) -> None:
        """Refuse a page none of whose documents has what is needed: the service's schema has changed."""
        needed = [name for name in NEEDED[query.route] if name in query.fields]
        if not isinstance(documents, list) or not all(isinstance(document, dict) for document in documents):
            raise self._schema_changed(f"its {query.route} documents are no dictionaries")
        for name in needed:
            if documents and not any(document.get(name) is not None for document in documents):
                raise self._schema_changed(f"no {query.route} document of a page has the field {name}")

    def _schema_changed(self, what: str) -> BuildError:
        return BuildError(
            f"The Materials Project at {self._endpoint} answers in a form that this xsearch does not know: {what}. "
            "Update xsearch and mp-api (pip install -U xsearch mp-api)."
        )


@lru_cache
def rester_class(route: str) -> Any:
    """The client's rester of a route, with its list of fields made once.

    The client makes that list from the document's schema anew for every field of every request: a second a page.
    """
    from mp_api.client.routes.materials.materials import MaterialsRester
    from mp_api.client.routes.materials.summary import SummaryRester
    from mp_api.client.routes.materials.xas import XASRester

    kind = {"summary": SummaryRester, "xas": XASRester, "core": MaterialsRester}[route]
    fields = list(kind.document_model.model_json_schema()["properties"])
    return type(kind.__name__, (kind,), {"available_fields": fields})


def _criteria(filters: Filters) -> dict[str, Any]:
    """A selection as `count` takes it, which does not translate as `search` does."""
    criteria: dict[str, Any] = {}
    for name, value in filters:
        if name == "include_gnome":
            if not value:
                criteria["batch_id_not_eq"] = _GNOME_BATCH
        elif not name.startswith("_"):
            criteria[name] = ",".join(value) if isinstance(value, list | tuple) else value
    return criteria


def _failure(text: str, timeout_s: float) -> Exception:
    """What a failed request means to the user, from the client's message."""
    match = _STATUS.search(text)
    status = int(match[1] or match[2]) if match else None
    if status in (401, 403):
        return BuildError(
            f"The Materials Project refuses the key (HTTP {status}); look it up at {KEY_PAGE} and set MP_API_KEY anew."
        )
    if status == 429:
        return _Passing("it asks for fewer requests (HTTP 429)")
    if status in _PASSING:
        return _Passing(f"it has a problem of its own (HTTP {status})")
    if status is not None or "does not support the request" in text:
        return BuildError(
            f"The Materials Project does not understand the request (HTTP {status or 400}): update mp-api "
            f"(pip install -U mp-api). It said: {' '.join(text.split())[-160:]}"
        )
    if "invalid fields requested" in text:
        return BuildError(
            f"This version of mp-api does not know the fields that are requested for: {' '.join(text.split())[:160]}; "
            "install the version that xsearch pins (see constraints.txt)."
        )
    if "timed out" in text.lower():
        return _Passing(f"no answer within {timeout_s:g} s")
    return _Passing(f"it cannot be reached ({' '.join(text.split())[:120]}); is there a network?")
