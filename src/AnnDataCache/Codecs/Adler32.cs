using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AnnDataCache.Codecs;

/// <summary>The checksum that ends a zlib stream.</summary>
internal static class Adler32
{
    private const uint Modulus = 65521;

    // The most bytes after which the second sum, started below Modulus, still fits 32 bits.
    private const int Reach = 5552;

    internal static uint Compute(ReadOnlySpan<byte> data)
    {
        uint first = 1, second = 0;
        while (data.Length > 0)
        {
            ReadOnlySpan<byte> part = data[..Math.Min(data.Length, Reach)];
            data = data[part.Length..];
            int done = Avx2.IsSupported ? Wide(part, ref first, ref second) : 0;
            foreach (byte value in part[done..])
            {
                first += value;
                second += first;
            }

            first %= Modulus;
            second %= Modulus;
        }

        return second << 16 | first;
    }

    // Per 32 bytes the second sum grows by 32 times the first sum before them, plus each byte times its distance to the end.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Wide(ReadOnlySpan<byte> part, ref uint first, ref uint second)
    {
        Vector256<sbyte> weights = Vector256.Create((sbyte)32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17,
            16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1);
        Vector256<uint> sums = Vector256<uint>.Zero, before = Vector256<uint>.Zero;
        Vector256<int> weighted = Vector256<int>.Zero;
        ReadOnlySpan<Vector256<byte>> blocks = MemoryMarshal.Cast<byte, Vector256<byte>>(part);
        foreach (ref readonly Vector256<byte> block in blocks)
        {
            before += sums;
            sums += Avx2.SumAbsoluteDifferences(block, Vector256<byte>.Zero).AsUInt32();
            weighted += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(block, weights), Vector256<short>.One);
        }

        int length = blocks.Length * 32;
        second += first * (uint)length + Vector256.Sum(before) * 32 + (uint)Vector256.Sum(weighted);
        first += Vector256.Sum(sums);
        return length;
    }
}
