using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AnnDataCache.Bench;

/// <summary>What those pay who come after the first: hits in a process, a cold part after a reboot, the executable, and memory of many readers.</summary>
internal static class HitBench
{
    private const int ColdRounds = 200;

    internal static int Run(BenchArguments arguments)
    {
        using BenchStore store = new();
        CultureInfo culture = CultureInfo.InvariantCulture;
        store.EmptyHot();
        string part = PartOf(store.Execute("load", arguments.File, arguments.Element, "--json").Output);
        HitTimes hits = HitTimes.Measure(arguments, store.Hot, double.NaN);
        (double cold50, double cold99) = FirstValueOfAColdPart(store, arguments);
        JsonElement answer = Python(store, "answer", store.Executable, arguments.File);
        JsonElement memory = Python(store, "pss", part);
        StringBuilder text = new();
        text.AppendLine(culture, $"# Hits: {arguments.Element} of {Path.GetFileName(arguments.File)}, a part of {new FileInfo(part).Length / 1e6:F0} MB").AppendLine();
        text.AppendLine("| | p50 | p99 |").AppendLine("|---|---|---|");
        text.AppendLine(culture, $"| C#: part not yet mapped by this process, µs | {hits.First50:F1} | {hits.First99:F1} |");
        text.AppendLine(culture, $"| C#: part already mapped, with the freshness check, µs | {hits.Repeat50:F2} | {hits.Repeat99:F2} |");
        text.AppendLine(culture, $"| C#: a cold part's first value, hot tier empty as after a reboot, pages in the cache, µs | {cold50:F1} | {cold99:F1} |");
        text.AppendLine(culture, $"| executable, start to end of a hit (`true`: {answer.GetProperty("true").GetDouble():F2}), ms | {answer.GetProperty("hit").GetDouble():F2} | best {answer.GetProperty("hit_best").GetDouble():F2} |");
        text.AppendLine().AppendLine("| processes that have read the whole part | their shares of it together (PSS) |").AppendLine("|---|---|");
        foreach (JsonProperty readers in memory.GetProperty("pss").EnumerateObject())
        {
            text.AppendLine(culture, $"| {readers.Name} | {readers.Value.GetInt64() / 1e6:F0} MB |");
        }

        Console.WriteLine(text);
        BenchStore.Save($"hits-{Path.GetFileNameWithoutExtension(arguments.File)}.md", text.ToString());
        return 0;
    }

    /// <summary>Opens a store whose hot tier is new, pins the part, and reads its first value.</summary>
    private static (double P50, double P99) FirstValueOfAColdPart(BenchStore store, BenchArguments arguments)
    {
        string cold = Path.Join(Path.GetTempPath(), $"anndata-cache-bench-{Environment.ProcessId}"), hot = Path.Join(store.HotFolder, "rebooted");
        CacheOptions options = new() { HotFolder = hot, HotBytes = 1L << 20, ColdFolder = cold, ColdBytes = 64L << 30, Promotion = Promotion.Never };
        try
        {
            using (Cache cache = Cache.Open(options with { HotBytes = 0 }))
            using (CachedAnnData file = cache.Open(arguments.File)) { file.Pin(arguments.Element).Dispose(); }
            List<double> times = [];
            for (int round = -ColdRounds; round < ColdRounds; round++)
            {
                if (Directory.Exists(hot)) { Directory.Delete(hot, recursive: true); }
                long start = Stopwatch.GetTimestamp();
                using Cache cache = Cache.Open(options);
                using CachedAnnData file = cache.Open(arguments.File);
                using PinnedElement element = file.Pin(arguments.Element);
                _ = element.Columns[0].Values.Span<byte>(0, 1)[0];
                if (round >= 0) { times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds); }
            }

            times.Sort();
            return (times[ColdRounds / 2], times[ColdRounds * 99 / 100]);
        }
        finally
        {
            if (Directory.Exists(cold)) { Directory.Delete(cold, recursive: true); }
        }
    }

    private static string PartOf(string loaded)
    {
        using JsonDocument line = JsonDocument.Parse(loaded);
        return line.RootElement.GetProperty("file").GetString()!;
    }

    private static JsonElement Python(BenchStore store, params string[] arguments)
    {
        using JsonDocument found = JsonDocument.Parse(
            MeasuredProcess.Run("/usr/bin/python3", [CompareBench.Script("readers.py"), .. arguments], store.Variables).Output);
        return found.RootElement.Clone();
    }
}
