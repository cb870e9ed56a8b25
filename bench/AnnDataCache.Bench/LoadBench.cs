using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace AnnDataCache.Bench;

/// <summary>What the first asker pays, what the others pay, and in how much memory; beside <c>anndata.read_h5ad</c>.</summary>
/// <remarks>
/// The contenders run in turn, each load in a process of its own with a warm page cache, into an empty hot tier. Of
/// read_h5ad only the call is counted, without Python's start and imports; of ours the whole process. Both read every
/// element. The sums of the element's values must agree before anything is reported. Hits are timed inside this process.
/// </remarks>
internal static class LoadBench
{
    private const string ReadH5ad = """
        import sys, time, json, warnings
        warnings.simplefilter("ignore")
        import numpy, anndata
        start = time.perf_counter()
        data = anndata.read_h5ad(sys.argv[1])
        seconds = time.perf_counter() - start
        element = data
        for name in sys.argv[2].split("/"):
            element = getattr(element, name) if element is data else element[name]
        values = element.data if hasattr(element, "indptr") else numpy.asarray(element)
        print(json.dumps({"seconds": seconds, "sum": float(values.sum(dtype="float64"))}))
        """;

    internal static int Run(BenchArguments arguments)
    {
        using BenchStore store = new();
        List<double> theirs = [], ours = [], oursElement = [];
        long theirMemory = 0, ourMemory = 0;
        double sum = double.NaN;
        for (int round = 0; round <= arguments.Rounds; round++) // round 0 warms the page cache and is not counted
        {
            MeasuredProcess python = MeasuredProcess.Run("/usr/bin/python3", ["-c", ReadH5ad, arguments.File, arguments.Element], store.Variables);
            (double seconds, sum) = ParsePython(python.Output);
            store.Empty();
            MeasuredProcess all = store.Execute("load", arguments.File, "--all", "--json");
            store.Empty();
            MeasuredProcess one = store.Execute("load", arguments.File, arguments.Element, "--json");
            if (round == 0) { continue; }
            theirs.Add(seconds);
            ours.Add(all.Seconds);
            oursElement.Add(one.Seconds);
            theirMemory = Math.Max(theirMemory, python.PrivateBytes);
            ourMemory = Math.Max(ourMemory, all.PrivateBytes);
            Console.Error.WriteLine($"round {round}: read_h5ad {seconds:F2} s, load --all {all.Seconds:F2} s, load {arguments.Element} {one.Seconds:F2} s");
        }

        HitTimes hits = HitTimes.Measure(arguments, store.Hot, sum);
        string table = Table(arguments, theirs, ours, oursElement, theirMemory, ourMemory, hits);
        Console.WriteLine(table);
        BenchStore.Save($"load-{Path.GetFileNameWithoutExtension(arguments.File)}.md", table);
        return 0;
    }

    private static string Table(
        BenchArguments arguments, List<double> theirs, List<double> ours, List<double> oursElement, long theirMemory, long ourMemory, HitTimes hits)
    {
        double[] ratios = [.. theirs.Zip(ours, (their, our) => their / our)];
        CultureInfo culture = CultureInfo.InvariantCulture;
        StringBuilder text = new();
        text.AppendLine(culture, $"# Load and hits: {Path.GetFileName(arguments.File)} ({arguments.FileBytes / 1e6:F0} MB)").AppendLine();
        text.AppendLine(culture, $"{Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, medians of {arguments.Rounds} rounds in turn, warm page cache, new tmpfs pages.").AppendLine();
        text.AppendLine("| what | seconds | peak private memory |").AppendLine("|---|---|---|");
        text.AppendLine(culture, $"| `anndata.read_h5ad`, the call alone | {Median(theirs):F3} | {theirMemory / 1e6:F0} MB |");
        text.AppendLine(culture, $"| `anndata-cache load --all`, whole process | {Median(ours):F3} | {ourMemory / 1e6:F0} MB |");
        text.AppendLine(culture, $"| `anndata-cache load {arguments.Element}`, whole process | {Median(oursElement):F3} | |").AppendLine();
        text.AppendLine(culture, $"**{Median(ratios):F2} ×** faster (all elements against all elements, round by round {ratios.Min():F2}–{ratios.Max():F2}).").AppendLine();
        text.AppendLine("| hit (C#, one process, p50 / p99) | µs |").AppendLine("|---|---|");
        text.AppendLine(culture, $"| part not yet mapped | {hits.First50:F1} / {hits.First99:F1} |");
        text.AppendLine(culture, $"| part already mapped, with the freshness check | {hits.Repeat50:F2} / {hits.Repeat99:F2} |");
        return text.ToString();
    }

    private static (double Seconds, double Sum) ParsePython(string json)
    {
        using System.Text.Json.JsonDocument document = System.Text.Json.JsonDocument.Parse(json);
        return (document.RootElement.GetProperty("seconds").GetDouble(), document.RootElement.GetProperty("sum").GetDouble());
    }

    internal static double Median(IReadOnlyCollection<double> values) => values.Order().ElementAt(values.Count / 2);
}
