using System.Collections.Concurrent;
using AnnDataCache.Loading;
using AnnDataCache.Store;
using Microsoft.Extensions.Logging;

namespace AnnDataCache.Slicing;

/// <summary>Builds twins behind the askers' backs, one at a time: they have had their answers from a scan. Owned by a <see cref="Cache"/>.</summary>
/// <remarks>
/// A twin that cannot be built (no room) is logged and not tried again by this process: scans go on giving the answers. A
/// process that ends finishes the twin it builds, as it finishes cold copies, so that the next one finds it; it does not wait
/// for a twin that another process builds.
/// </remarks>
internal sealed class TwinBuilder(ILogger logger) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _begun = new(StringComparer.Ordinal);
    private readonly BlockingCollection<Job> _queue = [];
    private readonly CancellationTokenSource _stop = new(), _closing = new();
    private Thread? _thread;

    /// <summary>Queues the twin of a part, whose pin is kept until it is built.</summary>
    internal void Start(DerivedParts parts, AnnDataSource source, PartPin whole)
    {
        lock (_lock)
        {
            if (_queue.IsAddingCompleted || !_begun.Add(whole.Name.Value)) { return; }
            if (_thread is null)
            {
                _thread = new Thread(BuildAll) { IsBackground = true, Name = "anndata-cache twins" };
                _thread.Start();
            }

            _queue.Add(new Job(parts, source, whole.Retain(), null), CancellationToken.None);
        }
    }

    /// <summary>Waits until all twins that were begun are built; cancelling gives them up.</summary>
    internal async Task DrainAsync(CancellationToken cancellation)
    {
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_thread is null || _queue.IsAddingCompleted) { return; }
            _queue.Add(new Job(null, null, null, reached), CancellationToken.None);
        }

        using CancellationTokenRegistration registration = cancellation.Register(_stop.Cancel);
        await reached.Task.ConfigureAwait(false);
    }

    public void Dispose()
    {
        lock (_lock) { _queue.CompleteAdding(); }
        _closing.Cancel();
        _thread?.Join();
        _queue.Dispose();
        _stop.Dispose();
        _closing.Dispose();
    }

    private void BuildAll()
    {
        foreach (Job job in _queue.GetConsumingEnumerable())
        {
            if (job.Whole is { } whole)
            {
                using (whole) { Build(job.Parts!, job.Source!, whole); }
            }

            job.Reached?.SetResult();
        }
    }

    private void Build(DerivedParts parts, AnnDataSource source, PartPin whole)
    {
        try
        {
            using CancellationTokenSource waiting = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, _closing.Token);
            parts.Pin(
                source, whole.View.Layout.Element, TwinDraft.Name, context => TwinDraft.Of(whole.View, context), out _, waiting.Token, _stop.Token).Dispose();
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception error) when (error is CacheException or IOException)
        {
            if (logger.IsEnabled(LogLevel.Warning))
            {
                logger.LogWarning("No twin of '{Element}': {Reason}", whole.View.Layout.Element, error.Message);
            }
        }
    }

    /// <summary>A part whose twin is to be built, or a mark that somebody waits for.</summary>
    private readonly record struct Job(DerivedParts? Parts, AnnDataSource? Source, PartPin? Whole, TaskCompletionSource? Reached);
}
