namespace AnnDataCache.Summaries;

/// <summary>Summarizes a column over the mapped part.</summary>
internal static class ColumnSummaries
{
    private const int MaxBins = 1_000_000;

    internal static ColumnSummary Summarize(PinnedElement pinned, long item, int bins, int workers, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bins);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bins, MaxBins);
        if (pinned.Columns is not [PinnedColumn column]
            || column.Kind is ElementKind.Csr or ElementKind.Csc or ElementKind.Dict or ElementKind.AwkwardArray)
        {
            throw new ElementException(
                CacheError.ElementUnreadable, $"'{pinned.Info.Path}' is a {pinned.Info.Kind.Name()}; a column such as obs/n_genes is wanted.");
        }

        if (NumberColumn.IsNumeric(column)) { return OfNumbers(pinned.Info.Path, NumberColumn.Open(column, item), bins, workers, cancellation); }
        Grouping grouping = Grouping.Of(column);
        return new ColumnSummary(pinned.Info.Path, column.Rows)
        {
            Missing = grouping.Missing, Categories = grouping.Labels, CategoryCounts = grouping.Counts,
        };
    }

    private static ColumnSummary OfNumbers(string path, NumberColumn column, int bins, int workers, CancellationToken cancellation)
    {
        Moments all = new();
        ForEachStripe(column, workers, () => new Moments(), (moments, values) => moments.Start(values), all.Add, cancellation);
        Histogram histogram = new(all.FiniteMinimum, all.FiniteMaximum, bins);
        long[] counts = new long[bins];
        ForEachStripe(
            column, workers, () => new long[bins], (partial, values) => Count(histogram, partial, values),
            partial =>
            {
                for (int bin = 0; bin < counts.Length; bin++) { counts[bin] += partial[bin]; }
            },
            cancellation);
        return new ColumnSummary(path, column.Rows)
        {
            IsNumeric = true, Missing = column.Rows - all.Count, Infinite = all.Infinite, Minimum = all.Minimum, Maximum = all.Maximum,
            Mean = all.Tally.Mean(all.Count),
            StandardDeviation = Math.Sqrt(all.Tally.Variance(all.Count)), Edges = histogram.Edges, Counts = counts,
        };
    }

    private static void Count(Histogram histogram, long[] partial, ReadOnlySpan<double> values)
    {
        partial.AsSpan().Clear();
        foreach (double value in values)
        {
            if (double.IsFinite(value)) { partial[histogram.BinOf(value)]++; }
        }
    }

    private static void ForEachStripe<TPartial>(
        NumberColumn column, int workers, Func<TPartial> hire, StripeAction<TPartial> work, Action<TPartial> take,
        CancellationToken cancellation) =>
        Stripes.Run(
            (column.Rows + Tally.StripeCells - 1) / Tally.StripeCells, workers, () => (Partial: hire(), Values: new double[Tally.StripeCells]),
            (worker, stripe) =>
            {
                long first = stripe * Tally.StripeCells;
                Span<double> values = worker.Values.AsSpan(0, (int)Math.Min(Tally.StripeCells, column.Rows - first));
                column.Read(first, values);
                work(worker.Partial, values);
            },
            (worker, _) => take(worker.Partial), cancellation);

    private delegate void StripeAction<TPartial>(TPartial partial, ReadOnlySpan<double> values);

    /// <summary>What one pass over the values tells. Sums keep invariant A1.</summary>
    private sealed class Moments
    {
        internal Tally Tally;
        internal long Count, Infinite;
        internal double Minimum = double.NaN, Maximum = double.NaN, FiniteMinimum = double.NaN, FiniteMaximum = double.NaN;

        internal void Start(ReadOnlySpan<double> values)
        {
            (Tally, Count, Infinite) = (default, 0, 0);
            (double low, double high) = (double.PositiveInfinity, double.NegativeInfinity);
            bool below = false, above = false;
            foreach (double value in values)
            {
                if (double.IsNaN(value)) { continue; }
                Count++;
                Tally.Add(value, 0);
                if (double.IsInfinity(value))
                {
                    Infinite++;
                    (below, above) = (below || value < 0, above || value > 0);
                }
                else { (low, high) = (Math.Min(low, value), Math.Max(high, value)); }
            }

            (FiniteMinimum, FiniteMaximum) = low > high ? (double.NaN, double.NaN) : (low, high);
            Minimum = below ? double.NegativeInfinity : above && double.IsNaN(FiniteMinimum) ? double.PositiveInfinity : FiniteMinimum;
            Maximum = above ? double.PositiveInfinity : below && double.IsNaN(FiniteMaximum) ? double.NegativeInfinity : FiniteMaximum;
        }

        internal void Add(Moments stripe)
        {
            Tally.Add(stripe.Tally);
            (Count, Infinite) = (Count + stripe.Count, Infinite + stripe.Infinite);
            (Minimum, Maximum) = (double.MinNumber(Minimum, stripe.Minimum), double.MaxNumber(Maximum, stripe.Maximum));
            FiniteMinimum = double.MinNumber(FiniteMinimum, stripe.FiniteMinimum);
            FiniteMaximum = double.MaxNumber(FiniteMaximum, stripe.FiniteMaximum);
        }
    }
}
