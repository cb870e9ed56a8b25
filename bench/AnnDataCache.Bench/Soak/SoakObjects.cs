using System.Diagnostics;

namespace AnnDataCache.Bench.Soak;

/// <summary>Objects that all workers put, get and delete under the same few names.</summary>
/// <remarks>
/// Every value of an object follows from the number of its put, which stands in it: so a get compares all of them with what was
/// put, and knows whose it has. The board keeps when each put of a name was done, and of all that were done the latest moment at
/// which one was begun. An object whose put was done before another one was begun, which was done before the get, is stale.
/// That an object is not there proves nothing: it may have been evicted.
/// </remarks>
internal sealed class SoakObjects(SoakBoard board)
{
    internal const int Names = 12;

    private const long LeastValues = 512, Doublings = 11; // 4 KB to 8 MB: small ones, and such whose pages are recycled

    internal static string NameOf(int index) => $"soak/{index}";

    /// <summary>Puts a new object under the name.</summary>
    /// <param name="cache">Where to; decides the tier.</param>
    /// <param name="index">The name's number.</param>
    /// <param name="overwrite">False to fail where there is one.</param>
    internal void Put(Cache cache, int index, bool overwrite)
    {
        long number = board.BeginPut(index), begun = Stopwatch.GetTimestamp();
        long[] values = new long[LengthOf(number)];
        for (int i = 0; i < values.Length; i++) { values[i] = ValueAt(index, number, i); }
        try
        {
            cache.Put<long>(NameOf(index), values, [values.Length], overwrite);
        }
        catch (CacheException)
        {
            board.EndPut(index, number, SoakBoard.NeverDone); // nothing of it may ever be seen
            throw;
        }

        board.EndPut(index, number, Stopwatch.GetTimestamp());
        board.EndChange(index, begun);
    }

    internal void Delete(Cache cache, int index)
    {
        long begun = Stopwatch.GetTimestamp();
        cache.Delete(NameOf(index));
        board.EndChange(index, begun);
    }

    /// <summary>The object as it is now, or null; what is wrong with it, or null.</summary>
    internal (PinnedElement? Object, string? Fault) Get(Cache cache, int index)
    {
        long latest = board.LatestChange(index);
        if (!cache.TryGet(NameOf(index), out PinnedElement? found)) { return (null, null); }
        return (found, FindFault(found, index) ?? FindStaleness(found, index, latest));
    }

    /// <summary>Compares every value; null when all are those of one put.</summary>
    internal static unsafe string? FindFault(PinnedElement found, int index)
    {
        PinnedBuffer buffer = found.Columns[0].Values;
        ReadOnlySpan<long> values = new(buffer.Address, checked((int)(buffer.ByteLength / sizeof(long))));
        long number = NumberOf(values, index);
        if (number < 0 || values.Length != LengthOf(number)) { return $"object {index} has {values.Length} values, of which the first gives put {number}"; }
        for (int i = 0; i < values.Length; i++)
        {
            if (values[i] != ValueAt(index, number, i)) { return $"object {index} of put {number} has {values[i]:x} at {i} of {values.Length}"; }
        }

        return null;
    }

    private unsafe string? FindStaleness(PinnedElement found, int index, long latest)
    {
        long number = NumberOf(new ReadOnlySpan<long>(found.Columns[0].Values.Address, 1), index), done = board.DoneAt(index, number);
        return done == SoakBoard.NeverDone ? $"object {index} is of put {number}, which was refused"
            : done > 0 && done < latest ? $"object {index} is of put {number}, which was done {(latest - done) / 1e6:F1} ms before a later change was begun"
            : null;
    }

    private static long LengthOf(long number) => LeastValues << (int)(Mix((ulong)number) % (Doublings + 1));

    /// <summary>The first value is the number of the put, and the name's.</summary>
    private static long ValueAt(int index, long number, int i) =>
        i == 0 ? (number * Names) + index : (long)Mix((ulong)(((number * Names) + index) * 0x1_0000_0000) + (ulong)i);

    private static long NumberOf(ReadOnlySpan<long> values, int index) => values[0] % Names == index ? values[0] / Names : -1;

    /// <summary>SplitMix64's mixer.</summary>
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
