"""A small writer of Zarr version 3, for what Debian's zarr (version 2) cannot write. Codecs come from numcodecs and zlib."""
import gzip
import itertools
import json
import os
import struct

import numcodecs
import numpy as np

MISSING = 2**64 - 1


def crc32c(data):
    table = crc32c.__dict__.setdefault("table", [])
    if not table:
        for n in range(256):
            for _ in range(8):
                n = n >> 1 ^ 0x82F63B78 if n & 1 else n >> 1
            table.append(n)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def lengths(values):
    """numcodecs' vlen-utf8 and vlen-bytes."""
    texts = [v if isinstance(v, bytes) else v.encode() for v in values.reshape(-1)]
    return struct.pack("<I", len(texts)) + b"".join(struct.pack("<I", len(t)) + t for t in texts)


def encode(values, codecs):
    for codec in codecs:
        name, conf = codec["name"], codec.get("configuration", {})
        if name == "transpose":
            values = np.ascontiguousarray(values.transpose(conf["order"]))
        elif name == "bytes":
            big = conf.get("endian") == "big"
            data = np.ascontiguousarray(values.astype(values.dtype.newbyteorder(">" if big else "<"))).tobytes()
        elif name in ("vlen-utf8", "vlen-bytes"):
            data = lengths(values)
        elif name in ("blosc", "numcodecs.blosc"):
            shuffle = {"noshuffle": 0, "shuffle": 1, "bitshuffle": 2}.get(conf["shuffle"], conf["shuffle"])
            size = conf.get("typesize", 1)
            item = np.frombuffer(data, f"V{size}") if size > 1 else data
            data = numcodecs.Blosc(conf["cname"], conf["clevel"], shuffle, conf.get("blocksize", 0)).encode(item)
        elif name in ("zstd", "numcodecs.zstd"):
            data = numcodecs.Zstd(conf.get("level", 1)).encode(data)
        elif name in ("gzip", "numcodecs.gzip"):
            data = gzip.compress(bytes(data), conf.get("level", 5), mtime=0)
        elif name == "numcodecs.zlib":
            data = numcodecs.Zlib(1).encode(data)
        elif name == "numcodecs.lz4":
            data = numcodecs.LZ4().encode(data)
        elif name == "numcodecs.shuffle":
            data = bytes(numcodecs.Shuffle(conf["elementsize"]).encode(np.frombuffer(data, "u1")))
        elif name == "crc32c":
            data = bytes(data) + crc32c(bytes(data))
        elif name == "sharding_indexed":
            data = shard(values, conf)
        else:
            raise ValueError(name)
    return bytes(data)


def boxes(shape, chunk):
    """Coordinates and slices of all chunks, in C order."""
    for at in itertools.product(*(range(-(-n // c)) for n, c in zip(shape, chunk))):
        yield at, tuple(slice(i * c, (i + 1) * c) for i, c in zip(at, chunk))


def shard(values, conf):
    inner, skip, scatter = conf["chunk_shape"], conf.pop("skip", ()), conf.pop("scatter", False)
    body, index = b"", []
    encoded = []
    for number, (_, box) in enumerate(boxes(values.shape, inner)):
        encoded.append(None if number in skip else encode(values[box], conf["codecs"]))
    first = conf.get("index_location") == "start"
    size = 16 * len(encoded) + 4 * any(c["name"] == "crc32c" for c in conf["index_codecs"])
    for number in sorted(range(len(encoded)), key=lambda n: n * 7 % 8 if scatter else n):  # in any order, with gaps between them
        data = encoded[number]
        index.append((number, (MISSING, MISSING) if data is None else (len(body) + size * first, len(data))))
        body += (data or b"") + b"gap" * scatter
    index = [entry for _, entry in sorted(index)]
    big = conf["index_codecs"][0].get("configuration", {}).get("endian") == "big"
    table = b"".join(struct.pack(">QQ" if big else "<QQ", *entry) for entry in index)
    table = table + crc32c(table) if len(table) != size else table
    return table + body if first else body + table


def bytes_codec(endian="little"):
    return {"name": "bytes", "configuration": {"endian": endian}}


def sharding(chunk, codecs, **more):
    conf = {"chunk_shape": list(chunk), "codecs": codecs, "index_codecs": [bytes_codec(), {"name": "crc32c"}], **more}
    return {"name": "sharding_indexed", "configuration": conf}


def group(path, attributes=None, **more):
    os.makedirs(path, exist_ok=True)
    text = {"zarr_format": 3, "node_type": "group", "attributes": attributes or {}, **more}
    with open(f"{path}/zarr.json", "w") as file:
        json.dump(text, file)


def array(path, values, chunks, codecs, data_type=None, fill=0, attributes=None, keys=None, skip=(), fill_json=None):
    """Edge chunks are whole, filled up with the fill value. Chunks whose coordinates are in ``skip`` are not written."""
    values = np.asarray(values)
    os.makedirs(path, exist_ok=True)
    keys = keys or {"name": "default", "configuration": {"separator": "/"}}
    text = {
        "zarr_format": 3, "node_type": "array", "shape": list(values.shape), "data_type": data_type or str(values.dtype),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunks)}}, "chunk_key_encoding": keys,
        "fill_value": fill if fill_json is None else fill_json, "attributes": attributes or {},
    }
    separator = keys.get("configuration", {}).get("separator", "/" if keys["name"] == "default" else ".")
    for at, box in boxes(values.shape, chunks):
        if at in skip:
            continue
        whole = np.full(chunks, fill, dtype=values.dtype) if chunks else values
        if chunks:
            part = values[box]
            whole[tuple(slice(0, n) for n in part.shape)] = part
        name = separator.join((["c"] if keys["name"] == "default" else []) + [str(i) for i in at]) or "0"
        os.makedirs(os.path.dirname(f"{path}/{name}"), exist_ok=True)
        with open(f"{path}/{name}", "wb") as file:
            file.write(encode(whole, json.loads(json.dumps(codecs))))
    written = json.loads(json.dumps(codecs))
    for codec in written:
        for name in ("skip", "scatter"):
            codec.get("configuration", {}).pop(name, None)
    with open(f"{path}/zarr.json", "w") as file:
        json.dump({**text, "codecs": written}, file)
