using BenchmarkDotNet.Attributes;

namespace AnnDataCache.Micro;

/// <summary>A hit, from the call to a mapped part whose layout is known.</summary>
public class HitBenchmarks
{
    private readonly string _folder = Directory.CreateDirectory(Path.Join("/dev/shm", $"anndata-cache-micro-{Environment.ProcessId}")).FullName;
    private Cache? _cache;
    private CachedAnnData? _open;
    private string _file = "";

    [GlobalSetup]
    public void Prepare()
    {
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Join(root.FullName, "AnnDataCache.slnx"))) { root = root.Parent; }
        _file = Path.Join((root ?? throw new IOException("Run this inside the repository.")).FullName, "samples", "pbmc-like.h5ad");
        _cache = Cache.Open(new CacheOptions { HotFolder = Path.Join(_folder, "hot"), HotBytes = 1L << 28, ColdBytes = 0 });
        _open = _cache.Open(_file);
        _open.Pin("X").Dispose();
    }

    [Benchmark]
    public void OpenTheFileAndPin()
    {
        using CachedAnnData file = _cache!.Open(_file);
        file.Pin("X").Dispose();
    }

    [Benchmark]
    public void PinAgain() => _open!.Pin("X").Dispose();

    [GlobalCleanup]
    public void Clean()
    {
        _open?.Dispose();
        _cache?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
