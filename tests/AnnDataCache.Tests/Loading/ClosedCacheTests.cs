using System.Text.Json.Nodes;

namespace AnnDataCache.Tests.Loading;

/// <summary>Whoever asks a cache that was closed, or a file that outlived it, is told so: the store's memory is gone by then.</summary>
public sealed class ClosedCacheTests : IDisposable
{
    private static readonly string s_sample = Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad");

    private readonly TestStore _store = new();

    [Fact]
    public void AFileThatOutlivesItsCacheAnswersNothing()
    {
        Cache cache = _store.Open();
        CachedAnnData file = cache.Open(s_sample);
        MatrixSlices x = file.Slices("X");
        Assert.Equal(file.ObsCount, x.Gene("CD3D").Length);
        using PinnedElement pinned = file.Pin("X");
        using BatchReader batches = file.Batches();
        cache.Dispose();
        Refused(
            () => file.Pin("X"), () => file.Pin("obs"), () => file.Pin("raw/X"), () => file.Explain("X"), () => file.Batches(),
            () => x.Gene("CD3D"), () => x.Gene<float>(4), () => x.Cells([1]), () => x.Block<float>([1], [4]), () => x.PinTwin(),
            () => file.SummarizeGenes(["CD3D"], "cell_type"), () => file.SummarizeColumn("obs/n_genes"));
        Assert.Equal(700, pinned.Sparse<float>().Rows); // what is pinned stays
        Assert.Equal(700, batches.Epoch(0).Sum(batch => batch.Count));
        file.Dispose();
        cache.Dispose();
    }

    [Fact]
    public void AClosedCacheAnswersNothing()
    {
        Cache cache = _store.Open();
        cache.Open(s_sample).Dispose();
        using PinnedElement held = Put(cache);
        cache.Dispose();
        Refused(
            () => cache.Open(s_sample), () => cache.Statistics(), () => cache.List(), () => cache.Usage(), () => cache.Clear(), () => cache.Verify(),
            () => cache.Evict(s_sample), () => cache.Explain("params"), () => cache.Contains("params"), () => cache.Get("params"),
            () => cache.Delete("params"), () => Put(cache), () => cache.Csv(s_sample));
        Assert.Equal(0.8, held.Json()!["resolution"]!.GetValue<double>());
    }

    private static PinnedElement Put(Cache cache)
    {
        cache.Put("params", JsonNode.Parse("""{"resolution":0.8}"""));
        return cache.Get("params");
    }

    private static void Refused(params Func<object?>[] asks)
    {
        for (int i = 0; i < asks.Length; i++)
        {
            Exception? answer = Record.Exception(asks[i]);
            Assert.True(answer is ObjectDisposedException, $"ask {i}: {answer?.ToString() ?? "answered"}");
        }
    }

    public void Dispose() => _store.Dispose();
}
