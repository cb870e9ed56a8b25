using AnnDataCache.Interop;

namespace AnnDataCache.Store;

/// <summary>
/// Makes the temporary of a reservation out of a part that must go: its pages are written again, instead of being freed,
/// zeroed and taken anew, which on tmpfs costs four times as much (docs/decisions/0020).
/// </summary>
/// <remarks>
/// The danger is a reader that has opened the part but not yet locked it: it would find a link count of 1, and other bytes.
/// So no file is recycled that anybody else has open (S7). The kernel knows: it grants a write lease only then. The part has
/// left its name before it is asked; and whoever asks holds the part's LOCK_EX (S3) and the capacity lock, so that no reaper
/// looks at the temporary in between.
///
/// One kind of reader is left: an <c>open</c> that has found the name, and is interrupted inside the kernel before it counts as
/// an opener. It can be locked only after our LOCK_EX is gone, when the file is writable by its owner; that is how a reader
/// tells a temporary from a part (<see cref="FolderAccess.IsBeingFilled"/>). Once it is sealed its layout gives another name.
/// </remarks>
internal static class PageRecycling
{
    /// <summary>Below this the system calls cost more than the pages.</summary>
    private const long LeastBytes = 1 << 20;

    /// <summary>True when the victim's pages are worth keeping for a reservation of so many bytes.</summary>
    internal static bool IsWorth(TierFolder folder, TierEntry victim, long need) =>
        folder.IsMemory && need >= LeastBytes && victim.Bytes >= need / 2;

    /// <summary>Takes a part out of the tier, and gives its file as a temporary where that can be.</summary>
    /// <param name="folder">In memory; the caller holds its capacity lock.</param>
    /// <param name="victim">The part.</param>
    /// <param name="temporary">The temporary's name.</param>
    /// <param name="bytes">Its length.</param>
    /// <param name="mode">Its mode while it is filled.</param>
    /// <param name="recycled">Open for writing and locked as a sign of life, with undefined content; null when the part is only removed.</param>
    internal static Removal Take(TierFolder folder, PartName victim, string temporary, long bytes, uint mode, out FileDescriptor? recycled)
    {
        recycled = null;
        using FileDescriptor? part = FileDescriptor.TryOpenAt(folder.Parts, victim.Value, Posix.ReadOnly | Posix.NoFollow | Posix.NonBlock);
        if (part is null) { return Removal.Absent; }
        if (!FileLocks.TryLock(part, exclusive: true)) { return Removal.Pinned; }
        if (FileStat.Of(part).LinkCount == 0) { return Removal.Absent; }
        CrashPoint.Reach("evict-locked");
        if (Posix.RenameAt2(folder.Parts.Value, victim.Value, folder.Temporaries.Value, temporary, Posix.RenameNoReplace) != 0) { return Removal.Absent; }
        CrashPoint.Reach("evict-renamed");
        if (FileLocks.IsOpenedByOthers(part) || (recycled = TryReopen(folder, part, temporary, bytes, mode)) is null)
        {
            _ = Posix.UnlinkAt(folder.Temporaries.Value, temporary, 0); // S3: LOCK_EX is still held, and slow openers find link count 0
            return Removal.Removed;
        }

        CacheMetrics.Recycled.Add(1);
        return Removal.Removed;
    }

    private static FileDescriptor? TryReopen(TierFolder folder, FileDescriptor part, string temporary, long bytes, uint mode)
    {
        if (Posix.FChmod(part.Value, mode) != 0) { return null; } // another member of the group made it
        FileDescriptor? file = FileDescriptor.TryOpenAt(folder.Temporaries, temporary, Posix.ReadWrite | Posix.NoFollow);
        if (file is null) { return null; }
        part.Dispose(); // its exclusive lock would keep the shared one away; nobody else has the file open
        if (FileLocks.TryLock(file, exclusive: false) && Posix.FTruncate(file.Value, bytes) == 0) { return file; }
        file.Dispose();
        return null;
    }
}
