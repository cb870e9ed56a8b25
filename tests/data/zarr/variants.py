"""Arrays in forms that other writers use, or that the specifications allow and nobody writes yet. See generate.py."""
import json
import os

import numcodecs
import numpy as np
import zarr

import write3
from write3 import bytes_codec, sharding

PLAIN, ZSTD = bytes_codec(), {"name": "zstd", "configuration": {"level": 1, "checksum": True}}
NUMBERS = np.arange(91, dtype="<i4").reshape(13, 7)
TEXTS = np.array(["", "a", "äöü", "日本語", "x" * 30, "\U0001F9EC", "b"], object)


def edit(path, change):
    """Rewrites metadata; ``change`` gets them and may return others."""
    with open(path) as file:
        text = json.load(file)
    text = change(text) or text
    with open(path, "w") as file:
        json.dump(text, file)


def version2(folder, describe):
    root = zarr.open_group(folder, "w")
    found = {}

    def add(path, values, change=None, **how):
        root.create_dataset(path, data=values, **how)
        if change:
            edit(f"{folder}/{path}/.zarray", change)
        found[path] = describe(values)

    def without(*names):
        return lambda text: {name: value for name, value in text.items() if name not in names}

    def put(**members):
        return lambda text: {**text, **members}

    add("members/least", NUMBERS, without("filters", "compressor", "order", "dimension_separator", "fill_value"), chunks=(5, 3), compressor=None)
    add("members/empty-filters", NUMBERS, put(filters=[]), chunks=(5, 3))
    add("members/unknown", NUMBERS, put(somebody={"x": 1}, note="y"), chunks=(5, 3))
    add("members/large-chunk", NUMBERS, chunks=(50, 60))
    add("members/column", NUMBERS[:, :1], chunks=(5, 1), order="F")
    add("members/bytes-order", NUMBERS.astype("u1"), put(dtype="<u1"), chunks=(5, 3))
    add("members/native-order", NUMBERS.astype("<f4"), put(dtype="=f4"), chunks=(5, 3))
    add("members/crc32c", NUMBERS, chunks=(5, 3), compressor=None)
    edit(f"{folder}/members/crc32c/.zarray", put(filters=[{"id": "crc32c"}]))
    for name in os.listdir(f"{folder}/members/crc32c"):
        if name[0] != ".":
            with open(f"{folder}/members/crc32c/{name}", "r+b") as file:
                data = file.read()
                file.write(write3.crc32c(data))
    holes = {"int-as-real": ("<i4", 7.0, 7), "int-as-bool": ("<i4", True, 1), "least": ("<i8", -(2**63), -(2**63)), "most": ("<u8", 2**64 - 1, 2**64 - 1),
             "beyond-double": ("<i8", 2**53 + 1, 2**53 + 1), "real-as-int": ("<f8", 3, 3.0), "bool-as-int": ("|b1", 1, True), "nan": ("<f4", "NaN", np.nan),
             "half": ("<f2", "-Infinity", -np.inf), "big": (">f8", "Infinity", np.inf), "complex": ("<c8", [1.5, "NaN"], complex(1.5, np.nan))}
    for name, (dtype, text, value) in holes.items():
        root.create_dataset(f"holes/{name}", shape=(5,), chunks=(2,), dtype=dtype, fill_value=0)
        edit(f"{folder}/holes/{name}/.zarray", put(fill_value=text))
        found[f"holes/{name}"] = describe(np.full(5, value, dtype))
    for name, fill in (("zero", 0), ("null", None), ("empty", "")):
        root.create_dataset(f"texts/{name}", shape=(3,), chunks=(2,), dtype=object, object_codec=numcodecs.VLenUTF8(), fill_value="")
        edit(f"{folder}/texts/{name}/.zarray", put(fill_value=fill))
        found[f"texts/{name}"] = describe(np.array(["", "", ""], object))
    root.create_dataset("texts/json-order", data=TEXTS, dtype=object, chunks=(3,), object_codec=numcodecs.JSON(sort_keys=False, indent=2))
    found["texts/json-order"] = describe(TEXTS)
    for name, filters in (("quantize", [numcodecs.Quantize(2, "<f4")]), ("scaled", [numcodecs.FixedScaleOffset(0, 10, "<f4", "<i2")]), ("astype", [numcodecs.AsType("<f4", "<f8")]),
                          ("packed", [numcodecs.PackBits()])):
        values = np.arange(16) % 2 == 0 if name == "packed" else np.arange(16, dtype="<f8" if name == "astype" else "<f4")
        root.create_dataset(f"refused/{name}", data=values, filters=filters, chunks=(16,))
    root.create_dataset("refused/msgpack", data=TEXTS, dtype=object, object_codec=numcodecs.MsgPack(), chunks=(7,))
    root.create_dataset("refused/categories", data=TEXTS, dtype=object, object_codec=numcodecs.Categorize([str(t) for t in TEXTS], object), chunks=(7,))
    root.create_dataset("refused/ragged", data=np.array([np.arange(3), np.arange(2)], object), dtype=object, object_codec=numcodecs.VLenArray("<i4"), chunks=(2,))
    root.create_dataset("refused/lzma", data=NUMBERS, compressor=numcodecs.LZMA(), chunks=(13, 7))
    return found


