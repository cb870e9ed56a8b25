using System.Diagnostics;
using System.Text.Json;

namespace AnnDataCache.Tests.Cli;

/// <summary>What a call of the executable left.</summary>
internal sealed record CallResult(int ExitCode, string Out, string Error)
{
    /// <summary>Runs a program to its end.</summary>
    internal static CallResult Of(ProcessStartInfo start)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        using Process process = Process.Start(start)!;
        return Of(process);
    }

    /// <summary>Waits for a program whose output is redirected.</summary>
    internal static CallResult Of(Process process)
    {
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new CallResult(process.ExitCode, output, error.Result);
    }

    /// <summary>stdout as one JSON document.</summary>
    internal JsonElement Json => JsonDocument.Parse(Out).RootElement;

    /// <summary>stdout as one JSON object a line.</summary>
    internal IReadOnlyList<JsonElement> JsonLines =>
        [.. Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
}

/// <summary>Runs the built executable as a user does, on a store of its own.</summary>
internal sealed class CommandLine : IDisposable
{
    private readonly TestStore _store = new();

    /// <summary>The executable of the same build as these tests.</summary>
    internal static string Executable { get; } = Path.Join(
        TestFiles.Repository, "src", "AnnDataCache.Cli", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "anndata-cache");

    /// <summary>The native executable, where it was published.</summary>
    internal static string Native { get; } = Path.Join(TestFiles.Repository, "artifacts", "anndata-cache");

    internal static string Small => TestFiles.Small(Path.Join("cli", "small.h5ad"));

    /// <summary>The options that calls are started with, for a cache in this process.</summary>
    internal CacheOptions Options => _store.Options;

    internal string HotFolder => _store.Options.HotFolder!;

    /// <summary>A folder for files of the test.</summary>
    internal string Folder => _store.Disk;

    internal CallResult Run(params IReadOnlyList<string> arguments)
    {
        using Process process = Start(arguments);
        return CallResult.Of(process);
    }

    /// <summary>Runs a call that must succeed.</summary>
    internal CallResult Succeed(params IReadOnlyList<string> arguments)
    {
        CallResult result = Run(arguments);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', arguments)} ended with {result.ExitCode}: {result.Error}");
        return result;
    }

    /// <summary>What calls run.</summary>
    internal string Program { get; set; } = Executable;

    /// <summary>Variables that calls get besides those of the store.</summary>
    internal Dictionary<string, string> Environment { get; } = [];

    internal Process Start(IReadOnlyList<string> arguments)
    {
        ProcessStartInfo start = new(Program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = Folder,
        };
        Prepare(start);
        return Process.Start(start)!;
    }

    /// <summary>Lets what is started use this store.</summary>
    internal void Prepare(ProcessStartInfo start)
    {
        start.Environment["ANNDATA_CACHE_HOT_FOLDER"] = HotFolder;
        start.Environment["ANNDATA_CACHE_HOT_BYTES"] = "4GiB";
        start.Environment["ANNDATA_CACHE_FOLDER"] = _store.Options.ColdFolder;
        start.Environment["ANNDATA_CACHE_COLD_BYTES"] = "0";
        foreach ((string name, string value) in Environment) { start.Environment[name] = value; }
    }

    public void Dispose() => _store.Dispose();
}

/// <summary>Debian's python with the scientific packages: the foreign reader of what is exported.</summary>
internal static class Python
{
    private static readonly Lazy<bool> s_works = new(() =>
    {
        try { return Run("import numpy, scipy, pandas, h5py").ExitCode == 0; }
        catch (System.ComponentModel.Win32Exception) { return false; }
    });

    internal static void Require() =>
        Assert.SkipUnless(s_works.Value, "/usr/bin/python3 with numpy, scipy, pandas and h5py is missing.");

    internal static CallResult Run(string script, params IReadOnlyList<string> arguments) => Run(script, arguments, line: null);

    /// <param name="script">What it does.</param>
    /// <param name="executable">Its argument.</param>
    /// <param name="line">Whose store it uses.</param>
    internal static CallResult Run(string script, string executable, CommandLine line) => Run(script, [executable], line);

    private static CallResult Run(string script, IReadOnlyList<string> arguments, CommandLine? line)
    {
        ProcessStartInfo start = new("/usr/bin/python3", ["-c", script, .. arguments]);
        line?.Prepare(start);
        return CallResult.Of(start);
    }
}
