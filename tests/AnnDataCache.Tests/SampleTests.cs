using System.Diagnostics.Metrics;
using System.Numerics.Tensors;
using Apache.Arrow;
using Microsoft.Extensions.DependencyInjection;

namespace AnnDataCache.Tests;

/// <summary>The public surface on the sample that ships: typed views, lifetimes, errors, progress, metrics.</summary>
public sealed class SampleTests : IDisposable
{
    private static readonly string s_sample = Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad");

    private readonly TestStore _store = new();
    private readonly Cache _cache;
    private readonly CachedAnnData _pbmc;

    public SampleTests() => (_cache, _pbmc) = Open(_store);

    private static (Cache, CachedAnnData) Open(TestStore store)
    {
        Cache cache = store.Open();
        return (cache, cache.Open(s_sample));
    }

    [Fact]
    public void ShapesAndKindsAreKnownWithoutLoading()
    {
        Assert.Equal(700, _pbmc.ObsCount);
        Assert.Equal(765, _pbmc.VarCount);
        Assert.Equal(ElementKind.Csr, _pbmc.Tree.Find("X")!.Kind);
        Assert.Equal(ElementKind.Categorical, _pbmc.Tree.Find("obs/cell_type")!.Kind);
        Assert.True(_pbmc.Tree.Find("obs/quality")!.Ordered);
        Assert.Equal("uns", _pbmc.Tree.Find("uns/neighbors/params/n_neighbors")!.PartPath);
        Assert.Equal("uns/pca/variance", _pbmc.Tree.Find("uns/pca/variance")!.PartPath);
        Assert.All(_cache.List(), part => Assert.Empty(part.Element)); // the tree alone
    }

