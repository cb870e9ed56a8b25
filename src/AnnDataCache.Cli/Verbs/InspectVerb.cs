using System.CommandLine;
using System.Text.Json;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Lists all elements of a file without loading them.</summary>
internal sealed class InspectVerb : Verb
{
    private readonly Argument<string> _file = FileArgument();

    internal override string Name => "inspect";
    protected override string Summary => "Show the elements of a file: kind, shape, type, and how they are stored.";
    protected override string Example => "inspect pbmc3k.h5ad";
    protected override IEnumerable<Symbol> Symbols => [_file];

    protected override int Execute(Session session)
    {
        using CachedAnnData source = session.OpenSource(session.Parsed.GetRequiredValue(_file));
        ElementInfo tree = source.Tree;
        if (session.Json) { Session.WriteJson(writer => WriteJson(writer, source, tree)); }
        else { WriteText(session.Out, source, tree); }
        return ExitCodes.Done;
    }

    private static void WriteText(TextWriter writer, CachedAnnData source, ElementInfo tree)
    {
        writer.WriteLine(
            $"{SafeText.OneLine(source.Path)}: {Words.Count(source.ObsCount, "observation")} × {Words.Count(source.VarCount, "variable")}");
        writer.WriteLine();
        TextTable table = new("element", "kind", "shape", "type", "encoding", "storage");
        foreach (ElementInfo info in tree.SelfAndDescendants().Skip(1))
        {
            int depth = info.Path.AsSpan(0, info.Path.Length - info.Name.Length).Count('/');
            string encoding = info.EncodingType is null ? "" : $"{info.EncodingType} {info.EncodingVersion}";
            table.AddLong(
                new string(' ', 2 * depth) + info.Name, info.Kind.Name(), Words.Shape(info.Shape), info.Type?.Name() ?? "",
                encoding, info.Reason ?? info.Storage ?? "");
        }

        table.Write(writer);
    }

    private static void WriteJson(Utf8JsonWriter writer, CachedAnnData source, ElementInfo tree)
    {
        writer.WriteStartObject();
        writer.WriteString("file", source.Path);
        writer.WriteNumber("n_obs", source.ObsCount);
        writer.WriteNumber("n_vars", source.VarCount);
        writer.WriteStartArray("elements");
        foreach (ElementInfo info in tree.SelfAndDescendants().Skip(1)) { WriteElement(writer, info); }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteElement(Utf8JsonWriter writer, ElementInfo info)
    {
        writer.WriteStartObject();
        writer.WriteString("path", info.Path);
        writer.WriteString("kind", info.Kind.Name());
        if (info.Shape.Count > 0) { writer.WriteShape(info.Shape); }
        if (info.Type is { } type) { writer.WriteString("dtype", type.Name()); }
        if (info.NonZeros is { } entries) { writer.WriteNumber("nnz", entries); }
        if (info.EncodingType is not null) { writer.WriteString("encoding_type", info.EncodingType); }
        if (info.EncodingVersion is not null) { writer.WriteString("encoding_version", info.EncodingVersion); }
        if (info.Storage is not null) { writer.WriteString("storage", info.Storage); }
        if (info.IndexName is not null) { writer.WriteString("index", info.IndexName); }
        writer.WriteString("part_of", info.PartPath);
        if (info.Reason is not null) { writer.WriteString("reason", info.Reason); }
        writer.WriteEndObject();
    }
}
