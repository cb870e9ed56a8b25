using System.Text;
using AnnDataCache.Loading;

namespace AnnDataCache.Tests.Loading;

/// <summary>The table of distinct strings finds what it has, whatever the sizes, and keeps to its limits.</summary>
public sealed class StringTableTests
{
    [Fact]
    public void PositionsAreThoseOfFirstAppearanceThroughManyRehashes()
    {
        StringTable table = new(maxStrings: 100_000, maxBytes: 10_000_000);
        for (int i = 0; i < 20_000; i++) { Assert.Equal(i, table.Add(Key(i))); }
        for (int i = 0; i < 20_000; i += 7) { Assert.Equal(i, table.Add(Key(i))); }
        Assert.Equal(20_000, table.Count);
        Assert.Equal("value 12345", Encoding.UTF8.GetString(table[12_345]));
    }

    [Fact]
    public void TheEmptyStringIsAValueLikeAnyOther()
    {
        StringTable table = new(10, 10);
        Assert.Equal(0, table.Add(""u8));
        Assert.Equal(1, table.Add("a"u8));
        Assert.Equal(0, table.Add(""u8));
        Assert.Equal(1, table.TotalBytes);
    }

    [Fact]
    public void WhatExceedsALimitIsRefusedAndWhatIsThereStaysFound()
    {
        StringTable few = new(maxStrings: 2, maxBytes: 100);
        few.Add("a"u8);
        few.Add("b"u8);
        Assert.Equal(-1, few.Add("c"u8));
        Assert.Equal(1, few.Add("b"u8));

        StringTable small = new(maxStrings: 10, maxBytes: 3);
        small.Add("abc"u8);
        Assert.Equal(-1, small.Add("d"u8));
        Assert.Equal(0, small.Add("abc"u8));
    }

    private static byte[] Key(int i) => Encoding.UTF8.GetBytes($"value {i}");
}
