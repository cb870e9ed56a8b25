namespace AnnDataCache.Tests.Store.Model;

/// <summary>A rule that is left out of page recycling, to see that the model notices.</summary>
public enum PlantedInRecycling
{
    None,
    RecycleWithoutTheExclusiveLock,
    MarkWithoutTheExclusiveLock,
    MapWithoutLookingAtTheMode,
    MapWithoutReadingTheName,
    TakeTheMarkAwayBeforeTheBytesAreThere,
    RecycleWithoutTheLeaseAndMapWithoutLookingAtTheMode,
}

/// <summary>
/// PageRecycling.cs as a state machine: two processes that hit or load one of two elements, in a tier that holds one part, so that each load
/// writes into the pages of the other element's part. The kernel's <c>open</c> is two steps, for it finds a name before the file is counted
/// as opened, which is what a lease asks for.
/// </summary>
internal sealed class RecyclingModel(PlantedInRecycling planted) : StateModel
{
    private const int Capacity = 0; // who holds the lock
    private const int Name = 2, Layout = 3, Content = 4, Writable = 5; // of a file; layout and content give the name's number plus 1
    private const int Wanted = 4, Counted = 5; // of a process

    // Steps of a process.
    private const byte Find = 1, Count = 2, Lock = 3, Look = 4, Read = 5, Map = 6, Take = 7, Evict = 8, Rename = 9, Lease = 10, Mark = 11, Swap = 12,
        Create = 13, Fill = 14, Frame = 15, Unmark = 16, Seal = 17;

    internal override byte[] Initial => With(base.Initial, next =>
    {
        CreateFile(next);
        SetFile(next, 0, Kind, Sealed);
        SetFile(next, 0, Layout, 1);
        SetFile(next, 0, Content, 1);
    });

    internal override string? FindFault(byte[] state)
    {
        for (int p = 0; p < Processes; p++)
        {
            if (Get(state, p, Pc) != Map) { continue; }
            int file = Get(state, p, Handle) - 1;
            if (File(state, file, Content) != Get(state, p, Wanted) + 1) { return "S7: a reader has mapped another part's bytes"; }
            if (File(state, file, Kind) == Unlinked) { return "S3: what is mapped is gone from the budget"; }

            // A whole part in tmp may be mapped: one whose evictor was killed after the rename, or whose maker is about to rename it, if it was
            // recycled twice during one open. It counts while it is mapped.
            bool isFilled = Enumerable.Range(0, Processes).Any(q => Get(state, q, Own) == file + 1 && Get(state, q, Pc) != Seal);
            if (File(state, file, Kind) == Temporary && isFilled) { return "S7: a reader has mapped what is being filled"; }
        }

        return null;
    }

    protected override IEnumerable<(string, byte[])> StepsOf(byte[] state, int p) => Get(state, p, Pc) switch
    {
        < Take => Hit(state, p),
        < Create => Recycle(state, p),
        _ => Load(state, p),
    };

    private IEnumerable<(string, byte[])> Hit(byte[] state, int p)
    {
        byte wanted = Get(state, p, Wanted);
        int handle = Get(state, p, Handle) - 1, named = FindSealed(state, wanted);
        switch (Get(state, p, Pc))
        {
            case Idle:
                for (byte name = 0; name < 2; name++)
                {
                    byte chosen = name;
                    yield return ($"asks for {name}", With(state, next => { Set(next, p, Wanted, chosen); Set(next, p, Pc, Find); }));
                }

                break;
            case Find:
                yield return named < 0 ? ("misses", At(state, p, Take)) : ("finds the name", Opened(state, p, named, Count));
                break;
            case Count:
                yield return ("is counted as an opener", With(state, next => { Set(next, p, Counted, 1); Set(next, p, Pc, Lock); }));
                break;
            case Lock:
                yield return File(state, handle, Exclusive) > 0
                    ? ("is refused by an evictor's lock", Again(state, p))
                    : ("locks", With(state, next => { Set(next, p, Shared, 1); Set(next, p, Pc, Look); }));
                break;
            case Look:
                bool looksLikeNone = File(state, handle, Writable) == 1 && handle != named && !Ignores(PlantedInRecycling.MapWithoutLookingAtTheMode)
                    && !Ignores(PlantedInRecycling.RecycleWithoutTheLeaseAndMapWithoutLookingAtTheMode);
                yield return File(state, handle, Kind) == Unlinked || looksLikeNone ? ("sees that it is no part", Again(state, p)) : ("sees a part", At(state, p, Read));
                break;
            case Read:
                bool isOther = File(state, handle, Layout) != wanted + 1 && !Ignores(PlantedInRecycling.MapWithoutReadingTheName);
                yield return isOther ? ("reads another name in it", Again(state, p)) : ("maps", At(state, p, Map));
                break;
            default:
                yield return ("unmaps", With(state, next => Kill(next, p)));
                break;
        }
    }

