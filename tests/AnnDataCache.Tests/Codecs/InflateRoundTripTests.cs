using System.IO.Compression;
using AnnDataCache.Codecs;

namespace AnnDataCache.Tests.Codecs;

/// <summary>What the platform's compressors write, of data of many kinds and sizes, and what is left of it after damage.</summary>
public sealed class InflateRoundTripTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void EveryWrapperGivesBackWhatThePlatformCompressed(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 60; round++)
        {
            byte[] data = Samples.Any(random, random.Next(4) == 0 ? 400_000 : 3000);
            CompressionLevel level = (CompressionLevel)random.Next(4);
            int spare = random.Next(3) * 200;
            string what = $"seed {seed}, round {round}, {data.Length} bytes, level {level}, {spare} spare";
            Assert.True(data.AsSpan().SequenceEqual(Guarded.Decode(Inflate.Zlib, Samples.Zlib(data, level), data.Length + spare)), what);
            Assert.True(data.AsSpan().SequenceEqual(Guarded.Decode(Inflate.Gzip, Samples.Gzip(data, level), data.Length + spare)), what);
            Assert.True(data.AsSpan().SequenceEqual(Guarded.Decode(Inflate.Raw, Samples.Deflate(data, level), data.Length + spare)), what);
        }
    }

    [Fact]
    public void ADestinationOneByteTooSmallIsRefused()
    {
        foreach (int length in (int[])[1, 2, 259, 5000, 70_000])
        {
            byte[] data = Samples.Text(new Random(length), length);
            CodecException refusal = Assert.Throws<CodecException>(
                () => Guarded.Decode(Inflate.Zlib, Samples.Zlib(data, CompressionLevel.Optimal), length - 1));
            Assert.Contains($"{length - 1} bytes", refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void EveryTruncationIsRefused()
    {
        byte[] encoded = Samples.Zlib(Samples.Text(new Random(7), 3000), CompressionLevel.Optimal);
        for (int length = 0; length < encoded.Length; length++)
        {
            Assert.Throws<CodecException>(() => Guarded.Decode(Inflate.Zlib, encoded.AsSpan(0, length), 3000));
        }
    }

    [Fact]
    public void AChangedByteOfDataIsCaughtByTheChecksum()
    {
        byte[] data = Samples.Noise(new Random(8), 5000);
        byte[] zlib = Samples.Zlib(data, CompressionLevel.NoCompression), gzip = Samples.Gzip(data, CompressionLevel.NoCompression);
        zlib[3000] ^= 1;
        gzip[3000] ^= 1;
        Assert.Contains("checksum", Assert.Throws<CodecException>(() => Guarded.Decode(Inflate.Zlib, zlib, 5000)).Message,
            StringComparison.Ordinal);
        Assert.Contains("checksum", Assert.Throws<CodecException>(() => Guarded.Decode(Inflate.Gzip, gzip, 5000)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void GzipMembersFollowOneAnother()
    {
        byte[] first = Samples.Text(new Random(1), 1000), second = Samples.Noise(new Random(2), 70_000);
        byte[] both = [.. Samples.Gzip(first, CompressionLevel.Fastest), .. Samples.Gzip(second, CompressionLevel.Optimal), 0, 0, 0];
        Assert.Equal([.. first, .. second], Guarded.Decode(Inflate.Gzip, both, 71_000));
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    public void DamageIsRefusedOrDecodesInsideTheDestination(int seed)
    {
        Random random = new(seed);
        byte[] data = Samples.Any(random, seed < 13 ? 2000 : 40_000);
        int rounds = seed < 13 ? 3000 : 500;
        byte[] deflate = Samples.Deflate(data, CompressionLevel.Optimal);
        Guarded.Attack(Inflate.Raw, deflate, data.Length, rounds, seed);
        int refused = Guarded.Attack(Inflate.Zlib, Samples.Zlib(data, CompressionLevel.Optimal), data.Length, rounds, seed)
            + Guarded.Attack(Inflate.Gzip, Samples.Gzip(data, CompressionLevel.Optimal), data.Length, rounds, seed);
        Assert.True(refused > rounds, $"Only {refused} of {2 * rounds} damaged streams were noticed.");
    }
}
