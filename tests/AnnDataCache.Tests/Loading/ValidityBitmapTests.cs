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
}
