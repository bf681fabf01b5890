"""Prediction with the weights that the package ships."""

import time

import numpy as np
import pandas as pd
import pytest

from xsearch import report
from xsearch.chemistry.formula import parse_formula
from xsearch.elements import SYMBOLS
from xsearch.errors import QueryError
from xsearch.models.attribution import attribution
from xsearch.models.property_model import shipped_property_model
from xsearch.models.site_model import shipped_site_model
from xsearch.spectra.xanes import Xanes
from xsearch.xas.prediction import predict

ENERGY = np.arange(4940.0, 5080.0, 0.3)


def titanium(pre_edge: float, white_line: float) -> Xanes:
    """A titanium edge; a strong pre-edge peak means few neighbours."""
    x = ENERGY - 4980
    mu = 0.5 + np.arctan(x / 2) / np.pi
    mu += pre_edge * np.exp(-(((x + 10) / 1.2) ** 2)) + white_line * np.exp(-(((x - 6) / 4) ** 2))
    return Xanes(ENERGY, mu + 0.04 * np.sin(x / 5) * (x > 8), "Ti", "K")


def test_answer_is_complete_and_plain() -> None:
    (found,) = predict([titanium(0.1, 0.35)])
    plain = report.to_dict(found)
    assert plain["absorber"] == "Ti"
    assert abs(plain["centre_eV"] - 4980) < 3
    assert plain["site"]["cn"][0]["value"] in (4, 5, 6)
    assert plain["site"]["neighbor"][0]["value"] == "O"
    assert 1.7 < plain["site"]["mnnd_A"]["value"] < 2.3
    assert all(sum(c["probability"] for c in plain["site"][t]) > 0.97 for t in ("cn", "oxidation_state"))
    assert sum(c["probability"] for c in plain["site"]["neighbor"]) > 0.9, "of 98 elements the rare ones are not listed"


def test_absorber_outside_the_training_data_is_said() -> None:
    energy = ENERGY - 4966 + 21044
    (found,) = predict([Xanes(energy, titanium(0.1, 0.3).mu, "Tc", "K")])
    assert any("No Tc K edge" in reason for reason in found.site.unfamiliar)


def test_most_of_the_periodic_table_is_trained() -> None:
    edges = shipped_site_model().edges()
    assert len(edges["K"]) + len(edges["L3"]) >= 60


@pytest.mark.parametrize("formula", ["TiO2", "TiS2", "TiN", "TiAl", "Ti"])
def test_what_is_given_is_obeyed(formula: str) -> None:
    amounts = parse_formula(formula)
    (found,) = predict([titanium(0.1, 0.35)], amounts=amounts)
    assert {SYMBOLS[z - 1] for z, _ in found.site.classes["neighbor_z"]} <= set(amounts)
    assert ("mood_A" in found.site.numbers) == ("O" in amounts)
    if formula in ("Ti", "TiAl"):
        assert found.site.classes["oxidation_state"] == ((0, pytest.approx(1)),)


def test_attribution_lies_on_the_spectrum() -> None:
    (found,) = predict([titanium(0.3, 0.3)])
    drawn = attribution(shipped_site_model(), found.window, "cn")
    assert drawn.shape == (200,)
    assert drawn.max() == pytest.approx(1)
    assert (drawn[~found.window.known] == 0).all()
    with pytest.raises(QueryError, match="Unknown task"):
        attribution(shipped_site_model(), found.window, "colour")


def test_a_formula_decides_between_oxidation_states() -> None:
    edge = titanium(0.1, 0.35)
    states = {}
    for name, amounts in {"dioxide": {"Ti": 1, "O": 2}, "sesquioxide": {"Ti": 2, "O": 3}, "nothing": None}.items():
        (found,) = predict([edge], amounts=amounts)
        states[name] = dict(found.site.classes["oxidation_state"])
    assert states["dioxide"][4] > 0.9
    assert states["sesquioxide"][3] > 1.4 * states["nothing"].get(3, 0)
    assert states["sesquioxide"][3] > 5 * states["dioxide"].get(3, 0)
    with pytest.raises(QueryError, match="holds no Ti"):
        predict([edge], amounts={"Fe": 2, "O": 3})


def test_elements_change_answers_but_not_how_familiar_a_spectrum_is() -> None:
    window = predict([titanium(0.1, 0.35)])[0].window
    model = shipped_site_model()
    (alone,), (given,) = model.predict([window]), model.predict([window], ["Ba", "Ti", "O"])
    assert alone.numbers["mnnd_A"] != given.numbers["mnnd_A"]
    assert alone.unfamiliar == given.unfamiliar


def test_properties_use_edges_and_elements() -> None:
    (found,) = predict([titanium(0.1, 0.35)])
    model = shipped_property_model()
    oxide = model.predict([found.window], ["O"])
    heavy = model.predict([found.window], ["O", "Pb"])
    assert heavy.numbers["density_g_cm3"][0] > oxide.numbers["density_g_cm3"][0] + 0.5
    assert sum(oxide.classes["is_metal"].values()) == pytest.approx(1, abs=1e-3)
    with pytest.raises(QueryError, match="Unknown element"):
        model.predict([found.window], ["Xx"])
    with pytest.raises(QueryError, match="No edge was given"):
        model.predict([])


def test_thousand_spectra_take_seconds() -> None:
    spectra = [titanium(p, 0.3) for p in np.linspace(0, 0.5, 200)]
    predict(spectra[:1], library=False)
    start = time.process_time()
    predict(spectra, library=False)
    assert time.process_time() - start < 2.0


@pytest.mark.data
def test_shipped_model_knows_the_spectra_that_it_was_trained_on(data_folder) -> None:
    """A small sample: weights, preprocessing and labels belong together. Figures for others are the card's."""
    from xsearch.chemistry.descriptors import describe_all
    from xsearch.data.site_labels import read_cells
    from xsearch.data.xanes_sites import formula_hashes
    from xsearch.models.site_model import SiteModel

    table = pd.read_parquet(data_folder / "xas_feff9.parquet")
    table = table[(table.code == "FEFF9") & table.structure_json.isna() & table.site_index.notna()]
    table = table.sample(60, random_state=0)
    cells = read_cells(data_folder / "mp_cells_of_xas.parquet")
    table = table[[m in cells and s < len(cells[m]) and cells[m].elements[int(s)] == a and len(cells[m]) < 40
                   for m, s, a in zip(table.material_id, table.site_index, table.absorber, strict=True)]]  # fmt: skip
    model: SiteModel = shipped_site_model()
    known = np.array([np.isin(formula_hashes(np.array([f], object)), model.formulas)[0] for f in table.reduced_formula])
    assert np.mean(known) > 0.6, "but for the fold that is held out and the formulas of measured spectra"
    table = table[known]
    labels = describe_all([(cells[r.material_id], [int(r.site_index)]) for r in table.itertuples()])
    found = predict([Xanes(r.energy, r.mu, r.absorber, r.edge) for r in table.itertuples()], model, library=False)
    pairs = [
        (f.site, t[0]) for f, t in zip(found, labels, strict=True) if not isinstance(t, str) and not t[0].ambiguous
    ]
    assert len(pairs) > 15
    assert np.mean([site.classes["cn"][0][0] == truth.cn for site, truth in pairs]) > 0.9
    assert np.median([abs(site.numbers["mnnd_A"][0] - truth.mnnd_A) for site, truth in pairs]) < 0.025
