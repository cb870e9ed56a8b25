using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace AnnDataCache.Tests.Cli;

/// <summary>
/// Random AnnData written by anndata: what <c>checksum</c> finds in the sealed parts is what anndata reads back.
/// Another seed: <c>ANNDATA_CACHE_SEED=7</c>; more files: <c>ANNDATA_CACHE_RANDOM_FILES=500</c>.
/// </summary>
public sealed class RandomAnnDataTests(ITestOutputHelper output)
{
    private const string Python = "/usr/bin/python3";

    [Fact]
    public void PartsHoldWhatAnnDataReads()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("random-anndata-");
        try
        {
            WriteFiles(folder.FullName);
            using CommandLine line = new();
            List<string> different = [];
            int files = 0, elements = 0;
            foreach (string path in Directory.GetFiles(folder.FullName, "*.h5ad").Order(StringComparer.Ordinal))
            {
                JsonElement found = line.Succeed("checksum", path).Json.GetProperty("elements");
                using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(path, ".json")));
                foreach (JsonProperty element in expected.RootElement.EnumerateObject())
                {
                    if (Difference(found, element) is { } difference) { different.Add($"{Path.GetFileName(path)} {element.Name}: {difference}"); }
                    elements++;
                }

                files++;
            }

            output.WriteLine($"{files} files, {elements:N0} elements, {different.Count} different");
            Assert.True(different.Count == 0, string.Join('\n', different.Take(50)));
            Assert.True(elements > 20 * files, $"Only {elements} elements were compared.");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void WriteFiles(string folder)
    {
        string seed = Environment.GetEnvironmentVariable("ANNDATA_CACHE_SEED") ?? "1", count = Environment.GetEnvironmentVariable("ANNDATA_CACHE_RANDOM_FILES") ?? "24";
        Assert.SkipUnless(File.Exists(Python), "There is no /usr/bin/python3.");
        using Process check = Process.Start(new ProcessStartInfo(Python, ["-c", "import anndata"]) { RedirectStandardError = true })!;
        check.WaitForExit();
        Assert.SkipUnless(check.ExitCode == 0, "Python has no anndata.");
        ProcessStartInfo start = new(Python, [TestFiles.Small(Path.Join("property", "random_anndata.py")), "--seed", seed, "--count", count, "--out", folder])
        {
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
    }

    private static string? Difference(JsonElement found, JsonProperty expected)
    {
        string path = expected.Name;
        if (path.EndsWith("/@index", StringComparison.Ordinal))
        {
            path = $"{path[..^7]}/{(found.TryGetProperty(path[..^7], out JsonElement frame) ? frame.GetProperty("index_key").GetString() : null)}";
        }

        if (!found.TryGetProperty(path, out JsonElement actual)) { return "missing"; }
        foreach (JsonProperty member in expected.Value.EnumerateObject())
        {
            JsonElement value = default;
            bool present = member.Name == "categories"
                ? actual.TryGetProperty("categories", out JsonElement categories) && categories.TryGetProperty("sha256", out value)
                : actual.TryGetProperty(member.Name, out value);
            if (!present) { return $"has no {member.Name}: {actual}"; }
            if (!JsonElement.DeepEquals(value, member.Value))
            {
                return string.Create(CultureInfo.InvariantCulture, $"{member.Name} is {value}, not {member.Value}");
            }
        }

        return null;
    }
}
