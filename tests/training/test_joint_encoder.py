"""One encoder of both spectra, trained small: what edges and patterns tell must be read back from either."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from xsearch.errors import SpectrumError
from xsearch.models.absorber import SITE_CONTEXT
from xsearch.models.joint_encoder import READING, load_joint_encoder
from xsearch.models.property_composition import COMPOSITION_FEATURES
from xsearch.models.specfusion import Tokens
from xsearch.search import SearchIndex
from xsearch.spectra.edges import tabulated_edge
from xsearch.training.joint_encoder import (
    SCHEDULE,
    contrast,
    hidden_at_random,
    make_joint_encoder,
    train_joint_encoder,
)
from xsearch.training.joint_recall import recall_of
from xsearch.training.joint_report import answers, seen_ways
from xsearch.training.joint_samples import Views, rows_of, views_of
from xsearch.training.property_samples import Labels, Samples

COUNT = 240


def made() -> tuple[Views, Samples, np.ndarray]:
    """Materials of two edges whose vectors tell the system, and whose patterns tell only which they are."""
    chance = np.random.default_rng(3)
    systems = chance.integers(0, 3, COUNT)

    def unit(x: np.ndarray) -> np.ndarray:
        return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)

    own = chance.normal(size=(COUNT, 1, 192))
    pattern = unit(own + 0.4 * chance.normal(size=(COUNT, 3, 192)))
    edges = 0.25 * chance.normal(size=(COUNT, 3, 2, 64))
    edges[np.arange(COUNT), :, :, systems] += 1.5
    views = Views(
        pattern, np.zeros((COUNT, 3, READING), np.float32), unit(edges), np.ones((COUNT, 2), bool),
        np.ones((COUNT, 2, SITE_CONTEXT), np.float32), np.arange(COUNT),
    )  # fmt: skip
    rows = [{"density_g_cm3": 3.0 + 2.0 * system, "is_metal": "yes" if system else "no"} for system in systems.tolist()]
    places = (COUNT, 2)
    tokens = Tokens(
        torch.full(places, 26), torch.zeros(places).long(), torch.zeros(*places, 200), torch.ones(*places, 200).bool(),
        torch.zeros(places), torch.zeros(COUNT, COMPOSITION_FEATURES), torch.zeros(COUNT, 1),
        torch.zeros(COUNT).bool(),
    )  # fmt: skip
    names = np.array([f"Fe{number + 2}O" for number in range(COUNT)], object)
    return views, Samples(tokens, torch.zeros(COUNT, COMPOSITION_FEATURES), Labels.of(rows), names, names), systems


def test_what_edges_tell_is_read_beside_a_pattern_and_without_one() -> None:
    views, samples, systems = made()
    training = np.arange(COUNT) < 180
    network = train_joint_encoder(
        views.take(training), samples.take(training), systems[training], replace(SCHEDULE, epochs=25)
    )
    test = views.take(~training), samples.take(~training)
    right = {
        name: float((answers(network, given)[0].argmax(1).numpy() == systems[~training]).mean())
        for name, given in seen_ways(network, *test).items()
    }
    assert right["edges, alone"] > 0.85
    assert right["both, alone"] > 0.85
    assert right["pattern, alone"] < 0.6
    recalled = recall_of(network, views, samples, ~training)
    assert recalled["joint"]["top1"] >= max(recalled["edge"]["top1"], 0.8)  # type: ignore[index]


def test_materials_with_other_edges_are_no_rivals() -> None:
    views, samples, systems = made()
    network = train_joint_encoder(views, samples, systems, replace(SCHEDULE, epochs=1))
    nothing, answer = torch.zeros(COUNT, 192), torch.zeros(COUNT, network.heads_of.outputs)
    drawn, stored = (views.input(torch.tensor(place), nothing, answer).take(torch.arange(8)) for place in (1, 0))
    same = torch.zeros(8, 2).long()
    apart = torch.arange(16).view(8, 2)
    with torch.inference_mode():
        alone, rivals = (float(contrast(network, drawn, stored, edges)) for edges in (apart, same))
        unseen = float(contrast(network, drawn.hidden(edges=True), stored.hidden(edges=True), apart))
    assert alone == pytest.approx(0, abs=1e-6)
    assert rivals > 1e-5
    assert unseen > 1e-5, "patterns without edges have all as rivals"


def test_something_of_each_material_is_always_seen() -> None:
    generator, there = torch.Generator().manual_seed(0), torch.tensor([[True, True], [True, False], [False, True]])
    ways = set()
    for _ in range(60):
        no_pattern, no_edge = hidden_at_random(there, generator)
        edges = there & ~no_edge
        assert (~no_pattern | edges.any(1)).all()
        ways.add((bool(no_pattern[0]), int(edges[0].sum())))
    assert ways == {(False, 0), (False, 1), (False, 2), (True, 1), (True, 2)}


@pytest.fixture(scope="module")
def tables(prototypes: SearchIndex, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Edges of some prototypes, and their densities."""
    folder = tmp_path_factory.mktemp("joint")
    spectra, properties = [], []
    for m in prototypes.index.materials(range(0, len(prototypes), 3)):
        try:
            e0 = tabulated_edge(absorber := m.crystal.elements[0], "K").energy_eV
        except SpectrumError:
            continue
        x = np.linspace(-15, 60, 160)
        mu = 0.5 + np.arctan(x / 1.5) / np.pi + 0.1 * np.sin(x / 4 + len(spectra)) * (x > 5)
        spectra.append({
            "id": m.material_id, "absorber": absorber, "edge": "K", "material_id": m.material_id, "energy": e0 + x,
            "mu": mu, "reduced_formula": m.reduced_formula, "code": "made", "spectrum_level": "material",
            "site_index": None,
        })  # fmt: skip
        properties.append({"material_id": m.material_id, "density": 5.0 + len(spectra) % 3, "is_metal": True})
    pd.DataFrame(spectra).to_parquet(folder / "spectra.parquet")
    pd.DataFrame(properties).to_parquet(folder / "properties.parquet")
    return folder / "spectra.parquet", folder / "properties.parquet"


