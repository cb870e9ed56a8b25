using System.Buffers.Binary;

namespace AnnDataCache.Codecs;

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
