using System.Diagnostics;
using System.Globalization;

namespace AnnDataCache.Fuzz;

/// <summary>Runs workers until the time is over. A worker that dies has met a finding: the next one starts behind it.</summary>
internal sealed class Campaign(int run, int jobs, TimeSpan time, IReadOnlyList<string> arguments)
{
    private const long Batch = 500;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _findings = new(StringComparer.Ordinal);
    private long _next, _mutants, _elements, _refused, _peak;

    internal int Run(IReadOnlyList<SeedFile> seeds)
    {
        long start = Stopwatch.GetTimestamp();
        Thread[] threads = [.. Enumerable.Range(0, jobs).Select(_ => new Thread(() => Work(start)))];
        foreach (Thread thread in threads) { thread.Start(); }
        foreach (Thread thread in threads) { thread.Join(); }
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Console.WriteLine(FormattableString.Invariant(
            $"{_mutants:N0} files from {seeds.Count} seeds in {seconds:F0} s ({_mutants / seconds:F0} a second), {_elements:N0} elements, {_refused:N0} refused"));
        Console.WriteLine(FormattableString.Invariant($"private memory of a worker at most {_peak / 1e6:F0} MB; {_findings.Values.Sum()} findings"));
        return _findings.Count == 0 ? 0 : 1;
    }

    private void Work(long start)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("anndata-fuzz-");
        try
        {
            while (Stopwatch.GetElapsedTime(start) < time)
            {
                long first = Interlocked.Add(ref _next, Batch) - Batch;
                long end = first + Batch;
                while (first < end && Stopwatch.GetElapsedTime(start) < time) { first = RunWorker(first, end - first, folder.FullName); }
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Runs one worker; returns the first number that is still to be read.</summary>
    private long RunWorker(long first, long count, string folder)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") { start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]); }
        foreach (string argument in (string[])["--seed", $"{run}", "--range", $"{first}", $"{count}", .. arguments.Select(Absolute)]) { start.ArgumentList.Add(argument); }
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        long reached = long.Parse(File.ReadAllText(Path.Join(folder, "current")), CultureInfo.InvariantCulture);
        lock (_lock)
        {
            foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries)) { Take(line); }
            if (process.ExitCode == 0) { return first + count; }
            _mutants += reached - first + 1;
            if (process.ExitCode != 3) { Report(reached, $"the process ended with {process.ExitCode}: {errors.Result.Split('\n')[0]}"); }
            return reached + 1;
        }
    }

    /// <summary>Workers run in a folder of their own.</summary>
    private static string Absolute(string argument) => argument.StartsWith("--", StringComparison.Ordinal) ? argument : Path.GetFullPath(argument);

    private void Take(string line)
    {
        if (line.StartsWith("finding ", StringComparison.Ordinal))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            Report(long.Parse(line.AsSpan(8, colon - 8), CultureInfo.InvariantCulture), line[(colon + 2)..]);
            return;
        }

        if (line.Split(' ') is not ["done", var mutants, var elements, var refused, var peak]) { return; }
        _mutants += long.Parse(mutants, CultureInfo.InvariantCulture);
        _elements += long.Parse(elements, CultureInfo.InvariantCulture);
        _refused += long.Parse(refused, CultureInfo.InvariantCulture);
        _peak = Math.Max(_peak, long.Parse(peak, CultureInfo.InvariantCulture));
    }

    /// <summary>Each kind of finding is told three times; then it is only counted.</summary>
    private void Report(long number, string what)
    {
        string kind = what.Split(':')[0];
        int count = _findings.GetValueOrDefault(kind) + 1;
        _findings[kind] = count;
        if (count <= 3) { Console.WriteLine($"mutant {number}: {what}"); }
    }
}
