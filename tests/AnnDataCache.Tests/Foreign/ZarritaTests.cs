using System.Text.Json;
using AnnDataCache.Tests.Zarr;

namespace AnnDataCache.Tests.Foreign;

/// <summary>
/// The small stores are made by a writer of the tests' own where no other writes their form. zarrita, which has nothing to do with it, must find
/// in them what they are said to hold, and what our reader is compared with.
/// </summary>
public sealed class ZarritaTests(ITestOutputHelper output) : IDisposable
{
    // Where zarrita 0.7 does not do what the specification says; our reader does.
    private static readonly Dictionary<string, string> s_others = new()
    {
        ["v2 holes/fixed"] = "a fill value of bytes is base64",
        ["v3 holes/hex"] = "bits of a fill value in hexadecimal",
        ["odd3 holes/hex-double"] = "bits of a fill value in hexadecimal",
        ["v3 holes/large"] = "fill values beyond 2^53",
        ["odd2 holes/beyond-double"] = "fill values beyond 2^53",
        ["odd2 holes/most"] = "fill values beyond 2^53",
        ["odd3 holes/beyond-double"] = "fill values beyond 2^53",
        ["odd3 holes/most"] = "fill values beyond 2^53",
        ["v3 forms/transpose-twice"] = "two orders one after the other",
    };

    private readonly SmallStores _stores = new();

    [Fact]
    public void AnIndependentReaderFindsTheSameValues()
    {
        JavaScript.Require();
        Dictionary<string, string> expected = [];
        List<string> lines = [];
        foreach (string store in (string[])["v2", "v3", "odd2", "odd3"])
        {
            foreach (JsonProperty array in SmallStores.Contents(store).EnumerateObject().Where(array => array.Value.GetProperty("sha256").ValueKind == JsonValueKind.String))
            {
                expected[$"{store} {array.Name}"] = array.Value.GetProperty("sha256").GetString()!;
                lines.Add($"{_stores.Unpack(store)}\t{array.Name}");
            }
        }

        List<string> equal = [], different = [];
        foreach (JsonElement answer in JavaScript.Run("read-zarr.mjs", lines))
        {
            string name = $"{Path.GetFileNameWithoutExtension(answer.GetProperty("store").GetString())} {answer.GetProperty("path").GetString()}";
            if (answer.TryGetProperty("error", out JsonElement error)) { output.WriteLine($"{name}: {error.GetString()}"); }
            else if (answer.GetProperty("sha256").GetString() == expected[name]) { equal.Add(name); }
            else if (!s_others.ContainsKey(name)) { different.Add(name); }
        }

        output.WriteLine($"{equal.Count} of {lines.Count} arrays equal");
        Assert.Empty(different);
        Assert.Superset(new HashSet<string>(["v3 shards/end", "v3 shards/holes", "v3 shards/transposed", "odd3 shards/scattered", "v3 strings/utf8-shards"]), equal.ToHashSet());
        Assert.True(equal.Count > 160, $"only {equal.Count} of {lines.Count} arrays were read");
    }

    public void Dispose() => _stores.Dispose();
}
