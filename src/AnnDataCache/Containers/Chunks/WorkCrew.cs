using System.Runtime.ExceptionServices;

namespace AnnDataCache.Containers;

/// <summary>One thread's share of a job: its own memory, any item.</summary>
internal abstract class Worker : IDisposable
{
    internal abstract void Do(long item);

    public abstract void Dispose();
}

/// <summary>Does items 0, 1, 2 … on several threads, each taking the next one that nobody has taken; the second runs errands first.</summary>
internal sealed class WorkCrew
{
    private const int MaxThreads = 1024;

    private readonly long _count;
    private readonly ReadContext _context;
    private readonly Func<Worker> _hire;
    private long _next = -1;
    private ExceptionDispatchInfo? _failure;

    private WorkCrew(long count, ReadContext context, Func<Worker> hire) =>
        (_count, _context, _hire) = (count, context, hire);

    /// <summary>Returns when all is done; the first failure stops everyone and is thrown here.</summary>
    internal static void Run(long count, ReadContext context, Func<Worker> hire)
    {
        WorkCrew crew = new(count, context, hire);
        int workers = (int)Math.Clamp(Math.Min(context.Workers, count), 1, MaxThreads);
        if (workers == 1)
        {
            crew.Work(runsErrands: false);
            crew._failure?.Throw();
            return;
        }

        // The caller only waits: a scheduler that has seen it run puts the first thread it starts on its own processor,
        // and may leave the two there for a second while another processor is idle.
        Thread[] threads = new Thread[workers];
        for (int i = 0; i < workers; i++)
        {
            bool runsErrands = i == 1;
            threads[i] = new Thread(() => crew.Work(runsErrands)) { IsBackground = true, Name = "chunk decoder" };
            threads[i].Start();
        }

        foreach (Thread thread in threads) { thread.Join(); }
        crew._failure?.Throw();
    }

    private void Work(bool runsErrands)
    {
        try
        {
            using Worker worker = _hire();
            while (runsErrands && HasItems() && _context.Errand?.Invoke() == true) { }
            for (long item = Interlocked.Increment(ref _next); item < _count; item = Interlocked.Increment(ref _next))
            {
                // Read by every thread between items: a failure elsewhere makes the rest useless.
                if (Volatile.Read(ref _failure) is not null) { return; }
                _context.Cancellation.ThrowIfCancellationRequested();
                worker.Do(item);
            }
        }
        catch (Exception failure)
        {
            // Whatever it is, it must not end the process from this thread: the caller gets the first one.
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(failure), null);
        }
    }

    private bool HasItems() => Volatile.Read(ref _next) + 1 < _count && Volatile.Read(ref _failure) is null;
}
