using System.Runtime.InteropServices;

namespace AnnDataCache.Interop;

/// <summary>What the kernel says of the file system under a path.</summary>
/// <param name="Type">Magic number of the file system.</param>
/// <param name="TotalBytes">Its size.</param>
/// <param name="FreeBytes">What an unprivileged process may still write.</param>
internal readonly record struct FileSystem(long Type, long TotalBytes, long FreeBytes)
{
    private const long TmpFs = 0x01021994, RamFs = 0x858458F6, Nfs = 0x6969, Smb2 = 0xFE534D42, Cifs = 0xFF534D42,
        Fuse = 0x65735546, Ceph = 0x00C36400, Lustre = 0x0BD00BD0, Gpfs = 0x47504653, Afs = 0x5346414F;

    /// <summary>True where files live in memory and count against it.</summary>
    internal bool IsMemory => Type is TmpFs or RamFs;

    /// <summary>True where reading a page may cross a network.</summary>
    internal bool IsNetwork => Type is Nfs or Smb2 or Cifs or Fuse or Ceph or Lustre or Gpfs or Afs;

    /// <exception cref="PosixException">No such path.</exception>
    internal static unsafe FileSystem Of(string path)
    {
        Posix.StatFsBuffer raw;
        if (Posix.StatFs(path, &raw) != 0) { throw PosixException.Last($"Cannot look at the file system of '{path}'"); }
        return new FileSystem(raw.Type, raw.Blocks * raw.BlockSize, raw.Available * raw.BlockSize);
    }

    /// <summary>True for a tmpfs with huge pages, which is written and touched several times faster than one without, and than the page cache.</summary>
    internal static bool HasHugePages(string path) =>
        MountOptions(path).Split(',').Any(option => option is "huge=always" or "huge=within_size");

    /// <summary>Mount options of the file system that holds the path, from <c>/proc/self/mounts</c>; empty when unknown.</summary>
    internal static string MountOptions(string path)
    {
        string best = "", options = "";
        foreach (string line in File.ReadLines("/proc/self/mounts"))
        {
            string[] words = line.Split(' ');
            if (words.Length < 4) { continue; }
            string mount = words[1].Replace("\\040", " ", StringComparison.Ordinal);
            bool holds = mount == "/" || path == mount || path.StartsWith(mount + "/", StringComparison.Ordinal);
            if (holds && mount.Length >= best.Length) { (best, options) = (mount, words[3]); }
        }

        return options;
    }
}
