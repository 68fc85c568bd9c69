"""Whatever needs gradients: networks, steps, the loop. `ganzoo.train(…)` calls `api.training`."""

import sys

from ganzoo import CallableRoom

sys.modules[__name__].__class__ = CallableRoom
