using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Runtime.Intrinsics;

namespace AnnDataCache.Codecs;

/// <summary>The checksum that ends a zlib stream.</summary>
internal static class Adler32
{
    private const uint Modulus = 65521;

    // The most bytes, in whole vectors, after which the second sum, started below Modulus, still fits 32 bits.
    private const int Reach = 5536;

    /// <summary>The checksum of no bytes.</summary>
    internal const uint Start = 1;

    internal static uint Compute(ReadOnlySpan<byte> data) => Append(Start, data);

    /// <summary>The checksum of what has the given one, followed by the data.</summary>
    internal static uint Append(uint checksum, ReadOnlySpan<byte> data)
    {
        (uint first, uint second) = (checksum & 0xFFFF, checksum >> 16);
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
        ref byte start = ref MemoryMarshal.GetReference(part);
        int length = part.Length & ~31;
        for (nuint at = 0; at < (nuint)length; at += 32)
        {
            Vector256<byte> block = Vector256.LoadUnsafe(ref start, at);
            before += sums;
            sums += Avx2.SumAbsoluteDifferences(block, Vector256<byte>.Zero).AsUInt32();
            weighted += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(block, weights), Vector256<short>.One);
        }

        second += first * (uint)length + Vector256.Sum(before) * 32 + (uint)Vector256.Sum(weighted);
        first += Vector256.Sum(sums);
        return length;
    }
}

/// <summary>The checksum that ends a gzip member, eight bytes at a time.</summary>
internal static class Crc32
{
    private const uint Polynomial = 0xEDB88320;

    private static readonly uint[] s_tables = Build();

    /// <summary>The checksum of no bytes.</summary>
    internal const uint Start = 0;

    internal static uint Compute(ReadOnlySpan<byte> data) => Append(Start, data);

    /// <summary>The checksum of what has the given one, followed by the data.</summary>
    internal static uint Append(uint checksum, ReadOnlySpan<byte> data)
    {
        uint[] tables = s_tables;
        uint crc = ~checksum;
        while (data.Length >= 8)
        {
            uint low = BinaryPrimitives.ReadUInt32LittleEndian(data) ^ crc;
            uint high = BinaryPrimitives.ReadUInt32LittleEndian(data[4..]);
            crc = tables[0x700 + (byte)low] ^ tables[0x600 + (byte)(low >> 8)] ^ tables[0x500 + (byte)(low >> 16)]
                ^ tables[0x400 + (low >> 24)] ^ tables[0x300 + (byte)high] ^ tables[0x200 + (byte)(high >> 8)]
                ^ tables[0x100 + (byte)(high >> 16)] ^ tables[high >> 24];
            data = data[8..];
        }

        foreach (byte value in data)
        {
            crc = crc >> 8 ^ tables[(byte)(crc ^ value)];
        }

        return ~crc;
    }

    // Table k holds what a byte does to the checksum when k more bytes follow it.
    private static uint[] Build()
    {
        uint[] tables = new uint[8 * 256];
        for (uint value = 0; value < 256; value++)
        {
            uint crc = value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? crc >> 1 ^ Polynomial : crc >> 1;
            }

            tables[value] = crc;
        }

        for (int at = 256; at < tables.Length; at++)
        {
            tables[at] = tables[at - 256] >> 8 ^ tables[(byte)tables[at - 256]];
        }

        return tables;
    }
}

/// <summary>The checksum of HDF5's filter 3: over big-endian 16-bit words, an odd last byte being a word's high half.</summary>
/// <remarks>
/// The file stores it little-endian behind the chunk. Libraries before 1.6.3 stored the two bytes of each half swapped;
/// <see cref="Matches"/> takes both, as libhdf5 does.
/// </remarks>
internal static class Fletcher32
{
    // Both sums stay far below 2^64 for this many words.
    private const int Reach = 1 << 21;

    internal static uint Compute(ReadOnlySpan<byte> data)
    {
        ulong first = 0, second = 0;
        while (data.Length >= 2)
        {
            ReadOnlySpan<byte> part = data[..(Math.Min(data.Length, Reach) & ~1)];
            data = data[part.Length..];
            for (; part.Length >= 2; part = part[2..])
            {
                first += BinaryPrimitives.ReadUInt16BigEndian(part);
                second += first;
            }

            first = Fold(first);
            second = Fold(second);
        }

        if (data.Length == 1)
        {
            first += (uint)data[0] << 8;
            second += first;
        }

        return (uint)(Fold(second) << 16 | Fold(first));
    }

    /// <summary>True when <paramref name="stored"/>, read little-endian from the file, is the data's checksum.</summary>
    internal static bool Matches(ReadOnlySpan<byte> data, uint stored)
    {
        uint computed = Compute(data);
        return computed == stored || ((computed & 0x00FF00FF) << 8 | (computed >> 8 & 0x00FF00FF)) == stored;
    }

    // Ones' complement: a sum that is a multiple of 65535 but not zero stays 65535, which is what libhdf5 stores.
    private static ulong Fold(ulong sum)
    {
        while (sum > 0xFFFF)
        {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return sum;
    }
}

/// <summary>The checksum of Zarr's shards (Castagnoli's polynomial), which processors compute.</summary>
internal static class Crc32C
{
    internal static uint Compute(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        for (; data.Length >= 8; data = data[8..]) { crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data)); }
        foreach (byte value in data) { crc = BitOperations.Crc32C(crc, value); }
        return ~crc;
    }
}
