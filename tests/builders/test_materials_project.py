"""Builds through the real mp-api client, against a server on this machine."""

import gzip
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pytest

from tests.mp_library import Library, alpha_id
from tests.mp_server import KEY, Fault, MpServer, serving
from xsearch.builders.add import add_entries
from xsearch.builders.mp import build_mp, select
from xsearch.builders.mp_documents import spectrum_id_of
from xsearch.builders.mp_selection import Selection
from xsearch.builders.settings import FetchSettings
from xsearch.errors import BuildError, XSearchError
from xsearch.indexes import Index, rollback

QUICK = FetchSettings(waits_s=(0.0, 0.0, 0.0))
TWICE = FetchSettings(waits_s=(0.0,))
ONCE = FetchSettings(waits_s=())
PAGES_OF_TEN = replace(QUICK, documents_a_page=10, connections=1)
SMALL = 60


@pytest.fixture(autouse=True)
def no_internet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, and no way out: whatever asks for object storage meets a closed port."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("MP_API_KEY", KEY)


@pytest.fixture
def server(xsearch_home: Path) -> Iterator[MpServer]:
    """A server with sixty materials; every request of a test must have had a filter."""
    with serving(Library(SMALL)) as server:
        yield server
        assert server.wrong == []


def run(server: MpServer, selection: Selection | None = None, name: str = "mp", **more):
    more = {
        "workers": 1,
        "measured_cells": False,
        "shipped_spectra": False,
        "progress": False,
        "fetching": QUICK,
        **more,
    }
    return build_mp(name, selection, endpoint=server.url, **more)


def ids(index: Index) -> list[str]:
    return index.catalog.column("material_id").to_pylist()


def as_rows(index: Index) -> dict[str, bytes]:
    """Every entry's bytes less its vector, and every spectrum's."""
    entries = {}
    for row, name in enumerate(ids(index)):
        chunk = index.chunk(np.array([row]))
        place, field = chunk.table.schema.get_field_index("vector"), chunk.table.schema.field("vector")
        table = chunk.table.set_column(place, field, pa.nulls(chunk.table.num_rows, field.type))
        entries[name] = replace(chunk, table=table).to_bytes()
    spectra = {row["spectrum_id"]: repr({**row, "row_id": None}) for row in index.spectra_table.to_pylist()}
    return {**entries, **{name: text.encode() for name, text in spectra.items()}}


def vectors(index: Index) -> np.ndarray:
    """(n, d) of all entries; their last digit depends on how many are embedded at once."""
    stored = [index.chunk(np.array([row])).table["vector"][0].as_py() for row in range(len(index))]
    return np.array([np.frombuffer(one, np.float16) for one in stored], np.float32)


def test_everything_is_fetched_joined_and_described(server: MpServer) -> None:
    lone = dict(server.library.xas[0], task_id="mp-5")
    server.library.xas.append(lone)
    nc = server.library.summary[3]
    nc["builder_meta"] = {"license": "BY-NC", "batch_id": None}
    result = run(server)
    index = Index.open("mp")
    assert result.entries == SMALL - 1
    assert nc["material_id"] not in ids(index)
    document = server.library.summary[1]
    material = index.material(index.row_of(document["material_id"]))
    assert (material.source, material.licence) == ("Materials Project", "CC-BY-4.0")
    assert material.properties["band_gap_eV"] == document["band_gap"]
    assert material.properties["fermi_level_eV"] == document["efermi"]
    assert material.properties["last_updated"] == document["last_updated"]
    assert material.energy_above_hull_eV == document["energy_above_hull"]
    assert material.is_measured is False
    assert material.functional == "r2SCAN"
    assert index.material(index.row_of("mp-1000")).functional == "PBE+U"
    assert len(material.properties["task_ids"].split()) == 3
    lattice = document["structure"]["lattice"]["matrix"]
    assert material.crystal.lattice_A == pytest.approx(np.array(lattice))
    owner = {task: d["material_id"] for d in server.library.summary if d is not nc for task in d["task_ids"]}
    for spectrum in server.library.xas:
        if spectrum is lone or spectrum["task_id"] not in owner:
            continue
        row = index.row_of(owner[spectrum["task_id"]])
        mine = [s for s in index.spectra(row) if s.absorber == spectrum["absorbing_element"]]
        assert any(s.energy_eV.tolist() == spectrum["spectrum"]["x"] for s in mine)
        assert any(s.mu.tolist() == spectrum["spectrum"]["y"] for s in mine)
    reasons = {f.item_id: f.reason for f in index.failures()}
    assert any(name.startswith("mp-5-XANES") and "belongs to no material" in reasons[name] for name in reasons)
    assert index.manifest.extra["source_version"] == server.library.db_version
    assert "Jain" in index.manifest.extra["citations"][0]
    kinds = dict(
        index.sql("select spectrum_type, count(*) from spectra where window_note is null group by 1").fetchall()
    )
    assert kinds == {"XANES": sum(len(table) for table in index.xanes.values())}


