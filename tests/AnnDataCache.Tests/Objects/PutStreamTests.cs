using System.Buffers.Binary;
using System.Text;
using AnnDataCache.Tests.Cli;

namespace AnnDataCache.Tests.Objects;

/// <summary>The stream by which other languages put objects: what a Python script writes is read, and what lies is refused.</summary>
public sealed class PutStreamTests : IDisposable
{
    /// <summary>As a program would that has nothing but numpy: see docs/part-format.md.</summary>
    private const string Script = """
        import json, pickle, struct, subprocess, sys
        import numpy as np
        executable = sys.argv[1]

        def put(name, header, *buffers):
            text = json.dumps(header).encode()
            stream = b"ADCPUT1\n" + struct.pack("<Q", len(text)) + text + b"".join(bytes(buffer) for buffer in buffers)
            subprocess.run([executable, "put", name, "--json"], input=stream, check=True)

        def strings(name, values):
            parts = [value.encode() for value in values]
            offsets = np.cumsum([0] + [len(part) for part in parts]).astype("i8")
            column = {"name": name, "kind": "string", "rows": len(parts), "offsets": offsets.nbytes, "values": sum(map(len, parts))}
            return column, [offsets, b"".join(parts)]

        cells, cell_buffers = strings("cell", ["AAAC-1", "AAAG-1", "Zürich"])
        types, type_buffers = strings("categories", ["B", "T"])
        put("frame", {"kind": "frame", "shape": [3, 4], "index": "cell", "pandas": {"columns": [["a", 1], None]}, "columns": [cells,
            {"name": "n", "kind": "number", "dtype": "int32", "rows": 3, "validity": 1, "values": 12},
            {"name": "ok", "kind": "bool", "dtype": "bool", "rows": 3, "values": 1},
            {"name": "type", "kind": "categorical", "dtype": "int8", "rows": 3, "ordered": True, "validity": 1, "values": 3, "categories": types},
            {"name": "x", "kind": "number", "dtype": "float64", "rows": 3, "values": 24}]},
            *cell_buffers, b"\5", np.array([1, 0, 3], "i4"), np.packbits([1, 0, 1], bitorder="little"), b"\3", np.array([1, 0, 0], "i1"), *type_buffers,
            np.array([.5, np.nan, -1]))
        big = np.arange(400_000, dtype="i8")
        put("dense", {"kind": "dense", "shape": [2, 200_000], "columns": [
            {"name": "X", "kind": "number", "dtype": "int64", "rows": 2, "width": 200_000, "values": big.nbytes}]}, big)
        put("csr", {"kind": "csr", "shape": [2, 5], "columns": [{"name": "X", "kind": "sparse", "dtype": "float32", "index_dtype": "int32", "rows": 2,
            "offsets": 12, "indices": 12, "values": 12}]}, np.array([0, 1, 3], "i4"), np.array([4, 0, 2], "i4"), np.array([1, 2, 3], "f4"))
        text = json.dumps({"a": [1, None, "ü"], "b": 1e300}, ensure_ascii=False).encode()
        put("json", {"kind": "json", "shape": [], "columns": [{"name": "json", "kind": "json", "rows": 1, "offsets": 16, "values": len(text)}]},
            np.array([0, len(text)], "i8"), text)
        buffers = []
        data = pickle.dumps({"array": big}, protocol=5, buffer_callback=buffers.append)
        rows = [data] + [buffer.raw().tobytes() for buffer in buffers]
        put("pickle", {"kind": "pickle", "shape": [], "columns": [
            {"name": str(i), "kind": "bytes", "rows": 1, "offsets": 16, "values": len(row)} for i, row in enumerate(rows)]},
            *(part for row in rows for part in (np.array([0, len(row)], "i8"), row)))
        """;

    private readonly TestStore _store = new();
    private readonly Cache _cache;

    public PutStreamTests() => _cache = _store.Open();

