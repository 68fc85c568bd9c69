"""Many images into a folder, an .npz or a .tar, so that after a kill at any moment it can go on.

Images are only ever appended: what is there is always a beginning of what will be. Beside it a note
says what is being drawn, until all of it is there.
"""

from ganzoo.draw.collect.claim import claim
from ganzoo.draw.collect.sinks import Folder, Npz, Sink, Tar

__all__ = ["Folder", "Npz", "Sink", "Tar", "claim"]
