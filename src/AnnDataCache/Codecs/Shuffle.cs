using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace AnnDataCache.Codecs;

/// <summary>Byte shuffle: first all elements' first bytes, then all second bytes, and so on; a rest smaller than an element as is.</summary>
internal static class Shuffle
{
    /// <summary>Puts the bytes of each element together again.</summary>
    /// <exception cref="CodecException">The spans differ in length, or the element size is not positive.</exception>
    internal static void Undo(ReadOnlySpan<byte> source, Span<byte> destination, int elementSize)
    {
        if (elementSize < 1 || source.Length != destination.Length)
        {
            throw new CodecException($"Cannot unshuffle {source.Length} bytes of {elementSize}-byte elements into {destination.Length}.");
        }

        int count = source.Length / elementSize;
        if (elementSize == 1 || count <= 1)
        {
            source.CopyTo(destination);
            return;
        }

        ref byte from = ref MemoryMarshal.GetReference(source);
        ref byte to = ref MemoryMarshal.GetReference(destination);
        int done = !CanZip ? 0 : elementSize switch
        {
            2 => Undo2(ref from, ref to, count),
            4 => Undo4(ref from, ref to, count),
            8 => Undo8(ref from, ref to, count),
            _ => 0,
        };
        for (int plane = 0; plane < elementSize; plane++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(plane * count, count);
            int at = done * elementSize + plane;
            for (int element = done; element < bytes.Length; element++, at += elementSize)
            {
                destination[at] = bytes[element];
            }
        }

        source[(count * elementSize)..].CopyTo(destination[(count * elementSize)..]);
    }

    private static bool CanZip => Sse2.IsSupported || AdvSimd.Arm64.IsSupported;

    // In these loops element + 16 <= count keeps each load inside its plane, and so each store inside the destination.
    private static int Undo2(ref byte from, ref byte to, int count)
    {
        int element = 0;
        for (; element <= count - 16; element += 16)
        {
            Vector128<byte> a = Plane(ref from, 0, count, element), b = Plane(ref from, 1, count, element);
            Store(a, b, ref Unsafe.Add(ref to, element * 2));
        }

        return element;
    }

    private static int Undo4(ref byte from, ref byte to, int count)
    {
        int element = 0;
        for (; element <= count - 16; element += 16)
        {
            Vector128<byte> a = Plane(ref from, 0, count, element), b = Plane(ref from, 1, count, element),
                c = Plane(ref from, 2, count, element), d = Plane(ref from, 3, count, element);
            ref byte target = ref Unsafe.Add(ref to, element * 4);
            Store(ZipLow(a, c), ZipLow(b, d), ref target);
            Store(ZipHigh(a, c), ZipHigh(b, d), ref Unsafe.Add(ref target, 32));
        }

        return element;
    }

    private static int Undo8(ref byte from, ref byte to, int count)
    {
        int element = 0;
        for (; element <= count - 16; element += 16)
        {
            Vector128<byte> a = Plane(ref from, 0, count, element), b = Plane(ref from, 1, count, element),
                c = Plane(ref from, 2, count, element), d = Plane(ref from, 3, count, element),
                e = Plane(ref from, 4, count, element), f = Plane(ref from, 5, count, element),
                g = Plane(ref from, 6, count, element), h = Plane(ref from, 7, count, element);
            ref byte target = ref Unsafe.Add(ref to, element * 8);
            Store4(ZipLow(a, e), ZipLow(b, f), ZipLow(c, g), ZipLow(d, h), ref target);
            Store4(ZipHigh(a, e), ZipHigh(b, f), ZipHigh(c, g), ZipHigh(d, h), ref Unsafe.Add(ref target, 64));
        }

        return element;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store4(Vector128<byte> a, Vector128<byte> b, Vector128<byte> c, Vector128<byte> d, ref byte to)
    {
        Store(ZipLow(a, c), ZipLow(b, d), ref to);
        Store(ZipHigh(a, c), ZipHigh(b, d), ref Unsafe.Add(ref to, 32));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector128<byte> a, Vector128<byte> b, ref byte to)
    {
        ZipLow(a, b).StoreUnsafe(ref to);
        ZipHigh(a, b).StoreUnsafe(ref to, 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Plane(ref byte from, int plane, int count, int element) =>
        Vector128.LoadUnsafe(ref from, (nuint)plane * (nuint)count + (nuint)element);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> ZipLow(Vector128<byte> a, Vector128<byte> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> ZipHigh(Vector128<byte> a, Vector128<byte> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);
}
