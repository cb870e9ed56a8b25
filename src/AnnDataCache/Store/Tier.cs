using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using AnnDataCache.Interop;
using AnnDataCache.Parts;
using Microsoft.Extensions.Logging;

namespace AnnDataCache.Store;

// A tier: a folder, a budget, and the protocol by which processes share it. docs/sharing.md argues each race.
//
//   <folder>/           0700        control         counters and use of parts; losable
//                                   capacity.lock   flock EX while bytes are given out or back; holds their sum
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
//   renamed     a temporary (its pages are wanted)      the next reservation finds its lock free and deletes it
//
// S1  A sealed part is never written, truncated or replaced.       Mapped readers: their arrays do not change.
// S2  Only rename-without-replace makes a name; the bytes behind    Openers: a name leads to a whole part or to nothing.
//     it are complete before.
// S3  A part is unlinked only by whoever holds LOCK_EX on it, and   Readers: what is mapped under LOCK_SH stays counted;
//     a reader that finds the link count 0 starts again.            nobody maps a part that is gone from the budget.
// S4  Sum of parts and reservations ≤ budget. It stands in          Operators: nothing drifts when a process is killed.
//     capacity.lock, is changed under that lock only, and is
//     counted anew after a holder was killed, and by evictions.
// S5  A reservation whose lock is free has a dead owner.            Reapers: no pid, no age, no clock.
// S6  LOCK_UN is never called; unlocking is closing or unmapping.   Forked children: a parent's pin stays.
// S7  An evicted part's pages are written again only when nobody    Slow openers: they find a link count of 0, or a file that
//     else has its file open, and while they are, the file is       is writable, or a layout that gives another name; never
//     writable by its owner, which no part is.                      bytes of another part.

/// <summary>One tier of the store. Thread-safe; its descriptors are closed by <see cref="Dispose"/>, pins live on.</summary>
internal sealed class Tier : IDisposable
{
    /// <summary>An evictor holds a part's lock for microseconds: more tries than this meet a hostile holder, and give a miss.</summary>
    private const int MaxTries = 8;

    /// <summary>A scan of many parts evicts this fraction of the budget more than it must.</summary>
    private const int SpareShare = 20;

    /// <summary>Nobody holds the capacity lock over I/O: longer than this its holder is stopped.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly TierFolder _folder;
    private readonly ILogger _logger;
    private readonly Eviction _eviction;

    internal Tier(TierKind kind, TierFolder folder, long budget, ILogger logger)
    {
        (Kind, _folder, Budget, _logger) = (kind, folder, budget, logger);
        Board = ControlBoard.Open(folder);
        _eviction = new Eviction(Board);
    }

    internal TierKind Kind { get; }

    /// <summary>Bytes that parts and reservations may take.</summary>
    internal long Budget { get; }

    internal ControlBoard Board { get; }

    /// <summary>The tier that is looked at when this one has not what is asked for; null for the last one.</summary>
    internal Tier? Below { get; init; }

    internal TierFolder Folder => _folder;

    /// <summary>Maps a part and pins it; null when it is not there.</summary>
    internal PartPin? TryPin(PartName name, PartName? madeOf = null)
    {
        using FileDescriptor? file = TryOpen(name, out FileStat stat);
        return file is null ? null : Map(name, file, stat, madeOf);
    }

    /// <summary>The same for who audits: a damaged part stays where it is, and no use counts.</summary>
    internal PartPin? TryInspect(PartName name)
    {
        using FileDescriptor? file = TryOpen(name, out FileStat stat);
        if (file is null || _folder.Access.FindFault(stat) is not null) { return null; }
        try
        {
            return new PartPin(name, Kind, _folder.Path, OpenNamed(name, file, stat), stat);
        }
        catch (PartException)
        {
            return null;
        }
    }

    /// <summary>Opens the part that the name leads to, and locks it against eviction.</summary>
    private FileDescriptor? TryOpen(PartName name, out FileStat stat)
    {
        stat = default;
        for (int attempt = 0; attempt < MaxTries; attempt++)
        {
            FileDescriptor? file = FileDescriptor.TryOpenAt(_folder.Parts, name.Value, Posix.ReadOnly | Posix.NoFollow | Posix.NonBlock);
            if (file is null) { return null; }
            bool isLocked = FileLocks.TryLock(file, exclusive: false);
            if (isLocked)
            {
                stat = FileStat.Of(file);
                bool isEvicted = stat.LinkCount == 0; // S3: between open and lock
                bool isRecycled = !isEvicted && FolderAccess.IsBeingFilled(stat) && !LeadsTo(name, stat); // S7: inside open
                if (!isEvicted && !isRecycled) { return file; }
            }

            file.Dispose();
            if (!isLocked) { Thread.Yield(); } // an evictor has it: it will be gone, or free again
        }

        return null;
    }

