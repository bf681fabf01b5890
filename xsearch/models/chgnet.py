"""CHGNet (Deng et al., Nat. Mach. Intell. 5 (2023) 1031): what its atoms have become before its last convolution.

XAStruct's published forward model reads these numbers of the absorber. The package, an optional extra, carries the
weights; nothing is downloaded.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from importlib.util import find_spec
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.errors import CrystalError, MissingExtra

if TYPE_CHECKING:
    from chgnet.model import CHGNet
    from pymatgen.core import Structure

CHGNET_FEATURES = 64
"""Numbers of each atom."""

VERSION = "0.3.0"
"""Of the weights whose atom features models are trained on."""

BATCH = 16
"""Crystals in one pass."""


@cache
def load_chgnet(name: str = VERSION) -> CHGNet:
    """The network with the weights of a name, on the CPU.

    Raises:
        MissingExtra: where its package is not installed.
    """
    if find_spec("chgnet") is None:
        raise MissingExtra('CHGNet is not installed; pip install "xsearch[relax]".')
    with quiet():
        from chgnet.model import CHGNet

        return CHGNet.load(model_name=name, use_device="cpu", verbose=False)


def chgnet_features(crystals: Sequence[Crystal]) -> list[NDArray[np.float32]]:
    """Features of all atoms of some ordered crystals.

    Returns:
        (atoms, CHGNET_FEATURES) of each.

    Raises:
        CrystalError: for a disordered crystal, or one with an atom that has no neighbour within CHGNet's reach.
        MissingExtra: where its package is not installed.
    """
    if not all(one.is_ordered for one in crystals):
        raise CrystalError("CHGNet reads ordered crystals only.")
    import torch

    model = load_chgnet()
    try:
        with quiet():
            graphs = [model.graph_converter(as_structure(one)) for one in crystals]
    except ValueError as error:
        raise CrystalError(f"CHGNet cannot read the crystal: {str(error).splitlines()[0]}.") from None
    with torch.no_grad():
        found = model.predict_graph(graphs, task="e", return_atom_feas=True, batch_size=BATCH)
    return [np.asarray(one["atom_fea"], np.float32) for one in (found if isinstance(found, list) else [found])]


def as_structure(crystal: Crystal) -> Structure:
    """An ordered crystal as pymatgen holds it."""
    from pymatgen.core import Lattice, Structure

    return Structure(Lattice(crystal.lattice_A), crystal.elements, crystal.frac_coords)


@contextmanager
def quiet() -> Iterator[None]:
    """Potentials print their versions, and warn of how they make tensors and of accelerators that are not there."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
