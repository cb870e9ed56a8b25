"""A consumer of the Arrow C stream interface, written from its specification alone: it walks the structs and copies the values."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int32, c_int64, c_void_p

import numpy as np


class Schema(Structure):
    pass


class Array(Structure):
    pass


class Stream(Structure):
    pass


Schema._fields_ = [
    ("format", c_char_p), ("name", c_char_p), ("metadata", c_void_p), ("flags", c_int64), ("n_children", c_int64),
    ("children", POINTER(POINTER(Schema))), ("dictionary", POINTER(Schema)), ("release", CFUNCTYPE(None, POINTER(Schema))),
    ("private_data", c_void_p)]
Array._fields_ = [
    ("length", c_int64), ("null_count", c_int64), ("offset", c_int64), ("n_buffers", c_int64), ("n_children", c_int64),
    ("buffers", POINTER(c_void_p)), ("children", POINTER(POINTER(Array))), ("dictionary", POINTER(Array)),
    ("release", CFUNCTYPE(None, POINTER(Array))), ("private_data", c_void_p)]
Stream._fields_ = [
    ("get_schema", CFUNCTYPE(c_int, POINTER(Stream), POINTER(Schema))), ("get_next", CFUNCTYPE(c_int, POINTER(Stream), POINTER(Array))),
    ("get_last_error", CFUNCTYPE(c_char_p, POINTER(Stream))), ("release", CFUNCTYPE(None, POINTER(Stream))), ("private_data", c_void_p)]

NUMBERS = {"c": "i1", "C": "u1", "s": "i2", "S": "u2", "i": "i4", "I": "u4", "l": "i8", "L": "u8", "e": "f2", "f": "f4", "g": "f8"}
ARITY = {"+s": 1, "+l": 2, "+L": 2, "U": 3, "Z": 3, "b": 2}


def pointer_in(capsule, name):
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = c_void_p, [ctypes.py_object, c_char_p]
    return get(capsule, name)


def move(struct):
    """As a consumer takes over: the bytes are copied, and the source is marked released."""
    taken = type(struct).from_buffer_copy(struct)
    ctypes.memset(ctypes.byref(struct, type(struct).release.offset), 0, 8)
    return taken


def release(struct):
    assert struct.release
    struct.release(ctypes.byref(struct))
    assert not struct.release, "a release callback marks its struct"


class Reader:
    """The stream of a capsule, taken over."""

    def __init__(self, capsule):
        self.stream = move(Stream.from_address(pointer_in(capsule, b"arrow_array_stream")))
        self.schema = Schema()
        assert self.stream.get_schema(ctypes.byref(self.stream), ctypes.byref(self.schema)) == 0

    def next(self):
        array = Array()
        assert self.stream.get_next(ctypes.byref(self.stream), ctypes.byref(array)) == 0
        return array if array.release else None

    def close(self):
        release(self.schema)
        release(self.stream)


def read(element):
    """All of an element: a dict from column names to lists of values, and the formats."""
    reader = Reader(element.__arrow_c_stream__())
    array = reader.next()
    assert reader.next() is None, "one batch, then the end"
    names = [reader.schema.children[i].contents.name.decode() for i in range(reader.schema.n_children)]
    values = {name: values_of(reader.schema.children[i].contents, array.children[i].contents) for i, name in enumerate(names)}
    formats = {name: reader.schema.children[i].contents.format.decode() for i, name in enumerate(names)}
    assert reader.schema.format == b"+s" and all(len(one) == array.length for one in values.values())
    release(array)
    reader.close()
    return values, formats


def values_of(schema, array):
    """The values of an array, as Python's; None where one is missing."""
    kind = schema.format.decode()
    assert array.n_buffers == ARITY.get(kind, 1 if kind.startswith("+w") else 2) and array.offset == 0
    validity = bits(array.buffers[0], array.length) if array.buffers[0] else np.ones(array.length, bool)
    assert array.null_count in (-1, int((~validity).sum()))
    assert schema.flags & 2 or validity.all()
    plain = _plain(schema, array, kind)
    if schema.dictionary:
        distinct = values_of(schema.dictionary.contents, array.dictionary.contents)
        plain = [distinct[code] if ok else None for code, ok in zip(plain, validity)]
    return [value if ok else None for value, ok in zip(plain, validity)]


def _plain(schema, array, kind):
    rows = array.length
    children = [(schema.children[i].contents, array.children[i].contents) for i in range(schema.n_children)]
    if kind == "b":
        return bits(array.buffers[1], rows).tolist()
    if kind in ("U", "Z"):
        offsets = numbers(array.buffers[1], "i8", rows + 1)
        text = ctypes.string_at(array.buffers[2], int(offsets[-1])) if offsets[-1] else b""
        return [text[a:b] if kind == "Z" else text[a:b].decode() for a, b in zip(offsets, offsets[1:])]
    if kind == "+s":
        return list(zip(*[values_of(*child) for child in children]))
    if kind in ("+l", "+L"):
        offsets = numbers(array.buffers[1], "i4" if kind == "+l" else "i8", rows + 1)
        items = values_of(*children[0])
        return [items[a:b] for a, b in zip(offsets, offsets[1:])]
    if kind.startswith("+w:"):
        items, width = values_of(*children[0]), int(kind[3:])
        return [items[i * width:(i + 1) * width] for i in range(rows)]
    return numbers(array.buffers[1], NUMBERS[kind], rows).tolist()


def numbers(address, dtype, count):
    size = np.dtype(dtype).itemsize * count
    return np.frombuffer(ctypes.string_at(address, size), dtype) if size else np.empty(0, dtype)


def bits(address, count):
    return np.unpackbits(numbers(address, "u1", (count + 7) // 8), count=count, bitorder="little").astype(bool)


def metadata_of(schema):
    if not schema.metadata:
        return {}
    position, texts = schema.metadata, []

    def word():
        nonlocal position
        position += 4
        return c_int32.from_address(position - 4).value

    for _ in range(2 * word()):
        length = word()
        texts.append(ctypes.string_at(position, length).decode())
        position += length
    return dict(zip(texts[::2], texts[1::2]))
