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

/// <summary>X of a sharded store of version 3, beside zarr-python reading the same X of version 2, and beside what codec and pages take alone.</summary>
/// <remarks>
/// The contenders run in turn, each load in a process of its own with a warm page cache. Ours is loaded into an empty hot tier (new
/// pages), and into one that is full of the same store's parts under another name (pages of evicted parts). Of zarr-python only the reads are
/// counted, without Python's start and imports; of ours the whole process. The codec alone: all chunks, in memory already, decoded by
/// two threads into one buffer each, which stays in the cache; ours, and the C library by numcodecs. Pages alone: as many
/// bytes, written by two threads from a buffer each. Sums must agree.
/// </remarks>
internal static class ZarrBench
{
    private const int Threads = 2, PieceBytes = 256 << 10, Warming = 3;

    private const double SpareRoom = 1.05;

    private const string ReadVersion2 = """
        import sys, time, json, warnings
        warnings.simplefilter("ignore")
        import numpy, scipy.sparse, zarr
        start, used = time.perf_counter(), time.process_time()
        x = zarr.open(sys.argv[1], "r")["X"]
        x = scipy.sparse.csr_matrix((x["data"][...], x["indices"][...], x["indptr"][...]), shape=tuple(x.attrs["shape"]))
        seconds, cpu = time.perf_counter() - start, time.process_time() - used
        print(json.dumps({"seconds": seconds, "cpu": cpu, "sum": float(x.data.sum(dtype="float64"))}))
        """;

    private const string DecodeInC = """
        import sys, time, json, glob, threading, numpy
        from numcodecs import blosc
        chunks = [open(file, "rb").read() for name in ("data", "indices", "indptr") for file in glob.glob(f"{sys.argv[1]}/X/{name}/[0-9]*")]
        lengths, next = [int.from_bytes(chunk[4:8], "little") for chunk in chunks], iter(range(len(chunks)))
        blosc.use_threads = False
        def work(target):
            for at in next:
                blosc.decompress(chunks[at], target[:lengths[at]])
        def run():
            start, used = time.perf_counter(), time.process_time()
            threads = [threading.Thread(target=work, args=(target,)) for target in targets]
            [thread.start() for thread in threads], [thread.join() for thread in threads]
            return {"seconds": time.perf_counter() - start, "cpu": time.process_time() - used}
        targets = [numpy.ones(max(lengths), "u1") for _ in range(2)]
        run()
        next = iter(range(len(chunks)))
        print(json.dumps(run()))
        """;

    /// <summary>What was measured of one contender.</summary>
    private sealed class Line(string name)
    {
        private readonly List<double> _cpu = [];

        internal string Name => name;

        internal List<double> Seconds { get; } = [];

        internal double Cpu => LoadBench.Median(_cpu);

        internal long Memory { get; private set; }

        internal void Add(double seconds, double cpu, long memory)
        {
            Seconds.Add(seconds);
            _cpu.Add(cpu);
            Memory = Math.Max(Memory, memory);
        }
    }

    internal static int Run(string sharded, string plain, int rounds)
    {
        using BenchStore store = new();
        List<byte[]> chunks = ReadChunks(sharded, out int largest);
        for (int i = 0; i < Warming; i++) { Decode(chunks, largest); } // the run-time compiler's turn
        string twin = sharded + ".twin";
        MeasuredProcess.Run("/bin/cp", ["-al", sharded, twin], store.Variables);
        try
        {
            Line theirs = new("zarr-python 2.13, version 2, the reads alone"), fresh = new("`load`, version 3 with shards, new pages"),
                steady = new("`load`, version 3 with shards, pages of evicted parts"), old = new("`load`, version 2, new pages"),
                codec = new("codec alone, ours"), c = new("codec alone, numcodecs (C)"), pages = new("new pages alone"), again = new("pages of evicted parts alone");
            for (int round = 0; round <= rounds; round++) // round 0 warms the page cache and is not counted
            {
                store.Empty();
                JsonElement read = Python(store, ReadVersion2, plain, out MeasuredProcess python);
                MeasuredProcess loadPlain = store.Execute("load", plain, "X", "--json");
                if (round == 0) { RequireSameSum(store, plain, read.GetProperty("sum").GetDouble()); }
                store.Empty();
                MeasuredProcess load = store.Execute("load", sharded, "X", "--json");
                long bytes = Directory.GetFiles(Path.Join(store.Hot, "parts")).Sum(part => new FileInfo(part).Length);
                Dictionary<string, string> full = new(store.Variables) { ["ANNDATA_CACHE_HOT_BYTES"] = ((long)(bytes * SpareRoom)).ToString(CultureInfo.InvariantCulture) };
                MeasuredProcess recycled = store.Execute(full, "load", twin, "X", "--json");
                store.Empty();
                JsonElement inC = Python(store, DecodeInC, plain, out _);
                double decode = Decode(chunks, largest), write = Write(store, bytes), overwrite = Write(store, bytes);
                if (round == 0) { continue; }
                theirs.Add(read.GetProperty("seconds").GetDouble(), read.GetProperty("cpu").GetDouble(), python.PrivateBytes);
                old.Add(loadPlain.Seconds, loadPlain.CpuSeconds, loadPlain.PrivateBytes);
                fresh.Add(load.Seconds, load.CpuSeconds, load.PrivateBytes);
                steady.Add(recycled.Seconds, recycled.CpuSeconds, recycled.PrivateBytes);
                c.Add(inC.GetProperty("seconds").GetDouble(), inC.GetProperty("cpu").GetDouble(), 0);
                codec.Add(decode, 0, 0);
                pages.Add(write, 0, 0);
                again.Add(overwrite, 0, 0);
            }

            string table = Table(Path.GetFileName(sharded), rounds, [theirs, fresh, steady, old, codec, c, pages, again])
                + Ratios(theirs, codec, fresh, pages, "new pages") + Ratios(theirs, codec, steady, again, "pages of evicted parts");
            Console.WriteLine(table);
            BenchStore.Save("zarr.md", table);
            return 0;
        }
        finally
        {
            Directory.Delete(twin, recursive: true);
        }
    }

