namespace AnnDataCache.Tests.Store.Model;

/// <summary>A rule that is left out of the protocol, to see that the model notices.</summary>
public enum Planted
{
    None,
    MapWithoutLookingAtTheLinkCount,
    EvictWithoutTheExclusiveLock,
    CountTheReservationAfterTheLock,
    RenameThatReplaces,
    SealWithoutLookingAtTheSource,
    ReapWithoutTryingTheLock,
    ChangeWithoutTheMark,
}

/// <summary>
/// The protocol of Tier.cs as a state machine, a step for each system call: two processes that hit or load one of two
/// elements, impatient loaders that do not wait for each other, a source that changes once, and a SIGKILL at any step.
/// The budget holds two parts, of which there are four with both versions: loads evict, or are refused.
/// </summary>
internal sealed class ProtocolModel(Planted planted, int budget = 2) : StateModel
{
    private const int Source = 0, Mark = 1, Sum = 2, Capacity = 3, Written = 4; // of the header
    private const int Name = 2, NameVersion = 3, Content = 4, Complete = 5; // of a file
    private const int Wanted = 4, Version = 5; // of a process

    // Steps of a process.
    private const byte Open = 1, Lock = 2, Look = 3, Map = 4, Enter = 5, Take = 6, Reap = 7, Room = 8, Unlink = 9, Create = 10, Commit = 11,
        Fill = 12, Check = 13, Rename = 14, Abandon = 15, GiveBack = 16;

    internal override IEnumerable<(string Step, byte[] Next)> Steps(byte[] state)
    {
        if (state[Source] == 0) { yield return ("the source changes", With(state, next => next[Source] = 1)); }
        foreach ((string, byte[]) step in base.Steps(state)) { yield return step; }
    }

    internal override string? FindFault(byte[] state)
    {
        int files = 0;
        for (int f = 0; f < Files; f++)
        {
            byte kind = File(state, f, Kind);
            if (kind is Temporary or Sealed) { files++; }
            if (kind == Sealed && File(state, f, Complete) == 0) { return "S2: a name leads to an incomplete part"; }
            if (kind == Sealed && File(state, f, Content) != File(state, f, NameVersion)) { return "S2: a name lies about its version"; }
        }

        if (files > budget) { return $"S4: {files} files are there, the budget is {budget}"; }
        if (state[Capacity] == 0 && state[Mark] == 0 && state[Sum] != files) { return $"S4: the sum is {state[Sum]}, {files} are there"; }
        for (int p = 0; p < Processes; p++)
        {
            if (Get(state, p, Pc) == Map && File(state, Get(state, p, Handle) - 1, Kind) != Sealed) { return "S3: a part is mapped that is gone from the budget"; }
            if (Get(state, p, Pc) is Commit or Fill or Check or Rename && Get(state, p, Own) > 0 && File(state, Get(state, p, Own) - 1, Kind) != Temporary) { return "S5: a living builder's temporary was reaped"; }
        }

        return null;
    }

    protected override IEnumerable<(string, byte[])> StepsOf(byte[] state, int p)
    {
        byte wanted = Get(state, p, Wanted), version = Get(state, p, Version);
        int handle = Get(state, p, Handle) - 1, own = Get(state, p, Own) - 1;
        int sealedFile = FindSealed(state, wanted, version);
        switch (Get(state, p, Pc))
        {
            case Idle:
                for (byte name = 0; name < 2; name++)
                {
                    byte chosen = name;
                    yield return ($"asks for {name}", With(state, next => Begin(next, p, chosen)));
                }

                break;
            case Open:
                yield return sealedFile < 0
                    ? ("misses", At(state, p, Enter))
                    : ("opens", Opened(state, p, sealedFile, Lock));
                break;
            case Lock:
                yield return File(state, handle, Exclusive) > 0
                    ? ("is refused by an evictor's lock", With(state, next => { Set(next, p, Handle, 0); Set(next, p, Pc, Open); }))
                    : ("locks", With(state, next => { Set(next, p, Shared, 1); Set(next, p, Pc, Look); }));
                break;
            case Look:
                bool isGone = File(state, handle, Kind) == Unlinked && planted != Planted.MapWithoutLookingAtTheLinkCount;
                yield return isGone
                    ? ("finds it evicted", With(state, next => { Release(next, p); Set(next, p, Pc, Open); }))
                    : ("maps", At(state, p, Map));
                break;
            case Map:
                yield return ("unmaps", With(state, next => Kill(next, p)));
                break;
            case Enter: // a loader that is waited for may be stopped: so no step depends on the lock of the single flight
                yield return sealedFile >= 0 ? ("finds it loaded", At(state, p, Open)) : ("enters the load", At(state, p, Take));
                break;
            case Take when state[Capacity] == 0:
                yield return ("takes the capacity lock", With(state, next => TakeCapacity(next, p)));
                break;
            case Reap:
                yield return ("reaps", With(state, next => ReapDead(next, p)));
                break;
            case Room:
                foreach ((string, byte[]) step in MakeRoom(state, p)) { yield return step; }
                break;
            case Unlink:
                yield return ("unlinks", With(state, next => { Remove(next, handle); Set(next, p, Handle, 0); next[Sum]--; Set(next, p, Pc, Room); }));
                break;
            case Create:
                yield return ("creates its temporary", With(state, next => CreateTemporary(next, p)));
                break;
            case Commit:
                yield return ("gives the capacity lock back", With(state, next => GiveCapacity(next, p)));
                break;
            case Fill:
                yield return ("fills", With(state, next =>
                {
                    SetFile(next, own, Content, next[Source]);
                    SetFile(next, own, Complete, 1);
                    Set(next, p, Pc, planted == Planted.SealWithoutLookingAtTheSource ? Rename : Check);
                }));
                break;
            case Check:
                yield return state[Source] == version ? ("finds the source unchanged", At(state, p, Rename)) : ("finds the source changed", At(state, p, Abandon));
                break;
            case Rename:
                yield return sealedFile >= 0 && planted != Planted.RenameThatReplaces
                    ? ("finds the name sealed", At(state, p, Abandon))
                    : ("seals", With(state, next => Seal(next, p, sealedFile)));
                break;
            case Abandon when state[Capacity] == 0:
                yield return ("abandons", With(state, next => { TakeCapacity(next, p); Set(next, p, Pc, GiveBack); }));
                break;
            case GiveBack:
                yield return ("unlinks its temporary", With(state, next =>
                {
                    if (File(next, own, Kind) == Temporary) { Remove(next, own); next[Sum]--; }
                    Set(next, p, Own, 0);
                    Set(next, p, Pc, Commit);
                }));
                break;
        }
    }

