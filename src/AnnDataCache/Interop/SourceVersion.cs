namespace AnnDataCache.Interop;

/// <summary>Which version of a source this is, by what the kernel says: a file's stat, or those of what is in a folder.</summary>
internal abstract class SourceVersion
{
    /// <summary>
    /// What names and permissions are made of. Of a folder (docs/sharing.md): its own device and inode, as size the number
    /// of entries that count, and as times the first 16 bytes of the hash of their stats.
    /// </summary>
    internal abstract FileStat Stat { get; }

    /// <summary>When anything of the source changed last, in nanoseconds since 1970.</summary>
    internal abstract long LastChangedNs { get; }

    /// <summary>True while the source still is that version.</summary>
    internal abstract bool IsCurrent();

    /// <param name="path">Canonical path of a file or folder, or of something inside a zip.</param>
    /// <param name="everyFile">True to count all entries of a folder, however many there are.</param>
    /// <exception cref="PosixException">There is nothing, or no permission.</exception>
    internal static SourceVersion Of(string path, bool everyFile)
    {
        if (FileStat.TryOf(path, out FileStat stat)) { return stat.IsFolder ? FolderVersion.Of(path, everyFile) : new FileVersion(path, stat); }
        PosixException reason = PosixException.Last($"Cannot stat '{path}'");
        if (reason.Error != PosixException.NotFolder) { throw reason; }

        // What is inside a zip is, for the kernel, a path that goes on behind a file.
        string file = path;
        do { file = file[..Math.Max(file.LastIndexOf('/'), 0)]; }
        while (file.Length > 0 && !FileStat.TryOf(file, out stat));
        return stat.IsRegularFile ? new FileVersion(file, stat) : throw reason;
    }

    internal static bool TryOf(string path, bool everyFile, out FileStat stat)
    {
        stat = default;
        try { stat = Of(path, everyFile).Stat; }
        catch (PosixException) { return false; }
        return true;
    }

    private sealed class FileVersion(string path, FileStat stat) : SourceVersion
    {
        internal override FileStat Stat => stat;

        internal override long LastChangedNs => stat.ChangedNs;

        internal override bool IsCurrent() => FileStat.TryOf(path, out FileStat now) && now.SameVersion(stat);
    }
}
