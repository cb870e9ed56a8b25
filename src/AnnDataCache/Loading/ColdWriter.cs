using System.Collections.Concurrent;
using AnnDataCache.Store;
using Microsoft.Extensions.Logging;

namespace AnnDataCache.Loading;

/// <summary>Writes cold copies behind the askers' backs: they have their data already. Owned by a <see cref="Cache"/>.</summary>
/// <remarks>
/// It has a thread of its own, since it keeps parts pinned until they are copied: behind a busy thread pool that could be
/// long. A copy that fails is logged and forgotten: the source and the hot part are still there.
/// </remarks>
internal sealed class ColdWriter : IDisposable
{
    private readonly PartStore _store;
    private readonly ILogger _logger;
    private readonly BlockingCollection<Job> _queue = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread? _thread;

    internal ColdWriter(PartStore store, ILogger logger)
    {
        (_store, _logger) = (store, logger);
        if (!store.HasCold) { return; }
        _thread = new Thread(WriteAll) { IsBackground = true, Name = "anndata-cache cold copies" };
        _thread.Start();
    }

    /// <summary>Keeps its own pin on the part until it is copied.</summary>
    internal void Add(PartPin pin)
    {
        if (_thread is not null) { _queue.Add(new Job(pin.Retain(), null)); }
    }

    /// <summary>Waits until all copies that were asked for are written; cancelling gives up every copy from now on.</summary>
    internal async Task DrainAsync(CancellationToken cancellation)
    {
        if (_thread is null || _queue.IsAddingCompleted) { return; }
        using CancellationTokenRegistration registration = cancellation.Register(_stop.Cancel);
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _queue.Add(new Job(null, reached), CancellationToken.None);
        await reached.Task.ConfigureAwait(false);
    }

    /// <summary>Writes what is still to be written, and ends.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread?.Join();
        _queue.Dispose();
        _stop.Dispose();
    }

    private void WriteAll()
    {
        foreach (Job job in _queue.GetConsumingEnumerable())
        {
            if (job.Part is { } part)
            {
                using (part) { Write(part); }
            }

            job.Reached?.SetResult();
        }
    }

    private void Write(PartPin pin)
    {
        if (_stop.IsCancellationRequested) { return; }
        try
        {
            _store.CopyToCold(pin, _stop.Token);
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception error) when (error is CacheException or IOException)
        {
            if (_logger.IsEnabled(LogLevel.Warning))
            {
                _logger.LogWarning("No cold copy of '{Element}': {Reason}", pin.View.Layout.Element, error.Message);
            }
        }
    }

    /// <summary>A part to copy, or a mark that somebody waits for.</summary>
    private readonly record struct Job(PartPin? Part, TaskCompletionSource? Reached);
}
