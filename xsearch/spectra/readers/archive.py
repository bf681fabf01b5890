"""Members of zipped instrument files, and their XML."""

import io
import zipfile
import zlib
from xml.etree import ElementTree

from xsearch.errors import SpectrumError
from xsearch.spectra.readers.source import MAX_BYTES, SourceFile

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


class Archive:
    """A zipped instrument file, opened in memory.

    Raises:
        SpectrumError: where the file is no zip archive, or a damaged one.
    """

    def __init__(self, source: SourceFile) -> None:
        self.name = source.name
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(source.data))
        except _DAMAGE:
            raise SpectrumError(
                f"{source.name}: a {source.suffix} file is a zip archive, and this is none or a truncated one."
            ) from None

    @property
    def members(self) -> list[str]:
        """The names of all members."""
        return self._zip.namelist()

    def read(self, member: str) -> bytes:
        """A member's bytes.

        Raises:
            SpectrumError: where it is missing, damaged, or unpacks to too much.
        """
        try:
            if self._zip.getinfo(member).file_size > MAX_BYTES:
                raise SpectrumError(
                    f"{self.name}: {member} unpacks to more than the {MAX_BYTES // 2**20} MB that are read."
                )
            return self._zip.read(member)
        except KeyError:
            raise SpectrumError(f"{self.name}: the archive lacks {member}; the file is incomplete.") from None
        except _DAMAGE as error:
            raise SpectrumError(f"{self.name}: {member} in the archive cannot be unpacked ({error}).") from None

    def xml(self, member: str) -> ElementTree.Element:
        """A member's XML, its namespaces dropped."""
        return parse_xml(self.read(member), f"{self.name}: {member}")


def parse_xml(data: bytes, name: str) -> ElementTree.Element:
    """The root of an XML document, its tags without namespaces, which change from version to version.

    Raises:
        SpectrumError: where the XML is broken.
    """
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise SpectrumError(f"{name}: broken XML ({error}); the file is truncated or altered.") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def number(element: ElementTree.Element | None) -> float | None:
    """An element's text as a number, or None where there is neither."""
    text = (element.text or "").strip() if element is not None else ""
    try:
        return float(text)
    except ValueError:
        return None
