using System.IO.Compression;
using AnnDataCache.Codecs;

namespace AnnDataCache.Tests.Codecs;

/// <summary>Deflate in pieces gives what deflate from span to span gives, wherever the pieces end, and refuses what it refuses.</summary>
public sealed class InflatePumpTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void PiecesGiveTheWholeData(int seed)
    {
        Random random = new(seed);
        foreach (CompressionLevel level in Enum.GetValues<CompressionLevel>())
        {
            byte[] data = [.. Samples.Text(random, 900_000), .. Samples.Noise(random, 900_000), .. new byte[3_000_000], .. Samples.Text(random, 70_000)];
            Assert.True(data.AsSpan().SequenceEqual(Run(Samples.Zlib(data, level))), $"seed {seed}, level {level}");
        }
    }

    [Fact]
    public void ShortDataIsWhole()
    {
        foreach (int length in (int[])[1, 300, 70_000])
        {
            byte[] data = Samples.Text(new Random(length), length);
            Assert.Equal(data, Run(Samples.Zlib(data, CompressionLevel.Optimal)));
        }
    }

    [Fact]
    public void EveryTruncationIsRefused()
    {
        byte[] encoded = Samples.Zlib(Samples.Text(new Random(7), 3000), CompressionLevel.Optimal);
        for (int length = 0; length < encoded.Length; length++)
        {
            Assert.Throws<CodecException>(() => Run(encoded[..length]));
        }
    }

    [Fact]
    public void DamageNeverEndsInAnythingButARefusalOrOtherBytes()
    {
        Random random = new(9);
        byte[] data = [.. Samples.Text(random, 40_000), .. Samples.Noise(random, 40_000)];
        byte[] encoded = Samples.Zlib(data, CompressionLevel.Optimal);
        for (int round = 0; round < 500; round++)
        {
            byte[] damaged = [.. encoded];
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            Assert.True(Throws(damaged) || damaged.AsSpan().SequenceEqual(encoded) || Run(damaged).AsSpan().SequenceEqual(data));
        }
    }

    private static bool Throws(byte[] encoded)
    {
        try
        {
            Run(encoded);
            return false;
        }
        catch (CodecException)
        {
            return true;
        }
    }

    /// <summary>Planes that are put one after the other make the values that the shuffle filter makes.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public unsafe void PlanesMakeTheValuesThatShuffleMakes(int size)
    {
        Random random = new(size);
        foreach (int count in (int[])[0, 1, 15, 16, 17, 1000, 4099])
        {
            byte[] planes = Samples.Noise(random, count * size), whole = new byte[count * size], pieced = Samples.Noise(random, count * size);
            Shuffle.Undo(planes, whole, size);
            fixed (byte* values = pieced)
            {
                for (int plane = 0; plane < size; plane++)
                {
                    int cut = random.Next(count + 1);
                    PlaneStore.Put(planes.AsSpan(plane * count, cut), values, size, plane);
                    PlaneStore.Put(planes.AsSpan((plane * count) + cut, count - cut), values + ((long)cut * size), size, plane);
                }
            }

            Assert.Equal(whole, pieced);
        }
    }

    private static byte[] Run(byte[] encoded)
    {
        int at = 0;
        using MemoryStream decoded = new();
        InflatePump pump = new(
            bytes =>
            {
                int here = Math.Min(bytes.Length, encoded.Length - at);
                encoded.AsSpan(at, here).CopyTo(bytes);
                at += here;
                return here;
            },
            decoded.Write);
        Assert.Equal(pump.Run(), decoded.Length);
        return decoded.ToArray();
    }
}
