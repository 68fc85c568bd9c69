"""Draw with one runtime and say how far its images are off: `python in_runtime.py NAME X.onnx …`.

This runs in an environment that has the runtime and numpy, and nothing of ganzoo. Beside each
X.onnx is X.npz, with its inputs by name, the `expected` images, and the `span` of all grey levels.
For each it prints a line of JSON, [X, found]: the largest difference as a share of the span, or
the error in words. A runtime may print lines of its own between them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Inputs = dict[str, NDArray[Any]]


def by_onnxruntime(path: str, inputs: Inputs) -> Any:
    """Draw with onnxruntime on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(["image"], inputs)[0]


def by_reference(path: str, inputs: Inputs) -> Any:
    """Draw with onnx's own reference implementation, in numpy."""
    from onnx.reference import ReferenceEvaluator

    made: Any = ReferenceEvaluator(path).run(["image"], inputs)
    return made[0]


def by_openvino(path: str, inputs: Inputs, **config: str) -> Any:
    """Draw with OpenVINO on the CPU."""
    import openvino

    compiled = openvino.Core().compile_model(path, "CPU", config)
    return compiled(inputs)[compiled.output("image")]


def by_openvino_in_float32(path: str, inputs: Inputs) -> Any:
    """Draw with OpenVINO, told to compute in float32 whatever the processor is best at."""
    return by_openvino(path, inputs, INFERENCE_PRECISION_HINT="f32")


def by_opencv(path: str, inputs: Inputs) -> Any:
    """Draw with the module `dnn` of OpenCV."""
    import cv2

    network = cv2.dnn.readNetFromONNX(path)
    for name, value in inputs.items():
        network.setInput(value, name)
    return network.forward("image")


RUNTIMES: dict[str, Callable[[str, Inputs], Any]] = {
    "onnxruntime": by_onnxruntime,
    "onnx": by_reference,
    "openvino": by_openvino,
    "openvino f32": by_openvino_in_float32,
    "opencv": by_opencv,
}


def main(name: str, *files: str) -> None:
    """Draw from each file, and print what was found in a line of its own."""
    for file in map(Path, files):
        with np.load(file.with_suffix(".npz")) as arrays:
            inputs = dict(arrays)
        expected, span = inputs.pop("expected"), inputs.pop("span")
        found: float | str
        try:
            images = np.asarray(RUNTIMES[name](str(file), inputs), float)
            found = f"images {images.shape} instead of {expected.shape}"
            if images.shape == expected.shape:
                found = float(np.abs(images - expected).max() / span)
        except Exception as error:
            found = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        print(f"\n{json.dumps([file.stem, found])}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
