using System.CommandLine;
using AnnDataCache.Cli.Export;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Shows an object, or writes it to a file that other programs read.</summary>
internal sealed class GetVerb : Verb
{
    private readonly Argument<string> _name = ObjectNames.Argument();
    private readonly Option<string?> _output =
        new("--output", "-o") { Description = "File to write; its extension decides: .arrow, .csv, .npy, .mtx, .json, .pickle.", HelpName = "OUT" };
    private readonly Option<bool> _force = new("--force") { Description = "Replace the file if it exists." };
    private readonly Option<int> _rows = ShowVerb.Count("--rows", "Rows to show.", 10);
    private readonly Option<int> _columns = ShowVerb.Count("--columns", "Columns to show.", 8);

    internal override string Name => "get";
    protected override string Summary => "Show the beginning of an object, or write it to a file.";
    protected override string Example => "get embeddings/run-3 -o run-3.npy";
    protected override IEnumerable<Symbol> Symbols => [_name, _output, _force, _rows, _columns];

    protected override int Execute(Session session)
    {
        string name = session.Parsed.GetRequiredValue(_name);
        ObjectNames.Require(name);
        string? output = session.Parsed.GetValue(_output);
        using PinnedElement pinned = session.Cache.Get(name);
        if (output is not null)
        {
            OutputFile.Write(output, session.Parsed.GetValue(_force), ElementExport.WriterOf(output, pinned, session.Cancellation));
            ExportVerb.WriteResult(session, name, Path.GetFullPath(output));
        }
        else if (session.Json) { WriteJson(name, pinned); }
        else { WriteText(session, name, pinned); }
        return ExitCodes.Done;
    }

    private void WriteText(Session session, string name, PinnedElement pinned)
    {
        switch (pinned.Info.Kind)
        {
            case ElementKind.Dict: session.Out.WriteLine(SafeText.OneLine(pinned.Columns[0].GetString(0))); break;
            case ElementKind.Pickle:
                session.Out.WriteLine($"{SafeText.OneLine(name)}: a Python object, {Words.Bytes(pinned.Columns.Sum(column => column.Values.ByteLength))} pickled");
                break;
            default:
                ElementCorner.Of(pinned, session.Parsed.GetValue(_rows), session.Parsed.GetValue(_columns)).WriteText(session.Out, name);
                break;
        }
    }

    private static void WriteJson(string name, PinnedElement pinned) => Session.WriteJsonLine(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("name", name);
        writer.WriteString("file", pinned.PartFile);
        writer.WriteString("tier", pinned.Tier);
        writer.WriteNumber("bytes", pinned.Bytes);
        writer.WriteString("kind", pinned.Info.Kind.Name());
        writer.WriteShape(pinned.Info.Shape);
        writer.WriteEndObject();
    });
}
