using System.Numerics;
using System.Numerics.Tensors;
using AnnDataCache.Summaries;

namespace AnnDataCache.Batches;

/// <summary>Cells of a csr matrix.</summary>
internal sealed class SparseCells<TIndex, TValue> : CellReader
    where TIndex : unmanaged, IBinaryInteger<TIndex>
    where TValue : unmanaged, INumberBase<TValue>
{
    private readonly SparseRows<TIndex, TValue> _rows;
    private readonly RowMerger<TIndex, TValue>? _merger;
    private readonly bool _takesAll;
    private readonly int[] _slots; // column of each gene in the result, -1 when it was not asked for

    internal SparseCells(PinnedElement pinned, int[]? genes)
        : base(pinned, genes)
    {
        _rows = new SparseRows<TIndex, TValue>(pinned.Columns[0]);
        _merger = pinned.Columns[0].Canonical ? null : new RowMerger<TIndex, TValue>();
        _takesAll = genes is null;
        _slots = new int[checked((int)pinned.Info.Shape[1])];
        _slots.AsSpan().Fill(-1);
        for (int i = 0; i < Width; i++) { _slots[genes?[i] ?? i] = i; }
    }

    internal override void ReadDense(ReadOnlySpan<long> rows, Span<float> target)
    {
        target.Clear();
        for (int i = 0; i < rows.Length; i++)
        {
            Take(rows[i], out ReadOnlySpan<TIndex> genes, out ReadOnlySpan<TValue> values);
            Span<float> row = target.Slice(i * Width, Width);
            for (int entry = 0; entry < genes.Length; entry++)
            {
                int slot = SlotOf(genes[entry], rows[i]);
                if (slot >= 0) { row[slot] = float.CreateTruncating(values[entry]); }
            }
        }
    }

    internal override void ReadSparse(ReadOnlySpan<long> rows, Batch target)
    {
        int used = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            Take(rows[i], out ReadOnlySpan<TIndex> genes, out ReadOnlySpan<TValue> values);
            target.Reserve(used, genes.Length, out Span<int> indices, out Span<float> numbers);
            used += _takesAll ? Copy(rows[i], genes, values, indices, numbers) : Pick(rows[i], genes, values, indices, numbers);
            target.EndRow(i, used);
        }
    }

    private int Copy(long row, ReadOnlySpan<TIndex> genes, ReadOnlySpan<TValue> values, Span<int> indices, Span<float> numbers)
    {
        if (genes.IsEmpty) { return 0; }
        _ = SlotOf(TensorPrimitives.Min(genes), row);
        _ = SlotOf(TensorPrimitives.Max(genes), row);
        TensorPrimitives.ConvertTruncating(genes, indices);
        TensorPrimitives.ConvertTruncating(values, numbers);
        return genes.Length;
    }

    private int Pick(long row, ReadOnlySpan<TIndex> genes, ReadOnlySpan<TValue> values, Span<int> indices, Span<float> numbers)
    {
        int taken = 0;
        for (int entry = 0; entry < genes.Length; entry++)
        {
            int slot = SlotOf(genes[entry], row);
            if (slot >= 0) { (indices[taken], numbers[taken++]) = (slot, float.CreateTruncating(values[entry])); }
        }

        return taken;
    }

    private void Take(long row, out ReadOnlySpan<TIndex> genes, out ReadOnlySpan<TValue> values)
    {
        _rows.Take(row, out genes, out values);
        _merger?.Merge(ref genes, ref values);
    }

    private int SlotOf(TIndex index, long row)
    {
        ulong gene = ulong.CreateTruncating(index);
        return gene < (uint)_slots.Length ? _slots[(int)gene] : throw _rows.Damaged(row);
    }
}
