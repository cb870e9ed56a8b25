using System.Diagnostics;
using AnnDataCache.Interop;

namespace AnnDataCache.Store;

/// <summary>The right to load one part, or the part, when somebody else has loaded it meanwhile. Dispose it.</summary>
/// <remarks>
/// The right is a kernel lock on one byte of <c>inflight.lock</c>, at the hash of the name. A loader that dies gives it back.
/// Two names with one hash wait for each other, which is harmless. So is a second load beside one whose process is stopped:
/// one of them seals the name, the other one finds it sealed (S2). That is why impatience may go by the clock.
/// </remarks>
internal sealed class LoadTicket : IDisposable
{
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMilliseconds(20);

    private readonly FileDescriptor? _lock;

    private LoadTicket(FileDescriptor? held, PartPin? published) => (_lock, Published) = (held, published);

    /// <summary>The part when it was found; owned by whoever takes it from here. Null: this process must load it.</summary>
    internal PartPin? Published { get; }

    /// <summary>Waits until the part is there or nobody loads it.</summary>
    /// <param name="folder">Folder that holds the locks.</param>
    /// <param name="name">The part.</param>
    /// <param name="tryPin">Looks for it, without counting a miss.</param>
    /// <param name="patience">How long to wait for a load that makes no progress.</param>
    /// <param name="cancellation">Ends the wait.</param>
    internal static LoadTicket Enter(TierFolder folder, PartName name, Func<PartPin?> tryPin, TimeSpan patience, CancellationToken cancellation)
    {
        FileDescriptor file = folder.OpenLock("inflight.lock");
        try
        {
            Progress progress = new(folder, name);
            for (TimeSpan wait = TimeSpan.FromMilliseconds(0.2); !FileLocks.TryLockByte(file, name.Hash); wait = Min(2 * wait, s_longestWait))
            {
                if (tryPin() is { } found) { return Found(file, found); }
                if (progress.HasStoodStillFor(patience)) { return new LoadTicket(file, null); }
                if (cancellation.WaitHandle.WaitOne(wait)) { cancellation.ThrowIfCancellationRequested(); }
            }

            // Whoever had the lock before may have sealed the part between our last look and our lock.
            return tryPin() is { } published ? Found(file, published) : new LoadTicket(file, null);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static LoadTicket Found(FileDescriptor file, PartPin part)
    {
        file.Dispose();
        return new LoadTicket(null, part);
    }

    /// <summary>Watches the temporary that another process fills: written bytes show that it lives.</summary>
    private sealed class Progress(TierFolder folder, PartName name)
    {
        private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(100);

        private long _changed = Stopwatch.GetTimestamp(), _looked = Stopwatch.GetTimestamp();
        private (long Bytes, long Modified) _seen;

        internal bool HasStoodStillFor(TimeSpan patience)
        {
            if (Stopwatch.GetElapsedTime(_looked) < s_period) { return false; }
            _looked = Stopwatch.GetTimestamp();
            (long, long) now = Look();
            if (now != _seen) { (_seen, _changed) = (now, _looked); }
            return Stopwatch.GetElapsedTime(_changed) > patience;
        }

        private (long Bytes, long Modified) Look()
        {
            foreach (string temporary in TierFolder.Names(folder.Temporaries))
            {
                if (temporary.StartsWith(name.Value, StringComparison.Ordinal) && FileStat.TryOf(folder.Temporaries, temporary, out FileStat stat))
                {
                    return (stat.AllocatedBytes, stat.ModifiedNs);
                }
            }

            return default;
        }
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    public void Dispose() => _lock?.Dispose();
}
