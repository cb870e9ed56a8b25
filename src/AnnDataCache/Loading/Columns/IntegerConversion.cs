using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace AnnDataCache.Loading;

/// <summary>Integers of one type as another, each value checked against a range. Vectorised by TensorPrimitives.</summary>
internal static class IntegerConversion
{
    /// <summary>Values as int64. A uint64 beyond its range becomes negative, which every range check refuses.</summary>
    internal static void Widen(ReadOnlySpan<byte> source, DType type, Span<long> destination)
    {
        switch (type)
        {
            case DType.Int8: Widen<sbyte>(source, destination); break;
            case DType.UInt8: Widen<byte>(source, destination); break;
            case DType.Int16: Widen<short>(source, destination); break;
            case DType.UInt16: Widen<ushort>(source, destination); break;
            case DType.Int32: Widen<int>(source, destination); break;
            case DType.UInt32: Widen<uint>(source, destination); break;
            case DType.Int64: Widen<long>(source, destination); break;
            case DType.UInt64: Widen<ulong>(source, destination); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "Not an integer type.");
        }
    }

    private static void Widen<T>(ReadOnlySpan<byte> source, Span<long> destination) where T : unmanaged, IBinaryInteger<T> =>
        TensorPrimitives.ConvertTruncating<T, long>(MemoryMarshal.Cast<byte, T>(source), destination);

    /// <summary>
    /// Converts to int32 or int64; returns false, with the destination undefined, when a value is outside <c>[0, limit)</c>.
    /// </summary>
    internal static bool Convert(ReadOnlySpan<byte> source, DType type, Span<byte> destination, DType wanted, long limit) => type switch
    {
        DType.Int8 => Convert<sbyte>(source, destination, wanted, limit),
        DType.UInt8 => Convert<byte>(source, destination, wanted, limit),
        DType.Int16 => Convert<short>(source, destination, wanted, limit),
        DType.UInt16 => Convert<ushort>(source, destination, wanted, limit),
        DType.Int32 => Convert<int>(source, destination, wanted, limit),
        DType.UInt32 => Convert<uint>(source, destination, wanted, limit),
        DType.Int64 => Convert<long>(source, destination, wanted, limit),
        DType.UInt64 => Convert<ulong>(source, destination, wanted, limit),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not an integer type."),
    };

    private static bool Convert<T>(ReadOnlySpan<byte> source, Span<byte> destination, DType wanted, long limit)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        ReadOnlySpan<T> values = MemoryMarshal.Cast<byte, T>(source);
        if (!InRange(values, limit)) { return false; }
        if (wanted == DType.Int32)
        {
            TensorPrimitives.ConvertTruncating<T, int>(values, MemoryMarshal.Cast<byte, int>(destination));
        }
        else
        {
            TensorPrimitives.ConvertTruncating<T, long>(values, MemoryMarshal.Cast<byte, long>(destination));
        }

        return true;
    }

    /// <summary>True when every value is in <c>[0, limit)</c>.</summary>
    internal static bool InRange<T>(ReadOnlySpan<T> values, long limit) where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        if (values.IsEmpty) { return true; }
        if (limit <= 0) { return false; }
        if (typeof(T) == typeof(int) && limit <= int.MaxValue)
        {
            // Read as unsigned, what is negative is above every limit: one pass does for both ends.
            return TensorPrimitives.Max(MemoryMarshal.Cast<T, uint>(values)) < (uint)limit;
        }

        if (TensorPrimitives.Min(values) < T.Zero) { return false; }
        return T.CreateSaturating(limit - 1) is var last && TensorPrimitives.Max(values) <= last;
    }
}
