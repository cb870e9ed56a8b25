using System.Diagnostics;

namespace AnnDataCache.Tests.Store;

/// <summary>What others put in a tier's place is refused or passed over, with its reason; nothing hangs and nothing is lost.</summary>
public sealed class HostileFolderTests : IDisposable
{
    private static readonly string s_sample = Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad");

    private readonly TestStore _store = new();

    private string Parts => Path.Join(_store.Options.HotFolder, "parts");

    [Fact]
    public void AFolderThatOthersMayWriteIsRefusedWithItsModeAndRemedy()
    {
        Directory.CreateDirectory(_store.Options.HotFolder!);
        File.SetUnixFileMode(_store.Options.HotFolder!, (UnixFileMode)0x1FF);
        StoreException error = Assert.Throws<StoreException>(_store.Open);
        Assert.Equal(CacheError.StoreUnusable, error.Error);
        Assert.Contains("777", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ASymbolicLinkInTheFoldersPlaceIsRefused()
    {
        Directory.CreateSymbolicLink(_store.Options.HotFolder!, _store.Disk);
        Assert.Equal(CacheError.StoreUnusable, Assert.Throws<StoreException>(_store.Open).Error);
    }

    [Theory]
    [InlineData("truncated")]
    [InlineData("scribbled")]
    [InlineData("replaced")]
    public void ADamagedPartIsDroppedAndDecodedAgain(string damage)
    {
        using Cache cache = Cache.Open(_store.Options with { ColdBytes = 0 });
        string part;
        using (CachedAnnData file = cache.Open(s_sample))
        using (PinnedElement x = file.Pin("obsm/X_pca")) { part = x.PartFile; }

        byte[] bytes = File.ReadAllBytes(part);
        File.Delete(part);
        File.WriteAllBytes(part, damage switch
        {
            "truncated" => bytes[..^100],
            "scribbled" => [.. bytes[..^300], .. new byte[200], .. bytes[^100..]],
            _ => "ARROW1 nothing of the kind"u8.ToArray(),
        });
        File.SetUnixFileMode(part, UnixFileMode.UserRead);
        Assert.Contains(cache.Verify(TestContext.Current.CancellationToken), finding => finding.Subject == part);

        using CachedAnnData again = cache.Open(s_sample);
        using PinnedElement whole = again.Pin("obsm/X_pca");
        Assert.True(whole.Loaded);
        Assert.Equal(bytes, File.ReadAllBytes(whole.PartFile));
        Assert.Empty(cache.Verify(TestContext.Current.CancellationToken));
    }

    /// <summary>Both are whole, and of one kind and shape: only the name says which is which.</summary>
    [Fact]
    public void PartsThatHaveChangedPlacesAreFoundOutAndDecodedAgain()
    {
        using Cache cache = Cache.Open(_store.Options with { ColdBytes = 0 });
        string x, counts;
        byte[] bytes;
        using (CachedAnnData file = cache.Open(s_sample))
        {
            using PinnedElement first = file.Pin("X"), second = file.Pin("layers/counts");
            (x, counts) = (first.PartFile, second.PartFile);
            bytes = File.ReadAllBytes(x);
        }

        File.Move(x, x + ".away");
        File.Move(counts, x);
        File.Move(x + ".away", counts);
        Assert.Equal(new[] { x, counts }.Order(), cache.Verify(TestContext.Current.CancellationToken).Select(finding => finding.Subject).Order());
        using CachedAnnData again = cache.Open(s_sample);
        using PinnedElement whole = again.Pin("X");
        Assert.True(whole.Loaded);
        Assert.Equal(bytes, File.ReadAllBytes(whole.PartFile));
    }

    [Fact]
    public void AFifoInAPartsPlaceDoesNotStopAReader()
    {
        using Cache cache = Cache.Open(_store.Options with { ColdBytes = 0 });
        string part;
        using (CachedAnnData file = cache.Open(s_sample))
        using (PinnedElement x = file.Pin("var")) { part = x.PartFile; }

        File.Delete(part);
        using (Process process = Process.Start("mkfifo", part)) { process.WaitForExit(); }
        Assert.Contains(cache.Verify(TestContext.Current.CancellationToken), finding => finding.Subject == part);
        File.Delete(part);
    }

    [Fact]
    public void AForeignFileIsNamedByVerifyAndLeftAlone()
    {
        using Cache cache = _store.Open();
        string foreign = Path.Join(Parts, "notes.txt");
        File.WriteAllText(foreign, "mine");
        Finding finding = Assert.Single(cache.Verify(TestContext.Current.CancellationToken));
        Assert.Equal((Severity.Problem, foreign), (finding.Severity, finding.Subject));
        cache.Clear();
        Assert.True(File.Exists(foreign));
    }

    [Fact]
    public void APartAboveEveryBudgetIsRefusedWithNeedAndBudget()
    {
        using Cache cache = Cache.Open(_store.Options with { HotBytes = 100_000, ColdBytes = 0 });
        using CachedAnnData file = cache.Open(s_sample);
        StoreException error = Assert.Throws<StoreException>(() => file.Pin("X"));
        Assert.Equal(CacheError.TooLarge, error.Error);
        Assert.Contains("100,000", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.Join(_store.Options.HotFolder, "tmp")));
    }

    [Fact]
    public void WhatIsPinnedIsNotEvictedAndTheMessageSaysSo()
    {
        using Cache cache = Cache.Open(_store.Options with { HotBytes = 1_200_000, ColdBytes = 0 });
        using CachedAnnData file = cache.Open(s_sample);
        using PinnedElement x = file.Pin("X");
        StoreException error = Assert.Throws<StoreException>(() => file.Pin("layers/counts"));
        Assert.Equal(CacheError.NoRoom, error.Error);
        Assert.True(error.CanRetry);
        x.Dispose();
        using PinnedElement counts = file.Pin("layers/counts"); // what this process kept mapped without use has made room
        Assert.True(counts.Loaded);
    }

    [Fact]
    public void WhatDoesNotFitTheHotTierIsServedByTheColdOne()
    {
        using Cache cache = Cache.Open(_store.Options with { HotBytes = 100_000 });
        using CachedAnnData file = cache.Open(s_sample);
        using PinnedElement x = file.Pin("X");
        Assert.Equal(("cold", true), (x.Tier, x.Loaded));
    }

    [Fact]
    public void AFullTmpfsIsACleanErrorAndNothingIsLeft()
    {
        Directory.CreateDirectory(_store.Options.HotFolder!, (UnixFileMode)0x1C0);
        using TestTmpfs tmpfs = TestTmpfs.Mount(_store.Options.HotFolder!, "2m");
        using Cache cache = Cache.Open(_store.Options with { HotBytes = 1L << 30, ColdBytes = 0 });
        using CachedAnnData file = cache.Open(s_sample);
        using (PinnedElement x = file.Pin("X"))
        {
            StoreException error = Assert.Throws<StoreException>(() => file.Pin("layers/counts"));
            Assert.Equal(CacheError.NoRoom, error.Error);
        }

        Assert.Empty(Directory.GetFiles(Path.Join(_store.Options.HotFolder, "tmp")));
        file.Pin("layers/counts").Dispose();
    }

    public void Dispose() => _store.Dispose();
}
