using System.Runtime.InteropServices;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Store;

/// <summary>The folder of a tier: made or opened with suspicion, and then used by descriptor only, whatever its path leads to later.</summary>
internal sealed class TierFolder : IDisposable
{
    private const int PageBytes = 4096;

    /// <summary>From this many parts on a scan is dear: it is avoided, or paid once for several reservations.</summary>
    internal const int ManyParts = 1000;

    /// <summary>Left free of a memory limit, so that a load cannot be what gets a process killed.</summary>
    private const long MemoryMargin = 64L << 20;

    private readonly bool _isMemory;
    private readonly Lazy<bool> _hasSmallPages;

    private TierFolder(string path, FolderAccess access, FileDescriptor root, FileDescriptor parts, FileDescriptor temporaries)
    {
        (Path, Access, Root, Parts, Temporaries) = (path, access, root, parts, temporaries);
        _isMemory = FileSystem.Of(path).IsMemory;
        _hasSmallPages = new Lazy<bool>(() => _isMemory && !FileSystem.HasHugePages(path));
    }

    /// <summary>True when its files live in memory.</summary>
    internal bool IsMemory => _isMemory;

    /// <summary>True when they take memory by single pages: then who takes it is what counts; else no page is to be taken alone.</summary>
    internal bool HasSmallPages => _hasSmallPages.Value;

    internal string Path { get; }

    internal FolderAccess Access { get; }

    internal FileDescriptor Root { get; }

    internal FileDescriptor Parts { get; }

    internal FileDescriptor Temporaries { get; }

