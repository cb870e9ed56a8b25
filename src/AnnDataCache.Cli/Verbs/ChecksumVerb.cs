using System.CommandLine;
using AnnDataCache.Cli.Checksum;

namespace AnnDataCache.Cli;

/// <summary>Describes all elements of a file by their contents, so that it can be compared with another reader's.</summary>
internal sealed class ChecksumVerb : Verb
{
    private readonly Argument<string> _file = FileArgument();

    internal override string Name => "checksum";
    protected override string Summary => "Hash the contents of every element, read back from the parts. Writes JSON always.";
    protected override string Example => "checksum pbmc3k.h5ad";
    protected override IEnumerable<Symbol> Symbols => [_file];

    protected override int Execute(Session session)
    {
        using CachedAnnData source = session.OpenSource(session.Parsed.GetRequiredValue(_file));
        Session.WriteJson(writer => new FileDescription(writer, source, session.Cancellation).Write());
        return ExitCodes.Done;
    }
}
