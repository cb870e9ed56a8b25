using System.Buffers.Binary;
using System.Numerics;

namespace AnnDataCache.Cli;

/// <summary>Single numbers of a buffer, and the bytes of single numbers.</summary>
internal static class Numbers
{
    /// <summary>A number as an object of its own type.</summary>
    internal static object Get(PinnedBuffer buffer, long position)
    {
        int size = buffer.Type.Size();
        ReadOnlySpan<byte> bytes = buffer.Span<byte>(position * size, size);
        return buffer.Type switch
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
            _ => throw new ArgumentException($"{buffer.Type} is not a type of numbers.", nameof(buffer)),
        };
    }

    /// <summary>An offset or index.</summary>
    internal static long GetIndex(PinnedBuffer buffer, long position) =>
        buffer.Type == DType.Int32 ? buffer.Span<int>(position, 1)[0] : buffer.Span<long>(position, 1)[0];

    /// <summary>The little-endian bytes of a number or bool.</summary>
    internal static byte[] ToBytes(object value, DType type) => value switch
    {
        bool flag => [flag ? (byte)1 : (byte)0],
        sbyte number => [(byte)number],
        byte number => [number],
        short number => BitConverter.GetBytes(number),
        ushort number => BitConverter.GetBytes(number),
        int number => BitConverter.GetBytes(number),
        uint number => BitConverter.GetBytes(number),
        long number => BitConverter.GetBytes(number),
        ulong number => BitConverter.GetBytes(number),
        Half number => BitConverter.GetBytes(number),
        float number => BitConverter.GetBytes(number),
        double number => BitConverter.GetBytes(number),
        Complex number when type == DType.Complex64 =>
            [.. BitConverter.GetBytes((float)number.Real), .. BitConverter.GetBytes((float)number.Imaginary)],
        Complex number => [.. BitConverter.GetBytes(number.Real), .. BitConverter.GetBytes(number.Imaginary)],
        _ => throw new ArgumentException($"{value.GetType()} is not a type of numbers.", nameof(value)),
    };
}
