using AnnDataCache.Parts;

namespace AnnDataCache.Slicing;

/// <summary>The entries of a sparse part as they lie in the mapping. Valid while the part is pinned.</summary>
/// <remarks>
/// A sealed part of this program holds what its layout says, but whoever may write the tier's folder can forge one: offsets
/// are checked where a row is taken, and an index before it leads anywhere.
/// </remarks>
internal readonly unsafe struct SparseView
{
    private readonly byte* _offsets;

    private SparseView(PartView part)
    {
        ColumnLayout column = part.Layout.Columns[0];
        bool byObservation = part.Layout.Kind == PartKind.Csr;
        (Major, Minor) = byObservation ? (part.Layout.Shape[0], part.Layout.Shape[1]) : (part.Layout.Shape[1], part.Layout.Shape[0]);
        (IsCsr, Canonical) = (byObservation, column.Canonical);
        (OffsetType, IndexType, StoredType) = (column.OffsetType, column.IndexType, column.Type);
        ValueType = column.Stored is { } stored && stored.TryGetValue("data", out string? original) ? DTypes.Parse(original) : column.Type;
        Entries = column.Values.Length / column.Type.Size();
        _offsets = part.Address(column.Offsets);
        Indices = part.Address(column.Indices);
        Values = part.Address(column.Values);
    }

    /// <summary>True when a row is an observation, false when it is a variable.</summary>
    internal bool IsCsr { get; }

    /// <summary>Rows: the axis that is stored row by row.</summary>
    internal long Major { get; }

    /// <summary>Length of the other axis.</summary>
    internal long Minor { get; }

    internal long Entries { get; }

    /// <summary>True when indices increase strictly within each row.</summary>
    internal bool Canonical { get; }

    internal DType OffsetType { get; }

    internal DType IndexType { get; }

    /// <summary>Type of the values in the part.</summary>
    internal DType StoredType { get; }

    /// <summary>Type of the values in the source: wider than the stored one in a twin of whole numbers.</summary>
    internal DType ValueType { get; }

    internal byte* Indices { get; }

    internal byte* Values { get; }

    private SparseView(SparseSlice slice, byte* offsets, byte* indices, byte* values)
    {
        (Major, Minor, Entries, IsCsr) = (slice.Rows, slice.Columns, slice.Indices.Length, true);
        (OffsetType, IndexType, StoredType, ValueType) = (DType.Int64, DType.Int32, slice.Type, slice.Type);
        _offsets = offsets;
        Indices = indices;
        Values = values;
    }

    internal static SparseView Of(PartView part) => new(part);

    /// <summary>A slice's arrays, which the caller keeps in place.</summary>
    internal static SparseView Of(SparseSlice slice, byte* offsets, byte* indices, byte* values) => new(slice, offsets, indices, values);

    /// <summary>Positions of a row's entries.</summary>
    /// <exception cref="StoreException">The part's offsets are damaged.</exception>
    internal (long Start, long End) Row(long major)
    {
        (long start, long end) = OffsetType == DType.Int32
            ? (((int*)_offsets)[major], ((int*)_offsets)[major + 1])
            : (((long*)_offsets)[major], ((long*)_offsets)[major + 1]);
        return start >= 0 && end >= start && end <= Entries ? (start, end) : throw Damaged($"row {major:N0} has entries {start:N0} to {end:N0} of {Entries:N0}");
    }

    /// <summary>The first row that starts at or after a position, so that rows can be dealt out by their entries.</summary>
    internal long RowAt(long position)
    {
        long low = 0, high = Major;
        while (low < high)
        {
            long middle = low + ((high - low) / 2);
            if (Row(middle).Start < position) { low = middle + 1; } else { high = middle; }
        }

        return low;
    }

    /// <summary>Cuts the rows into pieces of about as many entries each: piece i is rows <c>[cuts[i], cuts[i + 1])</c>.</summary>
    internal long[] Cut(int pieces)
    {
        long[] cuts = new long[pieces + 1];
        for (int i = 1; i < pieces; i++) { cuts[i] = Math.Max(cuts[i - 1], RowAt(Crew.At(Entries, pieces, i))); }
        cuts[pieces] = Major;
        return cuts;
    }

    internal static StoreException OutOfRange(long index, long limit) => Damaged($"index {index:N0} is outside 0 … {limit - 1:N0}");

    internal static StoreException Damaged(string what) => new(
        CacheError.StoreUnusable, $"A part of the store is damaged: {what}. Run 'anndata-cache verify' and load it again.");
}