def test_bad_grids_are_kept_without_loss(server: MpServer) -> None:
    spectra = [s for s in server.library.xas if s["spectrum_type"] == "XANES"][:5]
    x = spectra[0]["spectrum"]["x"]
    x[10] = x[9]  # repeated
    spectra[1]["spectrum"]["x"].reverse()
    spectra[1]["spectrum"]["y"].reverse()
    spectra[2]["spectrum"]["y"][:3] = [-0.1, 0.0, -1e-9]
    spectra[3]["spectrum"]["y"][5] = None
    spectra[4]["spectrum"]["absorbing_index"] = 2
    run(server)
    index = Index.open("mp")
    stored = {s.spectrum_id: s for row in range(len(index)) for s in index.spectra(row)}
    searched = {name for table in index.xanes.values() for name in table.spectrum_id}
    for spectrum in spectra:
        found = stored[spectrum_id_of(spectrum)]
        assert found.energy_eV.tolist() == spectrum["spectrum"]["x"]
        given = [np.nan if v is None else v for v in spectrum["spectrum"]["y"]]
        assert found.mu == pytest.approx(np.array(given), nan_ok=True, abs=0)
        assert found.spectrum_id in searched
        is_site = spectrum is spectra[4]
        assert (found.level, found.site_index) == (("site", 2) if is_site else ("material", None))


@pytest.mark.parametrize(
    ("fault", "times"), [("429", 9), ("500", 3), ("502", 6), ("drop", 2), ("truncate", 3), ("slow", 2)]
)
def test_what_passes_is_waited_for(server: MpServer, fault: str, times: int) -> None:
    server.faults = [Fault(fault, times, after=1)]
    assert run(server, Selection(limit=10)).entries == 10
    assert server.faults[0].times == 0


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("401", "refuses the key .HTTP 401"),
        ("403", "refuses the key .HTTP 403"),
        ("429", "fewer requests .HTTP 429.*goes on from there"),
        ("500", "problem of its own .HTTP 500.*goes on from there"),
        ("drop", "cannot be reached.*goes on from there"),
        ("truncate", "no JSON.*goes on from there"),
        ("strange", "form that this xsearch does not know"),
    ],
)
def test_what_does_not_pass_is_told_in_one_line(server: MpServer, fault: str, said: str) -> None:
    server.faults = [Fault(fault, 1000, after=1)]
    with pytest.raises(BuildError, match=said) as error:
        run(server, Selection(limit=10), fetching=TWICE)
    assert "\n" not in str(error.value)
    assert KEY not in str(error.value)


def test_an_answer_that_does_not_come_in_time_is_reported(server: MpServer) -> None:
    server.faults = [Fault("slow", 1000, after=1)]
    with pytest.raises(BuildError, match=r"no answer within 0.1 s.*goes on from there"):
        run(server, Selection(limit=10), fetching=replace(ONCE, timeout_s=0.1))


