using System.Runtime.ExceptionServices;

namespace AnnDataCache.Summaries;

/// <summary>Work on numbered stripes by several threads, whose results are taken in the order of the stripes.</summary>
/// <remarks>
/// Stripes are handed out in order, and each thread waits for the turn of the one it has done. The thread with the lowest
/// stripe never waits, so there is always progress; and no more results are in memory than there are threads.
/// </remarks>
internal sealed class Stripes
{
    private readonly Lock _handout = new();
    private readonly object _turns = new();
    private readonly long _count;
    private readonly CancellationToken _cancellation;
    private long _next, _turn;
    private ExceptionDispatchInfo? _failure; // read and written under _turns

    private Stripes(long count, CancellationToken cancellation) => (_count, _cancellation) = (count, cancellation);

    /// <param name="count">Stripes.</param>
    /// <param name="workers">Threads at most.</param>
    /// <param name="hire">Memory of one thread.</param>
    /// <param name="work">Does a stripe, on any thread.</param>
    /// <param name="take">Takes a stripe's result; one at a time, in order.</param>
    /// <param name="cancellation">Honoured between stripes.</param>
    internal static void Run<TWorker>(
        long count, int workers, Func<TWorker> hire, Action<TWorker, long> work, Action<TWorker, long> take, CancellationToken cancellation)
    {
        Stripes stripes = new(count, cancellation);
        int threads = (int)Math.Clamp(Math.Min(workers, count), 1, 256);
        if (threads == 1) { stripes.Work(hire, work, take); }
        else { Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ => stripes.Work(hire, work, take)); }
        stripes._failure?.Throw();
    }

    private void Work<TWorker>(Func<TWorker> hire, Action<TWorker, long> work, Action<TWorker, long> take)
    {
        try
        {
            TWorker? worker = default;
            for (bool hired = false; TryNext(out long stripe); hired = true)
            {
                _cancellation.ThrowIfCancellationRequested();
                if (!hired) { worker = hire(); }
                work(worker!, stripe);
                lock (_turns)
                {
                    while (_turn != stripe && _failure is null) { Monitor.Wait(_turns); }
                    if (_failure is not null) { return; }
                    take(worker!, stripe);
                    _turn++;
                    Monitor.PulseAll(_turns);
                }
            }
        }
        catch (Exception failure)
        {
            // Those who wait for this stripe's turn must not wait for ever; the caller gets the first failure.
            lock (_turns)
            {
                _failure ??= ExceptionDispatchInfo.Capture(failure);
                Monitor.PulseAll(_turns);
            }
        }
    }

    private bool TryNext(out long stripe)
    {
        lock (_handout)
        {
            stripe = _next;
            if (_next == _count) { return false; }
            _next++;
            return true;
        }
    }
}
