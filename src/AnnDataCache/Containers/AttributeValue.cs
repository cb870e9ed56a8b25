using System.Buffers.Binary;

namespace AnnDataCache.Containers;

/// <summary>A small value on a node: numbers as little-endian bytes, or strings.</summary>
/// <param name="Type">As stored.</param>
/// <param name="Shape">Empty for a scalar.</param>
/// <param name="Numbers">Little-endian values when the type is a number or a reference; else empty.</param>
/// <param name="Strings">Values when the type is a string; else empty. A null array has neither.</param>
internal sealed record AttributeValue(
    StoredType Type, IReadOnlyList<long> Shape, ReadOnlyMemory<byte> Numbers, IReadOnlyList<string> Strings)
{
    /// <summary>The only string, or null when it is not exactly one string.</summary>
    internal string? AsString() => Strings.Count == 1 ? Strings[0] : null;

    /// <summary>The only number as an integer, or null when it is not exactly one integer or bool.</summary>
    internal long? AsInteger() => AsIntegers() is [long only] ? only : null;

    /// <summary>All values as integers, or null when one of them is none: numbers, bools and references are looked at.</summary>
    internal long[]? AsIntegers()
    {
        if (Type.Class is not (StoredClass.Number or StoredClass.Reference)) { return null; }
        int size = Type.Size;
        long[] values = new long[Numbers.Length / size];
        for (int i = 0; i < values.Length; i++)
        {
            ReadOnlySpan<byte> bytes = Numbers.Span.Slice(i * size, size);
            long? value = Type.Class == StoredClass.Reference ? BinaryPrimitives.ReadInt64LittleEndian(bytes) : Widen(bytes);
            if (value is null) { return null; }
            values[i] = value.Value;
        }

        return values;
    }

    private long? Widen(ReadOnlySpan<byte> bytes) => Type.Number switch
    {
        DType.Bool or DType.UInt8 => bytes[0],
        DType.Int8 => (sbyte)bytes[0],
        DType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        DType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        DType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        DType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        DType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        DType.UInt64 => (long)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(bytes), long.MaxValue),
        DType.Float32 => Whole(BinaryPrimitives.ReadSingleLittleEndian(bytes)),
        DType.Float64 => Whole(BinaryPrimitives.ReadDoubleLittleEndian(bytes)),
        _ => null,
    };

    /// <summary>R has no wide integers, and writes lengths as floats.</summary>
    private static long? Whole(double number) => Math.Abs(number) < 1L << 53 && Math.Truncate(number) == number ? (long)number : null;
}
