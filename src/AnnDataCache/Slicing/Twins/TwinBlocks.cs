using AnnDataCache.Parts;

namespace AnnDataCache.Slicing;

/// <summary>How the work on a twin is cut: rows into blocks that workers take, positions into ranges that a block is walked for.</summary>
/// <remarks>
/// Each block has a count for each position, so their number is bounded. A range is as wide as lines of it stay near the
/// processor, unless rows would be left and entered again for a handful of entries.
/// </remarks>
internal sealed class TwinBlocks
{
    /// <summary>Private memory of all blocks' counts; of all workers' lines; of all workers' cursors.</summary>
    private const long CountBytes = 32 << 20, LineBytes = 24 << 20, CursorBytes = 8 << 20;

    /// <summary>What one worker's lines may be: its share of a third-level cache. One range more costs more than lines that are not nearer.</summary>
    private const long CachedBytes = 4 << 20;

    private const int BlocksOfAWorker = 2, LeastEntries = 1 << 15, LeastRun = 32;

    private readonly int _workers;

    private TwinBlocks(long[] rows, int workers) => (Rows, _workers) = (rows, workers);

    /// <summary>Block i is rows <c>[Rows[i], Rows[i + 1])</c>; blocks have about as many entries each.</summary>
    internal long[] Rows { get; }

    internal int Count => Rows.Length - 1;

    internal static TwinBlocks Of(in SparseView source, int workers)
    {
        long affordable = CountBytes / sizeof(uint) / Math.Max(source.Minor, 1);
        long wanted = Math.Min(source.Entries / LeastEntries, (long)workers * BlocksOfAWorker);
        long least = (source.Major * sizeof(long) * workers / CursorBytes) + 1; // a cursor for each row of a block
        return new TwinBlocks(source.Cut((int)Math.Clamp(Math.Min(affordable, wanted), least, int.MaxValue)), workers);
    }

    /// <summary>The widest range.</summary>
    internal long WidthOf(in SparseView source, ColumnLayout twin)
    {
        int line = TwinLines.BytesOf(twin);
        long affordable = Math.Max(LineBytes / _workers / line, 1);
        if (!source.Canonical) { return Math.Min(affordable, source.Minor); } // each range reads all entries of unsorted rows
        long cached = CachedBytes / line;
        long run = (long)((double)source.Minor * source.Major * LeastRun / Math.Max(source.Entries, 1));
        long width = Math.Min(Math.Max(cached, run), affordable);
        long ranges = ((source.Minor - 1) / width) + 1;
        return ((source.Minor - 1) / ranges) + 1; // all ranges about as wide
    }
}
