using System.CommandLine;
using System.Text.Json;

namespace AnnDataCache.Cli;

/// <summary>A verb whose arguments are names of objects.</summary>
internal abstract class SeveralObjectsVerb : Verb
{
    private readonly Argument<string[]> _names = ObjectNames.Several();

    protected sealed override IEnumerable<Symbol> Symbols => [_names];

    protected sealed override int Execute(Session session)
    {
        string[] names = session.Parsed.GetRequiredValue(_names);
        ObjectNames.Require(names);
        return Execute(session, names);
    }

    protected abstract int Execute(Session session, string[] names);

    protected static void WriteJson(Action<Utf8JsonWriter> writeMembers) => Session.WriteJsonLine(writer =>
    {
        writer.WriteStartObject();
        writeMembers(writer);
        writer.WriteEndObject();
    });
}
