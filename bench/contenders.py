#!/usr/bin/env python3
"""One way to get at the values of a file, timed in a process of its own.

    contenders.py prepare WAY FILE FOLDER   write the copy that the way reads, where it needs one
    contenders.py run WAY FILE FOLDER       print {"seconds", "cpu", "sha256"}, or {"skipped": why}
    contenders.py clean all FILE FOLDER     end the Redis server, and remove the shared memory

Ways: read_h5ad, h5py, read_hdf (pandas, of a copy as its own format writes it), np_load (of copies in memory), redis (GET and
unpickle), shared_memory (attach and map), part (a part of ours, given as FOLDER, mapped by numpy alone).

What is hashed, after the clock has stopped: the values of X, and of a sparse X its positions. Ways that copy nothing are
asked for one pass over the values, inside the clock, so that their pages have been touched as well.
"""
import hashlib
import json
import os
import pickle
import subprocess
import sys
import time
import warnings

warnings.simplefilter("ignore")
PIECE = 256 << 20


def arrays_of(file):
    """X as {"name": dataset}; of a file without X the numeric columns of obs."""
    import h5py

    if "X" not in file:
        return {f"obs/{n}": d for n, d in file["obs"].items() if isinstance(d, h5py.Dataset) and d.dtype.kind in "fiu"}
    x = file["X"]
    return {"X": x} if isinstance(x, h5py.Dataset) else {n: x[n] for n in ("indptr", "indices", "data")}


def in_memory(path):
    import h5py

    with h5py.File(path) as file:
        return {name: dataset[()] for name, dataset in arrays_of(file).items()}


def digest(arrays):
    import numpy

    total = hashlib.sha256()
    for name in sorted(arrays):
        values = numpy.ascontiguousarray(arrays[name])
        total.update(values.view("u1").reshape(-1).data if values.size else b"")
    return total.hexdigest()


def touch(arrays):
    for values in arrays.values():
        values.max()
    return arrays


def shm_name(path):
    return "bench-" + hashlib.sha256(path.encode()).hexdigest()[:12]


def redis_client(folder):
    import redis

    return redis.Redis(unix_socket_path=os.path.join(folder, "redis.sock"))


def start_redis(folder):
    subprocess.run(
        ["redis-server", "--port", "0", "--unixsocket", os.path.join(folder, "redis.sock"), "--daemonize", "yes", "--save", "",
         "--dir", folder, "--pidfile", os.path.join(folder, "redis.pid"), "--proto-max-bulk-len", "1gb"], check=True, stdout=subprocess.DEVNULL)
    for _ in range(100):
        try:
            return redis_client(folder).ping()
        except Exception:
            time.sleep(0.05)


# --- what is written before


def prepare_read_hdf(path, folder):
    import pandas
    import tables  # noqa: F401

    arrays = in_memory(path)
    if "data" in arrays:
        frames = {n: pandas.DataFrame({n: v}) for n, v in arrays.items()}
    elif "X" in arrays:
        frames = {"X": pandas.DataFrame(arrays["X"])}
    else:
        frames = {"obs": pandas.DataFrame(arrays)}
    copy = os.path.join(folder, os.path.basename(path) + ".hdf")
    for name, frame in frames.items():
        frame.to_hdf(copy, name, mode="a", format="fixed")


def prepare_np_load(path, folder):
    import numpy

    for name, values in in_memory(path).items():
        numpy.save(os.path.join(folder, name.replace("/", "-") + ".npy"), values)


def prepare_redis(path, folder):
    start_redis(folder)
    client = redis_client(folder)
    data = pickle.dumps(in_memory(path), protocol=5)
    pieces = range(0, len(data), PIECE)
    for i, start in enumerate(pieces):
        client.set(f"{i}", data[start : start + PIECE])
    client.set("pieces", len(pieces))


