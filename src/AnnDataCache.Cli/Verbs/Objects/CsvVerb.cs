using System.CommandLine;
using System.Diagnostics;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Brings a CSV file into the store.</summary>
internal sealed class CsvVerb : Verb
{
    private readonly Argument<string> _file = FileArgument("A CSV file.");

    internal override string Name => "csv";
    protected override string Summary => "Load a CSV file as a dataframe, parsed once, so that every process finds it in memory.";
    protected override string Example => "csv samples.csv";
    protected override IEnumerable<Symbol> Symbols => [_file];

    protected override int Execute(Session session)
    {
        string file = session.Parsed.GetRequiredValue(_file);
        long start = Stopwatch.GetTimestamp();
        using PinnedElement pinned = session.Cache.Csv(file, session.Cancellation);
        LoadedElement part = new(pinned.Info.Path, pinned, Stopwatch.GetElapsedTime(start));
        if (session.Json)
        {
            Session.WriteJsonLine(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("source", Path.GetFullPath(file));
                LoadVerb.WriteMembers(writer, part);
                writer.WriteEndObject();
            });
        }
        else
        {
            session.Out.WriteLine(LoadVerb.Describe(part, file));
            ElementCorner.Of(pinned, 5, 8).WriteText(session.Out, file);
        }

        return ExitCodes.Done;
    }
}
