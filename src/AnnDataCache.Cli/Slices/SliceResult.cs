using System.Runtime.InteropServices;
using System.Text.Json;
using AnnDataCache.Cli.Export;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>One array of an answer: little-endian numbers in C order.</summary>
internal sealed record SliceArray(string Name, DType Type, IReadOnlyList<long> Shape, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>A number as an object of its own type.</summary>
    internal object this[long position] => Type.FromBytes(Bytes.Span.Slice((int)(position * Type.Size()), Type.Size()));
}

/// <summary>A slice of a matrix, and the ways in which it is written.</summary>
/// <param name="Element">Path of the matrix.</param>
/// <param name="Format"><c>dense</c>: one array; <c>csr</c>: indptr, indices, data.</param>
/// <param name="Shape">Two axes.</param>
/// <param name="Genes">Names or positions of the genes as they were asked for; null for all.</param>
/// <param name="Arrays">The numbers.</param>
internal sealed record SliceResult(
    string Element, string Format, IReadOnlyList<long> Shape, IReadOnlyList<string>? Genes, IReadOnlyList<SliceArray> Arrays)
{
    /// <summary>What <c>--raw</c> writes, for the help.</summary>
    internal const string RawDescription =
        "Write one line of JSON (element, format, shape, genes, arrays with name, dtype and shape), then the arrays' bytes, little-endian, one after the other.";

    private const int Piece = 1 << 24;

    internal static SliceResult Of(string element, IReadOnlyList<string> genes, long observations, DType type, byte[] values) =>
        new(element, "dense", [genes.Count, observations], genes, [new SliceArray("values", type, [genes.Count, observations], values)]);

    internal static SliceResult Of(string element, SparseSlice slice) => new(element, "csr", [slice.Rows, slice.Columns], null,
    [
        new SliceArray("indptr", DType.Int64, [slice.Rows + 1], MemoryMarshal.AsBytes(slice.Offsets.Span).ToArray()),
        new SliceArray("indices", DType.Int32, [slice.Indices.Length], MemoryMarshal.AsBytes(slice.Indices.Span).ToArray()),
        new SliceArray("data", slice.Type, [slice.Indices.Length], slice.Values<byte>().ToArray()),
    ]);

    internal void WriteRaw(Stream stream)
    {
        JsonOutput.Write(stream, indented: false, writer =>
        {
            WriteStart(writer);
            writer.WriteStartArray("arrays");
            foreach (SliceArray array in Arrays)
            {
                writer.WriteStartObject();
                writer.WriteString("name", array.Name);
                writer.WriteString("dtype", array.Type.Name());
                writer.WriteShape(array.Shape);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });
        try
        {
            foreach (SliceArray array in Arrays)
            {
                for (int start = 0; start < array.Bytes.Length; start += Piece)
                {
                    stream.Write(array.Bytes.Span.Slice(start, Math.Min(Piece, array.Bytes.Length - start)));
                }
            }

            stream.Flush();
        }
        catch (IOException error)
        {
            throw new OutputException($"The output cannot be written: {error.Message}", error);
        }
    }

    internal void WriteJson() => Session.WriteJson(writer =>
    {
        WriteStart(writer);
        foreach (SliceArray array in Arrays)
        {
            writer.WriteStartArray(array.Name);
            bool nested = array.Shape.Count == 2;
            for (long i = 0; i < (nested ? array.Shape[0] : 1); i++)
            {
                if (nested) { writer.WriteStartArray(); }
                for (long j = 0; j < array.Shape[^1]; j++) { writer.WriteValue(array[(i * array.Shape[^1]) + j]); }
                if (nested) { writer.WriteEndArray(); }
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    });

    /// <summary>Numbers as a .npy file.</summary>
    /// <exception cref="UsageException">Three arrays, which .npy cannot hold.</exception>
    internal void WriteNpy(Stream stream)
    {
        SliceArray array = Arrays is [{ } only] ? only : throw new UsageException("The cells are sparse, three arrays: give --dense, or name --genes, for .npy.");
        stream.Write(NpyExport.Header(array.Type, array.Shape is [1, { } length] && Genes?.Count == 1 ? [length] : array.Shape));
        stream.Write(array.Bytes.Span);
    }

    private void WriteStart(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("element", Element);
        writer.WriteString("format", Format);
        writer.WriteShape(Shape);
        if (Genes is null) { return; }
        writer.WriteStartArray("genes");
        foreach (string gene in Genes) { writer.WriteStringValue(gene); }
        writer.WriteEndArray();
    }
}
