"""Checkpoints of training: a Run and its random generator in one .npz file, no pickle, resumed bit for bit.

    save("run.npz", run, rng)
    run, rng = load("run.npz", like=start(params, s_init, adam_state(params)))

An array is stored under its path in the Run, such as "params.W". The file does not say which classes to build:
`like`, a fresh Run of the same model and optimiser, does.
"""

import json
import os
import tempfile
from pathlib import Path

import numpy as np

from rnnlib.tree import leaves, rebuild

FORMAT = "rnnlib checkpoint 1"
GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")


def save(path, run, rng):
    """Write a Run and the state of its Generator to `path`; return None.

    The file is written beside `path` and then put in its place in one step, so that a crash leaves the last good
    checkpoint. Raises OSError if the folder cannot be written to. Source: the chapter
    "A character model" (book/characters.md), section "Training".
    """
    path = Path(path)
    state = json.dumps(rng.bit_generator.state, default=lambda array: array.tolist())
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, format=FORMAT, generator=state, **dict(leaves(run)))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load(path, like):
    """Read a checkpoint back as (run, rng), with the classes, shapes and dtypes of the Run `like`.

    Shapes: `like` is a Run of the same model, optimiser and batch; only the length of its history may differ.
    Raises ValueError if the file is truncated, damaged, no checkpoint, or of another model; FileNotFoundError if
    there is none. Source: the chapter "A character model" (book/characters.md), section "Training".
    """
    arrays = _read(path)
    if arrays.pop("format", None) != FORMAT:
        raise ValueError(f"{path} is not a checkpoint of this library, expected an .npz file marked {FORMAT!r}")
    rng = _generator(path, arrays.pop("generator", ""))
    expected = dict(leaves(like._replace(E=arrays.get("E", like.E))))
    if arrays.keys() != expected.keys():
        raise ValueError(f"{path} holds {', '.join(arrays)}, expected {', '.join(expected)}: another model")
    for name, array in expected.items():
        found, wanted = arrays[name], np.asarray(array)
        if (found.shape, found.dtype) != (wanted.shape, wanted.dtype):
            raise ValueError(
                f"{path}: {name} has shape {found.shape} and dtype {found.dtype}, "
                f"expected {wanted.shape} and {wanted.dtype}"
            )
    was_array = [isinstance(leaf, np.ndarray) for _, leaf in leaves(like)]
    found = (arrays[name] if kept else arrays[name].item() for name, kept in zip(expected, was_array, strict=True))
    return rebuild(like, found), rng


def _read(path):
    with open(path, "rb") as file:
        try:
            archive = np.load(file, allow_pickle=False)
            return {name: archive[name] for name in archive.files}
        except Exception as error:  # damaged bytes fail in numpy, zipfile, zlib or json, each with its own errors
            raise ValueError(f"{path} is not a whole .npz checkpoint: {error}") from error


def _generator(path, text):
    try:
        state = json.loads(str(text))
        if state["bit_generator"] not in GENERATORS:
            raise ValueError(f"unknown generator {state['bit_generator']!r}")
        bit_generator = getattr(np.random, state["bit_generator"])()
        bit_generator.state = state
    except Exception as error:
        raise ValueError(f"{path} holds no usable state of a random generator: {error}") from error
    return np.random.Generator(bit_generator)
