"""Images under linear maps of the plane, differentiable twice as gradient penalties need."""

from __future__ import annotations

import torch
from torch import Tensor


def scaling(x: Tensor, y: Tensor) -> Tensor:
    """Return matrices (n, 3, 3) that multiply places by x and y, both (n,)."""
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    return _matrix([[x, zero, zero], [zero, y, zero], [zero, zero, one]])


def turning(angle: Tensor) -> Tensor:
    """Return matrices (n, 3, 3) that turn places by an angle (n,) in radians."""
    sine, cosine = angle.sin(), angle.cos()
    zero, one = torch.zeros_like(angle), torch.ones_like(angle)
    return _matrix([[cosine, -sine, zero], [sine, cosine, zero], [zero, zero, one]])


def moving(x: Tensor, y: Tensor) -> Tensor:
    """Return matrices (n, 3, 3) that move places by x and y (n,)."""
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    return _matrix([[one, zero, x], [zero, one, y], [zero, zero, one]])


def _matrix(rows: list[list[Tensor]]) -> Tensor:
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def warped(images: Tensor, maps: Tensor) -> Tensor:
    """Return images (n, C, H, W) seen through maps (n, 3, 3), from a place to where it is read.

    Places are (x, y, 1) in pixels from the middle of the image. Between pixels it is read
    bilinearly, outside as in a mirror. torch's own `grid_sample` cannot be differentiated twice.
    """
    n, channels, height, width = images.shape
    y, x = torch.meshgrid(
        *(torch.arange(size).to(images) - (size - 1) / 2 for size in (height, width)),
        indexing="ij",
    )
    places = torch.stack([x, y, torch.ones_like(x)]).reshape(1, 3, -1)
    read = maps @ places  # (n, 3, H * W)
    columns = _mirrored(read[:, 0] + (width - 1) / 2, width)
    rows = _mirrored(read[:, 1] + (height - 1) / 2, height)
    left, top = columns.floor(), rows.floor()
    flat = images.reshape(n, channels, -1)
    total = torch.zeros_like(flat)
    for row, vertical in ((top, 1 - (rows - top)), (top + 1, rows - top)):
        for column, horizontal in ((left, 1 - (columns - left)), (left + 1, columns - left)):
            index = row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
            chosen = index.long()[:, None].expand(-1, channels, -1)
            total = total + flat.gather(2, chosen) * (vertical * horizontal)[:, None]
    return total.reshape(images.shape)


def _mirrored(place: Tensor, size: int) -> Tensor:
    """Return where in the image a place outside of it is, in pixels, as in a mirror at its edge."""
    period = 2 * size
    inside = (place + 0.5).remainder(period)
    return torch.minimum(inside, period - inside) - 0.5
