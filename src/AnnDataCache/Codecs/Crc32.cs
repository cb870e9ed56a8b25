using System.Buffers.Binary;

namespace AnnDataCache.Codecs;

/// <summary>The checksum that ends a gzip member, eight bytes at a time.</summary>
internal static class Crc32
{
    private const uint Polynomial = 0xEDB88320;

    private static readonly uint[] s_tables = Build();

    internal static uint Compute(ReadOnlySpan<byte> data)
    {
        uint[] tables = s_tables;
        uint crc = uint.MaxValue;
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
