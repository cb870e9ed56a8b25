using System.CommandLine;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Takes objects away.</summary>
internal sealed class DeleteVerb : Verb
{
    private readonly Argument<string[]> _names = ObjectNames.Several();

    protected override string Name => "delete";
    protected override string Summary => "Delete objects; who uses one keeps it, and those that are not there are passed over.";
    protected override string Example => "delete embeddings/run-3";
    protected override IEnumerable<Symbol> Symbols => [_names];

    protected override int Execute(Session session)
    {
        string[] names = session.Parsed.GetRequiredValue(_names);
        ObjectNames.Require(names);
        int deleted = names.Count(session.Cache.Delete);
        if (session.Json)
        {
            Session.WriteJsonLine(writer =>
            {
                writer.WriteStartObject();
                writer.WriteNumber("deleted", deleted);
                writer.WriteEndObject();
            });
        }
        else { session.Out.WriteLine($"{Words.Count(deleted, "object")} deleted"); }
        return ExitCodes.Done;
    }
}
