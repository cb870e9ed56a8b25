using System.CommandLine;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Says why an element is where it is.</summary>
internal sealed class ExplainVerb : Verb
{
    private readonly Argument<string> _file = FileArgument();
    private readonly Argument<string> _element = new("ELEMENT") { Description = "The element, such as X or layers/counts." };

    protected override string Name => "explain";
    protected override string Summary => "Say where an element is, and why it was evicted or missed.";
    protected override string Example => "explain pbmc3k.h5ad X";
    protected override IEnumerable<Symbol> Symbols => [_file, _element];

    protected override int Execute(Session session)
    {
        using CachedAnnData source = session.OpenSource(session.Parsed.GetRequiredValue(_file));
        IReadOnlyList<Finding> findings = source.Explain(session.Parsed.GetRequiredValue(_element));
        if (session.Json) { FindingsOutput.WriteJson(findings); }
        else { FindingsOutput.WriteText(session.Out, findings); }
        return ExitCodes.Done;
    }
}
