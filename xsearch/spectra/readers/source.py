"""A file on its way in: its bytes, its name, and its text where it is text."""

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

from xsearch.errors import SpectrumError

MAX_BYTES = 100 * 2**20
"""Of a file; no spectrum is larger, and reading stops there."""
_GZIP = b"\x1f\x8b"
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1a\x1b")
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file's bytes, unpacked where it was gzipped.

    Attributes:
        path: where it lies.
        data: its bytes.
        suffix: the last part of its name in lower case, with its dot and without `.gz`.
    """

    path: Path
    data: bytes
    suffix: str

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return self.path.name

    def text(self) -> str:
        """The file as text: UTF-8, UTF-16 with its mark, or else Latin-1.

        Raises:
            SpectrumError: where the bytes are not text at all.
        """
        for bom, encoding in _BOMS:
            if self.data.startswith(bom):
                return self.data.decode(encoding, errors="replace").lstrip("\ufeff")
        if self.data.startswith(b"\x89HDF"):
            raise SpectrumError(
                f"{self.name}: an HDF5 (NeXus) file; export the spectrum as columns of text, as .xdi, .xy or .csv."
            )
        if looks_binary(self.data):
            raise SpectrumError(
                f"{self.name}: a binary file of a kind that xsearch does not know; export it from the instrument's "
                "program as two-column text (.xy), .xrdml, .brml, .rasx or XDI."
            )
        try:
            return self.data.decode("utf-8")
        except UnicodeDecodeError:
            return self.data.decode("latin-1")


def load(path: str | Path) -> SourceFile:
    """Read a file's bytes.

    Raises:
        SpectrumError: where there is no such file, or it is a folder, empty, too large, or cannot be read.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise SpectrumError(f"{path}: a folder; give the path of one spectrum file.")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SpectrumError(
                f"{path}: {path.stat().st_size / 2**20:,.0f} MB; spectra of up to {MAX_BYTES // 2**20} MB are read."
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise SpectrumError(f"{path}: no such file.") from None
    except OSError as error:
        raise SpectrumError(f"{path}: cannot be read ({error.strerror or error}).") from None
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if data.startswith(_GZIP):
        data = _gunzip(data, path)
        suffixes = suffixes[:-1] if suffixes[-1:] == [".gz"] else suffixes
    if not data.strip():
        raise SpectrumError(f"{path}: the file is empty; a spectrum of at least two columns is expected.")
    return SourceFile(path, data, suffixes[-1] if suffixes else "")


def looks_binary(data: bytes) -> bool:
    """Whether bytes without an encoding mark are something else than text."""
    sample = data[:65536]
    if b"\0" in sample:
        return True
    controls = sum(byte < 32 and byte not in _TEXT_CONTROLS for byte in sample)
    return controls > 0.01 * len(sample)


def _gunzip(data: bytes, path: Path) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        unpacked = unpacker.decompress(data, MAX_BYTES + 1)
    except (zlib.error, gzip.BadGzipFile) as error:
        raise SpectrumError(f"{path}: a gzipped file that is truncated or altered ({error}).") from None
    if len(unpacked) > MAX_BYTES:
        raise SpectrumError(f"{path}: unpacks to more than the {MAX_BYTES // 2**20} MB that are read.")
    if not unpacker.eof:
        raise SpectrumError(f"{path}: a gzipped file that is truncated.")
    return unpacked
