using System.Runtime.CompilerServices;
using AnnDataCache.Containers;

namespace AnnDataCache.Slicing;

/// <summary>The first pass over a sparse part: entries of each position in each block of rows, and whether all values are whole.</summary>
internal sealed unsafe class TwinCounts
{
    private const int PieceEntries = 1 << 14;

    private readonly SparseView _source;

    /// <summary>
    /// By block, for each position: its entries in the block while they are counted, then how many those of the blocks before are.
    /// Last, how many all are.
    /// </summary>
    private readonly uint[][] _counts;

    private TwinCounts(in SparseView source, TwinBlocks blocks)
    {
        (_source, Blocks, Offsets) = (source, blocks, new long[source.Minor + 1]);
        _counts = new uint[blocks.Count + 1][];
    }

    internal TwinBlocks Blocks { get; }

    /// <summary>The twin's offsets: one for each minor position, and the end.</summary>
    internal long[] Offsets { get; }

    /// <summary>The type that the twin's values get.</summary>
    internal DType ValueType { get; private set; }

    /// <exception cref="StoreException">The source part is damaged.</exception>
    internal static TwinCounts Of(in SparseView source, ReadContext context)
    {
        TwinCounts counts = new(source, TwinBlocks.Of(source, context.Workers));
        counts.CountAll(context);
        counts.PlaceAll();
        return counts;
    }

    /// <summary>For each position, which of its entries are a block's: <c>[starts, ends)</c>.</summary>
    internal (uint[] Starts, uint[] Ends) PlacesOf(int block) => (_counts[block], _counts[block + 1]);

    private void CountAll(ReadContext context)
    {
        WholeRange[] ranges = new WholeRange[Blocks.Count];
        bool whole = WholeNumbers.MayNarrow(_source.StoredType);
        Crew.ForEach(Blocks.Count, context.Workers, block =>
        {
            uint[] counts = _counts[block] = new uint[_source.Minor];
            ranges[block] = WholeRange.Empty;
            long end = FirstEntry(block + 1);
            for (long at = FirstEntry(block); at < end; at += PieceEntries)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                int count = (int)Math.Min(PieceEntries, end - at);
                Count(at, count, counts);
                if (Volatile.Read(ref whole) && !Extend(at, count, ref ranges[block])) { Volatile.Write(ref whole, false); }
            }
        }, context.Cancellation);
        WholeRange all = ranges.Aggregate(WholeRange.Empty, (total, range) => total.With(range.Min, range.Max));
        ValueType = whole && _source.Entries > 0 ? WholeNumbers.Smallest(_source.StoredType, all) : _source.StoredType;
    }

    /// <summary>All entries are counted, whichever rows they belong to: the second pass finds out when offsets are damaged.</summary>
    private long FirstEntry(int block) => block == 0 ? 0 : block == Blocks.Count ? _source.Entries : _source.Row(Blocks.Rows[block]).Start;

    /// <summary>Within a position the blocks' entries follow each other (T1); positions follow each other.</summary>
    private void PlaceAll()
    {
        uint[] ends = _counts[^1] = new uint[_source.Minor];
        for (long minor = 0; minor < _source.Minor; minor++)
        {
            long sum = 0;
            foreach (uint[] block in _counts.AsSpan(0, Blocks.Count)) { (block[minor], sum) = ((uint)sum, sum + block[minor]); }
            if (sum > uint.MaxValue - TwinLines.CacheLine) { throw TooMany(minor, sum); }
            ends[minor] = (uint)sum;
            Offsets[minor + 1] = Offsets[minor] + sum;
        }
    }

    private static StoreException TooMany(long position, long entries) => new(
        CacheError.TooLarge,
        $"Position {position:N0} has {entries:N0} entries; in a twin it may have {uint.MaxValue - TwinLines.CacheLine:N0}. Slices are scanned.");

    private bool Extend(long at, int count, ref WholeRange range)
    {
        int size = _source.StoredType.Size();
        return WholeNumbers.Extend(_source.StoredType, new ReadOnlySpan<byte>(_source.Values + (at * size), count * size), ref range);
    }

    private void Count(long at, int count, uint[] counts)
    {
        if (_source.IndexType == DType.Int32) { Count(new ReadOnlySpan<int>((int*)_source.Indices + at, count), counts); }
        else { Count(new ReadOnlySpan<long>((long*)_source.Indices + at, count), counts); }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // the run-time compiler must not begin with slow code
    private static void Count(ReadOnlySpan<int> indices, uint[] counts)
    {
        foreach (int index in indices)
        {
            if ((uint)index >= (uint)counts.Length) { throw SparseView.OutOfRange(index, counts.Length); }
            counts[index]++;
        }
    }

    private static void Count(ReadOnlySpan<long> indices, uint[] counts)
    {
        foreach (long index in indices)
        {
            if ((ulong)index >= (ulong)counts.Length) { throw SparseView.OutOfRange(index, counts.Length); }
            counts[index]++;
        }
    }
}
