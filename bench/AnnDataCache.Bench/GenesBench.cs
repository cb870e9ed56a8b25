using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace AnnDataCache.Bench;

/// <summary>Genes, cells and twins beside what scipy does with the same matrix in the memory of its own process.</summary>
/// <remarks>
/// Both sides have the matrix in memory before anything is timed: theirs as a csr_matrix, ours as a part. The contenders run
/// in turn, scipy's rounds each in a new process, since its tocsc takes new memory as ours takes new pages. The gene must be
/// the same, bit by bit, before anything is reported. The twin's bound is its bytes read twice and written twice, to new pages of
/// the same tmpfs; the scan's is one pass over all bytes of the part; both by two threads. Private memory is that of the executable
/// that builds the twin of a part that is there.
/// </remarks>
internal static class GenesBench
{
    private const int Gene = 100, Cells = 10_000, Repeats = 30, BatchSize = 4096;

    private const string Scipy = """
        import sys, time, json, random
        import h5py, numpy as np, scipy.sparse as sp
        with h5py.File(sys.argv[1]) as file:
            x = file[sys.argv[2]]
            m = sp.csr_matrix((x["data"][:], x["indices"][:], x["indptr"][:]), shape=x.attrs["shape"])
        def timed(action):
            start = time.perf_counter(); result = action(); return result, time.perf_counter() - start
        gene, column = min((timed(lambda: m[:, int(sys.argv[3])].toarray().ravel().astype("f4")) for _ in range(3)), key=lambda pair: pair[1])
        cells = np.random.default_rng(1).choice(m.shape[0], min(int(sys.argv[4]), m.shape[0]), replace=False)
        _, rows = timed(lambda: m[cells])
        _, tocsc = timed(lambda: m.tocsc())
        import hashlib
        print(json.dumps({"column": column, "rows": rows, "tocsc": tocsc, "hash": hashlib.sha256(gene.tobytes()).hexdigest()}))
        """;

    internal static int Run(IReadOnlyList<string> files, int rounds)
    {
        StringBuilder text = new();
        CultureInfo culture = CultureInfo.InvariantCulture;
        text.AppendLine("# Genes, cells and twins").AppendLine();
        text.AppendLine(culture, $"{Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, medians of {rounds} rounds in turn; scipy and ours have the matrix in memory.").AppendLine();
        foreach (string file in files)
        {
            using BenchStore store = new();
            Append(text, file, store, rounds);
        }

        Console.WriteLine(text);
        BenchStore.Save("genes.md", text.ToString());
        return 0;
    }

