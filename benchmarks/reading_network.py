"""The reading network of the rapidocr wheel as a torch module whose smaller tensors may learn.

Needs torch and onnx, which the product does not: see ``benchmarks/practise_reading.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own short name
from onnx import numpy_helper

# Tensors of more numbers stay as they are, and so does the last layer: what practice changes is
# to be a small file. The head knows 18,710 characters, practice shows a few thousand.
LARGEST = 45_000
_SMALLEST = 24
_HEAD = ("linear_8.w_0", "linear_8.b_0")
_LEARNING = {
    "Conv": (1, 2),
    "MatMul": (1, 2),
    "Add": (1, 2),
    "Mul": (1, 2),
    "BatchNormalization": (1, 3),
}

Step = tuple[str, list[str], str, dict[str, Any]]


class ReadingNetwork(torch.nn.Module):
    """Runs the graph as it is written; gives logits instead of chances.

    Attributes:
        learning: the tensors that may change, by their name in the file with "__" for ".".
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        graph = onnx.load(str(path)).graph
        self._known = {
            x.name: torch.from_numpy(numpy_helper.to_array(x).copy()) for x in graph.initializer
        }
        steps: list[Step] = []
        for node in graph.node:
            own = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "Constant":
                self._known[node.output[0]] = torch.from_numpy(
                    np.array(numpy_helper.to_array(own["value"]))
                )
            else:
                steps.append((node.op_type, list(node.input), node.output[0], own))
        self.learning = torch.nn.ParameterDict()
        for op, inputs, _, _ in steps:
            for name in inputs[slice(*_LEARNING.get(op, (0, 0)))]:
                tensor = self._known.get(name)
                if tensor is not None and _may_learn(name, tensor):
                    self.learning[name.replace(".", "__")] = torch.nn.Parameter(tensor.clone())
        *steps, last = _fused(_without_identities(steps))
        assert last[0] == "Softmax", "the network ends in chances"
        self._steps, self._result = steps, last[1][0]
        self._last_use = {name: at for at, step in enumerate(steps) for name in step[1]}

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Logits (n, width/8, classes) of crops (n, 3, 48, width)."""
        values = {"x": pictures}

        def value(name: str) -> torch.Tensor:
            if name in values:
                return values[name]
            key = name.replace(".", "__")
            return self.learning[key] if key in self.learning else self._known[name]

        for at, (op, inputs, output, own) in enumerate(self._steps):
            values[output] = _OPS[op](own, *map(value, inputs))
            for name in inputs:
                if self._last_use[name] == at and name != self._result:
                    values.pop(name, None)
        return values[self._result]


def _may_learn(name: str, tensor: torch.Tensor) -> bool:
    sized = _SMALLEST <= tensor.numel() <= LARGEST
    return tensor.dtype == torch.float32 and sized and name not in _HEAD


def _without_identities(steps: list[Step]) -> list[Step]:
    same: dict[str, str] = {}
    kept = []
    for op, inputs, output, own in steps:
        inputs = [same.get(name, name) for name in inputs]
        if op == "Identity":
            same[output] = inputs[0]
        else:
            kept.append((op, inputs, output, own))
    return kept


def _fused(steps: list[Step]) -> list[Step]:
    """The five steps that write out a GELU as one: a third of the time in practice."""
    maker = {step[2]: step for step in steps}
    user = {name: step for step in reversed(steps) for name in step[1]}
    gone, gelus = set(), {}
    for step in (s for s in steps if s[0] == "Erf"):
        divided = maker[step[1][0]]
        added = user[step[2]]
        times = user[added[2]]
        last = user[times[2]]
        gone |= {divided[2], step[2], added[2], times[2]}
        gelus[last[2]] = ("Gelu", divided[1][:1], last[2], {})
    return [gelus.get(step[2], step) for step in steps if step[2] not in gone]


def _conv(own: dict[str, Any], x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    high, wide = own["kernel_shape"]
    pads = tuple(own.get("pads", (0, 0))[:2])
    if own.get("auto_pad") == b"SAME_UPPER":
        x = F.pad(x, (0, wide - 1, 0, high - 1))
    return F.conv2d(x, weight, None, tuple(own["strides"]), pads, groups=own["group"])


def _largest(own: dict[str, Any], x: torch.Tensor) -> torch.Tensor:
    high, wide = own["kernel_shape"]
    padded = F.pad(x, (0, wide - 1, 0, high - 1), value=-1e4)
    return F.max_pool2d(padded, (high, wide), tuple(own["strides"]))


def _slice(_: dict[str, Any], x: torch.Tensor, *limits: torch.Tensor) -> torch.Tensor:
    for begin, end, axis in zip(*(limit.tolist() for limit in limits[:3]), strict=True):
        first, last, _step = slice(begin, end).indices(x.shape[axis])
        x = x.narrow(axis, first, last - first)
    return x


def _reshape(_: dict[str, Any], x: torch.Tensor, shape: torch.Tensor) -> torch.Tensor:
    return x.reshape(
        [x.shape[at] if n == 0 else n for at, n in enumerate(shape.reshape(-1).tolist())]
    )


def _normal(own: dict[str, Any], x: torch.Tensor, *known: torch.Tensor) -> torch.Tensor:
    scale, shift, mean, spread = known
    return F.batch_norm(x, mean, spread, scale, shift, training=False, eps=own["epsilon"])


_OPS = {
    "Add": lambda _, a, b: a + b,
    "AveragePool": lambda own, x: F.avg_pool2d(
        x, tuple(own["kernel_shape"]), tuple(own["strides"])
    ),
    "BatchNormalization": _normal,
    "Cast": lambda _, x: x,
    "Concat": lambda own, *parts: torch.cat(parts, own["axis"]),
    "Conv": _conv,
    "Div": lambda _, a, b: a / b,
    "Gelu": lambda _, x: F.gelu(x),
    "HardSigmoid": lambda own, x: torch.clamp(x * own["alpha"] + own["beta"], 0, 1),
    "MatMul": lambda _, a, b: a @ b,
    "MaxPool": _largest,
    "Mul": lambda _, a, b: a * b,
    "Pow": lambda _, a, b: a ** float(b),
    "ReduceMean": lambda own, x: x.mean(tuple(own["axes"]), keepdim=bool(own.get("keepdims", 1))),
    "Relu": lambda _, x: F.relu(x),
    "Reshape": _reshape,
    "Shape": lambda _, x: torch.tensor(x.shape),
    "Sigmoid": lambda _, x: torch.sigmoid(x),
    "Slice": _slice,
    "Softmax": lambda own, x: torch.softmax(x, own["axis"]),
    "Sqrt": lambda _, x: x.sqrt(),
    "Squeeze": lambda own, x: x.squeeze(own["axes"][0]),
    "Sub": lambda _, a, b: a - b,
    "Transpose": lambda own, x: x.permute(*own["perm"]),
    "Unsqueeze": lambda own, x: x.unsqueeze(own["axes"][0]),
}