    private bool LeadsTo(PartName name, in FileStat stat) =>
        FileStat.TryOf(_folder.Parts, name.Value, out FileStat now) && now.Inode == stat.Inode;

    private PartPin? Map(PartName name, FileDescriptor file, in FileStat stat, PartName? madeOf)
    {
        if (_folder.Access.FindFault(stat) is { } fault)
        {
            LogDropped(name, fault);
            return null;
        }

        try
        {
            PartPin pin = new(name, Kind, _folder.Path, OpenNamed(name, file, stat), stat);
            _eviction.Touch(name, stat.Size, madeOf);
            return pin;
        }
        catch (PartException damage)
        {
            LogDropped(name, damage.Message);
            file.Dispose(); // our own shared lock would keep us from removing it
            TryRemove(name, EvictionReason.Damaged, stat.Inode);
            return null;
        }
    }

    private static PartView OpenNamed(PartName name, FileDescriptor file, in FileStat stat)
    {
        PartView view = PartView.Open(file, stat.Size);
        if (name.StandsFor(view.Layout, stat.UserId)) { return view; }
        view.Dispose();
        throw new PartException($"The file is the part of '{view.Layout.Element}' of '{view.Layout.Source}', for which its name does not stand");
    }

    /// <summary>Removes a damaged part, unless others use it too. Takes over the pin.</summary>
    internal void Drop(PartPin damaged, string reason)
    {
        PartName name = damaged.Name;
        damaged.Dispose();
        LogDropped(name, reason);
        TryRemove(name, EvictionReason.Damaged);
    }

    internal bool Contains(PartName name) => FileStat.TryOf(_folder.Parts, name.Value, out _);

    /// <summary>Takes the room for a part, evicting what is not pinned.</summary>
    /// <returns>Null, with the reason, when there is no room, or the holder of the capacity lock is stopped.</returns>
    internal PartReservation? TryReserve(PartName name, long bytes, in FileStat source, out Shortage shortage)
    {
        long need = TierFolder.WholePages(bytes);
        shortage = new Shortage(need, 0, 0, 0, IsStopped: false);
        if (need > Budget) { return null; }
        using CapacityHold? hold = TakeCapacity();
        if (hold is null)
        {
            shortage = shortage with { IsStopped = true };
            return null;
        }

        hold.Begin();
        (long reserved, _, long deadBytes, long dead) = _folder.ReapAndCountLocked();
        hold.Add(-deadBytes, -dead);
        string temporary = $"{name.Value}.{Guid.NewGuid():N}";
        uint mode = _folder.Access.PartModeOf(source), fillMode = FolderAccess.FillModeOf(mode);
        FileDescriptor? recycled = null;
        if (Excess(hold, need, 0) > 0 && !MakeRoom(hold, name, need, (temporary, bytes, fillMode), out recycled))
        {
            recycled?.Dispose();
            _ = Posix.UnlinkAt(_folder.Temporaries.Value, temporary, 0);
            hold.Commit();
            Board.RaisePressure();
            shortage = shortage with { Used = hold.Bytes, Reserved = reserved, FileSystemFree = _folder.FreeBytes() };
            return null;
        }

        FileDescriptor file = recycled ?? _folder.CreateTemporary(temporary, bytes, fillMode);
        hold.Add(need, 1);
        hold.Commit();
        CrashPoint.Reach("reserved");
        return new PartReservation(this, name, temporary, file, bytes, mode, isNew: recycled is null);
    }

    /// <param name="hold">With the tier's sum.</param>
    /// <param name="need">Bytes wanted, in whole pages.</param>
    /// <param name="kept">Of those, bytes whose pages are there already.</param>
    private long Excess(CapacityHold hold, long need, long kept) =>
        Math.Max(hold.Bytes + need - Budget, need - kept - _folder.FreeBytes());

