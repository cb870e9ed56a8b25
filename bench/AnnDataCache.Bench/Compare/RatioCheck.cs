using System.Globalization;

namespace AnnDataCache.Bench;

/// <summary>Measures a few files again and compares the ratios to <c>read_h5ad</c> with the stored ones.</summary>
/// <remarks>
/// Ratios of CPU time, since those of wall time say on a busy machine how busy it is. A ratio may fall to three fifths of what
/// is stored before it counts as lost: less than that is noise on some machine. Memory may grow by a half and 16 MB.
/// </remarks>
internal static class RatioCheck
{
    private const double Least = 0.6, MostMemory = 1.5;
    private const long MemorySlack = 16 << 20;

    internal static int Run(string folder, IReadOnlyList<string> names)
    {
        int lost = 0;
        Console.WriteLine("| file | what | stored | now | |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (Comparison stored in CompareTables.Load().Where(one => names.Count == 0 || names.Contains(one.File)))
        {
            MeasuredProcess.Run("/usr/bin/python3", [CompareBench.Script("make_files.py"), folder, stored.File], new Dictionary<string, string>());
            Comparison now = CompareBench.Measure(Path.Join(folder, stored.File + ".h5ad"), 3, cold: false, []);
            foreach (string what in (string[])[Comparison.Ours, Comparison.Steady])
            {
                double before = stored.Ratio(what, cpu: true), after = now.Ratio(what, cpu: true);
                lost += Report(stored.File, what, before, after, double.IsNaN(before) || after >= Least * before);
            }

            long memory = MemoryOf(stored), memoryNow = MemoryOf(now);
            lost += Report(stored.File, "private MB", memory / 1e6, memoryNow / 1e6, memoryNow <= (MostMemory * memory) + MemorySlack);
        }

        return lost == 0 ? 0 : 1;
    }

    private static long MemoryOf(Comparison one) => one.Contenders.First(contender => contender.Name == Comparison.Ours).PrivateBytes;

    private static int Report(string file, string what, double stored, double now, bool isFine)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {file} | {what} | {stored:F1} | {now:F1} | {(isFine ? "" : "LOST")} |"));
        return isFine ? 0 : 1;
    }
}