    private static void Append(StringBuilder text, string file, BenchStore store, int rounds)
    {
        List<double> column = [], rows = [], tocsc = [], twin = [], bound = [], scan = [], pass = [], gene = [], cells = [], batches = [];
        long[] shape = [], bytes = [];
        store.Execute("load", file, "X");
        long own = store.Execute("load", file, "X", "--twin").PrivateBytes;
        long nonZeros = 0;
        for (int round = 0; round < rounds; round++)
        {
            using JsonDocument theirs = JsonDocument.Parse(MeasuredProcess.Run("/usr/bin/python3", ["-c", Scipy, file, "X", $"{Gene}", $"{Cells}"], store.Variables).Output);
            column.Add(theirs.RootElement.GetProperty("column").GetDouble());
            rows.Add(theirs.RootElement.GetProperty("rows").GetDouble());
            tocsc.Add(theirs.RootElement.GetProperty("tocsc").GetDouble());
            store.Empty();
            using Cache cache = Cache.Open(new CacheOptions { HotFolder = store.HotFolder, HotBytes = 8L << 30, ColdBytes = 0, Workers = 2, Twin = TwinPolicy.Never });
            using CachedAnnData data = cache.Open(file);
            data.Pin("X").Dispose();
            MatrixSlices x = data.Slices("X");
            float[] numbers = new float[x.ObsCount];
            scan.Add(Best(5, () => x.ReadGenes<float>([Gene], numbers)));
            Require(numbers, theirs.RootElement.GetProperty("hash").GetString()!);
            twin.Add(Timed(() => x.PinTwin()!.Dispose()));
            gene.Add(Best(Repeats, () => x.ReadGenes<float>([Gene], numbers)));
            Require(numbers, theirs.RootElement.GetProperty("hash").GetString()!);
            Random random = new(1);
            long[] some = [.. Enumerable.Range(0, (int)Math.Min(Cells, x.ObsCount)).Select(_ => random.NextInt64(x.ObsCount))];
            cells.Add(Best(3, () => x.Cells(some)));
            using PinnedElement part = data.Pin("X"), other = x.PinTwin()!;
            (shape, bytes, nonZeros) = ([x.ObsCount, x.VarCount], [part.Bytes, other.Bytes], part.Info.NonZeros!.Value);
            pass.Add(Best(5, () => Read(part)));
            bound.Add(Timed(() => ReadAndWriteTwice(other, store.HotFolder)));
            using BatchReader reader = data.Batches(new BatchOptions { BatchSize = BatchSize });
            batches.Add(x.ObsCount / Timed(() => { foreach (Batch batch in reader.Epoch(round)) { _ = batch.Dense; } }));
        }

        CultureInfo culture = CultureInfo.InvariantCulture;
        text.AppendLine(culture, $"## {shape[0]:N0} cells × {shape[1]:N0} genes, {nonZeros:N0} non-zeros").AppendLine();
        text.AppendLine(culture, $"Part {bytes[0] / 1e6:F0} MB, twin {bytes[1] / 1e6:F0} MB.").AppendLine();
        text.AppendLine("| work | scipy | ours | |").AppendLine("|---|---|---|---|");
        Row(text, "one gene, float32, twin hot", LoadBench.Median(column), LoadBench.Median(gene));
        Row(text, "one gene, no twin (scan)", LoadBench.Median(column), LoadBench.Median(scan));
        Row(text, $"{Cells:N0} random cells, CSR", LoadBench.Median(rows), LoadBench.Median(cells));
        Row(text, "tocsc / twin", LoadBench.Median(tocsc), LoadBench.Median(twin));
        text.AppendLine().AppendLine("| work | bound | ours | of the bound |").AppendLine("|---|---|---|---|");
        Bound(text, "twin; its bytes read and written twice", LoadBench.Median(bound), LoadBench.Median(twin));
        Bound(text, "scan; all bytes of the part read", LoadBench.Median(pass), LoadBench.Median(scan));
        text.AppendLine().AppendLine(culture, $"The executable that builds the twin has {own / 1e6:F0} MB of private memory.");
        text.AppendLine(culture, $"Shuffled batches of {BatchSize:N0} cells, dense float32, one thread: {LoadBench.Median(batches):N0} cells/s.");
        text.AppendLine();
    }

    private static void Bound(StringBuilder text, string what, double bound, double ours) => text.AppendLine(
        CultureInfo.InvariantCulture, $"| {what} | {bound * 1e3:F1} ms | {ours * 1e3:F1} ms | **{ours / bound:F2}** |");

    private static void Row(StringBuilder text, string what, double theirs, double ours) => text.AppendLine(
        CultureInfo.InvariantCulture, $"| {what} | {theirs * 1e3:F2} ms | {ours * 1e3:F3} ms | **{theirs / ours:F1} ×** |");

    private static void Require(float[] numbers, string hash)
    {
        string ours = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(MemoryMarshal.AsBytes(numbers.AsSpan())));
        if (ours != hash) { throw new InvalidOperationException("The two ways give different genes."); }
    }

    private static void ReadAndWriteTwice(PinnedElement twin, string folder)
    {
        for (int time = 0; time < 2; time++)
        {
            string path = Path.Join(folder, $"written-{time}");
            using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 0, FileOptions.DeleteOnClose);
            long half = twin.Bytes / 2;
            file.SetLength(2 * half);
            Parallel.For(0, 2, side =>
            {
                byte[] piece = new byte[1 << 18];
                piece[0] = (byte)Read(twin, side);
                for (long at = 0; at < half; at += piece.Length)
                {
                    RandomAccess.Write(file.SafeFileHandle, piece.AsSpan(0, (int)Math.Min(piece.Length, half - at)), (side * half) + at);
                }
            });
        }
    }

    private static void Read(PinnedElement part) => Parallel.For(0, 2, side => { _ = Read(part, side); });

    private static long Read(PinnedElement part, int side) => part.Columns.Sum(column => Sum(column.Values, side) + Sum(column.Indices, side));

    private static long Sum(PinnedBuffer buffer, int side)
    {
        long sum = 0, half = buffer.ByteLength / 2 / 8 * 8;
        for (long at = side * half; at < (side + 1) * half; at += 1 << 20)
        {
            ReadOnlySpan<long> words = MemoryMarshal.Cast<byte, long>(buffer.Span<byte>(at, (int)Math.Min(1 << 20, ((side + 1) * half) - at)));
            sum += System.Numerics.Tensors.TensorPrimitives.Sum(words);
        }

        return sum;
    }

    private static double Best(int times, Action action) => Enumerable.Range(0, times).Select(_ => Timed(action)).Order().ElementAt(times / 2);

    private static double Timed(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
