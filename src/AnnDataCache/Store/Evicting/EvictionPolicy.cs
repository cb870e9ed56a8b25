namespace AnnDataCache.Store;

/// <summary>What a part is worth to its tier. The part with the lowest score goes first.</summary>
/// <remarks>
/// A policy has no state: all it knows is a part's use, its bytes and the tier's clock, which all processes share on the
/// <see cref="ControlBoard"/>. What the clock counts is the policy's own affair, so one board serves one policy.
/// docs/eviction.md compares them on the same traces.
/// </remarks>
internal abstract class EvictionPolicy
{
    internal static EvictionPolicy Fifo { get; } = new FirstInFirstOut();

    internal static EvictionPolicy Lru { get; } = new LeastRecentlyUsed();

    internal static EvictionPolicy CostAware { get; } = new GreedyDualSizeFrequency();

    internal static EvictionPolicy Default => CostAware;

    /// <summary>The score of a part that was just loaded (its hits are 1 then) or just hit (more than 1).</summary>
    /// <param name="use">Its use, this one counted; the score in it is the one before.</param>
    /// <param name="bytes">What it takes of the budget.</param>
    /// <param name="clock">The tier's clock after <see cref="ClockAtUse"/>.</param>
    internal abstract float Score(in PartUse use, long bytes, double clock);

    /// <summary>What the clock becomes when any part is loaded or hit.</summary>
    internal virtual double ClockAtUse(double clock) => clock;

    /// <summary>What the clock becomes when a part of this score was evicted.</summary>
    internal virtual double ClockAtEviction(double clock, float score) => clock;
}

/// <summary>What was loaded first goes first, however often it is hit.</summary>
internal sealed class FirstInFirstOut : LogicalTimePolicy
{
    internal override float Score(in PartUse use, long bytes, double clock) => use.Hits > 1 ? use.Score : At(clock);
}

/// <summary>What was used longest ago goes first.</summary>
internal sealed class LeastRecentlyUsed : LogicalTimePolicy
{
    internal override float Score(in PartUse use, long bytes, double clock) => At(clock);
}

/// <summary>A policy whose scores are moments: its clock counts uses of all parts.</summary>
internal abstract class LogicalTimePolicy : EvictionPolicy
{
    private static readonly int s_last = BitConverter.SingleToInt32Bits(float.MaxValue);

    internal override double ClockAtUse(double clock) => clock + 1;

    /// <summary>
    /// The float whose bits are the number: positive floats are ordered as their bits are, which tells two thousand million
    /// moments apart, where their values tell sixteen million. Later ones are all the last.
    /// </summary>
    protected static float At(double clock) => BitConverter.Int32BitsToSingle((int)Math.Clamp(clock, 0, s_last));
}

/// <summary>
/// Greedy-dual-size-frequency: a score is clock + hits × load seconds ÷ megabytes, and the clock is the highest score that
/// was evicted, so that what is not used ages.
/// </summary>
/// <remarks>Parts differ by six orders of magnitude in size and cost, which is why neither is left out of the score.</remarks>
internal sealed class GreedyDualSizeFrequency : EvictionPolicy
{
    private const double MegaByte = 1e6, LeastMegaBytes = 0.001;

    internal override float Score(in PartUse use, long bytes, double clock) =>
        (float)(clock + (use.Hits * use.CostSeconds / Math.Max(bytes / MegaByte, LeastMegaBytes)));

    internal override double ClockAtEviction(double clock, float score) => score > clock ? score : clock;
}
