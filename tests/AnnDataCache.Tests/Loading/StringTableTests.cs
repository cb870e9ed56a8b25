using System.Text;
using AnnDataCache.Containers;
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

    [Fact]
    public void AStringIsTheSameInABlockAndByItself()
    {
        StringTable table = new(10_000, 1_000_000);
        List<byte[]> texts = [];
        for (int length = 0; length <= 40; length++) // zeros count: a is not a and NUL
        {
            texts.Add(new byte[length]);
            for (int place = 0; place < length; place++) { texts.Add([.. new byte[place], (byte)'a', .. new byte[length - place - 1]]); }
        }

        using StringBlock block = new();
        foreach (byte[] text in texts) { text.CopyTo(block.Add(text.Length)); }
        for (int i = 0; i < texts.Count; i++) { Assert.Equal(i, i % 2 == 0 ? table.Add(block, i) : table.Add(texts[i])); }
        for (int i = 0; i < texts.Count; i++) { Assert.Equal((i, i), (table.Add(block, i), table.Add(texts[i]))); }
        Assert.Equal(texts.Count, table.Count);
    }

    [Fact]
    public void WhatStandsBehindAStringIsNotPartOfIt()
    {
        StringTable table = new(10, 100);
        using StringBlock block = new();
        foreach (byte filling in (byte[])[0xFF, 1, 0])
        {
            block.Clear();
            block.Add(40).Fill(filling);
            block.Clear();
            "ab"u8.CopyTo(block.Add(2));
            Assert.Equal(0, table.Add(block, 0));
        }
    }

    private static byte[] Key(int i) => Encoding.UTF8.GetBytes($"value {i}");
}
