#!/usr/bin/python3
"""Make first.h5ad and second.h5ad: the same shapes, other values. Needs Debian's python3-anndata."""
import pathlib

import anndata
import numpy as np
import pandas as pd


def main():
    folder = pathlib.Path(__file__).parent
    for name, factor in (("first", 1), ("second", 10)):
        obs = pd.DataFrame({"n": [1, 2, 3]}, index=["a", "b", "c"])
        x = np.arange(1, 7, dtype="f4").reshape(3, 2) * factor
        data = anndata.AnnData(x, obs=obs, uns={"name": name}, dtype="f4")
        data.write_h5ad(folder / f"{name}.h5ad")


if __name__ == "__main__":
    main()