    /// <summary>Evicts until the need fits, unless that cannot be reached: then nothing is evicted.</summary>
    /// <remarks>One of the evicted parts may become the wanted temporary.</remarks>
    private bool MakeRoom(
        CapacityHold hold, PartName loading, long need, (string Name, long Bytes, uint Mode) wanted, out FileDescriptor? recycled)
    {
        recycled = null;
        long kept = 0;
        List<TierEntry> parts = [.. _eviction.Order(hold.Recount(), loading)];
        long excess = Excess(hold, need, 0), free = 0;
        foreach (TierEntry part in parts)
        {
            if (free >= excess) { break; }
            if (!_folder.IsPinned(part.Name)) { free += part.Bytes; }
        }

        if (free < excess) { return false; }

        // A scan of many parts is paid once for several reservations.
        if (parts.Count > TierFolder.ManyParts) { excess += Budget / SpareShare; }
        hold.Begin();
        foreach (TierEntry part in parts)
        {
            if (excess <= 0) { break; }
            Removal removal = recycled is null && PageRecycling.IsWorth(_folder, part, need)
                ? PageRecycling.Take(_folder, part.Name, wanted.Name, wanted.Bytes, wanted.Mode, out recycled)
                : RemoveLocked(part.Name);
            if (removal != Removal.Removed) { continue; }
            if (recycled is not null && kept == 0) { kept = Math.Min(part.Bytes, need); }
            _eviction.Age(part.Name);
            LogRemoval(part, StaleOrRoom(part.Name, loading), loading.Hash);
            Board.Add(ControlBoard.Counter.Evictions, 1);
            CacheMetrics.Evictions.Add(1);
            excess -= part.Bytes;
            hold.Add(-part.Bytes, -1);
        }

        return Excess(hold, need, kept) <= 0;
    }

    private static EvictionReason StaleOrRoom(PartName part, PartName loading) =>
        part.Prefix.SequenceEqual(loading.Prefix) && !loading.IsObject ? EvictionReason.Stale : EvictionReason.Room;

    /// <summary>Unlinks a part if nobody has it mapped (S3).</summary>
    /// <param name="name">The part.</param>
    /// <param name="reason">Why, for the log.</param>
    /// <param name="inode">The file that is meant, where an object's name may meanwhile lead to another one.</param>
    internal Removal TryRemove(PartName name, EvictionReason reason, ulong? inode = null)
    {
        using CapacityHold? hold = TakeCapacity();
        if (hold is null) { return Removal.Stopped; } // S4: nothing goes uncounted
        if (!FileStat.TryOf(_folder.Parts, name.Value, out FileStat stat) || (inode ?? stat.Inode) != stat.Inode) { return Removal.Absent; }
        hold.Begin();
        Removal removal = RemoveLocked(name);
        TierEntry part = new(name, TierFolder.WholePages(stat.Size));
        if (removal == Removal.Removed) { hold.Add(-part.Bytes, -1); }
        hold.Commit();
        if (removal == Removal.Removed) { LogRemoval(part, reason, 0); }
        return removal;
    }

    /// <summary>The right to change what the tier holds; null when its holder is stopped.</summary>
    internal CapacityHold? TakeCapacity() => CapacityHold.TryTake(_folder, s_patience);

    /// <summary>What a part is worth when it was loaded or put.</summary>
    internal void Admit(PartName name, long bytes, double cost) => _eviction.Admit(name, bytes, cost);

    /// <summary>Takes an object's part away from its name; false when it is there and the capacity lock cannot be had.</summary>
    private bool TryRetire(PartName name)
    {
        if (!Contains(name)) { return true; }
        using CapacityHold? hold = TakeCapacity();
        if (hold is not null) { ObjectNames.Retire(this, hold, name); }
        return hold is not null;
    }

