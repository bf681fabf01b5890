"""Mine an index for what happens when elements take each other's place: how readily, and what it does to the volume.

`python -m xsearch.training.element_tables --index mp` writes `substitution.csv` and `volume.csv` beside the
modules of `xsearch.chemistry` that read them.
"""

from __future__ import annotations

import argparse

from xsearch.chemistry.substitution import TABLE as SUBSTITUTION_TABLE
from xsearch.chemistry.substitution import mine_substitution, write_substitution_table
from xsearch.chemistry.volume import TABLE as VOLUME_TABLE
from xsearch.chemistry.volume import fit_volume_table, write_volume_table
from xsearch.infer.template_library import library_of
from xsearch.search import open_index


def main() -> None:
    """Write both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default=None, help="name or folder; the one in use by default")
    given = parser.parse_args()
    library = library_of(open_index(given.index).index)
    write_substitution_table(mine_substitution(library.atomic_numbers, library.template))
    write_volume_table(
        fit_volume_table(library.atomic_numbers, library.coefficients, library.volume_per_atom_A3, library.template)
    )
    print(f"{len(library)} crystals of {len(library.keys)} templates; written: {SUBSTITUTION_TABLE}, {VOLUME_TABLE}")


if __name__ == "__main__":
    main()
