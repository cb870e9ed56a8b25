namespace AnnDataCache.Interop;

/// <summary>So many bytes of private memory, of which several threads take what they need.</summary>
internal sealed class ByteBudget(long bytes)
{
    private long _left = bytes;

    /// <summary>False when so many are not left: the caller does without.</summary>
    internal bool TryTake(long count)
    {
        if (Interlocked.Add(ref _left, -count) >= 0) { return true; }
        Return(count);
        return false;
    }

    internal void Return(long count) => Interlocked.Add(ref _left, count);
}