    private IEnumerable<(string, byte[])> Recycle(byte[] state, int p)
    {
        int handle = Get(state, p, Handle) - 1;
        bool marksLate = Ignores(PlantedInRecycling.MarkWithoutTheExclusiveLock);
        switch (Get(state, p, Pc))
        {
            case Take when state[Capacity] == 0:
                yield return ("takes the capacity lock and reaps", With(state, next => { next[Capacity] = (byte)(p + 1); Reap(next); Set(next, p, Pc, Evict); }));
                break;
            case Evict:
                yield return LockVictim(state, p);
                break;
            case Rename:
                yield return ("renames it", With(state, next => { SetFile(next, handle, Kind, Temporary); Set(next, p, Pc, Lease); }));
                break;
            case Lease:
                bool isOpen = Enumerable.Range(0, Processes).Any(q => q != p && Get(state, q, Handle) == handle + 1 && Get(state, q, Counted) == 1)
                    && !Ignores(PlantedInRecycling.RecycleWithoutTheLeaseAndMapWithoutLookingAtTheMode);
                yield return isOpen
                    ? ("is refused the lease, and unlinks", With(state, next => { SetFile(next, handle, Kind, Unlinked); Release(next, p); Set(next, p, Pc, Create); }))
                    : ("is given the lease", At(state, p, marksLate ? Swap : Mark));
                break;
            case Mark:
                int marked = marksLate ? Get(state, p, Own) - 1 : handle;
                yield return ("makes it writable", With(state, next => { SetFile(next, marked, Writable, 1); Set(next, p, Pc, marksLate ? Fill : Swap); }));
                break;
            case Swap:
                yield return ("locks it as its own", With(state, next => { Release(next, p); Begin(next, p, handle, marksLate ? Mark : FirstOf()); }));
                break;
        }
    }

    private IEnumerable<(string, byte[])> Load(byte[] state, int p)
    {
        int own = Get(state, p, Own) - 1;
        byte wanted = Get(state, p, Wanted);
        bool unmarksEarly = Ignores(PlantedInRecycling.TakeTheMarkAwayBeforeTheBytesAreThere);
        switch (Get(state, p, Pc))
        {
            case Create:
                yield return ("creates a new file", With(state, next =>
                {
                    int file = CreateFile(next);
                    SetFile(next, file, Writable, 1);
                    Begin(next, p, file, FirstOf());
                }));
                break;
            case Fill:
                yield return ("fills it", With(state, next => { SetFile(next, own, Content, (byte)(wanted + 1)); Set(next, p, Pc, Frame); }));
                break;
            case Frame:
                yield return ("frames it", With(state, next => { SetFile(next, own, Layout, (byte)(wanted + 1)); Set(next, p, Pc, unmarksEarly ? Seal : Unmark); }));
                break;
            case Unmark:
                yield return ("takes its own right to write", With(state, next => { SetFile(next, own, Writable, 0); Set(next, p, Pc, unmarksEarly ? Fill : Seal); }));
                break;
            default:
                yield return ("seals it", With(state, next =>
                {
                    bool isTaken = FindSealed(next, wanted) >= 0;
                    SetFile(next, own, Kind, isTaken ? Unlinked : Sealed);
                    SetFile(next, own, Name, wanted);
                    Kill(next, p);
                }));
                break;
        }
    }

    private byte FirstOf() => Ignores(PlantedInRecycling.TakeTheMarkAwayBeforeTheBytesAreThere) ? Unmark : Fill;

    /// <summary>The tier holds one part: it goes, if nobody has it locked.</summary>
    private (string, byte[]) LockVictim(byte[] state, int p)
    {
        int victim = Array.FindIndex([.. Enumerable.Range(0, Files)], f => File(state, f, Kind) is Sealed or Temporary);
        if (victim < 0) { return ("has room", At(state, p, Create)); }
        bool isPinned = (IsShared(state, victim) && !Ignores(PlantedInRecycling.RecycleWithoutTheExclusiveLock)) || File(state, victim, Kind) == Temporary;
        return isPinned ? ("is refused", With(state, next => Kill(next, p))) : ("locks what must go", With(state, next =>
        {
            SetFile(next, victim, Exclusive, 1);
            Set(next, p, Handle, (byte)(victim + 1));
            Set(next, p, Counted, 1);
            Set(next, p, Pc, Rename);
        }));
    }

    /// <summary>The reservation is there: the capacity lock is given back, and what is filled is locked as a sign of life.</summary>
    private static void Begin(byte[] state, int p, int file, byte pc)
    {
        Set(state, p, Own, (byte)(file + 1));
        Set(state, p, Pc, pc);
        state[Capacity] = 0;
    }

    private static void Reap(byte[] state)
    {
        for (int f = 0; f < Files; f++)
        {
            if (File(state, f, Kind) == Temporary && !IsOwned(state, f) && !IsShared(state, f)) { SetFile(state, f, Kind, Unlinked); }
        }
    }

    protected override void Kill(byte[] state, int p)
    {
        Release(state, p);
        if (state[Capacity] == p + 1) { state[Capacity] = 0; }
        Clear(state, p);
    }

    private byte[] Again(byte[] state, int p) => With(state, next => { Release(next, p); Set(next, p, Pc, Find); });

    private static void Release(byte[] state, int p)
    {
        int handle = Get(state, p, Handle) - 1;
        if (handle >= 0 && Get(state, p, Pc) is Rename or Lease or Mark or Swap) { SetFile(state, handle, Exclusive, 0); }
        Set(state, p, Handle, 0);
        Set(state, p, Shared, 0);
        Set(state, p, Counted, 0);
    }

    private static int FindSealed(byte[] state, byte name)
    {
        for (int f = 0; f < Files; f++)
        {
            if (File(state, f, Kind) == Sealed && File(state, f, Name) == name) { return f; }
        }

        return -1;
    }

    private bool Ignores(PlantedInRecycling rule) => planted == rule;
}
