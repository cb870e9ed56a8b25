"""The Arrow C data and stream interfaces in ctypes: descriptions of arrays as structs that any Arrow library of this process imports.

Who owns what
    A struct that was handed out holds what it points to by `private_data`, a key of the table `_held`, until its release callback
    is called: each array of a tree by a key of its own, since a consumer may move a child out of its parent and release that first.
    What a node holds is the part, so memory that some consumer still has stays mapped, and its part pinned.
    A capsule has no destructor. Python would have to run it, and must not while an exception is on its way. The table of capsules
    keeps each; one that nobody else has any more is released at the next look at the table.
    Callbacks catch everything: an error is a number and a text, as the interface has it. They are the module's own, so they
    outlive every array; no thread of ours calls them.
    What ctypes cannot do: keep an exception that is on its way while it calls Python. A consumer that releases an array just then
    loses that exception's type (a SystemError takes its place); its memory is released all the same.
"""

from __future__ import annotations

import ctypes
import errno
import itertools
import sys
from ctypes import POINTER, Structure, c_char_p, c_int, c_int64, c_void_p, cast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_STREAM, _SCHEMA = b"arrow_array_stream", b"arrow_schema"
NULLABLE, ORDERED = 2, 1


class ArrowSchema(Structure):
    """A type, a name, and those of the children."""


class ArrowArray(Structure):
    """Lengths and buffers, and those of the children."""


class ArrowArrayStream(Structure):
    """Arrays of one schema, one after the other."""

    _fields_ = [("get_schema", c_void_p), ("get_next", c_void_p), ("get_last_error", c_void_p), ("release", c_void_p),
                ("private_data", c_void_p)]


ArrowSchema._fields_ = [
    ("format", c_char_p), ("name", c_char_p), ("metadata", c_void_p), ("flags", c_int64), ("n_children", c_int64),
    ("children", POINTER(POINTER(ArrowSchema))), ("dictionary", POINTER(ArrowSchema)), ("release", c_void_p), ("private_data", c_void_p)]
ArrowArray._fields_ = [
    ("length", c_int64), ("null_count", c_int64), ("offset", c_int64), ("n_buffers", c_int64), ("n_children", c_int64),
    ("buffers", POINTER(c_void_p)), ("children", POINTER(POINTER(ArrowArray))), ("dictionary", POINTER(ArrowArray)),
    ("release", c_void_p), ("private_data", c_void_p)]


class Node:
    """One array and its type.

    Attributes
    ----------
    format : str
        Of the C data interface, such as `U`.
    name : str
    length, nulls : int
    buffers : list of int
        Addresses; 0 where there is none.
    children : list of Node
    dictionary : Node or None
    flags : int
    metadata : dict of str
        Of the field.
    """

    __slots__ = ("buffers", "children", "dictionary", "flags", "format", "length", "metadata", "name", "nulls")

    def __init__(self, format: str, name: str, length: int, buffers: list[int], children: list[Node] | None = None, nulls: int = 0) -> None:
        self.format, self.name, self.length, self.nulls, self.buffers = format, name, length, nulls, buffers
        self.children: list[Node] = children or []
        self.dictionary: Node | None = None
        self.flags = 0
        self.metadata: dict[str, str] = {}


_held: dict[int, Any] = {}
_keys = itertools.count(1)
_capsules: list[tuple[Any, Any]] = []
_ONLY_HERE = 2
"""References to a capsule that only its table has: the table's, and that of the count."""


def stream_capsule(node: Node, holds: Any) -> Any:
    """A capsule of a stream that gives one array, and then ends.

    Parameters
    ----------
    node
        The array.
    holds
        What keeps its memory.
    """
    sweep()
    key = next(_keys)
    stream = ArrowArrayStream(
        *[_ADDRESSES[name] for name in ("get_schema", "get_next", "get_last_error", "release_stream")], private_data=key)
    _held[key] = _Producer(node, holds)
    return _capsule(stream, _STREAM)


def schema_capsule(node: Node) -> Any:
    """A capsule of the type alone."""
    sweep()
    schema = ArrowSchema()
    _fill_schema(node, schema)
    return _capsule(schema, _SCHEMA)


def sweep() -> None:
    """Release what capsules held that nobody has any more, and that no consumer has taken over."""
    dead = [entry for entry in _capsules if sys.getrefcount(entry[0]) <= _ONLY_HERE]
    for entry in dead:
        _capsules.remove(entry)
        struct = entry[1]
        if struct.release:
            _drop_stream(struct) if isinstance(struct, ArrowArrayStream) else _drop_tree(struct)


class _Producer:
    """State of a stream."""

    __slots__ = ("error", "holds", "is_done", "node")

    def __init__(self, node: Node, holds: Any) -> None:
        self.node, self.holds, self.is_done, self.error = node, holds, False, ctypes.create_string_buffer(b"")

    def fail(self, error: BaseException) -> int:
        self.error = ctypes.create_string_buffer(f"{type(error).__name__}: {error}".encode())
        return errno.ENOMEM if isinstance(error, MemoryError) else errno.EIO


def _capsule(struct: Any, name: bytes) -> Any:
    make = ctypes.pythonapi.PyCapsule_New
    make.restype, make.argtypes = ctypes.py_object, [c_void_p, c_char_p, c_void_p]
    capsule = make(ctypes.addressof(struct), name, None)
    _capsules.append((capsule, struct))
    return capsule


