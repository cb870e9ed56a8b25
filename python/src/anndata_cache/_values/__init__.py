"""Values: what the bytes of a part mean, as numpy, scipy and pandas say it. Knows nothing of tiers.

    columns    one column as an array: numbers, strings, categoricals, nullable values, lists
    frames     a dataframe, and the copies that are handed out
    matrices   dense and sparse matrices, and records
    dicts      uns and the tree of elements

Arrays lie over the part's mapping wherever numpy can read the bytes as they are; they are read-only, and keep it pinned.
"""
