using AnnDataCache.Interop;
using AnnDataCache.Store;

namespace AnnDataCache.Tests.Store;

/// <summary>Which part goes first, under each policy, on a board as tiers have it.</summary>
public sealed class EvictionTests : IDisposable
{
    private const long MegaByte = 1_000_000;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("anndata-cache-test-");
    private readonly TierFolder _root;
    private readonly ControlBoard _board;
    private readonly Dictionary<string, TierEntry> _parts = [];

    public EvictionTests()
    {
        _root = TierFolder.Open(System.IO.Path.Join(_folder.FullName, "tier"), FolderAccess.Private);
        _board = ControlBoard.Open(_root);
    }

    public enum Policy
    {
        Fifo,
        Lru,
        CostAware,
    }

    [Fact]
    public void TheFirstLoadedGoesFirstUnderFifoHoweverOftenItIsHit()
    {
        Eviction eviction = new(_board, EvictionPolicy.Fifo);
        foreach (string part in (string[])["c", "a", "b"]) { Load(eviction, part); }
        for (int hit = 0; hit < 10; hit++) { Hit(eviction, "c"); }
        Assert.Equal("c a b", Order(eviction));
    }

    [Fact]
    public void ALoadOfWhatWasEvictedStartsAnewUnderFifo()
    {
        Eviction eviction = new(_board, EvictionPolicy.Fifo);
        foreach (string part in (string[])["a", "b", "c"]) { Load(eviction, part); }
        eviction.Age(_parts["a"].Name);
        Load(eviction, "a");
        Assert.Equal("b c a", Order(eviction));
    }

    [Fact]
    public void TheLongestUnusedGoesFirstUnderLruWhateverItCost()
    {
        Eviction eviction = new(_board, EvictionPolicy.Lru);
        Load(eviction, "a", seconds: 60);
        Load(eviction, "b", seconds: 0.01);
        Load(eviction, "c", seconds: 1);
        Hit(eviction, "a");
        Hit(eviction, "b");
        Assert.Equal("c a b", Order(eviction));
    }

    [Fact]
    public void UsesAreToldApartAfterMoreOfThemThanAFloatCounts()
    {
        foreach (double clock in (double[])[1 << 24, 1L << 30])
        {
            _board.Clock = clock + 1;
            Eviction eviction = new(_board, EvictionPolicy.Lru);
            foreach (string part in (string[])["c", "a", "b"]) { Load(eviction, part); }
            Hit(eviction, "a");
            Assert.Equal("c b a", Order(eviction));
        }
    }

    [Fact]
    public void AClockBeyondItsLastMomentGivesFiniteScores()
    {
        _board.Clock = 1e15;
        Eviction eviction = new(_board, EvictionPolicy.Lru);
        Load(eviction, "a");
        Assert.Equal(float.MaxValue, _board.Find(_parts["a"].Name.Hash).Score);
    }

    [Fact]
    public void TheCheaperPerByteGoesFirstUnderTheCostAwarePolicy()
    {
        Eviction eviction = new(_board, EvictionPolicy.CostAware);
        Load(eviction, "cheap", 100 * MegaByte, seconds: 0.3);
        Load(eviction, "small", MegaByte / 100, seconds: 0.01);
        Load(eviction, "costly", 100 * MegaByte, seconds: 3);
        Load(eviction, "large", 1000 * MegaByte, seconds: 0.3);
        Assert.Equal("large cheap costly small", Order(eviction));
    }

    [Fact]
    public void HitsOutweighCostUnderTheCostAwarePolicy()
    {
        Eviction eviction = new(_board, EvictionPolicy.CostAware);
        Load(eviction, "costly", seconds: 2);
        Load(eviction, "popular", seconds: 1);
        Assert.Equal("popular costly", Order(eviction));
        Hit(eviction, "popular");
        Hit(eviction, "popular");
        Assert.Equal("costly popular", Order(eviction));
    }

