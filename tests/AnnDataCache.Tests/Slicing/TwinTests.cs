using AnnDataCache.Parts;
using AnnDataCache.Slicing;

namespace AnnDataCache.Tests.Slicing;

/// <summary>A gene is bit by bit what scipy's toarray has in its column, whatever it comes from and however it is stored.</summary>
public sealed class TwinTests : IDisposable
{
    private static readonly string s_forms = TestFiles.Small("slices/forms.h5ad");

    private readonly TestStore _store = new();
    private readonly Cache _cache;
    private readonly CachedAnnData _file;

    public TwinTests()
    {
        _cache = _store.Open();
        _file = _cache.Open(s_forms);
    }

    public static TheoryData<string> Forms
    {
        get
        {
            using TestStore store = new();
            using Cache cache = store.Open();
            using CachedAnnData file = cache.Open(s_forms);
            return [.. file.Tree.Find("layers")!.Children.Select(child => child.Name)];
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void EveryGeneIsWhatScipyHasInItsOwnTypeWithAndWithoutTwin(string form)
    {
        MatrixSlices slices = _file.Slices($"layers/{form}");
        byte[] wanted = Columns(form, out long width);
        long[] all = [.. Range(width)];
        Assert.Equal(wanted, slices.Genes<byte>(all, TestContext.Current.CancellationToken));
        Assert.Equal(wanted, all.SelectMany(gene => slices.Gene<byte>(gene)).ToArray()); // one by one is another scan
        slices.PinTwin(TestContext.Current.CancellationToken)?.Dispose();
        Assert.Equal(wanted, slices.Genes<byte>(all, TestContext.Current.CancellationToken));
        Assert.Equal(wanted, all.SelectMany(gene => slices.Gene<byte>(gene)).ToArray());
        Assert.Empty(_cache.Verify(TestContext.Current.CancellationToken));
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
        using PinnedElement twin = _file.Slices($"layers/{form}").PinTwin(TestContext.Current.CancellationToken)!;
        ColumnLayout column = twin.Layout.Columns[0];
        Assert.Equal((stored, DType.UInt16, DType.Int32), (column.Type, column.IndexType, column.OffsetType));
        Assert.Equal(("twin", PartKind.Csc), (twin.Layout.Derived, twin.Layout.Kind));
        Assert.Equal(stored == twin.Info.Type ? null : twin.Info.Type!.Value.Name(), column.Stored?["data"]);
    }

    [Fact]
    public void TheTwinOfACscIsStoredCellByCell()
    {
        using PinnedElement twin = _file.Slices("layers/csc_counts").PinTwin(TestContext.Current.CancellationToken)!;
        Assert.Equal((PartKind.Csr, 61L), (twin.Layout.Kind, twin.Layout.Columns[0].Rows));
    }

    [Fact]
    public void ATwinIsMadeOnceAndFoundByOthers()
    {
        using PinnedElement made = _file.Slices("X").PinTwin(TestContext.Current.CancellationToken)!;
        using Cache other = _store.Open();
        using CachedAnnData same = other.Open(s_forms);
        using PinnedElement found = same.Slices("X").PinTwin(TestContext.Current.CancellationToken)!;
        Assert.Equal((true, false, made.PartFile), (made.Loaded, found.Loaded, found.PartFile));
        Assert.Contains(_cache.List(), part => part is { Element: "X", Derived: "twin", Stale: false, Tier: "hot" });
    }

    /// <summary>The expected matrix, a column after the other.</summary>
    private byte[] Columns(string form, out long width)
    {
        using PinnedElement dense = _file.Pin($"uns/expected/{form}");
        (long rows, long columns) = (dense.Info.Shape[0], dense.Info.Shape[1]);
        int size = dense.Info.Type!.Value.Size();
        ReadOnlySpan<byte> values = dense.Columns[0].Values.Span<byte>();
        List<byte> transposed = [];
        for (long column = 0; column < columns; column++)
        {
            for (long row = 0; row < rows; row++) { transposed.AddRange(values.Slice((int)((row * columns) + column) * size, size)); }
        }

        width = columns;
        return [.. transposed];
    }

    private static IEnumerable<long> Range(long count) => Enumerable.Range(0, (int)count).Select(i => (long)i);

    public void Dispose()
    {
        _file.Dispose();
        _cache.Dispose();
        _store.Dispose();
    }
}