def _fill_schema(node: Node, schema: ArrowSchema) -> None:
    children = (ArrowSchema * len(node.children))()
    for child, struct in zip(node.children, children):
        _fill_schema(child, struct)
    pointers = (POINTER(ArrowSchema) * len(children))(*[ctypes.pointer(child) for child in children])
    dictionary = None if node.dictionary is None else ArrowSchema()
    if dictionary is not None:
        _fill_schema(node.dictionary, dictionary)  # type: ignore[arg-type]
    texts = node.format.encode(), node.name.encode("utf-8", "replace"), _metadata(node.metadata)
    key = next(_keys)
    _held[key] = children, pointers, dictionary, texts
    schema.format, schema.name, schema.metadata = texts[0], texts[1], cast(c_char_p(texts[2]), c_void_p).value if texts[2] else None
    schema.flags, schema.n_children = node.flags, len(children)
    schema.children = cast(pointers, POINTER(POINTER(ArrowSchema))) if node.children else None
    schema.dictionary = None if dictionary is None else ctypes.pointer(dictionary)
    schema.release, schema.private_data = _ADDRESSES["release_schema"], key


def _fill_array(node: Node, array: ArrowArray, holds: Any) -> None:
    children = (ArrowArray * len(node.children))()
    for child, struct in zip(node.children, children):
        _fill_array(child, struct, holds)
    pointers = (POINTER(ArrowArray) * len(children))(*[ctypes.pointer(child) for child in children])
    dictionary = None if node.dictionary is None else ArrowArray()
    if dictionary is not None:
        _fill_array(node.dictionary, dictionary, holds)  # type: ignore[arg-type]
    buffers = (c_void_p * max(len(node.buffers), 1))(*node.buffers)
    key = next(_keys)
    _held[key] = children, pointers, dictionary, buffers, holds
    array.length, array.null_count, array.offset = node.length, node.nulls, 0
    array.n_buffers, array.buffers = len(node.buffers), cast(buffers, POINTER(c_void_p))
    array.n_children = len(children)
    array.children = cast(pointers, POINTER(POINTER(ArrowArray))) if node.children else None
    array.dictionary = None if dictionary is None else ctypes.pointer(dictionary)
    array.release, array.private_data = _ADDRESSES["release_array"], key


def _metadata(pairs: dict[str, str]) -> bytes:
    """int32 count; of each pair int32 length and bytes of key and value."""
    texts = [text.encode() for pair in pairs.items() for text in pair]
    return b"".join([len(pairs).to_bytes(4, "little"), *(len(text).to_bytes(4, "little") + text for text in texts)]) if pairs else b""


def _drop_tree(struct: Any) -> None:
    """Release what a consumer has not moved out, then the struct itself."""
    for position in range(struct.n_children):
        child = struct.children[position].contents
        if child.release:
            _drop_tree(child)
    if struct.dictionary and struct.dictionary.contents.release:
        _drop_tree(struct.dictionary.contents)
    key, struct.release, struct.private_data = struct.private_data, None, None
    _held.pop(key, None)


def _drop_stream(stream: ArrowArrayStream) -> None:
    key, stream.release, stream.private_data = stream.private_data, None, None
    _held.pop(key, None)  # type: ignore[arg-type]


def _release_tree(pointer: Any) -> None:
    _drop_tree(pointer.contents)


def _release_stream(pointer: Any) -> None:
    _drop_stream(pointer.contents)


def _get_schema(stream: Any, out: Any) -> int:
    producer = _held.get(stream.contents.private_data)
    if producer is None:
        return errno.EINVAL  # it has been released
    try:
        _fill_schema(producer.node, out.contents)
        return 0
    except Exception as error:
        return producer.fail(error)  # type: ignore[no-any-return]


def _get_next(stream: Any, out: Any) -> int:
    producer = _held.get(stream.contents.private_data)
    if producer is None:
        return errno.EINVAL
    try:
        if producer.is_done:
            out.contents.release = None  # the end
        else:
            _fill_array(producer.node, out.contents, producer.holds)
            producer.is_done = True
        return 0
    except Exception as error:
        return producer.fail(error)  # type: ignore[no-any-return]


def _get_last_error(stream: Any) -> int | None:
    producer = _held.get(stream.contents.private_data)
    return ctypes.addressof(producer.error) if producer is not None and producer.error.value else None


_STREAM_POINTER, _SCHEMA_POINTER, _ARRAY_POINTER = POINTER(ArrowArrayStream), POINTER(ArrowSchema), POINTER(ArrowArray)
_CALLBACKS = {
    "get_schema": ctypes.CFUNCTYPE(c_int, _STREAM_POINTER, _SCHEMA_POINTER)(_get_schema),
    "get_next": ctypes.CFUNCTYPE(c_int, _STREAM_POINTER, _ARRAY_POINTER)(_get_next),
    "get_last_error": ctypes.CFUNCTYPE(c_void_p, _STREAM_POINTER)(_get_last_error),
    "release_stream": ctypes.CFUNCTYPE(None, _STREAM_POINTER)(_release_stream),
    "release_schema": ctypes.CFUNCTYPE(None, _SCHEMA_POINTER)(_release_tree),
    "release_array": ctypes.CFUNCTYPE(None, _ARRAY_POINTER)(_release_tree),
}
_ADDRESSES = {name: cast(callback, c_void_p).value for name, callback in _CALLBACKS.items()}
