namespace AnnDataCache.Tests;

/// <summary>A store of its own in temporary folders, the hot one on tmpfs where there is one. Removed when disposed.</summary>
internal sealed class TestStore : IDisposable
{
    private readonly string _hot = Directory.CreateDirectory(
        Path.Join(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"anndata-cache-test-{Guid.NewGuid():N}")).FullName;

    private readonly DirectoryInfo _disk = Directory.CreateTempSubdirectory("anndata-cache-test-");

    public TestStore() => Options = new CacheOptions
    {
        HotFolder = Path.Join(_hot, "hot"), HotBytes = 1L << 30, ColdFolder = Path.Join(_disk.FullName, "cold"), ColdBytes = 1L << 30, Workers = 2,
    };

    public CacheOptions Options { get; init; }

    /// <summary>A folder for sources.</summary>
    public string Disk => _disk.FullName;

    public Cache Open() => Cache.Open(Options);

    public void Dispose()
    {
        Directory.Delete(_hot, recursive: true);
        _disk.Delete(recursive: true);
    }
}
