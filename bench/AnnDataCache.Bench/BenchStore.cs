using System.Diagnostics;
using System.Globalization;

namespace AnnDataCache.Bench;

/// <summary>A hot tier for one measurement, without a cold one; the published executable that fills it; where results go.</summary>
internal sealed class BenchStore : IDisposable
{
    /// <summary>Threads that decode.</summary>
    internal const int Workers = 2;

    private string? _huge;

    /// <summary>The published executable.</summary>
    internal string Executable { get; } = Path.Join(Root(), "artifacts", "anndata-cache");

    internal BenchStore()
    {
        if (!File.Exists(Executable))
        {
            throw new IOException($"There is no '{Executable}'. Run: dotnet publish src/AnnDataCache.Cli -c Release -o artifacts");
        }

        HotFolder = Directory.CreateDirectory(Path.Join("/dev/shm", $"anndata-cache-bench-{Environment.ProcessId}")).FullName;
    }

    internal string HotFolder { get; }

    /// <summary>The hot tier of processes that are started with <see cref="Variables"/>.</summary>
    internal string Hot => Path.Join(HotFolder, "hot");

    internal Dictionary<string, string> Variables => new()
    {
        ["ANNDATA_CACHE_HOT_FOLDER"] = Hot, ["ANNDATA_CACHE_COLD_BYTES"] = "0", ["ANNDATA_CACHE_WORKERS"] = $"{Workers}",
    };

    /// <summary>Whether the private memory of what is executed is sampled, which costs time.</summary>
    internal bool SamplesMemory { get; set; } = true;

    internal MeasuredProcess Execute(params string[] arguments) => Execute(Variables, arguments);

    internal MeasuredProcess Execute(IReadOnlyDictionary<string, string> variables, params string[] arguments) =>
        Run(Executable, arguments, variables);

    /// <summary>A process beside the executable, measured in the same way.</summary>
    internal MeasuredProcess Run(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> variables) =>
        SamplesMemory ? MeasuredProcess.Run(program, arguments, variables) : MeasuredProcess.Time(program, arguments, variables);

    /// <summary>Removes the hot tier and leaves what else is in the folder.</summary>
    internal void EmptyHot()
    {
        if (Directory.Exists(Hot)) { Directory.Delete(Hot, recursive: true); }
    }

    internal void Empty()
    {
        foreach (string entry in Directory.GetFileSystemEntries(HotFolder))
        {
            if (Directory.Exists(entry)) { Directory.Delete(entry, recursive: true); } else { File.Delete(entry); }
        }
    }

    /// <summary>Writes a table to the folder of this machine's processor.</summary>
    internal static void Save(string name, string table)
    {
        string folder = Results();
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Join(folder, name), table);
    }

    /// <summary>The folder of this machine's processor.</summary>
    internal static string Results()
    {
        string cpu = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown";
        return Path.Join(Root(), "bench", "results", string.Concat(cpu.Select(letter => char.IsLetterOrDigit(letter) ? letter : '-')));
    }

    internal static string Root()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Join(folder.FullName, "AnnDataCache.slnx"))) { return folder.FullName; }
        }

        throw new IOException("Run this from the repository: no AnnDataCache.slnx was found above the program.");
    }

    /// <summary>A tmpfs with huge pages inside <see cref="HotFolder"/>; null where this user may not mount one.</summary>
    internal string? TryMountHuge()
    {
        _huge = Directory.CreateDirectory(Path.Join(HotFolder, "huge")).FullName;
        ProcessStartInfo mount = new("mount", ["-t", "tmpfs", "-o", "huge=within_size,mode=0700", "none", _huge]) { RedirectStandardError = true };
        if (!Succeeds(mount)) { _huge = null; }
        return _huge;
    }

    private static bool Succeeds(ProcessStartInfo start)
    {
        using Process process = Process.Start(start)!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    public void Dispose()
    {
        if (_huge is not null) { Succeeds(new ProcessStartInfo("umount", [_huge])); }
        Directory.Delete(HotFolder, recursive: true);
    }
}