    private static JsonElement Python(BenchStore store, string script, string argument, out MeasuredProcess process)
    {
        process = MeasuredProcess.Run("/usr/bin/python3", ["-c", script, argument], store.Variables);
        using JsonDocument answer = JsonDocument.Parse(process.Output);
        return answer.RootElement.Clone();
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

    private static string Table(string name, int rounds, Line[] lines)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        StringBuilder text = new();
        text.AppendLine(culture, $"# X of a Zarr store: {name}").AppendLine();
        text.AppendLine(culture, $"{Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, medians of {rounds} rounds in turn, warm page cache; loads are whole processes.").AppendLine();
        text.AppendLine("| what | seconds | least | CPU seconds | peak private memory |").AppendLine("|---|---|---|---|---|");
        foreach (Line line in lines)
        {
            string cpu = line.Cpu > 0 ? line.Cpu.ToString("F3", culture) : "", memory = line.Memory > 0 ? $"{line.Memory / 1e6:F0} MB" : "";
            text.AppendLine(culture, $"| {line.Name} | {LoadBench.Median(line.Seconds):F3} | {line.Seconds.Min():F3} | {cpu} | {memory} |");
        }

        return text.AppendLine().ToString();
    }

    /// <summary>Round by round: every contender of a round met the same machine.</summary>
    private static string Ratios(Line theirs, Line codec, Line ours, Line pages, string where)
    {
        double faster = LoadBench.Median([.. theirs.Seconds.Zip(ours.Seconds, (a, b) => a / b)]);
        double ofCodec = LoadBench.Median([.. codec.Seconds.Zip(ours.Seconds, (a, b) => a / b)]);
        double ofBoth = LoadBench.Median([.. codec.Seconds.Zip(pages.Seconds, (a, b) => a + b).Zip(ours.Seconds, (a, b) => a / b)]);
        return string.Create(CultureInfo.InvariantCulture, $"Into {where}: **{faster:F2} ×** zarr-python; **{ofCodec:F2}** of the codec's speed, **{ofBoth:F2}** of codec and pages together.\n\n");
    }

    /// <summary>Seconds to write as many bytes to a file of the hot folder: to new pages the first time, to the same ones the second.</summary>
    private static double Write(BenchStore store, long bytes)
    {
        using FileDescriptor file = FileDescriptor.Open(Path.Join(store.HotFolder, "floor"), Posix.ReadWrite | Posix.Create, 0x180);
        long pieces = (bytes + PieceBytes - 1) / PieceBytes, next = -1;
        return Time(() =>
        {
            byte[] piece = new byte[PieceBytes];
            for (long at = Interlocked.Increment(ref next); at < pieces; at = Interlocked.Increment(ref next)) { file.Write(at * PieceBytes, piece); }
        });
    }

    private static double Time(Action work)
    {
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(_ => new Thread(() => work()))];
        long start = Stopwatch.GetTimestamp();
        foreach (Thread thread in threads) { thread.Start(); }
        foreach (Thread thread in threads) { thread.Join(); }
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
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
        return Time(() =>
        {
            using NativeBuffer target = new(largest);
            for (int at = Interlocked.Increment(ref next); at < chunks.Count; at = Interlocked.Increment(ref next)) { Blosc.Decode(chunks[at], target.Span(0, largest)); }
        });
    }
}
