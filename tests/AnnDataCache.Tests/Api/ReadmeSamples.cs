using System.Text.Json.Nodes;
using Apache.Arrow;

namespace AnnDataCache.Tests.Api;

/// <summary>The README's C#, word for word, on the sample that ships. ReadmeTests compares the two.</summary>
/// <remarks>It changes the working folder and the environment, so it runs alone.</remarks>
[Collection(nameof(RunsAlone))]
public sealed class ReadmeSamples : IDisposable
{
    private readonly TestStore _store = new();
    private readonly string _folder = Directory.GetCurrentDirectory();

    public ReadmeSamples()
    {
        Directory.SetCurrentDirectory(TestFiles.Repository);
        Environment.SetEnvironmentVariable("ANNDATA_CACHE_HOT_FOLDER", _store.Options.HotFolder);
        Environment.SetEnvironmentVariable("ANNDATA_CACHE_FOLDER", _store.Options.ColdFolder);
    }

    [Fact]
    public void TheFirstExample()
    {
        using Cache cache = Cache.Open();
        using CachedAnnData pbmc = cache.Open("samples/pbmc-like.h5ad");

        using PinnedElement x = pbmc.Pin("X");
        SparseMatrix<float> counts = x.Sparse<float>();
        ReadOnlySpan<float> firstCell = counts.Values(0);

        using PinnedElement obs = pbmc.Pin("obs");
        RecordBatch annotations = obs.ToRecordBatch();
        string type = (string)obs.Column("cell_type").GetValue(row: 0)!;

        GeneSummary dots = pbmc.SummarizeGenes(["CD3D", "LYZ"], groupBy: "cell_type");
        using BatchReader batches = pbmc.Batches(new BatchOptions { BatchSize = 256, Seed = 7 });
        foreach (Batch batch in batches.Epoch(0)) { ReadOnlySpan<float> cells = batch.Dense; }

        pbmc.Load(told: element => Console.WriteLine($"{element.Element}: {element.Bytes} bytes"));   // all of it, before anybody asks

        Assert.True(firstCell.Length > 10);
        Assert.Equal(700, annotations.Length);
        Assert.NotEmpty(type);
        Assert.Equal((2, 8, 3L), (dots.Genes.Count, dots.Groups.Count, batches.BatchCount));
    }

    [Fact]
    public void TheSlices()
    {
        using Cache cache = Cache.Open();
        using CachedAnnData pbmc = cache.Open("samples/pbmc-like.h5ad");

        MatrixSlices slices = pbmc.Slices("layers/counts");
        float[] cd3d = slices.Gene("CD3D");                         // n_obs numbers
        float[] block = slices.Block<float>([0, 5, 9], [17, 4]);    // 3 cells × 2 genes
        SparseSlice cells = slices.Cells([3, 1, 2]);                // CSR, all genes

        Assert.Equal(700, cd3d.Length);
        Assert.Equal(6, block.Length);
        Assert.Equal(3, cells.Rows);
    }

    [Fact]
    public void TheObjects()
    {
        using Cache cache = Cache.Open();
        ReadOnlySpan<float> values = new float[700 * 20];

        cache.Put("pca/run-3", values, [700, 20]);                          // also sparse matrices, Arrow tables, plain data
        using PinnedElement run = cache.Get("pca/run-3");                   // the same pages in every process
        cache.Put("params", JsonNode.Parse("""{"resolution":0.8}"""));
        using PinnedElement table = cache.Csv("samples/clusters.csv");      // parsed once, and again when it was rewritten
        cache.Delete("params");

        Assert.Equal([700L, 20], run.Info.Shape);
        Assert.Equal([8L, 3], table.Info.Shape);
        Assert.False(cache.Contains("params"));
    }

    public void Dispose()
    {
        Directory.SetCurrentDirectory(_folder);
        Environment.SetEnvironmentVariable("ANNDATA_CACHE_HOT_FOLDER", null);
        Environment.SetEnvironmentVariable("ANNDATA_CACHE_FOLDER", null);
        _store.Dispose();
    }
}

/// <summary>Tests that change what belongs to the whole process.</summary>
[CollectionDefinition(nameof(RunsAlone), DisableParallelization = true)]
public sealed class RunsAlone;
