using System.Runtime.InteropServices;
using AnnDataCache.Interop;

namespace AnnDataCache.Store;

// Objects: parts that somebody has put under a name. They have no source, one name for ever, and are overwritten and deleted.
//
// A part itself is as immutable as any other (S1); what changes is which part a name leads to. An object is in one tier:
// hot where it finds room, else cold. Readers look at hot first, and at cold only where hot has not the name.
//
//   a put into hot     on disk when the step is done                if the process is killed right after
//   reserved … framed  tmp file, as of a load                       the next reservation deletes it; the old object stays
//   object-named       parts/<name> is new; the old one in tmp      the new object; the old part goes when nobody has it mapped
//   object-retired     the old one in cold is in cold's tmp         the same
//   a put into cold, where hot has the name
//   object-named       cold has the new one, covered by hot         the old object; the cold one is never looked at (O2, O4)
//   object-retired     the old one in hot is in hot's tmp           the new object
//   a delete           cold first, then hot
//   object-retired     cold: the old object, in hot alone           the old object
//                      hot: no name                                 no object; its part goes when nobody has it mapped
//   object-reaped      the part is unlinked, its bytes still count  the mark is set: the next holder of the lock counts anew
//
// O1  A name is moved from one whole part to the next by one        Readers: at every moment the old object or the new one.
//     rename (RENAME_EXCHANGE), or by two of which one shows.
// O2  Where hot has the name, nobody looks at cold, not even when   Readers: never an older object than one they could have seen.
//     the hot part cannot be mapped.
// O3  An object's name is changed only under its tier's capacity    Evictors: the part that they unlink is the one that they have
//     lock, hot's taken before cold's.                              locked; an exchange in between would make it another (S3).
// O4  Who takes the name from hot without giving it to another      Readers: what hot has covered does not come back.
//     part, takes cold's before. Evictors too.
// O5  A part that lost its name lies in tmp and counts. Its lock    Readers: what is mapped stays. Operators: nothing drifts.
//     is that of its mappings: free, it is reaped as any (S5).

/// <summary>Which part the name of an object leads to, in two tiers. Thread-safe.</summary>
internal sealed class ObjectNames(Tier? hot, Tier? cold)
{
    /// <summary>An evictor that holds a part's lock, or an overwriter between two tiers, is gone at the next look.</summary>
    private const int MaxLooks = 8;

    /// <summary>Maps an object's part and pins it; null, and a counted miss, when there is none.</summary>
    internal PartPin? TryPin(PartName name)
    {
        for (int look = 0; look < MaxLooks; look++)
        {
            if (hot?.TryPin(name) is { } first) { return Counted(hot, first); }
            if (IsCovered(name)) { continue; } // O2
            if (cold?.TryPin(name) is not { } second)
            {
                if (look > 0 || hot is null || cold is null) { break; } // between the two looks it may have changed tiers, once
                continue;
            }

            if (IsCurrent(second)) { return Counted(cold, second); } // O2: hot had not the name while this part had it
            second.Dispose();
        }

        (hot ?? cold)!.Board.Add(ControlBoard.Counter.Misses, 1);
        CacheMetrics.Misses.Add(1);
        return null;
    }

    internal bool Contains(PartName name) => IsCovered(name) || cold?.Contains(name) == true || IsCovered(name);

    /// <summary>True when the name still leads to what is pinned. One <c>stat</c> for a part of the hot tier.</summary>
    /// <remarks>The mapping keeps the inode, so no other file can have its number. Hot first: cold's part had the name before, too.</remarks>
    internal bool IsCurrent(PartPin pin)
    {
        Tier tier = pin.Tier == TierKind.Hot ? hot! : cold!;
        return (tier == hot || !IsCovered(pin.Name))
            && FileStat.TryOf(tier.Folder.Parts, pin.Name.Value, out FileStat now)
            && now.Inode == pin.Stat.Inode && now.Device == pin.Stat.Device;
    }

    /// <summary>Moves the name to a filled reservation. Afterwards every new reader finds it.</summary>
    /// <param name="reservation">Whole, and never written again. Its lock is a sign of life until it has the name, and a pin afterwards.</param>
    /// <param name="overwrite">False to leave an object alone that is there.</param>
    /// <param name="named">Told when the reservation has its name: from then on it must not be abandoned.</param>
    /// <returns>True when it has taken the place of another.</returns>
    /// <exception cref="ObjectExistsException">It is there, and is not to be overwritten.</exception>
    /// <exception cref="StoreException">The holder of a capacity lock is stopped.</exception>
    internal bool Seal(PartReservation reservation, bool overwrite, Action named)
    {
        bool isCold = reservation.Tier == TierKind.Cold;
        CrashPoint.Reach("before-seal");
        bool replaced;
        using (CapacityHold? hotHold = Take(hot)) // O3
        {
            replaced = Contains(reservation.Name);
            if (replaced && !overwrite) { throw new ObjectExistsException(); }
            (Tier tier, Tier? other) = isCold ? (cold!, hot) : (hot!, cold);
            using CapacityHold? coldHold = isCold || cold?.Contains(reservation.Name) == true ? Take(cold) : null;
            (CapacityHold own, CapacityHold? others) = isCold ? (coldHold!, hotHold) : (hotHold!, coldHold);
            bool exchanged = Move(tier, reservation);
            named();
            CrashPoint.Reach("object-named");
            if (exchanged) { ReapIfFree(tier, own, reservation.TemporaryName); }
            if (others is not null) { Retire(other!, others, reservation.Name); } // O2 hides it until here, O4 from here on
            tier.Admit(reservation.Name, reservation.Length, reservation.Cost);
        }

        if (isCold) { _ = Posix.FSync(cold!.Folder.Parts.Value); }
        return replaced;
    }

