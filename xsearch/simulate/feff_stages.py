"""The FEFF10 that comes by pip, in a process of its own: `python feff_stages.py FOLDER`.

It works on `feff.inp` in that folder and writes where FEFF does. A line `stage NAME` on the error stream tells what
runs. FEFF prints and ends processes as it likes; here it can neither disturb xsearch nor take it along.
"""

from __future__ import annotations

import sys
from pathlib import Path

STAGES = ("rdinp", "atomic", "pot", "xsph", "fms", "mkgtr", "path", "genfmt", "ff2x")
"""What the near edge needs, in FEFF's order."""


def run_stages(folder: Path) -> None:
    """Run FEFF10 on the input of a folder."""
    import feff10

    def notify(stage: feff10.Stage, progress: feff10.StageProgress) -> None:
        if progress.kind == "starting":
            print(f"stage {stage.executable_name}", file=sys.stderr, flush=True)

    stages = [feff10.Stage.from_name(name) for name in STAGES]
    config = feff10.FeffConfig.from_file(str(folder), str(folder / "feff.inp"), stages=stages)
    feff10.FeffPipeline(config).run_with_progress(notify)


if __name__ == "__main__":
    try:
        run_stages(Path(sys.argv[1]))
    except Exception as error:
        raise SystemExit(f"{type(error).__name__}: {' '.join(str(error).split())}") from None
