using System.Diagnostics;

namespace AnnDataCache.Bench;

/// <summary>What a hit costs a C# process, in microseconds.</summary>
/// <remarks>
/// First: the file is open and its tree known, the part is not mapped by this process (open, lock, parse, map, unmap).
/// Repeat: the part is mapped already; the call compares the source with what the kernel says of it now. Pages are not
/// touched by either: the sum that is compared before touches them all, once.
/// </remarks>
internal sealed record HitTimes(double First50, double First99, double Repeat50, double Repeat99)
{
    /// <summary>Enough for the run-time compiler to have finished with the path.</summary>
    private const int Warm = 20_000;

    private const int FirstHits = 5_000, RepeatHits = 20_000;

    internal static HitTimes Measure(BenchArguments arguments, string hot, double wantedSum)
    {
        using Cache cache = Cache.Open(new CacheOptions { HotFolder = hot, ColdBytes = 0 });
        CompareSum(cache, arguments, wantedSum);
        double[] first = new double[FirstHits], repeat = new double[RepeatHits];
        for (int i = -Warm; i < FirstHits; i++)
        {
            using CachedAnnData data = cache.Open(arguments.File);
            long start = Stopwatch.GetTimestamp();
            data.Pin(arguments.Element).Dispose();
            if (i >= 0) { first[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds; }
        }

        using CachedAnnData open = cache.Open(arguments.File);
        for (int i = -Warm; i < RepeatHits; i++)
        {
            long start = Stopwatch.GetTimestamp();
            open.Pin(arguments.Element).Dispose();
            if (i >= 0) { repeat[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds; }
        }

        return new HitTimes(At(first, 0.5), At(first, 0.99), At(repeat, 0.5), At(repeat, 0.99));
    }

    private static void CompareSum(Cache cache, BenchArguments arguments, double wanted)
    {
        using CachedAnnData data = cache.Open(arguments.File);
        using PinnedElement element = data.Pin(arguments.Element);
        PinnedBuffer values = element.Columns[0].Values;
        double sum = 0;
        const int Piece = 1 << 20;
        for (long start = 0; start < values.Count; start += Piece)
        {
            int count = (int)Math.Min(Piece, values.Count - start);
            sum += values.Type switch
            {
                DType.Float32 => Sum(values.Span<float>(start, count)),
                DType.Float64 => Sum(values.Span<double>(start, count)),
                DType.Int32 => Sum(values.Span<int>(start, count)),
                _ => throw new InvalidOperationException($"The bench sums float32, float64 and int32, not {values.Type.Name()}."),
            };
        }

        if (!double.IsNaN(wanted) && Math.Abs(sum - wanted) > 1e-9 * Math.Abs(wanted))
        {
            throw new InvalidOperationException($"The two ways read different values: their sum is {wanted:R}, ours {sum:R}.");
        }
    }

    private static double Sum<T>(ReadOnlySpan<T> values) where T : struct, System.Numerics.INumberBase<T>
    {
        double sum = 0;
        foreach (T value in values) { sum += double.CreateTruncating(value); }
        return sum;
    }

    private static double At(double[] times, double share) => times.Order().ElementAt((int)(share * (times.Length - 1)));
}
