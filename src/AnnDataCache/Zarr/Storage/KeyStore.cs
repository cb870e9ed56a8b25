using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>Values by key: all that a Zarr store is. A folder, a zip, and one day an object store; reads are by key and range.</summary>
/// <remarks>
/// A key is names joined by slashes. Implementations are thread-safe, never leave the store, whatever a key, a link or an
/// index says, and throw <see cref="ContainerException"/> for what is wrong with the store's bytes.
/// </remarks>
internal abstract class KeyStore : IDisposable
{
    /// <summary>For messages.</summary>
    internal abstract string Path { get; }

    /// <summary>Opens a value for reads of ranges; null when there is none under this key.</summary>
    internal abstract StoredValue? Open(string key);

    internal abstract bool Contains(string key);

    /// <summary>Names below a prefix that are prefixes themselves; empty when there is no such prefix.</summary>
    internal abstract IReadOnlyCollection<string> Folders(string prefix);

    /// <summary>Bytes of all values below a prefix; no more are counted once they are enough.</summary>
    internal abstract long BytesBelow(string prefix, long enough);

    /// <summary>True while the bytes are those of the store that was opened, as far as this store watches that itself.</summary>
    internal virtual bool IsUnchanged() => true;

    public abstract void Dispose();

    /// <summary>A whole value, null when there is none.</summary>
    /// <exception cref="DamagedContainerException">It is larger than such a value is.</exception>
    internal byte[]? Read(string key, int limit)
    {
        using StoredValue? value = Open(key);
        if (value is null) { return null; }
        if (value.Length > limit)
        {
            throw new DamagedContainerException($"'{key}' has {value.Length:N0} bytes; the limit is {limit:N0}.");
        }

        byte[] bytes = new byte[value.Length];
        value.Read(0, bytes);
        return bytes;
    }

    internal static string Join(string prefix, string name) => prefix.Length == 0 ? name : $"{prefix}/{name}";

    /// <summary>True for a name that can be one step of a key: not empty, not a way up, no separator inside.</summary>
    internal static bool IsName(ReadOnlySpan<char> name) =>
        name.Length > 0 && name is not "." and not ".." && name.IndexOfAny('/', '\0') < 0;
}

/// <summary>One value, open for reading. Owned by whoever opened it; positional reads are safe from several threads.</summary>
internal abstract class StoredValue : IDisposable
{
    internal abstract long Length { get; }

    /// <summary>Fills the span from the offset.</summary>
    /// <exception cref="EndOfStreamException">The range is not inside the value.</exception>
    internal abstract void Read(long offset, Span<byte> bytes);

    public abstract void Dispose();
}
