using System.Numerics.Tensors;

namespace AnnDataCache.Tests.Batches;

/// <summary>What mini-batches hold, in which order they come, and how workers share them.</summary>
public sealed class BatchReaderTests : IDisposable
{
    private const int Cells = 17_500;

    private readonly TestStore _store = new();
    private readonly Cache _cache;
    private readonly CachedAnnData _data;

    public BatchReaderTests()
    {
        _cache = _store.Open();
        _data = _cache.Open(TestFiles.Small(Path.Join("summary", "cells.h5ad")));
    }

    public void Dispose()
    {
        _data.Dispose();
        _cache.Dispose();
        _store.Dispose();
    }

    private List<long[]> Rows(BatchOptions options, int epoch = 0)
    {
        using BatchReader reader = _data.Batches(options);
        List<long[]> batches = [.. reader.Epoch(epoch).Select(batch => batch.Rows.ToArray())];
        Assert.Equal(reader.BatchCount, batches.Count);
        return batches;
    }

    [Theory]
    [InlineData("X", false)]
    [InlineData("X", true)]
    [InlineData("layers/by_gene", false)]
    [InlineData("layers/by_gene", true)]
    [InlineData("layers/dense", false)]
    [InlineData("layers/dense", true)]
    [InlineData("layers/untidy", false)]
    [InlineData("layers/untidy", true)]
    [InlineData("layers/counts", true)]
    public void ABatchHoldsTheRowsItNames(string element, bool sparse)
    {
        using PinnedElement pinned = _data.Pin("layers/dense");
        ReadOnlyTensorSpan<float> logged = pinned.Dense<float>();
        bool counts = element is "layers/untidy" or "layers/counts";
        using BatchReader reader = _data.Batches(new BatchOptions { Element = element, Sparse = sparse, BatchSize = 500, Seed = 5, Genes = ["C", "A"] });
        Assert.Equal((2, 35L), (reader.GeneCount, reader.BatchCount));
        foreach (Batch batch in reader.Epoch(1))
        {
            float[] numbers = sparse ? Scatter(batch) : batch.Dense.ToArray();
            Assert.Equal(batch.Count * 2, numbers.Length);
            for (int i = 0; i < batch.Count; i++)
            {
                float c = logged[(nint)batch.Rows[i], 2], a = logged[(nint)batch.Rows[i], 0];
                Assert.Equal(counts ? MathF.Round(MathF.Exp(c) - 1) : c, numbers[i * 2]);
                Assert.Equal(counts ? MathF.Round(MathF.Exp(a) - 1) : a, numbers[(i * 2) + 1]);
            }
        }
    }

    [Fact]
    public void AnEpochVisitsEachCellOnceWhateverTheNumberOfWorkers()
    {
        foreach (BatchOptions options in (BatchOptions[])[new(), new() { BlockRows = 1 }, new() { BlockRows = 100_000 }, new() { StratifyBy = "kind" }, new() { Shuffle = false }])
        {
            BatchOptions small = options with { BatchSize = 300, Seed = 11, WindowRows = 1000 };
            List<long[]> one = Rows(small);
            Assert.Equal(Enumerable.Range(0, Cells).Select(row => (long)row), one.SelectMany(rows => rows).Order());
            List<long[]>[] three = [.. Enumerable.Range(0, 3).Select(worker => Rows(small with { Worker = worker, Workers = 3 }))];
            for (int batch = 0; batch < one.Count; batch++) { Assert.Equal(one[batch], three[batch % 3][batch / 3]); }
        }
    }

    [Fact]
    public void TheOrderFollowsFromSeedAndEpoch()
    {
        foreach (BatchOptions options in (BatchOptions[])[new(), new() { WeightBy = "weight" }, new() { StratifyBy = "flag" }])
        {
            BatchOptions seeded = options with { BatchSize = 1000, Seed = 42 };
            Assert.Equal(Rows(seeded, 3), Rows(seeded, 3));
            Assert.NotEqual(Rows(seeded, 3)[0], Rows(seeded, 4)[0]);
            Assert.NotEqual(Rows(seeded, 3)[0], Rows(seeded with { Seed = 43 }, 3)[0]);
        }
    }

