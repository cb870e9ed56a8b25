#!/usr/bin/env python3
"""Writes packed.h5, whose arrays are stored with szip, n-bit and scale-offset, and packed.json as generate.py does.

The stored chunks are kept a second time for the decoders alone: packed-chunks.bin, one behind the other, and
packed-chunks.tsv with a line for each: decoder, name, filter's parameters, offset and length of the stored bytes,
length and SHA-256 of what the filter was given. Needs h5py with a libhdf5 that encodes szip. Run it in this folder.
"""
import ctypes
import hashlib

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t, h5z

from generate import Writer

numbers = np.random.default_rng(11)
library = ctypes.CDLL("libhdf5_serial.so.103")  # the one that h5py uses: it has no call for more than 16 parameters
SZIP, NBIT, SCALEOFFSET = 4, 5, 6
DECODERS = {SZIP: "szip", NBIT: "nbit", SCALEOFFSET: "scaleoffset"}
INTEGERS = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]
NUMBERS = INTEGERS + ["f4", "f8"]
blob, lines, kept = bytearray(), [], set()


def mixed(code, count):
    """Stretches of everything that a coder treats apart: constant, nearly constant, sparse, rising, noise."""
    kind = np.dtype(code)
    parts, length = [], max(count // 7, 1)
    noise = numbers.bytes(length * kind.itemsize)
    parts.append(np.full(length, 3))
    parts.append(7 + (numbers.random(length) > 0.97))
    parts.append(np.where(numbers.random(length) > 0.9, numbers.integers(0, 9, length), 0))
    parts.append(np.arange(length) // 3 % 90)
    parts.append(np.zeros(length))
    noise = np.frombuffer(noise, kind)
    if kind.kind == "f":
        noise = numbers.normal(size=length).astype(kind)
    parts = [part.astype(kind) for part in parts] + [noise]
    whole = np.concatenate(parts + [np.full(count, 5, kind)])
    return whole[:count]


def parameters(plist, number):
    flags, count, config = ctypes.c_uint(0), ctypes.c_size_t(256), ctypes.c_uint(0)
    values = (ctypes.c_uint * 256)()
    name = ctypes.create_string_buffer(64)
    status = library.H5Pget_filter_by_id2(
        ctypes.c_int64(plist.id), number, ctypes.byref(flags), ctypes.byref(count), values, ctypes.c_size_t(64), name, ctypes.byref(config))
    assert status >= 0
    return list(values[:count.value])


def keep(dataset, number):
    """Keeps the chunks that lie wholly inside the array: only there is all that the filter was given known."""
    made, kind = dataset.id, dataset.id.get_type()
    chunk, shape = dataset.chunks, dataset.shape
    words = ",".join(str(word) for word in parameters(made.get_create_plist(), number))
    for index in range(made.get_num_chunks()):
        info = made.get_chunk_info(index)
        if info.filter_mask or any(at + length > end for at, length, end in zip(info.chunk_offset, chunk, shape)):
            continue
        stored = made.read_direct_chunk(info.chunk_offset)[1]
        given = np.zeros(chunk, np.dtype(f"V{kind.get_size()}"))
        part = h5s.create_simple(shape)
        part.select_hyperslab(info.chunk_offset, chunk)
        made.read(h5s.create_simple(chunk), part, given, kind)
        given = given.tobytes()
        name = f"{dataset.name[1:]}@{'x'.join(str(at) for at in info.chunk_offset)}"
        if (words, stored) in kept:
            continue
        kept.add((words, stored))
        lines.append("\t".join([
            DECODERS[number], name, words, str(len(blob)), str(len(stored)), str(len(given)), hashlib.sha256(given).hexdigest()]))
        blob.extend(stored)


def create(w, path, values, plist, number, kind=None, memory=None):
    folder, name = path.rsplit("/", 1)
    group = w.file.require_group(folder)
    made = h5d.create(group.id, name.encode(), kind or h5t.py_create(values.dtype), h5s.create_simple(values.shape), plist)
    made.write(h5s.ALL, h5s.ALL, np.ascontiguousarray(values), memory)
    keep(w.file[path], number)


def chunked(*shape):
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk(shape)
    return plist


def szip(w):
    options = {"nn": h5z.SZIP_NN_OPTION_MASK, "ec": h5z.SZIP_EC_OPTION_MASK}

    def array(path, values, option, block, *shape):
        plist = chunked(*shape)
        plist.set_szip(options[option], block)
        create(w, f"szip/{path}", values, plist, SZIP)
        w.expect(f"szip/{path}", values)

    for option in options:
        for code in NUMBERS:
            for block in [8, 16, 32]:
                array(f"{option}/{code}-{block}", mixed(code, 700), option, block, 300)  # the scanline is not whole blocks
            array(f"{option}/{code}-table", mixed(code, 23 * 19).reshape(23, 19), option, 8, 10, 19)
        for code in ["i2", "i4"]:
            array(f"{option}/{code}be", mixed(code, 500).astype(">" + code), option, 16, 250)
            array(f"{option}/{code}-narrow", mixed(code, 300).reshape(75, 4), option, 16, 25, 4)  # rows shorter than a block
            array(f"{option}/{code}-constant", np.full(900, -9, code), option, 8, 900)
            array(f"{option}/{code}-zeros", np.zeros(6000, code), option, 32, 6000)
            array(f"{option}/{code}-long", mixed(code, 9001), option, 32, 9001)  # more than a scanline can have
            array(f"{option}/{code}-noise", np.frombuffer(numbers.bytes(400 * int(code[1])), code), option, 8, 100)
            extremes = np.where(numbers.random(400) > 0.5, np.iinfo(code).max, np.iinfo(code).min).astype(code)
            array(f"{option}/{code}-extremes", np.concatenate([extremes[:40], np.zeros(460, code)]), option, 8, 250)
        for count in [1, 4, 5, 6, 30, 63, 64, 65, 100, 127]:  # runs of zero blocks, and where their segments end
            values = np.zeros(1024, "i2")
            values[count * 8] = 7
            array(f"{option}/run-{count}", values, option, 8, 1024)
        w.array(f"szip/{option}/shuffled", mixed("i4", 700), chunks=(300,), shuffle=True, compression="szip",
                compression_opts=(option, 16), fletcher32=True)


def narrow(base, precision, offset):
    kind = base.copy()
    kind.set_precision(precision)
    kind.set_offset(offset)
    return kind


def short_float():
    """20 of 32 bits: sign, 6 of exponent, 13 of mantissa, from bit 7 on."""
    kind = h5t.IEEE_F32LE.copy()
    kind.set_fields(26, 20, 6, 7, 13)
    kind.set_offset(7)
    kind.set_precision(20)
    kind.set_ebias(31)
    kind.set_size(4)
    return kind


def nbit(w):
    def packed(*shape):
        plist = chunked(*shape)
        plist.set_filter(NBIT, h5z.FLAG_OPTIONAL, ())
        return plist

    for code in NUMBERS:
        values = mixed(code, 200)
        create(w, f"nbit/{code}", values, packed(80), NBIT)
        w.expect(f"nbit/{code}", values)
        create(w, f"nbit/{code}be", values.astype(">" + code), packed(80), NBIT)
        w.expect(f"nbit/{code}be", values)
    bases = {"i8le": h5t.STD_I64LE, "i8be": h5t.STD_I64BE, "i4le": h5t.STD_I32LE, "i4be": h5t.STD_I32BE, "u2le": h5t.STD_U16LE,
             "u2be": h5t.STD_U16BE, "i1": h5t.STD_I8LE}
    for name, base in bases.items():
        bits = 8 * base.get_size()
        for precision, offset in [(1, 0), (bits // 2 - 1, 0), (bits // 2, 2), (bits - 1, 1), (bits - 3, 0)]:
            path = f"nbit/{name}-{precision}-{offset}"
            values = numbers.integers(-(1 << bits // 3), 1 << bits // 3, 120).astype("i8")
            create(w, path, values, packed(60), NBIT, narrow(base, precision, offset))
            w.expect(path, w.file[path][()])  # cut to their bits, which h5py undoes
    create(w, "nbit/f4short", numbers.normal(size=120).astype("f4"), packed(60), NBIT, short_float())
    w.refuse("nbit/f4short", "mantissa")
    compound(w, packed(20))


def compound(w, plist):
    """Members that a reader has a use for between ones of odd widths."""
    inner = h5t.create(h5t.COMPOUND, 8)
    inner.insert(b"u", 0, narrow(h5t.STD_U16BE, 11, 3))
    inner.insert(b"v", 4, h5t.IEEE_F32LE)
    kind = h5t.create(h5t.COMPOUND, 48)
    kind.insert(b"n", 0, h5t.STD_I32LE)
    kind.insert(b"odd", 4, narrow(h5t.STD_I32LE, 19, 5))
    kind.insert(b"x", 8, h5t.IEEE_F64BE)
    kind.insert(b"grid", 16, h5t.array_create(h5t.STD_I16LE, (2, 3)))
    name = h5t.C_S1.copy()
    name.set_size(5)
    kind.insert(b"name", 28, name)
    kind.insert(b"inner", 36, inner)
    rows = np.zeros(50, np.dtype({
        "names": ["n", "odd", "x", "grid", "name", "inner"], "offsets": [0, 4, 8, 16, 28, 36],
        "formats": ["<i4", "<i4", ">f8", ("<i2", (2, 3)), "S5", {"names": ["u", "v"], "offsets": [0, 4], "formats": [">u2", "<f4"], "itemsize": 8}],
        "itemsize": 48}))
    for i, row in enumerate(rows):
        row["n"], row["odd"], row["x"], row["name"] = i * 1000003, (i * 77) << 5, i / 7, f"r{i}".encode()
        row["grid"] = numbers.integers(-99, 99, (2, 3))
        row["inner"] = (i << 3, i * 1.5)
    create(w, "nbit/table", rows, plist, NBIT, kind, kind)
    for field in ["n", "x", "grid", "name"]:
        w.expect(f"nbit/table/{field}", rows[field].astype(object) if field == "name" else rows[field])


def scaleoffset(w):
    def array(path, values, kind, factor, fill=None, undefined=False, length=90):
        plist = chunked(length)
        if undefined:
            assert library.H5Pset_fill_value(ctypes.c_int64(plist.id), ctypes.c_int64(h5t.NATIVE_INT32.id), None) >= 0
        elif fill is not None:
            plist.set_fill_value(np.array(fill, values.dtype))
        plist.set_scaleoffset(kind, factor)
        create(w, f"scaleoffset/{path}", values, plist, SCALEOFFSET)
        back = w.file[f"scaleoffset/{path}"][()]  # opened anew, so that no chunk still has what was written
        if kind == h5z.SO_INT and factor == 0:
            assert (back == values).all()
        w.expect(f"scaleoffset/{path}", back)

    for code in INTEGERS:
        values = mixed(code, 400)
        low = 0 if code[0] == "u" else -50
        narrow_range = numbers.integers(low, low + 101, 250).astype(code)
        array(code, values, h5z.SO_INT, 0)
        array(f"{code}-range", narrow_range, h5z.SO_INT, 0)
        array(f"{code}-undefined", narrow_range, h5z.SO_INT, 0, undefined=True)
        array(f"{code}-constant", np.full(90, 17, code), h5z.SO_INT, 0, undefined=True)
        array(f"{code}-fill", np.where(numbers.random(250) > 0.6, low + 3, narrow_range).astype(code), h5z.SO_INT, 0, fill=low + 3)
        array(f"{code}-all-fill", np.full(90, 9, code), h5z.SO_INT, 0, fill=9)
        array(f"{code}-whole", values, h5z.SO_INT, 8 * int(code[1]))
        array(f"{code}-5", (narrow_range % 16).astype(code), h5z.SO_INT, 5)
        array(f"{code}be", narrow_range.astype(">" + code), h5z.SO_INT, 0, fill=low + 7)
        array(f"{code}be-mixed", values.astype(">" + code), h5z.SO_INT, 0)
    for code in ["f4", "f8"]:
        values = (numbers.normal(size=250) * 30).astype(code)
        for digits in [0, 2, 4]:
            array(f"{code}-{digits}", values, h5z.SO_FLOAT_DSCALE, digits)
            array(f"{code}be-{digits}", values.astype(">" + code), h5z.SO_FLOAT_DSCALE, digits)
        array(f"{code}-fill", np.where(numbers.random(250) > 0.6, -1.25, values).astype(code), h5z.SO_FLOAT_DSCALE, 3, fill=-1.25)
        array(f"{code}-undefined", values, h5z.SO_FLOAT_DSCALE, 3, undefined=True)
        array(f"{code}-constant", np.full(90, 0.1, code), h5z.SO_FLOAT_DSCALE, 3, undefined=True)
        array(f"{code}-wide", values * 10 ** (6 if code == "f4" else 17), h5z.SO_FLOAT_DSCALE, 5)
    holes = w.file.create_dataset("scaleoffset/holes", (300,), "i4", chunks=(70,), scaleoffset=0, fillvalue=-3)
    values = np.full(300, -3, "i4")
    values[75:120] = holes[75:120] = numbers.integers(0, 50, 45)
    w.expect("scaleoffset/holes", values)
    w.array("scaleoffset/gzip", mixed("i4", 700) % 100, chunks=(300,), scaleoffset=0, compression="gzip")


if __name__ == "__main__":
    writer = Writer("packed", libver="latest")
    szip(writer)
    nbit(writer)
    scaleoffset(writer)
    writer.close()
    with open("packed-chunks.bin", "wb") as out:
        out.write(blob)
    with open("packed-chunks.tsv", "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")
