using System.Numerics;
using AnnDataCache.Loading;

namespace AnnDataCache.Tests.Loading;

/// <summary>The vectorised pass over indices says of each what looking at them one by one says, at every place of every length.</summary>
public sealed class IndexScanTests
{
    private const int Longest = 75; // beyond two rounds of four vectors of int32, and a rest

    [Fact]
    public void FallsAreFoundAtEveryPlaceOfEveryLength()
    {
        FindFalls<int>();
        FindFalls<long>();
    }

    [Fact]
    public void AnIndexOutsideIsSeenAtEveryPlaceOfEveryLength()
    {
        SeeOutside<int>([100, int.MaxValue, -1, int.MinValue]);
        SeeOutside<long>([100, long.MaxValue, -1, long.MinValue, 1L << 32, -(1L << 32)]);
    }

    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(0, 1, true)]
    [InlineData(int.MaxValue, int.MaxValue, false)]
    [InlineData(int.MaxValue - 1, int.MaxValue, true)]
    [InlineData(int.MaxValue, 1L << 31, true)]
    [InlineData(-1, 1L << 31, false)]
    public void LimitsAreExact(int value, long limit, bool isInRange)
    {
        Assert.Equal(isInRange, new IndexScan<int>([value], limit).IsInRange);
        Assert.Equal(isInRange, new IndexScan<long>([value], limit).IsInRange);
    }

    private static void FindFalls<T>() where T : unmanaged, IBinaryInteger<T>, ISignedNumber<T>
    {
        Random random = new(1);
        for (int length = 1; length <= Longest; length++)
        {
            for (int round = 0; round < 40; round++)
            {
                T[] values = [.. Enumerable.Range(0, length).Select(i => T.CreateChecked(i))];
                for (int i = random.Next(4); i > 0; i--) { values[random.Next(length)] = T.CreateChecked(random.Next(length)); }
                List<int> expected = [.. Enumerable.Range(1, length - 1).Where(i => values[i] <= values[i - 1])], found = [];
                IndexScan<T> scan = new(values, Longest);
                for (int i = scan.NextFall(1); i < length; i = scan.NextFall(i + 1)) { found.Add(i); }
                Assert.Equal(expected, found);
                Assert.True(scan.IsInRange);
            }
        }
    }

    private static void SeeOutside<T>(T[] outside) where T : unmanaged, IBinaryInteger<T>, ISignedNumber<T>
    {
        for (int length = 1; length <= Longest; length++)
        {
            for (int place = 0; place < length; place++)
            {
                foreach (T value in outside)
                {
                    T[] values = [.. Enumerable.Range(0, length).Select(i => T.CreateChecked(i))];
                    values[place] = value;
                    IndexScan<T> scan = new(values, 100);
                    for (int i = scan.NextFall(1); i < length; i = scan.NextFall(i + 1)) { }
                    Assert.False(scan.IsInRange, $"{value} at {place} of {length}");
                }
            }
        }
    }
}
