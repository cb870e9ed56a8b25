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

    internal override string Name => "load";
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
        using ProgressLine progress = new();
        source.Load(all ? null : named, Tell, progress, session.Cancellation);
        if (all)
        {
            foreach (ElementInfo refused in source.Tree.SelfAndDescendants().Where(info => info.Kind == ElementKind.Refused))
            {
                WriteRefused(session, refused.Path, refused.Reason!);
            }
        }

        session.Cache.FlushAsync(session.Cancellation).GetAwaiter().GetResult();
        return result;

        void Tell(LoadedElement element)
        {
            progress.Hide();
            if (element.Failure is { } failure)
            {
                if (!all) { throw failure; }
                WriteRefused(session, element.Element, failure.Message);
                result = (int)failure.Error;
                return;
            }

            WriteLoaded(session, element);
            if (element.Kind is (ElementKind.Csr or ElementKind.Csc) && session.Parsed.GetValue(_twin)) { LoadTwin(session, source, element.Element); }
        }
    }

    private static void LoadTwin(Session session, CachedAnnData source, string element)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            using PinnedElement twin = source.Slices(element).PinTwin(session.Cancellation)!;
            WriteLoaded(session, new LoadedElement(element, twin, Stopwatch.GetElapsedTime(start)), "twin");
        }
        catch (StoreException useless) when (useless.Error == CacheError.TooLarge)
        {
            WriteRefused(session, $"{element} (twin)", useless.Message); // the element itself is there
        }
    }

    private static void WriteLoaded(Session session, LoadedElement part, string? derived = null)
    {
        if (!session.Json)
        {
            session.Out.WriteLine(Describe(part, derived is null ? part.Element : $"{part.Element} ({derived})"));
            foreach ((string column, string reason) in part.RefusedColumns) { WriteRefused(session, $"{part.Element}/{column}", reason); }
            return;
        }

        Session.WriteJsonLine(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("element", part.Element);
            if (derived is not null) { writer.WriteString("derived", derived); }
            WriteMembers(writer, part);
            if (part.RefusedColumns.Count > 0)
            {
                writer.WriteStartObject("refused_columns");
                foreach ((string column, string reason) in part.RefusedColumns) { writer.WriteString(column, reason); }
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        });
    }

    /// <summary>What a load has found, as one line for people.</summary>
    internal static string Describe(LoadedElement part, string name)
    {
        string bytes = Words.Bytes(part.Bytes), time = Words.Time(part.Elapsed), safe = SafeText.OneLine(name);
        return $"{(part.Loaded ? "loaded" : "hit"),-8}{part.Tier,-6}{bytes,12}{time,12}  {safe}";
    }

    /// <summary>The same as members of a JSON object.</summary>
    internal static void WriteMembers(Utf8JsonWriter writer, LoadedElement part)
    {
        writer.WriteString("result", part.Loaded ? "loaded" : "hit");
        writer.WriteString("tier", part.Tier);
        writer.WriteNumber("bytes", part.Bytes);
        writer.WriteNumber("seconds", part.Elapsed.TotalSeconds);
        writer.WriteString("file", part.PartFile);
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
