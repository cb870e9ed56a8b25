namespace AnnDataCache.Tests.Loading;

/// <summary>Forms that old or unusual writers left behind (<c>tests/data/h5ad/generate.py</c>), loaded and read back.</summary>
public sealed class RareFormsTests : IDisposable
{
    private readonly TestStore _store = new();
    private readonly Cache _cache;

    public RareFormsTests() => _cache = _store.Open();

    public void Dispose()
    {
        _cache.Dispose();
        _store.Dispose();
    }

    [Fact]
    public void RecordsAreADataFrameWhereOldFilesHaveOne()
    {
        using CachedAnnData file = Open("legacy.h5ad");
        Assert.Equal((4, 3), (file.ObsCount, file.VarCount));
        using PinnedElement obs = file.Pin("obs");
        Assert.Equal("index", obs.Info.IndexName);
        Assert.Equal(["index", "n/total", "batch", "only", "score", "note"], obs.Columns.Select(column => column.Name));
        Assert.Equal(["c1", "c2", "c3", "c4"], All(obs.Column("index")));
        Assert.Equal([5L, 6L, 7L, 8L], All(obs.Column("n/total")));
        Assert.Equal([0.5, double.NaN, -0.0, 1e300], All(obs.Column("score")));
        Assert.Equal(["α", "", "b", "naïve"], All(obs.Column("note")));
    }

    [Fact]
    public void CategoriesInUnsMakeCategoricalsOfTheFieldsWhoseCodesTheyFit()
    {
        using CachedAnnData file = Open("legacy.h5ad");
        using PinnedElement obs = file.Pin("obs"), var = file.Pin("var"), raw = file.Pin("raw.var");
        Assert.Equal(ElementKind.Categorical, obs.Column("batch").Kind);
        Assert.Equal(["left", "right", null, "right"], All(obs.Column("batch")));
        Assert.Equal(["all", "all", "all", "all"], All(obs.Column("only"))); // a single category stands as a scalar
        Assert.Equal([10, 20, 30], All(var.Column("batch")));
        Assert.Equal(ElementKind.Dense, file.Tree.Find("var/batch")!.Kind);
        Assert.Equal(["left", "right", "right"], All(raw.Column("batch")));
    }

    [Fact]
    public void AnObsmOfRecordsIsADictOfArrays()
    {
        using CachedAnnData file = Open("legacy.h5ad");
        using PinnedElement pca = file.Pin("obsm/X_pca"), one = file.Pin("obsm/one"), sparse = file.Pin("raw/X");
        Assert.Equal("raw.X", sparse.Info.Path);
        Assert.Equal([4L, 2L], pca.Info.Shape);
        Assert.Equal(7f, pca.Dense<float>()[3, 1]);
        Assert.Equal(3.0, one.Dense<double>()[2]);
        SparseMatrix<float> matrix = sparse.Sparse<float>();
        Assert.Equal((4, 3, 3), (matrix.Rows, matrix.Columns, matrix.NonZeros));
    }

    [Fact]
    public void NamesWithSlashesAreColumnsOfTheirOwn()
    {
        using CachedAnnData file = Open("names.h5ad");
        using PinnedElement obs = file.Pin("obs"), inner = file.Pin("obs/a/c/d"), ranks = file.Pin("uns/ranks"), field = file.Pin("uns/ranks2/a/b");
        Assert.Equal(["index", "a/b", "a/c/d", "plain"], obs.Columns.Select(column => column.Name));
        Assert.Empty(obs.RefusedColumns);
        Assert.Equal(["x", "x", "ö\u0301"], All(obs.Column("index")));
        Assert.Equal([(ushort)1, (ushort)2, (ushort)3], All(obs.Column("a/b")));
        Assert.Equal(["p", "q", "r"], All(Assert.Single(inner.Columns)));
        Assert.Equal(["g1", "g2"], All(ranks.Column("CD4+/CD8+")));
        Assert.Equal([3, 4], All(Assert.Single(field.Columns)));
    }

    [Fact]
    public void RecordsKeepTheirShapeAndRefuseOnlyTheFieldThatIsNotRead()
    {
        using CachedAnnData file = Open("records.h5ad");
        using PinnedElement square = file.Pin("uns/square"), scalar = file.Pin("uns/scalar"), wide = file.Pin("uns/wide"), none = file.Pin("uns/none");
        Assert.Equal([2L, 3L], square.Info.Shape);
        Assert.Equal([1, 2, 3, 4, 5, 6], All(square.Column("id")));
        Assert.Equal([true, false, true, false, true, false], All(square.Column("flag")));
        Assert.Equal(["abc"], All(scalar.Column("name")));
        Assert.Empty(scalar.Info.Shape);
        Assert.Equal((4.0, 2), (wide.Column("xy").GetValue(1, 1), wide.Column("xy").Width));
        Assert.Equal(new System.Numerics.Complex(0, 4), wide.Column("z").GetValue(2));
        Assert.Contains("compound(a:i32, b:i32)", wide.RefusedColumns["inner"]);
        Assert.Equal(0, none.Column("id").Rows);
    }

