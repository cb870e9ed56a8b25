namespace AnnDataCache.Tests.Store.Model;

/// <summary>A rule that is left out of the protocol of objects, to see that the model notices.</summary>
public enum PlantedInObjects
{
    None,
    ExchangeWithoutTheCapacityLock,
    EvictWithoutTakingColdFirst,
    DeleteHotFirst,
    LookAtColdWhileHotHasTheName,
    MapColdWithoutLookingAtHotAgain,
    MapColdWithoutLookingAtItsNameAgain,
    ReapWithoutTryingTheLock,
    RetireBeforeTheNewOneIsNamed,
}

/// <summary>
/// The protocol of ObjectNames.cs as a state machine, a step for each system call: two processes that get, put into either
/// tier, delete or evict one object, and a SIGKILL at any step. Objects are numbered in the order in which they are named.
/// </summary>
internal sealed class ObjectModel(PlantedInObjects planted, int puts = 3) : StateModel
{
    private const int MaxLooks = 2;

    private const int HotLock = 0, ColdLock = 1, Named = 2, Latest = 3, Gone = 4, Started = 5; // of the header: who holds the locks first
    private const int Tier = 2, Number = 3; // of a file
    private const int Seen = 4, Looks = 5, Target = 6, Moves = 7; // of a process
    private const byte Hot = 0, Cold = 1;

    // Steps of a process.
    private const byte OpenHot = 1, LockHot = 2, LookHot = 3, Covered = 4, OpenCold = 5, LockCold = 6, LookCold = 7, HotAgain = 8, ColdAgain = 9, Map = 10,
        Missed = 11, Create = 12, TakeHot = 13, TakeCold = 14, Name = 15, ReapOld = 16, Retire = 17, ReapOther = 18, GiveBack = 19,
        DeleteTake = 20, DeleteFirst = 21, DeleteSecond = 22, EvictTake = 23, EvictOpen = 24, EvictLock = 25, EvictBelow = 26, EvictUnlink = 27;

    internal override string? FindFault(byte[] state)
    {
        byte visible = Visible(state);
        bool hasLocks = planted != PlantedInObjects.ExchangeWithoutTheCapacityLock;
        if (visible != 0 && (visible < state[Latest] || state[Gone] == state[Latest])) { return $"O4: object {visible} is found again after {state[Latest]} was"; }
        for (int p = 0; p < Processes; p++)
        {
            byte pc = Get(state, p, Pc), handle = Get(state, p, Handle);
            if (pc == Map && File(state, handle - 1, Kind) == Unlinked) { return "S3: what is mapped is gone from the budget"; }
            if (pc == Map && (Get(state, p, Seen) & (1 << File(state, handle - 1, Number))) == 0) { return "O2: a reader got an object that its name did not lead to while it asked"; }
            if (pc == Missed && (Get(state, p, Seen) & 1) == 0 && Get(state, p, Moves) < 2) { return "O1: a reader found nothing, though there was an object all the time"; }
            if (pc == Name && hasLocks && Get(state, p, Seen) != visible) { return "O1: a name leads nowhere while its object is overwritten"; }
            if (pc == EvictUnlink && FindSealed(state, Get(state, p, Target)) is var file and >= 0 && file != handle - 1) { return "O3: an evictor unlinks a part that it has not locked"; }
            if (Get(state, p, Own) is > 0 and var own && pc is TakeHot or TakeCold or Name && File(state, Get(state, p, Own) - 1, Kind) != Temporary) { return "S5: a living builder's temporary was reaped"; }
        }

        return null;
    }

    protected override IEnumerable<(string, byte[])> StepsOf(byte[] state, int p) => Get(state, p, Pc) switch
    {
        Idle => Begin(state, p),
        < Create => Read(state, p),
        < DeleteTake => Put(state, p),
        < EvictTake => Delete(state, p),
        _ => Evict(state, p),
    };

