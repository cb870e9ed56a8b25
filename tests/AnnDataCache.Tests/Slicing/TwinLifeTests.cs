using AnnDataCache.Interop;
using AnnDataCache.Parts;
using AnnDataCache.Slicing;
using AnnDataCache.Store;
using AnnDataCache.Tests.Cli;

namespace AnnDataCache.Tests.Slicing;

/// <summary>When twins are built, when they go, and that neither a kill nor a forged part leaves anything that is not whole.</summary>
public sealed class TwinLifeTests : IDisposable
{
    private const int Killed = 137;

    private static readonly string s_sample = Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad");

    private readonly TestStore _store = new();

    [Fact]
    public async Task TheFirstGeneOfALargeMatrixBeginsItsTwinAndASmallOneDoesNot()
    {
        string large = Path.Join(_store.Disk, "large.h5ad");
        Python.Require();
        Assert.Equal(0, Python.Run(MakeLarge, large).ExitCode);
        using Cache cache = _store.Open();
        using CachedAnnData file = cache.Open(large), small = cache.Open(s_sample);
        float[] scanned = file.Slices("X").Gene<float>(7, TestContext.Current.CancellationToken);
        small.Slices("X").Gene<float>(7, TestContext.Current.CancellationToken);
        await cache.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(large, Assert.Single(cache.List(), part => part is { Derived: "twin", Tier: "hot" }).Source);
        Assert.Contains(cache.List(), part => part is { Derived: "twin", Tier: "cold" });
        Assert.Equal(scanned, file.Slices("X").Gene<float>(7, TestContext.Current.CancellationToken));
        Assert.Empty(cache.Verify(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(TwinPolicy.WithLoad, 1)]
    [InlineData(TwinPolicy.OnFirstGene, 0)]
    [InlineData(TwinPolicy.Never, 0)]
    public async Task ALoadBeginsTheTwinWhereThatIsThePolicy(TwinPolicy policy, int twins)
    {
        using Cache cache = Cache.Open(_store.Options with { Twin = policy, ColdBytes = 0 });
        using CachedAnnData file = cache.Open(s_sample);
        file.Pin("X").Dispose();
        file.Pin("obs").Dispose();
        await cache.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(twins, cache.List().Count(part => part.Derived == "twin"));
    }

    [Fact]
    public void ATwinGoesBeforeThePartThatItIsMadeOf()
    {
        CacheOptions options = _store.Options with { ColdBytes = 0 };
        long budget;
        using (Cache first = Cache.Open(options))
        using (CachedAnnData file = first.Open(s_sample))
        {
            for (int i = 0; i < 20; i++) { file.Slices("X").PinTwin(TestContext.Current.CancellationToken)!.Dispose(); }
            budget = first.List().Sum(part => part.Bytes);
        }

        using (Cache hits = Cache.Open(options))
        {
            for (int i = 0; i < 20; i++) // the twin is hit again and again, its source is not
            {
                using CachedAnnData file = hits.Open(s_sample);
                file.Slices("X").Gene<float>(1, TestContext.Current.CancellationToken);
            }
        }

        using Cache full = Cache.Open(options with { HotBytes = budget + 8192 });
        using CachedAnnData again = full.Open(s_sample);
        again.Pin("obsm/X_pca").Dispose();
        Assert.DoesNotContain(full.List(), part => part.Derived == "twin");
        Assert.Contains(full.List(), part => part is { Element: "X", Derived: null });
    }

    [Fact]
    public void ATwinOfAnOlderVersionIsNeverUsed()
    {
        string source = Path.Join(_store.Disk, "data.h5ad");
        File.Copy(SliceFixture.Forms, source);
        using Cache cache = _store.Open();
        using CachedAnnData file = cache.Open(source);
        file.Slices("X").PinTwin(TestContext.Current.CancellationToken)!.Dispose();
        float[] before = file.Slices("X").Gene<float>(0, TestContext.Current.CancellationToken);
        File.Copy(s_sample, source, overwrite: true);
        float[] after = file.Slices("X").Gene<float>(0, TestContext.Current.CancellationToken);
        Assert.Equal((61, 700), (before.Length, after.Length));
        Assert.Contains(cache.List(), part => part is { Derived: "twin", Stale: true });
    }

    [Theory]
    [InlineData("reserved")]
    [InlineData("filled")]
    [InlineData("framed")]
    [InlineData("before-seal")]
    public void AKilledBuildLeavesNothing(string step)
    {
        using CommandLine line = new();
        line.Succeed("load", s_sample, "X");
        line.Environment["ANNDATA_CACHE_CRASH"] = step;
        Assert.Equal(Killed, line.Run("load", s_sample, "X", "--twin").ExitCode);
        Assert.Single(Directory.GetFiles(Path.Join(line.HotFolder, "tmp")));
        using Cache survivor = Cache.Open(line.Options);
        Assert.Empty(survivor.Verify(TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFiles(Path.Join(line.HotFolder, "tmp")));
        Assert.DoesNotContain(survivor.List(), part => part.Derived is not null);
        using CachedAnnData file = survivor.Open(s_sample);
        using PinnedElement twin = file.Slices("X").PinTwin(TestContext.Current.CancellationToken)!;
        Assert.True(twin.Loaded);
    }

    [Fact]
    public void ACancelledBuildLeavesNothing()
    {
        using Cache cache = _store.Open();
        using CachedAnnData file = cache.Open(s_sample);
        file.Pin("X").Dispose();
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => file.Slices("X").PinTwin(cancelled.Token));
        Assert.Empty(Directory.GetFiles(Path.Join(_store.Options.HotFolder, "tmp")));
    }

    [Theory]
    [InlineData("offsets", false)]
    [InlineData("offsets", true)]
    [InlineData("indices", false)]
    [InlineData("indices", true)]
    public void AForgedPartIsAnErrorWhereverItIsReadNeverAStoreOutside(string buffer, bool twin)
    {
        string path = Forge(buffer, twin);
        using FileDescriptor file = FileDescriptor.Open(path, Posix.ReadOnly);
        using PartView view = PartView.Open(file, new FileInfo(path).Length);
        SparseView sparse = SparseView.Of(view);
        Assert.Equal(CacheError.StoreUnusable, Assert.Throws<StoreException>(() => ReadAll(sparse)).Error);
        if (!twin) { Assert.Throws<StoreException>(() => TwinDraft.Of(view, Containers.ReadContext.Default).Fill(Reservation(path).Target, Containers.ReadContext.Default)); }
    }

    private static unsafe void ReadAll(SparseView view)
    {
        byte[] row = new byte[view.Minor * view.ValueType.Size()];
        fixed (byte* start = row)
        {
            for (long major = 0; major < view.Major; major++) { DenseRow.Read(view, major, view.ValueType, start); }
        }
    }

    /// <summary>The sample's X or its twin, with one value that leads far outside.</summary>
    private string Forge(string buffer, bool twin)
    {
        using Cache cache = _store.Open();
        using CachedAnnData file = cache.Open(s_sample);
        using PinnedElement part = twin ? file.Slices("X").PinTwin()! : file.Pin("X");
        byte[] bytes = File.ReadAllBytes(part.PartFile);
        ColumnLayout column = part.Layout.Columns[0];
        BufferRange range = buffer == "offsets" ? column.Offsets : column.Indices;
        DType type = buffer == "offsets" ? column.OffsetType : column.IndexType;
        bytes.AsSpan((int)(range.Offset + (range.Length / 2 / type.Size() * type.Size())), type.Size()).Fill(0x7F);
        string path = Path.Join(_store.Disk, "forged.arrow");
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private PartReservation Reservation(string source)
    {
        PartStore store = PartStore.Open(_store.Options with { HotFolder = Path.Join(_store.Options.HotFolder, "other") }, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        FileStat stat = FileStat.Of(source);
        return store.Reserve(store.NameOf(source, "X", stat), 1 << 24, stat);
    }

    private const string MakeLarge = """
        import sys, h5py, numpy as np, scipy.sparse as sp, anndata
        x = sp.random(3000, 400, 0.25, format="csr", dtype="f4", random_state=1)
        anndata.AnnData(x, dtype="f4").write_h5ad(sys.argv[1])
        """;

    public void Dispose() => _store.Dispose();
}
