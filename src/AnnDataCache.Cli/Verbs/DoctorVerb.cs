using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Looks at the machine.</summary>
internal sealed class DoctorVerb : Verb
{
    internal override string Name => "doctor";
    protected override string Summary => "Look at this machine as the cache sees it, and say what could be better.";
    protected override string Example => "doctor";

    protected override int Execute(Session session)
    {
        IReadOnlyList<Finding> findings = Cache.Diagnose(CommonOptions.Read(session.Parsed));
        if (session.Json) { FindingsOutput.WriteJson(findings); }
        else { FindingsOutput.WriteText(session.Out, findings); }
        return findings.Any(finding => finding.Severity == Severity.Problem) ? ExitCodes.ProblemsFound : ExitCodes.Done;
    }
}
