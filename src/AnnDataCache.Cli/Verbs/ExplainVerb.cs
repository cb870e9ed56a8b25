using System.CommandLine;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Says why an element, or an object, is where it is.</summary>
internal sealed class ExplainVerb : Verb
{
    private readonly Argument<string> _file = FileArgument("An .h5ad or .h5mu file, or a .zarr store; without ELEMENT, the name of an object.");
    private readonly Argument<string?> _element =
        new("ELEMENT") { Description = "The element, such as X or layers/counts.", Arity = ArgumentArity.ZeroOrOne };

    internal override string Name => "explain";
    protected override string Summary => "Say where an element or an object is, and why it was evicted or missed.";
    protected override string Example => "explain pbmc3k.h5ad X";
    protected override IEnumerable<Symbol> Symbols => [_file, _element];

    protected override int Execute(Session session)
    {
        string file = session.Parsed.GetRequiredValue(_file);
        IReadOnlyList<Finding> findings = session.Parsed.GetValue(_element) is { } element ? OfElement(session, file, element) : OfObject(session, file);
        if (session.Json) { FindingsOutput.WriteJson(findings); }
        else { FindingsOutput.WriteText(session.Out, findings); }
        return ExitCodes.Done;
    }

    private static IReadOnlyList<Finding> OfElement(Session session, string file, string element)
    {
        using CachedAnnData source = session.OpenSource(file);
        return source.Explain(element);
    }

    private static IReadOnlyList<Finding> OfObject(Session session, string name)
    {
        ObjectNames.Require(name);
        if (Path.Exists(name) && !session.Cache.Contains(name))
        {
            throw new UsageException($"'{name}' is a file: give one of its elements too, as in 'explain {name} X'. There is no object of this name.");
        }

        return session.Cache.Explain(name);
    }
}
