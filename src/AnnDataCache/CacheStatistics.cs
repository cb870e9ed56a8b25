namespace AnnDataCache;

/// <summary>State of one tier, and what all processes have done with it since its control file was made.</summary>
/// <param name="Name"><c>hot</c> or <c>cold</c>.</param>
/// <param name="Folder">Absolute path.</param>
/// <param name="Enabled">False when it is switched off or unfit; <paramref name="Note"/> says why.</param>
/// <param name="Note">One sentence for people, or null.</param>
/// <param name="BudgetBytes">Bytes that parts and reservations may take.</param>
/// <param name="UsedBytes">Bytes that they take now.</param>
/// <param name="PinnedBytes">Bytes of parts that some process has mapped.</param>
/// <param name="Parts">Sealed parts.</param>
/// <param name="Hits">Parts found and mapped.</param>
/// <param name="Loads">Parts decoded from a source.</param>
/// <param name="Evictions">Parts removed to make room.</param>
/// <param name="LoadedBytes">Bytes of the parts that were decoded.</param>
public sealed record TierStatistics(
    string Name, string Folder, bool Enabled, string? Note, long BudgetBytes, long UsedBytes, long PinnedBytes, long Parts,
    long Hits, long Loads, long Evictions, long LoadedBytes);

/// <summary>State of the store.</summary>
/// <param name="Hot">The tier in memory.</param>
/// <param name="Cold">The tier on disk.</param>
/// <param name="Misses">Parts asked for that no tier had.</param>
public sealed record CacheStatistics(TierStatistics Hot, TierStatistics Cold, long Misses);

/// <summary>A sealed part in a tier.</summary>
/// <param name="Tier"><c>hot</c> or <c>cold</c>.</param>
/// <param name="Name">File name of the part.</param>
/// <param name="Source">Canonical path of the source file.</param>
/// <param name="Element">Path of the element in it; empty for the tree of elements.</param>
/// <param name="Bytes">Size of the part.</param>
/// <param name="Pinned">True when some process has it mapped.</param>
/// <param name="Stale">True when the source has changed or gone since: nobody will ask for this part again.</param>
/// <param name="Derived">How it was made of the element: <c>twin</c>, <c>lookup feature_name</c>; null for the element itself.</param>
public sealed record StoredPart(
    string Tier, string Name, string Source, string Element, long Bytes, bool Pinned, bool Stale, string? Derived = null)
{
    /// <summary>True for an object that was put: it has no source, and <see cref="Element"/> is its name.</summary>
    public bool IsObject => Source.Length == 0;
}

/// <summary>An object that was put.</summary>
/// <param name="Name">Its name.</param>
/// <param name="File">Absolute path of its part, as long as it is neither overwritten, deleted nor evicted.</param>
/// <param name="Tier"><c>hot</c> or <c>cold</c>.</param>
/// <param name="Bytes">Size of the part.</param>
/// <param name="Replaced">True when it has taken the place of another object.</param>
public sealed record PutResult(string Name, string File, string Tier, long Bytes, bool Replaced);

/// <summary>How serious a <see cref="Finding"/> is.</summary>
public enum Severity
{
    /// <summary>All is well.</summary>
    Good,
    /// <summary>Works, but slower or smaller than it could.</summary>
    Advice,
    /// <summary>Something is broken or unsafe.</summary>
    Problem,
}

/// <summary>Something that an inspection of the store or the machine found.</summary>
/// <param name="Severity">How serious it is.</param>
/// <param name="Subject">What was looked at: a folder, a part, a limit.</param>
/// <param name="Fact">What is.</param>
/// <param name="Meaning">What follows from it.</param>
/// <param name="Remedy">What to do; empty when nothing is to be done.</param>
public sealed record Finding(Severity Severity, string Subject, string Fact, string Meaning, string Remedy);

/// <summary>How far a load is.</summary>
/// <param name="Element">The element that is being loaded.</param>
/// <param name="BytesDone">Bytes of the part that are filled.</param>
/// <param name="BytesTotal">Bytes of the part.</param>
public readonly record struct LoadProgress(string Element, long BytesDone, long BytesTotal);
