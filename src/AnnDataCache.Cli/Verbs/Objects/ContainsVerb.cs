using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Says whether objects are there, for scripts by the exit code.</summary>
internal sealed class ContainsVerb : SeveralObjectsVerb
{
    internal override string Name => "contains";
    protected override string Summary => "Say whether objects are there; ends with 1 when one is not.";
    protected override string Example => "contains embeddings/run-3";

    protected override int Execute(Session session, string[] names)
    {
        (string Name, bool IsThere)[] found = [.. names.Distinct(StringComparer.Ordinal).Select(name => (name, session.Cache.Contains(name)))];
        if (session.Json) { WriteJson(writer => Array.ForEach(found, one => writer.WriteBoolean(one.Name, one.IsThere))); }
        else
        {
            foreach ((string name, bool isThere) in found) { session.Out.WriteLine($"{(isThere ? "yes" : "no"),-5}{SafeText.OneLine(name)}"); }
        }

        return found.All(one => one.IsThere) ? ExitCodes.Done : ExitCodes.ProblemsFound;
    }
}
