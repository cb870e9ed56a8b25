using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace AnnDataCache.Parts;

/// <summary>Reads every byte of a part and says what contradicts its layout. Structure was checked when it was opened.</summary>
internal static unsafe class PartCheck
{
    private const int Block = 1 << 20;

    internal static IReadOnlyList<string> FindProblems(PartView view, CancellationToken cancellation)
    {
        List<string> problems = [];
        long minor = view.Layout.Kind switch
        {
            PartKind.Csr => view.Layout.Shape[1],
            PartKind.Csc => view.Layout.Shape[0],
            _ => 0,
        };
        if (FramingCheck.FindProblem(view) is { } framing) { problems.Add(framing); }
        foreach (ColumnLayout column in view.Layout.Columns) { Check(view, column, minor, problems, cancellation); }
        return problems;
    }

    private static void Check(PartView view, ColumnLayout column, long minor, List<string> problems, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (column.Categories is { } categories) { Check(view, categories, 0, problems, cancellation); }
        if (column.Items is { } items) { Check(view, items, 0, problems, cancellation); }
        string? problem = ProblemOf(view, column, minor, cancellation) ?? ProblemOfValidity(view, column);
        if (problem is not null) { problems.Add($"column '{column.Name}': {problem}"); }
    }

    private static string? ProblemOf(PartView view, ColumnLayout column, long minor, CancellationToken cancellation) => column.Kind switch
    {
        _ when column.Categories is not null => column.Type switch
        {
            DType.Int8 => OutOfRange<sbyte>(view, column.Values, CodeLimit(column), "code", cancellation),
            DType.Int16 => OutOfRange<short>(view, column.Values, CodeLimit(column), "code", cancellation),
            _ => OutOfRange<int>(view, column.Values, CodeLimit(column), "code", cancellation),
        },
        ColumnKind.String or ColumnKind.Json =>
            Falling<long>(view, column.Offsets, column.Values.Length) ?? (IsUtf8(view, column.Values) ? null : "its text is not UTF-8"),
        ColumnKind.Bytes => Falling<long>(view, column.Offsets, column.Values.Length),
        ColumnKind.List => Falling<long>(view, column.Offsets, column.Items!.Rows),
        ColumnKind.Sparse => ProblemOfEntries(view, column, minor, cancellation),
        _ => null,
    };

    private static string? ProblemOfEntries(PartView view, ColumnLayout column, long minor, CancellationToken cancellation)
    {
        long entries = column.Values.Length / column.Type.Size();
        string? falling = column.OffsetType == DType.Int32 ? Falling<int>(view, column.Offsets, entries) : Falling<long>(view, column.Offsets, entries);
        return falling ?? column.IndexType switch
        {
            DType.UInt8 => OutOfRange<byte>(view, column.Indices, minor, "index", cancellation),
            DType.UInt16 => OutOfRange<ushort>(view, column.Indices, minor, "index", cancellation),
            DType.Int32 => OutOfRange<int>(view, column.Indices, minor, "index", cancellation),
            _ => OutOfRange<long>(view, column.Indices, minor, "index", cancellation),
        };
    }

    /// <summary>A missing value has code 0, also where there is no category at all.</summary>
    private static long CodeLimit(ColumnLayout column) => Math.Max(column.Categories!.Rows, column.NullCount > 0 ? 1 : 0);

    /// <summary>Offsets rise from 0 to the end.</summary>
    private static string? Falling<T>(PartView view, BufferRange range, long end) where T : unmanaged, IBinaryInteger<T>
    {
        T* offsets = (T*)view.Address(range);
        long count = range.Length / sizeof(T);
        if (offsets[0] != T.Zero || offsets[count - 1] != T.CreateChecked(end)) { return $"its offsets run from {offsets[0]} to {offsets[count - 1]} where 0 to {end} is expected"; }
        for (long i = 1; i < count; i++)
        {
            if (offsets[i] < offsets[i - 1]) { return $"its offset {i} is below the one before it"; }
        }

        return null;
    }

    private static string? OutOfRange<T>(PartView view, BufferRange range, long limit, string what, CancellationToken cancellation)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        for (long start = 0; start < range.Length; start += Block)
        {
            cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<T> values = MemoryMarshal.Cast<byte, T>(view.Mapping.Span(range.Offset + start, (int)Math.Min(Block, range.Length - start)));
            foreach (T value in values)
            {
                if (value < T.Zero || long.CreateChecked(value) >= limit) { return $"its {what} {value} is outside 0 … {limit - 1}"; }
            }
        }

        return null;
    }

    /// <summary>Blocks are cut where a character starts.</summary>
    private static bool IsUtf8(PartView view, BufferRange range)
    {
        for (long start = 0; start < range.Length;)
        {
            int count = (int)Math.Min(Block, range.Length - start);
            ReadOnlySpan<byte> text = view.Mapping.Span(range.Offset + start, count);
            if (start + count < range.Length)
            {
                int cut = count;
                while (cut > count - 4 && (text[cut - 1] & 0xC0) == 0x80) { cut--; }
                text = text[..((text[cut - 1] & 0x80) != 0 ? cut - 1 : count)];
            }

            if (text.IsEmpty || !Utf8.IsValid(text)) { return false; }
            start += text.Length;
        }

        return true;
    }

    private static string? ProblemOfValidity(PartView view, ColumnLayout column)
    {
        if (column.Validity.Length == 0) { return null; }
        byte* bits = view.Address(column.Validity);
        long valid = 0;
        for (long i = 0; i < column.Validity.Length; i++) { valid += BitOperations.PopCount(bits[i]); }
        return column.Rows - valid == column.NullCount ? null : $"{column.Rows - valid} values are missing where the layout says {column.NullCount}";
    }
}
