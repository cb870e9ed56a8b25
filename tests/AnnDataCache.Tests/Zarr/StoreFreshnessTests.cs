using AnnDataCache.Interop;

namespace AnnDataCache.Tests.Zarr;

/// <summary>A store that is rewritten, node by node or chunk by chunk, is read anew; the rule of docs/sharing.md, "Folders".</summary>
public sealed class StoreFreshnessTests : IDisposable
{
    private readonly TestStore _store = new();
    private readonly SmallStores _stores = new();

    [Fact]
    public void AChunkThatIsOverwrittenInPlaceIsReadAnewWhileOldReadersKeepWhatTheyHold()
    {
        string source = _stores.Unpack("v3");
        using Cache cache = _store.Open();
        using CachedAnnData file = cache.Open(source);
        using PinnedElement old = file.Pin("types/int32");
        int[] before = old.Columns[0].Values.Span<int>().ToArray();
        using (PinnedElement again = file.Pin("types/int32")) { Assert.False(again.Loaded); }

        string chunk = Path.Join(source, "types", "int32", "c", "0", "0");
        byte[] bytes = File.ReadAllBytes(chunk);
        bytes[0] ^= 1;
        using (FileStream stream = new(chunk, FileMode.Open, FileAccess.Write)) { stream.Write(bytes); }

        using PinnedElement fresh = file.Pin("types/int32");
        Assert.True(fresh.Loaded);
        Assert.Equal(before[0] ^ 1, fresh.Columns[0].Values.Span<int>()[0]);
        Assert.Equal(before, old.Columns[0].Values.Span<int>().ToArray());
        Assert.Contains(cache.List(), part => part is { Element: "types/int32", Stale: true });
        Assert.Contains(cache.List(), part => part is { Element: "types/int32", Stale: false });
    }

    [Fact]
    public void AStoreThatChangesWhileItIsReadIsReadAgainUnderItsNewName()
    {
        string source = _stores.Unpack("v2");
        using Cache cache = _store.Open();
        using CachedAnnData file = cache.Open(source);
        int reports = 0;
        OnReport touch = new(() => { if (Interlocked.Increment(ref reports) == 1) { File.WriteAllText(Path.Join(source, "codecs", "new"), ""); } });
        using PinnedElement pinned = file.Pin("codecs/zstd-1", touch, TestContext.Current.CancellationToken);
        Assert.True(pinned.Loaded && reports > 1);
        Assert.False(Assert.Single(cache.List(), part => part is { Element: "codecs/zstd-1", Tier: "hot" }).Stale);
    }

    [Fact]
    public void AStoreThatIsGoneIsAnErrorNotAStaleAnswer()
    {
        string source = _stores.Unpack("v2");
        using Cache cache = _store.Open();
        using CachedAnnData file = cache.Open(source);
        file.Pin("types/i4").Dispose();
        Directory.Delete(source, recursive: true);
        Assert.Equal(CacheError.SourceNotFound, Assert.Throws<SourceException>(() => file.Pin("types/i4")).Error);
    }

    [Fact]
    public void OfALargeStoreOnlyMetadataAndFoldersCountUnlessEveryFileIsAskedFor()
    {
        string source = _stores.Unpack("v2"), chunks = Path.Join(source, "types", "i4");
        for (int i = 0; i < FolderVersion.MaxEntries; i++) { File.WriteAllText(Path.Join(chunks, $"stray{i}"), ""); }
        SourceVersion some = SourceVersion.Of(source, everyFile: false), all = SourceVersion.Of(source, everyFile: true);
        Assert.InRange(some.Stat.Size, 100, FolderVersion.MaxEntries);
        Assert.True(all.Stat.Size > FolderVersion.MaxEntries);

        File.WriteAllText(Path.Join(chunks, "0.0"), "other bytes");
        Assert.True(some.IsCurrent());
        Assert.False(all.IsCurrent());
        Assert.True(SourceVersion.Of(source, everyFile: false).Stat.SameVersion(some.Stat));

        File.WriteAllText(Path.Join(chunks, ".zattrs"), "{}");
        Assert.False(some.IsCurrent());
        Assert.False(SourceVersion.Of(source, everyFile: false).Stat.SameVersion(some.Stat));
    }

    [Fact]
    public void WhoMayNotReadAllOfAStoreMayNotReadItsParts()
    {
        string source = _stores.Unpack("v3");
        const uint OthersMayRead = 4;
        foreach (string file in Directory.GetFileSystemEntries(source, "*", SearchOption.AllDirectories).Append(source))
        {
            File.SetUnixFileMode(file, (UnixFileMode)(Directory.Exists(file) ? 0x1ED : 0x1A4)); // 0755, 0644
        }

        Assert.NotEqual(0u, SourceVersion.Of(source, everyFile: false).Stat.Permissions & OthersMayRead);
        File.SetUnixFileMode(Path.Join(source, "types", "int32", "c", "1", "0"), UnixFileMode.UserRead);
        Assert.Equal(0u, SourceVersion.Of(source, everyFile: false).Stat.Permissions & OthersMayRead);
    }

    public void Dispose()
    {
        _store.Dispose();
        _stores.Dispose();
    }

    private sealed class OnReport(Action act) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => act();
    }
}
