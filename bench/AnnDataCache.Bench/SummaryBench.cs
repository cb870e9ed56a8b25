using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace AnnDataCache.Bench;

/// <summary>Numbers of a dot plot, and mini-batches, in C# and in Python, beside anndata, scipy and pandas on the same file.</summary>
/// <remarks>
/// The matrix is in the hot tier before anything is timed. The contenders have it in their own memory, as anndata.read_h5ad
/// leaves it: what they pay is the work alone. All must agree on the sum of the means before anything is reported.
/// </remarks>
internal static class SummaryBench
{
    private const int Genes = 50, BatchSize = 4096;

    private const string Script = """
        import sys, time, json, warnings
        warnings.simplefilter("ignore")
        import numpy as np, pandas as pd, anndata
        import anndata_cache as cache
        path, rounds = sys.argv[1], int(sys.argv[2])
        genes = [f"gene-{i * 37}" for i in range(50)]
        def median(work, rounds=rounds):
            times = []
            for _ in range(rounds + 1):
                start = time.perf_counter(); result = work(); times.append(time.perf_counter() - start)
            return sorted(times[1:])[len(times) // 2 - 1], result
        def dots(data):
            frame = pd.DataFrame(data[:, genes].X.toarray(), columns=genes)
            groups = data.obs["louvain"].to_numpy()
            return frame.groupby(groups).mean(), (frame > 0).groupby(groups).mean()
        def cells(batches, epoch):
            start, count = time.perf_counter(), 0
            for batch in batches.epoch(epoch):
                count += len(batch.rows)
                if count >= 200_000: break
            return count / (time.perf_counter() - start)
        best = lambda work: sorted(work(epoch) for epoch in range(rounds + 1))[(rounds + 1) // 2]
        handle = cache.open(path)
        out = {}
        assert handle._fresh(lambda source: source.derived("X", "twin")) is not None, "the tier has no twin"
        out["gene"], _ = median(lambda: handle.gene("gene-77"))
        out["ours"], ours = median(lambda: handle.summary(genes, "louvain"))
        out["dense"] = best(lambda epoch: cells(handle.batches(4096), epoch))
        out["reused"] = best(lambda epoch: cells(handle.batches(4096, reuse=True), epoch))
        out["csr"] = best(lambda epoch: cells(handle.batches(4096, format="csr"), epoch))
        data = anndata.read_h5ad(path)
        out["column"], _ = median(lambda: data.X[:, 77].toarray().ravel(), 3)
        out["pandas"], theirs = median(lambda: dots(data), 3)
        def shuffled(epoch):
            order = np.random.default_rng(epoch).permutation(data.n_obs)[:200_000]
            start = time.perf_counter()
            for at in range(0, len(order), 4096): data.X[np.sort(order[at:at + 4096])].toarray()
            return len(order) / (time.perf_counter() - start)
        out["scipy"] = best(shuffled)
        backed = anndata.read_h5ad(path, backed="r")
        start = time.perf_counter(); rows = np.sort(np.random.default_rng(1).permutation(data.n_obs)[:4096]); backed[rows].X.toarray()
        out["backed"] = 4096 / (time.perf_counter() - start)
        assert np.allclose(ours.mean.to_numpy(), theirs[0].loc[ours.mean.index].to_numpy(), rtol=1e-4)
        out["sum"] = sum(ours.mean.to_numpy().T.ravel().tolist())  # in the order of the sum in C#
        print(json.dumps(out))
        """;

