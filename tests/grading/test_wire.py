"""What crosses the border is plain data, of bounded size, whatever the other side sends."""

import json
import os
import pickle
import struct
import time
from collections import namedtuple

import numpy as np
import pytest

from grading import limits, wire
from rnnlib import scalar

Pair = namedtuple("Pair", "left right")


def refuse(value):
    raise TypeError(f"{type(value).__name__} is not plain data")


def across(value):
    return wire.unpack(wire.pack(value, refuse)[4:], refuse)


def raw(value, blob=b""):
    text = json.dumps(value).encode()
    return struct.pack("<I", len(text)) + text + blob


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        2**200,
        -0.5,
        1e300,
        2 + 3j,
        "text",
        b"\x00\xff",
        [1, [2, ("three",)], {}],
        {"a": (1, 2), 3: None, ("k", 1): [0.5]},
        {1, 2, 3},
        (),
    ],
)
def test_plain_data_comes_back_the_same(value):
    assert across(value) == value
    assert type(across(value)) is type(value)


@pytest.mark.parametrize(
    "dtype", ["float64", "float32", "int64", "int8", "uint16", "bool", "complex128", ">f8", "U5", "S3"]
)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0, 4), (2, 3, 4)])
def test_arrays_keep_dtype_shape_and_values(dtype, shape):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    back = across(array)
    assert back.dtype == array.dtype
    assert back.shape == shape
    assert np.array_equal(back, array)
    assert back.flags.writeable


def test_a_transposed_view_and_a_numpy_scalar_arrive_as_they_look():
    view = np.arange(12.0).reshape(3, 4).T[::2]
    assert np.array_equal(across(view), view)
    assert across(np.float32(1.5)) == np.float32(1.5)
    assert type(across(np.float32(1.5))) is np.float32


def test_nan_and_infinity_cross():
    assert np.isnan(across(float("nan")))
    assert across([float("inf"), -float("inf")]) == [float("inf"), -float("inf")]


def test_a_named_tuple_of_rnnlib_stays_itself_and_another_becomes_a_plain_one():
    params = scalar.Params(0.5, -0.8, np.array([1.2, -0.7]), 0.1)
    assert type(across(params)) is scalar.Params
    pair = across(Pair(1, 2.5))
    assert (pair.left, pair.right, type(pair).__name__) == (1, 2.5, "Pair")
    assert type(pair) is not Pair


def test_a_named_tuple_whose_fields_cannot_be_made_again_is_a_plain_one():
    for fields in (["é"], ["x" * 100], ["_0"]):
        value = namedtuple("G", fields, rename=True)._make([0.5])
        assert across(value) == (0.5,)
        assert type(across(value)) is tuple


def test_a_dictionary_with_sets_for_keys_is_not_sent():
    with pytest.raises(TypeError, match="sets for keys"):
        wire.pack({frozenset({1}): 2}, refuse)


@pytest.mark.parametrize(
    "name", ["rnnlib.scalar.np", "rnnlib.scalar.forward", "os.system", "rnnlib.scalar.Params.x", ""]
)
def test_a_forged_class_name_gives_plain_data(name):
    made = wire.unpack(raw({"named": [name, ["u", "w"], [1, 2]]}), refuse)
    assert made == (1, 2)
    assert type(made).__mro__[1] is tuple


@pytest.mark.parametrize(
    "message",
    [
        {"array": ["<f8", [2]]},
        {"array": ["<f8", [10**15]]},
        {"array": ["<f8", [-1]]},
        {"array": ["<f8", [True]]},
        {"array": ["<f8", 3]},
        {"array": ["|O", [1]]},
        {"array": ["|V8", [1]]},
        {"array": ["<f8,<f8", [1]]},
        {"array": [["a", "<f8"], [1]]},
        {"array": ["<U999999", [9]]},
        {"scalar": ["<f8", [0, 0]]},
        {"named": ["Pair", ["_x"], [1]]},
        {"named": ["Pair", ["a", "a"], [1, 2]]},
        {"named": ["Pair", ["class"], [1]]},
        {"named": ["Pair", ["a"], [1, 2]]},
        {"named": ["Pair", [["a"]], [1]]},
        {"dict": [[{"list": []}, 1]]},
        {"dict": [[1]]},
        {"set": [{"list": []}]},
        {"tuple": {}},
        {"complex": [1]},
        {"bytes": "zz"},
        {"pickle": "gASVAAAA"},
        {"tuple": [], "list": []},
        {},
        [1, 2],
    ],
)
def test_a_lying_or_unknown_message_is_refused(message):
    with pytest.raises(wire.WireError):
        wire.unpack(raw(message, b"12345678"), refuse)


def test_bytes_left_over_are_refused():
    with pytest.raises(wire.WireError, match="left over"):
        wire.unpack(raw(1, b"x"), refuse)


def test_a_message_nested_too_deep_or_too_long_is_refused_on_both_sides():
    deep, cyclic, long = [], [], list(range(wire.MAX_ITEMS + 1))
    cyclic.append(cyclic)
    for _ in range(wire.MAX_DEPTH + 1):
        deep = [deep]
    for value in (deep, cyclic, long):
        with pytest.raises(wire.TooBigError):
            wire.pack(value, refuse)
    for text in ('{"list": [' * 5000 + "]}" * 5000, "[" * 100_000, json.dumps({"list": long})):
        with pytest.raises(wire.WireError):
            wire.unpack(struct.pack("<I", len(text)) + text.encode(), refuse)


