using System.CommandLine;

namespace AnnDataCache.Cli;

/// <summary>Names of objects on the command line.</summary>
internal static class ObjectNames
{
    internal static Argument<string> Argument() => new("NAME") { Description = "Name of an object, which has nothing to do with files." };

    internal static Argument<string[]> Several() =>
        new("NAME") { Description = "Names of objects.", Arity = ArgumentArity.OneOrMore };

    /// <exception cref="UsageException">No object can have such a name.</exception>
    internal static void Require(params IReadOnlyList<string> names)
    {
        foreach (string name in names)
        {
            int bytes = System.Text.Encoding.UTF8.GetByteCount(name);
            if (bytes is 0 or > 1024) { throw new UsageException($"The name of an object has 1 to 1,024 bytes, not {bytes:N0}."); }
        }
    }
}
