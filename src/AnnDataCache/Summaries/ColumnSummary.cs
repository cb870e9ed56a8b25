namespace AnnDataCache;

/// <summary>One column in short: a histogram of numbers, or the counts of categories, strings or bools. Immutable.</summary>
/// <remarks>
/// Numbers are read as float64. NaN counts as missing, as in pandas; the histogram leaves infinities out, min, max and mean
/// do not. Sums are added in the order of the rows within stripes of 16,384, stripe by stripe, whatever the number of threads.
/// </remarks>
public sealed class ColumnSummary
{
    internal ColumnSummary(string path, long rows) => (Path, Rows) = (path, rows);

    /// <summary>Path of the column: <c>obs/n_genes</c>.</summary>
    public string Path { get; }

    /// <summary>Rows, the missing ones included.</summary>
    public long Rows { get; }

    /// <summary>Rows whose value is missing or NaN.</summary>
    public long Missing { get; internal init; }

    /// <summary>True for numbers: there is a histogram. False for categories: there are counts.</summary>
    public bool IsNumeric { get; internal init; }

    /// <summary>Of numbers: values that are plus or minus infinity.</summary>
    public long Infinite { get; internal init; }

    /// <summary>Of numbers: the smallest; NaN when there is none.</summary>
    public double Minimum { get; internal init; } = double.NaN;

    /// <summary>Of numbers: the largest; NaN when there is none.</summary>
    public double Maximum { get; internal init; } = double.NaN;

    /// <summary>Of numbers: the mean; NaN when there is none.</summary>
    public double Mean { get; internal init; } = double.NaN;

    /// <summary>Of numbers: the sample standard deviation (divided by n − 1); NaN for fewer than two.</summary>
    public double StandardDeviation { get; internal init; } = double.NaN;

    /// <summary>
    /// Of numbers: the edges of the bins, one more than there are bins, as <c>numpy.histogram</c> draws them over the finite
    /// values: equal widths from the smallest to the largest; ± 0.5 around a single value; 0 to 1 when there is none.
    /// </summary>
    public IReadOnlyList<double> Edges { get; internal init; } = [];

    /// <summary>Of numbers: finite values in each bin. A bin has its left edge, the last one also its right edge.</summary>
    public IReadOnlyList<long> Counts { get; internal init; } = [];

    /// <summary>
    /// Of categories: all of them in their order, also those that no row has. Of strings and bools: the distinct values in
    /// ascending order.
    /// </summary>
    public IReadOnlyList<string> Categories { get; internal init; } = [];

    /// <summary>Rows of each category.</summary>
    public IReadOnlyList<long> CategoryCounts { get; internal init; } = [];
}
