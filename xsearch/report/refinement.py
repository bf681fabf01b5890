"""Hand-over to a Rietveld program: the phases of an answer and start values, refined a few cycles, as its own files.

rietx (an extra) refines the start values and writes the files of other programs; see https://rietx.org.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xsearch.answers import Combined, Hit, Inference, MixtureResult, SearchResult
from xsearch.errors import MissingExtra, QueryError
from xsearch.preprocess.powder import FWHM_SIGMAS, background_under, net_pattern
from xsearch.report.bgmn import write_bgmn
from xsearch.report.structures import file_stem, strained_cif
from xsearch.spectra import PowderPattern
from xsearch.spectra.radiation import LINES_A, SAME_TUBE_A, mean_kalpha_A

if TYPE_CHECKING:
    from rietx import Instrument, PatternData, Refinement, RefinementResult, Structure

PLAN = "mccusker_default"
"""Scale, background, zero shift, cell and widths in turn (McCusker et al., J. Appl. Cryst. 32 (1999) 36)."""

BACKGROUND_TERMS = 6
"""Chebyshev coefficients of the background."""


@dataclass(frozen=True, slots=True)
class RefinedPhase:
    """A phase after the refinement.

    Attributes:
        formula: reduced.
        cell: name of each free cell parameter to its value and standard error, in Å and degrees.
    """

    formula: str
    cell: dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class HandOver:
    """What was written, and how far the refinement came.

    Attributes:
        paths: the files.
        r_wp: weighted profile residual, 0 to 1, background included.
        goodness_of_fit: root of χ².
        converged: whether the last cycle changed nothing any more.
        phases: refined.
    """

    paths: tuple[Path, ...]
    r_wp: float
    goodness_of_fit: float
    converged: bool
    phases: tuple[RefinedPhase, ...]

    def lines(self) -> list[str]:
        """In words, a line for the residuals and a line a phase."""
        state = "" if self.converged else ", not converged"
        found = [f"refined: Rwp {100 * self.r_wp:.1f} %, goodness of fit {self.goodness_of_fit:.2f}{state}"]
        for phase in self.phases:
            cell = ", ".join(f"{name} {value:.5f} ± {error:.5f}" for name, (value, error) in phase.cell.items())
            found.append(f"refined: {phase.formula}: {cell}")
        return found


def write_refinement(answer: SearchResult | Combined | Inference, program: str, folder: str | Path) -> HandOver:
    """Refine the phases of an answer a few cycles, and write the project of a program.

    Args:
        answer: of a search by a powder pattern, with at least a tentative verdict.
        program: one of `PROGRAMS`.
        folder: where the files go.

    Raises:
        QueryError: for an unknown program, and where there is nothing to refine.
        MissingExtra: where rietx is not installed.
    """
    if program not in PROGRAMS:
        raise QueryError(f"Unknown program {program!r} to refine with; one of {', '.join(PROGRAMS)} is expected.")
    if isinstance(answer, Combined | Inference) or answer.pattern is None:
        raise QueryError("--refine takes the hits of a search by a powder pattern; leave it out here.")
    if answer.verdict == "no confident match" or not answer.answer:
        raise QueryError("There is nothing to refine: the search found no confident match.")
    if find_spec("rietx") is None:
        raise MissingExtra("Refinement needs rietx; pip install 'xsearch[refine]'.")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    hits, cifs = answer.answer, []
    for hit in hits:
        cifs.append(folder / f"{file_stem(hit)}.cif")
        cifs[-1].write_text(strained_cif(hit, answer.source), encoding="utf-8")
    data = folder / "pattern.xye"
    measured = _data(answer.pattern)
    np.savetxt(data, np.column_stack([measured.two_theta, measured.intensity, measured.sigma]), "%.6f")
    refinement, result = _refined(answer.pattern, hits, cifs, measured, _fractions(answer))
    if program == "bgmn":
        written = write_bgmn(answer.pattern, hits, folder)
    else:
        written = WRITERS[program](refinement, measured, folder)
    return HandOver(
        paths=(*cifs, data, *written),
        r_wp=float(result.statistics.rwp),
        goodness_of_fit=float(result.statistics.gof),
        converged=result.status == "converged",
        phases=tuple(RefinedPhase(hit.formula, _cell(result, place)) for place, hit in enumerate(hits)),
    )


def _fractions(answer: SearchResult) -> list[float]:
    """Scale of each phase against the first, as the search found it."""
    if isinstance(answer, MixtureResult):
        scales = [one.scale for one in answer.best.components]
        return [scale / scales[0] for scale in scales]
    return [1.0] * len(answer.answer)


def _data(pattern: PowderPattern) -> PatternData:
    import rietx

    counts = pattern.intensity
    sigma = pattern.sigma if pattern.sigma is not None else np.sqrt(np.maximum(counts, 1.0))
    return rietx.PatternData(two_theta=pattern.two_theta_deg.tolist(), intensity=counts.tolist(), sigma=sigma.tolist())


def _instrument(pattern: PowderPattern, zero_shift_deg: float) -> Instrument:
    """The instrument of a pattern: a tube's doublet where the wavelength is one's, else one line."""
    import rietx

    instrument = _of_wavelength(pattern)
    instrument.zero_shift.value = zero_shift_deg
    net = net_pattern(pattern)
    measured_deg = net.fwhm_deg**2 - (FWHM_SIGMAS * net.smoothing_deg) ** 2
    instrument.profile.w.value = max(measured_deg, net.step_deg**2)
    angles = pattern.two_theta_deg
    scaled = 2 * (angles - angles[0]) / (angles[-1] - angles[0]) - 1
    start = np.polynomial.chebyshev.chebfit(scaled, background_under(pattern), BACKGROUND_TERMS - 1)
    instrument.background = rietx.BackgroundChebyshev.with_terms(BACKGROUND_TERMS)
    for parameter, value in zip(instrument.background.coefficients, start.tolist(), strict=True):
        parameter.value = value
    return instrument


def _of_wavelength(pattern: PowderPattern) -> Instrument:
    import rietx

    wavelength_A = pattern.wavelength_A
    for anode, (first_A, second_A, _) in LINES_A.items():
        if (
            abs(wavelength_A - first_A) < SAME_TUBE_A
            or abs(wavelength_A - mean_kalpha_A(first_A, second_A)) < SAME_TUBE_A
        ):
            try:
                return rietx.Instrument.bragg_brentano(radiation=f"{anode}Ka")
            except ValueError:  # an anode that rietx does not know
                break
    polarised = 1 / (1 + pattern.polarisation)
    return rietx.Instrument.debye_scherrer(wavelength=wavelength_A, polarization=polarised)


def _refined(
    pattern: PowderPattern, hits: tuple[Hit, ...], cifs: list[Path], measured: PatternData, fractions: list[float]
) -> tuple[Refinement, RefinementResult]:
    """The phases from their CIF files, refined a few cycles."""
    import rietx

    phases = []
    for hit, cif, fraction in zip(hits, cifs, fractions, strict=True):
        (phase,) = rietx.Structure.from_cif(cif, phase_name=hit.formula).phases
        phase.scale.value = fraction
        phases.append(phase)
    instrument = _instrument(pattern, hits[0].fitted.zero_shift_deg)
    refinement = rietx.Refinement(rietx.Structure(phases=phases), instrument)
    return refinement, refinement.fit(measured, plan=PLAN, telemetry=False)


def _cell(result: RefinementResult, place: int) -> dict[str, tuple[float, float]]:
    """The free cell parameters of a phase, each once."""
    found: dict[str, tuple[float, float]] = {}
    for parameter in result.parameters:
        owner, _, name = parameter.path.rpartition(".")
        if owner == f"phases.{place}.cell" and parameter.stderr is not None:
            value = (float(parameter.value), float(parameter.stderr))
            if value not in found.values():
                found[name] = value
    return found


def _write_rietx(refinement: Refinement, measured: PatternData, folder: Path) -> list[Path]:
    """The models as JSON, and a script that goes on from them."""
    models: dict[str, Any] = {"structure": refinement.structure, "instrument": refinement.instrument}
    paths = [folder / f"{name}.json" for name in models]
    for path, model in zip(paths, models.values(), strict=True):
        path.write_text(model.model_dump_json(indent=1), encoding="utf-8")
    script = folder / "refine.py"
    script.write_text(
        '"""Go on with the refinement that xsearch started."""\n\n'
        "from pathlib import Path\n\nimport rietx\n\n"
        "here = Path(__file__).parent\n"
        "structure = rietx.Structure.model_validate_json((here / 'structure.json').read_text())\n"
        "instrument = rietx.Instrument.model_validate_json((here / 'instrument.json').read_text())\n"
        "refinement = rietx.Refinement(structure, instrument)\n"
        f"result = refinement.fit(rietx.read_pattern(here / 'pattern.xye'), plan={PLAN!r})\n"
        "print(result.statistics)\n",
        encoding="utf-8",
    )
    return [*paths, script]


def _write_topas(refinement: Refinement, measured: PatternData, folder: Path) -> list[Path]:
    from rietx.io.projects.topas import write_topas_inp

    path = folder / "topas.inp"
    write_topas_inp(refinement.structure, path, instrument=refinement.instrument, pattern=measured, free=refinement)
    return [path, path.with_suffix(".xye")]


def _write_fullprof(refinement: Refinement, measured: PatternData, folder: Path) -> list[Path]:
    from rietx.io.projects.fullprof import write_fullprof_pcr

    path = folder / "fullprof.pcr"
    structure: Structure = refinement.structure
    write_fullprof_pcr(structure, path, instrument=refinement.instrument, write_zero_shift=True)
    data = folder / "fullprof.dat"
    columns = np.column_stack([measured.two_theta, measured.intensity, measured.sigma])
    np.savetxt(data, columns, "%.6f", header="XYDATA\nINTER 1.0 1.0 0\n\n\n\n", comments="")
    return [path, data]


def _write_gsas2(refinement: Refinement, measured: PatternData, folder: Path) -> list[Path]:
    """Phases and instrument as GSAS-II reads them, and a script for its scripting interface."""
    import rietx
    from rietx.io.projects.gsas2 import write_gsas2_phase_cif

    instrument, script = folder / "instrument.instprm", folder / "gsas2.py"
    rietx.write_gsas2_instprm(refinement.instrument, instrument)
    phases = {}
    for place, phase in enumerate(refinement.structure.phases, start=1):
        path = folder / f"phase{place}.cif"
        write_gsas2_phase_cif(rietx.Structure(phases=[phase]), path)
        phases[path.name] = phase.name
    script.write_text(
        '"""Build and refine a GSAS-II project; run it with the Python of GSAS-II."""\n\n'
        "from pathlib import Path\n\nfrom GSASII import GSASIIscriptable as G2sc\n\n"
        "here = Path(__file__).parent\n"
        "project = G2sc.G2Project(newgpx=str(here / 'xsearch.gpx'))\n"
        "pattern = project.add_powder_histogram(str(here / 'pattern.xye'), str(here / 'instrument.instprm'))\n"
        f"for file, name in {phases!r}.items():\n"
        "    project.add_phase(str(here / file), phasename=name, histograms=[pattern])\n"
        f"background = {{'type': 'chebyschev-1', 'no. coeffs': {BACKGROUND_TERMS}, 'refine': True}}\n"
        "project.do_refinements([\n"
        "    {'set': {'Background': background}},\n"
        "    {'set': {'Cell': True, 'Instrument Parameters': ['Zero']}},\n"
        "    {'set': {'Instrument Parameters': ['W', 'X']}},\n"
        "])\n"
        "print(pattern.get_wR())\n",
        encoding="utf-8",
    )
    return [*(folder / name for name in phases), instrument, script]


WRITERS: dict[str, Callable[[Any, Any, Path], list[Path]]] = {
    "rietx": _write_rietx,
    "gsas2": _write_gsas2,
    "topas": _write_topas,
    "fullprof": _write_fullprof,
}
"""By name, what writes a program's files from the refinement and its data."""

PROGRAMS = (*WRITERS, "bgmn")
"""Names of the programs; BGMN refines from the crystals themselves."""
