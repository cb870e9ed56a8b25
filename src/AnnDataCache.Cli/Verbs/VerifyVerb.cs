using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Audits the store.</summary>
internal sealed class VerifyVerb : Verb
{
    internal override string Name => "verify";
    protected override string Summary => "Check everything in the store's folders, and compare every part with its source.";
    protected override string Example => "verify";

    protected override int Execute(Session session)
    {
        IReadOnlyList<Finding> findings = session.Cache.Verify(session.Cancellation);
        if (session.Json) { FindingsOutput.WriteJson(findings); }
        else if (findings.Count == 0) { session.Out.WriteLine("The store is clean."); }
        else { FindingsOutput.WriteText(session.Out, findings); }
        return findings.Count == 0 ? ExitCodes.Done : ExitCodes.ProblemsFound;
    }
}
