using System.Globalization;
using AnnDataCache.Slicing;

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

        int[]? asked = genes is null ? null : GenesOf(data, genes, element, cancellation);
        using ExpressionMatrix matrix = OpenMatrix(data, element, cancellation);
        asked ??= [.. Enumerable.Range(0, checked((int)matrix.Genes))];
        genes ??= AllNames(data, element, cancellation) ?? [.. asked.Select(gene => gene.ToString(CultureInfo.InvariantCulture))];
        return GeneTallies.Summarize(matrix, asked, genes, grouping, cutoff, workers, cancellation);
    }

    /// <summary>Columns of a matrix, by the index of var.</summary>
    /// <exception cref="ElementException">No matrix, no such gene, or an ambiguous one.</exception>
    internal static int[] GenesOf(CachedAnnData data, IReadOnlyList<string> genes, string element, CancellationToken cancellation) =>
        [.. data.Slices(element).FindGenes(genes, null, cancellation).Select(gene => checked((int)gene))];

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

    /// <summary>The names of all genes; null where they have none.</summary>
    private static string[]? AllNames(CachedAnnData data, string element, CancellationToken cancellation)
    {
        if (GeneFrame.Of(element) is not { } frame) { return null; }
        try
        {
            using PinnedElement var = data.Pin(frame, null, cancellation);
            if (var.Columns is not [PinnedColumn index, ..]) { return null; }
            return [.. Enumerable.Range(0, checked((int)index.Rows)).Select(gene => NameText.Of(index.GetValue(gene)))];
        }
        catch (ElementException)
        {
            return null;
        }
    }

    internal static PinnedColumn SingleColumn(PinnedElement pinned) => pinned.Columns is [PinnedColumn column]
        ? column
        : throw new ElementException(
            CacheError.ElementUnreadable, $"'{pinned.Info.Path}' is a {pinned.Info.Kind.Name()}; a column of obs is wanted.");
}
