#!/usr/bin/python3
"""Writes stores of small arrays in every form that is read, and what each array holds: v2.zip and v2.json, v3.zip and v3.json; in forms
that are rare, odd2 and odd3 (variants.py). Names as arguments write these alone.

Needs Debian's python3-zarr (2.13), python3-numcodecs and python3-numpy. Version 2 is written and read back by zarr itself;
version 3 by write3.py, its contents being known.
"""
import base64
import hashlib
import json
import os
import sys
import tempfile
import zipfile

import numcodecs
import numpy as np
import zarr

import variants
import write3
from write3 import bytes_codec, sharding

HERE = os.path.dirname(os.path.abspath(__file__))
DTYPES = ["?", "i1", "<i2", "<i4", "<i8", "u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16", ">i2", ">i4", ">f8", ">c8", ">u8"]


def digest(values):
    values = np.asarray(values)
    if values.dtype.kind in "OUS":
        hash = hashlib.sha256()
        for text in values.reshape(-1):
            hash.update((text if isinstance(text, bytes) else str(text).encode()) + b"\0")
        return hash.hexdigest()
    if values.dtype.names:
        return None
    return hashlib.sha256(np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"))).tobytes()).hexdigest()


def describe(values):
    values = np.asarray(values)
    entry = {"shape": list(values.shape), "sha256": digest(values)}
    if values.dtype.names:
        entry["fields"] = {name: describe(values[name]) for name in values.dtype.names}
    return entry


def numbers(dtype, shape, seed=1):
    random = np.random.default_rng(seed)
    raw = random.integers(0, 100, shape)
    return (raw % 2 if dtype == "?" else raw).astype(dtype) if np.dtype(dtype).kind != "c" else (raw + 1j * raw[..., ::-1]).astype(dtype)


TEXTS = np.array(["", "a", "äöü", "日本語", "x" * 300, "\U0001F9EC gene", "b", ""] * 5, dtype=object)


def version2(folder):
    root = zarr.open_group(folder, "w")
    root.attrs["name"] = "version 2"
    types = root.create_group("types")
    for dtype in DTYPES:
        types.create_dataset(dtype.strip("<?").replace(">", "big-") or "bool", data=numbers(dtype, (13, 7)), chunks=(5, 3), compressor=None)
    codecs = root.create_group("codecs")
    compressors = {f"{name}-{shuffle}": numcodecs.Blosc(name, 5, shuffle) for name in ("blosclz", "lz4", "lz4hc", "zlib", "zstd") for shuffle in (0, 1, 2)}
    compressors |= {"numcodecs-zstd": numcodecs.Zstd(3), "numcodecs-zlib": numcodecs.Zlib(3), "gzip": numcodecs.GZip(3), "numcodecs-lz4": numcodecs.LZ4()}
    for name, compressor in compressors.items():
        codecs.create_dataset(name, data=np.sort(numbers("<i4", 5000)), chunks=(700,), compressor=compressor)
        codecs.create_dataset(f"{name}-2d", data=numbers("<f8", (60, 33)), chunks=(16, 10), compressor=compressor)
    codecs.create_dataset("shuffled", data=numbers("<i4", 5000), chunks=(700,), filters=[numcodecs.Shuffle(4)], compressor=numcodecs.Zstd(1))
    forms = root.create_group("forms")
    forms.create_dataset("order-f", data=numbers("<f4", (30, 20, 4)), chunks=(7, 6, 3), order="F")
    forms.create_dataset("order-f-2d", data=numbers("<i2", (130, 70)), chunks=(100, 70), order="F")
    forms.create_dataset("nested", data=numbers("<i4", (9, 9)), chunks=(4, 4), dimension_separator="/")
    forms.create_dataset("scalar", data=np.float64(2.5))
    forms.create_dataset("scalar-missing", shape=(), dtype="<i4", fill_value=7)
    forms.create_dataset("empty", shape=(0,), dtype="<f4", chunks=(1,))
    forms.create_dataset("empty-2d", shape=(3, 0), dtype="<i8", chunks=(3, 1))
    forms.create_dataset("long-rows", data=numbers("<i4", (3, 10000)), chunks=(2, 900))
    holes = root.create_group("holes")
    for name, dtype, fill in [("int", "<i4", 5), ("float", "<f8", float("nan")), ("infinite", "<f4", float("-inf")), ("none", "<i2", None),
                              ("bool", "?", True), ("complex", "<c16", 1 + 2j), ("fixed", "S5", b"ab"), ("points", "<U4", "äb"), ("big", ">i4", 258)]:
        array = holes.create_dataset(name, shape=(10, 10), chunks=(4, 4), dtype=dtype, fill_value=fill)
        array[4:8, 0:4] = numbers(dtype, (4, 4)) if np.dtype(dtype).kind not in "SU" else np.tile(np.array(["x", "yz", "q", "é" if "U" in dtype else "r"]).astype(dtype), (4, 1))
    strings = root.create_group("strings")
    strings.create_dataset("utf8", data=TEXTS, dtype=str, chunks=(9,))
    strings.create_dataset("utf8-f", data=TEXTS.reshape(8, 5), dtype=str, chunks=(3, 2), order="F")
    strings.create_dataset("utf8-3d", data=TEXTS.reshape(2, 4, 5), dtype=str, chunks=(1, 3, 2))
    strings.create_dataset("utf8-zlib", data=TEXTS, dtype=str, chunks=(40,), compressor=numcodecs.Zlib(1))
    strings.create_dataset("utf8-gzip", data=np.repeat(TEXTS, 50), dtype=str, chunks=(2000,), compressor=numcodecs.GZip(9))
    strings.create_dataset("utf8-missing", shape=(9,), dtype=str, chunks=(4,), fill_value="none")[0:4] = np.array(["p", "q", "r", "s"], object)
    strings.create_dataset("json", data=TEXTS, dtype=object, object_codec=numcodecs.JSON(), chunks=(9,))
    strings.create_dataset("json-2d", data=TEXTS.reshape(8, 5), dtype=object, object_codec=numcodecs.JSON(), chunks=(3, 2))
    strings.create_dataset("bytes", data=np.array([t.encode() for t in TEXTS], object), dtype=object, object_codec=numcodecs.VLenBytes(), chunks=(7,))
    strings.create_dataset("fixed", data=np.array([t.encode()[:9] for t in TEXTS], "S9"), chunks=(7,))
    strings.create_dataset("points", data=TEXTS.astype("<U12"), chunks=(7,))
    strings.create_dataset("points-big", data=TEXTS.astype(">U12"), chunks=(7,))
    strings.create_dataset("scalar", data=np.array("one text", object), dtype=str)
    records = root.create_group("records")
    table = np.zeros(30, [("n", "<i4"), ("x", ">f8"), ("s", "S3"), ("u", "<U4"), ("v", "<f4", (2, 3)), ("flag", "?")])
    table["n"], table["x"], table["s"], table["u"], table["v"], table["flag"] = (
        range(30), np.linspace(0, 1, 30), [b"abc"[: i % 4] for i in range(30)], ["äöüß"[: i % 5] for i in range(30)], np.arange(180).reshape(30, 2, 3), np.arange(30) % 2)
    records.create_dataset("table", data=table, chunks=(8,))
    fill = np.array((7, 1.5, b"xy", "ü", np.ones((2, 3)), True), table.dtype)
    records.create_dataset("missing", shape=(5,), dtype=table.dtype, chunks=(2,), fill_value=None)
    with open(f"{folder}/records/missing/.zarray", "r+") as file:  # zarr takes no record as a fill value, but reads one
        text = {**json.load(file), "fill_value": base64.b64encode(fill.tobytes()).decode()}
        file.seek(0)
        json.dump(text, file)
        file.truncate()
    refused = root.create_group("refused")
    refused.create_dataset("delta", data=numbers("<i4", 50), filters=[numcodecs.Delta("<i4")], chunks=(50,))
    refused.create_dataset("bz2", data=numbers("<i4", 50), compressor=numcodecs.BZ2(1), chunks=(50,))
    refused.create_dataset("pickle", data=TEXTS, dtype=object, object_codec=numcodecs.Pickle(), chunks=(40,))
    refused.create_dataset("time", data=numbers("<i8", 5).astype("M8[ns]"), chunks=(5,))
    found, root = {}, zarr.open_group(folder)
    root.visititems(lambda name, node: found.update({name: describe(node[...])}) if isinstance(node, zarr.Array) and not name.startswith("refused") else None)
    nothing = np.zeros((10, 10), "<i2")  # where zarr leaves what happens to be in memory
    nothing[4:8, 0:4] = numbers("<i2", (4, 4))
    found["holes/none"] = describe(nothing)
    zarr.consolidate_metadata(folder)
    return found


def version3(folder):
    found = {}

    def add(path, values, chunks, codecs, skip=(), **more):
        write3.array(f"{folder}/{path}", values, chunks, codecs, skip=skip, **more)
        values = np.array(values)
        for at, box in write3.boxes(values.shape, chunks):
            if at in skip:
                values[box] = more.get("fill", 0)
        found[path] = describe(values)

    zstd, plain = {"name": "zstd", "configuration": {"level": 1, "checksum": False}}, bytes_codec()
    write3.group(folder, {"name": "version 3"})
    for name in ("types", "codecs", "forms", "holes", "strings", "records", "shards", "refused"):
        write3.group(f"{folder}/{name}")
    for dtype in DTYPES:
        if dtype.startswith(">"):
            continue
        name = np.dtype(dtype).name
        add(f"types/{name}", numbers(dtype, (13, 7)), (5, 3), [plain if np.dtype(dtype).itemsize > 1 else {"name": "bytes"}], data_type=name, fill_json=False if name == "bool" else [0, 0] if "complex" in name else 0)
    for name in ("int16", "int32", "uint64", "float64"):
        add(f"types/big-{name}", numbers(name, (13, 7)), (5, 3), [bytes_codec("big"), zstd])
    add("types/numpy-name", numbers("<f4", (13, 7)), (5, 3), [plain], data_type="<f4")
    for cname in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
        for shuffle in ("noshuffle", "shuffle", "bitshuffle"):
            blosc = {"name": "blosc", "configuration": {"cname": cname, "clevel": 5, "shuffle": shuffle, "typesize": 4, "blocksize": 0}}
            add(f"codecs/{cname}-{shuffle}", np.sort(numbers("<i4", 5000)), (700,), [plain, blosc])
    for name, codecs in {
        "zstd": [zstd], "gzip": [{"name": "gzip", "configuration": {"level": 5}}], "crc32c": [{"name": "crc32c"}], "crc32c-zstd": [{"name": "crc32c"}, zstd],
        "zstd-crc32c": [zstd, {"name": "crc32c"}], "gzip-zstd": [{"name": "gzip", "configuration": {"level": 1}}, zstd], "zstd-gzip": [zstd, {"name": "gzip"}],
        "zlib": [{"name": "numcodecs.zlib"}], "lz4": [{"name": "numcodecs.lz4"}], "shuffle-zstd": [{"name": "numcodecs.shuffle", "configuration": {"elementsize": 4}}, zstd],
    }.items():
        add(f"codecs/{name}", np.sort(numbers("<i4", 5000)), (700,), [plain, *codecs])
    for order in ([1, 0, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]):
        transpose = {"name": "transpose", "configuration": {"order": order}}
        add(f"forms/transpose-{''.join(map(str, order))}", numbers("<f4", (30, 20, 4)), (7, 6, 3), [transpose, plain, zstd])
    add("forms/transpose-twice", numbers("<f4", (30, 20, 4)), (7, 6, 3), [{"name": "transpose", "configuration": {"order": o}} for o in ([1, 2, 0], [0, 2, 1])] + [plain])
    add("forms/keys-v2", numbers("<i4", (9, 9)), (4, 4), [plain], keys={"name": "v2"})
    add("forms/keys-v2-slash", numbers("<i4", (9, 9)), (4, 4), [plain], keys={"name": "v2", "configuration": {"separator": "/"}})
    add("forms/keys-dot", numbers("<i4", (9, 9)), (4, 4), [plain], keys={"name": "default", "configuration": {"separator": "."}})
    add("forms/scalar", np.float64(2.5), (), [plain])
    add("forms/scalar-v2", np.int16(-3), (), [plain], keys={"name": "v2"})
    add("forms/empty", np.zeros((0,), "<f4"), (1,), [plain])
    add("forms/empty-2d", np.zeros((3, 0), "<i8"), (3, 1), [plain])
    holes = {"int": ("<i4", 5, 5), "nan": ("<f8", np.nan, "NaN"), "hex": ("<f4", np.frombuffer(b"\x01\x00\xc0\x7f", "<f4")[0], "0x7fc00001"),
             "infinite": ("<f2", np.inf, "Infinity"), "minus": ("<f8", -np.inf, "-Infinity"), "bool": ("?", True, True),
             "complex": ("<c16", complex(1, -np.inf), [1.0, "-Infinity"]), "large": ("<u8", 2**64 - 1, 2**64 - 1)}
    for name, (dtype, fill, text) in holes.items():
        add(f"holes/{name}", numbers(dtype, (10, 10)), (4, 4), [plain], skip=[(0, 0), (1, 2), (2, 2)], fill=fill, fill_json=text, data_type=np.dtype(dtype).name)
    utf8 = {"name": "vlen-utf8"}
    add("strings/utf8", TEXTS, (9,), [utf8, zstd], data_type="string", fill="")
    add("strings/utf8-plain", TEXTS.reshape(8, 5), (3, 2), [utf8], data_type="string", fill="")
    add("strings/utf8-missing", TEXTS, (9,), [utf8, zstd], data_type="string", fill="none", skip=[(1,)])
    add("strings/utf8-shards", TEXTS, (24,), [sharding((6,), [utf8, zstd], skip=[2])], data_type="string", fill="")
    found["strings/utf8-shards"] = describe(np.concatenate([TEXTS[:12], [""] * 6, TEXTS[18:36], [""] * 4]).astype(object))
    add("strings/utf8-transposed", TEXTS.reshape(8, 5), (3, 2), [{"name": "transpose", "configuration": {"order": [1, 0]}}, utf8], data_type="string", fill="")
    add("strings/bytes", np.array([t.encode() for t in TEXTS], object), (9,), [{"name": "vlen-bytes"}, zstd], data_type="variable_length_bytes", fill=b"", fill_json="")
    add("strings/points", TEXTS.astype("<U12"), (7,), [plain], data_type={"name": "fixed_length_utf32", "configuration": {"length_bytes": 48}}, fill="ab", skip=[(1,)])
    add("strings/points-big", TEXTS.astype("<U12"), (7,), [bytes_codec("big")], data_type={"name": "fixed_length_utf32", "configuration": {"length_bytes": 48}}, fill="")
    add("strings/fixed", np.array([t.encode()[:9] for t in TEXTS], "S9"), (7,), [{"name": "bytes"}],
        data_type={"name": "null_terminated_bytes", "configuration": {"length_bytes": 9}}, fill=b"ab", fill_json="YWI=", skip=[(1,)])
    dtype = np.dtype([("n", "<i4"), ("x", "<f8"), ("u", "<U4")])
    table = np.array([(i, i / 7, "äöüß"[: i % 5]) for i in range(30)], dtype)
    types = [("n", "int32"), ("x", "float64"), ("u", {"name": "fixed_length_utf32", "configuration": {"length_bytes": 16}})]
    fill = np.array((7, 0.5, "ü"), dtype)
    add("records/objects", table, (8,), [plain, zstd], skip=[(1,)], fill=fill, fill_json={"n": 7, "x": 0.5, "u": "ü"},
        data_type={"name": "struct", "configuration": {"fields": [{"name": n, "data_type": t} for n, t in types]}})
    add("records/pairs", table, (8,), [plain, zstd], skip=[(1,)], fill=fill, fill_json=base64.b64encode(fill.tobytes()).decode(),
        data_type={"name": "structured", "configuration": {"fields": [[n, t] for n, t in types]}})

    def sharded(path, values, chunks, inner, codecs, skip=(), gone=(), **more):
        """``skip``: inner chunks that each shard lacks, by number in it; ``gone``: shards that are missing."""
        add(path, values, chunks, [sharding(inner, codecs, skip=list(skip), **more)], skip=gone)
        values = np.array(values)
        for at, box in write3.boxes(values.shape, chunks):
            for number, (_, part) in enumerate(write3.boxes(chunks, inner)):
                if at in gone or number in skip:
                    place = tuple(slice(b.start + p.start, b.start + p.stop) for b, p in zip(box, part))
                    values[place] = 0
        found[path] = describe(values)

    blosc = {"name": "blosc", "configuration": {"cname": "zstd", "clevel": 5, "shuffle": "shuffle", "typesize": 4, "blocksize": 0}}
    sharded("shards/end", numbers("<i4", 5000), (1400,), (100,), [plain, zstd])
    sharded("shards/start", numbers("<i4", 5000), (1400,), (100,), [plain, blosc], index_location="start")
    sharded("shards/holes", numbers("<f4", (50, 40)), (24, 16), (6, 8), [plain, zstd], skip=[1, 5], gone=[(1, 1)])
    sharded("shards/plain", numbers("<u2", (50, 40)), (24, 40), (6, 40), [plain])
    sharded("shards/transposed", numbers("<f8", (50, 40)), (24, 16), (6, 8), [{"name": "transpose", "configuration": {"order": [1, 0]}}, plain, zstd])
    sharded("shards/big-index", numbers("<i4", 500), (200,), (50,), [plain, {"name": "crc32c"}], index_codecs=[bytes_codec("big")])
    add("refused/codec", numbers("<i4", 50), (50,), [plain])
    add("refused/grid", numbers("<i4", 50), (50,), [plain])
    for path, member, value in [("refused/codec", "codecs", [plain, {"name": "zfp"}]), ("refused/grid", "chunk_grid", {"name": "rectilinear", "configuration": {}})]:
        del found[path]
        with open(f"{folder}/{path}/zarr.json") as file:
            text = json.load(file)
        with open(f"{folder}/{path}/zarr.json", "w") as file:
            json.dump({**text, member: value}, file)
    return found


def pack(folder, name, method):
    with zipfile.ZipFile(os.path.join(HERE, name), "w", method) as archive:
        for at, folders, files in os.walk(folder):
            folders.sort()
            for file in sorted(files):
                path = os.path.join(at, file)
                info = zipfile.ZipInfo(os.path.relpath(path, folder), (2024, 1, 1, 0, 0, 0))
                info.compress_type = method
                with open(path, "rb") as content:
                    archive.writestr(info, content.read())


if __name__ == "__main__":
    for name, write, method in [
        ("v2", version2, zipfile.ZIP_DEFLATED), ("v3", version3, zipfile.ZIP_STORED),
        ("odd2", lambda folder: variants.version2(folder, describe), zipfile.ZIP_DEFLATED), ("odd3", lambda folder: variants.version3(folder, describe), zipfile.ZIP_DEFLATED),
    ]:
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        with tempfile.TemporaryDirectory() as folder:
            found = write(f"{folder}/{name}.zarr")
            pack(f"{folder}/{name}.zarr", f"{name}.zip", method)
        with open(os.path.join(HERE, f"{name}.json"), "w") as file:
            json.dump(found, file, indent=0, sort_keys=True)
            file.write("\n")
        print(name, len(found), "arrays")
