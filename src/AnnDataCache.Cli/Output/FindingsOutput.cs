namespace AnnDataCache.Cli.Output;

/// <summary>What an inspection found: what is, what it means, what to do.</summary>
internal static class FindingsOutput
{
    internal static void WriteText(TextWriter writer, IReadOnlyList<Finding> findings)
    {
        foreach (Finding finding in findings)
        {
            string mark = finding.Severity switch { Severity.Good => "ok", Severity.Advice => "advice", _ => "PROBLEM" };
            writer.WriteLine($"{mark,-8} {SafeText.OneLine(finding.Subject)}: {SafeText.OneLine(finding.Fact)}");
            if (finding.Meaning.Length > 0) { writer.WriteLine($"         {SafeText.OneLine(finding.Meaning)}"); }
            if (finding.Remedy.Length > 0) { writer.WriteLine($"         → {SafeText.OneLine(finding.Remedy)}"); }
        }
    }

    internal static void WriteJson(IReadOnlyList<Finding> findings) => Session.WriteJson(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("findings");
        foreach (Finding finding in findings)
        {
            writer.WriteStartObject();
            writer.WriteString("severity", finding.Severity switch { Severity.Good => "good", Severity.Advice => "advice", _ => "problem" });
            writer.WriteString("subject", finding.Subject);
            writer.WriteString("fact", finding.Fact);
            writer.WriteString("meaning", finding.Meaning);
            writer.WriteString("remedy", finding.Remedy);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });
}
