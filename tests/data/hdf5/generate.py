#!/usr/bin/env python3
"""Writes the small HDF5 files of this folder, and beside each a .json of what a reader must find in it.

Needs h5py 3.7 (libhdf5 1.10), numpy, hdf5plugin (blosc, lz4, bitshuffle) and zstandard. Run it in this folder.
Hashes: numbers in C order, little-endian; strings as UTF-8, each followed by one zero byte.
"""
import hashlib
import json
import zlib

import h5py
import hdf5plugin
import numpy as np
import zstandard
from h5py import h5d, h5p, h5s, h5t

numbers = np.random.default_rng(7)


def digest(values):
    values = np.asarray(values)
    if values.dtype.kind in "OSU":
        encoded = [v if isinstance(v, bytes) else v.encode() for v in values.ravel()]
        return hashlib.sha256(b"".join(v + b"\0" for v in encoded)).hexdigest()
    values = np.ascontiguousarray(values)
    return hashlib.sha256(values.astype(values.dtype.newbyteorder("<")).tobytes()).hexdigest()


def describe(values):
    if isinstance(values, h5py.Empty):
        return {"null": True}
    values = np.asarray(values)
    return {"shape": list(values.shape), "sha256": digest(values)}


class Writer:
    """A file and the list of what is in it."""

    def __init__(self, name, **options):
        self.name, self.arrays, self.attributes, self.refused = name, {}, {}, {}
        self.file = h5py.File(name + ".h5", "w", **options)

    def array(self, path, values, stored=None, **options):
        self.file.create_dataset(path, data=values if stored is None else stored, **options)
        self.arrays[path] = describe(values)

    def expect(self, path, values):
        self.arrays[path] = describe(values)

    def attribute(self, path, name, values, stored=None, **options):
        self.file[path].attrs.create(name, values if stored is None else stored, **options)
        self.attributes.setdefault(path, {})[name] = describe(values)

    def refuse(self, path, word):
        self.refused[path] = word

    def close(self):
        self.file.close()
        with open(self.name + ".json", "w", encoding="utf-8") as out:
            json.dump({"arrays": self.arrays, "attributes": self.attributes, "refused": self.refused}, out, indent=0, sort_keys=True)
            out.write("\n")


def types(w):
    """One small array of every type."""
    for code in ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]:
        kind = np.dtype(code)
        values = (numbers.normal(size=(5, 3)) * 40).astype(kind)
        w.array(f"types/{kind.name}", values)
        w.array(f"types/{kind.name}be", values, values.astype(kind.newbyteorder(">")))
    for code in ["c8", "c16"]:
        kind = np.dtype(code)
        values = (numbers.normal(size=7) + 1j * numbers.normal(size=7)).astype(kind)
        w.array(f"types/{kind.name}", values)
        w.array(f"types/{kind.name}be", values, values.astype(kind.newbyteorder(">")))
    w.array("types/bool", numbers.random(9) > 0.5)
    colours = h5py.enum_dtype({"red": 0, "green": 1, "blue": 42}, basetype="i2")
    w.array("types/enum", np.array([0, 1, 42, 1], "i2"), dtype=colours)
    w.array("types/scalar", np.float64(2.5))
    w.array("types/empty", np.zeros((0, 4), "i4"))
    w.file["types/null"] = h5py.Empty("f4")
    w.expect("types/null", h5py.Empty("f4"))
    w.file["types/named"] = np.dtype("f8")
    w.refuse("types/named", "named datatype")
    w.file.create_dataset("types/committed", data=np.arange(3.0), dtype=w.file["types/named"])
    w.expect("types/committed", np.arange(3.0))
    w.file["types/opaque"] = np.array([1, 2], "M8[s]").astype(h5py.opaque_dtype(np.dtype("M8[s]")))
    w.refuse("types/opaque", "opaque")
    w.file.create_dataset("types/lists", (2,), dtype=h5py.vlen_dtype("i4"))
    w.refuse("types/lists", "vlen")
    odd = h5t.IEEE_F32LE.copy()
    odd.set_ebias(100)
    h5d.create(w.file["types"].id, b"oddfloat", odd, h5s.create_simple((2,)))
    w.refuse("types/oddfloat", "f32")
    h5d.create(w.file["types"].id, b"oddint", three_bytes(), h5s.create_simple((2,)))
    w.refuse("types/oddint", "i24")
    bits(w)


