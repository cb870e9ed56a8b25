using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Brings elements into the store, and says of each what it cost.</summary>
/// <remarks>With <c>--all</c> one element that cannot be read does not stop the others.</remarks>
internal sealed class LoadVerb : Verb
{
    private readonly Argument<string> _file = FileArgument();
    private readonly Argument<string[]> _elements =
        new("ELEMENT") { Description = "Elements to load.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> _all = new("--all") { Description = "Load all elements that can be read." };

    private readonly Option<bool> _twin =
        new("--twin") { Description = "Also build the twins of sparse matrices, which serve genes (of csc ones, cells)." };

    protected override string Name => "load";
    protected override string Summary => "Load elements, so that every process finds them in memory.";
    protected override string Example => "load pbmc3k.h5ad X obs obsm/X_pca";
    protected override IEnumerable<Symbol> Symbols => [_file, _elements, _all, _twin];

    protected override int Execute(Session session)
    {
        string[] named = session.Parsed.GetValue(_elements) ?? [];
        bool all = session.Parsed.GetValue(_all);
        if (all == named.Length > 0) { throw new UsageException("Name the elements to load, or give --all."); }
        using CachedAnnData source = session.OpenSource(session.Parsed.GetRequiredValue(_file));
        int result = ExitCodes.Done;
        foreach (string element in all ? Loadables.Of(source.Tree) : named)
        {
            try
            {
                Load(session, source, element, session.Parsed.GetValue(_twin));
            }
            catch (ElementException refused) when (all)
            {
                WriteRefused(session, element, refused.Message);
                result = (int)refused.Error;
            }
        }

        if (all)
        {
            foreach (ElementInfo refused in Loadables.Refused(source.Tree)) { WriteRefused(session, refused.Path, refused.Reason!); }
        }

        session.Cache.FlushAsync(session.Cancellation).GetAwaiter().GetResult();
        return result;
    }

    private static void Load(Session session, CachedAnnData source, string element, bool twin)
    {
        long start = Stopwatch.GetTimestamp();
        PinnedElement pinned;
        using (ProgressLine progress = new()) { pinned = source.Pin(element, progress, session.Cancellation); }
        using (pinned)
        {
            WriteLoaded(session, element, pinned, Stopwatch.GetElapsedTime(start));
            if (twin && pinned.Info.Kind is (ElementKind.Csr or ElementKind.Csc)) { LoadTwin(session, source, pinned.Info.Path); }
        }
    }

    private static void LoadTwin(Session session, CachedAnnData source, string element)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            using PinnedElement twin = source.Slices(element).PinTwin(session.Cancellation)!;
            WriteLoaded(session, element, twin, Stopwatch.GetElapsedTime(start), "twin");
        }
        catch (StoreException useless) when (useless.Error == CacheError.TooLarge)
        {
            WriteRefused(session, $"{element} (twin)", useless.Message); // the element itself is there
        }
    }

    private static void WriteLoaded(Session session, string element, PinnedElement pinned, TimeSpan elapsed, string? derived = null)
    {
        if (!session.Json)
        {
            session.Out.WriteLine(Describe(pinned, elapsed, derived is null ? element : $"{element} ({derived})"));
            foreach ((string column, string reason) in pinned.RefusedColumns) { WriteRefused(session, $"{element}/{column}", reason); }
            return;
        }

        Session.WriteJsonLine(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("element", element);
            if (derived is not null) { writer.WriteString("derived", derived); }
            WriteMembers(writer, pinned, elapsed);
            if (pinned.RefusedColumns.Count > 0)
            {
                writer.WriteStartObject("refused_columns");
                foreach ((string column, string reason) in pinned.RefusedColumns) { writer.WriteString(column, reason); }
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        });
    }

    /// <summary>What a load has found, as one line for people.</summary>
    internal static string Describe(PinnedElement pinned, TimeSpan elapsed, string name) =>
        $"{(pinned.Loaded ? "loaded" : "hit"),-8}{pinned.Tier,-6}{Words.Bytes(pinned.Bytes),12}{Words.Time(elapsed),12}  {SafeText.OneLine(name)}";

    /// <summary>The same as members of a JSON object.</summary>
    internal static void WriteMembers(Utf8JsonWriter writer, PinnedElement pinned, TimeSpan elapsed)
    {
        writer.WriteString("result", pinned.Loaded ? "loaded" : "hit");
        writer.WriteString("tier", pinned.Tier);
        writer.WriteNumber("bytes", pinned.Bytes);
        writer.WriteNumber("seconds", elapsed.TotalSeconds);
        writer.WriteString("file", pinned.PartFile);
    }

    private static void WriteRefused(Session session, string element, string reason)
    {
        if (!session.Json)
        {
            session.Out.WriteLine($"{"refused",-38}  {SafeText.OneLine(element)}: {SafeText.OneLine(reason)}");
            return;
        }

        Session.WriteJsonLine(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("element", element);
            writer.WriteString("result", "refused");
            writer.WriteString("reason", reason);
            writer.WriteEndObject();
        });
    }
}
