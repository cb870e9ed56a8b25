using System.CommandLine;
using System.Globalization;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Shows the beginning of an element.</summary>
internal sealed class ShowVerb : Verb
{
    private readonly Argument<string> _file = FileArgument();
    private readonly Argument<string> _element = ElementArgument();
    private readonly Option<int> _rows = Count("--rows", "Rows to show.", 10);
    private readonly Option<int> _columns = Count("--columns", "Columns to show.", 8);

    internal override string Name => "show";
    protected override string Summary => "Show the first rows and columns of an element.";
    protected override string Example => "show pbmc3k.h5ad obs --rows 20";
    protected override IEnumerable<Symbol> Symbols => [_file, _element, _rows, _columns];

    protected override int Execute(Session session)
    {
        using CachedAnnData source = session.OpenSource(session.Parsed.GetRequiredValue(_file));
        string path = session.Parsed.GetRequiredValue(_element);
        PinnedElement pinned;
        using (ProgressLine progress = new()) { pinned = source.Pin(path, progress, session.Cancellation); }
        using (pinned)
        {
            ElementCorner corner = ElementCorner.Of(pinned, session.Parsed.GetValue(_rows), session.Parsed.GetValue(_columns));
            if (session.Json) { Session.WriteJson(writer => corner.WriteJson(writer, path)); }
            else
            {
                corner.WriteText(session.Out, path);
                WriteRefused(session.Out, pinned);
            }
        }

        return ExitCodes.Done;
    }

    /// <summary>Columns that could not be read are missing above: say so, and why.</summary>
    private static void WriteRefused(TextWriter writer, PinnedElement pinned)
    {
        if (pinned.Info.Kind is not (ElementKind.DataFrame or ElementKind.RecArray)) { return; }
        foreach ((string column, string reason) in pinned.RefusedColumns)
        {
            writer.WriteLine($"refused  {SafeText.OneLine(column)}: {SafeText.OneLine(reason)}");
        }
    }

    internal static Option<int> Count(string name, string description, int value)
    {
        Option<int> option = new(name) { Description = description, HelpName = "COUNT", DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && int.TryParse(text, CultureInfo.InvariantCulture, out int count) && count < 0)
            {
                result.AddError($"{name} must be 0 or more.");
            }
        });
        return option;
    }
}
