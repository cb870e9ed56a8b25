using AnnDataCache.Containers;
using AnnDataCache.Hdf5;
using AnnDataCache.Interop;
using AnnDataCache.Zarr;

namespace AnnDataCache.Loading;

/// <summary>Which format a source has: by what it is, not by its name.</summary>
internal static class SourceContainer
{
    /// <summary>The path without links, also of a group inside a zip, where the kernel knows the file alone.</summary>
    /// <exception cref="PosixException">There is nothing, or no permission on the way.</exception>
    internal static string CanonicalPath(string path)
    {
        (string file, string inside) = Split(path);
        string canonical = Posix.CanonicalPath(file);
        return inside.Length == 0 ? canonical : $"{canonical}/{inside}";
    }

    /// <param name="path">Canonical path.</param>
    /// <exception cref="ContainerException">Of no format that is read, or damaged.</exception>
    /// <exception cref="PosixException">It cannot be opened.</exception>
    internal static ContainerFile Open(string path)
    {
        if (FileStat.TryOf(path, out FileStat stat) && stat.IsFolder) { return ZarrFile.OpenFolder(path); }
        (string file, string inside) = Split(path);
        Span<byte> start = stackalloc byte[4];
        using (SourceFile source = SourceFile.Open(file)) { source.Read(0, start[..(int)Math.Min(source.Length, start.Length)]); }
        if (start.StartsWith("PK\u0003\u0004"u8) || start.StartsWith("PK\u0005\u0006"u8)) { return ZarrFile.OpenZip(file, inside); }
        if (inside.Length > 0) { throw new DamagedContainerException($"'{file}' is a file: there is nothing inside it under '{inside}'."); }
        return start.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B])
            ? throw new UnsupportedContainerException($"'{path}' is compressed as a whole (gzip): decompress it first, as by gunzip.")
            : Hdf5File.Open(path);
    }

    /// <summary>What the kernel knows, and what stands behind it.</summary>
    private static (string File, string Inside) Split(string path)
    {
        string trimmed = path.Length > 1 ? path.TrimEnd('/') : path;
        for (int cut = trimmed.Length; cut > 0; cut = trimmed.LastIndexOf('/', cut - 1))
        {
            string file = trimmed[..cut], inside = trimmed[Math.Min(cut + 1, trimmed.Length)..];
            if (FileStat.TryOf(file, out FileStat stat))
            {
                bool isInside = stat.IsRegularFile && inside.Split('/').All(step => step.Length > 0 && step is not "." and not "..");
                return isInside || inside.Length == 0 ? (file, inside) : (path, "");
            }
        }

        return (path, "");
    }
}
