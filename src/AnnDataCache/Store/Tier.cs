using System.Runtime.InteropServices;
using AnnDataCache.Interop;
using AnnDataCache.Parts;
using Microsoft.Extensions.Logging;

namespace AnnDataCache.Store;

// A tier: a folder, a budget, and the protocol by which processes share it. docs/sharing.md argues each race.
//
//   <folder>/           0700        control         counters and use of parts; losable
//                                   capacity.lock   flock EX while reserving; no I/O under it but create and unlink
//                                   inflight.lock   one byte locked for each name that is being loaded
//   <folder>/parts/<name>           sealed, 0400: the file system is the index, the name is the commit
//   <folder>/tmp/<name>.<unique>    being filled: its length is the reservation, its LOCK_SH the sign of life
//
//   a load      on disk when the step is done           if the process is killed right after
//   reserved    tmp file at its full length             the next reservation finds its lock free and deletes it
//   filled      the same, with bytes                    the same
//   framed      the same, whole                         the same
//   sealed      parts/<name>                            a whole part
//   an eviction
//   locked      LOCK_EX on the part                     the part stays; the kernel drops the lock
//   unlinked    nothing                                 nothing; readers that had mapped it keep their bytes
//
// S1  A sealed part is never written, truncated or replaced.       Mapped readers: their arrays do not change.
// S2  Only rename-without-replace makes a name; the bytes behind    Openers: a name leads to a whole part or to nothing.
//     it are complete before.
// S3  A part is unlinked only by whoever holds LOCK_EX on it, and   Readers: what is mapped under LOCK_SH stays counted;
//     a reader that finds the link count 0 starts again.            nobody maps a part that is gone from the budget.
// S4  Sum of parts and reservations ≤ budget, and it is counted by  Operators: nothing drifts when a process is killed.
//     a scan under capacity.lock, never kept in a counter.
// S5  A reservation whose lock is free has a dead owner.            Reapers: no pid, no age, no clock.
// S6  LOCK_UN is never called; unlocking is closing or unmapping.   Forked children: a parent's pin stays.

/// <summary>One tier of the store. Thread-safe; its descriptors are closed by <see cref="Dispose"/>, pins live on.</summary>
internal sealed class Tier : IDisposable
{
    /// <summary>An evictor holds a part's lock for microseconds: more tries than this meet a hostile holder, and give a miss.</summary>
    private const int MaxTries = 8;

    private readonly TierFolder _folder;
    private readonly ILogger _logger;
    private readonly Eviction _eviction;

    internal Tier(TierKind kind, TierFolder folder, long budget, ILogger logger)
    {
        (Kind, _folder, Budget, _logger) = (kind, folder, budget, logger);
        Board = ControlBoard.Open(folder.Root);
        _eviction = new Eviction(Board);
    }

    internal TierKind Kind { get; }

    /// <summary>Bytes that parts and reservations may take.</summary>
    internal long Budget { get; }

    internal ControlBoard Board { get; }

    internal TierFolder Folder => _folder;

    /// <summary>Maps a part and pins it; null when it is not there.</summary>
    internal PartPin? TryPin(PartName name)
    {
        for (int attempt = 0; attempt < MaxTries; attempt++)
        {
            using FileDescriptor? file = FileDescriptor.TryOpenAt(_folder.Parts, name.Value, Posix.ReadOnly | Posix.NoFollow | Posix.NonBlock);
            if (file is null) { return null; }
            if (!FileLocks.TryLock(file, exclusive: false))
            {
                Thread.Yield(); // an evictor has it: it will be gone, or free again
                continue;
            }

            FileStat stat = FileStat.Of(file);
            if (stat.LinkCount == 0) { continue; } // S3: evicted between open and lock
            return Map(name, file, stat);
        }

        return null;
    }

    private PartPin? Map(PartName name, FileDescriptor file, in FileStat stat)
    {
        if (TierFolder.FindFault(stat) is { } fault)
        {
            LogDropped(name, fault);
            return null;
        }

        try
        {
            PartPin pin = new(name, Kind, _folder.Path, PartView.Open(file, stat.Size), stat.Size);
            _eviction.Touch(name, stat.Size);
            return pin;
        }
        catch (PartException damage)
        {
            LogDropped(name, damage.Message);
            file.Dispose(); // our own shared lock would keep us from removing it
            TryRemove(name);
            return null;
        }
    }

    internal bool Contains(PartName name) => FileStat.TryOf(_folder.Parts, name.Value, out _);

    /// <summary>Takes the room for a part, evicting what is not pinned.</summary>
    /// <returns>Null, with the reason, when there is no room.</returns>
    internal PartReservation? TryReserve(PartName name, long bytes, out Shortage shortage)
    {
        shortage = default;
        using FileDescriptor capacity = _folder.LockCapacity();
        long need = TierFolder.WholePages(bytes), reserved = _folder.ReapAndCountLocked();
        List<TierEntry> parts = _folder.Scan();
        long used = reserved + parts.Sum(part => part.Bytes);
        long excess = Math.Max(used + need - Budget, need - _folder.FreeBytes());
        if (need > Budget || (excess > 0 && !MakeRoomLocked(name, parts, excess, ref used)))
        {
            if (need <= Budget) { Board.RaisePressure(); }
            shortage = new Shortage(need, Budget, used, reserved, _folder.FreeBytes());
            return null;
        }

        string temporary = $"{name.Value}.{Guid.NewGuid():N}";
        FileDescriptor file = _folder.CreateTemporary(temporary, bytes);
        CrashPoint.Reach("reserved");
        return new PartReservation(this, name, temporary, file, bytes);
    }

