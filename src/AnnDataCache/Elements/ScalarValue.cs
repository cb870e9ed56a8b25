using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using AnnDataCache.Containers;

namespace AnnDataCache.Elements;

/// <summary>Values of scalars, boxed in exactly the type that is stored.</summary>
internal static class ScalarValue
{
    /// <summary>A scalar string longer than this is refused: it would sit in a JSON text that every reader parses.</summary>
    internal const int MaxStringBytes = 256 << 20;

    /// <summary>Null for a null array.</summary>
    internal static object? Read(ContainerArray array)
    {
        if (array.IsNull) { return null; }
        if (array.Type.IsString) { return ReadString(array); }
        Span<byte> bytes = stackalloc byte[16];
        bytes = bytes[..array.Type.Size];
        array.ReadRows(0, 1, bytes);
        return FromBytes(array.Type.Number!.Value, bytes);
    }

    private static string ReadString(ContainerArray array)
    {
        using StringCursor cursor = array.OpenStrings(0, 1);
        StringBlock block = new();
        if (!cursor.Read(block) || block.Count == 0) { return ""; }
        if (block[0].Length > MaxStringBytes)
        {
            throw new UnsupportedContainerException(
                $"'{array.Path}' is one string of {block[0].Length:N0} bytes; at most {MaxStringBytes:N0} are read");
        }

        return Encoding.UTF8.GetString(block[0]);
    }

    /// <summary>The number whose little-endian bytes these are.</summary>
    internal static object FromBytes(DType type, ReadOnlySpan<byte> bytes) => type switch
    {
        DType.Bool => bytes[0] != 0,
        DType.Int8 => (sbyte)bytes[0],
        DType.UInt8 => bytes[0],
        DType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        DType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        DType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        DType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        DType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        DType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        DType.Float16 => BinaryPrimitives.ReadHalfLittleEndian(bytes),
        DType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        DType.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        DType.Complex64 => new Complex(
            BinaryPrimitives.ReadSingleLittleEndian(bytes), BinaryPrimitives.ReadSingleLittleEndian(bytes[4..])),
        DType.Complex128 => new Complex(
            BinaryPrimitives.ReadDoubleLittleEndian(bytes), BinaryPrimitives.ReadDoubleLittleEndian(bytes[8..])),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not a DType."),
    };

    /// <summary>The little-endian bytes of a number that <see cref="FromBytes"/> made.</summary>
    internal static byte[] ToBytes(DType type, object value)
    {
        byte[] bytes = new byte[type.Size()];
        switch (value)
        {
            case bool flag: bytes[0] = flag ? (byte)1 : (byte)0; break;
            case sbyte small: bytes[0] = (byte)small; break;
            case byte small: bytes[0] = small; break;
            case short number: BinaryPrimitives.WriteInt16LittleEndian(bytes, number); break;
            case ushort number: BinaryPrimitives.WriteUInt16LittleEndian(bytes, number); break;
            case int number: BinaryPrimitives.WriteInt32LittleEndian(bytes, number); break;
            case uint number: BinaryPrimitives.WriteUInt32LittleEndian(bytes, number); break;
            case long number: BinaryPrimitives.WriteInt64LittleEndian(bytes, number); break;
            case ulong number: BinaryPrimitives.WriteUInt64LittleEndian(bytes, number); break;
            case Half number: BinaryPrimitives.WriteHalfLittleEndian(bytes, number); break;
            case float number: BinaryPrimitives.WriteSingleLittleEndian(bytes, number); break;
            case double number: BinaryPrimitives.WriteDoubleLittleEndian(bytes, number); break;
            case Complex number when type == DType.Complex64:
                BinaryPrimitives.WriteSingleLittleEndian(bytes, (float)number.Real);
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4), (float)number.Imaginary);
                break;
            case Complex number:
                BinaryPrimitives.WriteDoubleLittleEndian(bytes, number.Real);
                BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(8), number.Imaginary);
                break;
            default: throw new ArgumentException($"{value.GetType()} is no number of an AnnData file.", nameof(value));
        }

        return bytes;
    }
}

/// <summary>How an array is stored, for people.</summary>
internal static class StorageText
{
    internal static string Of(ContainerArray array)
    {
        StorageSummary storage = array.Storage;
        StringBuilder text = new(array.Type.Description);
        text.Append(", ").Append(storage.Layout);
        if (storage.Chunk.Count > 0) { text.Append(' ').AppendJoin(" × ", storage.Chunk); }
        foreach (string filter in storage.Filters) { text.Append(", ").Append(filter); }
        return text.ToString();
    }
}
