"""From a path to a spectrum."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from xsearch.edge_names import parse_absorber, parse_edge
from xsearch.errors import SpectrumError, WavelengthError
from xsearch.reading import AS_THE_FILE_SAYS, Reading
from xsearch.spectra.powder import PowderPattern
from xsearch.spectra.radiation import parse_wavelength
from xsearch.spectra.readers import larix, photon_factory, ssrl
from xsearch.spectra.readers.archive import Archive
from xsearch.spectra.readers.athena import read_athena
from xsearch.spectra.readers.brml import read_brml
from xsearch.spectra.readers.bruker_raw import read_raw
from xsearch.spectra.readers.choice import choose, noted
from xsearch.spectra.readers.excel import sheets
from xsearch.spectra.readers.gsas import read_gsas
from xsearch.spectra.readers.kind import Kind, kind_of, kind_of_reading
from xsearch.spectra.readers.panalytical import read_xrdml
from xsearch.spectra.readers.pdcif import read_pdcif
from xsearch.spectra.readers.peak_list import peaks_in
from xsearch.spectra.readers.philips import read_philips
from xsearch.spectra.readers.powder_text import powder_scans, strip_chi_heading
from xsearch.spectra.readers.rigaku import read_asc, read_ras, read_rasx
from xsearch.spectra.readers.scan import NAMED_AXES, PowderScan, to_pattern
from xsearch.spectra.readers.source import SourceFile, load, looks_binary
from xsearch.spectra.readers.stepped import mdi_counts, read_cpi, read_udf, read_uxd, stepped_counts
from xsearch.spectra.readers.table import parse_tables
from xsearch.spectra.readers.wanted import Wanted
from xsearch.spectra.readers.xas_scan import XasScan, to_xanes
from xsearch.spectra.readers.xas_text import xas_from_tables
from xsearch.spectra.xanes import Xanes

Scan = PowderScan | XasScan
Reader = Callable[[SourceFile, Wanted], Scan | Sequence[Scan]]
"""From a file to its scan, or to all of several that are not ranges of one pattern."""


# Text of these kinds goes by many extensions, and begins with words of the user's own.
_TEXT_MARKS: tuple[tuple[re.Pattern[str], Callable[[SourceFile], Scan | Sequence[Scan]]], ...] = (
    (re.compile(r"^BANK\s", re.MULTILINE), read_gsas),
    (re.compile(r"^_(?:2THETA)?_?(?:COUNTS|CPS)\b|^_FILEVERSION", re.MULTILINE), read_uxd),
    (re.compile(r"^SampleIdent\s*,|^DataAngleRange\s*,", re.MULTILINE), read_udf),
    (re.compile(r"\ASIETRONICS XRD SCAN"), read_cpi),
    (re.compile(r"\A\s*\*TYPE\s*=|^\*WAVE_LENGTH1\s*=", re.MULTILINE), read_asc),
)


_JCPDS_LINE = re.compile(r"^DIHKL:[ \t]*(.+)$", re.MULTILINE)
"""A line of a card of the Joint Committee on Powder Diffraction Standards, as Dioptas keeps them."""


def read_text(source: SourceFile, wanted: Wanted) -> Scan | Sequence[Scan]:
    """A spectrum in columns of text, or in counts only after a first angle and a step."""
    if ssrl.is_binary(source):
        return ssrl.read_ssrl(source, wanted)
    text = strip_chi_heading(source.text()) if source.suffix == ".chi" else source.text()
    if photon_factory.MARK.search(text[:4000]):
        return photon_factory.read_9809(source, wanted)
    for mark, reader in _TEXT_MARKS:
        if mark.search(text[:4000]):
            return reader(source)
    if wanted.kind != "xanes":
        stepped = mdi_counts(text, source.name) or stepped_counts(text)
        if stepped is not None:
            return stepped
    if _JCPDS_LINE.search(text):
        text = "d I h k l\n" + "\n".join(match[1] for match in _JCPDS_LINE.finditer(text))
    return _in_columns(text, source, wanted)


def _in_columns(text: str, source: SourceFile, wanted: Wanted) -> Scan | Sequence[Scan]:
    tables = parse_tables(text, source.name)
    kind = wanted.kind or kind_of(tables[0], source.suffix)
    if kind == "xanes":
        return xas_from_tables(tables, source.name, wanted)
    return peaks_in(tables, source.name, wanted) or powder_scans(tables, source.name, wanted)


def read_workbook(source: SourceFile, wanted: Wanted) -> Scan | Sequence[Scan]:
    """The spectra of a workbook, sheet by sheet; a sheet that holds none is passed over."""
    found: list[Scan] = []
    problem: SpectrumError | None = None
    pages = sheets(source)
    for name, text in pages.items():
        try:
            scans = _in_columns(text, source, wanted)
        except SpectrumError as error:
            problem = problem or error
            continue
        scans = [scans] if isinstance(scans, PowderScan | XasScan) else scans
        found += [replace(scan, label=scan.label or name) if len(pages) > 1 else scan for scan in scans]
    if not found:
        raise problem or SpectrumError(f"{source.name}: an empty workbook; columns of numbers are expected.")
    return found


def read_hdf5(source: SourceFile, wanted: Wanted) -> Sequence[Scan]:
    """The powder patterns of an HDF5 (NeXus) file, or its absorption spectra."""
    from xsearch.spectra.readers.hdf5_powder import powder_in_hdf5  # h5py takes a while to import
    from xsearch.spectra.readers.hdf5_xas import xas_in_hdf5

    found = powder_in_hdf5(source, wanted) if wanted.kind != "xanes" else ()
    if found or wanted.kind == "pxrd":
        return found or _nothing_in_hdf5(source)
    try:
        return xas_in_hdf5(source, wanted)
    except SpectrumError:
        if wanted.kind == "xanes":
            raise
        return _nothing_in_hdf5(source)


def _nothing_in_hdf5(source: SourceFile) -> NoReturn:
    raise SpectrumError(
        f"{source.name}: an HDF5 (NeXus) file without a pattern over 2θ, q or d, or an absorption with a clear rise; "
        "name its datasets, such as --columns q=/entry/data/q,intensity=/entry/data/I or --columns "
        "energy=energy,i0=I0,it=I1, or export it as columns of text."
    )


def read_xas_text(source: SourceFile, wanted: Wanted) -> Sequence[XasScan]:
    """Absorption spectra in columns of text."""
    return xas_from_tables(parse_tables(source.text(), source.name), source.name, wanted)


def read_zip(source: SourceFile, wanted: Wanted) -> Scan | Sequence[Scan]:
    """A zipped instrument file or workbook, recognised by its members; else the one file in an archive."""
    archive = Archive(source)
    members = archive.members
    if any("RawData" in member for member in members):
        return read_brml(source)
    if any("Profile" in member for member in members):
        return read_rasx(source)
    if any(member in ("xl/workbook.xml", "xl/workbook.bin", "content.xml") for member in members):
        return read_workbook(source, wanted)
    files = [one for one in members if not re.search(r"/$|(^|/)[._]|__MACOSX", one)]
    if len(files) != 1:
        raise SpectrumError(
            f"{source.name}: a zip archive of {len(files)} files that is neither .brml nor .rasx; unpack it and give "
            "the spectrum's own file."
        )
    inner = SourceFile(source.path, archive.read(files[0]), Path(files[0]).suffix.lower())
    if inner.data.startswith(b"PK"):
        raise SpectrumError(f"{source.name}: an archive in an archive; unpack it and give the spectrum's own file.")
    return reader_of(inner)(inner, wanted)


def _powder(reader: Callable[[SourceFile], PowderScan | Sequence[PowderScan]]) -> Reader:
    return lambda source, wanted: reader(source)


READERS: dict[str, Reader] = {
    ".xy": read_text,
    ".xye": read_text,
    ".csv": read_text,
    ".txt": read_text,
    ".dat": read_text,
    ".chi": read_text,
    ".xdi": read_xas_text,
    ".nor": read_xas_text,
    ".xmu": read_xas_text,
    ".prj": read_athena,
    ".larix": larix.read_larix,
    ".gsas": _powder(read_gsas),
    ".gsa": _powder(read_gsas),
    ".gss": _powder(read_gsas),
    ".gda": _powder(read_gsas),
    ".fxye": _powder(read_gsas),
    ".xra": _powder(read_gsas),
    ".uxd": _powder(read_uxd),
    ".udf": _powder(read_udf),
    ".cpi": _powder(read_cpi),
    ".xrdml": _powder(read_xrdml),
    ".brml": read_zip,
    ".rasx": read_zip,
    ".ras": _powder(read_ras),
    ".raw": _powder(read_raw),
    ".cif": _powder(read_pdcif),
    ".h5": read_hdf5,
    ".xlsx": read_zip,
    ".xls": read_workbook,
    ".rd": _powder(read_philips),
}
"""The reader of each extension."""

SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"# XDI/", ".xdi"),
    (b"#XDI/", ".xdi"),
    (b"# Athena project file", ".prj"),
    *((mark, ".larix") for mark in larix.MARKS),
    (b"PK\x03\x04", ".brml"),
    (b"\x89HDF\r\n\x1a\n", ".h5"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls"),
    (b"<?xml", ".xrdml"),
    (b"<xrdMeasurements", ".xrdml"),
    (b"*RAS_", ".ras"),
    (b"V3RD", ".rd"),
    (b"V5RD", ".rd"),
    (b"RAW ", ".raw"),
    (b"RAW_1.", ".raw"),
    (b"RAW1.01", ".raw"),
    (b"RAW2", ".raw"),
    (b"RAW4.00", ".raw"),
)
"""How files begin that are known by their content, and the extension that they should have had."""


def read(
    path: str | Path,
    *,
    wavelength: str | float | None = None,
    kind: Kind | None = None,
    absorber: str | None = None,
    edge: str | None = None,
    spectrum: str | int | None = None,
    reading: Reading = AS_THE_FILE_SAYS,
) -> PowderPattern | Xanes:
    """Read a measured spectrum.

    Args:
        path: the file; text may be gzipped. Where it holds several spectra, `FILE#2` and `FILE#name` choose one and
            `FILE#all` the mean of all, as `spectrum` does.
        wavelength: of a powder pattern, as `parse_wavelength` takes it: `"CuKa"`, `0.7093`, `"17.48 keV"`. It goes
            before what the file says.
        kind: `"pxrd"` or `"xanes"`, where the file leaves it open. An absorber or edge means `"xanes"`.
        absorber: the absorbing element of an X-ray absorption spectrum, such as `"Fe"`; it goes before the file's.
        edge: its edge, such as `"K"`; it goes before the file's.
        spectrum: the name, or the number from 1, of a spectrum in a file of several; `"all"` for their mean.
        reading: which columns and axis are meant, and how an edge is normalised; see `Reading.parse`.

    Returns:
        A `PowderPattern` or a `Xanes`; what was assumed or repaired is in its `notes`.

    Raises:
        WavelengthError: where a powder pattern comes without a wavelength.
        SpectrumError: where the file cannot be read, or holds nothing of use. The message is one line.
    """
    request = _Request(path, wavelength, kind, absorber, edge, reading)
    chosen = request.chosen if spectrum is None else str(spectrum)
    return request.spectrum(choose(request.scans(), chosen, request.source.name))


def read_each(
    path: str | Path,
    *,
    wavelength: str | float | None = None,
    kind: Kind | None = None,
    absorber: str | None = None,
    edge: str | None = None,
    reading: Reading = AS_THE_FILE_SAYS,
) -> tuple[PowderPattern | Xanes, ...]:
    """Read all spectra of a file, such as the scans of a series or of a map.

    Args:
        path, wavelength, kind, absorber, edge, reading: as `read` takes them; `FILE#2` gives one alone.

    Returns:
        One spectrum or more, in the file's order; the `source` of several ends with `#` and their number.

    Raises:
        WavelengthError, SpectrumError: as `read` does.
    """
    request = _Request(path, wavelength, kind, absorber, edge, reading)
    scans = request.scans()
    if len(scans) == 1 or request.chosen is not None:
        return (request.spectrum(choose(scans, request.chosen, request.source.name)),)
    found: list[PowderPattern | Xanes] = []
    problems: list[SpectrumError] = []
    for number, scan in enumerate(scans, start=1):
        try:
            found.append(request.spectrum(noted(scan, number, len(scans)), f"{request.source.name}#{number}"))
        except WavelengthError:
            raise  # which all of them miss
        except SpectrumError as problem:
            problems.append(problem)
    if not found:
        raise problems[0]
    if problems:
        said = f"{len(problems)} of {len(scans)} spectra in the file cannot be used, such as {problems[0]}"
        found = [one.with_notes(said) for one in found]
    return tuple(found)


def labels_in(path: str | Path) -> tuple[str, ...]:
    """What a file calls its absorption spectra, in its order; one that is alone may have no name.

    Raises:
        SpectrumError: as `read` does.
    """
    request = _Request(path, None, "xanes", None, None, AS_THE_FILE_SAYS)
    scans = request.scans()
    return tuple(scan.label for scan in scans) if len(scans) > 1 or scans[0].label else ()


class _Request:
    """One file, what is said of it, and the scans in it."""

    def __init__(
        self,
        path: str | Path,
        wavelength: str | float | None,
        kind: Kind | None,
        absorber: str | None,
        edge: str | None,
        reading: Reading,
    ) -> None:
        if kind not in (None, "pxrd", "xanes"):
            raise SpectrumError(f"Unknown kind {kind!r}; 'pxrd' or 'xanes' is expected.")
        self.wavelength_A = None if wavelength is None else parse_wavelength(wavelength)
        self.absorber = None if absorber is None else parse_absorber(absorber)
        self.edge = None if edge is None else parse_edge(edge)
        self.kind = kind or ("xanes" if absorber or edge else None)
        self.reading = reading
        path, self.chosen = _split_choice(path)
        self.source = load(path)

    def scans(self) -> Sequence[Scan]:
        """All scans of the file; of several absorption spectra those of the absorber, where one is given."""
        likely = self.kind or kind_of_reading(self.reading)
        if likely is None and self.wavelength_A is not None:
            likely = "pxrd"  # it is of use to powder patterns only
        found = reader_of(self.source)(self.source, Wanted(likely, self.absorber, self.reading))
        scans = (found,) if isinstance(found, PowderScan | XasScan) else tuple(found)
        if self.absorber is not None and self.chosen is None:
            theirs = [scan for scan in scans if isinstance(scan, XasScan) and scan.absorber in (None, self.absorber)]
            return theirs or scans
        return scans

    def spectrum(self, scan: Scan, name: str | None = None) -> PowderPattern | Xanes:
        """A scan as a spectrum.

        Raises:
            WavelengthError, SpectrumError: as `read` does.
        """
        name = name or self.source.name
        if isinstance(scan, XasScan):
            if self.kind == "pxrd":
                raise SpectrumError(f"{name}: an X-ray absorption spectrum, where a powder pattern is expected.")
            return to_xanes(scan, name, self.absorber, self.edge, self.reading)
        if self.kind == "xanes":
            raise SpectrumError(f"{name}: a powder pattern, where an X-ray absorption spectrum is expected.")
        if self.reading.axis is not None:
            scan = replace(scan, unit=NAMED_AXES[self.reading.axis])
        return to_pattern(scan, name, self.wavelength_A)


_GSAS_BANK = re.compile(rb"^BANK\s+\d+\s+\d+\s+\d+\s+[A-Z]", re.MULTILINE)


def reader_of(source: SourceFile) -> Reader:
    """The reader of a file: by how it begins, else by its extension, else the reader of text."""
    head = source.data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    for signature, suffix in SIGNATURES:
        if head.startswith(signature):
            return READERS[suffix]
    if _GSAS_BANK.search(source.data[:8192]):
        return READERS[".gsas"]  # whose titles may hold any bytes
    # GSAS data are often called .raw too; what begins otherwise is for the reader of text, which says what it misses.
    if source.suffix == ".raw" and not looks_binary(source.data):
        return read_text
    return READERS.get(source.suffix, read_text)


def _split_choice(path: str | Path) -> tuple[Path, str | None]:
    """`project.prj#name` as the path and the name; a file that has the mark in its own name goes before."""
    text = str(path)
    if "#" not in text or Path(text).expanduser().exists():
        return Path(text), None
    bare, _, choice = text.rpartition("#")
    return (Path(bare), choice) if Path(bare).expanduser().is_file() else (Path(text), None)
