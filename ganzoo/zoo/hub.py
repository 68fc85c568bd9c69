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


def fetch(words: str) -> Model:
    """Return the model of a repository, once its facts and the file to draw from are in the cache.

    The cache is huggingface_hub's, and so are its environment variables: HF_HOME, HF_TOKEN,
    HF_ENDPOINT, HF_HUB_OFFLINE. What is there already, and is asked for offline, is used. Raises
    ModelFileError where the repository is missing, is no model of ganzoo, or cannot be reached;
    ModuleNotFoundError without the extra `hub`.
    """
    found = re.fullmatch(r"hf:([\w.-]+/[\w.-]+)(?:@([\w./-]+))?", words)
    if not found or ".." in words:  # the client would make files outside of its cache
        raise ModelFileError(f"{words} names nothing on the Hub: write hf:user/name, or with @main")
    repository, revision = found[1], found[2]
    folder = Path(_file(words, repository, FACTS, revision)).parent
    try:
        model = Model.read(folder)
        # All files are of one commit: the folder of the cache is called like it.
        _file(words, repository, next(iter(model.files.values())).file, folder.name)
        model.path()
    except _CannotFetchError:
        raise
    except ModelFileError as error:
        raise ModelFileError(f"{error}; or remove {folder.parents[1]} to fetch it anew") from None
    return model


def fetch_weights(words: str, model: Model) -> None:
    """Put the weights of a fetched model into the cache beside it, if it has any."""
    if model.weights:
        repository = words.removeprefix(PREFIX).partition("@")[0]
        _file(words, repository, model.weights.file, model.folder.name)


class _CannotFetchError(ModelFileError):
    """A file of a repository cannot be had."""


def _file(words: str, repository: str, name: str, revision: str | None) -> str:
    """Return where a file of a repository is in the cache; fetch it if it is not there."""
    for variable, value in QUIET.items():
        os.environ.setdefault(variable, value)
    from huggingface_hub import _CACHED_NO_EXIST, hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
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
    except LocalEntryNotFoundError as error:
        known = try_to_load_from_cache(repository, name, revision=revision)
        if known is _CACHED_NO_EXIST:
            raise _CannotFetchError(_no_file(words, name)) from None
        why = f"{name} is not in the Hub's cache, and {_no_answer(error.__cause__)}"
    except EntryNotFoundError:
        raise _CannotFetchError(_no_file(words, name)) from None
    except Exception as error:  # those of its network have no common base
        why = plain(str(error))[:200] or type(error).__name__
    raise _CannotFetchError(f"{words} cannot be fetched: {why}")


def _no_answer(error: BaseException | None) -> str:
    """Return why nothing came from the Hub, by what caused its client's error."""
    from huggingface_hub.errors import FileMetadataError, HfHubHTTPError, OfflineModeIsEnabled

    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE lets nothing be fetched"
    if isinstance(error, FileMetadataError):
        return "what answers is not the Hub: see HF_ENDPOINT"
    if isinstance(error, HfHubHTTPError):
        return f"the Hub answers with HTTP {error.response.status_code}: try again later"
    return "the Hub cannot be reached: are you offline?"


def _no_file(words: str, name: str) -> str:
    return (
        f"{words} cannot be fetched: it has no {name}, so it is no model that `ganzoo publish` "
        "wrote"
    )
