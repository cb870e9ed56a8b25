"""`python -m anndata_cache load pbmc3k.h5ad X`: the executable, with the arguments as they are."""

from __future__ import annotations

import os
import sys

from ._store.loader import executable


def main() -> None:
    """Become the executable."""
    path = executable()
    os.execv(path, [path, *sys.argv[1:]])


if __name__ == "__main__":
    main()