def test_weights_go_from_tables_and_an_index_to_a_folder(
    prototypes: SearchIndex, tables: tuple[Path, Path], tmp_path: Path
) -> None:
    report = make_joint_encoder(tmp_path, [tables[0]], [tables[1]], prototypes.index.folder.parents[1], epochs=2)
    assert report.n_system > 2
    assert {"network", "pattern, alone", "edges, alone", "both, formula"} <= set(report.system)
    assert set(report.properties) == {"density_g_cm3", "is_metal"}, "those that have labels"
    assert "specfusion, formula" in report.properties["density_g_cm3"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "joint_encoder.json", "joint_encoder.md", "joint_encoder.safetensors",
    ]  # fmt: skip
    assert load_joint_encoder(tmp_path).config.pattern == 192
    assert "xsearch train joint" in (tmp_path / "joint_encoder.md").read_text(encoding="utf-8")
    assert report.table().row_count == len(report.system) + 2


def test_views_are_kept_and_taken_again_for_the_same_materials_alone(
    prototypes: SearchIndex, tables: tuple[Path, Path], tmp_path: Path
) -> None:
    from xsearch.training.run_specfusion import read_samples

    samples = read_samples([tables[0]], [tables[1]])[0].take(np.arange(6))
    kept = tmp_path / "views.npz"
    first = views_of(prototypes.index, samples, 1, kept=kept)
    stamp = kept.stat().st_mtime_ns
    again = views_of(prototypes.index, samples, 1, kept=kept)
    assert kept.stat().st_mtime_ns == stamp
    assert np.array_equal(first.pattern, again.pattern)
    assert (first.rows == rows_of(prototypes.index, samples)).all()
    stored = prototypes.index.embedding.array[first.rows] if prototypes.index.embedding else first.pattern[:, 0]
    assert np.allclose(first.pattern[:, 0], stored, atol=2e-3)
    cosine = (first.pattern[:, 0] * first.pattern[:, 1]).sum(1)
    assert (cosine[first.pattern[:, 1].any(1)] > 0.3).all()
    assert len(views_of(prototypes.index, samples.take(np.arange(3)), 1, kept=kept)) == 3
    assert kept.stat().st_mtime_ns != stamp