    /// <summary>Makes the folder where it is missing, and opens it if this user can trust it.</summary>
    /// <exception cref="StoreException">It cannot be made, or belongs to somebody else.</exception>
    internal static TierFolder Open(string path, FolderAccess access)
    {
        try
        {
            path = System.IO.Path.TrimEndingDirectorySeparator(path); // behind a slash, O_NOFOLLOW would follow
            string parent = System.IO.Path.GetDirectoryName(path) ?? "/";
            if (!Directory.Exists(parent)) { Directory.CreateDirectory(parent); }
            bool isNew = Posix.MkDir(path, access.FolderMode) == 0;
            if (!isNew && Marshal.GetLastPInvokeError() != PosixException.Exists) { throw PosixException.Last($"Cannot make the folder '{path}'"); }
            FileDescriptor root = OpenTrusted(path, access, isNew, FileDescriptor.Open(path, Posix.ReadOnly | Posix.Directory | Posix.NoFollow));
            return new TierFolder(path, access, root, OpenInside(root, access, path, "parts"), OpenInside(root, access, path, "tmp"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(
                CacheError.StoreUnusable, $"The folder '{path}' cannot be used: {error.Message} Choose another one, or correct its permissions.", error);
        }
    }

    private static FileDescriptor OpenInside(FileDescriptor root, FolderAccess access, string path, string name)
    {
        bool isNew = Posix.MkDirAt(root.Value, name, access.FolderMode) == 0;
        if (!isNew && Marshal.GetLastPInvokeError() != PosixException.Exists) { throw PosixException.Last($"Cannot make the folder '{path}/{name}'"); }
        FileDescriptor folder = FileDescriptor.TryOpenAt(root, name, Posix.ReadOnly | Posix.Directory | Posix.NoFollow)
            ?? throw PosixException.Last($"Cannot open the folder '{path}/{name}'");
        return OpenTrusted($"{path}/{name}", access, isNew, folder);
    }

    private static FileDescriptor OpenTrusted(string path, FolderAccess access, bool isNew, FileDescriptor folder)
    {
        if (isNew) { access.Apply(folder, access.FolderMode); }
        if (access.FindFolderFault(FileStat.Of(folder)) is not { } fault) { return folder; }
        folder.Dispose();
        throw new StoreException(CacheError.StoreUnusable, $"The folder '{path}' {fault}. Remove it, correct it, or choose another folder.");
    }

    /// <summary>All sealed parts with what they take of the budget. Other names are left alone. Proportional to their number.</summary>
    internal List<TierEntry> Scan()
    {
        List<TierEntry> parts = [];
        foreach (string name in Names(Parts))
        {
            if (PartName.TryParse(name, out PartName part) && FileStat.TryOf(Parts, name, out FileStat stat))
            {
                parts.Add(new TierEntry(part, WholePages(stat.Size)));
            }
        }

        return parts;
    }

    /// <summary>True when some process has the part mapped. Holds its lock for a moment, as an evictor does.</summary>
    internal bool IsPinned(PartName name)
    {
        using FileDescriptor? file = FileDescriptor.TryOpenAt(Parts, name.Value, Posix.ReadOnly | Posix.NoFollow | Posix.NonBlock);
        return file is not null && !FileLocks.TryLock(file, exclusive: true);
    }

    /// <summary>Bytes of parts that some process has mapped.</summary>
    /// <remarks>Up to a thousand parts each lock is tried; of more, the kernel's list of locks is believed.</remarks>
    internal long PinnedBytes(long parts)
    {
        if (parts <= ManyParts) { return Scan().Where(part => IsPinned(part.Name)).Sum(part => part.Bytes); }
        HashSet<ulong> pinned = [.. LockHolders.OfParts(this).Keys];
        long bytes = 0;
        foreach (string name in pinned.Count > 0 ? Names(Parts) : [])
        {
            if (pinned.Count == 0) { break; }
            if (FileStat.TryOf(Parts, name, out FileStat stat) && pinned.Remove(stat.Inode)) { bytes += WholePages(stat.Size); }
        }

        return bytes;
    }

    /// <summary>Names in one of the folders. By descriptor, so that a folder that was moved is still the one that was checked.</summary>
    internal static IEnumerable<string> Names(FileDescriptor folder)
    {
        foreach (string path in Directory.EnumerateFileSystemEntries($"/proc/self/fd/{folder.Value}"))
        {
            yield return System.IO.Path.GetFileName(path);
        }
    }

    /// <summary>Deletes reservations of dead processes (S5), and counts those and the living ones.</summary>
    internal (long LivingBytes, long Living, long DeadBytes, long Dead) ReapAndCountLocked()
    {
        (long livingBytes, long living, long deadBytes, long dead) = (0, 0, 0, 0);
        foreach (string name in Names(Temporaries).ToList())
        {
            using FileDescriptor? file = FileDescriptor.TryOpenAt(Temporaries, name, Posix.ReadOnly | Posix.NoFollow | Posix.NonBlock);
            if (file is null)
            {
                // Another member of the group fills it from a source that the group may not read: alive, for all that can be seen.
                if (FileStat.TryOf(Temporaries, name, out FileStat hidden)) { (livingBytes, living) = (livingBytes + WholePages(hidden.Size), living + 1); }
                continue;
            }

            long bytes = WholePages(FileStat.Of(file).Size);
            bool isDead = FileLocks.TryLock(file, exclusive: true);
            if (isDead && Posix.UnlinkAt(Temporaries.Value, name, 0) == 0) { (deadBytes, dead) = (deadBytes + bytes, dead + 1); }
            else if (!isDead) { (livingBytes, living) = (livingBytes + bytes, living + 1); }
        }

        return (livingBytes, living, deadBytes, dead);
    }

    /// <summary>The file whose lock is the right to give out room.</summary>
    internal FileDescriptor OpenCapacityLock() => OpenLock("capacity.lock");

    /// <summary>A file of the folder that all its users lock.</summary>
    internal FileDescriptor OpenLock(string name)
    {
        FileDescriptor file = FileDescriptor.TryOpenAt(Root, name, Posix.ReadWrite | Posix.Create | Posix.NoFollow, Access.LockMode)
            ?? throw PosixException.Last($"Cannot open '{Path}/{name}'");
        Access.Apply(file, Access.LockMode);
        return file;
    }

    /// <summary>What may still be written: by the file system, and where files live in memory by the cgroup's limit.</summary>
    internal long FreeBytes()
    {
        long free = FileSystem.Of(Path).FreeBytes;
        return _isMemory ? Math.Min(free, MemoryLimit.Headroom() - MemoryMargin) : free;
    }

    /// <summary>A new temporary at its full length, locked as a sign of life. Called under the capacity lock.</summary>
    internal FileDescriptor CreateTemporary(string name, long bytes, uint mode)
    {
        FileDescriptor file = FileDescriptor.TryOpenAt(
            Temporaries, name, Posix.ReadWrite | Posix.Create | Posix.Exclusive | Posix.NoFollow, mode)
            ?? throw PosixException.Last($"Cannot create '{Path}/tmp/{name}'");
        if (FileLocks.TryLock(file, exclusive: false) && Posix.FTruncate(file.Value, bytes) == 0)
        {
            Access.Apply(file, mode);
            return file;
        }

        PosixException error = PosixException.Last($"Cannot reserve {bytes:N0} bytes in '{Path}'");
        _ = Posix.UnlinkAt(Temporaries.Value, name, 0);
        file.Dispose();
        throw error;
    }

    /// <summary>The hash that was recorded when a part was sealed; null when none was, or it is gone.</summary>
    internal UInt128? RecordedHash(PartName name)
    {
        using FileDescriptor? file = FileDescriptor.TryOpenAt(Parts, name.Value, Posix.ReadOnly | Posix.NoFollow | Posix.NonBlock);
        return file is null ? null : PartHash.Recorded(file);
    }

    /// <summary>The layout of a part, without pinning it; null when it is gone or damaged.</summary>
    internal PartLayout? TryReadLayout(PartName name)
    {
        using FileDescriptor? file = FileDescriptor.TryOpenAt(Parts, name.Value, Posix.ReadOnly | Posix.NoFollow | Posix.NonBlock);
        if (file is null) { return null; }
        try
        {
            return PartView.ReadLayout(file, FileStat.Of(file).Size);
        }
        catch (PartException)
        {
            return null;
        }
    }

    internal static long WholePages(long bytes) => checked(bytes + PageBytes - 1) / PageBytes * PageBytes;

    public void Dispose()
    {
        Temporaries.Dispose();
        Parts.Dispose();
        Root.Dispose();
    }
}
