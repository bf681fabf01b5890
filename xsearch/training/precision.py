"""Whether training in half precision saves time."""

from __future__ import annotations

from functools import cache

import torch


@cache
def has_bfloat16(device: str = "cpu") -> bool:
    """Whether a device computes in bfloat16 by itself: a processor that only imitates it takes ten times as long."""
    return device != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
