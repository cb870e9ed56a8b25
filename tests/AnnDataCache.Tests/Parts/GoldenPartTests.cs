using System.Numerics;
using AnnDataCache.Interop;
using AnnDataCache.Parts;
using AnnDataCache.Store;
using Apache.Arrow;

namespace AnnDataCache.Tests.Parts;

/// <summary>Parts that were written once and for all: the code of today reads them, and writes the same bytes.</summary>
public sealed class GoldenPartTests
{
    static GoldenPartTests()
    {
        if (Environment.GetEnvironmentVariable("UPDATE") != "1") { return; }
        foreach (GoldenPart golden in GoldenPart.All) { File.WriteAllBytes(golden.Path, golden.Write()); }
    }

    public static TheoryData<string> Names => [.. GoldenPart.All.Select(part => part.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void TheSameBytesAreWrittenToday(string name)
    {
        GoldenPart golden = GoldenPart.Get(name);
        byte[] written = golden.Write();
        byte[] kept = File.ReadAllBytes(golden.Path);
        int same = written.AsSpan().CommonPrefixLength(kept);
        Assert.True(
            same == written.Length && same == kept.Length,
            $"{Path.GetFileName(golden.Path)} has {kept.Length:N0} bytes, {written.Length:N0} are written today, and they differ from byte {same:N0}. "
            + "This is the format's promise: read the note in GoldenPart.cs before running the tests with UPDATE=1.");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void AGoldenPartOpensWithItsLayoutAndItsBytes(string name)
    {
        GoldenPart golden = GoldenPart.Get(name);
        using FileDescriptor file = FileDescriptor.Open(golden.Path, Posix.ReadOnly);
        using PartView view = PartView.Open(file, new FileInfo(golden.Path).Length);
        Assert.Empty(PartCheck.FindProblems(view, CancellationToken.None));
        PartLayout read = view.Layout, wanted = golden.Layout;
        Assert.Equal(
            (1, wanted.Kind, wanted.Element, wanted.Source, wanted.EncodingType, wanted.EncodingVersion, wanted.IndexName),
            (read.Version, read.Kind, read.Element, read.Source, read.EncodingType, read.EncodingVersion, read.IndexName));
        Assert.Equal(wanted.Shape, read.Shape);
        Assert.Equal(wanted.Refused, read.Refused);
        Assert.Equal(golden.Columns.Count, read.Columns.Count);
        foreach ((GoldenColumn expected, ColumnLayout column) in golden.Columns.Zip(read.Columns)) { Same(view, expected, column); }
    }

    [Fact]
    public void TheDataframeGivesItsValues()
    {
        using PinnedElement obs = Pin("frame", ElementKind.DataFrame);
        Assert.Equal(["cell-1", "", "Zelle-ü", "細胞", "🧬"], Rows(obs, "_index"));
        Assert.Equal([sbyte.MinValue, (sbyte)-1, (sbyte)0, (sbyte)1, sbyte.MaxValue], Rows(obs, "int8"));
        Assert.Equal([long.MinValue, -1L, 0L, 1L, long.MaxValue], Rows(obs, "int64"));
        Assert.Equal([0UL, 1UL, 127UL, 128UL, ulong.MaxValue], Rows(obs, "uint64"));
        Assert.Equal([Half.MinValue, Half.Epsilon, Half.NaN, Half.NegativeZero, Half.One], Rows(obs, "float16"));
        Assert.Equal([float.MinValue, float.Epsilon, float.NaN, -0f, 1f], Rows(obs, "float32"));
        Assert.Equal(new Complex(9, double.NegativeInfinity), obs.Column("complex64").GetValue(4));
        Assert.Equal(Complex.ImaginaryOne, obs.Column("complex128").GetValue(2));
        Assert.Equal(8, obs.Column("pairs").GetValue(3, item: 1));
        Assert.Equal([true, false, false, true, true], Rows(obs, "bool"));
        Assert.Equal(["x", "yy", "x", "x", "yy"], Rows(obs, "repeated"));
        Assert.Equal(["high", null, "mid", "low", null], Rows(obs, "grade"));
        Assert.True(obs.Column("grade").Ordered);
        Assert.Equal([-1d, -1d, 0.5, -1d, 0.5], Rows(obs, "lane"));
        Assert.Equal([1, null, -3, 4, null], Rows(obs, "nullable_int"));
        Assert.Equal(99, obs.Column("nullable_int").Values.Span<int>()[1]); // stays under its null
        Assert.Equal([true, null, false, true, null], Rows(obs, "nullable_bool"));
        Assert.Equal(["a", null, "", "ü", null], Rows(obs, "nullable_string"));
        Assert.Equal("its type is opaque", obs.RefusedColumns["opaque"]);
    }

    [Fact]
    public void ArraysAndMatricesGiveTheirValues()
    {
        using PinnedElement dense = Pin("dense", ElementKind.Dense), cube = Pin("dense-cube", ElementKind.Dense);
        Assert.Equal(3e38f, dense.Dense<float>()[2, 0]);
        Assert.Equal(-5, cube.Dense<short>()[1, 2, 0]);

        using PinnedElement byRow = Pin("csr", ElementKind.Csr), byColumn = Pin("csc", ElementKind.Csc);
        SparseMatrix<float> csr = byRow.Sparse<float>();
        Assert.Equal((4, 5, 6, false), (csr.Rows, csr.Columns, csr.NonZeros, csr.Canonical));
        Assert.Equal([3, 1, 3], csr.Positions<int>(2).ToArray());
        Assert.Equal([3f, 4f, 5f], csr.Values(2).ToArray());
        Assert.Equal(DType.UInt32, byRow.Columns[0].StoredType("indptr"));
        SparseMatrix<double> csc = byColumn.Sparse<double>();
        Assert.Equal((4, 3, true, DType.Int64), (csc.Rows, csc.Columns, csc.Canonical, csc.IndexType));
        Assert.Equal([0L, 1L, 2L], csc.Positions<long>(2).ToArray());
        Assert.Equal([double.MaxValue, -1, 7], csc.Values(2).ToArray());
    }

    [Fact]
    public void ADictGivesItsScalars()
    {
        using PinnedElement uns = Pin("json", ElementKind.Dict);
        Assert.Equal("Größe", uns.Tree.Find("uns/title")!.Value);
        Assert.Equal(ulong.MaxValue, uns.Tree.Find("uns/big")!.Value);
        Assert.Equal(float.NaN, uns.Tree.Find("uns/nan")!.Value);
        Assert.Equal(ElementKind.Null, uns.Tree.Find("uns/none")!.Kind);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void AGoldenPartIsARecordBatch(string name)
    {
        GoldenPart golden = GoldenPart.Get(name);
        using PinnedElement pinned = Pin(name, ElementKind.Dense);
        using RecordBatch batch = pinned.ToRecordBatch();
        Assert.Equal(golden.Columns[0].Layout.Rows, batch.Length);
        Assert.Equal(golden.Columns.Select(column => column.Layout.Name), batch.Schema.FieldsList.Select(field => field.Name));
        Assert.Equal(golden.Columns.Select(column => column.NullCount), batch.Arrays.Select(array => (long)array.NullCount));
    }

    private static void Same(PartView view, GoldenColumn expected, ColumnLayout column)
    {
        ColumnLayout wanted = expected.Layout;
        Assert.Equal(
            (wanted.Name, wanted.Kind, wanted.Type, wanted.Rows, wanted.Width, wanted.Ordered, wanted.IndexType, wanted.Encoding),
            (column.Name, column.Kind, column.Type, column.Rows, column.Width, column.Ordered, column.IndexType, column.Encoding));
        Assert.Equal((expected.NullCount, expected.Ascii, expected.Canonical), (column.NullCount, column.Ascii, column.Canonical));
        Assert.Equal(wanted.Stored, column.Stored);
        Assert.Equal(wanted.Shape, column.Shape);
        Assert.Equal(expected.Values, view.Span(column.Values).ToArray());
        Assert.Equal(expected.Offsets, view.Span(column.Offsets).ToArray());
        Assert.Equal(expected.Indices, view.Span(column.Indices).ToArray());
        Assert.Equal(expected.Validity, view.Span(column.Validity).ToArray());
        Assert.Equal(expected.Categories is null, column.Categories is null);
        if (expected.Categories is not null) { Same(view, expected.Categories, column.Categories!); }
    }

    private static object?[] Rows(PinnedElement frame, string column) =>
        [.. Enumerable.Range(0, (int)frame.Column(column).Rows).Select(row => frame.Column(column).GetValue(row))];

    private static PinnedElement Pin(string name, ElementKind kind)
    {
        GoldenPart golden = GoldenPart.Get(name);
        using FileDescriptor file = FileDescriptor.Open(golden.Path, Posix.ReadOnly);
        long length = new FileInfo(golden.Path).Length;
        PartPin pin = new(default, TierKind.Hot, "", PartView.Open(file, length), FileStat.Of(file));
        return new PinnedElement(new ElementInfo(golden.Layout.Element, kind), pin, loaded: false);
    }
}
