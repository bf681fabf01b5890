"""Members of zipped instrument files, and their XML."""

import io
import zipfile
import zlib
from xml.etree import ElementTree

from xsearch.errors import SpectrumError
from xsearch.spectra.readers.source import MAX_BYTES, SourceFile

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


MAX_UNPACKED_BYTES = 300 * 2**20
"""Of all members of an archive together."""
MAX_MEMBERS = 20_000
"""Of an archive that are looked at."""
MAX_XML_MARKS = 2_500_000
"""Of `<` in the documents of a file, beyond which they would fill the memory."""


class Archive:
    """A zipped instrument file, opened in memory.

    Raises:
        SpectrumError: where the file is no zip archive, or a damaged one.
    """

    def __init__(self, source: SourceFile) -> None:
        self.name, self._left, self._marks = source.name, MAX_UNPACKED_BYTES, 0
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(source.data))
        except _DAMAGE:
            raise SpectrumError(
                f"{source.name}: a {source.suffix} file is a zip archive, and this is none or a truncated one."
            ) from None

    @property
    def members(self) -> list[str]:
        """The names of all members."""
        return self._zip.namelist()[:MAX_MEMBERS]

    def read(self, member: str) -> bytes:
        """A member's bytes.

        Raises:
            SpectrumError: where it is missing, damaged, or unpacks to too much.
        """
        try:
            with self._zip.open(member) as stream:
                data = stream.read(min(MAX_BYTES, self._left) + 1)
        except KeyError:
            raise SpectrumError(f"{self.name}: the archive lacks {member}; the file is incomplete.") from None
        except _DAMAGE as error:
            raise SpectrumError(f"{self.name}: {member} in the archive cannot be unpacked ({error}).") from None
        self._left -= len(data)
        if len(data) > MAX_BYTES or self._left < 0:
            raise SpectrumError(
                f"{self.name}: {member} unpacks to more than the {MAX_BYTES // 2**20} MB that are read."
            )
        return data

    def check_sizes(self) -> None:
        """Unpack every member to nothing, before another library does it without a limit.

        Raises:
            SpectrumError: where one is damaged, or all unpack to too much.
        """
        for member in self.members:
            self.read(member)

    def xml(self, member: str) -> ElementTree.Element:
        """A member's XML, its namespaces dropped."""
        data = self.read(member)
        self._marks += data.count(b"<")
        if self._marks > MAX_XML_MARKS:
            raise SpectrumError(f"{self.name}: XML of more than {MAX_XML_MARKS:,} marks; no spectrum has so many.")
        return parse_xml(data, f"{self.name}: {member}")


def parse_xml(data: bytes, name: str) -> ElementTree.Element:
    """The root of an XML document, its tags without namespaces, which change from version to version.

    Raises:
        SpectrumError: where the XML is broken.
    """
    if data.count(b"<") > MAX_XML_MARKS:
        raise SpectrumError(f"{name}: XML of more than {MAX_XML_MARKS:,} marks; no spectrum has so many.")
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
