using System.Globalization;
using AnnDataCache.Interop;

namespace AnnDataCache.Store;

/// <summary>Who holds the locks of a tier's files, by the kernel's list of locks: for messages and statistics.</summary>
/// <remarks>
/// The list names the process that took a lock. A child that inherited the mapping holds it too and is not named; locks of
/// other PID namespaces are not listed. Nothing is decided by what is found here.
/// </remarks>
internal static class LockHolders
{
    /// <summary>The inodes of parts that are pinned, each with the processes that pinned it.</summary>
    internal static Dictionary<ulong, List<int>> OfParts(TierFolder folder) => Of(FileStat.Of(folder.Parts).Device, "READ");

    /// <summary>Who holds the capacity lock, in words; empty when that cannot be seen.</summary>
    internal static string OfCapacity(TierFolder folder)
    {
        using FileDescriptor file = folder.OpenCapacityLock();
        FileStat stat = FileStat.Of(file);
        return Of(stat.Device, "WRITE").TryGetValue(stat.Inode, out List<int>? holders) ? string.Join(", ", holders.Select(Describe)) : "";
    }

    /// <summary>A process in words: <c>1234 (python3)</c>.</summary>
    internal static string Describe(int process)
    {
        try
        {
            return $"{process} ({File.ReadAllText($"/proc/{process}/comm").Trim()})";
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return $"{process}";
        }
    }

    // 1: FLOCK  ADVISORY  READ 1234 00:1a:5678 0 EOF: device in hexadecimal, inode in decimal digits
    private static Dictionary<ulong, List<int>> Of(ulong device, string kind)
    {
        Dictionary<ulong, List<int>> holders = [];
        string wanted = string.Create(CultureInfo.InvariantCulture, $"{device >> 32:x2}:{device & 0xFFFFFFFF:x2}:");
        foreach (string line in ReadLines("/proc/locks"))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            int type = Array.IndexOf(words, "FLOCK");
            if (type < 0 || words.Length < type + 5 || words[1] == "->" || words[type + 2] != kind) { continue; }
            string place = words[type + 4];
            if (!place.StartsWith(wanted, StringComparison.Ordinal)
                || !ulong.TryParse(place.AsSpan(wanted.Length), NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode)
                || !int.TryParse(words[type + 3], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int process)) { continue; }
            if (!holders.TryGetValue(inode, out List<int>? list)) { holders.Add(inode, list = []); }
            if (!list.Contains(process)) { list.Add(process); }
        }

        return holders;
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
