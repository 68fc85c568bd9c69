"""Animations of pictures: GIF and WebP, and MP4 where ffmpeg is installed."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import OutputError, UsageError

if TYPE_CHECKING:
    from PIL import Image

    from ganzoo.draw.pictures import Picture

LIMITS = {".gif": 2**16 - 1, ".webp": 2**14 - 1}
"""Suffixes of animations, each with the most pixels that its format allows on a side."""

FRAMES_PER_SECOND = 25  # of an MP4, in which a picture stays for several frames


def there_and_back(frames: Sequence[Picture]) -> tuple[list[Picture], list[int]]:
    """Return the frames there and back, to be repeated for ever, and milliseconds for each.

    A few pictures stay long enough to tell them apart; many flow. The way there takes 1.5 to 3
    seconds.
    """
    order = [*frames, *frames[-2:0:-1]]
    return order, [max(60, min(500, 3000 // len(frames)))] * len(order)


def to_the_end(frames: Sequence[Picture]) -> tuple[list[Picture], list[int]]:
    """Return the frames once through, and milliseconds for each; the last one stays for 2 s."""
    pace = max(60, min(500, 6000 // len(frames)))
    return [*frames], [pace] * (len(frames) - 1) + [2000]


def encode(frames: Sequence[Picture], milliseconds: Sequence[int], path: Path) -> bytes:
    """Encode pictures of one size as the content of `path`, a .gif, .webp or .mp4.

    WebP is written without loss; a GIF has 256 colours. Raises UsageError if the pictures are too
    large for the format, or if an .mp4 needs an ffmpeg that is not installed; OutputError if
    ffmpeg fails.
    """
    suffix, images = path.suffix.lower(), [frame.image for frame in frames]
    if suffix == ".mp4":
        return _by_ffmpeg(images, milliseconds)
    width, height = images[0].size
    if max(width, height) > LIMITS[suffix]:
        raise UsageError(
            f"{path} would have {width}x{height} pixels, and a {suffix} file at most "
            f"{LIMITS[suffix]} either way: ask for less, or for a .png"
        )
    encoded = io.BytesIO()
    images[0].save(
        encoded,
        suffix[1:].upper(),
        save_all=True,
        append_images=images[1:],
        duration=list(milliseconds),
        loop=0,
        **({"lossless": True} if suffix == ".webp" else {}),
    )
    return encoded.getvalue()


def _by_ffmpeg(frames: Sequence[Image.Image], milliseconds: Sequence[int]) -> bytes:
    """Encode H.264 as every browser and telephone shows it; its sides must be even."""
    if not shutil.which("ffmpeg"):
        raise UsageError("an .mp4 needs ffmpeg, which is not installed: name it .webp or .gif")
    width, height = frames[0].size
    pad = ((0, height % 2), (0, width % 2), (0, 0))
    moving = b"".join(
        np.pad(np.asarray(frame.convert("RGB")), pad, "edge").tobytes()
        * round(stay * FRAMES_PER_SECOND / 1000)
        for frame, stay in zip(frames, milliseconds, strict=True)
    )
    size = f"{width + width % 2}x{height + height % 2}"
    # Only a fragmented file can be written into a pipe.
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size,
         "-r", str(FRAMES_PER_SECOND), "-i", "-", "-c:v", "libx264", "-crf", "18",
         "-pix_fmt", "yuv420p", "-movflags", "frag_keyframe+empty_moov", "-f", "mp4", "-"],
        input=moving, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        why = " ".join(done.stderr.decode(errors="replace").split())
        raise OutputError(f"ffmpeg cannot write the .mp4: {why[:200]}; name it .webp or .gif")
    return done.stdout