    [Fact]
    public void BytesThatAreNoTextStayBytes()
    {
        using CachedAnnData file = Open("records.h5ad");
        using PinnedElement uns = file.Pin("uns"), inside = file.Pin("uns/inside");
        Assert.Equal(new byte[] { 0xFF, 0, 1 }, uns.Tree.Find("uns/bytes")!.Value);
        Assert.Equal(["a\0b", "c"], All(Assert.Single(inside.Columns)));
    }

    [Fact]
    public void AwkwardListsAreArrowListsAndTheirBuffersElements()
    {
        using CachedAnnData file = Open("awkward.h5ad");
        using PinnedElement lists = file.Pin("obsm/lists"), nested = file.Pin("obsm/nested"), words = file.Pin("obsm/words");
        Assert.Equal(["[1.5, NaN]", "[]", "[3]"], Texts(lists));
        Assert.Equal(["[[7, 8]]", "[[], [9]]"], Texts(nested));
        Assert.Equal(["[aβ, ]", "[cd]"], Texts(words));
        Assert.Contains("\"ListOffsetArray\"", (string)lists.Info.Value!, StringComparison.Ordinal);
        using PinnedElement buffer = file.Pin("obsm/lists/node1-data");
        Assert.Equal(3.0, buffer.Dense<double>()[2]);
        Assert.Equal(3, lists.ToRecordBatch().Length);
    }

    [Fact]
    public void AnAwkwardArrayThatIsNoListGivesItsFormAndBuffers()
    {
        using CachedAnnData file = Open("awkward.h5ad");
        using PinnedElement records = file.Pin("obsm/records"), buffer = file.Pin("obsm/records/node1-data"), rest = file.Pin("obsm/overrun/node1-data");
        Assert.Contains("\"RecordArray\"", (string)records.Tree.Value!, StringComparison.Ordinal);
        Assert.Equal([3L], records.Info.Shape);
        ElementException error = Assert.Throws<ElementException>(() => file.Pin("obsm/overrun"));
        Assert.Contains("must rise from 0 to 3", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tenx-v3.h5", "", "name", "A,B,CD3")]
    [InlineData("tenx-v2.h5", "", "gene_names", "A,B,C")]
    [InlineData("tenx-v2-two.h5", "mod/mm10/", "gene_names", "A,B,C")]
    public void CellRangerMatricesAreAnnDataOfBarcodesByFeatures(string name, string prefix, string index, string features)
    {
        using CachedAnnData file = Open(name);
        using PinnedElement x = file.Pin(prefix + "X"), obs = file.Pin(prefix + "obs"), var = file.Pin(prefix + "var");
        SparseMatrix<int> matrix = x.Sparse<int>();
        Assert.Equal(ElementKind.Csr, x.Info.Kind);
        Assert.Equal((2, 3, 3), (matrix.Rows, matrix.Columns, matrix.NonZeros));
        Assert.Equal(["AAAC-1", "AAAG-1"], All(obs.Column("barcodes")));
        Assert.Equal(index, var.Info.IndexName);
        Assert.Equal(features.Split(','), All(var.Columns[0]));
        Assert.Equal("ENSG1", var.Column("gene_ids").GetString(0));
    }

    [Fact]
    public void ProbesHaveTheColumnsOfScanpyAndWhatElseTheFileHoldsIsInUns()
    {
        using CachedAnnData file = Open("tenx-probes.h5");
        using PinnedElement obs = file.Pin("obs"), var = file.Pin("var"), set = file.Pin("uns/target_sets/Panel 1"), added = file.Pin("uns/droplet_latents/cell_probability");
        Assert.Equal([true, false], All(obs.Column("filtered_barcodes")));
        Assert.Equal(
            ["name", "gene_ids", "probe_ids", "feature_types", "filtered_probes", "gene_name", "probe_region"], var.Columns.Select(column => column.Name));
        Assert.Equal(["ENSG1", "ENSG1", "ENSG2"], All(var.Column("gene_ids")));
        Assert.Equal("ENSG2|B|1", var.Column("probe_ids").GetString(2));
        Assert.Equal(2u, set.Dense<uint>()[1]);
        Assert.Equal(0.5, added.Dense<double>()[0]);
        Assert.Equal("added", Open("tenx-v2-two.h5").Pin("mod/mm10/uns/note").Tree.Value);
    }

    [Fact]
    public void WhatPandasCallsMissingIsKept()
    {
        using CachedAnnData file = Open("encodings.h5ad");
        Assert.Equal("NaN", file.Tree.Find("obs/strings")!.NaValue);
        Assert.Null(file.Tree.Find("obs/integer")!.NaValue);
    }

    private CachedAnnData Open(string name) => _cache.Open(TestFiles.Small(Path.Join("h5ad", name)));

    private static object?[] All(PinnedColumn column) => [.. Enumerable.Range(0, (int)column.Rows).Select(row => column.GetValue(row))];

    private static string[] Texts(PinnedElement lists) => [.. All(Assert.Single(lists.Columns)).Select(Text)];

    private static string Text(object? value) => value is object?[] items
        ? $"[{string.Join(", ", items.Select(Text))}]"
        : FormattableString.Invariant($"{value}");
}