    private IEnumerable<(string, byte[])> Begin(byte[] state, int p)
    {
        yield return ("gets", With(state, next =>
        {
            Set(next, p, Pc, OpenHot);
            Set(next, p, Seen, (byte)(1 << Visible(next)));
        }));
        for (byte tier = Hot; tier <= Cold; tier++)
        {
            byte chosen = tier;
            if (state[Started] < puts && HasRoom(state))
            {
                yield return ($"puts into {Word(tier)}", With(state, next => { next[Started]++; Set(next, p, Target, chosen); Set(next, p, Pc, Create); }));
            }

            yield return ($"evicts from {Word(tier)}", With(state, next => { Set(next, p, Target, chosen); Set(next, p, Pc, EvictTake); }));
        }

        yield return ("deletes", At(state, p, DeleteTake));
    }

    private IEnumerable<(string, byte[])> Read(byte[] state, int p)
    {
        int handle = Get(state, p, Handle) - 1;
        int hot = FindSealed(state, Hot), cold = FindSealed(state, Cold);
        bool ignoresHot = planted == PlantedInObjects.LookAtColdWhileHotHasTheName;
        switch (Get(state, p, Pc))
        {
            case OpenHot:
                yield return hot < 0 ? ("finds nothing in hot", At(state, p, OpenCold)) : ("opens in hot", Opened(state, p, hot, LockHot));
                break;
            case LockHot or LockCold:
                bool isHot = Get(state, p, Pc) == LockHot;
                yield return File(state, handle, Exclusive) > 0
                    ? ("is refused by an evictor's lock", Released(state, p, isHot ? Covered : OpenCold))
                    : ("locks", With(state, next => { Set(next, p, Shared, 1); Set(next, p, Pc, isHot ? LookHot : LookCold); }));
                break;
            case LookHot:
                yield return File(state, handle, Kind) == Unlinked ? ("finds it gone", Released(state, p, Covered)) : ("maps", At(state, p, Map));
                break;
            case Covered:
                yield return hot >= 0 && !ignoresHot ? ("sees that hot has the name", At(state, p, OpenHot)) : ("sees that hot has not the name", At(state, p, OpenCold));
                break;
            case OpenCold when cold >= 0:
                yield return ("opens in cold", Opened(state, p, cold, LockCold));
                break;
            case OpenCold:
                yield return ("finds nothing in cold", With(state, next =>
                {
                    Set(next, p, Looks, (byte)(Get(next, p, Looks) + 1));
                    Set(next, p, Pc, Get(next, p, Looks) < MaxLooks ? OpenHot : Missed);
                }));
                break;
            case LookCold:
                yield return File(state, handle, Kind) == Unlinked ? ("finds it gone", Released(state, p, OpenCold))
                    : ("looks at hot again", At(state, p, planted == PlantedInObjects.MapColdWithoutLookingAtHotAgain ? Map : HotAgain));
                break;
            case HotAgain:
                byte next = planted == PlantedInObjects.MapColdWithoutLookingAtItsNameAgain ? Map : ColdAgain;
                yield return hot >= 0 && !ignoresHot ? ("sees that hot has the name now", Released(state, p, OpenHot)) : ("sees that hot has not the name", At(state, p, next));
                break;
            case ColdAgain:
                yield return cold == handle ? ("maps", At(state, p, Map)) : ("sees that it lost its name", Released(state, p, OpenHot));
                break;
            default:
                yield return ("ends", With(state, next => Kill(next, p)));
                break;
        }
    }

