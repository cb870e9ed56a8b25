using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace AnnDataCache.Loading;

// Many elements of one source, loaded in two lanes.
//
//   main    the caller's thread: one element after another, each with all workers; the first one asked for, then large before small
//   beside  while a large one is filled, its second worker loads small ones, as long as the large one has work left for it
//
// Planning, reserving and sealing a part is the work of one thread, and for a small part most of the work. A worker that is there
// already has a core of its own: a further thread would have to wait until the scheduler finds it one.
//
// N1  A small element never takes the room of a large one: it begins when that has its reservation, and what finds no room is
//     tried again alone.                                              Users: the same elements are there as without lanes.
// N2  Whoever holds the ticket of a small element waits for nobody.   Everybody: two processes cannot wait for each other.

/// <summary>Loads elements; what came of them is told in the order in which they were asked for.</summary>
/// <param name="elements">Paths, with about as many bytes as their parts will have.</param>
/// <param name="load">Loads one; called from both lanes.</param>
/// <param name="cancellation">Ends both lanes.</param>
internal sealed class LoadLanes(
    IReadOnlyList<(string Path, double Bytes)> elements, Func<string, LoadRequest, LoadedElement> load, CancellationToken cancellation)
{
    /// <summary>Up to here one thread does not take much longer than all of them.</summary>
    private const double SmallBytes = 32 << 20;

    // What errands leave in the results and the failure is read once the load whose threads ran them has returned.
    private readonly LoadedElement?[] _results = new LoadedElement?[elements.Count];
    private readonly ConcurrentQueue<int> _large =
        new(Enumerable.Range(0, elements.Count).Where(i => i == 0 || elements[i].Bytes > SmallBytes));

    private readonly ConcurrentQueue<int> _small =
        new(Enumerable.Range(0, elements.Count).Where(i => i > 0 && elements[i].Bytes <= SmallBytes));

    private ExceptionDispatchInfo? _failure;

    /// <param name="progress">Told of those in the main lane; or null.</param>
    /// <param name="told">Called on this thread with what came of each; or null.</param>
    internal void Run(IProgress<LoadProgress>? progress, Action<LoadedElement>? told)
    {
        LoadRequest alone = new(progress, cancellation), crowded = alone with { Errand = LoadSmall };
        int next = 0;
        while (_large.TryDequeue(out int element) || _small.TryDequeue(out element))
        {
            _results[element] = TryLoad(element, elements[element].Bytes > SmallBytes ? crowded : alone); // N2
            _failure?.Throw();
            for (; next < _results.Length && _results[next] is { } result; next++) { told?.Invoke(result); }
        }

        for (; next < _results.Length; next++) { told?.Invoke(_results[next] ?? load(elements[next].Path, alone)); } // N1
    }

    /// <summary>Loads a small element on the thread of another one's load; false when there is none left.</summary>
    private bool LoadSmall()
    {
        if (_failure is not null || !_small.TryDequeue(out int element)) { return false; }
        try
        {
            _results[element] = TryLoad(element, new LoadRequest(null, cancellation) { IsErrand = true });
            return true;
        }
        catch (Exception failure)
        {
            _failure = ExceptionDispatchInfo.Capture(failure); // not the failure of the element whose thread this is
            return false;
        }
    }

    /// <summary>Null when there was no room: the other lane may hold it.</summary>
    private LoadedElement? TryLoad(int element, LoadRequest request)
    {
        try
        {
            return load(elements[element].Path, request);
        }
        catch (StoreException full) when (full.Error == CacheError.NoRoom)
        {
            return null;
        }
    }
}