def test_a_key_that_is_missing_or_malformed_is_told(server: MpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, said in (("short", "has 5 characters; 32"), ("x" * 31 + "!", "32 letters and digits")):
        monkeypatch.setenv("MP_API_KEY", key)
        with pytest.raises(BuildError, match=said):
            run(server)
    monkeypatch.delenv("MP_API_KEY")
    monkeypatch.delenv("PMG_MAPI_KEY", raising=False)
    monkeypatch.setattr("pymatgen.core.SETTINGS", {})
    with pytest.raises(BuildError, match="asks for a key"):
        run(server)
    with pytest.raises(BuildError, match="refuses the key"):
        run(server, key="9" * 32)


def test_no_network_is_told(xsearch_home: Path) -> None:
    with pytest.raises(BuildError, match=r"cannot be reached.*is there a network"):
        build_mp("mp", endpoint="http://127.0.0.1:9/", fetching=TWICE, progress=False)


def test_a_stopped_fetch_goes_on_at_its_page(server: MpServer) -> None:
    server.faults = [Fault("500", 1000, after=5)]
    with pytest.raises(BuildError):
        run(server, fetching=replace(PAGES_OF_TEN, waits_s=()))
    assert server.documents_sent == 1 + 4 * 10
    server.faults = []
    server.documents_sent = 0
    run(server, fetching=PAGES_OF_TEN)
    spectra = len(server.library.xas)
    assert server.documents_sent <= 20 + spectra + 3
    resumed = Index.open("mp").manifest.files
    run(server, name="unstopped")
    assert Index.open("unstopped").manifest.files == resumed


def test_a_damaged_page_is_fetched_again(server: MpServer, xsearch_home: Path) -> None:
    server.faults = [Fault("500", 1000, route="/materials/xas/")]
    with pytest.raises(BuildError):
        run(server, fetching=replace(PAGES_OF_TEN, connections=3, waits_s=()))
    pages = sorted(xsearch_home.rglob("summary-*.json.zst"))
    assert len(pages) == 6
    content = bytearray(pages[2].read_bytes())
    content[len(content) // 2] ^= 1
    pages[2].write_bytes(bytes(content))
    server.faults, server.documents_sent = [], 0
    assert run(server, fetching=PAGES_OF_TEN).entries == SMALL
    kinds = {spectrum["spectrum_type"] for spectrum in server.library.xas}
    assert server.documents_sent == 10 + len(server.library.xas) + len(kinds)  # one document comes with a count
    assert not list(xsearch_home.rglob("*.json.zst"))


def test_an_update_brings_only_what_changed_and_equals_a_new_build(server: MpServer) -> None:
    library = server.library
    first = run(server)
    before = Index.open("mp")
    names = ids(before)
    changed, gone = names[4], names[9]
    library.change(changed)
    library.deprecate(gone)
    new = library.add(99_000_000, names[0])
    later = library.xas[-1]
    later["last_updated"] = "2025-06-01T00:00:00"
    later["spectrum"]["y"] = (1.5 * np.array(later["spectrum"]["y"])).tolist()
    library.db_version = "2025.06.01"
    result = run(server)
    index = Index.open("mp")
    assert result.reused == SMALL - 2
    assert ids(index) == [name for name in names if name != gone] + ["mp-99000000"]
    assert new["material_id"] != "mp-99000000"  # the project writes it with letters
    assert before.version == first.version
    before.verify()
    run(server, name="anew")
    assert as_rows(index) == as_rows(Index.open("anew"))
    assert vectors(index) == pytest.approx(vectors(Index.open("anew")), abs=1e-3)
    rollback("mp")
    assert ids(Index.open("mp")) == names


def test_an_update_of_nothing_makes_no_new_version(server: MpServer) -> None:
    first = run(server)
    sent = server.documents_sent
    again = run(server)
    assert (again.version, again.reused) == (first.version, SMALL)
    assert Index.open("mp").version == first.version
    assert server.documents_sent - sent < SMALL + len(server.library.xas) + 10


def test_another_selection_is_built_anew(server: MpServer) -> None:
    run(server, Selection(limit=20))
    assert run(server).reused == 0
    assert len(Index.open("mp")) == SMALL


def test_what_the_user_added_outlives_updates_and_new_builds(server: MpServer, tmp_path: Path) -> None:
    from pymatgen.core import Lattice, Structure

    run(server)
    Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]).to(
        tmp_path / "salt.cif"
    )
    x = np.linspace(7080, 7200, 200)
    np.savetxt(tmp_path / "Fe_foil.dat", np.column_stack([x, np.arctan(x - 7112)]), header="energy mu\nFe K edge")
    add_entries("mp", cif=tmp_path, xanes=tmp_path, licence="unpublished", progress=False)
    server.library.change(ids(Index.open("mp"))[0])
    assert run(server).reused == SMALL
    for selection in (None, Selection(limit=20)):
        run(server, selection)
        index = Index.open("mp")
        assert index.material(index.row_of("own-salt")).source == "own"
        assert "own-Fe_foil.dat" in index.xanes["Fe", "K"].spectrum_id
        assert "unpublished" in index.manifest.extra["licences"]


