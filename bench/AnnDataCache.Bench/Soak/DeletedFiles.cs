using AnnDataCache.Interop;

namespace AnnDataCache.Bench.Soak;

/// <summary>Who has files of a folder mapped or open that have no name any more, by what the kernel says of each process.</summary>
internal static class DeletedFiles
{
    private const string Mark = " (deleted)";

    /// <summary>
    /// Mappings of deleted files. No reader may ever have one: it looks at the link count under its lock before it maps, and from
    /// then on nobody unlinks the file.
    /// </summary>
    internal static List<string> MappedIn(string folder)
    {
        List<string> found = [];
        foreach (string process in Processes())
        {
            foreach (string line in Try(() => File.ReadAllLines(Path.Join(process, "maps"))) ?? [])
            {
                if (IsOf(folder, line)) { found.Add($"{process}: {line}"); }
            }
        }

        return found;
    }

    /// <summary>
    /// Bytes of deleted files that stopped processes have open: one that is stopped on its way from opening a part to looking at its
    /// link count, or to close what it has given up, lets go when it continues. And all holders, in words.
    /// </summary>
    internal static (long Stopped, List<string> Holders) OpenIn(string folder)
    {
        List<string> holders = [];
        HashSet<ulong> seen = [];
        long stopped = 0;
        foreach (string process in Processes())
        {
            char state = Try(() => File.ReadAllText(Path.Join(process, "stat"))) is { } stat ? stat[stat.LastIndexOf(')') + 2] : '?';
            foreach (string descriptor in Try(() => Directory.GetFiles(Path.Join(process, "fd"))) ?? [])
            {
                if (Try(() => new FileInfo(descriptor).LinkTarget) is not { } target || !IsOf(folder, target)) { continue; }
                if (!FileStat.TryOf(descriptor, out FileStat file)) { continue; }
                holders.Add($"{process} ({state}) {target}");
                if (state is 'T' && seen.Add(file.Inode)) { stopped += file.AllocatedBytes; }
            }
        }

        return (stopped, holders);
    }

    private static bool IsOf(string folder, string line) =>
        line.EndsWith(Mark, StringComparison.Ordinal) && line.Contains(folder, StringComparison.Ordinal);

    private static IEnumerable<string> Processes() =>
        Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _));

    /// <summary>Processes end while they are looked at.</summary>
    private static T? Try<T>(Func<T> look)
        where T : class?
    {
        try
        {
            return look();
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
