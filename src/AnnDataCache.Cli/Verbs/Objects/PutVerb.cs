using System.CommandLine;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Puts an object that another program writes to stdin.</summary>
internal sealed class PutVerb : Verb
{
    private readonly Argument<string> _name = ObjectNames.Argument();
    private readonly Option<bool> _keep = new("--no-overwrite") { Description = "Fail if there is an object of this name." };

    internal override string Name => "put";
    protected override string Summary => "Put an object, given as one stream on stdin (see docs/part-format.md), under a name.";
    protected override string Example => "put embeddings/run-3 < object";
    protected override IEnumerable<Symbol> Symbols => [_name, _keep];

    protected override int Execute(Session session)
    {
        string name = session.Parsed.GetRequiredValue(_name);
        ObjectNames.Require(name);
        using Stream input = Console.OpenStandardInput();
        PutResult put = session.Cache.PutStream(name, input, !session.Parsed.GetValue(_keep), session.Cancellation);
        if (!session.Json)
        {
            session.Out.WriteLine($"{(put.Replaced ? "replaced" : "put"),-10}{put.Tier,-6}{Words.Bytes(put.Bytes),12}  {SafeText.OneLine(put.Name)}");
            return ExitCodes.Done;
        }

        Session.WriteJsonLine(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("name", put.Name);
            writer.WriteString("file", put.File);
            writer.WriteString("tier", put.Tier);
            writer.WriteNumber("bytes", put.Bytes);
            writer.WriteBoolean("replaced", put.Replaced);
            writer.WriteEndObject();
        });
        return ExitCodes.Done;
    }
}
