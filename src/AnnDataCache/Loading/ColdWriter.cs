using System.Threading.Channels;
using AnnDataCache.Store;
using Microsoft.Extensions.Logging;

namespace AnnDataCache.Loading;

/// <summary>Writes cold copies behind the askers' backs: they have their data already. Owned by a <see cref="Cache"/>.</summary>
/// <remarks>A copy that fails is logged and forgotten: the source and the hot part are still there.</remarks>
internal sealed class ColdWriter : IDisposable
{
    private readonly PartStore _store;
    private readonly ILogger _logger;
    private readonly Channel<Job> _queue = Channel.CreateUnbounded<Job>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _worker;

    internal ColdWriter(PartStore store, ILogger logger)
    {
        (_store, _logger) = (store, logger);
        _worker = Task.Run(WriteAllAsync);
    }

    /// <summary>Keeps its own pin on the part until it is copied.</summary>
    internal void Add(PartPin pin)
    {
        PartPin own = pin.Retain();
        if (!_queue.Writer.TryWrite(new Job(own, null))) { own.Dispose(); }
    }

    /// <summary>Waits until all copies that were asked for are written; cancelling gives up every copy from now on.</summary>
    internal async Task DrainAsync(CancellationToken cancellation)
    {
        using CancellationTokenRegistration registration = cancellation.Register(_stop.Cancel);
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_queue.Writer.TryWrite(new Job(null, reached))) { await reached.Task.ConfigureAwait(false); }
    }

    public void Dispose()
    {
        _queue.Writer.TryComplete();
        _worker.GetAwaiter().GetResult();
        _stop.Dispose();
    }

    private async Task WriteAllAsync()
    {
        await foreach (Job job in _queue.Reader.ReadAllAsync().ConfigureAwait(false))
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
