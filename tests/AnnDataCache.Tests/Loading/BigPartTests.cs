namespace AnnDataCache.Tests.Loading;

/// <summary>A part over 2 GiB, of a source whose chunks are mostly unwritten, has the right values at both ends.</summary>
public sealed class BigPartTests
{
    private const long Rows = 600_000, Columns = 1_000, Bytes = Rows * Columns * sizeof(float);

    [Fact]
    public void BothEndsOfAPartOver2GiBAreRight()
    {
        DriveInfo memory = new("/dev/shm");
        Assert.SkipWhen(memory.AvailableFreeSpace < 2 * Bytes, $"/dev/shm has {memory.AvailableFreeSpace:N0} bytes free; {2 * Bytes:N0} are needed.");
        using TestStore store = new();
        using Cache cache = Cache.Open(store.Options with { HotBytes = 3L << 30, ColdBytes = 0 });
        using CachedAnnData file = cache.Open(TestFiles.Small("big/big.h5ad"));
        using PinnedElement x = file.Pin("X");

        PinnedBuffer values = x.Columns[0].Values;
        Assert.Equal(Rows * Columns, values.Count);
        Assert.Equal([.. Enumerable.Range(0, (int)Columns).Select(i => (float)i)], values.Span<float>(0, (int)Columns).ToArray());
        Assert.Equal([.. Enumerable.Range(0, (int)Columns).Select(i => -(float)i)], values.Span<float>((Rows - 1) * Columns, (int)Columns).ToArray());
        Assert.Equal(0, values.Span<float>(Rows / 2 * Columns, 1)[0]);

        var tensor = x.Dense<float>();
        Assert.Equal((nint)(Rows * Columns), tensor.FlattenedLength);
        Assert.Equal(-999f, tensor[(nint)Rows - 1, (nint)Columns - 1]);
        Assert.Throws<InvalidOperationException>(() => values.Span<float>().Length > 0 && x.ToRecordBatch() is null);
    }
}
