#!/usr/bin/python3
"""Write AnnData as programs in R, Julia, Rust, Java, Fortran and older ones in Python store it, and beside each file what h5py reads.

    write.py --seed 1 --count 3 --out FOLDER

The values are random; what differs between writers is how they are stored: types of bools and strings, one-element arrays for
scalars, attributes, index types, layouts, versions of the format. Each writer is a class of other_writers.py. Needs python3-h5py 3.7.
"""
import argparse
import json
import pathlib

import numpy as np

import stored
from other_writers import WRITERS


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=3)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for number, writer in enumerate(WRITERS):
        for i in range(arguments.count):
            path = arguments.out / f"{writer.__name__}-{arguments.seed}-{i}.h5ad"
            writer(path, np.random.default_rng([arguments.seed, number, i]))
            path.with_suffix(".expected.json").write_text(json.dumps(stored.describe(path), allow_nan=False, default=int))


if __name__ == "__main__":
    main()
