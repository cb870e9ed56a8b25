using System.Numerics;
using AnnDataCache.Loading;

namespace AnnDataCache.Tests.Loading;

/// <summary>Bitmaps as Arrow wants them: least significant bit first, unused bits 0.</summary>
public sealed class ValidityBitmapTests
{
    [Theory]
    [InlineData(new byte[] { 1, 0, 0, 1 }, false, new byte[] { 0b1001 }, 2)]
    [InlineData(new byte[] { 1, 0, 0, 1 }, true, new byte[] { 0b0110 }, 2)]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 1 }, false, new byte[] { 0, 1 }, 1)]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0 }, true, new byte[] { 255, 1 }, 9)]
    public void FlagsBecomeBits(byte[] flags, bool invert, byte[] expected, long set)
    {
        byte[] bits = new byte[ValidityBitmap.Bytes(flags.Length)];
        Assert.Equal(set, ValidityBitmap.Pack(flags, bits, invert));
        Assert.Equal(expected, bits);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(32)]
    [InlineData(71)]
    [InlineData(1000)]
    public void LongRunsOfFlagsBecomeBits(int count)
    {
        byte[] flags = new byte[count];
        new Random(count).NextBytes(flags);
        for (int i = 0; i < count; i += 3) { flags[i] = 0; }
        byte[] set = new byte[ValidityBitmap.Bytes(count)], cleared = new byte[set.Length];
        Assert.Equal(flags.Count(flag => flag != 0), ValidityBitmap.Pack(flags, set, invert: false));
        Assert.Equal(flags.Count(flag => flag == 0), ValidityBitmap.Pack(flags, cleared, invert: true));
        Assert.Equal(Bits(count, i => flags[i] != 0), set);
        Assert.Equal(Bits(count, i => flags[i] == 0), cleared);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(71)]
    [InlineData(1000)]
    public void SignsBecomeBits(int count)
    {
        AssertSigns<sbyte>(count);
        AssertSigns<short>(count);
        AssertSigns<int>(count);
    }

    private static void AssertSigns<T>(int count) where T : unmanaged, INumberBase<T>
    {
        Random random = new(count);
        T[] codes = [.. Enumerable.Range(0, count).Select(_ => T.CreateTruncating(random.Next()) * (random.Next(2) == 0 ? -T.One : T.One))];
        byte[] bits = new byte[ValidityBitmap.Bytes(count)];
        Assert.Equal(codes.Count(code => !T.IsNegative(code)), ValidityBitmap.PackSigns<T>(codes, bits));
        Assert.Equal(Bits(count, i => !T.IsNegative(codes[i])), bits);
    }

    private static byte[] Bits(int count, Func<int, bool> isSet)
    {
        byte[] bits = new byte[ValidityBitmap.Bytes(count)];
        for (int i = 0; i < count; i++) { bits[i / 8] |= (byte)(isSet(i) ? 1 << (i % 8) : 0); }
        return bits;
    }
}
