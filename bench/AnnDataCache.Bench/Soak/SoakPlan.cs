using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AnnDataCache.Bench.Soak;

/// <summary>What a soak does, as its processes read it from <c>plan.json</c>.</summary>
internal sealed record SoakPlan
{
    public double Minutes { get; init; } = 60;

    public int Processes { get; init; } = 16;

    public double RoundSeconds { get; init; } = 30;

    /// <summary>Seconds between one deed (a kill, a stop) and the next.</summary>
    public double Pace { get; init; } = 0.4;

    public long HotBytes { get; init; } = 400_000_000;

    public long ColdBytes { get; init; } = 300_000_000;

    public int Files { get; init; } = 16;

    public int Variants { get; init; } = 3;

    /// <summary>Cells of the largest file; each other one has three quarters of the one before.</summary>
    public int Cells { get; init; } = 80_000;

    public int Seed { get; init; } = 1;

    /// <summary>What a vandal does to the store, to see that it is noticed; null for nothing.</summary>
    public string? Plant { get; init; }

    /// <summary>Where sources, the cold tier and the logs are.</summary>
    public required string Folder { get; init; }

    /// <summary>A tmpfs of its own where that may be mounted, else a folder in shared memory.</summary>
    public required string Memory { get; init; }

    public IReadOnlyList<SoakFile> Sources { get; init; } = [];

    internal string BoardFile => Path.Join(Folder, "board");

    internal string IncidentFile => Path.Join(Folder, "incidents.log");

    internal CacheOptions Options => new()
    {
        HotFolder = Path.Join(Memory, "hot"), HotBytes = HotBytes, ColdFolder = Path.Join(Folder, "cold"), ColdBytes = ColdBytes,
        Patience = TimeSpan.FromSeconds(1), Workers = 2,
    };

    /// <summary>For puts into the cold tier: nothing fits this cache's hot one, which it shares all the same.</summary>
    internal CacheOptions ColdOptions => Options with { HotBytes = 4096, Promotion = Promotion.Never };

    internal static SoakPlan Parse(string[] args)
    {
        string folder = Path.Join(Path.GetTempPath(), $"anndata-cache-soak-{Environment.ProcessId}");
        SoakPlan plan = new() { Folder = folder, Memory = $"/dev/shm/anndata-cache-soak-{Environment.ProcessId}" };
        for (int i = 0; i + 1 < args.Length; i += 2)
        {
            string value = args[i + 1];
            plan = args[i] switch
            {
                "--minutes" => plan with { Minutes = double.Parse(value, CultureInfo.InvariantCulture) },
                "--processes" => plan with { Processes = int.Parse(value, CultureInfo.InvariantCulture) },
                "--round" => plan with { RoundSeconds = double.Parse(value, CultureInfo.InvariantCulture) },
                "--pace" => plan with { Pace = double.Parse(value, CultureInfo.InvariantCulture) },
                "--hot" => plan with { HotBytes = Bytes(value) },
                "--cold" => plan with { ColdBytes = Bytes(value) },
                "--cells" => plan with { Cells = int.Parse(value, CultureInfo.InvariantCulture) },
                "--seed" => plan with { Seed = int.Parse(value, CultureInfo.InvariantCulture) },
                "--plant" => plan with { Plant = value },
                "--memory" => plan with { Memory = Path.GetFullPath(value) },
                "--folder" => plan with { Folder = Path.GetFullPath(value) },
                string other => throw new FormatException($"soak has no option '{other}'."),
            };
        }

        return plan;
    }

    private static long Bytes(string text) => ByteSize.TryParse(text, out long bytes) ? bytes : throw new FormatException($"'{text}' is not a number of bytes.");

    internal void Save() => File.WriteAllText(Path.Join(Folder, "plan.json"), JsonSerializer.Serialize(this, SoakJson.Default.SoakPlan));

    internal static SoakPlan Load(string folder) =>
        JsonSerializer.Deserialize(File.ReadAllText(Path.Join(folder, "plan.json")), SoakJson.Default.SoakPlan)!;
}

/// <summary>Serializers that need no reflection, so that the workers may be native and start in a moment.</summary>
[JsonSerializable(typeof(SoakPlan))]
[JsonSerializable(typeof(IReadOnlyList<SoakFile>))]
internal sealed partial class SoakJson : JsonSerializerContext;
