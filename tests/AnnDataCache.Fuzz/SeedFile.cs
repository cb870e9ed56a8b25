namespace AnnDataCache.Fuzz;

/// <summary>A sound file to start from, and where its structures are.</summary>
/// <param name="Path">Where it was read from.</param>
/// <param name="Bytes">All of it.</param>
/// <param name="Structures">Offsets at which a structure of the format begins: there damage reaches deep.</param>
internal sealed record SeedFile(string Path, byte[] Bytes, IReadOnlyList<int> Structures)
{
    /// <summary>Keys and values of a Zarr store; null for a file.</summary>
    internal StoreSeed? Store { get; private init; }

    /// <summary>Larger files teach the reader nothing new and cost time.</summary>
    private const int MaxBytes = 400 << 10;

    private static readonly byte[][] s_signatures =
    [
        .. "OHDR OCHK TREE SNOD HEAP GCOL FRHP FHDB FHIB BTHD BTLF BTIN FSHD SMTB SMLI EAHD EAIB EASB EADB FAHD FADB"
            .Split(' ').Select(System.Text.Encoding.ASCII.GetBytes),
        [0x89, (byte)'H', (byte)'D', (byte)'F'],
    ];

    /// <summary>All small files below the folders, in the order of their names; then the small stores.</summary>
    internal static List<SeedFile> FindAll(IReadOnlyList<string> folders, bool storesOnly)
    {
        List<SeedFile> seeds = [];
        foreach (string path in (storesOnly ? [] : folders).Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, "*.h5*", SearchOption.AllDirectories))
            .Where(path => !path.EndsWith(".json", StringComparison.Ordinal) && new FileInfo(path).Length <= MaxBytes)
            .OrderBy(System.IO.Path.GetFileName, StringComparer.Ordinal))
        {
            byte[] bytes = File.ReadAllBytes(path);
            seeds.Add(new SeedFile(path, bytes, FindStructures(bytes)));
        }

        seeds.AddRange(StoreSeed.FindAll(folders).Select(store => new SeedFile(store.Path, [], []) { Store = store }));
        return seeds;
    }

    private static List<int> FindStructures(byte[] bytes)
    {
        List<int> starts = [0];
        for (int at = 0; at < bytes.Length - 16; at++)
        {
            ReadOnlySpan<byte> here = bytes.AsSpan(at);
            bool signed = false;
            foreach (byte[] signature in s_signatures) { signed |= here.StartsWith(signature); }

            // An object header of version 1 has no signature: version, zero, a small count of messages, one reference.
            bool plain = at % 8 == 0 && here[0] == 1 && here[1] == 0 && here[2] is > 0 and < 64 && here[3] == 0 && here[4] == 1 && here[5] == 0;
            if (signed || plain) { starts.Add(at); }
        }

        return starts;
    }
}
