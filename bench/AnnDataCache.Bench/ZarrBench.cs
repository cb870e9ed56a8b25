using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using AnnDataCache.Codecs;
using AnnDataCache.Containers;
using AnnDataCache.Interop;
using AnnDataCache.Zarr;

namespace AnnDataCache.Bench;

/// <summary>X of a sharded store of version 3, beside zarr-python reading the same X of version 2, and beside the codec alone.</summary>
/// <remarks>
/// The contenders run in turn, each load in a process of its own with a warm page cache, into an empty hot tier. Of
/// zarr-python only the reads are counted, without Python's start and imports; of ours the whole process. The codec alone:
/// all chunks, in memory already, decoded by two threads into one buffer each, which stays in the cache. Sums must agree.
/// </remarks>
internal static class ZarrBench
{
    private const int Threads = 2;

    private const string ReadVersion2 = """
        import sys, time, json, warnings
        warnings.simplefilter("ignore")
        import numpy, scipy.sparse, zarr
        start = time.perf_counter()
        x = zarr.open(sys.argv[1], "r")["X"]
        x = scipy.sparse.csr_matrix((x["data"][...], x["indices"][...], x["indptr"][...]), shape=tuple(x.attrs["shape"]))
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "sum": float(x.data.sum(dtype="float64"))}))
        """;

    internal static int Run(string sharded, string plain, int rounds)
    {
        using BenchStore store = new();
        List<byte[]> chunks = ReadChunks(sharded, out int largest);
        List<double> theirs = [], ours = [], oursPlain = [], codec = [];
        long theirMemory = 0, ourMemory = 0;
        for (int round = 0; round <= rounds; round++) // round 0 warms the page cache and is not counted
        {
            MeasuredProcess python = MeasuredProcess.Run("/usr/bin/python3", ["-c", ReadVersion2, plain], store.Variables);
            using JsonDocument answer = JsonDocument.Parse(python.Output);
            double seconds = answer.RootElement.GetProperty("seconds").GetDouble();
            store.Empty();
            MeasuredProcess load = store.Execute("load", sharded, "X", "--json");
            store.Empty();
            MeasuredProcess loadPlain = store.Execute("load", plain, "X", "--json");
            double floor = Decode(chunks, largest);
            if (round == 0)
            {
                RequireSameSum(store, plain, answer.RootElement.GetProperty("sum").GetDouble());
                continue;
            }

            theirs.Add(seconds);
            ours.Add(load.Seconds);
            oursPlain.Add(loadPlain.Seconds);
            codec.Add(floor);
            (theirMemory, ourMemory) = (Math.Max(theirMemory, python.PrivateBytes), Math.Max(ourMemory, load.PrivateBytes));
            Console.Error.WriteLine($"round {round}: zarr-python {seconds:F3} s, sharded {load.Seconds:F3} s, version 2 {loadPlain.Seconds:F3} s, codec {floor:F3} s");
        }

        string table = Table(Path.GetFileName(sharded), rounds, theirs, ours, oursPlain, codec, theirMemory, ourMemory);
        Console.WriteLine(table);
        BenchStore.Save("zarr.md", table);
        return 0;
    }

    private static void RequireSameSum(BenchStore store, string path, double theirs)
    {
        using Cache cache = Cache.Open(new CacheOptions { HotFolder = store.HotFolder, ColdBytes = 0 });
        using CachedAnnData file = cache.Open(path);
        using PinnedElement x = file.Pin("X");
        double ours = 0;
        foreach (float value in x.Columns[0].Values.Span<float>()) { ours += value; }
        if (Math.Abs(ours - theirs) > 1e-9 * theirs) { throw new InvalidOperationException($"zarr-python's X sums to {theirs}, ours to {ours}."); }
    }

    private static string Table(
        string name, int rounds, List<double> theirs, List<double> ours, List<double> oursPlain, List<double> codec, long theirMemory, long ourMemory)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        StringBuilder text = new();
        text.AppendLine(culture, $"# X of a Zarr store: {name}").AppendLine();
        text.AppendLine(culture, $"{Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, medians of {rounds} rounds in turn, warm page cache, new tmpfs pages.").AppendLine();
        text.AppendLine("| what | seconds | peak private memory |").AppendLine("|---|---|---|");
        text.AppendLine(culture, $"| zarr-python 2.13, version 2, the reads alone | {LoadBench.Median(theirs):F3} | {theirMemory / 1e6:F0} MB |");
        text.AppendLine(culture, $"| `anndata-cache load`, version 3 with shards, whole process | {LoadBench.Median(ours):F3} | {ourMemory / 1e6:F0} MB |");
        text.AppendLine(culture, $"| `anndata-cache load`, version 2, whole process | {LoadBench.Median(oursPlain):F3} | |");
        text.AppendLine(culture, $"| the codec alone, {Threads} threads, from memory | {LoadBench.Median(codec):F3} | |").AppendLine();
        text.AppendLine(culture, $"**{LoadBench.Median([.. theirs.Zip(ours, (a, b) => a / b)]):F2} ×** zarr-python, **{LoadBench.Median([.. codec.Zip(ours, (a, b) => a / b)]):F2}** of the codec's speed, round by round.");
        return text.ToString();
    }

    /// <summary>The stored bytes of all chunks of X.</summary>
    private static List<byte[]> ReadChunks(string path, out int largest)
    {
        using ZarrFile file = ZarrFile.OpenFolder(path);
        using FolderStore store = new(path);
        List<byte[]> chunks = [];
        largest = 0;
        foreach (string name in (string[])["data", "indices", "indptr"])
        {
            ZarrArray array = (ZarrArray)((ContainerGroup)file.Root.Open("X")).Open(name);
            ZarrChunks layout = new(store, $"X/{name}", array.Metadata);
            using ChunkLocator locator = new(layout);
            largest = Math.Max(largest, layout.ChunkBytes);
            for (long number = 0; number < layout.Grid.Count; number++)
            {
                if (!locator.TryFind(number, out StoredRange place)) { continue; }
                byte[] chunk = new byte[place.Length];
                place.Read(0, chunk);
                chunks.Add(chunk);
            }
        }

        return chunks;
    }

    private static double Decode(List<byte[]> chunks, int largest)
    {
        int next = -1;
        long start = Stopwatch.GetTimestamp();
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(_ => new Thread(() =>
        {
            using NativeBuffer target = new(largest);
            for (int at = Interlocked.Increment(ref next); at < chunks.Count; at = Interlocked.Increment(ref next)) { Blosc.Decode(chunks[at], target.Span(0, largest)); }
        }))];
        foreach (Thread thread in threads) { thread.Start(); }
        foreach (Thread thread in threads) { thread.Join(); }
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
