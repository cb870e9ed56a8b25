using System.CommandLine;
using System.Reflection;
using System.Text;

namespace AnnDataCache.Cli;

/// <summary>All verbs, and the help of the whole.</summary>
internal static class Verbs
{
    internal static string Version { get; } =
        typeof(Verbs).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    private static readonly Func<Verb>[] s_all =
    [
        () => new DemoVerb(), () => new InspectVerb(), () => new LoadVerb(), () => new ShowVerb(), () => new GeneVerb(), () => new SliceVerb(),
        () => new ExportVerb(), () => new SummaryVerb(), () => new ListVerb(), () => new StatsVerb(), () => new EvictVerb(), () => new ClearVerb(),
        () => new PutVerb(), () => new GetVerb(), () => new ContainsVerb(), () => new DeleteVerb(), () => new CsvVerb(),
        () => new VerifyVerb(), () => new DoctorVerb(), () => new ExplainVerb(), () => new ChecksumVerb(), () => new DemoReaderVerb(),
    ];

    /// <summary>The verb that a line begins with, or all: who knows what it wants need not wait for the rest.</summary>
    private static IEnumerable<Verb> For(string[] arguments)
    {
        IEnumerable<Verb> all = s_all.Select(make => make());
        return arguments.Length > 0 && all.FirstOrDefault(verb => verb.Name == arguments[0]) is { } wanted ? [wanted] : all;
    }

    internal static RootCommand BuildRoot(string[] arguments)
    {
        StringBuilder description = new("Elements of AnnData files in memory that all processes of this machine share.");
        description.Append("\n\nExample:\n  anndata-cache demo\n\nExit codes:");
        foreach ((int code, string meaning) in ExitCodes.All) { description.Append($"\n  {code,3}  {meaning}"); }
        RootCommand root = new(description.ToString());
        CommonOptions.AddTo(root);
        foreach (Verb verb in For(arguments)) { root.Subcommands.Add(verb.Build(arguments)); }
        return root;
    }

    /// <summary>Help is given even when the rest of the line is wrong.</summary>
    internal static bool AsksForHelp(string[] args) => args.TakeWhile(arg => arg != "--").Any(arg => arg is "--help" or "-h" or "-?");
}
