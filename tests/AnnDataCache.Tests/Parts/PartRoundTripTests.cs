using System.Runtime.InteropServices;
using AnnDataCache.Interop;
using AnnDataCache.Parts;
using Apache.Arrow;
using Apache.Arrow.Ipc;

namespace AnnDataCache.Tests.Parts;

/// <summary>What is written as a part, a reader that is not ours reads as Arrow, and ours reads as a layout.</summary>
public sealed class PartRoundTripTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("parts-");

    [Fact]
    public void ADataframeIsArrowWithDictionariesNullsAndBitmaps()
    {
        ColumnLayout categories = new() { Name = "categories", Kind = ColumnKind.String, Rows = 2, Values = new(0, 2), Offsets = new(0, 24) };
        ColumnLayout type = new()
        {
            Name = "type", Kind = ColumnKind.Categorical, Type = DType.Int8, Rows = 3, Ordered = true,
            Values = new(0, 3), Validity = new(0, 1), Categories = categories,
        };
        ColumnLayout score = new() { Name = "score", Kind = ColumnKind.Number, Type = DType.Float64, Rows = 3, Values = new(0, 24) };
        ColumnLayout flag = new() { Name = "flag", Kind = ColumnKind.Bool, Type = DType.Bool, Rows = 3, Values = new(0, 1) };
        ColumnLayout text = new() { Name = "text", Kind = ColumnKind.String, Rows = 3, Values = new(0, 4), Offsets = new(0, 32) };
        PartLayout layout = Layout(PartKind.Frame, [3, 4], [text, type, score, flag], index: "text");
        string path = Write(layout, target =>
        {
            target.Write(categories.Values.Offset, "ab"u8);
            target.Write(categories.Offsets.Offset, MemoryMarshal.AsBytes<long>([0, 1, 2]));
            target.Write(type.Values.Offset, [1, 0, 0]);
            target.Write(type.Validity.Offset, [0b011]);
            type.NullCount = 1;
            target.Write(score.Values.Offset, MemoryMarshal.AsBytes<double>([1.5, double.NaN, -2]));
            target.Write(flag.Values.Offset, [0b101]);
            target.Write(text.Values.Offset, "xyzz"u8);
            target.Write(text.Offsets.Offset, MemoryMarshal.AsBytes<long>([0, 1, 2, 4]));
        });

        using ArrowFileReader reader = new(File.OpenRead(path));
        using RecordBatch batch = reader.ReadNextRecordBatch();
        DictionaryArray types = (DictionaryArray)batch.Column("type");
        Assert.Equal(1, types.NullCount);
        Assert.True(((Apache.Arrow.Types.DictionaryType)types.Data.DataType).Ordered);
        Assert.Equal("b", ((LargeStringArray)types.Dictionary).GetString(((Int8Array)types.Indices).GetValue(0)!.Value));
        Assert.Equal(-2, ((DoubleArray)batch.Column("score")).GetValue(2));
        Assert.True(((BooleanArray)batch.Column("flag")).GetValue(2));
        Assert.Equal("zz", ((LargeStringArray)batch.Column("text")).GetString(2));
        Assert.Contains("\"index_columns\":[\"text\"]", reader.Schema.Metadata["pandas"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void EveryNumberOfColumnsFindsItsPlace(int rows)
    {
        for (int count = 1; count <= 40; count++)
        {
            ColumnLayout[] columns = [.. Enumerable.Range(0, count).Select(i => i == 0
                ? new ColumnLayout { Name = "text", Kind = ColumnKind.String, Rows = rows, Offsets = new(0, (rows + 1) * sizeof(long)) }
                : new ColumnLayout { Name = $"c{i}", Kind = ColumnKind.Number, Type = DType.Int8, Rows = rows, Values = new(0, rows) })];
            PartLayout layout = Layout(PartKind.Frame, [rows, count], columns);
            string path = Write(layout, target =>
            {
                target.Write(columns[0].Offsets.Offset, new byte[columns[0].Offsets.Length]);
            });
            using ArrowFileReader reader = new(File.OpenRead(path));
            using RecordBatch batch = reader.ReadNextRecordBatch();
            Assert.Equal((rows, count), (batch.Length, batch.ColumnCount));
        }
    }

    [Fact]
    public void ASparseMatrixIsAListOfIndexAndValue()
    {
        ColumnLayout column = new()
        {
            Name = "X", Kind = ColumnKind.Sparse, Type = DType.Float32, IndexType = DType.Int32, Rows = 2,
            Offsets = new(0, 12), Indices = new(0, 12), Values = new(0, 12),
        };
        string path = Write(Layout(PartKind.Csr, [2, 5], [column]), target =>
        {
            target.Write(column.Offsets.Offset, MemoryMarshal.AsBytes<int>([0, 1, 3]));
            target.Write(column.Indices.Offset, MemoryMarshal.AsBytes<int>([4, 0, 2]));
            target.Write(column.Values.Offset, MemoryMarshal.AsBytes<float>([1, 2, 3]));
        });

        using ArrowFileReader reader = new(File.OpenRead(path));
        using RecordBatch batch = reader.ReadNextRecordBatch();
        ListArray rows = (ListArray)batch.Column(0);
        StructArray second = (StructArray)rows.GetSlicedValues(1);
        Assert.Equal([0, 2], ((Int32Array)second.Fields[0]).Values.ToArray());
        Assert.Equal([2f, 3f], ((FloatArray)second.Fields[1]).Values.ToArray());
        Assert.Equal("[2,5]", reader.Schema.FieldsList[0].Metadata["shape"]);
    }

    [Theory]
    [InlineData(3, 2)]
    [InlineData(0, 2)]
    [InlineData(3, 1)]
    public void ADenseMatrixIsAFixedSizeList(int rows, int width)
    {
        ColumnLayout column = new()
        {
            Name = "X", Kind = ColumnKind.Number, Type = DType.Int16, Rows = rows, Width = width, Values = new(0, rows * width * 2),
        };
        short[] values = [.. Enumerable.Range(1, rows * width).Select(value => (short)value)];
        string path = Write(Layout(PartKind.Dense, [rows, width], [column]), target => target.Write(column.Values.Offset, MemoryMarshal.AsBytes(values.AsSpan())));

        using ArrowFileReader reader = new(File.OpenRead(path));
        using RecordBatch batch = reader.ReadNextRecordBatch();
        IArrowArray read = batch.Column(0);
        Int16Array flat = (Int16Array)(width == 1 ? read : ((FixedSizeListArray)read).Values);
        Assert.Equal(rows, batch.Length);
        Assert.Equal(values, flat.Values.ToArray());
    }

    [Fact]
    public void OurReaderGivesTheLayoutBack()
    {
        ColumnLayout column = new()
        {
            Name = "Größe", Kind = ColumnKind.Number, Type = DType.UInt8, Rows = 5, Values = new(0, 5), Validity = new(0, 1), Encoding = "nullable-integer",
            Stored = new Dictionary<string, string> { ["codes"] = "uint8" },
        };
        string path = Write(Layout(PartKind.Column, [5], [column]), target =>
        {
            target.Write(column.Values.Offset, [1, 2, 3, 4, 5]);
            target.Write(column.Validity.Offset, [0b10111]);
            column.NullCount = 1;
        });

        using FileDescriptor file = FileDescriptor.Open(path, Posix.ReadOnly);
        using PartView view = PartView.Open(file, new FileInfo(path).Length);
        ColumnLayout read = Assert.Single(view.Layout.Columns);
        Assert.Equal("Größe", read.Name);
        Assert.Equal(1, read.NullCount);
        Assert.Equal("uint8", read.Stored!["codes"]);
        Assert.Equal([1, 2, 3, 4, 5], view.Span(read.Values).ToArray());
    }

    private static PartLayout Layout(PartKind kind, long[] shape, ColumnLayout[] columns, string? index = null) =>
        new() { Kind = kind, Element = "e", Source = "/s.h5ad", Shape = shape, Columns = columns, IndexName = index };

    private unsafe string Write(PartLayout layout, Action<ByteTarget> fill)
    {
        PartPlan plan = PartPlan.Create(layout);
        using NativeBuffer memory = new(plan.FileLength);
        memory.Span(0, (int)plan.FileLength).Clear();
        MemoryTarget target = new(memory.Address, memory.Length);
        fill(target);
        plan.WriteFraming(target);
        string path = Path.Join(_folder.FullName, "part.arrow");
        File.WriteAllBytes(path, memory.Span(0, (int)plan.FileLength));
        return path;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
