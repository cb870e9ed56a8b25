using System.Numerics;
using System.Numerics.Tensors;
using System.Text.Json.Nodes;

namespace AnnDataCache.Tests.Objects;

/// <summary>What is put comes back, in this process and in others; what it takes the place of stays with those who use it.</summary>
public sealed class ObjectTests : IDisposable
{
    private readonly TestStore _store = new();
    private readonly Cache _cache, _other;

    public ObjectTests() => (_cache, _other) = (_store.Open(), _store.Open());

    private string[] Temporaries => Directory.GetFiles(Path.Join(_store.Options.HotFolder, "tmp"));

    [Fact]
    public void ADenseArrayComesBackWithItsShape()
    {
        double[] values = [.. Enumerable.Range(0, 24).Select(i => i / 7.0)];
        PutResult put = _cache.Put<double>("a/b.c", values, [2, 3, 4]);
        Assert.Equal(("a/b.c", "hot", false), (put.Name, put.Tier, put.Replaced));
        using PinnedElement found = _other.Get("a/b.c");
        Assert.Equal((ElementKind.Dense, DType.Float64, "a/b.c"), (found.Info.Kind, found.Info.Type!.Value, found.Info.Path));
        Assert.Equal([2L, 3, 4], found.Info.Shape);
        Assert.Equal(values, found.Columns[0].Values.Span<double>().ToArray());
        Assert.Equal(23 / 7.0, found.Dense<double>()[[1, 2, 3]]);
        Assert.Equal((put.File, put.Bytes), (found.PartFile, found.Bytes));
    }

    [Fact]
    public void NumbersOfEveryTypeComeBack()
    {
        Same<bool, byte>([true, false, true], [1, 0, 1]);
        Same<sbyte, sbyte>([-1, 2], [-1, 2]);
        Same<ushort, ushort>([65535], [65535]);
        Same<ulong, ulong>([ulong.MaxValue], [ulong.MaxValue]);
        Same<Half, Half>([Half.Epsilon, Half.NaN], [Half.Epsilon, Half.NaN]);
        Same<float, float>([float.NegativeInfinity, -0f], [float.NegativeInfinity, -0f]);
        Same<Complex, Complex>([new(1, -2)], [new(1, -2)]);
        Same<int, int>([], []);

        void Same<T, TRead>(T[] values, TRead[] expected) where T : unmanaged where TRead : unmanaged
        {
            _cache.Put<T>("n", values, [values.Length]);
            using PinnedElement found = _other.Get("n");
            Assert.Equal(expected, found.Columns[0].Values.Span<TRead>().ToArray());
        }
    }

    [Theory]
    [InlineData(ElementKind.Csr, true)]
    [InlineData(ElementKind.Csc, false)]
    public void ASparseMatrixComesBackAndItsOrderIsFound(ElementKind kind, bool sorted)
    {
        int[] indices = sorted ? [0, 3, 1] : [3, 0, 1];
        (long rows, long columns) = kind == ElementKind.Csr ? (2, 4) : (4, 2);
        _cache.Put<int, float>("m", kind, rows, columns, [0, 2, 3], indices, [1, 2, 3]);
        using PinnedElement found = _other.Get("m");
        SparseMatrix<float> matrix = found.Sparse<float>();
        Assert.Equal((kind == ElementKind.Csr, rows, columns, 3L, sorted), (matrix.IsCsr, matrix.Rows, matrix.Columns, matrix.NonZeros, matrix.Canonical));
        Assert.Equal(indices[..2], matrix.Positions<int>(0).ToArray());
        Assert.Equal(3L, found.Info.NonZeros);
    }

