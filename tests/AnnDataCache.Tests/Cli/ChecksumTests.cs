using System.Text.Json;

namespace AnnDataCache.Tests.Cli;

/// <summary>What the parts hold, hashed by the executable, against what other readers found in the real files.</summary>
public sealed class ChecksumTests(ITestOutputHelper output)
{
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
        ElementTally tally = new();
        Parallel.ForEach(files, new ParallelOptions { MaxDegreeOfParallelism = 2 }, file =>
        {
            using CommandLine line = new();
            CallResult result = line.Run("checksum", file);
            Assert.True(result.ExitCode == 0, $"{Path.GetFileName(file)}: ended with {result.ExitCode}: {result.Error}");
            using JsonDocument oracle = JsonDocument.Parse(File.ReadAllBytes(OracleOf(data, file)));
            ElementComparison.Compare(
                Path.GetFileName(file), result.Json.GetProperty("elements"), oracle.RootElement.GetProperty("elements"), tally);
        });
        output.WriteLine(tally.ToString());
        Assert.True(tally.Different.Count == 0, tally.ToString());
        Assert.True(tally.Equal > 1000, $"Only {tally.Equal} elements were compared.");
        string documented = File.ReadAllText(Path.Join(TestFiles.Repository, "docs", "support.md"));
        string[] naming = ["has no dataset", "has code"]; // damage that a message describes by its own names and numbers
        Assert.All(
            tally.Refused.Where(line => !naming.Any(words => line.Contains(words, StringComparison.Ordinal))),
            line => Assert.Contains(line[(line.LastIndexOf(": ", StringComparison.Ordinal) + 2)..], documented, StringComparison.Ordinal));
    }

    private static string OracleOf(string data, string file) => Path.GetDirectoryName(file) == Path.Join(data, "open")
        ? Path.Join(data, "oracle", Path.GetFileName(file) + ".json")
        : file + ".oracle.json";
}
