"""Writes small.h5ad: every kind of element that the command line shows and exports, with values that are hard to print.

Run it with the python that has anndata 0.8: python3 generate.py
"""
import os

import anndata
import numpy as np
import pandas as pd
import scipy.sparse as sp

rows, columns = 7, 5
counts = np.arange(rows * columns, dtype=np.float32).reshape(rows, columns)
counts[counts % 3 != 0] = 0
counts[2, 3] = 0.1
obs = pd.DataFrame(
    {
        "quality": np.array([0.5, np.nan, -1.25, 1e300, np.inf, 0.1, 3], dtype=np.float64),
        "depth": np.arange(rows, dtype=np.int64) * 1_000_000_007,
        "is_doublet": np.array([True, False, True, False, False, True, True]),
        "cell_type": pd.Categorical(["T", "B", None, "T", "B", "NK", "T"], categories=["B", "NK", "T", "unused"]),
        "note": ["plain", "with, comma", 'with "quotes"', "two\nlines", "", "日本語 Ä", "\x1b[31mred"],
    },
    index=[f"cell-{i}" for i in range(rows)],
)
var = pd.DataFrame({"length": np.arange(columns, dtype=np.int32)}, index=[f"gene-{i}" for i in range(columns)])
data = anndata.AnnData(sp.csr_matrix(counts), obs=obs, var=var, dtype=np.float32)
data.layers["dense"] = np.arange(rows * columns, dtype=np.int16).reshape(rows, columns)
data.layers["by_gene"] = sp.csc_matrix(counts.astype(np.float64))
data.obsm["X_pca"] = np.linspace(-1, 1, rows * 3).reshape(rows, 3)
data.uns["title"] = "A small file"
data.uns["params"] = {"n_neighbors": 15, "metric": "euclidean", "resolution": 0.5, "use_rep": True}
data.uns["colors"] = np.array(["#ff0000", "#00ff00"], dtype=object)
data.write_h5ad(os.path.join(os.path.dirname(os.path.abspath(__file__)), "small.h5ad"))
