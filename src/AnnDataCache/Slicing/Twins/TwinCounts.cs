using AnnDataCache.Containers;

namespace AnnDataCache.Slicing;

/// <summary>The first pass over a sparse part: entries of each minor position, and whether all values are whole numbers.</summary>
/// <remarks>
/// The rows are dealt out to slices of about as many entries; each slice counts for itself, so that the second pass knows
/// where each of them writes without asking the others.
/// </remarks>
internal sealed unsafe class TwinCounts
{
    /// <summary>More slices than workers even out their speed; each has its own counts, which must stay small.</summary>
    private const int SlicesPerWorker = 4;

    private const long CountBytes = 32 << 20;
    private const int BlockEntries = 1 << 14;

    private readonly SparseView _source;

    private TwinCounts(SparseView source, int slices)
    {
        _source = source;
        Cuts = source.Cut(slices);
        Starts = new long[slices][];
        Offsets = new long[source.Minor + 1];
    }

    /// <summary>Rows of slice i: <c>[Cuts[i], Cuts[i + 1])</c>.</summary>
    internal long[] Cuts { get; }

    internal int Slices => Starts.Length;

    /// <summary>For each slice and minor position, where its entries start in the twin.</summary>
    internal long[][] Starts { get; }

    /// <summary>The twin's offsets: one for each minor position, and the end.</summary>
    internal long[] Offsets { get; }

    /// <summary>The type that the twin's values get.</summary>
    internal DType ValueType { get; private set; }

    /// <exception cref="StoreException">The source part is damaged.</exception>
    internal static TwinCounts Of(SparseView source, ReadContext context)
    {
        long affordable = CountBytes / (Math.Max(source.Minor, 1) * sizeof(long));
        int slices = (int)Math.Clamp(affordable, context.Workers, SlicesPerWorker * context.Workers);
        TwinCounts counts = new(source, slices);
        counts.CountAll(context);
        counts.PlaceAll();
        return counts;
    }

    private void CountAll(ReadContext context)
    {
        WholeRange[] ranges = new WholeRange[Slices];
        bool whole = WholeNumbers.MayNarrow(_source.StoredType);
        Crew.ForEach(Slices, context.Workers, slice =>
        {
            Starts[slice] = new long[_source.Minor];
            ranges[slice] = WholeRange.Empty;
            if (Cuts[slice] == Cuts[slice + 1]) { return; }
            (long start, long end) = (_source.Row(Cuts[slice]).Start, _source.Row(Cuts[slice + 1] - 1).End);
            for (long at = start; at < end; at += BlockEntries)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                int count = (int)Math.Min(BlockEntries, end - at);
                Count(at, count, Starts[slice]);
                if (Volatile.Read(ref whole) && !Extend(at, count, ref ranges[slice])) { Volatile.Write(ref whole, false); }
            }
        }, context.Cancellation);
        WholeRange all = ranges.Aggregate(WholeRange.Empty, (sum, range) => sum.With(range.Min, range.Max));
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

    private static void Count(ReadOnlySpan<int> indices, long[] counts)
    {
        foreach (int index in indices)
        {
            if ((uint)index >= (uint)counts.Length) { throw OutOfRange(index, counts.Length); }
            counts[index]++;
        }
    }

    private static void Count(ReadOnlySpan<long> indices, long[] counts)
    {
        foreach (long index in indices)
        {
            if ((ulong)index >= (ulong)counts.Length) { throw OutOfRange(index, counts.Length); }
            counts[index]++;
        }
    }

    /// <summary>Turns counts into places: of one minor position the slices follow each other, so that rows stay in order.</summary>
    private void PlaceAll()
    {
        long at = 0;
        for (long minor = 0; minor < _source.Minor; minor++)
        {
            Offsets[minor] = at;
            foreach (long[] starts in Starts)
            {
                long count = starts[minor];
                starts[minor] = at;
                at += count;
            }
        }

        Offsets[_source.Minor] = at;
        if (at != _source.Entries) { throw SparseView.Damaged($"its rows have {at:N0} entries where {_source.Entries:N0} are stored"); }
    }

    internal static StoreException OutOfRange(long index, long limit) => SparseView.Damaged($"index {index:N0} is outside 0 … {limit - 1:N0}");
}
