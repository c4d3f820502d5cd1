"""Lets the reading network practise on lines of bad print, and keeps what changed.

    python -m venv practice && practice/bin/pip install -e . torch onnx
    practice/bin/python -m benchmarks.practice_lines --seed 301 --pages 100 --out FOLDER
    practice/bin/python -m benchmarks.practise_reading FOLDER --minutes 30 --out CHANGES.npz

torch (BSD-3-Clause) and onnx (Apache-2.0) are wanted here only, on one thread. The result holds
changes of the smaller tensors as numbers of eight bits; ``dossier/adapters/rapidocr/practised.py``
says how it is used, ADR 11 why. A run is a matter of time, so two runs differ by some steps.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import pickle
import random
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own short name

from benchmarks.reading_network import ReadingNetwork
from dossier.adapters.rapidocr.models import RECOGNITION_FILE, model_path

# Longer lines cost the time of several and teach no more.
_WIDEST = 480
_BATCH = 16
_STEP_WIDTH = 16
_RATE = 1e-4
_KEPT_BACK = 160  # lines that are never practised on, to see whether practice helps
# A line that nobody could read teaches nothing; beyond this loss a character it has no pull.
_HOPELESS = 3.0
_BIAS = 2_000  # tensors of fewer numbers learn twice as fast

Line = tuple[np.ndarray, list[int]]


def practise(network: ReadingNetwork, lines: list[Line], minutes: float) -> Iterator[int]:
    """Learn for so long; yields the number of each step."""
    tensors = list(network.learning.values())
    rates = [_RATE * (2 if x.numel() < _BIAS else 1) for x in tensors]
    learner = torch.optim.Adam(
        [{"params": [x], "lr": r} for x, r in zip(tensors, rates, strict=True)], betas=(0.9, 0.98)
    )
    begin, recent = time.monotonic(), []
    for number, batch in enumerate(_batches(lines), 1):
        used = (time.monotonic() - begin) / 60 / minutes
        if used >= 1:
            return
        share = min(1.0, number / 30) * (0.03 + 0.97 * (1 + math.cos(math.pi * used)) / 2)
        for group, rate in zip(learner.param_groups, rates, strict=True):
            group["lr"] = rate * share
        loss = _loss(network, batch)
        learner.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(tensors, 2.0)
        learner.step()
        recent = [*recent[-99:], float(loss.detach())]
        if number % 20 == 0:
            print(
                f"step {number}, {used * minutes:.1f} min, loss {np.mean(recent):.4f}", flush=True
            )
        yield number


def unseen_loss(network: ReadingNetwork, lines: list[Line]) -> float:
    """Loss a character on lines that were kept back."""
    near = sorted(lines, key=lambda line: line[0].shape[1])
    with torch.no_grad():
        losses = [float(_loss(network, near[i : i + _BATCH])) for i in range(0, len(near), _BATCH)]
    return float(np.mean(losses))


def _batches(lines: list[Line]) -> Iterator[list[Line]]:
    """Lines of about one width together, in another order each time round."""
    rng = random.Random(5)
    while True:
        rng.shuffle(lines)
        for at in range(0, len(lines), _BATCH * 16):
            near = sorted(lines[at : at + _BATCH * 16], key=lambda line: line[0].shape[1])
            batches = [near[i : i + _BATCH] for i in range(0, len(near), _BATCH)]
            rng.shuffle(batches)
            yield from batches


def _loss(network: ReadingNetwork, batch: list[Line]) -> torch.Tensor:
    width = max(math.ceil(crop.shape[1] / _STEP_WIDTH) * _STEP_WIDTH for crop, _ in batch)
    pictures = np.zeros((len(batch), 3, 48, max(48, width)), np.float32)
    for place, (crop, _) in zip(pictures, batch, strict=True):
        place[:, :, : crop.shape[1]] = crop.astype(np.float32) / 127.5 - 1
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(torch.from_numpy(pictures).contiguous(memory_format=torch.channels_last))
    chances = F.log_softmax(logits.float(), -1).transpose(0, 1)
    steps = torch.tensor([min(len(chances), math.ceil(crop.shape[1] / 8)) for crop, _ in batch])
    classes = torch.tensor([c for _, text in batch for c in text])
    lengths = torch.tensor([len(text) for _, text in batch])
    losses = F.ctc_loss(chances, classes, steps, lengths, reduction="none", zero_infinity=True)
    return torch.clamp(losses / lengths, max=_HOPELESS).mean()


def read_lines(folder: Path, classes: dict[str, int]) -> list[Line]:
    """The lines that :mod:`benchmarks.practice_lines` left, less what the network cannot say."""
    lines = [
        line for path in sorted(folder.glob("*.pickle")) for line in pickle.loads(path.read_bytes())
    ]
    known = [
        (crop, [classes[c] for c in text])
        for crop, text in lines
        if text and classes.keys() >= set(text)
    ]
    usable = [line for line in known if _fits(*line)]
    print(f"{len(lines)} lines, {len(usable)} to practise on", flush=True)
    return usable


def _fits(crop: np.ndarray, text: list[int]) -> bool:
    """Whether there are steps enough for the characters, and a gap between equal ones."""
    need = len(text) + sum(a == b for a, b in pairwise(text))
    return need <= crop.shape[1] // 8 and crop.shape[1] <= _WIDEST


def save(network: ReadingNetwork, model: Path, out: Path) -> None:
    """Keep the changes: tensors' names, the size of a step of each, and eight-bit numbers."""
    first = ReadingNetwork(model).learning
    names, steps, changes = [], [], []
    for key, tensor in network.learning.items():
        change = (tensor.detach() - first[key].detach()).numpy().ravel()
        step = max(1e-12, float(np.abs(change).max()) / 127)
        names.append(key.replace("__", "."))
        steps.append(step)
        changes.append(np.round(change / step).astype(np.int8))
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    np.savez_compressed(
        out,
        model=np.array(digest),
        names=np.array(names),
        steps=np.array(steps, np.float32),
        changes=np.concatenate(changes),
    )


def _classes(model: Path) -> dict[str, int]:
    (listed,) = (p.value for p in onnx.load(str(model)).metadata_props if p.key == "character")
    return {c: at for at, c in reversed(list(enumerate(["", *listed.splitlines(), " "])))}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(5)
    model = model_path(RECOGNITION_FILE)
    network = ReadingNetwork(model)
    lines = read_lines(arguments.folder, _classes(model))
    print(f"{sum(x.numel() for x in network.learning.values())} numbers may change", flush=True)
    if len(lines) < 2 * _KEPT_BACK:
        raise SystemExit(f"too few lines: {_KEPT_BACK} are kept back, as many at least are wanted")
    random.Random(7).shuffle(lines)
    lines, unseen = lines[_KEPT_BACK:], lines[:_KEPT_BACK]
    print(f"unseen lines before: {unseen_loss(network, unseen):.4f}", flush=True)
    for number in practise(network, lines, arguments.minutes):
        if number % 100 == 0:
            save(network, model, arguments.out)
            print(f"unseen lines: {unseen_loss(network, unseen):.4f}", flush=True)
    save(network, model, arguments.out)


if __name__ == "__main__":
    main()
