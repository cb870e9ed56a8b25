using System.IO.Compression;
using AnnDataCache.Codecs;

namespace AnnDataCache.Tests.Codecs;

/// <summary>Decoding in pieces gives what decoding from span to span gives, wherever the pieces end, and refuses what it refuses.</summary>
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

    /// <summary>Noise that repeats itself as far back as zlib looks: each byte needs the oldest one that is kept.</summary>
    [Fact]
    public void AMatchMayReachBackToTheOldestByte()
    {
        const int farthest = (32 << 10) - 262;
        byte[] noise = Samples.Noise(new Random(6), farthest), data = [.. Enumerable.Repeat(noise, 80).SelectMany(part => part)];
        byte[] encoded = Samples.Zlib(data, CompressionLevel.Optimal);
        Assert.InRange(encoded.Length, 0, data.Length / 10);
        Assert.True(data.AsSpan().SequenceEqual(Run(encoded)));
    }

    [Fact]
    public void MembersOfGzipFollowEachOtherWithPaddingBehindThem()
    {
        Random random = new(4);
        byte[][] members = [Samples.Text(random, 900_000), [], Samples.Noise(random, 300_000), Samples.Text(random, 5)];
        byte[] encoded = [.. members.SelectMany(Gzip)];
        byte[] data = [.. members.SelectMany(member => member)];
        Assert.Equal(data, RunGzip(encoded));
        Assert.Equal(data, RunGzip([.. encoded, .. new byte[600_000]]));
        Assert.Throws<CodecException>(() => RunGzip([.. encoded, .. new byte[600_000], 1]));
        byte[] shorter = Gzip(members[0][..3000]);
        for (int length = 0; length < shorter.Length; length++) { Assert.Throws<CodecException>(() => RunGzip(shorter[..length])); }
        for (int at = 1; at <= 8; at++) // checksum and length
        {
            byte[] damaged = [.. shorter];
            damaged[^at] ^= 1;
            Assert.Throws<CodecException>(() => RunGzip(damaged));
        }
    }

    [Fact]
    public void AMemberOfGzipCannotReachIntoTheOneBeforeIt()
    {
        byte[] text = Samples.Text(new Random(1), 100), copied = [text[^1], text[^1], text[^1]];
        byte[] trailer = [.. BitConverter.GetBytes(Crc32.Append(Crc32.Start, copied)), 3, 0, 0, 0];
        byte[] back = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0, 0x03, 0x02, 0, .. trailer]; // fixed codes: three bytes, one back
        Assert.Throws<CodecException>(() => RunGzip([.. Gzip(text), .. back]));
    }

    [Fact]
    public void FramesOfZstdComeInPieces()
    {
        Random random = new(5);
        byte[][] frames = [Samples.Text(random, 2_000_000), Samples.Noise(random, 600_000), new byte[3_000_000], [7]];
        using ZstdSharp.Compressor compressor = new(3);
        byte[] encoded = [.. frames.SelectMany(frame => compressor.Wrap(frame).ToArray())];
        Assert.Equal(frames.SelectMany(frame => frame).ToArray(), RunZstd(encoded));
        byte[] shorter = compressor.Wrap(frames[0].AsSpan(0, 20_000)).ToArray();
        for (int length = 1; length < shorter.Length; length++) { Assert.Throws<CodecException>(() => RunZstd(shorter[..length])); }
        Assert.Throws<CodecException>(() => RunZstd([]));
        Assert.Throws<CodecException>(() => RunZstd([.. shorter, 1, 2, 3, 4, 5]));
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

    private static byte[] Gzip(byte[] data)
    {
        using MemoryStream encoded = new();
        using (GZipStream stream = new(encoded, CompressionLevel.Optimal)) { stream.Write(data); }
        return encoded.ToArray();
    }

    private static byte[] Run(byte[] encoded) => Run(encoded, (read, take) => new InflatePump(read, take).Zlib());

    /// <summary>A frame of one byte whose header asks for 128 MiB, which zstd grants everybody, or for 2 GiB.</summary>
    [Fact]
    public void AZstdFrameThatWantsMuchMoreMemoryThanItDecodesToIsRefused()
    {
        byte[] Frame(int windowLog) => [0x28, 0xB5, 0x2F, 0xFD, 0, (byte)((windowLog - 10) << 3), 9, 0, 0, 42];
        Assert.Equal([42], RunZstd(Frame(27)));
        Assert.Contains("memory", Assert.Throws<CodecException>(() => RunZstd(Frame(31))).Message, StringComparison.Ordinal);
    }

    private static byte[] RunGzip(byte[] encoded) => Run(encoded, (read, take) => new InflatePump(read, take).Gzip());

    private static byte[] RunZstd(byte[] encoded) => Run(encoded, (read, take) => new ZstdPump(read, take, 1 << 20).Run());

    private static byte[] Run(byte[] encoded, Action<InflatePump.ReadStored, InflatePump.TakeDecoded> decode)
    {
        int at = 0;
        using MemoryStream decoded = new();
        decode(
            bytes =>
            {
                int here = Math.Min(bytes.Length, encoded.Length - at);
                encoded.AsSpan(at, here).CopyTo(bytes);
                at += here;
                return here;
            },
            decoded.Write);
        return decoded.ToArray();
    }
}
