using System.Diagnostics;
using System.Globalization;

namespace AnnDataCache.Fuzz;

/// <summary>Reads a range of mutants in this process. It prints one line for each finding, and what it did at the end.</summary>
/// <remarks>The number of the mutant that is being read stands in a file, so that a process that dies names its killer.</remarks>
internal static class Worker
{
    /// <summary>A file takes longer than this of a processor's time, or of the clock: it hangs. A busy machine is not a hang.</summary>
    /// <remarks>The clock is the watchdog's own: it stands while the process is stopped.</remarks>
    private const double HangProcessorSeconds = 10, HangSeconds = 120, LookSeconds = 0.5;

    /// <summary>Private memory that a mutant of a few hundred kB may make this process take, the runtime's own included.</summary>
    private const long MaxPrivateBytes = 512L << 20;

    internal static int Run(IReadOnlyList<SeedFile> seeds, int run, long first, long count, string folder)
    {
        string file = Path.Join(folder, $"mutant-{first}.h5ad"), current = Path.Join(folder, "current");
        long number = first, elements = 0, refused = 0, looks = 0, used = 0;
        using Timer watchdog = new(_ =>
        {
            double processor = (Environment.CpuUsage.TotalTime - TimeSpan.FromTicks(Volatile.Read(ref used))).TotalSeconds;
            bool hangs = processor > HangProcessorSeconds || Interlocked.Increment(ref looks) * LookSeconds > HangSeconds;
            if (hangs) { Environment.FailFast($"mutant {Volatile.Read(ref number)} hangs"); }
        }, null, 1000, (int)(1000 * LookSeconds));
        for (; number < first + count; Volatile.Write(ref number, number + 1))
        {
            File.WriteAllText(current, number.ToString(CultureInfo.InvariantCulture));
            Volatile.Write(ref looks, 0);
            Volatile.Write(ref used, Environment.CpuUsage.TotalTime.Ticks);
            try
            {
                Reading reading = Reading.Run(Mutant.Make(seeds, run, number), file);
                elements += reading.Elements;
                refused += reading.Refused;
            }
            catch (Exception finding)
            {
                Console.WriteLine($"finding {number}: {Describe(finding)}");
            }

            if (PeakPrivateBytes() is var peak && peak > MaxPrivateBytes)
            {
                Console.WriteLine($"finding {number}: {peak:N0} bytes of private memory");
                return 3;
            }
        }

        Console.WriteLine(FormattableString.Invariant($"done {count} {elements} {refused} {PeakPrivateBytes()}"));
        return 0;
    }

    internal static string Describe(Exception finding)
    {
        string place = new StackTrace(finding, true).GetFrames().Select(frame => frame.GetMethod()).FirstOrDefault(
            method => method?.DeclaringType?.FullName?.StartsWith("AnnDataCache.", StringComparison.Ordinal) ?? false) is { } method
            ? $"{method.DeclaringType!.Name}.{method.Name}"
            : "?";
        return $"{finding.GetType().Name} in {place}: {finding.Message.ReplaceLineEndings(" ")}";
    }

    private static long PeakPrivateBytes()
    {
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("RssAnon:", StringComparison.Ordinal))
            {
                return 1024 * long.Parse(line.AsSpan(8, line.Length - 10).Trim(), NumberStyles.Integer, CultureInfo.InvariantCulture);
            }
        }

        return 0;
    }
}
