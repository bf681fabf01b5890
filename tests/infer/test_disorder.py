"""Mixed and partly empty sites among inferred crystals."""

import json
from dataclasses import replace

import numpy as np
import pytest
from pymatgen.core import Structure

from tests.crystals import perovskite, rock_salt, rutile
from xsearch import report
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.infer import infer
from xsearch.infer.disordered_proposals import shared
from xsearch.infer.settings import INFERENCE_SETTINGS
from xsearch.infer.template_library import TemplateLibrary
from xsearch.report.inference_table import write_candidate_cifs

MAGNESIOWUESTITE = shared(rock_salt("Mg", "O", 4.26), "Mg", "Fe", 0.35)


@pytest.mark.parametrize("formula", [None, {"Mg": 0.65, "Fe": 0.35, "O": 1.0}])
def test_a_solid_solution_is_told_with_its_fraction(library: TemplateLibrary, formula: dict[str, float] | None) -> None:
    answer = infer(library, ["Mg", "Fe", "O"], augmented_pattern(MAGNESIOWUESTITE, 4), formula=formula)
    best = answer.best()
    assert best.space_group == 225
    (site,) = best.disorder
    assert (site.kind, site.elements, site.sites) == ("mixed", ("Mg", "Fe"), "4a")
    assert site.occupancies[1] == pytest.approx(0.35, abs=max(3 * site.error, 0.05))
    assert sum(site.occupancies) == pytest.approx(1.0)
    assert best.formula == f"Mg{site.occupancies[0]:.2f}Fe{site.occupancies[1]:.2f}O"
    assert best.substitution["O"] == "O"
    assert "Mg/Fe" in best.substitution.values()
    assert any(line.startswith("Mixed: Mg/Fe on 4a") for line in best.assumptions)


def test_fractions_with_a_small_common_multiple_need_no_ordered_template(library: TemplateLibrary) -> None:
    quarter = shared(rock_salt("Mg", "O", 4.26), "Mg", "Fe", 0.25)
    stated = {"Mg": 0.75, "Fe": 0.25, "O": 1.0}
    best = infer(library, ["Mg", "Fe", "O"], augmented_pattern(quarter, 4), formula=stated).best()
    assert best.space_group == 225
    assert best.disorder[0].elements == ("Mg", "Fe")


def test_the_table_the_record_and_the_cif_show_fractions(library: TemplateLibrary, tmp_path) -> None:
    answer = infer(library, ["Mg", "Fe", "O"], augmented_pattern(MAGNESIOWUESTITE, 4), top=1)
    table = report.table(answer)
    assert [str(column.header) for column in table.columns].count("disorder") == 1
    (record,) = json.loads(report.to_json(answer))["candidates"]
    assert record["disorder"][0]["text"].startswith("mixed: Mg/Fe on 4a, 0.")
    assert sorted(record["crystal"]["occupancies"])[-1] == 1.0
    (path,) = write_candidate_cifs(answer, tmp_path)
    composition = Structure.from_file(path).composition
    assert composition["Mg"] / composition["O"] == pytest.approx(answer.best().crystal.composition["Mg"], abs=1e-3)


def test_empty_sites_are_told_where_the_ordered_crystal_does_not_suffice(library: TemplateLibrary) -> None:
    full = rutile("Sn", "O", 4.737, 3.186)
    emptied = replace(full, occupancies=np.array([0.7] * 2 + [1.0] * 4))
    first = [
        infer(library, ["Sn", "O"], augmented_pattern(one, 4), excluded=["SnO2"], disorder=True).candidates[0]
        for one in (full, emptied)
    ]
    assert not first[0].disorder
    (site,) = first[1].disorder
    assert (site.kind, site.elements, site.sites) == ("vacant", ("Sn",), "2a")
    assert site.occupancies[0] == pytest.approx(0.7, abs=0.1)


def test_where_an_ordered_crystal_explains_the_pattern_disorder_has_to_be_asked_for(library: TemplateLibrary) -> None:
    lenient = replace(INFERENCE_SETTINGS.disorder, explained_misfit=100.0)  # all candidates pass for explanations
    settings = replace(INFERENCE_SETTINGS, disorder=lenient)
    pattern = augmented_pattern(replace(perovskite("Ba", "Zr", 4.15), occupancies=np.array([0.6, 1, 1, 1, 1])), 4)

    def found(disorder: bool) -> list[bool]:
        answer = infer(library, ["Ba", "Zr", "O"], pattern, excluded=["BaZrO3"], settings=settings, disorder=disorder)
        return [bool(one.disorder) for one in answer.candidates]

    assert not any(found(False))
    assert any(found(True))
