namespace AnnDataCache.Store;

/// <summary>What became of an attempt to remove a part.</summary>
internal enum Removal
{
    Removed,
    Pinned,
    Absent,
    /// <summary>Whoever holds the capacity lock does not run.</summary>
    Stopped,
}
