using System.Runtime.CompilerServices;
using AnnDataCache.Containers;

namespace AnnDataCache.Slicing;

/// <summary>The first pass over a sparse part: entries of each minor position, and whether all values are whole numbers.</summary>
internal sealed unsafe class TwinCounts
{
    private const int BlockEntries = 1 << 14;

    private readonly SparseView _source;

    private TwinCounts(in SparseView source) => (_source, Offsets) = (source, new long[source.Minor + 1]);

    /// <summary>The twin's offsets: one for each minor position, and the end.</summary>
    internal long[] Offsets { get; }

    /// <summary>The type that the twin's values get.</summary>
    internal DType ValueType { get; private set; }

    /// <exception cref="StoreException">The source part is damaged.</exception>
    internal static TwinCounts Of(in SparseView source, ReadContext context)
    {
        TwinCounts counts = new(source);
        counts.CountAll(context);
        return counts;
    }

    private void CountAll(ReadContext context)
    {
        int pieces = context.Workers;
        long[][] counts = new long[pieces][];
        WholeRange[] ranges = new WholeRange[pieces];
        bool whole = WholeNumbers.MayNarrow(_source.StoredType);
        Crew.ForEach(pieces, context.Workers, piece =>
        {
            counts[piece] = new long[_source.Minor];
            ranges[piece] = WholeRange.Empty;
            long end = Crew.At(_source.Entries, pieces, piece + 1);
            for (long at = Crew.At(_source.Entries, pieces, piece); at < end; at += BlockEntries)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                int count = (int)Math.Min(BlockEntries, end - at);
                Count(at, count, counts[piece]);
                if (Volatile.Read(ref whole) && !Extend(at, count, ref ranges[piece])) { Volatile.Write(ref whole, false); }
            }
        }, context.Cancellation);
        long sum = 0;
        for (long minor = 0; minor < _source.Minor; minor++)
        {
            Offsets[minor] = sum;
            foreach (long[] of in counts) { sum += of[minor]; }
        }

        Offsets[_source.Minor] = sum;
        WholeRange all = ranges.Aggregate(WholeRange.Empty, (total, range) => total.With(range.Min, range.Max));
        ValueType = whole && _source.Entries > 0 ? WholeNumbers.Smallest(_source.StoredType, all) : _source.StoredType;
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
