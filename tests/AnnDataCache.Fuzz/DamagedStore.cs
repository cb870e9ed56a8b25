using System.IO.Compression;

namespace AnnDataCache.Fuzz;

/// <summary>A damaged Zarr store, written as a zip, whose own checksums are right, or as a folder.</summary>
/// <param name="Values">Keys, some of them more than once, with their values.</param>
/// <param name="IsFolder">Else it is a zip.</param>
internal sealed record DamagedStore(List<(string Key, byte[] Value)> Values, bool IsFolder)
{
    internal void Write(string path)
    {
        if (IsFolder) { WriteFolder(path); }
        else { WriteZip(path); }
    }

    /// <summary>A checksum stands at one end of a value; which value's it is, a message does not tell.</summary>
    internal bool Repair(byte[] stored, byte[] computed)
    {
        for (int i = 0; i < Values.Count; i++)
        {
            (string key, byte[] value) = Values[i];
            int found = value.AsSpan().IndexOf(stored);
            if (found < 0) { continue; }
            byte[] repaired = [.. value]; // the seed's own bytes stay as they are
            computed.CopyTo(repaired, found);
            Values[i] = (key, repaired);
            return true;
        }

        return false;
    }

    /// <summary>The later one of two with the same key counts, as in a zip.</summary>
    private void WriteFolder(string path)
    {
        if (File.Exists(path)) { File.Delete(path); }
        Directory.CreateDirectory(path);
        foreach ((string key, byte[] value) in Values)
        {
            string file = Path.Join(path, key);
            if (Directory.Exists(file)) { continue; }
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, value);
        }
    }

    private void WriteZip(string path)
    {
        using ZipArchive archive = new(File.Create(path), ZipArchiveMode.Create);
        foreach ((string key, byte[] value) in Values)
        {
            using Stream entry = archive.CreateEntry(key, CompressionLevel.NoCompression).Open();
            entry.Write(value);
        }
    }
}
