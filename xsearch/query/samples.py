"""A question about files: each is a sample of its own, or all are spectra of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from xsearch.answers import Combined, Inference, SearchResult
from xsearch.errors import QueryError, XSearchError
from xsearch.progress import SILENCE, Progress
from xsearch.query.engine import answer
from xsearch.query.question import Question
from xsearch.reading import AS_THE_FILE_SAYS, Reading
from xsearch.search import SearchIndex
from xsearch.spectra.measurement import Measurement, read_measurement, read_samples


class Answered(NamedTuple):
    """An answer, and whether it is one of a series that a file holds."""

    answer: SearchResult | Inference | Combined
    in_series: bool


def answer_sample(
    index: SearchIndex,
    question: Question,
    file: str | None = None,
    xanes: Sequence[str] = (),
    wavelength: str | float | None = None,
    reading: Reading = AS_THE_FILE_SAYS,
) -> SearchResult | Inference | Combined:
    """Answer a question about the spectra of one sample.

    Args:
        index: as `answer` takes it.
        question: with what is known of the sample, but for its spectra.
        file, xanes, wavelength, reading: as `read_measurement` takes them.

    Raises:
        SpectrumError, QueryError: as `read_measurement` and `answer` do.
    """
    return _answer_of(index, question, read_measurement(file, xanes, wavelength, reading))


def answer_each(
    index: SearchIndex,
    question: Question,
    files: Sequence[str],
    xanes: Sequence[str],
    wavelength: str | float | None,
    on_error: Callable[[Exception], None],
    reading: Reading = AS_THE_FILE_SAYS,
    progress: Progress = SILENCE,
) -> Iterator[Answered]:
    """An answer a file, and an answer a pattern of a file that holds a series.

    Where there are several, one that cannot be read or searched is reported and left out.

    Args:
        index, question, wavelength, reading: as `answer_sample` takes them.
        files: each of a sample of its own.
        xanes: further spectra of the sample, where there is one file.
        on_error: is called with what was wrong with a file or a pattern of a series.
        progress: shows how far a series is.

    Raises:
        SpectrumError, QueryError: for a single file as `answer_sample` does, and for several with `xanes`.
    """
    if xanes and len(files) > 1:
        raise QueryError(
            f"--xanes belongs to one sample, and {len(files)} files were given; give its powder pattern or one of its "
            "spectra, and each further edge with --xanes."
        )
    for file in files:
        samples: Sequence[Measurement] = ()
        try:
            samples = (
                [read_measurement(file, xanes, wavelength, reading)]
                if xanes
                else read_samples(file, wavelength, reading)
            )
        except (XSearchError, OSError) as error:
            if len(files) == 1:
                raise
            on_error(error)
        if len(samples) > 1:
            progress.start(file, len(samples))
        for sample in samples:
            try:
                yield Answered(_answer_of(index, question, sample), len(samples) > 1)
            except XSearchError as error:
                if len(files) == 1 and len(samples) == 1:
                    raise
                on_error(error)
            if len(samples) > 1:
                progress.advance(1)


def _answer_of(index: SearchIndex, question: Question, measured: Measurement) -> SearchResult | Inference | Combined:
    known = question.measurement
    measurement = replace(measured, oxidation=known.oxidation, coordination=known.coordination)
    return answer(index, replace(question, measurement=measurement))
