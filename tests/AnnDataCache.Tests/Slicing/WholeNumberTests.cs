using System.Runtime.InteropServices;
using AnnDataCache.Slicing;

namespace AnnDataCache.Tests.Slicing;

/// <summary>A value is narrowed only where it comes back bit by bit: at both ends of every type, wherever in a piece it stands.</summary>
public sealed class WholeNumberTests
{
    [Theory]
    [InlineData(0, 255, DType.UInt8)]
    [InlineData(0, 256, DType.UInt16)]
    [InlineData(0, 65535, DType.UInt16)]
    [InlineData(0, 65536, DType.Int32)]
    [InlineData(-128, 127, DType.Int8)]
    [InlineData(-129, 0, DType.Int16)]
    [InlineData(-1, 128, DType.Int16)]
    [InlineData(-32768, 32767, DType.Int16)]
    [InlineData(-32769, 0, DType.Int32)]
    [InlineData(-1, 32768, DType.Int32)]
    public void TheSmallestTypeHoldsBothEnds(int min, int max, DType expected)
    {
        WholeRange range = WholeRange.Empty.With(min, max);
        Assert.Equal(expected, WholeNumbers.Smallest(DType.Float64, range));
        Assert.Equal(expected == DType.Int32 ? DType.Float32 : expected, WholeNumbers.Smallest(DType.Float32, range));
    }

    [Theory]
    [InlineData(65536, DType.UInt16)]
    [InlineData(65537, DType.Int32)]
    [InlineData(int.MaxValue, DType.Int32)]
    [InlineData(int.MaxValue + 1L, DType.Int64)]
    public void TheSmallestIndexHoldsTheLastPosition(long length, DType expected) => Assert.Equal(expected, TwinDraft.IndexTypeFor(length));

    [Fact]
    public void EveryPlaceOfAPieceIsLookedAt()
    {
        for (int length = 1; length <= 37; length++)
        {
            for (int place = 0; place < length; place++)
            {
                float[] values = new float[length];
                values[place] = 300;
                Assert.Equal(new WholeRange(length == 1 ? 300 : 0, 300), Range<float>(DType.Float32, values));
                values[place] = -7;
                Assert.Equal(-7, Range<float>(DType.Float32, values)!.Value.Min);
                double[] doubles = [.. values];
                Assert.Equal(-7, Range<double>(DType.Float64, doubles)!.Value.Min);
                foreach (float odd in (float[])[0.5f, -0f, float.NaN, float.PositiveInfinity, 3e9f, -3e9f, float.Epsilon])
                {
                    values[place] = odd;
                    doubles[place] = odd;
                    Assert.Null(Range<float>(DType.Float32, values));
                    Assert.Null(Range<double>(DType.Float64, doubles));
                }
            }
        }
    }

    private static WholeRange? Range<T>(DType type, T[] values) where T : unmanaged
    {
        WholeRange range = WholeRange.Empty;
        return WholeNumbers.Extend(type, MemoryMarshal.AsBytes(values.AsSpan()), ref range) ? range : null;
    }
}
