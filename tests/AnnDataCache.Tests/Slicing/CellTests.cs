namespace AnnDataCache.Tests.Slicing;

/// <summary>Cells and blocks are bit by bit scipy's, from a resident part, from a twin, by a scan, and straight from the source.</summary>
public sealed class CellTests : IDisposable
{
    private static readonly long[] s_cells = [60, 0, 7, 3, 3, 59], s_genes = [36, 5, 5, 11, 0];

    private readonly SliceFixture _fixture = new();

    public static TheoryData<string> Forms => [.. SliceFixture.Names()];

    [Theory]
    [MemberData(nameof(Forms))]
    public void CellsAndBlocksAreScipysWhateverTheyComeFrom(string form)
    {
        Check(form); // a few, from the source or by a load
        _fixture.File.Pin($"layers/{form}").Dispose();
        Check(form); // from the part
        _fixture.File.Slices($"layers/{form}").PinTwin(TestContext.Current.CancellationToken)?.Dispose();
        Check(form);
    }

    private void Check(string form)
    {
        MatrixSlices slices = _fixture.File.Slices($"layers/{form}");
        int size = slices.Type.Size();
        byte[] cells = new byte[s_cells.Length * slices.VarCount * size];
        slices.ReadCells<byte>(s_cells, cells, TestContext.Current.CancellationToken);
        Assert.Equal(_fixture.Expected(form, s_cells, null), cells);
        Assert.Equal(_fixture.Expected(form, s_cells, s_genes), slices.Block<byte>(s_cells, s_genes, TestContext.Current.CancellationToken));
        long[] all = [.. SliceFixture.Positions(slices.ObsCount)];
        Assert.Equal(_fixture.Expected(form, all, [11, 4]), slices.Block<byte>(all, [11, 4], TestContext.Current.CancellationToken));
        if (SliceFixture.IsDense(form))
        {
            Assert.Throws<InvalidOperationException>(() => slices.Cells(s_cells));
            return;
        }

        SparseSlice sparse = slices.Cells(s_cells, TestContext.Current.CancellationToken);
        Assert.Equal((s_cells.Length, slices.VarCount, slices.Type), ((int)sparse.Rows, sparse.Columns, sparse.Type));
        Assert.Equal(form.Contains("repeated", StringComparison.Ordinal), sparse.Offsets.Span[3] > sparse.Offsets.Span[2]); // cell 7 is empty elsewhere
        Assert.Equal(_fixture.File.Tree.Find($"layers/{form}")!.NonZeros, slices.Cells(all, TestContext.Current.CancellationToken).Indices.Length);
    }

    [Theory]
    [InlineData("counts")]
    [InlineData("unsorted")]
    [InlineData("repeated")]
    [InlineData("csc_counts")]
    public void SparseCellsAreTheStoredRows(string form)
    {
        MatrixSlices slices = _fixture.File.Slices($"layers/{form}");
        SparseSlice slice = slices.Cells(s_cells, TestContext.Current.CancellationToken);
        float[] wanted = [.. System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(_fixture.Expected(form, s_cells, null))];
        float[] sums = new float[wanted.Length];
        for (int row = 0; row < slice.Rows; row++)
        {
            for (int at = (int)slice.Offsets.Span[row]; at < slice.Offsets.Span[row + 1]; at++)
            {
                sums[(row * slice.Columns) + slice.Indices.Span[at]] += slice.Values<float>()[at];
            }
        }

        Assert.Equal(wanted, sums);
        Assert.Throws<ArgumentException>(() => slice.Values<double>().Length);
    }

    [Fact]
    public void AFewCellsOfAMatrixThatNoTierHasAreReadWithoutLoadingIt()
    {
        float[] dense = new float[_fixture.File.Slices("layers/dense").VarCount];
        _fixture.File.Slices("layers/dense").ReadCells<float>([3], dense, TestContext.Current.CancellationToken);
        Assert.Equal(_fixture.Expected("dense", [3], null), System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(dense).ToArray());
        Assert.DoesNotContain(_fixture.Cache.List(), part => part.Element == "layers/dense");
        Assert.Equal(37, _fixture.File.Slices("layers/counts").Cells([3], TestContext.Current.CancellationToken).Columns);
        Assert.DoesNotContain(_fixture.Cache.List(), part => part.Element == "layers/counts");
        _fixture.File.Slices("layers/counts").Cells([.. SliceFixture.Positions(61)], TestContext.Current.CancellationToken);
        Assert.Contains(_fixture.Cache.List(), part => part.Element == "layers/counts"); // all of them are not a few
    }

