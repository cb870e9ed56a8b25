using System.Globalization;
using System.Text.Json.Serialization;

namespace AnnDataCache.Bench;

/// <summary>One way to a file's values, and what it has cost in each round.</summary>
internal sealed class Contender(string name)
{
    public string Name { get; } = name;

    public List<double> Seconds { get; init; } = [];

    public List<double> Cpu { get; init; } = [];

    /// <summary>Peak of private memory, in bytes.</summary>
    public long PrivateBytes { get; set; }

    /// <summary>Why it was not measured.</summary>
    public string? Skipped { get; set; }

    [JsonIgnore]
    internal double Median => Seconds.Count == 0 ? double.NaN : LoadBench.Median(Seconds);

    [JsonIgnore]
    internal double MedianCpu => Cpu.Count == 0 ? double.NaN : LoadBench.Median(Cpu);

    internal void Add(double seconds, double cpu, long memory)
    {
        Seconds.Add(seconds);
        Cpu.Add(cpu);
        PrivateBytes = Math.Max(PrivateBytes, memory);
    }
}

/// <summary>All contenders on one file, as they are stored.</summary>
internal sealed record Comparison(string File, long FileBytes, long PartBytes, int Rounds, List<Contender> Contenders)
{
    internal const string Theirs = "anndata.read_h5ad", Ours = "load --all, new pages", Steady = "load --all, pages of evicted parts";
    internal const string OneNew = "load, X or obs alone, new pages", OneSteady = "load, X or obs alone, pages of evicted parts";
    internal const string Hit = "next process: part mapped by numpy, one pass";
    internal const string Cold = ", cold page cache", Copy = "floor: cp of the parts' bytes to tmpfs", Inflate = "floor: chunks decoded, nothing kept";
    internal const string Pages = "floor: the parts' bytes written to new tmpfs pages", Memory = "floor: the parts' bytes copied, warm";
    internal const string Rewrite = "floor: the parts' bytes read, and written to tmpfs pages that are there";
    internal const string Mapped = "load --all of what was evicted: mapped in the cold tier";
    internal const string Huge = "load --all, pages of evicted parts, tmpfs with huge pages";

    internal double MedianOf(string name) => Contenders.FirstOrDefault(contender => contender.Name == name)?.Median ?? double.NaN;

    /// <summary>How many times faster than <c>read_h5ad</c>, round by round; its median.</summary>
    internal double Ratio(string name, bool cpu = false)
    {
        Contender? theirs = Contenders.Find(contender => contender.Name == Theirs), other = Contenders.Find(contender => contender.Name == name);
        if (theirs is null || other is null || theirs.Seconds.Count == 0 || other.Seconds.Count == 0) { return double.NaN; }
        return LoadBench.Median([.. (cpu ? theirs.Cpu : theirs.Seconds).Zip(cpu ? other.Cpu : other.Seconds, (a, b) => a / b)]);
    }

    internal static string Times(double ratio) => double.IsNaN(ratio) ? "–" : ratio.ToString(ratio < 100 ? "0.0" : "0", CultureInfo.InvariantCulture) + " ×";
}

[JsonSerializable(typeof(Comparison))]
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
internal sealed partial class ComparisonJson : JsonSerializerContext;
