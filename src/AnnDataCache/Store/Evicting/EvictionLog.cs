namespace AnnDataCache.Store;

/// <summary>Why a part went.</summary>
internal enum EvictionReason
{
    /// <summary>Another part needed its room, and it had the lowest score of those that nobody used.</summary>
    Room,
    /// <summary>Another version of the same element was loaded.</summary>
    Stale,
    /// <summary>Somebody asked for it: <c>evict</c> or <c>clear</c>.</summary>
    Asked,
    /// <summary>Its bytes contradicted its layout.</summary>
    Damaged,
    /// <summary>An object that somebody has deleted.</summary>
    Deleted,
}

/// <summary>One removed part.</summary>
/// <param name="Part">Hash of its name.</param>
/// <param name="For">Hash of the name that needed the room; 0 for none.</param>
/// <param name="UnixMs">When, by the clock of the process that did it.</param>
/// <param name="Bytes">What it took.</param>
/// <param name="Score">What it was worth.</param>
/// <param name="Reason">Why.</param>
internal readonly record struct EvictionRecord(long Part, long For, long UnixMs, long Bytes, float Score, EvictionReason Reason);

/// <summary>The last removals of a tier, by all processes, in the header of its control file. Losable, as all of that file.</summary>
internal sealed unsafe class EvictionLog(long* words)
{
    private const int Head = 4, First = 64, WordsEach = 5, Capacity = 88;

    internal void Add(in EvictionRecord record)
    {
        long number = Interlocked.Increment(ref words[Head]) - 1; // processes log side by side: each has its own place
        long* entry = words + First + ((number & long.MaxValue) % Capacity * WordsEach);
        entry[0] = 0; // a reader passes over what is being written
        entry[1] = record.For;
        entry[2] = record.UnixMs;
        entry[3] = record.Bytes;
        entry[4] = BitConverter.SingleToUInt32Bits(record.Score) | ((long)record.Reason << 32);
        Volatile.Write(ref entry[0], record.Part);
    }

    /// <summary>The last removal of a part that is still known, or null.</summary>
    internal EvictionRecord? Find(long part)
    {
        EvictionRecord? last = null;
        for (int i = 0; i < Capacity; i++)
        {
            long* entry = words + First + (i * WordsEach);
            if (Volatile.Read(ref entry[0]) != part || part == 0) { continue; }
            EvictionRecord found = new(
                part, entry[1], entry[2], entry[3], BitConverter.UInt32BitsToSingle((uint)entry[4]), (EvictionReason)(entry[4] >> 32 & 7));
            if (last is null || found.UnixMs > last.Value.UnixMs) { last = found; }
        }

        return last;
    }
}
