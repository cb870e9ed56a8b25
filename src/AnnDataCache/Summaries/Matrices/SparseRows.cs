using System.Numerics;

namespace AnnDataCache.Summaries;

/// <summary>Rows of a sparse column (cells of a csr, genes of a csc). Valid while the pinned element is.</summary>
/// <typeparam name="TIndex">Type of the indices.</typeparam>
/// <typeparam name="TValue">Type of the stored values.</typeparam>
/// <remarks>A part in a folder that a group shares may be forged: each row's offsets are checked before they are used.</remarks>
internal readonly unsafe struct SparseRows<TIndex, TValue>
    where TIndex : unmanaged, IBinaryInteger<TIndex>
    where TValue : unmanaged
{
    private readonly byte* _offsets;
    private readonly bool _wide;
    private readonly TIndex* _indices;
    private readonly TValue* _values;
    private readonly long _rows, _entries;
    private readonly string _name;

    internal SparseRows(PinnedColumn column)
    {
        (PinnedBuffer offsets, PinnedBuffer indices, PinnedBuffer values) = (column.Offsets, column.Indices, column.Values);
        _offsets = offsets.Address;
        _wide = offsets.Type == DType.Int64;
        _indices = (TIndex*)indices.Address;
        _values = (TValue*)values.Address;
        _entries = Math.Min(indices.ByteLength / sizeof(TIndex), values.ByteLength / sizeof(TValue));
        (_rows, _name) = (Math.Min(column.Rows, offsets.Count - 1), column.Name);
    }

    /// <summary>Stored entries of one row, as they lie in the part.</summary>
    internal void Take(long row, out ReadOnlySpan<TIndex> positions, out ReadOnlySpan<TValue> values)
    {
        if ((ulong)row >= (ulong)_rows) { throw Damaged(row); }
        (long start, long end) = _wide
            ? (((long*)_offsets)[row], ((long*)_offsets)[row + 1])
            : (((int*)_offsets)[row], ((int*)_offsets)[row + 1]);
        long count = end - start;
        if (start < 0 || end < start || count > int.MaxValue || start > _entries - count) { throw Damaged(row); }
        positions = new ReadOnlySpan<TIndex>(_indices + start, (int)count);
        values = new ReadOnlySpan<TValue>(_values + start, (int)count);
    }

    internal StoreException Damaged(long row) => new(
        CacheError.StoreUnusable, $"The part of '{_name}' is damaged in row {row}. Run 'anndata-cache verify'.");
}
