using AnnDataCache.Tests.Cli;
using Apache.Arrow;
using Apache.Arrow.Types;

namespace AnnDataCache.Tests.Objects;

/// <summary>An Arrow table that is put comes back value by value, here and in pandas, also of a slice.</summary>
public sealed class ArrowTableTests : IDisposable
{
    private readonly TestStore _store = new();
    private readonly Cache _cache;

    public ArrowTableTests() => _cache = _store.Open();

    [Theory]
    [InlineData(0, 20)]
    [InlineData(3, 11)]
    [InlineData(8, 8)]
    [InlineData(5, 0)]
    public void EveryColumnComesBack(int offset, int length)
    {
        RecordBatch table = Table(20).Slice(offset, length);
        _cache.Put("t", table, cancellation: TestContext.Current.CancellationToken);
        using PinnedElement found = _cache.Get("t");
        Assert.Equal([length, 7L], found.Info.Shape);
        Assert.Equal((ElementKind.DataFrame, null), (found.Info.Kind, found.Info.IndexName));
        for (int row = 0; row < length; row++)
        {
            int i = offset + row;
            Assert.Equal(i % 3 == 0 ? null : (object)i, found.Column("int").GetValue(row));
            Assert.Equal(i / 3.0, found.Column("double").GetValue(row));
            Assert.Equal(i % 4 == 1 ? null : i % 2 == 0, found.Column("bool").GetValue(row));
            Assert.Equal(i % 5 == 2 ? null : $"ü{i}", found.Column("string").GetValue(row));
            Assert.Equal(new string('x', i), found.Column("large").GetValue(row));
            Assert.Equal(i % 7 == 6 ? null : i % 2 == 0 ? "even" : "odd", found.Column("category").GetValue(row));
            Assert.Equal((float)(2 * i + 1), found.Column("pair").GetValue(row, item: 1));
        }

        Assert.Empty(_cache.Verify(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void PandasReadsIt()
    {
        Python.Require();
        _cache.Put("t", Table(20), cancellation: TestContext.Current.CancellationToken);
        using PinnedElement found = _cache.Get("t");
        CallResult ran = Python.Run("""
            import json, mmap, os, sys
            import numpy as np, pandas as pd
            file = open(sys.argv[1], "rb"); memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ); size = len(memory)
            tail = memory[max(0, size - 65536):]
            layout = json.JSONDecoder().raw_decode(tail[tail.rindex(b'{"anndata_cache":'):].decode(errors="replace"))[0]
            assert layout["object"] == "t" and layout["source"] == "" and layout["kind"] == "frame"
            columns = {column["name"]: column for column in layout["columns"]}
            def buffer(column, name, dtype):
                offset, length = column.get(name, (0, 0))
                return np.frombuffer(memory, dtype, length // np.dtype(dtype).itemsize, offset)
            def valid(column):
                return np.unpackbits(buffer(column, "validity", "u1"), bitorder="little")[:column["rows"]].astype(bool)
            numbers = pd.array(buffer(columns["int"], "values", "i4"), dtype="Int32"); numbers[~valid(columns["int"])] = pd.NA
            assert numbers.isna().sum() == 7 and numbers[4] == 4
            bytes_, offsets = buffer(columns["string"], "values", "u1").tobytes(), buffer(columns["string"], "offsets", "i8")
            assert bytes_[offsets[4]:offsets[5]].decode() == "ü4" and columns["string"]["null_count"] == 4
            categories = columns["category"]["categories"]
            codes = np.where(valid(columns["category"]), buffer(columns["category"], "values", "i1"), -1)
            assert list(codes[:7]) == [1, 0, 1, 0, 1, 0, -1], codes
            """, found.PartFile);
        Assert.True(ran.ExitCode == 0, ran.Error);
    }

    [Fact]
    public void AnElementsTableIsPutWithItsIndex()
    {
        using CachedAnnData file = _cache.Open(Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad"));
        using PinnedElement obs = file.Pin("obs");
        _cache.Put("obs of pbmc", obs.ToRecordBatch(), cancellation: TestContext.Current.CancellationToken);
        using PinnedElement found = _cache.Get("obs of pbmc");
        Assert.Equal((obs.Info.IndexName, obs.Info.Shape[1]), (found.Info.IndexName, found.Info.Shape[1]));
        Assert.Equal(obs.Columns.Select(column => column.Name), found.Columns.Select(column => column.Name));
        foreach (PinnedColumn column in obs.Columns)
        {
            for (long row = 0; row < column.Rows; row += 37) { Assert.Equal(column.GetValue(row), found.Column(column.Name).GetValue(row)); }
        }
    }

    [Fact]
    public void AColumnOfAnotherTypeIsNamed()
    {
        Date32Array dates = new Date32Array.Builder().Append(new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc)).Build();
        RecordBatch table = new(new Schema([new Field("day", dates.Data.DataType, false)], null), [dates], 1);
        ElementException refused = Assert.Throws<ElementException>(() => _cache.Put("t", table));
        Assert.Equal(CacheError.BadContent, refused.Error);
        Assert.Contains("'day'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("date32", refused.Message, StringComparison.OrdinalIgnoreCase);
    }

    private static RecordBatch Table(int rows)
    {
        Int32Array.Builder ints = new();
        DoubleArray.Builder doubles = new();
        BooleanArray.Builder bools = new();
        StringArray.Builder strings = new(), large = new();
        Int16Array.Builder codes = new();
        FloatArray.Builder pairs = new();
        for (int i = 0; i < rows; i++)
        {
            ints = i % 3 == 0 ? ints.AppendNull() : ints.Append(i);
            doubles.Append(i / 3.0);
            bools = i % 4 == 1 ? bools.AppendNull() : bools.Append(i % 2 == 0);
            strings = i % 5 == 2 ? strings.AppendNull() : strings.Append($"ü{i}");
            large.Append(new string('x', i));
            codes = i % 7 == 6 ? codes.AppendNull() : codes.Append((short)(i % 2 == 0 ? 1 : 0));
            pairs.Append(2 * i).Append((2 * i) + 1);
        }

        StringArray categories = new StringArray.Builder().Append("odd").Append("even").Build();
        DictionaryArray category = new(new DictionaryType(Int16Type.Default, StringType.Default, true), codes.Build(), categories);
        FixedSizeListType pairType = new(new Field("item", FloatType.Default, false), 2);
        FixedSizeListArray pair = new(pairType, rows, pairs.Build(), ArrowBuffer.Empty, 0, 0);
        IArrowArray[] columns = [ints.Build(), doubles.Build(), bools.Build(), strings.Build(), large.Build(), category, pair];
        string[] names = ["int", "double", "bool", "string", "large", "category", "pair"];
        return new RecordBatch(new Schema([.. names.Select((name, i) => new Field(name, columns[i].Data.DataType, true))], null), columns, rows);
    }

    public void Dispose()
    {
        _cache.Dispose();
        _store.Dispose();
    }
}
