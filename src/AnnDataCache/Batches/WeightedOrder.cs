namespace AnnDataCache.Batches;

/// <summary>As many draws as there are rows, with replacement, each row with a probability in proportion to its weight.</summary>
/// <remarks>Draw i is the first row whose cumulative weight exceeds u(i) × total. Takes 8 bytes a row of private memory.</remarks>
internal sealed class WeightedOrder : RowOrder
{
    private readonly double[] _cumulative;
    private readonly long _seed;
    private ulong _key;

    /// <exception cref="ElementException">A weight is negative, infinite or missing, or all are zero.</exception>
    internal WeightedOrder(double[] weights, string column, long seed)
        : base(weights.LongLength)
    {
        (_cumulative, _seed) = (weights, seed);
        double sum = 0;
        for (long row = 0; row < weights.LongLength; row++)
        {
            if (!(weights[row] >= 0) || double.IsInfinity(weights[row]))
            {
                throw new ElementException(
                    CacheError.ElementUnreadable, $"Weight {weights[row]} of '{column}' in row {row} is not a finite number of 0 or more.");
            }

            _cumulative[row] = sum += weights[row];
        }

        if (weights.Length > 0 && !(sum > 0 && double.IsFinite(sum)))
        {
            throw new ElementException(CacheError.ElementUnreadable, $"The weights of '{column}' add up to {sum}; nothing can be drawn.");
        }
    }

    internal override void Begin(long epoch) => _key = RowHash.Key(_seed, epoch, RowHash.DrawStream);

    internal override void Fill(long start, Span<long> rows)
    {
        double total = _cumulative[^1];
        for (int i = 0; i < rows.Length; i++) { rows[i] = FirstAbove(RowHash.Uniform(_key, start + i) * total); }
    }

    private int FirstAbove(double target)
    {
        int low = 0, high = _cumulative.Length - 1;
        while (low < high)
        {
            int middle = (int)(((uint)low + (uint)high) / 2);
            if (_cumulative[middle] > target) { high = middle; } else { low = middle + 1; }
        }

        return low;
    }
}
