using System.Buffers.Binary;
using AnnDataCache.Codecs;

namespace AnnDataCache.Tests.Codecs;

/// <summary>Szip, n-bit and scale-offset: every stored chunk of the reference library, and what only damage can make.</summary>
public sealed class PackedNumbersTests
{
    private const uint MostSignificantFirst = 16, NearestNeighbour = 32;

    [Theory]
    [InlineData("szip", 200)]
    [InlineData("nbit", 100)]
    [InlineData("scaleoffset", 200)]
    public void ChunksOfTheReferenceLibraryDecode(string decoder, int least)
    {
        Golden.Check(decoder, Filters.Choose);
        Assert.True(Golden.Of(decoder).Count > least);
    }

    [Theory]
    [InlineData("szip")]
    [InlineData("scaleoffset")]
    public void ADestinationThatIsTooSmallIsRefused(string decoder)
    {
        foreach (Golden golden in Golden.Of(decoder))
        {
            Assert.Throws<CodecException>(() => Guarded.Decode(Filters.Choose(golden), golden.Encoded, golden.Length - 1));
        }
    }

    [Fact]
    public void NoStoredByteBecomesMoreThanItsFilterSays()
    {
        Assert.All(Golden.Of("szip"), golden => Assert.True(golden.Length <= golden.Encoded.Length * Szip.MaxGrowth));
        Assert.All(Golden.Of("nbit"), golden => Assert.True(
            NBit.MaxGrowth(golden.ClientData) is not { } growth || golden.Length <= golden.Encoded.Length * growth, $"{golden}"));
        Assert.Equal(64, NBit.MaxGrowth([8, 0, 60, 1, 8, 0, 1, 0]));
        Assert.Equal(1, NBit.MaxGrowth([8, 1, 60, 1, 8, 0, 64, 0]));
        Assert.Null(NBit.MaxGrowth([8, 0, 60, 1, 8, 0, 0, 0]));
        Assert.Null(NBit.MaxGrowth([]));
    }

    // Filter parameters come from the file too: each is replaced in turn by numbers that break what may be assumed of it.
    [Theory]
    [InlineData("szip")]
    [InlineData("nbit")]
    [InlineData("scaleoffset")]
    public void DamagedParametersAreRefusedOrDecodeInsideTheDestination(string decoder)
    {
        int refused = 0, decoded = 0;
        foreach (Golden golden in Golden.Of(decoder))
        {
            uint[] parameters = golden.ClientData;
            for (int i = 0; i < parameters.Length; i++)
            {
                foreach (uint value in (uint[])[0, 1, 2, 3, 7, 9, 24, 25, 33, 64, 65, 4097, 0x7FFFFFFF, 0x80000000, uint.MaxValue])
                {
                    uint[] damaged = [.. parameters];
                    damaged[i] = value;
                    Try(decoder, damaged, golden, ref refused, ref decoded);
                }

                Try(decoder, parameters[..i], golden, ref refused, ref decoded);
            }
        }

        Assert.True(refused > 1000 && decoded > 100, $"{refused} refused, {decoded} decoded.");
    }

