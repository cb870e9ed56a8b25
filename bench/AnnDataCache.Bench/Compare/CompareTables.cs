using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AnnDataCache.Bench;

/// <summary>Comparisons for people: a table for each file, one over all of them, and a plot.</summary>
internal static class CompareTables
{
    private static readonly CultureInfo s_culture = CultureInfo.InvariantCulture;

    internal static string Of(Comparison comparison)
    {
        StringBuilder text = new();
        text.AppendLine(s_culture, $"## {comparison.File}: {comparison.FileBytes / 1e6:F0} MB, parts of {comparison.PartBytes / 1e6:F0} MB").AppendLine();
        text.AppendLine("| | seconds | CPU seconds | × `read_h5ad` | private memory |").AppendLine("|---|---|---|---|---|");
        foreach (Contender contender in comparison.Contenders)
        {
            text.AppendLine(contender.Seconds.Count == 0
                ? $"| {contender.Name} | not measured: {contender.Skipped} | | | |"
                : string.Create(s_culture,
                    $"| {contender.Name} | {contender.Median:G3} | {Number(contender.MedianCpu)} | {Comparison.Times(comparison.Ratio(contender.Name))} | {Memory(contender.PrivateBytes)} |"));
        }

        double floor = comparison.MedianOf(Comparison.Inflate) + comparison.MedianOf(Comparison.Pages), ours = comparison.MedianOf(Comparison.Ours);
        text.AppendLine().AppendLine(s_culture, $"Decoding and new pages, one after the other, are {floor / ours:F2} of what a load takes; cp of the same bytes {comparison.MedianOf(Comparison.Copy) / ours:F2}.");
        return text.ToString();
    }

    /// <summary>Writes compare.md and compare.svg from all stored comparisons of this machine.</summary>
    internal static void SaveSummary()
    {
        List<Comparison> all = Load();
        StringBuilder text = new();
        text.AppendLine("# Loads, side by side").AppendLine();
        text.AppendLine(s_culture, $"{Environment.ProcessorCount} cores. Every way in a process of its own, in turn; medians of the rounds; warm page cache unless said; all elements of the file unless said.");
        text.AppendLine("All ways gave the same values of X (of obs, where there is no X), by SHA-256. CPU seconds are those of user and kernel together.").AppendLine();
        text.AppendLine("Private memory is sampled in a round that does not count. \"X alone\": obs, where there is no X. All figures with pages of evicted parts: tmpfs with small pages unless said.").AppendLine();
        text.AppendLine(
            "| file | `read_h5ad` | load, new pages | by CPU time | pages of evicted parts | by CPU time | X alone | huge pages | evicted, mapped in the cold tier | private memory | next process |");
        text.AppendLine("|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (Comparison one in all)
        {
            Contender ours = one.Contenders.First(contender => contender.Name == Comparison.Ours);
            text.AppendLine(s_culture,
                $"| {one.File} | {Number(one.MedianOf(Comparison.Theirs))} s | {Times(one, Comparison.Ours)} | {Times(one, Comparison.Steady)} "
                + $"| {Ratios(one, Comparison.OneSteady, Comparison.Huge, Comparison.Mapped)} | {Memory(ours.PrivateBytes)} | {Ratios(one, Comparison.Hit)} |");
        }

        text.AppendLine().AppendLine("![times faster than read_h5ad](compare.svg)").AppendLine();
        foreach (Comparison one in all) { text.AppendLine(Of(one)); }
        BenchStore.Save("compare.md", text.ToString());
        BenchStore.Save("compare.svg", ComparePlot.Of(all));
    }

    internal static List<Comparison> Load() =>
        [.. Directory.GetFiles(BenchStore.Results(), "compare-*.json").Order(StringComparer.Ordinal)
            .Select(path => JsonSerializer.Deserialize(File.ReadAllText(path), ComparisonJson.Default.Comparison)!)];

    private static string Times(Comparison one, string name) =>
        $"{Number(one.MedianOf(name))} s: {Comparison.Times(one.Ratio(name))} | {Comparison.Times(one.Ratio(name, cpu: true))}";

    private static string Ratios(Comparison one, params string[] names) =>
        string.Join(" | ", names.Select(name => Comparison.Times(one.Ratio(name))));

    private static string Number(double value) => double.IsNaN(value) || value == 0 ? "–" : value.ToString("G3", s_culture);

    private static string Memory(long bytes) => bytes == 0 ? "–" : string.Create(s_culture, $"{bytes / 1e6:F0} MB");
}
