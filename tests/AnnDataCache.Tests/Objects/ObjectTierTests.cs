namespace AnnDataCache.Tests.Objects;

/// <summary>An object is in one tier, whichever it was in before, and is not the first to go from it.</summary>
public sealed class ObjectTierTests : IDisposable
{
    private const int Megabyte = 1_000_000;

    private readonly TestStore _store = new();

    private string[] Hot => Directory.GetFiles(Path.Join(_store.Options.HotFolder, "parts"));

    private string[] Cold => Directory.GetFiles(Path.Join(_store.Options.ColdFolder, "parts"));

    [Fact]
    public void WhatFindsNoRoomInTheHotTierGoesToTheColdOneAndBack()
    {
        using Cache small = Open(hotBytes: Megabyte), large = Open(hotBytes: 100 * Megabyte);
        Assert.Equal("hot", Put(small, 1, 10_000).Tier);
        using PinnedElement first = large.Get("x");
        Assert.Equal(("cold", true), (Put(small, 2, 2 * Megabyte).Tier, Contains(large)));
        Assert.Equal((0, 1), (Hot.Length, Cold.Length));
        using PinnedElement second = large.Get("x"), again = large.Get("x");
        Assert.Equal(("cold", 2, 2), (second.Tier, Value(second), Value(again)));
        Assert.Equal("hot", Put(large, 3, 2 * Megabyte).Tier);
        Assert.Equal((1, 0), (Hot.Length, Cold.Length));
        using PinnedElement third = small.Get("x"), fresh = large.Get("x");
        Assert.Equal((3, 3, 1, 2), (Value(third), Value(fresh), Value(first), Value(second)));
        Assert.True(small.Delete("x"));
        Assert.Equal((false, 0, 0), (Contains(large), Hot.Length, Cold.Length));
        first.Dispose();
        second.Dispose();
        third.Dispose();
        fresh.Dispose();
        again.Dispose();
        small.Dispose();
        Assert.Equal(0, large.Usage().UsedBytes);
        Assert.Empty(large.Verify(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void TheColdTierAloneKeepsObjectsOverTheProcess()
    {
        using (Cache first = Open(hotBytes: 0))
        {
            Assert.Equal("cold", Put(first, 1, 100).Tier);
            Assert.True(Put(first, 2, 100).Replaced);
        }

        using Cache second = Open(hotBytes: 0);
        using PinnedElement found = second.Get("x");
        Assert.Equal(2, Value(found));
    }

    /// <summary>Its structure is looked at before its first use, as an element's; but it is not decoded again.</summary>
    [Fact]
    public void ADamagedObjectIsLostAndSaysSo()
    {
        using (Cache first = Open(hotBytes: 10 * Megabyte, coldBytes: 0)) { Put(first, 1, 100_000); }
        string part = Assert.Single(Hot);
        File.SetUnixFileMode(part, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using (FileStream file = File.OpenWrite(part)) { file.SetLength(50_000); }
        using Cache cache = Open(hotBytes: 10 * Megabyte, coldBytes: 0);
        Finding damage = cache.Verify(TestContext.Current.CancellationToken)[^1];
        Assert.Contains("Its object is lost", damage.Remedy, StringComparison.Ordinal);
        Assert.Contains("It is lost: put it again.", Assert.Single(cache.Explain("x")).Remedy, StringComparison.Ordinal);
        Assert.Throws<ElementException>(() => cache.Get("x"));
        Assert.Empty(Hot);
        Finding gone = Assert.Single(cache.Explain("x"));
        Assert.Contains("contradicted its layout", gone.Meaning, StringComparison.Ordinal);
        Assert.Contains("put it again", gone.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void AnObjectWhoseBytesTheDiskHasChangedIsFoundByVerify()
    {
        using Cache cache = Open(hotBytes: 0);
        Put(cache, 1, 100_000);
        string part = Assert.Single(Cold);
        File.SetUnixFileMode(part, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using (FileStream file = File.OpenWrite(part))
        {
            file.Position = 50_000;
            file.WriteByte(2);
        }

        File.SetUnixFileMode(part, UnixFileMode.UserRead);
        Finding finding = Assert.Single(cache.Verify(TestContext.Current.CancellationToken));
        Assert.Contains("not those that were written", finding.Fact, StringComparison.Ordinal);
        Assert.Contains("put the object again", finding.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void AnEvictedObjectIsExplainedByWhatNeededItsRoom()
    {
        using Cache cache = Open(hotBytes: 2_500_000, coldBytes: 0);
        Put(cache, 1, Megabyte);
        Put(cache, 1, 2 * Megabyte, "y");
        Finding finding = Assert.Single(cache.Explain("x"));
        Assert.Contains("Room was needed for the object 'y'", finding.Meaning, StringComparison.Ordinal);
        Assert.Contains("put it again", finding.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void ATooLargeObjectIsRefusedAndTheOldOneStays()
    {
        using Cache cache = Open(hotBytes: Megabyte, coldBytes: 0);
        Put(cache, 1, 100_000);
        StoreException refused = Assert.Throws<StoreException>(() => Put(cache, 2, 2 * Megabyte));
        Assert.Equal(CacheError.TooLarge, refused.Error);
        using PinnedElement found = cache.Get("x");
        Assert.Equal(1, Value(found));
    }

    [Fact]
    public void WhatIsAboutToBeOverwrittenGoesLast()
    {
        using Cache cache = Open(hotBytes: 2_500_000, coldBytes: 0);
        Put(cache, 1, Megabyte);
        Put(cache, 1, Megabyte, "y");
        PutResult put = Put(cache, 2, Megabyte);
        Assert.True(put.Replaced, "The old object was evicted to make room for the new one, although another could go.");
        Assert.False(cache.Contains("y"));
        put = Put(cache, 3, 2 * Megabyte); // now only the old one itself is left to go
        Assert.False(put.Replaced);
    }

    [Fact]
    public void ElementsThatAreDecodedAgainGoBeforeAnObject()
    {
        using Cache cache = Open(hotBytes: 3 * Megabyte, coldBytes: 0);
        Put(cache, 1, Megabyte);
        string sample = Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad");
        for (int i = 0; i < 4; i++)
        {
            string copy = Path.Join(_store.Disk, $"{i}.h5ad");
            File.Copy(sample, copy);
            using CachedAnnData file = cache.Open(copy);
            file.Pin("X").Dispose();
            file.Pin("layers/counts").Dispose();
        }

        Assert.True(cache.Statistics().Hot.Evictions > 3, $"Only {cache.Statistics().Hot.Evictions} evictions: the test shows nothing.");
        Assert.True(cache.Contains("x"));
    }

    private Cache Open(long hotBytes, long coldBytes = 1L << 30) => Cache.Open(_store.Options with { HotBytes = hotBytes, ColdBytes = coldBytes });

    private static PutResult Put(Cache cache, byte value, int bytes, string name = "x")
    {
        byte[] values = new byte[bytes];
        Array.Fill(values, value);
        return cache.Put<byte>(name, values, [bytes]);
    }

    private static bool Contains(Cache cache) => cache.Contains("x");

    private static int Value(PinnedElement element) => element.Columns[0].Values.Span<byte>()[^1];

    public void Dispose() => _store.Dispose();
}
