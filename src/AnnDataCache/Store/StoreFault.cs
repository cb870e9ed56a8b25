using AnnDataCache.Interop;

namespace AnnDataCache.Store;

/// <summary>A failure of the kernel below the store, as the error that callers know.</summary>
internal static class StoreFault
{
    internal static StoreException Explain(PosixException failed) => failed.IsNoSpace
        ? new StoreException(CacheError.NoRoom, $"{failed.Message} Free some of the file system, or lower the tier's budget.", failed)
        : new StoreException(CacheError.StoreUnusable, $"The store failed: {failed.Message} Run 'anndata-cache doctor'.", failed);

    /// <summary>True for a file system that had too little room for what was reserved in it.</summary>
    internal static bool IsFullFileSystem(StoreException failed) => failed.InnerException is PosixException { IsNoSpace: true };

    /// <summary>Does what may fail below the store.</summary>
    /// <exception cref="StoreException">The kernel has refused.</exception>
    internal static T Guard<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (PosixException failed)
        {
            throw Explain(failed);
        }
    }
}