    /// <summary>A part with many hits, never used again, outlives some newcomers, but not for ever.</summary>
    [Fact]
    public void WhatIsNoLongerUsedAgesUntilItGoes()
    {
        Eviction eviction = new(_board, EvictionPolicy.CostAware);
        Load(eviction, "old");
        for (int hit = 0; hit < 9; hit++) { Hit(eviction, "old"); }
        List<string> gone = [];
        while (!gone.Contains("old") && gone.Count < 100)
        {
            Load(eviction, $"new{gone.Count}");
            Hit(eviction, $"new{gone.Count}");
            gone.Add(EvictFirst(eviction));
        }

        Assert.InRange(gone.Count, 4, 6); // ten hits of the old part against two of each newcomer
        Assert.Equal("old", gone[^1]);
    }

    [Fact]
    public void AnEvictionOutOfTurnNeverSetsTheClockBack()
    {
        Eviction eviction = new(_board, EvictionPolicy.CostAware);
        Load(eviction, "dear", seconds: 8);
        Load(eviction, "cheap", seconds: 1);
        eviction.Age(_parts["dear"].Name);
        double clock = _board.Clock;
        eviction.Age(_parts["cheap"].Name);
        Assert.InRange(clock, 7.5, 8.5);
        Assert.Equal(clock, _board.Clock);
    }

    [Fact]
    public void OnlyEvictionsMoveTheClockOfTheCostAwarePolicy()
    {
        Eviction eviction = new(_board, EvictionPolicy.CostAware);
        _board.Clock = 3;
        Load(eviction, "a");
        Hit(eviction, "a");
        Assert.Equal(3, _board.Clock);
        eviction.Age(_parts["a"].Name);
        Assert.InRange(_board.Clock, 4.9, 5.1);
    }

    /// <summary>A derived part is made in less time than its source is loaded; with scores equal, that decides.</summary>
    [Theory]
    [InlineData(Policy.Fifo)]
    [InlineData(Policy.Lru)]
    [InlineData(Policy.CostAware)]
    public void ADerivedPartGoesBeforeItsSourceWhenEqual(Policy policy)
    {
        Eviction eviction = new(_board, PolicyOf(policy));
        foreach (string[] arrival in (string[][])[["source", "derived"], ["derived", "source"]])
        {
            _parts.Clear();
            foreach (string part in arrival) { Load(eviction, part); }
            SetUse("source", new PartUse(5, 2, PartUse.CostOf(4)));
            SetUse("derived", new PartUse(5, 2, PartUse.CostOf(1)));
            Assert.Equal("derived source", Order(eviction));
        }
    }

    [Fact]
    public void ADerivedPartGoesBeforeItsSourceAfterTheSameUse()
    {
        Eviction eviction = new(_board);
        Load(eviction, "source", 400 * MegaByte, seconds: 2);
        Load(eviction, "derived", 400 * MegaByte, seconds: 0.5);
        Hit(eviction, "source");
        Hit(eviction, "derived");
        Assert.Equal("derived source", Order(eviction));
    }

    [Fact]
    public void OfEqualPartsTheLargerGoesFirst()
    {
        Eviction eviction = new(_board);
        foreach ((string part, long bytes) in (ReadOnlySpan<(string, long)>)[("a", 1), ("b", 3), ("c", 2)])
        {
            Load(eviction, part, bytes * MegaByte);
            SetUse(part, new PartUse(5, 1, 160));
        }

        Assert.Equal("b c a", Order(eviction));
    }

    [Theory]
    [InlineData(Policy.Fifo)]
    [InlineData(Policy.Lru)]
    [InlineData(Policy.CostAware)]
    public void HitsSaturate(Policy policy)
    {
        Eviction eviction = new(_board, PolicyOf(policy));
        Load(eviction, "a");
        for (int hit = 0; hit < 253; hit++) { Hit(eviction, "a"); }
        Assert.Equal(254, _board.Find(_parts["a"].Name.Hash).Hits);
        for (int hit = 0; hit < 10; hit++) { Hit(eviction, "a"); }
        Assert.Equal(255, _board.Find(_parts["a"].Name.Hash).Hits);
    }

    /// <summary>The policies are told from the default one by an order that only one of them gives.</summary>
    [Fact]
    public void TheDefaultIsTheCostAwarePolicy()
    {
        Eviction eviction = new(_board);
        Load(eviction, "dear", seconds: 9);
        Load(eviction, "hit", seconds: 0.5);
        Hit(eviction, "hit");
        Load(eviction, "late", seconds: 3);
        Assert.Equal("hit late dear", Order(eviction));
    }

