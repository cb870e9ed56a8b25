using System.Numerics;
using System.Runtime.InteropServices;

namespace AnnDataCache.Batches;

/// <summary>Cells of a dense matrix in C order.</summary>
internal sealed unsafe class DenseCells<TValue>(PinnedElement pinned, int[]? genes) : CellReader(pinned, genes)
    where TValue : unmanaged, INumberBase<TValue>
{
    private readonly TValue* _values = (TValue*)pinned.Columns[0].Values.Address;
    private readonly int[]? _genes = genes;
    private readonly long _rows = pinned.Info.Shape[0], _columns = pinned.Info.Shape[1];

    internal override void ReadDense(ReadOnlySpan<long> rows, Span<float> target)
    {
        for (int i = 0; i < rows.Length; i++) { CopyRow(rows[i], target.Slice(i * Width, Width)); }
    }

    internal override void ReadSparse(ReadOnlySpan<long> rows, Batch target)
    {
        float[] row = new float[Width];
        int used = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            CopyRow(rows[i], row);
            target.Reserve(used, Width, out Span<int> indices, out Span<float> numbers);
            int taken = 0;
            for (int column = 0; column < row.Length; column++)
            {
                if (row[column] != 0) { (indices[taken], numbers[taken++]) = (column, row[column]); } // NaN is kept
            }

            target.EndRow(i, used += taken);
        }
    }

    private void CopyRow(long row, Span<float> target)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)row, (ulong)_rows);
        ReadOnlySpan<TValue> stored = new(_values + (row * _columns), (int)_columns);
        if (_genes is not null)
        {
            for (int i = 0; i < target.Length; i++) { target[i] = float.CreateTruncating(stored[_genes[i]]); }
        }
        else if (typeof(TValue) == typeof(float)) { MemoryMarshal.Cast<TValue, float>(stored).CopyTo(target); }
        else
        {
            for (int i = 0; i < target.Length; i++) { target[i] = float.CreateTruncating(stored[i]); }
        }
    }
}
