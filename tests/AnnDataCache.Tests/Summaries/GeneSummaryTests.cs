using System.Globalization;
using System.Text.Json;
using AnnDataCache.Summaries;
using AnnDataCache.Tests.Cli;

namespace AnnDataCache.Tests.Summaries;

/// <summary>Numbers of a dot plot: one result for every layout and number of threads, as pandas has it, and clear refusals.</summary>
public sealed class GeneSummaryTests : IDisposable
{
    private readonly TestStore _store = new();
    private readonly Cache _cache;
    private readonly CachedAnnData _data;

    public GeneSummaryTests()
    {
        _cache = _store.Open();
        _data = _cache.Open(File("cells.h5ad"));
    }

    private static string File(string name) => TestFiles.Small(Path.Join("summary", name));

    [Fact]
    public void EveryLayoutGivesTheSameBits()
    {
        GeneSummary byCell = _data.SummarizeGenes(["C", "A", "B"], "kind");
        foreach (string element in (string[])["layers/by_gene", "layers/dense"])
        {
            GeneSummary other = _data.SummarizeGenes(["C", "A", "B"], "kind", element);
            Assert.Equal(byCell.Means, other.Means);
            Assert.Equal(byCell.Variances, other.Variances);
            Assert.Equal(byCell.Fractions, other.Fractions);
        }

        Assert.NotEqual(Math.Round(byCell.Means[0], 3), byCell.Means[0]); // such sums do depend on their order
    }

    [Fact]
    public void AnyNumberOfThreadsAndAnyOtherGenesGiveTheSameBits()
    {
        GeneSummary two = _data.SummarizeGenes(null, "batch");
        using Cache single = Cache.Open(_store.Options with { Workers = 1 });
        using CachedAnnData data = single.Open(File("cells.h5ad"));
        GeneSummary one = data.SummarizeGenes(null, "batch");
        Assert.Equal(two.Means, one.Means);
        GeneSummary alone = data.SummarizeGenes(["B"], "batch");
        Assert.Equal(one.Means.Slice(1 * 3, 3), alone.Means);
    }

    [Fact]
    public void GroupsAreCategoriesInTheirOrderAndEmptyOnesAreNaN()
    {
        GeneSummary summary = _data.SummarizeGenes(["A"], "kind");
        Assert.Equal(["NK", "unused", "T", "B"], summary.Groups);
        Assert.Equal(0, summary.CellCounts[1]);
        Assert.True(double.IsNaN(summary.Means[1]) && double.IsNaN(summary.Variances[1]) && double.IsNaN(summary.Fractions[1]));
        Assert.Equal(Enumerable.Range(0, 17_500).Count(cell => cell % 11 == 0), summary.UngroupedCells);
        Assert.Equal(17_500, summary.CellCounts.Sum() + summary.UngroupedCells);
        Assert.Equal(["a", "b10", "b2"], _data.SummarizeGenes(["A"], "batch").Groups);
        Assert.Equal(["False", "True"], _data.SummarizeGenes(["A"], "flag").Groups);
        Assert.Equal(["0", "1", "2", "3", "4"], _data.SummarizeGenes(["A"], "hits").Groups);
        Assert.Equal(["all"], _data.SummarizeGenes(["A"]).Groups);
    }

    [Fact]
    public void NumbersAreThoseOfPandas()
    {
        Python.Require();
        (string Element, double Cutoff)[] asked =
            [("X", 0), ("layers/counts", 0), ("layers/counts", 3), ("layers/counts", -1), ("layers/untidy", 2), ("layers/nan", 0)];
        CallResult result = Python.Run(
            """
            import sys, json, warnings; warnings.simplefilter("ignore")
            import anndata, numpy as np, pandas as pd
            data = anndata.read_h5ad(sys.argv[1])
            take = lambda table: table.T.to_numpy().ravel().tolist()
            for name, cutoff in zip(sys.argv[2::2], sys.argv[3::2]):
                matrix = data.X if name == "X" else data.layers[name.split("/")[1]]
                frame = pd.DataFrame(matrix.toarray().astype("f8"))
                groups = frame.groupby(data.obs["kind"].values, observed=False)
                above = (frame > float(cutoff)).groupby(data.obs["kind"].values, observed=False)
                mean = groups.agg(lambda x: x.to_numpy().mean() if len(x) else np.nan)
                var = groups.agg(lambda x: x.to_numpy().var(ddof=1) if len(x) > 1 else np.nan)
                print(json.dumps([take(mean), take(var), take(above.mean())]).replace("NaN", "null"))
            """,
            [File("cells.h5ad"), .. asked.SelectMany(ask => (string[])[ask.Element, ask.Cutoff.ToString(CultureInfo.InvariantCulture)])]);
        Assert.True(result.ExitCode == 0, result.Error);
        foreach (((string element, double cutoff), JsonElement line) in asked.Zip(result.JsonLines))
        {
            GeneSummary ours = _data.SummarizeGenes(null, "kind", element, cutoff);
            double[][] theirs = [.. line.EnumerateArray().Select(Numbers)];
            bool whole = element is "layers/counts" or "layers/untidy";
            Near(theirs[0], ours.Means, whole ? 0 : 1e-13);
            Near(theirs[1], ours.Variances, 1e-12);
            Near(theirs[2], ours.Fractions, 0);
        }
    }

