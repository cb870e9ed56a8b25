using System.CommandLine;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Says whether objects are there, for scripts by the exit code.</summary>
internal sealed class ContainsVerb : Verb
{
    private readonly Argument<string[]> _names = ObjectNames.Several();

    protected override string Name => "contains";
    protected override string Summary => "Say whether objects are there; ends with 1 when one is not.";
    protected override string Example => "contains embeddings/run-3";
    protected override IEnumerable<Symbol> Symbols => [_names];

    protected override int Execute(Session session)
    {
        string[] names = session.Parsed.GetRequiredValue(_names);
        ObjectNames.Require(names);
        (string Name, bool Found)[] found = [.. names.Distinct(StringComparer.Ordinal).Select(name => (name, session.Cache.Contains(name)))];
        if (session.Json)
        {
            Session.WriteJsonLine(writer =>
            {
                writer.WriteStartObject();
                foreach ((string name, bool isThere) in found) { writer.WriteBoolean(name, isThere); }
                writer.WriteEndObject();
            });
        }
        else
        {
            foreach ((string name, bool isThere) in found) { session.Out.WriteLine($"{(isThere ? "yes" : "no"),-5}{SafeText.OneLine(name)}"); }
        }

        return found.All(one => one.Found) ? ExitCodes.Done : ExitCodes.ProblemsFound;
    }
}
