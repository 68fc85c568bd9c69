"""What a reader of an evaluation should know of the real images."""

from __future__ import annotations

from ganzoo.api.evaluating.subjects import Subject
from ganzoo.data import Images
from ganzoo.evaluate.sets import Real
from ganzoo.zoo import catalogue


def remarks(judged: Subject, real: Real, asked: int) -> list[str]:
    """Return sentences about the real images; `asked` is how many the user asked for."""
    train, test, note = real.splits.train, real.splits.test, real.splits.note
    found = list[str]()
    if test is None:
        found.append(
            "No images are held back: the real ones are half of those that models are trained "
            f"on{f' ({note})' if note else ''}."
        )
    if is_foreign(judged, train):
        found.append("It was trained on other images, so copies of them are not looked for.")
    options = train.source.get("options", {})
    known = [f"{n}={v}" for n, v in options.items() if n not in {"split", "download"}]
    if known and judged.data and judged.data[0] == train.name and not judged.fingerprint:
        found.append(
            f"Its file does not say with which options of {train.name} it was trained; the real "
            f"images are those of {', '.join(known)}."
        )
    if real.count < asked:
        found.append(f"{asked:,} images were asked for, and there are {real.count:,} to compare.")
    return found


def is_foreign(judged: Subject, train: Images) -> bool:
    """Return whether `judged` is known to be trained on other images than `train`.

    A file knows only the name. Two names of registered data sets are two sets of images, but a
    folder may have been renamed.
    """
    if judged.fingerprint:
        return judged.fingerprint != train.fingerprint
    if judged.data is None or "path" in train.source:
        return False
    registered = {entry.name for entry in catalogue.datasets()}
    return judged.data[0] != train.name and {judged.data[0], train.name} <= registered
