"""What the forward model reads of a site: its surroundings, CHGNet's features of the atom, or both."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.surroundings import feature_count, site_features
from xsearch.models.chgnet import CHGNET_FEATURES, chgnet_features


class SiteFeatures(StrEnum):
    """What a forward model is trained on; CHGNet is an extra that its users must then install."""

    SURROUNDINGS = "surroundings"
    CHGNET = "chgnet"
    BOTH = "both"


COUNTS = {
    SiteFeatures.SURROUNDINGS: feature_count(),
    SiteFeatures.CHGNET: CHGNET_FEATURES,
    SiteFeatures.BOTH: feature_count() + CHGNET_FEATURES,
}
"""How many numbers each has. Of both, the surroundings come first."""


def features_of(
    crystal: Crystal, sites: list[int], kind: SiteFeatures, chgnet: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Features of some atoms of one crystal.

    Args:
        crystal: ordered where CHGNet reads it.
        sites: which entries of the crystal.
        kind: which features.
        chgnet: (atoms, CHGNET_FEATURES) of the crystal, where they are known already.

    Returns:
        (len(sites), COUNTS[kind]) float32.

    Raises:
        CrystalError: for a site or a crystal that has none.
        MissingExtra: where CHGNet is needed and not installed.
    """
    parts = []
    if kind is not SiteFeatures.CHGNET:
        parts.append(site_features(crystal, sites))
    if kind is not SiteFeatures.SURROUNDINGS:
        atoms = chgnet_features([crystal])[0] if chgnet is None else chgnet
        parts.append(atoms[sites])
    return np.hstack(parts)


def columns_of(kind: SiteFeatures) -> slice:
    """Where the features of a kind stand among those of both."""
    return {
        SiteFeatures.SURROUNDINGS: slice(0, feature_count()),
        SiteFeatures.CHGNET: slice(feature_count(), COUNTS[SiteFeatures.BOTH]),
        SiteFeatures.BOTH: slice(None),
    }[kind]