    [Fact]
    public void TheOrderIsPartOfTheInterface()
    {
        // Other programs and the Python package compute the same: these numbers must not change.
        Assert.Equal([7673, 16454, 11372, 11174, 11498, 1079], Rows(new BatchOptions { Seed = 1, BatchSize = 6 }, 2)[0]);
        Assert.Equal([1256, 11384, 11354, 4796], Rows(new BatchOptions { Seed = 1, BatchSize = 4, WeightBy = "weight" }, 2)[0]);
        Assert.Equal([7673, 5470, 12294, 16454], Rows(new BatchOptions { Seed = 1, BatchSize = 4, StratifyBy = "kind" }, 2)[0]);
    }

    [Fact]
    public void AShuffleMixesAndLeavesNoRunsOfTheFile()
    {
        List<long[]> batches = Rows(new BatchOptions { BatchSize = 1000, Seed = 9 });
        Assert.All(batches.SkipLast(1), rows => Assert.InRange(rows.Average(), Cells * 0.45, Cells * 0.55));
        int neighbours = batches[0].Zip(batches[0].Skip(1)).Count(pair => pair.Second == pair.First + 1);
        Assert.InRange(neighbours, 0, 10);
    }

    [Fact]
    public void TheLastBatchIsShortOrDropped()
    {
        Assert.Equal(500, Rows(new BatchOptions { BatchSize = 1000 })[^1].Length);
        Assert.All(Rows(new BatchOptions { BatchSize = 1000, DropLast = true }), rows => Assert.Equal(1000, rows.Length));
        Assert.Equal(Cells, Rows(new BatchOptions { BatchSize = 100_000 }).Single().Length);
        Assert.Empty(Rows(new BatchOptions { BatchSize = 100_000, DropLast = true }));
        Assert.Empty(Rows(new BatchOptions { BatchSize = 10_000, Worker = 2, Workers = 3 }));
    }

    [Fact]
    public void StratifiedBatchesHaveEachValuesShare()
    {
        using PinnedElement kind = _data.Pin("obs/kind");
        PinnedColumn column = kind.Columns[0];
        double[] share = [.. Enumerable.Range(-1, 5).Select(code => Enumerable.Range(0, Cells).Count(row => column.GetCode(row) == code) / (double)Cells)];
        foreach (long[] rows in Rows(new BatchOptions { BatchSize = 250, StratifyBy = "kind" }).SkipLast(1))
        {
            for (int code = -1; code < 4; code++)
            {
                Assert.InRange(rows.Count(row => column.GetCode(row) == code), (share[code + 1] * 250) - 1, (share[code + 1] * 250) + 1);
            }
        }
    }

    [Fact]
    public void WeightsDecideHowOftenACellIsDrawn()
    {
        long[] drawn = [.. Rows(new BatchOptions { WeightBy = "weight" }).SelectMany(rows => rows)];
        Assert.Equal(Cells, drawn.Length);
        long[] counts = new long[10];
        foreach (long row in drawn) { counts[row % 10]++; } // the weight of a row is row % 10
        Assert.Equal(0, counts[0]);
        for (int weight = 1; weight < 10; weight++) { Assert.InRange(counts[weight], Cells * weight / 45.0 * 0.85, Cells * weight / 45.0 * 1.15); }

        using PinnedElement kind = _data.Pin("obs/kind");
        PinnedColumn column = kind.Columns[0];
        var byKind = Rows(new BatchOptions { WeightBy = "kind" }).SelectMany(rows => rows).CountBy(row => column.GetCode(row)).ToDictionary();
        Assert.Equal([0L, 2L, 3L], byKind.Keys.Order());
        Assert.All(byKind.Values, count => Assert.InRange(count, Cells / 3 * 0.95, Cells / 3 * 1.05));
    }

