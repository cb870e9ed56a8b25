using System.Buffers.Binary;
using AnnDataCache.Codecs;
using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Zarr;

/// <summary>A store as a zip: its entries are the values. Stored entries are read by range, deflated ones as a whole.</summary>
internal sealed class ZipStore : KeyStore
{
    private const int LocalSize = 30, StoredMethod = 0, DeflatedMethod = 8, MaxGrowth = 1032;
    private const uint LocalSignature = 0x04034b50;

    private readonly SourceFile _file;
    private readonly Dictionary<string, ZipEntry> _entries;
    private readonly Dictionary<string, SortedSet<string>> _folders = new(StringComparer.Ordinal);

    /// <exception cref="PosixException">No such file, or no permission.</exception>
    internal ZipStore(string path)
    {
        Path = path;
        _file = SourceFile.Open(path);
        try
        {
            _entries = ZipDirectory.Read(_file);
            foreach (string key in _entries.Keys) { AddFolders(key); }
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    internal override string Path { get; }

    internal IReadOnlyCollection<string> Keys => _entries.Keys;

    internal override bool Contains(string key) => _entries.ContainsKey(key);

    internal override StoredValue? Open(string key)
    {
        if (!_entries.TryGetValue(key, out ZipEntry? entry)) { return null; }
        if (entry.IsEncrypted) { throw new UnsupportedContainerException($"'{key}' is encrypted in the zip: not read."); }
        long start = StartOf(key, entry);
        return entry.Method switch
        {
            StoredMethod when entry.Stored == entry.Length => new RangeValue(_file, start, entry),
            StoredMethod => throw new DamagedContainerException($"'{key}' is stored in the zip as {entry.Stored:N0} of its {entry.Length:N0} bytes."),
            DeflatedMethod => Inflated(key, entry, start),
            _ => throw new UnsupportedContainerException(
                $"'{key}' is compressed in the zip by method {entry.Method}; 0 (stored) and 8 (deflated) are read."),
        };
    }

    internal override IReadOnlyCollection<string> Folders(string prefix) =>
        _folders.TryGetValue(prefix, out SortedSet<string>? names) ? names : [];

    internal override long BytesBelow(string prefix, long enough)
    {
        long bytes = 0;
        foreach ((string key, ZipEntry entry) in _entries)
        {
            if (prefix.Length == 0 || (key.StartsWith(prefix, StringComparison.Ordinal) && key.Length > prefix.Length && key[prefix.Length] == '/')) { bytes += entry.Stored; }
            if (bytes >= enough) { break; }
        }

        return bytes;
    }

    internal override bool IsUnchanged() => _file.IsUnchanged();

    public override void Dispose() => _file.Dispose();

    private void AddFolders(string key)
    {
        for (int end = key.LastIndexOf('/'); end > 0; end = key.LastIndexOf('/', end - 1))
        {
            int start = key.LastIndexOf('/', end - 1) + 1;
            string parent = start == 0 ? "" : key[..(start - 1)];
            if (!_folders.TryGetValue(parent, out SortedSet<string>? names)) { _folders[parent] = names = new SortedSet<string>(StringComparer.Ordinal); }
            if (!names.Add(key[start..end]) || start == 0) { return; }
        }
    }

    private long StartOf(string key, ZipEntry entry)
    {
        Span<byte> local = stackalloc byte[LocalSize];
        _file.Read(entry.Header, local);
        long start = entry.Header + LocalSize + BinaryPrimitives.ReadUInt16LittleEndian(local[26..]) + BinaryPrimitives.ReadUInt16LittleEndian(local[28..]);
        return BinaryPrimitives.ReadUInt32LittleEndian(local) == LocalSignature && start <= _file.Length - entry.Stored
            ? start
            : throw new DamagedContainerException($"The zip has no entry '{key}' at {entry.Header:N0}, where its directory says.");
    }

    /// <summary>Nothing that a few bytes cannot become is given room (a bomb), and the checksum is verified.</summary>
    private MemoryValue Inflated(string key, ZipEntry entry, long start)
    {
        if (entry.Length > Array.MaxLength || entry.Stored > Array.MaxLength || entry.Length / MaxGrowth > entry.Stored)
        {
            throw new DamagedContainerException($"'{key}' has {entry.Stored:N0} bytes in the zip and claims to become {entry.Length:N0}.");
        }

        byte[] stored = GC.AllocateUninitializedArray<byte>((int)entry.Stored), bytes = GC.AllocateUninitializedArray<byte>((int)entry.Length);
        _file.Read(start, stored);
        int length = Inflate.Raw(stored, bytes);
        return length == bytes.Length && Crc32.Compute(bytes) == entry.Checksum
            ? new MemoryValue(bytes)
            : throw new DamagedContainerException($"'{key}' does not have the length and checksum that the zip's directory says.");
    }

    /// <summary>The zip's checksum is of a whole entry: it is verified where one is read as a whole.</summary>
    private sealed class RangeValue(SourceFile file, long start, ZipEntry entry) : StoredValue
    {
        internal override long Length => entry.Length;

        internal override void Read(long offset, Span<byte> bytes)
        {
            if (offset < 0 || offset > Length - bytes.Length)
            {
                throw new EndOfStreamException($"An entry of {Length:N0} bytes has no {bytes.Length:N0} bytes at {offset:N0}.");
            }

            file.Read(start + offset, bytes);
            if (bytes.Length == Length && Crc32.Compute(bytes) != entry.Checksum)
            {
                throw new DamagedContainerException("An entry of the zip does not have the checksum that the directory says.");
            }
        }

        public override void Dispose()
        {
        }
    }

    private sealed class MemoryValue(byte[] bytes) : StoredValue
    {
        internal override long Length => bytes.Length;

        internal override void Read(long offset, Span<byte> target)
        {
            if (offset < 0 || offset > bytes.Length - target.Length)
            {
                throw new EndOfStreamException($"An entry of {bytes.Length:N0} bytes has no {target.Length:N0} bytes at {offset:N0}.");
            }

            bytes.AsSpan((int)offset, target.Length).CopyTo(target);
        }

        public override void Dispose()
        {
        }
    }
}