def three_bytes():
    kind = h5t.STD_I32LE.copy()
    kind.set_precision(24)
    kind.set_size(3)
    return kind


def bits(w):
    """Numbers of which not all bits count: R's logicals, bit fields. What the other bits hold means nothing."""
    for name, base, first, count, values in [
            ("byte", h5t.STD_U8LE, 0, 2, [0, 1, 2, 3]), ("signed", h5t.STD_I32LE, 3, 20, [-1, 5, -524288, 524287]),
            ("big", h5t.STD_I16BE, 2, 10, [-512, 511, 0, -7]), ("wide", h5t.STD_U64LE, 1, 63, [0, 1, 2**62, 2**63 - 1])]:
        kind = base.copy()
        kind.set_precision(count)
        kind.set_offset(first)
        expected = np.array(values, base.dtype.newbyteorder("="))
        noise = ~(((1 << count) - 1) << first) & (2 ** (8 * base.get_size()) - 1)
        stored = np.array([((value & ((1 << count) - 1)) << first) | noise for value in values], base.dtype.str.replace("i", "u"))
        for suffix, options in (("", None), ("-gzip", h5p.create(h5p.DATASET_CREATE))):
            if options:
                options.set_chunk((3,))
                options.set_deflate(6)
            made = h5d.create(w.file["types"].id, f"{name}-bits{suffix}".encode(), kind, h5s.create_simple((4,)), options)
            made.write(h5s.ALL, h5s.ALL, stored, kind)
            w.expect(f"types/{name}-bits{suffix}", expected)
    base = h5t.STD_U8LE.copy()
    base.set_precision(2)
    for name, words, expected in (("logical", (b"FALSE", b"TRUE"), np.array([True, False, True])),
                                  ("logical-na", (b"FALSE", b"TRUE", b"NA"), np.array([1, 0, 2], "u1"))):
        kind = h5t.enum_create(base)
        for value, word in enumerate(words):
            kind.enum_insert(word, value)
        made = h5d.create(w.file["types"].id, name.encode(), kind, h5s.create_simple((3,)))
        made.write(h5s.ALL, h5s.ALL, expected.astype("u1"), kind)
        w.expect(f"types/{name}", expected)
    for kind, values in ((h5t.STD_B8LE, np.array([1, 0x80], "u1")), (h5t.STD_B16BE, np.array([1, 0x8000], "u2")), (h5t.STD_B64LE, np.array([7, 2**63], "u8"))):
        made = h5d.create(w.file["types"].id, f"bitfield{8 * kind.get_size()}".encode(), kind, h5s.create_simple((2,)))
        made.write(h5s.ALL, h5s.ALL, values.astype(values.dtype.newbyteorder(">")) if kind == h5t.STD_B16BE else values, kind)
        w.expect(f"types/bitfield{8 * kind.get_size()}", values)


