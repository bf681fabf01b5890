"""Forests of decision trees as flat arrays: six bytes a node, read by one compiled loop, stored as safetensors.

A node is (feature, threshold, skip): the left child follows its parent, the right one stands `skip` nodes further.
A leaf has the feature `LEAF` and holds its value in place of the threshold: a class index, or a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from xsearch.errors import XSearchError

LEAF = 65535
"""In place of the feature of a split: the node is a leaf."""


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees of one task.

    Attributes:
        feature: (nodes,) uint16, `LEAF` at leaves.
        threshold: (nodes,) float32 of half-precision values; a sample goes left where its feature is not above it.
        skip: (nodes,) uint16 from a node to its right child.
        starts: (trees,) int32, the first node of each tree.
        classes: how many classes the leaves name; 0 for numbers.
    """

    feature: NDArray[np.uint16]
    threshold: NDArray[np.float32]
    skip: NDArray[np.uint16]
    starts: NDArray[np.int32]
    classes: int

    def predict(self, samples: NDArray[np.floating]) -> NDArray[np.float32]:
        """Votes of the trees.

        Args:
            samples: (n, features).

        Returns:
            (n, classes) shares of the votes, or (n, 2) mean and standard deviation of the trees' numbers.
        """
        # Thresholds were stored in half precision, so samples are compared in it too.
        halves = samples.astype(np.float16).astype(np.float32)
        leaves = _leaves(halves, self.feature, self.threshold, self.skip, self.starts)
        if self.classes == 0:
            return np.stack([leaves.mean(1), leaves.std(1)], 1)
        votes = leaves.astype(np.int64) + self.classes * np.arange(len(leaves))[:, None]
        counts = np.bincount(votes.ravel(), minlength=self.classes * len(leaves))
        return (counts.reshape(-1, self.classes) / leaves.shape[1]).astype(np.float32)

    def tensors(self, name: str) -> dict[str, NDArray[Any]]:
        """The arrays under names of one task, for one safetensors file of many forests."""
        return {
            f"{name}.feature": self.feature,
            f"{name}.threshold": self.threshold.astype(np.float16),
            f"{name}.skip": self.skip,
            f"{name}.starts": self.starts,
            f"{name}.classes": np.array([self.classes], np.int32),
        }

    @classmethod
    def from_tensors(cls, name: str, tensors: dict[str, NDArray[Any]]) -> Forest:
        """Back from `tensors`."""
        return cls(
            tensors[f"{name}.feature"],
            tensors[f"{name}.threshold"].astype(np.float32),
            tensors[f"{name}.skip"],
            tensors[f"{name}.starts"],
            int(tensors[f"{name}.classes"][0]),
        )


def pack(trees: Sequence[Any], classes: NDArray[np.int64] | None = None, class_count: int = 0) -> Forest:
    """A forest of scikit-learn's fitted trees (`ensemble.estimators_`).

    Args:
        trees: decision trees of one kind.
        classes: the class index that each of the ensemble's classes stands for; None for numbers.
        class_count: how many classes the task has.

    Raises:
        XSearchError: where a tree has more nodes than `skip` can count.
    """
    features, thresholds, skips, starts, total = [], [], [], [], 0
    for tree in trees:
        inner = tree.tree_
        if inner.node_count >= LEAF:
            raise XSearchError(
                f"A tree of {inner.node_count:,} nodes is too large; at most {LEAF - 1:,} can be packed."
            )
        is_leaf = inner.children_left < 0
        values = inner.value[:, 0]
        answer = values[:, 0] if classes is None else classes[values.argmax(1)]
        features.append(np.where(is_leaf, LEAF, inner.feature).astype(np.uint16))
        thresholds.append(np.where(is_leaf, answer, inner.threshold).astype(np.float16))
        skips.append(np.where(is_leaf, 0, inner.children_right - np.arange(inner.node_count)).astype(np.uint16))
        starts.append(total)
        total += inner.node_count
    return Forest(
        np.concatenate(features),
        np.concatenate(thresholds).astype(np.float32),
        np.concatenate(skips),
        np.array(starts, np.int32),
        class_count if classes is not None else 0,
    )


@njit(cache=True, nogil=True)
def _leaves(samples, feature, threshold, skip, starts):  # type: ignore[no-untyped-def]
    """(n, trees) value of the leaf that each sample ends in."""
    found = np.empty((len(samples), len(starts)), np.float32)
    for tree in range(len(starts)):  # a tree stays in the cache while all samples pass through it
        for row in range(len(samples)):
            node = starts[tree]
            while feature[node] != 65535:
                if samples[row, feature[node]] <= threshold[node]:
                    node += 1
                else:
                    node += skip[node]
            found[row, tree] = threshold[node]
    return found
