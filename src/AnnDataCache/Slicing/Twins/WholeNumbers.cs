using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace AnnDataCache.Slicing;

/// <summary>Finds out whether values are whole numbers that a smaller integer type holds.</summary>
/// <remarks>
/// Counts are stored as float32 by most writers; as uint8 they take a quarter. Only what comes back bit by bit is narrowed:
/// a fraction, a NaN, an infinity or a negative zero anywhere keeps all values as they are.
/// </remarks>
internal static class WholeNumbers
{
    /// <summary>True for types of which a smaller integer type may hold all values.</summary>
    internal static bool MayNarrow(DType type) => type is DType.Float32 or DType.Float64
        or DType.Int16 or DType.Int32 or DType.Int64 or DType.UInt16 or DType.UInt32 or DType.UInt64;

    /// <summary>Extends the range by the values; false when one of them is no whole number of 32 bits.</summary>
    internal static bool Extend(DType type, ReadOnlySpan<byte> values, ref WholeRange range) => type switch
    {
        DType.Float32 => ExtendSingles(MemoryMarshal.Cast<byte, float>(values), ref range),
        DType.Float64 => ExtendDoubles(MemoryMarshal.Cast<byte, double>(values), ref range),
        DType.Int16 => ExtendIntegers<short>(values, ref range),
        DType.Int32 => ExtendIntegers<int>(values, ref range),
        DType.Int64 => ExtendIntegers<long>(values, ref range),
        DType.UInt16 => ExtendIntegers<ushort>(values, ref range),
        DType.UInt32 => ExtendIntegers<uint>(values, ref range),
        DType.UInt64 => ExtendIntegers<ulong>(values, ref range),
        _ => false,
    };

    /// <summary>The smallest integer type that holds the range, or the type itself when none is smaller.</summary>
    internal static DType Smallest(DType type, WholeRange range)
    {
        DType narrow = range.Min >= 0
            ? range.Max <= byte.MaxValue ? DType.UInt8 : range.Max <= ushort.MaxValue ? DType.UInt16 : DType.Int32
            : range.Min >= sbyte.MinValue && range.Max <= sbyte.MaxValue ? DType.Int8
            : range.Min >= short.MinValue && range.Max <= short.MaxValue ? DType.Int16 : DType.Int32;
        return narrow.Size() < type.Size() ? narrow : type;
    }

    /// <summary>Bit by bit: a negative zero comes back as a positive one, and a NaN is not equal to itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // the run-time compiler must not begin with slow code
    private static bool ExtendSingles(ReadOnlySpan<float> values, ref WholeRange range)
    {
        Vector256<int> least = Vector256.Create(range.Min), greatest = Vector256.Create(range.Max), different = Vector256<int>.Zero;
        int vectors = values.Length - (values.Length % Vector256<float>.Count);
        ref float start = ref MemoryMarshal.GetReference(values);
        for (int i = 0; i < vectors; i += Vector256<float>.Count)
        {
            Vector256<float> some = Vector256.LoadUnsafe(ref start, (nuint)i);
            Vector256<int> whole = Vector256.ConvertToInt32Native(some);
            different |= Vector256.ConvertToSingle(whole).AsInt32() ^ some.AsInt32();
            (least, greatest) = (Vector256.Min(least, whole), Vector256.Max(greatest, whole));
        }

        foreach (float value in values[vectors..])
        {
            int whole = float.ConvertToIntegerNative<int>(value);
            different |= Vector256.Create(BitConverter.SingleToInt32Bits(whole) ^ BitConverter.SingleToInt32Bits(value));
            (least, greatest) = (Vector256.Min(least, Vector256.Create(whole)), Vector256.Max(greatest, Vector256.Create(whole)));
        }

        for (int i = 0; i < Vector256<int>.Count; i++) { range = range.With(least[i], greatest[i]); }
        return different == Vector256<int>.Zero;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool ExtendDoubles(ReadOnlySpan<double> values, ref WholeRange range)
    {
        foreach (double value in values)
        {
            if (!(value is >= int.MinValue and <= int.MaxValue)) { return false; }
            int whole = (int)value;
            if (BitConverter.DoubleToInt64Bits(whole) != BitConverter.DoubleToInt64Bits(value)) { return false; }
            range = range.With(whole, whole);
        }

        return true;
    }

    private static bool ExtendIntegers<T>(ReadOnlySpan<byte> bytes, ref WholeRange range) where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        ReadOnlySpan<T> values = MemoryMarshal.Cast<byte, T>(bytes);
        if (values.IsEmpty) { return true; }
        T min = TensorPrimitives.Min(values), max = TensorPrimitives.Max(values);
        if (min < T.CreateSaturating(int.MinValue) || max > T.CreateSaturating(int.MaxValue)) { return false; }
        range = range.With(int.CreateChecked(min), int.CreateChecked(max));
        return true;
    }
}

/// <summary>The least and the greatest of some whole numbers; empty at first.</summary>
internal readonly record struct WholeRange(int Min, int Max)
{
    internal static WholeRange Empty { get; } = new(int.MaxValue, int.MinValue);

    internal WholeRange With(int min, int max) => new(Math.Min(Min, min), Math.Max(Max, max));
}