def strings(w):
    words = ["", "a", "gène", "CD4+", "x" * 90, "naïve ✓ 𝄞"]
    many = np.array([words[i % len(words)] + (str(i) if i % 7 else "") for i in range(700)], object)
    utf8 = h5py.string_dtype()
    w.array("strings/variable", many, dtype=utf8)
    w.array("strings/ascii", np.array(["one", "two"], object), dtype=h5py.string_dtype("ascii"))
    w.array("strings/chunked", many, dtype=utf8, chunks=(64,), compression="gzip")
    w.array("strings/table", many.reshape(7, 100), dtype=utf8, chunks=(3, 30), compression="gzip", shuffle=True)
    w.array("strings/scalar", np.array("naïve", object), dtype=utf8)
    w.file.create_dataset("strings/unwritten", (5,), dtype=utf8)
    w.expect("strings/unwritten", np.array([""] * 5, object))
    fixed = np.array([b"ab", b"abcdef", b"", b"a\0b"], "S6")
    w.array("strings/nullpad", np.array([b"ab", b"abcdef", b"", b"a\0b"], object), fixed)
    for name, padding, value in [(b"nullterm", h5t.STR_NULLTERM, b"ab\0xcd\0\0"), (b"spacepad", h5t.STR_SPACEPAD, b"ab  c d ")]:
        kind = h5t.C_S1.copy()
        kind.set_size(4)
        kind.set_strpad(padding)
        made = h5d.create(w.file["strings"].id, name, kind, h5s.create_simple((2,)))
        made.write(h5s.ALL, h5s.ALL, np.frombuffer(value, "S4"), kind)
        w.expect("strings/" + name.decode(), np.array([b"ab", b"cd" if name == b"nullterm" else b"c d"], object))


def compounds(w):
    record = np.dtype([
        ("index", "S5"), ("n", "<i4"), ("x", ">f8"), ("ok", "?"), ("grid", ">i2", (2, 3)),
        ("inner", [("u", "<u2"), ("v", ">f4")]), ("label", h5py.string_dtype())])
    rows = np.zeros(50, record)
    for i, row in enumerate(rows):
        row["index"], row["n"], row["x"], row["ok"] = f"r{i}".encode(), i * 3, i / 7, i % 3 == 0
        row["grid"] = numbers.integers(-99, 99, (2, 3))
        row["inner"] = (i, i * 1.5)
        row["label"] = f"name {i}"
    for name, options in [("table", {}), ("chunked", {"chunks": (8,), "compression": "gzip"})]:
        w.file.create_dataset("compounds/" + name, data=rows, **options)
        for field in ["index", "n", "x", "ok", "grid", "label"]:
            values = rows[field]
            w.expect(f"compounds/{name}/{field}", values.astype(object) if field == "index" else values)


def chunks(w, latest):
    """All ways to index chunks, each with edges that do not fit, with and without filters."""
    table = numbers.integers(0, 50, (53, 37)).astype("i4")
    line = numbers.integers(0, 9, 3000).astype("i2")
    cube = numbers.integers(0, 9, (7, 9, 11)).astype("f4")
    filters = {"plain": {}, "gzip": {"compression": "gzip"}, "full": {"compression": "gzip", "shuffle": True, "fletcher32": True},
               "lzf": {"compression": "lzf"}, "sum": {"fletcher32": True}}
    if not latest:  # one index for all: the small steps are seen in the newer form
        filters = {name: filters[name] for name in ["plain", "full"]}
    for name, options in filters.items():
        w.array(f"chunks/fixed-{name}", table, chunks=(10, 8), **options)
        w.array(f"chunks/line-{name}", line[:950], chunks=(100,), maxshape=(None,), **options)
        if name in ["lzf", "sum"]:
            continue
        w.array(f"chunks/single-{name}", table, chunks=(53, 37), **options)
        w.array(f"chunks/growing-{name}", table, chunks=(10, 8), maxshape=(None, 37), **options)
        w.array(f"chunks/growing-second-{name}", table, chunks=(10, 8), maxshape=(60, None), **options)
        w.array(f"chunks/both-growing-{name}", table, chunks=(10, 8), maxshape=(None, None), **options)
        w.array(f"chunks/below-max-{name}", table, chunks=(10, 8), maxshape=(90, 70), **options)
        w.array(f"chunks/below-max-growing-{name}", table, chunks=(10, 8), maxshape=(None, 70), **options)
        w.array(f"chunks/below-max-second-{name}", table, chunks=(10, 8), maxshape=(90, None), **options)
        w.array(f"chunks/rows-{name}", table, chunks=(10, 37), **options)
        w.array(f"chunks/cube-{name}", cube, chunks=(3, 4, 5), **options)
        w.array(f"chunks/cube-growing-{name}", cube, chunks=(3, 4, 5), maxshape=(8, None, 12), **options)
        w.array(f"chunks/wider-{name}", cube, chunks=(3, 4, 16), maxshape=(None, None, None), **options)
    wide = numbers.integers(0, 9, (20, 400)).astype("i4")
    w.array("chunks/wide-band", wide, chunks=(7, 90), compression="gzip")
    w.array("chunks/one-each", line[:40].reshape(4, 10), chunks=(1, 10))
    w.array("chunks/big-endian", table, table.astype(">i4"), chunks=(10, 8), compression="gzip", shuffle=True)
    # Pages of the indexes, and trees of more than one level.
    for name, options in [("plain", {}), ("gzip", {"compression": "gzip"})]:
        some = line[:300] if not latest else line[:1100] if options else line[:2200]
        w.array(f"chunks/paged-fixed-{name}", some, chunks=(1,), **options)
        w.array(f"chunks/paged-growing-{name}", some, chunks=(1,), maxshape=(None,), **options)
        w.array(f"chunks/deep-{name}", some[:1000].reshape(-1, 2), chunks=(1, 1), maxshape=(None, None), **options)
    early(w, table)
    holes(w)
    masks(w, line)
    shrunk(w, table)


