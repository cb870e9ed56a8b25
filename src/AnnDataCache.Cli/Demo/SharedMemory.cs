using System.Globalization;

namespace AnnDataCache.Cli.Demo;

/// <summary>What the kernel says of a process's mappings of parts.</summary>
/// <param name="Resident">Bytes of physical memory that the process sees.</param>
/// <param name="Proportional">Its share of them: a page that two processes map counts half for each.</param>
/// <param name="Inodes">The files themselves: equal numbers are one copy.</param>
internal sealed record SharedMemory(long Resident, long Proportional, IReadOnlyList<long> Inodes)
{
    /// <summary>Reads <c>/proc/self/smaps</c>: a header line for each mapping, then its figures in kB.</summary>
    internal static SharedMemory OfThisProcess(IReadOnlySet<string> parts)
    {
        long resident = 0, proportional = 0;
        SortedSet<long> inodes = [];
        bool inPart = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            string[] fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 4 && fields[0].Contains('-', StringComparison.Ordinal)) // address perms offset device inode path
            {
                inPart = fields.Length == 6 && parts.Contains(Path.GetFileName(fields[5]));
                if (inPart) { inodes.Add(long.Parse(fields[4], CultureInfo.InvariantCulture)); }
            }
            else if (inPart && fields is ["Rss:", string rss, "kB"]) { resident += Kilobytes(rss); }
            else if (inPart && fields is ["Pss:", string pss, "kB"]) { proportional += Kilobytes(pss); }
        }

        return new SharedMemory(resident, proportional, [.. inodes]);
    }

    internal string ToLine() => string.Create(CultureInfo.InvariantCulture, $"memory {Resident} {Proportional} {string.Join(',', Inodes)}");

    internal static SharedMemory? Parse(string? line) => line?.Split(' ') is ["memory", string resident, string proportional, string inodes]
        ? new SharedMemory(
            long.Parse(resident, CultureInfo.InvariantCulture), long.Parse(proportional, CultureInfo.InvariantCulture),
            [.. inodes.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(inode => long.Parse(inode, CultureInfo.InvariantCulture))])
        : null;

    private static long Kilobytes(string text) => long.Parse(text, CultureInfo.InvariantCulture) * 1024;
}
