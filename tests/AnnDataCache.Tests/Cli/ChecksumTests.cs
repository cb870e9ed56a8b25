using System.Collections.Concurrent;
using System.Text.Json;

namespace AnnDataCache.Tests.Cli;

/// <summary>What the parts hold, hashed by the executable, against what other readers found in the real files.</summary>
public sealed class ChecksumTests(ITestOutputHelper output)
{
    /// <summary>Members that only say how a value was stored or presented, or that one side alone has.</summary>
    private static readonly HashSet<string> s_notCompared = ["reason", "encoding_type", "encoding_version"];

    [Fact]
    public void ScalarsAndCategoriesOfTheSmallFileAreDescribed()
    {
        using CommandLine line = new();
        JsonElement elements = line.Succeed("checksum", CommandLine.Small).Json.GetProperty("elements");
        Assert.Equal("scalar-number", elements.GetProperty("uns/params/n_neighbors").GetProperty("kind").GetString());
        Assert.Equal(15, elements.GetProperty("uns/params/n_neighbors").GetProperty("value").GetInt64());
        JsonElement type = elements.GetProperty("obs/cell_type");
        Assert.Equal(1, type.GetProperty("missing_count").GetInt64());
        Assert.Equal(4, type.GetProperty("categories").GetProperty("n").GetInt64());
        Assert.Equal("NaN", elements.GetProperty("obs/quality").GetProperty("first")[1].GetString());
    }

    [Fact]
    public void EveryElementOfTheRealFilesHasTheOraclesContent()
    {
        string data = TestFiles.RequireRealData();
        string[] files = [.. new[] { "open", "derived" }.SelectMany(folder => Directory.EnumerateFileSystemEntries(Path.Join(data, folder)))
            .Where(file => Path.GetExtension(file) is ".h5ad" or ".h5mu" or ".zarr").Order(StringComparer.Ordinal)];
        Assert.NotEmpty(files);
        ConcurrentBag<string> differences = [];
        int equal = 0, refused = 0;
        Parallel.ForEach(files, new ParallelOptions { MaxDegreeOfParallelism = 2 }, file =>
        {
            using CommandLine line = new();
            CallResult result = line.Run("checksum", file);
            if (result.ExitCode != 0)
            {
                differences.Add($"{Path.GetFileName(file)}: ended with {result.ExitCode}: {result.Error}");
                return;
            }

            using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(OracleOf(data, file)));
            JsonElement found = result.Json.GetProperty("elements");
            foreach (JsonProperty element in expected.RootElement.GetProperty("elements").EnumerateObject())
            {
                if (FindRefused(found, element.Name) is { } at)
                {
                    Interlocked.Increment(ref refused);
                    if (!MayBeRefused(expected.RootElement.GetProperty("elements"), at)) { differences.Add($"{Path.GetFileName(file)}: {at}: refused"); }
                }
                else if (Difference(found, element) is { } difference) { differences.Add($"{Path.GetFileName(file)}: {element.Name}: {difference}"); }
                else { Interlocked.Increment(ref equal); }
            }
        });
        output.WriteLine($"{files.Length} files: {equal:N0} elements equal, {refused:N0} refused, {differences.Count:N0} different");
        Assert.True(differences.IsEmpty, string.Join('\n', differences.Order(StringComparer.Ordinal)));
        Assert.True(equal > 1000, $"Only {equal} elements were compared.");
    }

    private static string OracleOf(string data, string file) => Path.GetDirectoryName(file) == Path.Join(data, "open")
        ? Path.Join(data, "oracle", Path.GetFileName(file) + ".json")
        : file + ".oracle.json";

    /// <summary>The path that is refused with a reason: the element itself or one that holds it.</summary>
    private static string? FindRefused(JsonElement found, string path)
    {
        for (string at = path; at.Length > 0; at = at[..Math.Max(at.LastIndexOf('/'), 0)])
        {
            if (found.TryGetProperty(at, out JsonElement element)) { return element.GetProperty("kind").GetString() == "refused" ? at : null; }
        }

        return null;
    }

    /// <summary>What is damaged in the file; and codes without a category, which pandas refuses as well.</summary>
    private static bool MayBeRefused(JsonElement expected, string path) => expected.TryGetProperty(path, out JsonElement element)
        && (element.GetProperty("kind").GetString() is "ERROR" || (element.TryGetProperty("value_counts", out JsonElement counts)
            && counts.GetArrayLength() > element.GetProperty("categories").GetProperty("n").GetInt64()));

    private static string? Difference(JsonElement found, JsonProperty expected) => found.TryGetProperty(expected.Name, out JsonElement actual)
        ? Difference(actual, expected.Value)
        : "missing";

    /// <summary>Compares each member that is written with the oracle's; all but a few must be there.</summary>
    private static string? Difference(JsonElement actual, JsonElement expected)
    {
        bool isLegacy = expected.TryGetProperty("legacy_categorical", out JsonElement legacy); // codes, described as numbers
        if (isLegacy) { expected = legacy; }
        foreach (JsonProperty member in actual.EnumerateObject())
        {
            if (isLegacy && member.Name is "kind" or "ordered") { continue; }
            if (s_notCompared.Contains(member.Name)) { continue; }
            if (!expected.TryGetProperty(member.Name, out JsonElement wanted))
            {
                if (member.Name is "is_index" or "n_rows") { continue; } // the oracle counts no rows where there is no index
                return $"has '{member.Name}', the oracle has not";
            }

            string? difference = member.Name switch
            {
                "sum" => Math.Abs(member.Value.GetDouble() - wanted.GetDouble()) <= 1e-6 * Math.Max(1, Math.Abs(wanted.GetDouble())) ? null : "sum",
                "categories" => Difference(member.Value, wanted),
                _ => JsonElement.DeepEquals(member.Value, wanted) || SameNumber(member.Value, wanted) ? null : $"{member.Name} is {member.Value}, not {wanted}",
            };
            if (difference is not null) { return difference; }
        }

        return null;
    }

    private static bool SameNumber(JsonElement actual, JsonElement expected) => (actual.ValueKind, expected.ValueKind) switch
    {
        (JsonValueKind.Number, JsonValueKind.Number) => actual.GetDouble().Equals(expected.GetDouble()),
        (JsonValueKind.Array, JsonValueKind.Array) => actual.GetArrayLength() == expected.GetArrayLength()
            && actual.EnumerateArray().Zip(expected.EnumerateArray()).All(pair => JsonElement.DeepEquals(pair.First, pair.Second) || SameNumber(pair.First, pair.Second)),
        _ => false,
    };
}
