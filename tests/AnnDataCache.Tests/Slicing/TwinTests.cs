using AnnDataCache.Parts;
using AnnDataCache.Slicing;
using AnnDataCache.Tests.Cli;

namespace AnnDataCache.Tests.Slicing;

/// <summary>A gene is bit by bit what scipy's toarray has in its column, whatever it comes from and however it is stored.</summary>
public sealed class TwinTests : IDisposable
{
    private readonly SliceFixture _fixture = new();

    public static TheoryData<string> Forms => [.. SliceFixture.Names()];

    [Theory]
    [MemberData(nameof(Forms))]
    public void EveryGeneIsWhatScipyHasInItsOwnTypeWithAndWithoutTwin(string form)
    {
        MatrixSlices slices = _fixture.File.Slices($"layers/{form}");
        long[] all = [.. SliceFixture.Positions(slices.VarCount)];
        byte[] wanted = _fixture.ExpectedGenes(form, all);
        Assert.Equal(wanted, slices.Genes<byte>(all, TestContext.Current.CancellationToken));
        Assert.Equal(wanted, all.SelectMany(gene => slices.Gene<byte>(gene)).ToArray()); // one by one is another scan
        slices.PinTwin(TestContext.Current.CancellationToken)?.Dispose();
        Assert.Equal(wanted, slices.Genes<byte>(all, TestContext.Current.CancellationToken));
        Assert.Equal(wanted, all.SelectMany(gene => slices.Gene<byte>(gene)).ToArray());
        Assert.Empty(_fixture.Cache.Verify(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("counts", DType.UInt8)]
    [InlineData("counts_wide", DType.UInt16)]
    [InlineData("signed", DType.Int8)]
    [InlineData("signed_wide", DType.Int16)]
    [InlineData("large", DType.Int32)]
    [InlineData("fractions", DType.Float64)]
    [InlineData("special", DType.Float32)]
    [InlineData("negative_zero", DType.Float32)]
    [InlineData("int64", DType.Int64)]
    [InlineData("int64_small", DType.UInt8)]
    [InlineData("int32", DType.Int32)]
    [InlineData("uint16", DType.UInt8)]
    [InlineData("uint64", DType.UInt64)]
    [InlineData("bool", DType.Bool)]
    [InlineData("complex64", DType.Complex64)]
    [InlineData("empty", DType.Float32)]
    public void ValuesAreStoredInTheSmallestTypeThatGivesThemBackExactly(string form, DType stored)
    {
        using PinnedElement twin = _fixture.File.Slices($"layers/{form}").PinTwin(TestContext.Current.CancellationToken)!;
        ColumnLayout column = twin.Layout.Columns[0];
        Assert.Equal((stored, DType.UInt16, DType.Int32), (column.Type, column.IndexType, column.OffsetType));
        Assert.Equal(("twin", PartKind.Csc), (twin.Layout.Derived, twin.Layout.Kind));
        Assert.Equal(stored == twin.Info.Type ? null : twin.Info.Type!.Value.Name(), column.Stored?["data"]);
    }

    [Fact]
    public void TheTwinOfACscIsStoredCellByCell()
    {
        using PinnedElement twin = _fixture.File.Slices("layers/csc_counts").PinTwin(TestContext.Current.CancellationToken)!;
        Assert.Equal((PartKind.Csr, 61L), (twin.Layout.Kind, twin.Layout.Columns[0].Rows));
    }

    [Fact]
    public void ATwinIsMadeOnceAndFoundByOthers()
    {
        using PinnedElement made = _fixture.File.Slices("X").PinTwin(TestContext.Current.CancellationToken)!;
        using Cache other = _fixture.Store.Open();
        using CachedAnnData same = other.Open(SliceFixture.Forms);
        using PinnedElement found = same.Slices("X").PinTwin(TestContext.Current.CancellationToken)!;
        Assert.Equal((true, false, made.PartFile), (made.Loaded, found.Loaded, found.PartFile));
        Assert.Contains(_fixture.Cache.List(), part => part is { Element: "X", Derived: "twin", Stale: false, Tier: "hot" });
    }

    [Theory]
    [InlineData("csr")]
    [InlineData("csc")]
    [InlineData("unsorted")]
    [InlineData("late")]
    [InlineData("double")]
    public void ATwinOfManyBlocksAndRangesIsWhatScipyMakes(string form)
    {
        string path = Path.Join(_fixture.Store.Disk, $"{form}.h5ad");
        Python.Require();
        Assert.Equal(0, Python.Run(MakeWide, path, form).ExitCode);
        using Cache cache = Cache.Open(_fixture.Store.Options with { Workers = 3 });
        using CachedAnnData file = cache.Open(path);
        using PinnedElement whole = file.Pin("X"), twin = file.Slices("X").PinTwin(TestContext.Current.CancellationToken)!;
        PinnedColumn column = twin.Columns[0];
        bool sorted = form != "unsorted";
        Assert.Equal((sorted, sorted), (whole.Columns[0].Canonical, column.Canonical));
        foreach ((string name, PinnedBuffer buffer) in (ReadOnlySpan<(string, PinnedBuffer)>)
            [("indptr", column.Offsets), ("indices", column.Indices), ("data", column.Values)])
        {
            using PinnedElement expected = file.Pin($"uns/{name}");
            Assert.True(expected.Columns[0].Values.Span<byte>().SequenceEqual(buffer.Span<byte>()), name);
        }
    }

    /// <summary>
    /// Wide enough for several ranges of positions, unsorted rows too, and for offsets that are narrowed in two goes; some positions
    /// fill many lines, others none.
    /// </summary>
    private const string MakeWide = """
        import sys, numpy as np, scipy.sparse as sp, anndata
        parts = [sp.random(3000, width, density, dtype="f4", random_state=1) for width, density in ((200, 0.5), (69800, 0.002))]
        x = sp.hstack(parts, format="csr")
        x.data = np.ceil(x.data * 200)
        if sys.argv[2] == "unsorted":
            order = np.lexsort((-np.arange(x.nnz), np.repeat(np.arange(3000), np.diff(x.indptr))))
            x = sp.csr_matrix((x.data[order], x.indices[order], x.indptr), shape=x.shape)
        if sys.argv[2] == "double":
            x.data = np.ceil(x.data * 3).astype("f8")
        if sys.argv[2] == "late": # only the last block has a value that needs two bytes
            x.data[-1] = 300
        other = x.tocsc()
        uns = {"indptr": other.indptr.astype("i4"), "indices": other.indices.astype("u2"), "data": other.data.astype("u1" if other.data.max() < 256 else "u2")}
        anndata.AnnData(x.T if sys.argv[2] == "csc" else x, dtype=x.dtype, uns=uns).write_h5ad(sys.argv[1])
        """;

    public void Dispose() => _fixture.Dispose();
}
