using System.IO.Compression;

namespace AnnDataCache.Fuzz;

/// <summary>A sound Zarr store to start from.</summary>
/// <param name="Path">Where it was read from.</param>
/// <param name="Values">All keys with their values, in the order of the keys.</param>
internal sealed record StoreSeed(string Path, IReadOnlyList<KeyValuePair<string, byte[]>> Values)
{
    /// <summary>Larger stores teach the reader nothing new and cost time.</summary>
    private const long MaxBytes = 760 << 10;

    /// <summary>All small stores below the folders: zips, and folders that end in .zarr.</summary>
    internal static List<StoreSeed> FindAll(IEnumerable<string> folders)
    {
        List<StoreSeed> seeds = [];
        foreach (string folder in folders.Where(Directory.Exists))
        {
            foreach (string zip in Directory.EnumerateFiles(folder, "*.zip", SearchOption.AllDirectories)) { Add(seeds, zip, OfZip(zip)); }
            foreach (string store in Directory.EnumerateDirectories(folder, "*.zarr", SearchOption.AllDirectories)) { Add(seeds, store, OfFolder(store)); }
        }

        return [.. seeds.OrderBy(seed => System.IO.Path.GetFileName(seed.Path), StringComparer.Ordinal)];
    }

    private static void Add(List<StoreSeed> seeds, string path, IEnumerable<KeyValuePair<string, byte[]>> values)
    {
        KeyValuePair<string, byte[]>[] all = [.. values.OrderBy(value => value.Key, StringComparer.Ordinal)];
        if (all.Length > 0 && all.Sum(value => (long)value.Value.Length) <= MaxBytes) { seeds.Add(new StoreSeed(path, all)); }
    }

    private static IEnumerable<KeyValuePair<string, byte[]>> OfFolder(string store)
    {
        FileInfo[] files = new DirectoryInfo(store).GetFiles("*", SearchOption.AllDirectories);
        return files.Sum(file => file.Length) > MaxBytes ? [] : files.Select(file =>
            KeyValuePair.Create(System.IO.Path.GetRelativePath(store, file.FullName), File.ReadAllBytes(file.FullName)));
    }

    private static List<KeyValuePair<string, byte[]>> OfZip(string path)
    {
        using ZipArchive archive = ZipFile.OpenRead(path);
        List<KeyValuePair<string, byte[]>> values = [];
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            using Stream stream = entry.Open();
            MemoryStream copy = new();
            stream.CopyTo(copy);
            values.Add(KeyValuePair.Create(entry.FullName, copy.ToArray()));
        }

        return values;
    }
}
