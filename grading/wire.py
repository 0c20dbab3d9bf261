"""Messages between the grader and a student's process: JSON, and the bytes of arrays; nothing is ever unpickled.

A message is 4 bytes with its length, 4 bytes with the length of a JSON text, the text, and the arrays' bytes one after
the other. Both sides use this module; the grader's side treats every byte as hostile. An array is sent as its dtype,
shape and bytes and not as a .npy file: its size is then checked before anything is allocated, and there is no header to
parse. Objects that are not plain data stay where they are; a number is sent in their place.
"""

import json
import keyword
import math
import os
import re
import select
import struct
import sys
from collections import namedtuple
from functools import lru_cache

import numpy as np

MAX_BYTES = 16 * 2**20
MAX_TEXT = 4 * 2**20  # of them, bytes of JSON: to read them takes up to fifty times as much memory
MAX_DEPTH = 32
MAX_ITEMS = 100_000
MAX_KEYS = 1000  # of a dictionary or a set: with more numbers, all of one hash, building it would take minutes
CLASS_COST = 500  # items; making a class takes as long
PLAIN = (str, bool, int, float, type(None))
# What a forged message may raise in whatever is asked to read it; the end of a test's time is not among it.
UNREADABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    LookupError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)


def say(text):
    """A message in the language of the notebook: see rnnlib.words, which most processes of students never need."""
    from rnnlib import words

    return words.say(text)


class WireError(Exception):
    """The other side sent something that is not a message, or see GoneError."""


class GoneError(WireError):
    """The other side closed the pipe: its process has ended."""


class LateError(Exception):
    """The other side did not answer in time."""


class TooBigError(ValueError):
    """What was to be sent is larger, deeper or longer than a message may be."""


def send(fd, message, refer, left=None):
    """Write one message to the file descriptor `fd`, which must not block if there is a function `left`.

    `refer(value)` gives the tag to send in place of a value that is not plain data, or raises TypeError. `left()` gives
    the seconds to wait until it is asked again, or raises LateError; it is asked before every piece, however ready the
    pipe is, as it may be kept so. Raises WireError when the other side has gone, and what `pack` raises.
    """
    data = memoryview(pack(message, refer))
    while data:
        while left and not select.select([], [fd], [], left())[1]:
            pass
        try:
            data = data[os.write(fd, data) :]
        except BrokenPipeError:
            raise GoneError("the process ended") from None


def receive(fd, resolve, left=None):
    """Read one message; `resolve(tag)` gives the object for a tag, `left` is as for `send`. Raises WireError."""
    (length,) = struct.unpack("<I", _read(fd, 4, left))
    if length > MAX_BYTES:
        raise WireError(f"a message of {length} bytes, allowed are {MAX_BYTES}")
    return unpack(_read(fd, length, left), resolve)


def pack(message, refer):
    """The bytes of a message, its length first. Raises TooBigError, and TypeError for what cannot be sent."""
    arrays, budget = [], [MAX_ITEMS, MAX_BYTES]  # items, and bytes of arrays
    text = json.dumps(_encode(message, arrays, refer, 0, budget)).encode("ascii")
    data = b"".join([struct.pack("<I", len(text)), text, *arrays])
    if len(data) > MAX_BYTES:
        raise TooBigError(_too_much_data(len(data)))
    if len(text) > MAX_TEXT:
        raise TooBigError(say("{} bytes of text, allowed are {}").format(len(text), MAX_TEXT))
    return struct.pack("<I", len(data)) + data


def _too_much_data(size):
    return say("{} bytes of data, allowed are {}").format(size, MAX_BYTES)


def unpack(data, resolve):
    """The message in `data`; raises WireError for anything that `pack` would not have written."""
    try:
        (length,) = struct.unpack_from("<I", data)
        if length > MAX_TEXT:
            raise ValueError
        arrays = _Arrays(memoryview(data)[4 + length :])
        message = _decode(json.loads(bytes(data[4 : 4 + length])), arrays, resolve, 0, [MAX_ITEMS])
    except UNREADABLE as error:
        raise WireError(f"what it sent cannot be read as numbers or arrays ({type(error).__name__})") from None
    if arrays.data:
        raise WireError("what it sent cannot be read as numbers or arrays (bytes left over)")
    return message


def _encode(value, arrays, refer, depth, budget):
    kind = type(value)
    budget[0] -= 1
    if depth > MAX_DEPTH or budget[0] < 0:
        raise TooBigError(say("nested deeper than {}, or more than {} items").format(MAX_DEPTH, MAX_ITEMS))
    if kind in PLAIN:
        return value
    if kind is np.float64:  # as most results are: its text is exact, and shorter than a dtype and a shape
        return {"float64": float(value)}
    if isinstance(value, (np.ndarray, np.generic)):
        return _encode_array(value, arrays, budget)

    def encode(items):
        return [_encode(item, arrays, refer, depth + 1, budget) for item in items]

    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, (dict, set, frozenset)) and len(value) > MAX_KEYS:
        said = say("a {} of {} entries, allowed are {}")
        raise TooBigError(said.format(type(value).__name__, len(value), MAX_KEYS))
    if isinstance(value, tuple) and _are_fields(getattr(kind, "_fields", None)):  # else it is sent without its names
        budget[0] -= CLASS_COST
        return {"named": [f"{kind.__module__}.{kind.__qualname__}", list(kind._fields), encode(value)]}
    if isinstance(value, tuple):
        return {"tuple": encode(value)}
    if isinstance(value, list):
        return {"list": encode(value)}
    if isinstance(value, dict):
        if any(isinstance(key, frozenset) for key in value):
            raise TypeError(say("a dictionary with sets for keys; give numbers, texts, or tuples of these"))
        return {"dict": [encode(pair) for pair in value.items()]}
    if isinstance(value, (set, frozenset)):
        return {"set": encode(value)}
    for plain in (str, int, float):  # subclasses, such as enum members, cross as the plain value
        if isinstance(value, plain):
            return plain.__new__(plain, value)
    return {"object": refer(value)}


