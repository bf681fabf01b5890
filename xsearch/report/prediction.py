"""A prediction from an edge as a table for the terminal, as plain values and as a picture."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType

from xsearch.elements import SYMBOLS
from xsearch.report.hits_table import NOTE
from xsearch.report.rich_table import new_table, with_lines
from xsearch.report.xanes_plot import attribution_figure
from xsearch.xas.prediction import EdgePrediction

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from xsearch.models.site_blend import SiteArrangement

MIXED = 0.5
"""From this probability on, several kinds of sites are reported."""

NAMES = {
    "oxidation_state": "oxidation state",
    "cn": "coordination number",
    "ocn": "oxygen neighbours",
    "neighbor_z": "neighbour element",
    "site_symmetry_order": "site symmetry order",
    "psgo": "point group order",
    "mnnd_A": "mean neighbour distance (Å)",
    "nnrs_A": "spread of the distances (Å)",
    "mood_A": "least O-O distance (Å)",
    "nnosm": "neighbours' mean oxidation state",
    "cn2": "atoms in the second shell",
    "band_gap_eV": "band gap, DFT (eV)",
    "density_g_cm3": "density (g/cm³)",
    "formation_energy_eV_atom": "formation energy (eV/atom)",
    "fermi_level_eV": "Fermi level, DFT (eV)",
    "is_metal": "metal",
    "is_gap_direct": "direct gap",
    "is_magnetic": "magnetic",
    "magnetic_ordering": "magnetic ordering, DFT",
}


def prediction_table(prediction: EdgePrediction) -> RenderableType:
    """A row a quantity: the likeliest value with its probability, and the next ones; notes below."""
    site, properties = prediction.site, prediction.properties
    named = site.to_dict()
    spectrum = prediction.spectrum
    table = new_table(("quantity", "answer", "next"), ("quantity",))
    table.title = f"{spectrum.absorber} {spectrum.edge}, E0 {spectrum.e0_eV:.1f} eV"
    for task in (t for t in NAMES if t in site.classes):
        best, *others = named["neighbor" if task == "neighbor_z" else task]
        rest = ", ".join(f"{o['value']} {o['probability']:.0%}" for o in others[:2])
        table.add_row(NAMES[task], f"{best['value']}  {best['probability']:.0%}", rest)
    if site.mixed is not None and site.mixed > MIXED:
        note = "probabilities above are shares of the absorber's atoms"
        table.add_row("several kinds of sites", f"{site.mixed:.0%}", note)
    if site.arrangements:
        first, *others = (f"{arrangement_text(one)}  {one.probability:.0%}" for one in site.arrangements)
        table.add_row("sites together", first, "; ".join(others))
    for task, (value, uncertainty) in site.numbers.items():
        table.add_row(NAMES[task], f"{value:.3f} ± {uncertainty:.3f}", "")
    if prediction.shell is not None:
        shell = prediction.shell
        table.add_row("the same, with EXAFS (Å)", f"{shell.combined_A:.3f}", f"EXAFS alone {shell.exafs_A:.3f}")
    if properties is not None:
        for name, (value, uncertainty) in properties.numbers.items():
            table.add_row(NAMES[name], f"{value:.2f} ± {uncertainty:.2f}", "")
        for name, shares in properties.classes.items():
            answer = max(shares, key=lambda c: shares[c])
            table.add_row(NAMES[name], f"{answer}  {shares[answer]:.0%}", "")
    return with_lines([table], (*site.unfamiliar, *(f"{NOTE}{note}" for note in spectrum.notes)))


def arrangement_text(found: SiteArrangement) -> str:
    """An arrangement in words, such as `4-fold 33%, 6-fold 67%, as in MgAl2O4`."""
    shares = ", ".join(f"{number}-fold {share:.0%}" for number, share in sorted(found.cn))
    return f"{shares}, as in {found.analogue}" if found.analogue else shares


def prediction_record(prediction: EdgePrediction) -> dict[str, Any]:
    """The prediction as plain values."""
    s = prediction.spectrum
    return {
        "absorber": s.absorber,
        "edge": s.edge,
        "e0_eV": round(s.e0_eV, 2),
        "centre_eV": round(s.centre_eV, 2),
        "tabulated_e0_eV": s.tabulated_e0_eV,
        "edge_step": s.edge_step,
        "normalisation": s.method,
        "notes": list(s.notes),
        "site": prediction.site.to_dict(),
        "first_shell": None if prediction.shell is None else asdict(prediction.shell),
        "properties": None if prediction.properties is None else prediction.properties.to_dict(),
        "ms": round(prediction.ms, 2),
    }


def prediction_figure(prediction: EdgePrediction, task: str = "cn") -> Figure:
    """The spectrum with the energies coloured that carried the answer to a task, such as `cn` or `mnnd_A`."""
    title = f"{NAMES[task]}: {answer_text(prediction, task)}"
    return attribution_figure(prediction.spectrum, prediction.attribution(task), title)


def answer_text(prediction: EdgePrediction, task: str) -> str:
    """The answer to a task in words."""
    site = prediction.site
    if task in site.numbers:
        value, uncertainty = site.numbers[task]
        return f"{value:.3f} ± {uncertainty:.3f}"
    value, probability = site.classes[task][0]
    return f"{SYMBOLS[value - 1] if task == 'neighbor_z' else value} ({probability:.0%})"
