namespace AnnDataCache.Interop;

/// <summary>A source opened for positional reads: no lock is taken, and a file truncated meanwhile gives an error, not SIGBUS.</summary>
internal sealed class SourceFile : IDisposable
{
    private readonly FileDescriptor _file;

    private SourceFile(string path, FileDescriptor file) =>
        (Path, _file, Stat) = (path, file, FileStat.Of(file));

    internal string Path { get; }

    /// <summary>As it was when the file was opened.</summary>
    internal FileStat Stat { get; }

    internal long Length => Stat.Size;

    /// <exception cref="PosixException">No such file, no permission, or not a regular file.</exception>
    internal static SourceFile Open(string path)
    {
        SourceFile source = new(path, FileDescriptor.Open(path, Posix.ReadOnly | Posix.NonBlock));
        if (source.Stat.IsRegularFile) { return source; }
        int error = source.Stat.IsFolder ? PosixException.IsFolder : PosixException.Invalid;
        source.Dispose();
        throw new PosixException($"Cannot read '{path}' as a file", error);
    }

    /// <summary>Fills the span from the offset.</summary>
    /// <exception cref="EndOfStreamException">The range is not inside the file.</exception>
    /// <exception cref="SourceReadException">The kernel could not read it.</exception>
    internal void Read(long offset, Span<byte> bytes)
    {
        if (offset < 0 || offset > Length - bytes.Length || ReadUpTo(offset, bytes) != bytes.Length)
        {
            throw new EndOfStreamException(
                $"'{Path}' has {Length:N0} bytes; {bytes.Length:N0} were wanted at {offset:N0}: the file is truncated or damaged.");
        }
    }

    private int ReadUpTo(long offset, Span<byte> bytes)
    {
        try
        {
            return _file.Read(offset, bytes);
        }
        catch (PosixException failed)
        {
            throw new SourceReadException(Path, failed);
        }
    }

    /// <summary>True when the file still is what it was when it was opened, under this descriptor and under its path.</summary>
    internal bool IsUnchanged() =>
        FileStat.Of(_file).SameVersion(Stat) && FileStat.TryOf(Path, out FileStat now) && now.SameVersion(Stat);

    public void Dispose() => _file.Dispose();
}
