using System.Runtime.InteropServices;
using AnnDataCache.Loading;

namespace AnnDataCache.Tests.Loading;

/// <summary>Integers keep their values or are refused; none wraps.</summary>
public sealed class IntegerConversionTests
{
    [Fact]
    public void WideningKeepsSignsAndMakesWhatIsTooLargeNegative()
    {
        long[] widened = new long[2];
        IntegerConversion.Widen(MemoryMarshal.AsBytes<sbyte>([-1, 127]), DType.Int8, widened);
        Assert.Equal([-1, 127], widened);
        IntegerConversion.Widen(MemoryMarshal.AsBytes<ulong>([1, ulong.MaxValue]), DType.UInt64, widened);
        Assert.Equal(1, widened[0]);
        Assert.True(widened[1] < 0);
    }

    [Theory]
    [InlineData(new long[] { 0, 9 }, 10, true)]
    [InlineData(new long[] { 0, 10 }, 10, false)]
    [InlineData(new long[] { -1 }, 10, false)]
    [InlineData(new long[] { }, 0, true)]
    [InlineData(new long[] { 0 }, 0, false)]
    [InlineData(new long[] { 1L << 40 }, 10, false)]
    public void OnlyValuesInsideTheLimitAreConverted(long[] values, long limit, bool accepted)
    {
        byte[] destination = new byte[values.Length * sizeof(int)];
        Assert.Equal(accepted, IntegerConversion.Convert(MemoryMarshal.AsBytes(values.AsSpan()), DType.Int64, destination, DType.Int32, limit));
        if (accepted) { Assert.Equal(values, Array.ConvertAll(MemoryMarshal.Cast<byte, int>(destination).ToArray(), value => (long)value)); }
    }

    [Fact]
    public void AUInt64BeyondInt64IsOutsideEveryLimit() =>
        Assert.False(IntegerConversion.Convert(MemoryMarshal.AsBytes<ulong>([ulong.MaxValue]), DType.UInt64, new byte[8], DType.Int64, long.MaxValue));
}
