using System.Diagnostics;
using System.Text.Json;

namespace AnnDataCache.Tests.Foreign;

/// <summary>Parts of the real files, read by Arrow's JavaScript library, have the contents that the oracles know.</summary>
public sealed class JavaScriptReaderTests(ITestOutputHelper output) : IDisposable
{
    /// <summary>Enough of every kind, in seconds.</summary>
    private const long MaxFileBytes = 700_000;

    private readonly TestStore _store = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    public void ArrowForJavaScriptReadsWhatTheOraclesKnow()
    {
        string data = TestFiles.RequireRealData();
        string reader = Path.Join(TestFiles.Repository, "tests", "foreign");
        Assert.SkipUnless(Directory.Exists(Path.Join(reader, "node_modules", "apache-arrow")), "apache-arrow is not installed in tests/foreign.");
        List<(string File, ElementInfo Part, string Path)> parts = [];
        using Cache cache = _store.Open();
        foreach (string path in Directory.GetFiles(Path.Join(data, "open"), "*.h5*").Where(path => new FileInfo(path).Length <= MaxFileBytes))
        {
            using CachedAnnData file = cache.Open(path);
            foreach (ElementInfo info in file.Tree.SelfAndDescendants().Where(info => info.PartPath == info.Path && HasPart(info.Kind)))
            {
                using PinnedElement pinned = file.Pin(info.Path);
                parts.Add((Path.GetFileName(path), info, pinned.PartFile));
            }
        }

        Dictionary<string, JsonElement> read = Read(Path.Join(reader, "read-parts.mjs"), parts.Select(part => part.Path).Distinct());
        Dictionary<string, int> compared = [];
        List<string> different = [];
        foreach (IGrouping<string, (string File, ElementInfo Part, string Path)> file in parts.GroupBy(part => part.File))
        {
            using JsonDocument oracle = JsonDocument.Parse(File.ReadAllBytes(Path.Join(data, "oracle", file.Key + ".json")));
            JsonElement elements = oracle.RootElement.GetProperty("elements");
            foreach ((_, ElementInfo part, string path) in file)
            {
                IEnumerable<ElementInfo> columns = part.Kind is ElementKind.DataFrame or ElementKind.RecArray ? part.Children : [part];
                foreach (ElementInfo column in columns.Where(column => column.Kind != ElementKind.Refused && elements.TryGetProperty(column.Path, out _)))
                {
                    compared[column.Kind.Name()] = compared.GetValueOrDefault(column.Kind.Name()) + 1;
                    if (!read[path].TryGetProperty(column.Name, out JsonElement found)) { different.Add($"{file.Key} {column.Path}: no such column"); }
                    else if (Difference(found, elements.GetProperty(column.Path)) is { } difference) { different.Add($"{file.Key} {column.Path}: {difference}"); }
                }
            }
        }

        output.WriteLine($"{parts.Count} parts; {string.Join(", ", compared.Select(kind => $"{kind.Key} {kind.Value}"))}; {different.Count} different");
        Assert.True(different.Count == 0, string.Join('\n', different));
        foreach (string kind in (string[])["dense", "csr", "csc", "string-array", "categorical", "nullable-integer", "nullable-boolean"])
        {
            Assert.True(compared.GetValueOrDefault(kind) > 3, $"Only {compared.GetValueOrDefault(kind)} of {kind} were compared.");
        }
    }

    private static bool HasPart(ElementKind kind) => kind is not (ElementKind.Dict or ElementKind.Refused or ElementKind.Null
        or ElementKind.String or ElementKind.Number or ElementKind.AwkwardArray);

    /// <summary>Null when the hashes agree; an empty column has none.</summary>
    private static string? Difference(JsonElement found, JsonElement oracle)
    {
        if (found.GetProperty("rows").GetInt64() == 0) { return null; }
        if (found.TryGetProperty("sparse", out JsonElement sparse))
        {
            return Compare(sparse, "data", oracle, "data_sha256") ?? Compare(sparse, "indices", oracle, "indices_sha256_i8")
                ?? Compare(sparse, "indptr", oracle, "indptr_sha256_i8");
        }

        if (oracle.TryGetProperty("legacy_categorical", out JsonElement legacy)) { oracle = legacy; }
        if (oracle.TryGetProperty("codes_sha256_i4", out _))
        {
            JsonElement categories = oracle.GetProperty("categories");
            string? difference = Compare(found, "codes", oracle, "codes_sha256_i4");
            return difference ?? (categories.TryGetProperty("sha256", out _) ? Compare(found, "categories", categories, "sha256") : null);
        }

        string hash = oracle.TryGetProperty("values_nulls_zeroed_sha256", out _) ? "values_nulls_zeroed_sha256" : "sha256";
        return Compare(found, found.TryGetProperty("strings", out _) ? "strings" : "numbers", oracle, hash);
    }

    private static string? Compare(JsonElement found, string member, JsonElement oracle, string hash)
    {
        string? actual = found.TryGetProperty(member, out JsonElement value) ? value.GetString() : "absent";
        string? expected = oracle.GetProperty(hash).GetString();
        return actual == expected ? null : $"{member} is {actual}, not {expected}";
    }

    private static Dictionary<string, JsonElement> Read(string script, IEnumerable<string> paths)
    {
        ProcessStartInfo start = new("node", [script]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> text = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        foreach (string path in paths) { process.StandardInput.WriteLine(path); }
        process.StandardInput.Close();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return text.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(part => part.GetProperty("path").GetString()!, part => part.GetProperty("columns"));
    }
}
