"""Weights of networks as safetensors files, in half precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from torch import nn


def save_network(network: nn.Module, path: Path) -> None:
    """Write a network's tensors, floating-point ones in half precision."""
    state = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    halves = {name: array.astype(np.float16) if array.dtype == np.float32 else array for name, array in state.items()}
    save_file({name: np.ascontiguousarray(array) for name, array in halves.items()}, path)


def load_network(network: nn.Module, path: Path) -> None:
    """Fill a network with the tensors of a file, in single precision."""
    state = {name: torch.from_numpy(array.copy()) for name, array in load_file(path).items()}
    network.load_state_dict({name: t.float() if t.is_floating_point() else t for name, t in state.items()})
