using System.Runtime.InteropServices;
using AnnDataCache.Interop;

namespace AnnDataCache.Store;

/// <summary>The folder of a tier: made or opened with suspicion, and then used by descriptor only, whatever its path leads to later.</summary>
internal sealed class TierFolder : IDisposable
{
    private const uint FolderMode = 0x1C0, LockMode = 0x180, PartMode = 0x100, OthersMayWrite = 0x12; // 0700, 0600, 0400, 0022
    private const int PageBytes = 4096;

    /// <summary>Left free of a memory limit, so that a load cannot be what gets a process killed.</summary>
    private const long MemoryMargin = 64L << 20;

    private readonly bool _isMemory;

    private TierFolder(string path, FileDescriptor root, FileDescriptor parts, FileDescriptor temporaries)
    {
        (Path, Root, Parts, Temporaries) = (path, root, parts, temporaries);
        _isMemory = FileSystem.Of(path).IsMemory;
    }

    internal string Path { get; }

    internal FileDescriptor Root { get; }

    internal FileDescriptor Parts { get; }

    internal FileDescriptor Temporaries { get; }

    /// <summary>Makes the folder where it is missing, and opens it if this user can trust it.</summary>
    /// <exception cref="StoreException">It cannot be made, or belongs to somebody else.</exception>
    internal static TierFolder Open(string path)
    {
        try
        {
            path = System.IO.Path.TrimEndingDirectorySeparator(path); // behind a slash, O_NOFOLLOW would follow
            string parent = System.IO.Path.GetDirectoryName(path) ?? "/";
            if (!Directory.Exists(parent)) { Directory.CreateDirectory(parent); }
            if (Posix.MkDir(path, FolderMode) != 0 && Marshal.GetLastPInvokeError() != PosixException.Exists)
            {
                throw PosixException.Last($"Cannot make the folder '{path}'");
            }

            FileDescriptor root = OpenTrusted(path, FileDescriptor.Open(path, Posix.ReadOnly | Posix.Directory | Posix.NoFollow));
            return new TierFolder(path, root, OpenInside(root, path, "parts"), OpenInside(root, path, "tmp"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(
                CacheError.StoreUnusable, $"The folder '{path}' cannot be used: {error.Message} Choose another one, or correct its permissions.", error);
        }
    }

    private static FileDescriptor OpenInside(FileDescriptor root, string path, string name)
    {
        if (Posix.MkDirAt(root.Value, name, FolderMode) != 0 && Marshal.GetLastPInvokeError() != PosixException.Exists)
        {
            throw PosixException.Last($"Cannot make the folder '{path}/{name}'");
        }

        FileDescriptor folder = FileDescriptor.TryOpenAt(root, name, Posix.ReadOnly | Posix.Directory | Posix.NoFollow)
            ?? throw PosixException.Last($"Cannot open the folder '{path}/{name}'");
        return OpenTrusted($"{path}/{name}", folder);
    }

    private static FileDescriptor OpenTrusted(string path, FileDescriptor folder)
    {
        FileStat stat = FileStat.Of(folder);
        if (stat.UserId == Posix.EffectiveUserId() && (stat.Permissions & OthersMayWrite) == 0) { return folder; }
        folder.Dispose();
        throw new StoreException(
            CacheError.StoreUnusable,
            $"The folder '{path}' belongs to user {stat.UserId} with mode {Convert.ToString(stat.Permissions, 8)}; it must belong to "
            + $"user {Posix.EffectiveUserId()} and be writable by nobody else. Remove it, correct it, or choose another folder.");
    }

    /// <summary>Why a file in the folder is not a part of ours, or null.</summary>
    internal static string? FindFault(in FileStat stat) =>
        !stat.IsRegularFile ? "it is not a regular file"
        : stat.UserId != Posix.EffectiveUserId() ? $"it belongs to user {stat.UserId}"
        : (stat.Permissions & OthersMayWrite) != 0 ? $"others may write it (mode {Convert.ToString(stat.Permissions, 8)})"
        : null;

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
            if (file is null) { continue; }
            long bytes = WholePages(FileStat.Of(file).Size);
            bool isDead = FileLocks.TryLock(file, exclusive: true);
            if (isDead && Posix.UnlinkAt(Temporaries.Value, name, 0) == 0) { (deadBytes, dead) = (deadBytes + bytes, dead + 1); }
            else if (!isDead) { (livingBytes, living) = (livingBytes + bytes, living + 1); }
        }

        return (livingBytes, living, deadBytes, dead);
    }

    /// <summary>The file whose lock is the right to give out room.</summary>
    internal FileDescriptor OpenCapacityLock() =>
        FileDescriptor.TryOpenAt(Root, "capacity.lock", Posix.ReadWrite | Posix.Create | Posix.NoFollow, LockMode)
        ?? throw PosixException.Last($"Cannot open '{Path}/capacity.lock'");

    /// <summary>What may still be written: by the file system, and where files live in memory by the cgroup's limit.</summary>
    internal long FreeBytes()
    {
        long free = FileSystem.Of(Path).FreeBytes;
        return _isMemory ? Math.Min(free, MemoryLimit.Headroom() - MemoryMargin) : free;
    }

    /// <summary>A new temporary at its full length, locked as a sign of life. Called under the capacity lock.</summary>
    internal FileDescriptor CreateTemporary(string name, long bytes)
    {
        FileDescriptor file = FileDescriptor.TryOpenAt(
            Temporaries, name, Posix.ReadWrite | Posix.Create | Posix.Exclusive | Posix.NoFollow, PartMode)
            ?? throw PosixException.Last($"Cannot create '{Path}/tmp/{name}'");
        if (FileLocks.TryLock(file, exclusive: false) && Posix.FTruncate(file.Value, bytes) == 0) { return file; }
        PosixException error = PosixException.Last($"Cannot reserve {bytes:N0} bytes in '{Path}'");
        _ = Posix.UnlinkAt(Temporaries.Value, name, 0);
        file.Dispose();
        throw error;
    }

    internal static long WholePages(long bytes) => checked(bytes + PageBytes - 1) / PageBytes * PageBytes;

    public void Dispose()
    {
        Temporaries.Dispose();
        Parts.Dispose();
        Root.Dispose();
    }
}
