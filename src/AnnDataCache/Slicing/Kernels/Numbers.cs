using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AnnDataCache.Slicing;

/// <summary>A bool as AnnData stores it. The sum of two is true when one of them is, as numpy has it.</summary>
internal readonly record struct Flag(byte Value) : IAdditionOperators<Flag, Flag, Flag>
{
    public static Flag operator +(Flag left, Flag right) => new((byte)(left.Value | right.Value));
}

/// <summary>Two floats, real and imaginary.</summary>
internal readonly record struct SingleComplex(float Real, float Imaginary) : IAdditionOperators<SingleComplex, SingleComplex, SingleComplex>
{
    public static SingleComplex operator +(SingleComplex left, SingleComplex right) => new(left.Real + right.Real, left.Imaginary + right.Imaginary);
}

/// <summary>Something that is done with numbers of a type that only the data tell.</summary>
internal interface INumberTask
{
    void Run<T>() where T : unmanaged, IAdditionOperators<T, T, T>;
}

/// <summary>Numbers of types that only the data tell: choosing the code for them, and converting them.</summary>
internal static class Numbers
{
    /// <summary>Runs the task with the .NET type of the numbers.</summary>
    internal static void Run<TTask>(DType type, ref TTask task) where TTask : struct, INumberTask, allows ref struct
    {
        switch (type)
        {
            case DType.Bool: task.Run<Flag>(); break;
            case DType.Int8: task.Run<sbyte>(); break;
            case DType.Int16: task.Run<short>(); break;
            case DType.Int32: task.Run<int>(); break;
            case DType.Int64: task.Run<long>(); break;
            case DType.UInt8: task.Run<byte>(); break;
            case DType.UInt16: task.Run<ushort>(); break;
            case DType.UInt32: task.Run<uint>(); break;
            case DType.UInt64: task.Run<ulong>(); break;
            case DType.Float16: task.Run<Half>(); break;
            case DType.Float32: task.Run<float>(); break;
            case DType.Float64: task.Run<double>(); break;
            case DType.Complex64: task.Run<SingleComplex>(); break;
            case DType.Complex128: task.Run<Complex>(); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "Not a DType.");
        }
    }

    /// <summary>Copies numbers as another type: the same, one that holds them exactly, float32 or float64 (rounded as numpy's astype).</summary>
    internal static void Convert(DType from, ReadOnlySpan<byte> source, DType to, Span<byte> destination)
    {
        if (from == to) { source.CopyTo(destination); return; }
        switch (from)
        {
            case DType.Bool or DType.UInt8: Convert<byte>(source, to, destination); break;
            case DType.Int8: Convert<sbyte>(source, to, destination); break;
            case DType.Int16: Convert<short>(source, to, destination); break;
            case DType.Int32: Convert<int>(source, to, destination); break;
            case DType.UInt16: Convert<ushort>(source, to, destination); break;
            case DType.Int64: ConvertWide<long>(source, to, destination); break;
            case DType.UInt32: ConvertWide<uint>(source, to, destination); break;
            case DType.UInt64: ConvertWide<ulong>(source, to, destination); break;
            case DType.Float16: ConvertWide<Half>(source, to, destination); break;
            case DType.Float32: ConvertWide<float>(source, to, destination); break;
            case DType.Float64: ConvertWide<double>(source, to, destination); break;
            default: throw Impossible(from, to);
        }
    }

    /// <summary>Types that values may have been narrowed to.</summary>
    private static void Convert<T>(ReadOnlySpan<byte> source, DType to, Span<byte> destination) where T : unmanaged, INumberBase<T>
    {
        switch (to)
        {
            case DType.Int16: Convert<T, short>(source, destination); break;
            case DType.Int32: Convert<T, int>(source, destination); break;
            case DType.Int64: Convert<T, long>(source, destination); break;
            case DType.UInt16: Convert<T, ushort>(source, destination); break;
            case DType.UInt32: Convert<T, uint>(source, destination); break;
            case DType.UInt64: Convert<T, ulong>(source, destination); break;
            default: ConvertWide<T>(source, to, destination); break;
        }
    }

    private static void ConvertWide<T>(ReadOnlySpan<byte> source, DType to, Span<byte> destination) where T : unmanaged, INumberBase<T>
    {
        switch (to)
        {
            case DType.Float32: Convert<T, float>(source, destination); break;
            case DType.Float64: Convert<T, double>(source, destination); break;
            default: throw Impossible(DType.Float64, to);
        }
    }

    private static void Convert<TFrom, TTo>(ReadOnlySpan<byte> source, Span<byte> destination)
        where TFrom : unmanaged, INumberBase<TFrom> where TTo : unmanaged, INumberBase<TTo>
    {
        ReadOnlySpan<TFrom> numbers = MemoryMarshal.Cast<byte, TFrom>(source);
        TensorPrimitives.ConvertTruncating(numbers, MemoryMarshal.Cast<byte, TTo>(destination)[..numbers.Length]);
    }

    private static InvalidOperationException Impossible(DType from, DType to) => new($"{from.Name()} is not converted to {to.Name()}.");

    /// <summary>The type that numbers of .NET's <typeparamref name="T"/> stand for when the source has <paramref name="stored"/>.</summary>
    /// <remarks>float and double take any real type; <see cref="byte"/> takes the bytes of any; others must match.</remarks>
    /// <exception cref="ArgumentException">The type does not fit; the message names those that do.</exception>
    internal static DType Wanted<T>(DType stored) where T : unmanaged
    {
        bool real = stored is not (DType.Complex64 or DType.Complex128);
        if (typeof(T) == typeof(float) && real) { return DType.Float32; }
        if (typeof(T) == typeof(double) && real) { return DType.Float64; }
        if (typeof(T) != typeof(byte)) { DTypes.Require<T>(stored); }
        return stored;
    }

    /// <summary>Checks that a buffer has room for rows × width numbers of the wanted type.</summary>
    internal static void RequireRoom<T>(Span<T> destination, DType wanted, long rows, long width) where T : unmanaged
    {
        UInt128 need = (UInt128)(ulong)rows * (ulong)width * (uint)wanted.Size(), have = (UInt128)(uint)destination.Length * (uint)Unsafe.SizeOf<T>();
        if (have < need)
        {
            throw new ArgumentException($"The destination has {have:N0} bytes; {rows:N0} × {width:N0} numbers of {wanted.Name()} need {need:N0}.", nameof(destination));
        }
    }

    /// <summary>A new array for rows × width numbers of the wanted type.</summary>
    internal static T[] NewArray<T>(DType wanted, long rows, long width) where T : unmanaged
    {
        UInt128 length = (UInt128)(ulong)rows * (ulong)width * (uint)wanted.Size() / (uint)Unsafe.SizeOf<T>();
        return length <= (UInt128)Array.MaxLength
            ? GC.AllocateUninitializedArray<T>((int)length)
            : throw new ArgumentException($"{rows:N0} × {width:N0} numbers are more than one array holds ({Array.MaxLength:N0}). Take fewer at a time.");
    }
}
