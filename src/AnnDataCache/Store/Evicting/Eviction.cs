namespace AnnDataCache.Store;

/// <summary>Which part goes first: keeps the board's scores as an <see cref="EvictionPolicy"/> gives them.</summary>
/// <remarks>The choice is advisory: pins and budgets hold whatever it says.</remarks>
internal sealed class Eviction(ControlBoard board, EvictionPolicy? policy = null)
{
    private readonly EvictionPolicy _policy = policy ?? EvictionPolicy.Default;

    /// <summary>The board may be scribbled on: a clock that is no number, or beyond all scores, would end ageing for good.</summary>
    private double Clock => board.Clock is >= 0 and < float.MaxValue and double clock ? clock : 0;

    /// <summary>A part was hit: it is worth more.</summary>
    /// <param name="name">The part.</param>
    /// <param name="bytes">What it takes of the budget.</param>
    /// <param name="madeOf">The part that it was derived from: it stays worth more than this one.</param>
    internal void Touch(PartName name, long bytes, PartName? madeOf = null)
    {
        PartUse use = board.Find(name.Hash);
        Record(name, use with { Hits = (byte)Math.Min(use.Hits + 1, byte.MaxValue) }, bytes, madeOf);
    }

    /// <summary>A part was loaded at this cost.</summary>
    internal void Admit(PartName name, long bytes, double seconds, PartName? madeOf = null) =>
        Record(name, new PartUse(0, 1, PartUse.CostOf(seconds)), bytes, madeOf);

    /// <summary>Candidates in the order in which they should go: stale versions of what is being loaded first.</summary>
    /// <remarks>
    /// Of equal scores the part that is cheaper to bring back goes first, so one derived from another part goes before
    /// that part; then the larger one, so that fewer have to go. What an object is about to take the place of goes last:
    /// until then it is what readers find.
    /// </remarks>
    internal IEnumerable<TierEntry> Order(IEnumerable<TierEntry> parts, PartName loading)
    {
        string prefix = loading.Prefix.ToString();
        return parts
            .Select(part => (Part: part, Stale: part.Name.Prefix.SequenceEqual(prefix), Use: board.Find(part.Name.Hash)))
            .OrderBy(candidate => !candidate.Stale ? 0 : loading.IsObject ? 1 : -1)
            .ThenBy(candidate => candidate.Use.Score)
            .ThenBy(candidate => candidate.Use.LogCost)
            .ThenByDescending(candidate => candidate.Part.Bytes)
            .Select(candidate => candidate.Part);
    }

    /// <summary>A part was evicted: everything that is worth less than it was has aged by as much.</summary>
    internal void Age(PartName evicted) => MoveClock(_policy.ClockAtEviction(Clock, board.Find(evicted.Hash).Score));

    private void Record(PartName name, PartUse use, long bytes, PartName? madeOf)
    {
        double now = _policy.ClockAtUse(Clock);
        MoveClock(now);
        float score = Math.Max(use.Score, _policy.Score(use, bytes, now)); // never below what a derived part has raised it to
        board.Store(name.Hash, use with { Score = score });
        if (madeOf is { } source) { RaiseAbove(score, source); }
    }

    /// <summary>Whoever uses a derived part uses its source, which must outlive it: the derived part goes first.</summary>
    private void RaiseAbove(float score, PartName source)
    {
        PartUse use = board.Find(source.Hash);
        if (use.Score <= score) { board.Store(source.Hash, use with { Score = MathF.BitIncrement(score) }); }
    }

    /// <summary>A store of what was read would set back a clock that another process has moved in between.</summary>
    private void MoveClock(double clock)
    {
        if (clock != Clock) { board.Clock = clock; }
    }
}

/// <summary>A sealed part as a scan of its folder finds it.</summary>
/// <param name="Name">Its file name.</param>
/// <param name="Bytes">What it takes of the budget: whole pages.</param>
internal readonly record struct TierEntry(PartName Name, long Bytes);
