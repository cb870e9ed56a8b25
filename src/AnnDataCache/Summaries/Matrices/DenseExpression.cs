using System.Numerics;

namespace AnnDataCache.Summaries;

/// <summary>A dense matrix in C order: of every cell the genes that are asked for are read.</summary>
internal sealed unsafe class DenseExpression<TValue>(PinnedElement pinned) : ExpressionMatrix(pinned)
    where TValue : unmanaged, INumberBase<TValue>
{
    private readonly TValue* _values = (TValue*)pinned.Columns[0].Values.Address;

    internal override void AddCells(long first, long end, TallyQuery query, Span<Tally> tallies)
    {
        ReadOnlySpan<int> wanted = query.Genes;
        for (long cell = first; cell < end; cell++)
        {
            int group = query.Groups is null ? 0 : query.Groups[cell];
            if (group < 0) { continue; }
            ReadOnlySpan<TValue> genes = new(_values + (cell * Genes), (int)Genes);
            for (int slot = 0; slot < wanted.Length; slot++)
            {
                tallies[(slot * query.GroupCount) + group].Add(double.CreateTruncating(genes[wanted[slot]]), query.Cutoff);
            }
        }
    }
}
