namespace AnnDataCache.Batches;

// In which order an epoch visits the cells. The order follows from (seed, epoch) and the options alone, not from the worker:
// batch j of an epoch is positions [j × size, (j + 1) × size) of it, and belongs to worker j mod workers. Hence
//
//   B1  The workers' batches are disjoint, and together they are the epoch, whatever their number.
//   B2  The same (seed, epoch) gives the same batches, in C# and in Python.

/// <summary>The order of one epoch: positions 0 … <see cref="Length"/> − 1, each a row, or an index into a selection.</summary>
internal abstract class RowOrder(long length)
{
    internal long Length { get; } = length;

    /// <summary>Makes the order of an epoch.</summary>
    internal virtual void Begin(long epoch)
    {
    }

    /// <summary>What is visited at [start, start + rows.Length).</summary>
    internal abstract void Fill(long start, Span<long> rows);
}

/// <summary>As the cells are stored.</summary>
internal sealed class StoredOrder(long length) : RowOrder(length)
{
    internal override void Fill(long start, Span<long> rows)
    {
        for (int i = 0; i < rows.Length; i++) { rows[i] = start + i; }
    }
}

/// <summary>
/// Blocks of neighbouring rows in random order, and within each window of them the rows in random order: nearly as mixed as a
/// full shuffle, while pages are still read in runs.
/// </summary>
internal sealed class BlockShuffledOrder(long length, long seed, int blockRows, int windowRows) : RowOrder(length)
{
    private readonly long[] _blocks = new long[(length + blockRows - 1) / blockRows];
    private readonly ulong[] _hashes = new ulong[Math.Max((length + blockRows - 1) / blockRows, Math.Min(windowRows, length))];
    private readonly long[] _window = new long[Math.Min(windowRows, length)];
    private long _shortRank, _loaded = -1;
    private ulong _rowKey;

    internal override void Begin(long epoch)
    {
        ulong key = RowHash.Key(seed, epoch, RowHash.BlockStream);
        _rowKey = RowHash.Key(seed, epoch, RowHash.RowStream);
        _loaded = -1;
        for (long block = 0; block < _blocks.LongLength; block++) { (_blocks[block], _hashes[block]) = (block, RowHash.Of(key, block)); }
        Array.Sort(_hashes, _blocks, 0, _blocks.Length);
        _shortRank = Length % blockRows == 0 ? long.MaxValue : Array.IndexOf(_blocks, _blocks.LongLength - 1);
    }

    internal override void Fill(long start, Span<long> rows)
    {
        while (rows.Length > 0)
        {
            long window = start / windowRows;
            if (window != _loaded) { Load(window); }
            int inside = (int)(start % windowRows), count = Math.Min(rows.Length, windowRows - inside);
            _window.AsSpan(inside, count).CopyTo(rows);
            rows = rows[count..];
            start += count;
        }
    }

    private void Load(long window)
    {
        long first = window * windowRows;
        int count = (int)Math.Min(windowRows, Length - first);
        for (int i = 0; i < count; i++)
        {
            _window[i] = RowAt(first + i);
            _hashes[i] = RowHash.Of(_rowKey, _window[i]);
        }

        Array.Sort(_hashes, _window, 0, count);
        _loaded = window;
    }

    /// <summary>The last block of the file may be shorter than the others, and stands anywhere in the order.</summary>
    private long RowAt(long position)
    {
        if (position / blockRows < _shortRank) { return (_blocks[position / blockRows] * blockRows) + (position % blockRows); }
        long inShort = position - (_shortRank * blockRows), shortRows = Length % blockRows;
        if (inShort < shortRows) { return (_blocks[_shortRank] * blockRows) + inShort; }
        long beyond = position - shortRows;
        return (_blocks[(beyond / blockRows) + 1] * blockRows) + (beyond % blockRows);
    }
}
