using System.Globalization;

namespace AnnDataCache.Store;

/// <summary>The memory cgroup's limits, v2 or v1, up the hierarchy. tmpfs pages are charged to whoever writes them.</summary>
internal static class MemoryLimit
{
    private const string Root = "/sys/fs/cgroup";

    /// <summary>A v1 limit this large means that there is none.</summary>
    private const long NoLimit = 1L << 60;

    /// <summary>The least limit that applies to this process; <see cref="long.MaxValue"/> when none does.</summary>
    internal static long Limit() => Folders().Select(group => group.Limit).DefaultIfEmpty(long.MaxValue).Min();

    /// <summary>Bytes that this process may still charge before a limit is met.</summary>
    internal static long Headroom() => Folders()
        .Where(group => group.Limit != long.MaxValue)
        .Select(group => Math.Max(group.Limit - group.Used, 0))
        .DefaultIfEmpty(long.MaxValue)
        .Min();

    private static IEnumerable<(long Limit, long Used)> Folders()
    {
        foreach (string line in ReadLines("/proc/self/cgroup"))
        {
            string[] parts = line.Split(':', 3);
            if (parts.Length < 3) { continue; }
            (string mount, string[] limits, string used, string reclaimable) = parts[1].Length == 0
                ? (Root, new[] { "memory.max", "memory.high" }, "memory.current", "inactive_file")
                : (Path.Join(Root, "memory"), ["memory.limit_in_bytes"], "memory.usage_in_bytes", "total_inactive_file");
            if (parts[1].Length > 0 && !parts[1].Split(',').Contains("memory")) { continue; }
            for (string path = parts[2]; ; path = Path.GetDirectoryName(path) ?? "/")
            {
                string folder = Path.Join(mount, path);
                long limit = limits.Min(name => ReadBytes(Path.Join(folder, name)));
                yield return (limit, ReadBytes(Path.Join(folder, used), absent: 0) - Reclaimable(folder, reclaimable));
                if (path.Length <= 1) { break; }
            }
        }
    }

    /// <summary>Page cache that the kernel drops before it kills anybody.</summary>
    private static long Reclaimable(string folder, string key)
    {
        foreach (string line in ReadLines(Path.Join(folder, "memory.stat")))
        {
            if (line.StartsWith(key + " ", StringComparison.Ordinal)) { return Parse(line[(key.Length + 1)..], 0); }
        }

        return 0;
    }

    private static long ReadBytes(string path, long absent = long.MaxValue) => Parse(ReadLines(path).FirstOrDefault() ?? "", absent);

    private static long Parse(string text, long absent) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) && bytes < NoLimit ? bytes : absent;

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllLines(path) : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
