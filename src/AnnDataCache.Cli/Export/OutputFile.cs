namespace AnnDataCache.Cli.Export;

/// <summary>A file that appears whole or not at all: written under a name of its own beside the final one, then renamed.</summary>
internal static class OutputFile
{
    /// <exception cref="UsageException">The file exists and may not be replaced.</exception>
    /// <exception cref="OutputException">It cannot be written.</exception>
    internal static void Write(string path, bool replace, Action<Stream> write)
    {
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full)) { throw new UsageException($"'{path}' is a folder; give a file name."); }
        if (!replace && File.Exists(full)) { throw Exists(path); }
        string temporary = Path.Join(Path.GetDirectoryName(full), $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.tmp");
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20)) { write(stream); }
            Publish(temporary, full, path, replace);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OutputException($"'{path}' cannot be written: {error.Message}", error);
        }
        finally
        {
            if (File.Exists(temporary)) { File.Delete(temporary); } // there is none after the rename
        }
    }

    private static void Publish(string temporary, string full, string path, bool replace)
    {
        try
        {
            File.Move(temporary, full, replace);
        }
        catch (IOException) when (!replace && File.Exists(full)) // somebody made it meanwhile
        {
            throw Exists(path);
        }
    }

    private static UsageException Exists(string path) => new($"'{path}' exists. Give --force to replace it, or another name.");
}