    [Fact]
    public void NumbersComeAsTheTypeThatIsAskedForRoundedAsNumpy()
    {
        MatrixSlices fractions = _fixture.File.Slices("layers/fractions");
        float[] rounded = fractions.Gene<float>(4, TestContext.Current.CancellationToken);
        Assert.Equal(fractions.Gene<double>(4, TestContext.Current.CancellationToken).Select(value => (float)value), rounded);
        MatrixSlices repeated = _fixture.File.Slices("layers/repeated_uint8"); // wraps in its own type before it is converted
        Assert.Equal(repeated.Gene<byte>(4, TestContext.Current.CancellationToken).Select(value => (float)value), repeated.Gene<float>(4, TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentException>(() => fractions.Gene<int>(4));
        Assert.Throws<ArgumentException>(() => _fixture.File.Slices("layers/complex64").Gene<float>(4));
        Assert.Throws<ArgumentException>(() => fractions.ReadGenes<float>([4], new float[60]));
    }

    [Fact]
    public void WhatIsOutsideOfTheMatrixIsRefusedAndNothingIsAnEmptyAnswer()
    {
        MatrixSlices x = _fixture.File.Slices("X");
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Gene<float>(37));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Gene<float>(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Cells([61]));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Block<float>([0], [-1]));
        Assert.Empty(x.Genes<float>([], TestContext.Current.CancellationToken));
        Assert.Empty(x.Block<float>([], [1], TestContext.Current.CancellationToken));
        Assert.Empty(x.Block<float>([1], [], TestContext.Current.CancellationToken));
        Assert.Equal([0L], x.Cells([], TestContext.Current.CancellationToken).Offsets.ToArray());
        Assert.Equal([1L, 2], MatrixSlices.Selected([false, true, true], 3));
        Assert.Throws<ArgumentException>(() => MatrixSlices.Selected([true], 3));
    }

    [Fact]
    public void MatricesWithoutCellsOrGenesAndVeryWideOnesHaveSlicesToo()
    {
        MatrixSlices none = _fixture.File.Slices("uns/no_rows"), bare = _fixture.File.Slices("uns/no_columns"), wide = _fixture.File.Slices("uns/wide");
        Assert.Empty(none.Gene<float>(4, TestContext.Current.CancellationToken));
        none.PinTwin(TestContext.Current.CancellationToken)!.Dispose();
        Assert.Empty(none.Gene<float>(4, TestContext.Current.CancellationToken));
        bare.PinTwin(TestContext.Current.CancellationToken)!.Dispose();
        Assert.Equal([0L, 0, 0], bare.Cells([1, 4], TestContext.Current.CancellationToken).Offsets.ToArray());
        Assert.Equal([2f, 0], wide.Gene<float>(1L << 32, TestContext.Current.CancellationToken));
        Assert.Equal([2f, 0, 1, 0], wide.Genes<float>([1L << 32, 0], TestContext.Current.CancellationToken));
        Assert.Equal(CacheError.TooLarge, Assert.Throws<StoreException>(() => wide.PinTwin()).Error);
    }

    [Fact]
    public void EmbeddingsModalitiesAndRawHaveSlices()
    {
        using PinnedElement umap = _fixture.File.Pin("obsm/X_umap");
        float[] second = _fixture.File.Slices("obsm/X_umap").Gene<float>(1, TestContext.Current.CancellationToken);
        Assert.Equal(umap.Dense<float>()[60, 1], second[60]);
        Assert.Equal(_fixture.ExpectedGenes("raw", [39]), _fixture.File.Slices("raw/X").Gene<byte>(39, TestContext.Current.CancellationToken));
        using CachedAnnData modes = _fixture.Cache.Open(TestFiles.Small("slices/modes.h5mu"));
        Assert.Equal(_fixture.ExpectedGenes("counts", [9]), modes.Slices("mod/rna/X").Gene<byte>(9, TestContext.Current.CancellationToken));
        Assert.Equal(9, modes.Slices("mod/rna/X").FindGene("Gene9", "feature_name", TestContext.Current.CancellationToken));
        Assert.Throws<ElementException>(() => _fixture.File.Slices("obs"));
        Assert.Throws<ElementException>(() => _fixture.File.Slices("layers/nothing"));
    }

    public void Dispose() => _fixture.Dispose();
}
