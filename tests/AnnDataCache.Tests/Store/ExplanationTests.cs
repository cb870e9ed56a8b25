namespace AnnDataCache.Tests.Store;

/// <summary>What <c>explain</c> says of an element in each of the ways in which it can be there, or not.</summary>
public sealed class ExplanationTests : IDisposable
{
    private readonly TestStore _store = new();
    private readonly string _file;

    public ExplanationTests()
    {
        _file = Path.Join(_store.Disk, "sample.h5ad");
        File.Copy(Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad"), _file);
    }

    [Fact]
    public void EveryWayToBeThereOrNotHasItsReason()
    {
        using Cache cache = Cache.Open(_store.Options with { HotBytes = 1_200_000, ColdBytes = 0 });
        using CachedAnnData file = cache.Open(_file);
        Assert.Contains("never asked for", Explain(file, "X").Meaning, StringComparison.Ordinal);
        file.Pin("X").Dispose();
        Assert.Contains("it is there", Explain(file, "X").Fact, StringComparison.Ordinal);
        file.Pin("layers/counts").Dispose(); // both do not fit
        Finding evicted = Explain(file, "X");
        Assert.Contains("was removed", evicted.Fact, StringComparison.Ordinal);
        Assert.Contains("Room was needed for 'layers/counts'", evicted.Meaning, StringComparison.Ordinal);
        cache.Evict(_file, ["layers/counts"]);
        using CachedAnnData again = cache.Open(_file);
        using Cache other = Cache.Open(_store.Options with { HotBytes = 1_200_000, ColdBytes = 0 });
        Assert.Contains(Explain(again, "layers/counts").Meaning, (string[])["Somebody asked for it: 'evict' or 'clear'.", "some process uses it: it cannot go"]);
        again.Pin("obs").Dispose();
        File.SetLastWriteTimeUtc(_file, DateTime.UtcNow.AddMinutes(1));
        Assert.Contains("another version of the file", Explain(again, "obs").Fact, StringComparison.Ordinal);
        Assert.Throws<ElementException>(() => again.Explain("nothing"));
    }

    private static Finding Explain(CachedAnnData file, string element) => Assert.Single(file.Explain(element));

    public void Dispose() => _store.Dispose();
}
