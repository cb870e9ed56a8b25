namespace AnnDataCache.Cli.Demo;

/// <summary>A store of its own for one demonstration, in memory where possible; gone when disposed.</summary>
internal sealed class DemoFolders : IDisposable
{
    private const string Memory = "/dev/shm";

    internal DemoFolders() => Hot = Make();

    internal string Hot { get; }

    /// <summary>Settings for this process and the one it starts: only the hot tier, so that nothing else is touched.</summary>
    internal void Use()
    {
        Environment.SetEnvironmentVariable("ANNDATA_CACHE_HOT_FOLDER", Hot);
        Environment.SetEnvironmentVariable("ANNDATA_CACHE_FOLDER", Path.Join(Hot, "cold"));
        Environment.SetEnvironmentVariable("ANNDATA_CACHE_COLD_BYTES", "0");
    }

    public void Dispose()
    {
        if (Directory.Exists(Hot)) { Directory.Delete(Hot, recursive: true); }
    }

    private static string Make()
    {
        const UnixFileMode OnlyMe = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        string name = $"anndata-cache-demo-{Guid.NewGuid():N}";
        try
        {
            return Directory.CreateDirectory(Path.Join(Memory, name), OnlyMe).FullName;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Directory.CreateDirectory(Path.Join(Path.GetTempPath(), name), OnlyMe).FullName;
        }
    }
}