def _encode_array(value, arrays, budget):
    array = np.asarray(value)
    dtype = array.dtype
    budget[1] -= array.nbytes
    if budget[1] < 0:  # before it is copied
        raise TooBigError(_too_much_data(MAX_BYTES - budget[1]))
    if dtype.kind == "O":
        said = say(
            "an array of dtype object, which numpy makes of what are not all numbers, such as None, or lists of "
            "different lengths; give an array of numbers"
        )
        raise TypeError(said)
    if dtype.kind not in "biufcSU":
        raise TypeError(say("an array of dtype {}; give an array of numbers").format(dtype))
    arrays.append(array.tobytes())
    return {"array" if isinstance(value, np.ndarray) else "scalar": [dtype.str, list(array.shape)]}


def _decode(value, arrays, resolve, depth, budget):
    budget[0] -= 1
    if depth > MAX_DEPTH or budget[0] < 0:
        raise ValueError

    if type(value) is str and not value.isascii():
        return value.encode("utf-8", "replace").decode("utf-8")  # half of a surrogate pair cannot be written to a file
    if type(value) in PLAIN:
        return value

    def decode(items):
        if type(items) is not list:
            raise TypeError
        return [_decode(item, arrays, resolve, depth + 1, budget) for item in items]

    ((tag, content),) = value.items() if type(value) is dict else [(None, None)]
    match tag:
        case "float64" if type(content) is float:
            return np.float64(content)
        case "array":
            return arrays.take(*content)
        case "scalar":
            return arrays.take(*content)[()]
        case "complex":
            return complex(*content)
        case "bytes":
            return bytes.fromhex(content)
        case "named":
            name, fields, values = content
            budget[0] -= CLASS_COST
            return _named_class(name, tuple(fields))._make(decode(values))
        case "tuple":
            return tuple(decode(content))
        case "list":
            return decode(content)
        case "dict" | "set" if len(content) > MAX_KEYS:
            raise ValueError
        case "dict":
            return {key: item for key, item in map(decode, content)}
        case "set":
            return set(decode(content))
        case "object":
            return resolve(content)
    raise ValueError


class _Arrays:
    """The bytes of a message's arrays, taken from the front."""

    def __init__(self, data):
        self.data = data

    def take(self, dtype, shape):
        dtype = _dtype(dtype)
        if len(shape) > 32 or not all(type(size) is int and 0 <= size <= MAX_BYTES for size in shape):
            raise ValueError
        length = math.prod(shape) * dtype.itemsize
        if length > len(self.data):
            raise ValueError
        array = np.frombuffer(self.data[:length], np.uint8).copy().view(dtype).reshape(shape)
        if dtype.kind == "U":
            _mend(array.reshape(-1).view(f"{dtype.byteorder}u4"))
        self.data = self.data[length:]
        return array


@lru_cache(maxsize=256)
def _dtype(text):
    """The dtype that a text names, of numbers or of texts. Raises ValueError for any other."""
    if not re.fullmatch(r"[<>|=][biufcSU]\d{1,6}", text):
        raise ValueError
    return np.dtype(text)


def _mend(letters):
    """Replace, in an array of code points, halves of surrogate pairs and numbers that stand for no letter."""
    letters[(letters > 0x10FFFF) | ((letters >= 0xD800) & (letters <= 0xDFFF))] = ord("?")


def _named_class(name, fields):
    """The NamedTuple of rnnlib that has this name and these fields if there is one, else a new, plain one."""
    module, _, class_name = name.rpartition(".")
    if re.fullmatch(r"rnnlib(\.\w+)*", module) and module in sys.modules:
        found = vars(sys.modules[module]).get(class_name)
        if isinstance(found, type) and issubclass(found, tuple) and getattr(found, "_fields", None) == fields:
            return found
    if not _are_fields(fields):
        raise ValueError
    class_name = class_name if class_name.isascii() and class_name.isidentifier() else "Result"
    return namedtuple(class_name, fields)


def _are_fields(fields):
    """Whether a class of tuples can be made with these names on the other side."""
    return (
        type(fields) is tuple
        and len(set(map(str, fields))) == len(fields) <= 80
        and all(type(field) is str and len(field) < 80 and field.isascii() and _is_name(field) for field in fields)
    )


@lru_cache(maxsize=1024)
def _is_name(field):
    return field.isidentifier() and not field.startswith("_") and not keyword.iskeyword(field)


def _read(fd, length, left):
    parts = bytearray()
    while len(parts) < length:
        while left and not select.select([fd], [], [], left())[0]:
            pass
        part = os.read(fd, min(length - len(parts), 2**20))
        if not part:
            raise GoneError("the process ended")
        parts += part
    return parts