    [Fact]
    public void ASelectionOfRowsIsAllThatIsVisited()
    {
        long[] training = [.. Enumerable.Range(0, Cells / 7).Select(i => (long)(i * 7))];
        foreach (BatchOptions options in (BatchOptions[])[new(), new() { StratifyBy = "kind" }])
        {
            Assert.Equal(training, Rows(options with { Rows = training, BatchSize = 99 }).SelectMany(rows => rows).Order());
        }

        Assert.All(Rows(new BatchOptions { Rows = training, WeightBy = "weight" }).SelectMany(rows => rows), row => Assert.Equal(0, row % 7));
        Assert.Empty(Rows(new BatchOptions { Rows = [] }));
    }

    [Fact]
    public void WrongOptionsAreRefusedWithAReason()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _data.Batches(new BatchOptions { BatchSize = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => _data.Batches(new BatchOptions { Worker = 2, Workers = 2 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => _data.Batches(new BatchOptions { Rows = [Cells] }));
        Assert.Throws<ArgumentException>(() => _data.Batches(new BatchOptions { WeightBy = "weight", StratifyBy = "kind" }));
        Assert.Throws<ArgumentException>(() => _data.Batches(new BatchOptions { Genes = ["A", "A"] }));
        Assert.Throws<ElementException>(() => _data.Batches(new BatchOptions { Genes = ["absent"] }));
        Assert.Equal("names", Assert.Throws<ArgumentNullException>(() => _data.Batches(new BatchOptions { Genes = [null!] })).ParamName);
        Assert.Contains("Weight NaN", Assert.Throws<ElementException>(() => _data.Batches(new BatchOptions { WeightBy = "depth" })).Message, StringComparison.Ordinal);
        Assert.Contains("cells × genes", Assert.Throws<ElementException>(() => _data.Batches(new BatchOptions { Element = "obs" })).Message, StringComparison.Ordinal);
        BatchReader closed = _data.Batches();
        closed.Dispose();
        Assert.Throws<ObjectDisposedException>(() => closed.Epoch(0));
    }

    /// <summary>Of two epochs side by side the first would go on in the order of the second.</summary>
    [Fact]
    public void AnEpochThatWasLeftForAnotherDoesNotGoOn()
    {
        using BatchReader reader = _data.Batches(new BatchOptions { BatchSize = 2 });
        using IEnumerator<Batch> first = reader.Epoch(0).GetEnumerator(), second = reader.Epoch(1).GetEnumerator();
        Assert.True(first.MoveNext());
        Assert.True(second.MoveNext());
        Assert.Contains("Another epoch", Assert.Throws<InvalidOperationException>(() => first.MoveNext()).Message, StringComparison.Ordinal);
        Assert.True(second.MoveNext());
    }

    [Fact]
    public void NoCellsGiveNoBatches()
    {
        using CachedAnnData empty = _cache.Open(TestFiles.Small(Path.Join("summary", "no-cells.h5ad")));
        foreach (BatchOptions options in (BatchOptions[])[new(), new() { StratifyBy = "kind" }, new() { WeightBy = "n" }])
        {
            using BatchReader reader = empty.Batches(options);
            Assert.Equal((0L, 0L, 3), (reader.RowCount, reader.BatchCount, reader.GeneCount));
            Assert.Empty(reader.Epoch(0));
        }
    }

    private static float[] Scatter(Batch batch)
    {
        Assert.Equal(0, batch.Dense.Length);
        Assert.Equal(batch.Count + 1, batch.Offsets.Length);
        float[] dense = new float[batch.Count * batch.GeneCount];
        for (int row = 0; row < batch.Count; row++)
        {
            for (int entry = batch.Offsets[row]; entry < batch.Offsets[row + 1]; entry++) { dense[(row * batch.GeneCount) + batch.Indices[entry]] = batch.Values[entry]; }
        }

        return dense;
    }
}
