namespace AnnDataCache.Interop;

/// <summary>What <c>statx</c> says of one file. Times are nanoseconds since 1970.</summary>
internal readonly record struct FileStat(
    ulong Device, ulong Inode, long Size, long AllocatedBytes, long ModifiedNs, long ChangedNs,
    uint LinkCount, uint UserId, uint GroupId, uint Mode)
{
    private const uint TypeMask = 0xF000, RegularFile = 0x8000, FolderType = 0x4000;
    private const uint BasicStats = 0x7FF;

    internal bool IsRegularFile => (Mode & TypeMask) == RegularFile;
    internal bool IsFolder => (Mode & TypeMask) == FolderType;
    internal uint Permissions => Mode & 0xFFF;

    internal static FileStat Of(FileDescriptor file) =>
        TryStat(file.Value, "", Posix.AtEmptyPath, out FileStat stat) ? stat : throw PosixException.Last("Cannot stat an open file");

    /// <summary>Follows symbolic links: a source may be one.</summary>
    /// <exception cref="PosixException">No such file, or no permission.</exception>
    internal static FileStat Of(string path) =>
        TryOf(path, out FileStat stat) ? stat : throw PosixException.Last($"Cannot stat '{path}'");

    internal static bool TryOf(string path, out FileStat stat) => TryStat(Posix.AtCurrentFolder, path, 0, out stat);

    /// <summary>Does not follow a symbolic link in the last component.</summary>
    internal static bool TryOf(FileDescriptor folder, string name, out FileStat stat) =>
        TryStat(folder.Value, name, Posix.AtSymlinkNoFollow, out stat);

    /// <summary>The same for a path of UTF-8 bytes with a zero at its end: for what is asked for again and again.</summary>
    internal static unsafe bool TryOf(FileDescriptor folder, byte[] path, out FileStat stat)
    {
        Posix.StatXBuffer raw;
        fixed (byte* bytes = path)
        {
            // An empty path is the folder itself.
            int flags = Posix.AtSymlinkNoFollow | (path.Length == 1 ? Posix.AtEmptyPath : 0);
            return Take(Posix.StatX(folder.Value, bytes, flags, BasicStats, &raw), raw, out stat);
        }
    }

    private static unsafe bool TryStat(int folder, string path, int flags, out FileStat stat)
    {
        Posix.StatXBuffer raw;
        return Take(Posix.StatX(folder, path, flags, BasicStats, &raw), raw, out stat);
    }

    private static bool Take(int result, in Posix.StatXBuffer raw, out FileStat stat)
    {
        if (result != 0)
        {
            stat = default;
            return false;
        }

        stat = new FileStat(
            ((ulong)raw.DeviceMajor << 32) | raw.DeviceMinor, raw.Inode, (long)raw.Size, (long)raw.Blocks * 512,
            (raw.ModifySeconds * 1_000_000_000) + raw.ModifyNanoseconds,
            (raw.ChangeSeconds * 1_000_000_000) + raw.ChangeNanoseconds,
            raw.LinkCount, raw.UserId, raw.GroupId, raw.Mode);
        return true;
    }

    /// <summary>True when both describe the same bytes as far as the kernel can tell: what a part's name is made of.</summary>
    internal bool SameVersion(in FileStat other) =>
        Device == other.Device && Inode == other.Inode && Size == other.Size
        && ModifiedNs == other.ModifiedNs && ChangedNs == other.ChangedNs;
}
