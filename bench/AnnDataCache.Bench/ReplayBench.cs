using System.Globalization;
using System.Text;
using AnnDataCache.Store;

namespace AnnDataCache.Bench;

/// <summary>Every eviction policy on the same traces: how much of a dashboard's waiting each of them saves.</summary>
internal static class ReplayBench
{
    private const int Seeds = 10;

    private static readonly double[] s_shares = [0.10, 0.25, 0.50];

    private static readonly (string Name, EvictionPolicy Policy)[] s_policies =
        [("FIFO", EvictionPolicy.Fifo), ("LRU", EvictionPolicy.Lru), ("cost-aware", EvictionPolicy.CostAware)];

    private static readonly (string Name, ReplayScenario Scenario)[] s_scenarios =
    [
        ("steady Zipf", ReplayScenario.Steady), ("daily shift", ReplayScenario.DailyShift),
        ("batch scan", ReplayScenario.BatchScan), ("mostly small", ReplayScenario.MostlySmall),
    ];

    internal static int Run()
    {
        StringBuilder table = new();
        int[] wins = new int[s_policies.Length];
        foreach ((string name, ReplayScenario scenario) in s_scenarios)
        {
            ReplayTrace[] traces = [.. Enumerable.Range(1, Seeds).Select(seed => ReplayTrace.Make(scenario, seed))];
            foreach (double share in s_shares) { AppendRows(table, name, share, traces, wins); }
        }

        StringBuilder text = Heading(wins).Append(table);
        Console.WriteLine(text);
        BenchStore.Save("replay.md", text.ToString());
        return 0;
    }

    private static StringBuilder Heading(int[] wins) => new StringBuilder()
        .AppendLine("# Eviction policies on dashboard traces").AppendLine()
        .AppendLine(CultureInfo.InvariantCulture, $"Sums over {Seeds} traces each (seeds 1 to {Seeds}), the first quarter of the visits to warm up not counted.")
        .AppendLine("Tier: share of the bytes of all parts that visits ask for. Reload saved: load seconds of the hits, of those of all asks.")
        .AppendLine("Bold: the most seconds saved. Traces alone on which a policy saves the most, of those where they differ: "
            + string.Join(", ", s_policies.Zip(wins).Select(pair => $"{pair.First.Name} {pair.Second}")) + ".")
        .AppendLine()
        .AppendLine("| scenario | tier | policy | hit rate | byte hit rate | reload saved | share |").AppendLine("|---|---|---|---|---|---|---|");

    private static void AppendRows(StringBuilder text, string scenario, double share, ReplayTrace[] traces, int[] wins)
    {
        ReplayScore[][] scores = [.. s_policies.Select(policy => Play(policy.Policy, share, traces))];
        for (int trace = 0; trace < traces.Length; trace++)
        {
            double[] saved = [.. scores.Select(policy => policy[trace].SavedSeconds)];
            if (saved.Count(seconds => seconds == saved.Max()) == 1) { wins[Array.IndexOf(saved, saved.Max())]++; }
        }

        ReplayScore[] sums = [.. scores.Select(policy => policy.Aggregate((left, right) => left + right))];
        double best = sums.Max(score => score.SavedSeconds);
        foreach (((string policy, _), ReplayScore score) in s_policies.Zip(sums))
        {
            string mark = score.SavedSeconds == best ? "**" : "";
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {scenario} | {100 * share:F0} % | {policy} | {100 * score.HitRate:F1} % | {100 * score.ByteHitRate:F1} % "
                    + $"| {mark}{score.SavedSeconds:N0} s{mark} of {score.Seconds:N0} s | {100 * score.SavedRate:F1} % |");
        }
    }

    private static ReplayScore[] Play(EvictionPolicy policy, double share, ReplayTrace[] traces) =>
    [
        .. traces.Select(trace =>
        {
            using ReplayTier tier = new(policy, (long)(trace.WorkingSet * share));
            return tier.Run(trace.Asks);
        }),
    ];
}
