using System.Diagnostics;

namespace AnnDataCache.Bench.Soak;

/// <summary>Many processes that read, load, hold, evict and rewrite, and are killed and stopped while they do: rounds, each with an audit.</summary>
internal static class SoakBench
{
    internal static int Run(string[] args)
    {
        SoakPlan plan = SoakPlan.Parse(args);
        Directory.CreateDirectory(plan.Folder);
        Directory.CreateDirectory(plan.Memory);
        bool ownsMemory = Call("mount", "-t", "tmpfs", "-o", $"size={plan.HotBytes + (64 << 20)},mode=0700", "tmpfs", plan.Memory);
        try
        {
            plan = plan with { Sources = SoakFiles.Make(plan.Folder, plan.Files, plan.Variants, plan.Cells) };
            File.Copy(Path.Join(BenchStore.Root(), "samples", "pbmc-like.h5ad"), Path.Join(plan.Folder, "probe.h5ad"));
            plan.Save();
            return Run(plan, ownsMemory);
        }
        finally
        {
            if (ownsMemory) { Call("umount", "-l", plan.Memory); }
            Directory.Delete(plan.Memory, recursive: true);
            Directory.Delete(plan.Folder, recursive: true);
        }
    }

    private static int Run(SoakPlan plan, bool ownsMemory)
    {
        using SoakBoard board = SoakBoard.Open(plan.BoardFile);
        SoakDeeds deeds = new();
        SoakObjects objects = new(board);
        SoakAudit audit = new(plan, deeds, objects, ownsMemory);
        using SoakVandal? vandal = plan.Plant is null ? null : new SoakVandal(plan, objects);
        Random random = new(plan.Seed);
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalMinutes < plan.Minutes)
        {
            deeds.Rounds++;
            RunRound(plan, board, deeds, audit, random, vandal, ownsMemory && deeds.Rounds % 3 == 0);
            foreach (string left in Directory.GetFiles(plan.Folder, "*.new")) { File.Delete(left); } // of rewriters that were killed
            foreach (SoakFile file in plan.Sources.Where(file => !File.Exists(file.Path))) { SoakFiles.Install(file, 0); }
            audit.Walk();
            Console.Error.WriteLine($"round {deeds.Rounds}: {board.Sum(Tally.Reads):N0} reads, {board.Sum(Tally.WrongReads)} wrong, "
                + $"{deeds.KilledAnywhere + deeds.KilledAtAStep} killed, {deeds.Findings} findings, {deeds.MostOver:N0} over the budget");
        }

        string table = SoakReport.Table(plan, board, deeds, Stopwatch.GetElapsedTime(start));
        Console.WriteLine(table);
        if (File.Exists(plan.IncidentFile)) { Console.Error.WriteLine(File.ReadAllText(plan.IncidentFile)); }
        if (plan.Minutes >= 30 && plan.Plant is null) { BenchStore.Save("soak.md", table); }
        return SoakReport.IsClean(board, deeds) ? 0 : 1;
    }

    private static void RunRound(SoakPlan plan, SoakBoard board, SoakDeeds deeds, SoakAudit audit, Random random, SoakVandal? vandal, bool fills)
    {
        using SoakHerd herd = new(plan, deeds, random);
        long start = Stopwatch.GetTimestamp();
        string stranger = audit.Stranger;
        for (int step = 0; Stopwatch.GetElapsedTime(start).TotalSeconds < plan.RoundSeconds || (vandal is not null && step < SoakVandal.LeastSteps); step++)
        {
            herd.Act();
            vandal?.Act();
            for (double waited = 0; waited < plan.Pace; waited += 0.12)
            {
                audit.SampleBudget();
                Thread.Sleep(120);
            }

            if (fills && step == 3)
            {
                Fill(stranger);
                deeds.Filled++;
            }

            if (step == 7) { File.Delete(stranger); }
        }

        File.Delete(stranger);
        herd.End(board, kill: deeds.Rounds % 2 == 0);
    }

    /// <summary>Takes all that the file system has left.</summary>
    private static void Fill(string path)
    {
        using FileStream file = File.Create(path);
        try
        {
            byte[] bytes = new byte[1 << 20];
            while (true)
            {
                file.Write(bytes);
                file.Flush();
            }
        }
        catch (IOException)
        {
            // full, as was wanted
        }
    }

    private static bool Call(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