    private static double[] Numbers(JsonElement table) =>
        [.. table.EnumerateArray().Select(value => value.ValueKind == JsonValueKind.Null ? double.NaN : value.GetDouble())];

    [Theory]
    [InlineData("X")]
    [InlineData("layers/counts")]
    [InlineData("layers/untidy")]
    public void TheTwinGivesTheSameBitsAsTheMatrix(string element)
    {
        GeneSummary before = _data.SummarizeGenes(null, "kind", element);
        using PinnedElement twin = _data.Slices(element).PinTwin()!;
        GeneSummary after = _data.SummarizeGenes(null, "kind", element);
        Assert.Equal(before.Means, after.Means);
        Assert.Equal(before.Variances, after.Variances);
        Assert.Equal(before.Fractions, after.Fractions);
        using ExpressionMatrix used = ExpressionMatrix.Open(MatrixParts.PinForGenes(_data, element, CancellationToken.None));
        Assert.Equal(element != "layers/untidy", used.ByGene); // narrow values could not hold the sums of repeated entries
    }

    [Fact]
    public void AGeneThatIsAskedForTwiceIsThereTwice()
    {
        GeneSummary summary = _data.SummarizeGenes(["C", "C"]);
        Assert.Equal(summary.Means[0], summary.Means[1]);
        Assert.True(summary.Means[0] > 0);
    }

    [Fact]
    public void NoGenesAndNoCellsGiveEmptyTablesAndNaN()
    {
        Assert.Equal(0, _data.SummarizeGenes([], "kind").Means.Length);
        using CachedAnnData empty = _cache.Open(File("no-cells.h5ad"));
        GeneSummary summary = empty.SummarizeGenes(null, "kind");
        Assert.Equal((3, 1, 0L), (summary.Genes.Count, summary.Groups.Count, summary.CellCounts[0]));
        Assert.True(double.IsNaN(summary.Means[2]) && double.IsNaN(summary.Fractions[0]));
    }

    [Fact]
    public void WrongNamesSayWhatThereIs()
    {
        Assert.Contains("It is in column 'symbol'", Assert.Throws<ElementException>(() => _data.SummarizeGenes(["a"])).Message, StringComparison.Ordinal);
        Assert.Contains("2 rows in column '_index' of 'var': 3, 4", Assert.Throws<ElementException>(() => _data.SummarizeGenes(["D"])).Message, StringComparison.Ordinal);
        Assert.Contains("batch", Assert.Throws<ElementException>(() => _data.SummarizeGenes(["A"], "cluster")).Message, StringComparison.Ordinal);
        Assert.Contains("matrices", Assert.Throws<ElementException>(() => _data.SummarizeGenes(["A"], null, "obs")).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => _data.SummarizeGenes(["A"], cutoff: double.NaN));
    }

    [Fact]
    public void ACancelledSummaryStops()
    {
        _data.Pin("X").Dispose();
        _data.Pin("var").Dispose();
        Assert.ThrowsAny<OperationCanceledException>(() => _data.SummarizeGenes(null, null, "X", 0, new CancellationToken(canceled: true)));
    }

    internal static void Near(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, double relative)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            bool near = expected[i].Equals(actual[i]) || Math.Abs(expected[i] - actual[i]) <= relative * Math.Abs(expected[i]);
            Assert.True(near, $"At {i}: {actual[i]:R}, not {expected[i]:R}.");
        }
    }

    public void Dispose()
    {
        _data.Dispose();
        _cache.Dispose();
        _store.Dispose();
    }
}
