"""The two neural networks (find lines, read a line), loaded when first needed."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from opencc import OpenCC

from dossier.adapters.rapidocr.practised import practised
from dossier.errors import ConfigurationError

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

DETECTION_FILE = "PP-OCRv6_det_small.onnx"
RECOGNITION_FILE = "PP-OCRv6_rec_small.onnx"


def engine_version() -> str:
    """Name and version for the record of what read a page."""
    return f"rapidocr {version('rapidocr')}"


def model_path(file_name: str) -> Path:
    """Where a model lies in the installed wheel; its code is not imported.

    Raises:
        ConfigurationError: the wheel is missing or carries other models.
    """
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise ConfigurationError("the package rapidocr is not installed")
    path = Path(spec.origin).parent / "models" / file_name
    if not path.is_file():
        raise ConfigurationError(f"rapidocr {version('rapidocr')} does not carry {file_name}")
    return path


def _open_session(model: str | bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # One thread an engine, one engine a core: two processes give 1.9 times the pages, two
    # threads 1.5 times (docs/performance.md).
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # Without the arena a third of the time goes to the kernel, which hands out and takes back
    # pages for every tensor. Plans per shape would be kept for every width, and gain nothing.
    options.enable_cpu_mem_arena = True
    options.enable_mem_pattern = False
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _is_han(character: str) -> bool:
    return len(character) == 1 and ord(character) >= 0x3400


@dataclass
class Models:
    """Both networks; each is loaded at its first use."""

    @cached_property
    def _detection(self) -> onnxruntime.InferenceSession:
        return _open_session(str(model_path(DETECTION_FILE)))

    @cached_property
    def _recognition(self) -> onnxruntime.InferenceSession:
        return _open_session(str(model_path(RECOGNITION_FILE)))

    @cached_property
    def practised(self) -> Models:
        """The same with a reading network that practised on bad print, for unsure lines."""
        return _Practised(self)

    @cached_property
    def characters(self) -> tuple[str, ...]:
        """What each class of the reading network means; class 0 is "nothing", the last a space."""
        listed = self._recognition.get_modelmeta().custom_metadata_map["character"]
        return ("", *listed.splitlines(), " ")

    @cached_property
    def simplified(self) -> dict[int, int]:
        """The class of the Simplified twin for each class that is a Traditional character."""
        simplify = OpenCC("t2s").convert
        classes = {character: at for at, character in enumerate(self.characters)}
        pairs = ((at, classes.get(simplify(c))) for c, at in classes.items() if _is_han(c))
        return {old: new for old, new in pairs if new is not None and new != old}

    def text_probability(self, batch: Floats) -> Floats:
        """Text or not, (height, width), for a batch (1, 3, height, width) of whole strides."""
        return self._detection.run(None, {"x": batch})[0][0, 0]

    def class_probability(self, batch: Floats) -> Floats:
        """Chance of each class at each step, (n, width/8, classes), for crops (n, 3, 48, width)."""
        return self._recognition.run(None, {"x": batch})[0]


class _Practised(Models):
    """The reading network after practice; itself as it is where the wheel carries another one."""

    def __init__(self, usual: Models) -> None:
        self._usual = usual

    @cached_property
    def _recognition(self) -> onnxruntime.InferenceSession:
        changed = practised(model_path(RECOGNITION_FILE).read_bytes())
        return self._usual._recognition if changed is None else _open_session(changed)

    @cached_property
    def characters(self) -> tuple[str, ...]:
        return self._usual.characters

    @cached_property
    def simplified(self) -> dict[int, int]:
        return self._usual.simplified
