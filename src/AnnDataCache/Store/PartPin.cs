using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Store;

/// <summary>A mapped part that cannot be evicted: one handle of possibly several to the same mapping.</summary>
/// <remarks>Owned by whoever got it; the mapping ends with the last handle. A handle that is lost is released by its finalizer.</remarks>
internal sealed class PartPin : IDisposable
{
    private readonly Shared _shared;
    private int _released;

    internal PartPin(PartName name, TierKind tier, string folder, PartView view, in FileStat stat)
        : this(new Shared(name, tier, folder, view, stat))
    {
    }

    private PartPin(Shared shared) => _shared = shared;

    ~PartPin() => Release();

    internal PartName Name => _shared.Name;

    internal TierKind Tier => _shared.Tier;

    /// <summary>Path of the file, as long as it is not evicted.</summary>
    internal string Path => $"{_shared.Folder}/parts/{_shared.Name.Value}";

    internal PartView View => _shared.View;

    /// <summary>Bytes of the file.</summary>
    internal long Length => _shared.Stat.Size;

    /// <summary>The file as it was when it was mapped.</summary>
    internal FileStat Stat => _shared.Stat;

    /// <summary>Another handle to the same mapping.</summary>
    internal PartPin Retain()
    {
        ObjectDisposedException.ThrowIf(_released != 0, this);
        Interlocked.Increment(ref _shared.Handles); // this handle is alive, so the count cannot reach 0 meanwhile
        return new PartPin(_shared);
    }

    /// <summary>True when both are handles to one mapping.</summary>
    internal bool IsSame(PartPin other) => _shared == other._shared;

    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        // Exchange: of two disposers of one handle only the first counts down, else the mapping of others would end.
        if (Interlocked.Exchange(ref _released, 1) == 0 && Interlocked.Decrement(ref _shared.Handles) == 0) { _shared.View.Dispose(); }
    }

    private sealed class Shared(PartName name, TierKind tier, string folder, PartView view, FileStat stat)
    {
        internal readonly PartName Name = name;
        internal readonly TierKind Tier = tier;
        internal readonly string Folder = folder;
        internal readonly PartView View = view;
        internal readonly FileStat Stat = stat;
        internal int Handles = 1;
    }
}
