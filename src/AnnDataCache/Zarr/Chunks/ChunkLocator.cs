using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>Where a chunk's stored bytes are.</summary>
/// <param name="Value">What holds them; the locator that found it owns it.</param>
/// <param name="Offset">In the value.</param>
/// <param name="Length">Stored bytes.</param>
internal readonly record struct StoredRange(StoredValue Value, long Offset, long Length)
{
    /// <summary>Fills the span from an offset in the chunk.</summary>
    internal void Read(long offset, Span<byte> bytes) => Value.Read(Offset + offset, bytes);
}

/// <summary>Finds the stored bytes of chunks: values of their own, or ranges of a shard. One thread's; the last value stays open.</summary>
internal sealed class ChunkLocator(ZarrChunks array) : IDisposable
{
    private readonly long[] _at = new long[array.Grid.Rank];
    private StoredValue? _open;
    private long[]? _index;
    private long _key = -1;

    /// <summary>Where a chunk's bytes are; false when it was never written.</summary>
    /// <param name="number">Its number in the array's grid.</param>
    /// <param name="place">Valid until the next call.</param>
    internal bool TryFind(long number, out StoredRange place)
    {
        ArrayMetadata metadata = array.Metadata;
        array.Grid.Locate(number, _at);
        long key = 0, slot = 0;
        for (int i = 0; i < _at.Length; i++)
        {
            long inside = metadata.Stored[i] / metadata.Chunk[i];
            (long outer, long inner) = Math.DivRem(_at[i], inside);
            key = (key * ChunkGrid.CountOn(metadata.Shape[i], metadata.Stored[i])) + outer;
            slot = (slot * inside) + inner;
            _at[i] = outer;
        }

        if (key != _key) { Open(key); }
        place = new StoredRange(_open!, 0, _open?.Length ?? 0);
        if (_open is null || _index is null) { return _open is not null; }
        place = new StoredRange(_open, _index[2 * slot], _index[(2 * slot) + 1]);
        return place.Offset != ShardIndexes.Missing;
    }

    public void Dispose() => _open?.Dispose();

    private void Open(long key)
    {
        _open?.Dispose();
        (_open, _index, _key) = (null, null, -1);
        _open = array.Store.Open(KeyStore.Join(array.Prefix, array.Metadata.Keys.Of(_at)));
        if (_open is not null && array.Indexes is { } indexes) { _index = indexes.Of(key, _open); }
        _key = key;
    }
}