    [Fact]
    public void WhatAPythonScriptPutsIsReadHere()
    {
        Python.Require();
        using CommandLine line = new();
        CallResult ran = Python.Run(Script, CommandLine.Executable, line);
        Assert.True(ran.ExitCode == 0, ran.Error);
        using Cache cache = Cache.Open(line.Options);
        using PinnedElement frame = cache.Get("frame");
        Assert.Equal((ElementKind.DataFrame, "cell"), (frame.Info.Kind, frame.Info.IndexName));
        Assert.Equal(["AAAC-1", "AAAG-1", "Zürich"], Rows(frame, "cell"));
        Assert.Equal([1, null, 3], Rows(frame, "n"));
        Assert.Equal([true, false, true], Rows(frame, "ok"));
        Assert.Equal(["T", "B", null], Rows(frame, "type"));
        Assert.Equal([0.5, double.NaN, -1.0], Rows(frame, "x"));
        Assert.True(frame.Column("type").Ordered);
        Assert.Equal((1L, 1L), (frame.Column("n").NullCount, frame.Column("type").NullCount)); // nobody said so: they were counted
        using PinnedElement dense = cache.Get("dense"), csr = cache.Get("csr"), json = cache.Get("json"), pickle = cache.Get("pickle");
        Assert.Equal(399_999, dense.Dense<long>()[[1, 199_999]]);
        Assert.Equal((3L, true), (csr.Sparse<float>().NonZeros, csr.Sparse<float>().Canonical));
        Assert.Equal("ü", json.Json()!["a"]![2]!.GetValue<string>());
        Assert.Equal((ElementKind.Pickle, 2), (pickle.Info.Kind, pickle.Columns.Count));
        Assert.Equal(399_999, pickle.Columns[1].Values.Count / sizeof(long) - 1);
        Apache.Arrow.RecordBatch batch = pickle.ToRecordBatch(); // also for readers that know Arrow alone
        Assert.Equal((1, 2), (batch.Length, batch.ColumnCount));
        Assert.Equal(3_200_000, Assert.IsType<Apache.Arrow.LargeBinaryArray>(batch.Column(1)).GetBytes(0).Length);
        Assert.Empty(cache.Verify(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("too short", "ends in the values")]
    [InlineData("too long", "goes on")]
    [InlineData("no magic", "does not start")]
    [InlineData("empty", "ends in the magic")]
    [InlineData("huge header", "its header has")]
    [InlineData("cut header", "ends in the header")]
    public void AStreamThatIsCutOrGoesOnIsRefused(string damage, string why)
    {
        byte[] good = PutBytes.Dense(7, 100);
        byte[] bad = damage switch
        {
            "too short" => good[..^1],
            "too long" => [.. good, 0],
            "no magic" => [.. "ADCPUT2\n"u8, .. good[8..]],
            "empty" => [],
            "huge header" => [.. good[..8], 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, .. good[16..]],
            _ => good[..30],
        };
        Refuse(bad, why);
        using MemoryStream stream = new(good);
        Assert.Equal(100, _cache.PutStream("x", stream, cancellation: TestContext.Current.CancellationToken).Bytes is > 100 and < 4096 ? 100 : 0);
    }

    [Theory]
    [InlineData("""{"kind":"dense","shape":[3],"columns":[{"name":"X","kind":"number","dtype":"uint8","rows":3,"values":4}]}""", "values have 4 bytes where 3")]
    [InlineData("""{"kind":"dense","shape":[4],"columns":[{"name":"X","kind":"number","dtype":"uint8","rows":3,"values":3}]}""", "one column of its shape")]
    [InlineData("""{"kind":"dense","shape":[3],"columns":[{"name":"X","kind":"number","dtype":"uint8","rows":3,"values":-3}]}""", "negative")]
    [InlineData("""{"kind":"dense","shape":[3],"columns":[{"name":"X","kind":"number","dtype":"uint8","rows":3,"valuse":3}]}""", "'valuse'")]
    [InlineData("""{"kind":"dense","shape":[3],"source":"/etc/passwd","columns":[]}""", "'source'")]
    [InlineData("""{"kind":"dense","kind":"dense","shape":[3],"columns":[]}""", "uplicate")]
    [InlineData("""{"kind":"cube","shape":[3],"columns":[]}""", "'cube'")]
    [InlineData("""{"kind":"frame","shape":[1,1],"index":"b","columns":[{"name":"a","kind":"number","dtype":"uint8","rows":1,"values":1}]}""", "index")]
    [InlineData("""{"kind":"frame","shape":[1,2],"columns":[{"name":"a","kind":"number","dtype":"uint8","rows":1,"values":1}]}""", "shape")]
    [InlineData("""{"kind":"frame","shape":[1,0],"pandas":{"anndata_cache":1},"columns":[]}""", "starts as a layout")]
    [InlineData("""{"kind":"pickle","shape":[],"columns":[{"name":"a","kind":"bytes","rows":2,"offsets":24,"values":1}]}""", "one row")]
    [InlineData("""{"kind":"dense","shape":[9000000000000000000],"columns":[{"name":"X","kind":"number","dtype":"float64","rows":9000000000000000000,"values":8}]}""", "2^63")]
    [InlineData("""{"kind":"csr","shape":[9223372036854775807,1],"columns":[{"name":"X","kind":"sparse","dtype":"uint8","index_dtype":"int64","rows":9223372036854775807,"offsets":8,"values":0}]}""", "2^63")]
    [InlineData("[]", "header cannot be read")]
    [InlineData("""{"kind":"dense","shape":[3],""", "header cannot be read")]
    public void AHeaderThatLiesIsRefusedBeforeRoomIsTaken(string header, string why) => Refuse(PutBytes.Of(header, [1, 2, 3]), why);

    [Fact]
    public void AHeaderThatIsNestedWithoutEndIsRefused()
    {
        string deep = "{\"name\":\"a\",\"kind\":\"list\",\"rows\":0,\"offsets\":8,\"items\":";
        string header = "{\"kind\":\"column\",\"shape\":[0],\"columns\":[" + string.Concat(Enumerable.Repeat(deep, 100_000));
        Refuse(PutBytes.Of(header), "depth");
        Refuse(PutBytes.Of("{\"kind\":\"frame\",\"shape\":[0,0],\"columns\":[],\"pandas\":" + new string('[', 60) + new string(']', 60) + "}"), "depth");
    }

    [Fact]
    public void AClaimOfExabytesIsTooLargeAndCostsNothing()
    {
        const string Header = """{"kind":"dense","shape":[1000000000000000000],"columns":[{"name":"X","kind":"number","dtype":"uint8","rows":1000000000000000000,"values":1000000000000000000}]}""";
        using MemoryStream stream = new(PutBytes.Of(Header));
        StoreException refused = Assert.Throws<StoreException>(() => _cache.PutStream("x", stream));
        Assert.Equal(CacheError.TooLarge, refused.Error);
        AssertNothingIsLeft();
    }

    [Theory]
    [InlineData("NaN")]
    [InlineData("{\"a\":1}}")]
    [InlineData("")]
    [InlineData("{\"a\":")]
    public void TextThatIsNotJsonIsRefused(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text), offsets = new byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(offsets.AsSpan(8), bytes.Length);
        Refuse(PutBytes.Of($$"""{"kind":"json","shape":[],"columns":[{"name":"json","kind":"json","rows":1,"offsets":16,"values":{{bytes.Length}}}]}""", offsets, bytes), "not JSON");
    }

    [Fact]
    public void StringsAndCodesThatLieAreRefused()
    {
        const string Strings = """{"kind":"column","shape":[1],"columns":[{"name":"a","kind":"string","rows":1,"offsets":16,"values":2}]}""";
        Refuse(PutBytes.Of(Strings, [0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0], [0xC3, 0x28]), "UTF-8");
        Refuse(PutBytes.Of(Strings, [0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0], [65, 66]), "offsets run");
        const string Codes = """{"kind":"column","shape":[1],"columns":[{"name":"a","kind":"categorical","dtype":"int8","rows":1,"values":1,"categories":{"name":"c","kind":"number","dtype":"uint8","rows":1,"values":1}}]}""";
        Refuse(PutBytes.Of(Codes, [1], [9]), "code 1");
        Refuse(PutBytes.Of(Codes, [0xFF], [9]), "code -1");
    }

    [Fact]
    public void AStreamThatBreaksOrIsCancelledLeavesNothing()
    {
        using CancellationTokenSource cancel = new();
        using Trickle broken = new(PutBytes.Dense(1, 5_000_000), () => throw new IOException("the pipe broke"));
        Assert.Contains("the pipe broke", Assert.Throws<ElementException>(() => _cache.PutStream("x", broken)).Message, StringComparison.Ordinal);
        AssertNothingIsLeft();
        using Trickle cancelled = new(PutBytes.Dense(1, 5_000_000), cancel.Cancel);
        Assert.ThrowsAny<OperationCanceledException>(() => _cache.PutStream("x", cancelled, cancellation: cancel.Token));
        AssertNothingIsLeft();
        using Trickle slow = new(PutBytes.Dense(1, 5_000_000), () => { });
        _cache.PutStream("x", slow);
        Assert.True(_cache.Contains("x"));
    }

    private static object?[] Rows(PinnedElement frame, string column) =>
        [.. Enumerable.Range(0, (int)frame.Column(column).Rows).Select(row => frame.Column(column).GetValue(row))];

    private void Refuse(byte[] bytes, string why)
    {
        using MemoryStream stream = new(bytes);
        ElementException refused = Assert.Throws<ElementException>(() => _cache.PutStream("x", stream));
        Assert.Equal(CacheError.BadContent, refused.Error);
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        AssertNothingIsLeft();
    }

    private void AssertNothingIsLeft()
    {
        Assert.False(_cache.Contains("x"));
        Assert.Equal(0, _cache.Usage().UsedBytes);
        Assert.Empty(Directory.GetFiles(Path.Join(_store.Options.HotFolder, "tmp")));
    }

    public void Dispose()
    {
        _cache.Dispose();
        _store.Dispose();
    }

    /// <summary>Gives a few bytes at a time, as pipes do, and does something in the middle.</summary>
    private sealed class Trickle(byte[] bytes, Action halfway) : MemoryStream(bytes)
    {
        private bool _isPast;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!_isPast && Position > Length / 2)
            {
                _isPast = true;
                halfway();
            }

            return base.ReadAsync(buffer[..Math.Min(buffer.Length, 70_000)], cancellationToken);
        }
    }
}
