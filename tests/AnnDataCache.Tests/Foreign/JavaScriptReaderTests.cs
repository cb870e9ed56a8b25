using System.Text.Json;
using AnnDataCache.Tests.Cli;
using AnnDataCache.Tests.Parts;

namespace AnnDataCache.Tests.Foreign;

/// <summary>Parts are Arrow files for a library that was not written for them: JavaScript's finds in them what the sources hold.</summary>
public sealed class JavaScriptReaderTests(ITestOutputHelper output)
{
    /// <summary>The smaller files hold every kind of element, and are read in seconds.</summary>
    private const long MaxFileBytes = 700_000;


    [Fact]
    public void TheSamplesPartsHoldWhatTheCommandLineSays()
    {
        JavaScript.Require();
        using CommandLine line = new();
        string sample = Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad");
        JsonElement expected = line.Succeed("checksum", sample).Json.GetProperty("elements");
        Comparison comparison = Compare(line.Options, [(sample, expected)]);
        Assert.Equal(0, comparison.Refused);
        Assert.Superset(
            new HashSet<string> { "csr", "dense", "dataframe", "categorical", "string-array", "nullable-integer", "dict", "scalar-number", "scalar-string" },
            comparison.Kinds);
    }

    [Fact]
    public void TheRealFilesPartsHoldWhatTheOracleSays()
    {
        JavaScript.Require();
        string data = TestFiles.RequireRealData();
        string[] files = [.. Directory.EnumerateFiles(Path.Join(data, "open"))
            .Where(file => Path.GetExtension(file) is ".h5ad" or ".h5mu" && new FileInfo(file).Length <= MaxFileBytes).Order(StringComparer.Ordinal)];
        using TestStore store = new();
        Comparison comparison = Compare(store.Options, [.. files.Select(file => (file, Oracle(data, file)))]);
        Assert.True(comparison.Equal > 1000, $"Only {comparison.Equal} elements were compared.");
        Assert.Superset(
            new HashSet<string>
            {
                "dense", "csr", "csc", "dataframe", "categorical", "string-array", "nullable-integer", "nullable-boolean", "nullable-string-array",
                "dict", "null", "scalar-bool", "scalar-number", "scalar-string",
            },
            comparison.Kinds);
    }

    [Fact]
    public void TheGoldenPartsHoldTheirValues()
    {
        JavaScript.Require();
        Dictionary<string, JsonElement> parts = JavaScript.Read(GoldenPart.All.Select(golden => golden.Path));
        foreach (GoldenPart golden in GoldenPart.All)
        {
            JsonElement part = parts[golden.Path];
            Assert.False(part.TryGetProperty("error", out JsonElement error), $"{golden.Name}: {error}");
            Assert.Equal(golden.Columns[0].Layout.Rows, part.GetProperty("rows").GetInt64());
            Assert.Equal(golden.Columns.Count, part.GetProperty("columns").GetArrayLength());
            foreach ((GoldenColumn column, JsonElement found) in golden.Columns.Zip(part.GetProperty("columns").EnumerateArray()))
            {
                Assert.Equal(column.Layout.Name, found.GetProperty("name").GetString());
                GoldenHashes.Check($"{golden.Name}, {column.Layout.Name}", column, found);
            }
        }
    }

    private static JsonElement Oracle(string data, string file) =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Join(data, "oracle", Path.GetFileName(file) + ".json"))).RootElement.GetProperty("elements");

    private sealed record Comparison(int Equal, int Refused, HashSet<string> Kinds);

    /// <summary>Where a foreign reader finds an element.</summary>
    private sealed record Place(string File, string Path, JsonElement Expected, string Part, string? Column);

    private Comparison Compare(CacheOptions options, IReadOnlyList<(string File, JsonElement Expected)> files)
    {
        using Cache cache = Cache.Open(options);
        List<Place> places = [];
        List<string> differences = [];
        int refused = 0;
        foreach ((string file, JsonElement expected) in files)
        {
            using CachedAnnData source = cache.Open(file);
            foreach (JsonProperty element in expected.EnumerateObject())
            {
                if (element.Value.GetProperty("kind").GetString() is "raw" or "mudata" or "rec-array" or "legacy-obsm-structured") { continue; } // their members are compared
                if (Locate(source, element) is { } place) { places.Add(place); }
                else if (element.Value.GetProperty("kind").GetString() == "ERROR") { refused++; }
                else { differences.Add($"{Path.GetFileName(file)}: {element.Name}: is refused or missing"); }
            }
        }

        Dictionary<string, JsonElement> parts = JavaScript.Read(places.Select(place => place.Part).Distinct());
        foreach (Place place in places)
        {
            string? difference = ForeignComparison.Difference(parts[place.Part], place.Column, place.Path, place.Expected);
            if (difference is not null) { differences.Add($"{Path.GetFileName(place.File)}: {place.Path}: {difference}"); }
        }

        output.WriteLine($"{files.Count} files, {parts.Count:N0} parts: {places.Count - differences.Count:N0} elements equal, {refused:N0} refused");
        Assert.True(differences.Count == 0, string.Join('\n', differences));
        return new Comparison(places.Count, refused, [.. places.Select(place => place.Expected.GetProperty("kind").GetString()!)]);
    }

    /// <summary>Loads what holds the element. Its part stays in the store, which has room for all of them.</summary>
    private static Place? Locate(CachedAnnData source, JsonProperty element)
    {
        if (source.Tree.Find(element.Name) is not { Kind: not ElementKind.Refused } info) { return null; }
        try
        {
            using PinnedElement pinned = source.Pin(info.Path);
            bool isColumn = info.PartPath != info.Path && source.Tree.Find(info.PartPath)!.Kind is ElementKind.DataFrame or ElementKind.RecArray;
            return new Place(source.Path, info.Path, element.Value, pinned.PartFile, isColumn ? info.Name : null);
        }
        catch (ElementException)
        {
            return null;
        }
    }
}