def version3(folder, describe):
    found = {}
    write3.group(folder)
    for name in ("members", "names", "holes", "codecs", "shards", "texts", "types", "refused"):
        write3.group(f"{folder}/{name}")

    def add(path, values, codecs=(PLAIN,), chunks=None, change=None, expected=None, **how):
        values = np.asarray(values)
        write3.array(f"{folder}/{path}", values, chunks or values.shape, list(codecs), **how)
        if change:
            edit(f"{folder}/{path}/zarr.json", change)
        if not path.startswith("refused"):
            found[path] = describe(values if expected is None else expected)

    def put(**members):
        return lambda text: {**text, **members}

    add("members/extensions", NUMBERS, chunks=(5, 3), change=put(storage_transformers=[], dimension_names=["cells", None], somebody={"name": "somebody", "must_understand": False}))
    add("members/no-attributes", NUMBERS, chunks=(5, 3), change=lambda text: {k: v for k, v in text.items() if k != "attributes"})
    add("members/large-chunk", NUMBERS, chunks=(50, 60))
    add("members/zero-chunk", np.zeros((0, 3), "<f4"), chunks=(1, 3), change=put(chunk_grid={"name": "regular", "configuration": {"chunk_shape": [0, 3]}}))
    add("names/short-codecs", NUMBERS.astype("u1"), ({"name": "bytes"}, {"name": "crc32c"}), chunks=(5, 3), change=put(codecs=["bytes", "crc32c"]))
    add("names/short-keys", NUMBERS, chunks=(5, 3), change=put(chunk_key_encoding="default"))
    add("names/type-object", NUMBERS, chunks=(5, 3), change=put(data_type={"name": "int32"}))
    add("names/type-object-empty", NUMBERS, chunks=(5, 3), change=put(data_type={"name": "int32", "configuration": {}}))
    add("names/draft-bytes", NUMBERS, chunks=(5, 3), change=put(codecs=[{"name": "endian", "configuration": {"endian": "little"}}]))
    for name, codecs in {
        "zlib": [{"name": "numcodecs.zlib", "configuration": {"level": 1}}], "zstd": [{"name": "numcodecs.zstd", "configuration": {"level": 1}}],
        "blosc": [{"name": "numcodecs.blosc", "configuration": {"cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}}],
        "gzip": [{"name": "numcodecs.gzip", "configuration": {"level": 1}}], "lz4": [{"name": "numcodecs.lz4", "configuration": {"acceleration": 1}}],
        "shuffle": [{"name": "numcodecs.shuffle", "configuration": {"elementsize": 4}}, {"name": "numcodecs.zlib", "configuration": {"level": 1}}],
    }.items():
        add(f"codecs/{name}", NUMBERS, [PLAIN, *codecs], chunks=(5, 3))
    real = {"nan": ("<f4", "NaN", np.nan), "minus": ("<f4", "-Infinity", -np.inf), "hex-half": ("<f2", "0x7e01", np.frombuffer(b"\x01\x7e", "<f2")[0]),
            "hex-double": ("<f8", "0xfff8000000000001", np.frombuffer(b"\1\0\0\0\0\0\xf8\xff", "<f8")[0]), "minus-zero": ("<f8", -0.0, -0.0),
            "beyond-double": ("<i8", 2**53 + 1, 2**53 + 1), "least": ("<i8", -(2**63), -(2**63)), "most": ("<u8", 2**64 - 1, 2**64 - 1), "int-as-real": ("<i4", 7.0, 7),
            "complex": ("<c16", ["NaN", "0x7ff0000000000000"], complex(np.nan, np.inf)), "bool": ("|b1", True, True)}
    for name, (dtype, text, value) in real.items():
        add(f"holes/{name}", np.full(5, value, dtype), chunks=(2,), skip=[(0,), (1,), (2,)], fill_json=text, fill=value, data_type=np.dtype(dtype).name)
    add("shards/all-missing", np.zeros(20, "<i4"), [sharding((5,), [PLAIN, ZSTD], skip=list(range(4)))], chunks=(20,))
    add("shards/larger-than-array", NUMBERS, [sharding((10, 10), [PLAIN, ZSTD])], chunks=(50, 60))
    add("shards/one-inner", NUMBERS, [sharding((5, 3), [PLAIN], index_codecs=[PLAIN])], chunks=(5, 3))
    add("shards/scalar", np.float32(4.5), [sharding((), [PLAIN])], chunks=())
    add("shards/scattered", np.arange(64, dtype="<i8"), [sharding((4,), [PLAIN, ZSTD], scatter=True)], chunks=(32,))
    words = {"name": "vlen-utf8"}
    add("texts/shards", TEXTS, [sharding((2,), [words, ZSTD])], chunks=(4,), data_type="string", fill="")
    add("texts/scalar", np.array("one", object), [words], chunks=(), data_type="string", fill="")
    add("texts/short-codec", TEXTS, [words], chunks=(3,), data_type="string", fill="", change=put(codecs=["vlen-utf8"]))
    add("texts/numpy-name", TEXTS, [words], chunks=(3,), data_type="numpy.variable_length_string", fill="")
    add("texts/bytes-named", np.array([t.encode() for t in TEXTS], object), [{"name": "vlen-bytes"}], chunks=(3,), data_type="bytes", fill=b"", fill_json=[])
    add("texts/bytes-list", np.array([b"hi!"] * 3, object), [{"name": "vlen-bytes"}], chunks=(2,), data_type="bytes", fill=b"hi!", fill_json=[104, 105, 33], skip=[(0,), (1,)])
    add("texts/fixed-shards", TEXTS.astype("<U6"), [sharding((2,), [PLAIN, ZSTD])], chunks=(4,), data_type={"name": "fixed_length_utf32", "configuration": {"length_bytes": 24}}, fill="")
    for name, change in {
        "unknown-extension": put(somebody={"name": "somebody"}), "transformer": put(storage_transformers=[{"name": "chunk-manifest-json", "configuration": {}}]),
        "datetime": put(data_type={"name": "numpy.datetime64", "configuration": {"unit": "ns", "scale_factor": 1}}), "bfloat16": put(data_type="bfloat16"), "int4": put(data_type="int4"),
        "raw": put(data_type="r32", fill_value=[0, 0, 0, 0]), "keys": put(chunk_key_encoding={"name": "fanout", "configuration": {}}),
        "bz2": put(codecs=[PLAIN, {"name": "numcodecs.bz2", "configuration": {"level": 1}}]), "delta": put(codecs=[{"name": "numcodecs.delta", "configuration": {"dtype": "<i4"}}, PLAIN]),
        "scaled": put(codecs=[{"name": "numcodecs.fixedscaleoffset", "configuration": {"offset": 0, "scale": 1, "dtype": "<i4"}}, PLAIN]),
        "packed": put(codecs=[{"name": "packbits", "configuration": {}}]), "pcodec": put(codecs=[{"name": "numcodecs.pcodec", "configuration": {}}]),
    }.items():
        add(f"refused/{name}", NUMBERS, chunks=(5, 3), change=change)
    return found
