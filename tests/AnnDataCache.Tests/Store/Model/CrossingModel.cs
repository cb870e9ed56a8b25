namespace AnnDataCache.Tests.Store.Model;

/// <summary>A rule that is left out of what passes between tiers and program versions, to see that the model notices.</summary>
public enum PlantedInCrossing
{
    None,
    PromoteWithoutPinningTheColdPart,
    PromoteWithoutComparingTheHash,
    RecoverWhatStandsStill,
    SealOverTheOtherOne,
    LeaveTheFormatOutOfTheName,
}

/// <summary>
/// One element in two tiers as a state machine: processes of two program versions hit, promote, load, evict and recover; the disk changes a
/// bit once; any process may be stopped, which is to take no step, and be killed at any.
/// </summary>
internal sealed class CrossingModel(PlantedInCrossing planted) : StateModel
{
    private const int Damaged = 0; // the disk has done its worst
    private const int Tier = 2, Name = 3, Content = 4; // of a file; the content is the format that wrote it, from 1
    private const int Format = 4, Copied = 5; // of a process
    private const byte Hot = 0, Cold = 1, Incomplete = 0, Bad = 9;

    // Steps of a process.
    private const byte OpenHot = 1, LockHot = 2, OpenCold = 3, LockCold = 4, Choose = 5, Reserve = 6, Copy = 7, Compare = 8, Load = 9, Fill = 10, Seal = 11, Map = 12, Unlink = 13;

    internal override byte[] Initial => With(base.Initial, next =>
    {
        CreateFile(next);
        SetFile(next, 0, Kind, Sealed);
        SetFile(next, 0, Tier, Cold);
        SetFile(next, 0, Content, 1);
    });

    internal override IEnumerable<(string Step, byte[] Next)> Steps(byte[] state)
    {
        for (int f = 0; f < Files && state[Damaged] == 0; f++)
        {
            int file = f;
            if (File(state, f, Kind) == Sealed && File(state, f, Tier) == Cold) { yield return ("the disk changes a bit", With(state, next => { next[Damaged] = 1; SetFile(next, file, Content, Bad); })); }
        }

        foreach ((string, byte[]) step in base.Steps(state)) { yield return step; }
    }

    internal override string? FindFault(byte[] state)
    {
        for (int f = 0; f < Files; f++)
        {
            if (File(state, f, Kind) == Sealed && File(state, f, Content) == Incomplete) { return "S2: a name leads to an incomplete part"; }
            if (File(state, f, Kind) == Sealed && File(state, f, Tier) == Hot && File(state, f, Content) == Bad) { return "what the disk has changed was promoted"; }
        }

        for (int p = 0; p < Processes; p++)
        {
            byte pc = Get(state, p, Pc);
            int handle = Get(state, p, Handle) - 1, own = Get(state, p, Own) - 1;
            if (pc is Map or Copy && handle >= 0 && File(state, handle, Kind) == Unlinked) { return "S3: what is mapped is gone from the budget"; }
            if (pc == Map && File(state, handle, Content) is var content && content != Bad && content != Get(state, p, Format) + 1) { return "S2: a program has mapped a part of another format"; }
            if (own >= 0 && File(state, own, Kind) != Temporary) { return "S5: a living builder's temporary was taken away"; }
        }

        return null;
    }

    protected override IEnumerable<(string, byte[])> StepsOf(byte[] state, int p)
    {
        byte pc = Get(state, p, Pc);
        return pc == Idle ? Begin(state, p) : pc < Reserve ? Hit(state, p) : Make(state, p);
    }

    private IEnumerable<(string, byte[])> Begin(byte[] state, int p)
    {
        for (byte format = 0; format < 2; format++)
        {
            byte chosen = format;
            yield return ($"asks, as a program of format {format}", With(state, next => { Set(next, p, Format, chosen); Set(next, p, Pc, OpenHot); }));
        }

        for (int f = 0; f < Files; f++)
        {
            int file = f;
            bool isOwned = IsOwned(state, f) && planted != PlantedInCrossing.RecoverWhatStandsStill;
            if (File(state, f, Kind) == Temporary && !isOwned) { yield return ($"recovers file {f}", With(state, next => SetFile(next, file, Kind, Unlinked))); }
            if (File(state, f, Kind) == Sealed && !IsShared(state, f) && File(state, f, Exclusive) == 0) { yield return ($"locks file {f} to evict it", With(state, next => { SetFile(next, file, Exclusive, 1); Set(next, p, Handle, (byte)(file + 1)); Set(next, p, Pc, Unlink); })); }
        }
    }

