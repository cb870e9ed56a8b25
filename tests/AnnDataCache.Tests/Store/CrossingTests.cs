using AnnDataCache.Interop;
using AnnDataCache.Store;

namespace AnnDataCache.Tests.Store;

/// <summary>A part is hashed as it goes to the cold tier, and compared with that hash when it comes back, and by <c>verify</c>.</summary>
public sealed class CrossingTests : IDisposable
{
    private static readonly string s_sample = Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad");

    private readonly TestStore _store = new();

    [Fact]
    public async Task APartWhoseBytesTheDiskHasChangedIsNotPromotedButDecodedAgain()
    {
        byte[] whole = await CoolAndDamage();
        using Cache cache = Cache.Open(_store.Options with { Promotion = Promotion.Always });
        using CachedAnnData file = cache.Open(s_sample);
        using PinnedElement pca = file.Pin("obsm/X_pca");
        Assert.Equal(("hot", true), (pca.Tier, pca.Loaded));
        Assert.Equal(whole, File.ReadAllBytes(pca.PartFile));
        await cache.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Empty(cache.Verify(TestContext.Current.CancellationToken));
        Assert.Equal(2, cache.List().Count(part => part.Element == "obsm/X_pca")); // and cooled anew
    }

    /// <summary>The hot tier is empty: there is no copy to compare with, and every number is as good as another.</summary>
    [Fact]
    public async Task VerifyFindsAChangedNumberInAPartThatIsOnDiskAlone()
    {
        await CoolAndDamage();
        using Cache cache = Cache.Open(_store.Options with { Promotion = Promotion.Never });
        Finding finding = Assert.Single(cache.Verify(TestContext.Current.CancellationToken));
        Assert.Contains("not those that were written", finding.Fact, StringComparison.Ordinal);
    }

    [Fact]
    public void APartThatIsLoadedStraightIntoTheColdTierIsHashedToo()
    {
        using Cache cache = Cache.Open(_store.Options with { HotBytes = 0 });
        using CachedAnnData file = cache.Open(s_sample);
        using PinnedElement pca = file.Pin("obsm/X_pca");
        using FileDescriptor part = FileDescriptor.Open(pca.PartFile, Posix.ReadOnly);
        UInt128 recorded = RequireHash(part);
        Assert.Equal(System.IO.Hashing.XxHash128.HashToUInt128(File.ReadAllBytes(pca.PartFile)), recorded);
        Assert.Equal((UnixFileMode)0x100, File.GetUnixFileMode(pca.PartFile));
    }

    /// <summary>Fills both tiers, flips one bit of a number on disk, forgets the hot copy. Returns the bytes as they were.</summary>
    private async Task<byte[]> CoolAndDamage()
    {
        string cold;
        using (Cache cache = _store.Open())
        using (CachedAnnData file = cache.Open(s_sample))
        {
            using PinnedElement pca = file.Pin("obsm/X_pca");
            await cache.FlushAsync(TestContext.Current.CancellationToken);
            cold = Path.Join(_store.Options.ColdFolder, "parts", Path.GetFileName(pca.PartFile));
        }

        using (FileDescriptor part = FileDescriptor.Open(cold, Posix.ReadOnly)) { RequireHash(part); }
        byte[] whole = File.ReadAllBytes(cold);
        File.SetUnixFileMode(cold, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using (FileStream write = File.OpenWrite(cold))
        {
            write.Position = 8192;
            write.WriteByte((byte)(whole[8192] ^ 1));
        }

        File.SetUnixFileMode(cold, UnixFileMode.UserRead);
        Directory.Delete(_store.Options.HotFolder!, recursive: true);
        return whole;
    }

    private static UInt128 RequireHash(FileDescriptor part)
    {
        UInt128? recorded = PartHash.Recorded(part);
        Assert.SkipWhen(recorded is null, "This file system has no extended attributes.");
        return recorded!.Value;
    }

    public void Dispose() => _store.Dispose();
}