    private IEnumerable<(string, byte[])> Put(byte[] state, int p)
    {
        byte target = Get(state, p, Target), other = (byte)(1 - target);
        int own = Get(state, p, Own) - 1, old = FindSealed(state, target);
        bool withoutLock = planted == PlantedInObjects.ExchangeWithoutTheCapacityLock;
        switch (Get(state, p, Pc))
        {
            case Create when HasRoom(state): // under the lock, which nothing else of the step needs
                yield return ("creates its temporary", With(state, next => CreateTemporary(next, p)));
                break;
            case TakeHot when state[HotLock] == 0 || withoutLock:
                yield return ("takes hot's lock", With(state, next =>
                {
                    if (!withoutLock) { next[HotLock] = (byte)(p + 1); }
                    Set(next, p, Seen, Visible(next));
                    Set(next, p, Pc, target == Cold || FindSealed(next, Cold) >= 0 ? TakeCold : Name);
                }));
                break;
            case TakeCold when state[ColdLock] == 0 || withoutLock:
                yield return ("takes cold's lock", With(state, next => { if (!withoutLock) { next[ColdLock] = (byte)(p + 1); } Set(next, p, Seen, Visible(next)); Set(next, p, Pc, Name); }));
                break;
            case Name when planted == PlantedInObjects.RetireBeforeTheNewOneIsNamed && (old >= 0 || FindSealed(state, other) >= 0):
                yield return ("takes the name away", With(state, next => SetFile(next, old >= 0 ? old : FindSealed(next, other), Kind, Temporary)));
                break;
            case Name:
                yield return ("names it", With(state, next =>
                {
                    if (old >= 0) { SetFile(next, old, Kind, Temporary); }
                    SetFile(next, own, Kind, Sealed);
                    SetFile(next, own, Number, ++next[Named]);
                    Set(next, p, Pc, ReapOld);
                }));
                break;
            case ReapOld:
                yield return ("reaps", With(state, next => { Reap(next, p); Set(next, p, Pc, Retire); }));
                break;
            case Retire:
                yield return ("takes the other tier's name away", With(state, next =>
                {
                    if (FindSealed(next, other) is var covered and >= 0) { SetFile(next, covered, Kind, Temporary); }
                    Set(next, p, Pc, ReapOther);
                }));
                break;
            case ReapOther:
                yield return ("reaps the other", With(state, next => { Reap(next, p); Set(next, p, Pc, GiveBack); }));
                break;
            case GiveBack:
                yield return ("gives the locks back", With(state, next => Kill(next, p)));
                break;
        }
    }

    private IEnumerable<(string, byte[])> Delete(byte[] state, int p)
    {
        byte first = planted == PlantedInObjects.DeleteHotFirst ? Hot : Cold;
        switch (Get(state, p, Pc))
        {
            case DeleteTake when state[HotLock] == 0 && state[ColdLock] == 0:
                yield return ("takes both locks", With(state, next => { (next[HotLock], next[ColdLock]) = ((byte)(p + 1), (byte)(p + 1)); Set(next, p, Pc, DeleteFirst); }));
                break;
            case DeleteFirst or DeleteSecond:
                bool isFirst = Get(state, p, Pc) == DeleteFirst;
                byte tier = isFirst ? first : (byte)(1 - first);
                yield return ($"takes the name away in {Word(tier)}", With(state, next =>
                {
                    if (FindSealed(next, tier) is var named and >= 0) { SetFile(next, named, Kind, Temporary); }
                    Reap(next, p);
                    if (isFirst) { Set(next, p, Pc, DeleteSecond); } else { Kill(next, p); }
                }));
                break;
        }
    }