    private IEnumerable<(string, byte[])> Hit(byte[] state, int p)
    {
        int handle = Get(state, p, Handle) - 1, hot = FindSealed(state, p, Hot), cold = FindSealed(state, p, Cold);
        byte pc = Get(state, p, Pc);
        switch (pc)
        {
            case OpenHot:
                yield return hot < 0 ? ("finds nothing in hot", At(state, p, OpenCold)) : ("opens in hot", Opened(state, p, hot, LockHot));
                break;
            case OpenCold:
                yield return cold < 0 ? ("finds nothing in cold", At(state, p, Load)) : ("opens in cold", Opened(state, p, cold, LockCold));
                break;
            case LockHot or LockCold:
                yield return File(state, handle, Exclusive) > 0 || File(state, handle, Kind) == Unlinked
                    ? ("finds it going or gone", With(state, next => { Release(next, p); Set(next, p, Pc, OpenHot); }))
                    : ("locks and maps", With(state, next => { Set(next, p, Shared, 1); Set(next, p, Pc, pc == LockHot ? Map : Choose); }));
                break;
            default:
                yield return ("uses the cold part in place", At(state, p, Map));
                yield return ("promotes it", With(state, next =>
                {
                    if (planted == PlantedInCrossing.PromoteWithoutPinningTheColdPart) { Set(next, p, Shared, 0); }
                    Set(next, p, Pc, Reserve);
                }));
                break;
        }
    }

    private IEnumerable<(string, byte[])> Make(byte[] state, int p)
    {
        int handle = Get(state, p, Handle) - 1, own = Get(state, p, Own) - 1, hot = FindSealed(state, p, Hot);
        bool compares = planted != PlantedInCrossing.PromoteWithoutComparingTheHash;
        switch (Get(state, p, Pc))
        {
            case Reserve or Load when !HasRoom(state):
                yield return ("is refused", With(state, next => Kill(next, p)));
                break;
            case Reserve or Load:
                bool promotes = Get(state, p, Pc) == Reserve;
                yield return ("reserves in hot", With(state, next => { Set(next, p, Own, (byte)(CreateFile(next) + 1)); Set(next, p, Pc, promotes ? Copy : Fill); }));
                break;
            case Copy:
                yield return ("copies", With(state, next => { Set(next, p, Copied, File(next, handle, Content)); SetFile(next, own, Content, File(next, handle, Content)); Set(next, p, Pc, Compare); }));
                break;
            case Compare:
                yield return Get(state, p, Copied) == Bad && compares
                    ? ("finds another hash, and gives up", With(state, next => { SetFile(next, own, Kind, Unlinked); Release(next, p); Set(next, p, Own, 0); Set(next, p, Pc, Load); }))
                    : ("finds the recorded hash", At(state, p, Seal));
                break;
            case Fill:
                yield return ("decodes", With(state, next => { SetFile(next, own, Content, (byte)(Get(next, p, Format) + 1)); Set(next, p, Pc, Seal); }));
                break;
            case Seal when hot >= 0 && planted != PlantedInCrossing.SealOverTheOtherOne:
                yield return ("finds the name sealed", With(state, next => { SetFile(next, own, Kind, Unlinked); Release(next, p); Set(next, p, Own, 0); Set(next, p, Pc, OpenHot); }));
                break;
            case Seal:
                yield return ("seals and maps", With(state, next =>
                {
                    if (hot >= 0) { SetFile(next, hot, Kind, Unlinked); }
                    Release(next, p);
                    SetFile(next, own, Kind, Sealed);
                    SetFile(next, own, Name, NameOf(next, p));
                    Set(next, p, Own, 0);
                    Set(next, p, Handle, (byte)(own + 1));
                    Set(next, p, Shared, 1);
                    Set(next, p, Pc, Map);
                }));
                break;
            case Unlink:
                yield return ("unlinks it", With(state, next => { SetFile(next, handle, Kind, Unlinked); Kill(next, p); }));
                break;
            default:
                yield return ("unmaps", With(state, next => Kill(next, p)));
                break;
        }
    }

    protected override void Kill(byte[] state, int p)
    {
        Release(state, p);
        Clear(state, p);
    }

    private static void Release(byte[] state, int p)
    {
        int handle = Get(state, p, Handle) - 1;
        if (handle >= 0 && Get(state, p, Pc) == Unlink) { SetFile(state, handle, Exclusive, 0); }
        Set(state, p, Handle, 0);
        Set(state, p, Shared, 0);
    }

    private byte NameOf(byte[] state, int p) => planted == PlantedInCrossing.LeaveTheFormatOutOfTheName ? (byte)0 : Get(state, p, Format);

    private int FindSealed(byte[] state, int p, byte tier)
    {
        for (int f = 0; f < Files; f++)
        {
            if (File(state, f, Kind) == Sealed && File(state, f, Tier) == tier && File(state, f, Name) == NameOf(state, p)) { return f; }
        }

        return -1;
    }
}
