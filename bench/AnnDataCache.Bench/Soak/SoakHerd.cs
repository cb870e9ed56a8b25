using System.Diagnostics;

namespace AnnDataCache.Bench.Soak;

/// <summary>What was done to the workers.</summary>
internal sealed class SoakDeeds
{
    internal int KilledAnywhere, KilledAtAStep, Stopped, Filled, Rounds, Findings;
    internal long Samples, MostBytes, MostOver, MostNameless, LeakedBytes, Leftovers;
}

/// <summary>The workers of one round: kept at their number, killed at random moments or at named steps, and stopped.</summary>
internal sealed class SoakHerd : IDisposable
{
    private const int KilledBySignal = 137;

    private static readonly TimeSpan s_stop = TimeSpan.FromSeconds(3); // three times the patience of the others

    private static readonly string[] s_steps =
        ["reserved", "filled", "framed", "before-seal", "sealed", "cold-copied", "cold-synced", "evict-locked", "evict-unlinked",
         "evict-renamed", "object-named", "object-retired", "object-reaped"];

    private readonly SoakPlan _plan;
    private readonly SoakDeeds _deeds;
    private readonly Random _random;
    private readonly Process?[] _workers;
    private readonly bool[] _atAStep;
    private readonly List<(Process Worker, long Since)> _stopped = [];
    private readonly Process _probe;

    internal SoakHerd(SoakPlan plan, SoakDeeds deeds, Random random)
    {
        (_plan, _deeds, _random) = (plan, deeds, random);
        _workers = new Process?[plan.Processes];
        _atAStep = new bool[plan.Processes];
        _probe = Start(null, "soak-probe", plan.Folder);
    }

    /// <summary>Replaces the dead, and does something to somebody.</summary>
    internal void Act()
    {
        for (int i = 0; i < _workers.Length; i++)
        {
            if (_workers[i] is { HasExited: false }) { continue; }
            if (_workers[i] is { } dead) { Bury(dead, _atAStep[i], killed: false); }
            _atAStep[i] = _random.Next(4) == 0;
            _workers[i] = Start(_atAStep[i] ? s_steps[_random.Next(s_steps.Length)] : null, "soak-worker", _plan.Folder, $"{i}");
        }

        Wake(all: false);
        int victim = _random.Next(_workers.Length);
        Process worker = _workers[victim]!;
        if (worker.HasExited) { return; }
        switch (_random.Next(10))
        {
            case < 5:
                worker.Kill();
                _workers[victim] = null;
                Bury(worker, _atAStep[victim], killed: true);
                break;
            case < 7:
                Signal(worker, "STOP");
                _stopped.Add((worker, Stopwatch.GetTimestamp()));
                _deeds.Stopped++;
                break;
        }
    }

    /// <summary>Ends the round: all are told to end, or all are killed at once.</summary>
    internal void End(SoakBoard board, bool kill)
    {
        Wake(all: true);
        board.IsStopped = true;
        for (int i = 0; i < _workers.Length; i++)
        {
            if (_workers[i] is { } worker && kill) { worker.Kill(); }
        }

        for (int i = 0; i < _workers.Length; i++)
        {
            if (_workers[i] is not { } worker) { continue; }
            if (!worker.WaitForExit(TimeSpan.FromSeconds(120)))
            {
                SoakWorker.Report(_plan, $"process {worker.Id} did not end in 120 s");
                _deeds.Findings++;
                worker.Kill();
            }

            Bury(worker, _atAStep[i], kill);
            _workers[i] = null;
        }

        _probe.WaitForExit();
        if (_probe.ExitCode != 0) { _deeds.Findings++; }
        board.IsStopped = false;
    }

    private void Bury(Process worker, bool atAStep, bool killed)
    {
        worker.WaitForExit();
        _stopped.RemoveAll(stopped => stopped.Worker == worker);
        if (killed && worker.ExitCode == KilledBySignal) { _deeds.KilledAnywhere++; }
        else if (atAStep && worker.ExitCode == KilledBySignal) { _deeds.KilledAtAStep++; }
        else if (worker.ExitCode != 0)
        {
            SoakWorker.Report(_plan, $"process {worker.Id} ended with {worker.ExitCode}");
            _deeds.Findings++;
        }

        worker.Dispose();
    }

    private void Wake(bool all)
    {
        foreach ((Process worker, long since) in _stopped.ToList())
        {
            if (!all && Stopwatch.GetElapsedTime(since) < s_stop) { continue; }
            Signal(worker, "CONT");
            _stopped.Remove((worker, since));
        }
    }

    private static void Signal(Process worker, string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{worker.Id}"]);
        kill.WaitForExit();
    }

    private static Process Start(string? step, params string[] arguments)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!, arguments) { RedirectStandardInput = true }; // its end is the worker's end
        start.Environment["DOTNET_gcConcurrent"] = "0";
        if (step is not null) { start.Environment["ANNDATA_CACHE_CRASH"] = step; }
        return Process.Start(start)!;
    }

    public void Dispose()
    {
        foreach (Process worker in _workers.OfType<Process>().Append(_probe))
        {
            if (!worker.HasExited) { worker.Kill(); }
            worker.Dispose();
        }
    }
}
