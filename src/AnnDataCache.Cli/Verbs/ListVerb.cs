using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Lists the parts of the store.</summary>
internal sealed class ListVerb : Verb
{
    internal override string Name => "ls";
    protected override string Summary => "List what the store holds.";
    protected override string Example => "ls";

    protected override int Execute(Session session)
    {
        IReadOnlyList<StoredPart> parts = session.Cache.List();
        if (session.Json) { WriteJson(parts); }
        else { WriteText(session.Out, parts); }
        return ExitCodes.Done;
    }

    private static void WriteText(TextWriter writer, IReadOnlyList<StoredPart> parts)
    {
        if (parts.Count == 0)
        {
            writer.WriteLine("The store is empty.");
            return;
        }

        TextTable table = new TextTable("tier", "bytes", "state", "element", "source").Right(1);
        foreach (StoredPart part in parts)
        {
            string state = (part.Pinned, part.Stale) switch
            {
                (true, true) => "pinned, stale",
                (true, false) => "pinned",
                (false, true) => "stale",
                _ => "",
            };
            string element = part.Element.Length == 0 ? "(tree of elements)" : part.Element;
            table.AddLong(
                part.Tier, Words.Bytes(part.Bytes), state, part.Derived is null ? element : $"{element} ({part.Derived})",
                part.IsObject ? "(object)" : part.Source);
        }

        table.Write(writer);
        writer.WriteLine();
        writer.WriteLine($"{Words.Count(parts.Count, "part")}, {Words.Bytes(parts.Sum(part => part.Bytes))}");
    }

    private static void WriteJson(IReadOnlyList<StoredPart> parts) => Session.WriteJson(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("parts");
        foreach (StoredPart part in parts)
        {
            writer.WriteStartObject();
            writer.WriteString("tier", part.Tier);
            writer.WriteString("part", part.Name);
            writer.WriteString("source", part.Source);
            writer.WriteString("element", part.Element);
            if (part.IsObject) { writer.WriteBoolean("object", true); }
            if (part.Derived is not null) { writer.WriteString("derived", part.Derived); }
            writer.WriteNumber("bytes", part.Bytes);
            writer.WriteBoolean("pinned", part.Pinned);
            writer.WriteBoolean("stale", part.Stale);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });
}