    [Fact]
    public void AMatrixThatContradictsItselfIsRefusedAndNothingOfItIsLeft()
    {
        Refuse("index", [0, 2, 3], [0, 4, 1]);
        Refuse("offset", [0, 3, 2], [0, 1, 1]);
        Refuse("offsets", [0, 2, 4], [0, 1, 1]);
        Refuse("offsets", [0, 2], [0, 1, 1]);
        Assert.Empty(_cache.List());
        Assert.Empty(Temporaries);
        Assert.Equal(0, _cache.Usage().UsedBytes);

        void Refuse(string why, long[] offsets, long[] indices)
        {
            ElementException refused = Assert.Throws<ElementException>(() => _cache.Put<long, float>("m", ElementKind.Csr, 2, 4, offsets, indices, [1, 2, 3]));
            Assert.Equal(CacheError.BadContent, refused.Error);
            Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void PlainDataComeBack()
    {
        JsonNode value = JsonNode.Parse("""{"a":[1,2.5,null,true],"ü":{"deep":"\"{\\\"anndata_cache\\\":"}}""")!;
        _cache.Put("j", value);
        using PinnedElement found = _other.Get("j");
        Assert.True(JsonNode.DeepEquals(value, found.Json()));
        Assert.Throws<InvalidOperationException>(() => found.Tree);
        _cache.Put("nothing", (JsonNode?)null);
        Assert.Null(_other.Get("nothing").Json());
        JsonNode? deep = null;
        for (int i = 0; i < 70; i++) { deep = new JsonArray(deep); }
        Assert.Equal(CacheError.BadContent, Assert.Throws<ElementException>(() => _cache.Put("deep", deep)).Error);
        Assert.Equal(CacheError.BadContent, Assert.Throws<ElementException>(() => _cache.Put("deep", JsonValue.Create(double.NaN))).Error);
        Assert.False(_cache.Contains("deep"));
    }

    [Fact]
    public void AnObjectIsFoundUntilItIsDeletedAndWhoUsesItKeepsIt()
    {
        Assert.False(_cache.Contains("x"));
        Assert.False(_cache.TryGet("x", out _));
        Assert.Equal(CacheError.ElementNotFound, Assert.Throws<ElementException>(() => _cache.Get("x")).Error);
        Assert.False(_cache.Delete("x"));
        _cache.Put<int>("x", [1, 2], [2]);
        using (PinnedElement held = _other.Get("x"))
        {
            Assert.True(_cache.Delete("x"));
            Assert.False(_cache.Contains("x"));
            Assert.False(_other.Contains("x"));
            Assert.False(_other.TryGet("x", out _)); // a held handle does not bring it back
            Assert.Equal([1, 2], held.Columns[0].Values.Span<int>().ToArray());
            Assert.Single(Temporaries);
            Assert.True(_cache.Usage().UsedBytes > 0); // it counts as long as somebody has it
        }

        Assert.Equal(0, _cache.Usage().UsedBytes);
        Assert.Empty(Temporaries);
    }

    [Fact]
    public void AnOverwriteIsSeenAtOnceByAllWhoAskAndByNoneWhoHold()
    {
        _cache.Put<int>("x", [1], [1]);
        using PinnedElement before = _other.Get("x"), mine = _cache.Get("x");
        PutResult put = _cache.Put<int>("x", [2, 3], [2]);
        Assert.True(put.Replaced);
        using PinnedElement after = _other.Get("x"), again = _other.Get("x"), own = _cache.Get("x");
        Assert.Equal([1], before.Columns[0].Values.Span<int>().ToArray());
        Assert.All([after, again, own], found => Assert.Equal([2, 3], found.Columns[0].Values.Span<int>().ToArray()));
        StoredPart listed = Assert.Single(_cache.List());
        Assert.Equal(("x", "", true, true, false), (listed.Element, listed.Source, listed.IsObject, listed.Pinned, listed.Stale));
        Assert.Equal((1L, 4096L), (_cache.Usage().Objects, _cache.Usage().ObjectBytes));
        Assert.Empty(_cache.Verify(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void WhatIsNotToBeOverwrittenStays()
    {
        _cache.Put<int>("x", [1], [1]);
        ElementException refused = Assert.Throws<ElementException>(() => _other.Put<int>("x", [2], [1], overwrite: false));
        Assert.Equal(CacheError.ObjectExists, refused.Error);
        using PinnedElement found = _cache.Get("x");
        Assert.Equal(1, found.Dense<int>()[[0]]);
        Assert.False(_cache.Put<int>("y", [2], [1], overwrite: false).Replaced);
    }

    [Fact]
    public void NamesAndShapesThatMakeNoSenseAreRefused()
    {
        Assert.Throws<ArgumentException>(() => _cache.Put<int>("", [1], [1]));
        Assert.Throws<ArgumentException>(() => _cache.Put<int>("a\0b", [1], [1]));
        Assert.Throws<ArgumentException>(() => _cache.Put<int>("\ud800", [1], [1]));
        Assert.Throws<ArgumentException>(() => _cache.Put<int>(new string('x', 1025), [1], [1]));
        Assert.Throws<ArgumentException>(() => _cache.Put<int>("x", [1], [2]));
        Assert.Throws<ArgumentException>(() => _cache.Put<int>("x", [1], []));
        Assert.Throws<ArgumentException>(() => _cache.Put<int>("x", [1], [-1, -1]));
        Assert.Throws<ArgumentException>(() => _cache.Put<int>("x", [], [long.MaxValue, long.MaxValue, long.MaxValue, 0, 4]));
        Assert.Throws<ArgumentException>(() => _cache.Put<char>("x", ['a'], [1]));
        Assert.Throws<ArgumentException>(() => _cache.Put<int, int>("x", ElementKind.Dense, 1, 1, [0, 0], [], []));
        _cache.Put<int>(new string('x', 1024), [1], [1]);
        _cache.Put<int>("../../etc/passwd", [1], [1]);
        Assert.Equal(2, _cache.List().Count);
    }

    [Fact]
    public void AFilesElementsAndObjectsDoNotMeet()
    {
        using CachedAnnData file = _cache.Open(Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad"));
        using PinnedElement x = file.Pin("X");
        _cache.Put<int>("X", [1], [1]);
        using PinnedElement found = _cache.Get("X"), again = file.Pin("X");
        Assert.Equal(ElementKind.Dense, found.Info.Kind);
        Assert.Equal(ElementKind.Csr, again.Info.Kind);
        Assert.Equal(1, _cache.Clear().Pinned > 0 ? 1 : 0);
        _cache.Evict(file.Path);
        Assert.True(_cache.Contains("X"));
    }

    [Fact]
    public void AnObjectKeepsNothingFromEvictionOnceNobodyUsesIt()
    {
        _cache.Put<int>("x", [1], [1]);
        _cache.Get("x").Dispose();
        Assert.Equal((0, 1), _other.Clear()); // this process keeps it mapped for its next ask
        _cache.Dispose();
        Assert.Equal((1, 0), _other.Clear());
        Assert.False(_other.Contains("x"));
    }

    public void Dispose()
    {
        _cache.Dispose();
        _other.Dispose();
        _store.Dispose();
    }
}
