"""What can go wrong that a user can mend. Every message says what was expected, what came, and what to do."""


class XSearchError(Exception):
    """The root of every error that xsearch raises on purpose."""


class SpectrumError(XSearchError):
    """A spectrum cannot be read or used as it is."""


class WavelengthError(SpectrumError):
    """A powder pattern came without its wavelength, or with one that cannot be right."""


class CrystalError(XSearchError):
    """A crystal structure cannot be read or used as it is."""


class QueryError(XSearchError):
    """A query contradicts itself or names something that does not exist."""


class NothingSearched(QueryError):
    """No entry of the index meets the conditions of a query."""


class MissingIndex(XSearchError):
    """No index of that name is there."""


class BrokenIndex(XSearchError):
    """An index is truncated, altered, or of another format."""


class BuildError(XSearchError):
    """A build could not go on; what had been there before it is untouched."""


class MissingExtra(XSearchError):
    """An optional package is needed and not installed."""
