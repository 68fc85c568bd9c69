"""Modules of broken plugins, and what ganzoo must say of each."""

from __future__ import annotations

from dataclasses import dataclass

GOOD = '''
from ganzoo_plugins.mlp_gan import mlp_gan

def gan():
    """A plugin with a flaw."""
    return mlp_gan(hidden=(8,))
'''


@dataclass(frozen=True)
class Flaw:
    """A module with something wrong, what `ganzoo plugins` makes of it, and what loading says."""

    source: str
    state: str
    reason: str
    requires: str = "ganzoo"
    loads: bool = False  # when it is asked for by name
    comes_back: bool = True


FLAWS = {
    "import_error": Flaw(
        "import no_such_module", "broken", "ModuleNotFoundError: No module named 'no_such_module'"
    ),
    "syntax_error": Flaw("def gan(:", "broken", "SyntaxError: invalid syntax"),
    "system_exit": Flaw("raise SystemExit(3)", "broken", "cannot be imported: SystemExit: 3"),
    "keyboard_interrupt": Flaw("raise KeyboardInterrupt", "broken", "KeyboardInterrupt"),
    "prints": Flaw(
        GOOD + "print('hello')", "faulty", "prints to standard output", loads=True
    ),
    "prints_later": Flaw(
        GOOD.replace("return", "print('hello'); return"),
        "faulty", "prints to standard output", loads=True,
    ),
    "prints_raw": Flaw(
        GOOD + "import os; os.write(1, b'hello'); os.system('echo there')",
        "faulty", "prints to standard output", loads=True,
    ),
    "talks_to_stdout": Flaw(
        GOOD + "import sys; sys.stdout.reconfigure(line_buffering=True); sys.stdout.buffer",
        "ok", "", loads=True,
    ),
    "moves": Flaw(
        GOOD + "import os; os.chdir('/')", "faulty", "changes the working folder", loads=True
    ),
    "device": Flaw(
        GOOD + "import torch; torch.set_default_device('meta')",
        "faulty", "changes torch's default device", loads=True,
    ),
    "numpy_generator": Flaw(
        GOOD + "import numpy.random as r; r.set_bit_generator(r.PCG64())",
        "faulty", "changes numpy's random state", loads=True,
    ),
    "usage_error": Flaw(
        "from ganzoo.errors import UsageError\nraise UsageError('boom')",
        "broken", "cannot be imported: boom (usage_error.py, line 2)",
    ),
    "optional_future": Flaw(
        GOOD, "ok", "", requires="ganzoo>=99; extra == 'nightly'", loads=True
    ),
    "forks": Flaw(
        "import os, time\nif os.fork() == 0: time.sleep(600)\n" + GOOD, "ok", "",
        comes_back=False,
    ),
    "dtype": Flaw(
        GOOD + "import torch; torch.set_default_dtype(torch.float64)",
        "faulty", "changes torch's default dtype", loads=True,
    ),
    "torch_rng": Flaw(
        GOOD + "import torch; torch.manual_seed(7)",
        "faulty", "changes torch's random state", loads=True,
    ),
    "numpy_rng": Flaw(
        GOOD + "import numpy; numpy.random.seed(7)",
        "faulty", "changes numpy's random state", loads=True,
    ),
    "python_rng": Flaw(
        GOOD + "import random; random.seed(7)",
        "faulty", "changes Python's random state", loads=True,
    ),
    "threads": Flaw(
        GOOD + "import torch; torch.set_num_threads(torch.get_num_threads() + 1)",
        "faulty", "changes torch's number of threads", loads=True,
    ),
    "no_attribute": Flaw("", "broken", "AttributeError: module 'no_attribute' has no attribute"),
    "no_function": Flaw("gan = 3", "broken", "is not a function: no_function:gan"),
    "wrong_type": Flaw("def gan(): return 3", "broken", "returned int where ganzoo wants Archit"),
    "wrong_field": Flaw(
        GOOD + "import dataclasses; old = gan\n"
        "def gan(): return dataclasses.replace(old(), latent_dim='100')",
        "broken", "ValueError: latent_dim must be a positive int, not '100'",
    ),
    "wrong_shape": Flaw(
        GOOD + "import dataclasses; old = gan\n"
        "def gan(): return dataclasses.replace(old(), image_shape=(28, 28))",
        "broken", "ValueError: image_shape (28, 28) is not (channels, height, width)",
    ),
    "raises": Flaw(
        "def gan(): raise ValueError('two\\nlines')",
        "broken", "ValueError: two lines (raises.py, line 1)",
    ),
    "future": Flaw(
        GOOD, "broken", "is built for ganzoo>=99, and this is 0.1.0", requires="ganzoo>=99"
    ),
    "future_field": Flaw(
        "from ganzoo import Architecture\ndef gan(): return Architecture(mapping=3)",
        "broken", "unexpected keyword argument 'mapping'",
    ),
    "top_level_torch": Flaw("import torch" + GOOD, "ok", "", loads=True),
    "never": Flaw(
        "import sys, time; print('here', file=sys.stderr, flush=True)\nwhile True: time.sleep(1)",
        "broken", "does not finish within 10 s",
        comes_back=False,
    ),
    "exits": Flaw(
        "import os; os._exit(7)", "broken", "ends the process that runs it, with exit status 7",
        comes_back=False,
    ),
}  # fmt: skip