def prepare_shared_memory(path, folder):
    from multiprocessing import resource_tracker, shared_memory

    arrays, at, table = in_memory(path), 0, {}
    memory = shared_memory.SharedMemory(shm_name(path), create=True, size=sum(v.nbytes + 64 for v in arrays.values()))
    resource_tracker.unregister(memory._name, "shared_memory")  # it is to outlive this process
    for name, values in arrays.items():
        memory.buf[at : at + values.nbytes] = values.reshape(-1).view("u1").data
        table[name] = (at, values.shape, values.dtype.str)
        at += -(-values.nbytes // 64) * 64
    with open(os.path.join(folder, "shm.json"), "w") as out:
        json.dump(table, out)
    memory.close()


# --- what is timed: returns {"name": array}


def run_read_h5ad(path, folder):
    import anndata

    try:
        import tables  # noqa: F401  brings the filter for Blosc
    except ImportError:
        pass
    start = clock()
    data = anndata.read_h5ad(path)
    elapsed = clock(start)
    x = data.X
    if x is None:
        import h5py

        with h5py.File(path) as file:
            return elapsed, {n: data.obs[n.split("/")[1]].to_numpy() for n in arrays_of(file)}
    return elapsed, {"X": x} if not hasattr(x, "indptr") else {"indptr": x.indptr, "indices": x.indices, "data": x.data}


def run_h5py(path, folder):
    import h5py

    try:
        import tables  # noqa: F401
    except ImportError:
        pass
    start, found = clock(), {}
    with h5py.File(path) as file:
        names = set(arrays_of(file))

        def read(name, node):
            if isinstance(node, h5py.Dataset):
                found[name] = node[()]

        file.visititems(read)
    elapsed = clock(start)
    return elapsed, {n: found.get(n, found.get("X/" + n)) for n in names}


def run_read_hdf(path, folder):
    import pandas
    import tables  # noqa: F401

    copy = os.path.join(folder, os.path.basename(path) + ".hdf")
    with pandas.HDFStore(copy, "r") as store:
        keys = [key.strip("/") for key in store.keys()]
    start = clock()
    frames = {key: pandas.read_hdf(copy, key) for key in keys}
    elapsed = clock(start)
    if "obs" in frames:
        return elapsed, {n: frames["obs"][n].to_numpy() for n in frames["obs"]}
    return elapsed, {n: f.to_numpy() if n == "X" else f[n].to_numpy() for n, f in frames.items()}


def run_np_load(path, folder):
    import numpy

    names = [n[:-4] for n in os.listdir(folder) if n.endswith(".npy")]
    if not names:
        raise FileNotFoundError("no copy could be written")
    start = clock()
    found = {n.replace("-", "/"): numpy.load(os.path.join(folder, n + ".npy")) for n in names}
    return clock(start), found


def run_redis(path, folder):
    client = redis_client(folder)
    pieces = client.get("pieces")
    if pieces is None:
        raise FileNotFoundError("no copy could be written")
    start = clock()
    found = pickle.loads(b"".join(client.get(str(i)) for i in range(int(pieces))))
    return clock(start), found


def run_shared_memory(path, folder):
    import numpy
    from multiprocessing import resource_tracker, shared_memory

    with open(os.path.join(folder, "shm.json")) as text:
        table = json.load(text)
    start = clock()
    memory = shared_memory.SharedMemory(shm_name(path))
    resource_tracker.unregister(memory._name, "shared_memory")
    found = {n: numpy.ndarray(shape, dtype, memory.buf, at) for n, (at, shape, dtype) in table.items()}
    touch(found)
    elapsed = clock(start)
    found["keep"] = memory
    return elapsed, found


def run_part(path, part):
    import mmap

    import numpy

    start = clock()
    with open(part, "rb") as file:
        memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        tail = os.pread(file.fileno(), 65536, max(0, os.fstat(file.fileno()).st_size - 65536))
    layout = json.JSONDecoder().raw_decode(tail[tail.rindex(b'{"anndata_cache":') :].decode(errors="replace"))[0]

    def buffer(column, name, dtype):
        offset, length = column[name]
        return numpy.frombuffer(memory, dtype, length // numpy.dtype(dtype).itemsize, offset)

    if layout["kind"] == "frame":
        found = {f"obs/{c['name']}": buffer(c, "values", c["dtype"]) for c in layout["columns"] if c["kind"] == "number" and "validity" not in c}
    else:
        column = layout["columns"][0]
        found = {"X": buffer(column, "values", column["dtype"])}
        if layout["kind"] != "dense":
            index = column["index_dtype"]
            found = {"indptr": buffer(column, "offsets", index), "indices": buffer(column, "indices", index), "data": found["X"]}
    touch(found)
    return clock(start), found


def clean(path, folder):
    from multiprocessing import shared_memory

    if os.path.exists(os.path.join(folder, "redis.sock")):
        redis_client(folder).shutdown(nosave=True)
    memory = shared_memory.SharedMemory(shm_name(path))
    memory.close()
    memory.unlink()


def clock(start=(0, 0)):
    return time.perf_counter() - start[0], time.process_time() - start[1]


def main():
    what, way, path, folder = sys.argv[1:5]
    try:
        if what == "clean":
            clean(path, folder)
            return
        if what == "prepare":
            globals().get("prepare_" + way, lambda *_: None)(path, folder)
            return
        (seconds, cpu), found = globals()["run_" + way](path, folder)
        keep = found.pop("keep", None)
        result = {"seconds": seconds, "cpu": cpu, "sha256": digest(found)}
        print(json.dumps(result))
        found.clear()
        sys.stdout.flush()
        os._exit(0)  # views of shared memory may still stand: nothing is to be tidied
    except (ImportError, FileNotFoundError, KeyError, OSError) as missing:
        print(json.dumps({"skipped": f"{type(missing).__name__}: {missing}"[:200]}))


if __name__ == "__main__":
    main()
