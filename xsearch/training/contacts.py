"""Count which elements touch each other in the crystals of an index, and at what distance.

`python -m xsearch.training.contacts --index mp` writes `contacts.csv`, in about 20 s of CPU.
"""

from __future__ import annotations

import argparse

import numpy as np

from xsearch.chemistry.contacts import TABLE, count_contacts, write_contact_table
from xsearch.infer.template_library import library_of
from xsearch.search import open_index

MOST_SITES, FARTHEST_ABOVE_HULL_EV = 60, 0.2
"""Entries that are counted: of so many sites and so far above the hull at most. Set by hand."""


def main() -> None:
    """Count the contacts of all ordered entries that are not far from stable."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default=None, help="name or folder; the one in use by default")
    given = parser.parse_args()
    library = library_of(open_index(given.index).index)
    far = library.energy_above_hull_eV > FARTHEST_ABOVE_HULL_EV
    rows = np.flatnonzero((library.n_sites <= MOST_SITES) & ~far)
    write_contact_table(count_contacts(library.fetch(rows.tolist())))
    print(f"{len(rows)} crystals counted; written: {TABLE}")


if __name__ == "__main__":
    main()
