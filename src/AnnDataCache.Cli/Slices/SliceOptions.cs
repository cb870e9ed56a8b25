using System.CommandLine;
using System.Runtime.InteropServices;
using AnnDataCache.Cli.Export;

namespace AnnDataCache.Cli;

/// <summary>Options that the verbs of slices share: of which matrix, as which numbers, written how.</summary>
internal sealed class SliceOptions
{
    private readonly Option<string?> _column =
        new("--column") { Description = "Column of var that has the names, such as feature_name [default: the row names].", HelpName = "COLUMN" };
    private readonly Option<string?> _layer = new("--layer") { Description = "The layer instead of X.", HelpName = "LAYER" };
    private readonly Option<string> _type = new("--dtype")
    {
        Description = "float32, float64, or exact: the matrix's own type.", HelpName = "TYPE", DefaultValueFactory = _ => "float32",
    };
    private readonly Option<bool> _raw = new("--raw") { Description = SliceResult.RawDescription };
    private readonly Option<string?> _output = new("--output", "-o") { Description = "Write a .npy file.", HelpName = "OUT.npy" };
    private readonly Option<bool> _force = new("--force") { Description = "Replace the file if it exists." };

    internal SliceOptions() => _type.AcceptOnlyFromAmong("float32", "float64", "exact");

    internal IEnumerable<Symbol> Symbols => [_column, _layer, _type, _raw, _output, _force];

    internal string? Column(Session session) => session.Parsed.GetValue(_column);

    /// <summary>The matrix that is meant.</summary>
    /// <param name="session">The call.</param>
    /// <param name="source">The file.</param>
    /// <param name="element">What was named, if anything.</param>
    internal MatrixSlices Open(Session session, CachedAnnData source, string? element)
    {
        string? layer = session.Parsed.GetValue(_layer);
        if (layer is not null && element is not null) { throw new UsageException("Give an element or --layer, not both."); }
        return source.Slices(element ?? (layer is null ? "X" : $"layers/{layer}"));
    }

    /// <summary>The type of the numbers that are written.</summary>
    internal DType TypeOf(Session session, MatrixSlices slices) => session.Parsed.GetValue(_type) switch
    {
        _ when slices.Type is DType.Complex64 or DType.Complex128 => slices.Type,
        "float64" => DType.Float64,
        "exact" => slices.Type,
        _ => DType.Float32,
    };

    /// <summary>Numbers of a type as bytes, by the call that fits the type.</summary>
    internal static byte[] Read(DType type, DType stored, long count, Action<Span<float>> single, Action<Span<double>> twice, Action<Span<byte>> exact)
    {
        if (count * type.Size() > Array.MaxLength)
        {
            throw new UsageException($"The slice has {count:N0} numbers of {type.Name()}, more than the {Array.MaxLength:N0} bytes that are written at a time. Take fewer.");
        }

        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)(count * type.Size()));
        if (type == stored) { exact(bytes); }
        else if (type == DType.Float32) { single(MemoryMarshal.Cast<byte, float>(bytes.AsSpan())); }
        else { twice(MemoryMarshal.Cast<byte, double>(bytes.AsSpan())); }
        return bytes;
    }

    /// <summary>Writes the answer as it was asked for; people get the text.</summary>
    internal void Write(Session session, SliceResult result, Action text)
    {
        if (session.Parsed.GetValue(_output) is { } output)
        {
            if (Path.GetExtension(output) != ".npy") { throw new UsageException($"'{output}' must end with .npy."); }
            OutputFile.Write(output, session.Parsed.GetValue(_force), result.WriteNpy);
            return;
        }

        if (session.Parsed.GetValue(_raw)) { result.WriteRaw(Console.OpenStandardOutput()); }
        else if (session.Json) { result.WriteJson(); }
        else { text(); }
        session.Out.Flush(); // the answer comes before a twin that is still being built
    }
}