    /// <summary>Takes the name away. Who has the object mapped keeps it.</summary>
    /// <returns>False when there was none.</returns>
    /// <exception cref="StoreException">The holder of a capacity lock is stopped.</exception>
    internal bool Delete(PartName name)
    {
        using CapacityHold? hotHold = Take(hot); // O3
        bool wasCold = false;
        if (cold?.Contains(name) == true)
        {
            using CapacityHold coldHold = Take(cold)!;
            wasCold = Drop(cold, coldHold, name); // O4: before the name in hot
        }

        return (hot is not null && Drop(hot, hotHold!, name)) || wasCold;
    }

    private static bool Drop(Tier tier, CapacityHold hold, PartName name)
    {
        long bytes = FileStat.TryOf(tier.Folder.Parts, name.Value, out FileStat stat) ? TierFolder.WholePages(stat.Size) : 0;
        if (!Retire(tier, hold, name)) { return false; }
        tier.LogRemoval(new TierEntry(name, bytes), EvictionReason.Deleted, 0);
        return true;
    }

    /// <summary>Takes away what hot covers in cold: putters that were killed have left it.</summary>
    internal void DropCovered()
    {
        if (hot is null || cold is null) { return; }
        foreach (TierEntry part in cold.Folder.Scan().Where(part => part.Name.IsObject && IsCovered(part.Name)))
        {
            using CapacityHold? hotHold = Take(hot), coldHold = Take(cold);
            if (IsCovered(part.Name)) { Retire(cold, coldHold!, part.Name); }
        }
    }

    /// <summary>Takes a name away in one tier (O5). Called under its capacity lock.</summary>
    internal static bool Retire(Tier tier, CapacityHold hold, PartName name)
    {
        string temporary = $"{name.Value}.{Guid.NewGuid():N}";
        int renamed = Posix.RenameAt2(
            tier.Folder.Parts.Value, name.Value, tier.Folder.Temporaries.Value, temporary, Posix.RenameNoReplace);
        if (renamed != 0)
        {
            return Marshal.GetLastPInvokeError() == PosixException.NoEntry ? false : throw PosixException.Last($"Cannot take the name from part '{name.Value}'");
        }

        CrashPoint.Reach("object-retired");
        ReapIfFree(tier, hold, temporary);
        return true;
    }

    /// <summary>Gives the name to the reservation; true when the part that had it now has the reservation's (O1).</summary>
    private static bool Move(Tier tier, PartReservation reservation)
    {
        bool exchange = tier.Contains(reservation.Name); // which nobody else changes: O3
        int renamed = Posix.RenameAt2(
            tier.Folder.Temporaries.Value, reservation.TemporaryName, tier.Folder.Parts.Value, reservation.Name.Value,
            exchange ? Posix.RenameExchange : Posix.RenameNoReplace);
        return renamed == 0 ? exchange : throw PosixException.Last($"Cannot name part '{reservation.Name.Value}'");
    }

    /// <summary>Unlinks what lost its name, unless somebody has it mapped: then the last of them leaves it to a reaper.</summary>
    private static void ReapIfFree(Tier tier, CapacityHold hold, string temporary)
    {
        using FileDescriptor? file = FileDescriptor.TryOpenAt(
            tier.Folder.Temporaries, temporary, Posix.ReadOnly | Posix.NoFollow | Posix.NonBlock);
        if (file is null || !FileLocks.TryLock(file, exclusive: true)) { return; }
        long bytes = TierFolder.WholePages(FileStat.Of(file).Size);
        hold.Begin();
        bool unlinked = Posix.UnlinkAt(tier.Folder.Temporaries.Value, temporary, 0) == 0;
        CrashPoint.Reach("object-reaped");
        if (unlinked) { hold.Add(-bytes, -1); }
        hold.Commit();
    }

    private bool IsCovered(PartName name) => hot?.Contains(name) == true;

    private static PartPin Counted(Tier tier, PartPin pin)
    {
        PartStore.Count(tier);
        return pin;
    }

    private static CapacityHold? Take(Tier? tier) => tier is null ? null : tier.TakeCapacity() ?? throw new StoreException(
        CacheError.StoreUnusable,
        $"Process {LockHolders.OfCapacity(tier.Folder)} holds '{tier.Folder.Path}/capacity.lock' and does not run. Continue or end it.");
}

/// <summary>There is an object of the name, which the caller wants to keep.</summary>
internal sealed class ObjectExistsException : Exception;
