"""Judge the pictures of a run while it is trained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ganzoo.draw.pixels import Pixels
from ganzoo.errors import DataError, PluginError, SettingError
from ganzoo.evaluate.judging import Judge
from ganzoo.evaluate.opening import open_judge
from ganzoo.evaluate.sets import FEWEST
from ganzoo.runs.drawing import pictures
from ganzoo.runs.job import Job
from ganzoo.runs.saving import Saving
from ganzoo.runs.scores import Examined
from ganzoo.runs.weights import model_info
from ganzoo.train.state import TrainState


@dataclass(frozen=True)
class Examiner:
    """Judges what the generator of `job` draws: always the same latents, of the run's seed.

    `about` says in words how often, by what, and against which real images.
    """

    job: Job
    judge: Judge
    yardstick: int
    about: str

    @classmethod
    def open(cls, job: Job, saving: Saving) -> Examiner:
        """Open the real images and the features that the settings ask for.

        The features of the real images are made now, and kept. Raises a GanzooError where there are
        too few images, or the features are unknown or broken.
        """
        if saving.eval_images < FEWEST:
            raise SettingError(
                f"eval_images must be at least {FEWEST}, not {saving.eval_images}", "eval_images"
            )
        data = job.facts(saving).data
        name, options = data.spec()
        with _in_training():
            judge, opened = open_judge(
                name, options, job.loaded.value.image_shape, saving.eval_images,
                features=saving.eval_features, skip_bad=bool(data.skipped),
            )  # fmt: skip
        real = judge.real
        about = (
            f"every {saving.eval_every}, {real.count:,} pictures and as many of {data.name} "
            f"({real.split}), by {opened.loaded.entry.name}"
        )
        judge.prepare()  # what fails, fails now
        # Numbers in metrics.jsonl are floats for whoever reads them: 48 bits fit into one.
        return cls(job, judge, int(judge.yardstick[:12], 16), about)

    def __call__(self, state: TrainState) -> Examined:
        """Judge what `state` draws.

        Raises PluginError where the features fail, ModelFileError where pictures are not finite.
        """
        scores = self.judge.brief(self.judge.look(self.pictures(state)))
        rounded = {name: round(value, 6) for name, value in scores.items()}
        return Examined(rounded, self.judge.real.count, self.yardstick)

    def pictures(self, state: TrainState) -> Iterator[Pixels]:
        """Return the pictures of the run's seed, batch by batch, as `ganzoo eval` draws them."""
        job = self.job
        info = model_info(
            job.loaded, job.images.name, state.samples_seen, classes=job.images.classes
        )
        return pictures(state.shown, info, self.judge.real.count, job.config.seed, job.device.torch)


@contextmanager
def _in_training() -> Iterator[None]:
    """Name the settings of a training in errors of judging, and how to train all the same."""
    try:
        yield
    except (DataError, PluginError) as error:
        words = re.sub(r"\bfeatures=", "eval_features=", str(error))
        if isinstance(error, DataError):
            words += "; eval_every='never' trains without judging"
        raise type(error)(words, "eval_features", "eval_every") from error
