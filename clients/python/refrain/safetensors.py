"""Reads and writes safetensors files. Nothing is trusted before it is compared with the file."""

import json
import math
import os
import struct

import numpy

from .errors import PromptMismatch

HEADER_BYTES_MAX = 16 << 20
_TYPES = {
    "F64": numpy.dtype("<f8"),
    "F32": numpy.dtype("<f4"),
    "F16": numpy.dtype("<f2"),
    "BF16": numpy.dtype("<u2"),  # as raw bits: numpy has no such type
    "I64": numpy.dtype("<i8"),
    "I32": numpy.dtype("<i4"),
}


def name_of(dtype):
    """The name of a numpy type in a file."""
    for name, known in _TYPES.items():
        if known == dtype and name != "BF16":
            return name
    raise ValueError(f"arrays of {dtype} have no safetensors type here")


def save(path, tensors, metadata):
    """Writes {name: array} and {str: str}; the file appears whole or not at all."""
    header, at = {"__metadata__": metadata}, 0
    for name, array in tensors.items():
        header[name] = {
            "dtype": name_of(array.dtype),
            "shape": list(array.shape),
            "data_offsets": [at, at + array.nbytes],
        }
        at += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    partial = f"{path}.{os.getpid()}.partial"
    with open(partial, "wb") as out:
        out.write(struct.pack("<Q", len(text)))
        out.write(text)
        for array in tensors.values():
            out.write(numpy.ascontiguousarray(array).tobytes())
    os.replace(partial, path)


def load(path):
    """({name: array}, metadata). Raises PromptMismatch if the file is no good."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else size
        if length > min(HEADER_BYTES_MAX, size - 8):
            raise PromptMismatch(f"{path}: a header of {length} bytes in a file of {size}")
        try:
            header = json.loads(file.read(length))
            metadata = header.pop("__metadata__", {})
            entries = [(name, _entry(entry)) for name, entry in header.items()]
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            raise PromptMismatch(f"{path}: {problem}") from problem
        data = file.read()
    return {name: _array(path, name, data, *entry) for name, entry in entries}, metadata


def _entry(entry):
    begin, end = entry["data_offsets"]
    return _TYPES[entry["dtype"]], [int(count) for count in entry["shape"]], int(begin), int(end)


def _array(path, name, data, dtype, shape, begin, end):
    wanted = dtype.itemsize * math.prod(shape)
    if not 0 <= begin <= end <= len(data) or end - begin != wanted or min(shape, default=0) < 0:
        raise PromptMismatch(f"{path}: tensor {name} does not fit the file")
    return numpy.frombuffer(data, dtype, math.prod(shape), begin).reshape(shape)
