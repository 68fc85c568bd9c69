"""How good pictures are, without torch. `ganzoo.evaluate(…)` calls `api.evaluating.evaluate`."""

import sys

from ganzoo import CallableRoom

sys.modules[__name__].__class__ = CallableRoom