    // The first byte of a chunk's bits is in the stream behind the length: 3 bits say how the block is coded.
    [Theory]
    [InlineData("shorter than its 4-byte length", 8, "1")]
    [InlineData("does not fit the 8", 9, "")]
    [InlineData("ends inside a number", 8, "")]
    [InlineData("ends inside a number", 8, "111 00000001 00000010")]
    [InlineData("ends inside a number", 8, "001 1 1 1 00")]
    [InlineData("does not fit the scanline", 8, "000 0 001")]
    [InlineData("counts", 8, "011 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000")]
    public void DamagedSzipBitsAreNamed(string reason, uint length, string bits)
    {
        byte[] encoded = Bits(length, bits);
        if (reason.StartsWith("shorter", StringComparison.Ordinal)) { encoded = encoded[..3]; }
        CodecException refusal = Assert.Throws<CodecException>(() => Guarded.Decode(
            Filters.With("szip", [0, 8, 8, 8]), encoded, 8));
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnSzipSampleWiderThanItsTypeIsRefused()
    {
        // The 7th way to code a 4-bit sample splits off 5 bits, so that 31 fits the stream but not the sample.
        CodecException refusal = Assert.Throws<CodecException>(() => Guarded.Decode(
            Filters.With("szip", [0, 2, 4, 2]), Bits(2, "110 1 1 11111 11111"), 2));
        Assert.Contains("15 is the largest", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<CodecException>(() => Guarded.Decode(
            Filters.With("szip", [0, 2, 2, 2]), Bits(2, "000 1 " + new string('0', 30) + "1"), 2));
    }

    [Fact]
    public void SzipBitsMeanWhatTheStandardSays()
    {
        byte[] raw = Szipped("111 00000001 11111111", 2, [0, 2, 8, 2]);
        Assert.Equal([1, 255], raw);
        byte[] split = Szipped("010 01 1 1 0", 2, [0, 2, 8, 2]);
        Assert.Equal([3, 0], split); // (1 zero, low bit 1) and (0 zeros, low bit 0)
        byte[] pairs = Szipped("000 1 00001 01", 4, [0, 4, 8, 4]);
        Assert.Equal([1, 1, 1, 0], pairs); // 4 is the second pair of sum 2; 1 is the first of sum 1
        byte[] predicted = Szipped("000 1 00000101 00001", 2, [NearestNeighbour, 2, 8, 2]);
        Assert.Equal([5, 4], predicted); // reference 5; 4 is the pair (1, 1), of which the second counts: one less
        byte[] zeros = Szipped("000 0 00001", 6, [0, 2, 8, 6]);
        Assert.Equal(new byte[6], zeros); // the count of 5 means the rest
        byte[] big = Szipped("1111 0000000100000010 0000001100000100", 4, [MostSignificantFirst, 2, 16, 2]);
        Assert.Equal([1, 2, 3, 4], big);
        byte[] odd = Szipped("11111 00000000000000000001 11111111111111111111", 8, [0, 2, 20, 2]);
        Assert.Equal([1, 0, 0, 0, 0xFF, 0xFF, 0x0F, 0], odd); // 20 bits take 4 bytes
    }

    // Work is bounded by what is stored, so types that take no bits are refused.
    [Theory]
    [InlineData("no members", new uint[] { 6, 0, 4, 3, 4, 0 })]
    [InlineData("entries of 0", new uint[] { 10, 0, 4, 2, 4, 1, 0, 0, 8, 0 })]
    [InlineData("entries of 3", new uint[] { 10, 0, 4, 2, 4, 1, 3, 0, 8, 0 })]
    [InlineData("is at byte 4", new uint[] { 12, 0, 4, 3, 4, 1, 4, 1, 4, 0, 8, 0 })]
    [InlineData("does not fit the 1 bytes", new uint[] { 12, 0, 4, 3, 4, 1, 3, 1, 4, 0, 8, 0 })]
    [InlineData("cannot have 0 bits", new uint[] { 8, 0, 4, 1, 4, 0, 0, 0 })]
    [InlineData("cannot have 30 bits from bit 3", new uint[] { 8, 0, 4, 1, 4, 0, 30, 3 })]
    [InlineData("of order 2", new uint[] { 8, 0, 4, 1, 4, 2, 8, 0 })]
    [InlineData("kind 9", new uint[] { 8, 0, 4, 9, 4, 0, 8, 0 })]
    [InlineData("goes on behind", new uint[] { 8, 0, 4, 1, 4, 0, 8 })]
    [InlineData("does not fit the 16", new uint[] { 8, 0, 5, 1, 4, 0, 8, 0 })]
    [InlineData("does not fit the 16", new uint[] { 8, 0, uint.MaxValue, 1, uint.MaxValue, 0, 8, 0 })]
    [InlineData("ends inside a number", new uint[] { 8, 0, 4, 1, 4, 0, 30, 0 })]
    public void DamagedNBitTypesAreNamed(string reason, uint[] parameters)
    {
        CodecException refusal = Assert.Throws<CodecException>(() => Guarded.Decode(
            Filters.With("nbit", parameters), new byte[14], 16));
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NBitTypesThatHoldEachOtherTooDeepAreRefused()
    {
        uint[] parameters = [0, 0, 1, .. Enumerable.Repeat(new uint[] { 2, 4 }, 5000).SelectMany(pair => pair), 1, 4, 0, 8, 0];
        CodecException refusal = Assert.Throws<CodecException>(() => Guarded.Decode(
            Filters.With("nbit", parameters), new byte[16], 16));
        Assert.Contains("deeper than 16", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("9 bits; 8", 9, 21)]
    [InlineData("fewer than the 21", 3, 20)]
    [InlineData("have 3 of", 8, 24)]
    [InlineData("ends inside a number", 7, 22)]
    public void DamagedScaleOffsetChunksAreNamed(string reason, int width, int length)
    {
        byte[] encoded = new byte[length];
        encoded[0] = (byte)width;
        encoded[4] = 8;
        uint[] parameters = [2, 0, 4, 0, 1, 0, 0, .. new uint[13]];
        CodecException refusal = Assert.Throws<CodecException>(() => Guarded.Decode(
            Filters.With("scaleoffset", parameters), encoded, 4));
        Assert.Contains(reason.Replace("have", "has", StringComparison.Ordinal), refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheFixedWidthScaleOfFloatsIsRefused()
    {
        uint[] parameters = [1, 0, 4, 1, 4, 0, 0, .. new uint[13]];
        CodecException refusal = Assert.Throws<CodecException>(() => Guarded.Decode(
            Filters.With("scaleoffset", parameters), new byte[40], 16));
        Assert.Contains("scale kind 1", refusal.Message, StringComparison.Ordinal);
    }

    private static void Try(string decoder, uint[] parameters, Golden golden, ref int refused, ref int decoded)
    {
        try
        {
            Guarded.Decode(Filters.With(decoder, parameters), golden.Encoded, golden.Length);
            decoded++;
        }
        catch (CodecException)
        {
            refused++;
        }
    }

    private static byte[] Szipped(string bits, int length, uint[] parameters) =>
        Guarded.Decode(Filters.With("szip", parameters), Bits((uint)length, bits), length);

    /// <summary>A chunk: its length, and bits from the highest of each byte on, filled up with zeros.</summary>
    private static byte[] Bits(uint length, string bits)
    {
        bits = bits.Replace(" ", "", StringComparison.Ordinal);
        byte[] chunk = new byte[4 + ((bits.Length + 7) / 8)];
        BinaryPrimitives.WriteUInt32LittleEndian(chunk, length);
        for (int i = 0; i < bits.Length; i++) { chunk[4 + (i / 8)] |= (byte)((bits[i] - '0') << (7 - (i % 8))); }
        return chunk;
    }
}
