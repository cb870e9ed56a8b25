using AnnDataCache.Interop;

namespace AnnDataCache.Store;

/// <summary>The file <c>control</c> of a tier: counters and use of parts, shared by all processes, and losable.</summary>
/// <remarks>
/// Nothing here decides what is there or who may read it: a lost or scribbled board costs worse evictions and wrong counts.
/// A process that cannot map the file uses private memory in its place. Layout: docs/sharing.md.
/// </remarks>
internal sealed unsafe class ControlBoard : IDisposable
{
    private const ulong Magic = 0x31_4C_52_54_43_43_44_41; // "ADCCTRL1"
    private const int HeaderBytes = 4096, Slots = 1 << 16;
    private const long FileBytes = HeaderBytes + (Slots * sizeof(ulong));
    private const int PressureAt = 2, ClockAt = 3;

    private readonly MappedFile? _mapping;
    private readonly NativeBuffer? _private;
    private readonly long* _header;
    private readonly ulong* _slots;
    private readonly EvictionLog _log;
    private bool _disposed; // what a file that outlives its cache asks must not touch memory that is gone

    private ControlBoard(MappedFile? mapping)
    {
        _mapping = mapping;
        if (mapping is null)
        {
            _private = new NativeBuffer(FileBytes);
            new Span<byte>(_private.Address, (int)FileBytes).Clear();
        }

        byte* start = mapping is null ? _private!.Address : mapping.Address;
        _header = (long*)start;
        _slots = (ulong*)(start + HeaderBytes);
        _log = new EvictionLog(_header);
    }

    /// <summary>What was removed lately, and why.</summary>
    internal EvictionLog Log => _disposed ? throw Disposed() : _log;

    private long* Header => _disposed ? throw Disposed() : _header;

    private ulong* Slot(long hash) => _disposed ? throw Disposed() : _slots + (hash % Slots);

    /// <summary>Counters of the header, by their position in 8-byte words.</summary>
    internal enum Counter
    {
        Hits = 8,
        Misses = 9,
        Loads = 10,
        Evictions = 11,
        LoadedBytes = 12,
    }

    /// <summary>Moves whenever a process has found no room: others then give up what they keep mapped without use.</summary>
    internal long PressureEpoch => Volatile.Read(ref Header[PressureAt]);

    /// <summary>The ageing clock of the eviction policy: the score of what was evicted last.</summary>
    internal double Clock
    {
        get => BitConverter.Int64BitsToDouble(Volatile.Read(ref Header[ClockAt]));
        set => Volatile.Write(ref Header[ClockAt], BitConverter.DoubleToInt64Bits(value));
    }

    internal static ControlBoard Open(TierFolder folder)
    {
        const int Flags = Posix.ReadWrite | Posix.Create;
        using FileDescriptor? file = FileDescriptor.TryOpenAt(folder.Root, "control", Flags | Posix.NoFollow, folder.Access.LockMode);
        if (file is null) { return new ControlBoard(null); }
        try
        {
            folder.Access.Apply(file, folder.Access.LockMode);
            FileStat stat = FileStat.Of(file);
            if (!folder.Access.Trusts(stat)) { return new ControlBoard(null); }

            // Growing a file is idempotent, so two processes may both do it. A store into a hole on a full tmpfs would be SIGBUS.
            bool hasHoles = stat.Size < FileBytes || stat.AllocatedBytes < FileBytes;
            if ((stat.Size < FileBytes && Posix.FTruncate(file.Value, FileBytes) != 0) || (hasHoles && Posix.FAllocate(file.Value, 0, 0, FileBytes) != 0))
            {
                return new ControlBoard(null);
            }

            ControlBoard board = new(MappedFile.Map(file, FileBytes, writable: true));
            if ((ulong)board._header[0] != Magic) { board.Format(); }
            return board;
        }
        catch (PosixException)
        {
            return new ControlBoard(null);
        }
    }

    private void Format()
    {
        new Span<byte>(_header, (int)FileBytes).Clear();
        Volatile.Write(ref _header[0], unchecked((long)Magic)); // last: a board without it is formatted again
    }

    internal long Read(Counter counter) => Volatile.Read(ref Header[(int)counter]);

    internal void Add(Counter counter, long amount) => Interlocked.Add(ref Header[(int)counter], amount); // processes count side by side

    internal void RaisePressure() => Interlocked.Increment(ref Header[PressureAt]);

    /// <summary>What is known of a part's use; the default when its slot is empty or belongs to another.</summary>
    internal PartUse Find(long hash)
    {
        ulong word = Volatile.Read(ref *Slot(hash));
        return PartUse.Unpack(word, TagOf(hash));
    }

    /// <summary>One plain 8-byte store: of two at once one is lost, which costs a count of use.</summary>
    internal void Store(long hash, PartUse use) => Volatile.Write(ref *Slot(hash), use.Pack(TagOf(hash)));

    private static ushort TagOf(long hash) => (ushort)((hash >> 16) | 1);

    private static ObjectDisposedException Disposed() => new("AnnDataCache.Cache");

    public void Dispose()
    {
        _disposed = true;
        _mapping?.Dispose();
        _private?.Dispose();
    }
}

/// <summary>Use of one part, in 8 bytes: its score, how often it was hit, what loading it costs.</summary>
/// <param name="Score">Higher stays longer.</param>
/// <param name="Hits">Saturates at 255.</param>
/// <param name="LogCost">Load seconds as 16 × log2(seconds × 1024), 0 … 255.</param>
internal readonly record struct PartUse(float Score, byte Hits, byte LogCost)
{
    /// <summary>A part of which nothing is known: it cost about a second.</summary>
    internal static PartUse Unknown { get; } = new(0, 1, CostOf(1));

    internal double CostSeconds => Math.Pow(2, LogCost / 16.0) / 1024;

    internal static byte CostOf(double seconds) =>
        (byte)Math.Clamp(16 * Math.Log2(Math.Max(seconds, 1.0 / 1024) * 1024), 0, 255);

    internal static PartUse Unpack(ulong word, ushort tag) => (ushort)(word >> 48) == tag
        ? new PartUse(BitConverter.UInt32BitsToSingle((uint)word), (byte)(word >> 32), (byte)(word >> 40))
        : Unknown;

    internal ulong Pack(ushort tag) =>
        BitConverter.SingleToUInt32Bits(Score) | ((ulong)Hits << 32) | ((ulong)LogCost << 40) | ((ulong)tag << 48);
}
