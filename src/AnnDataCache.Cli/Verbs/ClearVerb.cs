using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Removes all parts.</summary>
internal sealed class ClearVerb : Verb
{
    internal override string Name => "clear";
    protected override string Summary => "Remove everything from both tiers; what a process uses stays.";
    protected override string Example => "clear";

    protected override int Execute(Session session)
    {
        (int removed, int pinned) = session.Cache.Clear();
        Write(session, removed, pinned);
        return ExitCodes.Done;
    }

    internal static void Write(Session session, int removed, int pinned)
    {
        if (!session.Json)
        {
            string stayed = pinned == 0 ? "" : $"; {Words.Count(pinned, "part")} stayed, because some process uses them";
            session.Out.WriteLine($"{Words.Count(removed, "part")} removed{stayed}.");
            return;
        }

        Session.WriteJson(writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("removed", removed);
            writer.WriteNumber("pinned", pinned);
            writer.WriteEndObject();
        });
    }
}
