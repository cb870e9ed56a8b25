using System.Runtime.CompilerServices;
using AnnDataCache.Containers;

namespace AnnDataCache.Slicing;

/// <summary>The first pass over a sparse part: entries of each minor position in each block of rows, and whether all values are whole numbers.</summary>
internal sealed unsafe class TwinCounts
{
    private const int PieceEntries = 1 << 14;

    private readonly SparseView _source;

    /// <summary>By block, for each position: its entries in the block while they are counted, then where they start in the twin. Last, where all end.</summary>
    private readonly long[][] _places;

    private TwinCounts(in SparseView source, TwinBlocks blocks)
    {
        (_source, Blocks) = (source, blocks);
        _places = new long[blocks.Count + 1][];
    }

    internal TwinBlocks Blocks { get; }

    /// <summary>The twin's offsets, but for the last, which is the number of entries.</summary>
    internal long[] Offsets => _places[0];

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

    /// <summary>For each position, where a block's entries go in the twin: <c>[starts, ends)</c>.</summary>
    internal (long[] Starts, long[] Ends) PlacesOf(int block) => (_places[block], _places[block + 1]);

    private void CountAll(ReadContext context)
    {
        WholeRange[] ranges = new WholeRange[Blocks.Count];
        bool whole = WholeNumbers.MayNarrow(_source.StoredType);
        Crew.ForEach(Blocks.Count, context.Workers, block =>
        {
            long[] counts = _places[block] = new long[_source.Minor];
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

    /// <summary>All entries are counted, whichever rows the offsets give them to: the second pass finds out when those are damaged.</summary>
    private long FirstEntry(int block) => block == 0 ? 0 : block == Blocks.Count ? _source.Entries : _source.Row(Blocks.Rows[block]).Start;

    /// <summary>Of one position the blocks' entries follow each other (T1), and those of one position follow those of the one before.</summary>
    private void PlaceAll()
    {
        long[] ends = _places[^1] = new long[_source.Minor];
        long sum = 0;
        for (long minor = 0; minor < _source.Minor; minor++)
        {
            foreach (long[] block in _places.AsSpan(0, Blocks.Count)) { (block[minor], sum) = (sum, sum + block[minor]); }
            ends[minor] = sum;
        }
    }

    private bool Extend(long at, int count, ref WholeRange range)
    {
        int size = _source.StoredType.Size();
        return WholeNumbers.Extend(_source.StoredType, new ReadOnlySpan<byte>(_source.Values + (at * size), count * size), ref range);
    }

    private void Count(long at, int count, long[] counts)
    {
        if (_source.IndexType == DType.Int32) { Count(new ReadOnlySpan<int>((int*)_source.Indices + at, count), counts); }
        else { Count(new ReadOnlySpan<long>((long*)_source.Indices + at, count), counts); }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // the run-time compiler must not begin with slow code
    private static void Count(ReadOnlySpan<int> indices, long[] counts)
    {
        foreach (int index in indices)
        {
            if ((uint)index >= (uint)counts.Length) { throw SparseView.OutOfRange(index, counts.Length); }
            counts[index]++;
        }
    }

    private static void Count(ReadOnlySpan<long> indices, long[] counts)
    {
        foreach (long index in indices)
        {
            if ((ulong)index >= (ulong)counts.Length) { throw SparseView.OutOfRange(index, counts.Length); }
            counts[index]++;
        }
    }
}
