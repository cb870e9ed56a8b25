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
    private readonly Channel<PartPin> _queue = Channel.CreateUnbounded<PartPin>(new UnboundedChannelOptions { SingleReader = true });
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
        if (!_queue.Writer.TryWrite(own)) { own.Dispose(); }
    }

    /// <summary>Waits until all copies are written; cancelling gives up those that are not.</summary>
    internal async Task DrainAsync(CancellationToken cancellation)
    {
        _queue.Writer.TryComplete();
        using CancellationTokenRegistration registration = cancellation.Register(_stop.Cancel);
        await _worker.ConfigureAwait(false);
    }

    public void Dispose()
    {
        DrainAsync(CancellationToken.None).GetAwaiter().GetResult();
        _stop.Dispose();
    }

    private async Task WriteAllAsync()
    {
        await foreach (PartPin pin in _queue.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            using (pin) { Write(pin); }
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
}
