using System.Text.Json;
using AnnDataCache.Summaries;
using AnnDataCache.Tests.Cli;

namespace AnnDataCache.Tests.Summaries;

/// <summary>Histograms as numpy draws them, counts as pandas counts them.</summary>
public sealed class ColumnSummaryTests : IDisposable
{
    private readonly TestStore _store = new();
    private readonly Cache _cache;
    private readonly CachedAnnData _data;

    public ColumnSummaryTests()
    {
        _cache = _store.Open();
        _data = _cache.Open(File("cells.h5ad"));
    }

    private static string File(string name) => TestFiles.Small(Path.Join("summary", name));

    [Fact]
    public void NumbersHaveNumpysHistogramAndPandasMoments()
    {
        Python.Require();
        (string Column, int Bins, int Item)[] asked =
            [("obs/depth", 10, 0), ("obs/n", 50, 0), ("obs/hits", 7, 0), ("obs/weight", 3, 0), ("obsm/X_umap", 33, 1)];
        CallResult result = Python.Run(
            """
            import sys, json, warnings; warnings.simplefilter("ignore")
            import anndata, numpy as np, pandas as pd
            data = anndata.read_h5ad(sys.argv[1])
            for column, bins, item in zip(sys.argv[2::3], sys.argv[3::3], sys.argv[4::3]):
                axis, name = column.split("/")
                column = data.obs[name] if axis == "obs" else pd.Series(data.obsm[name][:, int(item)])
                values = column.astype("Float64").to_numpy("f8", na_value=np.nan)
                counts, edges = np.histogram(values[np.isfinite(values)], int(bins))
                series = pd.Series(values)
                print(json.dumps([counts.tolist(), edges.tolist(), [series.isna().sum().item(), np.isinf(values).sum().item()],
                    [str(x) for x in (series.min(), series.max(), series.mean(), series.std())]]))
            """,
            [File("cells.h5ad"), .. asked.SelectMany(ask => (string[])[ask.Column, $"{ask.Bins}", $"{ask.Item}"])]);
        Assert.True(result.ExitCode == 0, result.Error);
        foreach (((string column, int bins, int item), JsonElement line) in asked.Zip(result.JsonLines))
        {
            ColumnSummary ours = _data.SummarizeColumn(column, bins, item);
            JsonElement[] theirs = [.. line.EnumerateArray()];
            Assert.Equal(theirs[0].EnumerateArray().Select(count => count.GetInt64()), ours.Counts);
            Assert.Equal(theirs[1].EnumerateArray().Select(edge => edge.GetDouble()), ours.Edges);
            Assert.Equal(theirs[2].EnumerateArray().Select(count => count.GetInt64()), [ours.Missing, ours.Infinite]);
            double[] moments = [.. theirs[3].EnumerateArray().Select(text => Parse(text.GetString()!))];
            GeneSummaryTests.Near(moments, [ours.Minimum, ours.Maximum, ours.Mean, ours.StandardDeviation], 1e-12);
        }
    }

    [Fact]
    public void CategoriesAreCountedInTheirOrderAndMissingOnesApart()
    {
        ColumnSummary kind = _data.SummarizeColumn("obs/kind");
        Assert.False(kind.IsNumeric);
        Assert.Equal(["NK", "unused", "T", "B"], kind.Categories);
        long[] expected = [2, -1, 0, 1];
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(Enumerable.Range(0, 17_500).Count(cell => cell % 11 != 0 && cell * 7 % 3 == expected[i]), kind.CategoryCounts[i]);
        }

        Assert.Equal(17_500, kind.CategoryCounts.Sum() + kind.Missing);
        ColumnSummary flag = _data.SummarizeColumn("obs/flag");
        Assert.Equal(["False", "True"], flag.Categories);
        Assert.Equal([13_125, 4_375], flag.CategoryCounts);
        Assert.Equal(["a", "b10", "b2"], _data.SummarizeColumn("obs/batch").Categories);
    }

    [Fact]
    public void AnEmptyColumnIsEmptyAndNaN()
    {
        using CachedAnnData empty = _cache.Open(File("no-cells.h5ad"));
        ColumnSummary numbers = empty.SummarizeColumn("obs/n", 4);
        Assert.True(numbers.IsNumeric && double.IsNaN(numbers.Mean) && double.IsNaN(numbers.Minimum));
        Assert.Equal([0, 0.25, 0.5, 0.75, 1], numbers.Edges);
        Assert.Equal([0, 0, 0, 0], numbers.Counts);
        ColumnSummary kind = empty.SummarizeColumn("obs/kind");
        Assert.Equal([0L], kind.CategoryCounts);
    }

    [Fact]
    public void AValueOnAnEdgeBelongsToTheBinRightOfItAndTheLastEdgeToTheLastBin()
    {
        Histogram tenths = new(0, 1, 10);
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(i, tenths.BinOf(tenths.Edges[i]));
            Assert.Equal(Math.Max(i - 1, 0), tenths.BinOf(Math.BitDecrement(tenths.Edges[i])));
        }

        Assert.Equal(9, tenths.BinOf(1));
        Histogram single = new(3, 3, 4);
        Assert.Equal([2.5, 2.75, 3, 3.25, 3.5], single.Edges);
        Assert.Equal(2, single.BinOf(3));
    }

    [Fact]
    public void WhatIsNoColumnIsRefused()
    {
        Assert.Throws<ElementException>(() => _data.SummarizeColumn("obs"));
        Assert.Throws<ElementException>(() => _data.SummarizeColumn("X"));
        Assert.Throws<ElementException>(() => _data.SummarizeColumn("obs/absent"));
        Assert.Contains("no number 2", Assert.Throws<ElementException>(() => _data.SummarizeColumn("obsm/X_umap", 50, 2)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => _data.SummarizeColumn("obs/n", 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => _data.SummarizeColumn("obs/n", int.MaxValue));
    }

    [Fact]
    public void AFailureInOneStripeEndsAllOfThem()
    {
        InvalidOperationException failure = Assert.Throws<InvalidOperationException>(() => Stripes.Run(
            100, 4, () => 0, (_, stripe) => _ = stripe == 3 ? throw new InvalidOperationException("third") : 0, (_, _) => { }, CancellationToken.None));
        Assert.Equal("third", failure.Message);
        List<long> order = [];
        Stripes.Run(100, 4, () => 0, (_, stripe) => Thread.SpinWait((int)(stripe * 7919 % 1000)), (_, stripe) => order.Add(stripe), CancellationToken.None);
        Assert.Equal(Enumerable.Range(0, 100).Select(stripe => (long)stripe), order);
    }

    private static double Parse(string text) =>
        text switch { "inf" => double.PositiveInfinity, "nan" or "<NA>" => double.NaN, _ => double.Parse(text, null) };

    public void Dispose()
    {
        _data.Dispose();
        _cache.Dispose();
        _store.Dispose();
    }
}
