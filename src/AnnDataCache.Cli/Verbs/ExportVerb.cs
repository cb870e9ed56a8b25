using System.CommandLine;
using AnnDataCache.Cli.Export;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Writes one element to a file that other programs read.</summary>
internal sealed class ExportVerb : Verb
{
    private readonly Argument<string> _file = FileArgument();
    private readonly Argument<string> _element = ElementArgument();
    private readonly Option<string> _output =
        new("--output", "-o") { Description = "File to write; its extension decides: .arrow, .csv, .npy, .mtx.", HelpName = "OUT", Required = true };
    private readonly Option<bool> _force = new("--force") { Description = "Replace the file if it exists." };

    internal override string Name => "export";
    protected override string Summary =>
        "Write an element to a file: any as .arrow, dataframes and columns as .csv, dense arrays as .npy, sparse as .mtx.";
    protected override string Example => "export pbmc3k.h5ad obs -o obs.csv";
    protected override IEnumerable<Symbol> Symbols => [_file, _element, _output, _force];

    protected override int Execute(Session session)
    {
        string output = session.Parsed.GetRequiredValue(_output), path = session.Parsed.GetRequiredValue(_element);
        Action<PinnedElement, Stream> write = Path.GetExtension(output) switch
        {
            ".arrow" => (element, stream) => element.CopyTo(stream),
            ".csv" => (element, stream) => CsvExport.Write(element, stream, session.Cancellation),
            ".npy" => (element, stream) => NpyExport.Write(element, stream, session.Cancellation),
            ".mtx" => (element, stream) => MatrixMarketExport.Write(element, stream, session.Cancellation),
            string other => throw new UsageException($"'{other}' is not a kind of file that can be written; give .arrow, .csv, .npy or .mtx."),
        };
        using CachedAnnData source = session.OpenSource(session.Parsed.GetRequiredValue(_file));
        PinnedElement pinned;
        using (ProgressLine progress = new()) { pinned = source.Pin(path, progress, session.Cancellation); }
        using (pinned)
        {
            OutputFile.Write(output, session.Parsed.GetValue(_force), stream => write(pinned, stream));
            WriteResult(session, path, Path.GetFullPath(output), LeftOut(pinned));
        }

        return ExitCodes.Done;
    }

    internal static UsageException Wrong(PinnedElement pinned, string format, string fitting) => new(
        $"'{pinned.Info.Path}' is a {pinned.Info.Kind.Name()}; .{format} holds {fitting}. Any element can be exported as .arrow.");

    /// <summary>Columns that could not be read, and so are not in the output.</summary>
    private static IReadOnlyDictionary<string, string> LeftOut(PinnedElement pinned) =>
        pinned.Info.Kind is ElementKind.DataFrame or ElementKind.RecArray ? pinned.RefusedColumns : new Dictionary<string, string>();

    internal static void WriteResult(Session session, string element, string output, IReadOnlyDictionary<string, string>? leftOut = null)
    {
        leftOut ??= new Dictionary<string, string>();
        foreach ((string column, string reason) in leftOut)
        {
            Console.Error.WriteLine($"anndata-cache: column '{SafeText.OneLine(column)}' is left out: {SafeText.OneLine(reason)}");
        }

        long bytes = new FileInfo(output).Length;
        if (!session.Json)
        {
            session.Out.WriteLine($"{SafeText.OneLine(element)} → {SafeText.OneLine(output)}, {Words.Bytes(bytes)}");
            return;
        }

        Session.WriteJson(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("element", element);
            writer.WriteString("output", output);
            writer.WriteNumber("bytes", bytes);
            writer.WriteStartObject("left_out");
            foreach ((string column, string reason) in leftOut) { writer.WriteString(column, reason); }
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }
}