    private IEnumerable<(string, byte[])> Evict(byte[] state, int p)
    {
        byte tier = Get(state, p, Target);
        int handle = Get(state, p, Handle) - 1, named = FindSealed(state, tier);
        switch (Get(state, p, Pc))
        {
            case EvictTake when state[tier] == 0:
                yield return ($"takes {Word(tier)}'s lock", With(state, next => { next[Get(next, p, Target)] = (byte)(p + 1); Set(next, p, Pc, EvictOpen); }));
                break;
            case EvictOpen:
                yield return named < 0 ? ("has nothing to evict", With(state, next => Kill(next, p))) : ("opens what it evicts", Opened(state, p, named, EvictLock));
                break;
            case EvictLock:
                yield return IsShared(state, handle)
                    ? ("finds it pinned", With(state, next => Kill(next, p)))
                    : ("locks what it evicts", With(state, next =>
                    {
                        SetFile(next, handle, Exclusive, 1);
                        Set(next, p, Pc, tier == Hot && planted != PlantedInObjects.EvictWithoutTakingColdFirst ? EvictBelow : EvictUnlink);
                    }));
                break;
            case EvictBelow when state[ColdLock] == 0:
                yield return ("takes cold's name away", With(state, next =>
                {
                    if (FindSealed(next, Cold) is var below and >= 0) { SetFile(next, below, Kind, Temporary); }
                    Set(next, p, Pc, EvictUnlink);
                }));
                break;
            case EvictUnlink:
                yield return ("unlinks", With(state, next => { if (named >= 0) { SetFile(next, named, Kind, Unlinked); } Kill(next, p); }));
                break;
        }
    }

    private void CreateTemporary(byte[] state, int p)
    {
        Reap(state, p);
        int free = CreateFile(state);
        SetFile(state, free, Tier, Get(state, p, Target));
        Set(state, p, Own, (byte)(free + 1));
        Set(state, p, Pc, TakeHot);
    }

    /// <summary>Unlinks temporaries that nobody has locked: dead ones, and what lost its name.</summary>
    private void Reap(byte[] state, int p)
    {
        for (int f = 0; f < Files; f++)
        {
            bool isLocked = IsShared(state, f) || File(state, f, Exclusive) > 0 || IsOwned(state, f);
            if (planted == PlantedInObjects.ReapWithoutTryingTheLock) { isLocked = Get(state, p, Own) == f + 1; }
            if (File(state, f, Kind) == Temporary && !isLocked) { SetFile(state, f, Kind, Unlinked); }
        }
    }

    protected override void Kill(byte[] state, int p)
    {
        Release(state, p);
        for (int tier = HotLock; tier <= ColdLock; tier++)
        {
            if (state[tier] == p + 1) { state[tier] = 0; }
        }

        Clear(state, p);
    }

    private static void Release(byte[] state, int p)
    {
        int handle = Get(state, p, Handle) - 1;
        if (handle >= 0 && Get(state, p, Pc) is EvictBelow or EvictUnlink) { SetFile(state, handle, Exclusive, 0); }
        Set(state, p, Handle, 0);
        Set(state, p, Shared, 0);
    }

    private byte[] Released(byte[] state, int p, byte pc) => With(state, next => { Release(next, p); Set(next, p, Pc, pc); });

    private static string Word(byte tier) => tier == Hot ? "hot" : "cold";

    /// <summary>The object that the name leads to; 0 for none.</summary>
    private static byte Visible(byte[] state) =>
        FindSealed(state, Hot) is var hot and >= 0 ? File(state, hot, Number) : FindSealed(state, Cold) is var cold and >= 0 ? File(state, cold, Number) : (byte)0;

    private static int FindSealed(byte[] state, byte tier)
    {
        for (int f = 0; f < Files; f++)
        {
            if (File(state, f, Kind) == Sealed && File(state, f, Tier) == tier) { return f; }
        }

        return -1;
    }

    /// <summary>Who is asking has seen what the name leads to now.</summary>
    protected override byte[] With(byte[] state, Action<byte[]> change) => base.With(state, next =>
    {
        byte before = Visible(state);
        change(next);
        byte visible = Visible(next);
        if (before != 0 && visible == 0) { next[Gone] = before; }
        if (visible > next[Latest]) { next[Latest] = visible; }
        for (int p = 0; p < Processes; p++)
        {
            if (Get(next, p, Pc) is < OpenHot or > Missed) { continue; }
            Set(next, p, Seen, (byte)(Get(next, p, Seen) | (1 << visible)));
            if (before != visible) { Set(next, p, Moves, (byte)Math.Min(Get(next, p, Moves) + 1, 2)); }
        }
    });
}
