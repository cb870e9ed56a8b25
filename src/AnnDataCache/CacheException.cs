namespace AnnDataCache;

/// <summary>What went wrong, by number: the same in C#, as exit code of the executable, and in Python.</summary>
public enum CacheError
{
    /// <summary>The source has no element at the requested path, or the store no object of the name.</summary>
    ElementNotFound = 10,
    /// <summary>The element is damaged, or stored in a way that is not read; <c>docs/support.md</c> lists them.</summary>
    ElementUnreadable = 11,
    /// <summary>There is an object of this name, which was not to be overwritten.</summary>
    ObjectExists = 12,
    /// <summary>What was to be put is not what it is said to be: a stream too short or too long, lengths or values that contradict its layout.</summary>
    BadContent = 13,
    /// <summary>No gene has that name; the message has names that are near.</summary>
    NameNotFound = 14,
    /// <summary>Several genes have that name; the message lists them.</summary>
    NameAmbiguous = 15,
    /// <summary>There is no such source file.</summary>
    SourceNotFound = 20,
    /// <summary>This user may not read the source file.</summary>
    SourceDenied = 21,
    /// <summary>The file is not AnnData in a container that is read, or is truncated.</summary>
    SourceUnreadable = 22,
    /// <summary>The file changed while it was read, again and again.</summary>
    SourceChanged = 23,
    /// <summary>The part is larger than every tier's budget.</summary>
    TooLarge = 30,
    /// <summary>All that could be evicted is pinned, or the file system under the tier is full.</summary>
    NoRoom = 31,
    /// <summary>A tier's folder cannot be made, read, written, locked or trusted.</summary>
    StoreUnusable = 32,
    /// <summary>A setting makes no sense.</summary>
    BadSetting = 40,
}

/// <summary>Base of every failure this library reports. Its children say what is still usable.</summary>
/// <remarks>
/// Misuse is not reported here: a bad argument is an <see cref="ArgumentException"/>, a closed handle an
/// <see cref="ObjectDisposedException"/>, a cancelled load an <see cref="OperationCanceledException"/>.
/// </remarks>
public abstract class CacheException : Exception
{
    private protected CacheException(CacheError error, string message, Exception? inner)
        : base(message, inner) => Error = error;

    /// <summary>The number that the command line and Python callers see.</summary>
    public CacheError Error { get; }

    /// <summary>True when the same call can succeed later although its arguments stay the same.</summary>
    public bool CanRetry => Error is CacheError.NoRoom or CacheError.SourceChanged;
}

/// <summary>This call failed. The source's other elements and the cache are as good as before it.</summary>
public sealed class ElementException : CacheException
{
    internal ElementException(CacheError error, string message, Exception? inner = null)
        : base(error, message, inner)
    {
    }
}

/// <summary>This source cannot be used; other sources and the cache can.</summary>
public sealed class SourceException : CacheException
{
    internal SourceException(CacheError error, string message, Exception? inner = null)
        : base(error, message, inner)
    {
    }
}

/// <summary>The store had no room, cannot be trusted, or is set up wrongly. The message gives the value, the limit and the remedy.</summary>
public sealed class StoreException : CacheException
{
    internal StoreException(CacheError error, string message, Exception? inner = null)
        : base(error, message, inner)
    {
    }
}
