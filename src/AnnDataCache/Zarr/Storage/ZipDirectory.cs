using System.Buffers.Binary;
using System.Text;
using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Zarr;

/// <summary>One entry of a zip's central directory, checked.</summary>
/// <param name="Method">How its bytes are stored; see <see cref="ZipStore"/>.</param>
/// <param name="Stored">Bytes in the file.</param>
/// <param name="Length">Bytes as they are read.</param>
/// <param name="Header">Offset of its local header.</param>
/// <param name="Checksum">CRC-32 of the bytes as they are read.</param>
/// <param name="IsEncrypted">True when its bytes are not for everybody.</param>
internal sealed record ZipEntry(int Method, long Stored, long Length, long Header, uint Checksum, bool IsEncrypted);

/// <summary>Reads the central directory of a zip, zip64 included. All of it is checked against the file's length.</summary>
internal static class ZipDirectory
{
    private const int EndSize = 22, LocatorSize = 20, End64Size = 56, EntrySize = 46, MaxComment = ushort.MaxValue;
    private const uint EndSignature = 0x06054b50, LocatorSignature = 0x07064b50, End64Signature = 0x06064b50, EntrySignature = 0x02014b50;

    // Room for millions of entries; a larger one is no store that could be listed.
    private const long MaxBytes = 512L << 20;

    /// <summary>All entries that are files, by their names; of two with one name the later one counts.</summary>
    internal static Dictionary<string, ZipEntry> Read(SourceFile file)
    {
        (long offset, long bytes, long shift) = Locate(file);
        if (bytes > MaxBytes) { throw new DamagedContainerException($"The zip's directory has {bytes:N0} bytes; the limit is {MaxBytes:N0}."); }
        byte[] directory = new byte[bytes];
        file.Read(offset + shift, directory);
        Dictionary<string, ZipEntry> entries = new(StringComparer.Ordinal);
        for (ReadOnlySpan<byte> rest = directory; rest.Length > 0;)
        {
            if (rest.Length < EntrySize || BinaryPrimitives.ReadUInt32LittleEndian(rest) != EntrySignature)
            {
                throw new DamagedContainerException($"The zip's directory is damaged {bytes - rest.Length:N0} bytes behind its start.");
            }

            int name = BinaryPrimitives.ReadUInt16LittleEndian(rest[28..]), extra = BinaryPrimitives.ReadUInt16LittleEndian(rest[30..]);
            int whole = EntrySize + name + extra + BinaryPrimitives.ReadUInt16LittleEndian(rest[32..]);
            if (whole > rest.Length) { throw new DamagedContainerException("The zip's directory ends inside an entry."); }
            string key = Encoding.UTF8.GetString(rest.Slice(EntrySize, name));
            if (key.StartsWith("./", StringComparison.Ordinal)) { key = key[2..]; } // what some packers call the folder that they packed
            if (key.Length > 0 && !key.EndsWith('/')) { entries[RequireKey(key)] = Entry(rest, rest.Slice(EntrySize + name, extra), shift, file.Length, key); }
            rest = rest[whole..];
        }

        return entries;
    }

    private static string RequireKey(string key)
    {
        foreach (Range step in key.AsSpan().Split('/'))
        {
            if (!KeyStore.IsName(key.AsSpan(step)) || key.AsSpan(step).Contains('\\'))
            {
                throw new DamagedContainerException($"The zip has an entry '{key}', which is no path inside it.");
            }
        }

        return key;
    }

    private static ZipEntry Entry(ReadOnlySpan<byte> entry, ReadOnlySpan<byte> extra, long shift, long fileLength, string key)
    {
        long stored = BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]), length = BinaryPrimitives.ReadUInt32LittleEndian(entry[24..]);
        long header = BinaryPrimitives.ReadUInt32LittleEndian(entry[42..]);
        ReadOnlySpan<byte> wide = Find64(extra);
        if (length == uint.MaxValue) { length = Take64(ref wide, key); }
        if (stored == uint.MaxValue) { stored = Take64(ref wide, key); }
        if (header == uint.MaxValue) { header = Take64(ref wide, key); }
        header = checked(header + shift);
        if (length < 0 || stored < 0 || header < 0 || header > fileLength - stored)
        {
            throw new DamagedContainerException($"The zip's entry '{key}' of {stored:N0} bytes at {header:N0} is not inside its {fileLength:N0} bytes.");
        }

        return new ZipEntry(BinaryPrimitives.ReadUInt16LittleEndian(entry[10..]), stored, length, header,
            BinaryPrimitives.ReadUInt32LittleEndian(entry[16..]), (entry[8] & 1) != 0);
    }

    private static ReadOnlySpan<byte> Find64(ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            int size = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (size > extra.Length - 4) { break; }
            if (BinaryPrimitives.ReadUInt16LittleEndian(extra) == 1) { return extra.Slice(4, size); }
            extra = extra[(4 + size)..];
        }

        return [];
    }

    private static long Take64(ref ReadOnlySpan<byte> wide, string key)
    {
        if (wide.Length < 8) { throw new DamagedContainerException($"The zip's entry '{key}' lacks its 64-bit sizes."); }
        long value = BinaryPrimitives.ReadInt64LittleEndian(wide);
        wide = wide[8..];
        return value;
    }

    /// <summary>Where the directory is, and by how much all offsets are off because something stands before the zip.</summary>
    private static (long Offset, long Bytes, long Shift) Locate(SourceFile file)
    {
        byte[] tail = new byte[Math.Min(file.Length, EndSize + MaxComment)];
        file.Read(file.Length - tail.Length, tail);
        int at = -1;
        for (int i = tail.Length - EndSize; i >= 0 && at < 0; i--)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(i)) == EndSignature) { at = i; }
        }

        if (at < 0) { throw new DamagedContainerException("It has no directory at its end: not a zip, or cut off."); }
        ReadOnlySpan<byte> end = tail.AsSpan(at);
        long position = file.Length - tail.Length + at;
        long bytes = BinaryPrimitives.ReadUInt32LittleEndian(end[12..]), offset = BinaryPrimitives.ReadUInt32LittleEndian(end[16..]);
        long start = position;
        if (position >= LocatorSize && Read64(file, position, out long bytes64, out long offset64, out long start64))
        {
            (bytes, offset, start) = (bytes64, offset64, start64);
        }

        long shift = start - bytes - offset;
        return bytes >= 0 && offset >= 0 && shift >= 0
            ? (offset, bytes, shift)
            : throw new DamagedContainerException($"The zip's directory of {bytes:N0} bytes at {offset:N0} is not inside the file.");
    }

    private static bool Read64(SourceFile file, long end, out long bytes, out long offset, out long start)
    {
        (bytes, offset, start) = (0, 0, 0);
        byte[] locator = new byte[LocatorSize], record = new byte[End64Size];
        file.Read(end - LocatorSize, locator);
        if (BinaryPrimitives.ReadUInt32LittleEndian(locator) != LocatorSignature) { return false; }

        // The record stands right before its locator, whatever stands before the zip.
        start = end - LocatorSize - End64Size;
        if (start < 0) { return false; }
        file.Read(start, record);
        if (BinaryPrimitives.ReadUInt32LittleEndian(record) != End64Signature)
        {
            throw new DamagedContainerException("The zip's 64-bit end record is not where it belongs.");
        }

        bytes = BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(40));
        offset = BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(48));
        return true;
    }
}
