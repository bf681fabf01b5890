"""Searching for the compounds that together gave an edge, in a real index."""

from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests.prototypes import Measure
from tests.search.test_xanes_search import ILMENITE, PYRITE, curve, library, spectrum  # noqa: F401
from xsearch import report
from xsearch.answers import LcfResult
from xsearch.errors import QueryError
from xsearch.search import SearchIndex
from xsearch.spectra.xanes import Xanes
from xsearch.xas.compounds import compounds_of


def mixed(*weighed: tuple[int, float], noise: float = 0.002) -> Xanes:
    """A linear combination of made iron edges."""
    energy = curve(0)[0]
    mu = sum(weight * curve(seed)[1] for seed, weight in weighed)
    return Xanes(energy, mu + np.random.default_rng(5).normal(0, noise, len(energy)), "Fe", "K", "mixed.xdi")


def found(searched: SearchIndex, xanes: Xanes, **options: object) -> LcfResult:
    result = searched.search_mixture(xanes=xanes, **options)  # type: ignore[arg-type]
    assert isinstance(result, LcfResult)
    return result


def text(result: LcfResult) -> str:
    out = StringIO()
    Console(file=out, width=140).print(report.table(result))
    return out.getvalue()


def test_an_entry_and_a_reference_are_found_with_their_fractions(library: SearchIndex, tmp_path: Path) -> None:  # noqa: F811
    result = found(library, mixed((7, 0.65), (4, 0.35)))
    assert [hit.formula for hit in result.hits] == ["Fe4Si3", "TiFeO3"]
    fractions = [one.fraction for one in result.best.components]
    assert sum(fractions) == pytest.approx(1.0)
    assert fractions[0] == pytest.approx(0.65, abs=0.03)
    assert [one.rank for one in result.hits] == [1, 2]
    assert result.hits[0].edges[0].kind == "measured"
    assert result.hits[1].material_id == library.index.material(ILMENITE).material_id
    best, alone = result.best, result.mixtures[0]
    assert best.r_factor < 0.05 * alone.r_factor
    assert best.reduced_chi_squared < alone.reduced_chi_squared
    assert best.mu == pytest.approx(sum(hit.edges[0].mu for hit in best.hits))
    assert best.r_factor == pytest.approx(((best.measured - best.mu) ** 2).sum() / (best.measured**2).sum())
    assert best.weight_sum == pytest.approx(1.0, abs=0.05)
    assert all(one.support > 1 and 0 < one.fraction_error < 0.1 for one in best.components), best.components
    assert "Fe4Si3" in text(result)
    assert "R factor" in text(result)
    record = report.to_dict(result)
    assert [one["formula"] for one in record["mixtures"][1]["components"]] == ["Fe4Si3", "TiFeO3"]
    assert record["mixtures"][1]["r_factor"] < record["mixtures"][0]["r_factor"]
    report.plot(result, tmp_path / "sum.svg")
    assert "difference" in (tmp_path / "sum.svg").read_text(encoding="utf-8")
    assert "nan" not in report.write_html(result, tmp_path / "sum.html").read_text(encoding="utf-8")
    assert len(report.write_cifs(result, tmp_path / "cifs")) == 1
    assert list(report.to_dataframe(result)["shift_eV Fe K"]) == [hit.edges[0].shift_eV for hit in result.hits]


def test_a_plain_search_says_where_two_compounds_fit_better(library: SearchIndex) -> None:  # noqa: F811
    def notes(xanes: Xanes) -> list[str]:
        return [note for note in library.search(xanes=xanes).notes if note.startswith("A linear combination of")]

    (note,) = notes(mixed((7, 0.65), (4, 0.35)))
    assert "Fe4Si3" in note
    assert "TiFeO3" in note
    assert not any(notes(spectrum(seed)) for seed in (4, 6, 7))


def test_an_edge_of_one_compound_stays_one(library: SearchIndex) -> None:  # noqa: F811
    for seed, formula in ((4, "TiFeO3"), (6, "FeS2"), (7, "Fe4Si3")):
        result = found(library, spectrum(seed))
        assert [hit.formula for hit in result.hits] == [formula]
        assert result.best.components[0].fraction == 1.0
        assert result.best.components[0].fraction_error == pytest.approx(0.0, abs=1e-9)
        single = library.search(xanes=spectrum(seed)).hits[0]
        assert result.hits[0].score == pytest.approx(single.score, abs=0.15)


def test_a_reference_speaks_for_the_likeliest_entry_of_its_formula(library: SearchIndex) -> None:  # noqa: F811
    result = found(library, mixed((6, 0.5), (4, 0.5)))
    assert {hit.formula for hit in result.hits} == {"FeS2", "TiFeO3"}
    sulfide = next(hit for hit in result.hits if hit.formula == "FeS2")
    assert sulfide.edges[0].spectrum_id == "ref-1"
    assert sulfide.structure.composition.reduced_formula == "FeS2"
    assert any("A measured reference of FeS2" in line for line in result.notes)


def test_conditions_hold_for_each_compound(library: SearchIndex) -> None:  # noqa: F811
    result = found(library, mixed((7, 0.65), (4, 0.35)), only="Fe Ti O")
    assert {hit.formula for hit in result.hits} == {"TiFeO3"}
    result = found(library, mixed((7, 0.65), (4, 0.35)), exactly="Fe Ti O Si")
    assert {hit.formula for hit in result.hits} == {"TiFeO3", "Fe4Si3"}
    assert len(found(library, mixed((7, 0.65), (4, 0.35)), phases=1).hits) == 1
    result = found(library, mixed((7, 0.65), (4, 0.35)), leave_out_spectra=["ref-2"])
    assert "Fe4Si3" not in {hit.formula for hit in result.hits}


def test_what_cannot_be_taken_apart_is_refused(library: SearchIndex, measured: Measure) -> None:  # noqa: F811
    edge = spectrum(4)
    with pytest.raises(QueryError, match="one powder pattern or by one edge"):
        library.search_mixture(measured(PYRITE), xanes=edge)
    with pytest.raises(QueryError, match="one powder pattern or by one edge"):
        library.search_mixture(edge, xanes=spectrum(1, "Ti"))
    with pytest.raises(QueryError, match="Fe absorbs in the given spectra"):
        library.search_mixture(edge, only="Ti O")
    with pytest.raises(QueryError, match="phases = 9"):
        library.search_mixture(edge, phases=9)
    with pytest.raises(QueryError, match="Nothing to search for"):
        library.search_mixture()


def test_compounds_are_known_by_formula_and_space_group(library: SearchIndex) -> None:  # noqa: F811
    spectra = library.libraries.of("Fe", "K")
    compounds = dict(zip(spectra.spectra.spectrum_id, compounds_of(library.index, spectra), strict=True))
    assert compounds["ref-2"] == ("Fe4Si3", 0)
    group = int(library.index.columns.space_group[PYRITE])
    assert ("FeS2", group) in compounds.values()


def test_the_same_question_has_the_same_answer(library: SearchIndex) -> None:  # noqa: F811
    first, second = (report.to_dict(found(library, mixed((7, 0.65), (4, 0.35)))) for _ in range(2))
    first.pop("timings_ms")
    second.pop("timings_ms")
    assert first == second


def test_a_search_says_where_a_sum_does_better(library: SearchIndex) -> None:  # noqa: F811
    notes = library.search(xanes=mixed((7, 0.65), (4, 0.35))).notes
    assert any("try --phases auto" in line and ("Fe4Si3" in line and "TiFeO3" in line) for line in notes), notes
    assert not any("--phases" in line for line in library.search(xanes=spectrum(4)).notes)