def early(w, table):
    """Space for all chunks at once: the newer format then needs no index."""
    for name, fill in [("implicit", None), ("implicit-fill", 7)]:
        plist = h5p.create(h5p.DATASET_CREATE)
        plist.set_chunk((10, 8))
        plist.set_alloc_time(h5d.ALLOC_TIME_EARLY)
        if fill is not None:
            plist.set_fill_value(np.array(fill, "i4"))
        made = h5d.create(w.file["chunks"].id, name.encode(), h5t.STD_I32LE, h5s.create_simple(table.shape), plist)
        part = h5s.create_simple(table.shape)
        part.select_hyperslab((0, 0), (20, 37))
        made.write(h5s.create_simple((20, 37)), part, np.ascontiguousarray(table[:20]))
        values = np.full_like(table, fill or 0)
        values[:20] = table[:20]
        w.expect("chunks/" + name, values)


def holes(w):
    for name, fill, options in [("zeros", None, {}), ("fill", -3, {}), ("fill-gzip", -3, {"compression": "gzip"})]:
        made = w.file.create_dataset("holes/" + name, (40, 30), "i4", chunks=(7, 8), maxshape=(None, None), fillvalue=fill, **options)
        values = np.full((40, 30), fill or 0, "i4")
        values[8:13, 9:20] = made[8:13, 9:20] = numbers.integers(0, 99, (5, 11))
        w.expect("holes/" + name, values)
    made = w.file.create_dataset("holes/line", (100,), ">f8", chunks=(9,), fillvalue=1.5)
    made[30:40] = np.arange(10.0)
    values = np.full(100, 1.5)
    values[30:40] = np.arange(10.0)
    w.expect("holes/line", values)
    w.file.create_dataset("holes/contiguous", (5, 5), "f4", fillvalue=2.5)
    w.expect("holes/contiguous", np.full((5, 5), 2.5, "f4"))
    w.file.create_dataset("holes/never", (50,), "i8", chunks=(7,))
    w.expect("holes/never", np.zeros(50, "i8"))


def masks(w, line):
    """Chunks for which the writer left filters out."""
    made = w.file.create_dataset("masks/gzip", (400,), "i2", chunks=(100,), compression="gzip", shuffle=True)
    made[:100] = line[:100]
    made.id.write_direct_chunk((100,), line[100:200].tobytes(), 3)
    planes = line[200:300].view("u1").reshape(-1, 2).T.tobytes()
    made.id.write_direct_chunk((200,), planes, 2)
    made.id.write_direct_chunk((300,), zlib.compress(line[300:400].tobytes()), 1)
    w.expect("masks/gzip", line[:400])
    noise = numbers.integers(0, 1 << 62, 500).astype("i8")
    w.array("masks/lzf-noise", noise, chunks=(100,), compression="lzf")


