using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Loading;

/// <summary>One version of a source: its path, what the kernel says of it, and the container, opened when first needed.</summary>
/// <remarks>
/// A hit needs no container: the tree of elements is itself a part. Disposed by whoever replaces or drops it, once no
/// load uses it any more: <see cref="Rent"/> keeps it open for one.
/// </remarks>
internal sealed class AnnDataSource : IDisposable
{
    /// <summary>Longer than any tick of the clock by which kernels stamp files.</summary>
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private ContainerFile? _container;
    private int _rents;
    private bool _disposed;

    private readonly SourceVersion _version;

    private AnnDataSource(string path, SourceVersion version) => (Path, _version) = (path, version);

    /// <summary>Canonical path.</summary>
    internal string Path { get; }

    internal FileStat Stat => _version.Stat;

    /// <param name="path">A file, a folder, or a path inside a zip.</param>
    /// <param name="everyFile">True to know a folder by every file in it.</param>
    /// <exception cref="SourceException">No such file, no permission, or neither a file nor a folder.</exception>
    internal static AnnDataSource Find(string path, bool everyFile)
    {
        try
        {
            string canonical = SourceContainer.CanonicalPath(path);
            SourceVersion version = SourceVersion.Of(canonical, everyFile);
            return version.Stat.IsRegularFile || version.Stat.IsFolder
                ? new AnnDataSource(canonical, version)
                : throw new SourceException(CacheError.SourceUnreadable, $"'{path}' is neither a file nor a folder. Give the path of a .h5ad file or a .zarr store.");
        }
        catch (PosixException error)
        {
            throw Explain(path, error);
        }
    }

    /// <summary>True while the source is this version of it.</summary>
    internal bool IsCurrent() => _version.IsCurrent();

    /// <summary>How long to wait before a source that was changed at this moment may be read.</summary>
    /// <remarks>
    /// Kernels before 6.13 stamp a file by a clock that ticks every 1 to 10 ms: of two writes within a tick the second does
    /// not show. Once the tick is over, what is read is the last of them, and what is written later has another stamp.
    /// </remarks>
    internal static TimeSpan UnsettledFor(long changedNs, DateTimeOffset now)
    {
        TimeSpan age = now - DateTimeOffset.UnixEpoch - TimeSpan.FromTicks(changedNs / 100);
        return age >= s_tick ? TimeSpan.Zero : age <= TimeSpan.Zero ? s_tick : s_tick - age;
    }

    /// <summary>Waits until a change of the source would show.</summary>
    internal void LetSettle()
    {
        if (UnsettledFor(_version.LastChangedNs, DateTimeOffset.UtcNow) is { Ticks: > 0 } wait) { Thread.Sleep(wait); }
    }

    /// <summary>Opens the container if it is not open, and keeps it so until the returned rent is disposed.</summary>
    /// <exception cref="SourceException">It cannot be opened.</exception>
    internal Rented Rent()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _container ??= OpenContainer();
            _rents++;
            return new Rented(this, _container);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            CloseLocked();
        }
    }

    private ContainerFile OpenContainer()
    {
        LetSettle();
        try
        {
            return SourceContainer.Open(Path);
        }
        catch (PosixException error)
        {
            throw Explain(Path, error);
        }
        catch (Exception error) when (error is SourceReadException || ContainerException.IsDamage(error))
        {
            throw new SourceException(CacheError.SourceUnreadable, error.Message, error);
        }
    }

    private void Return()
    {
        lock (_lock)
        {
            _rents--;
            CloseLocked();
        }
    }

    private void CloseLocked()
    {
        if (!_disposed || _rents > 0) { return; }
        _container?.Dispose();
        _container = null;
    }

    private static SourceException Explain(string path, PosixException error) => error.Error switch
    {
        PosixException.NoEntry or PosixException.NotFolder => new(CacheError.SourceNotFound, $"There is no file '{path}'.", error),
        PosixException.AccessDenied or PosixException.NotPermitted => new(
            CacheError.SourceDenied, $"This user may not read '{path}'. Ask its owner for read permission.", error),
        _ => new(CacheError.SourceUnreadable, error.Message, error),
    };

    /// <summary>The open container, for the time of one load.</summary>
    internal readonly struct Rented(AnnDataSource source, ContainerFile container) : IDisposable
    {
        internal ContainerFile Container { get; } = container;

        public void Dispose() => source.Return();
    }
}
