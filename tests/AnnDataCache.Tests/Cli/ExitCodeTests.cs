using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text.Json;

namespace AnnDataCache.Tests.Cli;

/// <summary>Every failure is one clear line, a number, and leaves nothing behind.</summary>
[SupportedOSPlatform("linux")]
public sealed partial class ExitCodeTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Theory]
    [InlineData(2, "")]
    [InlineData(2, "fetch X")]
    [InlineData(2, "load")]
    [InlineData(2, "load FILE")]
    [InlineData(2, "load FILE X --all")]
    [InlineData(2, "load FILE X --no-such-option")]
    [InlineData(2, "inspect --no-such-option")]
    [InlineData(2, "inspect EMPTY")]
    [InlineData(2, "show FILE EMPTY")]
    [InlineData(2, "show FILE obs --rows -1")]
    [InlineData(2, "show FILE obs --rows many")]
    [InlineData(2, "export FILE X")]
    [InlineData(2, "export FILE X -o out.xlsx")]
    [InlineData(2, "export FILE X -o out.npy")]
    [InlineData(2, "export FILE layers/dense -o out.mtx")]
    [InlineData(2, "export FILE uns -o out.csv")]
    [InlineData(2, "export FILE obs/note -o out.npy")]
    [InlineData(3, "export FILE X -o /proc/no/such/folder/out.mtx")]
    [InlineData(10, "load FILE no/such/element")]
    [InlineData(20, "inspect nowhere.h5ad")]
    [InlineData(22, "inspect text.h5ad")]
    [InlineData(22, "inspect truncated.h5ad")]
    [InlineData(30, "load FILE obs --hot-bytes 1000")]
    [InlineData(40, "stats --hot-bytes plenty")]
    [InlineData(40, "stats --workers 0")]
    public void AFailureHasItsNumberAndOneLine(int expected, string call)
    {
        File.WriteAllText(Path.Join(_line.Folder, "text.h5ad"), "This is not HDF5.");
        byte[] whole = File.ReadAllBytes(CommandLine.Small);
        File.WriteAllBytes(Path.Join(_line.Folder, "truncated.h5ad"), whole[..(whole.Length / 2)]);
        string[] before = Directory.GetFileSystemEntries(_line.Folder);
        string[] arguments = [.. call.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word switch { "FILE" => CommandLine.Small, "EMPTY" => "", _ => word })];

        CallResult result = _line.Run([.. arguments, "--json"]);

        Assert.True(expected == result.ExitCode, $"'{call}' ended with {result.ExitCode}: {result.Error}");
        Assert.StartsWith("anndata-cache: ", result.Error, StringComparison.Ordinal);
        Assert.Equal(1, result.Error.Count(c => c == '\n'));
        JsonElement error = result.Json.GetProperty("error");
        Assert.Equal(expected, error.GetProperty("number").GetInt32());
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        Assert.Equal(before, Directory.GetFileSystemEntries(_line.Folder));
    }

    [Fact]
    public void ABadSettingIsNamedAsItWasGiven()
    {
        Assert.Contains("--hot-bytes is 'plenty'", _line.Run("stats", "--hot-bytes", "plenty").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatMayNotBeReadIsDenied()
    {
        Assert.SkipWhen(Environment.UserName == "root", "root may read everything.");
        string secret = Path.Join(_line.Folder, "secret.h5ad");
        File.Copy(CommandLine.Small, secret);
        File.SetUnixFileMode(secret, UnixFileMode.None);
        Assert.Equal(21, _line.Run("inspect", secret).ExitCode);
    }

    /// <summary>A line that begins with its verb builds the parser of that one, any other line all of them.</summary>
    [Fact]
    public void OptionsMayComeBeforeTheVerb()
    {
        CallResult behind = _line.Run("inspect", CommandLine.Small, "--json"), before = _line.Run("--json", "inspect", CommandLine.Small);
        Assert.Equal((0, behind.Out), (before.ExitCode, before.Out));
        CallResult alone = _line.Run("load", "--help"), amongAll = _line.Run("--json", "load", "--help");
        Assert.Equal((0, alone.Out), (amongAll.ExitCode, amongAll.Out));
    }

    [Fact]
    public void TheVersionIsOneLine()
    {
        Assert.Matches(@"^\d+\.\d+\.\d+\n$", _line.Succeed("--version").Out);
    }

    [Theory]
    [InlineData(2, 130)] // SIGINT
    [InlineData(15, 143)] // SIGTERM
    public async Task AnInterruptedLoadLeavesNothing(int signal, int expected)
    {
        Python.Require();
        Assert.SkipWhen(IsIgnored(signal), "The signal is ignored here, as by all that a shell starts in the background.");
        const long Length = 1L << 30;
        string large = Path.Join(_line.Folder, "large.h5ad");
        CallResult made = Python.Run(
            """
            import h5py, sys, zlib
            with h5py.File(sys.argv[1], 'w') as f:
                f.attrs['encoding-type'] = 'anndata'
                f.attrs['encoding-version'] = '0.1.0'
                x = f.create_dataset('X', shape=(1 << 18, 1 << 10), dtype='f4', chunks=(64, 1 << 10), compression='gzip')
                x.attrs['encoding-type'] = 'array'
                x.attrs['encoding-version'] = '0.2.0'
                data = zlib.compress(bytes(64 * 1024 * 4))
                for row in range(0, 1 << 18, 64):
                    x.id.write_direct_chunk((row, 0), data)
            """, large);
        Assert.True(made.ExitCode == 0, made.Error);
        _line.Succeed("inspect", large);

        using Process load = _line.Start(["load", large, "X", "--workers", "1"]);
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        while (!Directory.EnumerateFiles(_line.HotFolder, "*", SearchOption.AllDirectories).Any(file => new FileInfo(file).Length >= Length))
        {
            Assert.False(load.HasExited, "The load ended before it could be interrupted.");
            await Task.Delay(2, patience.Token);
        }

        Assert.Equal(0, Kill(load.Id, signal)); // a process that sends it may start after the load has ended
        await load.WaitForExitAsync(patience.Token);

        Assert.Equal(expected, load.ExitCode);
        Assert.Contains("interrupted", await load.StandardError.ReadToEndAsync(patience.Token), StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.EnumerateFiles(_line.HotFolder, "*", SearchOption.AllDirectories), file => new FileInfo(file).Length >= Length);
        Assert.DoesNotContain(
            _line.Succeed("ls", "--json").Json.GetProperty("parts").EnumerateArray(), part => part.GetProperty("element").GetString() == "X");
        _line.Succeed("verify");
    }

    private static bool IsIgnored(int signal)
    {
        string ignored = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))[7..].Trim();
        return (Convert.ToUInt64(ignored, 16) >> (signal - 1) & 1) != 0;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
