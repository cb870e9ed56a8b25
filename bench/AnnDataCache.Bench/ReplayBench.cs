using System.Globalization;
using System.Text;
using AnnDataCache.Store;

namespace AnnDataCache.Bench;

/// <summary>Every eviction policy on the same traces: how much of a dashboard's waiting each of them saves.</summary>
internal static class ReplayBench
{
    private const int Seeds = 3;

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
        StringBuilder text = new();
        text.AppendLine("# Eviction policies on dashboard traces").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Sums over {Seeds} traces each (seeds 1 to {Seeds}), after a quarter of the visits to warm up. Tier: share of the bytes of all parts.");
        text.AppendLine("Reload saved: load seconds of the hits, of the load seconds without a cache. Bold: the most seconds saved.").AppendLine();
        text.AppendLine("| scenario | tier | policy | hit rate | byte hit rate | reload saved | share |").AppendLine("|---|---|---|---|---|---|---|");
        foreach ((string name, ReplayScenario scenario) in s_scenarios)
        {
            ReplayTrace[] traces = [.. Enumerable.Range(1, Seeds).Select(seed => ReplayTrace.Make(scenario, seed))];
            foreach (double share in s_shares) { AppendRows(text, name, share, traces); }
        }

        Console.WriteLine(text);
        BenchStore.Save("replay.md", text.ToString());
        return 0;
    }

    private static void AppendRows(StringBuilder text, string scenario, double share, ReplayTrace[] traces)
    {
        ReplayScore[] scores = [.. s_policies.Select(policy => Play(policy.Policy, share, traces))];
        double best = scores.Max(score => score.SavedSeconds);
        foreach (((string policy, _), ReplayScore score) in s_policies.Zip(scores))
        {
            string mark = score.SavedSeconds == best ? "**" : "";
            text.AppendLine(CultureInfo.InvariantCulture, $"| {scenario} | {100 * share:F0} % | {policy} | {100 * score.HitRate:F1} % | {100 * score.ByteHitRate:F1} % | {mark}{score.SavedSeconds:N0} s{mark} of {score.Seconds:N0} s | {100 * score.SavedRate:F1} % |");
        }
    }

    private static ReplayScore Play(EvictionPolicy policy, double share, ReplayTrace[] traces)
    {
        ReplayScore sum = default;
        foreach (ReplayTrace trace in traces)
        {
            using ReplayTier tier = new(policy, (long)(trace.WorkingSet * share));
            sum += tier.Run(trace.Asks);
        }

        return sum;
    }
}
