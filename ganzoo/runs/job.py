"""What to train, on which images and which device: all that a run needs besides its state."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import torch

from ganzoo.architecture import Architecture
from ganzoo.config import TrainConfig
from ganzoo.data import Images, open_images
from ganzoo.errors import PluginError
from ganzoo.printable import file_name
from ganzoo.runs.facts import Chosen, Circumstances, Data, Facts, Made, Origin
from ganzoo.runs.saving import SHELL, Saving, setting_names
from ganzoo.train.device import Device
from ganzoo.train.networks import weights_of
from ganzoo.train.optimizing import described, in_words
from ganzoo.train.precision import Precision
from ganzoo.train.state import TrainState
from ganzoo.train.world import World, launch
from ganzoo.zoo import registry
from ganzoo.zoo.options import UnknownOptionError, unparse
from ganzoo.zoo.registry import Loaded

Say = Callable[[str], None]
"""A function that tells the user something that is no error."""

Progress = Callable[[int, int], None]
"""A function that is called with the number of prepared images, and the number of all."""

Preparing = Callable[[], AbstractContextManager[Progress]]
"""A function that returns a context for the time while images are prepared; it gives the function
that is called with the progress."""


def quiet() -> AbstractContextManager[Progress]:
    """Return a context that shows nothing while images are prepared."""
    return nullcontext(lambda done, total: None)


@dataclass(frozen=True, kw_only=True)
class Job:
    """An architecture, images, a config, a device, a precision, and the processes."""

    loaded: Loaded[Architecture]
    images: Images
    config: TrainConfig
    device: Device
    precision: Precision
    world: World

    @property
    def name(self) -> str:
        """The name of its run, without the number."""
        return file_name(f"{self.loaded.entry.name}-{self.images.name}")

    def facts(
        self,
        saving: Saving,
        command: tuple[str, ...] = (),
        state: TrainState | None = None,
        origin: Origin | None = None,
    ) -> Facts:
        """Return the content of run.json: enough to repeat the run and to go on with it.

        `command` is what began it. `created` stays empty: `Run.create` fills it in. `state` tells
        what the optimizers and the networks begin with, and `origin` whose weights these are.
        """
        optimizers, weights = {}, {}
        if state and origin is None:
            weights["generator"] = weights_of(state.generator)
            weights["discriminator"] = weights_of(state.discriminator)
        if state:
            optimizers["generator"] = described(state.generator_optimizer)
            optimizers["discriminator"] = described(state.discriminator_optimizer)
        height, width, channels = map(int, self.images.pixels.shape[1:])
        return Facts(
            created="",
            architecture=Made(**self.loaded.describe()),
            scores=self.loaded.value.objective.scores,
            data=Data(
                name=self.images.name,
                source=self.images.source,
                images=len(self.images.pixels),
                size=(height, width, channels),
                fingerprint=self.images.fingerprint,
                skipped=tuple(self.images.skipped),
                classes=self.images.classes if self.loaded.value.classes else (),
                labels=self.images.labels_sha256 if self.loaded.value.classes else "",
            ),
            losses=in_words(self.loaded.value.objective),
            optimizers=optimizers,
            initial_weights=weights,
            config=self.config,
            saving=saving,
            circumstances=self.circumstances(),
            command=command,
            launch=launch(),
            origin=origin,
        )

    def circumstances(self) -> Circumstances:
        """Return the device, precision, processes, threads and versions that are in use now."""
        packages = ("ganzoo", "torch", "numpy")
        return Circumstances(
            device=Chosen(name=str(self.device.torch), reason=self.device.reason),
            precision=Chosen(name=self.precision.name, reason=self.precision.reason),
            processes=self.world.size,
            threads=torch.get_num_threads(),
            versions={"python": platform.python_version()}
            | {package: version(package) for package in packages}
            | {self.loaded.entry.package: self.loaded.entry.version},
        )


def open_architecture(name: str, options: Mapping[str, Any], say: Say) -> Loaded[Architecture]:
    """Load an architecture with `options`, which are words or JSON values.

    PluginError where there is no such option tells whether it is a setting of the training. Calls
    `say` where the plugin did something that it must not do, which was put right.
    """
    try:
        loaded = registry.load_architecture(name, options)
    except UnknownOptionError as error:
        wanted = SHELL.get(error.option, error.option)
        if wanted not in setting_names():
            raise
        value = unparse(options[error.option])
        raise PluginError(
            f"{error}; {wanted}={value} is a setting of its training", wanted
        ) from None
    if loaded.faults:
        say(f"{loaded.entry.label} {' and '.join(loaded.faults)}, which was put right")
    return loaded


def open_data(
    spec: str,
    shape: tuple[int, int, int],
    options: Mapping[str, Any],
    skip_bad: bool,
    world: World,
    preparing: Preparing,
    *,
    check_later: bool = False,
) -> Images:
    """Return the images to train on; they are prepared once for all processes of a machine.

    `check_later` is for a training that asks `Images.settle` before it keeps anything.
    """
    with world.leader_first(), (preparing if world.leads else quiet)() as progress:
        return open_images(
            spec, shape, options=options, skip_bad=skip_bad, check_later=check_later,
            progress=progress,
        )  # fmt: skip