def test_an_array_larger_than_a_message_may_be_is_not_sent():
    with pytest.raises(wire.TooBigError, match="allowed"):
        wire.pack(np.zeros(wire.MAX_BYTES // 8), refuse)


def test_text_that_would_fill_the_memory_when_it_is_read_is_neither_sent_nor_read(monkeypatch):
    with pytest.raises(wire.TooBigError, match="bytes of text, allowed are"):
        wire.pack("x" * wire.MAX_TEXT, refuse)
    text = b"[" + b"[]," * (wire.MAX_TEXT // 3) + b"[]]"
    monkeypatch.setattr(wire.json, "loads", lambda text: pytest.fail("it was read"))
    with pytest.raises(wire.WireError):
        wire.unpack(struct.pack("<I", len(text)) + text, refuse)


def test_an_object_array_is_not_sent():
    with pytest.raises(TypeError, match="object"):
        wire.pack(np.array([object()]), refuse)


def test_half_a_surrogate_pair_becomes_text_that_can_be_written():
    assert across("a\ud800b").encode("utf-8") == b"a?b"


def test_a_pickle_is_never_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    data = pickle.dumps(Trap())
    for message in (data, struct.pack("<I", len(data)) + data, raw({"array": ["|O", [1]]}, data)):
        with pytest.raises(wire.WireError):
            wire.unpack(message, refuse)
    assert not (tmp_path / "sprung").exists()


def test_the_end_of_a_tests_time_is_no_fault_of_a_message():
    def end(tag):
        raise limits.TestTooLongError

    with pytest.raises(limits.TestTooLongError):
        wire.unpack(raw({"object": {"mine": 1}}, b""), end)


def test_damaged_messages_are_decoded_or_refused_and_never_anything_else():
    rng = np.random.default_rng(0)
    whole = wire.pack(
        ["ok", scalar.Params(0.5, -0.8, np.arange(6.0).reshape(2, 3), 1), {"k": (1, "two", None)}, 2 + 1j], refuse
    )[4:]
    refused = 0
    for _ in range(5000):
        data = bytearray(whole)
        for _ in range(rng.integers(1, 6)):
            at = rng.integers(len(data))
            match rng.integers(3):
                case 0:
                    data[at] = rng.integers(256)
                case 1:
                    del data[at : at + rng.integers(8)]
                case 2:
                    data[at:at] = rng.bytes(rng.integers(1, 8))
            data = data or bytearray(b"\0")
        try:
            wire.unpack(bytes(data), refuse)
        except wire.WireError:
            refused += 1
    assert refused > 2500


def test_noise_is_refused():
    rng = np.random.default_rng(1)
    for length in range(200):
        with pytest.raises(wire.WireError):
            wire.unpack(rng.bytes(length), refuse)


def test_a_length_beyond_the_limit_is_refused_before_it_is_read():
    reader, writer = os.pipe()
    os.write(writer, struct.pack("<I", 2**32 - 1))
    with pytest.raises(wire.WireError, match="allowed"):
        wire.receive(reader, refuse)
    os.close(reader)
    os.close(writer)


def until(deadline):
    """What tells the wire how long to wait."""

    def left():
        if time.monotonic() >= deadline:
            raise wire.LateError
        return max(0.0, deadline - time.monotonic())

    return left


def test_silence_and_a_closed_pipe_are_told_apart():
    reader, writer = os.pipe()
    with pytest.raises(wire.LateError):
        wire.receive(reader, refuse, until(time.monotonic() + 0.05))
    os.close(writer)
    with pytest.raises(wire.WireError, match="ended"):
        wire.receive(reader, refuse, until(time.monotonic() + 1))
    os.close(reader)


def test_a_reader_that_does_not_read_does_not_hold_the_writer():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with pytest.raises(wire.LateError):
        wire.send(writer, np.zeros(100_000), refuse, until(time.monotonic() + 0.05))
    os.close(reader)
    with pytest.raises(wire.WireError, match="ended"):
        wire.send(writer, 1, refuse, until(time.monotonic() + 1))
    os.close(writer)


def test_a_pipe_that_is_always_ready_does_not_put_off_the_deadline():
    reader, writer = os.pipe()
    os.write(writer, b"x" * 100)
    with pytest.raises(wire.LateError):
        wire.receive(reader, None, until(time.monotonic() - 1))
    with pytest.raises(wire.LateError):
        wire.send(writer, "x", None, until(time.monotonic() - 1))
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("order", "<>")
def test_letters_that_are_none_are_replaced(order):
    letters = np.array([0xD800, 0x61, 0x7FFFFFFF, 0x1F600], f"{order}u4").view(f"{order}U4")
    text = json.dumps({"list": [{"array": [f"{order}U4", [1]]}, {"scalar": [f"{order}U4", []]}]}).encode()
    array, scalar = wire.unpack(struct.pack("<I", len(text)) + text + letters.tobytes() * 2, None)
    assert [*array, scalar] == ["?a?\U0001f600"] * 2
