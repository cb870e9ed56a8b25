using System.IO.Compression;
using System.Runtime.InteropServices;

namespace AnnDataCache.Tests.Codecs;

/// <summary>Data of the kinds that AnnData files hold, and the platform's compressors.</summary>
internal static class Samples
{
    /// <summary>Data of a random kind, of up to <paramref name="limit"/> bytes.</summary>
    internal static byte[] Any(Random random, int limit)
    {
        int length = random.Next(limit + 1);
        return random.Next(6) switch
        {
            0 => Noise(random, length),
            1 => Text(random, length),
            2 => Indices(random, length),
            3 => Runs(random, length),
            4 => new byte[length],
            _ => Counts(random, length),
        };
    }

    internal static byte[] Noise(Random random, int length)
    {
        byte[] data = new byte[length];
        random.NextBytes(data);
        return data;
    }

    internal static byte[] Text(Random random, int length)
    {
        string[] words = ["cell", "gene", "T cell", "ENSG000001", "\n", "-1", "B", "monocyte", "0", "_"];
        List<byte> data = [];
        while (data.Count < length)
        {
            data.AddRange(System.Text.Encoding.ASCII.GetBytes(words[random.Next(words.Length)]));
            data.Add((byte)random.Next('0', '9'));
        }

        return [.. data[..length]];
    }

    /// <summary>Runs of every short period, so that every overlap of a match with itself occurs.</summary>
    internal static byte[] Runs(Random random, int length)
    {
        byte[] data = new byte[length];
        for (int at = 0; at < length;)
        {
            byte[] pattern = Noise(random, random.Next(1, 40));
            for (int count = Math.Min(random.Next(1, 600), length - at), from = at; count > 0; count--, at++)
            {
                data[at] = pattern[(at - from) % pattern.Length];
            }
        }

        return data;
    }

    /// <summary>Rising 32-bit numbers, row after row, as a sparse matrix's column indices.</summary>
    internal static byte[] Indices(Random random, int length)
    {
        int[] values = new int[length / 4 + 1];
        for (int at = 1; at < values.Length; at++)
        {
            int next = values[at - 1] + random.Next(1, 40);
            values[at] = next < 20_000 ? next : random.Next(20);
        }

        return MemoryMarshal.AsBytes(values.AsSpan())[..length].ToArray();
    }

    /// <summary>Small 32-bit floating-point counts.</summary>
    internal static byte[] Counts(Random random, int length)
    {
        float[] values = new float[length / 4 + 1];
        foreach (ref float value in values.AsSpan())
        {
            value = 1 + (int)(-2 * Math.Log(1 - random.NextDouble()));
        }

        return MemoryMarshal.AsBytes(values.AsSpan())[..length].ToArray();
    }

    internal static byte[] Zlib(byte[] data, CompressionLevel level) =>
        Compress(data, target => new ZLibStream(target, level, leaveOpen: true));

    internal static byte[] Gzip(byte[] data, CompressionLevel level) =>
        Compress(data, target => new GZipStream(target, level, leaveOpen: true));

    internal static byte[] Deflate(byte[] data, CompressionLevel level) =>
        Compress(data, target => new DeflateStream(target, level, leaveOpen: true));

    private static byte[] Compress(byte[] data, Func<Stream, Stream> open)
    {
        using MemoryStream target = new();
        using (Stream stream = open(target))
        {
            stream.Write(data);
        }

        return target.ToArray();
    }
}
