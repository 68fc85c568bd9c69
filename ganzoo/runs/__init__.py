"""A run's folder: begin it, write it, keep it, resume it. `ganzoo.runs(…)` calls `api.table`."""

import sys

from ganzoo import CallableRoom

sys.modules[__name__].__class__ = CallableRoom
