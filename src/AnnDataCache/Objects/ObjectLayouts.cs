using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AnnDataCache.Interop;
using AnnDataCache.Parts;
using AnnDataCache.Store;

namespace AnnDataCache.Objects;

/// <summary>Layouts of objects that .NET programs put, with the lengths of their buffers.</summary>
internal static class ObjectLayouts
{
    internal static PartLayout Dense<T>(string name, long count, ReadOnlySpan<long> shape) where T : unmanaged
    {
        if (shape.IsEmpty) { throw new ArgumentException("An array has one axis at least.", nameof(shape)); }
        if (Product(shape) != count || Product(shape[1..]) is not { } width)
        {
            throw new ArgumentException($"{count:N0} values do not have the shape {string.Join(" × ", shape.ToArray())}.", nameof(shape));
        }

        DType type = TypeOf<T>();
        return Object(name, PartKind.Dense, shape.ToArray(), new ColumnLayout
        {
            Name = "X", Kind = ColumnKind.Number, Type = type, Rows = shape[0], Width = width, Values = new BufferRange(0, count * type.Size()),
        });
    }

    /// <summary>Null where it is no number of values.</summary>
    private static long? Product(ReadOnlySpan<long> shape)
    {
        Int128 product = 1;
        foreach (long length in shape)
        {
            product *= length;
            if (length < 0 || product > long.MaxValue) { return null; }
        }

        return (long)product;
    }

    internal static PartLayout Sparse<TIndex, T>(string name, ElementKind kind, long rows, long columns, long offsets, long indices, long values)
        where TIndex : unmanaged
        where T : unmanaged
    {
        if (kind is not (ElementKind.Csr or ElementKind.Csc)) { throw new ArgumentException($"A matrix is Csr or Csc, not {kind}.", nameof(kind)); }
        DType index = TypeOf<TIndex>(), type = TypeOf<T>();
        if (index is not (DType.Int32 or DType.Int64)) { throw new ArgumentException($"Indices are int or long, not {index.Name()}.", nameof(indices)); }
        bool isCsr = kind == ElementKind.Csr;
        return Object(name, isCsr ? PartKind.Csr : PartKind.Csc, [rows, columns], new ColumnLayout
        {
            Name = "X", Kind = ColumnKind.Sparse, Type = type, IndexType = index, Rows = isCsr ? rows : columns,
            Offsets = new BufferRange(0, offsets * index.Size()), Indices = new BufferRange(0, indices * index.Size()),
            Values = new BufferRange(0, values * type.Size()),
        });
    }

    internal static PartLayout Json(string name, long bytes) => Object(name, PartKind.Json, [], new ColumnLayout
    {
        Name = "json", Kind = ColumnKind.Json, Rows = 1, Offsets = new BufferRange(0, 2 * sizeof(long)), Values = new BufferRange(0, bytes),
    });

    /// <exception cref="ElementException">It holds what JSON cannot say, or is nested without end.</exception>
    internal static byte[] TextOf(string name, JsonNode? value)
    {
        ArrayBufferWriter<byte> buffer = new();
        using Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        try
        {
            if (value is null) { writer.WriteNullValue(); }
            else { value.WriteTo(writer); }
            writer.Flush();
            return buffer.WrittenSpan.ToArray();
        }
        catch (Exception wrong) when (wrong is InvalidOperationException or ArgumentException or JsonException or OutOfMemoryException)
        {
            throw ObjectWriter.Bad(name, $"it is no JSON ({wrong.Message.TrimEnd('.')})", wrong);
        }
    }

    internal static PartLayout Object(string name, PartKind kind, IReadOnlyList<long> shape, params ColumnLayout[] columns) => new()
    {
        Kind = kind, Element = name, Source = "", Object = name, Shape = shape, Columns = columns,
    };

    /// <summary>Fills the only column and seals it.</summary>
    internal static PutResult Fill(ObjectWriter writer, ReadOnlySpan<byte> offsets, ReadOnlySpan<byte> indices, ReadOnlySpan<byte> values)
    {
        ColumnLayout column = writer.Layout.Columns[0];
        try
        {
            writer.Target.Write(column.Offsets.Offset, offsets);
            writer.Target.Write(column.Indices.Offset, indices);
            writer.Target.Write(column.Values.Offset, values);
            return writer.Seal(CancellationToken.None);
        }
        catch (PosixException failed)
        {
            throw StoreFault.Explain(failed);
        }
    }

    internal static ReadOnlySpan<byte> Bytes<T>(ReadOnlySpan<T> values) where T : unmanaged => MemoryMarshal.AsBytes(values);

    private static DType TypeOf<T>() where T : unmanaged => typeof(T) switch
    {
        var type when type == typeof(bool) => DType.Bool,
        var type when type == typeof(sbyte) => DType.Int8,
        var type when type == typeof(short) => DType.Int16,
        var type when type == typeof(int) => DType.Int32,
        var type when type == typeof(long) => DType.Int64,
        var type when type == typeof(byte) => DType.UInt8,
        var type when type == typeof(ushort) => DType.UInt16,
        var type when type == typeof(uint) => DType.UInt32,
        var type when type == typeof(ulong) => DType.UInt64,
        var type when type == typeof(Half) => DType.Float16,
        var type when type == typeof(float) => DType.Float32,
        var type when type == typeof(double) => DType.Float64,
        var type when type == typeof(Complex) => DType.Complex128,
        var type => throw new ArgumentException($"{type.Name} is no number that an array of an AnnData file holds."),
    };
}
