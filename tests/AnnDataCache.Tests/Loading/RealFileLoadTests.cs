using System.Text.Json;

namespace AnnDataCache.Tests.Loading;

/// <summary>Every element of the real files that is not refused becomes a part, and the store is clean afterwards.</summary>
public sealed class RealFileLoadTests(ITestOutputHelper output)
{
    [Fact]
    public void EveryElementThatIsNotRefusedIsLoadedOnceAndHitAfterwards()
    {
        string data = TestFiles.RequireRealData();
        using TestStore store = new();
        using Cache cache = store.Open();
        List<string> failures = [];
        Dictionary<string, string> damaged = Damaged(data);
        int parts = 0;
        foreach (string path in Directory.GetFileSystemEntries(Path.Join(data, "open")).Order(StringComparer.Ordinal))
        {
            using CachedAnnData file = cache.Open(path);
            foreach (ElementInfo element in file.Tree.SelfAndDescendants().Where(element => element.Kind != ElementKind.Refused && element.PartPath == element.Path))
            {
                try
                {
                    using PinnedElement first = file.Pin(element.Path);
                    using PinnedElement second = file.Pin(element.Path);
                    Assert.False(second.Loaded);
                    parts++;
                }
                catch (ElementException refused)
                {
                    string fault = damaged.GetValueOrDefault(Path.GetFileName(path), "");
                    bool isKnown = fault.Contains("code out of range", StringComparison.Ordinal)
                        && refused.Message.Contains("has code", StringComparison.Ordinal);
                    if (!isKnown) { failures.Add($"{Path.GetFileName(path)} {refused.Message}"); }
                }
            }
        }

        foreach (string failure in failures) { output.WriteLine(failure); }
        output.WriteLine($"{parts} parts");
        Assert.True(parts > 1000);
        Assert.Empty(failures);
        Assert.Empty(cache.Verify(TestContext.Current.CancellationToken));
    }

    /// <summary>What is known to be wrong with some of the files, and must be reported.</summary>
    private static Dictionary<string, string> Damaged(string data)
    {
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Join(data, "manifest.json")));
        return manifest.RootElement.GetProperty("files").EnumerateArray().ToDictionary(
            file => file.GetProperty("name").GetString()!, file => file.GetProperty("expect").GetString()!, StringComparer.Ordinal);
    }
}
