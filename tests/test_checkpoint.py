"""An inference that was stopped goes on where it stood."""

from pathlib import Path

import numpy as np
import pytest

from xsearch.checkpoint import NOTHING_KEPT, Checkpoint
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.infer import pipeline
from xsearch.infer.engine import infer
from xsearch.infer.template_library import library_of
from xsearch.search import SearchIndex


def test_a_stage_is_done_once(tmp_path: Path) -> None:
    calls = []
    kept = Checkpoint(tmp_path)
    assert [kept.stage("one", lambda: calls.append(1) or np.arange(3)).tolist() for _ in range(2)] == [[0, 1, 2]] * 2
    assert len(calls) == 1
    kept.part("other").stage("one", lambda: calls.append(1))
    NOTHING_KEPT.stage("one", lambda: calls.append(1))
    assert len(calls) == 3


def test_a_file_that_was_cut_is_made_again(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path)
    kept.stage("one", lambda: "first")
    (tmp_path / "one.pickle").write_bytes(b"\x80")
    assert kept.stage("one", lambda: "second") == "second"


def test_an_inference_goes_on_to_the_same_answer(
    prototypes: SearchIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    salt = next(m for m in prototypes.index.materials(range(len(prototypes))) if m.reduced_formula == "NaCl")
    pattern, library = augmented_pattern(salt.crystal, 3), library_of(prototypes.index)
    kept = Checkpoint(tmp_path)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "refine_best", stopped)
        with pytest.raises(KeyboardInterrupt):
            infer(library, ["Na", "Cl"], pattern, kept=kept)
    assert {path.stem for path in tmp_path.iterdir()} == {"screening", "refinement"}
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "screen_templates", stopped)
        resumed = infer(library, ["Na", "Cl"], pattern, kept=kept)
    whole = infer(library, ["Na", "Cl"], pattern)
    assert [(c.inferred_id, c.probability) for c in resumed.candidates] == [
        (c.inferred_id, c.probability) for c in whole.candidates
    ]
