using System.Diagnostics;
using System.Text.Json;

namespace AnnDataCache.Tests.Cli;

/// <summary>
/// Random AnnData, written by anndata and stored in many ways: what is in the sealed parts is what anndata reads back.
/// Other files: <c>ANNDATA_CACHE_SEED=7</c>; more of them: <c>ANNDATA_CACHE_RANDOM_FILES=300</c>.
/// </summary>
/// <remarks>
/// <c>checksum</c> pins every element and hashes the buffers of its part, so that a call on an empty store is a real load
/// of the whole file; no hash is taken from the source.
/// </remarks>
public sealed class RandomAnnDataTests(ITestOutputHelper output)
{
    private const string Interpreter = "/usr/bin/python3";

    private static readonly string s_seed = Environment.GetEnvironmentVariable("ANNDATA_CACHE_SEED") ?? "1";

    private static readonly string s_count = Environment.GetEnvironmentVariable("ANNDATA_CACHE_RANDOM_FILES") ?? "40";

    [Fact]
    public void PartsHoldWhatAnnDataReads()
    {
        RequireAnnData();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("random-anndata-");
        try
        {
            WriteFiles(folder.FullName);
            string[] files = [.. folder.EnumerateFiles("*.h5ad").Select(file => file.FullName).Order(StringComparer.Ordinal)];
            Assert.Equal(s_count, files.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
            Tally tally = new();
            Parallel.ForEach(files, new ParallelOptions { MaxDegreeOfParallelism = 2 }, file => Compare(file, tally));
            output.WriteLine($"seed {s_seed}: {files.Length} files, {tally.Elements:N0} elements: {tally}");
            Assert.True(tally.Different.Count == 0, $"Seed {s_seed}: {string.Join('\n', tally.Different.Order(StringComparer.Ordinal).Take(100))}");
            Assert.True(tally.Equal > 30 * files.Length, $"Only {tally.Equal} elements were compared.");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void RequireAnnData()
    {
        Python.Require();
        CallResult version = Python.Run("import anndata; print(anndata.__version__)");
        Assert.SkipUnless(version.ExitCode == 0, $"{Interpreter} has no anndata (Debian: python3-anndata).");
        Assert.SkipUnless(version.Out.StartsWith("0.8.", StringComparison.Ordinal), $"anndata is {version.Out.Trim()}; the script is made for 0.8.");
    }

    private static void WriteFiles(string folder)
    {
        string script = TestFiles.Small(Path.Join("property", "random_anndata.py"));
        ProcessStartInfo start = new(Interpreter, ["-B", script, "--seed", s_seed, "--count", s_count, "--out", folder]) { RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
    }

    private static void Compare(string file, Tally tally)
    {
        string name = Path.GetFileName(file);
        using CommandLine line = new();
        CallResult result = line.Run("checksum", file);
        if (result.ExitCode != 0)
        {
            tally.Add($"{name}: ended with {result.ExitCode}: {result.Error}");
            return;
        }

        JsonElement found = result.Json.GetProperty("elements");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(file, ".expected.json")));
        JsonElement expected = document.RootElement;
        foreach (JsonProperty element in expected.EnumerateObject())
        {
            if (!found.TryGetProperty(element.Name, out JsonElement actual)) { tally.Add($"{name}: {element.Name}: missing"); }
            else { tally.Add(Difference(actual, element.Value) is { } difference ? $"{name}: {element.Name}: {difference}" : null); }
        }

        foreach (JsonProperty element in found.EnumerateObject())
        {
            if (!expected.TryGetProperty(element.Name, out _)) { tally.Add($"{name}: {element.Name}: found, but anndata has no such element"); }
        }
    }

    /// <summary>Every member that is expected must be there and equal.</summary>
    private static string? Difference(JsonElement actual, JsonElement expected)
    {
        foreach (JsonProperty member in expected.EnumerateObject())
        {
            if (!actual.TryGetProperty(member.Name, out JsonElement value)) { return $"has no {member.Name}: {Short(actual)}"; }
            string? difference = member.Name == "categories"
                ? Difference(value, member.Value) is { } inner ? $"categories: {inner}" : null
                : Same(value, member.Value) ? null : $"{member.Name} is {Short(value)}, not {Short(member.Value)}";
            if (difference is not null) { return difference; }
        }

        return null;
    }

    /// <summary>Whole numbers by all their digits, others as doubles: python and .NET print the same double differently.</summary>
    private static bool Same(JsonElement actual, JsonElement expected) => (actual.ValueKind, expected.ValueKind) switch
    {
        (JsonValueKind.Number, JsonValueKind.Number) => actual.GetRawText() == expected.GetRawText()
            || (expected.GetRawText().AsSpan().IndexOfAny('.', 'e', 'E') >= 0 && actual.GetDouble().Equals(expected.GetDouble())),
        (JsonValueKind.Array, JsonValueKind.Array) => actual.GetArrayLength() == expected.GetArrayLength()
            && actual.EnumerateArray().Zip(expected.EnumerateArray()).All(pair => Same(pair.First, pair.Second)),
        _ => JsonElement.DeepEquals(actual, expected),
    };

    private static string Short(JsonElement value)
    {
        string text = string.Join(' ', value.GetRawText().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return text.Length > 300 ? $"{text[..300]}…" : text;
    }

    /// <summary>What came of the comparisons, counted from several threads.</summary>
    private sealed class Tally
    {
        private readonly Lock _lock = new();
        private readonly List<string> _different = [];

        internal int Equal { get; private set; }

        internal IReadOnlyCollection<string> Different => _different;

        internal int Elements => Equal + _different.Count;

        internal void Add(string? difference)
        {
            lock (_lock)
            {
                if (difference is null) { Equal++; }
                else { _different.Add(difference); }
            }
        }

        public override string ToString() => $"{Equal:N0} equal, {_different.Count:N0} different";
    }
}
