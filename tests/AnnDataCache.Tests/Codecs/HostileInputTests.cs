using AnnDataCache.Codecs;

namespace AnnDataCache.Tests.Codecs;

/// <summary>Every decoder on damaged goldens: a refusal or a result, nothing written outside the destination, and an end.</summary>
public sealed class HostileInputTests
{
    private const int Rounds = 40;

    [Theory]
    [InlineData("zlib")]
    [InlineData("raw")]
    [InlineData("gzip")]
    [InlineData("lzf")]
    [InlineData("zstd")]
    [InlineData("lz4")]
    [InlineData("hdf5lz4")]
    [InlineData("blosc")]
    [InlineData("blosc2")]
    [InlineData("bitshuffle")]
    [InlineData("szip")]
    [InlineData("nbit")]
    [InlineData("scaleoffset")]
    public void DamageIsRefusedOrDecodesInsideTheDestination(string decoder)
    {
        int seed = Environment.TickCount & 0xFFFFF, refused = 0;
        IReadOnlyList<Golden> goldens = Golden.Of(decoder);
        int rounds = Math.Max(Rounds, 2000 / goldens.Count);
        foreach (Golden golden in goldens)
        {
            refused += Guarded.Attack(Choose(golden), golden.Encoded, golden.Length, rounds, seed);
        }

        Assert.True(refused > goldens.Count * rounds / 8, $"Only {refused} refused, seed {seed}.");
    }

    [Theory]
    [InlineData("lzf", "before the start", new byte[] { 0x00, 0x41, 0x20, 0x05 })]
    [InlineData("lzf", "more than", new byte[]
        { 0x1F, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2 })]
    [InlineData("blosc", "Snappy", new byte[] { 2, 1, 0x50, 1, 8, 0, 0, 0, 8, 0, 0, 0, 28, 0, 0, 0, 20, 0, 0, 0, 4, 0, 0, 0, 9, 9, 9, 9 })]
    [InlineData("blosc", "offsets of", new byte[] { 2, 1, 0, 1, 8, 0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0 })]
    [InlineData("blosc2", "dictionary", new byte[]
        { 5, 1, 5, 1, 8, 0, 0, 0, 8, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 })]
    [InlineData("hdf5lz4", "does not fit", new byte[] { 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 1 })]
    [InlineData("zlib", "dictionary", new byte[] { 0x78, 0xBB, 0, 0, 0, 0 })]
    [InlineData("raw", "type 3", new byte[] { 7 })]
    public void TheRefusalNamesItsReason(string decoder, string reason, byte[] encoded)
    {
        Golden golden = Golden.Of(decoder)[0];
        CodecException refusal = Assert.Throws<CodecException>(() => Guarded.Decode(Choose(golden), encoded, 24));
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }

    // Bits in the order in which deflate reads them; zeros follow, so that the fast loop has its margin.
    [Theory]
    [InlineData("a match 1 bytes back, 0 bytes after", "1 10 0000001 00000")]
    [InlineData("incomplete", "1 01 00000 00000 0000 110 110 110 000")]
    [InlineData("more codes of 1 bits", "1 01 00000 00000 0000 100 100 100 000")]
    [InlineData("repeats none", "1 01 00000 00000 0000 100 000 100 000 0")]
    [InlineData("disagree", "1 00 00000 1000000000000000 1000000000000000")]
    public void DamagedDeflateBitsAreNamed(string reason, string bits)
    {
        byte[] encoded = new byte[100];
        int at = 0;
        foreach (char bit in bits.Where(bit => bit != ' '))
        {
            encoded[at / 8] |= (byte)((bit - '0') << (at++ % 8));
        }

        CodecException refusal = Assert.Throws<CodecException>(() => Guarded.Decode(Inflate.Raw, encoded, 1000));
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void ShuffledElementsHaveAtLeastOneByte(int elementSize)
    {
        Assert.Throws<CodecException>(() => Shuffle.Undo(new byte[8], new byte[8], elementSize));
        Assert.Throws<CodecException>(() => BitShuffle.Undo(new byte[8], new byte[8], elementSize));
    }

    [Fact]
    public void ShufflesOfUnequalSpansAreRefused()
    {
        Assert.Throws<CodecException>(() => Shuffle.Undo(new byte[9], new byte[8], 2));
        Assert.Throws<CodecException>(() => BitShuffle.Undo(new byte[16], new byte[8], 1));
        Assert.Throws<CodecException>(() => BitShuffle.Undo(new byte[12], new byte[12], 1));
    }

    private static Guarded.Decoder Choose(Golden golden) => golden.Decoder switch
    {
        "zlib" => Inflate.Zlib,
        "raw" => Inflate.Raw,
        "gzip" => Inflate.Gzip,
        "lzf" => Lzf.Decode,
        "zstd" => Zstd.Decode,
        "lz4" => Lz4.Decode,
        "hdf5lz4" => Hdf5Lz4.Decode,
        "blosc" => Blosc.Decode,
        "blosc2" => Blosc2.Decode,
        _ => Filters.Choose(golden),
    };
}
