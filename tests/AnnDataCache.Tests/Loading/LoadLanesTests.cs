using System.Collections.Concurrent;
using AnnDataCache.Loading;

namespace AnnDataCache.Tests.Loading;

/// <summary>Which element is loaded in which lane, what is told of it, and what a failure in one lane does to the other.</summary>
public sealed class LoadLanesTests
{
    private const double Small = 1000, Large = 1e9;

    private readonly ConcurrentQueue<(string Path, bool IsErrand, bool HasErrands)> _loads = [];
    private readonly List<string> _told = [];

    [Fact]
    public void SmallElementsAreErrandsOfALargeOneAndAllIsToldInOrder()
    {
        Lanes([("first", Small), ("s1", Small), ("X", Large), ("s2", Small)], RunErrands).Run(null, Tell);
        Assert.Equal(["first", "s1", "X", "s2"], _told);
        Assert.Equal([("first", false, false), ("X", false, true), ("s1", true, false), ("s2", true, false)], _loads);
    }

    /// <summary>N2: whoever waits for an errand holds the ticket of a large element, and an errand waits for no other one.</summary>
    [Fact]
    public void OnlyLargeElementsHaveErrandsAndErrandsHaveNone()
    {
        Lanes([("a", Small), ("b", Small), ("X", Large), ("c", Small), ("Y", Large)], (path, request) => Result(path)).Run(null, Tell);
        Assert.Equal([("a", false, false), ("X", false, true), ("Y", false, true), ("b", false, false), ("c", false, false)], _loads);
        Assert.Equal(["a", "b", "X", "c", "Y"], _told);
    }

    [Fact]
    public void AResultIsToldAsSoonAsThoseBeforeItAreThere()
    {
        Lanes(
            [("X", Large), ("Y", Large)],
            (path, request) =>
            {
                if (path == "Y") { Assert.Equal(["X"], _told); }
                return Result(path);
            }).Run(null, Tell);
        Assert.Equal(["X", "Y"], _told);
    }

    [Fact]
    public void AFailedErrandEndsTheLoadsButNotTheElementBesideIt()
    {
        bool isThere = false;
        SourceException gone = Assert.Throws<SourceException>(() => Lanes(
            [("X", Large), ("s1", Small), ("s2", Small), ("Y", Large)],
            (path, request) =>
            {
                if (path == "s1") { throw new SourceException(CacheError.SourceNotFound, "gone"); }
                LoadedElement result = RunErrands(path, request);
                isThere |= path == "X";
                return result;
            }).Run(null, Tell));
        Assert.Equal("gone", gone.Message);
        Assert.True(isThere);
        Assert.Equal(["X", "s1"], _loads.Select(load => load.Path));
        Assert.Empty(_told);
    }

    /// <summary>N1</summary>
    [Fact]
    public void WhatFindsNoRoomBesideIsTriedAgainAlone()
    {
        Lanes(
            [("X", Large), ("s", Small)],
            (path, request) => request.IsErrand ? throw new StoreException(CacheError.NoRoom, "full") : RunErrands(path, request))
            .Run(null, Tell);
        Assert.Equal([("X", false, true), ("s", true, false), ("s", false, false)], _loads);
        Assert.Equal(["X", "s"], _told);
    }

    [Fact]
    public void WhatFindsNoRoomAloneIsAFailure()
    {
        StoreException full = Assert.Throws<StoreException>(() => Lanes(
            [("s", Small), ("X", Large)],
            (path, request) => path == "X" ? throw new StoreException(CacheError.NoRoom, "full") : Result(path)).Run(null, Tell));
        Assert.Equal(CacheError.NoRoom, full.Error);
        Assert.Equal(["s"], _told);
    }

    [Fact]
    public void WhatTheTellerThrowsEndsTheLoads()
    {
        Assert.Throws<InvalidOperationException>(() => Lanes([("a", Small), ("b", Small)], (path, request) => Result(path))
            .Run(null, _ => throw new InvalidOperationException()));
        Assert.Equal(["a"], _loads.Select(load => load.Path));
    }

    private static LoadedElement Result(string path) =>
        LoadedElement.Failed(path, new ElementException(CacheError.ElementUnreadable, path), TimeSpan.Zero);

    /// <summary>As a crew does: on another thread, while the element is loaded.</summary>
    private static LoadedElement RunErrands(string path, LoadRequest request)
    {
        if (request.Errand is { } errand)
        {
            Thread worker = new(() => { while (errand()) { } });
            worker.Start();
            worker.Join();
        }

        return Result(path);
    }

    private LoadLanes Lanes(IReadOnlyList<(string, double)> elements, Func<string, LoadRequest, LoadedElement> load) => new(
        elements,
        (path, request) =>
        {
            _loads.Enqueue((path, request.IsErrand, request.Errand is not null));
            return load(path, request);
        },
        CancellationToken.None);

    private void Tell(LoadedElement element) => _told.Add(element.Element);
}
