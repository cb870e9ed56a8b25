using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Takes objects away.</summary>
internal sealed class DeleteVerb : SeveralObjectsVerb
{
    internal override string Name => "delete";
    protected override string Summary => "Delete objects; who uses one keeps it, and those that are not there are passed over.";
    protected override string Example => "delete embeddings/run-3";

    protected override int Execute(Session session, string[] names)
    {
        int deleted = names.Count(session.Cache.Delete);
        if (session.Json) { WriteJson(writer => writer.WriteNumber("deleted", deleted)); }
        else { session.Out.WriteLine($"{Words.Count(deleted, "object")} deleted"); }
        return ExitCodes.Done;
    }
}
