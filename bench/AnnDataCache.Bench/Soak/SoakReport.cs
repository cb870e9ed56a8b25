using System.Globalization;
using System.Text;

namespace AnnDataCache.Bench.Soak;

/// <summary>The figures of a soak as a table.</summary>
internal static class SoakReport
{
    internal static bool IsClean(SoakBoard board, SoakDeeds deeds) =>
        board.Sum(Tally.WrongReads) + board.Sum(Tally.Incidents) + deeds.Findings + deeds.LeakedBytes + deeds.Leftovers == 0
        && deeds.MostOver <= 0 && board.Sum(Tally.Reads) > 0 && deeds.KilledAnywhere > 0;

    internal static string Table(SoakPlan plan, SoakBoard board, SoakDeeds deeds, TimeSpan elapsed)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        long Of(Tally what) => board.Sum(what);
        StringBuilder text = new();
        text.AppendLine("# The store under fire").AppendLine();
        text.AppendLine(culture, $"{plan.Processes} processes and a probe on {Environment.ProcessorCount} cores for {elapsed.TotalMinutes:F1} minutes; hot budget {plan.HotBytes / 1e6:F0} MB, cold budget {plan.ColdBytes / 1e6:F0} MB, {plan.Files} sources of {plan.Variants} contents each; seed {plan.Seed}.").AppendLine();
        text.AppendLine("| what | figure |").AppendLine("|---|---|");
        void Row(string what, string figure) => text.AppendLine(culture, $"| {what} | {figure} |");
        Row("reads, each compared with the hash of what was written", $"{Of(Tally.Reads):N0} ({Of(Tally.ReadBytes) / 1e9:N0} GB)");
        Row("of them, elements with only one right answer (the source did not change meanwhile)", $"{Of(Tally.ReadsOfOneVersion):N0}");
        Row("held, and hashed again before they were let go", $"{Of(Tally.Holds):N0}");
        Row("**wrong or stale reads**", $"**{Of(Tally.WrongReads):N0}**");
        Row("of them, objects that were put under a name · gets that found none", $"{Of(Tally.ObjectReads):N0} · {Of(Tally.ObjectsMissing):N0}");
        Row("objects put into memory · on disk · refused because there was one · deleted", $"{Of(Tally.Puts):N0} · {Of(Tally.PutsIntoCold):N0} · {Of(Tally.PutsRefused):N0} · {Of(Tally.Deletes):N0}");
        Row("evicted parts whose pages were written again", $"{Of(Tally.Recycled):N0}");
        Row("loads · rewrites · evictions of a file · clears · looks (stats, ls, explain)", $"{Of(Tally.Loads):N0} · {Of(Tally.Rewrites):N0} · {Of(Tally.Evicts):N0} · {Of(Tally.Clears):N0} · {Of(Tally.Looks):N0}");
        Row("kills survived: at random moments · at named steps", $"{deeds.KilledAnywhere:N0} · {deeds.KilledAtAStep:N0}");
        Row("processes stopped for three times the others' patience · tmpfs filled by a stranger", $"{deeds.Stopped:N0} · {deeds.Filled:N0}");
        Row("refused: no room · source missing · source changed", $"{Of(Tally.NoRoom):N0} · {Of(Tally.SourceMissing):N0} · {Of(Tally.SourceChanged):N0}");
        Row("unexpected errors, crashes, hangs", $"{Of(Tally.Incidents):N0}");
        Row("rounds, each ended by an audit · findings", $"{deeds.Rounds:N0} · {deeds.Findings:N0}");
        Row("**bytes leaked** · left-over files", $"**{deeds.LeakedBytes:N0}** · {deeds.Leftovers:N0}");
        Row("most bytes of the hot tier in all samples (under its lock)", $"{deeds.MostBytes:N0} in {deeds.Samples:N0} samples");
        Row("**bytes over the budget**", $"**{Math.Max(deeds.MostOver, 0):N0}**");
        Row("bytes of deleted files that stopped processes still had open, most in all samples", $"{deeds.MostNameless:N0}");
        Row("a bystander's hit: p50 · p99 · p99.9 · longest", Times(board, 0));
        Row("a bare `stat` at the same moments", Times(board, 1));
        return text.ToString();
    }

    private static string Times(SoakBoard board, int kind) => string.Create(CultureInfo.InvariantCulture,
        $"{board.Quantile(kind, 0.5):N0} µs · {board.Quantile(kind, 0.99):N0} µs · {board.Quantile(kind, 0.999) / 1000:N1} ms · {board.Quantile(kind, 1) / 1000:N0} ms of {board.Probed(kind):N0}");
}