def test_selections(server: MpServer, tmp_path: Path) -> None:
    library = server.library
    elements = frozenset(library.summary[0]["elements"])
    run(server, Selection(elements=elements))
    wanted = {d["material_id"] for d in library.summary if set(d["elements"]) <= elements}
    assert set(ids(Index.open("mp"))) == wanted
    many = select(elements="H,Li,C,N,O,Fe,Si,Al,S", edges="K")
    run(server, many)
    wanted = {d["material_id"] for d in library.summary if set(d["elements"]) <= many.elements}
    assert set(ids(Index.open("mp"))) == wanted
    (tmp_path / "ids.txt").write_text(f"mp-1007, {alpha_id(1021)} # two\n1014", encoding="utf-8")
    chosen = select(ids=tmp_path / "ids.txt")
    assert chosen.ids == ("mp-1007", "mp-1021", "mp-1014")
    run(server, chosen)
    assert set(ids(Index.open("mp"))) == {"mp-1007", "mp-1014", "mp-1021"}
    tasks = {t for d in library.summary[1:4] for t in d["task_ids"]}
    assert Index.open("mp").spectra_table.num_rows == sum(s["task_id"] in tasks for s in library.xas)
    run(server, select(edges="L3"))
    assert Index.open("mp").spectra_table.num_rows == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [({"elements": "Fe,Xx"}, "element 'Xx'"), ({"edges": "K,Q"}, "edge 'Q'"), ({"limit": 0}, "at least 1")],
)
def test_selections_that_make_no_sense_are_told(given: dict, said: str) -> None:
    with pytest.raises(XSearchError, match=said):
        select(**given)


