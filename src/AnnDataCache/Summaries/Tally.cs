namespace AnnDataCache.Summaries;

/// <summary>What is added up of one gene in one group of cells.</summary>
/// <remarks>
/// Invariant A1: sums are float64, added in the order of the cells within a stripe, and stripe by stripe in order. A stripe
/// is a fixed number of cells, so the sums are the same to the last bit for any number of threads, whether the matrix is
/// stored by cell, by gene or densely, and whatever other genes are asked for.
/// </remarks>
internal struct Tally
{
    /// <summary>Cells of a stripe.</summary>
    internal const int StripeCells = 16_384;

    internal double Sum, Squares;
    internal long Counted;

    /// <param name="value">The cell's value.</param>
    /// <param name="cutoff">A gene is expressed above it. Below 0 the unstored zeros are too, so then what is not is counted.</param>
    internal void Add(double value, double cutoff)
    {
        Sum += value;
        Squares += value * value;
        Counted += value > cutoff != cutoff < 0 ? 1 : 0;
    }

    internal void Add(in Tally stripe)
    {
        Sum += stripe.Sum;
        Squares += stripe.Squares;
        Counted += stripe.Counted;
    }

    internal readonly double Mean(long cells) => Sum / cells;

    /// <summary>With n − 1; NaN for fewer than two cells.</summary>
    internal readonly double Variance(long cells) =>
        cells < 2 ? double.NaN : Math.Max((Squares - (Sum * (Sum / cells))) / (cells - 1), 0);

    internal readonly double Fraction(long cells, double cutoff) => (double)(cutoff < 0 ? cells - Counted : Counted) / cells;
}

/// <summary>Which genes and cells are added up, and where.</summary>
/// <param name="Slots">For each gene of the matrix its row among the tallies, or −1.</param>
/// <param name="Genes">For each slot its gene.</param>
/// <param name="Groups">For each cell its group, −1 for none; null when all cells are one group.</param>
/// <param name="GroupCount">Groups; the tallies are slots × groups.</param>
/// <param name="Cutoff">A gene is expressed above it.</param>
internal sealed record TallyQuery(int[] Slots, int[] Genes, short[]? Groups, int GroupCount, double Cutoff)
{
    internal long TallyCount => (long)Genes.Length * GroupCount;
}