    /// <summary>Evicts until the excess is freed; what is pinned is skipped.</summary>
    private bool MakeRoomLocked(PartName loading, List<TierEntry> parts, long excess, ref long used)
    {
        long freed = 0;
        foreach (TierEntry part in _eviction.Order(parts, loading))
        {
            if (freed >= excess) { break; }
            if (TryRemove(part.Name) != Removal.Removed) { continue; }
            _eviction.Age(part.Name);
            Board.Add(ControlBoard.Counter.Evictions, 1);
            CacheMetrics.Evictions.Add(1);
            freed += part.Bytes;
            used -= part.Bytes;
        }

        return freed >= excess;
    }

    /// <summary>Unlinks a part if nobody has it mapped (S3).</summary>
    internal Removal TryRemove(PartName name)
    {
        using FileDescriptor? file = FileDescriptor.TryOpenAt(_folder.Parts, name.Value, Posix.ReadOnly | Posix.NoFollow | Posix.NonBlock);
        if (file is null) { return Removal.Absent; }
        if (!FileLocks.TryLock(file, exclusive: true)) { return Removal.Pinned; }
        if (FileStat.Of(file).LinkCount == 0) { return Removal.Absent; }
        CrashPoint.Reach("evict-locked");
        if (Posix.UnlinkAt(_folder.Parts.Value, name.Value, 0) != 0) { return Removal.Absent; }
        CrashPoint.Reach("evict-unlinked");
        return Removal.Removed;
    }

    /// <summary>True when some process has the part mapped. Holds its lock for a moment, as an evictor does.</summary>
    internal bool IsPinned(PartName name)
    {
        using FileDescriptor? file = FileDescriptor.TryOpenAt(_folder.Parts, name.Value, Posix.ReadOnly | Posix.NoFollow | Posix.NonBlock);
        return file is not null && !FileLocks.TryLock(file, exclusive: true);
    }

    /// <summary>The layout of a part, without pinning it; null when it is gone or damaged.</summary>
    internal PartLayout? TryReadLayout(PartName name)
    {
        using FileDescriptor? file = FileDescriptor.TryOpenAt(_folder.Parts, name.Value, Posix.ReadOnly | Posix.NoFollow | Posix.NonBlock);
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

    /// <summary>Makes a filled reservation visible (S2), and pins it.</summary>
    internal PartPin Seal(PartReservation reservation, FileDescriptor file)
    {
        if (Kind == TierKind.Cold && Posix.FDataSync(file.Value) != 0) { throw PosixException.Last("Cannot flush a part to the disk"); }
        CrashPoint.Reach(Kind == TierKind.Cold ? "cold-synced" : "before-seal");
        int renamed = Posix.RenameAt2(
            _folder.Temporaries.Value, reservation.TemporaryName, _folder.Parts.Value, reservation.Name.Value, Posix.RenameNoReplace);
        if (renamed != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != PosixException.Exists) { throw new PosixException($"Cannot seal part '{reservation.Name.Value}'", error); }
            _ = Posix.UnlinkAt(_folder.Temporaries.Value, reservation.TemporaryName, 0); // somebody sealed the same name: theirs has the same bytes
        }

        if (Kind == TierKind.Cold) { _ = Posix.FSync(_folder.Parts.Value); }
        CrashPoint.Reach("sealed");
        _eviction.Admit(reservation.Name, reservation.Length, reservation.Cost);
        if (!reservation.IsCopy)
        {
            Board.Add(ControlBoard.Counter.Loads, 1);
            Board.Add(ControlBoard.Counter.LoadedBytes, reservation.Length);
        }

        // The writer's own lock keeps evictors away until this read-only open has taken its place.
        return TryPin(reservation.Name)
            ?? throw new StoreException(CacheError.StoreUnusable, $"Part '{reservation.Name.Value}' was removed from '{_folder.Path}' while it was sealed. Run 'anndata-cache verify'.");
    }

    internal void RemoveTemporary(string name) => _ = Posix.UnlinkAt(_folder.Temporaries.Value, name, 0);

    private void LogDropped(PartName name, string reason)
    {
        if (_logger.IsEnabled(LogLevel.Warning))
        {
            _logger.LogWarning("Part {Part} in {Folder} is not used: {Reason}", name.Value, _folder.Path, reason);
        }
    }

    public void Dispose()
    {
        Board.Dispose();
        _folder.Dispose();
    }
}

/// <summary>What became of an attempt to remove a part.</summary>
internal enum Removal
{
    Removed,
    Pinned,
    Absent,
}

/// <summary>Why a tier has no room.</summary>
/// <param name="Need">Bytes wanted, in whole pages.</param>
/// <param name="Budget">The tier's budget.</param>
/// <param name="Used">Bytes of parts that could not be evicted, and of reservations.</param>
/// <param name="Reserved">Of those, bytes of reservations of loads that are under way.</param>
/// <param name="FileSystemFree">What the file system and the memory limit still allow.</param>
internal readonly record struct Shortage(long Need, long Budget, long Used, long Reserved, long FileSystemFree);
