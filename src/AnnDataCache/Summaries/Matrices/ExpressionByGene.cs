using System.Numerics;

namespace AnnDataCache.Summaries;

/// <summary>A csc matrix: only the genes that are asked for are read.</summary>
internal sealed class ExpressionByGene<TIndex, TValue>(PinnedElement pinned) : ExpressionMatrix(pinned)
    where TIndex : unmanaged, IBinaryInteger<TIndex>
    where TValue : unmanaged, INumberBase<TValue>
{
    private readonly SparseRows<TIndex, TValue> _rows = new(pinned.Columns[0]);
    private readonly bool _canonical = pinned.Columns[0].Canonical;

    internal override bool ByGene => true;

    internal override void AddGene(int gene, TallyQuery query, Span<Tally> tallies)
    {
        _rows.Take(gene, out ReadOnlySpan<TIndex> cells, out ReadOnlySpan<TValue> values);
        if (!_canonical) { new RowMerger<TIndex, TValue>().Merge(ref cells, ref values); }
        Tally[] stripe = new Tally[query.GroupCount];
        for (int start = 0; start < cells.Length;)
        {
            ulong stripeEnd = ((ulong.CreateTruncating(cells[start]) / Tally.StripeCells) + 1) * Tally.StripeCells;
            stripe.AsSpan().Clear();
            start = AddStripe(start, stripeEnd, gene, cells, values, query, stripe);
            for (int group = 0; group < stripe.Length; group++) { tallies[group].Add(stripe[group]); }
        }
    }

    /// <summary>Adds entries until one belongs to the next stripe, and returns where that is.</summary>
    private int AddStripe(
        int start, ulong stripeEnd, int gene, ReadOnlySpan<TIndex> cells, ReadOnlySpan<TValue> values, TallyQuery query, Span<Tally> stripe)
    {
        ReadOnlySpan<short> groups = query.Groups;
        int i = start;
        for (; i < cells.Length; i++)
        {
            ulong cell = ulong.CreateTruncating(cells[i]);
            if (cell >= stripeEnd) { break; }
            if (cell >= (ulong)Cells) { throw _rows.Damaged(gene); }
            int group = query.Groups is null ? 0 : groups[(int)cell];
            if (group >= 0) { stripe[group].Add(double.CreateTruncating(values[i]), query.Cutoff); }
        }

        return i == start ? throw _rows.Damaged(gene) : i;
    }
}
