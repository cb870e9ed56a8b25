using System.Globalization;
using System.Numerics;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli.Export;

/// <summary>A sparse matrix as a Matrix Market file: coordinates from 1, numbers with all their digits.</summary>
internal static class MatrixMarketExport
{
    internal static void Write(PinnedElement pinned, Stream stream, CancellationToken cancellation)
    {
        if (pinned.Info.Kind is not (ElementKind.Csr or ElementKind.Csc)) { throw ExportVerb.Wrong(pinned, "mtx", "sparse matrices"); }
        PinnedColumn column = pinned.Columns[0];
        bool isCsr = pinned.Info.Kind == ElementKind.Csr;
        using StreamWriter writer = new(stream, bufferSize: 1 << 16, leaveOpen: true) { NewLine = "\n" };
        writer.WriteLine($"%%MatrixMarket matrix coordinate {Field(column.Type)} general");
        writer.WriteLine(Line($"{pinned.Info.Shape[0]} {pinned.Info.Shape[1]} {column.Values.Count}"));
        for (long major = 0; major < column.Rows; major++)
        {
            cancellation.ThrowIfCancellationRequested();
            long end = column.Offsets.GetIndex(major + 1);
            for (long entry = column.Offsets.GetIndex(major); entry < end; entry++)
            {
                long minor = column.Indices.GetIndex(entry);
                (long row, long variable) = isCsr ? (major, minor) : (minor, major);
                writer.WriteLine(Line($"{row + 1} {variable + 1} {Text(column.Values.GetValue(entry))}"));
            }
        }
    }

    private static string Field(DType type) => type switch
    {
        DType.Complex64 or DType.Complex128 => "complex",
        DType.Float16 or DType.Float32 or DType.Float64 => "real",
        _ => "integer",
    };

    private static string Line(FormattableString line) => line.ToString(CultureInfo.InvariantCulture);

    private static string Text(object value) => value switch
    {
        bool flag => flag ? "1" : "0",
        Complex number => Line($"{Text(number.Real)} {Text(number.Imaginary)}"),
        double number => Special(number) ?? DTypes.Text(number),
        float number => Special(number) ?? number.ToString("R", CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new ArgumentException($"{value.GetType()} is not a type of numbers.", nameof(value)),
    };

    private static string? Special(double number) =>
        double.IsFinite(number) ? null : double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
}
