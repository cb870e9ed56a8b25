using AnnDataCache.Interop;
using AnnDataCache.Loading;
using AnnDataCache.Store;

namespace AnnDataCache.Tests.Loading;

/// <summary>A rewritten source is read anew by the next ask, and whoever holds the old part keeps the old, intact data.</summary>
public sealed class FreshnessTests : IDisposable
{
    private readonly TestStore _store = new();

    [Fact]
    public void ARewrittenSourceIsReadAnewWhileOldReadersKeepWhatTheyHold()
    {
        string source = Path.Join(_store.Disk, "data.h5ad");
        File.Copy(TestFiles.Small("fresh/first.h5ad"), source);
        using Cache cache = _store.Open();
        using CachedAnnData file = cache.Open(source);
        using PinnedElement old = file.Pin("X");
        float[] before = old.Columns[0].Values.Span<float>().ToArray();

        File.Copy(TestFiles.Small("fresh/second.h5ad"), source, overwrite: true);
        using PinnedElement fresh = file.Pin("X");
        Assert.True(fresh.Loaded);
        Assert.Equal([1f, 2, 3, 4, 5, 6], before);
        Assert.Equal([10f, 20, 30, 40, 50, 60], fresh.Columns[0].Values.Span<float>().ToArray());
        Assert.Equal(before, old.Columns[0].Values.Span<float>().ToArray());
        Assert.Equal("second", file.Pin("uns/name").Tree.Value);
    }

    [Fact]
    public void ASourceThatChangesWhileItIsReadIsReadAgainUnderItsNewName()
    {
        string source = Path.Join(_store.Disk, "data.h5ad");
        File.Copy(Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad"), source);
        using Cache cache = _store.Open();
        using CachedAnnData file = cache.Open(source);
        int touches = 0;
        OnReport touch = new(() => { if (Interlocked.Increment(ref touches) == 1) { File.SetLastWriteTimeUtc(source, DateTime.UtcNow.AddHours(1)); } });
        using PinnedElement x = file.Pin("X", touch, TestContext.Current.CancellationToken);

        Assert.True(touches > 1 && x.Loaded);
        StoredPart part = Assert.Single(cache.List(), part => part is { Element: "X", Tier: "hot" });
        Assert.False(part.Stale); // nothing was sealed under the name of the version that was gone
    }

    /// <summary>The name was made before the wait, the file is opened after it: it must not get the name of what is gone.</summary>
    [Fact]
    public async Task ASourceThatIsReplacedWhileALoadWaitsIsNotReadUnderItsOldName()
    {
        string source = Path.Join(_store.Disk, "data.h5ad"), fresh = Path.Join(_store.Disk, "fresh.h5ad");
        File.Copy(TestFiles.Small("fresh/first.h5ad"), source);
        File.Copy(TestFiles.Small("fresh/second.h5ad"), fresh);
        using Cache cache = Cache.Open(_store.Options with { ColdBytes = 0 });
        using (cache.Open(source)) { } // the tree is there; the container is opened by the load
        using CachedAnnData file = cache.Open(source);
        PartName name = PartName.For(source, "X", "", FileStat.Of(source));
        Task<PinnedElement> load;
        using (TierFolder folder = TierFolder.Open(_store.Options.HotFolder!, FolderAccess.Private))
        using (FileDescriptor inflight = folder.OpenLock("inflight.lock"))
        {
            Assert.True(FileLocks.TryLockByte(inflight, name.Hash));
            load = file.PinAsync("X", cancellation: TestContext.Current.CancellationToken);
            await Task.Delay(300, TestContext.Current.CancellationToken);
            File.Move(fresh, source, overwrite: true);
        }

        using PinnedElement x = await load;
        Assert.Equal([10f, 20, 30, 40, 50, 60], x.Columns[0].Values.Span<float>().ToArray());
        Assert.False(Assert.Single(cache.List(), part => part.Element == "X").Stale);
    }

    [Theory]
    [InlineData(0, 20)]
    [InlineData(5, 15)]
    [InlineData(20, 0)]
    [InlineData(1e12, 0)]
    [InlineData(-1e12, 20)] // a clock that was set back
    public void AFileThatWasJustWrittenIsLetSettle(double ageMs, double waitMs)
    {
        DateTimeOffset now = DateTimeOffset.UnixEpoch.AddDays(20_000);
        long changed = (long)((now - DateTimeOffset.UnixEpoch).TotalMilliseconds - ageMs) * 1_000_000;
        Assert.Equal(TimeSpan.FromMilliseconds(waitMs), AnnDataSource.UnsettledFor(changed, now));
    }

    [Fact]
    public void ASourceThatKeepsChangingIsGivenUpWithAReason()
    {
        string source = Path.Join(_store.Disk, "data.h5ad");
        File.Copy(Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad"), source);
        using Cache cache = _store.Open();
        using CachedAnnData file = cache.Open(source);
        int touches = 0;
        OnReport touch = new(() => File.SetLastWriteTimeUtc(source, DateTime.UtcNow.AddHours(Interlocked.Increment(ref touches))));
        SourceException error = Assert.Throws<SourceException>(() => file.Pin("X", touch, TestContext.Current.CancellationToken));
        Assert.Equal(CacheError.SourceChanged, error.Error);
        Assert.True(error.CanRetry);
        Assert.Empty(Directory.GetFiles(Path.Join(_store.Options.HotFolder, "tmp")));
    }

    [Fact]
    public void ADeletedSourceIsAnErrorNotAStaleAnswer()
    {
        string source = Path.Join(_store.Disk, "data.h5ad");
        File.Copy(TestFiles.Small("fresh/first.h5ad"), source);
        using Cache cache = _store.Open();
        using CachedAnnData file = cache.Open(source);
        using PinnedElement held = file.Pin("X");
        File.Delete(source);

        SourceException gone = Assert.Throws<SourceException>(() => file.Pin("X"));
        Assert.Equal(CacheError.SourceNotFound, gone.Error);
        Assert.Equal(1f, held.Columns[0].Values.Span<float>(0, 1)[0]);
    }

    [Fact]
    public void StalePartsGoFirstWhenTheNewVersionNeedsRoom()
    {
        string source = Path.Join(_store.Disk, "data.h5ad");
        File.Copy(TestFiles.Small("fresh/first.h5ad"), source);
        CacheOptions roomy = _store.Options with { ColdBytes = 0 };
        long budget;
        using (Cache first = Cache.Open(roomy))
        using (CachedAnnData file = first.Open(source))
        {
            file.Pin("X").Dispose();
            file.Pin("obs").Dispose();
            budget = first.List().Sum(part => part.Bytes) + first.List().Single(part => part.Element.Length == 0).Bytes;
        }

        using Cache cache = Cache.Open(roomy with { HotBytes = budget }); // what is there, and the tree of the new version
        File.Copy(TestFiles.Small("fresh/second.h5ad"), source, overwrite: true);
        using CachedAnnData again = cache.Open(source);
        again.Pin("X").Dispose();
        Assert.DoesNotContain(cache.List(), part => part.Element == "X" && part.Stale);
        Assert.Contains(cache.List(), part => part.Element == "obs" && part.Stale); // what is stale, but not of this name, stays while there is room
    }

    public void Dispose() => _store.Dispose();

    private sealed class OnReport(Action act) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => act();
    }
}
