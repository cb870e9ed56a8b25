namespace AnnDataCache.Batches;

/// <summary>Numbers that look random and follow from (seed, epoch, stream, position) alone: SplitMix64's finalizer.</summary>
/// <remarks>
/// For one key it is a bijection of 64-bit numbers, so no two positions have the same hash, and sorting by it gives one order
/// on every machine. The Python package computes the same.
/// </remarks>
internal static class RowHash
{
    /// <summary>What a key is for, so that one seed gives unrelated numbers for each purpose.</summary>
    internal const ulong BlockStream = 1, RowStream = 2, DrawStream = 3, StratumStream = 4;

    internal static ulong Key(long seed, long epoch, ulong stream) => Mix(Mix(Mix((ulong)seed) ^ (ulong)epoch) ^ stream);

    internal static ulong Of(ulong key, long position) => Mix(key ^ (ulong)position);

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    internal static double Uniform(ulong key, long position) => (Of(key, position) >> 11) * (1.0 / (1UL << 53));

    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
