using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using AnnDataCache.Interop;
using AnnDataCache.Parts;
using AnnDataCache.Store;

namespace AnnDataCache.Objects;

/// <summary>What only the bytes of an object can tell: missing values, ASCII, the order of a sparse matrix's indices.</summary>
internal static unsafe class ContentFacts
{
    private const int Block = 1 << 20;

    /// <summary>Plain data beyond this is better put as arrays: all of it is read to take a value out.</summary>
    internal const int MaxJson = 256 << 20;

    /// <summary>Sets them in the layout. The buffers are written, the framing is not.</summary>
    internal static void Find(PartLayout layout, PartReservation reservation, CancellationToken cancellation)
    {
        using MappedFile bytes = reservation.MapFilled();
        foreach (ColumnLayout column in layout.Columns) { Find(column, bytes, cancellation); }
    }

    /// <summary>Why the text of an object of plain data is not JSON, or null.</summary>
    internal static string? FindProblem(PartView view)
    {
        if (view.Layout.Kind != PartKind.Json) { return null; }
        BufferRange text = view.Layout.Columns[0].Values;
        if (text.Length > MaxJson) { return $"its JSON has {text.Length:N0} bytes; up to {MaxJson:N0} are kept as plain data"; }
        try
        {
            Utf8JsonReader reader = new(view.Span(text));
            while (reader.Read()) { }
            return null;
        }
        catch (JsonException wrong)
        {
            return $"its text is not JSON ({wrong.Message.TrimEnd('.')})";
        }
    }

    private static void Find(ColumnLayout column, MappedFile bytes, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (column.Validity.Length > 0) { column.NullCount = column.Rows - CountBits(column, bytes); }
        if (column.Kind == ColumnKind.String && column.Categories is null) { column.Ascii = IsAscii(column.Values, bytes); }
        if (column.Kind == ColumnKind.Sparse)
        {
            column.Canonical = column.IndexType == DType.Int32 ? Increases<int>(column, bytes) : Increases<long>(column, bytes);
        }

        if (column.Items is { } items) { Find(items, bytes, cancellation); }
        if (column.Categories is not { } categories) { return; }
        Find(categories, bytes, cancellation);
        column.Ascii = categories.Ascii;
    }

    /// <summary>Set bits below the number of rows: those behind it say nothing.</summary>
    private static long CountBits(ColumnLayout column, MappedFile bytes)
    {
        byte* bits = bytes.Address + column.Validity.Offset;
        long set = 0, whole = column.Rows / 8;
        for (long i = 0; i < whole; i++) { set += BitOperations.PopCount(bits[i]); }
        int rest = (int)(column.Rows % 8);
        return rest == 0 ? set : set + BitOperations.PopCount(bits[whole] & ((1u << rest) - 1));
    }

    private static bool IsAscii(BufferRange range, MappedFile bytes)
    {
        for (long start = 0; start < range.Length; start += Block)
        {
            if (!Ascii.IsValid(bytes.Span(range.Offset + start, (int)Math.Min(Block, range.Length - start)))) { return false; }
        }

        return true;
    }

    /// <summary>True when indices increase strictly in every row. Offsets are looked at with suspicion: nobody has checked them yet.</summary>
    private static bool Increases<T>(ColumnLayout column, MappedFile bytes) where T : unmanaged, IBinaryInteger<T>
    {
        T* offsets = (T*)(bytes.Address + column.Offsets.Offset), indices = (T*)(bytes.Address + column.Indices.Offset);
        long count = column.Indices.Length / sizeof(T);
        for (long row = 0; row < column.Rows; row++)
        {
            (long start, long end) = (long.CreateChecked(offsets[row]), long.CreateChecked(offsets[row + 1]));
            if (start < 0 || end > count) { return false; }
            for (long i = start + 1; i < end; i++)
            {
                if (indices[i] <= indices[i - 1]) { return false; }
            }
        }

        return true;
    }
}
