"""Writing many images into a folder, an .npz or a .tar, ready to go on after a kill at any moment.

Images are only ever appended: what is there is always the beginning of what will be. A note beside
it says what is being drawn, until all of it is there.
"""

from ganzoo.draw.collect.claim import claim, is_finished
from ganzoo.draw.collect.sinks import Folder, Npz, Sink, Tar

__all__ = ["Folder", "Npz", "Sink", "Tar", "claim", "is_finished"]