    [Fact]
    public void ASparseMatrixGivesItsRowsAsSpans()
    {
        using PinnedElement x = _pbmc.Pin("X"), counts = _pbmc.Pin("layers/counts");
        SparseMatrix<float> logged = x.Sparse<float>(), raw = counts.Sparse<float>();
        Assert.True(logged.IsCsr && logged.Canonical);
        Assert.Equal((700, 765, DType.Int32), (logged.Rows, logged.Columns, logged.IndexType));
        long entries = 0;
        for (long row = 0; row < logged.Rows; row++)
        {
            Assert.True(logged.Positions<int>(row).SequenceEqual(raw.Positions<int>(row)));
            float total = TensorPrimitives.Sum(raw.Values(row));
            Assert.Equal(MathF.Log(1 + (raw.Values(row)[0] / total * 1e4f)), logged.Values(row)[0], 1e-4);
            entries += logged.Values(row).Length;
        }

        Assert.Equal(entries, logged.NonZeros);
        Assert.Throws<ArgumentException>(() => x.Sparse<double>());
        Assert.Throws<ArgumentException>(() => x.Sparse<float>().Positions<long>(0).Length);
        Assert.Throws<InvalidOperationException>(() => x.Dense<float>().Rank);
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Sparse<float>().Values(700).Length);
    }

    [Fact]
    public void ADenseArrayIsATensorOfItsShape()
    {
        using PinnedElement pca = _pbmc.Pin("obsm/X_pca");
        ReadOnlyTensorSpan<float> values = pca.Dense<float>();
        Assert.Equal([700, 20], values.Lengths.ToArray());
        Assert.Equal(pca.Columns[0].Values.Span<float>((699 * 20) + 19, 1)[0], values[699, 19]);
    }

    [Fact]
    public void ADataframeGivesColumnsAndARecordBatchOverTheSamePages()
    {
        using PinnedElement obs = _pbmc.Pin("obs");
        Assert.Equal("_index", obs.Columns[0].Name);
        PinnedColumn type = obs.Column("cell_type"), donor = obs.Column("donor"), hits = obs.Column("doublet_hits");
        Assert.Equal(8, type.Categories!.Rows);
        Assert.Contains((string)type.GetValue(0)!, Enumerable.Range(0, 8).Select(i => type.Categories.GetString(i)));
        Assert.True(donor.NullCount > 0 && hits.NullCount > 0);
        Assert.Equal(donor.NullCount, Enumerable.Range(0, 700).Count(row => donor.GetCode(row) == -1 && donor.GetValue(row) is null));
        Assert.Equal("plate 8, well 28", obs.Column("note").GetString(699));
        Assert.IsType<bool>(obs.Column("passed_qc").GetValue(3));
        ElementException missing = Assert.Throws<ElementException>(() => obs.Column("nothing"));
        Assert.Contains("cell_type", missing.Message, StringComparison.Ordinal);

        RecordBatch batch = obs.ToRecordBatch();
        obs.Dispose();
        Assert.Equal(700, batch.Length);
        Assert.Equal("plate 8, well 28", ((LargeStringArray)batch.Column("note")).GetString(699)); // the batch holds the part itself
    }

    [Fact]
    public void AColumnPinsItsDataframeAndAScalarItsDict()
    {
        using PinnedElement column = _pbmc.Pin("obs/donor"), neighbors = _pbmc.Pin("uns/neighbors/params/n_neighbors"), uns = _pbmc.Pin("uns");
        Assert.Equal("donor", Assert.Single(column.Columns).Name);
        Assert.Equal(10L, neighbors.Tree.Value);
        Assert.Equal("PBMC-like sample, drawn from a model", uns.Tree.Find("uns/title")!.Value);
        Assert.Equal(uns.PartFile, neighbors.PartFile);
    }

    [Fact]
    public void AMissingElementIsNamedBesideThoseThatAreThere()
    {
        ElementException error = Assert.Throws<ElementException>(() => _pbmc.Pin("obsm/X_tsne"));
        Assert.Equal(CacheError.ElementNotFound, error.Error);
        Assert.Contains("obsm/X_umap", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ViewsRefuseToBeUsedAfterDispose()
    {
        PinnedElement x = _pbmc.Pin("X");
        PinnedBuffer values = x.Columns[0].Values;
        x.Dispose();
        Assert.Throws<ObjectDisposedException>(() => values.Span<float>(0, 1).Length);
        Assert.Throws<ObjectDisposedException>(() => x.Columns);
    }

    [Fact]
    public void ALoadReportsProgressUpToItsEndAndAHitReportsNone()
    {
        List<LoadProgress> reports = [];
        Recorder progress = new(reports);
        _pbmc.Pin("X", progress).Dispose();
        Assert.NotEmpty(reports);
        Assert.Equal(reports[^1].BytesTotal, reports[^1].BytesDone);
        reports.Clear();
        _pbmc.Pin("X", progress).Dispose();
        Assert.Empty(reports);
    }

    [Fact]
    public void ACancelledLoadLeavesNothing()
    {
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => _pbmc.Pin("raw/X", cancellation: cancelled.Token));
        Assert.Empty(Directory.GetFiles(Path.Join(_store.Options.HotFolder, "tmp")));
        Assert.DoesNotContain(_cache.List(), part => part.Element == "raw/X");
        _pbmc.Pin("raw/X", cancellation: TestContext.Current.CancellationToken).Dispose();
    }

    [Fact]
    public async Task ASecondCacheHitsWhatTheFirstHasLoadedAndColdCopiesOutliveTheHotTier()
    {
        (await _pbmc.PinAsync("X", cancellation: TestContext.Current.CancellationToken)).Dispose();
        await _cache.FlushAsync(TestContext.Current.CancellationToken);
        using (Cache second = _store.Open())
        using (CachedAnnData same = second.Open(s_sample))
        using (PinnedElement x = same.Pin("X")) { Assert.Equal((false, "hot"), (x.Loaded, x.Tier)); }

        Directory.Delete(_store.Options.HotFolder!, recursive: true); // as a reboot does
        using Cache after = _store.Open();
        using CachedAnnData again = after.Open(s_sample);
        using PinnedElement cold = again.Pin("X");
        Assert.Equal((false, "cold"), (cold.Loaded, cold.Tier));
        Assert.Empty(after.Verify(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task ColdPartsArePromotedWhenThatIsAskedFor()
    {
        _pbmc.Pin("X").Dispose();
        await _cache.FlushAsync(TestContext.Current.CancellationToken);
        Directory.Delete(_store.Options.HotFolder!, recursive: true);
        using Cache promoting = Cache.Open(_store.Options with { Promotion = Promotion.Always });
        using CachedAnnData again = promoting.Open(s_sample);
        using PinnedElement x = again.Pin("X");
        Assert.Equal((false, "hot"), (x.Loaded, x.Tier));
        Assert.Equal(0, promoting.Statistics().Hot.Loads);
    }

    [Fact]
    public async Task EvictionSparesWhatIsPinned()
    {
        using PinnedElement x = _pbmc.Pin("X");
        _pbmc.Pin("obs").Dispose();
        await _cache.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0, 0), _cache.Evict("no-such-file.h5ad"));
        (int removed, int pinned) = _cache.Evict(s_sample, ["X"]);
        Assert.Equal((1, 1), (removed, pinned)); // the cold copy goes, the mapped hot part stays
        Assert.Contains(_cache.List(), part => part is { Element: "X", Tier: "hot", Pinned: true });
    }

    [Fact]
    public void LoadsHitsAndMissesAreMetered()
    {
        Dictionary<string, long> counts = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, target) => { if (instrument.Meter.Name == "AnnDataCache") { target.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => { lock (counts) { counts[instrument.Name] = counts.GetValueOrDefault(instrument.Name) + value; } });
        listener.Start();
        _pbmc.Pin("var").Dispose();
        _pbmc.Pin("var").Dispose();
        lock (counts)
        {
            Assert.True(counts["anndata_cache.loads"] >= 1 && counts["anndata_cache.misses"] >= 1 && counts["anndata_cache.hits"] >= 1);
            Assert.True(counts["anndata_cache.loaded"] > 0);
        }
    }

    [Fact]
    public void TheContainerGivesOneCacheForTheProcess()
    {
        ServiceCollection services = new();
        services.AddAnnDataCache(_ => _store.Options);
        using ServiceProvider provider = services.BuildServiceProvider();
        Cache cache = provider.GetRequiredService<Cache>();
        Assert.Same(cache, provider.GetRequiredService<Cache>());
        Assert.Equal(_store.Options, cache.Options);
    }

    public void Dispose()
    {
        _pbmc.Dispose();
        _cache.Dispose();
        _store.Dispose();
    }

    private sealed class Recorder(List<LoadProgress> reports) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value)
        {
            lock (reports) { reports.Add(value); }
        }
    }
}
