"""Values: what the bytes of a part mean, as numpy, scipy and pandas say it. Knows nothing of tiers.

    columns    one column as an array: numbers, strings, categoricals, nullable values, lists
    frames     a dataframe, and the copies that are handed out
    matrices   dense and sparse matrices, and records
    encoding   an object as a layout and its buffers; framing: dataframes, both ways
    pickling   arrays by handle; `_sent` opens what arrives
    arrow      parts for Arrow libraries; carrays: the structs of the C data interface

Arrays lie over the part's mapping wherever numpy can read the bytes as they are; they are read-only, and keep it pinned.
"""
