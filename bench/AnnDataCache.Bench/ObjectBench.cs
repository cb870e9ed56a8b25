using System.Diagnostics;
using System.Globalization;
using System.Text;
using AnnDataCache.Store;

namespace AnnDataCache.Bench;

/// <summary>What objects cost: a get, a put and an overwrite, and a CSV file beside pandas.</summary>
internal static class ObjectBench
{
    private const int Rounds = 2_000, Large = 100_000_000, CsvRows = 1_000_000;

    internal static int Run()
    {
        using BenchStore store = new();
        CacheOptions options = new() { HotFolder = store.HotFolder, HotBytes = 2L << 30, ColdBytes = 0 };
        using Cache cache = Cache.Open(options);
        float[] small = new float[700 * 20];
        cache.Put<float>("x", small, [700, 20]);
        double repeated = Median(() => cache.Get("x").Dispose());
        double first = FirstGet(options);
        double contains = Median(() => cache.Contains("x")), overwrite = Median(() => cache.Put<float>("x", small, [700, 20]));
        byte[] large = new byte[Large];
        Random.Shared.NextBytes(large);
        double put = Median(() => cache.Put<byte>("large", large, [Large]), rounds: 7);
        (double ours, double again, double pandas) = Csv(cache, store);
        CultureInfo culture = CultureInfo.InvariantCulture;
        StringBuilder text = new();
        text.AppendLine("# Objects").AppendLine();
        text.AppendLine("| medians | |").AppendLine("|---|---|");
        text.AppendLine(culture, $"| get of an object that this process has mapped | {repeated:F2} µs |");
        text.AppendLine(culture, $"| get of one that it has not | {first:F1} µs |");
        text.AppendLine(culture, $"| contains | {contains:F2} µs |");
        text.AppendLine(culture, $"| overwrite of 56 kB | {overwrite:F0} µs |");
        text.AppendLine(culture, $"| put of {Large / 1_000_000} MB | {put / 1000:F0} ms, {Large / put / 1000:F2} GB/s |");
        text.AppendLine(culture, $"| CSV, {CsvRows:N0} rows of int, float, text, bool: first | {ours:F2} s |");
        text.AppendLine(culture, $"| the same by `pandas.read_csv` | {pandas:F2} s, {pandas / ours:F1} × |");
        text.AppendLine(culture, $"| the same again | {again * 1e6:F0} µs |");
        Console.WriteLine(text);
        BenchStore.Save("objects.md", text.ToString());
        return 0;
    }

    /// <summary>The store below the cache, which keeps no mapping.</summary>
    private static double FirstGet(CacheOptions options)
    {
        using PartStore opened = PartStore.Open(options, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        PartName name = PartName.ForObject("x");
        return Median(() => opened.Objects.TryPin(name)!.Dispose());
    }

    private static (double First, double Again, double Pandas) Csv(Cache cache, BenchStore store)
    {
        string file = Path.Join(store.HotFolder, "table.csv");
        using (StreamWriter writer = new(file))
        {
            writer.Write("cell,depth,fraction,keep\n");
            for (int i = 0; i < CsvRows; i++) { writer.Write(string.Create(CultureInfo.InvariantCulture, $"AAAC{i:X7}-1,{i * 7},{Math.Sqrt(i):R},{(i % 3 == 0 ? "True" : "False")}\n")); }
        }

        List<double> first = [], pandas = [];
        for (int round = 0; round < 3; round++)
        {
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow);
            long start = Stopwatch.GetTimestamp();
            using (PinnedElement table = cache.Csv(file))
            {
                if (!table.Loaded) { throw new InvalidOperationException("The file was not parsed anew."); }
            }

            first.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            string seconds = MeasuredProcess.Run("/usr/bin/python3", ["-c",
                "import pandas, sys, time; start = time.perf_counter(); pandas.read_csv(sys.argv[1]); print(time.perf_counter() - start)", file], store.Variables).Output;
            pandas.Add(double.Parse(seconds, CultureInfo.InvariantCulture));
        }

        return (LoadBench.Median(first), Median(() => cache.Csv(file).Dispose()) / 1e6, LoadBench.Median(pandas));
    }

    /// <summary>In µs.</summary>
    private static double Median(Action action, int rounds = Rounds)
    {
        for (int i = 0; i < rounds; i++) { action(); }
        List<double> times = [];
        for (int i = 0; i < rounds; i++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        return LoadBench.Median(times);
    }
}
