"""A file on its way in: its bytes, its name, and its text where it is text."""

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xsearch.errors import SpectrumError

MAX_BYTES = 100 * 2**20
"""Of a file, and of what it unpacks to; reading stops there."""
MAX_TEXT_BYTES = 24 * 2**20
"""Of a file of text; no spectrum is longer, and reading ends within seconds."""
MAX_HDF5_BYTES = 20 * 2**30
"""Of an HDF5 file, of which parts are read; pictures may stand beside the patterns."""
STANDARD_INPUT = "-"
"""In place of a path: the spectrum comes from the standard input."""
_XZ_MEMORY = 256 * 2**20
"""Bytes that unpacking may need."""
_PACKED_SUFFIXES = {".gz", ".bz2", ".xz"}
_HDF5 = b"\x89HDF\r\n\x1a\n"
_CODE_PAGES = {
    "shift_jis": ("波長", "強度", "角度", "線源", "2θ"),
    "gb18030": ("波长", "强度", "角度", "阳极", "辐射", "2θ"),
    "euc_kr": ("파장", "강도", "2θ"),
    "cp1251": ("длина волны", "анод", "интенсивность"),
}
"""Code pages, and words by which text in them is recognised."""
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1a\x1b")
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file's bytes, unpacked where it was packed.

    Attributes:
        path: where it lies.
        data: its bytes; of an HDF5 file on the disk only the first.
        suffix: the last part of its name in lower case, with its dot and without `.gz`, `.bz2` or `.xz`.
        on_disk: whether the file at the path holds these bytes as they are.
    """

    path: Path
    data: bytes
    suffix: str
    on_disk: bool = False

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return "standard input" if str(self.path) == STANDARD_INPUT else self.path.name

    def text(self, lenient: bool = False) -> str:
        """The file as text: UTF-8, UTF-16 with its mark, or else Latin-1.

        Args:
            lenient: whether other bytes may stand among the text, as in titles that programs did not clear.

        Raises:
            SpectrumError: where the bytes are not text at all, or too many.
        """
        if len(self.data) > MAX_TEXT_BYTES:
            raise SpectrumError(
                f"{self.name}: {len(self.data) / 2**20:,.0f} MB of text; up to {MAX_TEXT_BYTES // 2**20} MB are read."
            )
        for bom, encoding in _BOMS:
            if self.data.startswith(bom):
                return self.data.decode(encoding, errors="replace").lstrip("\ufeff")
        if looks_binary(self.data) and not lenient:
            raise SpectrumError(
                f"{self.name}: a binary file of a kind that xsearch does not know; export it from the instrument's "
                "program as two-column text (.xy), .xrdml, .brml, .rasx or XDI."
            )
        try:
            return self.data.decode("utf-8")
        except UnicodeDecodeError:
            return _in_a_code_page(self.data)


def _in_a_code_page(data: bytes) -> str:
    """Text that is not UTF-8: in the code page in which it holds words that headers are made of, else in Latin-1."""
    for encoding, words in _CODE_PAGES.items():
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if any(word in text.lower() for word in words):
            return text
    return data.decode("latin-1")


def load(path: str | Path) -> SourceFile:
    """Read a file's bytes, or those of the standard input where the path is `-`.

    Raises:
        SpectrumError: where there is no such file, or it is a folder, empty, too large, or cannot be read.
    """
    path = Path(path).expanduser()
    data = _standard_input() if str(path) == STANDARD_INPUT else _file(path)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    on_disk = str(path) != STANDARD_INPUT
    for mark, opener, what in _PACKINGS:
        if data.startswith(mark):
            data, on_disk = _unpack(data, path, opener, what), False
            suffixes = suffixes[:-1] if suffixes and suffixes[-1] in _PACKED_SUFFIXES else suffixes
            break
    if not data.strip():
        raise SpectrumError(f"{path}: the file is empty; a spectrum of at least two columns is expected.")
    return SourceFile(path, data, suffixes[-1] if suffixes else "", on_disk)


def _file(path: Path) -> bytes:
    if path.is_dir():
        raise SpectrumError(f"{path}: a folder; give the path of one spectrum file.")
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            data = stream.read(4096)
            hdf5 = data.startswith(_HDF5)
            most = MAX_HDF5_BYTES if hdf5 else MAX_BYTES
            if size > most:
                raise SpectrumError(f"{path}: {size / 2**20:,.0f} MB; up to {most // 2**20:,} MB are read.")
            return data if hdf5 else data + stream.read(MAX_BYTES)
    except FileNotFoundError:
        raise SpectrumError(f"{path}: no such file.") from None
    except OSError as error:
        raise SpectrumError(f"{path}: cannot be read ({error.strerror or error}).") from None


def _standard_input() -> bytes:
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise SpectrumError(f"standard input: more than {MAX_BYTES // 2**20} MB; spectra of up to that are read.")
    return data


def looks_binary(data: bytes) -> bool:
    """Whether bytes without an encoding mark are something else than text."""
    sample = data[:65536]
    if b"\0" in sample:
        return True
    controls = sum(byte < 32 and byte not in _TEXT_CONTROLS for byte in sample)
    return controls > 0.01 * len(sample)


def _unpack(data: bytes, path: Path, opener: Callable[[], Any], what: str) -> bytes:
    """All streams of a packed file, one after the other.

    Raises:
        SpectrumError: where it is damaged, or unpacks to too much.
    """
    unpacked = b""
    while data:
        stream = opener()
        try:
            unpacked += stream.decompress(data, MAX_BYTES + 1 - len(unpacked))
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
            if unpacked:
                break  # what follows the last stream is none
            raise SpectrumError(f"{path}: a {what} file that is truncated or altered ({error}).") from None
        if len(unpacked) > MAX_BYTES:
            raise SpectrumError(f"{path}: unpacks to more than the {MAX_BYTES // 2**20} MB that are read.")
        if not stream.eof:
            raise SpectrumError(f"{path}: a {what} file that is truncated.")
        data = stream.unused_data
    return unpacked


_PACKINGS: tuple[tuple[bytes, Callable[[], Any], str], ...] = (
    (b"\x1f\x8b", lambda: zlib.decompressobj(wbits=zlib.MAX_WBITS | 16), "gzipped"),
    (b"BZh", bz2.BZ2Decompressor, "bzip2-packed"),
    (b"\xfd7zXZ\0", lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY), "xz-packed"),
)
"""How packed files begin, and what unpacks them."""
