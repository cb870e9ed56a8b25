using System.IO.Enumeration;
using System.Runtime.InteropServices;
using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Zarr;

/// <summary>A store as a folder: a key is a path below it.</summary>
/// <remarks>
/// Every step is opened from the one before it without following links, so that no name and no exchange of a folder meanwhile
/// leads out. A link is followed only where its target, all links resolved, lies in the store too.
/// </remarks>
internal sealed class FolderStore : KeyStore
{
    private static readonly int s_stepFlags = Posix.PathOnly | Posix.Directory | Posix.NoFollow;
    private static readonly EnumerationOptions s_all = new() { AttributesToSkip = 0, IgnoreInaccessible = false, ReturnSpecialDirectories = false };

    private readonly FileDescriptor _root;

    /// <param name="path">Canonical path of the folder.</param>
    /// <exception cref="PosixException">No such folder, or no permission.</exception>
    internal FolderStore(string path)
    {
        Path = path;
        _root = FileDescriptor.Open(path, Posix.PathOnly | Posix.Directory);
    }

    internal override string Path { get; }

    internal override StoredValue? Open(string key)
    {
        if (Find(key, Posix.ReadOnly | Posix.NonBlock | Posix.NoFollow, resolve: true) is not { } file) { return null; }
        FileStat stat = FileStat.Of(file);
        if (stat.IsRegularFile) { return new FileValue($"{Path}/{key}", file, stat.Size); }
        file.Dispose();
        return stat.IsFolder ? null : throw new UnsupportedContainerException($"'{key}' is neither a file nor a folder: not read.");
    }

    internal override bool Contains(string key)
    {
        using StoredValue? value = Open(key);
        return value is not null;
    }

    internal override IReadOnlyCollection<string> Folders(string prefix)
    {
        using FileDescriptor? folder = Find(prefix, Posix.ReadOnly | Posix.Directory | Posix.NoFollow, resolve: true);
        if (folder is null) { return []; }
        return [.. new FileSystemEnumerable<string>(
            $"/proc/self/fd/{folder.Value}", static (ref entry) => entry.FileName.ToString(), s_all)
        {
            ShouldIncludePredicate = static (ref entry) => entry.IsDirectory && IsName(entry.FileName),
        }];
    }

    internal override long BytesBelow(string prefix, long enough)
    {
        long bytes = 0;
        Stack<string> rest = new([prefix]);
        while (bytes < enough && rest.TryPop(out string? at))
        {
            using FileDescriptor? folder = Find(at, Posix.ReadOnly | Posix.Directory | Posix.NoFollow, resolve: false);
            if (folder is null) { continue; }
            foreach ((string name, bool isFolder, long length) in new FileSystemEnumerable<(string, bool, long)>(
                $"/proc/self/fd/{folder.Value}", static (ref entry) => (entry.FileName.ToString(), entry.IsDirectory, entry.IsDirectory ? 0 : entry.Length), s_all))
            {
                if (isFolder) { rest.Push(Join(at, name)); } else { bytes += length; }
                if (bytes >= enough) { break; }
            }
        }

        return bytes;
    }

    public override void Dispose() => _root.Dispose();

    /// <summary>Opens what a key leads to; null when that is not there.</summary>
    private FileDescriptor? Find(string key, int flags, bool resolve)
    {
        FileDescriptor at = _root;
        try
        {
            for (int start = 0; ;)
            {
                int end = key.IndexOf('/', start);
                string name = end < 0 ? key[start..] : key[start..end];
                if (key.Length > 0 && !IsName(name)) { throw new DamagedContainerException($"'{key}' is no key of a store."); }
                FileDescriptor? next = FileDescriptor.TryOpenAt(at, key.Length == 0 ? "." : name, end < 0 ? flags : s_stepFlags);
                if (next is null) { return Missing(key, flags, resolve, Marshal.GetLastPInvokeError()); }
                if (at != _root) { at.Dispose(); }
                at = next;
                if (end < 0)
                {
                    at = _root; // the last one is the caller's
                    return next;
                }

                start = end + 1;
            }
        }
        finally
        {
            if (at != _root) { at.Dispose(); }
        }
    }

    private FileDescriptor? Missing(string key, int flags, bool resolve, int error)
    {
        if (error is PosixException.NoEntry or PosixException.NameTooLong) { return null; }
        if (error == PosixException.AccessDenied) { throw new UnsupportedContainerException($"This user may not read '{Path}/{key}'."); }
        if (error is not (PosixException.NotFolder or PosixException.TooManyLinks)) { throw new SourceReadException($"{Path}/{key}", new PosixException("Cannot open it", error)); }
        if (!resolve) { return null; }

        // A link, or a file in the place of a folder.
        string target;
        try { target = Posix.CanonicalPath($"{Path}/{key}"); }
        catch (PosixException) { return null; }
        if (!target.StartsWith(Path + "/", StringComparison.Ordinal))
        {
            throw new UnsupportedContainerException($"'{key}' leads to '{target}', which is outside the store: not followed.");
        }

        string inside = target[(Path.Length + 1)..];
        return inside == key ? null : Find(inside, flags, resolve: false);
    }

    private sealed class FileValue(string path, FileDescriptor file, long length) : StoredValue
    {
        internal override long Length => length;

        internal override void Read(long offset, Span<byte> bytes)
        {
            int read;
            try { read = offset < 0 ? -1 : file.Read(offset, bytes); }
            catch (PosixException failed) { throw new SourceReadException(path, failed); }
            if (read != bytes.Length)
            {
                throw new EndOfStreamException($"'{path}' has {length:N0} bytes; {bytes.Length:N0} were wanted at {offset:N0}: it is truncated or damaged.");
            }
        }

        public override void Dispose() => file.Dispose();
    }
}
