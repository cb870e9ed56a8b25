using System.Text.Encodings.Web;
using System.Text.Json;

namespace AnnDataCache.Cli.Output;

/// <summary>JSON on a stream, always written whole and ended by a line end.</summary>
internal static class JsonOutput
{
    internal static void Write(Stream stream, bool indented, Action<Utf8JsonWriter> write)
    {
        JsonWriterOptions options = new() { Indented = indented, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 256 };
        try
        {
            using (Utf8JsonWriter writer = new(stream, options)) { write(writer); }
            stream.Write("\n"u8);
            stream.Flush();
        }
        catch (IOException error)
        {
            throw new OutputException($"The output cannot be written: {error.Message}", error);
        }
    }

    /// <summary>A number as JSON says it; NaN and the infinities, which it cannot say, as strings.</summary>
    internal static void WriteNumber(this Utf8JsonWriter writer, double value)
    {
        if (double.IsFinite(value)) { writer.WriteRawValue(DTypes.Text(value)); }
        else { writer.WriteStringValue(double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity"); }
    }

    /// <summary>A value of an element: null, text, bool or number.</summary>
    internal static void WriteValue(this Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null: writer.WriteNullValue(); break;
            case string text: writer.WriteStringValue(text); break;
            case bool flag: writer.WriteBooleanValue(flag); break;
            case double number: writer.WriteNumber(number); break;
            case float number: WriteSingle(writer, number); break;
            case Half number: writer.WriteNumber((double)number); break;
            case ulong number: writer.WriteNumberValue(number); break;
            case System.Numerics.Complex number:
                writer.WriteStartArray();
                writer.WriteNumber(number.Real);
                writer.WriteNumber(number.Imaginary);
                writer.WriteEndArray();
                break;
            default: writer.WriteNumberValue(Convert.ToInt64(value, null)); break;
        }
    }

    internal static void WriteShape(this Utf8JsonWriter writer, IReadOnlyList<long> shape)
    {
        writer.WriteStartArray("shape");
        foreach (long length in shape) { writer.WriteNumberValue(length); }
        writer.WriteEndArray();
    }

    private static void WriteSingle(Utf8JsonWriter writer, float value)
    {
        if (float.IsFinite(value)) { writer.WriteNumberValue(value); }
        else { writer.WriteNumber((double)value); }
    }
}
