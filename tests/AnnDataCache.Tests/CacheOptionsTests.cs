namespace AnnDataCache.Tests;

/// <summary>Settings that make sense are taken, the others are refused with name, value and remedy.</summary>
public sealed class CacheOptionsTests
{
    [Fact]
    public void EachVariableSetsItsOption()
    {
        CacheOptions options = Read(
            ("ANNDATA_CACHE_HOT_FOLDER", "/dev/shm/a"), ("ANNDATA_CACHE_HOT_BYTES", "2GiB"), ("ANNDATA_CACHE_FOLDER", "/tmp/b"),
            ("ANNDATA_CACHE_COLD_BYTES", "500 MB"), ("ANNDATA_DATA_FOLDER", "/data"), ("ANNDATA_CACHE_PROMOTION", "never"),
            ("ANNDATA_CACHE_TWIN", "with-load"), ("ANNDATA_CACHE_WORKERS", "3"));
        Assert.Equal("/dev/shm/a", options.HotFolder);
        Assert.Equal(2L << 30, options.HotBytes);
        Assert.Equal("/tmp/b", options.ColdFolder);
        Assert.Equal(500_000_000, options.ColdBytes);
        Assert.Equal("/data", options.DataFolder);
        Assert.Equal(Promotion.Never, options.Promotion);
        Assert.Equal(TwinPolicy.WithLoad, options.Twin);
        Assert.Equal(3, options.Workers);
    }

    [Fact]
    public void ThePlasmaLocationIsAnAliasThatTheOwnNameOverrules()
    {
        Assert.Equal("/dev/shm/old", Read(("ANNDATA_CACHE_PLASMA_LOCATION", "/dev/shm/old")).HotFolder);
        Assert.Equal("/dev/shm/new", Read(("ANNDATA_CACHE_PLASMA_LOCATION", "/dev/shm/old"), ("ANNDATA_CACHE_HOT_FOLDER", "/dev/shm/new")).HotFolder);
    }

    [Theory]
    [InlineData("ANNDATA_CACHE_HOT_BYTES", "much", "8GiB")]
    [InlineData("ANNDATA_CACHE_HOT_BYTES", "-1", "0 or more")]
    [InlineData("ANNDATA_CACHE_COLD_BYTES", "9999999999TB", "number of bytes")]
    [InlineData("ANNDATA_CACHE_HOT_FOLDER", "relative/folder", "absolute path")]
    [InlineData("ANNDATA_CACHE_FOLDER", "/proc/self/status", "this is a file")]
    [InlineData("ANNDATA_CACHE_PROMOTION", "sometimes", "auto, never or always")]
    [InlineData("ANNDATA_CACHE_TWIN", "soon", "on-first-gene, with-load or never")]
    [InlineData("ANNDATA_CACHE_WORKERS", "0", "1 to 1024")]
    public void WhatMakesNoSenseIsRefusedWithNameValueAndRemedy(string name, string value, string remedy)
    {
        StoreException error = Assert.Throws<StoreException>(() => Read((name, value)));
        Assert.Equal(CacheError.BadSetting, error.Error);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains(value, error.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("512", 512)]
    [InlineData("1.5KiB", 1536)]
    [InlineData("2 gb", 2_000_000_000)]
    public void BytesAreReadWithTheirUnits(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out long read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData(0, "0 bytes")]
    [InlineData(999, "999 bytes")]
    [InlineData(1_234, "1.23 kB")]
    [InlineData(99_960, "100 kB")]
    [InlineData(2_400_000_000, "2.40 GB")]
    public void BytesAreWrittenWithThreeDigits(long bytes, string text) => Assert.Equal(text, ByteSize.Format(bytes));

    private static CacheOptions Read(params (string Name, string Value)[] variables) =>
        CacheOptions.FromEnvironment(name => variables.FirstOrDefault(variable => variable.Name == name).Value);
}
