namespace AnnDataCache.Tests.Loading;

/// <summary>Each damage fails its element, or its column, with the reason; everything else of the file is read.</summary>
public sealed class BrokenFileTests : IDisposable
{
    private readonly TestStore _store = new();
    private readonly Cache _cache;
    private readonly CachedAnnData _file;

    public BrokenFileTests()
    {
        _cache = _store.Open();
        _file = _cache.Open(TestFiles.Small("broken/bad.h5ad"));
    }

    [Theory]
    [InlineData("layers/index_outside", "outside 0 … 1")]
    [InlineData("layers/falling_indptr", "must rise from 0 to 2")]
    [InlineData("layers/short_indptr", "indptr has 2 entries; 4 are expected")]
    [InlineData("obsm/huge", "claims more than the 9,223,372,036,854,775,807 bytes")]
    [InlineData("varm/from_the_future", "'quantum-array' is not read")]
    [InlineData("obs/strange", "compound")]
    [InlineData("obs/absent", "no such member")]
    [InlineData("uns/no_row_names/names", "_index names it, but the dataframe has no such member")]
    [InlineData("obs/short", "has 2 rows where the dataframe has 3")]
    [InlineData("obs/codes_out_of_range", "code 7")]
    [InlineData("uns/loop", "'uns/loop' leads through more than 16 links")]
    public void ADamagedElementIsRefusedWithItsReason(string element, string reason)
    {
        ElementException error = Assert.Throws<ElementException>(() => _file.Pin(element));
        Assert.Equal(CacheError.ElementUnreadable, error.Error);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.Join(_store.Options.HotFolder, "tmp")));
    }

    [Fact]
    public void WhatIsSoundIsReadBesideIt()
    {
        using PinnedElement x = _file.Pin("X"), layer = _file.Pin("layers/good"), obs = _file.Pin("obs");
        Assert.Equal(5f, x.Dense<float>()[2, 1]);
        Assert.Equal(2, layer.Sparse<float>().NonZeros);
        Assert.Equal(["_index", "good"], obs.Columns.Select(column => column.Name));
        Assert.Equal(["absent", "codes_out_of_range", "short", "strange"], obs.RefusedColumns.Keys.Order());
        Assert.Empty(_cache.Verify(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void AGroupThatIsItsOwnMemberIsRefusedThere()
    {
        Assert.Equal("still readable", _file.Pin("uns/title").Tree.Value);
        Assert.Contains("links back to a group that holds it", _file.Tree.Find("uns/again")!.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("uns/root", "links back to a group that holds it")]
    [InlineData("obs/_index", "claims 600,000,000,000 bytes")]
    [InlineData("obs/unwritten", "most of it was never written")]
    public void WhatOnceTookMinutesIsRefused(string element, string reason)
    {
        using CachedAnnData file = _cache.Open(TestFiles.Small("broken/hostile.h5ad"));
        string found = file.Tree.Find(element)!.Reason ?? Assert.Throws<ElementException>(() => file.Pin(element)).Message;
        Assert.Contains(reason, found, StringComparison.Ordinal);
    }

    [Fact]
    public void BesideWhatIsHostileTheRestIsRead()
    {
        using CachedAnnData file = _cache.Open(TestFiles.Small("broken/hostile.h5ad"));
        using PinnedElement obs = file.Pin("obs"), empty = file.Pin("empty");
        Assert.Contains(file.Tree.SelfAndDescendants(), group => group.Reason == "it is linked from more than 16 places");
        Assert.Equal("b", Assert.Single(obs.Columns).GetString(1));
        Assert.Equal(["_index", "a", "b"], empty.Columns.Select(column => column.Name));
        Assert.Contains(file.Tree.Children, child => child.Reason?.Contains("no path leads to it", StringComparison.Ordinal) ?? false);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(2000)]
    [InlineData(20_000)]
    public void ATruncatedFileIsRefusedOrReadAsFarAsItGoes(int length)
    {
        string path = Path.Join(_store.Disk, "truncated.h5ad");
        File.WriteAllBytes(path, File.ReadAllBytes(TestFiles.Small("broken/bad.h5ad"))[..length]);
        try
        {
            using CachedAnnData file = _cache.Open(path);
            foreach (ElementInfo element in file.Tree.SelfAndDescendants().Where(element => element.Kind != ElementKind.Refused).Take(200))
            {
                try { file.Pin(element.Path).Dispose(); }
                catch (ElementException refused) { Assert.Equal(CacheError.ElementUnreadable, refused.Error); }
            }
        }
        catch (SourceException refused)
        {
            Assert.Equal(CacheError.SourceUnreadable, refused.Error);
            Assert.StartsWith($"'{path}'", refused.Message, StringComparison.Ordinal);
        }

        Assert.Empty(_cache.Verify(TestContext.Current.CancellationToken));
    }

    public void Dispose()
    {
        _file.Dispose();
        _cache.Dispose();
        _store.Dispose();
    }
}
