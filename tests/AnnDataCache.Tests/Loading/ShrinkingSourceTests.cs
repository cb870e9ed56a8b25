namespace AnnDataCache.Tests.Loading;

/// <summary>
/// A source that is cut or overwritten in place while it is read: pages of a mapping would be gone (SIGBUS kills the process, and
/// this test with it); a positional read gives an error, or the new bytes, and the load starts again.
/// </summary>
public sealed class ShrinkingSourceTests : IDisposable
{
    private readonly TestStore _store = new();
    private readonly string _source;

    public ShrinkingSourceTests()
    {
        _source = Path.Join(_store.Disk, "data.h5ad");
        File.Copy(Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad"), _source);
    }

    public void Dispose() => _store.Dispose();

    [Theory]
    [InlineData("X", 0)]
    [InlineData("X", 100)]
    [InlineData("X", 50_000)]
    [InlineData("layers/counts", 500_000)]
    [InlineData("obs", 50_000)]
    public void ASourceThatIsCutWhileItIsReadIsAnErrorOfTheCaller(string element, int left)
    {
        using Cache cache = _store.Open();
        using CachedAnnData file = cache.Open(_source);
        OnceReported cut = new(() => Cut(left));
        CacheException error = Assert.ThrowsAny<CacheException>(
            () => file.Pin(element, cut, TestContext.Current.CancellationToken).Dispose());
        Assert.True(error is SourceException or ElementException, error.Message);
        Assert.True(cut.Happened, "The load was over before the file was cut.");
        Assert.Empty(Directory.GetFiles(Path.Join(_store.Options.HotFolder, "tmp")));
        Assert.DoesNotContain(cache.List(), part => part.Element == element && part.Tier == "hot" && !part.Stale);
    }

    [Fact]
    public void ASourceThatIsOverwrittenInPlaceWhileItIsReadIsReadAgain()
    {
        using Cache cache = _store.Open();
        using CachedAnnData file = cache.Open(_source);
        byte[] other = File.ReadAllBytes(TestFiles.Small("fresh/second.h5ad"));
        OnceReported overwrite = new(() =>
        {
            using FileStream stream = new(_source, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            stream.Write(other);
            stream.SetLength(other.Length);
        });
        using PinnedElement x = file.Pin("X", overwrite, TestContext.Current.CancellationToken);
        Assert.True(overwrite.Happened);
        Assert.Equal([10f, 20, 30, 40, 50, 60], x.Columns[0].Values.Span<float>().ToArray());
    }

    private void Cut(int left)
    {
        using FileStream stream = new(_source, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        stream.SetLength(left);
    }

    private sealed class OnceReported(Action act) : IProgress<LoadProgress>
    {
        private int _reports;

        internal bool Happened => _reports > 0;

        public void Report(LoadProgress value)
        {
            if (Interlocked.Increment(ref _reports) == 1) { act(); }
        }
    }
}
