using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace AnnDataCache.Bench;

/// <summary>One finished process: how long it took, what it printed, and how much private memory it had at most.</summary>
/// <param name="Seconds">Wall time from start to exit.</param>
/// <param name="PrivateBytes">Peak of <c>RssAnon</c>, sampled every 3 ms: shared pages (tmpfs, files) are not in it.</param>
/// <param name="CpuSeconds">User and kernel time together. Processes are run one after the other, so it is theirs alone.</param>
/// <param name="Output">Standard output.</param>
internal sealed partial record MeasuredProcess(double Seconds, long PrivateBytes, double CpuSeconds, string Output)
{
    private const int Children = -1; // RUSAGE_CHILDREN

    internal static MeasuredProcess Run(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> variables, bool mayFail = false)
    {
        double cpu = CpuOfChildren();
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in variables) { start.Environment[name] = value; }
        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start) ?? throw new IOException($"'{program}' did not start.");
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        long peak = 0;
        while (!process.WaitForExit(3)) { peak = Math.Max(peak, PrivateMemory(process.Id)); }
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        process.WaitForExit();
        return process.ExitCode == 0 || mayFail
            ? new MeasuredProcess(seconds, peak, CpuOfChildren() - cpu, output.Result)
            : throw new InvalidOperationException($"'{program}' ended with {process.ExitCode}: {errors.Result}");
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
