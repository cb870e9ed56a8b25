namespace AnnDataCache.Summaries;

// What viewers ask of a matrix and of columns, computed over the mapped part, in private memory that does not depend on
// the number of cells.
//
//   GeneTallies        per gene and group: A1 (Tally.cs) makes the sums the same for every number of threads and layout
//   ExpressionMatrix   the seam: by cell (csr), by gene (csc, twin), or dense
//   ColumnSummaries    a histogram of numbers, or the counts of categories
//
// NaN follows numpy in sums and pandas in counting: a sum with it is NaN, a group does not have the cell without a label.

/// <summary>Pins what a summary needs and computes it.</summary>
internal static class AnnDataSummaries
{
    internal static GeneSummary Genes(
        CachedAnnData data, IReadOnlyList<string>? genes, string? groupBy, string element, double cutoff, int workers,
        CancellationToken cancellation)
    {
        if (double.IsNaN(cutoff)) { throw new ArgumentOutOfRangeException(nameof(cutoff), cutoff, "The cutoff must be a number."); }
        Grouping? grouping = null;
        if (groupBy is not null)
        {
            using PinnedElement column = data.Pin($"{AxisPaths.Obs(element)}/{groupBy}", null, cancellation);
            grouping = Grouping.Of(SingleColumn(column));
        }

        using PinnedElement? var = PinVar(data, genes, element, cancellation);
        using ExpressionMatrix matrix = OpenMatrix(data, element, cancellation);
        return GeneTallies.Summarize(matrix, var, genes, grouping, cutoff, workers, cancellation);
    }

    private static ExpressionMatrix OpenMatrix(CachedAnnData data, string element, CancellationToken cancellation)
    {
        PinnedElement pinned = MatrixParts.PinForGenes(data, element, cancellation);
        try
        {
            return ExpressionMatrix.Open(pinned);
        }
        catch
        {
            pinned.Dispose();
            throw;
        }
    }

    /// <summary>The names of the genes; null where there are none and none are needed.</summary>
    private static PinnedElement? PinVar(CachedAnnData data, IReadOnlyList<string>? genes, string element, CancellationToken cancellation)
    {
        try
        {
            PinnedElement var = data.Pin(AxisPaths.Var(element), null, cancellation);
            if (genes is not null || var.Columns.Count > 0) { return var; }
            var.Dispose();
            return null;
        }
        catch (ElementException) when (genes is null)
        {
            return null;
        }
    }

    internal static PinnedColumn SingleColumn(PinnedElement pinned) => pinned.Columns is [PinnedColumn column]
        ? column
        : throw new ElementException(
            CacheError.ElementUnreadable, $"'{pinned.Info.Path}' is a {pinned.Info.Kind.Name()}; a column of obs is wanted.");
}
