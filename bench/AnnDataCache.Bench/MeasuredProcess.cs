using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace AnnDataCache.Bench;

/// <summary>One finished process: how long it took, what it printed, and how much private memory it had at most.</summary>
/// <param name="Seconds">Wall time from start to exit.</param>
/// <param name="PrivateBytes">Peak of <c>RssAnon</c>, sampled every 3 ms: shared pages (tmpfs, files) are not in it. 0 when it was not sampled.</param>
/// <param name="CpuSeconds">User and kernel time together. Processes are run one after the other, so it is theirs alone.</param>
/// <param name="Output">Standard output.</param>
internal sealed partial record MeasuredProcess(double Seconds, long PrivateBytes, double CpuSeconds, string Output)
{
    private const int Children = -1; // RUSAGE_CHILDREN

    /// <summary>Runs a program and samples its private memory, for which the sampler needs a core: a process that uses all has less of it.</summary>
    internal static MeasuredProcess Run(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> variables, bool mayFail = false)
    {
        double cpu = CpuOfChildren();
        long began = Stopwatch.GetTimestamp();
        using Process process = Start(program, arguments, variables, out Task<string> output, out Task<string> errors);
        long peak = 0;
        while (!process.WaitForExit(3)) { peak = Math.Max(peak, PrivateMemory(process.Id)); }
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        process.WaitForExit();
        Require(process, mayFail, program, errors.Result);
        return new MeasuredProcess(seconds, peak, CpuOfChildren() - cpu, output.Result);
    }

    /// <summary>Runs a program with nothing beside it. A shell starts it and looks at the clock: this process takes milliseconds to start another one.</summary>
    internal static MeasuredProcess Time(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> variables)
    {
        const string Script = "start=$EPOCHREALTIME; \"$@\" || exit; end=$EPOCHREALTIME; printf '\n%s %s' \"${start/,/.}\" \"${end/,/.}\" >&2";
        double cpu = CpuOfChildren();
        using Process process = Start("/bin/bash", ["-c", Script, "bash", program, .. arguments], variables, out Task<string> output, out Task<string> errors);
        process.WaitForExit();
        Require(process, mayFail: false, program, errors.Result);
        double[] times = [.. errors.Result.Split('\n')[^1].Split(' ').Select(time => double.Parse(time, CultureInfo.InvariantCulture))];
        return new MeasuredProcess(times[1] - times[0], 0, CpuOfChildren() - cpu, output.Result);
    }

    private static Process Start(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> variables, out Task<string> output, out Task<string> errors)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in variables) { start.Environment[name] = value; }
        Process process = Process.Start(start) ?? throw new IOException($"'{program}' did not start.");
        (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        return process;
    }

    private static void Require(Process process, bool mayFail, string program, string errors)
    {
        if (process.ExitCode != 0 && !mayFail) { throw new InvalidOperationException($"'{program}' ended with {process.ExitCode}: {errors}"); }
    }

    private static unsafe double CpuOfChildren()
    {
        long* usage = stackalloc long[32]; // struct rusage begins with two timevals: user and system
        _ = Usage(Children, usage);
        return usage[0] + usage[2] + ((usage[1] + usage[3]) / 1e6);
    }

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static unsafe partial int Usage(int who, long* usage);

    private static long PrivateMemory(int process)
    {
        try
        {
            foreach (string line in File.ReadLines($"/proc/{process}/status"))
            {
                if (line.StartsWith("RssAnon:", StringComparison.Ordinal))
                {
                    return 1024 * long.Parse(line.AsSpan(8, line.Length - 10).Trim(), NumberStyles.Integer, CultureInfo.InvariantCulture);
                }
            }
        }
        catch (IOException)
        {
            // the process has just ended
        }

        return 0;
    }
}
