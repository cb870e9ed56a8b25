using System.Text.Json;
using AnnDataCache.Containers;
using AnnDataCache.Hdf5;

namespace AnnDataCache.Tests.Hdf5;

/// <summary>Real files, written by many programs: every number and string in them against checksums made by another reader.</summary>
public sealed class RealFileTests(ITestOutputHelper output)
{
    [Fact]
    public void EveryElementOfTheOriginalFilesHasItsChecksum()
    {
        string data = TestFiles.RequireRealData();
        Tally tally = new();
        foreach (string file in Directory.EnumerateFiles(Path.Join(data, "open")).Order(StringComparer.Ordinal))
        {
            string oracle = Path.Join(data, "oracle", Path.GetFileName(file) + ".json");
            if (Path.GetExtension(file) is ".h5ad" or ".h5mu" && File.Exists(oracle)) { Compare(file, oracle, tally); }
        }

        Report(tally, leastElements: 1500);
    }

    [Fact]
    public void EveryElementOfTheRewrittenFilesHasItsChecksum()
    {
        string data = TestFiles.RequireRealData();
        Tally tally = new();
        foreach (string file in Directory.EnumerateFiles(
            Path.Join(data, "derived"), "*.h5*").Order(StringComparer.Ordinal))
        {
            if (!file.EndsWith(".json", StringComparison.Ordinal)) { Compare(file, file + ".oracle.json", tally); }
        }

        Report(tally, leastElements: 300);
    }

    private void Report(Tally tally, int leastElements)
    {
        output.WriteLine($"{tally.Files} files, {tally.Arrays} arrays of numbers, "
            + $"{tally.Strings} of strings");
        foreach (string failure in tally.Failures) { output.WriteLine(failure); }
        Assert.Empty(tally.Failures);
        Assert.True(tally.Arrays + tally.Strings > leastElements, "Too few elements were compared.");
    }

    private static void Compare(string file, string oracle, Tally tally)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(oracle));
        using Hdf5File opened = Hdf5File.Open(file);
        tally.Files++;
        foreach (JsonProperty element in json.RootElement.GetProperty("elements").EnumerateObject())
        {
            string kind = element.Value.GetProperty("kind").GetString()!;
            if (kind is "dense" or "string-array")
            {
                CheckArray(opened, file, element.Name, element.Value.GetProperty("sha256").GetString()!, tally);
            }
            else if (kind is "csr" or "csc")
            {
                foreach (string member in (string[])["data", "indices", "indptr"])
                {
                    string expected = element.Value.GetProperty(member + "_sha256").GetString()!;
                    CheckArray(opened, file, $"{element.Name}/{member}", expected, tally);
                }
            }
        }
    }

    private static void CheckArray(Hdf5File file, string name, string path, string expected, Tally tally)
    {
        try
        {
            ContainerArray array = (ContainerArray)Values.Open(file, path);
            string found = Values.Hash(array);
            if (found != expected)
            {
                tally.Failures.Add(
                    $"{Path.GetFileName(name)} {path} ({array.Type.Description}): {found}, not {expected}");
            }

            if (array.Type.IsString) { tally.Strings++; } else { tally.Arrays++; }
        }
        catch (ContainerException failure)
        {
            tally.Failures.Add($"{Path.GetFileName(name)} {path}: {failure.Message}");
        }
    }

    private sealed class Tally
    {
        public int Files { get; set; }

        public int Arrays { get; set; }

        public int Strings { get; set; }

        public List<string> Failures { get; } = [];
    }
}
