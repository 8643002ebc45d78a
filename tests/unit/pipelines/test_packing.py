"""Values by type into JSON and tensors, and back."""

from __future__ import annotations

import json
import math
import struct

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipelines.checkpoint import NotStorable
from pipelines.checkpoint.packing import STORED_DTYPES, Packer, unpack

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def _there_and_back(value):
    packer = Packer()
    packed = json.loads(json.dumps(packer.pack(value)))
    return unpack(packed, packer.tensors, torch.device("cpu"))


@given(PLAIN)
def test_plain_values_come_back_with_their_types(value):
    back = _there_and_back(value)

    assert back == value
    assert repr(back) == repr(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.0, 0.1 + 0.2, 5e-324])
def test_floats_keep_every_bit(value):
    assert struct.pack("d", _there_and_back(value)) == struct.pack("d", value)


@pytest.mark.parametrize("dtype", sorted(STORED_DTYPES, key=str), ids=str)
def test_tensors_keep_dtype_shape_and_bits(dtype):
    # Given: a view that is not contiguous
    tensor = (torch.randn(3, 4, generator=torch.Generator().manual_seed(1)) * 3).to(dtype).T

    # When
    back = _there_and_back({"one": tensor, "scalar": tensor[0, 0]})

    # Then
    assert (back["one"].dtype, back["one"].shape, back["scalar"].shape) == (dtype, (4, 3), ())
    assert torch.equal(back["one"], tensor)


def test_packed_tensors_are_copies():
    # Given
    tensor, packer = torch.zeros(2), Packer()
    packer.pack(tensor)

    # When
    tensor.add_(1)

    # Then
    assert packer.tensors["t0"].tolist() == [0, 0]


def test_numpy_values_come_back_as_such():
    # When
    array, scalar = _there_and_back([np.arange(3, dtype=np.int64), np.float64(0.1)])

    # Then
    assert (array.dtype, array.tolist()) == (np.int64, [0, 1, 2])
    assert (type(scalar), scalar) == (np.float64, 0.1)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"noise_sampler": object()}, "noise_sampler is a object"),
        ({"hook": print}, "hook is a builtin_function_or_method"),
        ({"a": [1, {"b": torch.zeros(1, dtype=torch.complex64)}]}, r"a\[1\]\.b is a tensor of torch\.complex64"),
        ({"a": torch.zeros(2).to_sparse()}, "a is a tensor of torch.float32, torch.sparse_coo"),
        ({"a": np.array(["x"])}, "a is an array of <U1"),
        ({"a": {1: 2}}, "a is a dict"),
        ({"a": {1, 2}}, "a is a set"),
    ],
)
def test_what_has_no_form_is_named_with_its_place(value, says):
    with pytest.raises(NotStorable, match=says):
        Packer(copy=False).pack(value)
