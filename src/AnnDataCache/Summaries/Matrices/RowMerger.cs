using System.Numerics;

namespace AnnDataCache.Summaries;

/// <summary>
/// Puts a row's entries into the order of their positions and adds up those that repeat one, in the type of the values, as
/// scipy's <c>sum_duplicates</c> does. For matrices that are not canonical; one for each thread.
/// </summary>
internal sealed class RowMerger<TIndex, TValue>
    where TIndex : unmanaged, IBinaryInteger<TIndex>
    where TValue : unmanaged, INumberBase<TValue>
{
    private (TIndex Position, int Entry)[] _order = [];
    private TIndex[] _positions = [];
    private TValue[] _values = [];

    /// <summary>Replaces both spans by ones that stay valid until the next call.</summary>
    internal void Merge(ref ReadOnlySpan<TIndex> positions, ref ReadOnlySpan<TValue> values)
    {
        if (_order.Length < positions.Length)
        {
            int room = Math.Max(positions.Length, 2 * _order.Length);
            (_order, _positions, _values) = (new (TIndex, int)[room], new TIndex[room], new TValue[room]);
        }

        for (int i = 0; i < positions.Length; i++) { _order[i] = (positions[i], i); }
        _order.AsSpan(0, positions.Length).Sort(); // by position, then by entry: sums have one order
        int count = 0;
        for (int i = 0; i < positions.Length; i++)
        {
            (TIndex position, int entry) = _order[i];
            if (count > 0 && _positions[count - 1] == position) { _values[count - 1] += values[entry]; }
            else { (_positions[count], _values[count++]) = (position, values[entry]); }
        }

        positions = _positions.AsSpan(0, count);
        values = _values.AsSpan(0, count);
    }
}
