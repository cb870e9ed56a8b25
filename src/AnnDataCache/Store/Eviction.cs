namespace AnnDataCache.Store;

/// <summary>
/// Which part goes first. Greedy-dual-size-frequency: a part's score is clock + hits × load seconds ÷ bytes, and the clock
/// is the score of what was evicted last, so that what is not used ages.
/// </summary>
/// <remarks>
/// Parts differ by six orders of magnitude in size and cost, which is why neither is left out of the score. The choice is
/// advisory: pins and budgets hold whatever it says.
/// </remarks>
internal sealed class Eviction(ControlBoard board)
{
    private const double MegaByte = 1e6;

    /// <summary>A part was hit: it is worth more.</summary>
    internal void Touch(PartName name, long bytes)
    {
        long hash = name.Hash;
        PartUse use = board.Find(hash);
        byte hits = (byte)Math.Min(use.Hits + 1, byte.MaxValue);
        board.Store(hash, use with { Hits = hits, Score = Score(hits, use.CostSeconds, bytes) });
    }

    /// <summary>A part was loaded at this cost.</summary>
    internal void Admit(PartName name, long bytes, double seconds)
    {
        byte cost = PartUse.CostOf(seconds);
        PartUse use = new(0, 1, cost);
        board.Store(name.Hash, use with { Score = Score(1, use.CostSeconds, bytes) });
    }

    /// <summary>Candidates in the order in which they should go: stale versions of what is being loaded first.</summary>
    internal IEnumerable<TierEntry> Order(IEnumerable<TierEntry> parts, PartName loading)
    {
        string prefix = loading.Prefix.ToString();
        return parts
            .Select(part => (Part: part, Stale: part.Name.Prefix.SequenceEqual(prefix), board.Find(part.Name.Hash).Score))
            .OrderByDescending(candidate => candidate.Stale)
            .ThenBy(candidate => candidate.Score)
            .Select(candidate => candidate.Part);
    }

    /// <summary>A part was evicted: everything that is worth less than it was has aged by as much.</summary>
    internal void Age(PartName evicted)
    {
        double score = board.Find(evicted.Hash).Score;
        if (score > board.Clock) { board.Clock = score; }
    }

    private float Score(byte hits, double seconds, long bytes) =>
        (float)(board.Clock + (hits * seconds / Math.Max(bytes / MegaByte, 0.001)));
}

/// <summary>A sealed part as a scan of its folder finds it.</summary>
/// <param name="Name">Its file name.</param>
/// <param name="Bytes">What it takes of the budget: whole pages.</param>
internal readonly record struct TierEntry(PartName Name, long Bytes);
