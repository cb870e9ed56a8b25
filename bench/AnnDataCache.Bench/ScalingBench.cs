using System.Globalization;
using System.Text;

namespace AnnDataCache.Bench;

/// <summary>Rate and memory of a load by the size of the file and by the number of threads: both should be flat.</summary>
internal static class ScalingBench
{
    private const int Rounds = 5;

    // Of the generator's file; parts of some 10 MB, 100 MB, 1 GB, and where the generator's memory allows it 8 GB.
    private static readonly (string Name, double[] Scales)[] s_files = [("csr-gzip", [0.01, 0.1, 1]), ("dense-gzip", [0.025, 0.25, 2.5, 20])];

    /// <param name="folder">Where the files are, and where those that are missing are written.</param>
    internal static int Run(string folder)
    {
        using BenchStore store = new();
        StringBuilder text = new();
        text.AppendLine("# Loads by size and by threads").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"`load --all` into new pages, warm page cache, medians of {Rounds}; rates are those of the parts' bytes.").AppendLine();
        text.AppendLine("| file | bytes of its parts | 1 thread | 2 threads | by threads | CPU seconds for 1 GB | peak private memory |").AppendLine("|---|---|---|---|---|---|---|");
        foreach ((string name, double[] scales) in s_files)
        {
            foreach (double scale in scales)
            {
                string row = Measure(store, Make(folder, name, scale));
                Console.Error.WriteLine(row);
                text.AppendLine(row);
            }
        }

        Console.WriteLine(text);
        BenchStore.Save("scaling.md", text.ToString());
        return 0;
    }

    private static string Make(string folder, string name, double scale)
    {
        string text = scale.ToString(CultureInfo.InvariantCulture), into = Path.Join(folder, $"scale-{text}");
        MeasuredProcess.Run("/usr/bin/python3", [CompareBench.Script("make_files.py"), into, name, "--scale", text], new Dictionary<string, string>());
        return Path.Join(into, name + ".h5ad");
    }

    private static string Measure(BenchStore store, string file)
    {
        (double one, _, _) = Load(store, file, workers: 1);
        (double two, double cpu, long memory) = Load(store, file, workers: 2);
        double gigabytes = MemoryBench.PartBytes(store) / 1e9;
        store.Empty();
        return string.Create(CultureInfo.InvariantCulture,
            $"| {Path.GetFileName(file)} × {Path.GetFileName(Path.GetDirectoryName(file)!)[6..]} | {gigabytes * 1e3:F0} MB | {gigabytes * 1e3 / one:F0} MB/s | {gigabytes * 1e3 / two:F0} MB/s | {one / two:F2} × | {cpu / gigabytes:F2} | {memory / 1e6:F0} MB |");
    }

    private static (double Seconds, double Cpu, long Memory) Load(BenchStore store, string file, int workers)
    {
        Dictionary<string, string> variables = new(store.Variables) { ["ANNDATA_CACHE_WORKERS"] = workers.ToString(CultureInfo.InvariantCulture) };
        List<MeasuredProcess> loads = [];
        for (int round = 0; round <= Rounds; round++)
        {
            store.Empty();
            MeasuredProcess load = store.Execute(variables, "load", file, "--all", "--json");
            if (round > 0) { loads.Add(load); } // the first warms the page cache
        }

        return (LoadBench.Median([.. loads.Select(load => load.Seconds)]), LoadBench.Median([.. loads.Select(load => load.CpuSeconds)]), loads.Max(load => load.PrivateBytes));
    }
}