def test_a_list_of_ids_with_nonsense_is_told(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("mp-1 what?", encoding="utf-8")
    with pytest.raises(BuildError, match="'what\\?' is no identifier"):
        select(ids=tmp_path / "ids.txt")
    with pytest.raises(BuildError, match="cannot be read"):
        select(ids=tmp_path / "gone.txt")


def test_non_commercial_entries_come_only_when_asked_for(server: MpServer) -> None:
    server.library.summary[2]["builder_meta"] = {"license": "BY-NC", "batch_id": "gnome_r2scan_statics"}
    run(server)
    assert len(Index.open("mp")) == SMALL - 1
    run(server, Selection(include_nc=True))
    index = Index.open("mp")
    assert index.material(index.row_of("mp-1014")).licence == "CC-BY-NC-4.0"
    assert "NC" in " ".join(index.manifest.extra["licences"])


def test_a_database_that_changes_while_it_is_read_is_noticed(server: MpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from xsearch.builders.mp_fetch import Fetch

    spectra = Fetch.spectra

    def meanwhile(self, *arguments):
        server.library.db_version = "2026.01.01"
        return spectra(self, *arguments)

    monkeypatch.setattr(Fetch, "spectra", meanwhile)
    with pytest.raises(BuildError, match=r"changed from 2025.02.12 to 2026.01.01"):
        run(server)


def test_whole_tables_make_the_same_index_as_pages(
    server: MpServer, xsearch_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table of materials lies where the client puts it; the spectra come from a storage that speaks S3."""
    from deltalake import write_deltalake  # these take seconds, and every process of a run collects all tests
    from emmet.core.arrow import arrowize
    from emmet.core.summary import SummaryDoc

    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    documents = [{**d, "last_updated": datetime.fromisoformat(d["last_updated"])} for d in server.library.summary]
    fields = {field.name: field for field in arrowize(SummaryDoc)}
    schema = pa.schema([fields[name] for name in documents[0] if name in fields])
    tables = xsearch_home / "downloads" / "mp" / f"tables-{server.library.db_version}"
    write_deltalake(tables / "build" / "collections" / "summary", pa.Table.from_pylist(documents, schema=schema))
    lines = [orjson.dumps(document) for document in server.library.xas]
    for number in range(2):
        key = f"materialsproject-build/static-collections/xas/{number}.jsonl.gz"
        server.objects[key] = gzip.compress(b"\n".join(lines[number::2]))
    run(server, Selection(bulk=True))
    tables_made = Index.open("mp")
    assert server.documents_sent == 0
    run(server, name="pages")
    assert set(ids(tables_made)) == set(ids(Index.open("pages")))
    assert tables_made.manifest.counts == Index.open("pages").manifest.counts
    for name in ids(tables_made)[::7]:
        one, other = (index.material(index.row_of(name)) for index in (tables_made, Index.open("pages")))
        assert one.crystal.lattice_A.tolist() == other.crystal.lattice_A.tolist()
        assert one.functional is None  # whole tables do not tell
        assert {**one.properties, "last_updated": ""} == {**other.properties, "last_updated": ""}
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(BuildError, match="its object storage cannot be read"):
        run(server, Selection(bulk=True), fetching=ONCE)


def test_an_update_keeps_and_finds_measured_cells_as_a_new_build_does(xsearch_home: Path) -> None:
    with serving(Library(10)) as server:
        run(server, measured_cells=True)
        before = Index.open("mp")
        linked = sorted(set(before.columns.cell_of.tolist()) - {-1})
        server.library.change(ids(before)[linked[0]])
        server.library.add(5000, ids(before)[linked[1]])
        assert run(server, measured_cells=True).reused == 9
        run(server, name="anew", measured_cells=True)
    assert as_rows(Index.open("mp")) == as_rows(Index.open("anew"))
    assert np.count_nonzero(Index.open("mp").columns.cell_of >= 0) > len(linked)
    assert Index.open("mp").manifest.extra["licences"] == Index.open("anew").manifest.extra["licences"]


def test_shipped_spectra_are_in_every_version(server: MpServer) -> None:
    first = run(server, shipped_spectra=True)
    index = Index.open("mp")
    kinds = index.spectra_table.column("kind").to_pylist()
    assert kinds.count("measured") > 200
    assert "CC0-1.0 / public domain" in index.info()["licences"]
    assert run(server, shipped_spectra=True).version == first.version
    assert run(server, Selection(frozenset({"Zn", "S", "O"})), "zinc", shipped_spectra=True).spectra > 0
    held = Index.open("zinc").spectra_table.column("elements").to_pylist()
    assert set(" ".join(held).split()) <= {"Zn", "S", "O"}