    internal static int Run(BenchArguments arguments)
    {
        using BenchStore store = new();
        CacheOptions options = new() { HotFolder = store.Hot, ColdBytes = 0, Workers = 2, Twin = TwinPolicy.Never };
        string[] genes = [.. Enumerable.Range(0, Genes).Select(i => $"gene-{i * 37}")];
        Dictionary<string, double> times = [];
        double sum;
        using (Cache cache = Cache.Open(options))
        using (CachedAnnData data = cache.Open(arguments.File))
        {
            foreach (string element in (string[])["X", "obs", "var"]) { data.Pin(element).Dispose(); }
            times["scan"] = Median(arguments.Rounds, () => data.SummarizeGenes(genes, "louvain"));
            using PinnedElement twin = data.Slices().PinTwin()!;
            times["twin"] = Median(arguments.Rounds, () => data.SummarizeGenes(genes, "louvain"));
            times["all"] = Median(arguments.Rounds, () => data.SummarizeGenes(null, "louvain"));
            sum = data.SummarizeGenes(genes, "louvain").Means.ToArray().Sum();
            foreach (bool sparse in (bool[])[false, true])
            {
                using BatchReader reader = data.Batches(new BatchOptions { BatchSize = BatchSize, Sparse = sparse });
                times[sparse ? "csr" : "dense"] = CellsPerSecond(arguments.Rounds, reader);
            }
        }

        Dictionary<string, string> variables = new(store.Variables)
        {
            ["ANNDATA_CACHE_EXECUTABLE"] = Path.Join(BenchStore.Root(), "artifacts", "anndata-cache"),
            ["PYTHONPATH"] = Path.Join(BenchStore.Root(), "python", "src"),
        };
        MeasuredProcess python = MeasuredProcess.Run("/usr/bin/python3", ["-c", Script, arguments.File, $"{arguments.Rounds}"], variables);
        using JsonDocument theirs = JsonDocument.Parse(python.Output);
        double theirSum = theirs.RootElement.GetProperty("sum").GetDouble();
        if (theirSum != sum) { throw new InvalidOperationException($"The sums differ: {sum:R} in C#, {theirSum:R} in Python."); }
        string table = Table(arguments, times, name => theirs.RootElement.GetProperty(name).GetDouble());
        Console.WriteLine(table);
        BenchStore.Save("summary.md", table);
        return 0;
    }

    private static double Median(int rounds, Action work)
    {
        work();
        return LoadBench.Median([.. Enumerable.Range(0, rounds).Select(_ =>
        {
            long start = Stopwatch.GetTimestamp();
            work();
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        })]);
    }

    private static double CellsPerSecond(int rounds, BatchReader reader) => LoadBench.Median([.. Enumerable.Range(0, rounds).Select(epoch =>
    {
        long start = Stopwatch.GetTimestamp(), cells = 0;
        foreach (Batch batch in reader.Epoch(epoch)) { cells += batch.Count; }
        return cells / Stopwatch.GetElapsedTime(start).TotalSeconds;
    })]);

    private static string Table(BenchArguments arguments, Dictionary<string, double> ours, Func<string, double> python)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        StringBuilder text = new();
        string name = Path.GetFileName(arguments.File), system = RuntimeInformation.OSDescription;
        text.AppendLine(culture, $"# Summaries and batches: {name} ({arguments.FileBytes / 1e6:F0} MB)").AppendLine();
        text.AppendLine("1,000,000 cells × 2,000 genes, 5 % dense, 30 categories (`bench/make_cells.py`).");
        text.AppendLine(culture, $"{Environment.ProcessorCount} cores, {system}, medians of {arguments.Rounds} rounds.").AppendLine();
        text.AppendLine(culture, $"| means and fractions, {Genes} genes × 30 categories | ms | |").AppendLine("|---|---|---|");
        void Dots(string what, double seconds) =>
            text.AppendLine(culture, $"| {what} | {seconds * 1e3:F1} | {python("pandas") / seconds:F0} × |");
        Dots("C#, from the twin, 2 threads", ours["twin"]);
        Dots("C#, by a scan of the CSR, 2 threads", ours["scan"]);
        Dots("C#, all 2,000 genes, from the twin", ours["all"]);
        Dots("Python, from the twin, 1 thread", python("ours"));
        Dots("AnnData in memory: `X[:, genes].toarray()`, pandas' `groupby`", python("pandas"));
        double gene = python("gene"), column = python("column");
        text.AppendLine().AppendLine("| one gene of 1,000,000 cells, a new float32 array | ms | |").AppendLine("|---|---|---|");
        text.AppendLine(culture, $"| Python, `h.gene`, from the twin | {gene * 1e3:F2} | {column / gene:F0} × |");
        text.AppendLine(culture, $"| AnnData in memory: `X[:, i].toarray()` | {column * 1e3:F1} | 1 × |");
        text.AppendLine().AppendLine(culture, $"| shuffled batches of {BatchSize:N0} cells × 2,000 genes, one process, one thread | cells/s | |");
        text.AppendLine("|---|---|---|");
        void Cells(string what, double rate) => text.AppendLine(culture, $"| {what} | {rate:N0} | {rate / python("scipy"):0.0#} × |");
        Cells("C#, dense float32, buffer reused", ours["dense"]);
        Cells("C#, CSR", ours["csr"]);
        Cells("Python, dense float32, a new array each", python("dense"));
        Cells("Python, dense float32, `reuse=True`", python("reused"));
        Cells("Python, CSR", python("csr"));
        Cells("AnnData in memory: `X[rows].toarray()`", python("scipy"));
        Cells("AnnData `backed=\"r\"`", python("backed"));
        return text.ToString();
    }
}