    /// <summary>A part is evicted by whoever can lock it; where nothing can be, the load is refused.</summary>
    private IEnumerable<(string, byte[])> MakeRoom(byte[] state, int p)
    {
        if (state[Sum] < budget)
        {
            yield return ("has room", planted == Planted.CountTheReservationAfterTheLock ? With(state, next => { GiveCapacity(next, p); Set(next, p, Pc, Create); }) : At(state, p, Create));
            yield break;
        }

        bool any = false;
        for (int f = 0; f < Files; f++)
        {
            int file = f;
            bool isFree = File(state, f, Kind) == Sealed && (planted == Planted.EvictWithoutTheExclusiveLock || !IsShared(state, f));
            if (!isFree) { continue; }
            any = true;
            yield return ($"locks file {f} to evict it", With(state, next =>
            {
                Set(next, p, Handle, (byte)(file + 1));
                if (planted != Planted.EvictWithoutTheExclusiveLock) { SetFile(next, file, Exclusive, 1); }
                Set(next, p, Pc, Unlink);
            }));
        }

        if (!any) { yield return ("is refused: all is pinned", At(state, p, Commit)); }
    }

    private static void Begin(byte[] state, int p, byte name)
    {
        Set(state, p, Wanted, name);
        Set(state, p, Version, state[Source]);
        Set(state, p, Pc, Open);
    }

    private void TakeCapacity(byte[] state, int p)
    {
        state[Capacity] = (byte)(p + 1);
        if (state[Mark] == 1) { state[Sum] = Count(state); }
        if (planted != Planted.ChangeWithoutTheMark) { state[Mark] = 1; }
        Set(state, p, Pc, Reap);
    }

    private void GiveCapacity(byte[] state, int p)
    {
        (state[Mark], state[Written], state[Capacity]) = (0, state[Sum], 0);
        if (Get(state, p, Own) > 0) { Set(state, p, Pc, Fill); } else { Kill(state, p); }
    }

    private void ReapDead(byte[] state, int p)
    {
        for (int f = 0; f < Files; f++)
        {
            bool isDead = planted == Planted.ReapWithoutTryingTheLock || !IsOwned(state, f);
            if (File(state, f, Kind) != Temporary || !isDead) { continue; }
            Remove(state, f);
            state[Sum]--;
        }

        Set(state, p, Pc, Room);
    }

    private void CreateTemporary(byte[] state, int p)
    {
        Set(state, p, Own, (byte)(CreateFile(state) + 1));
        state[Sum]++;
        Set(state, p, Pc, planted == Planted.CountTheReservationAfterTheLock ? Fill : Commit);
    }

    private static void Seal(byte[] state, int p, int replaced)
    {
        int own = Get(state, p, Own) - 1;
        if (replaced >= 0) { Remove(state, replaced); }
        SetFile(state, own, Kind, Sealed);
        SetFile(state, own, Name, Get(state, p, Wanted));
        SetFile(state, own, NameVersion, Get(state, p, Version));
        Set(state, p, Own, 0); // the reader's own lock takes the builder's place before that one goes
        Set(state, p, Handle, (byte)(own + 1));
        Set(state, p, Shared, 1);
        Set(state, p, Pc, Map);
    }

    protected override void Kill(byte[] state, int p)
    {
        Release(state, p);
        if (state[Capacity] == p + 1) { (state[Capacity], state[Sum]) = (0, state[Written]); } // what it had not written is lost
        Clear(state, p);
    }

    private static void Release(byte[] state, int p)
    {
        int handle = Get(state, p, Handle) - 1;
        if (handle >= 0 && Get(state, p, Pc) == Unlink) { SetFile(state, handle, Exclusive, 0); }
        Set(state, p, Handle, 0);
        Set(state, p, Shared, 0);
    }

    private static void Remove(byte[] state, int file)
    {
        SetFile(state, file, Kind, Unlinked);
        SetFile(state, file, Exclusive, 0);
    }

    private static int FindSealed(byte[] state, byte name, byte version)
    {
        for (int f = 0; f < Files; f++)
        {
            if (File(state, f, Kind) == Sealed && File(state, f, Name) == name && File(state, f, NameVersion) == version) { return f; }
        }

        return -1;
    }

    private static byte Count(byte[] state) => (byte)Enumerable.Range(0, Files).Count(f => File(state, f, Kind) is Temporary or Sealed);
}
