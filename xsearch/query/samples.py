"""A question about files: each is a sample of its own, or all are spectra of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from xsearch.answers import Combined, Inference, SearchResult
from xsearch.errors import QueryError, XSearchError
from xsearch.query.engine import answer
from xsearch.query.question import Question
from xsearch.search import SearchIndex
from xsearch.spectra.measurement import read_measurement


def answer_sample(
    index: SearchIndex,
    question: Question,
    file: str | None = None,
    xanes: Sequence[str] = (),
    wavelength: str | float | None = None,
) -> SearchResult | Inference | Combined:
    """Answer a question about the spectra of one sample.

    Args:
        index: as `answer` takes it.
        question: with what is known of the sample, but for its spectra.
        file, xanes, wavelength: as `read_measurement` takes them.

    Raises:
        SpectrumError, QueryError: as `read_measurement` and `answer` do.
    """
    known = question.measurement
    measured = read_measurement(file, xanes, wavelength)
    measurement = replace(measured, oxidation=known.oxidation, coordination=known.coordination)
    return answer(index, replace(question, measurement=measurement))


def answer_each(
    index: SearchIndex,
    question: Question,
    files: Sequence[str],
    xanes: Sequence[str],
    wavelength: str | float | None,
    on_error: Callable[[Exception], None],
) -> Iterator[SearchResult | Inference | Combined]:
    """An answer a file; where there are several, one that cannot be read or searched is reported and left out.

    Args:
        index, question, wavelength: as `answer_sample` takes them.
        files: each of a sample of its own.
        xanes: further spectra of the sample, where there is one file.
        on_error: is called with what was wrong with a file.

    Raises:
        SpectrumError, QueryError: for a single file as `answer_sample` does, and for several with `xanes`.
    """
    if xanes and len(files) > 1:
        raise QueryError(
            f"--xanes belongs to one sample, and {len(files)} files were given; give its powder pattern or one of its "
            "spectra, and each further edge with --xanes."
        )
    for file in files:
        try:
            yield answer_sample(index, question, file, xanes, wavelength)
        except (XSearchError, OSError) as error:
            if len(files) == 1:
                raise
            on_error(error)
