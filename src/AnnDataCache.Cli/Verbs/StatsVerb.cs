using System.Globalization;
using System.Text.Json;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Shows budgets, bytes and counters of both tiers.</summary>
internal sealed class StatsVerb : Verb
{
    internal override string Name => "stats";
    protected override string Summary => "Show how full the tiers are, and what all processes have done with them.";
    protected override string Example => "stats --json";

    protected override int Execute(Session session)
    {
        CacheStatistics statistics = session.Cache.Statistics();
        if (session.Json) { Session.WriteJson(writer => WriteJson(writer, statistics)); }
        else { WriteText(session.Out, statistics); }
        return ExitCodes.Done;
    }

    private static void WriteText(TextWriter writer, CacheStatistics statistics)
    {
        TextTable table = new TextTable("tier", "used", "budget", "pinned", "parts", "hits", "loads", "loaded", "evictions", "folder")
            .Right(1, 2, 3, 4, 5, 6, 7, 8);
        foreach (TierStatistics tier in (TierStatistics[])[statistics.Hot, statistics.Cold])
        {
            table.AddLong(
                tier.Name, Words.Bytes(tier.UsedBytes), tier.Enabled ? Words.Bytes(tier.BudgetBytes) : "off", Words.Bytes(tier.PinnedBytes),
                Number(tier.Parts), Number(tier.Hits), Number(tier.Loads), Words.Bytes(tier.LoadedBytes), Number(tier.Evictions), tier.Folder);
        }

        table.Write(writer);
        writer.WriteLine();
        writer.WriteLine($"{Words.Count(statistics.Misses, "miss", "misses")}: parts asked for that no tier had");
        foreach (TierStatistics tier in (TierStatistics[])[statistics.Hot, statistics.Cold])
        {
            if (tier.Note is not null) { writer.WriteLine($"{tier.Name}: {SafeText.OneLine(tier.Note)}"); }
        }
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static void WriteJson(Utf8JsonWriter writer, CacheStatistics statistics)
    {
        writer.WriteStartObject();
        foreach (TierStatistics tier in (TierStatistics[])[statistics.Hot, statistics.Cold])
        {
            writer.WriteStartObject(tier.Name);
            writer.WriteString("folder", tier.Folder);
            writer.WriteBoolean("enabled", tier.Enabled);
            if (tier.Note is not null) { writer.WriteString("note", tier.Note); }
            writer.WriteNumber("budget_bytes", tier.BudgetBytes);
            writer.WriteNumber("used_bytes", tier.UsedBytes);
            writer.WriteNumber("pinned_bytes", tier.PinnedBytes);
            writer.WriteNumber("parts", tier.Parts);
            writer.WriteNumber("hits", tier.Hits);
            writer.WriteNumber("loads", tier.Loads);
            writer.WriteNumber("loaded_bytes", tier.LoadedBytes);
            writer.WriteNumber("evictions", tier.Evictions);
            writer.WriteEndObject();
        }

        writer.WriteNumber("misses", statistics.Misses);
        writer.WriteEndObject();
    }
}
