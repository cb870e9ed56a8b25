namespace AnnDataCache.Batches;

/// <summary>
/// Every row once, in an order in which any run of B rows has of each stratum its share of B, give or take one row: the r-th of
/// a stratum's n rows, in random order, stands at (r + u) / n of the epoch, with one random u for each stratum.
/// </summary>
/// <remarks>Takes 24 bytes a row of private memory. Rows without a label are a stratum of their own.</remarks>
internal sealed class StratifiedOrder(short[] strata, int count, long seed) : RowOrder(strata.LongLength)
{
    private readonly long[] _order = new long[strata.LongLength];

    internal override void Begin(long epoch)
    {
        ulong rowKey = RowHash.Key(seed, epoch, RowHash.RowStream), stratumKey = RowHash.Key(seed, epoch, RowHash.StratumStream);
        ulong[] hashes = new ulong[_order.LongLength];
        long[] sizes = new long[count + 1], ranks = new long[count + 1];
        for (long row = 0; row < _order.LongLength; row++)
        {
            (_order[row], hashes[row]) = (row, RowHash.Of(rowKey, row));
            sizes[strata[row] + 1]++;
        }

        Array.Sort(hashes, _order);
        (double Place, short Stratum)[] places = new (double, short)[_order.LongLength];
        for (long i = 0; i < _order.LongLength; i++)
        {
            short stratum = strata[_order[i]];
            double offset = RowHash.Uniform(stratumKey, stratum + 1);
            places[i] = ((ranks[stratum + 1]++ + offset) / sizes[stratum + 1], stratum);
        }

        Array.Sort(places, _order); // by place, then by stratum: within a stratum no two places are equal
    }

    internal override void Fill(long start, Span<long> rows) => _order.AsSpan((int)start, rows.Length).CopyTo(rows);
}