def shrunk(w, table):
    for name, options in [("plain", {}), ("gzip", {"compression": "gzip"})]:
        made = w.file.create_dataset("shrunk/" + name, data=table, chunks=(10, 8), maxshape=(None, 40), **options)
        made.resize((31, 37))
        w.expect("shrunk/" + name, table[:31])
        grown = w.file.create_dataset("shrunk/regrown-" + name, data=table, chunks=(10, 8), maxshape=(None, 40), **options)
        grown.resize((15, 37))
        grown.resize((60, 40))
        values = np.zeros((60, 40), "i4")
        values[:15, :37] = table[:15]
        w.expect("shrunk/regrown-" + name, values)


def refused(w):
    w.array("refused/scaleoffset", np.arange(100, dtype="i4"), chunks=(10,), scaleoffset=0)  # read; what follows is not
    layout = h5py.VirtualLayout((4,), "i4")
    layout[:] = h5py.VirtualSource("nowhere.h5", "x", (4,))
    w.file.create_virtual_dataset("refused/virtual", layout)
    w.refuse("refused/virtual", "virtual")
    w.file.create_dataset("refused/external", (10,), "i4", external=[("nowhere.bin", 0, 40)])
    w.refuse("refused/external", "external")


def attributes(w):
    w.file.create_group("attributes")
    w.file["attributes/array"] = np.arange(3)
    for path in ["attributes", "attributes/array"]:
        w.attribute(path, "encoding-type", np.array("csr_matrix", object), "csr_matrix")
        w.attribute(path, "fixed", np.array(b"abc", object), np.bytes_(b"abc"))
        w.attribute(path, "names", np.array(["a", "", "çé"], object), np.array(["a", "", "çé"], object), dtype=h5py.string_dtype())
        w.attribute(path, "shape", np.array([3, 4], "i8"))
        w.attribute(path, "big", np.array([[1, 2], [3, 4]], "i4"), np.array([[1, 2], [3, 4]], ">i4"))
        w.attribute(path, "flag", np.bool_(True))
        w.attribute(path, "half", np.float16(1.5))
        w.attribute(path, "none", h5py.Empty("f4"))
        w.attribute(path, "columns", np.zeros(0))
    for i in range(40):
        w.attribute("attributes", f"more-{i:02}", np.array([i, i * i], "i4"))
    w.attribute("attributes", "long", np.array("y" * 5000, object), "y" * 5000)
    w.attribute("attributes", "large", np.arange(1000.0))
    w.file["attributes"].attrs.create("unread", np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")]))
    w.refuse("attributes@unread", "compound")
    w.file["attributes"].attrs["lists"] = np.array([np.arange(2), np.arange(3)], h5py.vlen_dtype("i4"))
    w.refuse("attributes@lists", "vlen")


def groups(w):
    w.file.create_group("empty")
    for i in range(120):
        w.file[f"many/name-{i:03}-{'z' * (i % 40)}"] = np.int32(i)
        w.expect(f"many/name-{i:03}-{'z' * (i % 40)}", np.int32(i))
    ordered = w.file.create_group("ordered", track_order=True)
    for name in ["z", "ä", "a", "\U0001d11e", "\ufb01", "M"] + [f"k{i}" for i in range(20)]:
        ordered[name] = np.int8(1)
        w.expect("ordered/" + name, np.int8(1))


def references(w):
    w.file["references/to"] = np.array([w.file["types/int32"].ref, w.file["attributes"].ref], h5py.ref_dtype)


def everything(name, latest):
    w = Writer(name, libver="latest" if latest else "earliest")
    types(w)
    strings(w)
    compounds(w)
    chunks(w, latest)
    refused(w)
    attributes(w)
    groups(w)
    references(w)
    w.close()


def userblock():
    w = Writer("userblock", userblock_size=1024)
    w.array("gzip", np.arange(100.0), chunks=(30,), compression="gzip")
    w.array("contiguous", np.arange(100.0))
    w.array("strings", np.array(["a", "bc"], object), dtype=h5py.string_dtype())
    w.attribute("gzip", "name", np.array("long " * 20, object), "long " * 20)
    w.close()


def links():
    with h5py.File("links-target.h5", "w") as target:
        target["deep/values"] = np.arange(4.0)
        target["back"] = h5py.ExternalLink("links.h5", "/a/values")
        target["circle"] = h5py.ExternalLink("links.h5", "/circle")
    w = Writer("links", libver="latest")
    w.array("a/values", np.arange(6))
    w.file["a/hard"] = w.file["a/values"]
    w.file["a/relative"] = h5py.SoftLink("values")
    w.file["b"] = h5py.SoftLink("/a")
    w.file["c"] = h5py.SoftLink("b/relative")
    w.file["external"] = h5py.ExternalLink("links-target.h5", "/deep/values")
    w.file["external-group"] = h5py.ExternalLink("links-target.h5", "deep")
    w.file["there-and-back"] = h5py.ExternalLink("links-target.h5", "back")
    for path in ["a/hard", "a/relative", "b/values", "c", "there-and-back"]:
        w.expect(path, np.arange(6))
    w.expect("external", np.arange(4.0))
    w.expect("external-group/values", np.arange(4.0))
    w.file["dangling"] = h5py.SoftLink("/nowhere/at/all")
    w.file["circle"] = h5py.SoftLink("/circle")
    w.file["missing"] = h5py.ExternalLink("not-here.h5", "/")
    w.file["outside"] = h5py.ExternalLink("../../TestFiles.cs", "/")
    w.file["absolute"] = h5py.ExternalLink("/etc/hostname", "/")
    w.file["self"] = w.file["a"]
    w.file["a/up"] = w.file["/"]
    for path, word in [("dangling", "does not exist"), ("circle", "links"), ("missing", "not-here.h5"), ("outside", "outside"),
                       ("absolute", "outside")]:
        w.refuse(path, word)
    w.close()


def foreign():
    """Filters that h5py does not bring."""
    w = Writer("filters", libver="latest")
    values = np.repeat(numbers.integers(0, 30, 1000), 3).astype("i4")
    w.array("lz4", values, chunks=(1000,), **hdf5plugin.LZ4())
    w.array("lz4-small-blocks", values, chunks=(1000,), **hdf5plugin.LZ4(nbytes=512))
    for inner in ["none", "lz4"]:
        w.array("bitshuffle-" + inner, values, chunks=(1000,), **hdf5plugin.Bitshuffle(cname=inner))
    for inner in ["blosclz", "lz4", "lz4hc", "zlib", "zstd"]:
        for shuffle in [0, 1, 2]:
            w.array(f"blosc-{inner}-{shuffle}", values, chunks=(1000,), **hdf5plugin.Blosc(inner, 5, shuffle))
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((1000,))
    plist.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
    made = h5d.create(w.file.id, b"zstd", h5t.STD_I32LE, h5s.create_simple((3000,)), plist)
    for start in range(0, 3000, 1000):
        made.write_direct_chunk((start,), zstandard.compress(values[start:start + 1000].tobytes()))
    w.expect("zstd", values)
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((1000,))
    plist.set_filter(311, h5py.h5z.FLAG_OPTIONAL, ())
    h5d.create(w.file.id, b"unknown", h5t.STD_I32LE, h5s.create_simple((3000,)), plist)
    w.refuse("unknown", "filter 311")
    w.close()


if __name__ == "__main__":
    everything("earliest", latest=False)
    everything("latest", latest=True)
    userblock()
    links()
    foreign()
