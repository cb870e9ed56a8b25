namespace AnnDataCache;

/// <summary>
/// Per gene, and per group of cells where one was asked for: mean, variance and the fraction of cells that express it; the
/// numbers of a dot plot. Immutable, in private memory.
/// </summary>
/// <remarks>
/// All tables are genes × groups in C order: the number of gene <c>i</c> in group <c>j</c> is at <c>i × Groups.Count + j</c>.
/// Sums are float64, added in the order of the cells within stripes of 16,384 cells, stripe by stripe: the same to the last
/// bit for any number of threads and for every way the matrix is stored. Sums of whole numbers are exact below 2^53; other
/// sums have a relative error of at most about n × 2^-53 before cancellation. NaN in a cell makes the group's mean and variance NaN, as in
/// numpy; it is not above the cutoff. A group without cells has NaN everywhere.
/// </remarks>
public sealed class GeneSummary
{
    private readonly double[] _means, _variances, _fractions;

    internal GeneSummary(IReadOnlyList<string> genes, IReadOnlyList<string> groups, IReadOnlyList<long> cellCounts, long ungrouped)
    {
        (Genes, Groups, CellCounts, UngroupedCells) = (genes, groups, cellCounts, ungrouped);
        int length = checked(genes.Count * groups.Count);
        (_means, _variances, _fractions) = (new double[length], new double[length], new double[length]);
    }

    /// <summary>Names of the genes that were asked for, in that order.</summary>
    public IReadOnlyList<string> Genes { get; }

    /// <summary>
    /// Names of the groups: all categories of a categorical in their order, also those that no cell has; the distinct values
    /// of another column in ascending order; the one name <c>all</c> without a grouping.
    /// </summary>
    public IReadOnlyList<string> Groups { get; }

    /// <summary>Cells of each group.</summary>
    public IReadOnlyList<long> CellCounts { get; }

    /// <summary>Cells that are in no group, since the value of their column is missing.</summary>
    public long UngroupedCells { get; }

    /// <summary>Means, genes × groups.</summary>
    public ReadOnlySpan<double> Means => _means;

    /// <summary>
    /// Sample variances (divided by n − 1, as pandas does), genes × groups; NaN for fewer than two cells. From sums of squares:
    /// the absolute error is about 2^-53 × n × the mean square.
    /// </summary>
    public ReadOnlySpan<double> Variances => _variances;

    /// <summary>Fraction of the cells with a value above the cutoff, from 0 to 1, genes × groups.</summary>
    public ReadOnlySpan<double> Fractions => _fractions;

    internal void Set(int gene, int group, double mean, double variance, double fraction)
    {
        int at = (gene * Groups.Count) + group;
        (_means[at], _variances[at], _fractions[at]) = (mean, variance, fraction);
    }
}
