using System.Numerics;

namespace AnnDataCache.Summaries;

/// <summary>A csr matrix: every cell is read, whatever the number of genes.</summary>
internal sealed class ExpressionByCell<TIndex, TValue>(PinnedElement pinned) : ExpressionMatrix(pinned)
    where TIndex : unmanaged, IBinaryInteger<TIndex>
    where TValue : unmanaged, INumberBase<TValue>
{
    private readonly SparseRows<TIndex, TValue> _rows = new(pinned.Columns[0]);
    private readonly bool _canonical = pinned.Columns[0].Canonical;

    internal override void AddCells(long first, long end, TallyQuery query, Span<Tally> tallies)
    {
        RowMerger<TIndex, TValue>? merger = _canonical ? null : new();
        ReadOnlySpan<int> slots = query.Slots;
        for (long cell = first; cell < end; cell++)
        {
            int group = query.Groups is null ? 0 : query.Groups[cell];
            if (group < 0) { continue; }
            _rows.Take(cell, out ReadOnlySpan<TIndex> genes, out ReadOnlySpan<TValue> values);
            merger?.Merge(ref genes, ref values);
            for (int i = 0; i < genes.Length; i++)
            {
                ulong gene = ulong.CreateTruncating(genes[i]);
                if (gene >= (uint)slots.Length) { throw _rows.Damaged(cell); }
                int slot = slots[(int)gene];
                if (slot >= 0) { tallies[(slot * query.GroupCount) + group].Add(double.CreateTruncating(values[i]), query.Cutoff); }
            }
        }
    }
}
