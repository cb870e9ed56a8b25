using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AnnDataCache.Codecs;

/// <summary>Undoes a byte shuffle whose planes come one after the other: each call puts one byte into each of a run of values.</summary>
internal static unsafe class PlaneStore
{
    /// <summary>Sizes of values whose planes can be put together.</summary>
    internal static bool Takes(int valueSize) => valueSize is 2 or 4 or 8;

    /// <summary>Puts the bytes into byte <paramref name="plane"/> of the values; plane 0 must come first, and clears the others.</summary>
    internal static void Put(ReadOnlySpan<byte> bytes, byte* values, int valueSize, int plane)
    {
        int done = 0;
        fixed (byte* from = bytes)
        {
            for (; done <= bytes.Length - Vector128<byte>.Count; done += Vector128<byte>.Count)
            {
                Vector128<byte> sixteen = Vector128.Load(from + done);
                byte* to = values + ((long)done * valueSize);
                switch (valueSize)
                {
                    case 2: Put2(sixteen, (ushort*)to, plane); break;
                    case 4: Put4(sixteen, (uint*)to, plane); break;
                    default: Put8(sixteen, (ulong*)to, plane); break;
                }
            }
        }

        for (; done < bytes.Length; done++)
        {
            byte* value = values + ((long)done * valueSize);
            if (plane == 0) { new Span<byte>(value, valueSize).Clear(); }
            value[plane] = bytes[done];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put2(Vector128<byte> bytes, ushort* to, int plane) =>
        Merge(Vector256.Create(Vector128.WidenLower(bytes), Vector128.WidenUpper(bytes)) << (8 * plane), to, plane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put4(Vector128<byte> bytes, uint* to, int plane)
    {
        Vector128<ushort> low = Vector128.WidenLower(bytes), high = Vector128.WidenUpper(bytes);
        Put4(low, to, plane);
        Put4(high, to + 8, plane);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put4(Vector128<ushort> words, uint* to, int plane) =>
        Merge(Vector256.Create(Vector128.WidenLower(words), Vector128.WidenUpper(words)) << (8 * plane), to, plane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put8(Vector128<byte> bytes, ulong* to, int plane)
    {
        Vector128<ushort> low = Vector128.WidenLower(bytes), high = Vector128.WidenUpper(bytes);
        Put8(Vector128.WidenLower(low), to, plane);
        Put8(Vector128.WidenUpper(low), to + 4, plane);
        Put8(Vector128.WidenLower(high), to + 8, plane);
        Put8(Vector128.WidenUpper(high), to + 12, plane);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put8(Vector128<uint> words, ulong* to, int plane) =>
        Merge(Vector256.Create(Vector128.WidenLower(words), Vector128.WidenUpper(words)) << (8 * plane), to, plane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Merge<T>(Vector256<T> values, T* to, int plane) where T : unmanaged =>
        (plane == 0 ? values : values | Vector256.Load(to)).Store(to);
}
