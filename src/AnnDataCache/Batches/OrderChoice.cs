using AnnDataCache.Summaries;

namespace AnnDataCache.Batches;

/// <summary>Makes the order that the options ask for.</summary>
internal sealed class OrderChoice(CachedAnnData data, BatchOptions options, long rows, long[]? selection, CancellationToken cancellation)
{
    /// <exception cref="ElementException">The column is not there, does not fit the matrix, or has weights that are none.</exception>
    internal RowOrder Make()
    {
        long length = selection?.LongLength ?? rows;
        if (options.WeightBy is not null) { return new WeightedOrder(Weights(options.WeightBy), options.WeightBy, options.Seed); }
        if (options.StratifyBy is not null)
        {
            Grouping strata = Groups(options.StratifyBy, column => Grouping.Of(column));
            return new StratifiedOrder(Select(strata.CodeOfCell), strata.Labels.Length, options.Seed);
        }

        return options.Shuffle
            ? new BlockShuffledOrder(length, options.Seed, options.BlockRows, options.WindowRows)
            : new StoredOrder(length);
    }

    private double[] Weights(string column) => Groups(column, pinned =>
    {
        if (!NumberColumn.IsNumeric(pinned)) { return EqualShares(Select(Grouping.Of(pinned).CodeOfCell)); }
        double[] weights = new double[pinned.Rows];
        NumberColumn.Open(pinned).Read(0, weights);
        return Select(weights);
    });

    /// <summary>Weights with which each group is drawn equally often: one through its number of rows.</summary>
    private static double[] EqualShares(short[] groups)
    {
        long[] counts = new long[Grouping.MaxGroups + 1];
        foreach (short group in groups) { counts[group + 1]++; }
        return [.. groups.Select(group => group < 0 ? 0 : 1.0 / counts[group + 1])];
    }

    private T Groups<T>(string column, Func<PinnedColumn, T> read)
    {
        using PinnedElement pinned = data.Pin($"{AxisPaths.Obs(options.Element)}/{column}", null, cancellation);
        PinnedColumn single = AnnDataSummaries.SingleColumn(pinned);
        return single.Rows == rows
            ? read(single)
            : throw new ElementException(
                CacheError.ElementUnreadable,
                $"'{pinned.Info.Path}' has {single.Rows} rows, '{options.Element}' {rows}. Ask again if the file was just written.");
    }

    private T[] Select<T>(T[] ofRow) => selection is null ? ofRow : [.. selection.Select(row => ofRow[row])];
}
