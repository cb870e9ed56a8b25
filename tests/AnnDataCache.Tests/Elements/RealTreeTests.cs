using System.Text.Json;
using AnnDataCache.Containers;
using AnnDataCache.Elements;
using AnnDataCache.Loading;

namespace AnnDataCache.Tests.Elements;

/// <summary>The trees of real files, by many writers, name every element that the oracle names, with its kind and shape.</summary>
public sealed class RealTreeTests(ITestOutputHelper output)
{
    [Fact]
    public void EveryElementOfTheRealFilesIsFoundWithItsKind()
    {
        string data = TestFiles.RequireRealData();
        int files = 0, elements = 0, refused = 0;
        List<string> different = [];
        foreach (string path in Directory.GetFileSystemEntries(Path.Join(data, "open")).Order(StringComparer.Ordinal))
        {
            using JsonDocument oracle = JsonDocument.Parse(File.ReadAllBytes(Path.Join(data, "oracle", Path.GetFileName(path) + ".json")));
            using ContainerFile file = SourceContainer.Open(path);
            ElementInfo tree = ElementTree.Describe(file.Root, file.Root, "", null, withValues: true);
            files++;
            foreach (JsonProperty element in oracle.RootElement.GetProperty("elements").EnumerateObject())
            {
                elements++;
                ElementInfo? found = tree.Find(element.Name);
                if (IsRefused(tree, element.Name)) { refused++; continue; }
                string? difference = Difference(element.Value, found);
                if (difference is not null) { different.Add($"{Path.GetFileName(path)} {element.Name}: {difference}"); }
            }
        }

        foreach (string line in different) { output.WriteLine(line); }
        output.WriteLine($"{files} files, {elements} elements, {refused} refused, {different.Count} different");
        Assert.True(files > 100 && elements > 1000, $"Only {elements} elements of {files} files were compared.");
        Assert.Empty(different);
    }

    /// <summary>True when the element or something that holds it is refused.</summary>
    private static bool IsRefused(ElementInfo tree, string path)
    {
        for (string at = path; at.Length > 0; at = at.LastIndexOf('/') is var cut and > 0 ? at[..cut] : "")
        {
            if (tree.Find(at)?.Kind == ElementKind.Refused) { return true; }
        }

        return false;
    }

    private static string? Difference(JsonElement oracle, ElementInfo? found)
    {
        if (found is null) { return "missing"; }
        string wanted = oracle.GetProperty("kind").GetString()!;
        string kind = found.Kind switch
        {
            ElementKind.String => "scalar-string",
            ElementKind.Number => found.Type == DType.Bool ? "scalar-bool" : "scalar-number",
            ElementKind.Dict when wanted is "raw" or "mudata" or "legacy-obsm-structured" => wanted,
            ElementKind.Categorical when oracle.TryGetProperty("legacy_categorical", out _) => wanted,
            _ => found.Kind.Name(),
        };
        if (kind != wanted) { return $"is a {kind}; a {wanted} is expected"; }
        if (wanted == "legacy-obsm-structured") { return null; }
        if (!oracle.TryGetProperty("shape", out JsonElement shape)) { return null; }
        long[] lengths = [.. shape.EnumerateArray().Select(length => length.GetInt64())];
        return lengths.SequenceEqual(found.Shape)
            ? null
            : $"has shape ({string.Join(", ", found.Shape)}); ({string.Join(", ", lengths)}) is expected";
    }
}
