"""Models of the Hugging Face Hub: `hf:user/name`, or `hf:user/name@revision`."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ganzoo.architecture import __version__
from ganzoo.errors import ModelFileError, plain
from ganzoo.zoo.models import FACTS, Model

PREFIX = "hf:"
QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_VERBOSITY": "error",
}
"""Settings of huggingface_hub, unless the user has others: it reads them when it is imported."""

WEIGHTS = ("model.safetensors", "ema.safetensors")
"""Files to go on training from."""


def fetch(words: str) -> Model:
    """Return the model of a repository, once its facts and the file to draw from are in the cache.

    The cache is huggingface_hub's, and so are its environment variables: HF_HOME, HF_TOKEN,
    HF_ENDPOINT, HF_HUB_OFFLINE. What is there already, and is asked for offline, is used. Raises
    ModelFileError where the repository is missing, is no model of ganzoo, or cannot be reached;
    ModuleNotFoundError without the extra `hub`.
    """
    found = re.fullmatch(r"hf:([\w.-]+/[\w.-]+)(?:@([\w./-]+))?", words)
    if not found:
        raise ModelFileError(f"{words} names nothing on the Hub: write hf:user/name, or with @main")
    repository, revision = found[1], found[2]
    folder = Path(_file(words, repository, FACTS, revision)).parent
    model = Model.read(folder)
    # All files are of one commit: the folder of the cache is called like it.
    _file(words, repository, next(iter(model.files.values())).file, folder.name)
    return model


def fetch_weights(words: str, model: Model) -> None:
    """Put the weights of a fetched model, both networks, into the cache beside it."""
    repository = words.removeprefix(PREFIX).partition("@")[0]
    _file(words, repository, WEIGHTS[0], model.folder.name)
    try:
        _file(words, repository, WEIGHTS[1], model.folder.name)
    except ModelFileError:
        return  # no average was kept


def _file(words: str, repository: str, name: str, revision: str | None) -> str:
    """Return where a file of a repository is in the cache; fetch it if it is not there."""
    for variable, value in QUIET.items():
        os.environ.setdefault(variable, value)
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        return hf_hub_download(
            repository, name, revision=revision,
            library_name="ganzoo", library_version=__version__,
        )  # fmt: skip
    except GatedRepoError:
        why = "its owner has to let you in: ask there, and set HF_TOKEN"
    except RepositoryNotFoundError:
        why = "there is no such repository, or it is private: set HF_TOKEN"
    except RevisionNotFoundError:
        why = f"it has no revision {revision}"
    except LocalEntryNotFoundError:
        why = f"the Hub cannot be reached, and {name} is not in its cache: are you offline?"
    except EntryNotFoundError:
        why = f"it has no {name}, so it is no model that `ganzoo publish` wrote"
    except (HFValidationError, OSError, ValueError) as error:
        why = plain(str(error))[:200] or type(error).__name__
    raise ModelFileError(f"{words} cannot be fetched: {why}")