    internal void LogRemoval(TierEntry part, EvictionReason reason, long loading) => Board.Log.Add(new EvictionRecord(
        part.Name.Hash, loading, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), part.Bytes, Board.Find(part.Name.Hash).Score, reason));

    private Removal RemoveLocked(PartName name)
    {
        using FileDescriptor? file = FileDescriptor.TryOpenAt(_folder.Parts, name.Value, Posix.ReadOnly | Posix.NoFollow | Posix.NonBlock);
        if (file is null) { return Removal.Absent; }
        if (!FileLocks.TryLock(file, exclusive: true)) { return Removal.Pinned; }
        if (FileStat.Of(file).LinkCount == 0) { return Removal.Absent; }
        CrashPoint.Reach("evict-locked");
        if (name.IsObject && Below is { } below && !below.TryRetire(name)) { return Removal.Pinned; } // O4
        if (Posix.UnlinkAt(_folder.Parts.Value, name.Value, 0) != 0) { return Removal.Absent; }
        CrashPoint.Reach("evict-unlinked");
        return Removal.Removed;
    }

    /// <summary>Makes a filled reservation visible (S2), and pins it.</summary>
    internal PartPin Seal(PartReservation reservation)
    {
        CrashPoint.Reach(Kind == TierKind.Cold ? "cold-synced" : "before-seal");
        if (!TryName(reservation, out PartPin? theirs)) { return theirs; }
        if (Kind == TierKind.Cold) { _ = Posix.FSync(_folder.Parts.Value); }
        CrashPoint.Reach("sealed");
        _eviction.Admit(reservation.Name, reservation.Length, reservation.Cost, reservation.MadeOf);
        if (!reservation.IsCopy)
        {
            Board.Add(ControlBoard.Counter.Loads, 1);
            Board.Add(ControlBoard.Counter.LoadedBytes, reservation.Length);
        }

        // The writer's own lock keeps evictors away until this read-only open has taken its place.
        return TryPin(reservation.Name, reservation.MadeOf) ?? throw Unusable(reservation.Name);
    }

    /// <summary>Gives a reservation its name; false, with the part of whoever was first: theirs has the same bytes, and ours go.</summary>
    /// <remarks>Nothing of ours keeps theirs from eviction before it is pinned: then the name is free again, and ours has its turn.</remarks>
    private bool TryName(PartReservation reservation, [NotNullWhen(false)] out PartPin? theirs)
    {
        theirs = null;
        for (int attempt = 0; attempt < MaxTries; attempt++)
        {
            int renamed = Posix.RenameAt2(
                _folder.Temporaries.Value, reservation.TemporaryName, _folder.Parts.Value, reservation.Name.Value, Posix.RenameNoReplace);
            if (renamed == 0) { return true; }
            int error = Marshal.GetLastPInvokeError();
            if (error != PosixException.Exists) { throw new PosixException($"Cannot seal part '{reservation.Name.Value}'", error); }
            theirs = TryPin(reservation.Name, reservation.MadeOf);
            if (theirs is null) { continue; }
            Abandon(reservation);
            return false;
        }

        throw Unusable(reservation.Name);
    }

    private StoreException Unusable(PartName name) => new(CacheError.StoreUnusable, $"Part '{name.Value}' cannot be used in '{_folder.Path}': "
        + (Contains(name) ? "something else has its name" : "it was removed while it was sealed") + ". Run 'anndata-cache verify'.");

    /// <summary>Gives the room of a reservation back.</summary>
    /// <remarks>Where the holder of the lock is stopped, the next reservation reaps it: nothing goes uncounted (S4, S5).</remarks>
    internal void Abandon(PartReservation reservation)
    {
        using CapacityHold? hold = TakeCapacity();
        if (hold is null) { return; }
        hold.Begin();
        if (Posix.UnlinkAt(_folder.Temporaries.Value, reservation.TemporaryName, 0) == 0)
        {
            hold.Add(-TierFolder.WholePages(reservation.Length), -1);
        }

        hold.Commit();
    }

    /// <summary>Bytes and files of the tier, and bytes that are reserved. Dead reservations are deleted.</summary>
    internal TierUsage Usage()
    {
        using CapacityHold? hold = CapacityHold.TryTake(_folder, TimeSpan.FromMilliseconds(100));
        if (hold is null)
        {
            return CapacityHold.TryPeek(_folder, out long bytes, out long files) ? new TierUsage(bytes, files, 0) : Count(_folder.Scan());
        }

        hold.Begin();
        (long reserved, long living, long deadBytes, long dead) = _folder.ReapAndCountLocked();
        hold.Add(-deadBytes, -dead);
        hold.Commit();
        return new TierUsage(hold.Bytes, hold.Files - living, reserved);

        static TierUsage Count(List<TierEntry> parts) => new(parts.Sum(part => part.Bytes), parts.Count, 0);
    }

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
