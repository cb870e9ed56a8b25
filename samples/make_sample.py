#!/usr/bin/python3
"""Make pbmc-like.h5ad, a small file that looks like a processed PBMC data set.

Values are drawn from a model (cell types with marker genes, library sizes, dropouts), always the same.
Needs Debian's python3-anndata.
"""
import pathlib
import warnings

import anndata
import numpy as np
import pandas as pd
import scipy.sparse as sp

CELLS, GENES = 700, 765
TYPES = {
    "CD4 T": ["CD3D", "CD3E", "IL7R", "CCR7", "LTB"],
    "CD8 T": ["CD3D", "CD3E", "CD8A", "CD8B", "GZMK"],
    "NK": ["GNLY", "NKG7", "KLRD1", "GZMB", "PRF1"],
    "B": ["MS4A1", "CD79A", "CD79B", "CD19", "BANK1"],
    "CD14+ Monocyte": ["CD14", "LYZ", "S100A8", "S100A9", "CST3"],
    "FCGR3A+ Monocyte": ["FCGR3A", "MS4A7", "LYZ", "CST3", "IFITM3"],
    "Dendritic": ["FCER1A", "CST3", "CLEC10A", "HLA-DQA1", "LYZ"],
    "Megakaryocyte": ["PPBP", "PF4", "GP9", "ITGA2B", "TUBB1"],
}


def counts(random, genes):
    names = list(TYPES)
    of_cell = random.choice(len(names), CELLS, p=[0.32, 0.14, 0.12, 0.13, 0.17, 0.06, 0.04, 0.02])
    mean = np.exp(random.normal(-2.2, 1.3, len(genes)))
    fold = np.ones((len(names), len(genes)))
    for row, name in enumerate(names):
        fold[row, [genes.index(gene) for gene in TYPES[name]]] = 25
    library = np.exp(random.normal(0, 0.3, CELLS))
    rate = mean * fold[of_cell] * library[:, None]
    return random.poisson(rate).astype("f4"), np.array(names)[of_cell]


def main():
    warnings.simplefilter("ignore")
    random = np.random.default_rng(2700)
    markers = sorted({gene for group in TYPES.values() for gene in group})
    genes = markers + ["MT-CO1", "MT-ND1", "ACTB", "B2M"] + [f"LINC{i:05d}" for i in range(GENES - len(markers) - 4)]
    raw, types = counts(random, genes)
    total = raw.sum(1)
    logged = np.log1p(raw / total[:, None] * 1e4).astype("f4")

    barcodes = ["".join(random.choice(list("ACGT"), 16)) + "-1" for _ in range(CELLS)]
    doublet = pd.array(random.integers(0, 4, CELLS), dtype="Int64")
    doublet[random.random(CELLS) < 0.1] = pd.NA
    donor = pd.Categorical(random.choice(["D1", "D2", "D3"], CELLS))
    donor = donor.set_categories(["D1", "D2", "D3"])
    donor[random.random(CELLS) < 0.02] = np.nan
    obs = pd.DataFrame(
        {
            "cell_type": pd.Categorical(types, categories=list(TYPES)),
            "quality": pd.cut(total, [0, 300, 420, 560, 1e9], labels=["low", "medium", "high", "very high"]),
            "donor": donor,
            "total_counts": total.astype("f4"),
            "n_genes": (raw > 0).sum(1),
            "doublet_hits": doublet,
            "passed_qc": random.random(CELLS) > 0.05,
            "note": [f"plate {i // 96 + 1}, well {i % 96 + 1}" for i in range(CELLS)],
        },
        index=barcodes,
    )
    var = pd.DataFrame(
        {
            "gene_ids": [f"ENSG{100000 + 37 * i:011d}" for i in range(GENES)],
            "highly_variable": np.argsort(np.argsort(-logged.var(0))) < 200,
            "means": logged.mean(0).astype("f8"),
        },
        index=genes,
    )
    centred = logged - logged.mean(0)
    u, s, v = np.linalg.svd(centred, full_matrices=False)
    pca = (u[:, :20] * s[:20]).astype("f4")
    distances = ((pca[:, None] - pca[None]) ** 2).sum(-1)
    nearest = np.argsort(distances, axis=1)[:, 1:11]
    graph = sp.csr_matrix((np.ones(CELLS * 10, "f4"), nearest.ravel(), np.arange(0, CELLS * 10 + 1, 10)), (CELLS, CELLS))
    graph.sort_indices()

    data = anndata.AnnData(
        sp.csr_matrix(logged), obs=obs, var=var, layers={"counts": sp.csr_matrix(raw)},
        obsm={"X_pca": pca, "X_umap": (pca[:, :2] + random.normal(0, 0.3, (CELLS, 2))).astype("f4")},
        varm={"PCs": v[:20].T.astype("f4")}, obsp={"connectivities": graph}, dtype="f4",
        uns={
            "title": "PBMC-like sample, drawn from a model",
            "cell_type_colors": np.array(["#1f77b4", "#ff7f0e", "#279e68", "#d62728", "#aa40fc", "#8c564b", "#e377c2", "#b5bd61"], object),
            "log1p": {"base": 2},
            "neighbors": {"params": {"n_neighbors": 10, "method": "exact", "metric": "euclidean"}},
            "pca": {"variance": (s[:20] ** 2 / (CELLS - 1)).astype("f8")},
        },
    )
    data.raw = data
    data.write_h5ad(pathlib.Path(__file__).with_name("pbmc-like.h5ad"), compression="gzip", compression_opts=9)


if __name__ == "__main__":
    main()