    [Theory]
    [InlineData(0.0, 0, 1.0 / 1024)]
    [InlineData(-1.0, 0, 1.0 / 1024)]
    [InlineData(1.0, 160, 1.0)]
    [InlineData(1e9, 255, 61.3)]
    [InlineData(double.PositiveInfinity, 255, 61.3)]
    public void CostsSaturate(double seconds, byte packed, double unpacked)
    {
        byte cost = PartUse.CostOf(seconds);
        Assert.Equal(packed, cost);
        Assert.Equal(unpacked, new PartUse(0, 1, cost).CostSeconds, 0.05);
    }

    [Theory]
    [InlineData(Policy.Fifo)]
    [InlineData(Policy.Lru)]
    [InlineData(Policy.CostAware)]
    public void AnOlderVersionOfWhatIsLoadedGoesFirst(Policy policy)
    {
        Eviction eviction = new(_board, PolicyOf(policy));
        PartName loading = NameOf("x", 2);
        Load(eviction, "a");
        _parts["stale"] = new TierEntry(NameOf("x", 1), MegaByte);
        eviction.Admit(_parts["stale"].Name, MegaByte, 60);
        for (int hit = 0; hit < 100; hit++) { Hit(eviction, "stale"); }
        Assert.Equal("stale a", Order(eviction, loading));
        Assert.Equal("a stale", Order(eviction));
    }

    [Theory]
    [InlineData(Policy.Fifo)]
    [InlineData(Policy.Lru)]
    [InlineData(Policy.CostAware)]
    public void WhatTheBoardDoesNotKnowGoesBeforeWhatItKnows(Policy policy)
    {
        Eviction eviction = new(_board, PolicyOf(policy));
        Load(eviction, "known", seconds: 0.001);
        _parts["unknown"] = new TierEntry(NameOf("unknown"), MegaByte);
        Assert.Equal("unknown known", Order(eviction));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(-1e300)]
    [InlineData(1e300)]
    public void AScribbledClockStartsAgain(double clock)
    {
        foreach (EvictionPolicy policy in (EvictionPolicy[])[EvictionPolicy.Fifo, EvictionPolicy.Lru, EvictionPolicy.CostAware])
        {
            _board.Clock = clock;
            Eviction eviction = new(_board, policy);
            Load(eviction, "a", seconds: 1);
            Load(eviction, "b", seconds: 2);
            eviction.Age(_parts["a"].Name);
            Assert.InRange(_board.Clock, 0.5, 10);
            Assert.Equal("a b", Order(eviction));
        }
    }

    private static EvictionPolicy PolicyOf(Policy policy) => policy switch
    {
        Policy.Fifo => EvictionPolicy.Fifo,
        Policy.Lru => EvictionPolicy.Lru,
        _ => EvictionPolicy.CostAware,
    };

    private static PartName NameOf(string element, long sourceBytes = 1) =>
        PartName.For("/data/a.h5ad", element, "", new FileStat { Size = sourceBytes });

    private void Load(Eviction eviction, string part, long bytes = MegaByte, double seconds = 1)
    {
        _parts[part] = new TierEntry(NameOf(part), bytes);
        eviction.Admit(_parts[part].Name, bytes, seconds);
    }

    private void Hit(Eviction eviction, string part) => eviction.Touch(_parts[part].Name, _parts[part].Bytes);

    private void SetUse(string part, PartUse use) => _board.Store(_parts[part].Name.Hash, use);

    private string Order(Eviction eviction, PartName? loading = null) => string.Join(' ', eviction
        .Order(_parts.Values, loading ?? NameOf("something else"))
        .Select(entry => _parts.First(part => part.Value.Name == entry.Name).Key));

    private string EvictFirst(Eviction eviction)
    {
        string first = Order(eviction).Split(' ')[0];
        eviction.Age(_parts[first].Name);
        _parts.Remove(first);
        return first;
    }

    public void Dispose()
    {
        _board.Dispose();
        _root.Dispose();
        _folder.Delete(recursive: true);
    }
}
