using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace AnnDataCache.Cli.Plots;

/// <summary>Writes pixels as PNG: 8 bits a channel, each row with the filter that leaves least.</summary>
internal static class Png
{
    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    internal static byte[] Encode(Pixels pixels)
    {
        using MemoryStream file = new();
        file.Write(Signature);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, pixels.Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), pixels.Height);
        (header[8], header[9]) = (8, 2); // bits of a channel; red, green, blue
        WriteChunk(file, "IHDR"u8, header);
        WriteChunk(file, "IDAT"u8, Compress(pixels));
        WriteChunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static byte[] Compress(Pixels pixels)
    {
        using MemoryStream compressed = new();
        using (ZLibStream zlib = new(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            int stride = 3 * pixels.Width;
            byte[] above = new byte[stride], best = new byte[stride + 1], candidate = new byte[stride + 1];
            for (int y = 0; y < pixels.Height; y++)
            {
                ReadOnlySpan<byte> row = pixels.Bytes.AsSpan(y * stride, stride);
                long least = long.MaxValue;
                for (byte filter = 0; filter <= 2; filter++)
                {
                    long sum = Filter(filter, row, above, candidate);
                    if (sum < least) { (least, best, candidate) = (sum, candidate, best); }
                }

                zlib.Write(best);
                row.CopyTo(above);
            }
        }

        return compressed.ToArray();
    }

    /// <summary>PNG's filters none, left and up; returns the sum by which their results are compared.</summary>
    private static long Filter(byte filter, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, Span<byte> result)
    {
        result[0] = filter;
        long sum = 0;
        for (int i = 0; i < row.Length; i++)
        {
            int guess = filter switch { 0 => 0, 1 => i < 3 ? 0 : row[i - 3], _ => above[i] };
            byte rest = (byte)(row[i] - guess);
            result[i + 1] = rest;
            sum += Math.Abs((int)(sbyte)rest);
        }

        return sum;
    }

    private static void WriteChunk(Stream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(type);
        file.Write(data);
        Crc32 check = new();
        check.Append(type);
        check.Append(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, check.GetCurrentHashAsUInt32());
        file.Write(number);
    }
}
