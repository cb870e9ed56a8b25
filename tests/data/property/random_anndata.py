#!/usr/bin/python3
"""Write random AnnData with anndata itself, and beside each file what anndata reads back from it.

    random_anndata.py --seed 1 --count 40 --out FOLDER

<name>.expected.json has an object for each element of <name>.h5ad, with the members that `anndata-cache checksum` must print.
A file is made in four steps: anndata writes it (values.py), h5py stores its arrays otherwise (storage.py), anndata reads it and
what it reads is hashed (describe.py), and what anndata 0.8 cannot read is added, with what was put in as what is expected
(extras.py). Needs Debian's python3-anndata 0.8.
"""
import argparse
import json
import pathlib
import sys
import warnings

import anndata
import h5py
from anndata._io.specs import write_elem

import describe
import extras
import storage
from values import Values

warnings.simplefilter("ignore")
ATTEMPTS = 20


def write(data, path, values):
    """As people do, where strings that repeat become categoricals, or as they are."""
    compression = None if values.has_zero_axes else values.one_of([None, "gzip", "lzf"])
    if values.chance(0.5):
        data.write_h5ad(path, compression=compression)
    else:
        with h5py.File(path, "w") as file:
            write_elem(file, "/", data, dataset_kwargs={"compression": compression})


def make(seed, folder):
    """One file. What anndata refuses to write or to read is left, and another is made."""
    path, plain = folder / f"random-{seed}.h5ad", folder / "plain.h5ad"
    for attempt in range(ATTEMPTS):
        values = Values([seed, attempt])
        try:
            write(values.whole(), plain, values)
            storage.rewrite(plain, path, values)
            found = describe.whole(anndata.read_h5ad(path))
        except Exception as refusal:
            print(f"{path.name}, attempt {attempt}: {type(refusal).__name__}: {refusal}", file=sys.stderr)
            continue
        extras.add(path, values, found)
        plain.unlink()
        path.with_suffix(".expected.json").write_text(json.dumps(found, allow_nan=False))
        return
    raise RuntimeError(f"Seed {seed}: anndata refuses {ATTEMPTS} objects; the last reasons are above.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for number in range(arguments.count):
        make(arguments.seed * 100_000 + number, arguments.out)


if __name__ == "__main__":
    main()
