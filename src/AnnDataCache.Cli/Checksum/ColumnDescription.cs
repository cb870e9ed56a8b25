using System.Text.Json;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli.Checksum;

/// <summary>Writes what one column holds: the members of a JSON object that is already open.</summary>
internal sealed class ColumnDescription(Utf8JsonWriter writer, CancellationToken cancellation)
{
    private const int MaxText = 200;

    /// <summary>A column of a dataframe or a standing array, described as what the file says it is.</summary>
    internal void Write(PinnedColumn column, ElementKind kind, IReadOnlyList<long> shape)
    {
        writer.WriteString("kind", kind.Name());
        switch (kind)
        {
            case ElementKind.Categorical: WriteCategorical(column); break;
            case ElementKind.StringArray: WriteStrings(column, shape); break;
            case ElementKind.NullableStringArray: WriteNullable(column, shape, isString: true); break;
            case ElementKind.NullableInteger or ElementKind.NullableBoolean: WriteNullable(column, shape, isString: false); break;
            default: WriteDense(column, shape); break;
        }
    }

    private void WriteDense(PinnedColumn column, IReadOnlyList<long> shape)
    {
        writer.WriteString("dtype", column.Type.Name());
        writer.WriteShape(shape);
        writer.WriteString("sha256", ContentHash.OfNumbers(column, zeroNulls: false, cancellation));
        long count = column.Rows * column.Width;
        writer.WriteNumber("n", count);
        NumberSummary.Of(column, cancellation)?.Write(writer);
        if (count == 0) { return; }
        writer.WriteStartArray("first");
        for (long i = 0; i < Math.Min(3, count); i++) { WriteNumber(column, i); }
        writer.WriteEndArray();
        writer.WriteStartArray("last");
        WriteNumber(column, count - 1);
        writer.WriteEndArray();
    }

    private void WriteNumber(PinnedColumn column, long position)
    {
        object? value = column.GetValue(position / column.Width, position % column.Width);
        writer.WriteValue(value is float number ? (double)number : value); // widened, as the statistics are
    }

    private void WriteStrings(PinnedColumn column, IReadOnlyList<long> shape)
    {
        long empty = 0, bytes = 0;
        for (long row = 0; row < column.Rows; row++)
        {
            int length = column.GetUtf8(row).Length;
            bytes += length;
            if (length == 0) { empty++; }
        }

        writer.WriteShape(shape);
        writer.WriteNumber("n", column.Rows);
        writer.WriteString("sha256", ContentHash.OfStrings(column, emptyNulls: false, cancellation));
        writer.WriteNumber("empty_count", empty);
        writer.WriteNumber("total_utf8_bytes", bytes);
        writer.WriteStartArray("first");
        for (long row = 0; row < Math.Min(3, column.Rows); row++) { writer.WriteStringValue(Cut(column.GetString(row))); }
        writer.WriteEndArray();
        writer.WriteStartArray("last");
        if (column.Rows > 0) { writer.WriteStringValue(Cut(column.GetString(column.Rows - 1))); }
        writer.WriteEndArray();
    }

    /// <summary>At most 200 characters, counted as Unicode code points.</summary>
    private static string Cut(string text) =>
        text.Length <= MaxText ? text : string.Concat(text.EnumerateRunes().Take(MaxText).Select(rune => rune.ToString()));

    private void WriteNullable(PinnedColumn column, IReadOnlyList<long> shape, bool isString)
    {
        writer.WriteShape(shape);
        writer.WriteString("dtype", isString ? "string" : column.Type.Name());
        writer.WriteNumber("null_count", column.NullCount);
        writer.WriteString("mask_sha256", ContentHash.OfMask(column, cancellation));
        writer.WriteString("values_sha256", Hash(column, isString, nullsZeroed: false));
        writer.WriteString("values_nulls_zeroed_sha256", Hash(column, isString, nullsZeroed: true));
        writer.WriteStartArray("first");
        for (long row = 0; row < Math.Min(3, column.Rows); row++)
        {
            object? value = column.GetValue(row);
            writer.WriteValue(value is string text ? Cut(text) : value);
        }

        writer.WriteEndArray();
    }

    private string Hash(PinnedColumn column, bool isString, bool nullsZeroed) => isString
        ? ContentHash.OfStrings(column, nullsZeroed, cancellation)
        : ContentHash.OfNumbers(column, nullsZeroed, cancellation);

    private void WriteCategorical(PinnedColumn column)
    {
        writer.WriteBoolean("ordered", column.Ordered);
        PinnedColumn categories = column.Categories!;
        writer.WriteStartObject("categories");
        Write(categories, categories.Kind, [categories.Rows]);
        writer.WriteEndObject();
        writer.WriteString("codes_dtype", (column.StoredType("codes") ?? column.Type).Name());
        writer.WriteString("codes_sha256_i4", ContentHash.OfCodes(column, cancellation));
        writer.WriteNumber("n", column.Rows);
        writer.WriteNumber("missing_count", column.NullCount);
    }
}
