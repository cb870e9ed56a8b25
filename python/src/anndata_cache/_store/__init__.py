"""Bytes: tiers, names, pins, and the executable that fills them. Knows nothing of AnnData's values.

    sources    which version of a file or a folder this is
    settings   the environment: which folders, shared by whom
    names      what a part is called: the path, the element, and the version of the source
    parts      one part: its layout, checked, over its mapping
    tiers      the folder of a tier: from a name to a pinned part
    board      what all processes count together: hits, scores, pressure
    loader     the executable, run on a miss
    store      all of it: fresh sources, and the parts that this process keeps

The protocol is docs/sharing.md, the bytes are docs/part-format.md. A hit needs no lock of this process, no thread and
no other process; everything here may be inherited by `fork` at any moment.
"""
