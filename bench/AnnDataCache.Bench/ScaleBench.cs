using System.Diagnostics;
using System.Globalization;
using System.Text;
using AnnDataCache.Interop;
using AnnDataCache.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnnDataCache.Bench;

/// <summary>What a hit, a reservation and the statistics cost with 100 and with 50,000 parts in a tier.</summary>
internal static class ScaleBench
{
    private const int Rounds = 400;

    internal static int Run()
    {
        string sample = Path.Join(BenchStore.Root(), "samples", "pbmc-like.h5ad");
        Times few = Measure(sample, 100), many = Measure(sample, 50_000);
        CultureInfo culture = CultureInfo.InvariantCulture;
        StringBuilder text = new();
        text.AppendLine("# Cost by the number of parts").AppendLine();
        text.AppendLine("| medians, in µs | 100 parts | 50,000 parts | ratio |").AppendLine("|---|---|---|---|");
        text.AppendLine(culture, $"| hit of a part not yet mapped | {few.Hit:F1} | {many.Hit:F1} | {many.Hit / few.Hit:F2} |");
        text.AppendLine(culture, $"| room reserved and given back | {few.Reserve:F1} | {many.Reserve:F1} | {many.Reserve / few.Reserve:F2} |");
        text.AppendLine(culture, $"| statistics | {few.Statistics:F1} | {many.Statistics:F1} | {many.Statistics / few.Statistics:F2} |");
        Console.WriteLine(text);
        BenchStore.Save("scale.md", text.ToString());
        return 0;
    }

    private static Times Measure(string sample, int parts)
    {
        using BenchStore store = new();
        CacheOptions options = new() { HotFolder = store.HotFolder, HotBytes = 8L << 30, ColdBytes = 0 };
        string folder = Path.Join(store.HotFolder, "parts");
        using (Cache cache = Cache.Open(options))
        using (CachedAnnData file = cache.Open(sample)) { file.Pin("obsm/X_pca").Dispose(); }
        FileStat stat = FileStat.Of(sample);
        for (int i = 0; i < parts; i++)
        {
            string path = Path.Join(folder, PartName.For($"/data/{i}.h5ad", "X", "", stat).Value);
            File.WriteAllText(path, "ARROW1");
        }

        File.Delete(Path.Join(store.HotFolder, "capacity.lock")); // the sum is counted anew, with what was put there by hand
        using PartStore opened = PartStore.Open(options, NullLogger.Instance);
        PartName hit = PartName.For(Posix.CanonicalPath(sample), "obsm/X_pca", "", stat), other = PartName.For("/data/new.h5ad", "X", "", stat);
        opened.Reserve(other, 1 << 16, stat).Dispose();
        return new Times(
            Median(() => opened.TryPin(hit)!.Dispose()), Median(() => opened.Reserve(other, 1 << 16, stat).Dispose()), Median(() => opened.Statistics()));
    }

    private static double Median(Action action)
    {
        for (int i = 0; i < 20; i++) { action(); }
        List<double> times = [];
        for (int i = 0; i < Rounds; i++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        return LoadBench.Median(times);
    }

    private readonly record struct Times(double Hit, double Reserve, double Statistics);
}
