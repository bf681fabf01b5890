"""The numbers that decide how an index is searched: nearest neighbours, and the prior of its entries."""

from __future__ import annotations

from dataclasses import dataclass

from xsearch.settings import setting

BY_HAND = "set by hand"
BACKENDS = "python -m benchmarks.pxrd_backends --index mp"


@dataclass(frozen=True, slots=True)
class NeighbourSettings:
    """How nearest neighbours are found."""

    approximate_from: int = setting(
        1_000_000, "rows", f"{BACKENDS}: an exhaustive search takes 60 ms a million rows and thread, as the rest does"
    )
    gpu_from: int = setting(500_000, "rows", f"{BACKENDS}: below, loading torch outweighs thousands of queries")
    links: int = setting(32, "links", "of a vector in the HNSW graph: Malkov and Yashunin 2020")
    links_tried: int = setting(100, "candidates", "efConstruction: Malkov and Yashunin 2020")
    least_followed: int = setting(128, "candidates", f"efSearch, {BACKENDS}: with fewer, 1 % of the nearest is missed")
    followed_per_hit: int = setting(2, "candidates", f"efSearch, {BACKENDS}")
    lists_per_root: int = setting(4, "lists", "IVF lists for the square root of the rows: FAISS guidelines")
    least_per_list: int = setting(40, "vectors", "FAISS: vectors that k-means needs for a centroid")
    most_per_list: int = setting(64, "vectors", f"{BY_HAND}: of k-means; exact cosines make up for rough centroids")
    placing_rounds: int = setting(10, "rounds", f"{BY_HAND}: of k-means, likewise")
    least_read: int = setting(16, "lists", f"nprobe, {BACKENDS}")
    share_read: float = setting(1 / 16, "1", f"nprobe as a share of the lists, {BACKENDS}")


NEIGHBOURS = NeighbourSettings()


@dataclass(frozen=True, slots=True)
class PriorSettings:
    """What is likely before any pattern is seen."""

    known_bonus: float = setting(2.5, "ln probability", f"{BY_HAND}: of an experimentally reported compound")
    hull_cost: float = setting(1.6, "ln probability / eV", f"{BY_HAND}: of the energy above the hull per atom")
    highest_hull_eV: float = setting(0.3, "eV", f"{BY_HAND}: beyond, an entry costs no more")
    unknown_hull_eV: float = setting(0.1, "eV", f"{BY_HAND}: where the energy is missing")
    in_recall: float = setting(0.015, "correlation / ln probability", f"{BY_HAND}: weight of the prior in recall")


PRIOR = PriorSettings()
