using System.Runtime.InteropServices;

namespace AnnDataCache.Cli;

/// <summary>Turns the first SIGINT or SIGTERM into a cancellation, so that nothing half done stays; a second one kills.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _exitCode; // written by the signal's thread before it cancels, read after the cancellation was seen

    internal Interruption() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Cancel(context, ExitCodes.Interrupted)),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Cancel(context, ExitCodes.Terminated)),
    ];

    internal CancellationToken Token => _source.Token;

    internal int ExitCode => Volatile.Read(ref _exitCode);

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) { registration.Dispose(); }
        _source.Dispose();
    }

    private void Cancel(PosixSignalContext context, int exitCode)
    {
        if (Interlocked.CompareExchange(ref _exitCode, exitCode, 0) != 0) { return; }
        context.Cancel = true;
        _source.Cancel();
    }
}
