"""The same values in other storage: a file is copied, and each array gets a layout, filters and a byte order of its own."""
import h5py
import numpy as np

# pandas takes these only in the machine's byte order
NATIVE = ("categorical", "nullable-integer", "nullable-boolean")


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def copy_attributes(old, new, values):
    for name, value in old.attrs.items():
        if isinstance(value, h5py.Empty):
            new.attrs[name] = value
        elif isinstance(value, np.ndarray) and value.dtype.kind == "O":
            new.attrs.create(name, value, dtype=h5py.string_dtype())
        elif isinstance(value, np.ndarray) and value.size and values.chance(0.2):
            new.attrs.create(name, value, dtype=value.dtype.newbyteorder(">"))
        else:
            new.attrs[name] = value


def chunk_shape(shape, values):
    """From one value to a chunk, while they stay few, to a chunk larger than the array."""
    what = values.upto(4)
    if what == 0:
        return tuple(shape), None
    if what == 1:
        return tuple(2 * length + 5 for length in shape), (None,) * len(shape)
    if what == 2 and np.prod(shape) <= 600:
        return (1,) * len(shape), None
    chunks = tuple(1 + values.upto(length - 1) for length in shape)
    while np.prod([-(-length // chunk) for length, chunk in zip(shape, chunks)]) > 600:
        chunks = tuple(min(length, 2 * chunk) for length, chunk in zip(shape, chunks))
    grow = values.one_of([None, (None,) * len(shape), tuple(shape), (None,) + tuple(shape[1:])])
    return chunks, grow


def layout(array, values):
    """Options of create_dataset."""
    what = values.upto(5)
    if what == 0 or not array.shape or array.size == 0:
        return {}
    if what == 1 and array.dtype.kind in "iufcb" and array.nbytes < 30_000:
        compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        compact.set_layout(h5py.h5d.COMPACT)
        return {"dcpl": compact}
    chunks, grow = chunk_shape(array.shape, values)
    options = {"chunks": chunks, "maxshape": grow, "shuffle": values.chance(0.4), "fletcher32": array.dtype.kind != "O" and values.chance(0.3)}
    compression = values.one_of([None, "gzip", "lzf"])
    if compression == "gzip":
        options["compression_opts"] = values.upto(9)
    return {**options, "compression": compression}


def stored_type(old, array, parent, values):
    """Another byte order, or strings of one width; null where the type stays."""
    if array.dtype.kind in "iufc" and array.dtype.names is None and parent.attrs.get("encoding-type") not in NATIVE and values.chance(0.3):
        return array.dtype.newbyteorder(">")
    if h5py.check_string_dtype(old.dtype) and array.shape and array.size and values.chance(0.3):
        width = max(len(value) for value in array.ravel().tolist())
        if width * array.size < 200_000:
            return h5py.string_dtype("utf-8", max(1, width) + values.upto(3))
    return None


def copy_array(old, parent, name, values):
    array = old[()]
    if h5py.check_string_dtype(old.dtype) and old.shape == ():
        new = parent.create_dataset(name, data=array, dtype=old.dtype)
    elif old.shape == () or old.dtype.names or values.chance(0.2):
        old.file.copy(old, parent, name)
        return
    else:
        dtype, options = stored_type(old, array, parent, values), layout(array, values)
        if "chunks" in options and array.dtype.kind == "f" and parent.attrs.get("encoding-type") == "dict" and values.chance(0.2):
            new = parent.create_dataset(name, array.shape, dtype or old.dtype, fillvalue=values.one_of([0, -2.5, np.nan]), **options)
            new[: len(array) // 2] = array[: len(array) // 2]  # the other chunks are never written
        else:
            # HDF5 does not convert between strings of one width and others, nor between character sets
            data = array.astype(dtype) if dtype is not None and dtype.kind == "S" else array
            new = parent.create_dataset(name, data=data, dtype=dtype or old.dtype, **options)
    copy_attributes(old, new, values)


def copy_group(old, new, values):
    copy_attributes(old, new, values)
    for name, node in old.items():
        if isinstance(node, h5py.Group):
            copy_group(node, new.create_group(name, track_order=values.chance(0.3)), values)
        else:
            copy_array(node, new, name, values)


def rewrite(old, new, values):
    version = values.one_of(["earliest", "latest", ("earliest", "v108"), ("v110", "latest")])
    block = values.one_of([0, 0, 0, 512, 2048])
    with h5py.File(old, "r") as source, h5py.File(new, "w", libver=version, userblock_size=block, track_order=values.chance(0.3)) as target:
        copy_group(source, target, values)
