using System.Diagnostics;

namespace AnnDataCache.Tests;

/// <summary>A small tmpfs over a folder, until it is disposed. The test is skipped where this user may not mount one.</summary>
internal sealed class TestTmpfs : IDisposable
{
    private readonly string _folder;

    private TestTmpfs(string folder) => _folder = folder;

    /// <param name="folder">It must exist.</param>
    /// <param name="size">As <c>mount</c> has it: <c>4m</c>.</param>
    internal static TestTmpfs Mount(string folder, string size)
    {
        Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", $"size={size},mode=0700", "tmpfs", folder), "This user may not mount a tmpfs.");
        return new TestTmpfs(folder);
    }

    public void Dispose() => Run("umount", "-l", _folder);

    private static bool Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
