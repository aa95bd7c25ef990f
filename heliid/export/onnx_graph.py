"""ONNX graphs of a model: one step with its past as tensors, and the whole free run (Scan).

Opset 17, IR version 8. The past is scaled: ``y_past`` (n_start, ny) and ``x_past`` (n_start,
inputs + leaky memories), oldest row first; its values at rest are in the metadata, and the free
run gives the past at its end, so that stepping can go on from there. Models with a trim rule take
``u_trim`` and ``y_trim`` as inputs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from heliid.errors import ExportError
from heliid.export.portable import Portable, facts, inputs_first
from heliid.model.network import DIVERGED_AT

OPSET = 17
IR_VERSION = 8
_DTYPES = {"float64": np.float64, "float32": np.float32}


def onnx_files(portable: Portable, dtype: str = "float64") -> dict[str, bytes]:
    """File name to content: NAME.onnx (free run) and NAME_step.onnx.

    Raises
    ------
    ExportError
        The package ``onnx`` is not installed.
    """
    try:
        import onnx
    except ImportError as problem:
        raise ExportError(
            "ONNX files need the package 'onnx': install it with  pip install 'heliid[onnx]'."
        ) from problem
    graphs = {
        f"{portable.file}.onnx": _free_run_graph(portable, dtype),
        f"{portable.file}_step.onnx": _step_graph(portable, dtype),
    }
    files = {}
    for name, graph in graphs.items():
        proto = _model(portable, graph)
        onnx.checker.check_model(proto, full_check=True)
        files[name] = proto.SerializeToString()
    return files


@dataclass
class _Builder:
    """Collects nodes and constants of one graph; every method returns a tensor's name."""

    dtype: Any
    prefix: str = ""  # of all names made here: a graph inside a graph must not repeat any
    nodes: list = field(default_factory=list)
    constants: dict = field(default_factory=dict)

    def op(self, kind: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = output or f"{self.prefix}{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def number(self, name: str, value: Any) -> str:
        name = self.prefix + name
        self.constants[name] = np.asarray(value, dtype=self.dtype)
        return name

    def whole(self, name: str, value: Any) -> str:
        name = self.prefix + name
        self.constants[name] = np.asarray(value, dtype=np.int64)
        return name

    def initializers(self) -> list:
        from onnx import numpy_helper

        return [numpy_helper.from_array(value, name) for name, value in self.constants.items()]


def _add_step(b: _Builder, portable: Portable) -> None:
    """From ``y_past, x_past, x_now`` to ``y_next, y_past_next, x_past_next, diverged``.

    All with the builder's prefix; ``diverged`` is 1 where this step leaves the limit, else 0.
    """
    model, n_start, pre = portable.model, portable.n_start, b.prefix
    weights, structure = model.weights, model.structure
    n_y, n_x = len(portable.outputs), len(portable.inputs) + len(structure.memory)
    flat = b.whole("flat", [-1])
    x_row = b.op("Reshape", [f"{pre}x_now", b.whole("x_shape", [1, n_x])])
    x_all = b.op("Concat", [f"{pre}x_past", x_row], axis=0)
    parts: list[str] = []
    for past, taps, width in (
        (x_all, portable.input_taps, n_x), (f"{pre}y_past", portable.output_taps, n_y)
    ):  # fmt: skip
        if taps:
            places = [(n_start - lag) * width + channel for channel, lag in taps]
            table = b.whole(f"places_{len(parts)}", places)
            parts.append(b.op("Gather", [b.op("Reshape", [past, flat]), table]))
    phi = b.op("Concat", parts, axis=0)
    last = b.op("Gather", [f"{pre}y_past", b.whole("last_row", n_start - 1)], axis=0)
    affine = _affine(b, "linear", inputs_first(portable, weights.linear), weights.bias, phi)
    before = last
    if structure.n_hidden:
        w_hid = inputs_first(portable, weights.w_hid)
        z = b.op("Tanh", [_affine(b, "w_hid", w_hid, weights.b_hid, phi)])
        out = _affine(b, "w_out", weights.w_out, np.zeros(n_y), z)
        increment = b.number("increment", model.scaling.increment_std)
        before = b.op("Add", [last, b.op("Mul", [increment, out])])
    new = b.op("Add", [before, affine])
    inside = b.op("LessOrEqual", [b.op("Abs", [new]), b.number("limit", DIVERGED_AT)])
    left = b.op("Cast", [b.op("Not", [inside])], to=_onnx_type(b.dtype))
    is_bad = b.op("ReduceMax", [left], f"{pre}diverged", keepdims=0)
    is_good = b.op("Less", [is_bad, b.number("half", 0.5)])
    y_next = b.op("Where", [is_good, new, last], f"{pre}y_next")
    y_row = b.op("Reshape", [y_next, b.whole("y_shape", [1, n_y])])
    y_all = b.op("Concat", [f"{pre}y_past", y_row], axis=0)
    window = [b.whole("one", [1]), b.whole("end", [n_start + 1]), b.whole("rows", [0])]
    b.op("Slice", [y_all, *window], f"{pre}y_past_next")
    b.op("Slice", [x_all, *window], f"{pre}x_past_next")


def _affine(b: _Builder, name: str, weights: np.ndarray, start: np.ndarray, values: str) -> str:
    """The sum ``start + weights @ values`` from left to right, as the app adds."""
    products = b.op("Mul", [b.number(name, weights), values])
    first = b.number(f"{name}_start", start[:, None])
    row = b.op("Concat", [first, products], axis=1)
    sums = b.op("CumSum", [row, b.whole("along", 1)])
    return b.op("Gather", [sums, b.whole(f"{name}_end", weights.shape[1])], axis=1)


def _step_graph(portable: Portable, dtype: str) -> Any:
    from onnx import helper

    b = _Builder(_DTYPES[dtype])
    scaled = _scaled(b, portable, "u", "u")
    parts = [scaled]
    for n, (index, leak) in enumerate(portable.model.structure.memory):
        start = len(portable.inputs) + n
        before = b.op("Gather", ["x_past", b.whole(f"last_{n}", portable.n_start - 1)], axis=0)
        old = b.op("Gather", [before, b.whole(f"memory_{n}", [start])])
        now = b.op("Gather", [scaled, b.whole(f"source_{n}", [index])])
        parts.append(_leak(b, n, leak, now, old))
    b.op("Concat", parts, "x_now", axis=0)
    _add_step(b, portable)
    _unscaled(b, portable, "y_next", "y")
    n_start, n_y = portable.n_start, len(portable.outputs)
    n_x = len(portable.inputs) + len(portable.model.structure.memory)
    shapes = {"u": [len(portable.inputs)], "y_past": [n_start, n_y], "x_past": [n_start, n_x]}
    shapes |= _trim_shapes(portable)
    outs = {
        "y": [n_y],
        "y_past_next": [n_start, n_y],
        "x_past_next": [n_start, n_x],
        "diverged": [],
    }
    return helper.make_graph(
        b.nodes, f"{portable.name}_step", _infos(b, shapes), _infos(b, outs), b.initializers()
    )


def _free_run_graph(portable: Portable, dtype: str) -> Any:
    from onnx import helper

    b = _Builder(_DTYPES[dtype])
    n_start, n_y = portable.n_start, len(portable.outputs)
    n_x = len(portable.inputs) + len(portable.model.structure.memory)
    x = _scaled(b, portable, "u", "u")
    if portable.model.structure.memory:
        x = b.op("Concat", [x, _memory_scan(b, portable, x)], axis=1)
    y_start = _scaled(b, portable, "y_start", "y")
    b.whole("zero_row", [0])
    b.whole("start_row", [n_start])
    b.whole("far_row", [np.iinfo(np.int64).max])
    x_first = b.op("Slice", [x, "zero_row", "start_row", "zero_row"])
    x_rest = b.op("Slice", [x, "start_row", "far_row", "zero_row"])
    b.number("good", 0.0)
    b.nodes.append(
        helper.make_node(
            "Scan",
            [y_start, x_first, "good", x_rest],
            ["y_past_end", "x_past_end", "diverged", "y_scaled"],
            body=_scan_body(portable, dtype),
            num_scan_inputs=1,
        )
    )
    computed = _unscaled(b, portable, "y_scaled", "y_computed")
    b.op("Concat", ["y_start", computed], "y", axis=0)
    shapes: dict[str, list] = {"u": ["N", len(portable.inputs)], "y_start": [n_start, n_y]}
    outs: dict[str, list] = {"y": ["N", n_y], "diverged": [], "y_past_end": [n_start, n_y],
            "x_past_end": [n_start, n_x]}  # fmt: skip
    return helper.make_graph(
        b.nodes,
        f"{portable.name}_free_run",
        _infos(b, shapes | _trim_shapes(portable)),
        _infos(b, outs),
        b.initializers(),
    )


def _scan_body(portable: Portable, dtype: str) -> Any:
    """One step; once bad, the outputs and their past stay what they were."""
    from onnx import helper

    b = _Builder(_DTYPES[dtype], prefix="s_")
    _add_step(b, portable)
    bad = b.op("Max", ["s_was_bad", "s_diverged"], "s_bad")
    is_good = b.op("Less", [bad, "s_half"])
    b.op("Where", [is_good, "s_y_past_next", "s_y_past"], "s_y_kept")
    last = b.op("Gather", ["s_y_past", "s_last_row"], axis=0)
    b.op("Where", [is_good, "s_y_next", last], "s_y_row")
    n_start, n_y = portable.n_start, len(portable.outputs)
    n_x = len(portable.inputs) + len(portable.model.structure.memory)
    past = {"y_past": [n_start, n_y], "x_past": [n_start, n_x], "was_bad": [], "x_now": [n_x]}
    after = {"y_kept": [n_start, n_y], "x_past_next": [n_start, n_x], "bad": [], "y_row": [n_y]}
    return helper.make_graph(b.nodes, "step", _infos(b, past), _infos(b, after), b.initializers())


def _memory_scan(b: _Builder, portable: Portable, x: str) -> str:
    """All leaky memories (N, n_memory), each starting at its input's first value."""
    from onnx import helper

    memory = portable.model.structure.memory
    body = _Builder(b.dtype, prefix="m_")
    news = []
    for n, (index, leak) in enumerate(memory):
        now = body.op("Gather", ["m_x_row", body.whole(f"source_{n}", [index])])
        old = body.op("Gather", ["m_v", body.whole(f"place_{n}", [n])])
        news.append(_leak(body, n, leak, now, old))
    body.op("Concat", news, "m_v_next", axis=0)
    body.op("Identity", ["m_v_next"], "m_v_row")
    n_m = len(memory)
    graph = helper.make_graph(
        body.nodes,
        "memory",
        _infos(body, {"v": [n_m], "x_row": [len(portable.inputs)]}),
        _infos(body, {"v_next": [n_m], "v_row": [n_m]}),
        body.initializers(),
    )
    first = b.op("Gather", [x, b.whole("first_row", 0)], axis=0)
    sources = b.whole("memory_sources", [index for index, _ in memory])
    v_start = b.op("Gather", [first, sources])
    b.nodes.append(
        helper.make_node("Scan", [v_start, x], ["v_end", "v_all"], body=graph, num_scan_inputs=1)
    )
    return "v_all"


def _leak(b: _Builder, n: int, leak: float, now: str, old: str) -> str:
    fresh = b.op("Mul", [b.number(f"leak_{n}", leak), now])
    return b.op("Add", [fresh, b.op("Mul", [b.number(f"keep_{n}", 1.0 - leak), old])])


def _scaled(b: _Builder, portable: Portable, name: str, letter: str) -> str:
    group = portable.inputs if letter == "u" else portable.outputs
    trim = _trim_name(b, portable, letter)
    offset = b.number(f"{letter}_offset", [c.offset for c in group])
    std = b.number(f"{letter}_std", [c.std for c in group])
    return b.op("Div", [b.op("Sub", [b.op("Sub", [name, trim]), offset]), std])


def _unscaled(b: _Builder, portable: Portable, name: str, output: str) -> str:
    offset = b.number("y_offset", [c.offset for c in portable.outputs])
    std = b.number("y_std", [c.std for c in portable.outputs])
    trim = _trim_name(b, portable, "y")
    return b.op("Add", [b.op("Add", [b.op("Mul", [name, std]), offset]), trim], output)


def _trim_name(b: _Builder, portable: Portable, letter: str) -> str:
    group = portable.inputs if letter == "u" else portable.outputs
    if _trim_shapes(portable):
        return f"{letter}_trim"
    return b.number(f"{letter}_trim", [c.trim for c in group])


def _trim_example(portable: Portable) -> str:
    return ", 'u_trim': u0, 'y_trim': y0" if _trim_shapes(portable) else ""


def _rest(portable: Portable) -> tuple[list[float], list[float]]:
    """Scaled inputs (with memories) and outputs at rest at the trim."""
    x = [-c.offset / c.std for c in portable.inputs]
    x += [x[index] for index, _ in portable.model.structure.memory]
    return x, [-c.offset / c.std for c in portable.outputs]


def _trim_shapes(portable: Portable) -> dict[str, list]:
    """The trims as graph inputs; a model without a trim rule has them built in."""
    if portable.model.trim_rule == "none":
        return {}
    return {"u_trim": [len(portable.inputs)], "y_trim": [len(portable.outputs)]}


def _onnx_type(dtype: Any) -> int:
    from onnx import TensorProto

    return int(TensorProto.DOUBLE if dtype is np.float64 else TensorProto.FLOAT)


def _infos(b: _Builder, shapes: dict[str, list]) -> list:
    from onnx import helper

    kind = _onnx_type(b.dtype)
    return [
        helper.make_tensor_value_info(b.prefix + name, kind, shape)
        for name, shape in shapes.items()
    ]


def _model(portable: Portable, graph: Any) -> Any:
    from onnx import helper

    proto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    about = facts(portable)
    proto.producer_name = "HeliID"
    proto.producer_version = about["made_by"].removeprefix("HeliID ")
    proto.doc_string = f"{about['time']} {about['start']} {about['divergence']}"
    x_rest, y_rest = _rest(portable)
    about["example"] = [
        f"s = onnxruntime.InferenceSession('{portable.file}.onnx')",
        f"y = s.run(['y'], {{'u': u, 'y_start': y_start{_trim_example(portable)}}})[0]",
        "u: (N, inputs), y_start: (n_start, outputs), of the graph's type",
    ]
    about["x_past_at_rest"] = [x_rest] * portable.n_start
    about["y_past_at_rest"] = [y_rest] * portable.n_start
    test = {"u": portable.test.u.tolist(), "y": portable.test.y.tolist()}
    helper.set_model_props(
        proto, {"heliid": json.dumps(about), "heliid_test_vector": json.dumps(test)}
    )
    return proto
