namespace AnnDataCache.Tests.Store.Model;

/// <summary>
/// A protocol as a state machine: processes that take a step for each system call, in any order, and are killed at any of them. A
/// state is an array of bytes: a header, the files, the processes. What all models know of them is here.
/// </summary>
internal abstract class StateModel
{
    protected const int Processes = 2, Files = 4;

    private const int Header = 6, FileBytes = 6, ProcessBytes = 8, FirstProcess = Header + (Files * FileBytes);

    protected const int Kind = 0, Exclusive = 1; // of a file; 2 … 5 are the model's own
    protected const int Pc = 0, Handle = 1, Shared = 2, Own = 3; // of a process: files are numbered from 1; 4 … 7 are the model's own
    protected const byte Absent = 0, Temporary = 1, Sealed = 2, Unlinked = 3; // kinds of a file
    protected const byte Idle = 0; // what a process does

    internal virtual byte[] Initial => new byte[FirstProcess + (Processes * ProcessBytes)];

    /// <summary>Every state that one step leads to, with the step in words.</summary>
    internal virtual IEnumerable<(string Step, byte[] Next)> Steps(byte[] state)
    {
        for (int p = 0; p < Processes; p++)
        {
            int process = p;
            if (Get(state, p, Pc) != Idle) { yield return ($"{p} is killed", With(state, next => Kill(next, process))); }
            foreach ((string step, byte[] next) in StepsOf(state, p)) { yield return ($"{p} {step}", next); }
        }
    }

    /// <summary>The documented invariant that a state breaks, or null.</summary>
    internal abstract string? FindFault(byte[] state);

    protected abstract IEnumerable<(string, byte[])> StepsOf(byte[] state, int p);

    /// <summary>The kernel drops a dead process's locks and mappings; what it was about to do stays undone.</summary>
    protected abstract void Kill(byte[] state, int p);

    /// <summary>A changed copy; files that nobody has open any more are forgotten.</summary>
    protected virtual byte[] With(byte[] state, Action<byte[]> change)
    {
        byte[] next = [.. state];
        change(next);
        for (int f = 0; f < Files; f++)
        {
            bool isOpen = Enumerable.Range(0, Processes).Any(p => Get(next, p, Handle) == f + 1 || Get(next, p, Own) == f + 1);
            if (File(next, f, Kind) == Unlinked && !isOpen) { next.AsSpan(Header + (f * FileBytes), FileBytes).Clear(); }
        }

        return next;
    }

    protected byte[] At(byte[] state, int p, byte pc) => With(state, next => Set(next, p, Pc, pc));

    protected byte[] Opened(byte[] state, int p, int file, byte pc) =>
        With(state, next => { Set(next, p, Handle, (byte)(file + 1)); Set(next, p, Pc, pc); });

    protected static void Clear(byte[] state, int p) => state.AsSpan(FirstProcess + (p * ProcessBytes), ProcessBytes).Clear();

    protected static bool HasRoom(byte[] state) => Enumerable.Range(0, Files).Any(f => File(state, f, Kind) == Absent);

    /// <summary>A new file, of which all is 0 but its kind.</summary>
    protected static int CreateFile(byte[] state)
    {
        int free = Enumerable.Range(0, Files).First(f => File(state, f, Kind) == Absent);
        state.AsSpan(Header + (free * FileBytes), FileBytes).Clear();
        SetFile(state, free, Kind, Temporary);
        return free;
    }

    /// <summary>True when a reader has locked it.</summary>
    protected static bool IsShared(byte[] state, int file) =>
        Enumerable.Range(0, Processes).Any(p => Get(state, p, Handle) == file + 1 && Get(state, p, Shared) == 1);

    /// <summary>True when a process fills it.</summary>
    protected static bool IsOwned(byte[] state, int file) => Enumerable.Range(0, Processes).Any(p => Get(state, p, Own) == file + 1);

    protected static byte Get(byte[] state, int p, int field) => state[FirstProcess + (p * ProcessBytes) + field];

    protected static void Set(byte[] state, int p, int field, byte value) => state[FirstProcess + (p * ProcessBytes) + field] = value;

    protected static byte File(byte[] state, int file, int field) => state[Header + (file * FileBytes) + field];

    protected static void SetFile(byte[] state, int file, int field, byte value) => state[Header + (file * FileBytes) + field] = value;
}
