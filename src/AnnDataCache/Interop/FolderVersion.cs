using System.Buffers.Binary;
using System.IO.Enumeration;
using System.Security.Cryptography;
using System.Text;

namespace AnnDataCache.Interop;

/// <summary>The version of a folder as a source: what the kernel says of the entries in it that count.</summary>
/// <remarks>
/// The rule, for every language, stands in docs/sharing.md. An entry that is added, removed or renamed changes the times of
/// its folder, so that it is enough to look at the entries that were found first: nothing has to be listed again.
/// </remarks>
internal sealed class FolderVersion : SourceVersion
{
    /// <summary>A folder with more entries than this is known by its metadata and folders, and by at most so many of those.</summary>
    internal const int MaxEntries = 4096;

    private const int RecordBytes = 32;
    private const uint ReadBits = 0x124, GroupRead = 0x20; // r--r--r--

    private static readonly string[] s_metadata = [".zarray", ".zattrs", ".zgroup", ".zmetadata", "zarr.json"];
    private static readonly EnumerationOptions s_all = new() { AttributesToSkip = 0, ReturnSpecialDirectories = false };

    private readonly string _path;
    private readonly List<(byte[] Path, FileStat Stat)> _entries;

    private FolderVersion(string path, List<(byte[] Path, FileStat Stat)> entries)
    {
        (_path, _entries) = (path, entries);
        Stat = Combine(entries);
    }

    internal override FileStat Stat { get; }

    internal override long LastChangedNs => _entries.Max(entry => entry.Stat.ChangedNs);

    /// <exception cref="PosixException">No such folder, or no permission.</exception>
    internal static new FolderVersion Of(string path, bool everyFile)
    {
        using FileDescriptor root = FileDescriptor.Open(path, Posix.PathOnly | Posix.Directory);
        return new FolderVersion(path, Walk(root, path, isWhole: true, everyFile ? int.MaxValue : MaxEntries)
            ?? Walk(root, path, isWhole: false, MaxEntries)!);
    }

    internal override bool IsCurrent()
    {
        int root = Posix.Open(_path, Posix.PathOnly | Posix.Directory | Posix.CloseOnExec, 0);
        if (root < 0) { return false; }
        using FileDescriptor folder = new(root);
        foreach ((byte[] path, FileStat stat) in _entries)
        {
            if (!FileStat.TryOf(folder, path, out FileStat now) || !now.SameVersion(stat)) { return false; }
        }

        return true;
    }

    /// <summary>
    /// The entries that count, folder by folder from the top, those of a folder in the order of their bytes; null when a whole
    /// walk finds more than so many. One that is not whole stops there.
    /// </summary>
    private static List<(byte[] Path, FileStat Stat)>? Walk(FileDescriptor root, string path, bool isWhole, int most)
    {
        List<(byte[], FileStat)> entries = [];
        Queue<string> folders = new([""]);
        if (!Add(root, "", entries)) { throw PosixException.Last($"Cannot stat '{path}'"); }
        while (folders.TryDequeue(out string? folder))
        {
            foreach ((string name, bool isFolder) in List(Path.Join(path, folder), isWhole, most))
            {
                string entry = folder.Length == 0 ? name : $"{folder}/{name}";
                if (entries.Count == most) { return isWhole ? null : entries; }
                if (Add(root, entry, entries) && isFolder) { folders.Enqueue(entry); }
            }
        }

        return entries;
    }

    private static bool Add(FileDescriptor root, string entry, List<(byte[], FileStat)> entries)
    {
        byte[] path = [.. Encoding.UTF8.GetBytes(entry), 0];
        if (!FileStat.TryOf(root, path, out FileStat stat)) { return false; }
        entries.Add((path, stat));
        return true;
    }

    private static List<(string Name, bool IsFolder)> List(string path, bool isWhole, int most)
    {
        List<(string Name, bool IsFolder)> names = [];
        if (!isWhole && !IsGroup(path, names)) { return names; }
        try
        {
            foreach ((string Name, bool IsFolder) entry in new FileSystemEnumerable<(string, bool)>(
                path, static (ref entry) => (entry.FileName.ToString(), entry.IsDirectory && (entry.Attributes & FileAttributes.ReparsePoint) == 0), s_all))
            {
                if (entry.Name.Contains('\uFFFD') || (!isWhole && !entry.IsFolder && !s_metadata.Contains(entry.Name))) { continue; }
                names.Add(entry);
                if (isWhole && names.Count > most) { break; } // more than the walk may find: their order does not matter any more
            }
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            return [];
        }

        names.Sort(static (a, b) => CompareUtf8(a.Name, b.Name));
        return names;
    }

    /// <summary>True when members are to be listed. Of an array of version 2, whose chunks lie beside them, only metadata count.</summary>
    private static bool IsGroup(string path, List<(string Name, bool IsFolder)> names)
    {
        if (!File.Exists(Path.Join(path, ".zarray"))) { return File.Exists(Path.Join(path, "zarr.json")) || File.Exists(Path.Join(path, ".zgroup")); }
        foreach (string name in s_metadata)
        {
            if (File.Exists(Path.Join(path, name))) { names.Add((name, false)); }
        }

        return false;
    }

    private static int CompareUtf8(string a, string b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));

    private static FileStat Combine(List<(byte[] Path, FileStat Stat)> entries)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> record = stackalloc byte[RecordBytes];
        FileStat root = entries[0].Stat;
        uint mode = root.Mode;
        foreach ((byte[] path, FileStat stat) in entries)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(record, stat.Inode);
            BinaryPrimitives.WriteInt64LittleEndian(record[8..], stat.Size);
            BinaryPrimitives.WriteInt64LittleEndian(record[16..], stat.ModifiedNs);
            BinaryPrimitives.WriteInt64LittleEndian(record[24..], stat.ChangedNs);
            hash.AppendData(path);
            hash.AppendData(record);

            // Who may read a part must be somebody who may read all that it is made of.
            mode &= stat.Mode | ~ReadBits;
            if (stat.GroupId != root.GroupId) { mode &= ~GroupRead; }
        }

        byte[] digest = hash.GetHashAndReset();
        return root with
        {
            Size = entries.Count, Mode = mode,
            ModifiedNs = BinaryPrimitives.ReadInt64LittleEndian(digest), ChangedNs = BinaryPrimitives.ReadInt64LittleEndian(digest.AsSpan(8)),
        };
    }
}
