using System.CommandLine;

namespace AnnDataCache.Cli;

/// <summary>Removes parts of one file.</summary>
internal sealed class EvictVerb : Verb
{
    private readonly Argument<string> _file = FileArgument("The file, which need not exist any more.");
    private readonly Argument<string[]> _elements =
        new("ELEMENT") { Description = "Elements to remove [default: all].", Arity = ArgumentArity.ZeroOrMore };

    internal override string Name => "evict";
    protected override string Summary => "Remove a file's elements from both tiers; what a process uses stays.";
    protected override string Example => "evict pbmc3k.h5ad X";
    protected override IEnumerable<Symbol> Symbols => [_file, _elements];

    protected override int Execute(Session session)
    {
        string[] elements = session.Parsed.GetValue(_elements) ?? [];
        (int removed, int pinned) = session.Cache.Evict(
            session.Parsed.GetRequiredValue(_file), elements.Length == 0 ? null : elements);
        ClearVerb.Write(session, removed, pinned);
        return ExitCodes.Done;
    }
}
