using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using AnnDataCache.Interop;

namespace AnnDataCache.Store;

/// <summary>The right to change how much a tier holds, and the tier's usage, which stands in the lock file itself.</summary>
/// <remarks>
/// The record is five 8-byte words: magic, 1 while a change is under way, bytes, files, boot. Whoever changes something
/// first sets the mark and clears it together with the new sums; a holder that is killed in between leaves the mark, and
/// the next one counts anew by a scan; so does the first one after a boot, since a loss of power may have kept parts and
/// lost the sum. A sum that somebody's <c>rm</c> has made too large is corrected by the scan that every eviction begins with.
/// </remarks>
internal sealed class CapacityHold : IDisposable
{
    private const ulong Magic = 0x31_45_53_55_43_44_41; // "ADCUSE1"
    private const int RecordBytes = 40;

    private static readonly long s_boot = ReadBoot();

    private readonly FileDescriptor _file;
    private readonly TierFolder _folder;

    private CapacityHold(FileDescriptor file, TierFolder folder) => (_file, _folder) = (file, folder);

    /// <summary>Bytes of parts and reservations, in whole pages.</summary>
    internal long Bytes { get; private set; }

    /// <summary>Parts and reservations.</summary>
    internal long Files { get; private set; }

    /// <summary>Waits for the lock; null when its holder does not let go, which only a stopped process does.</summary>
    internal static CapacityHold? TryTake(TierFolder folder, TimeSpan patience)
    {
        FileDescriptor file = folder.OpenCapacityLock();
        long start = Stopwatch.GetTimestamp();
        for (int wait = 0; !FileLocks.TryLock(file, exclusive: true); wait++)
        {
            if (Stopwatch.GetElapsedTime(start) > patience)
            {
                file.Dispose();
                return null;
            }

            Thread.Sleep(wait < 20 ? 0 : 1);
        }

        CapacityHold hold = new(file, folder);
        try
        {
            if (!hold.Read()) { hold.Recount(); }
            return hold;
        }
        catch
        {
            hold.Dispose();
            throw;
        }
    }

    /// <summary>The sums as they were last written, without the lock: for people. False while a change is under way.</summary>
    internal static bool TryPeek(TierFolder folder, out long bytes, out long files)
    {
        using FileDescriptor file = folder.OpenCapacityLock();
        using CapacityHold hold = new(file, folder);
        bool known = hold.Read();
        (bytes, files) = (hold.Bytes, hold.Files);
        return known;
    }

    /// <summary>To be called before the first change, so that being killed in the middle of it is noticed.</summary>
    internal void Begin()
    {
        Span<byte> mark = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(mark, 1);
        _file.Write(sizeof(long), mark);
    }

    /// <summary>Adds to the sums; they are written by <see cref="Commit"/>.</summary>
    internal void Add(long bytes, long files) => (Bytes, Files) = (Bytes + bytes, Files + files);

    /// <summary>Writes the sums and ends the change.</summary>
    internal void Commit()
    {
        Span<byte> record = stackalloc byte[RecordBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(record, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(record[8..], 0);
        BinaryPrimitives.WriteInt64LittleEndian(record[16..], Bytes);
        BinaryPrimitives.WriteInt64LittleEndian(record[24..], Files);
        BinaryPrimitives.WriteInt64LittleEndian(record[32..], s_boot);
        _file.Write(0, record);
    }

    /// <summary>Counts what is there, deletes the reservations of dead processes, and returns the sealed parts.</summary>
    /// <remarks>
    /// Sealing needs no lock, so that a reservation may become a part after it was counted as the one and before the other
    /// is scanned: it would count twice. None is made while the lock is held, so that as many before and after are the same.
    /// </remarks>
    internal List<TierEntry> Recount()
    {
        Begin();
        (long bytes, long files, _, _) = _folder.ReapAndCountLocked();
        while (true)
        {
            List<TierEntry> parts = _folder.Scan();
            (long bytesAfter, long filesAfter, _, _) = _folder.ReapAndCountLocked();
            if (filesAfter == files)
            {
                (Bytes, Files) = (bytes + parts.Sum(part => part.Bytes), files + parts.Count);
                Commit();
                return parts;
            }

            (bytes, files) = (bytesAfter, filesAfter);
        }
    }

    private bool Read()
    {
        Span<byte> record = stackalloc byte[RecordBytes];
        if (_file.Read(0, record) != RecordBytes || BinaryPrimitives.ReadUInt64LittleEndian(record) != Magic) { return false; }
        (Bytes, Files) = (BinaryPrimitives.ReadInt64LittleEndian(record[16..]), BinaryPrimitives.ReadInt64LittleEndian(record[24..]));
        bool isKnown = BinaryPrimitives.ReadInt64LittleEndian(record[8..]) == 0 && BinaryPrimitives.ReadInt64LittleEndian(record[32..]) == s_boot;
        return isKnown && Bytes >= 0 && Files >= 0;
    }

    /// <summary>The first 16 hexadecimal digits of the kernel's boot id, as a number; 0 where it cannot be read.</summary>
    private static long ReadBoot()
    {
        try
        {
            string id = File.ReadAllText("/proc/sys/kernel/random/boot_id").Replace("-", "", StringComparison.Ordinal);
            return long.Parse(id.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException or FormatException or ArgumentException)
        {
            return 0;
        }
    }

    public void Dispose() => _file.Dispose();
}
