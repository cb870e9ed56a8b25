using System.Runtime.InteropServices;
using System.Text;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Tests.Parts;

/// <summary>A column of a golden part: its layout, and the bytes of its buffers.</summary>
internal sealed record GoldenColumn(ColumnLayout Layout, byte[] Values)
{
    internal byte[] Offsets { get; init; } = [];

    internal byte[] Indices { get; init; } = [];

    internal byte[] Validity { get; init; } = [];

    internal GoldenColumn? Categories { get; init; }

    /// <summary>Known when the column is filled, as in a load; not when it is laid out.</summary>
    internal long NullCount { get; init; }

    internal bool Ascii { get; init; }

    internal bool Canonical { get; init; }

    /// <summary>Numbers, some of which may be missing: those rows keep the value under the null.</summary>
    internal static GoldenColumn Numbers<T>(
        string name, DType type, ReadOnlySpan<T> values, int width = 1, bool[]? present = null, string encoding = "array") where T : unmanaged
    {
        byte[] bytes = MemoryMarshal.AsBytes(values).ToArray();
        byte[] validity = Bitmap(present ?? []);
        ColumnLayout layout = new()
        {
            Name = name, Kind = ColumnKind.Number, Type = type, Rows = bytes.Length / type.Size() / width, Width = width,
            Values = new(0, bytes.Length), Validity = new(0, validity.Length), Encoding = encoding,
        };
        return new GoldenColumn(layout, bytes) { Validity = validity, NullCount = Missing(present) };
    }

    internal static GoldenColumn Bools(string name, bool[] values, bool[]? present = null)
    {
        byte[] bits = Bitmap(values), validity = Bitmap(present ?? []);
        ColumnLayout layout = new()
        {
            Name = name, Kind = ColumnKind.Bool, Type = DType.Bool, Rows = values.Length, Values = new(0, bits.Length),
            Validity = new(0, validity.Length), Encoding = present is null ? "array" : "nullable-boolean",
        };
        return new GoldenColumn(layout, bits) { Validity = validity, NullCount = Missing(present) };
    }

    internal static GoldenColumn Strings(string name, string[] values, bool[]? present = null, long[]? shape = null)
    {
        (byte[] offsets, byte[] text, bool ascii) = Text(values);
        byte[] validity = Bitmap(present ?? []);
        ColumnLayout layout = new()
        {
            Name = name, Kind = ColumnKind.String, Rows = values.Length, Values = new(0, text.Length), Offsets = new(0, offsets.Length),
            Validity = new(0, validity.Length), Encoding = present is null ? "string-array" : "nullable-string-array", Shape = shape,
        };
        return new GoldenColumn(layout, text) { Offsets = offsets, Validity = validity, NullCount = Missing(present), Ascii = ascii };
    }

    /// <summary>Codes into categories: a categorical, or strings that repeat.</summary>
    internal static GoldenColumn Codes<T>(
        string name, DType type, ReadOnlySpan<T> codes, GoldenColumn categories, bool[]? present = null, bool ordered = false, bool strings = false)
        where T : unmanaged
    {
        byte[] bytes = MemoryMarshal.AsBytes(codes).ToArray();
        byte[] validity = Bitmap(present ?? []);
        ColumnLayout layout = new()
        {
            Name = name, Kind = strings ? ColumnKind.String : ColumnKind.Categorical, Type = type, Rows = codes.Length, Ordered = ordered,
            Values = new(0, bytes.Length), Validity = new(0, validity.Length), Categories = categories.Layout,
            Encoding = strings ? "string-array" : "categorical",
        };
        return new GoldenColumn(layout, bytes) { Validity = validity, NullCount = Missing(present), Categories = categories, Ascii = strings };
    }

    internal static GoldenColumn Sparse<TIndex, T>(
        string name, DType type, DType indexType, ReadOnlySpan<TIndex> offsets, ReadOnlySpan<TIndex> indices, ReadOnlySpan<T> values, bool canonical)
        where TIndex : unmanaged where T : unmanaged
    {
        byte[] data = MemoryMarshal.AsBytes(values).ToArray(), starts = MemoryMarshal.AsBytes(offsets).ToArray();
        byte[] positions = MemoryMarshal.AsBytes(indices).ToArray();
        ColumnLayout layout = new()
        {
            Name = name, Kind = ColumnKind.Sparse, Type = type, IndexType = indexType, Rows = offsets.Length - 1,
            Values = new(0, data.Length), Offsets = new(0, starts.Length), Indices = new(0, positions.Length),
            Stored = indexType == DType.Int32 ? new Dictionary<string, string> { ["indices"] = "int64", ["indptr"] = "uint32" } : null,
        };
        return new GoldenColumn(layout, data) { Offsets = starts, Indices = positions, Canonical = canonical };
    }

    internal static GoldenColumn Json(string text)
    {
        (byte[] offsets, byte[] bytes, _) = Text([text]);
        ColumnLayout layout = new() { Name = "json", Kind = ColumnKind.Json, Rows = 1, Values = new(0, bytes.Length), Offsets = new(0, offsets.Length) };
        return new GoldenColumn(layout, bytes) { Offsets = offsets };
    }

    /// <summary>One row of bytes of any kind.</summary>
    internal static GoldenColumn Bytes(string name, byte[] bytes)
    {
        ColumnLayout layout = new() { Name = name, Kind = ColumnKind.Bytes, Rows = 1, Values = new(0, bytes.Length), Offsets = new(0, 2 * sizeof(long)) };
        return new GoldenColumn(layout, bytes) { Offsets = [.. BitConverter.GetBytes(0L), .. BitConverter.GetBytes((long)bytes.Length)] };
    }

    /// <summary>Writes the buffers to where the plan has put them, and says what only the data tell.</summary>
    internal void Fill(ByteTarget target)
    {
        target.Write(Layout.Values.Offset, Values);
        target.Write(Layout.Offsets.Offset, Offsets);
        target.Write(Layout.Indices.Offset, Indices);
        target.Write(Layout.Validity.Offset, Validity);
        (Layout.NullCount, Layout.Ascii, Layout.Canonical) = (NullCount, Ascii, Canonical);
        Categories?.Fill(target);
    }

    private static (byte[] Offsets, byte[] Text, bool Ascii) Text(string[] values)
    {
        long[] offsets = new long[values.Length + 1];
        for (int i = 0; i < values.Length; i++) { offsets[i + 1] = offsets[i] + Encoding.UTF8.GetByteCount(values[i]); }
        byte[] text = Encoding.UTF8.GetBytes(string.Concat(values));
        return (MemoryMarshal.AsBytes(offsets.AsSpan()).ToArray(), text, System.Text.Ascii.IsValid(text));
    }

    private static byte[] Bitmap(bool[] bits)
    {
        byte[] bytes = new byte[BufferLengths.Bitmap(bits.Length)];
        for (int i = 0; i < bits.Length; i++) { bytes[i / 8] |= (byte)((bits[i] ? 1 : 0) << (i % 8)); }
        return bytes;
    }

    private static long Missing(bool[]? present) => present?.Count(value => !value) ?? 0;
}
